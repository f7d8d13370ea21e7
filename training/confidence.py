"""What a landmark's confidence means: the constants of pipeline/motion/confidence.c, and how well
they tell where the landmarks are wrong.

    python3 -m training.confidence --data ../shared/data --model models/face68.safetensors
        --lab build/release/bin/mocap-lab [--page docs/motion.md]

Hand-marked photographs (AFW, and HELEN's that are kept for validation) as they are, with a
rectangle painted over a part, and with one over half of the face. Every second photograph is
learnt from; the table is of the others."""

import argparse
import json
import os
import subprocess

import cv2
import numpy as np

from . import augment, report
from .pose_data import Finder, squares_of

KINDS = ("in plain view", "partly covered", "half covered")
NEAR = 0.1       # of the outer eye corners' distance: right
FREE, MOST = 2, 8  # distances from the head, as in confidence.c
FOV = 30         # of a crop; it matters little


def cover(rng, image, points, kind):
    if kind == 0:
        return image
    centre, edge = augment.box_of(points)
    low, high = centre - 0.6 * edge, centre + 0.6 * edge
    if kind == 1:
        size, middle = rng.uniform(0.25, 0.6, 2) * edge, centre + rng.uniform(-0.5, 0.5, 2) * edge
        low, high = middle - size / 2, middle + size / 2
    else:
        axis = rng.integers(2)
        (low, high)[rng.integers(2)][axis] = centre[axis] + rng.normal(0, 0.05) * edge
    left, top = np.clip(np.round(low), 0, image.shape[1]).astype(int)
    right, bottom = np.clip(np.round(high), 0, image.shape[1]).astype(int)
    covered = image.copy()
    some = image[rng.integers(image.shape[0]), rng.integers(image.shape[1])]
    covered[top:bottom, left:right] = rng.uniform(0, 255, 3) if rng.random() < 0.7 else some
    return covered


def observe(data, finder):
    """-> landmarks found, truth, kind; three of each photograph in turn."""
    folder, rng = os.path.join(data, "faces68"), np.random.default_rng(3)
    with open(os.path.join(folder, "labels.json")) as file:
        labels = [row for row in json.load(file) if row["set"] == "afw" or
                  (row["set"] == "helen_train" and row["split"] == "val")]
    found, truth = [], []
    for row in labels:
        image = np.ascontiguousarray(cv2.imread(os.path.join(folder, row["file"]))[..., ::-1])
        points = np.array(row["points"], float)
        square = list(squares_of([points], finder.margin, rng))
        found.append(finder.find([cover(rng, image, points, kind) for kind in range(3)],
                                 square * 3))
        truth += [points] * 3
    return np.concatenate(found), np.array(truth), np.tile(np.arange(3), len(labels))


def distances(lab, found):
    """From the fitted head, in deviations, and the eyes' distance there, pixels."""
    lines = [f"256 256 {FOV} 0 " + " ".join(f"{v:.4f}" for v in face.ravel()) for face in found]
    done = subprocess.run([lab, "pose", "--distances"], input="\n".join(lines) + "\n",
                          stdout=subprocess.PIPE, universal_newlines=True, check=True)
    rows = [[0.0] * 76 if line == "none" else [float(v) for v in line.split()]
            for line in done.stdout.splitlines()]
    return np.array(rows)[:, 8:]


def regress(inputs, right):
    """Logistic regression by Newton's method."""
    weights = np.zeros(inputs.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs
        weights += np.linalg.solve(curve, inputs.T @ (right - chance))
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("--data", "--model", "--lab"):
        parser.add_argument(name, required=True)
    parser.add_argument("--page", help="put the table between its marks")
    options = parser.parse_args()
    found, truth, kind = observe(options.data, Finder(options.model))
    off = np.clip(distances(options.lab, found), FREE, MOST) - FREE
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    error = np.linalg.norm(found[:, :, :2] - truth, axis=2) / eyes[:, None]
    given = found[:, :, 2]
    sure = np.clip(given, 1e-3, 0.999)
    inputs = np.stack([np.ones_like(sure), np.log(sure / (1 - sure)), off], -1)
    learn = np.arange(len(found)) // 3 % 2 == 0
    weights = regress(inputs[learn].reshape(-1, 3), (error[learn] < NEAR).ravel().astype(float))
    print("bias {:.2f}, slope {:.2f}, of the distance {:.2f}".format(*weights))
    said = 1 / (1 + np.exp(-inputs @ weights))
    rows = []
    for number, name in (*enumerate(KINDS), (None, "**all**")):
        own = ~learn & ((kind == number) if number is not None else True)
        rows.append([name, f"{error[own].mean() * 100:.1f} %", f"{given[own].mean():.2f}",
                     f"{said[own].mean():.2f}", f"{(error[own] < NEAR).mean():.2f}",
                     *(f"{-report.rank_correlation(score[own].mean(1), error[own].mean(1)):.2f}"
                       for score in (given, said))])
    table = report.table(["faces", "error", "network's confidence", "published", "truly right",
                          "rank correlation with the error, network's", "published"], rows)
    print(table)
    if options.page:
        report.replace_between(options.page, "confidence figures", table)


if __name__ == "__main__":
    main()
