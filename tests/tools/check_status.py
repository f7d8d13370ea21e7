#!/usr/bin/env python3
"""mocapctl status, metrics and record, of a mocapd with a live stream and a dead one.

    check_status.py MOCAPCTL MOCAPD
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

GUARD_S = 120  # only a test that fails waits that long


def check(good, what):
    if not good:
        raise AssertionError(what)


class Control:
    def __init__(self, program, socket):
        self.program, self.socket = program, socket

    def run(self, *words, status=0):
        """What the command prints; its complaints when it should fail."""
        ended = subprocess.run([self.program, "--socket", self.socket, *words],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=GUARD_S, check=False)
        check(ended.returncode == status, (words, ended))
        return ended.stdout if status == 0 else ended.stderr


def check_status(control):
    # Records come: the stream is live from now on.
    control.run("watch", "live", "--count", "3")
    text = control.run("status")
    lines = text.splitlines()
    check(re.fullmatch(r"mocapd \S+, up for \d+ s, 1 workers?, 0 connections", lines[0]), text)
    network = r"{} (f32|bf16|int8) \(\S+\.safetensors\)"
    check(re.fullmatch("networks: " + ", ".join(
        network.format(name) for name in ("landmarks", "locator", "expression")), lines[1]), text)
    check(lines[2].split()[:3] == ["stream", "state", "records"], text)
    rows = {line.split()[0]: line.split() for line in lines[3:]}
    check(rows["live"][1] == "live" and int(rows["live"][2]) >= 3, text)
    check(rows["dead"][1] == "connecting" and rows["dead"][2] == "0", text)
    check(lines[2].split()[10] == "isolated", text)
    check(rows["live"][10] == "yes" and rows["dead"][10] == "no", text)
    check("Connection refused" in lines[4], text)  # why
    status = json.loads(control.run("status", "--json"))
    check(status["type"] == "status" and status["workers"] == 1, status)
    check(all(f"{network['network']} {network['precision']} ({network['file']})" in lines[1]
              for network in status["networks"]), status)
    files = [network["file"] for network in status["networks"]]
    check(files[0] in ("face.safetensors", "free/face.safetensors"), files)
    check(files[2] == "free/expression.safetensors", files)
    check([stream["stream"] for stream in status["streams"]] == ["live", "dead"], status)
    check("unexpected argument 'live'" in control.run("status", "live", status=2), "argument")


def check_metrics(control):
    """Prometheus' text format: every sample follows its HELP and TYPE."""
    every = control.run("metrics")
    for line in every.splitlines():
        check(re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)*\})? [-+.\w]+', line), line)
    names = set(re.findall(r"^# TYPE (\w+) ", every, re.M))
    samples = set(re.findall(r"^(mocapd_\w+?)(?:_bucket|_sum|_count)?[{ ]", every, re.M))
    check("mocapd_frames_decoded_total" in samples and samples <= names, samples - names)
    check('mocapd_source_up{stream="live"} 1' in every, every)
    check(re.search(r'^mocapd_network_info\{network="locator",precision="\w+"\} 1$', every, re.M),
          every)
    check('mocapd_source_up{stream="dead"} 0' in every, every)
    one = control.run("metrics", "live")
    check('stream="live"' in one and 'stream="dead"' not in one, one)
    told = control.run("metrics", "absent", status=1)
    check("absent" in told, told)


def check_record(control, folder):
    for words in (["--count", "2"], ["--seconds", "1"]):
        path = os.path.join(folder, words[0])
        control.run("record", path, "--stream", "live", *words)
        lines = control.run("export", path, "--json").splitlines()
        check(lines and all(json.loads(line)["stream"] == "live" for line in lines), lines)
    for option, most in (("--seconds", 100000000), ("--count", 1000000000000)):
        for value in ("0", "1e12", "9223372036854775807"):
            told = control.run("record", path, option, value, status=2)
            check(f"{option} must be a whole number from 1 to {most}, got '{value}'" in told, told)


def main():
    program, mocapd = sys.argv[1:3]
    folder = tempfile.mkdtemp(prefix="mocapd-status-")
    socket = os.path.join(folder, "s")
    told = Control(program, socket).run("status", status=1)
    check("is mocapd running?" in told, told)
    configuration = os.path.join(folder, "conf")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write("[stream live]\nurl = lavfi:testsrc=size=64x48:rate=10\nisolate = yes\n")
    daemon = subprocess.Popen([mocapd, "--socket", socket, "--workers", "1", "--region", "0,0,48,48",
                               "--config", configuration, "--expression",
                               os.path.join(os.path.dirname(os.path.realpath(mocapd)), "..",
                                            "share/mocapd/free/expression.safetensors"), "--stream",
                               "dead=rtsp://127.0.0.1:1/nobody"], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + GUARD_S
        while not os.path.exists(socket) and daemon.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        control = Control(program, socket)
        check_status(control)
        check_metrics(control)
        check_record(control, folder)
        daemon.send_signal(signal.SIGTERM)
        check(daemon.wait(timeout=GUARD_S) == 0, "mocapd ends well")
    finally:
        daemon.kill()
        daemon.wait()
        shutil.rmtree(folder)
    print("status, metrics and record say what is")


if __name__ == "__main__":
    main()
