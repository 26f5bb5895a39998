"""The training history excludes the date a model is trained for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from devtools.season_rows import POST_GAME, run
from tests.support.rows import rows_of
from tipoff.features.vector import FEATURES
from tipoff.training.history import graded_features, training_history
from tipoff.vocabulary import eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

pytestmark = pytest.mark.usefixtures("unchecked")

DAY = date(2024, 3, 29)
DATES = [DAY + timedelta(days=days) for days in (-2, -1, 0, 1)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    opened = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    opened.migrate()
    yield opened
    opened.close()


def test_results_of_the_date_and_later_are_excluded_although_they_are_stored(warehouse: DuckDbWarehouse) -> None:
    """Example: training is repeated for a past date whose results are already in the warehouse."""
    games = [{"game_date": day, "game_id": f"00223{day:%m%d}"} for day in DATES]
    common = {"player_id": "2544", "season": "2023-24"}
    warehouse.replace("ml_feature_store", rows_of("ml_feature_store", games, **common), {"season": "2023-24"})
    played = rows_of("player_game_summary", games, **common, minutes=34.0, points=25)
    warehouse.replace("player_game_summary", played, {"season": "2023-24"})
    assert graded_features(warehouse, ["2023-24"], DAY)["game_date"].to_list() == DATES[:2]


EARLIER, LATER = date(2023, 1, 10), date(2024, 1, 10)


def play(warehouse: DuckDbWarehouse, season: str, day: date) -> None:
    """Write the box scores of DEN at MIN."""
    game = {"game_date": day, "game_id": f"002{season[2:4]}00500", "season": season}
    den = {"team": "DEN", "opponent": "MIN", "home": False, "points": 100, "minutes": 240.0, "fga": 90}
    minnesota = {"team": "MIN", "opponent": "DEN", "home": True, "points": 90, "minutes": 240.0, "fga": 88}
    jokic = den | {"player_id": "203999", "points": 25, "minutes": 34.0, "fga": 18}
    for kind, rows in (("team", [den, minnesota]), ("player", [jokic])):
        frame = rows_of(f"raw_{kind}_boxscores", rows, **game, source=f"nbac_{kind}_history", as_of=eastern(day, 23))
        warehouse.replace(f"raw_{kind}_boxscores", frame, {"game_date": day})


def test_a_season_with_box_scores_only_is_part_of_the_history(warehouse: DuckDbWarehouse) -> None:
    """The schedule covers the current season only; for earlier seasons the box scores are the fallback."""
    for season, day in (("2022-23", EARLIER), ("2023-24", LATER)):
        play(warehouse, season, day)
    game = {"game_id": "0022300500", "home": "MIN", "away": "DEN", "tip_off": eastern(LATER, 20), "status": "final"}
    scheduled = rows_of("raw_schedule", [game], game_date=LATER, season="2023-24", source="nbac_schedule")
    warehouse.replace("raw_schedule", scheduled, {"season": "2023-24"})
    run(warehouse, POST_GAME, EARLIER, LATER)
    history = training_history(warehouse, ["2022-23", "2023-24"], DAY, eastern(DAY, 9))
    assert history.select("game_date", "home", "points", "tip_off").rows() == [
        (EARLIER, 0.0, 25, eastern(EARLIER, 0)),
        (LATER, 0.0, 25, eastern(LATER, 20)),
    ]
    home = [feature.name for feature in FEATURES].index("home")
    stored = warehouse.query("SELECT feature_qualities AS qualities FROM ml_feature_store ORDER BY game_date")
    assert [qualities[home] for qualities in stored["qualities"]] == [85, 100]


def test_lines_of_a_game_with_unknown_tip_off_are_not_used(warehouse: DuckDbWarehouse) -> None:
    play(warehouse, "2022-23", EARLIER)
    quote = {"game_date": EARLIER, "game_id": "0022200500", "book": "fanduel", "home_spread": -3.5, "total": 220.5}
    warehouse.append("raw_game_lines", rows_of("raw_game_lines", [quote], as_of=eastern(EARLIER, 13)))
    run(warehouse, POST_GAME, EARLIER, EARLIER)
    assert training_history(warehouse, ["2022-23"], DAY, eastern(DAY, 9))["total"].to_list() == [None]
