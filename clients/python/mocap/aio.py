"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Any, AsyncIterator, Deque, Dict, Iterable, Optional, Type

from . import messages, wire


class AsyncClient:
    """One connection; make it with connect_async. One task at a time may use it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._wire = wire.Wire()
        self._kept: Deque[Dict[str, Any]] = deque()
        self.timeout = timeout  # of replies, seconds
        self.server: messages.Server

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
        self._writer.write(self._wire.request(kind, **fields))
        await self._writer.drain()
        return await asyncio.wait_for(self._reply(), self.timeout)

    async def subscribe(
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
    ) -> messages.Granted:
        """Asks for the records of a stream, or of all; returns what was granted."""
        fields = wire.policy(
            self.server, encoding, max_rate, include, lost, mode, queue, label
        )
        reply = messages.granted(await self.request("subscribe", stream=stream, **fields))
        self._wire.encoding = reply.encoding  # of what comes after the reply
        return reply

    async def unsubscribe(self, stream: Optional[str] = None) -> None:
        await self.request("unsubscribe", stream=stream)

    async def status(self) -> Dict[str, Any]:
        return await self.request("status")

    async def ping(self) -> None:
        await self.request("ping")

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
    target = wire.default_path() if path is None else path
    reader, writer = await asyncio.open_unix_connection(target)
    client = AsyncClient(reader, writer, timeout)
    try:
        client.server = wire.read_hello(await asyncio.wait_for(client._read(), timeout))
    except BaseException:
        writer.close()
        raise
    return client
