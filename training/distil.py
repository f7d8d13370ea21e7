"""Teaches a small network what a large one says (motion heads).

    python3 -m training.distil --teacher RUN --arch lednet --set SET --run RUN2
        --steps N [--loss L1|L2|L3] [--init FILE] [--targets FOLDER]

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
from .soft_targets import Encoder, KeptTargets, SoftTargets
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
    parser.add_argument("--targets", help="folder that keeps the teacher's outputs, for other "
                                          "students of the same steps, batch and seed")
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


def resized_heat(heat, like):
    """Shares of another size of map: resized, and a sum of one again."""
    if heat.shape[2:] == like.shape[2:]:
        return heat
    heat = F.interpolate(heat, like.shape[2:], mode="bilinear", align_corners=True)
    return heat / heat.sum((2, 3), keepdim=True)


def distil_loss(kind, student, teacher, attention=None):
    """student: (positions, Jacobians, heat maps); teacher: that and its encoder's attention;
    attention: the student's, for L3."""
    loss = KEYPOINT_WEIGHT * F.mse_loss(student[0], teacher[0]) + F.mse_loss(student[1], teacher[1])
    if kind in ("L2", "L3"):
        loss = loss + HEAT_WEIGHT * F.mse_loss(student[2], resized_heat(teacher[2], student[2]))
    if kind == "L3":
        loss = loss + ATTENTION_WEIGHT * F.mse_loss(attention, teacher[3])
    return loss


class Check:
    """Average keypoint distance and Jacobian error to the teacher on validation faces."""

    def __init__(self, options, faces, teacher):
        items = np.concatenate([faces.choose("val", o)[:70] for o in ("helen_train", "p1")])
        pictures = [view(faces, i, options.size, options.margin)[0] for i in items]
        self.options, self.images = options, torch.stack([tensor_of(p) for p in pictures])
        with torch.no_grad():
            self.told = teacher(self.images)

    def __call__(self, state):
        net = make_net(self.options)
        net.load_state_dict(state)
        with torch.no_grad():
            said = net.eval()(self.images)
        return {"akd": round(float(torch.linalg.norm(said[0] - self.told[0], dim=-1).mean()), 5),
                "jacobian": round(float((said[1] - self.told[1]).abs().mean()), 5)}


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    net = make_net(options)
    teacher, taught = teacher_of(options.teacher)
    run = loop.Run(options, net)  # last: a run that resumes has its own random numbers
    if taught["size"] != options.size:
        raise SystemExit(f"{options.teacher}: its input is {taught['size']}, not {options.size}")
    faces = FaceSet(options.set)
    if options.targets:
        targets = KeptTargets(teacher, options.targets, faces, options)
    else:
        targets = SoftTargets(teacher)
    encoder = Encoder(net) if options.loss == "L3" else None

    def loss_of(images, _, is_face):
        numbers = np.arange(len(images)) + run.step * options.batch
        images = images[is_face]
        told = targets(images, numbers[is_face.numpy()])
        said = net(images)
        distance = torch.linalg.norm(said[0] - told[0], dim=-1).mean().detach()
        return distil_loss(options.loss, said, told, encoder and encoder.attention()), distance

    run.train(faces, loss_of, Check(options, faces, teacher))


if __name__ == "__main__":
    main()
