#!/usr/bin/env python3
"""mocap-bridge between a daemon played here and two receivers that are not ours:
liblo's oscdump for VMC, Python's struct for OpenSeeFace's packet.

    check_bridge.py MOCAP_BRIDGE
"""

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

from played_daemon import Daemon, abort_after

GUARD_S = 60  # only a test that fails waits that long
SHAPES = {"jawOpen": 0.75, "eyeBlinkLeft": 1.0, "eyeBlinkRight": 0.25, "mouthPucker": 0.5}
TURN = [0.0, -0.25881905, 0.0, 0.96592583]  # 30 degrees to the person's left
# The packet of OpenSeeFace as its receivers read it.
OSF = struct.Struct("<d i 2f 2f B f 4f 3f 3f 68f 136f 210f 14f")
OSF_FIELDS = [("time", 1), ("id", 1), ("size", 2), ("eyes", 2), ("got3d", 1), ("error", 1),
              ("quaternion", 4), ("euler", 3), ("translation", 3), ("confidence", 68),
              ("points", 136), ("points3d", 210), ("features", 14)]


def check(good, what):
    if not good:
        raise AssertionError(what)


def near(got, wanted, what, tolerance=2e-5):
    check(len(got) == len(wanted) and all(abs(a - b) <= tolerance for a, b in zip(got, wanted)),
          f"{what}: {got}, wanted {wanted}")


def osf_parse(packet):
    """The faces of a datagram, each a dict of the documented fields."""
    check(len(packet) % 1785 == 0 and OSF.size == 1785, f"{len(packet)} bytes")
    faces = []
    for values in OSF.iter_unpack(packet):
        face, at = {}, 0
        for name, count in OSF_FIELDS:
            face[name] = list(values[at:at + count])
            at += count
        faces.append(face)
    return faces


def make_face(number=1, **more):
    keypoints = [[100.0 + 3 * i, 120.0 + i * i % 89, 0.5] for i in range(68)]
    face = {"id": number, "score": 0.9, "box": [100, 120, 201, 88], "keypoints": keypoints,
            "pose": {"rotation": TURN, "euler": [0, -30, 0], "translation": [0, 0, 4],
                     "error": 0.02},
            "shapes": SHAPES}
    face.update(more)
    return face


class OscDump:
    """oscdump, and the messages of the bundles it prints."""

    def __init__(self, port):
        self.process = subprocess.Popen(["oscdump", "-L", str(port)], stdout=subprocess.PIPE,
                                        text=True)

    def messages(self, last):
        """Up to the first whose path is last: [(path, arguments)]."""
        found = []
        for line in self.process.stdout:
            words = re.findall(r'"[^"]*"|\S+', line)
            types = words[2] if len(words) > 2 else ""
            check(len(types) == len(words) - min(3, len(words)), line)
            values = [word.strip('"') if kind == "s" else kind == "T" if kind in "TF"
                      else float(word) for kind, word in zip(types, words[3:])]
            found.append((words[1], types, values))
            if words[1] == last:
                return found
        raise AssertionError("oscdump ended")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def last_frame(messages):
    """localhost's first address may refuse: frames without a face can be the first that arrive."""
    begins = [i for i, (path, _, _) in enumerate(messages) if path == "/VMC/Ext/OK"]
    return messages[begins[-1]:]


def check_vmc_face(messages):
    paths = [path for path, _, _ in messages]
    check(paths[:3] == ["/VMC/Ext/OK", "/VMC/Ext/T", "/VMC/Ext/Root/Pos"], paths[:4])
    check(messages[0][1:] == ("iiii", [1, 3, 0, 1]), messages[0])
    check(messages[1][1] == "f", messages[1])
    check(messages[2][1:] == ("sfffffff", ["root", 0, 0, 0, 0, 0, 0, 1]), messages[2])
    bones = {values[0]: values[1:] for path, _, values in messages if path.endswith("Bone/Pos")}
    check(set(bones) == {"Neck", "Head"}, bones)
    near(bones["Neck"][3:], [0, -0.08715574, 0, 0.9961947], "10 degrees")
    near(bones["Head"][3:], [0, -0.17364818, 0, 0.98480775], "20 degrees")
    check(all(0 < bone[1] < 0.5 for bone in bones.values()), bones)
    values = {values[0]: values[1] for path, _, values in messages if path.endswith("Blend/Val")}
    near([values[name] for name in ("JawOpen", "EyeBlinkLeft", "Blink_L", "Blink_R", "Blink",
                                    "A", "O", "U", "Joy", "MouthFunnel")],
         [0.75, 1, 0.75, 0, 0.25, 0.375, 0.375, 0.125, 0, 0], "shapes")
    check(len(values) == 12 + 52, sorted(values))
    check(paths.count("/VMC/Ext/Blend/Apply") == 1 and paths[-1].endswith("Apply"), paths[-1])


def check_osf_face(face, number):
    check(face["id"] == [number] and face["size"] == [640, 480], face["id"])
    near(face["eyes"], [0.75, 0], "right eye, then left")
    near(face["points"][:4], [100, 120, 103, 121], "points")
    near(face["points"][2 * 48:2 * 48 + 2], [100 + 3 * 49, 120 + 49 * 49 % 89], "the upper lip")
    near(face["points"][2 * 58:2 * 58 + 2], [100 + 3 * 48, 120 + 48 * 48 % 89], "a corner")
    near(face["confidence"], [0.5] * 66 + [0] * 2, "confidence; without gaze, no pupils")


def check_osf_gaze(face):
    """The pupils (66: right, 67: left) seen from the middles of the eyeballs, as OpenSee.cs does;
    x to the person's right, y down, z to the back."""
    points = [face["points3d"][3 * i:3 * i + 3] for i in range(66, 70)]
    for pupil, ball, (yaw, pitch) in ((points[0], points[2], (-5, 10)),
                                      (points[1], points[3], (20, 10))):
        way = [a - b for a, b in zip(pupil, ball)]
        length = math.hypot(*way)
        yaw, pitch = math.radians(yaw), math.radians(pitch)
        near(face["confidence"], [0.5] * 68, "pupils are as certain as the eyes' outlines")
        near([part / length for part in way],
             [math.sin(yaw) * math.cos(pitch), math.sin(pitch), -math.cos(yaw) * math.cos(pitch)],
             "line of sight", 1e-4)


def check_gaze(daemon, dump, osf):
    """Positive yaw looks to the person's right, positive pitch down."""
    daemon.record([make_face(gaze={"left": [20, 10], "right": [-5, 10]})])
    check_osf_gaze(osf_parse(osf.recv(65536))[0])
    bones = {values[0]: values[1:] for path, _, values in dump.messages("/VMC/Ext/Blend/Apply")
             if path.endswith("Bone/Pos")}
    check(set(bones) == {"Neck", "Head"}, "perfect sync turns the eyes")


def check_face(daemon, dump, osf):
    # To the first alone: a subscription opens a camera that is on demand.
    check(daemon.subscription.get("stream") == "one", daemon.subscription)
    daemon.record([make_face()], "two")  # not the stream that is sent
    daemon.record([make_face()])
    check_vmc_face(dump.messages("/VMC/Ext/Blend/Apply"))
    faces = osf_parse(osf.recv(65536))
    check(len(faces) == 1, len(faces))
    check_osf_face(faces[0], 0)


def check_lost(daemon, dump, osf):
    daemon.record([])
    messages = dump.messages("/VMC/Ext/T")
    check(messages[0][2] == [1, 3, 0, 0], messages)
    # Nothing is sent on OSF: what comes next is of the next record.
    daemon.record([make_face(7), make_face(8)])
    dump.messages("/VMC/Ext/Blend/Apply")
    faces = osf_parse(osf.recv(65536))
    check([face["id"] for face in faces] == [[0], [1]], "two faces, one datagram")
    daemon.say({"type": "state", "stream": "one", "state": "stalled", "reason": "no frames"})
    check(dump.messages("/VMC/Ext/T")[0][2] == [1, 3, 0, 0], "a stalled stream is bad tracking")


def own_address():
    """An address of this machine that is not loopback; None when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            address = probe.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


def bundles_of(bridge, directory, address, face, *words):
    """The datagrams of one record, sent to that address."""
    path = os.path.join(directory, "split")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((address, 0))
        receiver.settimeout(GUARD_S)
        process = subprocess.Popen([bridge, "--socket", path, "--bones", "body", *words, "--vmc",
                                    f"{address}:{receiver.getsockname()[1]}"])
        daemon = Daemon(path)
        daemon.record([face])
        bundles = [receiver.recv(65536)]
        while b"/VMC/Ext/Blend/Apply" not in bundles[-1]:
            bundles.append(receiver.recv(65536))
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")
        daemon.close()
    return bundles


def check_split(bridge, directory):
    """Off loopback every datagram is short, and Apply is in the last."""
    address = own_address()
    if address is None:
        print("not checked: bundles for a network, since there is none")
        return
    bundles = bundles_of(bridge, directory, address, make_face())
    check(len(bundles) > 1 and all(len(bundle) < 1400 for bundle in bundles),
          [len(bundle) for bundle in bundles])
    check(all(bundle.startswith(b"#bundle\0") for bundle in bundles), "bundles")
    check(b"RightEye\0" in b"".join(bundles), "the body's bones")


def check_eyes(bridge, directory):
    """With VRM's presets alone the eyes' bones turn; in a mirror the left one turns as the
    person's right eye does, the other way."""
    face = make_face(gaze={"left": [20, 10], "right": [-5, 10]})
    for words, degrees in ((), 20), (("--mirror",), 5):
        sent = b"".join(bundles_of(bridge, directory, "127.0.0.1", face, "--shapes", "vrm", *words))
        yaw, pitch = math.radians(degrees) / 2, math.radians(10) / 2
        near(struct.unpack_from(">4f", sent, sent.index(b"LeftEye\0") + 8 + 12),
             [math.cos(yaw) * math.sin(pitch), math.sin(yaw) * math.cos(pitch),
              -math.sin(yaw) * math.sin(pitch), math.cos(yaw) * math.cos(pitch)], "the left eye")


def wait_bound(ports):
    """Until oscdump has its ports: there is no event to wait for."""
    wanted = {f":{int(port):04X} " for port in ports}
    while True:
        tables = "".join(open(name, encoding="ascii").read()
                         for name in ("/proc/net/udp", "/proc/net/udp6") if os.path.exists(name))
        if all(port in tables for port in wanted):
            return
        time.sleep(0.01)


def main():
    if shutil.which("oscdump") is None:
        print("skipped: no oscdump")
        return 77
    abort_after(GUARD_S)
    bridge = sys.argv[1]
    directory = tempfile.mkdtemp(prefix="mocapd-bridge-")
    path = os.path.join(directory, "s")
    dumps = [OscDump(free_port()), OscDump(free_port())]
    ports = [dump.process.args[2] for dump in dumps]
    osf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    osf.bind(("127.0.0.1", 0))
    osf.settimeout(GUARD_S)
    process = None
    try:
        wait_bound(ports)
        process = subprocess.Popen([bridge, "--socket", path, "--vmc", f"127.0.0.1:{ports[0]}",
                                    "--osf", f"127.0.0.1:{osf.getsockname()[1]}",
                                    "--vmc", f"localhost:{ports[1]}"])
        daemon = Daemon(path)
        check_face(daemon, dumps[0], osf)
        check_gaze(daemon, dumps[0], osf)
        check_lost(daemon, dumps[0], osf)
        daemon.close()
        check(dumps[0].messages("/VMC/Ext/T")[0][2] == [1, 3, 0, 0], "no daemon: bad tracking")
        daemon = Daemon(path)  # another one
        check_face(daemon, dumps[0], osf)
        check_vmc_face(last_frame(dumps[1].messages("/VMC/Ext/Blend/Apply")))
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")
        daemon.close()
        check_split(bridge, directory)
        check_eyes(bridge, directory)
    finally:
        if process is not None and process.poll() is None:
            process.kill()
        for dump in dumps:
            dump.close()
        shutil.rmtree(directory)
    print("VMC and OpenSeeFace's packets are as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
