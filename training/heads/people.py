"""People of a rig: shapes of heads, skins with wrinkles that expressions deepen, hair, beards."""

import cv2
import numpy as np

from . import rig as rigs

TEXTURE = 512
TONES = np.float32([(246, 216, 198), (230, 190, 165), (206, 162, 130), (174, 124, 92),
                    (130, 86, 60), (92, 60, 43), (60, 40, 32)])
HAIR_TONES = np.float32([(22, 18, 16), (40, 28, 20), (66, 45, 30), (98, 68, 44), (140, 98, 60),
                         (190, 155, 100), (120, 62, 34), (128, 126, 124), (205, 203, 198)])
IRIS_TONES = np.float32([(58, 34, 18), (92, 60, 32), (120, 88, 50), (88, 108, 70), (84, 120, 150),
                         (110, 130, 140), (40, 26, 18)])


def bell(places, centre, radius):
    return np.exp(-((places - np.float32(centre)) ** 2).sum(1) / (2 * radius ** 2))[:, None]


def rounder(vertices, amount):
    """Fuller (or hollower) cheeks, jowls and chin; not the shape of puffed cheeks."""
    skin = vertices[:rigs.HEAD_END]
    move = np.zeros_like(skin)
    for side in (-1, 1):
        move += bell(skin, (side * 4.8, -1.5, 7.0), 2.2) * np.float32([side * 0.9, -0.1, 0.35])
        move += bell(skin, (side * 4.2, -5.0, 6.0), 2.0) * np.float32([side * 0.7, -0.4, 0.2])
    move += bell(skin, (0, -9.0, 5.5), 2.2) * np.float32([0, -0.8, 0.5])
    vertices[:rigs.HEAD_END] += np.float32(amount) * move


def younger(vertices, amount, eyes):
    """A child's proportions: high forehead, short lower face, small nose, large eyes."""
    skin = vertices[:rigs.HEAD_END]
    skin[:, 2] -= amount * 0.9 * bell(skin, (0, -0.3, 12.2), 1.3)[:, 0]
    skin[:, 0] *= 1 - 0.07 * amount / (1 + np.exp((skin[:, 1] + 4.5) * 1.5))
    y = vertices[:, 1]
    y += amount * 0.13 * np.clip(2 - y, 0, 11) + amount * 0.10 * np.clip(y - 5, 0, None)
    for centre in eyes:
        distance = np.linalg.norm(vertices - centre, axis=1)
        share = (1 / (1 + (distance / 2.6) ** 6))[:, None]
        vertices += share * (vertices - centre) * np.float32(0.13 * amount)


def uneven(rng, vertices):
    """Faces are not mirror symmetric."""
    skin = vertices[:rigs.HEAD_END]
    for _ in range(5):
        centre = (rng.uniform(-5, 5), rng.uniform(-7, 7), rng.uniform(6, 11))
        skin += bell(skin, centre, rng.uniform(1.5, 3)) * np.float32(rng.normal(0, 0.08, 3))


def draw_identity(rng, rig):
    code = np.clip(rng.normal(0, 1, len(rig.identities)), -2.3, 2.3).astype(np.float32)
    vertices = rig.neutral + np.tensordot(code, rig.identities, 1)
    child = rng.uniform(0.4, 1.2) if rng.random() < 0.2 else 0
    if child > 0:
        younger(vertices, child, [rig.centre_of(vertices, side) for side in "LR"])
    rounder(vertices, rng.uniform(-0.4, 0.5) if rng.random() < 0.6 else rng.uniform(0.3, 1.25))
    uneven(rng, vertices)
    return vertices.astype(np.float32), child


class Canvas:
    """A texture in the making; strokes are given in uv of the landmarks' layout, pixels here."""

    def __init__(self, rng, tone):
        self.rng = rng
        self.image = np.ones((TEXTURE, TEXTURE, 3), np.float32) * tone

    def noise(self, cells, amount):
        grid = self.rng.normal(0, 1, (cells, cells)).astype(np.float32)
        return cv2.resize(grid, (TEXTURE, TEXTURE), interpolation=cv2.INTER_CUBIC) * amount

    def blend(self, mask, colour):
        window = window_of(mask > 0)
        mask, image = np.clip(mask[window], 0, 1)[..., None], self.image[window]
        image += mask * (np.float32(colour) - image)


def window_of(mask):
    """The rows and columns that hold all of a mask's true elements."""
    rows, columns = (np.flatnonzero(mask.any(k)) for k in (1, 0))
    if len(rows) == 0:
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def add_blurred(mask, points, blur, draw, amount=1.0):
    """Adds to a mask of the texture what draw(image, points) draws, blurred."""
    low = np.clip(points.min(0) - 3 * blur - 4, 0, TEXTURE).astype(int)
    high = np.clip(points.max(0) + 3 * blur + 4, 0, TEXTURE).astype(int)
    if (high > low).all():
        part = np.zeros((high[1] - low[1], high[0] - low[0]), np.float32)
        draw(part, [np.round((points - low) * 8).astype(np.int32)])
        mask[low[1]:high[1], low[0]:high[0]] += amount * cv2.GaussianBlur(part, (0, 0), blur)
    return mask


def area(points, blur):
    return add_blurred(np.zeros((TEXTURE, TEXTURE), np.float32), points, blur,
                       lambda image, where: cv2.fillPoly(image, where, 1.0, cv2.LINE_AA, 3))


def add_line(mask, points, width, blur, amount=1.0):
    return add_blurred(mask, points, blur, lambda image, where: cv2.polylines(
        image, where, False, 1.0, width, cv2.LINE_AA, 3), amount)


def line(points, width, blur):
    return add_line(np.zeros((TEXTURE, TEXTURE), np.float32), points, width, blur)


def curve(a, b, bend, count=12):
    """From a to b, its middle pushed aside by bend times its length."""
    t = np.linspace(0, 1, count)[:, None]
    way = b - a
    side = np.array([-way[1], way[0]])
    return a + t * way + 4 * t * (1 - t) * bend * side


def crease_lines(p):
    """Where skin folds: {(expression, ...): lines of (texture places, strength)} for the person's
    right and left side. p: the landmarks in the texture, y down."""
    eyes = np.linalg.norm(p[45] - p[36])
    lines = {}
    for side, (outer, wing, corner, brow, inner) in (
            ("_R", (36, 31, 48, p[17:22], 39)), ("_L", (45, 35, 54, p[22:27][::-1], 42))):
        away = np.sign(p[outer][0] - p[27][0])
        step = lambda x, y: np.array([away * x, y]) * eyes
        fold = curve(p[wing] + step(0.03, -0.02), p[corner] + step(0.09, 0.02), -0.16 * away)
        lines[("mouthSmile" + side, "cheekSquint" + side, "mouthUpperUp" + side,
               "noseSneer" + side)] = [(fold, 1.0)]
        crow = [(curve(p[outer] + step(0.04, y), p[outer] + step(0.2, 2.6 * y + 0.01), 0.1), 0.8)
                for y in (-0.05, 0.0, 0.05)]
        lines[("cheekSquint" + side, "eyeSquint" + side)] = crow + [
            (curve(p[inner] + step(0.0, 0.06), p[outer] + step(0.0, 0.09), -0.12 * away), 0.6)]
        above = [(curve(brow[0] + step(0.0, -h), brow[-1] + step(-0.08, -h), 0.06 * away), 0.8)
                 for h in (0.10, 0.17, 0.25)]
        lines[("browOuterUp" + side, "browInnerUp" + side)] = above
        frown = brow[-1] + step(-0.05, 0.03)
        lines[("browDown" + side,)] = [(curve(frown, frown + step(0.01, -0.16), 0.1 * away), 1.0)]
        root = p[28] + step(0.02, -0.02)
        lines[("noseSneer" + side,)] = [
            (curve(root + step(0.0, y), root + step(0.09, y - 0.05), 0.1), 0.9)
            for y in (0.0, 0.05, 0.10)]
        dimple = p[corner] + step(0.06, -0.05)
        lines[("mouthDimple" + side,)] = [(curve(dimple, dimple + step(0.01, 0.11), -0.25 * away),
                                           0.9)]
        lines[("mouthFrown" + side, "mouthStretch" + side)] = [
            (curve(p[corner] + step(0.02, 0.02), p[corner] + step(0.06, 0.2), -0.1 * away), 0.8)]
    chin = p[57:58] + (p[8:9] - p[57:58]) * 0.35
    lines[("mouthShrugLower",)] = [(curve(chin[0] - [0.13 * eyes, 0], chin[0] + [0.13 * eyes, 0],
                                          -0.12), 1.0)]
    lips = np.concatenate([p[49:54], p[55:60]])
    rays = [(np.stack([q, q + (q - p[[51, 57]].mean(0)) * [0.15, 0.35]]), 0.5) for q in lips]
    lines[("mouthPucker",)] = rays
    return lines


class Skin:
    """A face's texture; at() deepens its wrinkles as an expression does."""

    def __init__(self, rng, rig, age, child):
        places = rig.uv_of[list(rigs.LANDMARKS)] * [TEXTURE, -TEXTURE] + [0, TEXTURE]
        position = rng.beta(1.0, 1.35) * (len(TONES) - 1.001)
        low = int(position)
        tone = TONES[low] + (position - low) * (TONES[low + 1] - TONES[low])
        self.tone = tone * rng.uniform(0.92, 1.06) + rng.normal(0, 2.5, 3)
        dark = position / (len(TONES) - 1)
        self.hair = HAIR_TONES[rng.integers(len(HAIR_TONES) if dark < 0.5 else 3)]
        self.hair = np.clip(self.hair * rng.uniform(0.75, 1.2), 8, 235)
        if age > 0.75 and rng.random() < 0.6:
            self.hair = HAIR_TONES[rng.integers(7, 9)] * rng.uniform(0.8, 1.1)
        self.rng, self.places, self.age, self.dark = rng, places, age, dark
        made = rng.random() < (0.3 if not child else 0.05)  # make-up
        canvas = Canvas(rng, self.tone)
        self.paint_blotches(canvas)
        self.paint_lips(canvas, made)
        self.paint_eyes(canvas, made)
        self.paint_brows(canvas, child)
        self.beard = self.paint_beard(canvas) if not child and rng.random() < 0.4 else None
        self.image = np.clip(canvas.image, 0, 255).astype(np.float32)
        self.paint_creases(child)

    def paint_blotches(self, canvas):
        rng, p = self.rng, self.places
        cloud = sum(canvas.noise(c, a) for c, a in ((5, 0.03), (12, 0.03), (30, 0.02)))
        grain = canvas.noise(128, 0.025) + canvas.noise(400, 0.035)
        canvas.image *= (1 + cloud + grain * rng.uniform(0.4, 1.3))[..., None]
        red = np.clip(canvas.noise(7, 0.06), 0, 0.2)
        canvas.image[..., 1:] *= (1 - red)[..., None]
        flush = rng.uniform(0, 0.25) * (1 - 0.7 * self.dark)
        for a, b in ((2, 31), (14, 35)):  # cheeks
            spot = p[a] + (p[b] - p[a]) * 0.62
            canvas.blend(area(spot + 32 * np.stack([np.cos(np.linspace(0, 6, 20)),
                                                    np.sin(np.linspace(0, 6, 20))], 1), 14) * flush,
                         self.tone * [1.0, 0.72, 0.7])
        canvas.blend(area(p[30:36], 8) * flush, self.tone * [1.0, 0.75, 0.72])
        many = int(rng.integers(0, 20) + (rng.random() < 0.12) * rng.integers(100, 350))
        for x, y in rng.uniform(0.1, 0.9, (many, 2)) * TEXTURE:
            cv2.circle(canvas.image, (int(x * 8), int(y * 8)), int(rng.uniform(3, 13)),
                       tuple(map(float, self.tone * rng.uniform(0.55, 0.85))), -1, cv2.LINE_AA, 3)

    def paint_lips(self, canvas, made):
        rng, p = self.rng, self.places
        colour = self.tone * rng.uniform(0.7, 0.98) * [1.08, rng.uniform(0.68, 0.86),
                                                       rng.uniform(0.68, 0.88)]
        strength = rng.uniform(0.4, 0.9)
        if made and rng.random() < 0.7:
            colour = np.array([rng.uniform(110, 220), rng.uniform(10, 90), rng.uniform(30, 110)])
            strength = rng.uniform(0.6, 1)
        canvas.blend(area(p[48:60], 1.6) * strength, colour)
        lips = area(p[48:60], 1.5)
        for x in np.linspace(p[48][0], p[54][0], 24)[2:-2]:  # fine furrows
            canvas.blend(line(np.array([[x, p[51][1]], [x + rng.normal(0, 1), p[57][1]]]), 1, 0.7) *
                         lips * rng.uniform(0, 0.25), colour * 0.6)
        seam = np.concatenate([p[[48]], p[60:65], p[[54]]])
        canvas.blend(line(seam, 2, 1.0) * rng.uniform(0.2, 0.7), colour * 0.45)

    def paint_eyes(self, canvas, made):
        rng, p = self.rng, self.places
        for eye in (p[36:42], p[42:48]):
            centre = eye.mean(0)
            canvas.blend(area((eye - centre) * [1.4, 2.6] + centre + [0, 3], 6) *
                         rng.uniform(0, 0.5) * (0.4 + self.age), self.tone * 0.72)
            if made:
                shade = np.array(rng.uniform(30, 170, 3))
                canvas.blend(area((eye - centre) * [1.3, 2.4] + centre - [0, 4], 4) *
                             rng.uniform(0, 0.7), shade)
                canvas.blend(line(np.concatenate([eye, eye[:1]]), 2, 0.9) * rng.uniform(0, 1),
                             (20, 15, 15))
            canvas.blend(line(np.concatenate([eye, eye[:1]]), 2, 0.8) * rng.uniform(0.1, 0.6),
                         self.tone * [0.6, 0.45, 0.42])

    def paint_brows(self, canvas, child):
        rng = self.rng
        colour = self.hair * rng.uniform(0.45, 1.0)
        count = int(rng.integers(70, 330) * (0.5 if child else 1))
        spread, length = rng.uniform(1.5, 4.2), rng.uniform(5, 11)
        width = 1 if rng.random() < 0.4 else 2
        if rng.random() < 0.05:
            return  # hardly any brows
        for brow in (self.places[17:22], self.places[22:27][::-1]):
            fine = np.stack([np.interp(np.linspace(0, 4, count), range(5), brow[:, k])
                             for k in (0, 1)], 1)
            layer = canvas.image.copy()
            for k, q in enumerate(fine):  # from the temple inwards
                along = brow[min(4, 1 + 4 * k // count)] - brow[min(3, 4 * k // count)]
                lean = np.arctan2(*along[::-1]) + np.pi + rng.normal(0, 0.35)
                a = q + [0, rng.normal(0, spread)]
                b = a + length * np.array([np.cos(lean), np.sin(lean)])
                cv2.line(layer, tuple(np.int32(a * 8)), tuple(np.int32(b * 8)),
                         tuple(map(float, colour)), width, cv2.LINE_AA, 3)
            canvas.image += 0.85 * (layer - canvas.image)

    def paint_beard(self, canvas):
        """-> where the beard grows, for hair of more than stubble's length, else None."""
        rng, p = self.rng, self.places
        whole = area(np.concatenate([p[1:16], p[[35, 33, 31]]]), 7)
        under_nose = area(np.concatenate([p[48:55], p[[35, 34, 33, 32, 31]]]), 3)
        chin = area(np.concatenate([p[[48]], p[5:12], p[[54]]]), 6)
        grows = [whole, np.maximum(under_nose, chin), under_nose, chin][rng.choice(
            4, p=(0.6, 0.2, 0.12, 0.08))]
        grows = grows * (1 - area(p[48:60], 1.2)) * (1 - 0.75 * area(
            np.concatenate([p[[31, 30, 35]], p[33:34] + [0, 3]]), 2))
        hairs = (rng.random((TEXTURE, TEXTURE)) < rng.uniform(0.3, 0.9)).astype(np.float32)
        canvas.blend(grows * cv2.GaussianBlur(hairs, (0, 0), 0.7) * rng.uniform(0.3, 1),
                     self.hair * 0.8)
        return grows if rng.random() < 0.35 else None

    def paint_creases(self, child):
        """Each group as a small window of the texture and how dark it makes it."""
        self.creases = []
        depth = (0.12 if child else 0.15 + 0.42 * self.age) * self.rng.uniform(0.6, 1.4)
        for names, lines in crease_lines(self.places).items():
            mask = np.zeros((TEXTURE, TEXTURE), np.float32)
            for points, strength in lines:
                points = points + self.rng.normal(0, 1.0, 2)
                add_line(mask, points, 2, 1.4, 2.2 * strength * depth)
                add_line(mask, points + [0, 3.5], 3, 2.2, -0.9 * strength * depth)
            window = window_of(np.abs(mask) > 0.004)
            if mask[window].size > 0:
                self.creases.append((names, window, mask[window][..., None],
                                     self.rng.uniform(0, 0.6) * self.age))

    def at(self, expression, size):
        """The texture, half as large where the image's edge is small against it."""
        image = self.image.copy()
        for names, window, mask, still in self.creases:
            # A fold that several muscles make is as deep as the strongest makes it.
            strength = still + (1 - still) * max(expression.get(name) for name in names)
            if strength > 0.03:
                image[window] *= 1 - strength * mask
        image = np.clip(image, 0, 255).astype(np.uint8)
        if size > TEXTURE // 2:
            return image
        return cv2.resize(image, (TEXTURE // 2, TEXTURE // 2), interpolation=cv2.INTER_AREA)


class Hair:
    """A shell over the head: which skin it covers and how far off it is."""

    def __init__(self, rng, rig, hat=None):
        """hat: None, "cap", "beanie" or "scarf"."""
        x, y, z = rig.neutral[:rigs.HEAD_END].T
        around = np.abs(np.arctan2(x, z - 1))
        wave = rng.uniform(0, 0.5) * np.sin(np.arctan2(x, z) * rng.uniform(2, 9) +
                                            rng.uniform(0, 6))
        front = rng.uniform(7.6, 9.8) if rng.random() < 0.7 else rng.uniform(5.2, 7.6)
        self.length = 0.0 if hat else float(rng.choice([0, 0, 0, 3, 7, 11]))
        temple, ear = rng.uniform(3, 6), rng.uniform(1, 4.5)
        nape = -4.5 - self.length
        knots = [0, 0.55, 0.85, 1.15, 1.45, 1.75, 3.2]
        line_of = [front, front - 0.3, front - 1.5, temple, ear, nape + 3, nape]
        if self.length > 0 and rng.random() < 0.7:  # falls over the ears and the cheeks' edge
            line_of[3:] = [-1 - self.length, nape, nape, nape]
        if hat in ("cap", "beanie"):
            line_of = [front, front, front - 0.3, 5.5, rng.uniform(3.5, 6), 3, rng.uniform(-1, 3)]
            wave = 0
        over = y - np.interp(around, knots, line_of) - wave
        if hat == "scarf":
            oval = (x / rng.uniform(5.6, 6.6)) ** 2 + ((y - 0.2) / rng.uniform(7.6, 8.6)) ** 2
            over = np.where((z > 2) & (y > -8.6), (oval - 1) * 3, 3)
        self.cloth = hat is not None
        soft = rng.uniform(0.5, 2.5) if hat is None else 0.6
        thick = rng.uniform(0.25, 1.6) if hat is None else rng.uniform(0.3, 0.9)
        self.offset = (thick * (np.clip(over / soft, 0.1, 1) +
                                0.5 * rng.uniform(0, 1) * np.clip(over / 6, 0, 1)))
        self.rough = np.float32(rng.normal(0, rng.uniform(0, 0.02 if hat else 0.12), rigs.HEAD_END))
        covered = over > 0
        self.triangles = rig.skin_triangles[covered[rig.skin_triangles].all(1)]
        self.uv = np.stack([np.arctan2(x, z) / 6.3 + 0.5, y / 20 + 0.5], 1)
        self.hang = np.clip((3 - y) / 4, 0, 1) * covered if self.length > 2 else None
        self.wide = rng.uniform(6.8, 9.0)
        self.visor = hat == "cap" and rng.random() < 0.8

    def vertices(self, vertices, normals):
        shell = vertices[:rigs.HEAD_END] + normals * (self.offset + self.rough)[:, None]
        if self.hang is not None:  # falls off the head rather than cling to the neck
            radius = np.hypot(shell[:, 0], shell[:, 2] + 0.5)
            push = 1 + self.hang * np.maximum(self.wide / np.maximum(radius, 1) - 1, 0)
            shell[:, 0] *= push
            shell[:, 2] = (shell[:, 2] + 0.5) * push - 0.5
        return shell


class Beard:
    def __init__(self, rng, rig, grows):
        uv = rig.uv_of[:rigs.FACE_END]
        column = np.clip(uv[:, 0] * TEXTURE, 0, TEXTURE - 1).astype(int)
        row = np.clip((1 - uv[:, 1]) * TEXTURE, 0, TEXTURE - 1).astype(int)
        thick = grows[row, column]
        self.offset = thick * rng.uniform(0.08, 0.7) * (1 + 0.15 * rng.normal(0, 1, len(thick)))
        face = rig.triangles[rig.materials == rigs.SKIN]
        self.triangles = face[(thick[face] > 0.35).all(1)]
        self.uv = uv

    def vertices(self, vertices, normals):
        shell = vertices[:rigs.FACE_END] + normals[:rigs.FACE_END] * self.offset[:, None]
        shell[:, 1] -= 0.4 * self.offset
        return shell


class Person:
    def __init__(self, rng, rig):
        self.neutral, child = draw_identity(rng, rig)
        age = 0.0 if child else rng.beta(1.2, 1.3)
        self.skin = Skin(rng, rig, age, child > 0)
        hat = rng.choice(["none", "bald", "cap", "beanie", "scarf"], p=(0.76, 0.09, 0.05, 0.05, 0.05))
        self.hair = None if hat == "bald" else Hair(rng, rig, None if hat == "none" else hat)
        self.beard = None if self.skin.beard is None else Beard(rng, rig, self.skin.beard)
        self.iris = IRIS_TONES[rng.integers(len(IRIS_TONES))] * rng.uniform(0.75, 1.3)
        self.iris_radius = rng.uniform(0.54, 0.63) * (1.06 if child else 1)
        self.lashes = rng.random() < 0.55
