"""Training images by number, real crops and renders together, with what is known of each.

A render knows all but the 68 landmarks where iBUG's scheme and the rig's vertices differ; a real
crop knows its landmarks and, where there are some, a teacher's dense points and shapes."""

import glob
import os

import cv2
import numpy as np
import torch

from . import augment
from .heads import rig as rigs
from .heads.rig import SHAPES
from .nets.face import DENSE, LANDMARKS
from .samples import FaceSet, Mixture, tensor_of

READ = [name for name in SHAPES if not name.startswith("eyeLook")]  # the looks come from gaze
# Landmarks that the rig and iBUG's annotators put within 2 % of the eyes' distance of each other.
SHARED = list(range(27, 31)) + list(range(36, 48)) + [48, 51, 54, 57, 62, 66]
# The share of each set among real images.
MIXTURE = {"helen_train": 0.40, "afw": 0.13, "p1": 0.27, "clip": 0.20}
IRIS = slice(LANDMARKS + DENSE - 10, LANDMARKS + DENSE)


def mirrored(names):
    """For each name the number of the one that it becomes in a mirrored image."""
    def other(name):
        for one, two in (("Left", "Right"), ("Right", "Left")):
            if name.endswith(one):
                return name[:-len(one)] + two
        return name
    return np.array([names.index(other(name)) for name in names])


class Teacher:
    """What training.face_prepare wrote beside a set."""

    def __init__(self, folder):
        data = np.load(os.path.join(folder, "teacher.npz"))
        self.dense, self.shapes = data["dense"], data["shapes"]
        self.names = [str(name) for name in data["names"]]
        self.mirror = data["mirror"]  # of the dense points


def find_axes(rows, rig):
    """Where the optical axis meets each image (n x 2, pixels), for renders without this label:
    there the rig's mean head, turned and seen as the labels say, lies best on the landmarks."""
    mean = np.load(rig)["V"][list(rigs.LANDMARKS)].astype(float)
    seen = np.einsum("nij,kj->nki", rows["turn"].astype(float), mean)
    focal, distance = rows["camera"][:, 0], rows["camera"][:, 1]
    scale = focal[:, None] / (distance[:, None] - seen[:, :, 2])
    flat = seen[:, :, :2] * scale[..., None] * [1, -1]
    return np.median((rows["landmarks"][:, :, :2] - flat)[:, 17:], axis=1)


def sight(offset, focal):
    """The shortest rotation from the optical axis to the line of sight through a pixel (its offset
    from the axis), in the renders' camera axes: x right, y up, z backwards."""
    x, y = offset[0] / focal, -offset[1] / focal
    length = np.sqrt(x * x + y * y + 1)
    x, y, z = x / length, y / length, 1 / length
    return np.array([[1 - x * x / (1 + z), -x * y / (1 + z), -x],
                     [-x * y / (1 + z), 1 - y * y / (1 + z), -y], [x, y, z]])


class Renders:
    """The shards of a folder that are there when it is made. rig: ICT-FaceKit's arrays, for turns
    (turn_at)."""

    def __init__(self, folder, rig=None):
        self.parts, self.span, self.names = [], [], []  # names: of the shards
        rows = {}
        for path in sorted(glob.glob(os.path.join(folder, "*.npz"))):
            data = np.load(path)
            jpeg, start = data["jpeg"], 0
            for end in data["ends"]:
                self.span.append((len(self.parts), start, end))
                start = end
            self.parts.append(jpeg)
            self.names.append(os.path.basename(path)[:-len(".npz")])
            for name in data.files:
                if name not in ("jpeg", "ends"):
                    rows.setdefault(name, []).append(data[name])
            if "axis" not in data:  # of older renders
                rows.setdefault("axis", []).append(np.full((len(data["ends"]), 2), np.nan))
        if not self.parts:
            raise SystemExit(f"{folder}: has no renders")
        self.rows = {name: np.concatenate(parts) for name, parts in rows.items()}
        chosen = [SHAPES.index(name) for name in READ]
        self.shapes = self.rows["shapes"][:, chosen]
        self.axis = self.rows.pop("axis")
        unknown = np.isnan(self.axis[:, 0])
        if rig is not None and unknown.any():
            self.axis[unknown] = find_axes({name: rows[unknown] for name, rows in
                                            self.rows.items()}, rig)

    def __len__(self):
        return len(self.span)

    def turn_at(self, i, centre):
        """The head's rotation in the axes of a camera that looks at this pixel of image i. (The
        label is in the axes of the camera as it stands, which looks at the head's origin; what
        a crop shows depends on the line of sight alone.)"""
        offset = np.asarray(centre) - self.axis[i]
        turn = self.rows["turn"][i].astype(float)
        return sight(offset, self.rows["camera"][i, 0]).T @ turn if np.isfinite(offset[0]) else turn

    def image(self, i):
        part, start, end = self.span[i]
        return np.ascontiguousarray(cv2.imdecode(self.parts[part][start:end], 1)[..., ::-1])


def weigh_points(dense, landmarks, free=False):
    """How much each point of a render counts: hidden ones less, by what is in front as by the
    head itself. free: no real labels teach the landmarks, so that all of the rig's do."""
    weights = np.zeros(LANDMARKS + DENSE)
    weights[SHARED] = np.where(landmarks[SHARED, 2] > 0, 0.3, 0.1)
    if free:
        weights[:LANDMARKS] = np.where(landmarks[:, 2] > 0, 1.0, 0.25)
        weights[:17] = 1.0  # the jaw is the contour that is seen
    weights[LANDMARKS:] = np.where(dense[:, 2] > 0, 1.0, 0.25)
    return weights


def render_view(renders, i, square, size, mirror, free=False):
    """A render through a crop: image, points (280 x 2), weights, shapes, gaze, turn."""
    row = {name: values[i] for name, values in renders.rows.items()}
    weights = weigh_points(row["dense"], row["landmarks"], free)
    both = np.concatenate([row["landmarks"][:, :2], row["dense"][:, :2]]).astype(float)
    where = {name: value for name, value in square.items() if name != "flip"}
    image, points = augment.warp(renders.image(i), both, size, **where)
    angle = square.get("angle", 0.0)  # the crop is turned by it: y goes down
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ renders.turn_at(i, square["centre"])
    shapes, gaze = renders.shapes[i], row["gaze"]
    if square.get("flip"):
        image, points = flipped(image, points, mirror)
        weights = weights[flip_order(mirror)]
        turn = np.diag([-1, 1, 1]) @ turn @ np.diag([-1, 1, 1])
        shapes, gaze = shapes[mirrored(READ)], gaze[::-1] * [-1, 1]
    return image, points, weights, shapes, gaze, turn


def flip_order(mirror):
    """mirror: of the dense points behind the rig's 68."""
    return np.concatenate([augment.FLIP, LANDMARKS + augment.FLIP, LANDMARKS + mirror])


def flipped(image, points, mirror):
    return np.ascontiguousarray(image[:, ::-1]), (points * [-1, 1] + [1, 0])[flip_order(mirror)]


def blend(points, folder, share):
    """Labels with a share of what training.ensemble found, where it is known."""
    path = os.path.join(folder, "ensemble.npz")
    if share == 0 or not os.path.exists(path):
        return points
    found = np.load(path)["points"]
    return np.where(np.isfinite(found), (1 - share) * points + share * found, points)


class FaceSamples(torch.utils.data.Dataset):
    """Sample number -> dict of tensors: image, points, weights, is_real, is_face, render (whether
    shapes, gaze and turn are known), teacher (whether the teacher's shapes are)."""

    def __init__(self, folder, renders, total, options, first=0):
        self.faces, self.teacher, self.renders = FaceSet(folder), Teacher(folder), renders
        self.total, self.first, self.options = total, first, options
        self.mixture = Mixture(self.faces, MIXTURE)
        self.empty = self.faces.choose("train", "none")
        self.faces.points = blend(self.faces.points, folder, options.ensemble)

    def __len__(self):
        return self.total - self.first

    def blank(self):
        points = LANDMARKS + DENSE
        return {"points": np.zeros((points, 2)), "weights": np.zeros(points),
                "shapes": np.zeros(len(READ)), "gaze": np.zeros(4), "turn": np.zeros((3, 3)),
                "taught": np.zeros(len(self.teacher.names)), "is_real": 0.0, "is_face": 1.0,
                "render": 0.0, "teacher": 0.0}

    def draw_render(self, rng, out):
        i = int(rng.integers(len(self.renders)))
        landmarks = self.renders.rows["landmarks"][i, :, :2].astype(float)
        square = augment.place(rng, landmarks, self.options.margin)
        image, points, weights, shapes, gaze, turn = render_view(
            self.renders, i, square, self.options.size, self.teacher.mirror, self.options.free)
        out.update(points=points, weights=weights, shapes=shapes, gaze=gaze.ravel(), turn=turn,
                   render=1.0)
        return image

    def draw_real(self, rng, out):
        i = self.mixture.draw(rng, MIXTURE)
        image, landmarks, dense = self.faces.images[i], self.faces.points[i], self.teacher.dense[i]
        taught, known = self.teacher.shapes[i], bool(np.isfinite(dense).all())
        if rng.random() < self.options.moustaches:
            image = augment.moustache(rng, image, landmarks)
        if rng.random() < self.options.grimaces:
            pulled, moved = augment.grimace(rng, image, landmarks)
            if pulled is not image:
                image, landmarks, known = pulled, moved, False
        square = augment.place(rng, landmarks, self.options.margin)
        flip = square.pop("flip")
        both = np.concatenate([landmarks, np.nan_to_num(dense)]).astype(float)
        image, points = augment.warp(image, both, self.options.size, **square)
        taught = np.nan_to_num(taught)
        if flip:
            image, points = flipped(image, points, self.teacher.mirror)
            taught = taught[mirrored(self.teacher.names)]
        weights = np.zeros(LANDMARKS + DENSE)
        weights[:LANDMARKS] = 1
        if known:  # the rig's landmarks are not the teacher's
            weights[2 * LANDMARKS:], weights[IRIS] = self.options.teacher_dense, 0.7
        out.update(points=points, weights=weights, taught=taught, is_real=1.0,
                   teacher=float(known))
        return image

    def draw_nothing(self, rng, out):
        square = {"centre": rng.uniform(100, 156, 2), "side": rng.uniform(120, 256),
                  "angle": rng.uniform(-0.5, 0.5), "flip": rng.random() < 0.5}
        i = self.empty[rng.integers(len(self.empty))]
        out.update(is_face=0.0)
        return augment.warp(self.faces.images[i], np.zeros((LANDMARKS, 2)), self.options.size,
                            **square)[0]

    def __getitem__(self, index):
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self.options.seed, index + self.first])
        out, kind = self.blank(), rng.random()
        if kind < self.options.share:
            image = self.draw_render(rng, out)
        elif kind < 0.97 and self.mixture.members:
            image = self.draw_real(rng, out)
        else:
            image = self.draw_nothing(rng, out)
        result = {name: torch.tensor(np.asarray(value), dtype=torch.float32)
                  for name, value in out.items()}
        result["image"] = tensor_of(augment.photograph(rng, image))
        return result
