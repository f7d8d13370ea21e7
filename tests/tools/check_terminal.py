#!/usr/bin/env python3
"""What a daemon or a bridge says reaches a terminal without its control characters, whichever command
prints it; JSON means the same as before.

    check_terminal.py MOCAPCTL [MOCAP_BRIDGE]
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import made_recording
from played_daemon import abort_after

GUARD_S = 120  # only a test that fails waits that long
# Sets the title, clears the screen, and does so again with DEL and with U+0080 to U+009F.
EVIL = "\x1b]0;owned\x07\x1b[2J\x7f\x85\x9b2J\x9d0;owned\x9c"
PLAIN = "?]0;owned??[2J???2J?0;owned?"  # that
CLEAR = "\x1b[2J\x9b"
NAME = f"a{EVIL}"  # of a stream
FACE = {"neutral": True, "offsets": {"jawOpen": 0.1}, "gains": {"jawOpen": 1.0}}
STATUS = {
    "type": "status", "uptime_s": 1, "connections": 1, "workers": 1, "missed": 0,
    "networks": [{"network": CLEAR, "file": EVIL, "precision": CLEAR}],
    "streams": [{"stream": NAME, "state": "failed", "reason": EVIL, "records": 1, "dropped": 0,
                 "drops": {"mailbox": 0, "late": 0, "decode": 0, "subscriber": 0}, "connects": 1,
                 "subscribers": 0}],
}
REPLIES = {
    "subscribe": {"type": "subscribed", "streams": [NAME], "mode": "queue", "encoding": "json"},
    "status": STATUS,
    "metrics": {"type": "metrics", "text": f'# TYPE a gauge\na{{stream="{NAME}"}} 1\n'},
    "stream": {"type": "stream", "action": "add", "stream": NAME, "changed": True},
    "reload": {"type": "reloaded", "added": [NAME], "changed": [NAME], "removed": [NAME],
               "failed": [NAME], "restart": [CLEAR]},
}
ACTIONS = {
    "neutral": {"type": "calibrated", "stream": NAME, "faces": 1, "profile": EVIL},
    "range": {"type": "calibrated", "stream": NAME, "faces": 1, "profile": EVIL, "ranges": []},
    "show": {"type": "calibration", "stream": NAME, "profile": EVIL, "active": True,
             "faces": [FACE], "shapes": ["jawOpen"], "profiles": [EVIL]},
}
RECORD = {"type": "motion", "stream": NAME, "seq": 1, "pts": 0.1, "t_arrival_ns": 1, "t_publish_ns": 2,
          "width": 64, "height": 48, "dropped": 0, "faces": [], "missed": 0,
          "timing_us": {"decode": 1, "wait": 1, "scale": 1, "infer": 1}}
NEWS = ({"type": "state", "stream": NAME, "state": "connecting", "reason": EVIL},
        {"type": "state", "stream": NAME, "state": "live", "reason": ""}, RECORD,
        {"type": "end", "stream": NAME, "records": 1, "state": "failed", "reason": EVIL})
TARGET = {"name": EVIL, "type": EVIL, "address": EVIL, "state": EVIL, "reason": EVIL, "outage": EVIL,
          "stream": EVIL, "stream_state": EVIL, "sent": 1, "lost": 0, "face": True}


def check(good, what):
    if not good:
        raise AssertionError(what)


def escaped(message):
    """As JSON, with what JSON allows in texts as it is."""
    return json.dumps(message, ensure_ascii=False)


class Evil(threading.Thread):
    """A server at a socket, one thread for each connection."""

    def __init__(self, path, serve):
        super().__init__(daemon=True)
        self.serve = serve
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.take, args=(connection,), daemon=True).start()

    def take(self, connection):
        with connection, connection.makefile("rw", encoding="utf-8") as file:
            try:
                self.serve(file)
                file.flush()
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has seen enough


def say(file, message):
    file.write(escaped(message) + "\n")
    file.flush()


def daemon(is_refusing):
    def serve(file):
        say(file, {"type": "hello", "protocol": [1, 0], "server": f"mocapd {EVIL}", "boot_id": "b",
                   "streams": [NAME], "encodings": ["json"]})
        for line in file:
            request = json.loads(line)
            kind = request["type"]
            reply = ACTIONS[request.get("action", "neutral")] if kind == "calibrate" else REPLIES.get(kind)
            if reply is None or is_refusing:
                reply = {"type": "error", "code": "invalid", "message": EVIL}
            say(file, {**reply, "id": request["id"]})
            if reply["type"] == "subscribed":
                for news in NEWS:
                    say(file, news)
    return serve


def bridge(file):
    file.write(escaped({"targets": [{**TARGET, "connected": True}, {**TARGET, "connected": False}]}))


def run(*words):
    """-> what it prints; its complaints are in it"""
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=GUARD_S, check=False)
    text = ended.stdout.decode()
    controls = {c for c in text if (c < " " and c != "\n") or "\x7f" <= c <= "\x9f"}
    check(not controls, (words, controls, text))
    return text


def shows(words, *parts):
    """What is shown is the very text, without its controls."""
    text = run(*words)
    for part in parts:
        check(part in text, (words, part, text))
    return text


def check_mocapctl(mocapctl, folder):
    path, refusing = os.path.join(folder, "s"), os.path.join(folder, "refusing")
    Evil(path, daemon(False))
    Evil(refusing, daemon(True))
    recording = os.path.join(folder, "recording")
    made_recording.write(recording, [[]], NAME)
    for words, parts in (
            (("status",), (f"mocapd {PLAIN}, up", f"?[2J? ?[2J? ({PLAIN})", f"\na{PLAIN}")),
            (("metrics",), ("# TYPE a gauge\n", f'a{{stream="a{PLAIN}"}} 1\n')),
            (("watch",), (f"a{PLAIN} failed: {PLAIN}", "a?]0;owned??")),
            (("stream", "add", "b=demo:"), ("added b",)),
            (("stream", "add", f"b{EVIL}=demo:"), (f"added b{PLAIN}",)),
            (("reload",), (f"added: a{PLAIN}", f"changed: a{PLAIN}", f"removed: a{PLAIN}",
                           "?[2J? has changed", f"a{PLAIN} could not be added")),
            (("calibrate",), (f"kept in profile {PLAIN}",)),
            (("calibrate", "show"), (f"profile {PLAIN}, in use; kept: {PLAIN}",)),
            (("calibrate", "range"), (f"kept in profile {PLAIN}",)),
            (("doctor",), (f"the daemon is mocapd {PLAIN}", f"a{PLAIN} is failed: {PLAIN}")),
            (("record", os.path.join(folder, "recorded")), (f"a{PLAIN}: failed: {PLAIN}",)),
            (("export", recording), (f"a{PLAIN},0,",))):
        shows((mocapctl, "--socket", path, *words), *parts)
    for words in (("status",), ("metrics",), ("watch",), ("stream", "add", "b=demo:"), ("reload",),
                  ("calibrate", "show")):
        shows((mocapctl, "--socket", refusing, *words), PLAIN)
    check_json(mocapctl, path, recording)


def check_json(mocapctl, path, recording):
    control = (mocapctl, "--socket", path)
    status = json.loads(run(*control, "status", "--json"))
    check({**status, "id": None} == {**STATUS, "id": None}, status)
    lines = [json.loads(line) for line in run(*control, "watch", "--format", "json").splitlines()
             if line.startswith("{")]
    check(RECORD in lines and NEWS[-1] in lines, lines)
    found = json.loads(run(*control, "doctor", "--json"))
    check(any(f"{NAME} is failed: {EVIL}" == finding["found"] for finding in found), found)
    exported = json.loads(run(*control, "export", recording, "--json"))
    check(exported["stream"] == NAME, exported)


def check_bridge(program, folder):
    path = os.path.join(folder, "bridge")
    Evil(path, bridge)
    words = (program, "--status-socket", path, "status")
    shows(words, f"{PLAIN} {PLAIN} {PLAIN} {PLAIN} ({PLAIN})\n", f"stream {PLAIN} is {PLAIN}, a face",
          f"waiting for mocapd: {PLAIN}\n")
    said = json.loads(run(*words, "--json"))
    check({**TARGET, "connected": True} in said["targets"], said)
    config = os.path.join(folder, "bridge.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"[target a]\ntype = {json.dumps(EVIL)}\n")
    shows((program, "--config", config, "--check-config"), f"got '{PLAIN}'")


def main():
    abort_after(10 * GUARD_S)
    folder = tempfile.mkdtemp(prefix="mocapd-terminal-")
    try:
        check_mocapctl(sys.argv[1], folder)
        if len(sys.argv) > 2:
            check_bridge(sys.argv[2], folder)
    finally:
        shutil.rmtree(folder)
    print("control characters stay away from terminals")


if __name__ == "__main__":
    main()
