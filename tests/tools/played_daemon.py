"""A daemon played by a test: it greets, grants, and says what it is told to."""

import json
import os
import socket

TIMEOUT_S = 60


class Daemon:
    """Greets one connection, grants its subscription, and says what it is told to."""

    def __init__(self, path):
        self.path = path
        self.seq = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.listener.settimeout(TIMEOUT_S)
        self.connection, _ = self.listener.accept()
        self.file = self.connection.makefile("rw", encoding="utf-8")
        self.say({"type": "hello", "protocol": [1, 0], "server": "played 1", "boot_id": "b",
                  "streams": ["one", "two"], "encodings": ["json"]})
        request = json.loads(self.file.readline())
        assert request["type"] == "subscribe", request
        self.say({"type": "subscribed", "id": request["id"], "streams": ["one", "two"],
                  "mode": "latest", "encoding": "json"})
        self.say({"type": "state", "stream": "one", "state": "live", "reason": ""})

    def say(self, message):
        self.file.write(json.dumps(message) + "\n")
        self.file.flush()

    def record(self, faces, stream="one"):
        self.say({"type": "motion", "stream": stream, "seq": self.seq, "pts": self.seq / 30,
                  "t_arrival_ns": 1, "t_publish_ns": 2, "width": 640, "height": 480, "dropped": 0,
                  "timing_us": {"decode": 1, "wait": 1, "scale": 1, "infer": 1},
                  "faces": faces, "missed": 0})
        self.seq += 1

    def close(self):
        # shutdown, since the file still holds the descriptor
        self.connection.shutdown(socket.SHUT_RDWR)
        self.file.close()
        self.connection.close()
        self.listener.close()
        os.unlink(self.path)
