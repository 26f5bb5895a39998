"""Every date of the calendar is planned from the schedule as the league lists it on that morning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest

from tipoff.plan import plan_day, plan_slate
from tipoff.replay.archive import Archive
from tipoff.replay.shapes.nba_schedule import schedule
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView
from tipoff.sources.base import ReadContext, Response, Row, Slate
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.sources.schedule import Schedule, slate_games
from tipoff.vocabulary import DayPlan, Outcome, SlateGame, eastern, step_names

SCHEDULE = SOURCES[step_names.SCHEDULE]
KINDS = {date(2023, 10, 26): "001", date(2023, 11, 9): "006", date(2023, 11, 16): "005", date(2024, 2, 11): "004"}
"""Dates of two games each, which get the ids of preseason, Cup final, play-in and playoffs."""
LATEST = timedelta(hours=13, minutes=30)
BEFORE_TIP = timedelta(hours=2)


@pytest.fixture(scope="module")
def season(altered: Callable[..., Archive], archive: Archive) -> Archive:
    """The sample's season with games of every kind."""
    kind = pl.col("game_date").replace_strict(KINDS, default=pl.col("game_id").str.slice(0, 3))
    return altered(games=archive.games.with_columns(game_id=kind + pl.col("game_id").str.slice(3)))


def listed(archive: ArchiveIndex, game_date: date) -> tuple[Outcome, Sequence[Row]]:
    """What the schedule says at 5:00 of a date, and its rows."""
    as_of, slate = eastern(game_date, 5), Slate(game_date=game_date)
    sent = schedule(ArchiveView(archive, as_of), {})
    response = Response(status=sent.status, headers={}, body=sent.body, url="https://cdn.nba.com/s", fetched_at=as_of)
    public, _ = SCHEDULE.requests(slate, as_of, {})
    rows = SCHEDULE.read(response, ReadContext(slate=slate, as_of=as_of)).rows
    return SCHEDULE.judge(public, response, slate).outcome, rows


def planned(game_date: date, games: tuple[SlateGame, ...]) -> DayPlan:
    """The plan of a date, checked: a slate is predicted in time, and a date without games polls nothing."""
    assert [step.name for step in plan_slate(game_date, SOURCES).steps] == [step_names.SCHEDULE]
    plan = plan_day(game_date, games, SOURCES)
    if not games:
        assert not any(step.cadence or step.poll_times for step in plan.steps), game_date
        assert all(step.opens_at <= eastern(game_date, 5) for step in plan.steps), game_date
        return plan
    first_tip = min(game.tip_off for game in games if game.tip_off)
    assert plan.predictions_due == min(eastern(game_date, 13, 30), first_tip - BEFORE_TIP), game_date
    assert plan.ends_at == eastern(game_date + timedelta(days=1), 10), game_date
    return plan


@pytest.mark.parametrize("game_date", KINDS)
def test_only_games_that_count_are_on_the_slate(season: Archive, game_date: date) -> None:
    """Preseason and All-Star games are not predicted; play-in, playoffs and the Cup final are."""
    outcome, rows = listed(ArchiveIndex(season), game_date)
    games = slate_games(rows, game_date)
    assert outcome is Outcome.OK
    assert len(games) == (0 if KINDS[game_date] == "001" else 2)
    assert {game.game_id[:3] for game in games} <= {KINDS[game_date]}
    planned(game_date, games)


@pytest.mark.parametrize(
    ("game_date", "outcome", "number"),
    [
        (date(2023, 10, 23), Outcome.OK, 0),  # the day before the season
        (date(2023, 10, 24), Outcome.OK, 2),  # its first day
        (date(2023, 12, 25), Outcome.OK, 5),
        (date(2024, 2, 16), Outcome.OK, 0),  # the All-Star break
        (date(2024, 2, 18), Outcome.OK, 0),
        (date(2024, 3, 10), Outcome.OK, 9),  # the clocks are changed
        (date(2024, 7, 1), Outcome.EMPTY_OK, 0),
        (date(2024, 9, 30), Outcome.EMPTY_OK, 0),
    ],
)
def test_a_date_has_the_games_that_are_listed(archive: Archive, game_date: date, outcome: Outcome, number: int) -> None:
    said, rows = listed(ArchiveIndex(archive), game_date)
    games = slate_games(rows, game_date)
    assert (said, len(games)) == (outcome, number)
    planned(game_date, games)


def test_on_1_july_the_schedule_of_the_season_before_is_no_stale_one(archive: Archive) -> None:
    """The provider keeps it until the next season's is published in August."""
    slate, july = Slate(game_date=date(2024, 7, 1)), eastern(date(2024, 7, 1), 5)
    sent = schedule(ArchiveView(ArchiveIndex(archive), july), {"Season": "2023-24"})
    response = Response(status=200, headers={}, body=sent.body, url="https://cdn.nba.com/s", fetched_at=july)
    judgement = Schedule().judge(Schedule().requests(slate, july, {})[0], response, slate)
    assert OUTCOME_POLICIES[judgement.outcome].usable


@pytest.mark.long
@pytest.mark.data
@pytest.mark.xdist_group("real_seasons")
def test_every_date_of_four_seasons_is_planned(real_archive: Archive) -> None:
    """By the schedule of the first of its month, which lists all games of the season."""
    index = ArchiveIndex(real_archive)
    games = Counter(real_archive.games["game_date"])
    months = [date(2021 + (number + 6) // 12, (number + 6) % 12 + 1, 1) for number in range(4 * 12 + 1)]
    outcomes: set[Outcome] = set()
    for month, following in pairwise(months):
        outcome, rows = listed(index, month)
        outcomes.add(outcome)
        for game_date in (month + timedelta(days=day) for day in range((following - month).days)):
            slate = slate_games(rows, game_date)
            assert len(slate) == games[game_date], game_date
            planned(game_date, slate)
    assert outcomes == {Outcome.OK}
    assert (months[0], months[-1], games.total()) == (date(2021, 7, 1), date(2025, 7, 1), 4 * 1230)
