"""`collect`: polls one source, from the requests to the first rows; writes nothing to the warehouse."""

from __future__ import annotations

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
from cli.exit_codes import CommandError, ExitCode
from cli.probe import PollResult, ProbeContext, RequestResult, probe_source
from cli.render import console, table_of
from cli.server import connected
from cli.target import Target
from cli.view import read_exported_status, view_day
from tipoff.errors import TransportFault
from tipoff.landing.landing import Landing
from tipoff.sources.base import Slate, Source
from tipoff.sources.player_names import load_aliases
from tipoff.sources.rate_limits import RateLimiter, Unlimited, rate_limits_apply
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import (
    DayStatus,
    Frozen,
    counted,
    date_and_time,
    did_you_mean,
    game_date_of,
    shortened,
    step_names,
)
from workflows.rate_limiter_state import format_cooldown


class ProbeReport(Frozen):
    """What `collect` polled, how, and with which result."""

    source: str
    game_date: date
    as_of: AwareDatetime
    """In a replay, virtual time."""
    games: tuple[str, ...]
    """The slate, by label."""
    slate_from: str
    """Where the slate comes from; empty if it is unknown or not needed."""
    rate_limiters: Mapping[str, str]
    """Host -> the state of its rate limiter; empty if rate limits are off."""
    landed_in: str
    """URL of the landing; empty for a dry run."""
    polls: tuple[PollResult, ...]
    """First of the sources that its requests depend on, last of the source itself (see `probe_source`)."""

    @property
    def is_ok(self) -> bool:
        return all(poll.is_ok for poll in self.polls)


async def run(options: Namespace) -> ExitCode:
    """Exit code DONE if the responses are usable and can be read.

    Raises CommandError USAGE for an unknown source, REFUSED for a provider in cooldown, ConfigurationError.
    """
    target = Target(options.replay)
    resources = Resources(target.settings, lambda: datetime.now(UTC))
    source = _source_named(options.source, resources.sources)
    target.require_date(options.date)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(resources.close)
        rate_limiter = await _rate_limiter(target, source, stack, ignore_cooldown=options.ignore_cooldown)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tipoff-")) if options.dry_run else None
        report = await _probe(target, source, options.date, _probe_context(resources, rate_limiter, folder))
    if options.json:
        print(report.model_dump_json())
    else:
        console().print(Group(*_page(report)))
    return ExitCode.DONE if report.is_ok else ExitCode.FAILED


def _source_named(name: str, sources: Mapping[str, Source]) -> Source:
    if name in sources:
        return sources[name]
    hint = f"`starter.py sources` lists all sources{did_you_mean(name, sources)}"
    raise CommandError(ExitCode.USAGE, f"there is no source {name!r}; {hint}")


async def _rate_limiter(target: Target, source: Source, stack: AsyncExitStack, *, ignore_cooldown: bool) -> RateLimiter:
    """The rate limiter to use. Raises CommandError REFUSED if the provider is, or may be, in cooldown."""
    if not rate_limits_apply(target.settings):
        return Unlimited()
    client: Client | str
    try:
        client = await stack.enter_async_context(connected(target))
    except CommandError as error:
        client = str(error)
    rate_limiter = CliRateLimiter(target.settings, client, ignore_cooldown=ignore_cooldown)
    try:
        cooldown = await rate_limiter.cooldown(source.provider.host)
    except TransportFault as error:
        raise CommandError(ExitCode.REFUSED, f"{error}; {_NOT_POLLED}") from error
    if cooldown:
        raise CommandError(ExitCode.REFUSED, f"{source.provider.host} is {format_cooldown(cooldown)}; {_NOT_POLLED}")
    return rate_limiter


_NOT_POLLED = "no request was sent; --ignore-cooldown sends it nevertheless"


def _probe_context(resources: Resources, rate_limiter: RateLimiter, folder: str | None) -> ProbeContext:
    """`folder`: where a dry run lands the responses until it ends."""
    aliases = resources.settings.aliases
    return ProbeContext(
        sources=resources.sources,
        fetcher=resources.fetcher,
        landing=Landing(FolderStore(Path(folder))) if folder else resources.landing,
        day_landing=resources.landing,
        rate_limiter=rate_limiter,
        aliases=load_aliases(aliases) if aliases else {},
        progress=_print_progress,
    )


def _print_progress(completed: int, total: int) -> None:
    """On a terminal: the rate limit may allow only one request in fifteen seconds."""
    if sys.stderr.isatty():
        print(f"\r{completed} of {counted(total, 'request')}", end="\n" if completed == total else "", file=sys.stderr)


async def _probe(target: Target, source: Source, game_date: date, context: ProbeContext) -> ProbeReport:
    status = await _day_status(target, game_date)
    as_of = _as_of(target, game_date, status)
    known_slate = Slate(game_date=game_date, games=status.games if status else ())
    slate, polls = await probe_source(context, source, known_slate, as_of)
    polled_now = f"{step_names.SCHEDULE}, polled now" if len(polls) > 1 else ""
    return ProbeReport(
        source=source.name,
        game_date=game_date,
        as_of=as_of,
        games=tuple(game.label for game in slate.games),
        slate_from="the day's status" if known_slate.games else polled_now,
        rate_limiters=context.rate_limiter.summaries if isinstance(context.rate_limiter, CliRateLimiter) else {},
        landed_in="" if context.is_dry_run else target.settings.landing,
        polls=polls,
    )


async def _day_status(target: Target, game_date: date) -> DayStatus | None:
    """The day's last exported status; in a replay the worker's present one, which holds the virtual time."""
    if target.replay is None:
        return read_exported_status(target, game_date)[0]
    try:
        return (await view_day(target, game_date)).status
    except CommandError:
        return None


def _as_of(target: Target, game_date: date, status: DayStatus | None) -> datetime:
    """Now; in a replay its virtual time, or the start of the day before the day runs."""
    if target.session is None:
        return datetime.now(UTC)
    return status.now if status else target.session.clock(game_date).starts_at or datetime.now(UTC)


def _page(report: ProbeReport) -> Iterator[RenderableType]:
    yield Text(f"{report.source} for {report.game_date}, as of {date_and_time(report.as_of)}", style="bold")
    if report.slate_from:
        yield Text(f"slate: {counted(len(report.games), 'game')}, from {report.slate_from}", style="dim")
    yield from (Text(f"{host}: {summary}", style="dim") for host, summary in report.rate_limiters.items())
    for poll in report.polls:
        yield Text()
        yield from _poll_lines(poll)
    if report.polls[-1].source != report.source:
        yield Text(f"{report.source} was not polled: the games of {report.game_date} are unknown")
    if report.polls[-1].first_rows:
        yield _rows_table(report.polls[-1])
    yield Text()
    yield Text(f"{_landing_text(report)}; nothing was written to the warehouse", style="dim")


def _landing_text(report: ProbeReport) -> str:
    if not report.landed_in:
        return "nothing was landed"
    new = sum(poll.new_objects for poll in report.polls)
    is_late = game_date_of(report.as_of) > report.game_date and not SOURCES[report.source].answers_for_past
    use = "too late for the predictions of the date" if is_late else "a --rerun of the date reads them"
    return f"landed in {report.landed_in}, {counted(new, 'new object')}: {use}"


def _poll_lines(poll: PollResult) -> Iterator[RenderableType]:
    style = "green" if poll.is_ok else "bold red"
    yield Text(f"{poll.source}: {poll.outcome.words}: {poll.reason}", style=style)
    for request in poll.requests:
        yield Text(f"  {request.url}")
        yield Text(f"    {_response_text(request)}", style="dim")
        if request.key:
            yield Text(f"    {request.key}", style="dim")
    yield from (Text(f"  {remark}") for remark in _remarks(poll))


def _response_text(request: RequestResult) -> str:
    has_response = request.status is not None
    received = f"HTTP {request.status}, {counted(request.bytes, 'byte')} {request.kind}".rstrip()
    response = received if has_response else "no response"
    before = " (landed at this as-of time before, not requested again)" if request.landed_before else ""
    return f"{response}: {request.outcome.words}: {request.reason}{before}"


def _remarks(poll: PollResult) -> Iterator[str]:
    """What else the operator should know, one line each."""
    if poll.address_blocked:
        yield poll.address_blocked
    if poll.retry_at:
        yield f"next poll possible from {date_and_time(poll.retry_at)} on"
    if poll.credits_remaining is not None:
        yield f"{counted(poll.credits_remaining, 'credit')} left, according to the provider"
    yield from (f"cannot be read: {problem}" for problem in poll.unreadable)
    if poll.requests and poll.players == 0:
        yield (
            f"names cannot be resolved: collect {step_names.PLAYER_LIST} and {step_names.ROSTERS} of the date first "
            "(without --dry-run)"
        )
    if poll.unresolved_names:
        yield f"{counted(len(poll.unresolved_names), 'name')} unresolved: {shortened(', '.join(poll.unresolved_names))}"
    yield from (f"unreadable: {problem} ({count})" for problem, count in sorted(poll.damaged.items()))
    yield from (f"rejected: {reason} ({count})" for reason, count in sorted(poll.rejected.items()))
    yield from (f"{reason} ({count})" for reason, count in sorted(poll.unknown_words.items()))
    if poll.unknown_fields:
        yield f"fields that nothing reads: {shortened(', '.join(poll.unknown_fields))}"


def _rows_table(poll: PollResult) -> Table:
    """Fields down, rows across, because a row may have thirty fields."""
    columns = ("field", *(str(number) for number in range(1, len(poll.first_rows) + 1)))
    fields = poll.first_rows[0]
    rows = [(field, *(str(row.get(field)) for row in poll.first_rows)) for field in fields]
    return table_of(f"First of {counted(poll.rows, 'row')}", columns, rows)
