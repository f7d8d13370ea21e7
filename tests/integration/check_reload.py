#!/usr/bin/env python3
"""A mocapd whose configuration changes while it runs: by SIGHUP, by mocapctl reload and by mocapctl
stream. Streams that are as before lose no frame; a mistake changes nothing.

    check_reload.py MOCAPD MOCAPCTL CLIP
"""

import json
import os
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


class Connection:
    """Subscribed to some streams; keeps all that comes."""

    def __init__(self, path, *requests):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(GUARD_S)
        self.socket.connect(path)
        self.file = self.socket.makefile("r", encoding="utf-8")
        self.messages = []
        self.until(lambda message: message["type"] == "hello")
        for request in requests:
            self.ask(**request)

    def until(self, wanted):
        end = time.monotonic() + GUARD_S
        while time.monotonic() < end:
            message = json.loads(self.file.readline())
            self.messages.append(message)
            if wanted(message):
                return message
        raise AssertionError("it did not come")

    def ask(self, **request):
        request["id"] = len(self.messages)
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.until(lambda message: message.get("id") == request["id"])

    def record(self, stream):
        return self.until(lambda m: m["type"] == "motion" and m["stream"] == stream)

    def records(self, stream):
        return [m for m in self.messages if m["type"] == "motion" and m["stream"] == stream]

    def types(self):
        return [m["type"] for m in self.messages if m["type"] != "motion"]


class Daemon:
    def __init__(self, mocapd, mocapctl, directory):
        self.programs = mocapd, mocapctl
        self.directory = directory
        self.socket = os.path.join(directory, "s")
        self.config = os.path.join(directory, "mocapd.conf")
        self.log = open(os.path.join(directory, "log"), "w", encoding="utf-8")
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(os.path.join(directory, "notify"))
        self.notified.settimeout(GUARD_S)
        os.mkdir(self.config + ".d")

    def write(self, text, name=None):
        path = self.config if name is None else os.path.join(self.config + ".d", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        environment = {**os.environ, "NOTIFY_SOCKET": self.notified.getsockname(),
                       "XDG_STATE_HOME": self.directory}
        environment.pop("STATE_DIRECTORY", None)
        self.process = subprocess.Popen(
            [self.programs[0], "--socket", self.socket, "--config", self.config], env=environment,
            stderr=self.log)
        check(self.notified.recv(4096) == b"READY=1", "it is not ready")

    def restart(self):
        self.stop()
        check(self.notified.recv(4096) == b"STOPPING=1", "it is not stopping")
        self.start()

    def hang_up(self):
        """Its notifications of a reload."""
        self.process.send_signal(signal.SIGHUP)
        return [self.notified.recv(4096).decode() for _ in range(2)]

    def control(self, *words, status=0):
        ended = subprocess.run([self.programs[1], "--socket", self.socket, *words],
                               capture_output=True, text=True, timeout=GUARD_S, check=False)
        check(ended.returncode == status, (words, ended))
        return ended.stdout + ended.stderr

    def reload(self, status=0):
        output = self.control("reload", status=status)
        for wanted in ("RELOADING=1\nMONOTONIC_USEC=", "READY=1\nSTATUS="):
            notified = self.notified.recv(4096).decode()
            check(notified.startswith(wanted), notified)
        return output

    def said(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(timeout=GUARD_S) == 0, self.said())


def check_unbroken(records, what):
    """No record is missing, and no frame was dropped."""
    numbers = [record["seq"] for record in records]
    check(numbers == list(range(numbers[0], numbers[0] + len(numbers))), (what, numbers))
    check(all(record["missed"] == 0 for record in records), what)


def check_rising(records, what):
    """Time goes on, and an id that was given up is not given again."""
    last_pts, current, used = -1, set(), set()
    for record in records:
        check(record["pts"] > last_pts, (what, last_pts, record["pts"]))
        last_pts = record["pts"]
        ids = {face["id"] for face in record["faces"]}
        check(not (ids - current) & used, (what, ids, current, used))
        current = ids
        used |= ids
    return len(used)


def check_reloads(daemon, clip):
    # However slow this machine is, connections that are not read stay.
    common = "workers = 1\nstuck-timeout = 3600\nrepeat = yes\n"
    kept = f"[stream kept]\nurl = {clip}\n"
    daemon.write(f"{common}{kept}[stream other]\nurl = {clip}\n")
    daemon.start()
    everything = Connection(daemon.socket, {"type": "subscribe", "mode": "queue", "queue": 1000,
                                            "include": []})
    everything.record("kept")
    everything.record("other")

    # A mistake keeps what there is.
    daemon.write(f"{common}{kept}[stream other]\nurll = {clip}\n")
    reloading, ready = daemon.hang_up()
    check(reloading.startswith("RELOADING=1\nMONOTONIC_USEC="), reloading)
    check(abs(int(reloading.split("=")[-1]) / 1e6 - time.monotonic()) < GUARD_S, reloading)
    check(ready.startswith("READY=1\n") and "it is wrong" in ready, ready)
    output = daemon.reload(status=1)
    check("mocapd.conf:7:1: unknown option 'urll'; did you mean 'url'?" in output, output)
    check("the configuration stays as it was: " in daemon.said(), daemon.said())

    # One is changed, one added; an option waits for the next start.
    daemon.write(f"{common}{kept}[stream other]\nurl = {clip}\nmirror = yes\n".replace(
        "workers = 1", "workers = 2"))
    daemon.write(f"[stream new]\nurl = {clip}\n", "50-new.conf")
    before = everything.record("other")["seq"]
    output = daemon.reload()
    check(output == "added: new\nchanged: other\nmocapctl: workers has changed: it takes effect "
          "when mocapd is started again\n", output)
    check(everything.until(lambda m: m["type"] == "streams")["streams"] ==
          ["kept", "other", "new"], "streams")
    everything.record("new")
    check("stream other is connecting: its options have changed" in daemon.said(), daemon.said())
    after = everything.record("other")
    check(after["seq"] > before, (before, after["seq"]))
    check_unbroken(everything.records("other"), "the numbers go on")

    # Motion alone is changed without opening anything.
    states = everything.types().count("state")
    daemon.write(f"{common}{kept}smooth = no\n[stream other]\nurl = {clip}\nmirror = yes\n")
    output = daemon.reload()
    check(output == "changed: kept\n", output)
    everything.record("kept")
    check(everything.types().count("state") == states, everything.types())

    # One is removed; nothing else changes.
    daemon.write(f"{common}{kept}smooth = no\n")
    reloading, ready = daemon.hang_up()
    check(ready == "READY=1\nSTATUS=configuration read again", ready)
    end = everything.until(lambda m: m["type"] == "end")
    check((end["stream"], end["state"], end["reason"]) ==
          ("other", "ended", "it is no longer configured"), end)
    check(everything.until(lambda m: m["type"] == "streams")["streams"] == ["kept", "new"], "two")
    check("no stream has changed" in daemon.reload(), "again")
    everything.record("kept")
    check_unbroken(everything.records("kept"), "kept")


def check_changed(daemon, clip):
    """What a request has changed is the configuration's at the next reload, or gone; counts go on."""
    watcher = Connection(daemon.socket, {"type": "subscribe", "include": []})
    watcher.record("new")
    before = [json.loads(daemon.control("status", "--json"))["streams"][1]]
    for option in ("mirror=yes", "isolate=yes"):
        check(daemon.control("stream", "set", "new", option) == "changed new\n", option)
        watcher.until(lambda m: m["type"] == "state" and m["state"] == "live")
        watcher.record("new")
        now = json.loads(daemon.control("status", "--json"))["streams"][1]
        check(now["connects"] > before[-1]["connects"], (before, now))
        check(now["records"] >= before[-1]["records"], (before, now))
        check(now["dropped"] >= before[-1]["dropped"], (before, now))
        published = [line for line in daemon.control("metrics").splitlines()
                     if line.startswith('mocapd_frames_published_total{stream="new"}')]
        check(float(published[0].split()[-1]) >= now["records"], (published, now))
        before.append(now)
    check(before[-1]["isolated"] and not before[0]["isolated"], before)
    daemon.write(f"workers = 1\nstuck-timeout = 3600\nrepeat = yes\n[stream kept]\nurl = {clip}\n"
                 "smooth = no\n")
    text = open(os.path.join(daemon.config + ".d", "50-new.conf"), encoding="utf-8").read()
    daemon.write("", "50-new.conf")
    check(daemon.reload() == "removed: new\n", "it is configured no longer, changed or not")
    daemon.write(text, "50-new.conf")
    check(daemon.reload() == "added: new\n", "again")


def check_continued(daemon):
    """A stream that is opened again goes on: time rises, and who is there has another id."""
    for options in ("isolate=no",), ("full-frame=yes", "isolate=no"), ("isolate=yes",):
        daemon.control("stream", "add", "going=demo:", "repeat=yes", *options)
        watcher = Connection(daemon.socket, {"type": "subscribe", "stream": "going", "include": []})
        for change in "mirror=yes", "mirror=no":
            watcher.until(lambda m: m["type"] == "motion" and m["faces"])
            daemon.control("stream", "set", "going", change)
            watcher.until(lambda m: m["type"] == "state" and m["state"] == "live")
        watcher.until(lambda m: m["type"] == "motion" and m["faces"])
        used = check_rising(watcher.records("going"), options)
        check(used >= 3, (options, used))
        daemon.control("stream", "remove", "going")


def spoil(clip, spoilt):
    """Writes the clip with nothing left of its frames: their slices are zeros."""
    data = bytearray(open(clip, "rb").read())
    at = data.index(b"mdat") + 4
    while 0 < (length := int.from_bytes(data[at:at + 4], "big")) <= len(data) - at - 4:
        if data[at + 4] & 31 in (1, 5):  # slices
            data[at + 5:at + 4 + length] = bytes(length - 1)
        at += 4 + length
    with open(spoilt, "wb") as file:
        file.write(data)


def check_dropped(daemon, clip):
    """Frames that were dropped before a stream was opened again count in its records, too, even if
    no record came after them."""
    spoilt = os.path.join(daemon.directory, "spoilt.mp4")
    spoil(clip, spoilt)
    daemon.control("stream", "add", f"spoilt={spoilt}")
    watcher = Connection(daemon.socket, {"type": "subscribe", "stream": "spoilt", "include": []})
    watcher.until(lambda m: m["type"] == "end")
    daemon.control("stream", "set", "spoilt", "url=demo:")
    record = watcher.record("spoilt")
    streams = watcher.ask(type="status")["streams"]
    after = [stream["dropped"] for stream in streams if stream["stream"] == "spoilt"]
    check(0 < record["dropped"] <= after[0], (record, streams))
    daemon.control("stream", "remove", "spoilt")


def check_settings(daemon):
    """A setting that was changed is saved alone: the others follow the options."""
    watcher = Connection(daemon.socket)
    reply = watcher.ask(type="settings", stream="kept", gains={"jawOpen": 1.5})
    check(reply["changed"] and not reply["smooth"], reply)
    text = open(daemon.config, encoding="utf-8").read()
    daemon.write(text.replace("smooth = no", "smooth-beta = 3\nfov = 60"))
    daemon.restart()
    reply = Connection(daemon.socket).ask(type="settings", stream="kept")
    check((reply["smooth"], reply["smooth_beta"], reply["fov"]) == (True, 3, 60), reply)
    check(reply["gains"] == {"jawOpen": 1.5}, reply)
    daemon.write(text)
    daemon.restart()


def check_end(daemon, clip):
    """exit-on-end: one stream goes and another comes in its place, and none ends in between."""
    first = f"exit-on-end = yes\n[stream ended]\nurl = {clip}\n[stream rest]\nurl = demo:\n" \
        "repeat = yes\n"
    daemon.write("", "50-new.conf")
    daemon.write("", "60-more.conf")
    daemon.write(first)
    daemon.restart()
    watcher = Connection(daemon.socket, {"type": "subscribe", "include": []})
    watcher.until(lambda m: m["type"] == "end" and m["stream"] == "ended")
    daemon.write(first.replace("[stream rest]", "[stream more]"))
    check(daemon.reload() == "added: more\nremoved: rest\n", "one for another")
    watcher.record("more")
    daemon.write(first.split("[stream rest]")[0])
    check(daemon.reload() == "removed: more\n", "the last that had not ended")
    check(daemon.process.wait(timeout=GUARD_S) == 0, daemon.said())


def check_control(daemon, clip):
    """Adding, changing and removing streams; who repeats a request changes nothing."""
    watcher = Connection(daemon.socket, {"type": "subscribe", "include": []})
    source = f"door={clip}"
    check(daemon.control("stream", "add", source, "repeat=yes", "max-faces=2") == "added door\n",
          "add")
    watcher.record("door")
    check("door already exists" in daemon.control("stream", "add", source, "repeat=yes",
                                                    "max-faces=2"), "again")
    output = daemon.control("stream", "add", "door=demo:", status=1)
    check("stream 'door' exists with another URL" in output, output)
    output = daemon.control("stream", "add", source, status=1)
    check("stream 'door' exists with other options" in output, output)
    # What a request has added stays when the configuration is read again.
    check("no stream has changed" in daemon.reload(), "reload")
    check(daemon.control("stream", "set", "door", "mirror=yes") == "changed door\n", "set")
    check("already has these options" in daemon.control("stream", "set", "door", "mirror=yes"),
          "set again")
    for words, complaint in (
            (("set", "dor", "mirror=yes"), "there is no stream 'dor' to change; did you mean 'door'?"),
            (("set", "door", "miror=yes"), "unknown option 'miror'; did you mean 'mirror'?"),
            (("set", "door", "max-faces=9"), "max-faces must be a whole number from 1 to 4, got '9'"),
            (("set", "door", "workers=2"), "workers is not an option of one stream"),
            (("set", "door", "password-file=/etc/shadow"), "password-file is for the configuration"),
            (("set", "door", "url=/tmp/\x07"), "url must be visible text"),
            (("add", "a/b=demo:"), "NAME=URL must be"),
            (("add", "a b=demo:"), "a stream's name must be 1 to 63 of"),
            (("add", "x=~/clip.mp4"), "url must be a full path")):
        output = daemon.control("stream", *words, status=2 if words[1] == "a/b=demo:" else 1)
        check(complaint in output, (words, output))
    # A login stays with its server.
    daemon.control("stream", "add", "cam=http://127.0.0.1:9/a", "user=me", "password=hunter2")
    reply = watcher.ask(type="stream", action="set", stream="cam",
                        options={"url": "http://localhost:9/b"})
    check(reply["changed"], reply)
    output = daemon.control("stream", "add", "cam=http://localhost:9/b")
    check("cam already exists" in output, output)  # without user and password
    check("hunter2" not in daemon.said(), "the log holds a password")
    daemon.control("stream", "remove", "cam")
    # A stream that fails ends itself alone, even if it is the only one that has ended.
    daemon.control("stream", "add", "lost=/nowhere/clip.mp4")
    watcher.until(lambda m: m["type"] == "end" and m["stream"] == "lost")
    daemon.control("stream", "remove", "lost")
    check(daemon.control("stream", "remove", "door") == "removed door\n", "remove")
    check("does not exist" in daemon.control("stream", "remove", "door"), "remove again")
    watcher.until(lambda m: m["type"] == "end" and m["stream"] == "door")
    daemon.control("metrics")
    status = json.loads(daemon.control("status", "--json"))
    check([stream["stream"] for stream in status["streams"]] == ["kept", "new"], status)


def check_full(daemon):
    """64 streams and no more, by whatever way."""
    for i in range(62):
        daemon.control("stream", "add", f"s{i}=/nowhere/{i}.mp4")
    output = daemon.control("stream", "add", "more=/nowhere/more.mp4", status=1)
    check("must be at most 64 streams" in output, output)
    daemon.write("[stream more]\nurl = demo:\n", "60-more.conf")
    output = daemon.reload(status=1)
    check("must be at most 64 streams, with those added at run time, got 65" in output, output)


def main():
    mocapd, mocapctl, clip = sys.argv[1:]
    directory = tempfile.mkdtemp(prefix="mocapd-reload-")
    daemon = Daemon(mocapd, mocapctl, directory)
    try:
        check_reloads(daemon, clip)
        check_control(daemon, clip)
        check_changed(daemon, clip)
        check_continued(daemon)
        check_dropped(daemon, clip)
        check_settings(daemon)
        check_full(daemon)
        check_end(daemon, clip)
    except BaseException:
        sys.stderr.write(daemon.said()[-4000:])
        raise
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        shutil.rmtree(directory)
    print("the configuration changes while the daemon runs")


if __name__ == "__main__":
    main()
