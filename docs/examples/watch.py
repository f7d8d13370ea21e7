#!/usr/bin/env python3
"""Prints the position of the tip of the nose, as long as mocapd runs."""
import json
import os
import socket
import sys

SYSTEM = "/run/mocapd/mocapd.sock"
runtime = os.environ.get("XDG_RUNTIME_DIR")
path = f"{runtime}/mocapd/mocapd.sock" if runtime and os.getuid() else SYSTEM
if not os.path.exists(path) and os.path.exists(SYSTEM):
    path = SYSTEM
path = sys.argv[1] if len(sys.argv) > 1 else path
connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect(path)
except PermissionError:
    sys.exit(f"{path}: permission denied; its group may connect: sudo usermod -aG mocap USER")
except OSError as error:
    sys.exit(f"{path}: {error.strerror}; is mocapd running? Another socket may be given as argument")
lines = connection.makefile("rw", encoding="utf-8")
hello = json.loads(lines.readline())
if hello["protocol"][0] != 1:
    sys.exit(f"this example speaks protocol 1, the daemon {hello['protocol']}")
lines.write('{"type":"subscribe","id":1}\n')
lines.flush()
for line in lines:
    message = json.loads(line)
    if message["type"] == "motion" and message["faces"]:
        keypoints = message["faces"][0]["keypoints"]
        if len(keypoints) <= 30:  # a model of another kind may have fewer
            continue
        x, y, confidence = keypoints[30]
        print(f"{message['pts']:.3f} s: nose at {x:.1f}, {y:.1f} (confidence {confidence:.2f})")
