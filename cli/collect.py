"""`collect`: one source tried for a person, from the question to the first rows; the warehouse is left alone."""

from __future__ import annotations

import difflib
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import AwareDatetime
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from temporalio.client import Client

from activities.resources import Resources
from cli.cli_rate_limiter import CliRateLimiter
from cli.exit_codes import CommandError, Exit
from cli.probe import PLAYER_LIST, ROSTERS, SCHEDULE, Asked, Looked, ProbeContext, try_out
from cli.render import console, table_of
from cli.server import reached
from cli.target import Target
from cli.view import read_export, view_day
from tipoff.errors import TransportFault
from tipoff.landing.local import LocalLanding
from tipoff.sources.base import Slate, Source
from tipoff.sources.player_names import load_aliases
from tipoff.sources.rate_limits import RateLimiter, Unlimited, rate_limits_apply
from tipoff.vocabulary import EASTERN, DayStatus, Frozen, clock_time, shortened
from workflows.rate_limiter_state import in_cooldown


class ProbeResult(Frozen):
    """What was tried, with what, and what came of it."""

    source: str
    game_date: date
    as_of: AwareDatetime
    """The moment asked at; in a replay virtual time."""
    games: tuple[str, ...]
    """The slate by label."""
    slate_from: str
    """Who told the slate; empty where nobody was asked."""
    rate_limiter_says: Mapping[str, str]
    """Host -> what its domain knew; empty where none are kept."""
    landed_in: str
    """URL of the landing; empty for a dry run."""
    polls: tuple[Looked, ...]
    """At the sources that had to be asked before, and last at the source itself, unless nobody told the slate."""

    @property
    def is_well(self) -> bool:
        return all(looked.is_well for looked in self.polls)


async def run(options: Namespace) -> Exit:
    """Exit code DONE when what came is usable and can be read.

    Raises CommandError USAGE for an unknown source, REFUSED for a provider that is left alone, ConfigurationError.
    """
    target = Target(options.replay)
    resources = Resources(target.settings, lambda: datetime.now(UTC).isoformat())
    source = _named(options.source, resources.sources)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(resources.close)
        rate_limiter = await _rate_limiter(target, source, stack, anyway=options.anyway)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tipoff-")) if options.dry_run else None
        probe = await _try(target, source, options.date, _probe_context(resources, rate_limiter, folder))
    _publish_state(probe, as_json=options.json)
    return Exit.DONE if probe.is_well else Exit.NOT_WELL


def _named(name: str, sources: Mapping[str, Source]) -> Source:
    if name in sources:
        return sources[name]
    near = " or ".join(difflib.get_close_matches(name, sources))
    hint = f"did you mean {near}?" if near else "`starter.py sources` lists them all"
    raise CommandError(Exit.USAGE, f"no source {name!r}; {hint}")


async def _rate_limiter(target: Target, source: Source, stack: AsyncExitStack, *, anyway: bool) -> RateLimiter:
    """The manners to keep, where any are. Raises CommandError REFUSED while the provider is, or may be, left alone."""
    if not rate_limits_apply(target.settings):
        return Unlimited()
    client: Client | str
    try:
        client = await stack.enter_async_context(reached(target))
    except CommandError as error:
        client = str(error)
    rate_limiter = CliRateLimiter(target.settings, client, anyway=anyway)
    try:
        cooldown = await rate_limiter.cooldown(source.provider.host)
    except TransportFault as error:
        raise CommandError(Exit.REFUSED, f"{error}; {_NOT_ASKED}") from error
    if cooldown:
        raise CommandError(Exit.REFUSED, f"{source.provider.host} is {in_cooldown(cooldown)}; {_NOT_ASKED}")
    return rate_limiter


_NOT_ASKED = "nothing was asked, --anyway asks all the same"


def _probe_context(resources: Resources, rate_limiter: RateLimiter, folder: str | None) -> ProbeContext:
    """`folder`: where a dry run's answers are kept as long as it lasts."""
    aliases = resources.settings.aliases
    return ProbeContext(
        sources=resources.sources,
        fetcher=resources.fetcher,
        landing=LocalLanding(Path(folder)) if folder else resources.landing,
        known=resources.landing,
        rate_limiter=rate_limiter,
        aliases=load_aliases(aliases) if aliases else {},
        progress=_progress,
    )


def _progress(settled: int, questions: int) -> None:
    """For people who wait: a host may bear a question in fifteen seconds only."""
    if sys.stderr.isatty():
        print(f"\r{settled} of {questions} questions", end="\n" if settled == questions else "", file=sys.stderr)


async def _try(target: Target, source: Source, game_date: date, context: ProbeContext) -> ProbeResult:
    status = await _status(target, game_date)
    as_of = _moment(target, game_date, status)
    slate = Slate(game_date=game_date, games=status.games if status else ())
    asked_about, polls = await try_out(context, source, slate, as_of)
    asked_now = f"{SCHEDULE}, asked now" if len(polls) > 1 else ""
    return ProbeResult(
        source=source.name,
        game_date=game_date,
        as_of=as_of,
        games=tuple(game.label for game in asked_about.games),
        slate_from="the day's status" if slate.games else asked_now,
        rate_limiter_says=context.rate_limiter.says if isinstance(context.rate_limiter, CliRateLimiter) else {},
        landed_in="" if context.is_dry else target.settings.landing,
        polls=polls,
    )


async def _status(target: Target, game_date: date) -> DayStatus | None:
    """The day's last exported status; of a replay, whose time it tells, the one that its worker has now."""
    if target.replay is None:
        return read_export(target, game_date)[0]
    try:
        return (await view_day(target, game_date)).status
    except CommandError:
        return None


def _moment(target: Target, game_date: date, status: DayStatus | None) -> datetime:
    """Now; in a replay its virtual time, before the day has begun there its first moment."""
    if target.session is None:
        return datetime.now(UTC)
    return status.now if status else target.session.clock(game_date).starts_at or datetime.now(UTC)


def _publish_state(probe: ProbeResult, *, as_json: bool) -> None:
    if as_json:
        print(probe.model_dump_json())
    else:
        console().print(Group(*_page(probe)))


def _page(probe: ProbeResult) -> Iterator[RenderableType]:
    at = f"{probe.as_of.astimezone(EASTERN):%Y-%m-%d} {clock_time(probe.as_of)}"
    yield Text(f"{probe.source} of {probe.game_date}, as of {at}", style="bold")
    if probe.slate_from:
        yield Text(f"slate: {len(probe.games)} games, told by {probe.slate_from}", style="dim")
    yield from (Text(f"{host}: {says}", style="dim") for host, says in probe.rate_limiter_says.items())
    for looked in probe.polls:
        yield Text()
        yield from _look_told(looked)
    if probe.polls[-1].source != probe.source:
        yield Text(f"{probe.source} was not asked: nobody told the games of {probe.game_date}")
    if probe.polls[-1].first_rows:
        yield _rows(probe.polls[-1])
    yield Text()
    yield Text(f"{_kept(probe)}; no table was written", style="dim")


def _kept(probe: ProbeResult) -> str:
    if not probe.landed_in:
        return "nothing was landed"
    new = sum(looked.new_objects for looked in probe.polls)
    return f"landed in {probe.landed_in}, {new} new objects: a --rerun of the date reads them"


def _look_told(looked: Looked) -> Iterator[RenderableType]:
    style = "green" if looked.is_well else "bold red"
    yield Text(f"{looked.source}: {looked.outcome.replace('_', ' ')}: {looked.reason}", style=style)
    for asked in looked.asked:
        yield Text(f"  {asked.url}")
        yield Text(f"    {_answer(asked)}", style="dim")
        if asked.key:
            yield Text(f"    {asked.key}", style="dim")
    yield from (Text(f"  {remark}") for remark in _remarks(looked))


def _answer(asked: Asked) -> str:
    came = f"HTTP {asked.status}, {asked.bytes:,} bytes {asked.kind}".rstrip() if asked.status else "no answer"
    stood = " (landed at this very moment before, and not asked for again)" if asked.stood else ""
    return f"{came}: {asked.outcome.replace('_', ' ')}: {asked.reason}{stood}"


def _remarks(looked: Looked) -> Iterator[str]:
    """What a person should know besides, a line each."""
    if looked.retry_at:
        yield f"to be asked again from {clock_time(looked.retry_at)} on"
    if looked.credits_remaining is not None:
        yield f"{looked.credits_remaining} credits are left by the provider's word"
    yield from (f"cannot be read: {problem}" for problem in looked.unreadable)
    if looked.asked and looked.players == 0:
        yield f"whom names mean is not known: land {PLAYER_LIST} and {ROSTERS} of the date first"
    if looked.unresolved_names:
        yield f"{len(looked.unresolved_names)} names unresolved: {shortened(', '.join(looked.unresolved_names))}"
    yield from (f"left out: {reason} ({count})" for reason, count in sorted(looked.rejected.items()))
    if looked.unknown_fields:
        yield f"fields that nobody reads: {shortened(', '.join(looked.unknown_fields))}"


def _rows(looked: Looked) -> Table:
    """Fields down, rows across: a row may have thirty fields."""
    columns = ("field", *(str(number) for number in range(1, len(looked.first_rows) + 1)))
    fields = looked.first_rows[0]
    rows = [(field, *(str(row.get(field)) for row in looked.first_rows)) for field in fields]
    return table_of(f"The first of {looked.rows:,} rows", columns, rows)
