"""Sends one request to a provider: within time and size limits, to declared hosts only, and without retries."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx

from tipoff.errors import BodyTooLargeError, ConfigurationError, InvalidRequestError, TipoffError, TransportFault
from tipoff.foreign_text import plain_text
from tipoff.redaction import redact, redact_bytes
from tipoff.settings import Settings
from tipoff.sources.base import Request, Response
from tipoff.sources.file_transport import FileTransport
from tipoff.sources.google_account import GoogleAccount
from tipoff.sources.providers import BIGDATABALL, PROVIDERS, provider_of
from tipoff.sources.routes import proxy_of, proxy_passwords, proxy_secrets, routes_of
from tipoff.sources.shared_files import SCOPES, file_url, parse_list
from tipoff.vocabulary import Frozen, Route, counted, reason_of

AS_OF_HEADER = "X-Tipoff-As-Of"
REPLAY_KEY = "replay"
MAX_REDIRECTS = 3
_COMMON_HEADERS = {"User-Agent": "tipoff", "Accept": "*/*", "Accept-Encoding": "gzip"}


class Timeouts(Frozen):
    """How long a request may take, in seconds."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 45.0


class Fetcher:
    """Fetches from the hosts of all sources. An async context manager that keeps connections open between requests."""

    def __init__(
        self,
        settings: Settings,
        hosts: frozenset[str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._hosts = registered_hosts() if hosts is None else hosts
        self._timeouts = timeouts or Timeouts(total=settings.request_seconds)
        self._cap = settings.body_cap_bytes
        self._upstream = str(settings.upstream).rstrip("/") if settings.upstream else None
        self._keys = _replay_keys() if self._upstream else _keys(settings)
        self._accounts = {host: GoogleAccount(scope) for host, scope in SCOPES.items() if host not in self._keys}
        self._tokens: dict[str, str] = {}
        self._fixed_secrets = () if self._upstream else (*self._keys.values(), *proxy_secrets(settings))
        self._passwords = tuple(proxy_passwords(settings))
        self._shared_folders = {} if self._upstream else _shared_folders(settings)
        self._settings = settings
        self._clients = _clients(settings, self._timeouts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    def routes(self, host: str) -> tuple[Route, ...]:
        """The routes to a provider, in the order in which they are tried."""
        return routes_of(host, self._settings)

    async def fetch(
        self, request: Request, as_of: datetime, etag: str | None = None, route: Route | None = None
    ) -> Response:
        """The provider's response, whatever its status; `as_of` becomes its `fetched_at`.

        `etag`: of a response we already have. When it is still current, the response is 304 without a body.
        `route`: None is the first of `routes`.
        Raises TransportFault when no complete response arrives, BodyTooLargeError above the cap, InvalidRequestError
        for a request that cannot be sent as it is, ConfigurationError for a host that no source declares.
        """
        if request.host not in self._hosts:
            raise ConfigurationError(f"{request.host} is no host of a source: declare it as the source's provider")
        client = self._clients[route or self.routes(request.host)[0]]
        base = self._base_url(request.host)
        url = self._url(base, request)
        try:
            async with asyncio.timeout(self._timeouts.total):
                if base.startswith(("gs://", "drive://")):
                    await self._authorize(url.host)
                if base.startswith("drive://"):
                    return await self._fetch_from_drive(client, url, as_of)
                return await self._follow(client, url, as_of, {"If-None-Match": etag} if etag else {})
        except TipoffError:
            raise
        # Not chained: httpx may repeat a key in its text.
        except TimeoutError:
            raise self._fault(url, f"no complete response within {self._timeouts.total:g} s") from None
        except (httpx.RequestError, OSError) as error:
            raise self._fault(url, self._cause(error)) from None
        except Exception as error:  # libraries raise what they like for a URL or header that they cannot send
            raise InvalidRequestError(f"{self._redacted(url)} cannot be requested: {self._cause(error)}") from None

    def _url(self, base: str, request: Request) -> httpx.URL:
        """The URL of a request. Raises InvalidRequestError unless it leads to just that path."""
        if not request.stays_on_path:
            raise InvalidRequestError(f"{request.url} cannot be requested: its path leads to another one")
        try:
            return httpx.URL(file_url(base, request))
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidRequestError(f"{request.url} cannot be requested: {self._cause(error)}") from None

    def _base_url(self, host: str) -> str:
        """The host itself, or the folder that the settings name for BigDataBall."""
        if host == BIGDATABALL.host and self._upstream is None and host not in self._shared_folders:
            raise ConfigurationError("the folder of BigDataBall's files is not configured: set TIPOFF_BIGDATABALL")
        return self._shared_folders.get(host, f"https://{host}")

    async def _authorize(self, host: str) -> None:
        """Get a token for a Google host, unless an API key is configured."""
        if host in self._accounts:
            self._tokens[host] = await asyncio.to_thread(self._accounts[host].token)

    async def _fetch_from_drive(self, client: httpx.AsyncClient, list_url: httpx.URL, as_of: datetime) -> Response:
        """The first listed file; 404 when none is listed. A response that is no list is returned as it is."""
        response = await self._follow(client, list_url, as_of, {})
        while listed := parse_list(response):
            if listed.files:
                file = listed.files[0]
                content = await self._follow(client, httpx.URL(file.url), as_of, {})
                return content.model_copy(update={"body": file.with_final_newline(content.body)})
            if not listed.next_page:
                return response.model_copy(update={"status": HTTPStatus.NOT_FOUND, "body": b""})
            next_url = list_url.copy_merge_params({"pageToken": listed.next_page})
            response = await self._follow(client, next_url, as_of, {})
        return response

    async def _follow(
        self,
        client: httpx.AsyncClient,
        url: httpx.URL,
        as_of: datetime,
        conditions: Mapping[str, str],
        redirects_left: int = MAX_REDIRECTS,
    ) -> Response:
        """The response behind redirects; a redirect that may not be followed is itself the response."""
        response = await client.send(self._wire_request(client, url, as_of, conditions), stream=True)
        async with contextlib.aclosing(response):
            target = self._redirect_target(url, response) if redirects_left else None
            if target is None:
                return self._response(url, response, await self._read_body(url, response), as_of)
        return await self._follow(client, target, as_of, conditions, redirects_left - 1)

    def _wire_request(
        self, client: httpx.AsyncClient, url: httpx.URL, as_of: datetime, conditions: Mapping[str, str]
    ) -> httpx.Request:
        """The HTTP request with the provider's headers and key, addressed to the provider or to the replay."""
        provider = provider_of(url.host)
        headers = {**_COMMON_HEADERS, **provider.headers, **conditions}
        key = self._keys.get(url.host)
        if key and provider.api_key:
            if provider.api_key.parameter:
                url = url.copy_merge_params({provider.api_key.parameter: key})
            else:
                headers[provider.api_key.header] = key
        if token := self._tokens.get(url.host):
            headers["Authorization"] = f"Bearer {token}"
        if self._upstream is None:
            return client.build_request("GET", url, headers=headers)
        headers[AS_OF_HEADER] = as_of.isoformat()
        target = f"{self._upstream}/{url.host}{url.raw_path.decode()}"
        return client.build_request("GET", target, headers=headers)

    def _redirect_target(self, url: httpx.URL, response: httpx.Response) -> httpx.URL | None:
        """Where a redirect leads, if it stays on HTTPS and on host and port: each host has a rate limit of its own.

        A user in the URL is not followed either: it would replace our credentials.
        """
        if not response.has_redirect_location:
            return None
        try:
            target = url.join(response.headers["location"])
        except (httpx.InvalidURL, ValueError):
            return None
        same_server = (target.host, target.port, target.userinfo) == (url.host, url.port, url.userinfo)
        return target if target.scheme == "https" and same_server else None

    async def _read_body(self, url: httpx.URL, response: httpx.Response) -> bytes:
        """The body, decompressed here and not by httpx so that the cap also holds for a small body that inflates."""
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return b""  # its headers may describe the body that it omits
        packed = response.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip")
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if packed else None
        body = bytearray()
        async for chunk in response.aiter_raw():
            try:
                body += unpacker.decompress(chunk, self._cap + 1 - len(body)) if unpacker else chunk
            except zlib.error as error:
                raise self._fault(url, f"the packed body is broken ({error})") from None
            if unpacker and unpacker.unused_data:
                # The decompressor would buffer all that follows, outside the cap.
                raise self._fault(url, "the packed body goes on after its end")
            if len(body) > self._cap:
                raise BodyTooLargeError(f"{self._redacted(url)} sends more than {counted(self._cap, 'byte')}, the cap")
        if unpacker and not unpacker.eof:
            raise self._fault(url, "the packed body was cut short")
        return bytes(body)

    def _response(self, url: httpx.URL, response: httpx.Response, body: bytes, as_of: datetime) -> Response:
        headers = {name.lower(): redact(value, self._secrets) for name, value in response.headers.items()}
        return Response(
            status=response.status_code,
            headers=headers,
            body=redact_bytes(body, self._secrets),
            url=self._redacted(url),
            fetched_at=as_of,
        )

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (*self._fixed_secrets, *self._tokens.values())

    def _fault(self, url: httpx.URL, why: str) -> TransportFault:
        return TransportFault(plain_text(f"{self._redacted(url)}: {self._redacted_text(why)}"))

    def _redacted(self, url: httpx.URL) -> str:
        return redact(str(url), self._secrets)

    def _cause(self, error: Exception) -> str:
        """Why a request failed, without secrets."""
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection within {self._timeouts.connect:g} s"
        if isinstance(error, httpx.TimeoutException):
            return f"no data for {self._timeouts.read:g} s"
        return plain_text(self._redacted_text(reason_of(error)))

    def _redacted_text(self, text: str) -> str:
        return redact(text, (*self._secrets, *self._passwords))


def registered_hosts() -> frozenset[str]:
    """The hosts of all sources: the only ones that are ever contacted."""
    from tipoff.sources.registry import SOURCES

    return frozenset(
        provider.host for source in SOURCES.values() for provider in (source.provider, *source.other_providers)
    )


def _clients(settings: Settings, timeouts: Timeouts) -> dict[Route, httpx.AsyncClient]:
    """A client for each route; in a replay the direct one only, whatever the environment says of proxies."""
    for library in ("httpx", "httpcore"):
        # Below WARNING they log whole URLs, keys included.
        logging.getLogger(library).setLevel(logging.WARNING)
    browsers = {host: _browser(None, settings) for host in settings.as_browser}
    clients = {Route.DIRECT: _client(browsers, timeouts, trust_env=settings.upstream is None)}
    if settings.proxies and not settings.upstream:
        proxies = {host: proxy.get_secret_value() for host, proxy in settings.proxies.items()}
        transports = {host: httpx.AsyncHTTPTransport(proxy=proxy) for host, proxy in proxies.items()}
        proxied = {host: _browser(proxy_of(host, settings), settings) for host in settings.as_browser}
        clients[Route.PROXY] = _client({**transports, **proxied}, timeouts, trust_env=False)
    return clients


def _client(
    transports: Mapping[str, httpx.AsyncBaseTransport], timeouts: Timeouts, *, trust_env: bool
) -> httpx.AsyncClient:
    """A client that reads files, and has these transports for some hosts; `*` is any host."""
    return httpx.AsyncClient(
        mounts={"file://": FileTransport(), **{f"all://{host}": transport for host, transport in transports.items()}},
        timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
        follow_redirects=False,
        trust_env=trust_env,
    )


def _browser(proxy: str | None, settings: Settings) -> httpx.AsyncBaseTransport:
    from tipoff.sources.browser import BrowserTransport

    return BrowserTransport(proxy, trust_env=settings.upstream is None)


def _shared_folders(settings: Settings) -> dict[str, str]:
    return {BIGDATABALL.host: settings.bigdataball.rstrip("/")} if settings.bigdataball else {}


def _keys(settings: Settings) -> dict[str, str]:
    """Host -> the configured API key."""
    keys = {
        host: getattr(settings, provider.api_key.setting) for host, provider in PROVIDERS.items() if provider.api_key
    }
    return {host: key.get_secret_value() for host, key in keys.items() if key}


def _replay_keys() -> dict[str, str]:
    """Host -> a key that every replay accepts."""
    return {host: REPLAY_KEY for host, provider in PROVIDERS.items() if provider.api_key}
