"""How far observed landmarks lie from the mean face: writes pipeline/motion/mean_face.c.

    tools/fit_mean_face.py LABELS.json >POSITIONS
    python3 -m training.pose_deviations POSITIONS --data ../shared/data
        --teacher ../shared/dense/teacher478.npz --renders DIR --rig ict.npz
        --model models/face68.safetensors >pipeline/motion/mean_face.c

Seen from in front: hand-marked landmarks of photographs, turned as the teacher says. Of a head that
is turned: what a network finds in renders with yaw of 40 to 60 degrees, which includes its own
errors. With the rotation given, the head is only moved until it lies best (Cauchy's cost)."""

import argparse
import json
import os

import numpy as np

from .augment import FLIP as MIRROR
from .pose_data import Finder, RenderedHeads, euler, teacher_turns

LEAST = 0.03    # widths of the face: so that no small group of landmarks rules
MOVING = 1.5    # times, of jaw and mouth: photographs have fewer expressions than talk has
CAUCHY = 0.06   # widths of the face
NEAR = 0.15     # widths of the face over distance: photographs do not tell
FRONT = 20
SIDE = (40, 60)


def residuals(face, turns, seen):
    """seen: landmarks over the focal length -> n x 68 x 2, widths of the face."""
    rotated = np.einsum("nij,kj->nki", turns, face)
    spread = np.linalg.norm(seen - seen.mean(1, keepdims=True), axis=2).mean(1)
    flat = rotated[:, :, :2] - rotated[:, :, :2].mean(1, keepdims=True)
    depth = np.linalg.norm(flat, axis=2).mean(1) / spread
    shift = np.column_stack([seen.mean(1) * depth[:, None], depth])
    for _ in range(10):  # Gauss-Newton
        at = rotated + shift[:, None]
        scale = 1 / at[:, :, 2]
        off = seen - at[:, :, :2] * scale[..., None]
        trust = 1 / (1 + (off ** 2).sum(2) * (shift[:, 2:] / CAUCHY) ** 2)
        slope = np.zeros((*off.shape, 3))
        slope[:, :, 0, 0] = slope[:, :, 1, 1] = scale
        slope[:, :, :, 2] = -at[:, :, :2] * scale[..., None] ** 2
        left = np.einsum("nkia,nkib,nk->nab", slope, slope, trust)
        right = np.einsum("nkia,nki,nk->na", slope, off, trust)
        shift += np.linalg.solve(left, right[..., None])[..., 0]
    return off * shift[:, None, 2:]


def deviation(off):
    """Along an axis; what is beyond three of the median's counts as three."""
    square = (off ** 2).sum(2) / 2
    return np.sqrt(np.minimum(square, 9 * np.median(square, 0) / np.log(2)).mean(0))


def photographs(data, teacher):
    with open(os.path.join(data, "faces68", "labels.json")) as file:
        labels = [row for row in json.load(file) if row["set"] in ("helen_train", "afw")]
    known = np.load(teacher)
    place = {str(name): i for i, name in enumerate(known["files"]) if known["found"][i]}
    labels = [row for row in labels if row["file"] in place]
    turns = teacher_turns(known["matrix"][[place[row["file"]] for row in labels]])
    points = np.array([row["points"] for row in labels], float)
    width = np.linalg.norm(points[:, 45] - points[:, 36], axis=1) / 0.61
    width /= np.maximum(np.cos(np.radians(euler(turns)[:, 1])), 0.5)
    front = np.abs(euler(turns)[:, 1]) < 35
    return turns[front], ((points - 128) * NEAR / width[:, None, None])[front]


def columns(options, face):
    off = residuals(face, *photographs(options.data, options.teacher))
    front = deviation(np.concatenate([off, off[:, MIRROR] * [-1, 1]]))
    heads = RenderedHeads(options.renders, options.rig)
    found = heads.find(Finder(options.model), options.count)[:, :, :2]
    turns = heads.turns[:len(found)]
    seen = (found - heads.size / 2) / heads.focal[:len(found), None, None]
    off, yaw = residuals(face, turns, seen), euler(turns)[:, 1]
    off[yaw < 0] = off[yaw < 0][:, MIRROR] * [-1, 1]
    side = deviation(off[(np.abs(yaw) > SIDE[0]) & (np.abs(yaw) < SIDE[1])])
    right = face[:, 0] < 0  # turns away at positive yaw
    middle = (side + side[MIRROR]) / 2
    hidden = np.where(face[:, 0] == 0, middle, np.where(right, side, side[MIRROR]))
    shown = np.where(face[:, 0] == 0, middle, np.where(right, side[MIRROR], side))
    moving = np.isin(np.arange(68), [*range(3, 14), *range(48, 68)])
    front = np.maximum(front, LEAST) * np.where(moving, MOVING, 1)
    return front, np.maximum(hidden, front), np.maximum(shown, front)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("positions", help="68 lines of x, y, z")
    for name in ("--data", "--teacher", "--renders", "--rig", "--model"):
        parser.add_argument(name, required=True)
    parser.add_argument("--count", type=int, default=2000, help="renders")
    options = parser.parse_args()
    face = np.loadtxt(options.positions)
    rows = list(zip(face, *columns(options, face)))
    print("""// By training/pose_deviations.py, positions by tools/fit_mean_face.py. See there how.
#include "pipeline/motion/mean_face.h"

const struct pipeline_mean_point pipeline_mean_face[PIPELINE_MEAN_FACE_POINTS] = {""")
    for place, *deviations in rows:
        print("    { " + ", ".join([f"{v + 0.0:.4f}f" for v in place] +
                                   [f"{v:.3f}f" for v in deviations]) + " },")
    print("};")


if __name__ == "__main__":
    main()
