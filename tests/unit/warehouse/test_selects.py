"""The small SELECTs: each returns one row set, and leaves out the rows that differ from it in one condition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.support.rows import rows_of
from tipoff.vocabulary import eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
EVENING = eastern(DAY, 19)
Row = dict[str, Any]


def days(count: int) -> date:
    """A date so many days from DAY."""
    return DAY + timedelta(days=count)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("selects") / "tipoff.duckdb")
    warehouse.migrate()
    yield warehouse
    warehouse.close()


class Stored:
    """A warehouse whose tables hold what a test stores."""

    def __init__(self, warehouse: DuckDbWarehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, table: str, *rows: Row, **common: Any) -> Stored:
        frame = rows_of(table, rows, **common)
        if TABLES[table].append_only:
            self._warehouse.append(table, frame)
        else:
            self._warehouse.replace(table, frame, {})
        return self

    def select(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._warehouse.query(sql_text(name), parameters).rows()

    def named(self, name: str, *columns: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Only these columns."""
        return self._warehouse.query(sql_text(name), parameters).select(columns).rows()


@pytest.fixture
def stored(migrated: DuckDbWarehouse) -> Stored:
    return Stored(migrated)


def game(number: int, game_date: date = DAY, **changes: Any) -> Row:
    return {
        "game_id": f"00223{number:05}",
        "game_date": game_date,
        "season": "2023-24",
        "season_type": "regular",
        "status": "scheduled",
        "source": "nbac_schedule",
        "tip_off": eastern(game_date, 19),
        **changes,
    }


def test_the_first_regular_game_of_a_source_is_found_within_the_season(stored: Stored) -> None:
    stored(
        "raw_schedule",
        game(1, days(-6)),
        game(2, days(-5), season="2022-23"),
        game(3, days(-4), season_type="preseason"),
        game(4, days(-3), status="postponed"),
        game(5, days(-2), source="espn_schedule"),
        game(6, DAY),
        game(7, days(1)),
    )
    span = {"first_day": days(-5), "last_day": days(9), "season": "2023-24", "source": "nbac_schedule"}
    assert stored.select("first_regular_game", **span) == [(DAY,)]


def test_a_recorded_slate_has_the_games_of_the_date_in_order_of_tip_off(stored: Stored) -> None:
    stored(
        "raw_schedule",
        game(4, tip_off=None),
        game(3, tip_off=eastern(DAY, 20)),
        game(2),
        game(1),
        game(5, status="postponed"),
        game(6, season_type="preseason"),
        game(7, days(1)),
    )
    slate = stored.select("recorded_slate", game_date=DAY, season_types=["regular", "playoffs"])
    assert [row[0][-1] for row in slate] == ["1", "2", "3", "4"]


def test_stored_games_are_those_of_the_date_and_the_postponed_ones_around_it(stored: Stored) -> None:
    stored(
        "raw_schedule",
        game(5, tip_off=None),
        game(3, tip_off=eastern(DAY, 20)),
        game(1, status="postponed"),
        game(2),
        game(6, days(1)),
        game(7, days(2), status="postponed"),
        game(4, days(1), status="postponed"),
    )
    games = stored.select("stored_games", game_date=DAY, first_date=days(-1), last_date=days(1))
    assert [row[0][-1] for row in games] == ["1", "2", "3", "4", "5"]


def test_the_roster_players_of_a_date_are_sorted_by_team(stored: Stored) -> None:
    stored(
        "raw_rosters",
        {"player_id": "2", "team": "CHA"},
        {"player_id": "1", "team": "GSW"},
        {"player_id": "1", "team": "CHA"},
        {"player_id": "9", "team": "CHA", "game_date": days(-1)},
        player_name="A. Player",
        game_date=DAY,
    )
    players = [(number, "A. Player", team) for number, team in (("1", "CHA"), ("2", "CHA"), ("1", "GSW"))]
    assert stored.select("roster_players", game_date=DAY) == players


def test_a_team_has_unresolved_players_if_its_roster_of_that_source_and_date_has(stored: Stored) -> None:
    stored(
        "raw_rosters",
        *({"team": team, "player_id": str(number)} for team in ("GSW", "CHA", "LAL", "BOS") for number in range(2)),
        {"team": "MIA", "player_id": "1", "game_date": days(-1)},
        game_date=DAY,
        source="espn",
    )
    stored(
        "unresolved_players",
        *({"team": "GSW", "player_name": name} for name in ("A", "B")),
        {"team": "CHA"},
        {"team": "LAL", "source": "props"},
        {"team": "BOS", "game_date": days(-1)},
        {"team": "MIA", "game_date": days(-1)},
        game_date=DAY,
        source="espn",
    )
    assert stored.select("teams_with_unresolved_players", game_date=DAY) == [("CHA",), ("GSW",)]


def test_unresolved_names_are_listed_with_their_game_if_it_is_known(stored: Stored) -> None:
    stored("raw_schedule", game(1, home="GSW", away="CHA"))
    stored(
        "unresolved_players",
        {"player_name": "B", "game_id": game(1)["game_id"]},
        {"player_name": "A", "game_id": "unknown", "game_date": days(1)},
        {"player_name": "A", "game_id": "unknown"},
        {"player_name": "unreadable"},
        game_date=DAY,
        source="props",
        team="CHA",
    )
    assert stored.select("unresolved_occurrences", unreadable="unreadable") == [
        (DAY, "props", "unknown", "CHA", "A", None, None),
        (days(1), "props", "unknown", "CHA", "A", None, None),
        (DAY, "props", game(1)["game_id"], "CHA", "B", "GSW", "CHA"),
    ]


def test_the_versions_of_one_subject_and_date_are_returned(stored: Stored) -> None:
    stored(
        "data_versions",
        {"subject": "catboost_v8", "game_id": "1", "version": 3},
        {"subject": "moving_average", "game_id": "1", "version": 4},
        {"subject": "catboost_v8", "game_id": "1", "version": 5, "game_date": days(1)},
        game_date=DAY,
    )
    assert stored.select("data_versions_of_subject", game_date=DAY, subject="catboost_v8") == [("1", 3)]


def prediction(game_date: date, as_of: datetime, **changes: Any) -> Row:
    key = {"game_date": game_date, "as_of": as_of, "game_id": "1", "system_id": "A"}
    return {**key, "prediction_id": f"{as_of}{changes}", **changes}


def test_prediction_runs_after_the_games_count_only_without_earlier_ones(stored: Stored) -> None:
    live, later = days(10), days(11)
    stored(
        "predictions",
        prediction(live, EVENING, player_id="1"),
        prediction(live, EVENING, player_id="2"),
        prediction(live, EVENING, system_id="B"),
        prediction(live, eastern(DAY, 15)),
        prediction(live, eastern(live, 9), backfilled=True),
        prediction(later, eastern(later, 9), backfilled=True),
        prediction(later, eastern(later, 9), game_id="2", backfilled=True),
    )
    assert stored.select("prediction_runs", game_date=live) == [
        (eastern(DAY, 15), "A", "1", False),
        (EVENING, "A", "1", False),
        (EVENING, "B", "1", False),
    ]
    assert [row[2:] for row in stored.select("prediction_runs", game_date=later)] == [("1", True), ("2", True)]


def test_publication_times_are_those_of_predictions_up_to_a_time(stored: Stored) -> None:
    day = days(12)
    times = [eastern(day, hour) for hour in (13, 15, 17)]
    stored("predictions", *(prediction(day, time) for time in times), prediction(days(13), eastern(day, 9)))
    assert stored.select("publication_times", game_date=day, as_of=times[1]) == [(times[0], times[1])]


def test_graded_outcomes_are_those_of_the_date_up_to_a_time(stored: Stored) -> None:
    stored(
        "prediction_accuracy",
        {"prediction_id": "in time"},
        {"prediction_id": "too late", "as_of": EVENING + timedelta(seconds=1)},
        {"prediction_id": "other date", "game_date": days(-1)},
        game_date=DAY,
        as_of=EVENING,
    )
    graded = stored.select("graded_outcomes", game_date=DAY, as_of=EVENING)
    assert [row[2] for row in graded] == ["in time"]


def test_the_team_of_a_player_is_that_of_his_last_game_since_the_list_or_else_the_listed_one(stored: Stored) -> None:
    listed = {"1": "CHA", "2": "GSW", "3": None}
    stored(
        "raw_players",
        *({"player_id": number, "team": team, "game_date": days(-2)} for number, team in listed.items()),
        {"player_id": "4", "team": "OLD", "game_date": days(-3)},
        {"player_id": "4", "team": "NEW", "game_date": days(1)},
        player_name="A. Player",
    )
    stored(
        "raw_player_boxscores",
        {"player_id": "1", "team": "BOS", "game_date": days(-2), "game_id": "1"},
        {"player_id": "1", "team": "LAL", "game_date": days(-1), "game_id": "2"},
        {"player_id": "2", "team": "LAL", "game_date": days(-3), "game_id": "3"},
        {"player_id": "3", "team": "MIA", "game_date": DAY, "game_id": "4"},
        {"player_id": "5", "team": "LAL", "game_date": days(-1), "game_id": "2"},
        {"player_id": "6", "team": "LAL", "game_date": days(-1), "game_id": "1", "season": "2022-23"},
        player_name="A. Player",
        season="2023-24",
    )
    assert stored.select("listed_players", game_date=DAY) == [
        ("3", "A. Player", ""),
        ("2", "A. Player", "GSW"),
        ("1", "A. Player", "LAL"),
        ("5", "A. Player", "LAL"),
    ]


def test_without_a_list_players_have_the_team_of_their_last_game(stored: Stored) -> None:
    stored("raw_players")
    stored(
        "raw_player_boxscores",
        {"player_id": "1", "team": "BOS", "game_date": days(-1), "game_id": "1"},
        {"player_id": "1", "team": "LAL", "game_date": days(-1), "game_id": "2"},
        {"player_id": "2", "team": "LAL", "game_date": DAY, "game_id": "3"},
        player_name="A. Player",
        season="2023-24",
    )
    assert stored.select("listed_players", game_date=DAY) == [("1", "A. Player", "LAL")]


def test_the_active_prediction_is_the_newest_before_the_tip_off_that_is_known_now(stored: Stored) -> None:
    day = days(14)
    tip = eastern(day, 19)
    stored("raw_schedule", game(1, day, tip_off=tip), game(2, day, tip_off=None))
    first, second = game(1)["game_id"], game(2)["game_id"]
    stored(
        "predictions",
        prediction(day, eastern(day, 13), game_id=first, player_id="1"),
        prediction(day, eastern(day, 15), game_id=first, player_id="1"),
        prediction(day, tip, game_id=first, player_id="1"),
        prediction(day, tip, game_id=first, player_id="2"),
        prediction(day, tip, game_id=first, player_id="2", view="market"),
        prediction(day, eastern(day, 13), game_id=second, player_id="3", backfilled=True),
        prediction(day, eastern(day, 14), game_id=second, player_id="4"),
        prediction(day, eastern(day, 13), game_id="unknown", player_id="5"),
        prediction(day, eastern(day, 23), game_id=first, player_id="6"),
        prediction(days(15), eastern(day, 13), game_id=first, player_id="7"),
        tip_off=eastern(day, 14),
        view="model",
    )
    names = ("player_id", "view", "as_of", "tip_off", "backfilled", "superseded")
    active = stored.named("active_predictions", *names, game_date=day, as_of=tip)
    assert sorted(active) == [
        ("1", "model", eastern(day, 15), tip, False, 2),
        ("2", "market", tip, tip, True, 0),
        ("2", "model", tip, tip, True, 0),
        ("3", "model", eastern(day, 13), None, True, 0),
        ("4", "model", eastern(day, 14), None, True, 0),
        ("5", "model", eastern(day, 13), eastern(day, 14), False, 0),
    ]
