"""What a client has subscribed to, and when it connects again: the same for both clients."""

from __future__ import annotations

import time
from typing import Any, Dict, Generic, Iterable, Optional, Tuple, TypeVar

from . import messages, wire

RETRY_FIRST = 0.02  # seconds before connecting again; doubles each time,
RETRY_LAST = 1.0  # up to this,
LASTING = 5.0  # until a connection has lasted so long
PENDING_MAX = 16  # requests without a reply; beyond it the oldest is forgotten

Fields = Dict[str, Any]
Reply = TypeVar("Reply")  # Granted, or what becomes one when it is awaited


class Subscriptions(Generic[Reply]):
    """The base of both clients: subscribe, and the subscriptions to renew after a
    reconnection. A request takes effect when its reply arrives, which may be after its caller
    has given up waiting: until then it is pending."""

    server: messages.Server
    _wire: wire.Wire

    def __init__(self) -> None:
        self._subscriptions: Dict[Optional[str], Fields] = {}
        self._pending: Dict[int, Tuple[str, Fields]] = {}

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
        default, if the server has it."""
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
        if not isinstance(request_id, int) or request_id not in self._pending:
            return
        kind, asked = self._pending.pop(request_id)
        fields = dict(asked)
        stream = fields.pop("stream", None)
        if kind == "subscribe" and value.get("type") == "subscribed":
            self._remember(stream, fields)
        elif kind == "unsubscribe" and value.get("type") == "unsubscribed":
            self._forget(stream)

    def _hang_up(self) -> None:
        raise NotImplementedError

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

    def _remember(self, stream: Optional[str], fields: Fields) -> None:
        if stream is None:
            self._subscriptions.clear()
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
