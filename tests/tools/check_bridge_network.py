#!/usr/bin/env python3
"""mocap-bridge where the network fails: a name server that never answers, and an address that goes
away and comes back. In network and mount namespaces of its own; skipped (77) where the system does
not allow them.

    check_bridge_network.py MOCAP_BRIDGE
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from check_bridge import check
from check_bridge_outputs import Receiver, full_face, report
from played_daemon import Daemon, abort_after

GUARD_S = 120  # less than a look-up takes that no name server answers, as RESOLV_CONF has it
RESOLV_CONF = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"
ADDRESS = "10.99.7.1"


def enter_namespaces():
    """Starts this program again in namespaces; returns only there."""
    if os.environ.get("MOCAPD_TEST_NAMESPACE") == "1":
        return
    words = ["unshare", "--user", "--map-root-user", "--mount", "--net"]
    able = shutil.which("unshare") is not None and shutil.which("ip") is not None and \
        subprocess.run([*words, "ip", "link", "set", "lo", "up"], stderr=subprocess.DEVNULL,
                       check=False).returncode == 0
    if not able:
        print("skipped: no namespaces, or no unshare and ip (packages util-linux, iproute2)")
        sys.exit(77)
    os.environ["MOCAPD_TEST_NAMESPACE"] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def set_up(directory):
    """Name look-ups go to the socket that is returned, and stay without an answer."""
    for name, text in (("resolv.conf", RESOLV_CONF), ("nsswitch.conf", "hosts: files dns\n")):
        path = os.path.join(directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", path, f"/etc/{name}"], check=True)
    ip("link", "set", "lo", "up")
    ip("address", "add", ADDRESS, "dev", "lo")
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 53))
    silent.settimeout(GUARD_S)
    return silent


class Bridge:
    """mocap-bridge with these targets, and a daemon for it."""

    def __init__(self, program, directory, *targets):
        path, self.status = os.path.join(directory, "s"), os.path.join(directory, "status")
        self.program = program
        self.process = subprocess.Popen(
            [program, "--socket", path, "--status-socket", self.status, *targets],
            env=dict(os.environ, XDG_STATE_HOME=directory))
        self.daemon = Daemon(path)

    def state(self, name):
        return report(self.program, self.status)[name]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(GUARD_S) == 0, "its end")
        self.daemon.close()


def check_silent_name_server(program, directory, silent):
    """It costs the other targets nothing, its user is told, and the program ends all the same."""
    good = Receiver()
    bridge = Bridge(program, directory, "--vmc", "avatars.example", "--vtube-studio",
                    "studio.example", "--opentrack", f"127.0.0.1:{good.port}")
    asked = b""
    while b"avatars" not in asked or b"studio" not in asked:
        asked += silent.recv(512)
    bridge.daemon.record([full_face()])
    good.next()
    check(bridge.state("opentrack")["state"] == "ready", "the other target")
    for name in ("vmc", "vtube-studio"):
        while "name server does not answer" not in bridge.state(name)["reason"]:
            time.sleep(0.05)
        check(bridge.state(name)["state"] == "resolving", bridge.state(name))
    bridge.daemon.record([full_face()])
    good.next()
    bridge.end()  # while the look-ups are under way


def check_address_that_leaves(program, directory):
    """A target's address goes away while the bridge runs, and comes back."""
    leaving, good = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), Receiver()
    leaving.bind((ADDRESS, 0))
    leaving.settimeout(GUARD_S)
    bridge = Bridge(program, directory, "--opentrack", f"{ADDRESS}:{leaving.getsockname()[1]}",
                    "--live-link", f"127.0.0.1:{good.port}")
    bridge.daemon.record([full_face()])
    leaving.recv(512)
    good.next()
    ip("address", "del", f"{ADDRESS}/32", "dev", "lo")
    while bridge.state("opentrack")["state"] != "down":
        bridge.daemon.record([full_face()])
        good.next()
    check(bridge.state("opentrack")["reason"] != "", bridge.state("opentrack"))
    ip("address", "add", ADDRESS, "dev", "lo")
    leaving.settimeout(0.1)
    while True:
        bridge.daemon.record([full_face()])
        good.next()
        try:
            leaving.recv(512)
            break
        except TimeoutError:
            pass
    check(bridge.state("opentrack")["state"] == "ready", bridge.state("opentrack"))
    bridge.end()


def main():
    enter_namespaces()
    abort_after(GUARD_S)
    directory = tempfile.mkdtemp(prefix="mocapd-network-")
    try:
        silent = set_up(directory)
        check_silent_name_server(sys.argv[1], directory, silent)
        check_address_that_leaves(sys.argv[1], directory)
    finally:
        shutil.rmtree(directory)
    print("a network that fails costs one target alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
