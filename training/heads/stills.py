"""Renders the benchmark of `mocap-lab shapes`: heads as a webcam sees them, with exact truth.

    python3 -m training.heads.stills --rig ../shared/dense/ict.npz
        --library build/release/training/heads/libraster.so
        --backgrounds '../shared/data/frames/coco_noperson*' --out FOLDER

Of each person: a neutral face, one shape at a time at full strength (both sides together), looks
in all directions, crossed eyes, and the neutral face with the head turned. Light, hair and place
are the same in all images of a person. The same options make the same images.

FOLDER gets the images and truth.json, an array with an entry for each of them:
  file, size  the image's name in FOLDER; width and height in pixels
  person      a number
  case        "neutral"; a shape's name, without its side where both sides do it; "gaze …";
              "head …"
  shapes      by ARKit's names; those that are 0 are left out
  gaze        of the left and the right eye: yaw, pitch; degrees
  euler       of the head: pitch, yaw, roll; degrees
  fov         the camera's field of view, degrees
Angles are as in docs/motion.md: positive yaw is to the person's right, positive pitch down."""

import argparse
import glob
import json
import os

import cv2
import numpy as np

from . import expressions, make, scene
from .people import Person
from .raster import Rasteriser
from .rig import SHAPES, Rig

FIELD_OF_VIEW = 60  # degrees
SIZE = 640
YAWS = (0, 12, -12, 25, -25, 5, -5, 40)  # of the person's head while shapes and gaze change
FLIP = np.diag([1.0, -1.0, -1.0])  # between axes with y up and axes with y down


def gaze_case(labels):
    yaw, pitch = np.round(-np.degrees(labels["gaze"][0])).astype(int)
    return f"gaze {yaw} {pitch}"


def head_cases():
    """Name; yaw, pitch, roll in the rig's sense, degrees."""
    yield "head ahead", (0, 0, 0)
    for yaw in (-60, -40, -20, 20, 40, 60):
        yield f"head yaw {-yaw}", (yaw, 0, 0)
    for pitch in (-30, -15, 15, 30):
        yield f"head pitch {-pitch}", (0, pitch, 0)
    for roll in (-20, 20):
        yield f"head roll {-roll}", (0, 0, roll)


def euler_of(turn):
    """Pitch, yaw, roll in degrees: rotation = Ry(yaw) Rx(pitch) Rz(roll)."""
    rotation = FLIP @ turn @ FLIP
    pitch = np.arcsin(np.clip(-rotation[1, 2], -1, 1))
    yaw = np.arctan2(rotation[0, 2], rotation[2, 2])
    roll = np.arctan2(rotation[1, 0], rotation[1, 1])
    return np.degrees([pitch, yaw, roll])


def rounded(values):
    return [round(float(value), 3) + 0.0 for value in values]


def truth_of(file, person, case, size, labels):
    shapes = {name: round(float(value), 4) for name, value in zip(SHAPES, labels["shapes"])
              if value > 0}
    return {"file": file, "person": person, "case": case, "size": [size, size], "shapes": shapes,
            "gaze": [rounded(-np.degrees(eye)) for eye in labels["gaze"]],
            "euler": rounded(euler_of(labels["turn"].astype(float))), "fov": FIELD_OF_VIEW}


class Stills:
    def __init__(self, options):
        self.options = options
        self.rig = Rig(options.rig)
        self.rasteriser = Rasteriser(os.path.abspath(options.library))
        self.photographs = [cv2.imread(path)[..., ::-1]
                            for path in sorted(glob.glob(options.backgrounds))]
        self.truth = []

    def add(self, number, person, case, act, angles):
        rng = np.random.default_rng([self.options.seed, number, 0])
        face = expressions.Expression(self.rig)
        act(face)
        image, labels = scene.picture(rng, self.rig, self.rasteriser, person, face, angles,
                                      self.options.size, photographs=self.photographs, plain=True,
                                      field_of_view=np.radians(FIELD_OF_VIEW))
        if case.startswith("gaze ") and case != "gaze crossed":
            case = gaze_case(labels)  # with the signs of the truth
        file = f"{number:02}-{case.replace(' ', '_')}.jpg"
        cv2.imwrite(os.path.join(self.options.out, file), image[..., ::-1],
                    [cv2.IMWRITE_JPEG_QUALITY, make.JPEG_QUALITY])
        self.truth.append(truth_of(file, number, case, self.options.size, labels))

    def add_person(self, number):
        rng = np.random.default_rng([self.options.seed, number])
        person = Person(rng, self.rig)
        angles = (YAWS[number % len(YAWS)], rng.normal(0, 4), 0)
        for case, act in make.single_cases(self.rig):
            self.add(number, person, case, act, angles)
        for case, turned in head_cases():
            self.add(number, person, case, lambda face: None, turned)

    def write(self):
        with open(os.path.join(self.options.out, "truth.json"), "w", encoding="utf-8") as file:
            file.write("[\n" + ",\n".join(json.dumps(row) for row in self.truth) + "\n]\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rig", required=True, help="ICT-FaceKit's arrays, ict.npz")
    parser.add_argument("--library", required=True, help="libraster.so")
    parser.add_argument("--backgrounds", default="", help="pattern of images without people")
    parser.add_argument("--out", required=True, help="folder of images and truth.json")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--seed", type=int, default=401, help="its people must not be those of training")
    return parser.parse_args()


def main():
    options = arguments()
    cv2.setNumThreads(1)
    os.makedirs(options.out, exist_ok=True)
    stills = Stills(options)
    for number in range(options.people):
        stills.add_person(number)
        print(f"person {number}: {len(stills.truth)} images", flush=True)
    stills.write()


if __name__ == "__main__":
    main()
