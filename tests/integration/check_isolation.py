#!/usr/bin/env python3
"""Two isolated streams, and the decoder process of one crashes: that stream says so and is back, the
other loses nothing; both decoders are confined.

    check_isolation.py MOCAPD
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "clients" / "python"))
import mocap  # noqa: E402

GUARD_S = 120  # only a test that fails waits that long
STREAMS = ("one", "two")
RECORDS_AFTER = 20


def check(good, what):
    if not good:
        raise AssertionError(what)


def decoders(daemon):
    """The decoder processes: children of any thread."""
    found = []
    for task in Path(f"/proc/{daemon.pid}/task").iterdir():
        found += (task / "children").read_text().split()
    return {int(pid) for pid in found}


def check_confined(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    check("\nSeccomp:\t2\n" in status and "\nNoNewPrivs:\t1\n" in status, status)
    socket = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    check(len(socket) <= 16, socket)  # none of the daemon's files


class Reader:
    """Takes messages; records of a stream must follow each other."""

    def __init__(self, client):
        self.client, self.end = client, time.monotonic() + GUARD_S
        self.last, self.since, self.reasons = {}, dict.fromkeys(STREAMS, 0), []

    def until(self, condition, what):
        while not condition():
            check(time.monotonic() < self.end, (what, self.last, self.reasons))
            message = self.client.next(1)
            if isinstance(message, mocap.Record):
                before = self.last.get(message.stream, message.seq - 1)
                check(message.missed == 0 and message.seq == before + 1, (message.stream, before))
                self.last[message.stream] = message.seq
                self.since[message.stream] += 1
            elif isinstance(message, mocap.State) and message.reason:
                self.reasons.append((message.stream, message.reason))


def run(daemon, client):
    client.subscribe(mode="queue", include=["pose"])
    reader = Reader(client)
    reader.until(lambda: all(reader.since.values()), "both are live")
    found = decoders(daemon)
    check(len(found) == len(STREAMS), found)
    for pid in found:
        check_confined(pid)
    victim, survivor = found
    os.kill(victim, signal.SIGABRT)  # sanitizers handle SIGSEGV themselves
    reader.until(lambda: any("the decoder crashed (SIGABRT)" in reason
                             for _, reason in reader.reasons), "the crash is said")
    crashed = reader.reasons[-1][0]
    reader.since = dict.fromkeys(STREAMS, 0)
    reader.until(lambda: min(reader.since.values()) >= RECORDS_AFTER, "both go on")
    status = {stream["stream"]: stream for stream in client.status()["streams"]}
    check(all(stream["isolated"] for stream in status.values()), status)
    for name, stream in status.items():
        check(stream["connects"] == (2 if name == crashed else 1), status)
    check({name for name, _ in reader.reasons} == {crashed}, reader.reasons)
    check(survivor in decoders(daemon), "the other decoder is another process")


def connect(daemon, path):
    end = time.monotonic() + GUARD_S
    while True:
        try:
            return mocap.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            check(daemon.poll() is None and time.monotonic() < end, "mocapd does not listen")
            time.sleep(0.01)


def main():
    folder = tempfile.mkdtemp(prefix="mocapd-isolation-")
    path = os.path.join(folder, "s")
    streams = [word for name in STREAMS
               for word in ("--stream", f"{name}=lavfi:testsrc=size=64x48:rate=10")]
    daemon = subprocess.Popen([sys.argv[1], "--socket", path, "--isolate", "--region", "0,0,48,48",
                               *streams], stderr=subprocess.PIPE, text=True)
    try:
        with connect(daemon, path) as client:
            run(daemon, client)
        daemon.send_signal(signal.SIGTERM)
        said = daemon.communicate(timeout=GUARD_S)[1]
        check(daemon.returncode == 0, said)
    finally:
        daemon.kill()
        daemon.wait()
        shutil.rmtree(folder)
    print("the crash of a decoder is its stream's alone")


if __name__ == "__main__":
    main()
