#!/usr/bin/env python3
"""Decodes what mocap-bridge sends, and a take of mocapctl export --live-link, by other projects'
own receivers, and compares every number with the recording.

    compare.py BIN_DIR [RECEIVERS_DIR]

BIN_DIR has mocapd's programs. RECEIVERS_DIR has the receivers' files, see README.md; default:
$MOCAPD_RECEIVERS.
"""

import contextlib
import importlib.util
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import types
from datetime import datetime

import receive

HERE = os.path.dirname(os.path.abspath(__file__))
FACE_CM = 14  # what a face counts as
# Half of the last digit that mocapctl export --json writes, and what 32 bits round.
SHAPE, PIXEL, CONFIDENCE, DEGREE, PLACE = 6e-5, 0.006, 6e-4, 6e-4, 6e-6


class Missing(Exception):
    """A receiver's file, or a program that runs it, isn't there."""


class Tally:
    """The numbers that were compared, and the largest deviation."""

    def __init__(self):
        self.count, self.worst = 0, 0.0

    def near(self, got, wanted, tolerance, what):
        assert len(got) == len(wanted), f"{what}: {len(got)} numbers, wanted {len(wanted)}"
        for i, (a, b) in enumerate(zip(got, wanted)):
            assert abs(a - b) <= tolerance, f"{what}[{i}]: got {a}, wanted {b}"
            self.worst = max(self.worst, abs(a - b))
        self.count += len(got)


def upstream(directory, *parts):
    path = os.path.join(directory, *parts)
    if not os.path.exists(path):
        raise Missing(f"no {os.path.join(*parts)}")
    return path


def run(words, **more):
    try:
        return subprocess.run(words, check=True, text=True, capture_output=True, timeout=300,
                              **more).stdout
    except FileNotFoundError:
        raise Missing(f"no {words[0]}") from None
    except subprocess.CalledProcessError as error:
        raise AssertionError(f"{words[0]}: {error.stderr}") from error


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def shown_faces(records):
    """The face of each record that mocap-bridge shows: the same person while visible, otherwise the
    one with the best score; None for a record without one."""
    shown, number = [], None
    for record in records:
        faces = {face["id"]: face for face in record["faces"]} if not record.get("lost") else {}
        if number not in faces:
            number = max(faces, key=lambda id: faces[id]["score"], default=None)
        shown.append(faces.get(number))
    return shown


def euler(face):
    return face["pose"]["euler"]


def gaze(face):
    return face.get("gaze", {"left": [0, 0], "right": [0, 0]})


# ---- OpenSeeFace: Unity/OpenSee.cs, with a stand-in for the few types of Unity it needs

def multiply(a, b):
    (x, y, z, w), (p, q, r, s) = a, b
    return [w * p + x * s + y * r - z * q, w * q - x * r + y * s + z * p,
            w * r + x * q - y * p + z * s, w * s - x * p - y * q - z * r]


def inverse(q):
    return [-q[0], -q[1], -q[2], q[3]]


def matrix(q):
    x, y, z, w = q
    return [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]


def turn(m, v):
    return [sum(row[i] * v[i] for i in range(3)) for row in m]


def unity_rotation(face):
    """As OpenSeeIKTarget.cs turns the head, before calibration."""
    x, y, z, w = face["rawQuaternion"]
    return [-y, -x, z, w]


def check_open_see_points(tally, decoded, face):
    """66 of the record's 68 landmarks, without the inner corners of the mouth."""
    order = [*range(48), *range(49, 54), *range(55, 60), 48, *range(61, 64), 54, *range(65, 68)]
    points = [face["keypoints"][i] for i in order]
    tally.near(sum(decoded["points"][:66], []), sum(([x, y] for x, y, _ in points), []), PIXEL,
               "points")
    tally.near(decoded["confidence"][:66], [c for _, _, c in points], CONFIDENCE, "confidence")


def check_open_see_projection(tally, decoded, record):
    """The 3-D points, by the pose that came with them, lie on the points of the frame, for the
    camera that facetracker.py solves with."""
    rotation = matrix(inverse(decoded["rawQuaternion"]))
    x, y, z = decoded["translation"]
    translation = [y, -x, -z]  # OpenSee.cs: (-y, x, -z)
    width, height = record["width"], record["height"]
    for point, at in zip(decoded["points"][:66], decoded["points3D"]):
        # The packet has (x, -y, -z) of the head, and OpenSee.cs turns y again.
        seen = [a + b for a, b in zip(turn(rotation, [at[0], at[1], -at[2]]), translation)]
        tally.near([seen[1] / seen[2] * width + height / 2, seen[0] / seen[2] * width + width / 2],
                   point, 0.05, "3-D points in the frame")


def check_open_see_gaze(tally, decoded, face):
    """The rotations of the eyes that OpenSee.cs makes of the pupils; yaw to the person's right and
    pitch down are positive in the record."""
    for name, (yaw, pitch) in (("leftGaze", gaze(face)["left"]), ("rightGaze", gaze(face)["right"])):
        yaw, pitch = math.radians(yaw), math.radians(pitch)
        tally.near(turn(matrix(decoded[name]), [0, 0, 1]),
                   [math.sin(yaw) * math.cos(pitch), math.sin(pitch),
                    math.cos(yaw) * math.cos(pitch)], 2e-3, name)


def check_open_see(tally, receivers, records, datagrams, directory):
    source = upstream(receivers, "OpenSeeFace", "Unity", "OpenSee.cs")
    program = os.path.join(directory, "open_see.exe")
    run(["mcs", "-nowarn:219", f"-out:{program}", source, "-r:System.Core",
         *(os.path.join(HERE, name) for name in ("unity_stand_in.cs", "open_see_decode.cs"))])
    lines = run(["mono", program], input="".join(f"{datagram.hex()}\n" for datagram in datagrams))
    with_faces = [record for record in records if record["faces"] and not record.get("lost")]
    decoded = [json.loads(line) for line in lines.splitlines()]
    assert len(decoded) == len(with_faces), f"{len(decoded)} datagrams, {len(with_faces)} records"
    numbers, rest = {}, None
    for record, faces in zip(with_faces, decoded):
        by_id = {face["id"]: face for face in record["faces"]}
        numbers = {number: face_id for number, face_id in numbers.items() if face_id in by_id}
        for face_id in by_id:
            if face_id not in numbers.values():
                numbers[next(n for n in range(16) if n not in numbers)] = face_id
        assert sorted(face["id"] for face in faces) == sorted(numbers), (faces, numbers)
        for got in faces:
            face = by_id[numbers[int(got["id"])]]
            tally.near(got["cameraResolution"], [record["width"], record["height"]], 0, "size")
            blinks = [face["shapes"]["eyeBlinkRight"], face["shapes"]["eyeBlinkLeft"]]
            tally.near([got["rightEyeOpen"], got["leftEyeOpen"]], [1 - blink for blink in blinks],
                       SHAPE, "eyes")
            assert got["got3DPoints"] and abs(got["time"] - time.time()) < 600, got["time"]
            check_open_see_points(tally, got, face)
            check_open_see_projection(tally, got, record)
            check_open_see_gaze(tally, got, face)
            # From the first frame, which calibrates the receiver, the head turns as the record says.
            if rest is None:
                rest = inverse(unity_rotation(got)), inverse(face["pose"]["rotation"])
            turned = multiply(unity_rotation(got), rest[0])
            wanted = multiply(face["pose"]["rotation"], rest[1])
            sign = math.copysign(1, sum(a * b for a, b in zip(turned, wanted)))
            tally.near([sign * part for part in turned], wanted, 1e-4, "the head's turn")


# ---- Live Link Face: PyLiveLinkFace, and blender_livelinkface for takes

def live_link_module(receivers):
    path = upstream(receivers, "PyLiveLinkFace", "pylivelinkface", "pylivelinkface.py")
    # Of the package timecode it needs a count of frames, for what it sends.
    sys.modules["timecode"] = types.SimpleNamespace(
        Timecode=lambda rate, text: types.SimpleNamespace(frames=0))
    try:
        return load("pylivelinkface", path)
    except ModuleNotFoundError as error:
        raise Missing(f"no python3 module {error.name}") from error


def live_link_numbers(face):
    """By PyLiveLinkFace's own names."""
    shapes = {name[0].upper() + name[1:]: value for name, value in face["shapes"].items()}
    pitch, yaw, roll = euler(face)
    (left_yaw, left_pitch), (right_yaw, right_pitch) = gaze(face)["left"], gaze(face)["right"]
    degrees = {"HeadYaw": yaw, "HeadPitch": pitch, "HeadRoll": roll, "LeftEyeYaw": left_yaw,
               "LeftEyePitch": left_pitch, "LeftEyeRoll": 0, "RightEyeYaw": right_yaw,
               "RightEyePitch": right_pitch, "RightEyeRoll": 0}
    return {**shapes, **{name: math.radians(value) for name, value in degrees.items()}}


def check_live_link(tally, receivers, records, datagrams, _):
    module = live_link_module(receivers)
    shown = shown_faces(records)
    assert len(datagrams) == len(shown), f"{len(datagrams)} datagrams, {len(shown)} records"
    now = datetime.now()
    for face, datagram in zip(shown, datagrams):
        is_face, got = module.PyLiveLinkFace.decode(datagram)
        assert is_face == (face is not None), (is_face, face)
        if face is None:
            continue
        assert got.name == "mocapd" and got._version == 6 and got.fps == 60
        of_day = ((now.hour * 60 + now.minute) * 60 + now.second) * 60
        assert abs(got._frames - of_day) < 300 * 60 and got._denominator == 1, got._frames
        wanted = live_link_numbers(face)
        names = [shape.name for shape in module.FaceBlendShape]
        assert set(names) == set(wanted), set(names) ^ set(wanted)
        tally.near([got.get_blendshape(shape) for shape in module.FaceBlendShape],
                   [wanted[name] for name in names], SHAPE, "Live Link Face")


class Mesh(dict):
    """An object of Blender without shape keys of its own: all 61 are custom properties."""

    def __init__(self, names):
        super().__init__({name: 0.0 for name in names})
        self.data = types.SimpleNamespace(
            shape_keys=types.SimpleNamespace(key_blocks=Keys(), animation_data=self))
        self.animation_data = self
        self.action = types.SimpleNamespace(fcurves=[])

    def keyframe_insert(self, path, frame):
        del path, frame  # the values are read where from_csv puts them


class Keys(list):
    def find(self, name):
        del name
        return -1


def check_take(tally, receivers, records, take, _):
    """Blender's add-on reads the columns by their place, and leaves the last frame out."""
    path = upstream(receivers, "blender_livelinkface", "bpylivelinkface.py")
    module = live_link_module(receivers)
    actions = types.SimpleNamespace(new=lambda name: types.SimpleNamespace(fcurves=[]))
    sys.modules["bpy"] = types.SimpleNamespace(data=types.SimpleNamespace(actions=actions))
    sys.modules["livelinkface"] = types.ModuleType("livelinkface")
    sys.modules["livelinkface.pylivelinkface"] = module
    blender = load("bpylivelinkface", path)
    names = blender.LIVE_LINK_FACE_HEADER[2:]
    with contextlib.redirect_stdout(io.StringIO()):
        target = blender.LiveLinkTarget.from_csv([Mesh(names)], take)[0]
    faces = [record["faces"][0] for record in records if record["faces"]]
    for face, got in list(zip(faces, target.custom_prop_frames[1:]))[:-1]:
        wanted = live_link_numbers(face)
        tally.near([got[target.custom_props.index(name)] for name in names],
                   [wanted[name] for name in names], SHAPE, "take")
    with open(take, encoding="ascii") as file:
        header = file.readline().strip().split(",")
    assert header == blender.LIVE_LINK_FACE_HEADER, header


# ---- iFacialMocap: talking-head-anime-3-demo

def check_ifacialmocap(tally, receivers, records, datagrams, _):
    upstream(receivers, "talking-head-anime-3-demo", "tha3", "mocap", "ifacialmocap_v2.py")
    sys.path.insert(0, os.path.join(receivers, "talking-head-anime-3-demo"))
    from tha3.mocap import ifacialmocap_constants as names
    from tha3.mocap.ifacialmocap_v2 import parse_ifacialmocap_v1_pose
    faces = [face for face in shown_faces(records) if face is not None]
    assert len(datagrams) == len(faces), f"{len(datagrams)} datagrams, {len(faces)} faces"
    for face, datagram in zip(faces, datagrams):
        got = parse_ifacialmocap_v1_pose(datagram.decode("ascii"))
        # It knows all names but cheekPuff and what has none in its puppets.
        sent = set(names.BLENDSHAPE_NAMES)
        assert sent <= set(face["shapes"]) and sent <= set(got), sent - set(got)
        tally.near([got[name] for name in sorted(sent)],
                   [face["shapes"][name] for name in sorted(sent)], 0.005 + SHAPE, "shapes, rounded")
        tally.near([got[names.HEAD_BONE_X], got[names.HEAD_BONE_Y], got[names.HEAD_BONE_Z]],
                   [math.radians(angle) for angle in euler(face)], math.radians(DEGREE), "head")
        for eye, keys in (("left", names.LEFT_EYE_BONE_ROTATIONS),
                          ("right", names.RIGHT_EYE_BONE_ROTATIONS)):
            yaw, pitch = gaze(face)[eye]
            tally.near([got[key] for key in keys], [math.radians(pitch), math.radians(yaw), 0],
                       math.radians(DEGREE), eye)


# ---- opentrack: its own module "UDP over network"

def check_opentrack(tally, receivers, records, datagrams, directory):
    source = upstream(receivers, "opentrack", "tracker-udp", "ftnoir_tracker_udp.cpp")
    program = os.path.join(directory, "opentrack")
    try:
        flags = run(["pkg-config", "--cflags", "--libs", "Qt5Network", "Qt5Widgets"]).split()
    except AssertionError as error:
        raise Missing("no Qt 5 (package qtbase5-dev)") from error
    run(["g++", "-std=c++17", "-fPIC", "-I", os.path.join(HERE, "opentrack_stand_in"), "-o", program,
         os.path.join(HERE, "opentrack_decode.cpp"), source, *flags])
    lines = run([program], input="".join(f"{datagram.hex()}\n" for datagram in datagrams),
                env={**os.environ, "OPENTRACK_PORT": str(receive.free_port())})
    faces = [face for face in shown_faces(records) if face is not None]
    decoded = [json.loads(line) for line in lines.splitlines()]
    assert len(decoded) == len(faces), f"{len(decoded)} datagrams, {len(faces)} faces"
    for face, got in zip(faces, decoded):
        (x, y, z), (pitch, yaw, roll) = face["pose"]["translation"], euler(face)
        # TX, TY, TZ, Yaw, Pitch, Roll
        tally.near(got, [-FACE_CM * x, -FACE_CM * y, FACE_CM * z, yaw, -pitch, -roll],
                   max(FACE_CM * PLACE, DEGREE), "opentrack")


CHECKS = (("OpenSeeFace", "osf", check_open_see), ("Live Link Face", "live-link", check_live_link),
          ("Live Link Face's take", "take", check_take),
          ("iFacialMocap", "ifacialmocap", check_ifacialmocap),
          ("opentrack", "opentrack", check_opentrack))


def main():
    bin_dir, *more = sys.argv[1:]
    receivers = os.path.abspath(more[0] if more else os.environ.get("MOCAPD_RECEIVERS", ""))
    if not os.path.isdir(os.path.join(receivers, "OpenSeeFace")) and not more:
        print("skipped: MOCAPD_RECEIVERS names no folder with other projects' receivers "
              "(tests/rigs/receivers/README.md)")
        return 77
    bin_dir = os.path.abspath(bin_dir)
    mocapctl = os.path.join(bin_dir, "mocapctl")
    skipped = 0
    with tempfile.TemporaryDirectory(prefix="mocapd-receivers-") as directory:
        for name, record in (("records made up", receive.record_extremes),
                             ("a clip", receive.record_clip)):
            recording = record(bin_dir, directory)
            records = receive.records_of(mocapctl, recording)
            assert len(records) > 60, f"{name}: {len(records)} records"
            sent = receive.play(bin_dir, recording, directory)
            sent["take"] = os.path.join(directory, "take.csv")
            run([mocapctl, "export", "--live-link", "--output", sent["take"], recording])
            for title, key, check in CHECKS:
                tally = Tally()
                try:
                    check(tally, receivers, records, sent[key], directory)
                    print(f"{title}, {name}: {tally.count} numbers of {len(records)} records, "
                          f"largest deviation {tally.worst:.2g}")
                except Missing as missing:
                    print(f"{title}, {name}: skipped: {missing}")
                    skipped += 1
    return 77 if skipped == 2 * len(CHECKS) else 0


if __name__ == "__main__":
    sys.exit(main())
