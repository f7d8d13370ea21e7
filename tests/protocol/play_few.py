#!/usr/bin/env python3
"""Plays a daemon whose face model has five keypoints, and runs an example that shows the tip of the
nose, the 31st: it must show nothing, and end well when the daemon does.

    play_few.py PROGRAM [ARGUMENT...]    the socket's path is added
"""
import json
import os
import socket
import subprocess
import sys
import tempfile

GUARD_S = 60
KEYPOINTS = [[100.0 + i, 90.0, 0.9] for i in range(5)]
FACE = {"id": 1, "score": 0.9, "box": [100, 90, 4, 1], "keypoints": KEYPOINTS}
RECORD = {"type": "motion", "stream": "main", "seq": 1, "pts": 0.04, "t_arrival_ns": 1,
          "t_publish_ns": 2, "width": 640, "height": 480, "dropped": 0, "faces": [FACE], "missed": 0}
HELLO = {"type": "hello", "protocol": [1, 0], "server": "played 1", "boot_id": "b",
         "streams": ["main"], "encodings": ["json"]}


def serve(connection):
    lines = connection.makefile("rw", encoding="utf-8")

    def say(message):
        lines.write(json.dumps(message) + "\n")
        lines.flush()

    say(HELLO)
    request = json.loads(lines.readline())
    say({"type": "subscribed", "id": request["id"], "streams": ["main"], "mode": "latest",
         "encoding": "json"})
    say(RECORD)


def main():
    with tempfile.TemporaryDirectory(prefix="mocapd-few-") as directory:
        path = os.path.join(directory, "s")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen()
            listening.settimeout(GUARD_S)
            with subprocess.Popen(sys.argv[1:] + [path], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as program:
                try:
                    connection, _ = listening.accept()
                    with connection:
                        serve(connection)
                    said = program.communicate(timeout=GUARD_S)
                finally:
                    program.kill()
    if said != ("", "") or program.returncode != 0:
        sys.exit(f"{sys.argv[1:]}: status {program.returncode}, {said}")


if __name__ == "__main__":
    main()
