"""Asks providers over HTTP: once, within time and size limits, of known hosts only. Never tries again by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Literal, Self

import httpx

from tipoff.errors import BodyTooLargeError, ConfigurationError, TransportFault
from tipoff.redaction import redact, redact_bytes
from tipoff.settings import Settings, folder_of
from tipoff.sources.base import Request, Response
from tipoff.sources.exports import BIGDATABALL, DRIVE, SCOPES, STORAGE, address_of, read_file, read_list
from tipoff.sources.google_account import GoogleAccount
from tipoff.vocabulary import Frozen

AS_OF_HEADER = "X-Tipoff-As-Of"
REPLAY_KEY = "replay"
MOST_REDIRECTS = 3


class Timeouts(Frozen):
    """How long a provider may take, seconds."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 45.0


_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
_NBA = {"User-Agent": _BROWSER, "Referer": "https://www.nba.com/", "Origin": "https://www.nba.com"}
_HEADERS: Mapping[str, Mapping[str, str]] = {"cdn.nba.com": _NBA, "stats.nba.com": _NBA}
_COMMON = {"User-Agent": "tipoff", "Accept": "*/*", "Accept-Encoding": "gzip"}

_KEY_PLACES: Mapping[str, tuple[Literal["query", "header"], str]] = {
    "api.the-odds-api.com": ("query", "apiKey"),
    "api.balldontlie.io": ("header", "Authorization"),
    "api.bettingpros.com": ("header", "x-api-key"),
    STORAGE: ("header", "x-goog-api-key"),
    DRIVE: ("header", "x-goog-api-key"),
}
"""Where a provider wants its key."""


class Fetcher:
    """Asks the registry's hosts; an async context manager that keeps connections open between questions."""

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
        self._keys = dict.fromkeys(_KEY_PLACES, REPLAY_KEY) if self._upstream else _keys(settings)
        self._accounts = {host: GoogleAccount(scope) for host, scope in SCOPES.items() if host not in self._keys}
        self._tokens: dict[str, str] = {}
        self._lasting = () if self._upstream else (*self._keys.values(), *_proxies(settings).values())
        self._exports = {} if self._upstream else _exports(settings)
        self._client = _client(settings, self._timeouts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def fetch(self, request: Request, as_of: datetime, etag: str | None = None) -> Response:
        """What the provider answers, whatever its status, stamped with the day's clock.

        `etag`: of an answer that is here already; when it is still the one, the answer is 304 without a body.
        Raises TransportFault when no whole answer came, BodyTooLargeError above the cap, ConfigurationError for a
        host that no source declares.
        """
        if request.host not in self._hosts:
            raise ConfigurationError(f"{request.host} is no host of a source: declare it as the source's provider")
        place = self._place(request.host)
        if place.startswith("file://"):
            return await asyncio.to_thread(read_file, folder_of(place), request, as_of, self._cap)
        url = httpx.URL(address_of(place, request))
        try:
            async with asyncio.timeout(self._timeouts.total):
                if place.startswith(("gs://", "drive://")):
                    await self._sign_in(url.host)
                if place.startswith("drive://"):
                    return await self._from_drive(url, as_of)
                return await self._follow(url, as_of, {"If-None-Match": etag} if etag else {})
        except TimeoutError:
            raise self._fault(url, f"no whole answer within {self._timeouts.total:g} s") from None
        except httpx.TransportError as error:
            # Not chained: what httpx says may repeat a key.
            raise self._fault(url, self._in_words(error)) from None

    def _place(self, host: str) -> str:
        """Where a host's answers are: there itself, but for the made-up host of a shared folder."""
        if host == BIGDATABALL and self._upstream is None and host not in self._exports:
            raise ConfigurationError("nobody said where the files of BigDataBall are: set TIPOFF_BIGDATABALL")
        return self._exports.get(host, f"https://{host}")

    async def _sign_in(self, host: str) -> None:
        """Have a token for a host of Google's, unless a key does."""
        if host in self._accounts:
            self._tokens[host] = await asyncio.to_thread(self._accounts[host].token)

    async def _from_drive(self, question: httpx.URL, as_of: datetime) -> Response:
        """The first file that the list asked for names, 404 when there is none; what is no list is the answer."""
        listed = await self._follow(question, as_of, {})
        while told := read_list(listed):
            if told.files:
                file = told.files[0]
                answer = await self._follow(httpx.URL(file.address), as_of, {})
                return answer.model_copy(update={"body": file.whole(answer.body)})
            if not told.next_page:
                return listed.model_copy(update={"status": HTTPStatus.NOT_FOUND, "body": b""})
            listed = await self._follow(question.copy_merge_params({"pageToken": told.next_page}), as_of, {})
        return listed

    async def _follow(
        self, url: httpx.URL, as_of: datetime, unless: Mapping[str, str], hops_left: int = MOST_REDIRECTS
    ) -> Response:
        """The answer behind redirects; one that leads too far or elsewhere is itself the answer."""
        answer = await self._client.send(self._wire_request(url, as_of, unless), stream=True)
        async with contextlib.aclosing(answer):
            onward = self._onward(url, answer) if hops_left else None
            if onward is None:
                return self._response(url, answer, await self._body(url, answer), as_of)
        return await self._follow(onward, as_of, unless, hops_left - 1)

    def _wire_request(self, url: httpx.URL, as_of: datetime, unless: Mapping[str, str]) -> httpx.Request:
        """The question as it goes out: with the provider's headers and key, to the provider or to the replay."""
        headers = {**_COMMON, **_HEADERS.get(url.host, {}), **unless}
        if key := self._keys.get(url.host):
            place, name = _KEY_PLACES[url.host]
            if place == "query":
                url = url.copy_merge_params({name: key})
            else:
                headers[name] = key
        if token := self._tokens.get(url.host):
            headers["Authorization"] = f"Bearer {token}"
        if self._upstream is None:
            return self._client.build_request("GET", url, headers=headers)
        headers[AS_OF_HEADER] = as_of.isoformat()
        target = f"{self._upstream}/{url.host}{url.raw_path.decode()}"
        return self._client.build_request("GET", target, headers=headers)

    def _onward(self, url: httpx.URL, answer: httpx.Response) -> httpx.URL | None:
        """Where a redirect leads, when we may go there: encrypted, and to the same host; others are asked in turn."""
        if not answer.has_redirect_location:
            return None
        try:
            target = url.join(answer.headers["location"])
        except httpx.InvalidURL:
            return None
        return target if target.scheme == "https" and target.host == url.host else None

    async def _body(self, url: httpx.URL, answer: httpx.Response) -> bytes:
        """The body, unpacked here and not by httpx so that a small answer cannot grow beyond the cap in memory."""
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return b""  # whatever its headers say of the body that it spares
        packed = answer.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip")
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if packed else None
        body = bytearray()
        async for piece in answer.aiter_raw():
            try:
                body += unpacker.decompress(piece, self._cap + 1 - len(body)) if unpacker else piece
            except zlib.error as error:
                raise self._fault(url, f"the packed body is broken ({error})") from None
            if unpacker and unpacker.unused_data:
                # The unpacker would keep all that follows, which no cap counts.
                raise self._fault(url, "the packed body goes on after its end")
            if len(body) > self._cap:
                raise BodyTooLargeError(f"{self._shown(url)} sends more than the cap of {self._cap} bytes")
        if unpacker and not unpacker.eof:
            raise self._fault(url, "the packed body was cut short")
        return bytes(body)

    def _response(self, url: httpx.URL, answer: httpx.Response, body: bytes, as_of: datetime) -> Response:
        headers = {name.lower(): redact(value, self._secrets) for name, value in answer.headers.items()}
        return Response(
            status=answer.status_code,
            headers=headers,
            body=redact_bytes(body, self._secrets),
            url=self._shown(url),
            fetched_at=as_of,
        )

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (*self._lasting, *self._tokens.values())

    def _fault(self, url: httpx.URL, why: str) -> TransportFault:
        return TransportFault(f"{self._shown(url)}: {redact(why, self._secrets)}")

    def _shown(self, url: httpx.URL) -> str:
        return redact(str(url), self._secrets)

    def _in_words(self, error: httpx.TransportError) -> str:
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection within {self._timeouts.connect:g} s"
        if isinstance(error, httpx.TimeoutException):
            return f"nothing came for {self._timeouts.read:g} s"
        return str(error) or type(error).__name__


def registered_hosts() -> frozenset[str]:
    """The providers of all sources: the only hosts we talk to."""
    from tipoff.sources.registry import SOURCES

    return frozenset(host for source in SOURCES.values() for host in (source.provider, *source.other_hosts))


def _client(settings: Settings, timeouts: Timeouts) -> httpx.AsyncClient:
    """In a replay no proxy stands between us and the local server, whatever the environment says."""
    for library in ("httpx", "httpcore"):
        # Below warnings they log whole addresses, keys included.
        logging.getLogger(library).setLevel(logging.WARNING)
    proxies = {} if settings.upstream else _proxies(settings)
    browsers = {host: _browser(proxies.get(host), settings) for host in settings.as_browser}
    transports = {host: httpx.AsyncHTTPTransport(proxy=proxy) for host, proxy in proxies.items()} | browsers
    return httpx.AsyncClient(
        mounts={f"all://{host}": transport for host, transport in transports.items()},
        timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
        follow_redirects=False,
        trust_env=settings.upstream is None,
    )


def _browser(proxy: str | None, settings: Settings) -> httpx.AsyncBaseTransport:
    from tipoff.sources.browser import BrowserTransport

    return BrowserTransport(proxy, trust_env=settings.upstream is None)


def _proxies(settings: Settings) -> dict[str, str]:
    return {host: proxy.get_secret_value() for host, proxy in settings.proxies.items()}


def _exports(settings: Settings) -> dict[str, str]:
    return {BIGDATABALL: settings.bigdataball.rstrip("/")} if settings.bigdataball else {}


def _keys(settings: Settings) -> dict[str, str]:
    secrets = {
        "api.the-odds-api.com": settings.odds_api_key,
        "api.balldontlie.io": settings.balldontlie_key,
        "api.bettingpros.com": settings.bettingpros_key,
        STORAGE: settings.google_key,
        DRIVE: settings.google_key,
    }
    return {host: secret.get_secret_value() for host, secret in secrets.items() if secret}
