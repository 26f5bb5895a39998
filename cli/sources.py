"""`sources`: all sources with their last success, and all providers with their rate limiters."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from pydantic import AwareDatetime
from rich.console import Group, RenderableType
from rich.text import Text

from cli.exit_codes import CommandError, ExitCode
from cli.providers import RateLimiterView, rate_limiter_views, reset_cooldown
from cli.render import ago, console, table_of
from cli.server import connected
from cli.target import Target
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing, open_landing
from tipoff.provider_success import LANDED, RECENT, ProviderSuccess, hosts, success_by_host
from tipoff.sources.base import Source
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Frozen, Outcome, Role, Route, date_and_time, did_you_mean
from workflows.contracts import CooldownReset


class FetchHistory(NamedTuple):
    """What a source's manifest holds."""

    latest: FetchRecord | None = None
    latest_usable: FetchRecord | None = None
    """The latest response with rows, or without rows where none were expected."""
    recent: tuple[FetchRecord, ...] = ()
    """The responses of the last 24 hours."""


class SourceView(Frozen):
    """One source, according to its landed responses."""

    name: str
    title: str
    role: Role
    provider: str
    fallback_for: tuple[str, ...]
    last_success: AwareDatetime | None
    """On the day's clock."""
    last_success_date: date | None
    """The game date of that response."""
    age_seconds: float | None
    """Of the latest usable response."""
    last_outcome: Outcome | None
    """Of the latest response, usable or not."""


class ProviderView(Frozen):
    """One host: the outcomes of its responses in the last 24 hours, and its rate limiter."""

    host: str
    responses: int
    """Requests, with those that got no response."""
    usable: int
    not_yet: int
    """Not published yet, which is no fault of the provider."""
    success_rate: float | None
    """Share of usable responses; "not published yet" does not count. None: there are no others."""
    last_block: AwareDatetime | None
    """When it last blocked an address of ours in the last 24 hours."""
    route: Route | None
    """The route of the next request; None: it gets none now, or its rate limiter is unknown."""
    in_cooldown: bool = False
    """Whether it gets no requests now: it is in cooldown, or its credits are used up."""
    spend: str = ""
    """For a paid provider: the credits used this month."""
    rate_limiter: str
    """The state of its rate limiter."""


class SourcesReport(Frozen):
    """All sources and providers."""

    at: AwareDatetime
    """Now; in a replay the time of its latest response."""
    sources: tuple[SourceView, ...]
    providers: tuple[ProviderView, ...]
    server: str
    """Why the rate limiters are unknown; empty if they answered."""


async def run(options: Namespace) -> ExitCode:
    """List every source, for one date or for all; or reset the cooldown of a host.

    Raises ConfigurationError, StorageError for a damaged manifest; for a host CommandError USAGE, UNKNOWN, UNREACHABLE.
    """
    target = Target(options.replay)
    if options.reset_cooldown:
        return await _reset_cooldown(target, options)
    landing = open_landing(target.settings.landing)
    rate_limiters, (now, histories) = await asyncio.gather(
        _rate_limiters(target), asyncio.to_thread(_histories, target, landing, options.date)
    )
    report = sources_report(now, histories, rate_limiters)
    if options.json:
        print(report.model_dump_json())
    else:
        console().print(_page(report))
    return ExitCode.DONE


async def _reset_cooldown(target: Target, options: Namespace) -> ExitCode:
    host = options.reset_cooldown
    if host not in hosts():
        hint = f"`starter.py sources` lists the hosts{did_you_mean(host, hosts())}"
        raise CommandError(ExitCode.USAGE, f"no source uses the host {host!r}; {hint}")
    async with connected(target) as client:
        text = await reset_cooldown(client, CooldownReset(host=host, who=options.who, why=options.why))
    print(json.dumps({"text": text}) if options.json else text)
    return ExitCode.DONE


async def _rate_limiters(target: Target) -> Mapping[str, RateLimiterView] | str:
    """The rate limiters by host; or why they are unknown."""
    try:
        async with connected(target) as client:
            return {view.host: view for view in await rate_limiter_views(client, target.settings)}
    except CommandError as error:
        return str(error)


def _histories(target: Target, landing: Landing, game_date: date | None) -> tuple[datetime, Mapping[str, FetchHistory]]:
    """The time now and each source's history; in a replay the time of its latest response counts as now."""
    now = datetime.now(UTC)
    if target.replay:
        latest = (next(landing.newest_first(name, game_date), None) for name in LANDED)
        now = max((record.fetched_at for record in latest if record), default=now)
    return now, {name: fetch_history(landing.newest_first(name, game_date), now - RECENT) for name in LANDED}


def fetch_history(newest_first: Iterable[FetchRecord], since: datetime) -> FetchHistory:
    """Reads a manifest back to `since` and to the latest usable response, and no further."""
    latest = usable = None
    recent = []
    for record in newest_first:
        if usable and record.fetched_at < since:
            break
        latest = latest or record
        usable = usable or (record if OUTCOME_POLICIES[record.outcome].usable else None)
        if record.fetched_at >= since:
            recent.append(record)
    return FetchHistory(latest=latest, latest_usable=usable, recent=tuple(recent))


def sources_report(
    now: datetime, histories: Mapping[str, FetchHistory], rate_limiters: Mapping[str, RateLimiterView] | str
) -> SourcesReport:
    """`rate_limiters`: by host, or why they are unknown."""
    recent = success_by_host(record for history in histories.values() for record in history.recent)
    return SourcesReport(
        at=now,
        sources=tuple(_source_view(source, histories[source.name], now) for source in SOURCES.values()),
        providers=tuple(_provider_view(host, success, rate_limiters) for host, success in recent.items()),
        server=rate_limiters if isinstance(rate_limiters, str) else "",
    )


def _source_view(source: Source, history: FetchHistory, now: datetime) -> SourceView:
    usable = history.latest_usable
    return SourceView(
        name=source.name,
        title=source.title,
        role=source.role,
        provider=source.provider.host,
        fallback_for=source.fallback_for,
        last_success=usable and usable.fetched_at,
        last_success_date=usable and usable.game_date,
        age_seconds=(now - usable.fetched_at).total_seconds() if usable else None,
        last_outcome=history.latest and history.latest.outcome,
    )


def _provider_view(
    host: str, success: ProviderSuccess, rate_limiters: Mapping[str, RateLimiterView] | str
) -> ProviderView:
    if isinstance(rate_limiters, str):
        rate_limiter = RateLimiterView(host=host, summary="no server")
    else:
        rate_limiter = rate_limiters.get(host, RateLimiterView(host=host, summary="not used yet"))
    return ProviderView(
        host=host,
        responses=success.requests,
        usable=success.usable,
        not_yet=success.not_yet,
        success_rate=success.rate,
        last_block=success.last_block,
        route=rate_limiter.route,
        in_cooldown=rate_limiter.refuses,
        spend=rate_limiter.spend,
        rate_limiter=rate_limiter.summary,
    )


def _page(report: SourcesReport) -> RenderableType:
    sources = table_of(
        "Sources",
        ("source", "role", "fallback for", "last success", "age", "last outcome"),
        [_source_row(source, report.at) for source in report.sources],
    )
    providers = table_of(
        "Providers, last 24 hours",
        ("host", "requests", "success", "last block", "route", "rate limiter", "credits"),
        [_provider_row(provider) for provider in report.providers],
    )
    problem = [Text(f"the rate limiters are unknown: {report.server}", style="yellow")] if report.server else []
    return Group(sources, Text(), providers, *problem)


def _source_row(source: SourceView, now: datetime) -> tuple[str, ...]:
    success, outcome = source.last_success, source.last_outcome
    last = date_and_time(success) if success else "never"
    age = ago(success, now).removesuffix(" ago") if success else ""
    fallback_for = ", ".join(source.fallback_for)
    return source.name, source.role, fallback_for, last, age, outcome.words if outcome else "never polled"


def _provider_row(provider: ProviderView) -> tuple[str, ...]:
    responses = (
        f"{provider.responses}: {provider.usable} usable, {provider.not_yet} not yet" if provider.responses else "none"
    )
    success = "" if provider.success_rate is None else f"{provider.success_rate:.0%}"
    last_block = "" if provider.last_block is None else date_and_time(provider.last_block)
    return provider.host, responses, success, last_block, provider.route or "", provider.rate_limiter, provider.spend
