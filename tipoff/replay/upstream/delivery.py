"""How an answer travels: whole, cut off, endless, or not at all."""

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
    """A response, with the status (0: none) and bytes that it sends."""

    response: Response
    status: int
    sent: int


def whole(answer: UpstreamResponse) -> Delivery:
    """The answer as it should arrive."""
    return Delivery(_response(Response, answer, answer.body), answer.status, len(answer.body))


def _response(kind: type[Response], answer: UpstreamResponse, body: bytes) -> Response:
    return kind(body, answer.status, dict(answer.headers), answer.media_type)


class _CutOff(Response):
    """Half of what the content length promises; the server then drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


class _Silence(Response):
    """Nothing until the client gives up, for a bounded time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HANG_SECONDS):
                while (await receive())["type"] != "http.disconnect":
                    pass


def _cut_off(answer: UpstreamResponse) -> Delivery:
    return Delivery(_response(_CutOff, answer, answer.body), answer.status, len(answer.body) // 2)


def _silent(answer: UpstreamResponse) -> Delivery:
    return Delivery(_Silence(), 0, 0)


def _oversize(answer: UpstreamResponse) -> Delivery:
    response = StreamingResponse(_blanks(), answer.status, media_type=answer.media_type)
    return Delivery(response, answer.status, OVERSIZE_BYTES)


async def _blanks() -> AsyncIterator[bytes]:
    part = b" " * 1_000_000
    for _ in range(OVERSIZE_BYTES // len(part)):
        yield part


BROKEN: Mapping[FaultKind, Callable[[UpstreamResponse], Delivery]] = {
    FaultKind.TRUNCATED_BODY: _cut_off,
    FaultKind.HANG: _silent,
    FaultKind.OVERSIZE: _oversize,
}
