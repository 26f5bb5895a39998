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
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from runtime import PROJECT
from runtime.looks import Looks, looks, moment_of, new_warehouse, slate_of
from runtime.sources_page import by_number, endpoint_of, first_question
from tests.support.made_answers import MADE
from tests.support.recorded_answers import CASES, Desk
from tipoff.errors import BadInputError, TipoffError, TransportFault
from tipoff.landing.local import LocalLanding
from tipoff.replay.archive import Archive
from tipoff.replay.faults import NAMES_GAMES, POSSIBLE_AT, Fault, Kind
from tipoff.replay.faults import Source as Struck
from tipoff.replay.upstream import serve
from tipoff.settings import load_settings
from tipoff.sources.base import Slate, Source
from tipoff.sources.fetcher import Fetcher, TimeOuts
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

DAY = date(2024, 3, 29)
SHARED_DATA = PROJECT.parent / "shared" / "data"

NO_RECORDED = "no recorded answer exists"
NO_FACTS = "no facts to replay it from"
NO_FALLBACK = "no fallback by design"

_NOT_THERE = frozenset({Outcome.NOT_PUBLISHED_YET, Outcome.SUSPICIOUSLY_EMPTY, Outcome.EMPTY_OK, Outcome.STALE})
_FAILED = frozenset({Outcome.PROVIDER_ERROR})
MAY_SHOW: Mapping[Kind, frozenset[Outcome]] = {
    Kind.FORBIDDEN_NOT_YET: frozenset({Outcome.NOT_PUBLISHED_YET, Outcome.BLOCKED}),
    Kind.ACCESS_DENIED: frozenset({Outcome.NOT_PUBLISHED_YET, Outcome.BLOCKED}),
    Kind.HTML_PAGE: frozenset({Outcome.WRONG_TYPE}),
    Kind.TOO_MANY_REQUESTS: frozenset({Outcome.THROTTLED}),
    Kind.SERVER_ERROR: _FAILED,
    Kind.QUOTA_SPENT: frozenset({Outcome.QUOTA_SPENT}),
    Kind.BAD_KEY: frozenset({Outcome.BAD_KEY}),
    Kind.BAD_REQUEST: frozenset({Outcome.BAD_REQUEST}),
    Kind.HANG: _FAILED,
    Kind.TRUNCATED_BODY: _FAILED,
    Kind.OVERSIZE: frozenset({Outcome.WRONG_TYPE}),
    Kind.EMPTY: _NOT_THERE,
    # An answer that is not about tonight's games, or yesterday's as good as today's, shows nothing of these.
    Kind.PARTIAL_SLATE: frozenset({Outcome.PARTIAL, Outcome.OK}),
    Kind.STALE: _NOT_THERE | {Outcome.BLOCKED, Outcome.OK},
    Kind.LATE: _NOT_THERE | {Outcome.BLOCKED, Outcome.PARTIAL, Outcome.OK},
}
"""How a provider fails -> what that may be judged; the other kinds change what is true, not how it is told."""

_FIELDS: Mapping[str, object] = {"retry_after_seconds": 60, "delay_minutes": 20 * 60}
_PATIENCE = TimeOuts(read=10)
_SHORT = TimeOuts(read=0.3)
"""For a provider that never answers."""


@dataclass(frozen=True)
class Findings:
    """What was seen of each source, by its name."""

    replayed: dict[str, str] = field(default_factory=dict)
    faults: dict[str, dict[Kind, Outcome]] = field(default_factory=lambda: defaultdict(dict))
    fallbacks: dict[str, str] = field(default_factory=dict)
    """Stand-in -> what it brought while all before it were dead."""
    wrong: list[str] = field(default_factory=list)


class Seen(NamedTuple):
    """One look to its end."""

    outcome: Outcome
    rows: int = 0
    covered: int = 0


async def see(desk: Looks, source: Source) -> Seen:
    """Ask, land, read; a provider that gives no proper answer is PROVIDER_ERROR, as the day has it."""
    as_of = moment_of(source, desk.slate)
    try:
        collected = await desk.collect(source, as_of)
    except TransportFault:
        return Seen(Outcome.PROVIDER_ERROR)
    if collected.batch_key is None:
        return Seen(collected.outcome)
    done = desk.read(source, collected.batch_key, as_of)
    outcome = done.outcome if collected.outcome is Outcome.OK else collected.outcome
    return Seen(outcome, done.rows, len(done.covered_games))


def recorded(source: Source, desk: Desk) -> str:
    """How many recorded answers are read, and into how many rows."""
    cases = [case for case in CASES if case.source_name == source.name and case.file not in MADE]
    rows = [len(desk.read(case).rows) for case in cases if not case.turned]
    if rows:
        return f"{len(rows)} read, {sum(rows):,} rows"
    shapes = [len(desk.read(case).rows) for case in cases]
    if shapes:
        return f"{NO_RECORDED}: the same shape of a sister league, {sum(shapes)} rows"
    made = [len(desk.read(case).rows) for case in CASES if case.source_name == source.name]
    if made:
        return f"{NO_RECORDED}: made after the documentation, {sum(made)} rows"
    return f"{NO_RECORDED}: the shape of {_same_question(source)}"


def _same_question(source: Source) -> str:
    """The recorded source that asks the same address."""
    recorded_too = [SOURCES[case.source_name] for case in CASES]
    path = first_question(source).path
    return next(other.name for other in recorded_too if first_question(other).path == path)


async def check_replay(desk: Looks, findings: Findings) -> None:
    """Every source in the order of the day, undisturbed."""
    for name, source in SOURCES.items():
        if endpoint_of(source) is None:
            findings.replayed[name] = NO_FACTS
            continue
        seen = await see(desk, source)
        findings.replayed[name] = f"{seen.rows:,} rows, {seen.covered} of {len(desk.slate.games)} games"
        if seen.outcome is not Outcome.OK:
            findings.wrong.append(f"{name}, undisturbed: {seen.outcome}")


async def check_faults(desk: Looks, archive: Archive, root: Path, findings: Findings) -> None:
    """Every way to fail, at every source that can suffer it, on the first two games of the slate."""
    two = desk.slate.model_copy(update={"games": desk.slate.games[:2]})
    for kind in MAY_SHOW:
        struck = POSSIBLE_AT.get(kind, frozenset(Struck) - {Struck.ANY})
        faults = tuple(_fault(name, kind, two) for name in struck)
        async with _asked_elsewhere(desk, archive, faults, root / kind, two) as elsewhere:
            for name, source in SOURCES.items():
                endpoint = endpoint_of(source)
                if endpoint and endpoint.source in struck:
                    seen = await see(elsewhere, source)
                    _note(findings, name, kind, seen.outcome)


def _fault(source: Struck, kind: Kind, slate: Slate) -> Fault:
    games = frozenset({slate.games[0].game_id}) if kind in NAMES_GAMES else frozenset()
    return Fault.model_validate({"source": source, "kind": kind, "games": games, **_FIELDS})


def _note(findings: Findings, name: str, kind: Kind, outcome: Outcome) -> None:
    if outcome not in MAY_SHOW[kind]:
        findings.wrong.append(f"{name}, {kind}: {outcome}")
    if outcome is not Outcome.OK:
        findings.faults[name][kind] = outcome


@asynccontextmanager
async def _asked_elsewhere(
    desk: Looks, archive: Archive, faults: tuple[Fault, ...], root: Path, slate: Slate
) -> AsyncIterator[Looks]:
    """The same desk, where the providers have faults and nothing is landed yet."""
    hangs = any(fault.kind is Kind.HANG for fault in faults)
    with serve(archive, faults) as upstream:
        settings = load_settings(environ={"TIPOFF_UPSTREAM": upstream.url})
        async with Fetcher(settings, time_outs=_SHORT if hangs else _PATIENCE) as fetcher:
            yield replace(desk, fetcher=fetcher, landing=LocalLanding(root), slate=slate)


async def check_fallbacks(desk: Looks, archive: Archive, root: Path, findings: Findings) -> None:
    """Every stand-in while all before it in its chain are dead, and what is computed in a source's place."""
    for name, source in SOURCES.items():
        if source.stands_in_for:
            async with _without(desk, archive, source.stands_in_for, root / name, findings) as elsewhere:
                seen = await see(elsewhere, source)
            _note_fallback(findings, name, desk.slate, seen.covered)
    for name, (_, games) in _COMPUTED.items():
        async with _without(desk, archive, (name,), root / name, findings) as elsewhere:
            warehouse = new_warehouse(root / f"{name}.duckdb")
            covered = await games(replace(elsewhere, warehouse=warehouse))
            warehouse.close()
        _note_fallback(findings, name, desk.slate, covered)


def _note_fallback(findings: Findings, name: str, slate: Slate, covered: int) -> None:
    findings.fallbacks[name] = f"{covered} of {len(slate.games)} games"
    if covered < len(slate.games):
        findings.wrong.append(f"{name}, in place of another: {findings.fallbacks[name]}")


@asynccontextmanager
async def _without(
    desk: Looks, archive: Archive, dead: Sequence[str], root: Path, findings: Findings
) -> AsyncIterator[Looks]:
    """The same desk, where some sources are dead; they are asked, to see that they are."""
    endpoints = [endpoint for name in dead if (endpoint := endpoint_of(SOURCES[name]))]
    faults = tuple(_fault(endpoint.source, Kind.SERVER_ERROR, desk.slate) for endpoint in endpoints)
    async with _asked_elsewhere(desk, archive, faults, root, desk.slate) as elsewhere:
        for name in dead:
            if (await see(elsewhere, SOURCES[name])).outcome is not Outcome.PROVIDER_ERROR:
                findings.wrong.append(f"{name} answers although its provider is down")
        yield elsewhere


async def _games_with_sums(desk: Looks) -> int:
    """Games whose teams' box scores are the sums of their players'."""
    await see(desk, SOURCES["nbac_player_boxscores"])
    sql = "SELECT COUNT(DISTINCT game_id) AS games FROM team_boxes WHERE game_date = @game_date"
    return int(desk.warehouse.query(sql, {"game_date": desk.slate.game_date})["games"][0])


async def _games_by_the_list(desk: Looks) -> int:
    """Games whose quoted names the league's list resolves."""
    await see(desk, SOURCES["nbac_player_list_current"])
    await see(desk, SOURCES["odds_api_player_points_props"])
    sql = """
        SELECT COUNT(*) AS games
        FROM (SELECT game_id FROM raw_player_props GROUP BY game_id HAVING LOGICAL_AND(player_id IS NOT NULL)) AS whole
    """
    return int(desk.warehouse.query(sql)["games"][0])


_COMPUTED: Mapping[str, tuple[str, Callable[[Looks], Awaitable[int]]]] = {
    "espn_team_rosters": ("nbac_player_list_current", _games_by_the_list),
    "nbac_team_boxscore": ("sums of the players' rows", _games_with_sums),
}
"""Source without a stand-in -> what the day takes in its place, and how many games have it."""


def fallback_of(name: str, findings: Findings) -> str:
    """The rest of its chain, each with what it brought."""
    if name in _COMPUTED:
        return f"{_COMPUTED[name][0]}: {findings.fallbacks[name]}"
    later = [other for other, source in SOURCES.items() if name in source.stands_in_for]
    return "; ".join(f"{other}: {findings.fallbacks[other]}" for other in later) or NO_FALLBACK


def faults_of(name: str, findings: Findings) -> str:
    """How many ways to fail it showed, as how many classes."""
    shown = findings.faults.get(name)
    return f"{len(set(shown.values()))} classes of {len(shown)} faults" if shown else NO_FACTS


def tell(findings: Findings, desk: Desk, console: Console) -> None:
    """The table, and whatever was not as it should be."""
    table = Table("source", "#", "recorded answers", "replayed over HTTP", "failures told apart", "fallback, tested")
    for number, source in by_number():
        table.add_row(
            source.name,
            number or "beside",
            recorded(source, desk),
            findings.replayed[source.name],
            faults_of(source.name, findings),
            fallback_of(source.name, findings),
        )
    console.print(table)
    for line in findings.wrong:
        console.print(f"wrong: {line}")


async def check(archive: Archive, root: Path) -> Findings:
    """All of it but the recorded answers."""
    findings, slate = Findings(), slate_of(archive, DAY)
    with serve(archive) as upstream:
        async with looks(upstream.url, slate, root) as desk:
            await check_replay(desk, findings)
            await check_fallbacks(desk, archive, root / "fallbacks", findings)
            await check_faults(desk, archive, root / "faults", findings)
    return findings


def main() -> int:
    """0 when all is as it should be, 1 when something is not, 2 when the check cannot be made."""
    logging.disable()  # the server complains of the answers that it was told to break
    try:
        if not SHARED_DATA.is_dir():
            raise BadInputError(f"{SHARED_DATA} is not there: the recorded answers to check against lie in it")
        with tempfile.TemporaryDirectory(prefix="tipoff-sources-") as folder:
            archive = Archive(Path(os.environ.get("ARCHIVE") or PROJECT / "sample"))
            findings = asyncio.run(check(archive, Path(folder)))
        tell(findings, Desk(SHARED_DATA), Console(width=200, highlight=False))
    except TipoffError as error:
        print(f"sources-check: {error}", file=sys.stderr)
        return 2
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
