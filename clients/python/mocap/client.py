"""The client for programs that wait."""

from __future__ import annotations

import socket
import time
from collections import deque
from types import TracebackType
from typing import Any, Deque, Dict, Iterator, Optional, Type

from . import messages, wire
from .subscriptions import Fields, Subscriptions, retry_waits


class Client(Subscriptions[messages.Granted]):
    """One connection. Timeouts are seconds; None waits for ever."""

    def __init__(self, path: Optional[str] = None, timeout: Optional[float] = 5.0) -> None:
        super().__init__()
        self.path = wire.default_path() if path is None else path
        self.timeout = timeout  # of replies
        self._open(timeout)

    def _open(self, timeout: Optional[float]) -> None:
        self._wire = wire.Wire()
        self._kept: Deque[Dict[str, Any]] = deque()
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(self.path)
            value = self._read(self._deadline(timeout))
            if value is None:
                raise TimeoutError("no greeting in time")
            self.server: messages.Server = wire.read_hello(value)
        except BaseException:
            self._socket.close()
            raise

    @staticmethod
    def _deadline(timeout: Optional[float]) -> Optional[float]:
        return None if timeout is None else time.monotonic() + timeout

    def _read(self, deadline: Optional[float]) -> Optional[Dict[str, Any]]:
        """The next message from the socket; None when none came in time."""
        while True:
            value = self._wire.next()
            if value is not None:
                return value
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except (TimeoutError, socket.timeout, BlockingIOError):
                return None
            except ConnectionResetError:
                data = b""
            if not data:
                inside = " inside a message" if self._wire.partial else ""
                raise wire.Closed(f"the server closed the connection{inside}")
            self._wire.feed(data)

    def next(self, timeout: Optional[float] = None) -> Optional[messages.Message]:
        """The next message; None when none came in time. Closed when the server left."""
        value = self._kept.popleft() if self._kept else self._read(self._deadline(timeout))
        return None if value is None else wire.typed(value)

    def __iter__(self) -> Iterator[messages.Message]:
        """Every message until the server closes the connection."""
        while True:
            try:
                message = self.next()
            except wire.Closed:
                return
            if message is not None:
                yield message

    def request(self, kind: str, **fields: Any) -> Dict[str, Any]:
        """Sends a request and returns its reply; Refused when it is an error."""
        deadline = self._deadline(self.timeout)
        self._socket.settimeout(self.timeout)
        try:
            self._socket.sendall(self._wire.request(kind, **fields))
        except (BrokenPipeError, ConnectionResetError):
            raise wire.Closed("the server closed the connection") from None
        while True:
            value = self._read(deadline)
            if value is None:
                raise TimeoutError(f"{kind}: no reply in time")
            if self._wire.is_reply(value):
                return wire.checked(value)
            self._kept.append(value)

    def _subscribe(self, stream: Optional[str], fields: Fields) -> messages.Granted:
        reply = messages.granted(self.request("subscribe", stream=stream, **fields))
        self._wire.encoding = reply.encoding  # of what comes after the reply
        self._remember(stream, fields)
        return reply

    def unsubscribe(self, stream: Optional[str] = None) -> None:
        self.request("unsubscribe", stream=stream)
        self._forget(stream)

    def status(self) -> Dict[str, Any]:
        return self.request("status")

    def ping(self) -> None:
        self.request("ping")

    def fileno(self) -> int:
        """For select: call next(0) until it gives None before waiting."""
        return self._socket.fileno()

    def reconnect(self, timeout: Optional[float] = None) -> None:
        """Connects again and renews all subscriptions, trying until the timeout."""
        deadline = self._deadline(timeout)
        for wait in retry_waits():
            self._socket.close()
            try:
                self._open(self.timeout)
                for stream, fields in list(self._subscriptions.items()):
                    self._subscribe(stream, fields)
                return
            except (OSError, wire.Closed):
                left = float("inf") if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise
                time.sleep(min(wait, left))

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


def connect(path: Optional[str] = None, timeout: Optional[float] = 5.0) -> Client:
    """Connects to the daemon at path, or to the user's, else the system's."""
    return Client(path, timeout)
