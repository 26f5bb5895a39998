"""`make season-drill`: thirty game days through the schedules, with nobody there.

The schedules of a real server are applied, and for each date their own backfill call fires what they have for it:
training, the day, the morning check and retention. Each day runs in virtual time; the next date is fired when it has
ended. The schedule of the watchdog is left out, because a watchdog lives by the real clock: each morning its
diagnosis is asked for instead.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from temporalio.client import ScheduleBackfill, ScheduleCalendarSpec, ScheduleOverlapPolicy, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from devtools.calendar_drill import findings_of_next_morning
from devtools.drill import POLL_SECONDS, drill_exit_code, from_day_before, no_output, prepare
from devtools.shared_data import archive_from
from devtools.soak.__main__ import invariants_of, outcome_of
from runtime import PROJECT, schedules
from runtime.process_exit import exit_now
from runtime.replay import DayHandle, Replay, start_replay
from tipoff.errors import BadInputError, TipoffError
from tipoff.publishing.store import open_exports
from tipoff.replay.archive import Archive
from tipoff.service_levels import people_of, service_levels
from tipoff.vocabulary import DateServiceLevels, Finding, clock_time, counted, eastern
from tipoff.warehouse.backup import copy_warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.contracts import DayResult, day_workflow_id
from workflows.contracts.schedules import LauncherInput, ScheduleName, schedule_id
from workflows.launcher import launch_of

FIRST_DATE: Final = date(2024, 3, 14)
"""With the game days after it, real lines of ten books."""
FIRED: Final = (ScheduleName.TRAINING, ScheduleName.DAY, ScheduleName.MORNING_CHECK, ScheduleName.RETENTION)
"""In the order of a date: predictions need the newest models, and the rest looks at a day that has run."""
TIMEOUT_SECONDS: Final = 900.0
"""How long the run that a schedule starts may take on a loaded machine."""


@dataclass(frozen=True)
class Options:
    """The variables of `make season-drill`."""

    archive: Path
    first: date
    game_days: int


def options_from(environ: Mapping[str, str]) -> Options:
    """Read the variables. Raises BadInputError, which names the wrong one."""
    first, days = environ.get("FROM") or FIRST_DATE.isoformat(), environ.get("DAYS") or "30"
    if not days.isdecimal() or not int(days):
        raise BadInputError(f"DAYS={days}: give a whole number from 1 on")
    try:
        first_date = date.fromisoformat(first)
    except ValueError:
        raise BadInputError(f"FROM={first}: give a date such as {FIRST_DATE}") from None
    return Options(archive_from(environ, PROJECT / "var" / "season" / "archive"), first_date, int(days))


def dates_with(game_days: int, first: date, games_on: Mapping[date, int]) -> list[date]:
    """All dates from the first on, until so many have games. Raises BadInputError if too few have."""
    dates: list[date] = []
    last = max(games_on, default=first)
    while sum(day in games_on for day in dates) < game_days:
        day = first + timedelta(days=len(dates))
        if day > last:
            held = counted(sum(day in games_on for day in dates), "game day")
            raise BadInputError(
                f"the archive has {held} from {first} on, and {game_days} were asked for; set FROM or DAYS"
            )
        dates.append(day)
    return dates


def time_on(day: date, times: ScheduleCalendarSpec) -> datetime | None:
    """The time of a schedule that has at most one a day, in Eastern time; None if it has none on that date."""
    sunday_first = day.isoweekday() % 7
    on_weekday = any(each.start <= sunday_first <= (each.end or each.start) for each in times.day_of_week)
    in_month = any(each.start <= day.month <= (each.end or each.start) for each in times.month)
    return eastern(day, times.hour[0].start, times.minute[0].start) if on_weekday and in_month else None


@dataclass(frozen=True)
class ScheduledDate:
    """A date whose schedules were fired."""

    result: DayResult
    fired: tuple[ScheduleName, ...]
    predictions: int
    graded: int
    people: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float
    broken: tuple[str, ...]
    """Invariants that do not hold."""

    @property
    def problems(self) -> Iterator[str]:
        """What should be otherwise."""
        yield from self.broken
        if self.people:
            yield f"commands were given by {', '.join(self.people)}"
        if self.graded != self.predictions or bool(self.predictions) != bool(self.result.games):
            yield f"{counted(self.predictions, 'prediction')}, {self.graded} graded"
        yield from (finding.summary for finding in self.findings)


class Season:
    """Fires the schedules of one date after the other in a replay."""

    def __init__(self, running: Replay, archive: Archive) -> None:
        self._running = running
        self._invariants = invariants_of(running, archive)
        self._declared = {each.name: each for each in schedules.DECLARATIONS}

    async def begin(self) -> None:
        """Apply the schedules, and pause them: by the real clock nothing is due here."""
        replay = str(self._running.config.out)
        await schedules.apply(self._running.client, replay)
        for name in ScheduleName:
            await self._running.client.get_schedule_handle(schedule_id(name)).pause(note="fired by make season-drill")

    async def run_date(self, day: date) -> ScheduledDate:
        """Fire all that the schedules have for a date, and wait until it has ended."""
        started, fired = time.monotonic(), []
        for name in FIRED:
            if at := time_on(day, self._declared[name].times):
                await self._fire(name, at)
                fired.append(name)
        seconds = time.monotonic() - started
        handle: DayHandle = self._running.client.get_workflow_handle(day_workflow_id(day), result_type=DayResult)
        result, status = await outcome_of(handle)
        return ScheduledDate(
            result=result,
            fired=tuple(fired),
            predictions=result.counts.get("predictions", 0),
            graded=sum(count for name, count in result.counts.items() if name.startswith("graded:")),
            people=people_of(status),
            findings=await findings_of_next_morning(self._running.for_date(day)),
            seconds=seconds,
            broken=tuple(await asyncio.to_thread(self._invariants.problems, result, status)),
        )

    async def _fire(self, name: ScheduleName, at: datetime) -> None:
        """Let a schedule start its run of a past time, and wait until it has ended. Raises TipoffError."""
        client, moment = self._running.client, timedelta(seconds=1)
        backfill = ScheduleBackfill(at - moment, at + moment, ScheduleOverlapPolicy.ALLOW_ALL)
        await client.get_schedule_handle(schedule_id(name)).backfill(backfill)
        launcher = LauncherInput(schedule=name, latest=self._declared[name].catch_up)
        run = client.get_workflow_handle(launch_of(launcher, at).id)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._ended(run)
        except TimeoutError:
            raise TipoffError(f"{run.id} of the schedule {name} has not ended in {TIMEOUT_SECONDS:g} s") from None

    async def _ended(self, run: WorkflowHandle[Any, Any]) -> None:
        """Wait for the run of a launcher, which starts it in its own time. Raises WorkflowFailureError."""
        while True:
            self._running.check()
            try:
                await run.result()
                return
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.sleep(POLL_SECONDS)


def levels_of(running: Replay, dates: Sequence[date]) -> dict[date, DateServiceLevels]:
    """The service levels of the dates, from a copy of the warehouse, which the worker holds."""
    stores = running.settings()
    with tempfile.TemporaryDirectory(prefix="tipoff-season-") as folder:
        copy = Path(folder) / "copy.duckdb"
        copy_warehouse(Path(stores["TIPOFF_WAREHOUSE"].removeprefix("duckdb:///")), copy)
        warehouse = DuckDbWarehouse(copy)
        try:
            levels = service_levels(warehouse, open_exports(stores["TIPOFF_EXPORTS"]), dates[0], dates[-1])
        finally:
            warehouse.close()
    return {each.game_date: each for each in levels}


def print_table(days: Sequence[ScheduledDate], levels: Mapping[date, DateServiceLevels], console: Console) -> bool:
    """Print a row for each date; whether all ended without a person as they must."""
    columns = ("date", "games", "ended", "predictions", "graded", "published", "an hour before", "people", "s", "")
    table = Table(*columns, title="Fired by the schedules", title_justify="left")
    for each in days:
        result, level = each.result, levels.get(each.result.game_date)
        published = result.first_published_at
        table.add_row(
            str(result.game_date),
            str(result.games),
            f"{result.state}, {result.data_quality}".lower(),
            f"{each.predictions:,}",
            f"{each.graded:,}",
            clock_time(published, result.game_date) if published else "",
            f"{level.predicted_in_time} of {level.lined_players}" if level and level.lined_players else "",
            ", ".join(each.people) or "none",
            f"{each.seconds:.0f}",
            "FAIL" if any(each.problems) else "PASS",
        )
    console.print(table)
    for each in days:
        for problem in each.problems:
            console.print(f"FAIL {each.result.game_date}: {problem}", markup=False, soft_wrap=True)
    game_days = [each for each in days if each.result.games]
    well = sum(not any(each.problems) for each in days)
    console.print(
        f"{counted(len(game_days), 'game day')}, {counted(sum(each.result.games for each in days), 'game')}: "
        f"{well} of {counted(len(days), 'date')} passed, {sum(not each.people for each in days)} without a person"
    )
    return well == len(days)


async def run(options: Options, root: Path, console: Console) -> bool:
    """Fire the dates in order; whether all ended without a person as they must."""
    archive = Archive(options.archive)
    games_on = dict(archive.games.group_by("game_date").len().iter_rows())
    dates = dates_with(options.game_days, options.first, games_on)
    await prepare(options.archive, root / "before", options.first)
    config = from_day_before(options.archive, root / "before", root / "season", day=options.first)
    async with start_replay(config, no_output()) as running:
        season, days = Season(running, archive), []
        await season.begin()
        for day in dates:
            days.append(await season.run_date(day))
            fired = ", ".join(days[-1].fired)
            console.print(f"{day} {days[-1].result.state}: {fired}, {days[-1].seconds:.0f} s", soft_wrap=True)
        levels = await asyncio.to_thread(levels_of, running, dates)
    return print_table(days, levels, console)


def drill_from_environment(folder: Path) -> bool:
    """Fire the dates of the variables; True if all passed."""
    return asyncio.run(run(options_from(os.environ), folder, Console(width=200, highlight=False)))


if __name__ == "__main__":
    exit_now(drill_exit_code("season", drill_from_environment))
