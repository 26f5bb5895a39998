"""`make outage-drill`: replay a day with every source available, then once per source with that source down all day.

Each day starts from the warehouse and model of the day before, and has its own Temporal server, upstream and worker
process, in virtual time at full speed. The drill checks the result, the status and the summary of each day.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowFailureError

from devtools.drill import (
    DAY,
    DayReport,
    archive_of_drill,
    drill_exit_code,
    from_day_before,
    morning_of,
    no_output,
    prepare,
    report_of,
)
from devtools.sources_page import by_number, endpoint_of, is_replayed
from runtime.failures import failure_message
from runtime.process_exit import exit_now
from runtime.replay import Replay, start_replay
from tipoff.errors import BadInputError
from tipoff.replay.faults import Fault, FaultKind
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Degradation, RunState, clock_time, counted, eastern, shortened, step_names

PARALLEL_DAYS = 2
DAY_TIMEOUT_SECONDS = 900.0
"""Time limit of a day on a loaded machine; an idle one needs a twentieth."""
REASON_LENGTH = 160

MORNING_OUTAGES: Mapping[str, datetime] = {step_names.PLAYER_BOX_SCORE_HISTORY: eastern(DAY, 18)}
"""Sources that share their address with a source of the evening -> when their outage ends."""

MIN_SHARE = 0.95
"""Least share of the baseline's predictions, lines and grades on a day without a source. With a fallback source, all
lines and grades are required."""


@dataclass(frozen=True)
class Outage:
    """A day to replay: the source that is down, and until when (None: all day)."""

    name: str
    replay_source: str | None
    until: datetime | None = None

    @property
    def title(self) -> str:
        return f"{self.name} (until {clock_time(self.until, DAY)})" if self.until else self.name

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of the replay."""
        if self.replay_source is None:
            return ()
        return (Fault(source=self.replay_source, kind=FaultKind.ACCESS_DENIED, until=self.until),)


BASELINE = Outage("every source available", None)


DrillResult = DayReport | str
"""The report of a day, or why it did not complete."""


def outages(names: Sequence[str] = ()) -> Iterator[Outage]:
    """The baseline, then the outages of all sources or of those named."""
    yield BASELINE
    covered: set[str] = set()
    for number, source in by_number():
        replay_source = endpoint_of(source).source
        is_separate = number or source.name in MORNING_OUTAGES or replay_source not in covered
        if is_separate and is_replayed(source) and source.name in (names or SOURCES):
            yield Outage(source.name, replay_source, MORNING_OUTAGES.get(source.name))
        covered.add(replay_source)


def problems(outage: Outage, result: DrillResult, baseline: DrillResult) -> list[str]:
    """Requirements a day missed: complete, in time, as much data as the baseline, and its degradation reported."""
    if isinstance(result, str):
        return [result]
    checks = [*_outcome_checks(outage, result)]
    if isinstance(baseline, DayReport):
        checks += _amount_checks(outage, result, baseline)
    return [text for text, failed in checks if failed]


def _outcome_checks(outage: Outage, day: DayReport) -> Iterator[tuple[str, bool]]:
    first, due = day.result.first_published_at, day.status.predictions_due
    yield f"it ended {day.result.state}", day.result.state is not RunState.COMPLETE
    yield "it needed attention", bool(day.result.attention)
    yield "its predictions were late", first is not None and due is not None and first > due
    yield (
        "the source that is down was not polled",
        bool(outage.replay_source) and day.has_step(outage.name) and not day.refused,
    )
    was_polled = day.has_step(outage.name) and bool(day.refused)
    degradations, fallbacks = day.degradations_of(outage.name), _fallback_sources(outage)
    reasons = " ".join(item.reason for item in degradations)
    yield "it did not report the missing source", was_polled and not degradations
    yield (
        "it did not name the fallback source",
        was_polled and bool(fallbacks) and not any(title in reasons for title in fallbacks),
    )
    yield (
        "it reported data from the source that is down",
        was_polled and any(_was_recovered(item, outage) for item in degradations),
    )


def _amount_checks(outage: Outage, day: DayReport, baseline: DayReport) -> Iterator[tuple[str, bool]]:
    """Counts of predictions, lines and grades; zero is too few on every day."""
    min_share = 1.0 if day.has_step(outage.name) and _fallback_sources(outage) else MIN_SHARE
    counts = (
        ("predicted", day.predicted, MIN_SHARE * baseline.predicted),
        ("with lines", day.lined, min_share * baseline.lined),
        ("graded", day.graded, min_share * baseline.graded),
    )
    for what, count, minimum in counts:
        required = max(1, math.ceil(minimum))
        yield f"{count} {what}, fewer than {required}", count < required


def _fallback_sources(outage: Outage) -> list[str]:
    """Titles of the fallback sources."""
    return [source.title for source in SOURCES.values() if outage.name in source.fallback_for]


def _was_recovered(item: Degradation, outage: Outage) -> bool:
    return item.resolved_at is not None and (outage.until is None or item.resolved_at < outage.until)


async def replay_day(outage: Outage, archive: Path, before: Path, root: Path) -> DrillResult:
    """Replay one day and report it."""
    config = from_day_before(archive, before, root, faults=outage.faults)
    async with start_replay(config, no_output()) as running:
        try:
            async with asyncio.timeout(DAY_TIMEOUT_SECONDS):
                return await _complete_day(running)
        except TimeoutError:
            return f"it did not end within {DAY_TIMEOUT_SECONDS:.0f} s"
        except WorkflowFailureError as failure:
            return f"it failed: {failure_message(failure)}"


async def _complete_day(running: Replay) -> DayReport:
    started = time.monotonic()
    return await report_of(running, await running.start_day(morning_of(DAY)), started)


async def run_drill(
    selected: Sequence[Outage], parallel: int, archive: Path, root: Path, console: Console
) -> dict[Outage, DrillResult]:
    """Replay the days, `parallel` at a time, and print the problems of each compared with the baseline."""
    await prepare(archive, root / "before")
    slots = asyncio.Semaphore(parallel)

    async def replay_one(outage: Outage) -> DrillResult:
        async with slots:
            return await replay_day(outage, archive, root / "before", root / outage.name.replace(" ", "-"))

    tasks = {outage: asyncio.create_task(replay_one(outage)) for outage in selected}
    for outage, task in tasks.items():
        text = "; ".join(problems(outage, await task, await tasks[BASELINE])) or "ok"
        console.print(f"{outage.title}: {text}", markup=False, soft_wrap=True)
    return {outage: task.result() for outage, task in tasks.items()}


def print_report(days: Mapping[Outage, DrillResult], console: Console) -> None:
    """Print a table: a row a day, and one for each source the replay does not serve."""
    baseline = days[BASELINE]
    table = Table(*COLUMNS, title=f"{DAY}, once per source that is down", title_justify="left", show_lines=True)
    for outage, result in days.items():
        table.add_row(outage.title, *(_cells(outage, result, baseline) if isinstance(result, DayReport) else (result,)))
    for name, source in SOURCES.items():
        if not is_replayed(source):
            table.add_row(name, "not replayed: the archive has no data for it, so it is missing on every day here")
    console.print(table)


COLUMNS = (
    *("source down", "ended", "first published", "predicted, with lines", "graded", "requests refused"),
    *("degradations", "wall time, s"),
)


def _cells(outage: Outage, day: DayReport, baseline: DrillResult) -> tuple[str, ...]:
    result = day.result
    return (
        f"{result.state}, {result.data_quality}".lower() + f" {clock_time(day.status.now, DAY)}",
        _publication(day),
        f"{day.predicted}, {day.lined}",
        f"{day.graded} of {day.predictions}",
        str(day.refused) if outage.replay_source else "",
        "\n".join(_degradations(day, baseline)) or _no_degradation(outage, day),
        f"{day.wall_seconds:.0f}",
    )


def _publication(day: DayReport) -> str:
    first, due = day.result.first_published_at, day.status.predictions_due
    if first is None or due is None:
        return "never"
    return f"{clock_time(first, DAY)}, {'on time' if first <= due else 'late'}"


def _degradations(day: DayReport, baseline: DrillResult) -> Iterator[str]:
    """The degradations of a day, without those of the baseline."""
    known = (
        {(item.step, item.reason) for item in baseline.result.degradations}
        if isinstance(baseline, DayReport)
        else set()
    )
    for item in day.result.degradations:
        if day is baseline or (item.step, item.reason) not in known:
            until = f" until {clock_time(item.resolved_at, DAY)}" if item.resolved_at else ""
            games = f", {counted(len(item.games), 'game')}" if item.games else ""
            step, reason = day.status.label_of(item.step), shortened(item.reason, REASON_LENGTH)
            yield f"{step}{games}, {clock_time(item.since, DAY)}{until}: {reason}"
    yield from (f"needs attention: {day.status.label_of(item.step)}" for item in day.result.attention)


def _no_degradation(outage: Outage, day: DayReport) -> str:
    if outage.replay_source and not day.has_step(outage.name):
        return "none: it is a fallback source and was not needed"
    return "none"


def selected_outages(environ: Mapping[str, str]) -> tuple[Outage, ...]:
    """The outages that SOURCES names. Raises BadInputError for an unknown name."""
    names = environ.get("SOURCES", "").split()
    selected = tuple(outages(names))
    if unknown := sorted(set(names) - {outage.name for outage in selected}):
        known = ", ".join(outage.name for outage in outages() if outage.replay_source)
        raise BadInputError(f"SOURCES: no outage for {', '.join(unknown)}; use some of {known}")
    return selected


def parallel_days(environ: Mapping[str, str]) -> int:
    """The number of parallel days from JOBS. Raises BadInputError unless it is 1 or more."""
    given = environ.get("JOBS") or str(PARALLEL_DAYS)
    if not given.isdecimal() or int(given) < 1:
        raise BadInputError(f"JOBS={given}: the number of days to replay in parallel must be 1 or more")
    return int(given)


def drill_from_environment(folder: Path) -> bool:
    """Replay the outages of SOURCES, JOBS at a time; True if no day has problems."""
    console = Console(width=200, highlight=False)
    selected, parallel = selected_outages(os.environ), parallel_days(os.environ)
    days = asyncio.run(run_drill(selected, parallel, archive_of_drill(), folder, console))
    print_report(days, console)
    return not any(problems(outage, result, days[BASELINE]) for outage, result in days.items())


if __name__ == "__main__":
    exit_now(drill_exit_code("outage-drill", drill_from_environment))
