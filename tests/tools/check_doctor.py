#!/usr/bin/env python3
"""mocapctl doctor and devices, on whatever machine this is.

    check_doctor.py BIN_DIR
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

GUARD_S = 120  # only a test that fails waits that long


def check(good, what):
    if not good:
        raise AssertionError(what)


def run(*words, status=None):
    ended = subprocess.run(words, capture_output=True, text=True, timeout=GUARD_S, check=False)
    check(status is None or ended.returncode == status, (words, ended))
    check(ended.stderr == "", ended.stderr)
    return ended


def findings(mocapctl, path):
    """Of each check what doctor found, in both forms."""
    ended = run(mocapctl, "--socket", path, "doctor", "--json")
    found = json.loads(ended.stdout)
    check(all(set(finding) == {"check", "ok", "found", "advice"} for finding in found), found)
    problems = [finding for finding in found if not finding["ok"]]
    check(ended.returncode == (1 if problems else 0), ended)
    text = run(mocapctl, "--socket", path, "doctor", status=ended.returncode).stdout
    for finding in found:
        line = f"{'ok' if finding['ok'] else 'problem':8} {finding['check']}: {finding['found']}\n"
        check(line in text, (line, text))
        check(finding["ok"] or f"-> {finding['advice']}" in text or finding["advice"] == "", text)
    return found


def named(found, name):
    return [finding for finding in found if finding["check"] == name]


def check_doctor(mocapd, mocapctl, path):
    # Nobody listens.
    found = findings(mocapctl, path)
    check([finding["ok"] for finding in named(found, "model")] == [True] * 3, found)
    check(len(named(found, "processor")) == 1 and len(named(found, "service")) == 1, found)
    absent = named(found, "socket")[0]
    check(not absent["ok"] and "No such file or directory" in absent["found"] and
          absent["advice"].startswith("start mocapd: "), absent)

    daemon = subprocess.Popen([mocapd, "--socket", path, "--repeat", "--stream", "a=demo:",
                               "--stream", "gone=v4l2:/dev/video97"], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + GUARD_S
        while not os.path.exists(path):
            check(daemon.poll() is None and time.monotonic() < end, "mocapd does not listen")
            time.sleep(0.05)
        found = findings(mocapctl, path)
        check(named(found, "socket")[0]["ok"] and named(found, "version")[0]["ok"], found)
        streams = named(found, "stream")
        check([stream["ok"] for stream in streams] == [True, False], streams)
        check("gone is idle: /dev/video97: No such file or directory" in streams[1]["found"],
              streams)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=GUARD_S)


def greet(path, server):
    """A server of that name; it has no streams."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)

    def serve():
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rw", encoding="utf-8") as file:
                say(file, {"type": "hello", "protocol": [1, 0], "server": server, "boot_id": "b",
                           "streams": [], "encodings": ["json"]})
                for line in file:
                    say(file, {"type": "status", "id": json.loads(line)["id"], "uptime_s": 1,
                               "connections": 1, "workers": 1, "missed": 0, "streams": []})

    threading.Thread(target=serve, daemon=True).start()


def say(file, message):
    file.write(json.dumps(message) + "\n")
    file.flush()


def check_versions(mocapctl, directory):
    """What takes mocapd's place is as good as mocapd; another version of either is not."""
    version = run(mocapctl, "--version", status=0).stdout.split()[1]
    for number, (server, advice) in enumerate((
            (f"mocapd {version}", None), (f"mocap-fleet {version}", None), ("mocapctl replay", None),
            ("mocapd 0.0.1", "restart mocapd, or install the same version of both"),
            ("mocap-fleet 0.0.1", "restart mocap-fleet, or install the same version of both"))):
        path = os.path.join(directory, f"v{number}")
        greet(path, server)
        found = named(findings(mocapctl, path), "version")[0]
        check(found["ok"] == (advice is None) and found["advice"] == (advice or ""), found)
        check(found["found"] == f"mocapctl {version}, the daemon is {server}", found)


def check_devices(mocapctl):
    devices = json.loads(run(mocapctl, "devices", "--json", status=0).stdout)
    text = run(mocapctl, "devices", status=0).stdout
    for device in devices:
        check(device["path"] in text and device["problem"] in text, (device, text))
    check(devices or text == "no camera is connected\n", text)


def main():
    programs = sys.argv[1]
    mocapd, mocapctl = (os.path.join(programs, name) for name in ("mocapd", "mocapctl"))
    directory = tempfile.mkdtemp(prefix="mocapd-doctor-")
    try:
        check_doctor(mocapd, mocapctl, os.path.join(directory, "s"))
        check_versions(mocapctl, directory)
        check_devices(mocapctl)
    finally:
        shutil.rmtree(directory)
    print("doctor finds what is wrong")


if __name__ == "__main__":
    main()
