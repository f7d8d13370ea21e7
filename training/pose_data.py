"""Heads whose rotation is known, with the landmarks that a network finds, for pose_evaluate and
pose_deviations.

Axes as in docs/motion.md: x right in the frame, y down, z away from the camera; of the head x to
the person's left, y down, z into the head. Lengths are widths of the face."""

import json
import os

import cv2
import numpy as np

from . import augment, metrics
from .face_data import Renders
from .models import Model

FLIP = np.diag([1.0, -1.0, -1.0])  # the renders' axes, and the teacher's, to ours


def euler(turns):
    """Pitch, yaw, roll in degrees: turn = Ry(yaw) Rx(pitch) Rz(roll)."""
    return np.degrees(np.stack([np.arcsin(np.clip(-turns[:, 1, 2], -1, 1)),
                                np.arctan2(turns[:, 0, 2], turns[:, 2, 2]),
                                np.arctan2(turns[:, 1, 0], turns[:, 1, 1])], 1))


def teacher_turns(matrices):
    """MediaPipe's facial transformation matrices, 16 numbers column by column."""
    turns = np.reshape(matrices, (-1, 4, 4)).transpose(0, 2, 1)[:, :3, :3].astype(float)
    return FLIP @ (turns / np.cbrt(np.linalg.det(turns))[:, None, None]) @ FLIP


class Finder(Model):
    """A network that finds landmarks, and how."""

    def find(self, images, squares):
        """RGB images with the squares (centre, edge) of their faces -> n x 68 x (x, y, c)."""
        views = [augment.warp(image, np.zeros((1, 2)), self.size, centre, edge)[0]
                 for image, (centre, edge) in zip(images, squares)]
        points, trust = metrics.predict(self.net, views)
        found = [(p - 0.5) * edge + centre for p, (centre, edge) in zip(points, squares)]
        return np.dstack([np.array(found), trust])


def squares_of(points, margin, rng):
    """Regions of interest as a tracker leaves them: nearly the landmarks' own."""
    for own in points:
        centre, edge = augment.box_of(own)
        edge *= margin * np.exp(rng.normal(0, 0.05))
        yield centre + rng.normal(0, 0.02, 2) * edge, edge


class RenderedHeads:
    """Renders with exact rotation and camera. The optical axis is moved into the image's middle,
    where the pose expects it."""

    def __init__(self, folder, rig):
        self.renders = Renders(folder, rig)
        rows = self.renders.rows
        self.turns = FLIP @ rows["turn"].astype(float) @ FLIP
        self.focal = rows["camera"][:, 0].astype(float)
        self.exact = rows["landmarks"].astype(float)
        self.size = self.renders.image(0).shape[0]
        self.fov = 2 * np.degrees(np.arctan(self.size / 2 / self.focal))
        self.axis = self.renders.axis

    def __len__(self):
        return len(self.turns)

    def centred(self, points):
        moved = points.copy()
        moved[:, :, :2] += self.size / 2 - self.axis[:len(points), None]
        return moved

    def find(self, finder, count=None, batch=100):
        """Landmarks by a network, of the first count."""
        rng, found = np.random.default_rng(5), []
        count = len(self) if count is None else min(count, len(self))
        for first in range(0, count, batch):
            part = range(first, min(first + batch, count))
            squares = list(squares_of(self.exact[part, :, :2], finder.margin, rng))
            found.append(finder.find([self.renders.image(i) for i in part], squares))
        return self.centred(np.concatenate(found))


class LabelledClips:
    """Frames of clips (training.frames) that the teacher has labelled."""

    def __init__(self, folder, labels, landmarks):
        with open(labels) as file:
            rows = {row["f"]: row["m"] for row in json.load(file) if row.get("m")}
        with open(landmarks) as file:
            points = json.load(file)
        self.folder = folder
        self.names = sorted(name for name in rows if points.get(name))
        self.turns = teacher_turns([rows[name] for name in self.names])
        self.points = np.array([np.float64(points[name])[:, :2] for name in self.names])
        self.clips = np.array([name.rsplit("_", 1)[0] for name in self.names])

    def find(self, finder, chosen):
        """-> landmarks, width and height of the frames."""
        found, rng = [], np.random.default_rng(5)
        for i in chosen:
            path = os.path.join(self.folder, self.names[i])
            image = np.ascontiguousarray(cv2.imread(path)[..., ::-1])
            squares = list(squares_of(self.points[[i]], finder.margin, rng))
            found.append(finder.find([image], squares)[0])
        return np.array(found), image.shape[1::-1]
