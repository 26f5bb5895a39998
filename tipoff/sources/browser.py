"""Asks like a browser down to the TLS handshake, for networks that refuse all else: curl-cffi, the extra `browser`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from tipoff.errors import ConfigurationError

if TYPE_CHECKING:
    from curl_cffi.requests import Response

_ITS_OWN = frozenset({"host", "connection", "user-agent", "accept", "accept-encoding"})
"""What a browser says in its own words and order."""
_UNPACKED = frozenset({"content-encoding", "content-length"})
"""What is no longer true of a body once curl has unpacked it."""


class BrowserTransport(httpx.AsyncBaseTransport):
    """Takes the place of httpx's own sockets. Raises ConfigurationError when the extra is not installed."""

    def __init__(self, proxy: str | None, *, trust_env: bool) -> None:
        try:
            from curl_cffi.requests import AsyncSession
        except ImportError as error:
            raise ConfigurationError(
                "as_browser names hosts, and curl-cffi is not installed: install the extra `browser`, or empty it"
            ) from error
        self._session: AsyncSession[Response] = AsyncSession(
            impersonate="chrome", proxy=proxy, trust_env=trust_env, allow_redirects=False
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask once; the body is read as the caller takes it."""
        headers = {name: value for name, value in request.headers.items() if name not in _ITS_OWN}
        timeouts = request.extensions["timeout"]
        with _told_as_httpx(request):
            answer = await self._session.request(
                "GET",
                str(request.url),
                headers=headers,
                timeout=(timeouts["connect"], timeouts["read"]),
                stream=True,
            )
        told = [(name, value or "") for name, value in answer.headers.multi_items() if name.lower() not in _UNPACKED]
        return httpx.Response(answer.status_code, headers=told, stream=_Body(answer, request), request=request)

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: Response, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_as_httpx(self._request):
            async for piece in self._answer.aiter_content():
                yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _told_as_httpx(request: httpx.Request) -> Iterator[None]:
    """A fault of curl in the words that the fetcher knows."""
    from curl_cffi.requests.exceptions import ConnectTimeout, RequestException, Timeout

    try:
        yield
    except ConnectTimeout as error:
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except Timeout as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except RequestException as error:
        raise httpx.NetworkError(str(error), request=request) from error
