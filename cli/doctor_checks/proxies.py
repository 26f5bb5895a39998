"""The proxies: whether each answers and would lead to its provider. Names them by address, without credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from tipoff.provider_success import hosts
from tipoff.settings import ANY_HOST, Settings
from tipoff.sources.routes import proxy_address, proxy_authorization, proxy_of, server_of
from tipoff.vocabulary import did_you_mean, reason_of

PROXY_TIMEOUT_SECONDS = 5.0
_FIX = "correct TIPOFF_PROXIES, or start the proxy"


async def check(installation: Installation) -> CheckResult:
    """OK if every proxy connects to its provider; no request is sent to the provider."""
    settings = installation.settings
    if isinstance(settings, str):
        return CheckResult(ok=False, summary="not checked: the configuration is wrong")
    if settings.upstream or not settings.proxies:
        return CheckResult(ok=True, summary="a replay uses none" if settings.upstream else "none configured")
    servers = {server_of(host, settings) for host in hosts()} - {""}
    unknown = sorted(settings.proxies.keys() - servers - {ANY_HOST})
    results = await asyncio.gather(*(_result(host, proxy) for host, proxy in _tried(settings, servers)))
    problems = [f"{host}: no source uses this host{did_you_mean(host, servers)}" for host in unknown]
    problems += [f"{where} {problem}" for where, problem in results if problem]
    details = tuple(f"{where} {problem or 'answers'}" for where, problem in results)
    if problems:
        return CheckResult(ok=False, summary="; ".join(problems), details=details, fix=_FIX)
    used = "always" if settings.proxy_mode == "always" else "while a host blocks this machine's address"
    return CheckResult(ok=True, summary=f"{len(results)} answer, used {used}", details=details)


def _tried(settings: Settings, servers: set[str]) -> Iterator[tuple[str, str]]:
    """A server and its proxy for each entry of the setting; for `*` the first server without an entry of its own."""
    others = sorted(servers - settings.proxies.keys())
    for host in sorted(settings.proxies):
        server = next(iter(others), "") if host == ANY_HOST else host
        if server in servers and (proxy := proxy_of(server, settings)):
            yield server, proxy


async def _result(server: str, proxy: str) -> tuple[str, str]:
    """The proxy and its server, and what is wrong; empty: nothing."""
    where = f"{server}: the proxy {proxy_address(proxy)}"
    try:
        async with asyncio.timeout(PROXY_TIMEOUT_SECONDS):
            return where, _problem(await _connect(server, proxy))
    except TimeoutError:
        return where, f"is silent for {PROXY_TIMEOUT_SECONDS:g} s"
    except (OSError, EOFError, ValueError) as error:
        return where, f"does not answer ({reason_of(error)})"


async def _connect(server: str, proxy: str) -> str:
    """The status line of the proxy's response to CONNECT."""
    url = urlsplit(proxy)
    is_tls = url.scheme == "https"
    reader, writer = await asyncio.open_connection(
        url.hostname, url.port or (443 if is_tls else 80), ssl=is_tls or None
    )
    try:
        authorization = proxy_authorization(proxy)
        lines = [f"CONNECT {server}:443 HTTP/1.1", f"Host: {server}:443"]
        lines += [f"Proxy-Authorization: Basic {authorization}"] if authorization else []
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await writer.drain()
        return (await reader.readline()).decode("latin-1")
    finally:
        writer.close()


def _problem(status_line: str) -> str:
    protocol, _, status = status_line.partition(" ")
    if not protocol.startswith("HTTP/") or not status[:3].isdigit():
        return "is no HTTP proxy"
    code = int(status[:3])
    if code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return f"rejects the credentials (HTTP {code})"
    return "" if code // 100 == 2 else f"refuses to connect (HTTP {code})"


CHECK = DoctorCheck("proxies", check)
