#!/usr/bin/env python3
"""mocap-bridge's other languages, number by number against a record, by parsers that are not ours:
liblo's oscdump for what is OSC, Python's struct and text for the rest, read as the receivers' sources
and documents say. Then targets that fail, settings of a file, and the state of all.

    check_bridge_outputs.py MOCAP_BRIDGE
"""

import json
import math
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from check_bridge import OscDump, check, free_port, make_face, near, wait_bound
from check_web import busy_socket
from played_daemon import Daemon, abort_after

GUARD_S = 240
EULER = [12.0, -30.0, 7.0]  # pitch, yaw, roll
PLACE = [0.5, -0.25, 4.0]
GAZE = {"left": [20.0, 10.0], "right": [-5.0, -15.0]}
# ARKit's shapes in the order of Unreal Engine's EARFaceBlendShape, which Live Link Face sends in.
LIVE_LINK = """EyeBlinkLeft EyeLookDownLeft EyeLookInLeft EyeLookOutLeft EyeLookUpLeft EyeSquintLeft
EyeWideLeft EyeBlinkRight EyeLookDownRight EyeLookInRight EyeLookOutRight EyeLookUpRight
EyeSquintRight EyeWideRight JawForward JawLeft JawRight JawOpen MouthClose MouthFunnel MouthPucker
MouthLeft MouthRight MouthSmileLeft MouthSmileRight MouthFrownLeft MouthFrownRight MouthDimpleLeft
MouthDimpleRight MouthStretchLeft MouthStretchRight MouthRollLower MouthRollUpper MouthShrugLower
MouthShrugUpper MouthPressLeft MouthPressRight MouthLowerDownLeft MouthLowerDownRight
MouthUpperUpLeft MouthUpperUpRight BrowDownLeft BrowDownRight BrowInnerUp BrowOuterUpLeft
BrowOuterUpRight CheekPuff CheekSquintLeft CheekSquintRight NoseSneerLeft NoseSneerRight
TongueOut""".split()


def arkit(name):
    return name[0].lower() + name[1:]


SHAPES = {arkit(name): (i + 1) / 64 for i, name in enumerate(LIVE_LINK)}


def rotation(pitch, yaw, roll):
    """The quaternion of Ry(yaw) Rx(pitch) Rz(roll)."""
    def turn(axis, degrees):
        half = math.radians(degrees) / 2
        return [math.sin(half) * (i == axis) for i in range(3)] + [math.cos(half)]

    def multiply(a, b):
        (x, y, z, w), (p, q, r, s) = a, b
        return [w * p + x * s + y * r - z * q, w * q - x * r + y * s + z * p,
                w * r + x * q - y * p + z * s, w * s - x * p - y * q - z * r]

    return multiply(multiply(turn(1, yaw), turn(0, pitch)), turn(2, roll))


def full_face(number=1, **more):
    face = make_face(number, shapes=SHAPES, gaze=GAZE,
                     pose={"rotation": rotation(*EULER), "euler": EULER, "translation": PLACE,
                           "error": 0.02})
    face.update(more)
    return face


class Receiver:
    """A socket that datagrams arrive at."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(GUARD_S)
        self.port = self.socket.getsockname()[1]

    def next(self):
        return self.socket.recv(65536)

    def is_silent(self):
        """Nothing has arrived."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(65536)
            return False
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(GUARD_S)


# ---- the languages

def check_opentrack(packet):
    check(len(packet) == 48, len(packet))
    near(struct.unpack("<6d", packet),
         [-14 * PLACE[0], -14 * PLACE[1], 14 * PLACE[2], EULER[1], -EULER[0], -EULER[2]],
         "opentrack", 1e-4)


def parse_live_link(packet):
    """(uuid, name, frame, subframe, rate, values), as PyLiveLinkFace decodes them."""
    version, length = struct.unpack_from(">Bi", packet)
    check(version == 6 and length == 36, (version, length))
    uuid = packet[5:41].decode()
    name_length = struct.unpack_from(">i", packet, 41)[0]
    name = packet[45:45 + name_length].decode()
    at = 45 + name_length
    frame, subframe, rate, denominator = struct.unpack_from(">ifii", packet, at)
    values = []
    if len(packet) > at + 16:
        check(packet[at + 16] == 61 and len(packet) == at + 17 + 244, len(packet))
        values = struct.unpack_from(">61f", packet, at + 17)
    return uuid, name, frame, subframe, rate / denominator, values


def check_live_link(packet):
    uuid, name, frame, subframe, rate, values = parse_live_link(packet)
    check(re.fullmatch("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", uuid), uuid)
    check(name == "mocapd" and rate == 60 and 0 <= subframe < 1 and 0 <= frame < 86400 * 60,
          (name, rate, subframe, frame))
    check(len(packet) == 312, "VRCFaceTracking's module knows the datagram by its length")
    near(values[:52], [SHAPES[arkit(name)] for name in LIVE_LINK], "Live Link's shapes")
    angles = [EULER[1], EULER[0], EULER[2], *GAZE["left"], 0, *GAZE["right"], 0]
    near(values[52:], [math.radians(angle) for angle in angles], "Live Link's angles")


def check_ifacialmocap(packet):
    """As VMagicMirror reads it: one '=', whole numbers, a last '|'."""
    text = packet.decode("ascii")
    check(text.count("=") == 1 and text.endswith("|"), text)
    shapes, rest = text.split("=")
    got = {}
    for part in shapes.split("|")[:-1]:
        name, value = part.split("-")
        got[re.sub("_R$", "Right", re.sub("_L$", "Left", name))] = int(value)
    check(set(got) == set(SHAPES), set(got) ^ set(SHAPES))
    near([got[name] for name in sorted(got)], [100 * SHAPES[name] for name in sorted(got)],
         "iFacialMocap's shapes", 0.501)
    check("eyeBlink_L-" in shapes and "|jawLeft-" in shapes and "|mouthLeft-" in shapes, shapes)
    parts = dict(part.split("#") for part in rest.split("|")[:-1])
    near([float(x) for x in parts["head"].split(",")],
         [*EULER, *(-0.14 * place for place in PLACE)], "iFacialMocap's head", 1e-4)
    for eye, side in (("leftEye", "left"), ("rightEye", "right")):
        near([float(x) for x in parts[eye].split(",")], [GAZE[side][1], GAZE[side][0], 0], eye,
             1e-4)


def check_plain_osc(messages):
    got = {path: values for path, _, values in messages}
    check(got["/mocap/tracking"] == [1] and got["/mocap/face"] == [1], got)
    near(got["/mocap/head/rotation"], rotation(*EULER), "rotation", 1e-4)
    near(got["/mocap/head/euler"], EULER, "euler", 1e-4)
    near(got["/mocap/head/translation"], PLACE, "translation", 1e-4)
    near(got["/mocap/gaze/left"] + got["/mocap/gaze/right"], GAZE["left"] + GAZE["right"], "gaze",
         1e-4)
    near([got["/mocap/shape/" + name][0] for name in SHAPES], list(SHAPES.values()), "shapes")


def unified():
    """What VRCFaceTracking's UnifiedExpressionsParameters.cs makes of these shapes, for an ARKit
    source as its Live Link module reads it: base expressions first, combined ones from them."""
    s = {name: SHAPES[name] for name in SHAPES}
    u = {}
    for side in ("Left", "Right"):
        for ours, theirs in (("browDown", "BrowPinch"), ("browDown", "BrowLowerer"),
                             ("browOuterUp", "BrowOuterUp"), ("cheekSquint", "CheekSquint"),
                             ("eyeSquint", "EyeSquint"), ("eyeWide", "EyeWide"),
                             ("mouthUpperUp", "MouthUpperUp"),
                             ("mouthUpperUp", "MouthUpperDeepen"), ("noseSneer", "NoseSneer"),
                             ("mouthLowerDown", "MouthLowerDown"), ("mouth", "MouthUpper"),
                             ("mouth", "MouthLower"), ("mouthSmile", "MouthCornerPull"),
                             ("mouthSmile", "MouthCornerSlant"), ("mouthFrown", "MouthFrown"),
                             ("mouthStretch", "MouthStretch"), ("mouthDimple", "MouthDimple"),
                             ("mouthPress", "MouthPress")):
            u[theirs + side] = s[ours + side]
        for ours, theirs in (("browInnerUp", "BrowInnerUp"), ("cheekPuff", "CheekPuff"),
                             ("mouthRollUpper", "LipSuckUpper"),
                             ("mouthRollLower", "LipSuckLower"),
                             ("mouthFunnel", "LipFunnelUpper"), ("mouthFunnel", "LipFunnelLower"),
                             ("mouthPucker", "LipPuckerUpper"), ("mouthPucker", "LipPuckerLower")):
            u[theirs + side] = s[ours]
        u["Jaw" + side] = s["jaw" + side]
        u["BrowUp" + side] = .6 * u["BrowOuterUp" + side] + .4 * u["BrowInnerUp" + side]
        u["BrowDown" + side] = .75 * u["BrowLowerer" + side] + .25 * u["BrowPinch" + side]
        u["MouthSmile" + side] = .8 * u["MouthCornerPull" + side] + .2 * u["MouthCornerSlant" + side]
        u["MouthSad" + side] = max(u["MouthFrown" + side], u["MouthStretch" + side])
        u["BrowExpression" + side] = min(1, .5 * u["BrowInnerUp" + side]
                                         + .5 * u["BrowOuterUp" + side]) - u["BrowDown" + side]
        u["SmileFrown" + side] = u["MouthSmile" + side] - u["MouthFrown" + side]
        u["SmileSad" + side] = u["MouthSmile" + side] - u["MouthSad" + side]
        u["MouthCornerY" + side] = u["MouthCornerSlant" + side] - u["MouthFrown" + side]
        u["MouthTightenerStretch" + side] = -u["MouthStretch" + side]
        u["CheekPuffSuck" + side] = u["CheekPuff" + side]
        u["LipPucker" + side] = (u["LipPuckerUpper" + side] + u["LipPuckerLower" + side]) / 2
        for lip in ("Upper", "Lower"):
            u[f"LipSuckFunnel{lip}{side}"] = u[f"LipSuck{lip}{side}"] - u[f"LipFunnel{lip}{side}"]
        u["EyeClosed" + side] = s["eyeBlink" + side]
        u["EyeOpen" + side] = 1 - s["eyeBlink" + side]
        u["EyeLid" + side] = .75 * u["EyeOpen" + side] + .25 * u["EyeWide" + side]
        yaw, pitch = GAZE[side.lower()]
        u[f"Eye{side}X"] = math.tan(math.radians(yaw))
        u[f"Eye{side}Y"] = -math.tan(math.radians(pitch))
    for name in ("BrowUp", "BrowDown", "BrowInnerUp", "BrowOuterUp", "BrowExpression",
                 "CheekSquint", "CheekPuffSuck", "LipSuckUpper", "LipSuckLower", "LipFunnelUpper",
                 "LipFunnelLower", "LipPuckerUpper", "LipPuckerLower", "LipPucker",
                 "LipSuckFunnelUpper", "LipSuckFunnelLower", "MouthUpperUp", "MouthLowerDown",
                 "MouthStretch", "MouthPress", "MouthDimple", "NoseSneer", "SmileFrown",
                 "SmileSad", "MouthCornerY", "MouthTightenerStretch", "EyeClosed", "EyeOpen",
                 "EyeLid"):
        u[name] = (u[name + "Left"] + u[name + "Right"]) / 2
    u["EyeX"] = (u["EyeLeftX"] + u["EyeRightX"]) / 2
    u["EyeY"] = (u["EyeLeftY"] + u["EyeRightY"]) / 2
    u["EyeSquint"] = u["EyesSquint"] = max(u["EyeSquintLeft"], u["EyeSquintRight"])
    u["EyeWide"] = max(u["EyeWideLeft"], u["EyeWideRight"])
    u["LipSuck"] = (u["LipSuckUpper"] + u["LipSuckLower"]) / 2
    u["LipFunnel"] = (u["LipFunnelUpper"] + u["LipFunnelLower"]) / 2
    u["MouthOpen"] = (u["MouthUpperUp"] + u["MouthLowerDown"]) / 2
    u["JawX"] = u["JawRight"] - u["JawLeft"]
    u["JawOpen"], u["JawForward"], u["JawZ"] = s["jawOpen"], s["jawForward"], s["jawForward"]
    for lip in ("Upper", "Lower"):
        u[f"Mouth{lip}X"] = u[f"Mouth{lip}Right"] - u[f"Mouth{lip}Left"]
    u["MouthX"] = (u["MouthUpperX"] + u["MouthLowerX"]) / 2
    u["MouthClosed"], u["TongueOut"] = s["mouthClose"], s["tongueOut"]
    u["MouthRaiserUpper"], u["MouthRaiserLower"] = s["mouthShrugUpper"], s["mouthShrugLower"]
    return u


def check_vrchat(messages, own=""):
    """own: what comes before v2/."""
    prefix = "/avatar/parameters/"
    got = {path: values for path, _, values in messages}
    for what in ("Eye", "Expression", "Lip"):
        check(got[f"{prefix}{what}TrackingActive"] == [True], what)
    wanted = unified()
    sent = {path[len(prefix + own) + 3:]: values for path, values in got.items()
            if path.startswith(prefix + own + "v2/")}
    check(set(sent) == set(wanted), set(sent) ^ set(wanted))
    near([sent[name][0] for name in sorted(wanted)], [wanted[name] for name in sorted(wanted)],
         "unified expressions", 2e-5)
    left, right = GAZE["left"], GAZE["right"]
    near(got["/tracking/eye/LeftRightPitchYaw"], [left[1], left[0], right[1], right[0]],
         "VRChat's eyes", 1e-4)
    near(got["/tracking/eye/EyesClosedAmount"],
         [(SHAPES["eyeBlinkLeft"] + SHAPES["eyeBlinkRight"]) / 2], "VRChat's lids")


def check_prefixes(bridge, directory):
    """VRChat's parameters below a prefix, the longest among them."""
    path, config = os.path.join(directory, "prefixes"), os.path.join(directory, "prefixes.conf")
    prefixes = ("FT", "a/" + 30 * "b")
    dumps = [OscDump(free_port()) for _ in prefixes]
    wait_bound(dump.process.args[2] for dump in dumps)
    with open(config, "w", encoding="utf-8") as file:
        for prefix, dump in zip(prefixes, dumps):
            file.write(f"[target {prefix}]\ntype = vrchat\naddress = 127.0.0.1:"
                       f"{dump.process.args[2]}\nprefix = {prefix}/\n")
    process = subprocess.Popen([bridge, "--config", config, "--socket", path, "--status-socket",
                                os.path.join(directory, "prefixes-status")])
    try:
        daemon = Daemon(path)
        daemon.record([full_face()])
        for prefix, dump in zip(prefixes, dumps):
            check_vrchat(dump.messages("/tracking/eye/LeftRightPitchYaw"), prefix + "/")
        daemon.close()
    finally:
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")
        for dump in dumps:
            dump.close()


def check_languages(bridge, directory):
    path = os.path.join(directory, "languages")
    dumps = {"vrchat": OscDump(free_port()), "osc": OscDump(free_port())}
    receivers = {name: Receiver() for name in ("opentrack", "live-link", "ifacialmocap")}
    ports = {name: dump.process.args[2] for name, dump in dumps.items()}
    wait_bound(ports.values())
    ports.update({name: receiver.port for name, receiver in receivers.items()})
    words = [word for name, port in ports.items() for word in (f"--{name}", f"127.0.0.1:{port}")]
    process = subprocess.Popen([bridge, "--socket", path, "--status-socket",
                                os.path.join(directory, "status"), *words])
    try:
        daemon = Daemon(path)
        daemon.record([full_face()])
        check_opentrack(receivers["opentrack"].next())
        check_live_link(receivers["live-link"].next())
        check_ifacialmocap(receivers["ifacialmocap"].next())
        check_plain_osc(dumps["osc"].messages("/mocap/shape/tongueOut"))
        check_vrchat(dumps["vrchat"].messages("/tracking/eye/LeftRightPitchYaw"))
        daemon.record([])  # nobody is there
        check(parse_live_link(receivers["live-link"].next())[5] == [], "no values, no face")
        check(dumps["osc"].messages("/mocap/tracking")[-1][2] == [0], "not tracked")
        lost = dumps["vrchat"].messages("/avatar/parameters/LipTrackingActive")
        check([values for _, _, values in lost[-3:]] == [[False]] * 3, lost)
        check(receivers["opentrack"].is_silent() and receivers["ifacialmocap"].is_silent(),
              "nothing is said of nobody")
        # A face without shapes, pose and gaze: all names are sent, and are 0.
        bare = make_face(2)
        del bare["shapes"], bare["pose"]
        daemon.record([bare])
        check(all(f"{name}" in packet for packet in [receivers["ifacialmocap"].next().decode()]
                  for name in ("jawOpen-0|", "eyeBlink_L-0|", "head#0")), "zeros")
        near(parse_live_link(receivers["live-link"].next())[5], [0] * 61, "zeros")
        daemon.close()
    finally:
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")
        for dump in dumps.values():
            dump.close()


# ---- targets live each by itself

def report(bridge, status):
    """The bridge's targets, by name; asks until it answers."""
    while True:
        ended = subprocess.run([bridge, "--status-socket", status, "status", "--json"],
                               capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            return {target["name"]: target for target in json.loads(ended.stdout)["targets"]}
        time.sleep(0.05)


def check_isolation(bridge, directory):
    """A name that nobody knows, a port where nobody listens and a network that is not there cost
    the other targets nothing."""
    path, status = os.path.join(directory, "alone"), os.path.join(directory, "alone-status")
    good = Receiver()
    refused = free_port()
    config = os.path.join(directory, "alone.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"""socket = {path}
status-socket = {status}
[target lost]
type = vmc
address = nobody.invalid
[target refused]
type = osf
address = 127.0.0.1:{refused}
[target elsewhere]
type = vmc
address = [fe80::1%no-such-link]:9
[target broadcast]
type = opentrack
address = 127.255.255.255:{refused}
[target good]
type = opentrack
address = localhost:{good.port}
""")
    ended = subprocess.run([bridge, "--check-config", "--config", config], capture_output=True,
                           text=True, check=False)
    check(ended.returncode == 0 and "5 targets" in ended.stdout, ended)
    process = subprocess.Popen([bridge, "--config", config])
    try:
        daemon = Daemon(path)
        while report(bridge, status)["good"]["state"] != "ready":
            time.sleep(0.05)
        # localhost may be ::1 first, where nobody listens: each record tries the next address.
        while good.is_silent():
            daemon.record([full_face()])
            time.sleep(0.05)
        targets = report(bridge, status)
        check(targets["lost"]["state"] == "resolving" and targets["lost"]["reason"] != "", targets)
        check(targets["refused"]["sent"] > 0, targets)
        check(targets["elsewhere"]["state"] in ("resolving", "down"), targets)
        check(targets["good"]["connected"] and targets["good"]["stream"] == "one"
              and targets["good"]["stream_state"] == "live" and targets["good"]["face"], targets)
        text = subprocess.run([bridge, "status", "--status-socket", status], capture_output=True,
                              text=True, check=True).stdout
        again = subprocess.run([bridge, "status", "--config", config], capture_output=True,
                               text=True, check=True).stdout
        check(again.split()[0] == text.split()[0], "the file says where to ask")
        check("good" in text and "a face is shown" in text and "nobody.invalid" in text, text)
        other = subprocess.run([bridge, "--status-socket", os.path.join(directory, "none"),
                                "status"], capture_output=True, text=True, check=False)
        check(other.returncode == 1 and "no mocap-bridge is running" in other.stderr, other)
        daemon.close()
    finally:
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")
    check(not os.path.exists(status), "the status socket is gone")
    check_busy_status(bridge, directory)


def check_outage(bridge, directory):
    """The state says why there is nothing to send: mocapd isn't there, or has no such stream."""
    path, status = os.path.join(directory, "outage"), os.path.join(directory, "outage-status")
    process = subprocess.Popen([bridge, "--socket", path, "--status-socket", status, "--stream",
                                "three", "--osc", f"127.0.0.1:{free_port()}"])
    while "No such file" not in report(bridge, status)["osc"]["outage"]:
        time.sleep(0.05)
    daemon = Daemon(path, grants=False)
    request = daemon.request("subscribe")
    check(request["stream"] == "three", request)
    daemon.say({"type": "error", "id": request["id"], "code": "no-such-stream",
                "message": "no stream 'three'"})
    while "no stream 'three'" not in report(bridge, status)["osc"]["outage"]:
        time.sleep(0.05)
    text = subprocess.run([bridge, "status", "--status-socket", status], capture_output=True,
                          text=True, check=True).stdout
    check("waiting for mocapd: " in text and "no stream 'three'" in text, text)
    process.send_signal(signal.SIGTERM)
    check(process.wait(GUARD_S) == 0, "its end")
    daemon.close()


def check_log(bridge, directory):
    """mocapd repeats a state each second while a stream is down; the log has its changes."""
    path, status = os.path.join(directory, "log"), os.path.join(directory, "log-status")
    process = subprocess.Popen([bridge, "--socket", path, "--status-socket", status,
                                "--osc", f"127.0.0.1:{free_port()}"],
                               stderr=subprocess.PIPE, text=True)
    daemon = Daemon(path)
    for _ in range(5):
        daemon.state("one", "connecting", "v4l2:/dev/video77: No such file or directory")
    for _ in range(5):
        daemon.state("one", "stalled")
    daemon.state("one", "live")
    told = []
    while not told or not told[-1].endswith(" is live\n") or len(told) < 3:
        line = process.stderr.readline()
        check(line != "", told)
        told += [line] if "info: one is " in line else []
    told = [line.split("info: ")[1].strip() for line in told]
    told = told[told[0] == "one is live":]  # Daemon's greeting
    check(told == ["one is connecting: v4l2:/dev/video77: No such file or directory",
                   "one is stalled", "one is live"], told)
    process.send_signal(signal.SIGTERM)
    check(process.wait(GUARD_S) == 0, "its end")
    process.stderr.close()
    daemon.close()


def check_busy_status(bridge, directory):
    """A bridge that hangs is no bridge that is gone: its socket stays."""
    path, status = os.path.join(directory, "busy"), os.path.join(directory, "busy-status")
    with busy_socket(status):
        asked = subprocess.run([bridge, "--status-socket", status, "status"], capture_output=True,
                               text=True, check=False, timeout=GUARD_S)
        check(asked.returncode == 1 and "does not answer" in asked.stderr, asked)
        process = subprocess.Popen([bridge, "--socket", path, "--status-socket", status],
                                   stderr=subprocess.PIPE, text=True)
        told = process.stderr.readline()
        check("another mocap-bridge is listening there" in told, told)
        Daemon(path).close()  # it works all the same
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")
        process.stderr.close()
        check(os.path.exists(status), "the socket is the other's")


def check_settings(bridge, directory):
    """Two faces go to a target each; one has gains and a neutral face, the other is mirrored."""
    path = os.path.join(directory, "settings")
    first, second = Receiver(), Receiver()
    config = os.path.join(directory, "settings.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"""socket = {path}
status-socket = {directory}/settings-status
[target first]
type = live-link
address = 127.0.0.1:{first.port}
face = 1
gain = all=2, jawOpen=0.5
neutral = eyeBlinkLeft=0.01
neutral-head = 12,-30,7
[target second]
type = live-link
address = 127.0.0.1:{second.port}
face = 2
mirror = yes
""")
    process = subprocess.Popen([bridge, "--config", config])
    try:
        daemon = Daemon(path)
        daemon.record([full_face(5), full_face(6)])
        _, name, _, _, _, values = parse_live_link(first.next())
        check(name == "mocapd", name)
        got = dict(zip(LIVE_LINK, values))
        near([got["JawOpen"], got["EyeBlinkLeft"], got["TongueOut"], got["JawForward"]],
             [0.5 * SHAPES["jawOpen"], 2 * (SHAPES["eyeBlinkLeft"] - 0.01), 1,
              2 * SHAPES["jawForward"]], "gains")
        near(values[52:55], [0, 0, 0], "the neutral head")
        _, name, _, _, _, values = parse_live_link(second.next())
        check(name == "mocap2", name)
        got = dict(zip(LIVE_LINK, values))
        near([got["EyeBlinkLeft"], got["JawLeft"], got["TongueOut"]],
             [SHAPES["eyeBlinkRight"], SHAPES["jawRight"], SHAPES["tongueOut"]], "mirrored")
        angles = [-EULER[1], EULER[0], -EULER[2], -GAZE["right"][0], GAZE["right"][1], 0,
                  -GAZE["left"][0], GAZE["left"][1], 0]
        near(values[52:], [math.radians(angle) for angle in angles], "mirrored angles")
        daemon.record([full_face(6)])  # the first has left; the second keeps its number
        check(parse_live_link(first.next())[5] == [], "face 1 is not there")
        check(len(parse_live_link(second.next())[5]) == 61, "face 2 is")
        daemon.close()
    finally:
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")


def check_rate(bridge, directory):
    """A rate is one of the records' own times: however fast they arrive, each target gets as many
    as it has in them. Their clock may begin anew."""
    path = os.path.join(directory, "rate")
    fps, seconds, jitter_ns = 30, 10, 8_000_000
    receivers = {rate: Receiver() for rate in (1, 10, 20, 24, 120)}
    config = os.path.join(directory, "rate.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"socket = {path}\nstatus-socket = {directory}/rate-status\n")
        for rate, receiver in receivers.items():
            file.write(f"[target {rate}]\ntype = opentrack\naddress = 127.0.0.1:{receiver.port}\n"
                       f"rate = {rate}\n")
    process = subprocess.Popen([bridge, "--config", config])
    try:
        daemon = Daemon(path)
        for start_s in (90_000, 5):
            counts = dict.fromkeys(receivers, 0)
            for i in range(fps * seconds):
                late_ns = jitter_ns * ((7 * i) % 11 - 5) // 5
                daemon.record([full_face()], publish_ns=start_s * 10**9 + i * 10**9 // fps + late_ns)
                # The last target has all of them: then the others have theirs.
                receivers[120].next()
                counts[120] += 1
                for rate, receiver in receivers.items():
                    while rate != 120 and not receiver.is_silent():
                        counts[rate] += 1
            for rate, count in counts.items():
                wanted = min(rate, fps) * seconds
                check(abs(count - wanted) <= 1, f"{count} records at {rate} Hz, wanted {wanted}")
        daemon.close()
    finally:
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")


def check_bad_config(bridge, directory):
    config = os.path.join(directory, "bad.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write("[target a]\ntype = vmc\ngain = jawOpne=2\n")
    for words in ((), ("--check-config",)):
        ended = subprocess.run([bridge, "--config", config, *words], capture_output=True, text=True,
                               check=False)
        check(ended.returncode == 78 and "did you mean 'jawOpen'?" in ended.stderr
              and f"{config}:3:8: " in ended.stderr, ended)
    for line, told in (("skeleton = /dev/null", "/dev/null"), ("skeleton = nowhere.vrm", "nowhere"),
                       ("address = 256.1.1.1", "must be a name or an IP address")):
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[target a]\ntype = vmc\n{line}\n")
        ended = subprocess.run([bridge, "--config", config, "--check-config"], capture_output=True,
                               text=True, check=False)
        check(ended.returncode == 78 and told in ended.stderr and ended.stdout == "", ended)


def check_manual(bridge):
    """The manual has every option, and groff has nothing to say about it."""
    path = os.path.join(os.path.dirname(__file__), "../../tools/bridge/mocap-bridge.1")
    with open(path, encoding="utf-8") as file:
        manual = file.read()
    text = subprocess.run([bridge, "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall("^  (?:-., |    )?--([a-z-]+)", text, re.M)) - {"help", "version"}
    check(len(options) > 20, options)
    missing = [name for name in options if f"Fl -{name}" not in manual]
    check(missing == [], f"not in the manual: {missing}")
    if shutil.which("groff") is not None:
        said = subprocess.run(["groff", "-mandoc", "-ww", "-Tutf8", path], capture_output=True,
                              text=True, check=True).stderr
        check(said == "", said)


def main():
    if shutil.which("oscdump") is None:
        print("skipped: no oscdump")
        return 77
    abort_after(GUARD_S)
    directory = tempfile.mkdtemp(prefix="mocapd-outputs-")
    try:
        check_languages(sys.argv[1], directory)
        check_isolation(sys.argv[1], directory)
        check_settings(sys.argv[1], directory)
        check_rate(sys.argv[1], directory)
        check_prefixes(sys.argv[1], directory)
        check_outage(sys.argv[1], directory)
        check_log(sys.argv[1], directory)
        check_bad_config(sys.argv[1], directory)
        check_manual(sys.argv[1])
    finally:
        shutil.rmtree(directory)
    print("every language says what the record says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
