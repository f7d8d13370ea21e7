"""One training image of a head, and all that is true of it.

Labels (pixels: pixel i covers [i, i + 1]; angles in radians):
  landmarks  68 x 3: iBUG's scheme by the visible contour; x, y, 1 where visible
  dense      points x 3: rig.dense, then both irises; x, y, 1 where visible
  shapes     ARKit's 52 (rig.SHAPES)
  gaze       left and right eye: yaw, pitch in the head's axes
  turn       3 x 3: the head's axes in the camera's, whose optical axis meets the head's origin
  axis       where the optical axis meets the image; face_data.Renders.turn_at turns from there to
             the middle of a crop
  camera     focal length in pixels, distance in centimetres, the crop's field of view"""

import copy

import cv2
import numpy as np

from . import props, raster
from . import rig as rigs

IRIS_FIRST = 10  # vertices of the irises, put before the tongue's


def draw_angles(rng):
    """Degrees: yaw to 80, pitch to 40, roll."""
    kind = rng.random()
    yaw = rng.normal(0, 22) if kind < 0.62 else rng.uniform(-80, 80)
    pitch = rng.normal(2, 11) if rng.random() < 0.75 else rng.uniform(-40, 40)
    roll = rng.normal(0, 6) if rng.random() < 0.85 else rng.uniform(-35, 35)
    return np.clip([yaw, pitch, roll], (-80, -40, -40), (80, 40, 40))


def draw_lights(rng, plain):
    if plain:
        return [raster.light((0.3, 0.5, 1), (0.75, 0.73, 0.7))], np.full(3, 0.42), np.full(3, 0.3)
    warm = rng.uniform(0.75, 1.0, 3)
    power = rng.uniform(0.1, 1.5)
    key = (rng.uniform(-1.3, 1.3), rng.uniform(-0.4, 1.2), rng.uniform(0.1, 1.2))
    lights = [raster.light(key, warm * power)]
    if rng.random() < 0.6:  # a window, a screen, a lamp behind
        lights.append(raster.light((rng.uniform(-1.5, 1.5), rng.uniform(-0.7, 0.7),
                                    rng.uniform(-0.9, 1)),
                                   rng.uniform(0.3, 1.0, 3) * rng.uniform(0.05, 0.6)))
    sky = rng.uniform(0.8, 1.0, 3) * rng.uniform(0.12, 0.75)
    return lights, sky, sky * rng.uniform(0.3, 1.0) * rng.uniform(0.85, 1, 3)


def draw_background(rng, photographs, size):
    if len(photographs) > 0 and rng.random() < 0.8:
        photograph = photographs[rng.integers(len(photographs))]
        edge = int(rng.uniform(0.35, 1) * min(photograph.shape[:2]))
        y, x = (rng.integers(0, n - edge + 1) for n in photograph.shape[:2])
        image = cv2.resize(photograph[y:y + edge, x:x + edge], (size, size),
                           interpolation=cv2.INTER_AREA)
        if rng.random() < 0.5:
            image = image[:, ::-1]
    else:  # a wall in some light, perhaps with frames and edges
        ends = rng.uniform(0, 255, (2, 1, 3)) if rng.random() < 0.4 else np.repeat(
            rng.uniform(0, 255, (2, 1, 1)), 3, 2)
        image = cv2.resize(np.float32(ends), (size, size), interpolation=cv2.INTER_LINEAR)
        for _ in range(rng.integers(0, 7)):
            a, b = rng.integers(-20, size + 20, (2, 2))
            cv2.rectangle(image, tuple(map(int, a)), tuple(map(int, b)),
                          tuple(map(float, rng.uniform(0, 255, 3))), -1 if rng.random() < 0.6 else 3)
        image = np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), rng.uniform(0.5, 5))
    return np.ascontiguousarray(image)


def tongue_vertices(rng, vertices, out):
    """A tongue from the throat to its tip; out from 0 (at rest behind the teeth) to 1."""
    landmarks = vertices[list(rigs.LANDMARKS)]
    lip_above, lip_below = landmarks[62], landmarks[66]
    teeth = vertices[20263:20435]  # the lower incisors
    floor = teeth[:, 1].max()
    gap = max(lip_above[1] - lip_below[1], 0)
    over = max(floor, lip_below[1]) + 0.22
    if out > 0:
        reach, rise = 0.3 + out * rng.uniform(2.4, 4.2), over
        droop = rng.uniform(0.5, 1.45) if rng.random() < 0.8 else rng.uniform(-0.7, 0.3)
        aside = rng.normal(0, 0.2) if rng.random() < 0.7 else rng.uniform(-0.8, 0.8)
        half = rng.uniform(0.28, 0.4) if gap > 0.6 else 0.24
    else:
        reach, rise = -rng.uniform(0.5, 2.2), floor - rng.uniform(-0.2, 0.6)
        droop, aside, half = 0.0, rng.normal(0, 0.05), 0.3
    wide = rng.uniform(1.15, 1.55)
    point = rng.uniform(0.25, 0.5)  # the tip's share of the length
    rows, columns = rigs.TONGUE_ROWS, rigs.TONGUE_COLUMNS
    start = -5.0
    lip = np.array([(lip_above[0] + lip_below[0]) / 2, rise, (lip_above[2] + lip_below[2]) / 2])
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    grid = []
    # Half the rows lie beyond the lips, where they bend.
    share = np.concatenate([np.linspace(0, 0.45, rows // 2, endpoint=False),
                            np.linspace(0.45, 1, rows - rows // 2)])
    at = np.interp(share, [0, 0.45, 1], [start, min(-0.4, reach - 0.6), reach])
    place, lean = lip + [0, 0, start], 0.0
    for i, along in enumerate(at):
        step = along - (at[i - 1] if i > 0 else along)
        lean = droop * np.clip((along - 0.15) / 1.1, 0, 1)
        place = place + step * np.array([aside * (along > 0), -np.sin(lean), np.cos(lean)])
        narrow = np.sqrt(np.clip(1 - np.clip((share[i] - 1 + point) / point, 0, 1) ** 2.2, 0.015, 1))
        up = np.array([0, np.cos(lean), np.sin(lean)])
        groove = 1 - 0.5 * np.exp(-((angle - np.pi / 2) / 0.35) ** 2)
        across = wide * (0.75 + 0.25 * share[i]) * narrow * np.cos(angle)
        height = half * narrow ** 0.7 * np.sin(angle) * groove
        back = np.array([0, 0.5 * np.clip(-along - 1.5, 0, 2), 0])
        grid.append(place + back + across[:, None] * [1, 0, 0] + height[:, None] * up)
    return np.float32(np.concatenate(grid))


def exposure_of(rig, vertices):
    """The share of light in the mouth, under the lids, in the sockets."""
    landmarks = vertices[list(rigs.LANDMARKS)]
    exposure = np.ones(len(vertices), np.float32)
    gap = max(landmarks[62, 1] - landmarks[66, 1], 0.05)
    corner = abs(landmarks[54, 0] - landmarks[48, 0]) / 2 + 0.1
    inside = np.unique(rig.triangles[np.isin(rig.materials, (rigs.MOUTH, rigs.GUMS, rigs.TEETH))])
    p = vertices[inside]
    middle = (landmarks[62] + landmarks[66]) / 2
    front = middle[2] - 0.055 * p[:, 0] ** 2  # the lips' arc
    depth = np.clip(front - p[:, 2], 0, None)
    side = np.clip(1 - (p[:, 0] / corner) ** 2, 0.15, 1)
    exposure[inside] = np.clip(np.exp(-depth / (0.35 + 1.3 * gap)) * (0.35 + 0.65 * side), 0.01, 1)
    rim = np.unique(rig.triangles[rig.materials == rigs.MOUTH])
    lip = rim[rim < rigs.FACE_END]
    exposure[lip] = 1  # shared with the face
    exposure[np.unique(rig.triangles[rig.materials == rigs.SOCKET])] = 0.4
    exposure[:rigs.FACE_END] = np.where(exposure[:rigs.FACE_END] == 0.4, 0.8,
                                        exposure[:rigs.FACE_END])
    for side_name, lid in (("R", (37, 38)), ("L", (43, 44))):
        ball = rigs.BALLS[side_name]
        below = landmarks[list(lid), 1].max() - vertices[ball, 1]
        corner_x = np.abs(vertices[ball, 0] - landmarks[list(lid), 0].mean())
        exposure[ball] = np.clip(0.5 + below / 0.6, 0.4, 1) * np.clip(1.5 - corner_x / 2.4, 0.45, 1)
    return exposure


class Mesh:
    """Grows by parts."""

    def __init__(self, rig, vertices, with_lashes):
        keep = rig.materials != rigs.LASHES if not with_lashes else slice(None)
        self.parts = {"vertices": [vertices], "exposure": [exposure_of(rig, vertices)],
                      "triangles": [rig.triangles[keep]], "uvs": [rig.uvs[keep]],
                      "materials": [rig.materials[keep]]}
        self.count = len(vertices)

    def add(self, vertices, triangles, uvs, materials, exposure=1.0):
        self.parts["vertices"].append(vertices)
        self.parts["exposure"].append(np.full(len(vertices), exposure, np.float32)
                                      if np.isscalar(exposure) else exposure)
        self.parts["triangles"].append(triangles + self.count)
        self.parts["uvs"].append(uvs)
        self.parts["materials"].append(np.broadcast_to(np.uint8(materials), len(triangles)))
        self.count += len(vertices)

    def whole(self):
        return {name: np.concatenate(parts) for name, parts in self.parts.items()}


def add_props(rng, mesh, vertices):
    """-> names of what was added."""
    added = []
    if rng.random() < 0.2:
        mesh.add(*props.glasses(rng, vertices))
        added.append("glasses")
    if rng.random() < 0.05:
        mesh.add(*props.mask(rng, vertices))
        added.append("mask")
    kind = rng.random()
    if kind < 0.08:
        mesh.add(*props.hand_on_face(rng, vertices))
        added.append("hand")
    elif kind < 0.13:
        mesh.add(*props.thing(rng, vertices))
        added.append("thing")
    return added


def material_table(rng, person, plain):
    skin = person.skin.tone / 255
    shine = rng.uniform(0.03, 0.45)
    any_colour = lambda: rng.uniform(0.02, 1, 3) if rng.random() < 0.6 else np.full(
        3, rng.uniform(0.02, 0.95))
    hair = np.clip(person.skin.hair / 255 * rng.uniform(0.85, 1.15), 0, 1)
    cloth = any_colour()
    sunglasses = rng.random() < 0.15
    m = raster.material
    table = {
        rigs.SKIN: m(raster.SKIN, skin, shine, rng.uniform(8, 26), 0.5, one_sided=True),
        rigs.NECK: m(raster.PLAIN, skin, shine, 12, 0.5, one_sided=True),
        rigs.SOCKET: m(raster.PLAIN, skin * [0.9, 0.6, 0.55], 0.2, 30, 0.4),
        rigs.MOUTH: m(raster.PLAIN, (0.62, 0.26, 0.25), 0.15, 25, 0.3),
        rigs.GUMS: m(raster.PLAIN, (0.76, 0.42, 0.42), 0.35, 40, 0.4),
        rigs.TEETH: m(raster.TEETH, np.array([0.93, 0.9, 0.83]) * rng.uniform(0.75, 1.05) *
                      [1, 1, rng.uniform(0.85, 1.05)], 0.4, 50, 0.3),
        rigs.EYE: m(raster.EYE, np.array([0.93, 0.9, 0.88]) * rng.uniform(0.85, 1.03), 1.0, 150, 0.2),
        rigs.LASHES: m(raster.LASHES, (0.08, 0.06, 0.05), 0.05),
        rigs.TONGUE: m(raster.TONGUE, np.array([0.84, 0.46, 0.47]) * rng.uniform(0.8, 1.1) *
                       [1, rng.uniform(0.85, 1.15), 1], rng.uniform(0.15, 0.6), rng.uniform(15, 50),
                       0.45),
        rigs.HAIR: m(raster.HAIR, hair, rng.uniform(0.05, 0.35), rng.uniform(8, 40), 0.2),
        rigs.BEARD: m(raster.HAIR, hair * rng.uniform(0.7, 1.0), 0.06, 10, 0.2),
        rigs.CLOTH: m(raster.CLOTH, cloth, 0.03, 8, 0.1),
        rigs.HAND: m(raster.PLAIN, np.clip(skin * rng.uniform(0.92, 1.05), 0, 1), shine, 15, 0.5),
        rigs.RIM: m(raster.PLAIN, any_colour() * (0.3 if rng.random() < 0.6 else 1),
                    rng.uniform(0.1, 0.9), 40),
        rigs.LENS: m(raster.GLASS, rng.uniform(0, 0.25, 3), rng.uniform(0, 1.5), 200,
                     alpha=rng.uniform(0.65, 0.97) if sunglasses else rng.uniform(0, 0.25)),
        rigs.THING: m(raster.PLAIN, any_colour(), rng.uniform(0, 0.6), rng.uniform(8, 60)),
        rigs.MASK: m(raster.CLOTH, ((0.9, 0.93, 0.95), (0.55, 0.75, 0.88), (0.1, 0.1, 0.12))[
            rng.integers(3)] if rng.random() < 0.7 else any_colour(), 0.03, 8, 0.2),
    }
    return [table[i] for i in range(len(table))]


class Camera:
    """Looks at the head so that the face fills 1 / margin of the image."""

    def __init__(self, rng, size, turn, landmarks, margin, plain):
        self.size, self.turn = size, turn
        self.distance = 60.0 if plain else float(np.exp(rng.uniform(np.log(24), np.log(220))))
        seen = landmarks @ turn.T
        flat = seen[:, :2] / (self.distance - seen[:, 2:])
        low, high = flat.min(0), flat.max(0)
        self.focal = size / (margin * (high - low).max())
        middle = (low + high) / 2
        self.centre = np.array([size / 2 - self.focal * middle[0],
                                size / 2 + self.focal * middle[1]])

    def project(self, vertices):
        """Of the head's axes -> pixels."""
        seen = vertices @ self.turn.T
        scale = (self.focal / (self.distance - seen[:, 2]))[:, None]
        return self.centre + seen[:, :2] * scale * [1, -1]

    def field_of_view(self):
        return 2 * np.arctan(self.size / (2 * self.focal))


class Webcam(Camera):
    """Of a given field of view (radians); its axis meets the image's middle and the head's
    origin."""

    def __init__(self, size, turn, field_of_view, distance=60.0):
        self.size, self.turn, self.distance = size, turn, distance
        self.focal = size / (2 * np.tan(field_of_view / 2))
        self.centre = np.array([size / 2, size / 2])


def assemble(rng, rig, person, expression, plain):
    """-> mesh in the head's axes, vertices of the head, names of props."""
    vertices = rig.deform(person.neutral, expression.weights, expression.gaze)
    normals = rig.normals(vertices)
    mesh = Mesh(rig, vertices, person.lashes)
    iris = np.float32(rig.iris_places(vertices, expression.gaze, person.iris_radius))
    mesh.add(iris, np.zeros((0, 3), int), np.zeros((0, 3, 2)), 0)
    mouth_open = vertices[rigs.LANDMARKS[62], 1] - vertices[rigs.LANDMARKS[66], 1]
    if expression.tongue > 0 or mouth_open > 0.15:
        tongue = tongue_vertices(rng, vertices, expression.tongue)
        lip = (vertices[rigs.LANDMARKS[62], 2] + vertices[rigs.LANDMARKS[66], 2]) / 2
        depth = np.clip(lip - 0.2 - tongue[:, 2], 0, None)
        mesh.add(tongue, rig.tongue_triangles, rig.tongue_uvs, rigs.TONGUE,
                 np.float32(np.exp(-depth / (0.4 + 1.3 * max(mouth_open, 0.05)))))
    if person.hair is not None:
        hair = person.hair
        mesh.add(hair.vertices(vertices, normals), hair.triangles,
                 np.float32(hair.uv[hair.triangles]), rigs.CLOTH if hair.cloth else rigs.HAIR)
        if hair.visor:
            mesh.add(*props.visor(vertices))
    if person.beard is not None:
        beard = person.beard
        mesh.add(beard.vertices(vertices, normals), beard.triangles,
                 np.float32(beard.uv[beard.triangles]), rigs.BEARD)
    added = [] if plain else add_props(rng, mesh, vertices)
    return mesh, vertices, added


def picture(rng, rig, rasteriser, person, expression, angles, size=192, margin=1.9,
            photographs=(), plain=False, field_of_view=None):
    """angles: yaw, pitch, roll in degrees. plain: even light, no props. field_of_view: radians;
    None: the face fills 1 / margin of the image -> image, labels."""
    turn = rigs.turn_of(*np.radians(angles))
    # Plain images of a person differ in what the face does alone, so a mouth that opens must not
    # change what is drawn by lot after it.
    mesh, vertices, added = assemble(copy.deepcopy(rng) if plain else rng, rig, person, expression,
                                     plain)
    if field_of_view is not None:
        camera = Webcam(size, turn, field_of_view)
    else:
        camera = Camera(rng, size, turn, vertices[list(rigs.LANDMARKS)], margin, plain)
    whole = mesh.whole()
    whole["vertices"] = whole["vertices"] @ np.float32(turn.T)
    irises = len(vertices) + np.arange(IRIS_FIRST)
    lights, sky, ground = draw_lights(rng, plain)
    image, places = rasteriser.render(
        size, whole, material_table(rng, person, plain), lights, person.skin.at(expression, size),
        draw_background(rng, photographs, size), np.concatenate([rig.dense, irises]),
        distance=camera.distance, focal=camera.focal, centre=camera.centre, reach=23, sky=sky,
        ground=ground, iris_colour=(person.iris / 255) ** 2, iris_radius=person.iris_radius,
        pupil_radius=person.iris_radius * rng.uniform(0.32, 0.7))
    landmarks = places[:68].copy()
    landmarks[:17, :2] = rig.contour_places(camera.project, vertices, turn)
    return image, {
        "landmarks": landmarks, "dense": places,
        "shapes": rig.shapes_of(expression.weights, expression.tongue),
        "gaze": np.float32(expression.gaze), "turn": np.float32(turn),
        "angles": np.float32(angles), "axis": np.float32(camera.centre),
        "camera": np.float32([camera.focal, camera.distance, camera.field_of_view()]),
        "props": ",".join(added)}
