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
