"""A daemon played by a test: it greets, grants, and sends what the test asks for."""

import json
import os
import signal
import socket
import threading

TIMEOUT_S = 60
STREAMS = ["one", "two"]


def abort_after(seconds):
    """Ends a test that hangs; it has failed."""
    guard = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGABRT))
    guard.daemon = True
    guard.start()


class Daemon:
    """Takes one connection, greets it, and sends what the test asks for. With grants it begins
    as most do: the first request is a subscription, and stream one is live. begin starts a program
    that does not wait for a daemon: it is called when this one listens."""

    def __init__(self, path, grants=True, begin=None):
        self.path = path
        self.seq = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.listener.settimeout(TIMEOUT_S)
        if begin is not None:
            begin()
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(TIMEOUT_S)
        self.file = self.connection.makefile("rw", encoding="utf-8")
        self.say({"type": "hello", "protocol": [1, 0], "server": "played 1", "boot_id": "b",
                  "streams": STREAMS, "encodings": ["json"]})
        if grants:
            self.subscription = self.grant()
            self.state("one", "live")

    def request(self, kind):
        """The next request, which is of that type."""
        request = json.loads(self.file.readline())
        assert request["type"] == kind, request
        return request

    def grant(self):
        """Grants the subscription that comes next, and returns it."""
        request = self.request("subscribe")
        streams = [request["stream"]] if "stream" in request else STREAMS
        self.say({"type": "subscribed", "id": request["id"], "streams": streams,
                  "mode": "latest", "encoding": "json"})
        return request

    def let_go(self):
        """Lets go the subscriptions, as the next request asks."""
        request = self.request("unsubscribe")
        assert "stream" not in request, request
        self.say({"type": "unsubscribed", "id": request["id"], "streams": STREAMS})

    def say(self, message):
        self.file.write(json.dumps(message) + "\n")
        self.file.flush()

    def state(self, stream, state, reason=""):
        self.say({"type": "state", "stream": stream, "state": state, "reason": reason})

    def end(self, stream, state, reason=""):
        self.say({"type": "end", "stream": stream, "records": 1, "state": state,
                  "reason": reason})

    def record(self, faces, stream="one", publish_ns=2):
        self.say({"type": "motion", "stream": stream, "seq": self.seq, "pts": self.seq / 30,
                  "t_arrival_ns": 1, "t_publish_ns": publish_ns, "width": 640, "height": 480, "dropped": 0,
                  "timing_us": {"decode": 1, "wait": 1, "scale": 1, "infer": 1},
                  "faces": faces, "missed": 0})
        self.seq += 1

    def answer_call(self, reply):
        """Takes a second connection with one request, gives it the reply, and returns it."""
        connection, _ = self.listener.accept()
        connection.settimeout(TIMEOUT_S)
        with connection, connection.makefile("rw", encoding="utf-8") as file:
            for message in ({"type": "hello", "protocol": [1, 0], "server": "played 1",
                             "boot_id": "b", "streams": STREAMS, "encodings": ["json"]}, None):
                if message is None:
                    request = json.loads(file.readline())
                    message = {**reply, "id": request["id"]}
                file.write(json.dumps(message) + "\n")
                file.flush()
        return request

    def close(self):
        # shutdown, since the file still holds the descriptor
        self.connection.shutdown(socket.SHUT_RDWR)
        self.file.close()
        self.connection.close()
        self.listener.close()
        os.unlink(self.path)
