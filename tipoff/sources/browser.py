"""An httpx transport that imitates a browser down to the TLS handshake, for hosts that block other clients.

Uses curl-cffi, the extra `browser`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from tipoff.errors import ConfigurationError

if TYPE_CHECKING:
    from curl_cffi.requests import Response

_BROWSER_HEADERS = frozenset({"host", "connection", "user-agent", "accept", "accept-encoding"})
"""Headers that curl sends as the browser does."""
_INVALID_AFTER_UNPACKING = frozenset({"content-encoding", "content-length"})


class BrowserTransport(httpx.AsyncBaseTransport):
    """Sends requests through curl-cffi. Raises ConfigurationError when the extra is not installed."""

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
        """Send one request; the body is read as the caller consumes it."""
        headers = {name: value for name, value in request.headers.items() if name not in _BROWSER_HEADERS}
        timeouts = request.extensions["timeout"]
        with _as_httpx_errors(request):
            response = await self._session.request(
                "GET",
                str(request.url),
                headers=headers,
                timeout=(timeouts["connect"], timeouts["read"]),
                stream=True,
            )
        headers_received = [
            (name, value or "")
            for name, value in response.headers.multi_items()
            if name.lower() not in _INVALID_AFTER_UNPACKING
        ]
        return httpx.Response(
            response.status_code, headers=headers_received, stream=_Body(response, request), request=request
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx_errors(self._request):
            async for chunk in self._response.aiter_content():
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _as_httpx_errors(request: httpx.Request) -> Iterator[None]:
    """Translate curl errors to the httpx errors that the fetcher handles, in curl's words."""
    from curl_cffi.requests.exceptions import ConnectTimeout, RequestException, Timeout

    try:
        yield
    except ConnectTimeout as error:
        raise httpx.ConnectTimeout(_reason(error), request=request) from error
    except Timeout as error:
        raise httpx.ReadTimeout(_reason(error), request=request) from error
    except RequestException as error:
        raise httpx.NetworkError(_reason(error), request=request) from error


def _reason(error: Exception) -> str:
    """curl's words, without its number and where they are documented."""
    return re.sub(r"^.*?curl: \(\d+\) |\. See https://curl\.se/\S+ .*$", "", str(error))
