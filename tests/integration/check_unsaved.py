#!/usr/bin/env python3
"""A mocapd that can keep nothing: what was changed or measured is in use until it ends, whatever
happens to the streams meanwhile. And one that waits for subscribers answers what cannot begin yet.

    check_unsaved.py MOCAPD
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import check_reload  # noqa: E402
from check_reload import GUARD_S, Connection, check  # noqa: E402


class Daemon(check_reload.Daemon):
    """Its state directory is a file."""

    def start(self, *options):
        open(os.path.join(self.directory, "state"), "w", encoding="utf-8").close()
        environment = {**os.environ, "XDG_STATE_HOME": os.path.join(self.directory, "state")}
        environment.pop("STATE_DIRECTORY", None)
        self.process = subprocess.Popen(
            [self.programs[0], "--socket", self.socket, "--config", self.config, *options],
            env=environment, stderr=self.log)
        end = time.monotonic() + GUARD_S
        while not os.path.exists(self.socket):
            check(self.process.poll() is None and time.monotonic() < end, self.said())
            time.sleep(0.02)


def check_unsaved(reply):
    check(reply["type"] == "error" and reply["code"] == "storage", reply)
    check(reply["message"].startswith("in use, but not kept: "), reply)


def check_in_use(client, beta, faces):
    """After whatever happened, what was changed is as it was, and the rest as the options say."""
    settings = client.ask(type="settings", stream="a")
    check((settings["smooth"], settings["smooth_beta"]) == (False, beta), settings)
    check(settings["gains"] == {"jawOpen": 1.5} and settings["changed"], settings)
    shown = client.ask(type="calibrate", action="show", stream="a")
    check((shown["profile"], shown["active"]) == ("anna", True), shown)
    check(shown["faces"] == faces, shown)


def check_kept_until_the_end(daemon):
    stream = "workers = 1\nrepeat = yes\n[stream a]\nurl = demo:\n"
    daemon.write(stream)
    daemon.start()
    client = Connection(daemon.socket, {"type": "subscribe", "include": []})
    client.until(lambda m: m["type"] == "motion" and m["faces"])
    check_unsaved(client.ask(type="settings", stream="a", smooth=False, gains={"jawOpen": 1.5}))
    check_unsaved(client.ask(type="calibrate", stream="a", profile="anna"))
    faces = client.ask(type="calibrate", action="show", stream="a")["faces"]
    check(len(faces) == 1 and faces[0]["neutral"], faces)
    check_in_use(client, 20, faces)
    # The stream is opened again, twice; in the middle of a measurement the second time.
    client.ask(type="stream", action="set", stream="a", options={"max-faces": 2})
    client.until(lambda m: m["type"] == "motion" and m["faces"])
    check_in_use(client, 20, faces)
    other = Connection(daemon.socket)
    other.socket.sendall(b'{"type":"calibrate","stream":"a","profile":"berta"}\n')
    other.ask(type="ping")
    client.ask(type="stream", action="set", stream="a", options={"max-faces": 1})
    client.until(lambda m: m["type"] == "motion" and m["faces"])
    check_in_use(client, 20, faces)
    # Motion alone is changed.
    daemon.write(stream + "smooth-beta = 3\n")
    check(client.ask(type="reload")["changed"] == ["a"], "reload")
    check_in_use(client, 3, faces)
    # Nothing changed is nothing to keep, though it was in use.
    reply = client.ask(type="settings", stream="a", reset=True)
    check(reply["type"] == "settings" and not reply["changed"], reply)
    daemon.stop()


def check_waiting(daemon):
    daemon.start("--wait-subscribers", "2")
    client = Connection(daemon.socket)
    for action in ({}, {"action": "range", "shapes": ["jawOpen"]}):
        for _ in range(2):
            reply = client.ask(type="calibrate", stream="a", **action)
            check(reply["type"] == "error" and "--wait-subscribers" in reply["message"], reply)
    for request in ({"type": "calibrate", "action": "show"}, {"type": "settings"}):
        check(client.ask(stream="a", **request)["type"] != "error", request)
    daemon.stop()


def main():
    (mocapd,) = sys.argv[1:]
    directory = tempfile.mkdtemp(prefix="mocapd-unsaved-")
    daemon = Daemon(mocapd, None, directory)
    try:
        check_kept_until_the_end(daemon)
        check_waiting(daemon)
    except BaseException:
        sys.stderr.write(daemon.said()[-4000:])
        raise
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        shutil.rmtree(directory)
    print("what cannot be kept is in use until the daemon ends")


if __name__ == "__main__":
    main()
