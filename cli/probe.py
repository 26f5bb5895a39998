"""One source tried for a person: its slate, ids and names from what is known, then one look, judged and read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pydantic import AwareDatetime

from tipoff.collecting import collect
from tipoff.errors import ContractError, TransportFault
from tipoff.landing.base import FetchRecord, Landing
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Row, Slate, Source
from tipoff.sources.fetcher import Fetcher
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.player_names import slate_players
from tipoff.sources.rate_limits import RateLimiter
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import CollectReport, Frozen, Outcome, step_names

SCHEDULE, PLAYER_LIST, ROSTERS = step_names.SCHEDULE, step_names.PLAYER_LIST, step_names.ROSTERS
FIRST_ROWS = 3


class Asked(Frozen):
    """One question and what came."""

    url: str
    """Without secrets."""
    status: int | None
    bytes: int
    kind: str
    """Of the body, by its first bytes: "json", "pdf"; empty when none was kept."""
    outcome: Outcome
    reason: str
    key: str | None
    """Of the landed body; None when nothing was landed."""
    stood: bool = False
    """It was landed at this very moment before, as only virtual time allows, and was not asked for again."""


class Looked(Frozen):
    """One look at a source, and its answers as its reader reads them."""

    source: str
    outcome: Outcome
    reason: str
    """With what a person should do."""
    asked: tuple[Asked, ...]
    retry_at: AwareDatetime | None
    credits_remaining: int | None
    batch: str | None
    """The landed list of the usable answers; None when nothing was landed."""
    new_objects: int
    rows: int
    first_rows: tuple[Row, ...]
    players: int | None
    """Whom its names may mean; None for a source that knows ids."""
    unresolved_names: tuple[str, ...]
    rejected: Mapping[str, int]
    unknown_fields: tuple[str, ...]
    unreadable: tuple[str, ...]
    """What the reader misses in an answer that was judged usable."""

    @property
    def is_well(self) -> bool:
        """Whether something usable came, or rightly nothing, and all of it can be read."""
        return OUTCOME_POLICIES[self.outcome].usable and not self.unreadable


class Told(NamedTuple):
    """A look, and the readings that others may need."""

    looked: Looked
    readings: tuple[Reading, ...]


class ProbeContext(NamedTuple):
    """What a trial works with."""

    sources: Mapping[str, Source]
    fetcher: Fetcher
    landing: Landing
    """Where answers are landed."""
    known: Landing
    """Where the days' answers are landed, from which rosters are read."""
    rate_limiter: RateLimiter
    aliases: Mapping[str, str]
    progress: Callable[[int, int], None]

    @property
    def is_dry(self) -> bool:
        """Whether what comes is kept for the trial alone."""
        return self.landing is not self.known


async def try_out(
    context: ProbeContext, source: Source, slate: Slate, as_of: datetime
) -> tuple[Slate, tuple[Looked, ...]]:
    """Look at a source, and before it at those it cannot be asked without: the slate's games and the ids of them.

    The slate that was asked about, and the looks, the last of them at the source itself, unless it has nothing to be
    asked about as nobody told the slate.
    """
    before: list[Looked] = []
    if not slate.games and source.name != SCHEDULE:
        schedule = await _look(context, context.sources[SCHEDULE], slate, as_of, {})
        rows = (row for reading in schedule.readings for row in reading.rows)
        slate = slate.model_copy(update={"games": slate_games(rows, slate.game_date)})
        before.append(schedule.looked)
        if not schedule.looked.is_well and not source.requests(slate, as_of, {}):
            return slate, tuple(before)
    ids: dict[str, str] = {}
    if source.needs_ids_of:
        companion = await _look(context, context.sources[source.needs_ids_of], slate, as_of, {})
        ids = {ours: theirs for reading in companion.readings for ours, theirs in reading.provider_ids.items()}
        before.append(companion.looked)
    last = await _look(context, source, slate, as_of, ids)
    return slate, (*before, last.looked)


async def _look(context: ProbeContext, source: Source, slate: Slate, as_of: datetime, ids: Mapping[str, str]) -> Told:
    """Ask, land and read; a fault is told, not raised."""
    stood = {record.url for record in context.landing.records(source.name, slate.game_date, as_of)}
    try:
        collected = await collect(
            source,
            slate,
            as_of,
            ids,
            fetcher=context.fetcher,
            landing=context.landing,
            rate_limiter=context.rate_limiter,
            progress=context.progress,
            force=True,
        )
    except TransportFault as error:
        collected = CollectReport(outcome=Outcome.PROVIDER_ERROR, reason=str(error))
    told = await asyncio.to_thread(_told, context, source, slate, as_of, collected)
    asked = tuple(one.model_copy(update={"stood": one.url in stood}) for one in told.looked.asked)
    return told._replace(looked=told.looked.model_copy(update={"asked": asked}))


def _told(context: ProbeContext, source: Source, slate: Slate, as_of: datetime, collected: CollectReport) -> Told:
    records = context.landing.records(source.name, slate.game_date, as_of)
    players = _known_players(context, source, slate, as_of) if source.needs_players else None
    reading_context = ReadContext(
        slate=slate,
        as_of=as_of,
        players=players or (),
        aliases=context.aliases,
        known_games=slate.games,
    )
    readings, unreadable = _read(source, records, reading_context, context.landing)
    rows = [row for reading in readings for row in reading.rows]
    looked = Looked(
        source=source.name,
        outcome=collected.outcome,
        reason=collected.reason,
        asked=tuple(_asked(record, landed=not context.is_dry) for record in records),
        retry_at=collected.retry_at,
        credits_remaining=collected.credits_remaining,
        batch=None if context.is_dry else collected.batch_key,
        new_objects=collected.new_objects,
        rows=len(rows),
        first_rows=tuple(rows[:FIRST_ROWS]),
        players=None if players is None else len(players),
        unresolved_names=tuple(sorted({row["player_name"] for reading in readings for row in reading.unresolved})),
        rejected=sum((Counter(reading.rejected) for reading in readings), Counter[str]()),
        unknown_fields=tuple(sorted({field for reading in readings for field in reading.unknown_fields})),
        unreadable=unreadable,
    )
    return Told(looked, readings)


def _read(
    source: Source, records: Iterable[FetchRecord], context: ReadContext, landing: Landing
) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    """Every usable answer read, and what is wrong with those that cannot be."""
    readings, unreadable = [], []
    for record in records:
        if record.key and OUTCOME_POLICIES[record.outcome].usable:
            about = context.model_copy(update={"game_id": record.game_id, "part": record.part})
            try:
                readings.append(source.read(landing.get(record.key), about))
            except ContractError as error:
                unreadable.append(f"{error} ({record.key})")
    return tuple(readings), tuple(unreadable)


def _asked(record: FetchRecord, *, landed: bool) -> Asked:
    return Asked(
        url=record.url,
        status=record.status,
        bytes=record.bytes,
        kind=PurePosixPath(record.key or "").suffix.removeprefix("."),
        outcome=record.outcome,
        reason=record.reason,
        key=record.key if landed else None,
    )


def _known_players(context: ProbeContext, source: Source, slate: Slate, as_of: datetime) -> tuple[KnownPlayer, ...]:
    """Whom names may mean, by the date's landed player list and rosters: no warehouse has to be open for it."""
    league = _landed_players(context, PLAYER_LIST, slate, as_of, ())
    rosters = () if source.name == ROSTERS else _landed_players(context, ROSTERS, slate, as_of, league)
    return slate_players(rosters, league)


def _landed_players(
    context: ProbeContext, name: str, slate: Slate, as_of: datetime, league: tuple[KnownPlayer, ...]
) -> tuple[KnownPlayer, ...]:
    """The players in the last usable answer to each of a source's questions."""
    last: dict[str, FetchRecord] = {}
    for record in context.known.newest_first(name, slate.game_date):
        if record.fetched_at <= as_of and OUTCOME_POLICIES[record.outcome].usable:
            last.setdefault(record.url, record)
    reading_context = ReadContext(slate=slate, as_of=as_of, players=league, aliases=context.aliases)
    readings, _ = _read(context.sources[name], last.values(), reading_context, context.known)
    return tuple(_player(row) for reading in readings for row in reading.rows)


def _player(row: Mapping[str, Any]) -> KnownPlayer:
    return KnownPlayer(player_id=row["player_id"], player_name=row["player_name"], team=row["team"] or "")
