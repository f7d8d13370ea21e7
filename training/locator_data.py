"""Images for the face locator, composed of the training set's.

A face's box is upright: the landmarks' box with its top raised by FOREHEAD of
its height. Boxes are [left, top, right, bottom] in pixels.
"""
import json
import math
import os

import cv2
import numpy as np

from training.locator_net import CELL, INPUT

FOREHEAD = 1 / 3
SMALLEST = 9.0    # pixels: lower boxes are neither face nor background
DOUBTFUL = 0.5    # share of a box that must be in the image
RENDERED = 0.3    # share of renders among the images with faces, where there are photographs too


def overlap(a, b):
    """Intersection over union of two boxes."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    both = across * down
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def blend(image, over, mask):
    """over where mask (bytes, with a last axis of one) is 255, image where it is 0."""
    share = mask / np.float32(255)
    return (image * (1 - share) + over * share).astype(np.uint8)


class Picture:
    """An image with its faces, at several sizes, each half of the one before."""

    def __init__(self, entry, pixels):
        self.file, self.set = entry["file"], entry["set"]
        self.is_empty = self.set.endswith("noperson")
        self.is_rendered = self.set.startswith("render_")
        self.height, self.width = entry["height"], entry["width"]
        channels = 4 if entry["kind"] == "thing" else 3
        begin, size = entry["offset"], self.height * self.width * channels
        self.image = pixels[begin:begin + size].reshape(self.height, self.width, channels)
        self.faces = np.array(entry["faces"], np.float64).reshape(-1, 4)
        self.doubtful = np.array(entry["doubtful"], np.float64).reshape(-1, 4)
        self.points = np.array(entry["points"]) if "points" in entry else None
        self.levels = []

    def level(self, index):
        while len(self.levels) <= index:
            self.levels.append(np.array(self.image) if not self.levels else
                               cv2.resize(self.levels[-1], None, fx=0.5, fy=0.5,
                                          interpolation=cv2.INTER_AREA))
        return self.levels[index]

    def warp(self, matrix, size, border, value=(0, 0, 0)):
        """The image under matrix (2x3, from its pixels), size x size pixels, without aliasing."""
        scale = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
        level = 0
        while scale * 2 ** level < 0.75 and min(self.height, self.width) >> level > 64:
            level += 1
        image = self.level(level)
        shrink = np.array([[self.width / image.shape[1], 0], [0, self.height / image.shape[0]]])
        middle = shrink @ [0.5, 0.5] - 0.5  # where the level's first pixel has its middle
        at_level = np.hstack([matrix[:, :2] @ shrink, (matrix[:, :2] @ middle + matrix[:, 2])[:, None]])
        return cv2.warpAffine(image, at_level, (size, size), flags=cv2.INTER_LINEAR,
                              borderMode=border, borderValue=value)


def read_set(folder, split):
    """The frames, crops and things of a split, as locator_prepare wrote them."""
    with open(os.path.join(folder, "index.json")) as file:
        index = json.load(file)
    pixels = np.memmap(os.path.join(folder, "pixels.bin"), np.uint8, "r")
    found = {"frame": [], "crop": [], "thing": []}
    for entry in index:
        if entry["split"] == split:
            found[entry["kind"]].append(Picture(entry, pixels))
    return found["frame"], found["crop"], found["thing"]


def bounds(points):
    return np.concatenate([points.min(0), points.max(0)])


def move_points(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


def move_box(matrix, box):
    """The upright box around the ellipse in box, moved."""
    centre = move_points(matrix, np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]]))[0]
    half = np.hypot(matrix[:, 0] * (box[2] - box[0]) / 2, matrix[:, 1] * (box[3] - box[1]) / 2)
    return np.concatenate([centre - half, centre + half])


def similarity(scale, angle, flip, source, target):
    """Scales, turns (radians) and perhaps mirrors; source goes to target."""
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    matrix = np.array([[c, -s], [s, c]])
    if flip:
        matrix[:, 0] *= -1
    return np.hstack([matrix, (np.asarray(target) - matrix @ np.asarray(source))[:, None]])


class Composer:
    """Makes training examples: an input and what the network should say to it."""

    def __init__(self, frames, crops, things, size=INPUT):
        self.rng = None  # set for each batch
        self.size = size
        self.with_faces = [p for p in frames if len(p.faces)]
        # P1 is half of all images, and the easy half.
        self.face_weights = weigh(self.with_faces, lambda p: 0.35 if p.set == "p1" else
                                  2.0 if p.set in ("afw", "coco_person") else 1.0)
        self.empty = [p for p in frames if p.is_empty]
        self.crops, self.things = crops, things
        self.crop_weights = weigh(crops, lambda p: 0.3 if p.set in ("p1", "synthface") else 1.0)

    def chance(self, share):
        return self.rng.random() < share

    def pick(self, pictures, weights=None):
        return pictures[self.rng.choice(len(pictures), p=weights)]

    def angle(self):
        kind = self.rng.random()
        if kind < 0.6:
            return self.rng.normal(0, 0.12)
        return self.rng.uniform(-0.8, 0.8) if kind < 0.95 else self.rng.uniform(-1.6, 1.6)

    def border(self):
        return cv2.BORDER_REPLICATE if self.chance(0.6) else cv2.BORDER_CONSTANT

    def whole(self, picture, size):
        """The image as the program shows it: all of it, in the middle."""
        scale = size / max(picture.width, picture.height) * self.rng.uniform(0.9, 1.1)
        middle = size / 2 + self.rng.uniform(-0.06, 0.06, 2) * size
        return similarity(scale, self.rng.normal(0, 0.06), self.chance(0.5),
                          (picture.width / 2, picture.height / 2), middle)

    def around_face(self, picture, size):
        """A face of any size at any place."""
        box = picture.faces[self.rng.integers(len(picture.faces))]
        height = size * math.exp(self.rng.uniform(math.log(SMALLEST / size), 0))
        scale = min(height / (box[3] - box[1]), 2.5)
        reach = 0.5 - 0.3 * min(height / size, 1)
        target = size * (0.5 + self.rng.uniform(-reach, reach, 2))
        return similarity(scale, self.angle(), self.chance(0.5),
                          ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), target)

    def background(self, size):
        """An image without people, or a part of it; at times things stand in it."""
        picture = self.pick(self.empty)
        if self.chance(0.3):
            matrix = self.whole(picture, size)
        else:
            edge = min(picture.width, picture.height)
            scale = size / edge * math.exp(self.rng.uniform(-0.5, 1.2))
            source = self.rng.uniform(0.25, 0.75, 2) * (picture.width, picture.height)
            matrix = similarity(scale, self.angle(), self.chance(0.5), source, (size / 2, size / 2))
        image = picture.warp(matrix, size, cv2.BORDER_REFLECT_101 if self.chance(0.5) else self.border())
        if self.things and self.chance(0.4):
            for _ in range(self.rng.integers(1, 5)):
                image = self.put_thing(image)
        return image

    def put_thing(self, image):
        size, thing = image.shape[0], self.pick(self.things)
        edge = size * math.exp(self.rng.uniform(math.log(0.12), math.log(1.3)))
        matrix = similarity(edge / max(thing.width, thing.height), self.angle(), self.chance(0.5),
                            (thing.width / 2, thing.height / 2), self.rng.uniform(0.05, 0.95, 2) * size)
        shown = thing.warp(matrix, size, cv2.BORDER_CONSTANT, (0, 0, 0, 0))
        return blend(image, shown[..., :3], shown[..., 3:])

    def frame(self, size):
        """An image with faces, or any of the crops, moved. Image, faces, doubtful boxes."""
        if self.chance(0.15):
            picture = self.pick(self.crops, self.crop_weights)
            matrix = self.around_face(picture, size)
            faces = np.array([bounds(move_points(matrix, picture.points))])
        else:
            picture = self.pick(self.with_faces, self.face_weights)
            matrix = self.whole(picture, size) if self.chance(0.45) else self.around_face(picture, size)
            faces = np.array([move_box(matrix, box) for box in picture.faces])
        doubtful = [move_box(matrix, box) for box in picture.doubtful]
        image = picture.warp(matrix, size, self.border(), tuple(self.rng.integers(0, 256, 3).tolist()))
        if self.chance(0.3):  # over another image instead of a border
            mask = cv2.warpAffine(np.ones((picture.height, picture.width), np.uint8), matrix,
                                  (size, size), flags=cv2.INTER_NEAREST)[..., None]
            image = np.where(mask, image, self.background(size))
        return image, list(faces), doubtful

    def pasted(self, size):
        """Heads cut out and put over a background."""
        image, faces = self.background(size), []
        for _ in range(self.rng.integers(1, 6)):
            picture = self.pick(self.crops, self.crop_weights)
            matrix = self.around_face(picture, size)
            points = move_points(matrix, picture.points)
            box = bounds(points)
            if any(overlap(box, other) > 0.02 for other in faces):
                continue
            mask = np.zeros((size, size), np.uint8)
            middle = points.mean(0)
            outline = cv2.convexHull(((points - middle) * self.rng.uniform(1.05, 1.3) + middle)
                                     .astype(np.float32)).astype(np.int32)
            cv2.fillConvexPoly(mask, outline, 255)
            soft = max(1, int((box[3] - box[1]) * self.rng.uniform(0.01, 0.06))) * 2 + 1
            mask = cv2.GaussianBlur(mask, (soft, soft), 0)[..., None]
            head = picture.warp(matrix, size, cv2.BORDER_REPLICATE)
            image = blend(image, head, mask)
            faces.append(box)
        return image, faces, []

    def erased(self, size):
        """People without faces: their heads are covered by something else."""
        image, faces, doubtful = self.frame(size)
        cover = self.background(size)
        mask = np.zeros((size, size), np.uint8)
        for box in faces:
            middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            axes = (max(1.0, 0.62 * (box[2] - box[0])), max(1.0, 0.58 * (box[3] - box[1])))
            cv2.ellipse(mask, (tuple(map(float, middle)), tuple(2 * float(a) for a in axes), 0), 255, -1)
        mask = cv2.GaussianBlur(mask, (5, 5), 0)[..., None]
        if self.chance(0.5):
            cover = np.full_like(image, self.rng.integers(0, 256, 3))
        return blend(image, cover, mask), [], doubtful + faces

    def mosaic(self, size):
        half = size // 2
        image = np.empty((size, size, 3), np.uint8)
        faces, doubtful = [], []
        for y in (0, half):
            for x in (0, half):
                part, some, others = self.frame(half) if self.chance(0.7) else (self.background(half), [], [])
                image[y:y + half, x:x + half] = part
                for box in some:
                    shown = [max(box[0], 0), max(box[1], 0), min(box[2], half), min(box[3], half)]
                    area = max(0, shown[2] - shown[0]) * max(0, shown[3] - shown[1])
                    share = area / ((box[2] - box[0]) * (box[3] - box[1]))
                    (faces if share > 0.75 else doubtful).append(
                        np.asarray(box if share > 0.75 else shown) + [x, y, x, y])
                doubtful += [np.clip(box, 0, half) + [x, y, x, y] for box in others]
        return image, faces, doubtful

    def hide(self, image, faces):
        """Something in front of a part of each face."""
        for box in faces:
            if not self.chance(0.15):
                continue
            width, height = box[2] - box[0], box[3] - box[1]
            w, h = width * self.rng.uniform(0.2, 0.9), height * self.rng.uniform(0.15, 0.4)
            x = self.rng.uniform(box[0] - 0.2 * w, box[2] - 0.8 * w)
            y = self.rng.uniform(box[1], box[3] - 0.8 * h)
            x0, y0 = max(int(x), 0), max(int(y), 0)
            part = image[y0:max(int(y + h), 0), x0:max(int(x + w), 0)]
            if part.size:
                part[:] = (self.background(self.size)[:part.shape[0], :part.shape[1]] if self.chance(0.5)
                           else self.rng.integers(0, 256, 3))

    def degrade(self, image):
        """Light, colour, blur, noise and compression as cameras make them."""
        rng = self.rng
        value = image.astype(np.float32)
        if self.chance(0.12):
            value[:] = value.mean(2, keepdims=True)
        if self.chance(0.25):
            value *= rng.uniform(0.8, 1.2, 3).astype(np.float32)
        if self.chance(0.6):
            value = (value - 128) * np.float32(rng.uniform(0.6, 1.4)) + np.float32(128 + rng.uniform(-40, 40))
        if self.chance(0.15):
            value = 255 * (np.clip(value, 0, 255) / 255) ** np.float32(rng.uniform(1.2, 3))
            value *= np.float32(rng.uniform(0.25, 1))
        if self.chance(0.15):  # a light from one side
            ramp = np.linspace(rng.uniform(0.5, 1), rng.uniform(0.5, 1.3), image.shape[1], dtype=np.float32)
            value *= (ramp[None, :, None] if self.chance(0.7) else ramp[:, None, None])
        if self.chance(0.2):
            kernel = int(rng.integers(1, 4)) * 2 + 1
            value = (cv2.GaussianBlur(value, (kernel, kernel), 0) if self.chance(0.6)
                     else cv2.blur(value, (kernel, 1) if self.chance(0.5) else (1, kernel)))
        if self.chance(0.3):
            value += rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(2, 16))
        image = np.clip(value, 0, 255).astype(np.uint8)
        if self.chance(0.2):
            image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY,
                                                              int(rng.integers(15, 70))])[1], 1)
        return image

    def example(self):
        """A size x size image (BGR bytes), its faces, its doubtful boxes."""
        kind, size = self.rng.random(), self.size
        if kind < 0.46:
            image, faces, doubtful = self.frame(size)
        elif kind < 0.6:
            image, faces, doubtful = self.mosaic(size)
        elif kind < 0.73:
            image, faces, doubtful = self.pasted(size)
        elif kind < 0.79:
            image, faces, doubtful = self.erased(size)
        else:
            image, faces, doubtful = self.background(size), [], []
        image = np.ascontiguousarray(image)
        self.hide(image, faces)
        return self.degrade(image), faces, doubtful


def weigh(pictures, weight_of):
    """How often each image is taken. Of renders, heads turned away more often: photographs have few."""
    weights = np.array([1 + int(p.set[7:]) / 30 if p.is_rendered else weight_of(p) for p in pictures], float)
    rendered = np.array([p.is_rendered for p in pictures], bool)
    if rendered.any() and not rendered.all():
        for which, share in ((rendered, RENDERED), (~rendered, 1 - RENDERED)):
            weights[which] *= share / weights[which].sum()
    return weights / weights.sum()


def shown_share(box, size):
    width, height = min(box[2], size) - max(box[0], 0), min(box[3], size) - max(box[1], 0)
    return max(width, 0) * max(height, 0) / ((box[2] - box[0]) * (box[3] - box[1]))


def targets(faces, doubtful, size=INPUT):
    """What the maps should hold: score, its weight, and the box with its weight; a number a cell.

    A face makes a hill of ones and less in the score; the cells near its top
    are asked for its box.
    """
    grid = size // CELL
    score = np.zeros((grid, grid), np.float32)
    weight = np.ones((grid, grid), np.float32)
    box_of = np.zeros((4, grid, grid), np.float32)
    box_weight = np.zeros((grid, grid), np.float32)
    middles = np.arange(grid, dtype=np.float32) + 0.5
    sure = []
    for box in faces:
        height = box[3] - box[1]
        (sure if height >= SMALLEST and shown_share(box, size) >= DOUBTFUL else doubtful).append(box)
    for box in doubtful:
        x0, y0, x1, y1 = np.asarray(box) / CELL
        weight[max(int(y0), 0):max(math.ceil(y1), 0), max(int(x0), 0):max(math.ceil(x1), 0)] = 0
    for box in sorted(sure, key=lambda b: -(b[3] - b[1])):
        x, y = (box[0] + box[2]) / 2 / CELL, (box[1] + box[3]) / 2 / CELL
        w, h = (box[2] - box[0]) / CELL, (box[3] - box[1]) / CELL
        if not (0 <= x < grid and 0 <= y < grid):
            continue
        across = np.exp(-0.5 * ((middles - x) / max(0.12 * w, 0.45)) ** 2)
        down = np.exp(-0.5 * ((middles - y) / max(0.12 * h, 0.45)) ** 2)
        hill = down[:, None] * across[None, :]
        row, column = int(y), int(x)
        hill[row, column] = 1
        near = (hill > 0.4) & (hill >= box_weight)
        box_of[:, near] = np.array([x, y, w, h], np.float32)[:, None]
        box_weight[near] = hill[near]
        weight[row, column] = 1
        score = np.maximum(score, hill)
    return score, weight, box_of, box_weight


def to_input(image):
    """BGR bytes to what the network takes."""
    return image[..., ::-1].transpose(2, 0, 1).astype(np.float32) / 255 - np.float32(0.5)
