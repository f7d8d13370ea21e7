"""What mocap-bridge sends of a recording, language by language: datagrams beside the records."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))

import made_recording
from check_bridge import free_port, make_face
from check_bridge_outputs import GAZE, SHAPES, rotation

GUARD_S = 600
LANGUAGES = ("osf", "live-link", "ifacialmocap", "opentrack")


class Datagrams(threading.Thread):
    """All datagrams that arrive at a port of its own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received = []
        self.start()

    def run(self):
        while datagram := self.socket.recv(65536):
            self.received.append(datagram)

    def stop(self):
        """What has arrived; an empty datagram is the last one."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()
        return self.received


def extremes(landmarks):
    """Records that a clip has not: each angle, place and shape alone, two faces that come and go,
    nobody. landmarks are those of a face."""
    still = {name: 0.0 for name in SHAPES}

    def posed(number, pitch, yaw, roll, place, shapes=None, gaze=None):
        keypoints = [[x + 20.0 * number, y + 5.0 * number, 0.5 + i / 200]
                     for i, (x, y) in enumerate(landmarks)]
        return make_face(number, shapes=shapes or SHAPES, gaze=gaze or GAZE, keypoints=keypoints,
                         pose={"rotation": rotation(pitch, yaw, roll),
                               "euler": [pitch, yaw, roll], "translation": place, "error": 0.02})

    records = [[posed(1, 0, 0, 0, [0, 0, 4], still, {"left": [0, 0], "right": [0, 0]})]]
    for axis in range(3):
        for sign in (1, -1):
            angles, place = [0, 0, 0], [0, 0, 4]
            angles[axis], place[axis] = 35 * sign, place[axis] + sign
            records.append([posed(1, *angles, place)])
    for name in SHAPES:
        records.append([posed(1, 5, -10, 3, [0.1, 0.2, 3], {**still, name: 1.0})])
    two = posed(2, -8, 20, -4, [1, 0.5, 5])
    return records + [[records[0][0], two], [two], [], [posed(3, 1, 2, 3, [0, 0, 4])]]


def record_extremes(bin_dir, directory):
    """A recording of them."""
    image, landmarks = os.path.join(directory, "still.png"), os.path.join(directory, "still.json")
    subprocess.run([os.path.join(bin_dir, "synthface"), "--still", "--frames", "1", "--landmarks",
                    landmarks, "--output", image], check=True, timeout=GUARD_S)
    with open(landmarks, encoding="ascii") as file:
        records = extremes(json.loads(file.readline())["points"])
    recording = os.path.join(directory, "extremes.mocap")
    made_recording.write(recording, records)
    return recording


def record_clip(bin_dir, directory):
    """A synthetic face that turns, blinks and speaks, as mocapd's own networks see it."""
    clip, path = os.path.join(directory, "clip.mp4"), os.path.join(directory, "seen")
    recording = os.path.join(directory, "clip.mocap")
    subprocess.run([os.path.join(bin_dir, "synthface"), "--frames", "240", "--output", clip],
                   check=True, timeout=GUARD_S)
    daemon = subprocess.Popen([os.path.join(bin_dir, "mocapd"), "--socket", path, "--stream",
                               f"clip={clip}"])
    try:
        while not os.path.exists(path):
            assert daemon.poll() is None, "mocapd ended"
            time.sleep(0.05)
        subprocess.run([os.path.join(bin_dir, "mocapctl"), "--socket", path, "record", recording],
                       check=True, timeout=GUARD_S)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(GUARD_S)
    return recording


def records_of(mocapctl, recording):
    text = subprocess.run([mocapctl, "export", "--json", recording], check=True, text=True,
                          capture_output=True, timeout=GUARD_S).stdout
    return [record for record in map(json.loads, text.splitlines())
            if record["type"] == "motion"]


def play(bin_dir, recording, directory):
    """Replays the recording to mocap-bridge, and returns each language's datagrams."""
    path = os.path.join(directory, "replayed")
    receivers = {language: Datagrams() for language in LANGUAGES}
    words = [word for language, receiver in receivers.items()
             for word in (f"--{language}", f"127.0.0.1:{receiver.port}")]
    bridge = subprocess.Popen([os.path.join(bin_dir, "mocap-bridge"), "--socket", path,
                               "--status-socket", os.path.join(directory, "status"),
                               "--log-level", "error", *words])
    try:
        subprocess.run([os.path.join(bin_dir, "mocapctl"), "--socket", path, "replay",
                        "--every-frame", recording], check=True, timeout=GUARD_S)
    finally:
        bridge.send_signal(signal.SIGTERM)
        bridge.wait(GUARD_S)
    return {language: receiver.stop() for language, receiver in receivers.items()}
