"""The view `team_boxes`: the league's team totals, or the sum of the players' rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.rows import rows_of
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

pytestmark = pytest.mark.usefixtures("unchecked")

DAY = date(2024, 3, 29)
GAME, OTHER_GAME = "0022301062", "0022301063"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    yield warehouse
    warehouse.close()


def players(warehouse: DuckDbWarehouse, game: str, **minutes: list[float]) -> None:
    """Write box scores by team: each player scores as many points as his index and makes one of two shots."""
    (home, _), (away, _) = minutes.items()
    rows = [
        {
            "game_id": game,
            "player_id": f"{team}{index}",
            "team": team,
            "minutes": played,
            "points": index,
            "opponent": away if team == home else home,
            "home": team == home,
            "fgm": 1,
            "fga": 2,
        }
        for team, all_minutes in minutes.items()
        for index, played in enumerate(all_minutes)
    ]
    warehouse.replace("raw_player_boxscores", rows_of("raw_player_boxscores", rows, source="log"), {"game_id": [game]})


def totals(warehouse: DuckDbWarehouse, game: str, *teams: str) -> None:
    rows = [{"game_id": game, "team": team, "points": 100} for team in teams]
    warehouse.replace("raw_team_boxscores", rows_of("raw_team_boxscores", rows, source="league"), {"game_id": [game]})


def boxes(warehouse: DuckDbWarehouse) -> dict[tuple[str, str], dict[str, Any]]:
    rows = warehouse.query("SELECT * FROM team_boxes").to_dicts()
    by_game_and_team = {(row["game_id"], row["team"]): row for row in rows}
    assert len(by_game_and_team) == len(rows)
    return by_game_and_team


def test_a_game_without_team_totals_gets_the_sums_of_its_players(warehouse: DuckDbWarehouse) -> None:
    players(warehouse, GAME, CHA=[48.0] * 5, GSW=[40.0] * 6)
    hornets, warriors = boxes(warehouse)[GAME, "CHA"], boxes(warehouse)[GAME, "GSW"]
    assert [hornets[name] for name in ("points", "fgm", "fga", "minutes", "home", "win")] == [
        10,
        5,
        10,
        240,
        True,
        False,
    ]
    assert [warriors[name] for name in ("points", "fgm", "fga", "minutes", "home", "win")] == [
        15,
        6,
        12,
        240,
        False,
        True,
    ]
    assert (hornets["opponent"], warriors["opponent"]) == ("GSW", "CHA")
    assert hornets["source"] == "sum of log"


def test_team_totals_are_preferred_and_only_other_games_are_summed(warehouse: DuckDbWarehouse) -> None:
    players(warehouse, GAME, CHA=[48.0] * 5, GSW=[48.0] * 5)
    players(warehouse, OTHER_GAME, LAL=[48.0] * 5, BOS=[48.0] * 5)
    totals(warehouse, GAME, "CHA", "GSW")
    assert {key: (row["source"], row["points"]) for key, row in boxes(warehouse).items()} == {
        (GAME, "CHA"): ("league", 100),
        (GAME, "GSW"): ("league", 100),
        (OTHER_GAME, "LAL"): ("sum of log", 10),
        (OTHER_GAME, "BOS"): ("sum of log", 10),
    }


@pytest.mark.parametrize(("played", "minutes"), [(237.0, 240), (243.0, 240), (262.0, 265), (318.0, 315)])
def test_summed_minutes_are_rounded_to_whole_periods(warehouse: DuckDbWarehouse, played: float, minutes: float) -> None:
    players(warehouse, GAME, CHA=[played - 200, *[50.0] * 4], GSW=[minutes - 200, *[50.0] * 4])
    assert {row["minutes"] for row in boxes(warehouse).values()} == {minutes}


def test_a_game_with_a_missing_player_has_no_sums(warehouse: DuckDbWarehouse) -> None:
    players(warehouse, GAME, CHA=[48.0] * 5, GSW=[48.0] * 4 + [20.0])
    assert boxes(warehouse) == {}


@pytest.mark.parametrize(
    ("source", "game", "game_date", "whole"),
    [
        ("log", GAME, DAY, 0),
        ("other", GAME, DAY, 2),
        ("log", OTHER_GAME, DAY, 2),
        ("log", GAME, DAY - timedelta(days=1), 2),
    ],
)
def test_a_game_with_an_unresolved_name_in_its_box_score_has_no_sums(
    warehouse: DuckDbWarehouse, source: str, game: str, game_date: date, whole: int
) -> None:
    """The missing nine minutes are within the rounding tolerance, so only the unresolved name rules the sums out.

    A postponed game keeps its id, so its date counts, too.
    """
    players(warehouse, GAME, CHA=[48.0] * 4 + [39.0], GSW=[48.0] * 5)
    nobody = [{"player_name": "A. Nobody", "game_id": game, "game_date": game_date, "team": "CHA"}]
    warehouse.replace("unresolved_players", rows_of("unresolved_players", nobody, source=source), {"game_id": game})
    assert len(boxes(warehouse)) == whole


def test_a_game_with_one_team_only_has_no_sums(warehouse: DuckDbWarehouse) -> None:
    players(warehouse, GAME, CHA=[48.0] * 5, GSW=[])
    assert boxes(warehouse) == {}
