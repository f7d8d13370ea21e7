"""What a client has subscribed to, and how it asks: the same for both clients."""

from __future__ import annotations

from typing import Any, Dict, Generic, Iterable, Iterator, Optional, TypeVar

from . import messages, wire

RETRY_FIRST = 0.02  # seconds between attempts to connect again; doubles
RETRY_LAST = 1.0

Fields = Dict[str, Any]
Reply = TypeVar("Reply")  # Granted, or what becomes one when it is awaited


class Subscriptions(Generic[Reply]):
    """A client's base: subscribe, and what is to be renewed after a reconnect."""

    server: messages.Server

    def __init__(self) -> None:
        self._subscriptions: Dict[Optional[str], Fields] = {}

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
        """Asks for the records of a stream, or of all; returns what was granted.
        encoding None is CBOR where the server has it."""
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

    def _remember(self, stream: Optional[str], fields: Fields) -> None:
        if stream is None:
            self._subscriptions.clear()
        self._subscriptions[stream] = fields

    def _forget(self, stream: Optional[str]) -> None:
        if stream is None:
            self._subscriptions.clear()
        elif None in self._subscriptions:
            # To each stream as to all, but to those asked for since as they were.
            named = self._subscriptions
            fields = named.pop(None)
            rest = [name for name in self.server.streams if name not in named]
            self._subscriptions = {name: fields for name in rest}
            self._subscriptions.update(named)
        self._subscriptions.pop(stream, None)


def retry_waits() -> Iterator[float]:
    """How long to wait before each further attempt, seconds."""
    wait = RETRY_FIRST
    while True:
        yield wait
        wait = min(2 * wait, RETRY_LAST)
