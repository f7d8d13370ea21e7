"""compare.py LANDMARKS DATA MODEL: the engine's keypoints against PyTorch's."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import torch

from training import augment, metrics
from training.models import Model
from training.samples import MEAN

PICTURES = 200
# Of the crop's edge. The sums run in another order, and softmax turns a
# difference in a logit into one of position.
TOLERANCE = 1e-3
CONFIDENCE_TOLERANCE = 2e-3


def pictures_of(data, model):
    with open(os.path.join(data, "labels.json")) as file:
        labels = [label for label in json.load(file) if label["split"] == "val"]
    # The hand-labelled ones are few: all of them, and as many others as it takes.
    labels.sort(key=lambda label: (label["set"] == "p1", label["file"]))
    for label in labels[:PICTURES]:
        image = cv2.imread(os.path.join(data, label["file"]))[..., ::-1]
        points = np.float32(label["points"])
        centre, edge = augment.box_of(points)
        yield augment.warp(np.ascontiguousarray(image), points, model.size, centre,
                           model.margin * edge)[0]


def engine(program, path, pictures):
    inputs = np.stack([p.astype(np.float32) / 255 - MEAN for p in pictures])
    result = subprocess.run([program, path], input=inputs.tobytes(), stdout=subprocess.PIPE,
                            check=True)
    numbers = [[float(word) for word in line.split()] for line in result.stdout.splitlines()]
    return np.array(numbers).reshape(len(pictures), -1, 3)


def main():
    program, data, path = sys.argv[1:]
    torch.set_num_threads(1)
    model = Model(path)
    pictures = list(pictures_of(data, model))
    points, trust = metrics.predict(model.net, pictures)
    found = engine(program, path, pictures)
    worst = np.abs(found[..., :2] - points).max()
    worst_trust = np.abs(found[..., 2] - trust).max()
    print(f"{len(pictures)} images: positions differ by up to {worst:.1e} of the crop's edge, "
          f"confidences by up to {worst_trust:.1e}")
    if len(pictures) != PICTURES or not worst < TOLERANCE or not worst_trust < CONFIDENCE_TOLERANCE:
        sys.exit("compare.py: that is too much")


if __name__ == "__main__":
    main()
