"""`make bench`: time and memory of fetching a slate, of every table, of the prediction systems, and of a whole day.

The day is measured with one season and with four.

Both days run against a real server, upstream and worker process, in virtual time at full speed. Activity times come
from the history of the run: from the start on a worker to the recorded result.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from activities.labels import labels_of
from devtools.bench_memory import WORKER_MB, MemorySample, PhaseSpan, memory_of, peak, peak_by_phase
from devtools.bench_models import measure_backtest, measure_models, models_limits, models_table
from devtools.bench_slate import (
    SEASON_SECONDS,
    SLATE_SECONDS,
    format_limit,
    incomplete,
    measure_season,
    measure_slate,
    slate_table,
    total_seconds,
)
from devtools.bench_tables import measure_tables, tables_limits, tables_table
from devtools.shared_data import SHARED_DATA
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.process_exit import exit_now
from runtime.replay import Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tipoff.errors import TipoffError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.writer import write_archive
from tipoff.vocabulary import Phase, Span, counted, eastern
from workflows.contracts import Activity, ClockSpec

DAY = date(2024, 3, 29)
SEASONS = 4
LINES_REFRESH_AT = eastern(DAY, 15)
"""When all twelve games are recomputed with their betting lines."""
COMPUTE_ACTIVITIES = frozenset(
    {
        *(Activity.TRANSFORM, Activity.BUILD_FEATURES, Activity.COMPUTE_IN_TURN),
        *(Activity.PREDICT, Activity.STORE_PREDICTIONS),
    }
)
CONTEXT_ACTIVITIES = frozenset({Activity.TRANSFORM, Activity.COMPUTE_IN_TURN})


class ActivityRun(NamedTuple):
    """One completed activity of a run's history."""

    activity: str
    subject: str
    span: str
    as_of: datetime | None
    started: datetime
    ended: datetime
    phases: frozenset[Phase] = frozenset()

    @property
    def seconds(self) -> float:
        return (self.ended - self.started).total_seconds()


@dataclass
class DayMeasurement:
    """Time and memory of one replayed day."""

    title: str
    stages: StageTimer
    runs: list[ActivityRun] = field(default_factory=list)
    wall_seconds: float = 0.0
    training_memory: Sequence[MemorySample] = ()
    memory: Sequence[MemorySample] = ()
    """Of the worker with its children, during the day."""


async def measure(title: str, scene: ReplayConfig, console: Console) -> DayMeasurement:
    """Train a model and replay the date of a scene."""
    measured = DayMeasurement(title, StageTimer(lambda line: console.print(f"{title}: {line}", highlight=False)))
    async with start_replay(scene, measured.stages) as running:
        worker = running.processes.children["worker"].pid
        with memory_of(worker) as measured.training_memory, measured.stages.stage("training"):
            await running.train()
        with memory_of(worker) as measured.memory, measured.stages.stage("the day"):
            history = await _day(running)
    measured.runs = list(activity_runs(history))
    measured.wall_seconds = _seconds_between(history.events[0], history.events[-1])
    return measured


async def _day(running: Replay) -> WorkflowHistory:
    handle = await running.start_day(ClockSpec(starts_at=eastern(running.config.game_date, 5)))
    await wait_for_result(handle)
    return await handle.fetch_history()


def activity_runs(history: WorkflowHistory) -> Iterator[ActivityRun]:
    """The completed activities in the order of completion."""
    events = {event.event_id: event for event in history.events}
    for event in history.events:
        if event.HasField("activity_task_completed_event_attributes"):
            ended = event.activity_task_completed_event_attributes
            yield _activity_run(events[ended.scheduled_event_id], events[ended.started_event_id], event)


def _activity_run(scheduled: HistoryEvent, started: HistoryEvent, ended: HistoryEvent) -> ActivityRun:
    attributes = scheduled.activity_task_scheduled_event_attributes
    requests = _requests(json.loads(attributes.input.payloads[0].data))
    subjects = [
        request.get("subject") or request.get("source") or request.get("system_id") or "" for request in requests
    ]
    first = requests[0]
    return ActivityRun(
        activity=attributes.activity_type.name,
        subject=", ".join(map(str, subjects)),
        span=str(first.get("span", "")),
        as_of=datetime.fromisoformat(first["as_of"]) if "as_of" in first else None,
        started=_time_of(started),
        ended=_time_of(ended),
        phases=frozenset(filter(None, map(_phase_of, requests))),
    )


def _phase_of(request: Mapping[str, Any]) -> Phase | None:
    phase = labels_of(SimpleNamespace(**request))["phase"]
    return phase if isinstance(phase, Phase) else None


def _requests(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The requests of an activity that several steps share; or its own."""
    in_turn = [each["request"] for each in request.get("computations", ())]
    return in_turn or request.get("requests") or [request]


def _time_of(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(UTC)


def _seconds_between(first: HistoryEvent, last: HistoryEvent) -> float:
    return (_time_of(last) - _time_of(first)).total_seconds()


def active_seconds(runs: Iterable[ActivityRun]) -> float:
    """Time during which at least one activity ran: what the day would take if orchestration cost nothing."""
    active, until = 0.0, datetime.min.replace(tzinfo=UTC)
    for run in sorted(runs, key=lambda run: run.started):
        active += max(0.0, (run.ended - max(run.started, until)).total_seconds())
        until = max(until, run.ended)
    return active


def lines_refresh(runs: Sequence[ActivityRun]) -> list[ActivityRun]:
    """The activities that recomputed all games when the betting lines arrived."""
    began = min(run.started for run in runs if run.activity in CONTEXT_ACTIVITIES and run.as_of == LINES_REFRESH_AT)
    systems = [run.ended for run in runs if run.activity == Activity.PREDICT and run.as_of == LINES_REFRESH_AT]
    stored = [run for run in runs if run.activity == Activity.STORE_PREDICTIONS and run.ended > max(systems)]
    ended = stored[0].ended
    return [run for run in runs if run.activity in COMPUTE_ACTIVITIES and began <= run.started <= ended]


def print_report(days: Sequence[DayMeasurement], console: Console) -> None:
    """Print the figures of the days side by side."""
    console.print(_table("the day", days, _day_figures))
    console.print(_table("peak memory of the worker with its children, MB", days, _memory_figures))
    console.print(format_limit(f"that of the day, {days[-1].title}", peak(days[-1].memory), WORKER_MB, "MB"))
    console.print(_table("recomputing the 12 games when the lines arrive, seconds", days, _phase_figures))
    console.print(_table("history, computed once a day, seconds", days, _history_figures))
    console.print(_table("all activities of the day: number of runs, total seconds", days, _activity_figures))


def _table(title: str, days: Sequence[DayMeasurement], figures: Callable[[DayMeasurement], Mapping[str, str]]) -> Table:
    columns = [figures(day) for day in days]
    table = Table("", *(day.title for day in days), title=title, title_justify="left")
    for name in dict.fromkeys(name for column in columns for name in column):
        table.add_row(name, *(column.get(name, "–") for column in columns))
    return table


def _day_figures(day: DayMeasurement) -> dict[str, str]:
    active, summed = active_seconds(day.runs), sum(run.seconds for run in day.runs)
    return {
        **{f"{name}, s": f"{seconds:.1f}" for name, seconds in day.stages.seconds.items()},
        "wall time of the run, s": f"{day.wall_seconds:.2f}",
        "baseline: activities one after the other, s": f"{summed:.2f}",
        "at least one activity running, s": f"{active:.2f}",
        "orchestration, share": f"{1 - active / day.wall_seconds:.0%}",
        "activities": str(len(day.runs)),
        "orchestration per activity, ms": f"{(day.wall_seconds - active) / len(day.runs) * 1000:.0f}",
    }


def _memory_figures(day: DayMeasurement) -> dict[str, str]:
    spans = [PhaseSpan(phase, run.started, run.ended) for run in day.runs for phase in run.phases]
    peaks = {"training": peak(day.training_memory), **peak_by_phase(day.memory, spans), "the day": peak(day.memory)}
    return {name: f"{megabytes:.0f}" for name, megabytes in peaks.items()}


def _phase_figures(day: DayMeasurement) -> dict[str, str]:
    runs = lines_refresh(day.runs)
    whole = (max(run.ended for run in runs) - min(run.started for run in runs)).total_seconds()
    return {
        **{f"{run.activity} {run.subject}".strip(): f"{run.seconds:.2f}" for run in runs},
        "from first to last": f"{whole:.2f}",
    }


def _history_figures(day: DayMeasurement) -> dict[str, str]:
    return {
        f"{run.activity} {run.subject}": f"{run.seconds:.2f}"
        for run in day.runs
        if run.span == Span.HISTORY or run.subject.endswith("_history")
    }


def _activity_figures(day: DayMeasurement) -> dict[str, str]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for run in day.runs:
        seconds[run.activity].append(run.seconds)
    return {name: f"{len(times)} × · {sum(times):.2f}" for name, times in sorted(seconds.items())}


async def run_bench(console: Console) -> list[str]:
    """Replay, measure and print; returns the sources whose measurement is void because they lacked data."""
    with tempfile.TemporaryDirectory(prefix="tipoff-bench-") as folder:
        root, sample = Path(folder), Archive(PROJECT / "sample")
        slate = await measure_slate(sample, DAY, root / "slate")
        console.print(slate_table(slate, "one slate, every source polled once, seconds"))
        console.print(format_limit("fetching and processing the slate", total_seconds(slate), SLATE_SECONDS))
        errors = incomplete(slate)
        days = [await measure("one season", ReplayConfig(DAY, PROJECT / "sample", root / "one"), console)]
        if SHARED_DATA.is_dir():
            started = time.monotonic()
            archive = root / "archive"
            imported = import_folder(SHARED_DATA)
            write_archive(archive, imported.frames, source="import", missing=imported.missing)
            console.print(f"archive of all seasons imported in {time.monotonic() - started:.1f} s")
            season = await measure_season(Archive(archive), DAY, root / "season")
            text = f"a whole season's game log, {counted(season.rows, 'row')}, fetched in {season.fetching:.1f} s"
            console.print(format_limit(f"{text}, read in", season.processing, SEASON_SECONDS))
            errors += incomplete([season])
            tables = measure_tables(archive, DAY, root / "tables")
            console.print(tables_table(tables))
            console.print("\n".join(tables_limits(tables)))
            settings = (("TIPOFF_HISTORY_SEASONS", str(SEASONS)),)
            scene = ReplayConfig(DAY, archive, root / "four", settings=settings)
            days.append(await measure(f"{SEASONS} seasons", scene, console))
            models = [*measure_models(scene.out / "work" / str(DAY), DAY, root), measure_backtest(archive)]
            console.print(models_table(models))
            console.print("\n".join(models_limits(models)))
        else:
            console.print(f"{SEASONS} seasons are not measured: {SHARED_DATA} with past seasons is missing")
        print_report(days, console)
    for error in errors:
        console.print(f"error: {error}")
    return errors


def main() -> int:
    """Exit code 0 when everything was measured, 1 when a source lacked data or a part failed, 130 after Ctrl-C."""
    try:
        errors = asyncio.run(run_bench(Console(highlight=False)))
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 1 if errors else 0


if __name__ == "__main__":
    exit_now(main())
