"""A day on which every provider fails in its own way: each fault is handled by rule, and each gap is named."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.replays import ReplayedDay, at, replayed_day
from tipoff.vocabulary import RunState, clock_time

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CAP_BYTES = 16 * 1024 * 1024

FAULTS = """
[[fault]]
source = "nbac_schedule"
kind = "html_page"
until = 2024-03-29T05:45:00

[[fault]]
source = "nbac_schedule"
kind = "partial_slate"
games = ["LAC@ORL"]
from = 2024-03-29T05:45:00
until = 2024-03-29T07:30:00

[[fault]]
source = "nbac_player_boxscores"
kind = "access_denied"
until = 2024-03-29T07:30:00

[[fault]]
source = "nbac_player_list_current"
kind = "hang"
count = 1

[[fault]]
source = "espn_team_rosters"
kind = "truncated_body"
games = ["GSW@CHA"]
until = 2024-03-29T08:15:00

[[fault]]
source = "espn_team_rosters"
kind = "server_error"
games = ["LAL@IND"]
until = 2024-03-29T08:15:00

[[fault]]
source = "odds_api_events"
kind = "too_many_requests"
retry_after_seconds = 600
until = 2024-03-29T08:15:00

[[fault]]
source = "odds_api_game_lines"
kind = "quota_spent"
until = 2024-03-29T13:45:00

[[fault]]
source = "odds_api_player_points_props"
kind = "oversize"
games = ["LAC@ORL"]
until = 2024-03-29T15:45:00

[[fault]]
source = "nbac_scoreboard"
kind = "stale"
until = 2024-03-29T21:00:00

[[fault]]
source = "nbac_team_boxscore"
kind = "server_error"
from = 2024-03-29T21:00:00
count = 2
"""


@pytest.fixture(scope="module")
def faulty_day(temporal_binary: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> ReplayedDay:
    options = {"models": models, "faults": FAULTS, "request_seconds": "3", "body_cap_bytes": str(CAP_BYTES)}
    return asyncio.run(replayed_day(tmp_path_factory.mktemp("faulty"), temporal_binary, **options))


def polls(day: ReplayedDay, source: str) -> list[tuple[str, str | None]]:
    """(Eastern time, fault) of each request that the upstream received."""
    return [
        (clock_time(datetime.fromisoformat(request["as_of"]), day.game_date).removesuffix(" ET"), request["fault"])
        for request in day.requests
        if request["source"] == source
    ]


def test_the_day_ends_complete_and_graded(faulty_day: ReplayedDay) -> None:
    assert faulty_day.result.state is RunState.COMPLETE
    assert faulty_day.result.games == 12
    for (figures,) in map(dict.values, faulty_day.summary["systems"].values()):
        assert sum(figures["outcomes"].values()) == figures["predictions"]
        assert figures["n"] == 133


def test_predictions_are_published_in_time(faulty_day: ReplayedDay) -> None:
    assert faulty_day.result.first_published_at is not None
    assert faulty_day.result.first_published_at <= at(13, 30)


def test_a_web_page_instead_of_the_schedule_is_polled_again(faulty_day: ReplayedDay) -> None:
    both_addresses = 2
    assert polls(faulty_day, "nbac_schedule")[:5] == [
        *[("05:00", "html_page")] * both_addresses,
        *[("05:30", "html_page")] * both_addresses,
        ("06:00", "partial_slate"),
    ]


def test_a_game_missing_from_the_first_schedule_joins_the_day(faulty_day: ReplayedDay) -> None:
    """Player list and events are polled once more for it."""
    players = faulty_day.export("predictions/2024-03-29.json")["players"]
    assert {player["team"] for player in players} >= {"LAC", "ORL"}
    assert polls(faulty_day, "odds_api_events")[3:] == [("09:00", None)]


def test_a_blocked_address_is_not_polled_during_its_cooldown(faulty_day: ReplayedDay) -> None:
    assert polls(faulty_day, "nbac_player_boxscores")[:2] == [("06:00", "access_denied"), ("08:00", None)]


def test_a_silent_provider_is_polled_again_at_once(faulty_day: ReplayedDay) -> None:
    assert polls(faulty_day, "nbac_player_list_current")[:2] == [("06:30", "hang"), ("06:30", None)]


def test_retry_after_is_respected_to_the_minute(faulty_day: ReplayedDay) -> None:
    assert polls(faulty_day, "odds_api_events")[:3] == [
        ("08:00", "too_many_requests"),
        ("08:10", "too_many_requests"),
        ("08:20", None),
    ]


def test_broken_rosters_are_requested_again_until_they_are_complete(faulty_day: ReplayedDay) -> None:
    faults = Counter(fault for _, fault in polls(faulty_day, "espn_team_rosters"))
    assert faults["truncated_body"] >= 2
    assert faults["server_error"] >= 2
    assert faulty_day.rows("SELECT COUNT(DISTINCT team) AS teams FROM raw_rosters WHERE game_date = '2024-03-29'") == [
        {"teams": 24}
    ]


def test_degraded_steps_are_named(faulty_day: ReplayedDay) -> None:
    degraded = {item.step: item for item in faulty_day.result.degradations}
    assert degraded.keys() >= {"odds_api_game_lines", "odds_api_player_points_props"}
    assert (
        "credits" in degraded["odds_api_game_lines"].reason
        or "OUT_OF_USAGE_CREDITS" in degraded["odds_api_game_lines"].reason
    )
    first = faulty_day.export("predictions/2024-03-29/20240329T171500Z.json")
    assert {reason.partition(":")[0] for reason in first["degraded_reasons"]} >= {
        "odds_api_game_lines",
        "odds_api_player_points_props",
    }


def test_a_spent_quota_alerts_the_operator(faulty_day: ReplayedDay) -> None:
    alerts = {alert.key: alert for alert in faulty_day.status.alerts}
    assert alerts["odds_api_game_lines:parked"].at == at(8, 20)


def test_an_oversize_response_is_rejected_and_a_fallback_source_delivers_its_game(
    faulty_day: ReplayedDay,
) -> None:
    snapshots = faulty_day.rows(
        "SELECT p.source, MIN(p.as_of) AS first FROM raw_player_props AS p JOIN raw_schedule AS s USING (game_id) "
        "WHERE s.home = 'ORL' AND s.game_date = '2024-03-29' GROUP BY p.source"
    )
    first = {row["source"]: row["first"] for row in snapshots}
    assert first["bettingpros_player_points_props"] == at(15)
    assert first["odds_api_player_points_props"] >= at(15, 45)
    landed = (faulty_day.out / "landing").rglob("*.*")
    assert max(file.stat().st_size for file in landed) <= CAP_BYTES


def test_a_stale_scoreboard_never_ends_a_game(faulty_day: ReplayedDay) -> None:
    (first,) = faulty_day.rows("SELECT MIN(as_of) AS first FROM raw_scoreboard")
    assert first["first"] >= at(21)
