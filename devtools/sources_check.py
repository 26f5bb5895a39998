"""`make sources-check`: every source against recorded answers, the replay, the faults it can show, and its fallbacks.

Nothing is known beforehand: answers are read, providers asked over HTTP, broken and killed while it runs.
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
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from devtools.handmade_responses import MADE
from devtools.recorded_responses import CASES, Recordings
from devtools.source_harness import SourceHarness, new_warehouse, poll_time_of, slate_of, source_harness
from devtools.sources_page import by_number, endpoint_of, first_request, is_replayed
from runtime import PROJECT
from tipoff.errors import BadInputError, TipoffError, TransportFault
from tipoff.landing.local import LocalLanding
from tipoff.replay.archive import Archive
from tipoff.replay.faults import KINDS_WITH_GAMES, SOURCES_OF_KIND, Fault, FaultKind, ReplaySource
from tipoff.replay.upstream import serve
from tipoff.settings import load_settings
from tipoff.sources.base import Slate, Source
from tipoff.sources.fetcher import Fetcher, Timeouts
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, SlateGame, eastern
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
SHARED_DATA = PROJECT.parent / "shared" / "data"

NO_RECORDED = "no recorded answer exists"
MADE_AFTER: Mapping[str, str] = {"nbac_gamebook_player_stats": "what was parsed of one whose file is damaged"}
"""What an answer was made after, where it is not the provider's documentation."""
NO_FACTS = "no facts to replay it from"
NO_FALLBACK = "no fallback by design"

MEANS: Mapping[FaultKind, Outcome] = {
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
"""How a provider fails -> how that is judged of most sources; other kinds change what is true, not how it is told."""

_PUBLISHED_LATER = ("nbac_injury_report", "nbac_gamebook_player_stats")
_ASKED_BY_DATE = ("bdl_injuries", "nbac_referee_assignments", "nbac_player_boxscores")
_QUOTES = ("odds_api_game_lines", "odds_api_player_points_props", "bettingpros_player_points_props")
MEANS_ELSEWHERE: Mapping[FaultKind, Mapping[Outcome, Sequence[str]]] = {
    # Files that are put there in time. Denied when they are due they are blocked like anything else.
    FaultKind.FORBIDDEN_NOT_YET: {Outcome.NOT_PUBLISHED_YET: (*_PUBLISHED_LATER, "nbac_play_by_play")},
    FaultKind.GONE: {
        Outcome.NOT_PUBLISHED_YET: (*_PUBLISHED_LATER, "bigdataball_play_by_play", "odds_api_player_points_props")
    },
    # A book opens a game when it likes.
    FaultKind.EMPTY: {Outcome.NOT_PUBLISHED_YET: _QUOTES},
    FaultKind.STALE: {
        Outcome.SUSPICIOUSLY_EMPTY: (*_ASKED_BY_DATE, "odds_api_events"),
        Outcome.STALE: ("nbac_scoreboard",),
        Outcome.BLOCKED: ("nbac_live_boxscore", "nbac_injury_report"),
    },
    FaultKind.LATE: {
        Outcome.SUSPICIOUSLY_EMPTY: _ASKED_BY_DATE,
        Outcome.PARTIAL: ("nbac_scoreboard",),
        Outcome.BLOCKED: ("nbac_live_boxscore", "nbac_injury_report"),
    },
}
"""The same where a source is unlike most."""

_OLD = (FaultKind.STALE, FaultKind.LATE)
_HISTORIES = ("nbac_player_history", "nbac_team_history")
SHOWS_NOTHING: Sequence[tuple[str, Sequence[str], Sequence[FaultKind]]] = (
    ("a game of tonight is in no history", _HISTORIES, (FaultKind.PARTIAL_SLATE,)),
    ("a team that it does not name has nobody to report", ("nbac_injury_report",), (FaultKind.PARTIAL_SLATE,)),
    ("the night's games stand for months", ("nbac_schedule", "espn_schedule", "espn_scoreboard"), _OLD),
    ("no list of players says of when it is", ("nbac_player_list_current", "espn_team_rosters"), _OLD),
    ("a night less looks like one without games", (*_HISTORIES, "nbac_standings"), _OLD),
    ("the night's games are listed days before", ("bettingpros_events",), _OLD),
    ("the night's games were listed by then", ("odds_api_events",), (FaultKind.LATE,)),
)
"""Why a source has to take an answer for good although its provider fails in one of these ways."""

OF_CONTENT = frozenset(
    {FaultKind.EMPTY, FaultKind.PARTIAL_SLATE, FaultKind.STALE, FaultKind.LATE, FaultKind.YESTERDAYS}
)
"""Kinds that bend an answer, and so need one."""


def meaning(name: str, kind: FaultKind) -> Outcome:
    """How a source has to judge a failure of its provider."""
    if any(name in names and kind in kinds for _, names, kinds in SHOWS_NOTHING):
        return Outcome.OK
    elsewhere = MEANS_ELSEWHERE.get(kind, {})
    return next((outcome for outcome, names in elsewhere.items() if name in names), MEANS[kind])


_FIELDS: Mapping[str, object] = {"retry_after_seconds": 60, "delay_minutes": 20 * 60}
_PATIENCE = Timeouts(read=10)
_SHORT = Timeouts(read=0.3)
"""For a provider that never answers."""


@dataclass(frozen=True)
class CheckResults:
    """What was found about each source, by its name."""

    replayed: dict[str, str] = field(default_factory=dict)
    faults: dict[str, dict[FaultKind, Outcome]] = field(default_factory=lambda: defaultdict(dict))
    fallbacks: dict[str, str] = field(default_factory=dict)
    """Stand-in -> what it brought while all before it were dead."""
    wrong: list[str] = field(default_factory=list)


class PollResult(NamedTuple):
    """One look to its end."""

    outcome: Outcome
    rows: int = 0
    games: tuple[SlateGame, ...] | None = None
    """What it says the slate is, where it knows."""


async def poll(harness: SourceHarness, source: Source, as_of: datetime | None = None) -> PollResult:
    """Ask, land, read; a provider that gives no proper answer is PROVIDER_ERROR, as the day has it."""
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
    """The same at a harness with an empty store: first what it stands on, who plays and the ids it asks by."""
    players = ("nbac_player_list_current", "espn_team_rosters") if source.needs_players else ()
    for name in (*players, source.needs_ids_of):
        if name not in (None, source.name):
            await poll(harness, SOURCES[name])
    return await poll(harness, source)


def games_told(harness: SourceHarness, source: Source) -> int:
    """Games of the slate that rows of its table speak of: by their ids, or of both teams."""
    columns = [column for column in ("game_id", "team") if column in TABLES[source.table].column_names]
    told = harness.warehouse.query(f"SELECT DISTINCT {', '.join(columns)} FROM {source.table}")  # noqa: S608
    known = {value for column in columns for value in told[column]}
    return sum(game.game_id in known or {game.home, game.away} <= known for game in harness.slate.games)


@contextmanager
def _from_nothing(harness: SourceHarness, file: Path) -> Iterator[SourceHarness]:
    """The same harness with an empty warehouse, where no source has told its ids."""
    file.parent.mkdir(parents=True, exist_ok=True)
    warehouse = new_warehouse(file)
    try:
        yield replace(harness, warehouse=warehouse, ids={})
    finally:
        warehouse.close()


def recorded(source: Source, recordings: Recordings) -> str:
    """How many recorded answers are read, and into how many rows."""
    cases = [case for case in CASES if case.source_name == source.name and case.file not in MADE]
    rows = [len(recordings.read(case).rows) for case in cases if not case.turned]
    if rows:
        return f"{len(rows)} read, {sum(rows):,} rows"
    shapes = [len(recordings.read(case).rows) for case in cases]
    if shapes:
        return f"{NO_RECORDED}: the same shape of a sister league, {sum(shapes)} rows"
    made = [len(recordings.read(case).rows) for case in CASES if case.source_name == source.name]
    if made:
        after = MADE_AFTER.get(source.name, "the documentation")
        return f"{NO_RECORDED}: made after {after}, {sum(made)} rows"
    return f"{NO_RECORDED}: the shape of {_same_question(source)}"


def _same_question(source: Source) -> str:
    """The recorded source that asks the same address."""
    recorded_too = [SOURCES[case.source_name] for case in CASES]
    path = first_request(source).path
    return next(other.name for other in recorded_too if first_request(other).path == path)


async def check_replay(harness: SourceHarness, root: Path, results: CheckResults) -> None:
    """Every source undisturbed, each by itself."""
    for name, source in SOURCES.items():
        if not is_replayed(source):
            results.replayed[name] = NO_FACTS
            continue
        with _from_nothing(harness, root / f"{name}.duckdb") as own:
            result = await poll_alone(own, source)
            games = games_told(own, source)
        results.replayed[name] = f"{result.rows:,} rows, {games} of {len(harness.slate.games)} games"
        if result.outcome is not Outcome.OK or games < len(harness.slate.games):
            results.wrong.append(f"{name}, undisturbed: {result.outcome}, {results.replayed[name]}")


async def check_faults(harness: SourceHarness, archive: Archive, root: Path, results: CheckResults) -> None:
    """Every way to fail, at every source that can suffer it, on the first two games of the slate."""
    for name in ("nbac_player_list_current", "espn_team_rosters", *_ASKED_FOR_IDS):
        await poll(harness, SOURCES[name])
    two = harness.slate.model_copy(update={"games": harness.slate.games[:2]})
    for kind in MEANS:
        struck = SOURCES_OF_KIND.get(kind, frozenset(ReplaySource) - {ReplaySource.ANY})
        faults = tuple(_fault(name, kind, two) for name in struck)
        async with _asked_elsewhere(harness, archive, faults, root / kind, two) as elsewhere:
            for name, source in SOURCES.items():
                if endpoint_of(source).source in struck and (is_replayed(source) or kind not in OF_CONTENT):
                    result = await poll(replace(elsewhere, ids=dict(harness.ids)), source)
                    _record_fault(results, name, kind, result.outcome)


_ASKED_FOR_IDS = tuple(dict.fromkeys(source.needs_ids_of for source in SOURCES.values() if source.needs_ids_of))


def _fault(source: ReplaySource, kind: FaultKind, slate: Slate, **since: datetime) -> Fault:
    games = frozenset({slate.games[0].game_id}) if kind in KINDS_WITH_GAMES else frozenset()
    return Fault.model_validate({"source": source, "kind": kind, "games": games, **_FIELDS, **since})


def _record_fault(results: CheckResults, name: str, kind: FaultKind, outcome: Outcome) -> None:
    if outcome is not meaning(name, kind):
        results.wrong.append(f"{name}, {kind}: {outcome}, not {meaning(name, kind)}")
    results.faults[name][kind] = outcome


@asynccontextmanager
async def _asked_elsewhere(
    harness: SourceHarness, archive: Archive, faults: tuple[Fault, ...], root: Path, slate: Slate
) -> AsyncIterator[SourceHarness]:
    """The same harness, where the providers have faults and nothing is landed yet."""
    hangs = any(fault.kind is FaultKind.HANG for fault in faults)
    with serve(archive, faults) as upstream:
        settings = load_settings(environ={"TIPOFF_UPSTREAM": upstream.url})
        async with Fetcher(settings, timeouts=_SHORT if hangs else _PATIENCE) as fetcher:
            yield replace(harness, fetcher=fetcher, landing=LocalLanding(root), slate=slate)


async def check_fallbacks(harness: SourceHarness, archive: Archive, root: Path, results: CheckResults) -> None:
    """Whatever takes a source's place, from nothing, while that and all others before it are dead."""
    for name, place in _places().items():
        async with _without(harness, archive, place.dead, root / name, results) as elsewhere:
            games = await place.games(elsewhere)
        results.fallbacks[name] = f"{games} of {len(harness.slate.games)} games"
        if games < len(harness.slate.games):
            results.wrong.append(f"{name}, in place of another: {results.fallbacks[name]}")


@asynccontextmanager
async def _without(
    harness: SourceHarness, archive: Archive, dead: Sequence[str], root: Path, results: CheckResults
) -> AsyncIterator[SourceHarness]:
    """A harness with an empty store where some sources are down on the slate's date; checks that they are."""
    since = {"from": eastern(harness.slate.game_date, 0)}
    faults = tuple(
        _fault(endpoint_of(SOURCES[name]).source, FaultKind.SERVER_ERROR, harness.slate, **since) for name in dead
    )
    async with _asked_elsewhere(harness, archive, faults, root, harness.slate) as elsewhere:
        for name in dead:
            with _from_nothing(elsewhere, root / f"{name}.duckdb") as own:
                if (await poll_alone(own, SOURCES[name])).outcome is not Outcome.PROVIDER_ERROR:
                    results.wrong.append(f"{name} answers although its provider is down")
        with _from_nothing(elsewhere, root / "tipoff.duckdb") as own:
            yield own


class _Place(NamedTuple):
    """What takes the place of sources, and how many games it brings to a harness without them."""

    dead: Sequence[str]
    games: Callable[[SourceHarness], Awaitable[int]]


def _places() -> Mapping[str, _Place]:
    """By the stand-in, or by the source that nobody stands in for."""
    chains = {name: _Place(source.fallback_for, _games_of(source)) for name, source in SOURCES.items()}
    fallback_sources = {name: place for name, place in chains.items() if place.dead}
    computed = {name: _Place((name,), games) for name, (_, games) in _COMPUTED.items()}
    return {**fallback_sources, "espn_schedule": _Place(("nbac_schedule",), _games_of_a_day_before), **computed}


def _games_of(source: Source) -> Callable[[SourceHarness], Awaitable[int]]:
    async def games(harness: SourceHarness) -> int:
        await poll_alone(harness, source)
        return games_told(harness, source)

    return games


async def _games_of_a_day_before(harness: SourceHarness) -> int:
    """Games that ESPN's schedule names when the day knows no slate, and the league's ids from a day before alone."""
    game_date = harness.slate.game_date
    before = replace(harness, slate=Slate(game_date=game_date - timedelta(days=1)))
    await poll(before, SOURCES["nbac_schedule"], eastern(before.slate.game_date, 10))
    now = replace(harness, slate=Slate(game_date=game_date))
    result = await poll(now, SOURCES["espn_schedule"], eastern(game_date, 10))
    return len(set(result.games or ()) & set(harness.slate.games))


async def _games_with_sums(harness: SourceHarness) -> int:
    """Games whose teams' box scores are the sums of their players'."""
    await poll(harness, SOURCES["nbac_player_boxscores"])
    sql = "SELECT COUNT(DISTINCT game_id) AS games FROM team_boxes WHERE game_date = @game_date"
    return int(harness.warehouse.query(sql, {"game_date": harness.slate.game_date})["games"][0])


async def _games_by_the_list(harness: SourceHarness) -> int:
    """Games whose quoted names the league's list resolves."""
    await poll(harness, SOURCES["nbac_player_list_current"])
    await poll(harness, SOURCES["odds_api_events"])
    await poll(harness, SOURCES["odds_api_player_points_props"])
    sql = """
        SELECT COUNT(*) AS games
        FROM (SELECT game_id FROM raw_player_props GROUP BY game_id HAVING LOGICAL_AND(player_id IS NOT NULL)) AS whole
    """
    return int(harness.warehouse.query(sql)["games"][0])


_COMPUTED: Mapping[str, tuple[str, Callable[[SourceHarness], Awaitable[int]]]] = {
    "espn_team_rosters": ("nbac_player_list_current", _games_by_the_list),
    "nbac_team_boxscore": ("sums of the players' rows", _games_with_sums),
}
"""Source without a stand-in -> what the day takes in its place, and how many games have it."""


def fallback_of(name: str, results: CheckResults) -> str:
    """The rest of its chain, each with what it brought."""
    if name in _COMPUTED:
        return f"{_COMPUTED[name][0]}: {results.fallbacks[name]}"
    later = [other for other, source in SOURCES.items() if name in source.fallback_for]
    return "; ".join(f"{other}: {results.fallbacks[other]}" for other in later) or NO_FALLBACK


def faults_of(name: str, results: CheckResults) -> str:
    """How many ways to fail it showed, as how many classes, and how many it cannot detect."""
    played = results.faults.get(name, {})
    shown = [outcome for outcome in played.values() if outcome is not Outcome.OK]
    told = f"{len(set(shown))} classes of {len(shown)} faults" if shown else "none shown"
    return f"{told}, {len(played) - len(shown)} not shown" if len(shown) < len(played) else told


def print_report(results: CheckResults, recordings: Recordings, console: Console) -> None:
    """The table, and whatever was not as it should be."""
    table = Table("source", "#", "recorded answers", "replayed over HTTP", "failures told apart", "fallback, tested")
    for number, source in by_number():
        table.add_row(
            source.name,
            number or "beside",
            recorded(source, recordings),
            results.replayed[source.name],
            faults_of(source.name, results),
            fallback_of(source.name, results),
        )
    console.print(table)
    for why, names, kinds in SHOWS_NOTHING:
        console.print(f"not shown: {' and '.join(kinds)} at {', '.join(names)}: {why}")
    for line in results.wrong:
        console.print(f"wrong: {line}")


async def check(archive: Archive, root: Path) -> CheckResults:
    """All of it but the recorded answers."""
    results, slate = CheckResults(), slate_of(archive, DAY)
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate, root) as harness:
            await check_replay(harness, root / "replayed", results)
            await check_fallbacks(harness, archive, root / "fallbacks", results)
            await check_faults(harness, archive, root / "faults", results)
    return results


def main() -> int:
    """0 when all is as it should be, 1 when something is not, 2 when the check cannot be made."""
    logging.disable()  # the server complains of the answers that it was told to break
    try:
        if not SHARED_DATA.is_dir():
            raise BadInputError(f"{SHARED_DATA} is not there: the recorded answers to check against lie in it")
        with tempfile.TemporaryDirectory(prefix="tipoff-sources-") as folder:
            archive = Archive(Path(os.environ.get("ARCHIVE") or PROJECT / "sample"))
            results = asyncio.run(check(archive, Path(folder)))
        print_report(results, Recordings(SHARED_DATA), Console(width=200, highlight=False))
    except TipoffError as error:
        print(f"sources-check: {error}", file=sys.stderr)
        return 2
    return 1 if results.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
