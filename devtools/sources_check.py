"""`make sources-check`: test every source with recorded responses, the replay, faults and fallback sources.

All figures are measured: responses are read, and replayed providers are requested over HTTP, with and without faults.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from devtools.handmade_responses import MADE
from devtools.recorded_responses import CASES, Recordings
from devtools.shared_data import SHARED_DATA
from devtools.source_harness import SourceHarness, new_warehouse, poll_time_of, slate_of, source_harness
from devtools.sources_page import by_number, endpoint_of, first_request, is_replayed
from runtime import PROJECT
from tipoff.errors import BadInputError, TipoffError, TransportFault
from tipoff.landing.landing import Landing
from tipoff.replay.archive import Archive
from tipoff.replay.faults import KINDS_WITH_GAMES, Fault, FaultKind
from tipoff.replay.upstream import serve
from tipoff.replay.upstream.endpoints import sources_of_kind
from tipoff.settings import load_settings
from tipoff.sources.base import Slate, Source
from tipoff.sources.feed import Feed
from tipoff.sources.fetcher import Fetcher, Timeouts
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome, SlateGame, counted, eastern
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)

NO_RECORDED = "no recorded response"
MADE_AFTER: Mapping[str, str] = {"nbac_gamebook_player_stats": "the parsed text of a damaged file"}
"""The model of a handmade response, where it is not the provider's documentation."""
NO_ARCHIVED_DATA = "no archived data to replay"
NO_FALLBACK = "no fallback source"

EXPECTED_OUTCOMES: Mapping[FaultKind, Outcome] = {
    FaultKind.FORBIDDEN_NOT_YET: Outcome.BLOCKED,
    FaultKind.ACCESS_DENIED: Outcome.BLOCKED,
    FaultKind.HTML_PAGE: Outcome.WRONG_TYPE,
    FaultKind.TOO_MANY_REQUESTS: Outcome.THROTTLED,
    FaultKind.SERVER_ERROR: Outcome.PROVIDER_ERROR,
    FaultKind.QUOTA_SPENT: Outcome.QUOTA_SPENT,
    FaultKind.BAD_KEY: Outcome.BAD_KEY,
    FaultKind.BAD_REQUEST: Outcome.BAD_REQUEST,
    FaultKind.GONE: Outcome.GONE,
    FaultKind.HANG: Outcome.PROVIDER_ERROR,
    FaultKind.TRUNCATED_BODY: Outcome.PROVIDER_ERROR,
    FaultKind.OVERSIZE: Outcome.WRONG_TYPE,
    FaultKind.EMPTY: Outcome.SUSPICIOUSLY_EMPTY,
    FaultKind.PARTIAL_SLATE: Outcome.PARTIAL,
    FaultKind.STALE: Outcome.NOT_PUBLISHED_YET,
    FaultKind.LATE: Outcome.NOT_PUBLISHED_YET,
    FaultKind.YESTERDAYS: Outcome.STALE,
}
"""Kind of fault -> the outcome at most sources; `Source.fault_outcomes` has the exceptions."""

OF_CONTENT = frozenset(
    {FaultKind.EMPTY, FaultKind.PARTIAL_SLATE, FaultKind.STALE, FaultKind.LATE, FaultKind.YESTERDAYS}
)
"""Kinds that change the content of a response."""


def expected_outcome(source: Source, kind: FaultKind) -> Outcome:
    """The outcome that a source must report for a kind of fault."""
    if kind in source.undetectable_faults:
        return Outcome.OK
    if kind in source.fault_outcomes:
        return source.fault_outcomes[kind]
    not_published = source.not_published_statuses if isinstance(source, Feed) else frozenset()
    if _FAULT_STATUSES.get(kind) in not_published:
        return Outcome.NOT_PUBLISHED_YET
    return EXPECTED_OUTCOMES[kind]


_FAULT_STATUSES = {FaultKind.FORBIDDEN_NOT_YET: HTTPStatus.FORBIDDEN, FaultKind.GONE: HTTPStatus.NOT_FOUND}
_FIELDS: Mapping[str, object] = {"retry_after_seconds": 60, "delay_minutes": 20 * 60}
_TIMEOUTS = Timeouts(read=10)
_HANG_TIMEOUTS = Timeouts(read=0.3)
"""For a provider that never responds."""


@dataclass(frozen=True)
class CheckResults:
    """The results of each source, by its name."""

    replayed: dict[str, str] = field(default_factory=dict)
    faults: dict[str, dict[FaultKind, Outcome]] = field(default_factory=lambda: defaultdict(dict))
    fallbacks: dict[str, str] = field(default_factory=dict)
    """Fallback source -> its games while all sources before it were down."""
    errors: list[str] = field(default_factory=list)


class PollResult(NamedTuple):
    """The result of one poll."""

    outcome: Outcome
    rows: int = 0
    games: tuple[SlateGame, ...] | None = None
    """The slate according to the source, where it lists games."""


async def poll(harness: SourceHarness, source: Source, as_of: datetime | None = None) -> PollResult:
    """Request, land and read. A transport failure is PROVIDER_ERROR, as in a day."""
    as_of = as_of or poll_time_of(source, harness.slate)
    try:
        collected = await harness.collect(source, as_of)
    except TransportFault:
        return PollResult(Outcome.PROVIDER_ERROR)
    if collected.batch_key is None:
        return PollResult(collected.outcome)
    done = harness.read(source, collected.batch_key, as_of)
    return PollResult(done.outcome if collected.outcome is Outcome.OK else collected.outcome, done.rows, done.games)


async def poll_alone(harness: SourceHarness, source: Source) -> PollResult:
    """Poll a source with an empty store, after the sources of the players and ids that it needs."""
    players = ("nbac_player_list_current", "espn_team_rosters") if source.needs_players else ()
    for name in (*players, source.needs_ids_of):
        if name not in (None, source.name):
            await poll(harness, SOURCES[name])
    return await poll(harness, source)


def count_games(harness: SourceHarness, source: Source) -> int:
    """Number of games of the slate with rows in the source's table, by game id or by both teams."""
    columns = [column for column in ("game_id", "team") if column in TABLES[source.table].column_names]
    rows = harness.warehouse.query(f"SELECT DISTINCT {', '.join(columns)} FROM {source.table}")  # noqa: S608
    known = {value for column in columns for value in rows[column]}
    return sum(game.game_id in known or {game.home, game.away} <= known for game in harness.slate.games)


@contextmanager
def _empty_store(harness: SourceHarness, file: Path) -> Iterator[SourceHarness]:
    """The harness with an empty warehouse and without known ids."""
    file.parent.mkdir(parents=True, exist_ok=True)
    warehouse = new_warehouse(file)
    try:
        yield replace(harness, warehouse=warehouse, ids={})
    finally:
        warehouse.close()


def describe_recorded(source: Source, recordings: Recordings) -> str:
    """The number of recorded responses and of their rows."""
    cases = [case for case in CASES if case.source_name == source.name and case.file not in MADE]
    rows = [len(recordings.read(case).rows) for case in cases if not case.turned]
    if rows:
        return f"{len(rows)} read, {counted(sum(rows), 'row')}"
    shapes = [len(recordings.read(case).rows) for case in cases]
    if shapes:
        return f"{NO_RECORDED}: same shape from a sister league, {counted(sum(shapes), 'row')}"
    made = [len(recordings.read(case).rows) for case in CASES if case.source_name == source.name]
    if made:
        after = MADE_AFTER.get(source.name, "the documentation")
        return f"{NO_RECORDED}: handmade after {after}, {counted(sum(made), 'row')}"
    return f"{NO_RECORDED}: same shape as {_source_of_same_request(source)}"


def _source_of_same_request(source: Source) -> str:
    """The recorded source with the same address."""
    recorded = [SOURCES[case.source_name] for case in CASES]
    path = first_request(source).path
    return next(other.name for other in recorded if first_request(other).path == path)


async def check_replay(harness: SourceHarness, root: Path, results: CheckResults) -> None:
    """Poll every source on its own, without faults."""
    for name, source in SOURCES.items():
        if not is_replayed(source):
            results.replayed[name] = NO_ARCHIVED_DATA
            continue
        with _empty_store(harness, root / f"{name}.duckdb") as own:
            result = await poll_alone(own, source)
            games = count_games(own, source)
        results.replayed[name] = f"{counted(result.rows, 'row')}, {_share_of_games(games, harness)}"
        if result.outcome is not Outcome.OK or games < len(harness.slate.games):
            results.errors.append(f"{name}, without a fault: {result.outcome}, {results.replayed[name]}")


def _share_of_games(games: int, harness: SourceHarness) -> str:
    return f"{games} of {counted(len(harness.slate.games), 'game')}"


async def check_faults(harness: SourceHarness, archive: Archive, root: Path, results: CheckResults) -> None:
    """Inject every kind of fault at every source it applies to, for the first two games of the slate."""
    for name in ("nbac_player_list_current", "espn_team_rosters", *_ID_SOURCES):
        await poll(harness, SOURCES[name])
    two = harness.slate.model_copy(update={"games": harness.slate.games[:2]})
    for kind in EXPECTED_OUTCOMES:
        affected = sources_of_kind(kind)
        faults = tuple(_fault(name, kind, two) for name in affected)
        async with _with_faults(harness, archive, faults, root / kind, two) as faulty:
            for name, source in SOURCES.items():
                if endpoint_of(source).source in affected and (is_replayed(source) or kind not in OF_CONTENT):
                    result = await poll(replace(faulty, ids=dict(harness.ids)), source)
                    _record_fault(results, name, kind, result.outcome)


_ID_SOURCES = tuple(dict.fromkeys(source.needs_ids_of for source in SOURCES.values() if source.needs_ids_of))


def _fault(source: str, kind: FaultKind, slate: Slate, **since: datetime) -> Fault:
    games = frozenset({slate.games[0].game_id}) if kind in KINDS_WITH_GAMES else frozenset()
    return Fault.model_validate({"source": source, "kind": kind, "games": games, **_FIELDS, **since})


def _record_fault(results: CheckResults, name: str, kind: FaultKind, outcome: Outcome) -> None:
    expected = expected_outcome(SOURCES[name], kind)
    if outcome is not expected:
        results.errors.append(f"{name}, {kind}: {outcome}, not {expected}")
    results.faults[name][kind] = outcome


@asynccontextmanager
async def _with_faults(
    harness: SourceHarness, archive: Archive, faults: tuple[Fault, ...], root: Path, slate: Slate
) -> AsyncIterator[SourceHarness]:
    """The harness with faults at the providers and an empty landing."""
    hangs = any(fault.kind is FaultKind.HANG for fault in faults)
    with serve(archive, faults) as upstream:
        settings = load_settings(environ={"TIPOFF_UPSTREAM": upstream.url})
        async with Fetcher(settings, timeouts=_HANG_TIMEOUTS if hangs else _TIMEOUTS) as fetcher:
            yield replace(harness, fetcher=fetcher, landing=Landing(FolderStore(root)), slate=slate)


async def check_fallbacks(harness: SourceHarness, archive: Archive, root: Path, results: CheckResults) -> None:
    """Poll every fallback source with an empty store while all sources before it are down."""
    for name, replacement in _replacements().items():
        async with _without(harness, archive, replacement.down, root / name, results) as faulty:
            games = await replacement.count_games(faulty)
        results.fallbacks[name] = _share_of_games(games, harness)
        if games < len(harness.slate.games):
            results.errors.append(f"{name}, as a fallback: {results.fallbacks[name]}")


@asynccontextmanager
async def _without(
    harness: SourceHarness, archive: Archive, down: Sequence[str], root: Path, results: CheckResults
) -> AsyncIterator[SourceHarness]:
    """A harness with an empty store where some sources are down on the slate's date; checks that they are."""
    since = {"from": eastern(harness.slate.game_date, 0)}
    faults = tuple(
        _fault(endpoint_of(SOURCES[name]).source, FaultKind.SERVER_ERROR, harness.slate, **since) for name in down
    )
    async with _with_faults(harness, archive, faults, root, harness.slate) as faulty:
        for name in down:
            with _empty_store(faulty, root / f"{name}.duckdb") as own:
                if (await poll_alone(own, SOURCES[name])).outcome is not Outcome.PROVIDER_ERROR:
                    results.errors.append(f"{name} has data although its provider is down")
        with _empty_store(faulty, root / "tipoff.duckdb") as own:
            yield own


class _Replacement(NamedTuple):
    """What replaces sources that are down, and how many games it covers."""

    down: Sequence[str]
    count_games: Callable[[SourceHarness], Awaitable[int]]


def _replacements() -> Mapping[str, _Replacement]:
    """By the name of the fallback source, or of the source whose data are computed instead."""
    fallback_sources = {
        name: _Replacement(source.fallback_for, _games_of(source))
        for name, source in SOURCES.items()
        if source.fallback_for
    }
    computed = {name: _Replacement((name,), games) for name, (_, games) in _COMPUTED.items()}
    return {**fallback_sources, "espn_schedule": _Replacement(("nbac_schedule",), _games_of_a_day_before), **computed}


def _games_of(source: Source) -> Callable[[SourceHarness], Awaitable[int]]:
    async def poll_and_count(harness: SourceHarness) -> int:
        await poll_alone(harness, source)
        return count_games(harness, source)

    return poll_and_count


async def _games_of_a_day_before(harness: SourceHarness) -> int:
    """Games of ESPN's schedule without a slate, with game ids from the schedule of the day before only."""
    game_date = harness.slate.game_date
    before = replace(harness, slate=Slate(game_date=game_date - timedelta(days=1)))
    await poll(before, SOURCES["nbac_schedule"], eastern(before.slate.game_date, 10))
    now = replace(harness, slate=Slate(game_date=game_date))
    result = await poll(now, SOURCES["espn_schedule"], eastern(game_date, 10))
    return len(set(result.games or ()) & set(harness.slate.games))


async def _games_with_sums(harness: SourceHarness) -> int:
    """Games whose team box scores are summed from players' rows."""
    await poll(harness, SOURCES["nbac_player_boxscores"])
    sql = "SELECT COUNT(DISTINCT game_id) AS games FROM team_boxes WHERE game_date = @game_date"
    return int(harness.warehouse.query(sql, {"game_date": harness.slate.game_date})["games"][0])


async def _games_by_player_list(harness: SourceHarness) -> int:
    """Games whose quoted names are resolved by the league's player list."""
    await poll(harness, SOURCES["nbac_player_list_current"])
    await poll(harness, SOURCES["odds_api_events"])
    await poll(harness, SOURCES["odds_api_player_points_props"])
    sql = """
        SELECT COUNT(*) AS games
        FROM (SELECT game_id FROM raw_player_props GROUP BY game_id HAVING LOGICAL_AND(player_id IS NOT NULL)) AS whole
    """
    return int(harness.warehouse.query(sql)["games"][0])


_COMPUTED: Mapping[str, tuple[str, Callable[[SourceHarness], Awaitable[int]]]] = {
    "espn_team_rosters": ("nbac_player_list_current", _games_by_player_list),
    "nbac_team_boxscore": ("sums of the players' rows", _games_with_sums),
}
"""Source without a fallback source -> what is used instead, and how to count its games."""


def describe_fallbacks(name: str, results: CheckResults) -> str:
    """The fallback sources of a source in their order, each with its games."""
    if name in _COMPUTED:
        return f"{_COMPUTED[name][0]}: {results.fallbacks[name]}"
    later = [other for other, source in SOURCES.items() if name in source.fallback_for]
    return "; ".join(f"{other}: {results.fallbacks[other]}" for other in later) or NO_FALLBACK


def describe_faults(name: str, results: CheckResults) -> str:
    """The number of faults a source detects, of their outcomes, and of faults it does not detect."""
    outcomes = results.faults.get(name, {})
    detected = [outcome for outcome in outcomes.values() if outcome is not Outcome.OK]
    kinds = counted(len(set(detected)), "outcome")
    text = f"{kinds} of {counted(len(detected), 'fault')}" if detected else "none detected"
    undetected = len(outcomes) - len(detected)
    return f"{text}, {undetected} not detected" if undetected else text


def print_report(results: CheckResults, recordings: Recordings, console: Console) -> None:
    """Print a table of all sources, then the errors."""
    table = Table("source", "#", "recorded responses", "replayed over HTTP", "faults detected", "fallback sources")
    for number, source in by_number():
        table.add_row(
            source.name,
            number or "auxiliary",
            describe_recorded(source, recordings),
            results.replayed[source.name],
            describe_faults(source.name, results),
            describe_fallbacks(source.name, results),
        )
    console.print(table)
    for name, source in SOURCES.items():
        for kind, reason in source.undetectable_faults.items():
            console.print(f"undetectable: {kind} at {name}: {reason}")
    for error in results.errors:
        console.print(f"error: {error}")


async def check(archive: Archive, root: Path) -> CheckResults:
    """Check the replay, the faults and the fallback sources."""
    results, slate = CheckResults(), slate_of(archive, DAY)
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate, root) as harness:
            await check_replay(harness, root / "replayed", results)
            await check_fallbacks(harness, archive, root / "fallbacks", results)
            await check_faults(harness, archive, root / "faults", results)
    return results


def main() -> int:
    """Exit code 0 without errors, 1 with errors, 2 when the check cannot run."""
    logging.disable()  # the upstream logs the responses that its faults break
    try:
        if not SHARED_DATA.is_dir():
            raise BadInputError(f"{SHARED_DATA} is missing; it contains the recorded responses")
        with tempfile.TemporaryDirectory(prefix="tipoff-sources-") as folder:
            archive = Archive(Path(os.environ.get("ARCHIVE") or PROJECT / "sample"))
            results = asyncio.run(check(archive, Path(folder)))
        print_report(results, Recordings(SHARED_DATA), Console(width=200, highlight=False))
    except TipoffError as error:
        print(f"sources-check: {error}", file=sys.stderr)
        return 2
    return 1 if results.errors else 0


if __name__ == "__main__":
    sys.exit(main())
