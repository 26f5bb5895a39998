"""Direct and through a proxy: a replay's upstream that blocks this machine's address, and a proxy that gets through."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from cli.cli_rate_limiter import CliRateLimiter
from cli.doctor_checks.base import Installation
from cli.doctor_checks.proxies import check as check_proxies
from tests.support.local_provider import LocalProvider, http_reply, running
from tests.support.tls import certified, tunnel
from tests.support.two_routes import AS_OF, AUTHORIZATION, CREDENTIALS, HOST, SECRETS, SLATE, SOURCE, USER, site
from tipoff.errors import TransportFault
from tipoff.replay.archive import Archive
from tipoff.replay.faults import FaultKind
from tipoff.settings import Settings, load_settings
from tipoff.sources.base import Request
from tipoff.sources.fetcher import Fetcher
from tipoff.sources.rate_limits import Unlimited
from tipoff.sources.routes import routes_of
from tipoff.vocabulary import Outcome, Route, clock_time

A_REQUEST, BOTH = Request(host=HOST, path="/stats"), (Route.DIRECT, Route.PROXY)
BLOCKED_UNTIL = clock_time(AS_OF + SOURCE.provider.rate_limit.cooldown, SLATE.game_date)
DENIED, HANG, BROKEN = FaultKind.ACCESS_DENIED, FaultKind.HANG, FaultKind.SERVER_ERROR
PAGE, CUT = FaultKind.HTML_PAGE, FaultKind.TRUNCATED_BODY


@pytest.fixture(scope="module")
def archive(sample: Path) -> Archive:
    return Archive(sample)


def everything_in(folder: Path) -> str:
    return "".join(file.read_text("latin-1") for file in folder.rglob("*") if file.is_file())


def limiter(settings: Settings) -> CliRateLimiter:
    """A rate limiter with the rules and the state of the durable one, in this process."""
    return CliRateLimiter(settings, "no server answers")


def clock_ahead(by: timedelta) -> type[datetime]:
    """A clock that is ahead of this machine's."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(time.time() + by.total_seconds(), tz)

    return Ahead


async def test_a_blocked_address_switches_to_the_proxy_in_the_same_poll(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with site(archive, tmp_path, monkeypatch, DENIED) as here:
        rate_limiter = limiter(here.settings)
        report = await here.poll(rate_limiter)
        again = await here.poll(rate_limiter, AS_OF + timedelta(minutes=1))
        requests = here.requests(Route.DIRECT), here.requests(Route.PROXY)
    assert (report.outcome, report.refused, report.retry_at, report.alert) == (Outcome.OK, None, None, False)
    alert = report.without_batch().alerts["address_blocked"]
    assert alert == (
        f"{HOST}: HTTP 403: access denied (this machine's address is blocked until {BLOCKED_UNTIL}); "
        "requests use the proxy route until then"
    )
    assert (again.outcome, again.address_blocked, requests) == (Outcome.OK, "", (1, 2))
    blocked, *others = here.outcomes()
    assert (blocked, others) == ((Route.DIRECT, Outcome.BLOCKED), [(Route.PROXY, Outcome.OK)] * 2)
    everything = everything_in(tmp_path) + report.model_dump_json() + caplog.text
    assert not [secret for secret in SECRETS if secret in everything]


async def test_after_the_block_requests_are_direct_again(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = timedelta(hours=1)
    async with site(archive, tmp_path, monkeypatch, DENIED, retry_after=int(block.total_seconds())) as here:
        rate_limiter = limiter(here.settings)
        await here.poll(rate_limiter)
        await here.poll(rate_limiter, AS_OF + timedelta(minutes=1))
        during = here.requests(Route.DIRECT)
        monkeypatch.setattr("cli.cli_rate_limiter.datetime", clock_ahead(block))
        await here.poll(rate_limiter, AS_OF + block)
        assert (during, here.requests(Route.DIRECT), here.requests(Route.PROXY)) == (1, 2, 3)


@pytest.mark.parametrize("limits", ["limiter", "unlimited"])
async def test_two_blocked_addresses_wait_for_the_cooldown(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    async with site(archive, tmp_path, monkeypatch, DENIED, DENIED) as here:
        rate_limiter = limiter(here.settings) if limits == "limiter" else Unlimited()
        report = await here.poll(rate_limiter)
        refused = await here.poll(rate_limiter, AS_OF + timedelta(minutes=1)) if limits == "limiter" else None
        requests = here.requests(Route.DIRECT), here.requests(Route.PROXY)
    assert (report.outcome, report.refused, report.use_fallback) == (Outcome.BLOCKED, Outcome.BLOCKED, True)
    assert f"(the proxy's address is blocked until {BLOCKED_UNTIL})" in report.without_batch().alerts["blocked"]
    assert f"(this machine's address is blocked until {BLOCKED_UNTIL})" in report.address_blocked
    assert report.retry_at == AS_OF + SOURCE.provider.rate_limit.cooldown
    assert requests == (1, 1)
    if refused:
        assert refused.outcome is Outcome.BLOCKED
        assert "in cooldown until" in refused.reason


async def test_a_block_without_a_proxy_names_its_end(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(archive, tmp_path, monkeypatch, DENIED, proxies="") as here:
        report = await here.poll(limiter(here.settings))
        assert here.requests(Route.PROXY) == 0
    assert f"this machine's address is blocked until {BLOCKED_UNTIL}" in report.without_batch().alerts["blocked"]
    assert report.address_blocked == ""


@pytest.mark.parametrize(("fault", "obstacle"), [(HANG, "no response"), (PAGE, "a page instead of data")])
async def test_an_address_without_a_proper_response_is_blocked_if_the_proxy_gets_one(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: FaultKind, obstacle: str
) -> None:
    async with site(archive, tmp_path, monkeypatch, fault) as here:
        rate_limiter = limiter(here.settings)
        report = await here.poll(rate_limiter)
        again = await here.poll(rate_limiter, AS_OF + timedelta(minutes=1))
        requests = here.requests(Route.DIRECT), here.requests(Route.PROXY)
    assert (report.outcome, again.outcome, requests) == (Outcome.OK, Outcome.OK, (1, 2))
    assert f"{obstacle}, except by the proxy route (this machine's address is blocked until {BLOCKED_UNTIL})" in (
        report.address_blocked
    )


async def test_a_page_on_both_routes_blocks_none(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(archive, tmp_path, monkeypatch, PAGE, PAGE) as here:
        rate_limiter = limiter(here.settings)
        report = await here.poll(rate_limiter)
        assert await rate_limiter.cooldown(HOST) is None
        assert await rate_limiter.acquire(A_REQUEST, AS_OF, BOTH) is Route.DIRECT
    assert (report.outcome, report.address_blocked) == (Outcome.WRONG_TYPE, "")


@pytest.mark.parametrize("direct", [BROKEN, FaultKind.EMPTY, FaultKind.GONE])
async def test_a_response_that_is_no_obstacle_stays_on_its_route(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: FaultKind
) -> None:
    async with site(archive, tmp_path, monkeypatch, direct) as here:
        with contextlib.suppress(TransportFault):
            await here.poll(limiter(here.settings))
        assert (here.requests(Route.DIRECT), here.requests(Route.PROXY)) == (1, 0)


@pytest.mark.parametrize("proxied", [HANG, BROKEN, CUT])
async def test_a_provider_in_trouble_on_both_routes_blocks_none(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxied: FaultKind
) -> None:
    async with site(archive, tmp_path, monkeypatch, HANG, proxied) as here:
        rate_limiter = limiter(here.settings)
        for minutes in (0, 1):
            with pytest.raises(TransportFault):
                await here.poll(rate_limiter, AS_OF + timedelta(minutes=minutes))
        assert (here.requests(Route.DIRECT), here.requests(Route.PROXY)) == (2, 2)
        assert await rate_limiter.cooldown(HOST) is None
        assert await rate_limiter.acquire(A_REQUEST, AS_OF, BOTH) is Route.DIRECT


async def test_by_setting_every_request_uses_the_proxy(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(archive, tmp_path, monkeypatch, None, DENIED, proxy_mode="always") as here:
        report = await here.poll(limiter(here.settings))
        assert (here.requests(Route.DIRECT), here.requests(Route.PROXY)) == (0, 1)
    assert (report.outcome, report.address_blocked) == (Outcome.BLOCKED, "")


async def test_a_dead_proxy_is_named_without_its_credentials(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = f"*=http://{CREDENTIALS}@127.0.0.1:1"
    async with site(archive, tmp_path, monkeypatch, DENIED, proxies=dead) as here:
        with pytest.raises(TransportFault, match="through the proxy: ") as caught:
            await here.poll(limiter(here.settings))
    reasons = [record.reason for record in here.landing.records(SOURCE.name, SLATE.game_date)]
    assert not [secret for secret in SECRETS if secret in str(caught.value) + "".join(reasons)]


@pytest.mark.parametrize("password", ["p", "hunter2", "a%40b%2Fc"])
async def test_a_password_that_a_proxy_repeats_is_hidden_in_errors_but_short_words_stay_in_bodies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    async def repeating(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 hunter2 or a@b/c\r\n\r\n")
        writer.close()

    proxy = await asyncio.start_server(repeating, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    environ = {"TIPOFF_PROXIES": f"{HOST}=http://me:{password}@127.0.0.1:{port}", "TIPOFF_PROXY_MODE": "always"}
    async with Fetcher(load_settings(environ=environ)) as fetcher:
        with pytest.raises(TransportFault) as caught:
            await fetcher.fetch(Request(host=HOST, path="/a"), AS_OF)
    proxy.close()
    hidden = {"hunter2": "hunter2", "a%40b%2Fc": "a@b/c"}.get(password)
    assert hidden is None or hidden not in str(caught.value)
    provider = LocalProvider()
    provider.replies["/a"] = http_reply(b'{"position": "p", "nickname": "hunter2"}')
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    async with running(provider, tls=certified(HOST, tmp_path)), tunnel(provider.port) as (url, _):
        environ = {
            "TIPOFF_PROXIES": f"{HOST}={url.replace('://', f'://me:{password}@')}",
            "TIPOFF_PROXY_MODE": "always",
        }
        async with Fetcher(load_settings(environ=environ)) as fetcher:
            response = await fetcher.fetch(Request(host=HOST, path="/a"), AS_OF)
    assert response.body == b'{"position": "p", "nickname": "hunter2"}'


# ── which routes there are ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("host", "environ", "expected"),
    [
        (HOST, {}, "direct"),
        (HOST, {"TIPOFF_PROXIES": f"{HOST}=http://p:1"}, "direct proxy"),
        (HOST, {"TIPOFF_PROXIES": "cdn.nba.com=http://p:1"}, "direct"),
        (HOST, {"TIPOFF_PROXIES": "*=http://p:1"}, "direct proxy"),
        (HOST, {"TIPOFF_PROXIES": "*=http://p:1", "TIPOFF_PROXY_MODE": "always"}, "proxy"),
        (HOST, {"TIPOFF_PROXIES": "cdn.nba.com=http://p:1", "TIPOFF_PROXY_MODE": "always"}, "direct"),
        (HOST, {"TIPOFF_PROXIES": "*=http://p:1", "TIPOFF_UPSTREAM": "http://127.0.0.1:9"}, "direct"),
        ("bigdataball", {"TIPOFF_PROXIES": "*=http://p:1", "TIPOFF_BIGDATABALL": "file:///tmp"}, "direct"),
        (
            "bigdataball",
            {"TIPOFF_PROXIES": "f.org=http://p:1", "TIPOFF_BIGDATABALL": "https://f.org/a"},
            "direct proxy",
        ),
        (
            "bigdataball",
            {"TIPOFF_PROXIES": "storage.googleapis.com=http://p:1", "TIPOFF_BIGDATABALL": "gs://bucket/a"},
            "direct proxy",
        ),
    ],
)
def test_the_routes_of_a_host_follow_the_settings(host: str, environ: dict[str, str], expected: str) -> None:
    assert " ".join(routes_of(host, load_settings(environ=environ))) == expected


# ── doctor ───────────────────────────────────────────────────────────────────────────────────────────────


async def head_of_no_proxy(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.org\r\n")


async def endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"x" * 100_000)


async def checked(proxies: str) -> tuple[bool, str]:
    settings = load_settings(environ={"TIPOFF_PROXIES": proxies})
    result = await check_proxies(Installation(settings, "no server answers"))
    return result.ok, " ".join((result.summary, *result.details, result.fix))


async def test_doctor_says_whether_each_proxy_answers_and_names_it_by_its_address() -> None:
    async with running(LocalProvider()) as provider, tunnel(provider.port, AUTHORIZATION) as (url, targets):
        address = url.removeprefix("http://")
        ok, text = await checked(f"{HOST}=http://{CREDENTIALS}@{address}, *=http://{CREDENTIALS}@{address}")
        wrong, rejected = await checked(f"{HOST}=http://{USER}:other-password@{address}")
        dead, silent = await checked(f"{HOST}=http://{CREDENTIALS}@127.0.0.1:1, stats.nba.co={url}")
        assert not provider.received, "the proxy is asked for a connection, and the provider for nothing"
        provider.replies[f"{HOST}:443"] = head_of_no_proxy
        no_proxy, strange = await checked(f"{HOST}=http://{CREDENTIALS}@127.0.0.1:{provider.port}")
        provider.replies[f"{HOST}:443"] = endless_head
        endless, unreadable = await checked(f"{HOST}=http://{CREDENTIALS}@127.0.0.1:{provider.port}")
    assert ok, text
    assert f"{HOST}: the proxy {address} answers" in text
    assert f"{HOST}:443" in targets
    assert len(targets) == 2
    assert (wrong, dead, no_proxy, endless) == (False, False, False, False)
    assert f"{HOST}: the proxy {address} rejects the credentials (HTTP 407)" in rejected
    assert "the proxy 127.0.0.1:1 does not answer" in silent
    assert "is no HTTP proxy" in strange
    assert f"the proxy 127.0.0.1:{provider.port} does not answer" in unreadable
    assert "stats.nba.co: no source uses this host" in silent
    assert not [secret for secret in (*SECRETS, "other-password", USER) if secret in text + rejected + silent + strange]


async def test_a_proxy_with_tls_is_used_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, provider = certified(HOST, tmp_path), LocalProvider()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    provider.replies["/a"] = http_reply(b"{}")
    async with running(provider, tls=tls), tunnel(provider.port, AUTHORIZATION, tls) as (url, targets):
        proxies = f"{HOST}={url.replace('://', f'://{CREDENTIALS}@')}"
        ok, text = await checked(proxies)
        settings = load_settings(environ={"TIPOFF_PROXIES": proxies, "TIPOFF_PROXY_MODE": "always"})
        async with Fetcher(settings) as fetcher:
            response = await fetcher.fetch(Request(host=HOST, path="/a"), AS_OF)
    assert ok, text
    assert (response.body, targets) == (b"{}", [f"{HOST}:443"] * 2)


async def test_doctor_has_nothing_to_check_without_proxies() -> None:
    assert await checked("") == (True, "none configured ")
