"""The small SELECTs: each returns one row set, and leaves out the rows that differ from it in one condition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

import tipoff
from tests.support.rows import rows_of
from tipoff.vocabulary import eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
EVENING = eastern(DAY, 19)
SQL_FILES = sorted((Path(tipoff.__file__).parent / "sql").rglob("*.sql"))
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


FLOATS = {column.name for table in TABLES.values() for column in table.columns if "FLOAT64" in column.type} - {
    column.name for table in TABLES.values() for column in table.columns if column.type == "INT64"
}


@pytest.mark.parametrize("file", SQL_FILES, ids=lambda file: file.stem)
def test_floats_are_summed_as_a_mean_times_a_number(file: Path) -> None:
    """A mean is computed from decimals; SUM adds floats in the order in which threads get to them."""
    sums = sqlglot.parse_one(file.read_text(encoding="utf-8"), read="bigquery").find_all(exp.Sum)
    added = {column.name for each in sums for column in each.find_all(exp.Column)}
    assert added & FLOATS == set()


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
    assert stored.select("unresolved_occurrences", unreadable="unreadable", first_date=DAY, last_date=days(1)) == [
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


def test_results_are_the_box_scores_of_the_date_with_the_closing_line_of_the_same_game(stored: Stored) -> None:
    stored(
        "raw_player_boxscores",
        {"game_id": "1", "player_id": "1", "minutes": 30.0, "points": 20},
        {"game_id": "1", "player_id": "2", "minutes": 0.0, "points": 0},
        {"game_id": "1", "player_id": "3", "game_date": days(-1)},
        game_date=DAY,
    )
    stored(
        "player_game_summary",
        {"game_id": "1", "player_id": "1", "closing_line": 18.5, "closing_as_of": EVENING},
        {"game_id": "2", "player_id": "1", "closing_line": 1.5},
        {"game_id": "1", "player_id": "1", "closing_line": 2.5, "game_date": days(-1)},
        {"game_id": "1", "player_id": "9", "closing_line": 3.5},
        game_date=DAY,
    )
    results = stored.select("box_score_results", game_date=DAY)
    assert sorted(results) == [("1", "1", 30.0, True, 20, 18.5, EVENING), ("1", "2", 0.0, False, 0, None, None)]


def test_the_first_grade_of_a_prediction_is_kept(stored: Stored) -> None:
    stored(
        "prediction_accuracy",
        {"prediction_id": "graded twice", "first_actual_points": 20, "actual_points": 22},
        {"prediction_id": "graded once", "actual_points": 22},
        {"prediction_id": "other date", "actual_points": 22, "game_date": days(-1)},
        game_date=DAY,
    )
    grades = stored.select("first_grades", game_date=DAY)
    assert sorted(grades) == [("graded once", 22), ("graded twice", 20)]


def test_the_last_injury_report_of_each_game_up_to_a_time_counts(stored: Stored) -> None:
    day = days(20)
    early, late, later = (eastern(day, hour) for hour in (11, 13, 15))
    stored(
        "raw_injuries",
        {"game_id": "1", "player_id": "cleared", "as_of": early},
        {"game_id": "1", "player_id": "out", "as_of": late, "reason": "knee"},
        {"game_id": "1", "player_id": "too late", "as_of": later},
        {"game_id": "2", "player_id": "doubtful", "as_of": early},
        {"game_id": "1", "player_id": "other date", "as_of": late, "game_date": days(21)},
        {"game_id": "3", "player_id": "other date", "as_of": late, "game_date": days(21)},
        game_date=day,
        status="out",
    )
    reports = stored.select("last_injury_reports", game_date=day, as_of=late)
    assert sorted(reports) == [("1", "out", "out", "knee", late), ("2", "doubtful", "out", None, early)]


def slate_of(stored: Stored, **parameters: Any) -> dict[str, tuple[str, Any, int]]:
    """Status, away points and teams with a box score, by the last digit of the game's id."""
    names = ("game_id", "game_status", "away_points", "teams_in_box")
    rows = stored.named(
        "slate_games", *names, **{"game_date": DAY, "as_of": NIGHT, "season_types": ["regular"], **parameters}
    )
    return {game_id[-1]: (status, points, teams) for game_id, status, points, teams in rows}


NIGHT = eastern(DAY, 23)
AFTERWARDS = NIGHT + timedelta(seconds=1)


def test_the_status_of_a_game_is_what_schedule_scoreboard_and_box_scores_said_by_a_time(stored: Stored) -> None:
    stored(
        "raw_schedule",
        game(1, status="final"),
        game(2, status="final", as_of=AFTERWARDS),
        game(3, status="postponed", as_of=AFTERWARDS),
        game(4, season_type="preseason"),
        game(5, days(1)),
        game(6, days(1)),
        *(game(number) for number in (7, 8)),
        as_of=NIGHT,
    )
    moved = prediction(DAY, eastern(DAY, 9), game_id=game(5)["game_id"], player_id="moved")
    other = prediction(days(1), eastern(DAY, 9), game_id=game(6)["game_id"], player_id="other")
    stored("predictions", moved, other)
    board = {"as_of": NIGHT, "game_date": DAY}
    stored(
        "raw_scoreboard",
        {**board, "game_id": game(7)["game_id"], "status": "live", "away_points": 50},
        {**board, "game_id": game(8)["game_id"], "status": "final", "away_points": 60, "as_of": AFTERWARDS},
        {**board, "game_id": game(5)["game_id"], "status": "final", "away_points": 70},
        {**board, "game_id": game(3)["game_id"], "status": "final", "away_points": 80, "game_date": days(1)},
    )
    stored("raw_player_boxscores")
    assert slate_of(stored) == {
        "1": ("final", None, 0),
        "2": ("scheduled", None, 0),
        "3": ("postponed", None, 0),
        "5": ("postponed", 70, 0),
        "7": ("live", 50, 0),
        "8": ("scheduled", None, 0),
    }


def test_a_game_with_box_scores_of_both_teams_by_a_time_is_final(stored: Stored) -> None:
    stored("raw_schedule", *(game(number) for number in (1, 2, 3, 4)), game(5, tip_off=None), as_of=NIGHT)
    stored("raw_scoreboard", {"game_id": game(4)["game_id"], "game_date": DAY, "status": "postponed", "as_of": NIGHT})

    def box(number: int, team: str, player: int = 1, **changes: Any) -> Row:
        return {"game_id": game(number)["game_id"], "team": team, "player_id": f"{team}{player}", **changes}

    stored(
        "raw_player_boxscores",
        *(box(1, "CHA"), box(1, "CHA", 2), box(1, "GSW")),
        *(box(2, "CHA"), box(2, "CHA", 2)),
        *(box(3, "CHA"), box(3, "GSW", as_of=AFTERWARDS)),
        *(box(4, "CHA"), box(4, "GSW")),
        *(box(5, "CHA", game_date=days(-1)), box(5, "GSW", game_date=days(-1))),
        game_date=DAY,
        as_of=NIGHT,
    )
    assert slate_of(stored) == {
        "1": ("final", None, 2),
        "2": ("scheduled", None, 1),
        "3": ("scheduled", None, 2),
        "4": ("postponed", 0, 2),
        "5": ("scheduled", None, 0),
    }
    assert list(slate_of(stored)) == ["1", "2", "3", "4", "5"]


def test_an_unresolved_player_of_a_box_score_counts_unless_another_source_knows_all(stored: Stored) -> None:
    stored(
        "raw_player_boxscores",
        *({"game_id": "1", "team": "CHA", "player_id": number, "source": "log"} for number in ("1", "2")),
        {"game_id": "2", "team": "CHA", "player_id": "1", "source": "log"},
        {"game_id": "2", "team": "CHA", "player_id": "2", "source": "live"},
        {"game_id": "3", "team": "CHA", "player_id": "1", "source": "log", "game_date": days(-1)},
        game_date=DAY,
    )
    stored(
        "unresolved_players",
        {"game_id": "1", "player_name": "A. Nobody", "candidates": "7 8"},
        {"game_id": "1", "player_name": "unreadable"},
        {"game_id": "1", "player_name": "other team", "team": "GSW"},
        {"game_id": "1", "player_name": "other source", "source": "live"},
        {"game_id": "1", "player_name": "other date", "game_date": days(-1)},
        {"game_id": "2", "player_name": "B. Nobody", "candidates": "9"},
        {"game_id": "2", "player_name": "unreadable"},
        {"game_id": "3", "player_name": "C. Nobody", "candidates": "9"},
        {"game_id": "4", "player_name": "D. Nobody", "candidates": "9"},
        game_date=DAY,
        team="CHA",
        source="log",
        candidates="",
    )
    assert sorted(stored.select("unresolved_in_box_scores", game_date=DAY)) == [
        ("1", "CHA", "A. Nobody", "7 8"),
        ("1", "CHA", "unreadable", ""),
        ("2", "CHA", "B. Nobody", "9"),
    ]


def test_feature_rows_of_past_games_have_the_points_of_players_who_played(stored: Stored) -> None:
    keys = [("2", "1", 0), ("1", "2", 0), ("1", "1", 0), ("1", "3", 0), ("1", "4", 0), ("1", "1", 1)]
    features = [
        {"game_id": game_id, "player_id": player_id, "game_date": days(later), "season": "2023-24"}
        for game_id, player_id, later in keys
    ]
    old = {"game_id": "9", "player_id": "1", "game_date": days(-400), "season": "2022-23"}
    stored("ml_feature_store", *features, old)
    results = [
        {key: row[key] for key in ("game_id", "player_id", "game_date")} | {"minutes": 20.0, "points": 7}
        for row in [*features, old]
        if row["player_id"] != "4"
    ]
    results[3]["minutes"] = 0.0
    stored("player_game_summary", *results)
    names = ("game_id", "player_id", "points")
    graded = stored.named("graded_features", *names, seasons=["2023-24"], before=days(1))
    assert graded == [("1", "1", 7), ("1", "2", 7), ("2", "1", 7)]


def test_stored_features_are_those_of_the_dates_and_games(stored: Stored) -> None:
    keys = [("2", "1", 0), ("1", "2", 0), ("1", "1", 0), ("3", "1", 1), ("4", "1", -1)]
    stored(
        "ml_feature_store",
        *({"game_id": game_id, "player_id": player_id, "game_date": days(later)} for game_id, player_id, later in keys),
    )

    def features(last: date, *games: str) -> list[tuple[Any, ...]]:
        parameters = {"first_date": DAY, "last_date": last, "game_ids": list(games)}
        return stored.named("stored_features", "game_id", "player_id", **parameters)

    assert features(DAY) == [("1", "1"), ("1", "2"), ("2", "1")]
    assert features(days(1), "1", "3") == [("1", "1"), ("1", "2"), ("3", "1")]


def test_graded_predictions_have_the_tip_off_that_is_known_now(stored: Stored) -> None:
    day = days(30)
    early, moved = eastern(day, 12), eastern(day, 20)
    stored("raw_schedule", game(1, day, tip_off=moved), game(2, day, tip_off=None))
    ids = [game(1)["game_id"], game(2)["game_id"], "unknown"]
    stored(
        "predictions",
        *(prediction(day, early, game_id=game_id, prediction_id=game_id) for game_id in ids),
        prediction(days(31), early, game_id="unknown", prediction_id="unknown"),
        tip_off=eastern(day, 19),
    )
    stored(
        "prediction_accuracy",
        *({"prediction_id": game_id, "game_id": game_id} for game_id in ids),
        {"prediction_id": "never made", "game_id": ids[0]},
        {"prediction_id": ids[0], "game_id": ids[0], "game_date": days(31)},
        game_date=day,
        as_of=moved,
    )
    names = ("prediction_id", "tip_off", "as_of", "graded_at")
    graded = stored.named("graded_predictions", *names, game_date=day, as_of=moved)
    assert sorted(graded) == [
        (ids[0], moved, early, moved),
        (ids[1], None, early, moved),
        ("unknown", eastern(day, 19), early, moved),
    ]
    assert stored.select("graded_predictions", game_date=day, as_of=moved - timedelta(seconds=1)) == []


CITIES = {
    "ATL": (33.7, -84.4), "BKN": (40.7, -74.0), "BOS": (42.4, -71.1), "CHA": (35.2, -80.8), "CHI": (41.9, -87.7),
    "CLE": (41.5, -81.7), "DAL": (32.8, -96.8), "DEN": (39.7, -105.0), "DET": (42.3, -83.0), "GSW": (37.8, -122.4),
    "HOU": (29.8, -95.4), "IND": (39.8, -86.2), "LAC": (34.0, -118.3), "LAL": (34.0, -118.3), "MEM": (35.1, -90.1),
    "MIA": (25.8, -80.2), "MIL": (43.0, -87.9), "MIN": (45.0, -93.3), "NOP": (30.0, -90.1), "NYK": (40.7, -74.0),
    "OKC": (35.5, -97.5), "ORL": (28.5, -81.4), "PHI": (39.9, -75.2), "PHX": (33.4, -112.1), "POR": (45.5, -122.7),
    "SAC": (38.6, -121.5), "SAS": (29.4, -98.4), "TOR": (43.6, -79.4), "UTA": (40.8, -111.9), "WAS": (38.9, -77.0),
}  # fmt: skip
"""Degrees north and east, to a tenth."""
UTC_OFFSETS = {
    -5: "ATL BKN BOS CHA CLE DET IND MIA NYK ORL PHI TOR WAS",
    -6: "CHI DAL HOU MEM MIL MIN NOP OKC SAS",
    -7: "DEN PHX UTA",
    -8: "GSW LAC LAL POR SAC",
}
"""Hours, in winter."""


def test_every_arena_is_in_its_city_and_time_zone(stored: Stored) -> None:
    winter = date(2024, 12, 10)
    stored("raw_schedule", *(game(number, winter, home=team) for number, team in enumerate(CITIES)))
    stored("raw_team_boxscores")
    stored("raw_player_boxscores")
    rows = stored.named("game_arenas", "arena", "latitude", "longitude", "utc_offset_hours")
    assert {team: (latitude, longitude) for team, latitude, longitude, _ in rows} == {
        team: pytest.approx(coordinates, abs=0.06) for team, coordinates in CITIES.items()
    }
    assert {team: offset for team, _, _, offset in rows} == {
        team: offset for offset, teams in UTC_OFFSETS.items() for team in teams.split()
    }


def test_the_place_of_a_game_follows_its_date_its_site_and_the_box_scores(stored: Stored) -> None:
    summer, opening = date(2024, 6, 10), date(2024, 8, 15)
    stored(
        "raw_schedule",
        *(game(number, summer, home=home) for number, home in enumerate(("PHX", "DEN"), 1)),
        game(3, opening - timedelta(days=1), home="LAC"),
        game(4, opening, home="LAC"),
        game(5, summer, home="DEN", neutral_site=True),
        game(6, summer, home="DEN"),
    )
    sides = [("0022300006", False, False), ("0022300007", True, False)]
    stored(
        "raw_team_boxscores",
        *(
            {"game_id": game_id, "team": team, "home": home, "game_date": summer}
            for game_id, *homes in sides
            for team, home in zip(("MIN", "DEN"), homes, strict=True)
        ),
    )
    stored("raw_player_boxscores")
    rows = stored.named("game_arenas", "game_id", "arena", "latitude", "utc_offset_hours")
    assert {game_id[-1]: (arena, latitude, offset) for game_id, arena, latitude, offset in rows} == {
        "1": ("PHX", pytest.approx(33.4457), -7),
        "2": ("DEN", pytest.approx(39.7487), -6),
        "3": ("LAC", pytest.approx(34.043), -7),
        "4": ("LAC", pytest.approx(33.9451), -7),
        "5": (None, None, None),
        "6": ("DEN", pytest.approx(39.7487), -6),
        "7": ("MIN", pytest.approx(44.9795), -5),
    }


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("paces", "zone", "factors"),
    [
        ((100.0, 90.0), (0.5, 0.3), (3.0, 10.0)),
        ((90.0, 100.0), (0.5, -0.3), (-3.0, -10.0)),
        ((100.0, 96.0), (0.5, 0.04), (2.0, 2.0)),
        ((96.0, 100.0), (0.5, -0.04), (-2.0, -2.0)),
    ],
)
def test_pace_and_mismatch_are_limited_on_both_sides(
    stored: Stored, paces: tuple[float, float], zone: tuple[float, float], factors: tuple[float, float]
) -> None:
    ours, theirs = paces
    share, difference = zone
    keys = {"game_date": DAY, "game_id": "1", "player_id": "1"}
    stored("upcoming_player_game_context", {**keys, "team": "DEN", "opponent": "MIN", "opponent_pace": theirs})
    stored("upcoming_team_game_context", {**keys, "team": "DEN", "pace": ours})
    stored("player_daily_cache", {**keys, "usage_rate_10": 20.0})
    stored("player_shot_zone_analysis", {**keys, "primary_zone": "paint", "paint_share_10": share})
    stored("team_defense_zone_analysis", {"game_date": DAY, "team": "MIN", "paint_difference": difference})
    parameters = {"first_date": DAY, "last_date": DAY, "game_ids": [], "as_of": EVENING}
    (limited,) = stored.named("player_composite_factors", "pace_score", "shot_zone_mismatch", **parameters)
    assert limited == pytest.approx(factors)
