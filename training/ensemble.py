"""What several views say of a set's training faces, and its labels' horizontal offset.

    python3 -m training.ensemble --set SET --models FILE ... [--offsets]

Each landmark network sees each face and its mirror image; the mean of all is written to
SET/ensemble.npz, for --ensemble of training.face_train. A network that learnt from mirrored faces as
often as from others prefers no side, and the mean over both certainly not: so what a set's labels
differ from it sideways, in the mean over faces and landmarks, is the labels' own offset (pixel
centres taken for corners, an annotation tool's habit). --offsets writes it to SET/offsets.json, in
pixels of the stored crops; training and evaluation subtract it from then on."""

import argparse
import json
import os

import numpy as np
import torch

from . import augment
from .models import Model
from .samples import FaceSet, tensor_of

SIZE, MARGIN = 128, 1.5
SETS = ("helen_train", "afw", "p1", "clip")
FEW_PEOPLE = ("clip",)  # who are turned: their labels differ by part of the face, which is no offset


def finder(path):
    """A landmark model's network: images -> points."""
    net = Model(path).net
    return lambda images: net(images)[0].numpy()


def predict(nets, images, points):
    """Images of equal size with rough landmarks -> the mean of all networks and both mirrorings,
    in pixels."""
    squares = []
    for face in points:
        centre, edge = augment.box_of(face)
        squares.append({"centre": centre, "side": MARGIN * edge})
    views = [augment.warp(image, face, SIZE, **square)[0]
             for image, face, square in zip(images, points, squares)]
    straight = torch.stack([tensor_of(view) for view in views])
    found = []
    with torch.no_grad():
        for net in nets:
            back = net(straight.flip(3))[:, augment.FLIP] * [-1, 1] + [1, 0]
            found += [net(straight), back]
    sides = np.array([square["side"] for square in squares])[:, None, None]
    centres = np.array([square["centre"] for square in squares])[:, None]
    return np.mean(found, 0) * sides + centres - sides / 2


def labels_of(folder):
    """As they are, whatever offsets are known."""
    return np.load(os.path.join(folder, "index.npz"))["points"]


def offset_of(labels, found):
    """How far labels lie to the right of what is found, and that mean's standard error."""
    aside = (labels - found)[..., 0].mean(1)
    return float(aside.mean()), float(aside.std() / np.sqrt(len(aside)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", required=True)
    parser.add_argument("--models", nargs="+", required=True)
    parser.add_argument("--offsets", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    nets = [finder(path) for path in options.models]
    faces, labels = FaceSet(options.set), labels_of(options.set)
    found, offsets = np.full(labels.shape, np.nan, np.float32), {}
    for origin in SETS:
        for split in ("train", "val"):
            items = faces.choose(split, origin)
            for first in range(0, len(items), 32):
                these = items[first:first + 32]
                found[these] = predict(nets, faces.images[these], labels[these])
            if len(items) > 0:
                offset, error = offset_of(labels[items], found[items])
                if origin not in FEW_PEOPLE:
                    offsets[f"{origin} {split}"] = round(offset, 3)
                print(f"{origin} {split}: labels of {len(items)} faces lie {offset:+.3f} px to the "
                      f"right, standard error {error:.3f}", flush=True)
    found[faces.splits != "train"] = np.nan
    with open(os.path.join(options.set, "ensemble.npz.new"), "wb") as file:
        np.savez(file, points=found)
    os.replace(os.path.join(options.set, "ensemble.npz.new"),
               os.path.join(options.set, "ensemble.npz"))
    if options.offsets:
        with open(os.path.join(options.set, "offsets.json"), "w") as file:
            json.dump(offsets, file)


if __name__ == "__main__":
    main()
