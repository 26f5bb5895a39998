"""Delivery of a response: whole, truncated, oversize, or never."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.view import UpstreamResponse

HANG_SECONDS = 120
OVERSIZE_BYTES = 200_000_000


class Delivery(NamedTuple):
    """A response with the status (0: none) and the number of bytes that it sends."""

    response: Response
    status: int
    bytes_sent: int


def deliver_whole(response: UpstreamResponse) -> Delivery:
    """The response without a fault."""
    return Delivery(_built(Response, response), response.status, len(response.body))


def _built(response_class: type[Response], response: UpstreamResponse) -> Response:
    return response_class(response.body, response.status, dict(response.headers), response.media_type)


class _TruncatedResponse(Response):
    """Half of what the content length promises; the server then drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


class _HangingResponse(Response):
    """Sends nothing until the client disconnects or HANG_SECONDS have passed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HANG_SECONDS):
                while (await receive())["type"] != "http.disconnect":
                    pass


def _deliver_truncated(response: UpstreamResponse) -> Delivery:
    return Delivery(_built(_TruncatedResponse, response), response.status, len(response.body) // 2)


def _deliver_nothing(response: UpstreamResponse) -> Delivery:
    return Delivery(_HangingResponse(), 0, 0)


def _deliver_oversize(response: UpstreamResponse) -> Delivery:
    oversize = StreamingResponse(_blanks(), response.status, media_type=response.media_type)
    return Delivery(oversize, response.status, OVERSIZE_BYTES)


async def _blanks() -> AsyncIterator[bytes]:
    chunk = b" " * 1_000_000
    for _ in range(OVERSIZE_BYTES // len(chunk)):
        yield chunk


DELIVERY_FAULTS: Mapping[FaultKind, Callable[[UpstreamResponse], Delivery]] = {
    FaultKind.TRUNCATED_BODY: _deliver_truncated,
    FaultKind.HANG: _deliver_nothing,
    FaultKind.OVERSIZE: _deliver_oversize,
}
"""Kinds that break the delivery of a response."""
