"""The protocol without input and output: what both clients share."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Optional

from . import cbor, messages

MAJOR = 1
MESSAGE_BYTES = 256 * 1024
SYSTEM_PATH = "/run/mocapd/mocapd.sock"


class MocapError(Exception):
    """The server does not follow the protocol, or says no."""


class Refused(MocapError):
    """The server's error message. code: "unknown-stream", ..."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WrongVersion(MocapError):
    pass


class Closed(MocapError):
    """The server closed the connection."""


def default_path() -> str:
    """The user's daemon, or the system's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.getuid() != 0:
        path = os.path.join(runtime, "mocapd", "mocapd.sock")
        if os.path.exists(path) or not os.path.exists(SYSTEM_PATH):
            return path
    return SYSTEM_PATH


class Wire:
    """Bytes in, messages as dicts out; requests to bytes."""

    def __init__(self) -> None:
        self.encoding = "json"
        self._buffer = bytearray()
        self._last_id = 0

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
            raise MocapError(f"a message of more than {MESSAGE_BYTES} bytes")
        return None if end < 0 else self._take(end, 1)

    def _next_item(self) -> Optional[bytes]:
        if len(self._buffer) < 4:
            return None
        length = int.from_bytes(self._buffer[:4], "little")
        if length > MESSAGE_BYTES:
            raise MocapError(f"a message of more than {MESSAGE_BYTES} bytes")
        if len(self._buffer) < 4 + length:
            return None
        del self._buffer[:4]
        return self._take(length, 0)

    def next(self) -> Optional[Dict[str, Any]]:
        """The next message that has come, or None."""
        data = self._next_line() if self.encoding == "json" else self._next_item()
        if data is None:
            return None
        try:
            value = json.loads(data) if self.encoding == "json" else cbor.decode(data)
        except ValueError as error:
            raise MocapError(f"a message that can't be read: {error}") from None
        if not isinstance(value, dict):
            raise MocapError("a message that is no map")
        return value

    def request(self, kind: str, **fields: Any) -> bytes:
        """A request's line; last_id is its id. Fields that are None are left out."""
        self._last_id += 1
        given = {name: value for name, value in fields.items() if value is not None}
        return json.dumps({"type": kind, "id": self._last_id, **given}).encode() + b"\n"

    def is_reply(self, value: Dict[str, Any]) -> bool:
        return value.get("id") == self._last_id and value.get("type") != "motion"


def read_hello(value: Dict[str, Any]) -> messages.Server:
    if value.get("type") == "error":
        raise Refused(str(value.get("code")), str(value.get("message")))
    if value.get("type") != "hello":
        raise MocapError(f"no greeting but {value.get('type')}")
    try:
        server = messages.server(value)
    except (KeyError, TypeError, ValueError) as error:
        raise MocapError(f"greeting: {error!r}") from None
    if server.protocol[0] != MAJOR:
        major, minor = server.protocol
        raise WrongVersion(
            f"the server speaks protocol {major}.{minor}, version {MAJOR} is expected"
        )
    return server


def checked(value: Dict[str, Any]) -> Dict[str, Any]:
    """The reply; a refusal is raised."""
    if value.get("type") == "error":
        raise Refused(str(value.get("code")), str(value.get("message")))
    return value


def typed(value: Dict[str, Any]) -> messages.Message:
    try:
        return messages.typed(value)
    except (KeyError, TypeError, ValueError) as error:
        raise MocapError(f"{value.get('type')} message: {error!r}") from None
