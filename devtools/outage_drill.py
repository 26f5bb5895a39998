"""`make sources-dead`: one day with every source on, and the same day once per source with that source dead all day.

Every day finds the warehouse and the model that the day before left, and runs as real ones do: its own server, upstream
and worker process, in virtual time without a pace. What each lost is read from what it told.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowFailureError

from cli.demo_summary import write_summary
from devtools.sources_page import by_number, endpoint_of, is_replayed
from runtime import PROJECT
from runtime.process_exit import exit_now
from runtime.replay import Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tipoff.errors import BadInputError, TipoffError
from tipoff.replay.faults import FaultKind, ReplaySource
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DayStatus, Degradation, RunState, clock_time, eastern, shortened, step_names
from workflows.contracts import ClockSpec, DayResult
from workflows.daily_pipeline import DailyPipelineWorkflow

DAY = date(2024, 3, 29)
BEFORE = DAY - timedelta(days=1)
AT_ONCE = 2
PATIENCE_SECONDS = 900.0
"""How long a day may take on a busy machine; a quiet one needs a twentieth."""
REASON_LENGTH = 160

MORNING_ONLY: Mapping[str, datetime] = {step_names.PLAYER_BOX_SCORE_HISTORY: eastern(DAY, 18)}
"""Sources whose address others ask in the evening -> until when it is dead for them alone."""

KEPT = 0.95
"""The share of the usual day's predictions, lines and grades that a day keeps without a source; all but players, when
another stands in for it."""


@dataclass(frozen=True)
class Case:
    """One day to play: which source is dead, and until when (None: to its end)."""

    name: str
    struck: ReplaySource | None
    until: datetime | None = None

    @property
    def title(self) -> str:
        return f"{self.name} (until {clock_time(self.until)})" if self.until else self.name

    def faults(self) -> str:
        """The text of its fault file."""
        if self.struck is None:
            return ""
        ends = [f"until = {self.until.isoformat()}"] if self.until else []
        return "\n".join(["[[fault]]", f'source = "{self.struck}"', f'kind = "{FaultKind.ACCESS_DENIED}"', *ends])


EVERY_SOURCE = Case("every source on", None)


@dataclass(frozen=True)
class Day:
    """How a day went."""

    result: DayResult
    status: DayStatus
    summary: Mapping[str, Any]
    refused: int
    """Questions to the dead source."""
    wall_seconds: float

    def named(self, name: str) -> list[Degradation]:
        """What it says it lost, or had from others, of a source."""
        return [item for item in self.result.degradations if item.step == name]

    def asks(self, name: str) -> bool:
        """Whether a source is asked on a day on which all goes well."""
        return any(step.name == name for step in self.status.steps)

    @property
    def predicted(self) -> int:
        return int(self.summary["players_predicted"])

    @property
    def lined(self) -> int:
        return int(self.summary["lined_players"])

    @property
    def graded(self) -> int:
        return sum(sum(figures["outcomes"].values()) for figures in self.summary["systems"].values())


Ended = Day | str
"""How a day went, or why it did not come to its end."""


def cases(names: Sequence[str] = ()) -> Iterator[Case]:
    """All of them, or those of some sources; the undisturbed day first."""
    yield EVERY_SOURCE
    seen: set[ReplaySource] = set()
    for number, source in by_number():
        struck = endpoint_of(source).source
        own = number or source.name in MORNING_ONLY or struck not in seen
        if own and is_replayed(source) and source.name in (names or SOURCES):
            yield Case(source.name, struck, MORNING_ONLY.get(source.name))
        seen.add(struck)


def wrong_with(case: Case, ended: Ended, usual: Ended) -> list[str]:
    """What is not as the rule wants it: ended, out in time, as much as `usual`, and saying what it lost."""
    if isinstance(ended, str):
        return [ended]
    wrongs = [*_wrongs(case, ended), *(_too_little(case, ended, usual) if isinstance(usual, Day) else ())]
    return [what for what, is_so in wrongs if is_so]


def _wrongs(case: Case, day: Day) -> Iterator[tuple[str, bool]]:
    first, due = day.result.first_published_at, day.status.predictions_due
    yield f"it ended {day.result.state}", day.result.state is not RunState.COMPLETE
    yield "it called a person", bool(day.result.attention)
    yield "its predictions came late", first is not None and due is not None and first > due
    yield "nobody asked the dead source", bool(case.struck) and day.asks(case.name) and not day.refused
    struck = day.asks(case.name) and bool(day.refused)
    named, others = day.named(case.name), _fallback_sources(case)
    told = " ".join(item.reason for item in named)
    yield "it does not say what it lost", struck and not named
    yield "it does not say who stood in", struck and bool(others) and not any(title in told for title in others)
    yield "it says that the dead source came", struck and any(_came(item, case) for item in named)


def _too_little(case: Case, day: Day, usual: Day) -> Iterator[tuple[str, bool]]:
    """Of what is predicted, lined and graded; nothing at all is too little on every day."""
    share = 1.0 if day.asks(case.name) and _fallback_sources(case) else KEPT
    figures = (
        ("predicted", day.predicted, KEPT * usual.predicted),
        ("lined", day.lined, share * usual.lined),
        ("graded", day.graded, share * usual.graded),
    )
    for what, figure, kept in figures:
        wanted = max(1, math.ceil(kept))
        yield f"{figure} {what}, not {wanted} or more", figure < wanted


def _fallback_sources(case: Case) -> list[str]:
    """Titles of the sources that are asked in the dead one's place."""
    return [source.title for source in SOURCES.values() if case.name in source.fallback_for]


def _came(item: Degradation, case: Case) -> bool:
    return item.resolved_at is not None and (case.until is None or item.resolved_at < case.until)


async def prepare(archive: Path, root: Path) -> None:
    """What the day before left: the season so far, its rosters and players in the warehouse, and a model."""
    async with start_replay(ReplayConfig(BEFORE, archive, root), _silent()) as running:
        await running.train()
        day = await running.start_day(ClockSpec(starts_at=eastern(BEFORE, 5)))
        await day.result()


async def played(case: Case, archive: Path, before: Path, root: Path) -> Ended:
    """One day from its morning to its end, and what it told."""
    scene, stages = _scene(case, archive, before, root), _silent()
    async with start_replay(scene, stages) as running:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await _to_its_end(running, stages)
        except (TimeoutError, WorkflowFailureError) as failure:
            return f"it did not come to its end: {failure.__cause__ or type(failure).__name__}"


def _scene(case: Case, archive: Path, before: Path, root: Path) -> ReplayConfig:
    root.mkdir(parents=True, exist_ok=True)
    warehouse, faults = root / "stored.duckdb", root / "faults.toml"
    shutil.copyfile(before / "tipoff.duckdb", warehouse)
    faults.write_text(case.faults())
    stored = (
        ("TIPOFF_WAREHOUSE", f"duckdb:///{warehouse.resolve()}"),
        ("TIPOFF_MODELS", f"file://{(before / 'models').resolve()}"),
    )
    return ReplayConfig(DAY, archive, root, faults=faults, settings=stored)


async def _to_its_end(running: Replay, stages: StageTimer) -> Day:
    started = time.monotonic()
    handle = await running.start_day(ClockSpec(starts_at=eastern(DAY, 5)))
    result = await handle.result()
    seconds = time.monotonic() - started
    return Day(
        result=result,
        status=await handle.query(DailyPipelineWorkflow.status),
        summary=await write_summary(running, handle, result, stages),
        refused=_refused(running.config.out / "requests.jsonl"),
        wall_seconds=seconds,
    )


def _refused(log: Path) -> int:
    return sum(json.loads(line)["fault"] is not None for line in log.read_text().splitlines())


def _silent() -> StageTimer:
    return StageTimer(lambda line: None)


async def run(wanted: Sequence[Case], at_once: int, archive: Path, root: Path, console: Console) -> dict[Case, Ended]:
    """Play the days, some at once, and tell of each how it went beside the undisturbed one."""
    await prepare(archive, root / "before")
    places = asyncio.Semaphore(at_once)

    async def play(case: Case) -> Ended:
        async with places:
            return await played(case, archive, root / "before", root / case.name.replace(" ", "-"))

    playing = {case: asyncio.create_task(play(case)) for case in wanted}
    for case, day in playing.items():
        told = "; ".join(wrong_with(case, await day, await playing[EVERY_SOURCE])) or "as it should be"
        console.print(f"{case.title}: {told}", markup=False, soft_wrap=True)
    return {case: day.result() for case, day in playing.items()}


def tell(days: Mapping[Case, Ended], console: Console) -> None:
    """The table: a row a day, and one for what no replay has."""
    usual = days[EVERY_SOURCE]
    table = Table(*COLUMNS, title=f"{DAY}, once per dead source", title_justify="left", show_lines=True)
    for case, ended in days.items():
        table.add_row(case.title, *(_cells(case, ended, usual) if isinstance(ended, Day) else (ended,)))
    for name, source in SOURCES.items():
        if not is_replayed(source):
            table.add_row(name, "not played: no facts to replay it from, so every day here is without it")
    console.print(table)


COLUMNS = (
    *("dead source", "ended", "first published", "predicted, lined", "graded", "asked in vain"),
    *("what was lost, who stood in", "wall, s"),
)


def _cells(case: Case, day: Day, usual: Ended) -> tuple[str, ...]:
    result = day.result
    return (
        f"{result.state}, {result.data_quality}".lower() + f" {clock_time(day.status.now, DAY)}",
        _publication(day),
        f"{day.predicted}, {day.lined}",
        f"{day.graded} of {sum(figures['predictions'] for figures in day.summary['systems'].values())}",
        str(day.refused) if case.struck else "",
        "\n".join(_lost(day, usual)) or _nothing(case, day),
        f"{day.wall_seconds:.0f}",
    )


def _publication(day: Day) -> str:
    first, due = day.result.first_published_at, day.status.predictions_due
    if first is None or due is None:
        return "never"
    return f"{clock_time(first, DAY)}, {'in time' if first <= due else 'late'}"


def _lost(day: Day, usual: Ended) -> Iterator[str]:
    """What it went without, but for what every day here goes without."""
    known = {(item.step, item.reason) for item in usual.result.degradations} if isinstance(usual, Day) else set()
    for item in day.result.degradations:
        if day is usual or (item.step, item.reason) not in known:
            until = f" until {clock_time(item.resolved_at, DAY)}" if item.resolved_at else ""
            games = f", {len(item.games)} games" if item.games else ""
            yield f"{item.step}{games}, {clock_time(item.since, DAY)}{until}: {shortened(item.reason, REASON_LENGTH)}"
    yield from (f"a person is called: {item.step}" for item in day.result.attention)


def _nothing(case: Case, day: Day) -> str:
    if case.struck and not day.asks(case.name):
        return "nothing: it stands in for others and nobody asked it"
    return "nothing"


def wanted_days(environ: Mapping[str, str]) -> tuple[Case, ...]:
    """The days that SOURCES names. Raises BadInputError for a name that nothing can be dead at."""
    names = environ.get("SOURCES", "").split()
    days = tuple(cases(names))
    if strange := sorted(set(names) - {case.name for case in days}):
        known = ", ".join(case.name for case in cases() if case.struck)
        raise BadInputError(f"SOURCES: no day to play for {', '.join(strange)}; name some of {known}")
    return days


def jobs(environ: Mapping[str, str]) -> int:
    """How many days JOBS wants at once. Raises BadInputError for what is no number from 1."""
    given = environ.get("JOBS") or str(AT_ONCE)
    if not given.isdecimal() or int(given) < 1:
        raise BadInputError(f"JOBS={given}: how many days to play at once, 1 or more")
    return int(given)


def main() -> int:
    """0 when every day went by the rule, 1 when one did not, 2 when they cannot be played, 130 after Ctrl-C."""
    console = Console(width=200, highlight=False)
    keep = os.environ.get("OUT")
    try:
        wanted, at_once = wanted_days(os.environ), jobs(os.environ)
        archive = Path(os.environ.get("ARCHIVE") or PROJECT / "sample")
        with nullcontext(keep) if keep else tempfile.TemporaryDirectory(prefix="tipoff-dead-") as folder:
            days = asyncio.run(run(wanted, at_once, archive, Path(folder), console))
        tell(days, console)
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        print(f"sources-dead: {error}", file=sys.stderr)
        return 2
    return 1 if any(wrong_with(case, ended, days[EVERY_SOURCE]) for case, ended in days.items()) else 0


if __name__ == "__main__":
    exit_now(main())
