"""Teaches a small network what a large one says (motion heads).

    python3 -m training.distil --teacher RUN --arch lednet --set SET --run RUN2
        --steps N [--loss L1|L2|L3] [--init FILE]

L1 is the mean squared error of keypoints and of Jacobians; L2 adds that of the
heat maps behind the softmax (temperature 0.1); L3 the attention maps of the two
encoders' ends (Zagoruyko and Komodakis 2017). Says the average keypoint distance
to the teacher on validation faces. Resumes as training.train does."""

import argparse

import numpy as np
import torch
import torch.nn.functional as F

from . import checkpoint, loop, nets
from .samples import FaceSet, tensor_of, view
from .train import make_net

# Heat maps' numbers are small: a softmax over thousands of cells. These bring
# the terms to about the same size.
HEAT_WEIGHT, ATTENTION_WEIGHT, KEYPOINT_WEIGHT = 1e3, 1e2, 10.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    loop.add_arguments(parser)
    parser.add_argument("--teacher", required=True, help="run of training.train --head motion")
    parser.add_argument("--arch", default="lednet", choices=sorted(nets.BACKBONES))
    parser.add_argument("--features", type=int, default=32)
    parser.add_argument("--form", default="kp", choices=("kp", "direct", "small"),
                        help="direct: the backbone's last layer makes the maps; small: a "
                             "convolution at its size")
    parser.add_argument("--loss", default="L2", choices=("L1", "L2", "L3"))
    options = parser.parse_args()
    options.head = "motion"
    return options


def teacher_of(run):
    state = checkpoint.load(run)
    if state is None or state["options"]["head"] != "motion":
        raise SystemExit(f"{run}: has no checkpoint of a motion network")
    net = make_net(argparse.Namespace(**state["options"]))
    net.load_state_dict(state["average"])
    return net.eval().requires_grad_(False), state["options"]


class Encoder:
    """Keeps what the end of a backbone's encoder said last."""

    def __init__(self, net):
        nets.encoder_end(net.backbone).register_forward_hook(self.keep)
        self.maps = None

    def keep(self, module, inputs, output):
        self.maps = output

    def attention(self, size):
        """Where the encoder is active: a unit vector per image."""
        energy = self.maps.pow(2).mean(1, keepdim=True)
        return F.normalize(F.interpolate(energy, size, mode="bilinear",
                                         align_corners=False).flatten(1), dim=1)


def resized_heat(heat, like):
    """Shares of another size of map: resized, and a sum of one again."""
    if heat.shape[2:] == like.shape[2:]:
        return heat
    heat = F.interpolate(heat, like.shape[2:], mode="bilinear", align_corners=True)
    return heat / heat.sum((2, 3), keepdim=True)


def distil_loss(kind, student, teacher, encoders=None):
    """student, teacher: (positions, Jacobians, heat maps)."""
    loss = KEYPOINT_WEIGHT * F.mse_loss(student[0], teacher[0]) + F.mse_loss(student[1], teacher[1])
    if kind in ("L2", "L3"):
        loss = loss + HEAT_WEIGHT * F.mse_loss(student[2], resized_heat(teacher[2], student[2]))
    if kind == "L3":
        mine, its = (encoder.attention((8, 8)) for encoder in encoders)
        loss = loss + ATTENTION_WEIGHT * F.mse_loss(mine, its)
    return loss


def check(options, faces, teacher, state):
    """Average keypoint distance and Jacobian error to the teacher."""
    net = make_net(options)
    net.load_state_dict(state)
    net.eval()
    items = np.concatenate([faces.choose("val", o)[:70] for o in ("helen_train", "p1")])
    pictures = [view(faces, i, options.size, options.margin)[0] for i in items]
    images = torch.stack([tensor_of(p) for p in pictures])
    with torch.no_grad():
        mine, its = net(images), teacher(images)
    return {"akd": round(float(torch.linalg.norm(mine[0] - its[0], dim=-1).mean()), 5),
            "jacobian": round(float((mine[1] - its[1]).abs().mean()), 5)}


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    net = make_net(options)
    teacher, taught = teacher_of(options.teacher)
    run = loop.Run(options, net)  # last: a run that resumes has its own random numbers
    if taught["size"] != options.size:
        raise SystemExit(f"{options.teacher}: its input is {taught['size']}, not {options.size}")
    encoders = (Encoder(net), Encoder(teacher)) if options.loss == "L3" else None

    def loss_of(images, _, is_face):
        images = images[is_face]
        with torch.no_grad():
            told = teacher(images)
        said = net(images)
        distance = torch.linalg.norm(said[0] - told[0], dim=-1).mean().detach()
        return distil_loss(options.loss, said, told, encoders), distance

    faces = FaceSet(options.set)
    run.train(faces, loss_of, lambda state: check(options, faces, teacher, state))


if __name__ == "__main__":
    main()
