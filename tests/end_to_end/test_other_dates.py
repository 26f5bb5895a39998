"""Unusual dates, all at once on one worker: a noon game, a clock change, no games, no season."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.checked_pages import checked_pages
from tests.support.replays import ReplayedDay, run_day, running_replay
from tests.support.validated_exports import validated_exports
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import DataQuality, RunState, eastern

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CHRISTMAS = date(2023, 12, 25)
SPRING_FORWARD = date(2024, 3, 10)
ALL_STAR_BREAK = date(2024, 2, 19)
SUMMER = date(2024, 7, 20)
FAR_FUTURE = date(2034, 1, 15)
WITHOUT_GAMES = (ALL_STAR_BREAK, SUMMER)

Days = Mapping[date, ReplayedDay]


@pytest.fixture(scope="module")
def days(temporal_binary: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Each date runs in its own virtual time; the models were trained on later games."""
    return asyncio.run(_days(tmp_path_factory.mktemp("dates"), temporal_binary, models))


async def _days(out: Path, binary: Path, models: Path) -> Days:
    dates = (CHRISTMAS, SPRING_FORWARD, *WITHOUT_GAMES, FAR_FUTURE)
    async with running_replay(out, binary, models=models) as running:
        replayed = await asyncio.gather(*(run_day(running.for_date(game_date)) for game_date in dates))
    return dict(zip(dates, replayed, strict=True))


def test_a_noon_game_is_predicted_two_hours_before_tip_off(days: Days) -> None:
    christmas = days[CHRISTMAS].result
    assert christmas.games == 5
    assert christmas.first_published_at is not None
    assert christmas.first_published_at <= eastern(CHRISTMAS, 12) - timedelta(hours=2)


def test_the_day_of_a_clock_change_keeps_eastern_time(days: Days) -> None:
    day = days[SPRING_FORWARD]
    assert day.result.state is RunState.COMPLETE
    assert day.result.first_published_at is not None
    assert day.result.first_published_at <= datetime(2024, 3, 10, 17, 30, tzinfo=UTC), "13:30 in summer time"
    assert min(each.as_of for each in day.scheduled_activities if each.as_of) == datetime(2024, 3, 10, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("game_date", [CHRISTMAS, SPRING_FORWARD])
def test_a_model_trained_on_later_games_is_not_used(days: Days, game_date: date) -> None:
    day = days[game_date]
    (degraded,) = (item for item in day.result.degradations if item.step == "catboost_v8")
    assert "(1 champion trained on games of that date or later, or for later dates)" in degraded.reason
    assert "the other systems' predictions are published" in degraded.reason
    assert set(day.summary["systems"]) == {*SYSTEMS} - {"catboost_v8", "xgboost_v1"}


@pytest.mark.parametrize("game_date", [CHRISTMAS, SPRING_FORWARD])
def test_every_prediction_of_a_past_date_is_graded(days: Days, game_date: date) -> None:
    figures = days[game_date].summary["systems"]["moving_average"]["model"]
    assert figures["predictions"] == sum(figures["outcomes"].values()) > 30
    assert figures["outcomes"]["no_line"] + figures["outcomes"]["void"] == figures["predictions"]


@pytest.mark.parametrize("game_date", WITHOUT_GAMES)
def test_a_date_without_games_ends_complete_and_empty(days: Days, game_date: date) -> None:
    day = days[game_date]
    assert (day.result.state, day.result.data_quality) == (RunState.COMPLETE, DataQuality.EMPTY)
    assert (day.result.games, day.result.attention, day.result.degradations) == (0, (), ())
    export = day.export(f"predictions/{game_date}.json")
    assert (export["status"], export["games"], export["players"]) == ("empty", [], [])
    assert day.summary["history_events"] < 100


def test_a_date_whose_season_has_no_schedule_ends_failed(days: Days) -> None:
    result = days[FAR_FUTURE].result
    assert (result.state, result.games, result.first_published_at) == (RunState.FAILED, 0, None)
    (parked,) = result.attention
    assert parked.step == "nbac_schedule"
    assert "the schedule of 2033-34 has no games" in parked.reason


@pytest.mark.parametrize("game_date", [CHRISTMAS, *WITHOUT_GAMES, FAR_FUTURE])
def test_every_export_has_its_schema_and_no_page_a_dead_link(days: Days, game_date: date) -> None:
    assert validated_exports(days[game_date].export_folder) >= {"status"}
    assert checked_pages(days[game_date].export_folder)


def test_pointers_name_the_latest_published_date(days: Days) -> None:
    """Even if another of the simultaneous days was published last."""
    pointer = days[SUMMER].out / "exports" / "v1" / "predictions" / "today.json"
    assert json.loads(pointer.read_text())["game_date"] == SUMMER.isoformat()
