"""The client for asyncio."""

from __future__ import annotations

import asyncio
import socket
import time
from types import TracebackType
from typing import Any, AsyncIterator, Awaitable, Dict, Optional, Type

from . import messages, wire
from .subscriptions import RETRY_FIRST, RETRY_LAST, Backoff, Fields, Kept, Subscriptions


class AsyncClient(Subscriptions[Awaitable[messages.Granted]]):
    """One connection, made by connect_async. Only one task at a time may use it."""

    def __init__(self, path: Optional[str], timeout: float) -> None:
        super().__init__()
        self._paths = wire.default_paths() if path is None else [path]
        self.path = self._paths[0]  # where it is or was connected
        self.timeout = timeout  # of replies, seconds
        self._backoff = Backoff()

    async def _open(self) -> None:
        self._wire = wire.Wire()
        self._kept = Kept()
        self._said = None
        self._pending.clear()
        connection = await self._connect_to_any()
        self._reader, self._writer = await asyncio.open_unix_connection(sock=connection)
        try:
            greeting = await self._in_time(self._read(), "no greeting in time")
            self.server = wire.read_hello(greeting)
        except BaseException:
            self._writer.close()
            raise

    async def _connect_to_any(self) -> socket.socket:
        patience = self._patience()
        deadline = float("inf") if patience is None else time.monotonic() + patience
        for path in self._paths[:-1]:
            try:
                connection = await self._connect(path, deadline)
                self._paths = [path]
                return connection
            except OSError:
                pass
        self._paths = self._paths[-1:]
        self.path = self._paths[0]
        return await self._connect(self.path, deadline)

    async def _connect(self, path: str, deadline: float) -> socket.socket:
        # While the backlog is full, a connect to a Unix socket fails at once, and nothing
        # tells when it would not.
        wait = RETRY_FIRST
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            while True:
                try:
                    connection.connect(path)
                    return connection
                except BlockingIOError:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        full = f"connect to {path}: the server's backlog is full"
                        raise wire.TimedOut(full) from None
                    await asyncio.sleep(min(wait, left))
                    wait = min(2 * wait, RETRY_LAST)
                except PermissionError as error:
                    raise wire.refused(path, error) from None
        except BaseException:
            connection.close()
            raise

    async def _in_time(self, awaited: Awaitable[Dict[str, Any]], late: str) -> Dict[str, Any]:
        try:
            return await asyncio.wait_for(awaited, self._patience())
        except asyncio.TimeoutError:
            raise wire.TimedOut(late) from None

    def _hang_up(self) -> None:
        self._writer.close()

    async def _read(self) -> Dict[str, Any]:
        # A wait that is cancelled loses nothing: what has come is in the wire.
        while True:
            value = self._next_read()
            if value is not None:
                return value
            if self._writer.is_closing():
                raise wire.Closed("the connection is closed")
            try:
                data = await self._reader.read(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise self._closed()
            self._wire.feed(data)

    async def next(self) -> messages.Message:
        """The next message. Raises Closed at the end."""
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

    async def _take_arrived(self) -> None:
        """Takes what is there already: a write that fails would lose it."""
        read = asyncio.ensure_future(self._reader.read(65536))
        try:
            await asyncio.sleep(0)
        finally:  # a request that is cancelled here leaves no reader behind
            if not read.done():
                read.cancel()
            elif read.exception() is None:
                self._wire.feed(read.result())
        if not read.done():
            await asyncio.wait([read])

    async def _exchange(self, line: bytes) -> Dict[str, Any]:
        await self._take_arrived()
        try:
            self._writer.write(line)
            await self._writer.drain()
        except (BrokenPipeError, ConnectionResetError):
            while (kept := self._next_read()) is not None:  # the server may have said why
                self._keep(kept)
            raise self._closed() from None
        while True:
            value = await self._read()
            if self._wire.is_reply(value):
                return wire.checked(value)
            self._keep(value)

    async def request(self, kind: str, **fields: Any) -> Dict[str, Any]:
        """Sends a request and returns its reply; raises Refused when that is an error. After
        TimedOut the reply may still come, and then takes effect."""
        line = self._wire.request(kind, **fields)
        self._asked(self._wire.last_id, kind, fields)
        return await self._in_time(self._exchange(line), f"{kind}: no reply in time")

    async def _subscribe(self, stream: Optional[str], fields: Fields) -> messages.Granted:
        return wire.granted(await self.request("subscribe", stream=stream, **fields))

    async def unsubscribe(self, stream: Optional[str] = None) -> None:
        """Unsubscribes from a stream, or from all. After subscribing to all, unsubscribing from a
        single one leaves the others there are, but not those to come."""
        await self.request("unsubscribe", stream=stream)

    async def status(self) -> Dict[str, Any]:
        """The daemon's state and that of its streams, as docs/protocol.md describes it."""
        return await self.request("status")

    async def ping(self) -> None:
        """Returns when the daemon has answered."""
        await self.request("ping")

    async def reconnect(self, timeout: Optional[float] = None) -> None:
        """Connects again and renews all subscriptions, trying until the timeout. A connection
        that was lost soon is made again only after a pause.

        A subscription to a stream that the server no longer has is dropped; next then returns a
        dict with "type": "error", "code": "unknown-stream" and the "stream". Where nothing is
        left to renew, Refused is raised, and reconnect may be tried again."""
        deadline = None if timeout is None else time.monotonic() + timeout
        await self.close()
        wait = self._backoff.first()
        before = dict(self._subscriptions)
        while True:
            left = float("inf") if deadline is None else max(deadline - time.monotonic(), 0)
            await asyncio.sleep(min(wait, left))
            try:
                self._limit = deadline
                await self._open()
                await self._renew(before)
                self._backoff.connected()
                return
            except (OSError, wire.Closed):
                await self.close()
                self._subscriptions = dict(before)
                self._kept = Kept()
                if deadline is not None and time.monotonic() >= deadline:
                    raise
                wait = self._backoff.next()
            except wire.MocapError:
                await self.close()
                self._subscriptions = dict(before)
                self._kept = Kept()
                raise
            finally:
                self._limit = None

    async def _renew(self, before: Dict[Optional[str], Fields]) -> None:
        refusal: Optional[wire.Refused] = None
        renewed = 0
        for stream, fields in before.items():
            try:
                await self._subscribe(stream, fields)
                renewed += 1
            except wire.Refused as error:
                self._not_renewed(stream, error)
                refusal = error
        if refusal is not None and renewed == 0:
            raise refusal

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
    """Connects to the daemon at path; by default the user's, or the system's if nobody
    listens there."""
    client = AsyncClient(path, timeout)
    await client._open()
    client._backoff.connected()
    return client
