#!/usr/bin/env python3
"""mocapctl calibrate with a real daemon: what was measured is kept across restarts, of each
profile its own; two faces are two; nobody in view and spoilt files are told. Changed settings are
kept likewise.

    check_calibrate.py MOCAPCTL MOCAPD SYNTHFACE
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

GUARD_S = 120  # only a test that fails waits that long


def check(good, what):
    if not good:
        raise AssertionError(what)


class Daemon:
    """A mocapd that runs while the block does."""

    def __init__(self, program, directory, url, *options):
        self.socket = os.path.join(directory, "s")
        self.log = open(os.path.join(directory, "log"), "w+", encoding="utf-8")
        self.arguments = [program, "--socket", self.socket, "--workers", "1", "--repeat",
                          *options, "--stream", "desk=" + url]
        self.environment = {**os.environ, "XDG_STATE_HOME": os.path.join(directory, "state")}
        self.environment.pop("STATE_DIRECTORY", None)

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, env=self.environment, stderr=self.log)
        end = time.monotonic() + GUARD_S
        while not self.listens():
            check(self.process.poll() is None and time.monotonic() < end, self.said())
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(timeout=GUARD_S) == 0, self.said())
        self.log.close()

    def listens(self):
        """The socket's file is there a moment before somebody listens."""
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(self.socket)
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def said(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def ask(self, type="calibrate", **fields):
        """The reply to a request."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(GUARD_S)
            connection.connect(self.socket)
            with connection.makefile("rw", encoding="utf-8") as file:
                request = {"type": type, "id": 1, "stream": "desk", **fields}
                file.write(json.dumps(request) + "\n")
                file.flush()
                for line in file:
                    message = json.loads(line)
                    if message.get("id") == 1:
                        return message
        raise AssertionError("no reply")


class Control:
    def __init__(self, program, daemon):
        self.program, self.daemon = program, daemon

    def run(self, *words, status=0):
        ended = subprocess.run([self.program, "--socket", self.daemon.socket, "calibrate", *words],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=GUARD_S, check=False)
        check(ended.returncode == status, (words, ended))
        return ended.stdout if status == 0 else ended.stderr


def check_kept(programs, directory, clip):
    mocapctl, mocapd = programs
    with Daemon(mocapd, directory, clip) as daemon:
        control = Control(mocapctl, daemon)
        check("nothing measured" in control.run("show"), "not empty")
        check(control.run("desk") == "measured the neutral expression of 1 face, kept in profile "
              "default\n", "the command of 0.2.0")
        output = control.run("neutral", "--profile", "anna")
        check("kept in profile anna" in output, output)
        check("profile anna, in use; kept: anna, default" in control.run("show"), "anna")
        check("must be default or one that is kept, got 'nobody'"
              in control.run("use", "--profile", "nobody", status=1), "nobody")
        output = control.run("use", "desk", "--profile", "default")
        check("profile default, in use" in output and "neutral expression measured" in output,
              output)
        control.run("use", "--profile", "anna")
        reply = daemon.ask(action="range", profile="anna", shapes=["jawOpen"])
        check(reply["profile"] == "anna" and len(reply["ranges"]) == 1, reply)
    with Daemon(mocapd, directory, clip) as daemon:  # a restart
        control = Control(mocapctl, daemon)
        check("calibration profile anna, faces: 1" in daemon.said(), daemon.said())
        output = control.run("show")
        check("profile anna, in use; kept: anna, default\nface 1: neutral expression measured"
              in output, output)
        output = control.run("reset")
        check("kept: default\nnothing measured" in output, output)
        output = control.run("show", "--profile", "default")
        check("profile default; kept: default\nface 1: neutral" in output, output)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_profile(folder, text):
    write(os.path.join(folder, "desk.anna.calibration"), f"version = 1\n[face 1]\n{text}")


def check_spoilt(programs, directory, clip):
    mocapctl, mocapd = programs
    folder = os.path.join(directory, "state", "mocapd", "calibration")
    write_profile(folder, "gain.jawOpen = 1000\n")
    with Daemon(mocapd, directory, clip) as daemon:
        said = daemon.said()
        check("starts without its calibration" in said and "desk.anna.calibration:3:1: "
              "gain.jawOpen must be a number from 1 to 3, got '1000'" in said, said)
        control = Control(mocapctl, daemon)
        for command in ("show", "use", "neutral"):  # the file may hold what somebody wants back
            arguments = ("--profile", "anna") if command == "use" else ()
            complaint = control.run(command, *arguments, status=1)
            check("desk.anna.calibration:3:1: " in complaint, complaint)
        write_profile(folder, "gain.jawOpen = 2\n")  # mended
        check("in use" not in control.run("show"), "in use before it was read")
        check("profile anna, in use" in control.run("use", "--profile", "anna"), "mended")
        shown = control.run("show")
        check(re.search(r"jawOpen +- +2\.00", shown), shown)
        write_profile(folder, "gain.jawOpen = 1000\n")
    with Daemon(mocapd, directory, clip) as daemon:
        control = Control(mocapctl, daemon)
        control.run("neutral", status=1)
        check("nothing measured" in control.run("reset"), "not empty")
        control.run("neutral")
        check("kept in profile default" in control.run("neutral", "--profile", "default"), "")
    os.remove(os.path.join(folder, "desk.anna.calibration"))
    shutil.rmtree(os.path.join(directory, "state"))
    # Nothing can be kept: what is measured is in use all the same.
    with open(os.path.join(directory, "state"), "w", encoding="utf-8"):
        pass
    with Daemon(mocapd, directory, clip) as daemon:
        complaint = Control(mocapctl, daemon).run("neutral", status=1)
        check("in use, but not kept: " in complaint and "Not a directory" in complaint, complaint)
        shown = daemon.ask(action="show")
        check(len(shown["faces"]) == 1 and shown["faces"][0]["neutral"], shown)
    os.remove(os.path.join(directory, "state"))


def check_nobody(programs, directory):
    mocapctl, mocapd = programs
    with Daemon(mocapd, directory, "lavfi:color=gray:size=320x240:rate=25") as daemon:
        control = Control(mocapctl, daemon)
        complaint = control.run("neutral", "--profile", "bob", status=1)
        check("no face looked at the camera of desk for long enough" in complaint, complaint)
        check(control.run("show") == "profile default, in use\nnothing measured: the neutral "
              "expression is learnt as it goes\n", "a profile of nobody")
        refused = daemon.ask(action="range", shapes=["earWiggle"])
        check(refused["code"] == "bad-request", refused)


def measured(daemon, profile):
    """Starts to measure, and returns the connection that will have the reply."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(GUARD_S)
    connection.connect(daemon.socket)
    connection.sendall(json.dumps({"type": "calibrate", "id": 1, "stream": "desk",
                                   "profile": profile}).encode() + b"\n")
    return connection


def reply_of(connection):
    with connection, connection.makefile(encoding="utf-8") as file:
        return next(message for message in map(json.loads, file) if message.get("id") == 1)


def check_joined(programs, directory, clip):
    """The same request again joins the measurement; it does not start it anew."""
    _, mocapd = programs
    with Daemon(mocapd, directory, clip) as daemon:
        first, others = measured(daemon, "anna"), []
        first.setblocking(False)
        text = b""
        while b'"id":1' not in text:  # for the length of some ten measurements
            check(len(others) < 100, "the measurement never ends")
            others.append(measured(daemon, "anna"))
            time.sleep(0.1)
            try:
                text += first.recv(65536)
            except BlockingIOError:
                pass
        first.close()
        check(b'"type":"calibrated"' in text, text)
        for other in others:
            reply = reply_of(other)
            check(reply["type"] == "calibrated" and reply["profile"] == "anna", reply)


def check_back(programs, directory):
    """When nobody was seen, the profile that was in use is in use again, whatever its file has
    become."""
    mocapctl, mocapd = programs
    folder = os.path.join(directory, "state", "mocapd", "calibration")
    with Daemon(mocapd, directory, "lavfi:color=gray:size=320x240:rate=25") as daemon:
        control = Control(mocapctl, daemon)
        with open(os.path.join(folder, "desk.anna.calibration"), "a", encoding="utf-8") as file:
            file.write("spoilt\n")
        control.run("neutral", "--profile", "bob", status=1)
        check("profile anna, in use; kept: anna\nface 1: neutral" in control.run("show"), "anna")


def check_many(programs, directory, clip):
    mocapctl, mocapd = programs
    folder = os.path.join(directory, "state", "mocapd", "calibration")
    for number in range(40):
        with open(os.path.join(folder, f"desk.p{number}.calibration"), "w",
                  encoding="utf-8") as file:
            file.write("version = 1\n[face 1]\ngain.jawOpen = 2\n")
    with Daemon(mocapd, directory, clip) as daemon:
        control = Control(mocapctl, daemon)
        complaint = control.run("neutral", "--profile", "one-more", status=1)
        check("profile: desk already has 32 saved profiles, the maximum; reset one before creating "
              "'one-more'" in complaint, complaint)
        check("profile p9, in use" in control.run("use", "--profile", "p9"), "the last by name")
        check("has 41 calibration profiles, of which 32 are listed" in daemon.said(),
              daemon.said())
        check("kept in profile p8" in control.run("neutral", "--profile", "p8"), "one of them")


def check_settings(programs, directory):
    """Kept settings that cannot be read are neither in use nor overwritten."""
    _, mocapd = programs
    path = os.path.join(directory, "state", "mocapd", "calibration", "desk.settings")
    grey = "lavfi:color=gray:size=320x240:rate=25"
    with Daemon(mocapd, directory, grey) as daemon:
        check(daemon.ask("settings", smooth_beta=30)["changed"], "beta")
    with open(path, encoding="utf-8") as file:
        kept = file.read()
    with Daemon(mocapd, directory, grey) as daemon:
        check("with settings made at" in daemon.said(), daemon.said())
        check(daemon.ask("settings")["smooth_beta"] == 30, "kept")
    spoilt = kept.replace("smooth-beta = 30", "smooth-beta = maybe")
    write(path, spoilt)
    with Daemon(mocapd, directory, grey) as daemon:
        check("settings are as in its options: " in daemon.said(), daemon.said())
        refused = daemon.ask("settings", smooth_min_cutoff=2)
        check(refused["code"] == "storage" and "not changed: " in refused["message"] and
              "smooth-beta" in refused["message"], refused)
        with open(path, encoding="utf-8") as file:
            check(file.read() == spoilt, "overwritten")
        check(daemon.ask("settings")["smooth_min_cutoff"] == 1, "half done")
        write(path, kept)  # mended
        reply = daemon.ask("settings", smooth_min_cutoff=2)
        check(reply["smooth_min_cutoff"] == 2 and reply["smooth_beta"] == 30, reply)
        write(path, spoilt)
    with Daemon(mocapd, directory, grey) as daemon:
        check(not daemon.ask("settings", reset=True)["changed"], "reset")
        check(not os.path.exists(path), "reset leaves a file")


def check_two(programs, directory, clips):
    mocapctl, mocapd = programs
    graph = f"lavfi:movie={clips[0]}:loop=0[a];movie={clips[1]}:loop=0[b];[a][b]hstack"
    with Daemon(mocapd, directory, graph, "--max-faces", "2") as daemon:
        control = Control(mocapctl, daemon)
        end = time.monotonic() + GUARD_S
        while "of 2 faces" not in control.run("neutral"):
            check(time.monotonic() < end, "never two")
        reply = daemon.ask(action="range", shapes=["jawOpen", "eyeBlinkLeft"])
        check(reply["type"] == "calibrated" and len(reply["ranges"]) == 2, reply)
        check(set(reply["ranges"][0]["peaks"]) == {"jawOpen", "eyeBlinkLeft"}, reply)
        check(all(1 <= gain <= 3 for face in reply["ranges"] for gain in face["gains"].values()),
              reply)
    with open(os.path.join(directory, "state", "mocapd", "calibration",
                           "desk.default.calibration"), encoding="utf-8") as file:
        text = file.read()
    places = [float(line.split("=")[1]) for line in text.splitlines() if line.startswith("x =")]
    check(len(places) == 2 and min(places) < 0.5 < max(places), text)


def main():
    mocapctl, mocapd, synthface = sys.argv[1:]
    directory = tempfile.mkdtemp(prefix="mocapd-calibrate-")
    try:
        clips = [os.path.join(directory, f"{seed}.mp4") for seed in (1, 2)]
        for seed, clip in enumerate(clips, 1):
            subprocess.run([synthface, "--still", "--frames", "50", "--size", "320x240",
                            "--seed", str(seed), "--output", clip], check=True)
        programs = (mocapctl, mocapd)
        check_kept(programs, directory, clips[0])
        check_spoilt(programs, directory, clips[0])
        check_joined(programs, directory, clips[0])
        check_back(programs, directory)
        check_many(programs, directory, clips[0])
        shutil.rmtree(os.path.join(directory, "state"))
        check_nobody(programs, directory)
        check_settings(programs, directory)
        check_two(programs, directory, clips)
    finally:
        shutil.rmtree(directory)
    print("calibrations are kept")


if __name__ == "__main__":
    main()
