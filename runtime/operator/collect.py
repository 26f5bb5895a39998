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

from activities.workshop import Workshop
from runtime.operator.exits import CommandError, Exit
from runtime.operator.own_slots import OwnSlots
from runtime.operator.paper import console, table_of
from runtime.operator.place import Place
from runtime.operator.server import reached
from runtime.operator.trial import PLAYER_LIST, ROSTERS, SCHEDULE, Asked, Bench, Looked, try_out
from runtime.operator.view import read_export, view_day
from tipoff.errors import TransportFault
from tipoff.landing.local import LocalLanding
from tipoff.sources.base import Slate, Source
from tipoff.sources.identity import load_aliases
from tipoff.sources.manners import Free, Slots, are_kept
from tipoff.vocabulary import EASTERN, Frozen, clock_time, shortened
from workflows.contracts import DayStatus
from workflows.slots import left_alone


class Trial(Frozen):
    """What was tried, with what, and what came of it."""

    source: str
    game_date: date
    as_of: AwareDatetime
    """The moment asked at; in a replay virtual time."""
    games: tuple[str, ...]
    """The slate by label."""
    slate_from: str
    """Who told the slate; empty where nobody was asked."""
    manners: Mapping[str, str]
    """Host -> what its domain knew; empty where none are kept."""
    landed_in: str
    """URL of the landing; empty for a dry run."""
    looks: tuple[Looked, ...]
    """At the sources that had to be asked before, and last at the source itself, unless nobody told the slate."""

    @property
    def is_well(self) -> bool:
        return all(looked.is_well for looked in self.looks)


async def run(options: Namespace) -> Exit:
    """Exit code DONE when what came is usable and can be read.

    Raises CommandError USAGE for an unknown source, REFUSED for a provider that is left alone, ConfigurationError.
    """
    place = Place(options.replay)
    workshop = Workshop(place.settings, lambda: datetime.now(UTC).isoformat())
    source = _named(options.source, workshop.sources)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(workshop.close)
        slots = await _slots(place, source, stack, anyway=options.anyway)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tipoff-")) if options.dry_run else None
        trial = await _try(place, source, options.date, _bench(workshop, slots, folder))
    _tell(trial, as_json=options.json)
    return Exit.DONE if trial.is_well else Exit.NOT_WELL


def _named(name: str, sources: Mapping[str, Source]) -> Source:
    if name in sources:
        return sources[name]
    near = " or ".join(difflib.get_close_matches(name, sources))
    hint = f"did you mean {near}?" if near else "`starter.py sources` lists them all"
    raise CommandError(Exit.USAGE, f"no source {name!r}; {hint}")


async def _slots(place: Place, source: Source, stack: AsyncExitStack, *, anyway: bool) -> Slots:
    """The manners to keep, where any are. Raises CommandError REFUSED while the provider is, or may be, left alone."""
    if not are_kept(place.settings):
        return Free()
    client: Client | str
    try:
        client = await stack.enter_async_context(reached(place))
    except CommandError as error:
        client = str(error)
    slots = OwnSlots(place.settings, client, anyway=anyway)
    try:
        closed = await slots.closed(source.provider)
    except TransportFault as error:
        raise CommandError(Exit.REFUSED, f"{error}; {_NOT_ASKED}") from error
    if closed:
        raise CommandError(Exit.REFUSED, f"{source.provider} is {left_alone(closed)}; {_NOT_ASKED}")
    return slots


_NOT_ASKED = "nothing was asked, --anyway asks all the same"


def _bench(workshop: Workshop, slots: Slots, folder: str | None) -> Bench:
    """`folder`: where a dry run's answers are kept as long as it lasts."""
    aliases = workshop.settings.aliases
    return Bench(
        sources=workshop.sources,
        fetcher=workshop.fetcher,
        landing=LocalLanding(Path(folder)) if folder else workshop.landing,
        known=workshop.landing,
        slots=slots,
        aliases=load_aliases(aliases) if aliases else {},
        progress=_progress,
    )


def _progress(settled: int, questions: int) -> None:
    """For people who wait: a host may bear a question in fifteen seconds only."""
    if sys.stderr.isatty():
        print(f"\r{settled} of {questions} questions", end="\n" if settled == questions else "", file=sys.stderr)


async def _try(place: Place, source: Source, game_date: date, bench: Bench) -> Trial:
    status = await _status(place, game_date)
    as_of = _moment(place, game_date, status)
    slate = Slate(game_date=game_date, games=status.games if status else ())
    asked_about, looks = await try_out(bench, source, slate, as_of)
    asked_now = f"{SCHEDULE}, asked now" if len(looks) > 1 else ""
    return Trial(
        source=source.name,
        game_date=game_date,
        as_of=as_of,
        games=tuple(game.label for game in asked_about.games),
        slate_from="the day's status" if slate.games else asked_now,
        manners=bench.slots.says if isinstance(bench.slots, OwnSlots) else {},
        landed_in="" if bench.is_dry else place.settings.landing,
        looks=looks,
    )


async def _status(place: Place, game_date: date) -> DayStatus | None:
    """The day's last exported status; of a replay, whose time it tells, the one that its worker has now."""
    if place.replay is None:
        return read_export(place, game_date)[0]
    try:
        return (await view_day(place, game_date)).status
    except CommandError:
        return None


def _moment(place: Place, game_date: date, status: DayStatus | None) -> datetime:
    """Now; in a replay its virtual time, before the day has begun there its first moment."""
    if place.session is None:
        return datetime.now(UTC)
    return status.now if status else place.session.clock(game_date).starts_at or datetime.now(UTC)


def _tell(trial: Trial, *, as_json: bool) -> None:
    if as_json:
        print(trial.model_dump_json())
    else:
        console().print(Group(*_page(trial)))


def _page(trial: Trial) -> Iterator[RenderableType]:
    at = f"{trial.as_of.astimezone(EASTERN):%Y-%m-%d} {clock_time(trial.as_of)}"
    yield Text(f"{trial.source} of {trial.game_date}, as of {at}", style="bold")
    if trial.slate_from:
        yield Text(f"slate: {len(trial.games)} games, told by {trial.slate_from}", style="dim")
    yield from (Text(f"{host}: {says}", style="dim") for host, says in trial.manners.items())
    for looked in trial.looks:
        yield Text()
        yield from _look_told(looked)
    if trial.looks[-1].source != trial.source:
        yield Text(f"{trial.source} was not asked: nobody told the games of {trial.game_date}")
    if trial.looks[-1].first_rows:
        yield _rows(trial.looks[-1])
    yield Text()
    yield Text(f"{_kept(trial)}; no table was written", style="dim")


def _kept(trial: Trial) -> str:
    if not trial.landed_in:
        return "nothing was landed"
    new = sum(looked.new_objects for looked in trial.looks)
    return f"landed in {trial.landed_in}, {new} new objects: a --rerun of the date reads them"


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
