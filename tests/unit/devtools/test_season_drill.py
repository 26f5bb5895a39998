"""Which dates the season drill runs, what their schedules have for them, and its verdict on a date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from devtools.season_drill import FIRED, ScheduledDate, dates_with, options_from, time_on
from runtime.schedules import DECLARATIONS
from tipoff.errors import BadInputError
from tipoff.vocabulary import DataQuality, RunState, eastern
from workflows.contracts import DayResult
from workflows.contracts.schedules import ScheduleName

TIMES = {each.name: each.times for each in DECLARATIONS}
MONDAY = date(2024, 3, 18)


def names_on(day: date) -> list[ScheduleName]:
    return [name for name in FIRED if time_on(day, TIMES[name])]


def test_each_date_has_what_its_weekday_and_month_ask_for() -> None:
    daily = [ScheduleName.DAY, ScheduleName.MORNING_CHECK]
    assert names_on(MONDAY) == daily
    assert names_on(MONDAY + timedelta(days=1)) == [ScheduleName.TRAINING, *daily]
    assert names_on(MONDAY + timedelta(days=2)) == [*daily, ScheduleName.RETENTION]
    assert names_on(date(2024, 7, 2)) == daily, "a Tuesday without games in its month"
    assert time_on(date(2024, 3, 10), TIMES[ScheduleName.DAY]) == eastern(date(2024, 3, 10), 5), "clocks change"


def test_dates_without_games_between_game_days_are_run_and_do_not_count() -> None:
    games_on = {MONDAY: 8, MONDAY + timedelta(days=2): 5}
    assert dates_with(2, MONDAY, games_on) == [MONDAY + timedelta(days=number) for number in range(3)]
    with pytest.raises(BadInputError, match="has 2 game days from 2024-03-18 on, and 3 were asked for"):
        dates_with(3, MONDAY, games_on)


@pytest.mark.parametrize(("name", "given"), [("DAYS", "0"), ("DAYS", "-3"), ("DAYS", "many"), ("FROM", "2024-02-30")])
def test_a_wrong_variable_is_named(name: str, given: str) -> None:
    with pytest.raises(BadInputError, match=f"^{name}={given}: "):
        options_from({"ARCHIVE": "sample", name: given})


@pytest.mark.parametrize(
    ("games", "predictions", "graded", "people", "problems"),
    [
        (8, 1_176, 1_176, (), []),
        (0, 0, 0, (), []),
        (8, 0, 0, (), ["0 predictions, 0 graded"]),
        (8, 1_176, 1_170, (), ["1,176 predictions, 1170 graded"]),
        (8, 1_176, 1_176, ("sam",), ["commands were given by sam"]),
    ],
)
def test_the_verdict(games: int, predictions: int, graded: int, people: tuple[str, ...], problems: list[str]) -> None:
    result = DayResult(
        game_date=MONDAY,
        state=RunState.COMPLETE,
        data_quality=DataQuality.COMPLETE,
        games=games,
        first_published_at=None,
        refreshed_at=(),
        counts={},
        degradations=(),
        attention=(),
    )
    day = ScheduledDate(result, tuple(FIRED), predictions, graded, people, (), 35.0, ())
    assert [*day.problems] == problems
