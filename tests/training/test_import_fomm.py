#!/usr/bin/env python3
"""test_import_fomm.py RUN_MODEL: a checkpoint with the published names and invented
weights, imported: our keypoints and Jacobians are PyTorch's. Exits with 77 without torch."""
import pathlib
import subprocess
import sys
import tempfile

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError:
    print("skipped: no torch")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from training.import_fomm import gaussian, main as import_fomm  # noqa: E402

TOLERANCE = 1e-3
KEYPOINTS, EXPANSION, LEVELS = 10, 32, 5


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Detector(nn.Module):
    """The detector's definition once more, under the published names."""

    def __init__(self):
        super().__init__()
        width = [EXPANSION * 2 ** i for i in range(LEVELS + 1)]
        self.predictor = nn.Module()
        self.predictor.encoder, self.predictor.decoder = nn.Module(), nn.Module()
        self.predictor.encoder.down_blocks = nn.ModuleList(
            [Block(3 if i == 0 else width[i], width[i + 1]) for i in range(LEVELS)])
        self.predictor.decoder.up_blocks = nn.ModuleList(
            [Block((1 if i == LEVELS - 1 else 2) * width[i + 1], width[i])
             for i in reversed(range(LEVELS))])
        self.kp = nn.Conv2d(EXPANSION + 3, KEYPOINTS, 7)
        self.jacobian = nn.Conv2d(EXPANSION + 3, 4 * KEYPOINTS, 7)
        self.down = nn.Module()
        self.down.register_buffer("weight", torch.tensor(gaussian(4)).float().expand(
            3, 1, 13, 13).clone())

    def forward(self, x):
        x = F.conv2d(F.pad(x, (6, 6, 6, 6)), self.down.weight, groups=3)[:, :, ::4, ::4]
        skips = [x]
        for block in self.predictor.encoder.down_blocks:
            x = F.avg_pool2d(block(x), 2)
            skips.append(x)
        skips.pop()
        for block in self.predictor.decoder.up_blocks:
            x = torch.cat([block(F.interpolate(x, scale_factor=2)), skips.pop()], 1)
        heat, maps = self.kp(x)[0], self.jacobian(x)[0]
        _, height, width = heat.shape
        share = F.softmax(heat.flatten(1) / 0.1, 1)
        y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width),
                              indexing="ij")
        place = torch.stack([share @ x.flatten(), share @ y.flatten()], 1)
        maps = maps.view(KEYPOINTS, 4, -1)
        return torch.cat([place, (maps * share[:, None]).sum(2)], 1)


def invent(net, picture):
    """Statistics that fit the activations, and maps that are neither flat nor one cell."""
    torch.manual_seed(1)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.normal_(module.bias, 0, 0.2)
    nn.init.normal_(net.kp.weight, 0, 0.01)
    nn.init.normal_(net.jacobian.weight, 0, 0.01)
    with torch.no_grad():
        net.train()(picture)
    return net.eval()


def main():
    picture = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(2))
    net = invent(Detector(), picture)
    with torch.no_grad():
        wanted = net(picture)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, model = f"{folder}/vox-cpk.pth.tar", f"{folder}/fomm.safetensors"
        torch.save({"kp_detector": net.state_dict(), "epoch": 0}, checkpoint)
        sys.argv = ["import_fomm", checkpoint, "-o", model]
        import_fomm()
        out = subprocess.run([RUN_MODEL, model], input=picture.numpy().tobytes(),
                             capture_output=True, check=True).stdout
    found = torch.tensor([[float(number) for number in line.split()]
                          for line in out.decode().splitlines()])
    apart = (found - wanted).abs().max(0).values
    print(f"keypoints of {wanted[:, :2].std():.2g} within {apart[:2].max():.1e}, "
          f"Jacobians of {wanted[:, 2:].std():.2g} within {apart[2:].max():.1e}")
    assert found.shape == wanted.shape and apart.max() < TOLERANCE


RUN_MODEL = sys.argv[1]
main()
