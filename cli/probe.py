"""Polls one source on the operator's request: requests, landing, reading, and the names in it resolved."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pydantic import AwareDatetime

from tipoff.collecting import collect
from tipoff.errors import ContractError, TransportFault
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Row, Slate, Source
from tipoff.sources.fetcher import Fetcher
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.player_names import slate_players
from tipoff.sources.rate_limits import RateLimiter
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import CollectReport, Frozen, Outcome, step_names

FIRST_ROWS = 3


class RequestResult(Frozen):
    """One request and its response."""

    url: str
    """Without secrets."""
    status: int | None
    """HTTP status; None: no response."""
    bytes: int
    kind: str
    """Of the body, by its first bytes: "json", "pdf"; empty if none was landed."""
    outcome: Outcome
    reason: str
    key: str | None
    """Of the landed body; None: nothing was landed."""
    landed_before: bool = False
    """It was landed at the same as-of time before and not requested again; happens only in virtual time."""


class PollResult(Frozen):
    """One poll of a source: its requests, and what its reader finds in the responses."""

    source: str
    outcome: Outcome
    reason: str
    """With what the operator should do."""
    requests: tuple[RequestResult, ...]
    retry_at: AwareDatetime | None
    address_blocked: str
    """Which address the provider blocks, until when, and which route the requests took instead; empty: none."""
    credits_remaining: int | None
    batch: str | None
    """The landed list of the usable responses; None: nothing was landed."""
    new_objects: int
    rows: int
    first_rows: tuple[Row, ...]
    players: int | None
    """Number of players that names are matched with; None for a source that sends player ids."""
    unresolved_names: tuple[str, ...]
    rejected: Mapping[str, int]
    damaged: Mapping[str, int]
    """Reason -> number of rejected rows."""
    unknown_fields: tuple[str, ...]
    unreadable: tuple[str, ...]
    """Why a response that was judged usable cannot be read."""
    unknown_words: Mapping[str, int] = {}
    """Reason -> number of rows with a word of unknown meaning."""

    @property
    def is_ok(self) -> bool:
        """Whether the poll brought usable data, or no data was expected, and all of it can be read."""
        return OUTCOME_POLICIES[self.outcome].usable and not self.unreadable


class ReadPoll(NamedTuple):
    """A poll and its readings, which other polls may need."""

    result: PollResult
    readings: tuple[Reading, ...]


class ProbeContext(NamedTuple):
    """What a probe works with."""

    sources: Mapping[str, Source]
    fetcher: Fetcher
    landing: Landing
    """Where the probe lands responses."""
    day_landing: Landing
    """Where days land responses; the rosters come from there."""
    rate_limiter: RateLimiter
    aliases: Mapping[str, str]
    progress: Callable[[int, int], None]
    """Called with the number of completed requests and of all requests."""

    @property
    def is_dry_run(self) -> bool:
        """Whether the responses are discarded after the probe."""
        return self.landing is not self.day_landing


async def probe_source(
    context: ProbeContext, source: Source, slate: Slate, as_of: datetime
) -> tuple[Slate, tuple[PollResult, ...]]:
    """Poll a source, after the sources that its requests depend on: the schedule for the slate, another for game ids.

    Returns the slate that was used and the polls. The source's own poll is the last; it is missing if the source needs
    a slate and the schedule brought none.
    """
    results: list[PollResult] = []
    if not slate.games and source.name != step_names.SCHEDULE:
        schedule = await _poll(context, context.sources[step_names.SCHEDULE], slate, as_of, {})
        rows = (row for reading in schedule.readings for row in reading.rows)
        slate = slate.model_copy(update={"games": slate_games(rows, slate.game_date)})
        results.append(schedule.result)
        if not schedule.result.is_ok and not source.requests(slate, as_of, {}):
            return slate, tuple(results)
    ids: dict[str, str] = {}
    if source.needs_ids_of:
        companion = await _poll(context, context.sources[source.needs_ids_of], slate, as_of, {})
        ids = {ours: theirs for reading in companion.readings for ours, theirs in reading.provider_ids.items()}
        results.append(companion.result)
    own = await _poll(context, source, slate, as_of, ids)
    return slate, (*results, own.result)


async def _poll(
    context: ProbeContext, source: Source, slate: Slate, as_of: datetime, ids: Mapping[str, str]
) -> ReadPoll:
    """Request, land and read; a transport fault becomes the result's outcome."""
    landed_before = {record.url for record in context.landing.records(source.name, slate.game_date, as_of)}
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
    return await asyncio.to_thread(_read_poll, context, source, slate, as_of, collected, landed_before)


def _read_poll(
    context: ProbeContext,
    source: Source,
    slate: Slate,
    as_of: datetime,
    collected: CollectReport,
    landed_before: set[str],
) -> ReadPoll:
    records = context.landing.records(source.name, slate.game_date, as_of)
    players = _known_players(context, source, slate, as_of) if source.needs_players else None
    reading_context = ReadContext(
        slate=slate,
        as_of=as_of,
        players=players or (),
        aliases=context.aliases,
        known_games=slate.games,
    )
    readings, unreadable = _read_usable(source, records, reading_context, context.landing)
    rows = [row for reading in readings for row in reading.rows]
    result = PollResult(
        source=source.name,
        outcome=collected.outcome,
        reason=collected.reason,
        requests=tuple(
            _request_result(record, is_landed=not context.is_dry_run, landed_before=record.url in landed_before)
            for record in records
        ),
        retry_at=collected.retry_at,
        address_blocked=collected.address_blocked,
        credits_remaining=collected.credits_remaining,
        batch=None if context.is_dry_run else collected.batch_key,
        new_objects=collected.new_objects,
        rows=len(rows),
        first_rows=tuple(rows[:FIRST_ROWS]),
        players=None if players is None else len(players),
        unresolved_names=tuple(sorted({row["player_name"] for reading in readings for row in reading.unresolved})),
        rejected=sum((Counter(reading.rejected) for reading in readings), Counter[str]()),
        damaged=sum(
            (Counter({**reading.damaged, **reading.damaged_elsewhere}) for reading in readings), Counter[str]()
        ),
        unknown_fields=tuple(sorted({field for reading in readings for field in reading.unknown_fields})),
        unreadable=unreadable,
        unknown_words=sum((Counter(reading.unknown_words) for reading in readings), Counter[str]()),
    )
    return ReadPoll(result, readings)


def _read_usable(
    source: Source, records: Iterable[FetchRecord], context: ReadContext, landing: Landing
) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    """The readings of all usable responses, and the errors of those that cannot be read."""
    readings, unreadable = [], []
    for record in records:
        if record.key and OUTCOME_POLICIES[record.outcome].usable:
            record_context = context.model_copy(update={"game_id": record.game_id, "part": record.part})
            try:
                readings.append(source.read(landing.get(record.key), record_context))
            except ContractError as error:
                unreadable.append(f"{error} ({record.key})")
    return tuple(readings), tuple(unreadable)


def _request_result(record: FetchRecord, *, is_landed: bool, landed_before: bool) -> RequestResult:
    return RequestResult(
        url=record.url,
        status=record.status,
        bytes=record.bytes,
        kind=PurePosixPath(record.key or "").suffix.removeprefix("."),
        outcome=record.outcome,
        reason=record.reason,
        key=record.key if is_landed else None,
        landed_before=landed_before,
    )


def _known_players(context: ProbeContext, source: Source, slate: Slate, as_of: datetime) -> tuple[KnownPlayer, ...]:
    """The players of the date's landed player list and rosters; no warehouse has to be open for it."""
    league = _players_of(_landed_readings(context, step_names.PLAYER_LIST, slate, as_of, ()))
    if source.name == step_names.ROSTERS:
        return league
    rosters = _landed_readings(context, step_names.ROSTERS, slate, as_of, league)
    teams_with_unresolved = {row["team"] for reading in rosters for row in reading.unresolved}
    return slate_players(_players_of(rosters), league, teams_with_unresolved)


def _landed_readings(
    context: ProbeContext, name: str, slate: Slate, as_of: datetime, league: tuple[KnownPlayer, ...]
) -> Sequence[Reading]:
    """The latest usable response to each of a source's requests, read."""
    latest: dict[str, FetchRecord] = {}
    for record in context.day_landing.newest_first(name, slate.game_date):
        if record.fetched_at <= as_of and OUTCOME_POLICIES[record.outcome].usable:
            latest.setdefault(record.url, record)
    reading_context = ReadContext(slate=slate, as_of=as_of, players=league, aliases=context.aliases)
    readings, _ = _read_usable(context.sources[name], latest.values(), reading_context, context.day_landing)
    return readings


def _players_of(readings: Iterable[Reading]) -> tuple[KnownPlayer, ...]:
    return tuple(_player(row) for reading in readings for row in reading.rows)


def _player(row: Mapping[str, Any]) -> KnownPlayer:
    return KnownPlayer(player_id=row["player_id"], player_name=row["player_name"], team=row["team"] or "")
