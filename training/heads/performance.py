"""Renders a still image to drive and the frames of a driver, for the picture of training.drive.

    python3 -m training.heads.performance --rig ../shared/dense/ict.npz
        --library build/release/training/heads/libraster.so --out FOLDER

Two people, of whom one looks ahead and the other shakes the head, nods, opens the mouth and raises
the brows. Each is cut by one square, which the face in the first frame fills as in training.
FOLDER gets still.png and driver-00.png, driver-01.png, ..."""

import argparse
import os

import cv2
import numpy as np

from training import augment

from . import expressions, scene
from .people import Person
from .raster import Rasteriser
from .rig import Rig
from .stills import FIELD_OF_VIEW, SIZE

EDGE, MARGIN = 256, 1.5


class Performer:
    """A person before a camera that stands still."""

    def __init__(self, seed, rig, rasteriser):
        self.seed, self.rig, self.rasteriser = seed, rig, rasteriser
        self.person = Person(np.random.default_rng(seed), rig)
        self.square = None

    def frame(self, angles, shapes):
        face = expressions.Expression(self.rig)
        for name, amount in shapes.items():
            face.add(name, amount)
        image, labels = scene.picture(np.random.default_rng([self.seed, 1]), self.rig, self.rasteriser,
                                      self.person, face, angles, SIZE, plain=True,
                                      field_of_view=np.radians(FIELD_OF_VIEW))
        if self.square is None:
            centre, edge = augment.box_of(np.float64(labels["landmarks"][:, :2]))
            self.square = centre, MARGIN * edge
        return augment.warp(image, np.zeros((1, 2)), EDGE, *self.square)[0]


def act(share):
    """share: of the performance, from 0 to 1 -> yaw, pitch, roll; shapes"""
    turn = 2 * np.pi * share
    open_mouth = 0.5 - 0.5 * np.cos(3 * turn)
    brows = max(0, np.sin(2 * turn))
    return ((14 * np.sin(turn), 7 * np.sin(2 * turn), 5 * np.sin(turn)),
            {"jawOpen": 0.6 * open_mouth, "browInnerUp": brows, "browOuterUp": brows})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rig", required=True, help="ICT-FaceKit's arrays, ict.npz")
    parser.add_argument("--library", required=True, help="libraster.so")
    parser.add_argument("--out", required=True, help="folder of images")
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--seed", type=int, default=421, help="of the driver; the still's is the next")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    os.makedirs(options.out, exist_ok=True)
    rig, rasteriser = Rig(options.rig), Rasteriser(os.path.abspath(options.library))

    def write(name, image):
        cv2.imwrite(os.path.join(options.out, name + ".png"), image[..., ::-1])

    write("still", Performer(options.seed + 1, rig, rasteriser).frame((0, 0, 0), {}))
    driver = Performer(options.seed, rig, rasteriser)
    for i in range(options.frames):
        write(f"driver-{i:02}", driver.frame(*act(i / options.frames)))


if __name__ == "__main__":
    main()
