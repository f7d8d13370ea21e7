#!/usr/bin/env python3
"""Prints the position of the tip of the nose, as long as mocapd runs."""
import json
import os
import socket
import sys

runtime = os.environ.get("XDG_RUNTIME_DIR")
path = f"{runtime}/mocapd/mocapd.sock" if runtime and os.getuid() else "/run/mocapd/mocapd.sock"
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1] if len(sys.argv) > 1 else path)
lines = connection.makefile("rw", encoding="utf-8")
hello = json.loads(lines.readline())
assert hello["protocol"][0] == 1, hello
lines.write('{"type":"subscribe","id":1}\n')
lines.flush()
for line in lines:
    message = json.loads(line)
    if message["type"] == "motion" and message["faces"]:
        x, y, confidence = message["faces"][0]["keypoints"][30]
        print(f"{message['pts']:.3f} s: nose at {x:.1f}, {y:.1f} (confidence {confidence:.2f})")
