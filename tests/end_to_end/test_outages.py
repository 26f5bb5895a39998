"""A day without injury report from the morning on, and without odds all day: fallback sources are used and named."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.replays import ReplayedDay, at, replayed_day
from tipoff.vocabulary import RunState

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

INJURIES, PROPS, GAME_LINES = "nbac_injury_report", "odds_api_player_points_props", "odds_api_game_lines"
OUTAGES = "".join(
    f'[[fault]]\nsource = "{source}"\nkind = "access_denied"\n{since}\n'
    for source, since in (
        (INJURIES, "from = 2024-03-29T09:00:00"),
        *((source, "") for source in ("odds_api_events", GAME_LINES, PROPS)),
    )
)


@pytest.fixture(scope="module")
def day(temporal_binary: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> ReplayedDay:
    out = tmp_path_factory.mktemp("outages")
    return asyncio.run(replayed_day(out, temporal_binary, models=models, faults=OUTAGES))


def test_the_day_ends_complete_and_graded_with_predictions_in_time(day: ReplayedDay) -> None:
    assert (day.result.state, day.result.attention, day.result.games) == (RunState.COMPLETE, (), 12)
    assert day.result.first_published_at is not None
    assert day.result.first_published_at <= at(13, 30)
    assert all(figures["n"] for views in day.summary["systems"].values() for figures in views.values())


def test_fallback_sources_and_gaps_are_named(day: ReplayedDay) -> None:
    degraded = {item.step: item for item in day.result.degradations}
    assert "games from balldontlie injuries" in degraded[INJURIES].reason
    assert "games from BettingPros player points" in degraded[PROPS].reason
    assert degraded[GAME_LINES].resolved_at is None
    assert not {INJURIES, PROPS, GAME_LINES, "odds_api_events"} - degraded.keys()


def test_the_first_predictions_do_not_use_the_outdated_morning_report(day: ReplayedDay) -> None:
    published = str(day.result.first_published_at)
    (first,) = day.rows(
        """
        SELECT MAX(as_of) AS as_of, MAX_BY(source, as_of) AS source
        FROM raw_injuries
        WHERE as_of <= CAST(@published AS TIMESTAMP)
        """,
        published=published,
    )
    assert first["source"] == "bdl_injuries"
    assert first["as_of"] > at(10)


def test_lines_come_from_the_fallback_source_and_lower_the_quality_score(day: ReplayedDay) -> None:
    assert day.rows("SELECT DISTINCT source FROM raw_player_props") == [{"source": "bettingpros_player_points_props"}]
    (best,) = day.rows("SELECT MAX(feature_quality_score) AS score FROM ml_feature_store WHERE has_line = 1")
    assert best["score"] < 100
