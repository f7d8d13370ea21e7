"""The teacher's labels of a set: dense points and shapes, beside what training.prepare made.

    python3 -m training.face_prepare --set SET --teacher ../shared/dense/teacher478.npz
        --rig ../shared/dense/ict.npz --renders RENDERS --renders-labels renders.json
        [--clips-labels clips.json --clips CLIPS]

The teacher knows 478 points of its own. Which mixture of them is which vertex of the rig comes
from renders that it has labelled (the labeller of ../shared/dense; --export DIR writes their
images for it)."""

import argparse
import json
import os

import cv2
import numpy as np

from . import prepare
from .face_data import Renders
from .heads.rig import Rig
from .nets.face import DENSE
from .samples import FaceSet

MESH, NEIGHBOURS = 468, 8
FURTHEST = 0.16  # of the crop's edge: where the teacher found another face


def export_renders(renders, folder, count, most_yaw=40):
    """Images without props, not far turned, called by their number."""
    os.makedirs(folder, exist_ok=True)
    good = np.flatnonzero((np.abs(renders.rows["angles"][:, 0]) < most_yaw) &
                          (renders.rows["props"] == ""))
    for i in good[:count]:
        image = cv2.resize(renders.image(i), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(os.path.join(folder, f"{i:06}.png"), image[..., ::-1])


def mixture(renders, labels):
    """-> (vertices x 478) weights: each vertex as a mixture of the teacher's points near it."""
    taught, truth = [], []
    for entry in labels:
        if entry["lm"]:
            i = int(entry["f"].split(".")[0])
            taught.append(np.array(entry["lm"])[:, :2] / 1.5)
            truth.append(renders.rows["dense"][i, :DENSE - 10, :2])
    taught, truth = np.array(taught), np.array(truth)
    off = np.linalg.norm(taught[:, [1, 33, 263, 61, 291]] - truth[:, [30, 36, 45, 48, 54]], axis=-1)
    good = off.mean(1) < 12  # pixels: the teacher was not misled
    taught, truth = taught[good], truth[good]
    weights, left = np.zeros((DENSE - 10, 478)), []
    for k in range(DENSE - 10):
        distance = np.median(np.linalg.norm(taught[:, :MESH] - truth[:, k:k + 1], axis=2), 0)
        near = np.argsort(distance)[:NEIGHBOURS]
        # Weights that sum to one, far points held small: a ridge regression.
        difference = (taught[:, near] - truth[:, k:k + 1]).transpose(0, 2, 1).reshape(
            -1, NEIGHBOURS)
        gram = difference.T @ difference / len(difference)
        gram += np.diag(0.02 * distance[near] ** 2 + 0.05)
        solved = np.linalg.solve(gram, np.ones(NEIGHBOURS))
        weights[k, near] = solved / solved.sum()
        left.append(np.linalg.norm(taught[:, near].transpose(0, 2, 1) @ weights[k, near] -
                                   truth[:, k], axis=1).mean())
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1).mean()
    print(f"{len(truth)} renders: the mixtures are off by {np.mean(left) / eyes:.4f} of the "
          f"eyes' distance")
    return weights


def teacher_entries(options):
    """-> {name in the set: (478 x 2 points in the crop's pixels, shapes or None)}, names."""
    data = np.load(options.teacher)
    names = [str(name) for name in data["shape_names"]]
    keep = [i for i, name in enumerate(names) if name != "_neutral"]
    entries = {}
    for file, found, points, shapes in zip(data["files"], data["found"], data["points"],
                                           data["shapes"]):
        if found:
            entries[str(file).replace("__", "/", 1)] = (points[:, :2].astype(float) / 64, shapes[keep].astype(float))
    names = [names[i] for i in keep]
    if options.clips_labels:
        with open(options.clips_labels) as file:
            for entry in json.load(file):
                if entry["lm"] and entry["bs"]:
                    entries[entry["f"]] = (np.array(entry["lm"])[:, :2],
                                           np.array([entry["bs"][name] for name in names]))
    return entries, names


def into_crop(points, landmarks):
    """From a frame's pixels to those of the crop that training.prepare cut around landmarks."""
    low, high = landmarks.min(0), landmarks.max(0)
    side = prepare.MARGIN * (high - low).max()
    return (points - ((low + high) / 2 - side / 2)) * prepare.EDGE / side


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--renders", required=True)
    parser.add_argument("--export", help="write renders to label here, and nothing else")
    parser.add_argument("--count", type=int, default=1200, help="renders to label")
    for name in ("--set", "--teacher", "--rig", "--renders-labels", "--clips-labels",
                 "--clips-landmarks"):
        parser.add_argument(name)
    options = parser.parse_args()
    renders = Renders(options.renders)
    if options.export:
        export_renders(renders, options.export, options.count)
        return
    with open(options.renders_labels) as file:
        weights = mixture(renders, json.load(file))
    entries, names = teacher_entries(options)
    frame_landmarks = {}
    if options.clips_landmarks:
        with open(options.clips_landmarks) as file:
            frame_landmarks = json.load(file)
    faces = FaceSet(options.set)
    dense = np.full((len(faces.names), DENSE, 2), np.nan, np.float32)
    shapes = np.full((len(faces.names), len(names)), np.nan, np.float32)
    for i, name in enumerate(faces.names):
        if str(name) not in entries:
            continue
        points, values = entries[str(name)]
        if faces.sets[i] == "clip":
            points = into_crop(points, np.float32(frame_landmarks[str(name)]))
        landmarks = faces.points[i]
        if np.linalg.norm(points[:MESH].mean(0) - landmarks.mean(0)) < FURTHEST * prepare.EDGE:
            dense[i] = np.concatenate([weights @ points, points[MESH:]])
            shapes[i] = values
    rig = Rig(options.rig)
    np.savez(os.path.join(options.set, "teacher.npz"), dense=dense, shapes=shapes,
             names=np.array(names), mirror=rig.mirror)
    print(f"{np.isfinite(shapes[:, 0]).sum()} of {len(faces.names)} images have the teacher's "
          f"labels")


if __name__ == "__main__":
    main()
