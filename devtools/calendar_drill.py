"""`make calendar-drill`: replays ten dates of a season's calendar, one after the other through one warehouse.

An archive has regular games only; Cup final, play-in and playoffs are played as the last regular game of the same teams
was. Before each date the weekly training is requested; on the next morning the watchdog looks at it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from activities.observing import observe
from activities.resources import Resources
from devtools.drill import drill_exit_code, morning_of, no_output
from devtools.moved_facts import AddedGame, write_with_games
from devtools.shared_data import archive_from
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.process_exit import exit_now
from runtime.replay import Replay, ReplayConfig, start_replay
from tipoff.replay.archive import Archive
from tipoff.settings import load_settings
from tipoff.vocabulary import DataQuality, Finding, RunState, counted, eastern
from tipoff.watchdog.diagnosis import diagnose
from workflows.contracts import DayResult, Queue, TrainingInput, TrainingResult, training_workflow_id
from workflows.training import TrainingWorkflow

SEASON: Final = "2023-24"
TWO_SEASONS: Final = (("TIPOFF_HISTORY_SEASONS", "2"),)
"""On the first day of a season, everything that is known is of the season before."""
DAY_TIMEOUT_SECONDS: Final = 900.0
EMPTY_DAY_SECONDS: Final = 20.0
"""How long a date without games may take on a loaded machine."""

ADDED: Final = (
    AddedGame("0062300001", date(2023, 12, 9), "LAL", "IND"),
    AddedGame("0052300111", date(2024, 4, 16), "LAL", "NOP"),
    AddedGame("0052300131", date(2024, 4, 16), "GSW", "SAC"),
    AddedGame("0042300101", date(2024, 4, 20), "ORL", "CLE"),
    AddedGame("0042300111", date(2024, 4, 20), "PHI", "NYK"),
    AddedGame("0042300161", date(2024, 4, 20), "PHX", "MIN"),
    AddedGame("0042300171", date(2024, 4, 20), "LAL", "DEN"),
    AddedGame("0042300405", date(2024, 6, 17), "DAL", "BOS"),
)


class CalendarDate(NamedTuple):
    """A date of the calendar, and how many games it has."""

    game_date: date
    what: str
    games: int


DATES: Final = (
    CalendarDate(date(2023, 10, 23), "the day before the season", 0),
    CalendarDate(date(2023, 10, 24), "opening day", 2),
    CalendarDate(date(2023, 12, 9), "Cup final", 1),
    CalendarDate(date(2023, 12, 25), "Christmas, from noon on", 5),
    CalendarDate(date(2024, 2, 16), "All-Star break", 0),
    CalendarDate(date(2024, 4, 15), "between season and play-in", 0),
    CalendarDate(date(2024, 4, 16), "play-in", 2),
    CalendarDate(date(2024, 4, 20), "first day of the playoffs", 4),
    CalendarDate(date(2024, 6, 17), "last game of the playoffs", 1),
    CalendarDate(date(2024, 7, 1), "a new season without a schedule", 0),
)


@dataclass(frozen=True)
class Replayed:
    """A date that was replayed."""

    expected: CalendarDate
    result: DayResult
    predictions: int
    graded: int
    training: str
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def problems(self) -> Iterator[str]:
        """What should be otherwise."""
        is_empty = not self.expected.games
        if self.result.games != self.expected.games:
            yield f"{counted(self.result.games, 'game')} instead of {self.expected.games}"
        if self.result.state is not RunState.COMPLETE or self.result.attention:
            yield f"it ended {self.result.state}"
        if (self.result.data_quality is DataQuality.EMPTY) != is_empty:
            yield f"its data are {self.result.data_quality}"
        if is_empty and self.seconds > EMPTY_DAY_SECONDS:
            yield f"it took {self.seconds:.0f} s"
        if self.graded != self.predictions or bool(self.predictions) == is_empty:
            yield f"{counted(self.predictions, 'prediction')}, {self.graded} graded"
        yield from (finding.summary for finding in self.findings)


async def replay(running: Replay, expected: CalendarDate) -> Replayed:
    """Request the training of a date, run the date, and look at it as the watchdog does on the next morning."""
    day = running.for_date(expected.game_date)
    training = await _train_if_due(day)
    started = time.monotonic()
    handle = await day.start_day(morning_of(expected.game_date))
    async with asyncio.timeout(DAY_TIMEOUT_SECONDS):
        result = await wait_for_result(handle)
    seconds = time.monotonic() - started
    predictions, graded = _counts(result)
    findings = await findings_of_next_morning(day)
    return Replayed(expected, result, predictions, graded, training, findings, seconds)


async def _train_if_due(day: Replay) -> str:
    """What the weekly training did."""
    game_date = day.config.game_date
    request = TrainingInput(before=game_date, as_of=eastern(game_date, 5), only_if_due=True)
    trained: TrainingResult = await day.client.execute_workflow(
        TrainingWorkflow.run, request, id=training_workflow_id(game_date), task_queue=Queue.DAY
    )
    if trained.skipped:
        return f"not due: {trained.skipped}"
    return f"{counted(len(trained.systems), 'system')} on {counted(trained.systems[0].rows, 'row')}"


def _counts(result: DayResult) -> tuple[int, int]:
    """The predictions and the grades of a day."""
    graded = sum(count for name, count in result.counts.items() if name.startswith("graded:"))
    return result.counts.get("predictions", 0), graded


async def findings_of_next_morning(day: Replay) -> tuple[Finding, ...]:
    """What the watchdog finds on the next morning about the date and the models; the date after it has no run yet."""
    game_date = day.config.game_date
    morning = eastern(game_date + timedelta(days=1), 9, 30)
    resources = Resources(load_settings(Path(os.devnull), day.settings()), now=lambda: datetime.now(UTC))
    findings = diagnose(await observe(day.client, resources, morning))
    return tuple(each for each in findings if each.game_date == game_date or each.key == "training")


def print_table(days: Sequence[Replayed], console: Console) -> bool:
    """Print a row for each date; whether all ended as they must."""
    columns = ("date", "", "games", "ended", "predictions", "graded", "weekly training", "watchdog", "s", "")
    table = Table(*columns, title="Ten dates of the calendar", title_justify="left")
    for each in days:
        table.add_row(
            str(each.expected.game_date),
            each.expected.what,
            str(each.result.games),
            f"{each.result.state}, {each.result.data_quality}".lower(),
            f"{each.predictions:,}",
            f"{each.graded:,}",
            each.training,
            counted(len(each.findings), "finding") if each.findings else "quiet",
            f"{each.seconds:.0f}",
            "FAIL" if any(each.problems) else "PASS",
        )
    console.print(table)
    for each in days:
        for problem in each.problems:
            console.print(f"FAIL {each.expected.game_date}: {problem}", markup=False, soft_wrap=True)
    return not any(problem for each in days for problem in each.problems)


async def run(archive: Path, root: Path, console: Console) -> bool:
    """Replay the dates in order; whether all ended as they must."""
    whole = write_with_games(root / "archive", Archive(archive), ADDED, SEASON)
    config = ReplayConfig(DATES[0].game_date, whole, root / "replay", settings=TWO_SEASONS)
    async with start_replay(config, no_output()) as running:
        await running.train()
        days = []
        for expected in DATES:
            days.append(await replay(running, expected))
            console.print(f"{expected.game_date} {expected.what}: {days[-1].seconds:.0f} s")
    return print_table(days, console)


def drill_from_environment(folder: Path) -> bool:
    """Replay the dates from the archive of the variable ARCHIVE."""
    archive = archive_from(os.environ, PROJECT / "var" / "calendar" / "archive")
    return asyncio.run(run(archive, folder, Console(width=200, highlight=False)))


if __name__ == "__main__":
    exit_now(drill_exit_code("calendar", drill_from_environment))
