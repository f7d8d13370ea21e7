"""Training images of the expression network: crops cut by the landmarks that a landmark network
finds, not by true ones, since that is how the program cuts them."""

import cv2
import numpy as np
import torch

from . import augment
from .cache import cached
from .face_data import READ, mirrored
from .nets.expression import CROPS
from .nets.face import LANDMARKS
from .samples import Mixture, tensor_of

MIXTURE = {"helen_train": 0.34, "afw": 0.10, "p1": 0.20, "clip": 0.36}
ASTRAY = 0.16  # of the eyes' distance, mean over landmarks: the landmark network saw no face


def similarity_of(points, template):
    """-> middle, scale and turn as a complex number: from the mean face to the points."""
    middle = points.mean(0)
    p = points - middle
    z, t = p[:, 0] + 1j * p[:, 1], template[:, 0] + 1j * template[:, 1]
    return middle, np.mean(z * t.conj())


def squares_of(points, template):
    """The squares in an image that are cut, for augment.warp."""
    _, turn = similarity_of(points, template)
    for marks, offset, edge in CROPS:
        shift = turn * complex(*offset)
        yield {"centre": points[list(marks)].mean(0) + [shift.real, shift.imag],
               "side": edge * abs(turn), "angle": float(np.angle(turn))}


def cut(image, points, template, size):
    """-> the crops in two rows of two, the points as fractions of the last one's edge, and that
    one's square"""
    crops = []
    for square in squares_of(points, template):
        crop, moved = augment.warp(image, points, size // 2, **square)
        crops.append(crop)
    return np.vstack([np.hstack(crops[:2]), np.hstack(crops[2:])]), moved, square


def turn_in(renders, i, square):
    """The head's rotation as a crop shows it: seen along its middle's line of sight, turned."""
    c, s = np.cos(square["angle"]), np.sin(square["angle"])
    spin = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])  # the crop is turned by it: y goes down
    return spin @ renders.turn_at(i, square["centre"])


def mirrored_cut(crops, points):
    half = crops.shape[0] // 2
    parts = [crops[:half, :half], crops[:half, half:], crops[half:, :half], crops[half:, half:]]
    right, left, mouth, face = (part[:, ::-1] for part in parts)
    return (np.vstack([np.hstack([left, right]), np.hstack([mouth, face])]),
            (points * [-1, 1] + [1, 0])[augment.FLIP])


def find_landmarks(model, images, truth):
    """Landmarks that the network finds in images through boxes of the true ones."""
    found = np.zeros((len(images), LANDMARKS, 2), np.float32)
    for first in range(0, len(images), 32):
        views, squares = [], []
        for k in range(first, min(first + 32, len(images))):
            centre, edge = augment.box_of(truth[k].astype(float))
            side = model.margin * edge
            views.append(augment.warp(images[k], truth[k], model.size, centre, side)[0])
            squares.append((centre, side))
        with torch.no_grad():
            points = model.net(torch.stack([tensor_of(v) for v in views]))[0].numpy()
        for k, (centre, side) in enumerate(squares):
            found[first + k] = (points[k] - 0.5) * side + centre
    return found


def landmarks_of_renders(renders, model, folder):
    """Found landmarks of every shard, kept in folder."""
    parts, shard = [], np.array([part for part, _, _ in renders.span])
    for part, name in enumerate(renders.names):
        items = np.flatnonzero(shard == part)
        truth = renders.rows["landmarks"][items, :, :2]
        make = lambda: find_landmarks(model, [renders.image(i) for i in items], truth)
        sources = model.path, truth, renders.parts[part]
        parts.append(cached(folder, f"renders-{name}", sources, make))
    return np.concatenate(parts)


def landmarks_of_faces(faces, model, folder):
    truth = np.nan_to_num(faces.points)
    known = np.isfinite(faces.points[:, 0, 0])

    def make():
        found = np.zeros_like(truth)
        found[known] = find_landmarks(model, faces.images[known], truth[known])
        return found
    return cached(folder, "faces", (model.path, *faces.sources()), make)


def are_near(found, truth):
    eyes = np.linalg.norm(truth - truth.mean(1, keepdims=True), axis=-1).mean(1) * 1.45
    return np.linalg.norm(found - truth, axis=-1).mean(1) < ASTRAY * eyes


def shaken(rng, points):
    """Landmarks of another frame of the same face: off a little, all together and each."""
    middle, size = points.mean(0), np.std(points - points.mean(0))
    z = complex(*rng.normal(0, 0.03, 2)) + 1
    p = points - middle
    turned = np.stack([p[:, 0] * z.real - p[:, 1] * z.imag, p[:, 0] * z.imag + p[:, 1] * z.real], 1)
    spread = abs(rng.normal(0, 0.02)) * size
    return middle + rng.normal(0, 0.02, 2) * size + turned + rng.normal(0, spread, points.shape)


class ExpressionSamples(torch.utils.data.Dataset):
    """Sample number -> dict of tensors: image, landmarks, shapes, gaze, turn (of renders), taught
    (the teacher's shapes), render, teacher, is_real (1 where the former are known)."""

    def __init__(self, faces, teacher, renders, found, template, total, options, first=0):
        self.faces, self.teacher, self.renders = faces, teacher, renders
        self.found_faces, self.found_renders = found
        self.template, self.total, self.first, self.options = template, total, first, options
        self.good = np.flatnonzero(are_near(self.found_renders,
                                            renders.rows["landmarks"][:, :, :2]))
        self.mixture = Mixture(faces, MIXTURE, lambda members:
                               np.isfinite(teacher.shapes[members]).all(1) &
                               are_near(self.found_faces[members], faces.points[members]))

    def __len__(self):
        return self.total - self.first

    def draw_render(self, rng, out):
        i = self.good[rng.integers(len(self.good))]
        image, points, square = cut(self.renders.image(i), shaken(rng, self.found_renders[i]),
                                    self.template, self.options.size)
        turn = turn_in(self.renders, i, square)
        shapes, gaze = self.renders.shapes[i], self.renders.rows["gaze"][i]
        if rng.random() < 0.5:
            image, points = mirrored_cut(image, points)
            turn = np.diag([-1, 1, 1]) @ turn @ np.diag([-1, 1, 1])
            shapes, gaze = shapes[mirrored(READ)], gaze[::-1] * [-1, 1]
        out.update(landmarks=points, shapes=shapes, gaze=gaze.ravel(), turn=turn, render=1.0)
        return image

    def draw_real(self, rng, out):
        i = self.mixture.draw(rng, MIXTURE)
        image, points, _ = cut(self.faces.images[i], shaken(rng, self.found_faces[i]),
                               self.template, self.options.size)
        taught = self.teacher.shapes[i]
        if rng.random() < 0.5:
            image, points = mirrored_cut(image, points)
            taught = taught[mirrored(self.teacher.names)]
        out.update(landmarks=points, taught=taught, is_real=1.0, teacher=1.0)
        return image

    def __getitem__(self, index):
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self.options.seed, index + self.first])
        out = {"shapes": np.zeros(len(READ)), "gaze": np.zeros(4), "turn": np.zeros((3, 3)),
               "taught": np.zeros(len(self.teacher.names)), "is_real": 0.0, "render": 0.0,
               "teacher": 0.0}
        draw = self.draw_render if rng.random() < self.options.share else self.draw_real
        image = np.ascontiguousarray(draw(rng, out))
        result = {name: torch.tensor(np.asarray(value), dtype=torch.float32)
                  for name, value in out.items()}
        result["image"] = tensor_of(augment.photograph(rng, image))
        return result
