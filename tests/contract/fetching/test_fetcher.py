"""The fetcher with local servers that fail in the ways of real providers."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import logging
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.local_provider import LocalProvider, hang, head, http_reply, running
from tests.support.tls import certified, tunnel
from tipoff.errors import BodyTooLargeError, ConfigurationError, InvalidRequestError, TransportFault
from tipoff.settings import Settings, load_settings
from tipoff.sources.base import Request, Slate, Source
from tipoff.sources.fetcher import Fetcher, Timeouts, registered_hosts
from tipoff.sources.outcomes import classify
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, Role, SlateGame

AS_OF = datetime(2024, 3, 29, 14, 0, tzinfo=UTC)
CDN, STATS, ODDS = "cdn.nba.com", "stats.nba.com", "api.the-odds-api.com"
HOSTS = frozenset({CDN, STATS, ODDS, "api.balldontlie.io"})
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def provider() -> AsyncIterator[LocalProvider]:
    async with running(LocalProvider()) as provider:
        yield provider


def replaying(provider: LocalProvider, cap: int = 64 * 1024) -> Settings:
    return load_settings(
        environ={"TIPOFF_UPSTREAM": provider.url, "TIPOFF_BODY_CAP_BYTES": str(cap), "TIPOFF_ODDS_API_KEY": SECRET}
    )


def fetcher(settings: Settings, timeouts: Timeouts | None = None) -> Fetcher:
    return Fetcher(settings, HOSTS, timeouts)


async def test_a_replayed_request_carries_host_path_and_as_of_time_but_no_real_key(provider: LocalProvider) -> None:
    provider.replies[f"/{ODDS}/v4/sports/x/odds"] = http_reply(b'[{"id": 1}]', ETag='"7"')
    request = Request(host=ODDS, path="/v4/sports/x/odds", params={"markets": "h2h,spreads"})
    async with fetcher(replaying(provider)) as client:
        response = await client.fetch(request, AS_OF)
    (received,) = provider.received
    assert parse_qs(urlsplit(received.target).query) == {"markets": ["h2h,spreads"], "apiKey": ["replay"]}
    assert received.headers["x-tipoff-as-of"] == "2024-03-29T14:00:00+00:00"
    assert (response.status, response.body, response.fetched_at) == (200, b'[{"id": 1}]', AS_OF)
    assert response.url == request.url == "https://api.the-odds-api.com/v4/sports/x/odds?markets=h2h%2Cspreads"
    assert response.headers["etag"] == '"7"'


async def test_requests_to_the_nba_have_the_headers_of_a_browser_on_its_pages(provider: LocalProvider) -> None:
    provider.replies = {f"/{CDN}/a": http_reply(), f"/{ODDS}/a": http_reply()}
    async with fetcher(replaying(provider)) as client:
        await client.fetch(Request(host=CDN, path="/a"), AS_OF)
        await client.fetch(Request(host=ODDS, path="/a"), AS_OF)
    league, odds = provider.received
    assert league.headers["referer"] == "https://www.nba.com/"
    assert league.headers["origin"] == "https://www.nba.com"
    assert league.headers["user-agent"].startswith("Mozilla/5.0")
    assert "referer" not in odds.headers


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "429 Too Many Requests", "500 Oops"])
async def test_a_refusal_is_a_response_and_is_not_retried(provider: LocalProvider, status: str) -> None:
    provider.replies[f"/{CDN}/a"] = http_reply(b"no", status)
    async with fetcher(replaying(provider)) as client:
        response = await client.fetch(Request(host=CDN, path="/a"), AS_OF)
    assert (response.status, response.body) == (int(status[:3]), b"no")
    assert len(provider.received) == 1


async def test_an_undeclared_host_is_never_requested(provider: LocalProvider) -> None:
    async with fetcher(replaying(provider)) as client:
        with pytest.raises(ConfigurationError, match=r"example\.com"):
            await client.fetch(Request(host="example.com", path="/a"), AS_OF)
    assert provider.received == []


async def test_a_hanging_server_is_a_fault_after_the_read_timeout(provider: LocalProvider) -> None:
    provider.replies[f"/{CDN}/a"] = hang
    async with fetcher(replaying(provider), Timeouts(read=0.3)) as client:
        with pytest.raises(TransportFault, match=r"cdn\.nba\.com/a: no data for 0\.3 s"):
            await client.fetch(Request(host=CDN, path="/a"), AS_OF)


async def test_a_slow_server_is_a_fault_after_the_total_timeout(provider: LocalProvider) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length="1000"))
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.1)

    provider.replies[f"/{CDN}/a"] = drip
    async with fetcher(replaying(provider), Timeouts(total=1)) as client:
        with pytest.raises(TransportFault, match="no complete response within 1 s"):
            await client.fetch(Request(host=CDN, path="/a"), AS_OF)


async def test_a_refused_connection_is_a_fault(provider: LocalProvider) -> None:
    settings = load_settings(environ={"TIPOFF_UPSTREAM": "http://127.0.0.1:1"})
    async with fetcher(settings) as client:
        with pytest.raises(TransportFault, match=r"https://cdn\.nba\.com/a"):
            await client.fetch(Request(host=CDN, path="/a"), AS_OF)


@pytest.mark.parametrize("sent", [b"", b'{"games": ['])
async def test_a_truncated_body_is_a_fault(provider: LocalProvider, sent: bytes) -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length="1000") + sent)

    provider.replies[f"/{CDN}/a"] = cut
    async with fetcher(replaying(provider)) as client:
        with pytest.raises(TransportFault):
            await client.fetch(Request(host=CDN, path="/a"), AS_OF)


async def test_a_body_over_the_cap_is_refused_before_it_is_complete(provider: LocalProvider) -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head(Content_Length=str(200_000_000)))
        for _ in range(200):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
            sent += 1_000_000

    provider.replies[f"/{CDN}/a"] = flood
    async with fetcher(replaying(provider, cap=1_000_000)) as client:
        with pytest.raises(BodyTooLargeError, match="1,000,000 bytes"):
            await client.fetch(Request(host=CDN, path="/a"), AS_OF)
    assert sent < 50_000_000


async def test_a_body_of_exactly_the_cap_is_accepted_and_one_byte_more_is_not(provider: LocalProvider) -> None:
    provider.replies = {f"/{CDN}/fits": http_reply(b"x" * 2048), f"/{CDN}/over": http_reply(b"x" * 2049)}
    async with fetcher(replaying(provider, cap=2048)) as client:
        assert len((await client.fetch(Request(host=CDN, path="/fits"), AS_OF)).body) == 2048
        with pytest.raises(BodyTooLargeError):
            await client.fetch(Request(host=CDN, path="/over"), AS_OF)


async def test_a_small_body_that_unpacks_to_a_huge_one_is_refused_without_buffering_it(
    provider: LocalProvider,
) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=9)
    assert len(bomb) < 300_000
    provider.replies[f"/{CDN}/a"] = http_reply(bomb, Content_Encoding="gzip")
    async with fetcher(replaying(provider, cap=1_000_000)) as client:
        tracemalloc.start()
        with pytest.raises(BodyTooLargeError):
            await client.fetch(Request(host=CDN, path="/a"), AS_OF)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 10_000_000


async def test_a_packed_body_is_unpacked_and_a_broken_one_is_a_fault(provider: LocalProvider) -> None:
    whole = gzip.compress(b'{"games": []}')
    provider.replies = {
        f"/{CDN}/whole": http_reply(whole, Content_Encoding="gzip"),
        f"/{CDN}/cut": http_reply(whole[:-9], Content_Encoding="gzip"),
        f"/{CDN}/broken": http_reply(b"not packed", Content_Encoding="gzip"),
    }
    async with fetcher(replaying(provider)) as client:
        assert (await client.fetch(Request(host=CDN, path="/whole"), AS_OF)).body == b'{"games": []}'
        for path in ("/cut", "/broken"):
            with pytest.raises(TransportFault, match="packed body"):
                await client.fetch(Request(host=CDN, path=path), AS_OF)


async def test_bytes_after_the_end_of_a_packed_body_are_refused_and_not_buffered(provider: LocalProvider) -> None:
    async def without_end(writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Encoding="gzip") + gzip.compress(b'{"games": []}'))
        while True:
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    provider.replies[f"/{CDN}/a"] = without_end
    async with fetcher(replaying(provider)) as client:
        with pytest.raises(TransportFault, match="goes on after its end"):
            await client.fetch(Request(host=CDN, path="/a"), AS_OF)


async def test_a_redirect_within_a_host_is_followed_with_its_key(provider: LocalProvider) -> None:
    provider.replies = {
        f"/{ODDS}/old": http_reply(b"", "301 Moved Permanently", Location="/newer"),
        f"/{ODDS}/newer": http_reply(b"", "302 Found", Location=f"https://{ODDS}/newest"),
        f"/{ODDS}/newest": http_reply(b"[]"),
    }
    async with fetcher(replaying(provider)) as client:
        response = await client.fetch(Request(host=ODDS, path="/old"), AS_OF)
    assert (response.status, response.body) == (200, b"[]")
    assert [received.target for received in provider.received] == [
        f"/{ODDS}/{path}?apiKey=replay" for path in ("old", "newer", "newest")
    ]


async def test_a_redirect_to_another_declared_host_is_not_followed(
    provider: LocalProvider,
) -> None:
    provider.replies = {
        f"/{CDN}/a": http_reply(b"", "302 Found", Location="https://stats.nba.com/a"),
        "/stats.nba.com/a": http_reply(b"[]"),
    }
    async with fetcher(replaying(provider)) as client:
        assert (await client.fetch(Request(host=CDN, path="/a"), AS_OF)).status == 302
    assert [received.target for received in provider.received] == [f"/{CDN}/a"]


@pytest.mark.parametrize(
    "location", ["https://evil.example/a", "http://cdn.nba.com/b", "https://cdn.nba.com.evil.example/", "https://[", ""]
)
async def test_a_redirect_to_a_foreign_host_or_without_tls_is_not_followed(
    provider: LocalProvider, location: str
) -> None:
    provider.replies[f"/{CDN}/a"] = http_reply(b"", "302 Found", Location=location)
    async with fetcher(replaying(provider)) as client:
        response = await client.fetch(Request(host=CDN, path="/a"), AS_OF)
    assert response.status == 302
    judgement = classify(response, "json")
    assert judgement is not None
    assert judgement.outcome is Outcome.WRONG_TYPE


@pytest.mark.parametrize(
    "location", [f"https://{ODDS}:8443/b", f"https://me@{ODDS}/b", f"http://{ODDS}:443/b", f"https://{ODDS}:99999999/b"]
)
async def test_a_redirect_to_another_port_scheme_or_user_of_the_host_is_not_followed(
    provider: LocalProvider, location: str
) -> None:
    provider.replies = {f"/{ODDS}/a": http_reply(b"", "302 Found", Location=location), f"/{ODDS}/b": http_reply(b"[]")}
    async with fetcher(replaying(provider)) as asking:
        assert (await asking.fetch(Request(host=ODDS, path="/a"), AS_OF)).status == 302
    assert len(provider.received) == 1


@pytest.mark.parametrize("odd", ["../../account", "..", "%2e%2e/account", "%252e%252e/account", "..\\account", "."])
async def test_a_path_that_leads_to_another_one_is_not_requested(provider: LocalProvider, odd: str) -> None:
    async with fetcher(replaying(provider)) as asking:
        with pytest.raises(InvalidRequestError, match="its path leads to another one"):
            await asking.fetch(Request(host=ODDS, path=f"/v4/events/{odd}/odds"), AS_OF)
    assert provider.received == []


async def test_odd_characters_of_a_path_are_quoted(provider: LocalProvider) -> None:
    provider.replies[f"/{ODDS}/events/a%0Ab%3F%C3%A9"] = http_reply()
    async with fetcher(replaying(provider)) as asking:
        response = await asking.fetch(Request(host=ODDS, path="/events/a\nb?é"), AS_OF)
    assert response.status == 200


@pytest.mark.parametrize("error", [UnicodeError("odd"), ValueError("odd"), httpx.InvalidURL("odd"), KeyError("odd")])
async def test_no_foreign_exception_leaves_the_fetcher(
    provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise error

    async with fetcher(replaying(provider)) as asking:
        monkeypatch.setattr(httpx.AsyncClient, "send", refuse)
        with pytest.raises(InvalidRequestError, match=r"cdn\.nba\.com/a cannot be requested"):
            await asking.fetch(Request(host=CDN, path="/a"), AS_OF)


async def test_a_redirect_loop_ends_after_three_redirects(provider: LocalProvider) -> None:
    provider.replies[f"/{CDN}/a"] = http_reply(b"", "302 Found", Location="/a")
    async with fetcher(replaying(provider)) as client:
        assert (await client.fetch(Request(host=CDN, path="/a"), AS_OF)).status == 302
    assert len(provider.received) == 4


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.name)
def test_every_request_of_every_source_goes_to_a_declared_host(source: Source) -> None:
    game = SlateGame(game_id="0022301084", away="GSW", home="CHA", tip_off=AS_OF + dt.timedelta(hours=9))
    slate = Slate(game_date=dt.date(2024, 3, 29), games=(game,))
    afterwards = dt.timedelta(days=1) if source.role is Role.POST else dt.timedelta()
    requests = source.requests(slate, AS_OF + afterwards, {game.game_id: "event"})
    assert requests
    assert {request.host for request in requests} <= registered_hosts()


# ── real requests: through the host's proxy, with TLS and the key ──────────────────────────────────


@pytest.mark.parametrize("kind", ["query", "header"])
async def test_a_real_request_uses_the_proxy_and_key_of_its_host_and_does_not_reveal_the_key(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host = {"query": ODDS, "header": "api.balldontlie.io"}[kind]
    provider = LocalProvider()
    echo = f'{{"message": "your key: {SECRET}"}}'.encode()
    provider.replies["/a"] = http_reply(echo, "401 Unauthorized", X_Echo=f"apiKey={SECRET}")
    async with running(provider, tls=certified(host, tmp_path)), tunnel(provider.port) as (proxy, connected):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        settings = load_settings(
            environ={
                "TIPOFF_ODDS_API_KEY": SECRET,
                "TIPOFF_BALLDONTLIE_KEY": SECRET,
                "TIPOFF_PROXIES": f"{host}={proxy}",
                "TIPOFF_PROXY_MODE": "always",
            }
        )
        async with fetcher(settings) as client:
            response = await client.fetch(Request(host=host, path="/a", params={"x": "1"}), AS_OF)
    (received,) = provider.received
    assert connected == [f"{host}:443"]
    query = parse_qs(urlsplit(received.target).query)
    assert (query.get("apiKey"), received.headers.get("authorization")) == (
        ([SECRET], None) if kind == "query" else (None, SECRET)
    )
    assert "x-tipoff-as-of" not in received.headers
    assert SECRET not in repr(response)
    assert SECRET not in caplog.text
    assert response.body == b'{"message": "your key: ***"}'


async def test_a_fault_does_not_reveal_the_key_or_the_password_of_the_proxy() -> None:
    settings = load_settings(
        environ={"TIPOFF_ODDS_API_KEY": SECRET, "TIPOFF_PROXIES": f"{ODDS}=http://me:{SECRET}@127.0.0.1:1"}
    )
    async with fetcher(settings) as client:
        with pytest.raises(TransportFault) as caught:
            await client.fetch(Request(host=ODDS, path="/a"), AS_OF)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
