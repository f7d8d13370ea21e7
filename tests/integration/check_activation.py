#!/usr/bin/env python3
"""A socket that a service manager has opened is used, and left when the daemon ends.

    check_activation.py MOCAPD
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

GUARD_S = 120  # only a test that fails waits that long

# Makes the descriptors the first after stderr and says so, as sd_listen_fds(3) has it.
LAUNCHER = """
import os, sys
fds = [int(word) for word in sys.argv[1].split(",")]
kept = [os.dup(fd) for fd in fds]
for place, fd in enumerate(kept, 3):
    os.dup2(fd, place)
    os.set_inheritable(place, True)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid() + int(sys.argv[2])))
os.execv(sys.argv[3], sys.argv[3:])
"""


def check(good, what):
    if not good:
        raise AssertionError(what)


class Daemon:
    def __init__(self, mocapd, sockets, *words, pid_offset=0):
        fds = [entry.fileno() for entry in sockets]
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, ",".join(map(str, fds)), str(pid_offset), mocapd,
             "--stream", "a=demo:", "--repeat", *words], pass_fds=fds, stderr=subprocess.PIPE,
            text=True)

    def end(self, sign=None):
        if sign is not None:
            self.process.send_signal(sign)
        _, said = self.process.communicate(timeout=GUARD_S)
        return self.process.returncode, said


def listening(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener


def ask(path):
    """What a status request says, with the rights of this user."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(GUARD_S)
        connection.connect(path)
        with connection.makefile("rw", encoding="utf-8") as file:
            for request in ("status", "reload"):
                file.write(json.dumps({"type": request, "id": 1}) + "\n")
            file.flush()
            messages = [json.loads(file.readline()) for _ in range(3)]
            check(messages[-1].get("restart") == [], messages[-1])  # the socket is as it was
            return [message["type"] for message in messages]


def main():
    mocapd = sys.argv[1]
    directory = tempfile.mkdtemp(prefix="mocapd-activation-")
    path = os.path.join(directory, "passed")
    try:
        listener = listening(path)
        for _ in range(2):  # the socket outlives the daemon, and serves the next one
            daemon = Daemon(mocapd, [listener])
            check(ask(path) == ["hello", "status", "reloaded"], "it does not answer")
            status, said = daemon.end(signal.SIGTERM)
            check(status == 0 and f"listens on {path}" in said, said)
            check(os.path.exists(path), "the socket is gone")
            check(not os.path.exists(path + ".lock"), "a lock is left")

        # Passed to another process: not ours.
        own = os.path.join(directory, "own")
        daemon = Daemon(mocapd, [listener], "--socket", own, pid_offset=1)
        while not os.path.exists(own):
            check(daemon.process.poll() is None, daemon.process.poll())
        status, said = daemon.end(signal.SIGTERM)
        check(status == 0 and f"listens on {own}" in said, said)

        with socket.socket() as wrong, socket.socket(socket.AF_UNIX) as deaf:
            wrong.bind(("127.0.0.1", 0))
            wrong.listen()
            for sockets, sentence in (
                    ([wrong], "must be a listening Unix stream socket"),
                    ([deaf], "must be a listening Unix stream socket"),
                    ([listener, wrong], "LISTEN_FDS must be 1 socket")):
                status, said = Daemon(mocapd, sockets).end()
                check(status == 1 and sentence in said, said)
    finally:
        shutil.rmtree(directory)
    print("a passed socket is used and left")


if __name__ == "__main__":
    main()
