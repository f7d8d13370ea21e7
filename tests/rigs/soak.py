#!/usr/bin/python3
"""A month's mishaps in half an hour: cameras that die, freeze and come back with another clock,
subscribers that come, stall, talk nonsense and vanish, by chance from a seed.

    soak.py BIN_DIR [--minutes N] [--seed N]

Meanwhile two subscribers read all, to the end: no record may be out of order, and what they are told
they missed must be what is missing. At the end mocapd must hold as much memory and as many descriptors and
threads as after the first minutes, and stop when asked. /usr/bin/python3: others have no gi.
Exits with 77 where GStreamer or OpenCV is missing.
"""
import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

RIGS = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(RIGS, "..", "..", "clients", "python"))

try:
    import cv2
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
except (ImportError, ValueError) as error:
    print(f"skipped: needs python3-opencv, python3-gi and GStreamer: {error}")
    sys.exit(77)

import mocap  # noqa: E402

WARM_UP_SHARE = 0.2  # of the time, until memory must be flat
SETTLE_S = 60        # at most, until all streams are live and there are no visitors
GROWTH_MIB = 4
GROWTH_THREADS = 4    # libuv starts those of its pool when it first needs them
VISITORS_MAX = 24
CLOCKS = ("true", "slow10", "fast10", "back5", "back1h", "ahead1h", "once", "twice")


def write_frames(programs, folder):
    """-> the frames of a clip as H.264 and as JPEGs"""
    clip, h264, mjpeg = (os.path.join(folder, name) for name in ("c.mp4", "c.h264", "c.mjpeg"))
    subprocess.run([f"{programs}/synthface", "--frames", "60", "--size", "320x240", "-o", clip],
                   check=True, stderr=subprocess.DEVNULL)
    Gst.init(None)
    pipeline = Gst.parse_launch(
        f"filesrc location={clip} ! qtdemux ! h264parse config-interval=-1 ! "
        f"video/x-h264,stream-format=byte-stream ! filesink location={h264}")
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        30 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type != Gst.MessageType.EOS:
        sys.exit("soak.py: GStreamer did not unpack the clip")
    video = cv2.VideoCapture(clip)
    with open(mjpeg, "wb") as out:
        while (read := video.read())[0]:
            out.write(cv2.imencode(".jpg", read[1])[1].tobytes())
    return clip, h264, mjpeg


class Cameras:
    """A process of cameras.py, at the same ports whenever it starts."""

    def __init__(self, h264, mjpeg):
        self.files, self.ports = (h264, mjpeg), None
        self.start()

    def start(self):
        ports = [] if self.ports is None else ["--ports", ",".join(self.ports)]
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(RIGS, "cameras.py"), *ports, *self.files],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        words = self.process.stdout.readline().split()
        if words[:1] != ["READY"]:
            sys.exit("soak.py: the cameras did not start")
        self.ports = words[1:]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Reader(threading.Thread):
    """A subscriber that reads everything and checks it, until the connection ends: that is a fault,
    too, as nothing is checked afterwards."""

    def __init__(self, path, mode):
        super().__init__(daemon=True)
        self.client = mocap.connect(path)
        self.client.subscribe(mode=mode, include=["pose"])
        self.last, self.count, self.missed, self.faults = {}, 0, 0, []
        self.start()

    def run(self):
        try:
            for message in self.client:
                if isinstance(message, mocap.Record):
                    self.check(message)
            self.faults.append("mocapd closed the connection")
        except (OSError, ValueError) as error:
            self.faults.append(f"the connection ended: {error!r}")

    def check(self, record):
        before = self.last.get(record.stream)
        if before is not None:
            gap = record.seq - before.seq - 1
            if gap != record.missed:
                self.faults.append(f"{record.stream}: {before.seq} -> {record.seq}, but told "
                                   f"that {record.missed} are missing")
            if record.pts <= before.pts:
                self.faults.append(f"{record.stream}: pts {before.pts} -> {record.pts}")
        self.last[record.stream] = record
        self.count += 1
        self.missed += record.missed


class Visitor(threading.Thread):
    """A subscriber that behaves as chance has it, for a while."""

    def __init__(self, path, rng):
        super().__init__(daemon=True)
        self.path, self.rng, self.ends = path, rng, time.monotonic() + rng.uniform(0.5, 20)
        self.act = rng.choice((self.read, self.read_slowly, self.stall, self.babble, self.crowd,
                               self.ask))
        self.start()

    def run(self):
        try:
            self.act()
        except (OSError, mocap.Closed, mocap.Refused):
            pass  # the daemon may put an end to it

    def left(self):
        return time.monotonic() < self.ends

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(5)
        connection.connect(self.path)
        return connection

    def read(self):
        with mocap.connect(self.path) as client:
            client.subscribe(stream=self.rng.choice((None, "clip", "mjpeg")),
                             mode=self.rng.choice(("latest", "queue")),
                             max_rate=self.rng.choice((0, 5)))
            while self.left():
                client.next(0.5)

    def read_slowly(self):
        with mocap.connect(self.path) as client:
            client.subscribe(mode=self.rng.choice(("latest", "queue")), include=["pose", "shapes"])
            while self.left():
                client.next(0.1)
                time.sleep(self.rng.uniform(0, 1))

    def stall(self):
        with self.connect() as connection:
            connection.sendall(b'{"type":"subscribe","id":1,"mode":"queue","queue":64}\n')
            while self.left():
                time.sleep(0.2)

    def babble(self):
        with self.connect() as connection:
            while self.left():
                connection.sendall(self.rng.choice((
                    b'{"type":"subscribe","id":1}', b"\0\xff" * 40 + b"\n", b"{" * 5000 + b"\n",
                    b'{"type":"subscribe","id":[]}\n', b"x" * 70000, b"\n" * 100,
                    b'{"type":"ping","id":2}\n', b'{"type":"calibrate","id":3}\n')))
                time.sleep(0.05)

    def crowd(self):
        connections = [self.connect() for _ in range(40)]
        while self.left():
            time.sleep(0.2)
        for connection in connections:
            connection.close()

    def ask(self):
        with mocap.connect(self.path) as client:
            while self.left():
                client.status()
                client.ping()


class Daemon:
    def __init__(self, programs, folder, configuration):
        self.path = os.path.join(folder, "socket")
        with open(os.path.join(folder, "mocapd.conf"), "w", encoding="utf-8") as file:
            file.write(configuration)
        self.log = open(os.path.join(folder, "mocapd.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [f"{programs}/mocapd", "--socket", self.path, "--config", file.name], stderr=self.log,
            env={**os.environ, "XDG_STATE_HOME": folder})
        until = time.monotonic() + 30
        while not os.path.exists(self.path):
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit(f"soak.py: mocapd did not start:\n{self.said()}")
            time.sleep(0.05)

    def resources(self):
        """-> MiB, descriptors, threads"""
        root = f"/proc/{self.process.pid}"
        with open(f"{root}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        return (int(status["VmRSS"].split()[0]) / 1024, len(os.listdir(f"{root}/fd")),
                int(status["Threads"]))

    def said(self):
        self.log.seek(0)
        return self.log.read()[-3000:]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "none: it had to be killed"


def mishap(rng, cameras, visitors, path):
    kind = rng.random()
    if kind < 0.03:
        cameras.kill()
        time.sleep(rng.uniform(0, 4))
        cameras.start()
    elif kind < 0.08:
        cameras.process.send_signal(signal.SIGSTOP)
        time.sleep(rng.uniform(0.2, 6))
        cameras.process.send_signal(signal.SIGCONT)
    elif len(visitors) < VISITORS_MAX:
        visitors.append(Visitor(path, random.Random(rng.random())))
    visitors[:] = [visitor for visitor in visitors if visitor.is_alive()]


def settle(daemon, visitors):
    """-> what the daemon holds when nobody visits it and all cameras play"""
    for visitor in visitors:
        visitor.join()
    until = time.monotonic() + SETTLE_S
    with mocap.connect(daemon.path) as client:
        while time.monotonic() < until:
            time.sleep(1)
            if all(stream["state"] == "live" for stream in client.status()["streams"]):
                break
        else:
            print("not live:", *(stream["stream"]
                                 for stream in client.status()["streams"]
                                 if stream["state"] != "live"))
    time.sleep(1)
    found = daemon.resources()
    print("{:.1f} MiB, {} descriptors, {} threads".format(*found), flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs", metavar="BIN_DIR")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    faults = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        clip, h264, mjpeg = write_frames(options.programs, folder)
        cameras = Cameras(h264, mjpeg)
        stack.callback(cameras.kill)
        rtsp, http = cameras.ports
        urls = {"clip": clip, "mjpeg": f"http://127.0.0.1:{http}/10,100000000,vary"}
        for clock in CLOCKS:  # each falls silent after two minutes, and is opened again
            urls[clock] = f"rtsp://127.0.0.1:{rtsp}/{clock}?5,600"
        daemon = Daemon(options.programs, folder, "repeat = yes\n" + "".join(
            f"[stream {name}]\nurl = {url}\n" for name, url in urls.items()))
        stack.callback(daemon.process.kill)
        readers = [Reader(daemon.path, mode) for mode in ("latest", "queue")]
        visitors, start = [], time.monotonic()
        first = None
        while (passed := time.monotonic() - start) < 60 * options.minutes:
            if first is None and passed > 60 * options.minutes * WARM_UP_SHARE:
                first = settle(daemon, visitors)
            mishap(rng, cameras, visitors, daemon.path)
            time.sleep(rng.uniform(0, 0.5))
            if daemon.process.poll() is not None:
                break
        if daemon.process.poll() is None:
            last = settle(daemon, visitors)
            if last[0] > first[0] + GROWTH_MIB or last[1] > first[1] or \
                    last[2] > first[2] + GROWTH_THREADS:
                faults.append(f"MiB, descriptors, threads grew from {first} to {last}")
        for reader in readers:
            print(f"{reader.count} records, {reader.missed} missed", flush=True)
            faults += reader.faults[:10]
            if not reader.is_alive():
                faults.append(f"a reader ended before mocapd, after {reader.count} records")
            faults += [f"no record of {name}" for name in urls if name not in reader.last]
        status = daemon.stop()
        if status != 0:
            faults.append(f"mocapd's exit status was {status}")
            print(daemon.said())
    for fault in faults:
        print("FAULT", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
