"""The browser transport: the same responses, limits and faults as httpx."""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.support.local_provider import LocalProvider, hang, head, http_reply, running
from tipoff.errors import BodyTooLargeError, ConfigurationError, TransportFault
from tipoff.settings import Settings, load_settings
from tipoff.sources.base import Request
from tipoff.sources.fetcher import Fetcher, Timeouts

AS_OF = datetime(2024, 3, 29, 14, 0, tzinfo=UTC)
CDN = "cdn.nba.com"
SCORES = Request(host=CDN, path="/scores.json")


def as_browser(provider: LocalProvider) -> Settings:
    """Settings with the local provider as a host for the browser transport."""
    return load_settings(
        environ={
            "TIPOFF_UPSTREAM": provider.url,
            "TIPOFF_AS_BROWSER": "127.0.0.1",
            "TIPOFF_BODY_CAP_BYTES": "100000",
        }
    )


def fetcher(provider: LocalProvider, timeouts: Timeouts | None = None) -> Fetcher:
    return Fetcher(as_browser(provider), frozenset({CDN}), timeouts)


@pytest.fixture
async def provider() -> AsyncIterator[LocalProvider]:
    async with running(LocalProvider()) as provider:
        yield provider


async def test_it_sends_the_headers_of_a_browser_and_of_the_provider(provider: LocalProvider) -> None:
    provider.replies[f"/{CDN}/scores.json"] = http_reply(
        gzip.compress(b'{"a": 1}'), Content_Encoding="gzip", ETag='"7"'
    )
    async with fetcher(provider) as client:
        response = await client.fetch(SCORES, AS_OF, etag='"6"')
    assert (response.status, response.body, response.headers["etag"]) == (200, b'{"a": 1}', '"7"')
    (received,) = provider.received
    assert "Chrome/" in received.headers["user-agent"]
    assert "sec-ch-ua" in received.headers
    assert received.headers["referer"] == "https://www.nba.com/"
    assert received.headers["if-none-match"] == '"6"'


async def test_not_modified_and_a_foreign_redirect_are_returned_unchanged(provider: LocalProvider) -> None:
    for status, headers in (("304 Not Modified", {}), ("302 Found", {"Location": "https://example.com/"})):
        provider.replies[f"/{CDN}/scores.json"] = http_reply(b"", status, **headers)
        async with fetcher(provider) as client:
            assert (await client.fetch(SCORES, AS_OF)).status == int(status[:3])


async def test_a_body_over_the_cap_is_refused_even_if_it_is_packed_small(provider: LocalProvider) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    provider.replies[f"/{CDN}/scores.json"] = http_reply(bomb, Content_Encoding="gzip")
    async with fetcher(provider) as client:
        with pytest.raises(BodyTooLargeError):
            await client.fetch(SCORES, AS_OF)


async def test_a_hang_and_a_truncated_body_are_transport_faults(provider: LocalProvider) -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length="100") + b"half")

    for reply in (hang, half):
        provider.replies[f"/{CDN}/scores.json"] = reply
        async with fetcher(provider, Timeouts(read=0.5)) as client:
            with pytest.raises(TransportFault):
                await client.fetch(SCORES, AS_OF)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "curl_cffi.requests", None)
    settings = load_settings(environ={"TIPOFF_AS_BROWSER": CDN})
    with pytest.raises(ConfigurationError, match="install the extra `browser`"):
        Fetcher(settings, frozenset({CDN}))
