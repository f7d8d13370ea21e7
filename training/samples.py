"""Training samples by number: sample i of a run is always the same, whichever
process makes it, so a run that stops and resumes sees what it would have seen."""

import json
import os

import cv2
import numpy as np
import torch

from . import augment

MEAN = 0.5  # a pixel is byte / 255 - MEAN

# The share of each set in a batch: for most of the run, and for its last part,
# which hand-made labels rule. Of the sets that are there; they need not sum to one.
MIXTURE = {"helen_train": 0.36, "afw": 0.12, "p1": 0.30, "clip": 0.20, "synth": 0.04,
           "none": 0.05}
MIXTURE_LAST = {"helen_train": 0.52, "afw": 0.15, "p1": 0.13, "clip": 0.20, "synth": 0.03,
                "none": 0.05}
LAST_PART = 0.35


def opening(points):
    """Height over width of both eyes (mean) and of the mouth's inside."""
    def length(a, b):
        return np.linalg.norm(points[..., a, :] - points[..., b, :], axis=-1)
    right = (length(37, 41) + length(38, 40)) / (2 * length(36, 39))
    left = (length(43, 47) + length(44, 46)) / (2 * length(42, 45))
    return (right + left) / 2, length(62, 66) / length(60, 64)


def offsets_of(folder, sets, splits):
    """What training.ensemble wrote beside a set: how far its labels lie to the right."""
    path = os.path.join(folder, "offsets.json")
    known = {}
    if os.path.exists(path):
        with open(path) as file:
            known = json.load(file)
    aside = np.float32([known.get(f"{origin} {split}", 0) for origin, split in zip(sets, splits)])
    return np.stack([aside, np.zeros_like(aside)], 1)[:, None]


class FaceSet:
    """What prepare made."""

    def __init__(self, folder):
        index = np.load(os.path.join(folder, "index.npz"))
        self.points, self.sets = index["points"], index["sets"]
        self.splits, self.names = index["splits"], index["names"]
        self.points = self.points - offsets_of(folder, self.sets, self.splits)
        self.images = np.memmap(os.path.join(folder, "images.u8"), np.uint8, "r",
                                shape=(len(self.points), 256, 256, 3))

    def sources(self):
        """For training.cache: other sets have other labels, or other images."""
        return self.points, self.names, self.images[::64]

    def choose(self, split, origin=None):
        chosen = self.splits == split
        return np.flatnonzero(chosen if origin is None else chosen & (self.sets == origin))


def rare_weights(points):
    """Closed eyes and open mouths come up more often."""
    eyes, mouth = opening(points)
    weight = 1 + 2.0 * (eyes < 0.16) + 1.0 * (mouth > 0.3)
    return np.where(np.isfinite(eyes), weight, 1)


class Mixture:
    """Draws the number of a training image: a set by its share, then one of the set's images, rare
    ones more often."""

    def __init__(self, faces, origins, is_fit=lambda members: np.ones(len(members), bool)):
        self.members, self.odds = {}, {}
        for origin in origins:
            members = faces.choose("train", origin)
            members = members[is_fit(members)]
            if len(members) > 0:
                weight = rare_weights(faces.points[members])
                self.members[origin], self.odds[origin] = members, np.cumsum(weight / weight.sum())

    def draw(self, rng, shares):
        """shares: of all origins; those of sets that are not there go to the others"""
        share = np.array([shares[origin] for origin in self.members])
        origin = list(self.members)[rng.choice(len(share), p=share / share.sum())]
        place = np.searchsorted(self.odds[origin], rng.random())
        return self.members[origin][min(place, len(self.members[origin]) - 1)]


class Samples(torch.utils.data.Dataset):
    """Sample number -> image (3 x size x size), points as fractions of its
    edge, whether there is a face."""

    def __init__(self, faces, size, margin, total, seed=1, first=0, grimaces=0.0):
        self.faces, self.size, self.margin = faces, size, margin
        self.total, self.seed, self.first = total, seed, first
        self.grimaces = grimaces  # share of the faces that cameras took
        self.mixture = Mixture(faces, MIXTURE)

    def __len__(self):
        return self.total - self.first

    def draw(self, rng, number):
        mixture = MIXTURE_LAST if number >= (1 - LAST_PART) * self.total else MIXTURE
        return self.mixture.draw(rng, mixture)

    def __getitem__(self, index):
        cv2.setNumThreads(1)
        number = index + self.first
        rng = np.random.default_rng([self.seed, number])
        item = self.draw(rng, number)
        points = self.faces.points[item]
        is_face = bool(np.isfinite(points).all())
        image = self.faces.images[item]
        if (is_face and self.grimaces > 0 and self.faces.sets[item] != "synth" and
                rng.random() < self.grimaces):
            image, points = augment.grimace(rng, image, points)
        if is_face:
            square = augment.place(rng, points, self.margin)
        else:
            square = {"centre": rng.uniform(100, 156, 2), "side": rng.uniform(120, 256),
                      "angle": rng.uniform(-0.5, 0.5), "flip": rng.random() < 0.5}
            points = np.zeros((68, 2), np.float32)
        picture, points = augment.warp(image, points, self.size, **square)
        picture = augment.photograph(rng, picture)
        return tensor_of(picture), torch.from_numpy(points.astype(np.float32)), is_face


def tensor_of(picture):
    return torch.from_numpy(picture.astype(np.float32) / 255 - MEAN).permute(2, 0, 1)


def view(faces, item, size, margin):
    """A validation image: the face's own square, nothing else done to it."""
    points = faces.points[item]
    centre, edge = augment.box_of(points)
    picture, points = augment.warp(faces.images[item], points, size, centre, margin * edge)
    return picture, points.astype(np.float32)
