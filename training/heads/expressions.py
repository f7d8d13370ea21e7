"""What faces do: ICT's weights, the tongue, where both eyes look."""

import numpy as np

from .rig import LOOK_SIDEWAYS, LOOK_UPRIGHT

# What muscles do together, each share drawn anew; names stand for both sides.
TOGETHER = (
    {"mouthSmile": 0.9, "cheekSquint": 0.7, "eyeSquint": 0.4},
    {"mouthSmile": 0.7, "mouthUpperUp": 0.5, "jawOpen": 0.35, "cheekSquint": 0.5},
    {"mouthSmile": 0.5, "mouthDimple": 0.6},
    {"browDown": 0.9, "eyeSquint": 0.6, "mouthPress": 0.5},
    {"browDown": 0.8, "noseSneer": 0.8, "mouthUpperUp": 0.5, "cheekSquint": 0.4},
    {"browInnerUp": 0.9, "mouthFrown": 0.8, "mouthShrugLower": 0.4},
    {"browInnerUp": 0.9, "browOuterUp": 0.9, "eyeWide": 0.8, "jawOpen": 0.5},
    {"mouthPucker": 0.9, "mouthFunnel": 0.3}, {"mouthFunnel": 0.9, "jawOpen": 0.3},
    {"cheekPuff": 1.0, "mouthPress": 0.3}, {"cheekPuff": 0.8, "mouthPucker": 0.5},
    {"mouthRollLower": 0.8, "mouthRollUpper": 0.8, "mouthPress": 0.4},
    {"mouthShrugLower": 0.8, "mouthShrugUpper": 0.6, "mouthFrown": 0.3},
    {"mouthStretch": 0.9, "mouthLowerDown": 0.6, "jawOpen": 0.25},
    {"jawOpen": 0.3, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2},
    {"jawOpen": 0.2, "mouthClose": 0.2, "mouthPucker": 0.3}, {"jawForward": 0.9, "browDown": 0.3},
    {"eyeBlink": 1.0, "cheekSquint": 0.8, "noseSneer": 0.4, "browDown": 0.5},
)
NEVER_BOTH = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"))
SHUT_BY_PUFFING = ("jawOpen", "mouthFunnel", "mouthLowerDown_L", "mouthLowerDown_R",
                   "mouthUpperUp_L", "mouthUpperUp_R", "mouthClose")
SHUT_BY_TONGUE = ("mouthPucker", "mouthClose", "mouthRollLower", "mouthRollUpper", "mouthPress_L",
                  "mouthPress_R", "mouthShrugLower", "cheekPuff_L", "cheekPuff_R")


class Expression:
    def __init__(self, rig):
        self.rig = rig
        self.weights = np.zeros(len(rig.names), np.float32)
        self.tongue = 0.0
        self.gaze = np.zeros((2, 2))  # left, right eye: yaw, pitch

    def add(self, name, value, rng=None, one_sided=0.0):
        """The larger of what is there and value; name may stand for both sides."""
        index = self.rig.index
        if name in index:
            numbers = [index[name]]
        else:
            numbers = [index[f"{name}_{side}"] for side in "LR"]
            if rng is not None and rng.random() < one_sided:
                numbers = [numbers[rng.integers(2)]]
        for number in numbers:
            drift = rng.normal(0, 0.06) if rng is not None and len(numbers) > 1 else 0
            self.weights[number] = max(self.weights[number], np.clip(value + drift, 0, 1))

    def scale(self, names, factor):
        for name in names:
            self.weights[self.rig.index[name]] *= factor

    def get(self, name):
        return float(self.weights[self.rig.index[name]])

    def put_out_tongue(self, rng, value):
        self.tongue = value
        self.scale(SHUT_BY_TONGUE, 0)
        self.add("jawOpen", 0.15 + 0.12 * value + rng.uniform(0, 0.3))
        self.add("mouthLowerDown", rng.uniform(0, 0.4))

    def look(self, gaze):
        """Sets the gaze, and the lids that follow it."""
        self.gaze = np.array(gaze, float)
        for side, (yaw, pitch) in zip("LR", self.gaze):
            outwards = yaw if side == "L" else -yaw
            for name, value in (("Out", outwards / LOOK_SIDEWAYS), ("In", -outwards / LOOK_SIDEWAYS),
                                ("Up", pitch / LOOK_UPRIGHT), ("Down", -pitch / LOOK_UPRIGHT)):
                self.weights[self.rig.index[f"eyeLook{name}_{side}"]] = np.clip(value, 0, 1)

    def settle(self):
        """What excludes each other."""
        for one, other in NEVER_BOTH:
            weaker = one if self.get(one) < self.get(other) else other
            self.scale([weaker], 0)
        for side in "LR":
            self.scale([f"eyeWide_{side}"], 1 - self.get(f"eyeBlink_{side}"))
        puffed = max(self.get("cheekPuff_L"), self.get("cheekPuff_R"))
        self.scale(SHUT_BY_PUFFING, 1 - min(0.9, 1.2 * puffed))
        close = self.rig.index["mouthClose"]
        self.weights[close] = min(self.weights[close], self.get("jawOpen"))


def base_names(rig):
    """Names without sides, the looks left out."""
    return sorted({name.rsplit("_", 1)[0] for name in rig.names if not name.startswith("eyeLook")})


def draw_gaze(rng):
    """Degrees, then radians; toe-in far wider than people's, so that crossed eyes are known."""
    yaw, pitch = rng.normal(0, 13), rng.normal(0, 9)
    if rng.random() < 0.35:
        yaw, pitch = rng.uniform(-38, 38), rng.uniform(-27, 24)
    toe_in = abs(rng.normal(0, 3)) if rng.random() < 0.8 else rng.uniform(-4, 26)
    gaze = np.array([[yaw - toe_in, pitch], [yaw + toe_in, pitch]]) + rng.normal(0, 0.8, (2, 2))
    return np.radians(np.clip(gaze, [-42, -30], [42, 27]))


def draw_single(rng, face, names):
    name = names[rng.integers(len(names))]
    value = rng.beta(1.6, 0.9)
    if name == "tongueOut":
        face.put_out_tongue(rng, value)
    else:
        face.add(name, value, rng, 0.25)
        if name == "mouthClose":
            face.add("jawOpen", value)


def draw(rng, rig):
    face = Expression(rig)
    names = base_names(rig) + ["tongueOut"]
    kind = rng.random()
    if kind < 0.06:
        pass
    elif kind < 0.34:
        draw_single(rng, face, names)
    elif kind < 0.62:
        for name, value in TOGETHER[rng.integers(len(TOGETHER))].items():
            face.add(name, value * rng.uniform(0.3, 1.15), rng, 0.1)
        if rng.random() < 0.4:
            draw_single(rng, face, names)
    else:
        for _ in range(rng.integers(2, 6)):
            draw_single(rng, face, names)
    if kind > 0.3:
        for name in names[:-1]:  # traces of others
            if rng.random() < 0.05:
                face.add(name, rng.uniform(0, 0.3), rng, 0.3)
    lids = rng.random()
    if lids < 0.14:
        face.add("eyeBlink", rng.uniform(0.2, 1), rng)
    elif lids < 0.18:
        face.add("eyeBlink", rng.uniform(0.7, 1), rng, 1)
    if kind > 0.3 and rng.random() < 0.25:
        face.add("jawOpen", rng.beta(1, 1.5))
    if rng.random() < 0.04:
        face.put_out_tongue(rng, rng.uniform(0.15, 1))
    face.settle()
    face.look(draw_gaze(rng))
    return face
