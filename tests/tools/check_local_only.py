#!/usr/bin/env python3
"""The programs reach for no address that their configuration does not name. They run in a network
namespace of their own, without routes, and strace notes every address that they try, whether it
can be reached or not. Skipped (77) where the system does not allow that.

    check_local_only.py MOCAPD MOCAPCTL [MOCAP_BRIDGE] [MOCAP_WEB]
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from check_bridge import check
from played_daemon import abort_after

GUARD_S = 120
LISTEN, TARGET = 8040, 39539
TRACE = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=none"]
# What strace prints of an Internet address: the port, then the address.
ADDRESS = re.compile(r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?"
                     r"(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\"")


def enter_namespace():
    """Starts this program again in a namespace; returns only there."""
    if os.environ.get("MOCAPD_TEST_NAMESPACE") == "1":
        return
    words = ["unshare", "--user", "--map-root-user", "--net"]
    able = all(map(shutil.which, ("unshare", "ip", "strace"))) and subprocess.run(
        [*words, "sh", "-c", "ip link set lo up && strace -f true"], stderr=subprocess.DEVNULL,
        check=False).returncode == 0
    if not able:
        print("skipped: no network namespaces, or no unshare, ip and strace (packages util-linux, "
              "iproute2, strace)")
        sys.exit(77)
    os.environ["MOCAPD_TEST_NAMESPACE"] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


class Traced:
    """A program under strace, and the Internet addresses that it has tried."""

    started = []

    def __init__(self, folder, *words):
        self.log = os.path.join(folder, os.path.basename(words[0]) + ".trace")
        open(self.log, "w", encoding="utf-8").close()
        self.process = subprocess.Popen([*TRACE, "-o", self.log, *words],
                                        stdout=subprocess.DEVNULL, start_new_session=True)
        self.started.append(self)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=60)
        return self.addresses()

    def addresses(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return {(address, int(port)) for port, address in ADDRESS.findall(file.read())}


def wait_for(what, ready):
    until = time.monotonic() + 60
    while not ready():
        check(time.monotonic() < until, f"{what} in time")
        time.sleep(0.1)


def fetch(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{LISTEN}/{path}", timeout=10) as answer:
            return answer.read()
    except OSError:
        return None


def programs(folder, paths):
    """Runs all programs together -> name: what each tried"""
    socket_path = os.path.join(folder, "socket")
    options = ["--socket", socket_path]
    running = {"mocapd": Traced(folder, paths["mocapd"], *options, "--stream", "demo=demo:",
                                "--repeat")}
    wait_for("mocapd", lambda: os.path.exists(socket_path))
    if "mocap-bridge" in paths:
        running["mocap-bridge"] = Traced(folder, paths["mocap-bridge"], *options, "--vmc",
                                         f"127.0.0.1:{TARGET}")
        wait_for("a packet", lambda: running["mocap-bridge"].addresses())
    if "mocap-web" in paths:
        running["mocap-web"] = Traced(folder, paths["mocap-web"], *options, "--listen",
                                      f"127.0.0.1:{LISTEN}")
        wait_for("the page", lambda: fetch(""))
        for path in ("", "app.js", "metrics", "healthz"):
            check(fetch(path), f"/{path}")
    for command in (["status"], ["watch", "--count", "20"]):
        traced = Traced(folder, paths["mocapctl"], *options, *command)
        check(traced.process.wait(timeout=60) == 0, f"mocapctl {command[0]}")
        running[f"mocapctl {command[0]}"] = traced
    return {name: traced.stop() for name, traced in reversed(list(running.items()))}


def main():
    enter_namespace()
    abort_after(GUARD_S)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    paths = {os.path.basename(path): path for path in sys.argv[1:]}
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(XDG_RUNTIME_DIR=folder, XDG_STATE_HOME=folder, XDG_CONFIG_HOME=folder,
                          ASAN_OPTIONS="detect_leaks=0")  # which strace would break
        try:
            for name, tried in programs(folder, paths).items():
                expected = {("127.0.0.1", TARGET)} if name == "mocap-bridge" else set()
                check(tried == expected, f"{name} reaches only what it was told: {tried}")
        finally:
            for traced in Traced.started:
                traced.stop()


if __name__ == "__main__":
    main()
