"""A TCP proxy between a worker and its Temporal server, which cuts, delays and drops what they send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from devtools.drill_worker import Disturbance, Kind

DELAY_SECONDS: Final = 0.3
"""How much later each piece of a delayed connection arrives."""
_CHUNK: Final = 64 * 1024


class NetworkProxy:
    """Forwards connections to a port of this machine. Entering it starts it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._is_cut = False
        self._delay = 0.0
        self._passes = asyncio.Event()
        self._passes.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._passes.set()
        self._server.close()
        self._abort()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def address(self) -> str:
        """Its host and port."""
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def disturb(self, disturbance: Disturbance) -> None:
        """Begin a disturbance of the network; it ends by itself."""
        effects: dict[Kind, Callable[[], None]] = {
            Kind.CUT: self._cut,
            Kind.DELAY: self._slow_down,
            Kind.DROP: self._passes.clear,
        }
        effects[disturbance.kind]()
        asyncio.get_running_loop().call_later(disturbance.seconds, self._restore)

    def _cut(self) -> None:
        self._is_cut = True
        self._abort()

    def _slow_down(self) -> None:
        self._delay = DELAY_SECONDS

    def _restore(self) -> None:
        """What was dropped arrives now, as after retransmission."""
        self._is_cut, self._delay = False, 0.0
        self._passes.set()

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # the server is being started again
            writer.transport.abort()
            return
        both = {writer, server_writer}
        self._writers |= both
        await asyncio.gather(self._forward(reader, server_writer), self._forward(server_reader, writer))
        self._writers -= both

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward until one side closes its connection, then close the other."""
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._passes.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                writer.write(chunk)
                await writer.drain()
        writer.close()
