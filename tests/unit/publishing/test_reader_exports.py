"""The exports for readers: tonight's players, trends, the players of the season and the calendar."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.evening import DAY, FIRST, NEXT_MORNING, WITH_LINES
from tests.support.rows import rows_of
from tipoff.publishing.calendar import GAME_COUNTS
from tipoff.publishing.envelope import Edition
from tipoff.publishing.player_history import PlayedGame
from tipoff.publishing.reader_exports import publish_exports_of_players, publish_exports_of_tonight
from tipoff.publishing.store import ExportStore
from tipoff.publishing.tonight import TonightPlayer, ladder
from tipoff.publishing.trends import bounce_back, hot_cold, plays, streaks
from tipoff.systems.distribution import LEVELS
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
GAME = {"game_date": DAY, "game_id": "0022301062", "team": "GSW", "opponent": "CHA", "home": False, "points": 18}
ALL_PLAYERS = "v1/tonight/all-players.json"


def exported(store: ExportStore, path: str) -> dict[str, Any]:
    content = store.read(path)
    assert content is not None, path
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def test_a_players_file_has_his_games_and_averages(warehouse: Warehouse, store: ExportStore) -> None:
    played = [{"player_id": player_id, "player_name": f"Player {player_id}", **GAME} for player_id in ("1", "2")]
    before = {**played[1], "game_date": DAY - timedelta(days=2), "game_id": "0022301040", "points": 9, "home": True}
    rows = rows_of("player_game_summary", [*played, before], season="2023-24", minutes=20.0)
    warehouse.replace("player_game_summary", rows, {})
    publish_exports_of_players(warehouse, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    index = exported(store, "v1/players/index.json")["players"]
    assert [(each["player_id"], each["games"], each["points"]) for each in index] == [("1", 1, 18.0), ("2", 2, 13.5)]
    second = exported(store, "v1/players/2.json")
    assert [game["points"] for game in second["recent_games"]] == [18, 9]
    assert [second["splits"][name]["points"] for name in ("season", "home", "away")] == [13.5, 9.0, 18.0]


def test_tonights_players_have_line_price_and_prediction(before_tip: Warehouse, store: ExportStore) -> None:
    published = publish_exports_of_tonight(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    page = exported(store, ALL_PLAYERS)
    assert (page["status"], len(page["games"]), len(page["players"])) == ("complete", 12, published.rows)
    values = [player["expected_value"] for player in page["players"] if player["expected_value"] is not None]
    assert values == sorted(values, reverse=True)
    assert values
    for player in page["players"]:
        of_player = exported(store, f"v1/tonight/player/{player['player_id']}.json")
        assert of_player["player"] == player
        rungs = [rung["over_probability"] for rung in of_player["ladder"]]
        assert rungs == sorted(rungs, reverse=True)


def test_before_the_first_prediction_no_player_of_yesterday_is_shown(warehouse: Warehouse, store: ExportStore) -> None:
    published = publish_exports_of_tonight(warehouse, store, Edition(DAY, FIRST, WALL_CLOCK))
    page = exported(store, ALL_PLAYERS)
    assert (page["game_date"], page["status"], page["players"], published.rows) == (str(DAY), "empty", [], 0)


def test_the_file_of_a_player_of_an_earlier_evening_is_stale(before_tip: Warehouse, store: ExportStore) -> None:
    publish_exports_of_tonight(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    damaged, *others = (
        f"v1/tonight/player/{each['player_id']}.json" for each in exported(store, ALL_PLAYERS)["players"]
    )
    before = exported(store, others[0])
    store.update(damaged, lambda _: b'{"game_date": "2024-')
    publish_exports_of_tonight(
        before_tip, store, Edition(DAY + timedelta(days=1), eastern(DAY + timedelta(days=1), 6), WALL_CLOCK)
    )
    assert {exported(store, path)["status"] for path in others} == {"stale"}
    assert exported(store, others[0]) == {**before, "status": "stale"}
    assert store.read(damaged) == b'{"game_date": "2024-'


def test_another_date_than_today_is_never_tonight(before_tip: Warehouse, store: ExportStore) -> None:
    published = publish_exports_of_tonight(before_tip, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    assert published.paths == (GAME_COUNTS.path,), "the season has its calendar, also if only past dates ran"
    assert store.read(ALL_PLAYERS) is None


def test_a_later_date_is_never_replaced_by_an_earlier_one(before_tip: Warehouse, store: ExportStore) -> None:
    later = WITH_LINES + timedelta(days=1)
    publish_exports_of_tonight(before_tip, store, Edition(DAY + timedelta(days=1), later, WALL_CLOCK))
    publish_exports_of_tonight(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    assert exported(store, ALL_PLAYERS)["game_date"] == "2024-03-30"


@given(st.lists(st.floats(0, 80), min_size=len(LEVELS), max_size=len(LEVELS)))
def test_a_ladder_falls_from_rung_to_rung_and_stays_a_probability(quantiles: list[float]) -> None:
    rungs = ladder(quantiles)
    shares = [rung.over_probability for rung in rungs]
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares, reverse=True)
    assert all(rung.line % 1 == 0.5 for rung in rungs)


# ── trends ───────────────────────────────────────────────────────────────────────────────────────────────


def player(line: float | None = 15.5) -> TonightPlayer:
    unknown = dict.fromkeys(TonightPlayer.model_fields)
    known = {
        "player_id": "7",
        "player_name": "Ann Example",
        "game_id": "0022301062",
        "team": "GSW",
        "opponent": "CHA",
        "home": True,
        "system_id": "ensemble_v1",
        "view": "market",
        "points": 15.0,
        "low_80": 8.0,
        "high_80": 22.0,
        "recommendation": "PASS",
        "degraded_reasons": (),
        "explanation": (),
        "line": line,
    }
    return TonightPlayer.model_validate({**unknown, **known})


def games(*points: int, line: float | None = None) -> list[PlayedGame]:
    """Games of a player, the newest first."""
    return [
        PlayedGame(
            game_date=date(2024, 3, 28) - timedelta(days=2 * index),
            game_id=f"002230{index:04d}",
            season="2023-24",
            team="GSW",
            opponent="CHA",
            home=index % 2 == 0,
            starter=None,
            minutes=30.0,
            points=scored,
            fga=10,
            fta=2,
            usage_rate=None,
            closing_line=line,
        )
        for index, scored in enumerate(points)
    ]


def test_five_high_games_after_ten_low_ones_are_hot() -> None:
    """Means 20 and 10; the earlier games deviate by 2, sample deviation 2.108; error 2.108 √(1/5 + 1/10) = 1.155."""
    shown = hot_cold([(player(), games(*[20] * 5, *[8, 12] * 5))])
    assert (shown.cold, shown.hot[0].standard_errors, shown.hot[0].earlier_games) == ((), 8.66, 10)


@pytest.mark.parametrize("points", [[20] * 14, [20] * 5 + [10] * 10], ids=["too few earlier games", "no deviation"])
def test_without_a_spread_to_compare_with_nobody_is_hot(points: list[int]) -> None:
    assert hot_cold([(player(), games(*points))]).hot == ()


def test_a_bad_game_is_shown_with_what_followed_earlier_ones() -> None:
    """Mean of the earlier ten 9.4 or so; bad ones are below 60 %: the 2s, followed (one game later) by 14 and 11."""
    (back,) = bounce_back([(player(), games(1, 10, 14, 2, 10, 11, 2, 12, 12, 11, 12))]).players
    assert (back.last_points, back.after_bad_games, back.mean_after_bad_games) == (1, 2, 12.5)


def test_games_over_tonights_line_are_counted() -> None:
    (play,) = plays([(player(15.5), games(*[16] * 7, *[15] * 5)), (player(None), games(*[16] * 12))]).players
    assert (play.games, play.games_over) == (12, 7)


def test_streaks_begin_with_the_last_game_and_end_at_the_first_other_one() -> None:
    shown = streaks([(player(), [*games(31, 30, 32, 20, 19, 25, line=18.5)])]).streaks
    assert [(each.kind, each.games) for each in shown] == [
        ("over_line", 6),
        ("at_least_20_points", 4),
        ("at_least_30_points", 3),
    ]


def test_a_game_without_a_line_ends_a_streak_against_lines() -> None:
    assert streaks([(player(), games(9, 9, line=18.5) + games(9, 9))]).streaks == ()
