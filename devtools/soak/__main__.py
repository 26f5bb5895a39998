"""`make soak SEED=1`: a virtual fortnight through one warehouse, in which everything around the worker fails at random.

Providers fail, worker and server are killed every few virtual hours, the network between them is cut, delayed and
dropped, and the disk is full once. After every day the invariants are checked. The same seed draws the same plan. No
process is killed on the last dates, so that the memory of one worker can be followed.

With DAYS_AT_ONCE=10 so many days run at the same time instead, without faults; time and memory are measured.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from devtools.drill import DisturbedReplay, drill_exit_code, from_day_before, morning_of, no_output, prepare
from devtools.drill_worker import DisturbancePlan
from devtools.shared_data import archive_from
from devtools.soak.invariants import Invariants
from devtools.soak.network_proxy import NetworkProxy
from devtools.soak.plan import SoakPlan, soak_plan
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.process_exit import exit_now
from runtime.replay import DayHandle, Replay, start_replay
from tipoff.errors import BadInputError
from tipoff.replay.archive import Archive
from tipoff.vocabulary import DayStatus, RunState, clock_time, counted
from workflows.contracts import ClockSpec, CommandName, DayResult, OperatorCommand
from workflows.daily_pipeline import DailyPipelineWorkflow

FIRST_DATE: Final = date(2024, 3, 14)
"""With the 13 dates after it, real lines of ten books."""
DAY_TIMEOUT_SECONDS: Final = 1800.0
SECONDS_PER_HOUR_OF_FULL_DISK: Final = 5.0
"""The pace on the date of the full disk: an operator needs time to act before predictions are due."""
MOST_MEGABYTES_A_DAY: Final = 25.0
"""Slope of the worker's memory on the last dates; one day needs about 1 GB."""
SAMPLE_SECONDS: Final = 1.0
SETTINGS: Final = {"request_seconds": "3", "body_cap_bytes": str(16 * 1024 * 1024)}
_MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class Options:
    """The variables of `make soak`."""

    seed: int
    dates: tuple[date, ...]
    archive: Path
    days_at_once: int


def options_from(environ: Mapping[str, str]) -> Options:
    """Read the variables. Raises BadInputError, which names the wrong one."""
    at_once = _whole(environ, "DAYS_AT_ONCE", 0, least=0)
    days = at_once or _whole(environ, "DAYS", 14, least=1)
    first = environ.get("FROM") or FIRST_DATE.isoformat()
    try:
        dates = tuple(date.fromisoformat(first) + timedelta(days=number) for number in range(days))
    except (OverflowError, ValueError):
        raise BadInputError(f"FROM={first}: give a date such as {FIRST_DATE}") from None
    return Options(
        _whole(environ, "SEED", 1, least=0), dates, archive_from(environ, PROJECT / "var" / "soak" / "archive"), at_once
    )


def _whole(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    given = environ.get(name) or str(default)
    if not given.isdecimal() or int(given) < least:
        raise BadInputError(f"{name}={given}: give a whole number from {least} on")
    return int(given)


@dataclass(frozen=True)
class Day:
    """A date of the soak."""

    result: DayResult
    disturbances: int
    recovery_seconds: tuple[float, ...]
    wall_seconds: float
    worker_bytes: int
    server_bytes: int
    problems: tuple[str, ...]


def slates_of(archive: Path, dates: Sequence[date]) -> dict[date, list[str]]:
    """The games of each date. Raises BadInputError if the archive has no game on any of them."""
    games = Archive(archive).games
    slates = {
        day: [f"{away}@{home}" for away, home in games.filter(game_date=day).select("away", "home").iter_rows()]
        for day in dates
    }
    if not any(slates.values()):
        raise BadInputError(f"the archive {archive} has no game from {dates[0]} to {dates[-1]}; set FROM or ARCHIVE")
    return slates


class Soak:
    """Runs the days of a plan, one after the other, in a disturbed replay."""

    def __init__(self, running: Replay, disturbed: DisturbedReplay, plan: SoakPlan, archive: Archive) -> None:
        self._running, self._disturbed, self._plan = running, disturbed, plan
        self._invariants = invariants_of(running, archive)

    async def run_day(self, day: date) -> Day:
        """Run a date to its end and check the invariants."""
        done, recovered, started = len(self._disturbed.done), len(self._disturbed.recoveries), time.monotonic()
        replay = self._running.for_date(day)
        handle = await replay.start_day(self._clock(day))
        operator = asyncio.create_task(retry_parked_steps(handle)) if day == self._plan.full_disk else None
        try:
            await self._disturbed.follow(handle)
        finally:
            if operator:
                operator.cancel()
        result, status = await outcome_of(handle)
        wall_seconds = time.monotonic() - started
        problems = await asyncio.to_thread(self._invariants.problems, result, status)
        recoveries = self._disturbed.recoveries[recovered:]
        return Day(
            result=result,
            disturbances=len(self._disturbed.done) - done,
            recovery_seconds=tuple(recovery.seconds for recovery in recoveries),
            wall_seconds=wall_seconds,
            worker_bytes=memory_of(self._running, "worker"),
            server_bytes=memory_of(self._running, "temporal"),
            problems=tuple(problems),
        )

    def _clock(self, day: date) -> ClockSpec:
        pace = SECONDS_PER_HOUR_OF_FULL_DISK if day == self._plan.full_disk else 0.0
        return morning_of(day).model_copy(update={"seconds_per_hour": pace})


def invariants_of(running: Replay, archive: Archive) -> Invariants:
    """The invariants of a replay's stores."""
    out, warehouse = running.config.out, running.settings()["TIPOFF_WAREHOUSE"].removeprefix("duckdb:///")
    return Invariants(archive, Path(warehouse), out / "landing", out / "exports")


async def outcome_of(handle: DayHandle) -> tuple[DayResult, DayStatus]:
    """The result and the status of a day that has ended."""
    return await wait_for_result(handle), await handle.query(DailyPipelineWorkflow.status)


async def retry_parked_steps(handle: DayHandle) -> None:
    """Retry what is parked, as an operator does once the disk has room; never returns."""
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        try:
            status = await handle.query(DailyPipelineWorkflow.status)
            for item in status.attention:
                command = OperatorCommand(
                    name=CommandName.RETRY_STEP, target=item.step, who="soak", why="the disk has room again"
                )
                await handle.execute_update(DailyPipelineWorkflow.retry_step, command)
        except (RPCError, WorkflowQueryFailedError, WorkflowUpdateFailedError):
            """No worker or server answers now, or the step goes on by itself."""


def memory_of(running: Replay, name: str) -> int:
    """Resident bytes of a process of a replay."""
    return int(psutil.Process(running.processes.children[name].pid).memory_info().rss)


async def run(options: Options, root: Path, console: Console) -> bool:
    """Run the soak; whether all invariants held."""
    slates = slates_of(options.archive, options.dates)
    first = options.dates[0]
    await prepare(options.archive, root / "before", first)
    plan = soak_plan(options.seed, slates)
    faults = () if options.days_at_once else plan.faults
    config = from_day_before(
        options.archive, root / "before", root / "soak", day=first, faults=faults, settings=SETTINGS
    )
    async with start_replay(config, no_output()) as running:
        if options.days_at_once:
            return await run_at_once(running, options, console)
        return await run_in_turn(running, options, plan, console)


async def run_in_turn(running: Replay, options: Options, plan: SoakPlan, console: Console) -> bool:
    """Run the dates one after the other with all disturbances of the plan; whether all invariants held."""
    drawn = f"{counted(len(plan.faults), 'fault')} of providers, {counted(len(plan.disturbances), 'disturbance')}"
    first, last = options.dates[0], options.dates[-1]
    console.print(f"SEED={options.seed}, {first} to {last}: {drawn}, full disk on {plan.full_disk}")
    async with NetworkProxy(int(running.server.address.rpartition(":")[2])) as proxy:
        variables = {"TEMPORAL_ADDRESS": proxy.address}
        disturbed = DisturbedReplay(running, running.config.out, DAY_TIMEOUT_SECONDS, variables, proxy.disturb)
        disturbed.begin(DisturbancePlan(disturbances=plan.disturbances))
        soak, days = Soak(running, disturbed, plan, Archive(options.archive)), []
        for day in options.dates:
            days.append(await soak.run_day(day))
            print_day(days[-1], console)
    return print_summary(days, plan, options, console)


def print_day(day: Day, console: Console) -> None:
    """Print how a day ended, and the invariants that do not hold."""
    result = day.result
    published = clock_time(result.first_published_at, result.game_date) if result.first_published_at else "none"
    ended = f"{result.state} {result.data_quality}".lower()
    counts = f"{counted(len(result.degradations), 'degradation')}, {counted(day.disturbances, 'disturbance')}"
    worker, server = (f"{size / _MEGABYTE:,.0f} MB" for size in (day.worker_bytes, day.server_bytes))
    console.print(
        f"{result.game_date}  {ended:<18}{counted(result.games, 'game'):>9}, predictions {published}, {counts}, "
        f"worker {worker}, server {server}, {day.wall_seconds:.0f} s"
    )
    for problem in day.problems:
        console.print(f"  FAIL {problem}", markup=False, soft_wrap=True)


def print_summary(days: Sequence[Day], plan: SoakPlan, options: Options, console: Console) -> bool:
    """Print totals, recoveries and the slope of the memory; whether all is well."""
    recoveries = [seconds for day in days for seconds in day.recovery_seconds]
    calm = [day.worker_bytes / _MEGABYTE for day in days if day.result.game_date in plan.calm]
    slope = slope_of(calm)
    is_flat = slope is None or slope <= MOST_MEGABYTES_A_DAY
    table = Table("", "", show_header=False, title=f"SEED={options.seed}", title_justify="left")
    table.add_row("days without a problem", f"{sum(not day.problems for day in days)} of {len(days)}")
    table.add_row("games", str(sum(day.result.games for day in days)))
    table.add_row("disturbances done", f"{sum(day.disturbances for day in days)} of {len(plan.disturbances)}")
    median = f"{statistics.median(recoveries):.1f} s" if recoveries else "none"
    table.add_row("kills, median from restart to progress", f"{len(recoveries)}, {median}")
    memory = "too few dates" if slope is None else f"{slope:+.1f} MB a day (at most {MOST_MEGABYTES_A_DAY:g})"
    table.add_row("memory of the worker on the last dates", memory)
    table.add_row("wall time", f"{sum(day.wall_seconds for day in days):.0f} s")
    is_well = is_flat and not any(day.problems for day in days)
    table.add_row("", "PASS" if is_well else "FAIL")
    console.print(table)
    return is_well


def slope_of(values: Sequence[float]) -> float | None:
    """The slope of a straight line through values at equal distances; None for fewer than three."""
    if len(values) < 3:
        return None
    return statistics.linear_regression(range(len(values)), values).slope


async def run_at_once(running: Replay, options: Options, console: Console) -> bool:
    """Run all dates at the same time; print time, the highest memory and problems."""
    peaks = dict.fromkeys(("worker", "temporal"), 0)

    async def watch() -> None:
        while True:
            for name, peak in peaks.items():
                peaks[name] = max(peak, memory_of(running, name))
            await asyncio.sleep(SAMPLE_SECONDS)

    started, watching = time.monotonic(), asyncio.create_task(watch())
    handles = [await running.for_date(day).start_day(morning_of(day)) for day in options.dates]
    results = [await outcome_of(handle) for handle in handles]
    seconds = time.monotonic() - started
    watching.cancel()
    problems = [
        f"{result.game_date} ended {result.state}: {status.sentence}"
        for result, status in results
        if result.state is not RunState.COMPLETE
    ]
    games = sum(result.games for result, _ in results)
    console.print(
        f"{counted(len(results), 'day')} at once, {counted(games, 'game')}: {seconds:.0f} s, "
        f"worker at most {peaks['worker'] / _MEGABYTE:,.0f} MB, server at most {peaks['temporal'] / _MEGABYTE:,.0f} MB"
    )
    for problem in problems:
        console.print(f"  FAIL {problem}", markup=False, soft_wrap=True)
    return not problems


def drill_from_environment(folder: Path) -> bool:
    """Run the dates of the variables; True if all invariants held."""
    return asyncio.run(run(options_from(os.environ), folder, Console(width=200, highlight=False)))


if __name__ == "__main__":
    exit_now(drill_exit_code("soak", drill_from_environment))
