#!/usr/bin/env python3
"""mocapctl against a daemon played here: what it asks for, how it ends, and
what it says of a command that it does not understand.

    check_mocapctl.py MOCAPCTL
"""

import os
import shutil
import subprocess
import sys
import tempfile

from played_daemon import Daemon, abort_after

GUARD_S = 60  # only a test that fails waits that long


def check(good, what):
    if not good:
        raise AssertionError(what)


class Command:
    """mocapctl, started, and the daemon that it has connected to."""

    def __init__(self, program, path, *arguments, grants=True):
        self.arguments = [program, "--socket", path, *arguments]
        self.daemon = Daemon(path, grants, self.begin)

    def begin(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def end(self):
        """Its status, its output, its complaints."""
        output, complaints = self.process.communicate(timeout=GUARD_S)
        self.daemon.close()
        return self.process.returncode, output, complaints


def check_watch(program, path):
    """One of two streams fails: the other is watched to its end, then the status tells."""
    for states, wanted in ((("failed", "ended"), 1), (("ended", "ended"), 0)):
        command = Command(program, path, "watch", "--format", "json")
        daemon = command.daemon
        daemon.record([])
        daemon.end("one", states[0], "no such camera")
        daemon.record([], "two")
        daemon.end("two", states[1])
        status, output, complaints = command.end()
        check(output.count('"motion"') == 2 and output.count('"end"') == 2, output)
        check(status == wanted, (status, complaints))
        check(("one failed: no such camera" in complaints) == (wanted == 1), complaints)


def check_include(program, path):
    """The parts of a record that are asked for."""
    for words, wanted in (((), None), (("--include", "gaze,dense"), ["gaze", "dense"]),
                          (("-i", "all"), ["keypoints", "raw", "jacobians", "pose", "shapes",
                                           "timing", "gaze", "dense"])):
        command = Command(program, path, "watch", "--format", "json", *words)
        asked = command.daemon.subscription.get("include")
        check(asked == wanted, (words, asked))
        for stream in ("one", "two"):
            command.daemon.end(stream, "ended")
        check(command.end()[0] == 0, words)
    refused = subprocess.run([program, "watch", "--include", "gaze,"], capture_output=True,
                             text=True, timeout=GUARD_S, check=False)
    check(refused.returncode == 2 and "--include must be parts of a record" in refused.stderr,
          refused)


def shown(asked, **fields):
    return {"type": "calibration", "id": asked["id"], "stream": "one", "profile": "default",
            "active": True, "faces": [], "shapes": [], "profiles": [], **fields}


def check_calibrations(program, path):
    """Ranges step by step, of what the stream can show; what was measured; other profiles."""
    command = Command(program, path, "calibrate", "range", "one", "--profile", "anna")
    daemon = command.daemon
    asked = daemon.request("calibrate")
    check((asked["action"], asked["profile"]) == ("show", "anna"), asked)
    daemon.say(shown(asked, shapes=["jawOpen", "mouthPucker", "earWiggle"]))
    for shape, peak, gain in (("jawOpen", 0.5, 2), ("mouthPucker", 0.02, 1)):
        asked = daemon.request("calibrate")
        check(asked["action"] == "range" and asked["shapes"] == [shape], asked)
        check(asked["profile"] == "anna", asked)
        daemon.say({"type": "calibrated", "id": asked["id"], "stream": "one", "faces": 1,
                    "profile": "anna", "ranges": [{"peaks": {shape: peak}, "gains": {shape: gain}}]})
    status, output, complaints = command.end()
    check(status == 0, complaints)
    check("jawOpen              reached 0.50, gain 2.00\n" in output, output)
    check("mouthPucker          reached 0.02, gain 1.00 as before: too weak" in output, output)
    check("kept in profile anna" in output, output)

    # Nobody is seen.
    command = Command(program, path, "calibrate", "neutral", "one")
    asked = command.daemon.request("calibrate")
    check("action" not in asked, asked)
    command.daemon.say({"type": "error", "id": asked["id"], "code": "no-face", "message": "nobody"})
    status, output, complaints = command.end()
    check((status, output) == (1, "") and "mocapd says: nobody" in complaints, complaints)

    for action in ("show", "reset", "use"):
        command = Command(program, path, "calibrate", action, "one", "--profile", "anna",
                          grants=False)
        daemon = command.daemon
        if action != "show":
            asked = daemon.request("calibrate")
            check((asked["action"], asked["profile"]) == (action, "anna"), asked)
            daemon.say(shown(asked))
        asked = daemon.request("calibrate")
        check(asked["action"] == "show", asked)
        daemon.say(shown(asked, profile="anna", profiles=["anna", "bob"], faces=[
            {"neutral": True, "offsets": {"cheekPuff": 0.11}, "gains": {"jawOpen": 1.5}}]))
        status, output, complaints = command.end()
        check(status == 0, complaints)
        check("profile anna, in use; kept: anna, bob\nface 1: neutral expression measured\n"
              in output, output)
        check("cheekPuff               0.110     1.00\n" in output, output)
        check("jawOpen                     -     1.50\n" in output, output)

    for arguments, complaint in (
            (("dance", "one"), "ACTION must be neutral, range, show, use or reset, got 'dance'"),
            (("use", "one"), "use must have --profile NAME"),
            (("show", "--profile", "a/b"), "--profile must be 1 to 63 of A-Z a-z 0-9 _ -, got 'a/b'")):
        process = subprocess.run([program, "--socket", path, "calibrate", *arguments],
                                 capture_output=True, text=True, timeout=GUARD_S, check=False)
        check(process.returncode == 2 and complaint in process.stderr, process.stderr)


def check_calibrate(program, path):
    """A camera on demand is opened first, and measured once it is live."""
    command = Command(program, path, "calibrate", "one", grants=False)
    daemon = command.daemon
    asked = daemon.grant()
    check(asked["stream"] == "one" and asked["include"] == [] and asked["max_rate"] == 1, asked)
    for state in ("idle", "connecting", "live"):
        daemon.state("one", state)
    asked = daemon.request("calibrate")
    check(asked["stream"] == "one", asked)
    daemon.record([])  # comes before the reply
    daemon.say({"type": "calibrated", "id": asked["id"], "stream": "one", "faces": 1})
    status, output, complaints = command.end()
    check((status, output) == (0, "measured the neutral expression of 1 face\n"), (output, complaints))

    check_calibrations(program, path)

    # One that does not open is not asked for a face.
    command = Command(program, path, "calibrate", "one", grants=False)
    daemon = command.daemon
    daemon.grant()
    daemon.state("one", "connecting")
    daemon.end("one", "failed", "no such camera")
    check(daemon.file.read() == "", "it asked on")
    status, _, complaints = command.end()
    check(status == 1 and "one is failed: no such camera" in complaints, (status, complaints))


def main():
    abort_after(GUARD_S)
    program = sys.argv[1]
    directory = tempfile.mkdtemp(prefix="mocapd-mocapctl-")
    path = os.path.join(directory, "s")
    try:
        check_watch(program, path)
        check_include(program, path)
        check_calibrate(program, path)
    finally:
        shutil.rmtree(directory)
    print("mocapctl asks and ends as it should")


if __name__ == "__main__":
    main()
