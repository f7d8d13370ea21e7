"""Things in front of faces as meshes: glasses, masks, hands, phones, cups, microphones.

A mesh is (vertices, triangles, uvs, material of each triangle)."""

import numpy as np

from . import rig as rigs


def sheet(grid, material, closed=False):
    """rows x columns x 3 places as a surface; closed joins the last column to the first."""
    rows, columns = grid.shape[:2]
    triangles, uvs = [], []
    for i in range(rows - 1):
        for j in range(columns if closed else columns - 1):
            corner = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
            for a, b, c in ((0, 1, 2), (0, 2, 3)):
                three = [corner[k] for k in (a, b, c)]
                triangles.append([r * columns + s % columns for r, s in three])
                uvs.append([(s / columns, r / rows) for r, s in three])
    return (np.float32(grid.reshape(-1, 3)), np.array(triangles), np.float32(uvs),
            np.full(len(triangles), material, np.uint8))


def tube(path, radii, material, sides=8, ring=False):
    """A tube along a path; its ends are open unless the radii close them."""
    path, radii = np.asarray(path, float), np.broadcast_to(radii, len(path))
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if ring else np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-9
    helper = np.array([0.0, 0, 1]) if abs(ahead[:, 2]).mean() < 0.8 else np.array([0.0, 1, 0])
    first = np.cross(ahead, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True) + 1e-9
    second = np.cross(ahead, first)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    grid = path[:, None] + radii[:, None, None] * (first[:, None] * np.cos(angle)[:, None] +
                                                   second[:, None] * np.sin(angle)[:, None])
    if ring:
        grid = np.concatenate([grid, grid[:1]])
    return sheet(grid, material, True)


def capsule(a, b, wide, narrow, material):
    """Rounded at both ends."""
    t = np.concatenate([np.linspace(0, 0.16, 5), np.linspace(0.3, 0.7, 3), np.linspace(0.84, 1, 5)])
    a, b = np.asarray(a, float), np.asarray(b, float)
    length = np.linalg.norm(b - a) + wide + narrow
    way = (b - a) / (np.linalg.norm(b - a) + 1e-9)
    along = t * length - wide
    radii = wide + (narrow - wide) * t
    radii = radii * np.sqrt(np.clip(1 - np.clip(-along / wide, 0, 1) ** 2, 0.01, 1))
    over = (along - (length - wide - narrow)) / narrow
    radii = radii * np.sqrt(np.clip(1 - np.clip(over, 0, 1) ** 2, 0.01, 1))
    return tube(a + along[:, None] * way, radii, material, 10)


def join(meshes):
    vertices, triangles, uvs, materials = [], [], [], []
    count = 0
    for mesh in meshes:
        vertices.append(mesh[0])
        triangles.append(mesh[1] + count)
        uvs.append(mesh[2])
        materials.append(mesh[3])
        count += len(mesh[0])
    return (np.concatenate(vertices), np.concatenate(triangles), np.concatenate(uvs),
            np.concatenate(materials))


def glasses(rng, vertices):
    landmarks = vertices[list(rigs.LANDMARKS)]
    wide, high = rng.uniform(2.2, 2.9), rng.uniform(1.4, 2.3)
    power = 2 / rng.uniform(2, 6)  # from ovals to rectangles
    thick = rng.uniform(0.05, 0.2)
    depth = landmarks[27, 2] + rng.uniform(0.3, 0.9)
    slide = rng.uniform(-0.7, 0.1)
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    bend = lambda v: np.sign(v) * np.abs(v) ** power
    meshes, rims = [], []
    for eye, side in ((landmarks[36:42], -1), (landmarks[42:48], 1)):
        centre = eye.mean(0)
        x = centre[0] + side * 0.15 + wide * bend(np.cos(angle))
        y = centre[1] + slide + high * bend(np.sin(angle))
        rim = np.stack([x, y, depth - 0.035 * x ** 2], 1)
        rims.append(rim)
        if rng.random() < 0.95:
            meshes.append(tube(rim, thick, rigs.RIM, 6, True))
        middle = rim.mean(0) + [0, 0, 0.1]
        lens = np.stack([middle + (rim - middle) * r for r in (0.02, 0.5, 1)])
        meshes.append(sheet(lens, rigs.LENS, True))
        ear = landmarks[0 if side < 0 else 16] + [side * 0.4, 0.8, -1.0]
        hinge = rim[np.argmax(side * rim[:, 0])]
        turn = np.array([ear[0], hinge[1], hinge[2] - 1.0])
        meshes.append(tube(np.stack([hinge, turn, ear]), thick * 0.8, rigs.RIM, 6))
    bridge = np.stack([rims[0][0], (rims[0][0] + rims[1][18]) / 2 + [0, 0.3, 0.3], rims[1][18]])
    meshes.append(tube(bridge, thick, rigs.RIM, 6))
    return join(meshes)


def mask(rng, vertices):
    """Cloth from the nose to under the chin, taut from its top over what sticks out."""
    landmarks, face = vertices[list(rigs.LANDMARKS)], vertices[:rigs.FACE_END]
    top = landmarks[29, 1] + rng.uniform(-0.9, 0.7)
    rows, columns, side_z = 11, 17, landmarks[[2, 14], 2].mean() + 2.0
    heights = np.linspace(top, landmarks[8, 1] - rng.uniform(0.2, 0.8), rows)
    front, wide = [], []
    for y in heights:
        near = face[(np.abs(face[:, 1] - y) < 0.7) & (face[:, 2] > side_z)]
        front.append(near[:, 2].max() if len(near) > 0 else side_z + 1)
        wide.append(np.abs(near[:, 0]).max() if len(near) > 0 else 3.0)
    front, wide = np.array(front) + 0.35, np.array(wide) + 0.2
    for i in range(rows):  # no hollows: above the straight line between any two rows
        for j in range(i + 2, rows):
            between = np.arange(i + 1, j)
            chord = front[i] + (front[j] - front[i]) * (between - i) / (j - i)
            front[between] = np.maximum(front[between], chord)
    angle = np.linspace(-np.pi / 2, np.pi / 2, columns)
    grid = np.empty((rows, columns, 3))
    grid[..., 0] = wide[:, None] * np.sin(angle)
    grid[..., 1] = heights[:, None] - 0.5 * np.sin(angle) ** 2 * np.linspace(1, -1, rows)[:, None]
    grid[..., 2] = side_z + (front - side_z)[:, None] * np.cos(angle) ** rng.uniform(0.55, 0.8)
    grid[..., 0] += landmarks[33, 0]
    grid[1:-1] += rng.normal(0, 0.06, (rows - 2, columns, 3))
    parts = [sheet(grid, rigs.MASK)]
    for column, mark in ((0, 0), (columns - 1, 16)):
        for row in (0, rows - 1):
            rim, ear = grid[row, column], landmarks[mark] + [0, 0.5 if row == 0 else -0.8, -0.8]
            parts.append(tube(np.stack([rim, (rim + ear) / 2, ear]), 0.08, rigs.MASK, 6))
    return join(parts)


def hand(rng):
    """Fingers along y, palm facing -z, the wrist below the origin."""
    curl = rng.uniform(0, 0.5) if rng.random() < 0.7 else rng.uniform(0.5, 1.5)
    parts = []
    for x, length in zip((-1.9, -0.65, 0.65, 1.8), (3.0, 3.6, 3.8, 3.3)):
        lean = x * rng.uniform(0.02, 0.12)
        own = max(0, curl + rng.normal(0, 0.12))
        place, bend = np.array([x, 3.6 - 0.1 * x ** 2, 0]), 0.0
        for share, width in ((0.45, 0.78), (0.32, 0.7), (0.23, 0.62)):
            bend += own * (1.0 if share < 0.45 else 0.5)
            way = np.array([np.sin(lean), np.cos(lean) * np.cos(bend), -np.sin(bend)])
            end = place + way * length * share * 2.1
            parts.append(capsule(place, end, width, width * 0.9, rigs.HAND))
            place = end
        parts.append(capsule([x * 0.75, -2.6, 0.1], [x, 3.8, 0], 1.05, 0.85, rigs.HAND))
    spread = rng.uniform(0.2, 1.1)
    knuckle = np.array([-2.4 - 1.6 * np.sin(spread), 1.2, -0.5])
    parts.append(capsule([-1.3, -1.8, 0], knuckle, 1.1, 0.85, rigs.HAND))
    parts.append(capsule(knuckle, knuckle + [-1.3 * np.sin(spread), 2.2, -0.5], 0.85, 0.68,
                         rigs.HAND))
    parts.append(capsule([0, -2.5, 0.2], [0, -16, 1.5], 2.0, 2.3,
                         rigs.HAND if rng.random() < 0.5 else rigs.CLOTH))
    return join(parts)


def put(mesh, turn, place, scale=1.0):
    return (np.float32(mesh[0] * scale @ turn.T + place), *mesh[1:])


def hand_on_face(rng, vertices):
    landmarks = vertices[list(rigs.LANDMARKS)]
    target = landmarks[[8, 57, 51, 2, 14, 36, 45, 27, 30, 4, 12][rng.integers(11)]]
    turn = rigs.rotation("z", rng.uniform(-1.6, 1.6)) @ rigs.rotation("x", rng.normal(0, 0.3)) @ \
        rigs.rotation("y", rng.normal(0, 0.4))
    scale = rng.uniform(0.75, 1.0)
    place = target + [0, 0, rng.uniform(1.0, 3.5)] - turn @ [0, rng.uniform(1, 7), 0] * scale
    mesh = put(hand(rng), turn, place, scale)
    if rng.random() < 0.5:
        mesh = (mesh[0] * np.float32([-1, 1, 1]) + np.float32([2 * target[0], 0, 0]), *mesh[1:])
    # The palm stays in front of the skin.
    near = np.linalg.norm(mesh[0][:, :2] - landmarks[30, :2], axis=1) < 9
    if near.any():
        deep = (landmarks[:, 2].max() - 2.0) - mesh[0][near, 2].min()
        mesh[0][:, 2] += max(0, min(deep, 4))
    return mesh


def thing(rng, vertices):
    """A microphone, a cup, a phone or a sheet."""
    landmarks = vertices[list(rigs.LANDMARKS)]
    front = landmarks[30, 2]
    kind = rng.integers(4)
    if kind == 0:
        head = landmarks[57] + [rng.normal(0, 1.5), rng.uniform(-3, 0), rng.uniform(1.5, 4)]
        tail = head + [rng.normal(0, 4), -9, rng.uniform(0, 5)]
        return join([capsule(head, head + [0, 0.1, 0], 1.4, 1.4, rigs.THING),
                     tube(np.stack([head, (head + tail) / 2, tail]), 0.7, rigs.RIM, 10)])
    if kind == 1:
        top = landmarks[57] + [rng.normal(0, 0.6), rng.uniform(-0.5, 1), 4.2]
        heights = np.linspace(0, -rng.uniform(6, 9), 6)[:, None] * [0, 1, 0.1]
        return tube(top + heights, rng.uniform(2.5, 4), rigs.THING, 20)
    size = rng.uniform(3, 9, 2)
    spot = landmarks[rng.integers(68)] * [1, 1, 0] + [*rng.normal(0, 4, 2), front + rng.uniform(1, 5)]
    grid = np.stack(np.meshgrid([-0.5, 0, 0.5], [-0.5, 0, 0.5], [0]), -1)[:, :, 0] * [*size, 1]
    turn = rigs.rotation("z", rng.uniform(-1.6, 1.6)) @ rigs.rotation("y", rng.normal(0, 0.3))
    return put(sheet(grid, rigs.THING if kind == 2 else rigs.CLOTH), turn, spot)


def visor(vertices):
    """Of a cap."""
    brow = vertices[list(rigs.LANDMARKS[17:27])]
    angle = np.linspace(-1.15, 1.15, 15)
    base = np.stack([6.4 * np.sin(angle), np.full(15, brow[:, 1].max() + 2.2),
                     1.5 + 8.2 * np.cos(angle)], 1)
    rim = base + np.stack([1.5 * np.sin(angle), -0.8 * np.cos(angle) ** 2 - 0.2,
                           5.5 * np.cos(angle) ** 1.5], 1)
    return sheet(np.stack([base, (base + rim) / 2 + [0, 0.35, 0], rim]), rigs.CLOTH)
