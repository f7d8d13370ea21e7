"""The client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from types import TracebackType
from typing import Any, AsyncIterator, Awaitable, Deque, Dict, Optional, Type

from . import messages, wire
from .subscriptions import Fields, Subscriptions, retry_waits


class AsyncClient(Subscriptions[Awaitable[messages.Granted]]):
    """One connection; make it with connect_async. One task at a time may use it."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__()
        self.path = path
        self.timeout = timeout  # of replies, seconds

    async def _open(self) -> None:
        self._wire = wire.Wire()
        self._kept: Deque[Dict[str, Any]] = deque()
        self._reader, self._writer = await asyncio.open_unix_connection(self.path)
        try:
            greeting = await asyncio.wait_for(self._read(), self.timeout)
            self.server = wire.read_hello(greeting)
        except BaseException:
            self._writer.close()
            raise

    async def _read(self) -> Dict[str, Any]:
        # A wait that is cancelled loses nothing: what came is in the wire.
        while True:
            value = self._wire.next()
            if value is not None:
                return value
            try:
                data = await self._reader.read(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                inside = " inside a message" if self._wire.partial else ""
                raise wire.Closed(f"the server closed the connection{inside}")
            self._wire.feed(data)

    async def next(self) -> messages.Message:
        """The next message. Closed when the server left."""
        value = self._kept.popleft() if self._kept else await self._read()
        return wire.typed(value)

    async def __aiter__(self) -> AsyncIterator[messages.Message]:
        """Every message until the server closes the connection."""
        while True:
            try:
                message = await self.next()
            except wire.Closed:
                return
            yield message

    async def _reply(self) -> Dict[str, Any]:
        while True:
            value = await self._read()
            if self._wire.is_reply(value):
                return wire.checked(value)
            self._kept.append(value)

    async def request(self, kind: str, **fields: Any) -> Dict[str, Any]:
        """Sends a request and returns its reply; Refused when it is an error."""
        try:
            self._writer.write(self._wire.request(kind, **fields))
            await self._writer.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise wire.Closed("the server closed the connection") from None
        return await asyncio.wait_for(self._reply(), self.timeout)

    async def _subscribe(self, stream: Optional[str], fields: Fields) -> messages.Granted:
        reply = messages.granted(await self.request("subscribe", stream=stream, **fields))
        self._wire.encoding = reply.encoding  # of what comes after the reply
        self._remember(stream, fields)
        return reply

    async def unsubscribe(self, stream: Optional[str] = None) -> None:
        await self.request("unsubscribe", stream=stream)
        self._forget(stream)

    async def status(self) -> Dict[str, Any]:
        return await self.request("status")

    async def ping(self) -> None:
        await self.request("ping")

    async def reconnect(self, timeout: Optional[float] = None) -> None:
        """Connects again and renews all subscriptions, trying until the timeout."""
        deadline = None if timeout is None else time.monotonic() + timeout
        for wait in retry_waits():
            await self.close()
            try:
                await self._open()
                for stream, fields in list(self._subscriptions.items()):
                    await self._subscribe(stream, fields)
                return
            except (OSError, asyncio.TimeoutError, wire.Closed):
                left = float("inf") if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise
                await asyncio.sleep(min(wait, left))

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (BrokenPipeError, ConnectionResetError):
            pass

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()


async def connect_async(path: Optional[str] = None, timeout: float = 5.0) -> AsyncClient:
    """Connects to the daemon at path, or to the user's, else the system's."""
    client = AsyncClient(wire.default_path() if path is None else path, timeout)
    await client._open()
    return client
