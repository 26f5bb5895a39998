"""A host with two routes: direct, and through a proxy with a password, each to a replay's upstream of its own."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.support.tls import certified, fronting, tunnel
from tipoff.collecting import collect
from tipoff.landing.landing import Landing
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream.server import Upstream, serve
from tipoff.settings import Settings, load_settings
from tipoff.sources.base import Slate
from tipoff.sources.fetcher import Fetcher, Timeouts
from tipoff.sources.rate_limits import RateLimiter
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import CollectReport, Outcome, Route

SOURCE, HOST = SOURCES["nbac_player_list_current"], "stats.nba.com"
AS_OF = datetime(2024, 3, 29, 19, 5, tzinfo=UTC)
SLATE = Slate(game_date=date(2024, 3, 29), games=())
USER, PASSWORD = "a-user", "hunter2/of:ours"
CREDENTIALS = f"{USER}:hunter2%2Fof%3Aours"
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, "hunter2", AUTHORIZATION.removeprefix("Basic "))
_VARIABLES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "https_proxy")


class Site:
    """One host with two routes, each to an upstream of its own."""

    def __init__(self, direct: Upstream, proxied: Upstream, settings: Settings, root: Path) -> None:
        self._upstreams = {Route.DIRECT: direct, Route.PROXY: proxied}
        self.settings = settings
        self.landing = Landing(FolderStore(root))

    def requests(self, route: Route) -> int:
        return len(self._upstreams[route].requests())

    async def poll(self, rate_limiter: RateLimiter, as_of: datetime = AS_OF) -> CollectReport:
        async with Fetcher(self.settings, timeouts=Timeouts(read=1)) as fetcher:
            return await collect(
                SOURCE,
                SLATE,
                as_of,
                {},
                fetcher=fetcher,
                landing=self.landing,
                rate_limiter=rate_limiter,
                progress=lambda done, of: None,
            )

    def outcomes(self) -> list[tuple[Route, Outcome]]:
        records = self.landing.records(SOURCE.name, SLATE.game_date)
        return sorted((record.route, record.outcome) for record in records)


@asynccontextmanager
async def site(
    archive: Archive,
    folder: Path,
    environment: pytest.MonkeyPatch,
    direct: FaultKind | None,
    proxied: FaultKind | None = None,
    retry_after: int | None = None,
    **settings: str,
) -> AsyncIterator[Site]:
    """The host with these faults. What is direct goes by HTTPS_PROXY: no other name leads to this machine."""
    for name in _VARIABLES:
        environment.delenv(name, raising=False)
    tls = certified(HOST, folder)
    environment.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    async with AsyncExitStack() as stack:
        upstreams: list[Upstream] = []
        urls = []
        for kind, authorization in ((direct, ""), (proxied, AUTHORIZATION)):
            faults = (Fault(source=SOURCE.name, kind=kind),) if kind else ()
            upstreams.append(stack.enter_context(serve(archive, faults)))
            front = fronting(upstreams[-1].url, HOST, AS_OF, tls, headers)
            port = await stack.enter_async_context(front)
            urls.append((await stack.enter_async_context(tunnel(port, authorization)))[0])
        environment.setenv("HTTPS_PROXY", urls[0])
        proxy = urls[1].replace("://", f"://{CREDENTIALS}@")
        known = {
            "TIPOFF_PROXIES": f"{HOST}={proxy}",
            **{f"TIPOFF_{key.upper()}": text for key, text in settings.items()},
        }
        yield Site(upstreams[0], upstreams[1], load_settings(environ=known), folder)
