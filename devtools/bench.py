"""`make bench`: what a slate's fetching and a day cost in time and memory, with one season of history and with four.

Both days run as real ones do: the real server, upstream and worker process, in virtual time without a pace. The times
of activities are taken from the run's own history, from the moment a worker took one up until it had its answer.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from devtools.bench_slate import (
    SEASON_SECONDS,
    SLATE_SECONDS,
    beside_limit,
    measure_season,
    measure_slate,
    not_ok,
    slate_table,
    together,
)
from runtime import PROJECT
from runtime.process_exit import exit_now
from runtime.replay import Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tipoff.errors import TipoffError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.writer import write_archive
from tipoff.vocabulary import eastern
from workflows.contracts import Activity, ClockSpec

DAY = date(2024, 3, 29)
SEASONS = 4
SHARED_DATA = PROJECT.parent / "shared" / "data"
LINES_CAME = eastern(DAY, 15)
"""When all twelve games are computed anew with their lines."""
PHASES_3_TO_5 = frozenset({Activity.TRANSFORM, Activity.BUILD_FEATURES, Activity.PREDICT, Activity.STORE_PREDICTIONS})
LOOK_SECONDS = 0.2


class Work(NamedTuple):
    """One activity as the history tells it."""

    activity: str
    subject: str
    span: str
    as_of: datetime | None
    started: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        return (self.ended - self.started).total_seconds()


@dataclass
class Measured:
    """One replayed day."""

    title: str
    stages: StageTimer
    day: list[Work] = field(default_factory=list)
    wall_seconds: float = 0.0
    memory_mb: Mapping[str, float] = field(default_factory=dict)


async def measure(title: str, scene: ReplayConfig, console: Console) -> Measured:
    """Train and play the date of a scene."""
    measured = Measured(title, StageTimer(lambda line: console.print(f"{title}: {line}", highlight=False)))
    async with start_replay(scene, measured.stages) as running:
        worker = running.processes.children["worker"].pid
        with memory_of(worker) as peak:
            with measured.stages.stage("training"):
                await running.train()
            after_training = peak()
            with measured.stages.stage("the day"):
                history = await _day(running)
        measured.memory_mb = {"after training": after_training, "at the end": peak()}
    measured.day = list(work_of(history))
    measured.wall_seconds = _seconds_between(history.events[0], history.events[-1])
    return measured


async def _day(running: Replay) -> WorkflowHistory:
    handle = await running.start_day(ClockSpec(starts_at=eastern(running.config.game_date, 5)))
    await handle.result()
    return await handle.fetch_history()


@contextmanager
def memory_of(group: int) -> Iterator[Callable[[], float]]:
    """Watch a process group; what it yields tells the most memory its processes had resident together, in MB."""
    done, most = threading.Event(), [0.0]

    def watch() -> None:
        while not done.wait(LOOK_SECONDS):
            most[0] = max(most[0], _resident_mb(group))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        done.set()
        thread.join()


def _resident_mb(group: int) -> float:
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True).stdout
    sizes = (line.split() for line in listed.splitlines())
    return sum(int(kilobytes) for leader, kilobytes in sizes if int(leader) == group) / 1024


def work_of(history: WorkflowHistory) -> Iterator[Work]:
    """Every activity that was completed, in the order of completion."""
    events = {event.event_id: event for event in history.events}
    for event in history.events:
        if event.HasField("activity_task_completed_event_attributes"):
            ended = event.activity_task_completed_event_attributes
            yield _work(events[ended.scheduled_event_id], events[ended.started_event_id], event)


def _work(scheduled: HistoryEvent, started: HistoryEvent, ended: HistoryEvent) -> Work:
    attributes = scheduled.activity_task_scheduled_event_attributes
    terms: dict[str, Any] = json.loads(attributes.input.payloads[0].data)
    return Work(
        activity=attributes.activity_type.name,
        subject=str(terms.get("subject") or terms.get("source") or terms.get("system_id") or ""),
        span=str(terms.get("span", "")),
        as_of=datetime.fromisoformat(terms["as_of"]) if "as_of" in terms else None,
        started=_moment(started),
        ended=_moment(ended),
    )


def _moment(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(UTC)


def _seconds_between(first: HistoryEvent, last: HistoryEvent) -> float:
    return (_moment(last) - _moment(first)).total_seconds()


def busy_seconds(work: Iterable[Work]) -> float:
    """Time during which at least one activity ran: what the day would take if deciding cost nothing."""
    busy, until = 0.0, datetime.min.replace(tzinfo=UTC)
    for item in sorted(work, key=lambda item: item.started):
        busy += max(0.0, (item.ended - max(item.started, until)).total_seconds())
        until = max(until, item.ended)
    return busy


def with_lines(work: Sequence[Work]) -> list[Work]:
    """Phases 3 to 5 for all games at once: what ran when the lines came."""
    began = min(item.started for item in work if item.activity == Activity.TRANSFORM and item.as_of == LINES_CAME)
    systems = [item.ended for item in work if item.activity == Activity.PREDICT and item.as_of == LINES_CAME]
    stored = [item for item in work if item.activity == Activity.STORE_PREDICTIONS and item.ended > max(systems)]
    ended = stored[0].ended
    return [item for item in work if item.activity in PHASES_3_TO_5 and began <= item.started <= ended]


def tell(days: Sequence[Measured], console: Console) -> None:
    """The figures of the days side by side."""
    console.print(_table("the day", days, _day_figures))
    console.print(_table("phases 3 to 5 for the 12 games, when the lines came, seconds", days, _phase_figures))
    console.print(_table("history, once a day, seconds", days, _history_figures))
    console.print(_table("all activities of the day: times run, seconds together", days, _activity_figures))


def _table(title: str, days: Sequence[Measured], figures: Callable[[Measured], Mapping[str, str]]) -> Table:
    told = [figures(day) for day in days]
    table = Table("", *(day.title for day in days), title=title, title_justify="left")
    for name in dict.fromkeys(name for column in told for name in column):
        table.add_row(name, *(column.get(name, "–") for column in told))
    return table


def _day_figures(day: Measured) -> dict[str, str]:
    busy, summed = busy_seconds(day.day), sum(item.seconds for item in day.day)
    return {
        **{f"{name}, s": f"{seconds:.1f}" for name, seconds in day.stages.seconds.items()},
        "wall time of the run, s": f"{day.wall_seconds:.2f}",
        "baseline: its activities, one after the other, s": f"{summed:.2f}",
        "at least one activity at work, s": f"{busy:.2f}",
        "share of orchestration": f"{1 - busy / day.wall_seconds:.0%}",
        "activities": str(len(day.day)),
        "orchestration an activity, ms": f"{(day.wall_seconds - busy) / len(day.day) * 1000:.0f}",
        **{f"most memory of the worker {when}, MB": f"{size:.0f}" for when, size in day.memory_mb.items()},
    }


def _phase_figures(day: Measured) -> dict[str, str]:
    work = with_lines(day.day)
    whole = (max(item.ended for item in work) - min(item.started for item in work)).total_seconds()
    return {
        **{f"{item.activity} {item.subject}".strip(): f"{item.seconds:.2f}" for item in work},
        "from first to last": f"{whole:.2f}",
    }


def _history_figures(day: Measured) -> dict[str, str]:
    return {
        f"{item.activity} {item.subject}": f"{item.seconds:.2f}"
        for item in day.day
        if item.span == "history" or item.subject.endswith("_history")
    }


def _activity_figures(day: Measured) -> dict[str, str]:
    together: dict[str, list[float]] = defaultdict(list)
    for item in day.day:
        together[item.activity].append(item.seconds)
    return {name: f"{len(times)} × · {sum(times):.2f}" for name, times in sorted(together.items())}


async def run(console: Console) -> list[str]:
    """Replay, measure, tell; what came out is which sources did not bring what they were measured by."""
    with tempfile.TemporaryDirectory(prefix="tipoff-bench-") as folder:
        root, sample = Path(folder), Archive(PROJECT / "sample")
        slate = await measure_slate(sample, DAY, root / "slate")
        console.print(slate_table(slate, "one slate, every source once, seconds"))
        console.print(beside_limit("fetching and processing the slate", together(slate), SLATE_SECONDS))
        wrong = not_ok(slate)
        days = [await measure("one season", ReplayConfig(DAY, PROJECT / "sample", root / "one"), console)]
        if SHARED_DATA.is_dir():
            started = time.monotonic()
            archive = root / "archive"
            imported = import_folder(SHARED_DATA)
            write_archive(archive, imported.frames, source="import", missing=imported.missing)
            console.print(f"archive of all seasons imported in {time.monotonic() - started:.1f} s")
            season = await measure_season(Archive(archive), DAY, root / "season")
            told = f"a whole season's game log, {season.rows:,} rows, fetched in {season.fetching:.1f} s"
            console.print(beside_limit(f"{told}, read in", season.processing, SEASON_SECONDS))
            wrong += not_ok([season])
            settings = (("TIPOFF_HISTORY_SEASONS", str(SEASONS)),)
            scene = ReplayConfig(DAY, archive, root / "four", settings=settings)
            days.append(await measure(f"{SEASONS} seasons", scene, console))
        else:
            console.print(f"{SEASONS} seasons are not measured: there is no folder of past seasons beside the project")
        tell(days, console)
    for line in wrong:
        console.print(f"wrong: {line}")
    return wrong


def main() -> int:
    """0 when all was measured, 1 when a part could not be had or a source did not bring all, 130 after Ctrl-C."""
    try:
        wrong = asyncio.run(run(Console(highlight=False)))
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    exit_now(main())
