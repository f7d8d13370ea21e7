"""Trains a network on faces.

    python3 -m training.train --set SET --run RUN --steps N [--arch A] [--size S]
        [--head landmark|motion] [--init FILE]

Run again with the same options, it goes on where it stopped; with other --steps
the rest of the schedule is stretched. The landmark head learns the 68 points
and how sure it may be; the motion head ten of them, and Jacobians from warps."""

import argparse

import numpy as np
import torch

from . import loop, losses, metrics, motion, nets
from .samples import FaceSet


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    loop.add_arguments(parser)
    parser.add_argument("--arch", default="lednet", choices=sorted(nets.BACKBONES))
    parser.add_argument("--head", default="landmark", choices=("landmark", "motion"))
    parser.add_argument("--features", type=int, default=0, help="default 64, motion 32")
    return parser.parse_args()


def make_net(options):
    """options need arch, head, features; form of a student's motion head."""
    if options.head == "motion" and getattr(options, "form", "kp") == "direct":
        return nets.direct_motion_net(options.arch, len(motion.LANDMARKS))
    if options.head == "motion" and getattr(options, "form", "kp") == "small":
        return nets.small_motion_net(options.arch, len(motion.LANDMARKS), options.features)
    if options.head == "motion":
        return nets.motion_net(options.arch, len(motion.LANDMARKS), options.features or 32)
    return nets.landmark_net(options.arch, features=options.features or 64)


def landmark_loss(options, net, images, target, is_face):
    points, variance, maps = net(images)
    return losses.landmark_loss(points, variance, maps, target, is_face, gap_weight=options.gaps)


def landmark_check(options, faces, state):
    """Mean errors on validation faces, percent of the eyes' distance."""
    net = make_net(options)
    net.load_state_dict(state)
    result = {}
    for origin, most in (("helen_train", 70), ("p1", 100)):
        items = faces.choose("val", origin)[:most]
        if len(items) > 0:
            errors = metrics.errors_of(net.eval(), faces, items, options.size, options.margin)
            result[origin] = round(float(np.mean(errors)) * 100, 3)
    return result


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    net = make_net(options)
    run = loop.Run(options, net)
    faces = FaceSet(options.set)
    if options.head == "motion":
        run.train(faces, lambda *batch: motion.loss(net, *batch),
                  lambda state: motion.check(options, faces, make_net(options), state))
    else:
        run.train(faces, lambda *batch: landmark_loss(options, net, *batch),
                  lambda state: landmark_check(options, faces, state))


if __name__ == "__main__":
    main()
