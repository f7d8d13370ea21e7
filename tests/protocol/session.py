#!/usr/bin/env python3
"""The session that docs/protocol.md shows: recorded from a real mocapd, and held against
one. Its messages have to fit the schema, and a daemon has to say the same today: messages
of the same types, with the same fields.

    session.py SOURCE_DIR MOCAPD            checks the page
    session.py SOURCE_DIR MOCAPD --write    records the session into the page
"""
import json
import os
import re
import socket
import sys
import tempfile

source, mocapd = sys.argv[1:3]
sys.path.insert(0, os.path.join(source, "tests", "protocol"))
from cddl import Mismatch, Schema  # noqa: E402
from real_daemon import running  # noqa: E402

PATIENCE_S = 100  # only a failure waits that long
PAGE = os.path.join(source, "docs", "protocol.md")
BLOCK = re.compile(r"(?<=## A session\n)(.*?\n```\n)(.*?)(```\n)", re.DOTALL)
REQUESTS = (
    {"type": "subscribe", "id": 1, "stream": "main", "include": ["pose"], "max_rate": 20,
     "label": "avatar"},
    {"type": "subscribe", "id": 2, "encoding": "xml"},
    {"type": "ping", "id": 3},
    {"type": "unsubscribe", "id": 4},
)


def shortened(line, message):
    """The set of dense points, which would fill the page, with its first group alone."""
    if "dense" not in message:
        return line
    del message["dense"]["groups"][1:]
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


class Session:
    """A connection that keeps what is said: lines as they are, < from the server."""

    def __init__(self, path):
        self.said = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.read(lambda message: message["type"] == "hello")

    def read(self, wanted):
        """Reads until wanted. Of the records on the way the first with a face is kept."""
        while True:
            line = self.lines.readline().rstrip("\n")
            message = json.loads(line)
            record = message["type"] == "motion"
            if not record or (message["faces"] and not self.has_record()):
                self.said.append(f"< {shortened(line, message)}")
            if wanted(message):
                return

    def has_record(self):
        return any('"type":"motion"' in line for line in self.said)

    def ask(self, request):
        line = json.dumps(request, separators=(",", ":"))
        self.said.append(f"> {line}")
        self.socket.sendall(line.encode() + b"\n")
        self.read(lambda message: message.get("id") == request["id"])
        if request["type"] == "subscribe" and not self.has_record():
            self.read(lambda message: self.has_record())

    def close(self):
        self.lines.close()
        self.socket.close()


def hold_session():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "sock")
        with running(mocapd, path, "demo:"):
            early = Session(path)  # waits until the stream is live and shows a face
            early.ask(REQUESTS[0])
            session = Session(path)
            for request in REQUESTS:
                session.ask(request)
            early.close()
            session.close()
            return session.said


def form_of(value):
    """What stays the same from session to session: types and names of fields."""
    if isinstance(value, dict):
        return {name: value["type"] if name == "type" else form_of(member)
                for name, member in value.items()}
    if isinstance(value, list):
        return [form_of(member) for member in value]
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def check(shown, said):
    with open(os.path.join(source, "protocol", "mocap.cddl"), encoding="utf-8") as file:
        schema = Schema(file.read())
    for line in shown:
        message = json.loads(line[2:])
        try:
            if message.get("encoding") != "xml":  # which is there to be refused
                schema.check("request" if line[0] == ">" else "server-message", message)
        except Mismatch as cause:
            sys.exit(f"{cause}\nin {line}")
    forms = [[(line[0], form_of(json.loads(line[2:]))) for line in lines]
             for lines in (shown, said)]
    for page, daemon in zip(*forms):
        if page != daemon:
            sys.exit(f"the page shows\n  {page}\nand a daemon says\n  {daemon}\n"
                     "session.py --write records it anew")
    if len(shown) != len(said):
        sys.exit(f"the page shows {len(shown)} lines, a session has {len(said)}")
    print(f"{len(shown)} lines fit the schema, and are what a daemon says")


def main():
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    said = hold_session()
    if sys.argv[3:] == ["--write"]:
        lines = "".join(f"{line}\n" for line in said)
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(BLOCK.sub(lambda found: found[1] + lines + found[3], text, count=1))
    else:
        check(BLOCK.search(text)[2].splitlines(), said)


main()
