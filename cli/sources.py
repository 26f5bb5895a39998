"""`sources`: every source, when it last told something usable, and how its provider bears us."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import AwareDatetime
from rich.console import Group, RenderableType
from rich.text import Text

from cli.exit_codes import CommandError, Exit
from cli.providers import RateLimiterView, rate_limiters, reset_cooldown
from cli.render import ago, console, table_of
from cli.server import reached
from cli.target import Target
from tipoff.landing.base import FetchRecord, Landing
from tipoff.landing.open import open_landing
from tipoff.sources.base import Source
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import EASTERN, Frozen, Outcome, Role, clock_time
from workflows.contracts import CooldownReset

LATELY = timedelta(hours=24)


class Heard(NamedTuple):
    """What the manifest says of a source."""

    last: FetchRecord | None = None
    """The latest answer of all."""
    usable: FetchRecord | None = None
    """The latest that held rows, or rightly none."""
    lately: tuple[FetchRecord, ...] = ()
    """Those of the last 24 hours."""


class SourceView(Frozen):
    """One source, as far as its landed answers tell."""

    name: str
    title: str
    role: Role
    provider: str
    fallback_for: tuple[str, ...]
    last_success: AwareDatetime | None
    """On the day's clock."""
    of_date: date | None
    """The game date that was asked about then."""
    age_seconds: float | None
    """Of the newest usable answer."""
    last_outcome: Outcome | None
    """Of the latest answer, whether or not it was usable."""


class ProviderView(Frozen):
    """One host: how its answers of the last 24 hours were judged, and what its domain knows."""

    host: str
    answers: int
    usable: int
    not_yet: int
    """Not published yet: no fault of the provider's."""
    success_rate: float | None
    """Share of usable ones among its answers, "not yet" apart, which says nothing; None where that is all."""
    in_cooldown: bool = False
    """It is asked nothing now: it cools down, or its credits are spent."""
    spend: str = ""
    """Of a paid one: what the month has cost."""
    says: str
    """What its domain knows."""


class Survey(Frozen):
    """All sources and providers at a moment."""

    at: AwareDatetime
    """Now; in a replay the moment of its latest answer."""
    sources: tuple[SourceView, ...]
    providers: tuple[ProviderView, ...]
    server: str
    """Why no domain tells what it knows; empty when they were asked."""


async def run(options: Namespace) -> Exit:
    """Every source, of one date or of all; or a host opened.

    Raises ConfigurationError, StorageError for a damaged manifest; for a host CommandError USAGE, UNKNOWN, UNREACHABLE.
    """
    target = Target(options.replay)
    if options.open:
        return await _open(target, options)
    landing = open_landing(target.settings.landing)
    known, (now, heard) = await asyncio.gather(_known(target), asyncio.to_thread(_heard, target, landing, options.date))
    survey = survey_at(now, heard, known)
    if options.json:
        print(survey.model_dump_json())
    else:
        console().print(_page(survey))
    return Exit.DONE


async def _open(target: Target, options: Namespace) -> Exit:
    if options.open not in set(_hosts()):
        raise CommandError(Exit.USAGE, f"no source asks {options.open!r}; `starter.py sources` lists the hosts")
    async with reached(target) as client:
        answer = await reset_cooldown(client, CooldownReset(host=options.open, who=options.who, why=options.why))
    print(json.dumps({"answer": answer}) if options.json else answer)
    return Exit.DONE


async def _known(target: Target) -> Mapping[str, RateLimiterView] | str:
    """What the domains know, by host; or why nobody tells."""
    try:
        async with reached(target) as client:
            return {domain.host: domain for domain in await rate_limiters(client, target.settings)}
    except CommandError as error:
        return str(error)


def _heard(target: Target, landing: Landing, game_date: date | None) -> tuple[datetime, Mapping[str, Heard]]:
    """Now, and what each source's manifest says; a replay's now is the moment of its latest answer."""
    now = datetime.now(UTC)
    if target.replay:
        latest = (next(landing.newest_first(name, game_date), None) for name in SOURCES)
        now = max((record.fetched_at for record in latest if record), default=now)
    return now, {name: heard_of(landing.newest_first(name, game_date), now - LATELY) for name in SOURCES}


def heard_of(newest_first: Iterable[FetchRecord], since: datetime) -> Heard:
    """What a manifest says, read back to `since` and to the latest usable answer, and no further."""
    last = usable = None
    lately = []
    for record in newest_first:
        if usable and record.fetched_at < since:
            break
        last = last or record
        usable = usable or (record if OUTCOME_POLICIES[record.outcome].usable else None)
        if record.fetched_at >= since:
            lately.append(record)
    return Heard(last=last, usable=usable, lately=tuple(lately))


def survey_at(now: datetime, heard: Mapping[str, Heard], known: Mapping[str, RateLimiterView] | str) -> Survey:
    """All of it, put together. `known`: what the domains know, or why nobody tells."""
    lately: dict[str, list[FetchRecord]] = {host: [] for host in _hosts()}
    for record in (record for told in heard.values() for record in told.lately):
        lately.setdefault(urlsplit(record.url).hostname or record.url, []).append(record)
    return Survey(
        at=now,
        sources=tuple(_source(source, heard[source.name], now) for source in SOURCES.values()),
        providers=tuple(_provider(host, records, known) for host, records in lately.items()),
        server=known if isinstance(known, str) else "",
    )


def _hosts() -> Iterator[str]:
    for source in SOURCES.values():
        yield from (provider.host for provider in (source.provider, *source.other_providers))


def _source(source: Source, heard: Heard, now: datetime) -> SourceView:
    usable = heard.usable
    return SourceView(
        name=source.name,
        title=source.title,
        role=source.role,
        provider=source.provider.host,
        fallback_for=source.fallback_for,
        last_success=usable and usable.fetched_at,
        of_date=usable and usable.game_date,
        age_seconds=(now - usable.fetched_at).total_seconds() if usable else None,
        last_outcome=heard.last and heard.last.outcome,
    )


def _provider(host: str, lately: Sequence[FetchRecord], known: Mapping[str, RateLimiterView] | str) -> ProviderView:
    usable = sum(OUTCOME_POLICIES[record.outcome].usable for record in lately)
    not_yet = sum(record.outcome is Outcome.NOT_PUBLISHED_YET for record in lately)
    unknown = RateLimiterView(
        host=host, says="no server" if isinstance(known, str) else "was asked nothing under manners"
    )
    domain = unknown if isinstance(known, str) else known.get(host, unknown)
    return ProviderView(
        host=host,
        answers=len(lately),
        usable=usable,
        not_yet=not_yet,
        success_rate=usable / told if (told := len(lately) - not_yet) else None,
        in_cooldown=domain.refuses,
        spend=domain.spend,
        says=domain.says,
    )


def _page(survey: Survey) -> RenderableType:
    sources = table_of(
        "Sources",
        ("source", "role", "stands in for", "last success", "freshness", "last answer"),
        [_source_line(source, survey.at) for source in survey.sources],
    )
    providers = table_of(
        "Providers, the last 24 hours",
        ("host", "answers", "success", "its domain", "spend"),
        [_provider_line(provider) for provider in survey.providers],
    )
    why_not = [Text(f"what domains know is not told: {survey.server}", style="yellow")] if survey.server else []
    return Group(sources, Text(), providers, *why_not)


def _source_line(source: SourceView, now: datetime) -> tuple[str, ...]:
    success, outcome = source.last_success, source.last_outcome
    last = f"{success.astimezone(EASTERN):%Y-%m-%d} {clock_time(success)}" if success else "never"
    aged = ago(success, now).removesuffix(" ago") if success else ""
    fallback_for = ", ".join(source.fallback_for)
    return source.name, source.role, fallback_for, last, aged, outcome.replace("_", " ") if outcome else "never asked"


def _provider_line(provider: ProviderView) -> tuple[str, ...]:
    answers = (
        f"{provider.answers}: {provider.usable} usable, {provider.not_yet} not yet" if provider.answers else "none"
    )
    success = "" if provider.success_rate is None else f"{provider.success_rate:.0%}"
    return provider.host, answers, success, provider.says, provider.spend
