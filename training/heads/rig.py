"""ICT-FaceKit's head as a rig: identities, expressions, eyeballs that turn, a tongue, and the
vertices that are labels.

Axes of the head: x towards the person's left, y up, z out of the face; the unit is about a
centimetre. Angles are radians, yaw towards the person's left, pitch up."""

import numpy as np
from scipy.spatial import cKDTree

# Ranges of vertices.
FACE_END, HEAD_END = 9409, 14062  # the face; all skin: head, neck, shoulders, sockets
MOUTH_SOCKET = (6632, 13294)      # within these are also vertices of the head: see components()
BALLS = {"L": slice(21451, 23021), "R": slice(23021, 24591)}

# The 68 vertices that ICT-FaceKit calls landmarks, in iBUG's order.
LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088,
    3443, 268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140,
    2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216,
    6207, 6470, 5517, 5966)

# The materials of triangles; those of props follow.
(SKIN, NECK, SOCKET, MOUTH, GUMS, TEETH, EYE, LASHES, TONGUE, HAIR, BEARD, CLOTH, HAND, RIM, LENS,
 THING, MASK) = range(17)

LIDS_EACH, LIPS_INNER, SURFACE_EACH_SIDE = 16, 20, 36

TONGUE_ROWS, TONGUE_COLUMNS = 14, 16

LOOKS = ("eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp")
LOOK_SIDEWAYS, LOOK_UPRIGHT = np.radians(30), np.radians(25)  # of eyeballs where a look is 1

# Apple's names of ARKit's 52 blend shapes. ICT-FaceKit has all of them but tongueOut; it splits
# browInnerUp and cheekPuff in a left and a right one, whose mean is the label.
SHAPES = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight",
    "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft",
    "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut")


def rotation(axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn = np.eye(3)
    turn[i, i] = turn[j, j] = c
    turn[i, j], turn[j, i] = -s, s
    return turn


def turn_of(yaw, pitch, roll=0.0):
    """Of a head or an eye: where its axes point. Roll is towards the person's right shoulder,
    that is, anticlockwise in the image."""
    return rotation("z", roll) @ rotation("y", yaw) @ rotation("x", -pitch)


def ring_order(edges):
    """The vertices of a closed loop of edges, one behind the other."""
    beside = {}
    for a, b in edges:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    start = min(beside)
    loop, last = [start], None
    while True:
        ways = [v for v in beside[loop[-1]] if v != last]
        if not ways or (ways[0] == start and len(loop) > 2):
            return np.array(loop)
        last = loop[-1]
        loop.append(ways[0])


def evenly(positions, loop, count, first):
    """count vertices of a loop, evenly along it, from the one nearest to first."""
    start = int(np.argmin(np.linalg.norm(positions[loop] - first, axis=1)))
    loop = np.roll(loop, -start)
    steps = np.linalg.norm(np.diff(positions[np.append(loop, loop[0])], axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(steps)])
    return [int(loop[np.argmin(np.abs(along[:-1] - along[-1] * k / count))])
            for k in range(count)]


def tongue_mesh():
    """Triangles and uv of a closed tube; u goes around, v to the tip."""
    rows, columns = TONGUE_ROWS, TONGUE_COLUMNS
    triangles, uvs = [], []
    for i in range(rows - 1):
        for j in range(columns):
            corner = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
            for a, b, c in ((0, 1, 2), (0, 2, 3)):
                three = [corner[k] for k in (a, b, c)]
                triangles.append([r * columns + s % columns for r, s in three])
                uvs.append([(s / columns, r / (rows - 1)) for r, s in three])
    return np.array(triangles), np.array(uvs)


class Rig:
    def __init__(self, path):
        """path: an archive of arrays: V vertices, VT texture places, tri and trit triangles of
        both, trim and mats their materials, E expressions, ex their names, I identities."""
        data = np.load(path)
        self.neutral = data["V"].astype(np.float32)
        self.expressions = data["E"].astype(np.float32)
        self.identities = data["I"].astype(np.float32)
        self.names = [str(name) for name in data["ex"]]
        self.index = {name: i for i, name in enumerate(self.names)}
        self.read_mesh(data)
        self.ball_centres = {side: self.centre_of(self.neutral, side) for side in "LR"}
        self.tongue_triangles, self.tongue_uvs = tongue_mesh()
        self.choose_points()
        self.choose_contours()

    def read_mesh(self, data):
        names = [str(name) for name in data["mats"]]
        number = {name: names.index(name) for name in names}
        kind, triangles, uvs = data["trim"], data["tri"], data["VT"][data["trit"]]
        low = self.neutral[triangles].min(1)
        materials = np.full(len(kind), 255, np.uint8)
        back = kind == number["M_BackHead"]
        materials[kind == number["M_Face"]] = SKIN
        materials[back] = NECK
        inside = back & (np.abs(self.neutral[triangles][..., 0]).max(1) < 4.6)
        middle = self.neutral[triangles].mean(1)
        materials[inside & (middle[:, 1] > 2) & (middle[:, 1] < 5.2) & (middle[:, 2] > 6)] = SOCKET
        materials[inside & (middle[:, 1] < -0.4) & (middle[:, 1] > -6.2) &
                  (middle[:, 2] > 0.6) & (low[:, 1] > -5.9)] = MOUTH
        for name, material in (("M_GumsTongue", GUMS), ("M_Teeth", TEETH), ("M_ScleraLeft", EYE),
                               ("M_ScleraRight", EYE), ("M_EyeLashes", LASHES)):
            materials[kind == number[name]] = material
        keep = materials != 255
        self.triangles, self.materials = triangles[keep], materials[keep]
        self.uvs = uvs[keep].astype(np.float32)
        self.uv_of = np.zeros((len(self.neutral), 2), np.float32)  # of the face's vertices
        face = self.materials == SKIN
        self.uv_of[self.triangles[face].ravel()] = self.uvs[face].reshape(-1, 2)
        for side in "LR":  # the rasteriser paints eyes by distance from the pupil's centre
            ball, centre = BALLS[side], self.centre_of(self.neutral, side)
            places = self.neutral - centre
            places[places[:, 2] < 0] = (9, 9, 0)
            own = (self.triangles >= ball.start).all(1) & (self.triangles < ball.stop).all(1)
            self.uvs[own] = places[self.triangles[own]][..., :2]
        self.skin_triangles = self.triangles[(self.materials == SKIN) | (self.materials == NECK)]

    @staticmethod
    def centre_of(vertices, side):
        ball = vertices[BALLS[side]]
        return (ball.min(0) + ball.max(0)) / 2

    def normals(self, vertices):
        """Of all skin."""
        normals = np.zeros((HEAD_END, 3), np.float32)
        corners = [vertices[self.skin_triangles[:, k]] for k in range(3)]
        faces = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        for k in range(3):
            for axis in range(3):
                normals[:, axis] += np.bincount(self.skin_triangles[:, k], faces[:, axis],
                                                HEAD_END).astype(np.float32)
        return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)

    def rim(self, other, near):
        """The loop on which the face meets another material, near a place."""
        def edges_of(material):
            t = self.triangles[self.materials == material]
            sides = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
            return {tuple(sorted(side)) for side in sides.tolist()}
        shared = [e for e in edges_of(SKIN) & edges_of(other)
                  if np.linalg.norm(self.neutral[e[0]] - near) < 4]
        return ring_order(shared)

    def mirror_of(self, vertices):
        """The vertex of the face on the other side for each of them."""
        return cKDTree(self.neutral[:FACE_END]).query(
            self.neutral[vertices] * np.float32([-1, 1, 1]))[1].astype(int)

    def choose_points(self):
        """Dense points behind the 68 landmarks: both eyelids' rims, the lips' inner rim, the
        brows' lower edge, surface points spread by place and by how expressions move them; then
        each iris's centre and rim. `mirror` says which point each becomes in a mirrored image."""
        neutral, landmarks = self.neutral, self.neutral[list(LANDMARKS)]
        groups = {}
        right = evenly(neutral, self.rim(SOCKET, landmarks[36:42].mean(0)), LIDS_EACH,
                       landmarks[36])
        groups["lids"] = right + self.mirror_of(right).tolist()
        lips = evenly(neutral, self.rim(MOUTH, landmarks[60:68].mean(0)), LIPS_INNER,
                      landmarks[60])
        half = sorted(lips, key=lambda v: neutral[v, 0])[:LIPS_INNER // 2]
        groups["lips"] = half + self.mirror_of(half).tolist()
        below = landmarks[17:22] - np.float32([0, 0.75, 0])
        tree = cKDTree(neutral[:FACE_END])
        brows = tree.query(below)[1].tolist()
        groups["brows"] = brows + self.mirror_of(brows).tolist()
        groups["surface"] = self.spread_points(list(LANDMARKS) + sum(groups.values(), []))
        self.group_sizes = {name: len(v) for name, v in groups.items()}
        dense = sum(groups.values(), [])
        self.dense = np.array(list(LANDMARKS) + dense)
        mirror, first = [], 68
        for name, members in groups.items():
            half = len(members) // 2
            mirror += [first + (k + half) % len(members) for k in range(len(members))]
            first += len(members)
        # Iris: right then left; centre, rim towards the image's right, up, left, down.
        mirror += [first + 5 + k for k in (0, 3, 2, 1, 4)] + [first + k for k in (0, 3, 2, 1, 4)]
        self.mirror = np.array(mirror)

    def spread_points(self, taken):
        """Mirrored pairs of the face, each as far as can be from all before."""
        neutral, normals = self.neutral, self.normals(self.neutral)
        move = self.expressions[:, :FACE_END].transpose(1, 0, 2)
        feature = np.concatenate([neutral[:FACE_END] * 0.5, move.reshape(FACE_END, -1) * 0.5], 1)
        good = ((neutral[:FACE_END, 0] < -0.15) & (neutral[:FACE_END, 2] > 4) &
                (neutral[:FACE_END, 1] > -8.3) & (neutral[:FACE_END, 1] < 7.5) &
                (normals[:FACE_END, 2] > 0.05))
        candidates = np.flatnonzero(good)
        least = np.full(len(candidates), np.inf)
        for v in taken:
            if v < FACE_END:
                least = np.minimum(least, np.linalg.norm(feature[candidates] - feature[v], axis=1))
        chosen = []
        for _ in range(SURFACE_EACH_SIDE):
            best = int(np.argmax(least))
            chosen.append(int(candidates[best]))
            least = np.minimum(least, np.linalg.norm(feature[candidates] - feature[chosen[-1]],
                                                     axis=1))
        return chosen + self.mirror_of(chosen).tolist()

    def choose_contours(self):
        """For each landmark of the jaw the vertices on which its visible contour may lie: those
        at its height along the jaw, from it towards the middle of the face."""
        neutral, normals = self.neutral, self.normals(self.neutral)
        face = neutral[:FACE_END]
        self.contours, self.outward = [], []
        middle = neutral[list(LANDMARKS[27:36])].mean(0)
        for i in range(17):
            own = neutral[LANDMARKS[i]]
            angle = np.pi * (i / 16 - 1)  # 0: to the person's right; 8: down
            self.outward.append((np.cos(angle), np.sin(angle)))
            way = middle[:2] - own[:2]
            length = np.linalg.norm(way)
            along = (face[:, :2] - own[:2]) @ way / length
            aside = np.abs((face[:, :2] - own[:2]) @ np.array([-way[1], way[0]]) / length)
            path = np.flatnonzero((along > 0) & (along < 0.45 * length) & (aside < 0.35) &
                                  (face[:, 2] > own[2] - 0.5) & (normals[:FACE_END, 2] > -0.3))
            self.contours.append(np.concatenate([[LANDMARKS[i]], path]))
        self.outward = np.array(self.outward)

    def contour_places(self, project, vertices, turn, visible_of=None):
        """Of the jaw's landmarks the visible contour in the image: 17 x 2. project: vertices of
        the head to pixels."""
        roll = np.arctan2(turn[1, 0], np.hypot(turn[0, 0], turn[2, 0]))
        spin = rotation("z", roll)[:2, :2]
        places = []
        for path, outward in zip(self.contours, self.outward):
            flat = project(vertices[path])
            direction = spin @ outward * [1, -1]  # the image's y goes down
            places.append(flat[int(np.argmax(flat @ direction))])
        return np.array(places)

    def deform(self, neutral, weights, gaze):
        """weights of ICT's expressions, (yaw, pitch) of the left and the right eye -> vertices."""
        vertices = neutral.copy()
        active = np.flatnonzero(weights)
        if len(active) > 0:
            vertices += np.tensordot(np.float32(weights[active]), self.expressions[active], 1)
        for side, angles in zip("LR", gaze):
            centre = self.centre_of(vertices, side)
            turn = turn_of(*angles).astype(np.float32)
            vertices[BALLS[side]] = (vertices[BALLS[side]] - centre) @ turn.T + centre
        return vertices

    def iris_places(self, vertices, gaze, radius):
        """Right then left eye: centre and rim, 10 x 3."""
        places = []
        for side, angles in (("R", gaze[1]), ("L", gaze[0])):
            centre = self.centre_of(vertices, side)
            ball = np.linalg.norm(vertices[BALLS[side]] - centre, axis=1)
            depth = np.float32([np.quantile(ball, 0.97), 0])
            depth[1] = np.sqrt(max(depth[0] ** 2 - radius ** 2, 0.1))
            for x, y, z in ((0, 0, depth[0]), (radius, 0, depth[1]), (0, radius, depth[1]),
                            (-radius, 0, depth[1]), (0, -radius, depth[1])):
                places.append(centre + turn_of(*angles) @ np.array([x, y, z]))
        return np.array(places)

    def shapes_of(self, weights, tongue):
        """ICT's weights and how far the tongue is out -> values of SHAPES."""
        def value(name):
            if name == "tongueOut":
                return tongue
            for whole, letter in (("Left", "_L"), ("Right", "_R")):
                if name.endswith(whole) and name[:-len(whole)] + letter in self.index:
                    return weights[self.index[name[:-len(whole)] + letter]]
            if name in self.index:
                return weights[self.index[name]]
            return (weights[self.index[name + "_L"]] + weights[self.index[name + "_R"]]) / 2
        return np.float32([value(name) for name in SHAPES])
