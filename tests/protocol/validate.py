#!/usr/bin/env python3
"""Checks messages against protocol/mocap.cddl: all that the encoders can make, and all
that a real mocapd says in a session that asks for everything, in both encodings.

Usage: validate.py SOURCE_DIR SAMPLES MOCAPD [STREAM_URL]
"""
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

source, samples, mocapd = sys.argv[1:4]
url = sys.argv[4] if len(sys.argv) > 4 else "lavfi:testsrc=size=160x120:rate=30"
sys.path.insert(0, os.path.join(source, "clients", "python"))
sys.path.insert(0, os.path.join(source, "tests", "protocol"))
from cddl import Mismatch, Schema  # noqa: E402
from mocap import cbor  # noqa: E402
from mocap.wire import Wire  # noqa: E402
from real_daemon import running  # noqa: E402

PATIENCE_S = 100  # only a failure waits that long
with open(os.path.join(source, "protocol", "mocap.cddl"), encoding="utf-8") as file:
    schema = Schema(file.read())


def check(value, rule="server-message"):
    try:
        schema.check(rule, value)
    except Mismatch as cause:
        sys.exit(f"{cause}\nin {str(value)[:500]}")


def split_cbor(data):
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def check_samples(directory):
    subprocess.run([samples, directory], check=True)
    with open(os.path.join(directory, "messages.json"), "rb") as lines:
        in_json = [json.loads(line) for line in lines]
    with open(os.path.join(directory, "messages.cbor"), "rb") as items:
        in_cbor = [cbor.decode(item) for item in split_cbor(items.read())]
    with open(os.path.join(directory, "requests.json"), "rb") as lines:
        requests = [json.loads(line) for line in lines]
    for value in in_json + in_cbor:
        check(value)
    for value in requests:
        check(value, "request")
    if [m["type"] for m in in_json[1:]] != [m["type"] for m in in_cbor]:
        sys.exit("the encodings have other messages")
    return len(in_json) + len(in_cbor)


class Session:
    """A connection that checks all that comes."""

    def __init__(self, path):
        self.wire = Wire()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.count = 0
        self.read(lambda value: value["type"] == "hello")

    def read(self, wanted):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            value = self.wire.next()
            if value is None:
                select.select([self.socket], [], [], 1)
                self.wire.feed(self.socket.recv(65536))
                continue
            check(value)
            self.count += 1
            if wanted(value):
                return value
        sys.exit("what was waited for did not come")

    def ask_without_id(self, **fields):
        """The reply, which comes before any other message but records and states."""
        check(fields, "request")
        self.socket.sendall(json.dumps(fields).encode() + b"\n")
        reply = self.read(lambda value: value["type"] not in ("motion", "state", "end", "streams"))
        assert reply["id"] is None, reply
        return reply

    def ask(self, **fields):
        check({"id": 1, **fields}, "request") if fields.pop("valid", True) else None
        self.socket.sendall(json.dumps({"id": 1, **fields}).encode() + b"\n")
        return self.read(lambda value: value.get("id") == 1 and value["type"] != "motion")


def check_session(path):
    session = Session(path)
    for encoding in ("json", "cbor"):
        parts = ["keypoints", "raw", "jacobians", "pose", "shapes", "timing"]
        reply = session.ask(type="subscribe", encoding=encoding, include=parts, lost="hold",
                            mode="queue", queue=9, label="validate", max_rate=500)
        session.wire.encoding = reply["encoding"]
        session.read(lambda value: value["type"] == "motion")
        session.ask(type="subscribe", stream="main", include=[], lost="neutral")
        session.read(lambda value: value["type"] == "motion")
        session.ask(type="ping")
        session.ask(type="status")
        session.ask(type="metrics")
        for bad in ({"type": "dance"}, {"type": "subscribe", "stream": "up"},
                    {"type": "subscribe", "encoding": "xml"}, {"type": 7},
                    {"type": "subscribe", "mode": "every-frame"}):
            reply = session.ask(valid=False, **bad)
            assert reply["type"] == "error", reply
        for request in ({"type": "subscribe"}, {"type": "status"}, {"type": "ping"},
                        {"type": "metrics"}, {"type": "settings", "stream": "main"},
                        {"type": "calibrate", "stream": "main", "action": "show"},
                        {"type": "stream", "stream": "up", "action": "remove"},
                        {"type": "reload"}, {"type": "unsubscribe"}):
            session.ask_without_id(**request)
        bad = session.ask_without_id(type="subscribe", stream="up")
        assert bad["type"] == "error", bad
        session.ask(type="unsubscribe")
    refused = Session(path).ask(type="subscribe", protocol=[2, 0], valid=False)
    assert refused["code"] == "wrong-version", refused
    return session.count


def run(directory):
    counted = check_samples(directory)
    path = os.path.join(directory, "sock")
    with running(mocapd, path, url):
        counted += check_session(path)
    unseen = set(schema.alternatives("server-message")) - schema.used
    if unseen:
        sys.exit(f"never seen: {', '.join(sorted(unseen))}")
    print(f"{counted} messages follow the schema")


with tempfile.TemporaryDirectory() as scratch:
    run(scratch)
