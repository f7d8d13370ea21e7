"""What a client has subscribed to, and when it connects again: the same for both clients."""

from __future__ import annotations

import time
from collections import deque
from itertools import islice
from typing import Any, Deque, Dict, Generic, Iterable, Optional, Tuple, TypeVar

from . import messages, wire

RETRY_FIRST = 0.02  # seconds before connecting again; doubles each time,
RETRY_LAST = 1.0  # up to this,
LASTING = 5.0  # until a connection has lasted so long
ACTIVE_MAX = 65  # subscriptions to renew; beyond it the oldest to a removed stream is forgotten
PENDING_MAX = 16  # requests without a reply; beyond it the oldest is forgotten
KEPT_MAX = 1024  # messages kept while a reply is awaited

Fields = Dict[str, Any]
Reply = TypeVar("Reply")  # Granted, or what becomes one when it is awaited


def _record_stream(value: Dict[str, Any]) -> Optional[str]:
    """The stream of a record; None for any other message."""
    stream = value.get("stream")
    return stream if value.get("type") == "motion" and isinstance(stream, str) else None


def _missed(value: Dict[str, Any]) -> int:
    missed = value.get("missed")
    return missed if isinstance(missed, int) else 0


class Kept:
    """Messages that came before a reply, oldest first. When there are too many, the oldest record
    that has a successor of its stream gives way, and the successor counts it as missed."""

    def __init__(self) -> None:
        self._values: Deque[Dict[str, Any]] = deque()

    def __len__(self) -> int:
        return len(self._values)

    def append(self, value: Dict[str, Any]) -> None:
        self._values.append(value)
        if len(self._values) > KEPT_MAX:
            self._drop()

    def popleft(self) -> Dict[str, Any]:
        return self._values.popleft()

    def _drop(self) -> None:
        for at, value in enumerate(self._values):
            stream = _record_stream(value)
            if stream is None:
                continue
            for later in islice(self._values, at + 1, None):
                if _record_stream(later) == stream:
                    later["missed"] = _missed(later) + _missed(value) + 1
                    del self._values[at]
                    return
        raise wire.MocapError(f"no reply within {KEPT_MAX} messages that cannot be dropped")


class Subscriptions(Generic[Reply]):
    """The base of both clients: subscribe, and the subscriptions to renew after a
    reconnection. A request takes effect when its reply arrives, which may be after its caller
    has given up waiting: until then it is pending."""

    server: messages.Server
    timeout: Optional[float]  # of replies, seconds
    _wire: wire.Wire
    _kept: Kept

    def __init__(self) -> None:
        self._subscriptions: Dict[Optional[str], Fields] = {}
        self._pending: Dict[int, Tuple[str, Fields]] = {}
        self._limit: Optional[float] = None  # while reconnecting: when that has to be over
        self._said: Optional[str] = None  # by its last message, not in reply to anything

    def subscribe(
        self,
        stream: Optional[str] = None,
        *,
        encoding: Optional[str] = None,
        max_rate: Optional[float] = None,
        include: Optional[Iterable[str]] = None,
        lost: Optional[str] = None,
        mode: Optional[str] = None,
        queue: Optional[int] = None,
        label: Optional[str] = None,
    ) -> Reply:
        """Subscribes to a stream, or to all; returns what was granted. The encoding is CBOR by
        default, if the server has it.

        On the same connection, the subscription to a stream ends when the stream is removed: if a
        message of type "streams" then shows that one of that name was added, subscribe again.
        reconnect renews it if the stream is there by then; unsubscribe prevents that, even if the
        server refuses it as the stream is gone. One to all streams includes those to come, with the
        options that were last given for a stream of that name, or else for all; it goes on until
        unsubscribe is called, be it for a single stream."""
        if encoding is None:
            encoding = "cbor" if "cbor" in self.server.encodings else "json"
        fields = {
            "encoding": encoding,
            "max_rate": max_rate,
            "include": None if include is None else list(include),
            "lost": lost,
            "mode": mode,
            "queue": queue,
            "label": label,
        }
        return self._subscribe(stream, fields)

    def _subscribe(self, stream: Optional[str], fields: Fields) -> Reply:
        raise NotImplementedError

    def _asked(self, request_id: int, kind: str, fields: Fields) -> None:
        if kind in ("subscribe", "unsubscribe"):
            while len(self._pending) >= PENDING_MAX:
                del self._pending[next(iter(self._pending))]
            self._pending[request_id] = (kind, fields)

    def _arrived(self, value: Dict[str, Any]) -> None:
        """Lets a reply, or news of the daemon's streams, take effect."""
        streams, server = value.get("streams"), getattr(self, "server", None)
        if value.get("type") == "streams" and isinstance(streams, list) and server is not None:
            server.streams[:] = [name for name in streams if isinstance(name, str)]
        request_id = value.get("id")
        says_why = value.get("type") == "error" and request_id is None
        self._said = str(value.get("message")) if says_why else None
        if not isinstance(request_id, int) or request_id not in self._pending:
            return
        kind, asked = self._pending.pop(request_id)
        fields = dict(asked)
        stream = fields.pop("stream", None)
        if kind == "subscribe" and value.get("type") == "subscribed":
            self._remember(stream, fields)
        elif kind == "unsubscribe" and value.get("type") == "unsubscribed":
            self._forget(stream)
        elif kind == "unsubscribe" and value.get("code") == "unknown-stream":
            if None not in self._subscriptions:
                self._subscriptions.pop(stream, None)  # refused, but it is not to be renewed

    def _hang_up(self) -> None:
        raise NotImplementedError

    def _patience(self) -> Optional[float]:
        """How long to wait for the server now, in seconds; None: forever."""
        if self._limit is None:
            return self.timeout
        left = max(self._limit - time.monotonic(), 0)
        return left if self.timeout is None else min(self.timeout, left)

    def _closed(self) -> wire.Closed:
        """What is raised when the server has closed the connection: it may have said why."""
        inside = " inside a message" if self._wire.partial else ""
        why = "" if self._said is None else f": {self._said}"
        return wire.Closed(f"the server closed the connection{inside}{why}")

    def _next_read(self) -> Optional[Dict[str, Any]]:
        """The next message that was read. After an error the place in the byte stream is
        lost: the connection is closed."""
        try:
            value = self._wire.next()
        except wire.MocapError:
            self._hang_up()
            raise
        if value is not None:
            self._arrived(value)
        return value

    def _keep(self, value: Dict[str, Any]) -> None:
        try:
            self._kept.append(value)
        except wire.MocapError:
            self._hang_up()
            raise

    def _not_renewed(self, stream: Optional[str], error: wire.Refused) -> None:
        """Drops a subscription to a stream that the server no longer has; any other refusal is
        raised."""
        if error.code != "unknown-stream":
            raise error
        self._subscriptions.pop(stream, None)
        told = {"type": "error", "code": error.code, "message": str(error), "stream": stream}
        self._kept.append(told)

    def _remember(self, stream: Optional[str], fields: Fields) -> None:
        if stream is None:
            self._subscriptions.clear()
        self._subscriptions.pop(stream, None)
        if len(self._subscriptions) >= ACTIVE_MAX:
            named = [name for name in self._subscriptions if name is not None]
            gone = [name for name in named if name not in self.server.streams]
            del self._subscriptions[(gone or named)[0]]
        self._subscriptions[stream] = fields

    def _forget(self, stream: Optional[str]) -> None:
        if stream is None:
            self._subscriptions.clear()
        elif None in self._subscriptions:
            # One to all becomes one to each; those made since keep their options.
            named = self._subscriptions
            fields = named.pop(None)
            rest = [name for name in self.server.streams if name not in named]
            self._subscriptions = {name: fields for name in rest}
            self._subscriptions.update(named)
        self._subscriptions.pop(stream, None)


class Backoff:
    """The waits before connecting again: none after a connection that lasted."""

    def __init__(self) -> None:
        self._wait = 0.0
        self._since = float("-inf")

    def connected(self) -> None:
        self._since = time.monotonic()

    def first(self) -> float:
        """Seconds to wait before the first attempt."""
        if time.monotonic() - self._since >= LASTING:
            self._wait = 0.0
            return 0.0
        return self.next()

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        self._wait = min(max(2 * self._wait, RETRY_FIRST), RETRY_LAST)
        return self._wait
