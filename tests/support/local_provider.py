"""A local provider that sends exactly the bytes a test sets, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

Reply = Callable[[asyncio.StreamWriter], Coroutine[None, None, None]]


class ReceivedRequest(NamedTuple):
    """A received request."""

    target: str
    headers: Mapping[str, str]


class LocalProvider:
    """Sends the reply set for a request, or for its path without query, and records all requests."""

    def __init__(self) -> None:
        self.received: list[ReceivedRequest] = []
        self.replies: dict[str, Reply] = {}
        self.serving: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            received = await read_head(reader)
            self.received.append(received)
            await until_gone(
                reader, (self.replies.get(received.target) or self.replies[received.target.partition("?")[0]])(writer)
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client closed the connection, as some tests intend
        finally:
            writer.close()
            self.serving.discard(task)


async def hang(writer: asyncio.StreamWriter) -> None:
    """Never respond."""
    await asyncio.Event().wait()


async def until_gone(reader: asyncio.StreamReader, reply: Coroutine[None, None, None]) -> None:
    """Reply, unless the client closes the connection first."""
    replying, gone = asyncio.ensure_future(reply), asyncio.ensure_future(reader.read())
    await asyncio.wait({replying, gone}, return_when=asyncio.FIRST_COMPLETED)
    for task in (replying, gone):
        task.cancel()
    for result in await asyncio.gather(replying, gone, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


@asynccontextmanager
async def running(provider: LocalProvider, tls: ssl.SSLContext | None = None) -> AsyncIterator[LocalProvider]:
    """The provider on a free port."""
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, ssl=tls)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        server.close()
        await asyncio.gather(*provider.serving)


async def read_head(reader: asyncio.StreamReader) -> ReceivedRequest:
    """The request line's target and the headers, names in lower case."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return ReceivedRequest(first.split(" ")[1], headers)


def http_reply(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> Reply:
    """A complete response; `_` in the name of a header means `-`."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, Content_Length=str(len(body)), **headers) + body)

    return reply


def head(status: str = "200 OK", **headers: str) -> bytes:
    """Status line and headers of a response."""
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
