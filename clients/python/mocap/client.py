"""The blocking client."""

from __future__ import annotations

import socket
import struct
import time
from types import TracebackType
from typing import Any, Dict, Iterator, Optional, Type

from . import messages, wire
from .subscriptions import Backoff, Fields, Kept, Subscriptions


class Client(Subscriptions[messages.Granted]):
    """One connection. Timeouts are in seconds; None waits forever."""

    def __init__(self, path: Optional[str] = None, timeout: Optional[float] = 5.0) -> None:
        super().__init__()
        self._paths = wire.default_paths() if path is None else [path]
        self.path = self._paths[0]  # where it is or was connected
        self.timeout = timeout  # of replies
        self._backoff = Backoff()
        self._open()
        self._backoff.connected()

    def _open(self) -> None:
        self._wire = wire.Wire()
        self._kept = Kept()
        self._said = None
        self._pending.clear()
        deadline = self._deadline(self._patience())
        self._connect_to_any(deadline)
        try:
            value = self._read(deadline)
            if value is None:
                raise wire.TimedOut("no greeting in time")
            self.server: messages.Server = wire.read_hello(value)
        except BaseException:
            self._socket.close()
            raise

    def _connect_to_any(self, deadline: Optional[float]) -> None:
        for path in self._paths:
            self.path = path
            try:
                self._connect(None if deadline is None else max(deadline - time.monotonic(), 0))
                break
            except OSError:
                if path == self._paths[-1]:
                    raise
        self._paths = [self.path]

    def _connect(self, timeout: Optional[float]) -> None:
        # While the backlog is full, a connect to a Unix socket blocks for as long as a send
        # may; without blocking it fails at once. 0 means forever there.
        left_us = 0 if timeout is None else max(int(timeout * 1e6), 1000)
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._limit_sends(left_us)
            self._socket.connect(self.path)
            self._limit_sends(0)
        except BlockingIOError:
            self._socket.close()
            raise wire.TimedOut(f"connect to {self.path}: the server's backlog is full") from None
        except PermissionError as error:
            self._socket.close()
            raise wire.refused(self.path, error) from None
        except BaseException:
            self._socket.close()
            raise

    def _limit_sends(self, limit_us: int) -> None:
        limit = struct.pack("@ll", *divmod(limit_us, 1000000))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    @staticmethod
    def _deadline(timeout: Optional[float]) -> Optional[float]:
        return None if timeout is None else time.monotonic() + timeout

    def _read(self, deadline: Optional[float]) -> Optional[Dict[str, Any]]:
        """The next message from the socket; None when none came in time."""
        while True:
            value = self._next_read()
            if value is not None:
                return value
            if self._socket.fileno() < 0:
                raise wire.Closed("the connection is closed")
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except (TimeoutError, socket.timeout, BlockingIOError):
                return None
            except ConnectionResetError:
                data = b""
            if not data:
                raise self._closed()
            self._wire.feed(data)

    def _hang_up(self) -> None:
        self._socket.close()

    def next(self, timeout: Optional[float] = None) -> Optional[messages.Message]:
        """The next message; None when none came in time. Raises Closed at the end."""
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
        """Sends a request and returns its reply; raises Refused when that is an error. After
        TimedOut the reply may still come, and then takes effect."""
        patience = self._patience()
        deadline = self._deadline(patience)
        if self._socket.fileno() < 0:
            raise wire.Closed("the connection is closed")
        line = self._wire.request(kind, **fields)
        self._asked(self._wire.last_id, kind, fields)
        self._socket.settimeout(patience)
        try:
            self._socket.sendall(line)
        except (TimeoutError, socket.timeout, BlockingIOError):
            self._socket.close()  # half a request leaves nothing to go on with
            raise wire.TimedOut(f"{kind}: the server accepts no request") from None
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may have said why
        while True:
            value = self._read(deadline)
            if value is None:
                raise wire.TimedOut(f"{kind}: no reply in time")
            if self._wire.is_reply(value):
                return wire.checked(value)
            self._keep(value)

    def _subscribe(self, stream: Optional[str], fields: Fields) -> messages.Granted:
        return wire.granted(self.request("subscribe", stream=stream, **fields))

    def unsubscribe(self, stream: Optional[str] = None) -> None:
        """Unsubscribes from a stream, or from all. After subscribing to all, unsubscribing from a
        single one leaves the others there are, but not those to come."""
        self.request("unsubscribe", stream=stream)

    def status(self) -> Dict[str, Any]:
        """The daemon's state and that of its streams, as docs/protocol.md describes it."""
        return self.request("status")

    def ping(self) -> None:
        """Returns when the daemon has answered."""
        self.request("ping")

    def fileno(self) -> int:
        """For select. Messages may wait in memory: call next(0) until it returns None first."""
        return self._socket.fileno()

    def reconnect(self, timeout: Optional[float] = None) -> None:
        """Connects again and renews all subscriptions, trying until the timeout. A connection
        that was lost soon is made again only after a pause.

        A subscription to a stream that the server no longer has is dropped; next then returns a
        dict with "type": "error", "code": "unknown-stream" and the "stream". Where nothing is
        left to renew, Refused is raised, and reconnect may be tried again."""
        deadline = self._deadline(timeout)
        self._socket.close()
        wait = self._backoff.first()
        before = dict(self._subscriptions)
        while True:
            left = float("inf") if deadline is None else max(deadline - time.monotonic(), 0)
            time.sleep(min(wait, left))
            try:
                self._limit = deadline
                self._open()
                self._renew(before)
                self._backoff.connected()
                return
            except (OSError, wire.Closed):
                self._socket.close()
                self._subscriptions = dict(before)
                self._kept = Kept()
                if deadline is not None and time.monotonic() >= deadline:
                    raise
                wait = self._backoff.next()
            except wire.MocapError:
                self._socket.close()
                self._subscriptions = dict(before)
                self._kept = Kept()
                raise
            finally:
                self._limit = None

    def _renew(self, before: Dict[Optional[str], Fields]) -> None:
        refusal: Optional[wire.Refused] = None
        renewed = 0
        for stream, fields in before.items():
            try:
                self._subscribe(stream, fields)
                renewed += 1
            except wire.Refused as error:
                self._not_renewed(stream, error)
                refusal = error
        if refusal is not None and renewed == 0:
            raise refusal

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
    """Connects to the daemon at path; by default the user's, or the system's if nobody
    listens there."""
    return Client(path, timeout)
