"""The protocol without input and output, which both clients share."""

from __future__ import annotations

import grp
import json
import os
import pwd
import stat
from typing import Any, Dict, List, Optional

from . import cbor, messages

MAJOR = 1
MESSAGE_BYTES = 1024 * 1024
SYSTEM_PATH = "/run/mocapd/mocapd.sock"


class MocapError(Exception):
    """The server refuses a request or does not follow the protocol."""


class Refused(MocapError):
    """The server's error message. code is "unknown-stream", ..."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WrongVersion(MocapError):
    """The server speaks another major version of the protocol."""


class Closed(MocapError):
    """The server closed the connection, or an error did: see reconnect."""


class TimedOut(MocapError, TimeoutError):
    """The server did not accept a connection, greet or reply in time."""


def default_paths() -> List[str]:
    """Where a daemon may listen: the user's, if there is a directory for that, then the system's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.geteuid() == 0 or not runtime.startswith("/"):
        return [SYSTEM_PATH]
    own = os.path.join(runtime, "mocapd", "mocapd.sock")
    return [own, SYSTEM_PATH] if os.path.exists(SYSTEM_PATH) else [own]


def default_path() -> str:
    """The socket of the user's daemon, or of the system's. Whether anybody listens there, only
    connecting to it tells: connect tries both."""
    paths = default_paths()
    return next((path for path in paths if os.path.exists(path)), paths[0])


def refused(path: str, error: PermissionError) -> PermissionError:
    """The error, which says how to get into the socket's group where that decides."""
    try:
        status = os.stat(path)
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return error
    if not status.st_mode & stat.S_IWGRP:
        return error
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = "USER"
    return PermissionError(
        error.errno, f"{error.strerror}; members of the group {group} may connect: "
        f"sudo usermod -aG {group} {user}, then log in again", path)


def _no_constant(name: str) -> float:
    raise ValueError(f"must be JSON, got {name}")


class Wire:
    """Turns bytes into messages, as dicts, and requests into bytes."""

    def __init__(self) -> None:
        self.encoding = "json"
        self._buffer = bytearray()
        self.last_id = 0

    def feed(self, data: bytes) -> None:
        self._buffer += data

    @property
    def partial(self) -> bool:
        return len(self._buffer) > 0

    def _take(self, length: int, skip: int) -> bytes:
        data = bytes(self._buffer[:length])
        del self._buffer[: length + skip]
        return data

    def _next_line(self) -> Optional[bytes]:
        end = self._buffer.find(b"\n")
        if end < 0 and len(self._buffer) > MESSAGE_BYTES:
            raise MocapError(f"a message must be at most {MESSAGE_BYTES} bytes long")
        return None if end < 0 else self._take(end, 1)

    def _next_item(self) -> Optional[bytes]:
        if len(self._buffer) < 4:
            return None
        length = int.from_bytes(self._buffer[:4], "little")
        if length > MESSAGE_BYTES:
            raise MocapError(f"a message must be at most {MESSAGE_BYTES} bytes long")
        if len(self._buffer) < 4 + length:
            return None
        del self._buffer[:4]
        return self._take(length, 0)

    def next(self) -> Optional[Dict[str, Any]]:
        """The next message that has come, or None. A reply that changes the encoding does so
        here, whether or not anybody still waits for it."""
        data = self._next_line() if self.encoding == "json" else self._next_item()
        if data is None:
            return None
        try:
            if self.encoding == "json":
                value = json.loads(data, parse_constant=_no_constant)
            else:
                value = cbor.decode(data)
        except (ValueError, RecursionError) as error:
            raise MocapError(f"a message cannot be read: {error}") from None
        if not isinstance(value, dict):
            raise MocapError(f"a message must be a map, got {type(value).__name__}")
        if value.get("type") == "subscribed":
            encoding = value.get("encoding")
            if encoding not in ("json", "cbor"):
                raise MocapError("encoding: must be json or cbor")
            self.encoding = encoding
        return value

    def request(self, kind: str, **fields: Any) -> bytes:
        """A request as a line; last_id becomes its id. Fields that are None are left out."""
        self.last_id += 1
        given = {name: value for name, value in fields.items() if value is not None}
        return json.dumps({"type": kind, "id": self.last_id, **given}).encode() + b"\n"

    def is_reply(self, value: Dict[str, Any]) -> bool:
        return value.get("id") == self.last_id and value.get("type") != "motion"


# What reading a hostile message may raise besides ValueError, which says what is wrong.
_MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def checked(value: Dict[str, Any]) -> Dict[str, Any]:
    """The reply; raises Refused when it is an error."""
    if value.get("type") == "error":
        raise Refused(str(value.get("code")), str(value.get("message")))
    return value


def read_hello(value: Dict[str, Any]) -> messages.Server:
    """The greeting; raises WrongVersion for another major version."""
    kind = checked(value).get("type")
    if kind != "hello":
        raise MocapError(f"the first message must be a greeting, got {kind!r:.40}")
    try:
        server = messages.server(value)
    except _MALFORMED as error:
        raise MocapError(f"hello message: {error}") from None
    if server.protocol[0] != MAJOR:
        major, minor = server.protocol
        raise WrongVersion(
            f"the server's protocol must be of version {MAJOR}, got {major}.{minor}"
        )
    return server


def granted(value: Dict[str, Any]) -> messages.Granted:
    """A subscribed message as its type."""
    try:
        return messages.granted(value)
    except _MALFORMED as error:
        raise MocapError(f"subscribed message: {error}") from None


def typed(value: Dict[str, Any]) -> messages.Message:
    """A message as its type."""
    try:
        return messages.typed(value)
    except _MALFORMED as error:
        raise MocapError(f"{value.get('type')} message: {error}") from None
