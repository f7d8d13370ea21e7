"""Weight files back into networks."""

from torch import nn

from . import checkpoint, face_export, nets, safetensors
from .nets.face import LANDMARKS


class Landmarks(nn.Module):
    """The 68 landmarks of a network of the whole face: points, variances, maps."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images):
        return tuple(part[:, :LANDMARKS] for part in self.net(images)[:3])


class Model:
    """A network that finds landmarks, from a weight file, with what its metadata says."""

    def __init__(self, path):
        _, metadata = safetensors.read(path)
        head = metadata.get("mocap.head")
        if head not in ("landmark", "face"):
            raise SystemExit(f"{path}: must have a landmark or face head, got {head}")
        self.path, self.metadata = path, metadata
        self.size = int(metadata["mocap.input"].split("x")[0])
        self.margin = float(metadata["mocap.crop_margin"])
        if head == "face":
            self.net = Landmarks(face_export.load(path)[0])
        else:
            self.net = nets.landmark_net(
                metadata["mocap.arch"], int(metadata["mocap.keypoints"]),
                int(metadata["mocap.features"]), int(metadata["mocap.head_kernel"]),
                int(metadata["mocap.head_upsample"]))
            checkpoint.load_weights(self.net, path)
        self.net.eval()


def parameter_count(net):
    return sum(p.numel() for p in net.parameters())
