"""Checks each transform on data small enough to compute by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from devtools.season_rows import PRE_GAME, parameters, run
from tests.support.rows import rows_of
from tipoff.processing import known_players
from tipoff.sources.base import KnownPlayer, Slate
from tipoff.sources.player_names import slate_players
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Slice
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

pytestmark = pytest.mark.usefixtures("unchecked")

TONIGHT = date(2024, 3, 29)
GAME = "0022301062"
OTHER_GAME = "0022301063"
TIP_OFF = eastern(TONIGHT, 20)
BEFORE = eastern(TONIGHT, 18)

JOKIC, MURRAY, EDWARDS, GOBERT = "203999", "1627750", "1630162", "203497"
TEAMMATES = dict.fromkeys((f"p{number}" for number in range(12)), "DEN")
"""With another player they are a whole roster."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    schedule(warehouse, {"game_id": GAME, "home": "MIN", "away": "DEN", "tip_off": TIP_OFF})
    yield warehouse
    warehouse.close()


def schedule(warehouse: DuckDbWarehouse, *games: dict[str, Any]) -> None:
    rows = rows_of("raw_schedule", games, game_date=TONIGHT, season="2023-24", status="scheduled")
    warehouse.replace("raw_schedule", rows, {"season": "2023-24"})


def rosters(warehouse: DuckDbWarehouse, **players: str) -> None:
    rows = [{"player_id": player.removeprefix("p"), "team": team} for player, team in players.items()]
    warehouse.replace("raw_rosters", rows_of("raw_rosters", rows, game_date=TONIGHT), {"game_date": TONIGHT})


def report(
    warehouse: DuckDbWarehouse, hour: int, *entries: tuple[str, str, str], late: Sequence[str] = (), game: str = GAME
) -> None:
    """Append an injury report: the listed players, and a row per team that says whether it has submitted."""
    teams = [{"player_id": team, "team": team, "status": "Submitted"} for team in ("DEN", "MIN") if team not in late]
    teams += [{"player_id": team, "team": team, "status": "Not submitted"} for team in late]
    rows = [{"player_id": player, "team": team, "status": status} for player, team, status in entries] + teams
    as_of = eastern(TONIGHT, hour)
    warehouse.append("raw_injuries", rows_of("raw_injuries", rows, game_date=TONIGHT, game_id=game, as_of=as_of))


def quote(
    warehouse: DuckDbWarehouse,
    hour: int,
    *quotes: tuple[str, float, int | None, int | None],
    player: str = JOKIC,
    last_update: datetime | None = None,
) -> None:
    """Append quotes for a player: book, line, price of the over, price of the under."""
    rows = [
        {"book": book, "line": line, "over_price_american": over, "under_price_american": under}
        for book, line, over, under in quotes
    ]
    game = {"game_date": TONIGHT, "game_id": GAME, "as_of": eastern(TONIGHT, hour)}
    values = {"player_id": player, "player_name": player, "last_update": last_update}
    warehouse.append("raw_player_props", rows_of("raw_player_props", rows, **game, **values))


def tonight(warehouse: DuckDbWarehouse, table: str, **changes: Any) -> list[dict[str, Any]]:
    """Run a transform and those it depends on, and return the rows of its table."""
    run(warehouse, PRE_GAME[: PRE_GAME.index(table) + 1], TONIGHT, TONIGHT, **{"as_of": BEFORE, **changes})
    return warehouse.query(f"SELECT * FROM {table}").to_dicts()  # noqa: S608


def line_of(warehouse: DuckDbWarehouse, **changes: Any) -> dict[str, Any]:
    (row,) = tonight(warehouse, "player_prop_lines", **changes)
    return row


def test_the_consensus_of_two_books_is_a_line_that_one_of_them_quotes(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 15, ("fanduel", 18.5, -110, -110), ("bovada", 17.5, -110, -110))
    assert line_of(warehouse)["line"] == 17.5


def test_a_books_alternate_lines_do_not_move_the_consensus(warehouse: DuckDbWarehouse) -> None:
    alternates = [("betrivers", 20.5 + step, -400 + 20 * step, 300) for step in range(5)]
    quote(warehouse, 15, ("betrivers", 26.5, -112, -114), ("fanduel", 26.5, -105, -125), *alternates)
    row = line_of(warehouse)
    assert (row["line"], row["books"]) == (26.5, 2)


@pytest.mark.parametrize(("player", "line"), [("203999", 26.5), ("203998", 27.5)])
def test_of_equally_balanced_lines_the_last_digits_of_game_and_player_decide(
    warehouse: DuckDbWarehouse, player: str, line: float
) -> None:
    quote(warehouse, 15, ("fanduel", 27.5, -110, -110), ("fanduel", 26.5, -110, -110), player=player)
    assert line_of(warehouse)["line"] == line


@pytest.mark.parametrize(("player", "line"), [("203999", 17.5), ("203998", 18.5)])
def test_an_even_split_at_equal_prices_is_decided_by_the_last_digits_of_game_and_player(
    warehouse: DuckDbWarehouse, player: str, line: float
) -> None:
    quote(warehouse, 15, ("fanduel", 17.5, -110, -110), ("bovada", 18.5, -110, -110), player=player)
    assert line_of(warehouse)["line"] == line


@pytest.mark.parametrize(("over", "line"), [(-120, 18.5), (100, 17.5)])
def test_an_even_split_goes_to_the_line_nearer_to_the_implied_median(
    warehouse: DuckDbWarehouse, over: int, line: float
) -> None:
    quote(warehouse, 15, ("fanduel", 17.5, over, -110), ("bovada", 18.5, -110, -110))
    assert line_of(warehouse)["line"] == line


def test_a_book_that_joins_does_not_move_the_line(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 12, ("fanduel", 25.5, -110, -110))
    quote(warehouse, 15, ("fanduel", 25.5, -110, -110), ("bovada", 27.5, -110, -110), ("betmgm", 27.5, -110, -110))
    row = line_of(warehouse)
    assert (row["opening_line"], row["line"], row["line_move"]) == (25.5, 27.5, 0)


def test_without_a_book_in_both_snapshots_there_is_no_move(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 12, ("fanduel", 25.5, -110, -110))
    quote(warehouse, 15, ("bovada", 27.5, -110, -110))
    assert line_of(warehouse)["line_move"] is None


def test_the_best_price_at_the_line_may_be_of_an_alternate_line(warehouse: DuckDbWarehouse) -> None:
    alternate = ("betrivers", 26.5, 115, -145)
    quote(
        warehouse,
        15,
        ("fanduel", 26.5, -110, -110),
        ("bovada", 26.5, -110, -110),
        ("betrivers", 25.5, -110, -110),
        alternate,
    )
    row = line_of(warehouse)
    assert (row["line"], row["over_price_american"], row["over_book"]) == (26.5, 115, "betrivers")


def test_a_ladder_tail_is_neither_a_line_nor_a_price(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 15, ("fanduel", 26.5, -110, -110), ("bovada", 26.5, 900, -2000), ("betmgm", 40.5, 700, -1200))
    row = line_of(warehouse)
    assert (row["line"], row["books"], row["over_price_american"]) == (26.5, 1, -110)


def test_the_line_of_a_pickem_operator_counts_but_has_no_price(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 15, ("prizepicks", 26.5, -137, -137), ("underdog", 26.5, 100, 100))
    row = line_of(warehouse)
    assert (row["line"], row["books"], row["market_over_probability"]) == (26.5, 2, 0.5)
    assert (row["over_price_american"], row["over_book"], row["under_price_american"], row["under_book"]) == (None,) * 4


@pytest.mark.parametrize(("hours", "missing"), [(8, None), (9, "fresh_line")])
def test_a_line_that_no_book_has_updated_for_eight_hours_is_old(
    warehouse: DuckDbWarehouse, hours: int, missing: str | None
) -> None:
    rosters(warehouse, **{f"p{JOKIC}": "DEN"}, **TEAMMATES)
    updated = BEFORE - timedelta(hours=hours)
    quote(warehouse, 15, ("fanduel", 26.5, -110, -110), last_update=updated)
    (row,) = (row for row in tonight(warehouse, "upcoming_player_game_context") if row["player_id"] == JOKIC)
    named = set((row["missing"] or "").split(";")) & {"fresh_line"}
    assert named == ({missing} if missing else set())


@pytest.mark.parametrize(("hours", "missing"), [(8, set()), (9, {"fresh_line"})])
def test_after_tip_off_the_age_of_a_line_is_its_age_at_tip_off(
    warehouse: DuckDbWarehouse, hours: int, missing: set[str]
) -> None:
    rosters(warehouse, **{f"p{JOKIC}": "DEN"}, **TEAMMATES)
    quote(warehouse, 15, ("fanduel", 26.5, -110, -110), last_update=TIP_OFF - timedelta(hours=hours))
    rows = tonight(warehouse, "upcoming_player_game_context", as_of=TIP_OFF + timedelta(hours=16))
    (named,) = ({*(row["missing"] or "").split(";")} for row in rows if row["player_id"] == JOKIC)
    assert named & {"fresh_line"} == missing


def test_a_one_sided_quote_is_not_a_line(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 15, ("fanduel", 26.5, -110, None), ("bovada", 26.5, None, -110))
    assert tonight(warehouse, "player_prop_lines") == []


def test_best_prices_are_those_at_the_line_and_the_market_probability_excludes_the_hold(
    warehouse: DuckDbWarehouse,
) -> None:
    quote(
        warehouse,
        15,
        ("bovada", 26.5, -120, 100),
        ("draftkings", 26.5, 105, -135),
        ("fanduel", 26.5, -120, 100),
        ("pinnacle", 27.5, 130, -110),
    )
    row = line_of(warehouse)
    assert (row["over_price_american"], row["over_book"]) == (105, "draftkings")
    assert (row["under_price_american"], row["under_book"]) == (100, "bovada")
    # -120/+100: .54545/(.54545+.5) = .52174; +105/-135: .48780/(.48780+.57447) = .45921
    assert row["market_over_probability"] == pytest.approx((0.52174 + 0.45921 + 0.52174) / 3, abs=1e-5)


def test_quotes_at_or_after_tip_off_are_ignored_at_any_as_of_time(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 12, ("fanduel", 25.5, -110, -110))
    quote(warehouse, 19, ("fanduel", 26.5, -110, -110))
    quote(warehouse, 20, ("fanduel", 30.5, -110, -110))
    quote(warehouse, 21, ("fanduel", 35.5, -110, -110))
    late = line_of(warehouse, as_of=eastern(TONIGHT, 23))
    assert (late["opening_line"], late["line"], late["line_move"]) == (25.5, 26.5, 1.0)
    assert late["line_as_of"] == eastern(TONIGHT, 19)
    early = line_of(warehouse, as_of=eastern(TONIGHT, 13))
    assert (early["line"], early["line_move"]) == (25.5, 0)


def test_quotes_of_a_game_without_a_fixed_tip_off_count_at_any_time(warehouse: DuckDbWarehouse) -> None:
    schedule(warehouse, {"game_id": GAME, "home": "MIN", "away": "DEN", "tip_off": None})
    quote(warehouse, 12, ("fanduel", 25.5, -110, -110))
    quote(warehouse, 21, ("fanduel", 26.5, -110, -110))
    assert line_of(warehouse, as_of=eastern(TONIGHT, 20))["line"] == 25.5
    assert line_of(warehouse, as_of=eastern(TONIGHT, 23))["line"] == 26.5


def test_a_player_missing_from_the_latest_snapshot_has_no_line(warehouse: DuckDbWarehouse) -> None:
    quote(warehouse, 12, ("fanduel", 25.5, -110, -110))
    others = rows_of(
        "raw_player_props",
        [{"player_id": EDWARDS, "line": 26.5, "over_price_american": -110.0, "under_price_american": -110.0}],
        game_date=TONIGHT,
        game_id=GAME,
        as_of=eastern(TONIGHT, 15),
    )
    warehouse.append("raw_player_props", others)
    assert [row["player_id"] for row in tonight(warehouse, "player_prop_lines")] == [EDWARDS]


def test_a_team_before_its_first_game_has_no_form_and_no_rest_days(warehouse: DuckDbWarehouse) -> None:
    rows = tonight(warehouse, "upcoming_team_game_context")
    assert sorted((row["team"], row["opponent"], row["home"]) for row in rows) == [
        ("DEN", "MIN", False),
        ("MIN", "DEN", True),
    ]
    for row in rows:
        assert (row["days_rest"], row["pace"], row["win_share"]) == (None, None, None)
        assert (row["back_to_back"], row["games_last_7_days"], row["win_streak"]) == (False, 0, 0)
        assert row["missing"] == "game_lines;injury_report"


def games_of(warehouse: DuckDbWarehouse, team: str, *games: tuple[int, bool], season: str = "2023-24") -> None:
    """Write finished games, given as days before tonight and win; pace and ratings equal the number of days."""
    rows = [
        {
            "game_date": TONIGHT - timedelta(days=days),
            "game_id": f"{team}{days}",
            "win": win,
            **dict.fromkeys(("pace", "offensive_rating", "defensive_rating"), float(days)),
        }
        for days, win in games
    ]
    frame = rows_of("team_offense_game_summary", rows, team=team, season=season)
    warehouse.replace("team_offense_game_summary", frame, {"team": team, "season": season})


def test_form_covers_the_games_of_the_season_from_the_newest_backwards(warehouse: DuckDbWarehouse) -> None:
    games_of(warehouse, "DEN", (1, True), (3, True), (7, True), (8, False), (14, True), (15, False))
    games_of(warehouse, "DEN", (400, True), season="2022-23")
    games_of(warehouse, "MIN", (2, False), (4, False), (6, True))
    den, mini = sorted(tonight(warehouse, "upcoming_team_game_context"), key=lambda row: str(row["team"]))
    assert (den["days_rest"], den["back_to_back"], den["win_streak"]) == (1, True, 3)
    assert (den["games_last_7_days"], den["games_last_14_days"]) == (3, 5)
    assert den["win_share"] == pytest.approx(4 / 6)
    assert den["pace"] == pytest.approx((1 + 3 + 7 + 8 + 14 + 15) / 6)
    assert (mini["days_rest"], mini["back_to_back"], mini["win_streak"]) == (2, False, -2)


def test_the_cup_final_counts_for_rest_but_not_for_statistics(warehouse: DuckDbWarehouse) -> None:
    games_of(warehouse, "DEN", (3, True), (5, True), (8, False))
    lost = {"game_id": "0062300001", "win": False, "pace": 90.0}
    yesterday = TONIGHT - timedelta(days=1)
    rows = rows_of("team_offense_game_summary", [lost], game_date=yesterday, team="DEN", season="2023-24")
    warehouse.replace("team_offense_game_summary", rows, {"game_date": yesterday})
    (den,) = (row for row in tonight(warehouse, "upcoming_team_game_context") if row["team"] == "DEN")
    assert (den["days_rest"], den["back_to_back"], den["games_last_7_days"]) == (1, True, 3)
    assert (den["games_season"], den["win_streak"], den["win_share"]) == (3, 2, pytest.approx(2 / 3))
    assert den["pace"] == pytest.approx((3 + 5 + 8) / 3)


def test_pace_and_ratings_are_means_of_the_last_fifteen_games(warehouse: DuckDbWarehouse) -> None:
    games_of(warehouse, "DEN", *((days, True) for days in range(1, 21)))
    (den,) = (row for row in tonight(warehouse, "upcoming_team_game_context") if row["team"] == "DEN")
    assert (den["pace"], den["offensive_rating"], den["defensive_rating"]) == (8, 8, 8)
    assert den["win_streak"] == 20


def test_spread_and_implied_total_are_given_from_the_side_of_each_team(warehouse: DuckDbWarehouse) -> None:
    lines = [(-3.5, 220.5), (-4.0, 221.0), (-4.5, None), (None, None)]
    rows = [{"book": f"book{n}", "home_spread": spread, "total": total} for n, (spread, total) in enumerate(lines)]
    values = {"game_date": TONIGHT, "game_id": GAME, "as_of": eastern(TONIGHT, 7)}
    warehouse.append("raw_game_lines", rows_of("raw_game_lines", rows, **values))
    den, mini = sorted(tonight(warehouse, "upcoming_team_game_context"), key=lambda row: str(row["team"]))
    assert (mini["spread"], mini["total"], mini["implied_total"]) == (-4.0, 220.5, 112.25)
    assert (den["spread"], den["total"], den["implied_total"]) == (4.0, 220.5, 108.25)
    assert den["missing"] == "injury_report"


def test_a_postponed_game_leaves_the_slate(warehouse: DuckDbWarehouse) -> None:
    assert len(tonight(warehouse, "upcoming_team_game_context")) == 2
    schedule(warehouse, {"game_id": GAME, "home": "MIN", "away": "DEN", "tip_off": TIP_OFF, "status": "postponed"})
    rows = rows_of("raw_schedule", [{"game_id": GAME, "status": "postponed"}], game_date=TONIGHT, season="2023-24")
    warehouse.replace("raw_schedule", rows, {"season": "2023-24"})
    assert tonight(warehouse, "upcoming_team_game_context") == []


def test_a_rescheduled_game_uses_no_report_or_line_of_its_first_date(
    warehouse: DuckDbWarehouse,
) -> None:
    first = TONIGHT - timedelta(days=30)
    moved = {"game_id": GAME, "home": "MIN", "away": "DEN"}
    roster = [{"player_id": JOKIC, "team": "DEN"}]
    warehouse.replace("raw_rosters", rows_of("raw_rosters", roster, game_date=first, as_of=eastern(first, 7)), {})
    values = {"game_date": first, "game_id": GAME, "player_id": JOKIC, "as_of": eastern(first, 11)}
    for table, columns in (
        ("raw_injuries", {"team": "DEN", "status": "Probable"}),
        ("raw_player_props", {"line": 29.5, "over_price_american": -110.0, "under_price_american": -110.0}),
    ):
        warehouse.append(table, rows_of(table, [columns], **values))
    schedule(warehouse, {**moved, "tip_off": eastern(first, 20), "game_date": first})
    run(warehouse, PRE_GAME[:3], first, first)
    before = warehouse.query("SELECT injury_status, line FROM upcoming_player_game_context").rows()
    assert before == [("Probable", 29.5)]

    schedule(warehouse, {**moved, "tip_off": TIP_OFF})
    rosters(warehouse, p203999="DEN")
    run(warehouse, PRE_GAME, TONIGHT, TONIGHT, as_of=BEFORE)
    evening = f"SELECT * FROM upcoming_player_game_context WHERE game_date = DATE '{TONIGHT}'"  # noqa: S608
    (row,) = warehouse.query(evening).to_dicts()
    assert (row["injury_status"], row["line"], row["missing"]) == (None, None, "lines;game_lines;injury_report")
    run(warehouse, PRE_GAME, first, TONIGHT, as_of=BEFORE)
    (row,) = warehouse.query(evening).to_dicts()
    assert (row["injury_status"], row["line"]) == (None, None)


def player_contexts(warehouse: DuckDbWarehouse, **changes: Any) -> dict[str, dict[str, Any]]:
    rows = tonight(warehouse, "upcoming_player_game_context", **changes)
    return {row["player_id"]: row for row in rows}


def test_only_the_newest_report_rules_a_player_out(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", p1627750="DEN", p1630162="MIN", p203497="MIN")
    report(warehouse, 11, (JOKIC, "DEN", "Out"), (MURRAY, "DEN", "Questionable"))
    report(warehouse, 17, (JOKIC, "DEN", "Probable"), (MURRAY, "DEN", "Doubtful"), (GOBERT, "MIN", "Questionable"))
    contexts = player_contexts(warehouse)
    assert {player: row["injury_status"] for player, row in contexts.items()} == {
        JOKIC: "Probable",
        EDWARDS: None,
        GOBERT: "Questionable",
    }
    teams = tonight(warehouse, "upcoming_team_game_context")
    assert {row["team"]: (row["players_out"], row["players_questionable"]) for row in teams} == {
        "DEN": (0, 1),
        "MIN": (0, 1),
    }
    assert JOKIC not in player_contexts(warehouse, as_of=eastern(TONIGHT, 12))


def test_a_report_after_tip_off_is_ignored(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN")
    report(warehouse, 22, (JOKIC, "DEN", "Out"))
    row = player_contexts(warehouse, as_of=eastern(TONIGHT, 23))[JOKIC]
    assert (row["has_injury_report"], row["stars_out"], row["vacated_points"]) == (False, None, None)


def test_reports_count_until_so_many_minutes_before_tip_off(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN")
    report(warehouse, 18, (JOKIC, "DEN", "Questionable"))
    report(warehouse, 19, (JOKIC, "DEN", "Out"))
    evening = eastern(TONIGHT, 23)
    assert player_contexts(warehouse, as_of=evening, reports_until_minutes=60) == {}
    row = player_contexts(warehouse, as_of=evening, reports_until_minutes=61)[JOKIC]
    assert (row["injury_status"], row["has_injury_report"]) == ("Questionable", True)
    teams = tonight(warehouse, "upcoming_team_game_context", as_of=evening, reports_until_minutes=61)
    assert {team["team"]: team["players_questionable"] for team in teams} == {"DEN": 1, "MIN": 0}


def test_a_game_without_a_fixed_tip_off_has_contexts_and_uses_the_reports_of_its_day(
    warehouse: DuckDbWarehouse,
) -> None:
    schedule(warehouse, {"game_id": GAME, "home": "MIN", "away": "DEN", "tip_off": None})
    rosters(warehouse, p203999="DEN")
    report(warehouse, 17, (JOKIC, "DEN", "Questionable"))
    report(warehouse, 22, (JOKIC, "DEN", "Probable"))
    early, late = (player_contexts(warehouse, as_of=eastern(TONIGHT, hour))[JOKIC] for hour in (21, 23))
    assert [row["injury_status"] for row in (early, late)] == ["Questionable", "Probable"]
    assert [row["tip_off"] for row in (early, late)] == [None, None]
    (team, _) = tonight(warehouse, "upcoming_team_game_context")
    assert (team["tip_off"], team["players_out"]) == (None, 0)


def test_in_training_a_game_without_a_fixed_tip_off_uses_nothing_of_its_own_date(warehouse: DuckDbWarehouse) -> None:
    schedule(warehouse, {"game_id": GAME, "home": "MIN", "away": "DEN", "tip_off": None})
    report(warehouse, 11, (JOKIC, "DEN", "Out"))
    run(warehouse, ["upcoming_team_game_context"], TONIGHT, TONIGHT, training=True, as_of=eastern(TONIGHT, 23))
    rows = warehouse.query("SELECT tip_off, players_out FROM upcoming_team_game_context").rows()
    assert rows == [(eastern(TONIGHT, 0), None)] * 2


def test_a_team_without_a_submitted_report_has_unknown_absences(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", p1630162="MIN")
    report(warehouse, 11, (EDWARDS, "MIN", "Questionable"), late=["DEN"])
    contexts = player_contexts(warehouse)
    columns = ("has_injury_report", "injury_source", "stars_out", "vacated_minutes", "vacated_points")
    assert [contexts[JOKIC][name] for name in columns] == [False, None, None, None, None]
    assert [contexts[EDWARDS][name] for name in columns] == [True, "default", 0, 0, 0]
    assert [contexts[each]["missing"] for each in (JOKIC, EDWARDS)] == [
        "lines;game_lines;injury_report",
        "lines;game_lines",
    ]
    teams = {row["team"]: row for row in tonight(warehouse, "upcoming_team_game_context")}
    assert [(teams[team]["players_out"], teams[team]["missing"]) for team in ("DEN", "MIN")] == [
        (None, "game_lines;injury_report"),
        (0, "game_lines"),
    ]


def test_a_report_without_players_means_nobody_is_out(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", p1627750="DEN")
    played(warehouse, MURRAY, *days_ago(2, 4, 6, minutes=32.0, points=21))
    report(warehouse, 11, (MURRAY, "DEN", "Out"))
    assert player_contexts(warehouse).keys() == {JOKIC}
    report(warehouse, 16)
    contexts = player_contexts(warehouse)
    assert contexts.keys() == {JOKIC, MURRAY}
    assert (contexts[JOKIC]["stars_out"], contexts[JOKIC]["vacated_minutes"]) == (0, 0)


def test_a_first_report_without_players_means_nobody_is_out(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN")
    report(warehouse, 11)
    row = player_contexts(warehouse)[JOKIC]
    assert (row["has_injury_report"], row["stars_out"], row["vacated_minutes"]) == (True, 0, 0)


def played(warehouse: DuckDbWarehouse, player: str, *games: tuple[date, dict[str, Any]]) -> None:
    rows = [{"game_date": day, "game_id": f"{player}{day}", "quality": "measured", **values} for day, values in games]
    frame = rows_of("player_game_summary", rows, player_id=player, **{"season": "2023-24"} if games else {})
    warehouse.replace("player_game_summary", frame, {"player_id": player})


def days_ago(*days: int, **values: Any) -> list[tuple[date, dict[str, Any]]]:
    return [(TONIGHT - timedelta(days=day), values) for day in days]


def test_vacated_minutes_and_points_are_the_means_of_the_players_ruled_out(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", p1630162="MIN")
    report(warehouse, 11, (MURRAY, "DEN", "Out"), ("3", "DEN", "Out"), ("4", "DEN", "Out"), ("5", "DEN", "Doubtful"))
    played(warehouse, MURRAY, *days_ago(2, 4, 6, minutes=32.0, points=21), *days_ago(8, minutes=0.0))
    played(warehouse, "3", *days_ago(2, 4, 6, minutes=20.0, points=9))
    played(warehouse, "4", *days_ago(2, 4, minutes=40.0, points=30))
    played(warehouse, "5", *days_ago(2, 4, 6, minutes=40.0, points=30))
    contexts = player_contexts(warehouse)
    assert [contexts[JOKIC][name] for name in ("stars_out", "vacated_minutes", "vacated_points")] == [1, 52, 30]
    assert [contexts[EDWARDS][name] for name in ("stars_out", "vacated_minutes", "vacated_points")] == [0, 0, 0]


def player_list(warehouse: DuckDbWarehouse, game_date: date = TONIGHT, **players: str) -> None:
    """Write the league's player list: "p" and the id of a player, and his team."""
    listed = [{"player_id": player.removeprefix("p"), "team": team} for player, team in players.items()]
    rows = rows_of("raw_players", listed, game_date=game_date, source="nbac_player_list_current")
    warehouse.replace("raw_players", rows, {"game_date": game_date})


def test_a_team_without_a_roster_uses_the_league_player_list(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", **TEAMMATES)
    player_list(warehouse, p203999="DEN", p1627750="DEN", p1630162="MIN")
    contexts = player_contexts(warehouse)
    of_roster = dict.fromkeys([JOKIC, *map(str, range(12))], "default")
    sources = {player: row["roster_source"] for player, row in contexts.items()}
    assert sources == of_roster | {EDWARDS: "nbac_player_list_current"}
    assert contexts[EDWARDS]["missing"] == "lines;game_lines;injury_report;rosters"
    assert contexts[JOKIC]["missing"] == "lines;game_lines;injury_report"


def unresolved_names(warehouse: DuckDbWarehouse, *teams: str, source: str = "default") -> None:
    """Write an unresolved name for each of these teams."""
    rows = rows_of("unresolved_players", [{"team": team} for team in teams], game_date=TONIGHT, source=source)
    warehouse.replace("unresolved_players", rows, {"game_date": TONIGHT})


def test_the_figures_of_a_team_are_computed_from_both_sides_totals(warehouse: DuckDbWarehouse) -> None:
    yesterday = TONIGHT - timedelta(days=1)
    nuggets = {"points": 111, "fgm": 40, "fga": 90, "fg3m": 10, "fta": 25, "oreb": 8, "tov": 12}
    wolves = {"points": 105, "fgm": 42, "fga": 88, "fg3m": 6, "fta": 20, "oreb": 5, "tov": 9}
    sides = [
        {"team": "DEN", "opponent": "MIN", "home": False, **nuggets},
        {"team": "MIN", "opponent": "DEN", "home": True, **wolves},
    ]
    rows = rows_of("raw_team_boxscores", sides, game_date=yesterday, game_id="1", season="2023-24", minutes=265.0)
    warehouse.replace("raw_team_boxscores", rows, {"game_date": yesterday})
    run(warehouse, ["team_offense_game_summary"], yesterday, yesterday)
    (row,) = warehouse.query("SELECT * FROM team_offense_game_summary WHERE team = 'DEN'").to_dicts()
    expected = {
        "margin": 6,
        "overtime_periods": 1,
        "opponent_points": 105,
        "possessions": 105,  # 90 + .44 * 25 + 12 - 8
        "pace": 105 * 48 / 53,
        "offensive_rating": 100 * 111 / 105,
        "defensive_rating": 100 * 105 / 100.8,  # 88 + .44 * 20 + 9 - 5
        "true_shooting": 111 / 202,  # 2 * (90 + .44 * 25)
        "effective_field_goal": 0.5,  # (40 + .5 * 10) / 90
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)


def test_the_league_player_list_completes_a_partial_roster(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", p1630162="MIN")
    player_list(warehouse, p203999="DEN", p1627750="DEN", p1630162="DEN", p203497="MIN")
    contexts = player_contexts(warehouse)
    assert {player: (row["team"], row["roster_source"]) for player, row in contexts.items()} == {
        JOKIC: ("DEN", "default"),
        MURRAY: ("DEN", "nbac_player_list_current"),
        EDWARDS: ("MIN", "default"),
        GOBERT: ("MIN", "nbac_player_list_current"),
    }
    assert contexts[MURRAY]["missing"] == "lines;game_lines;injury_report;rosters"
    assert contexts[JOKIC]["missing"] == "lines;game_lines;injury_report"


def test_an_unresolved_name_makes_a_roster_partial(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", **TEAMMATES)
    player_list(warehouse, p1627750="DEN")
    assert MURRAY not in player_contexts(warehouse)
    unresolved_names(warehouse, "DEN", source="nbac_injury_report")
    assert MURRAY not in player_contexts(warehouse)
    unresolved_names(warehouse, "DEN")
    assert MURRAY in player_contexts(warehouse)


def test_the_newest_player_list_up_to_the_date_is_used(warehouse: DuckDbWarehouse) -> None:
    player_list(warehouse, TONIGHT - timedelta(days=2), p203999="DEN", p1630162="MIN")
    player_list(warehouse, TONIGHT - timedelta(days=1), p203999="DEN", p1627750="MIN")
    player_list(warehouse, TONIGHT + timedelta(days=1), p203497="MIN")
    assert set(player_contexts(warehouse)) == {JOKIC, MURRAY}


def box_scores(warehouse: DuckDbWarehouse, *games: tuple[int, str, str], season: str = "2023-24") -> None:
    """Write box scores: days before tonight, player and team."""
    rows = [
        {
            "game_date": TONIGHT - timedelta(days=days),
            "game_id": f"00223{days:05}",
            "player_id": player,
            "team": team,
            "season": season,
            "as_of": eastern(TONIGHT + timedelta(days=900), 12),
        }
        for days, player, team in games
    ]
    warehouse.replace("raw_player_boxscores", rows_of("raw_player_boxscores", rows), {"season": season})


LAST_TEAMS = ((3, JOKIC, "MIN"), (1, JOKIC, "DEN"), (30, MURRAY, "DEN"), (2, EDWARDS, "MIN"), (0, GOBERT, "MIN"))
"""Box scores collected years later."""


def test_without_any_list_each_player_counts_to_the_team_of_his_last_game_before_the_date(
    warehouse: DuckDbWarehouse,
) -> None:
    box_scores(warehouse, *LAST_TEAMS)
    contexts = player_contexts(warehouse)
    assert {player: row["team"] for player, row in contexts.items()} == {JOKIC: "DEN", MURRAY: "DEN", EDWARDS: "MIN"}
    assert contexts[JOKIC]["roster_source"] == "last game in default"
    assert contexts[JOKIC]["missing"] == "lines;game_lines;injury_report;rosters"
    names = known_players(SOURCES["nbac_injury_report"], Slate(game_date=TONIGHT), warehouse)
    assert {player.player_id: player.team for player in names} == {JOKIC: "DEN", MURRAY: "DEN", EDWARDS: "MIN"}


def test_before_a_season_has_games_of_a_team_its_last_season_counts(warehouse: DuckDbWarehouse) -> None:
    box_scores(warehouse, (200, JOKIC, "DEN"), (201, EDWARDS, "MIN"), season="2022-23")
    box_scores(warehouse, (1, MURRAY, "DEN"))
    assert {player: row["team"] for player, row in player_contexts(warehouse).items()} == {
        MURRAY: "DEN",
        EDWARDS: "MIN",
    }


def test_who_played_since_an_older_list_counts_to_the_team_of_his_last_game(warehouse: DuckDbWarehouse) -> None:
    player_list(warehouse, TONIGHT - timedelta(days=2), p203999="MIN", p1627750="DEN")
    box_scores(warehouse, *LAST_TEAMS)
    assert {player: row["team"] for player, row in player_contexts(warehouse).items()} == {
        JOKIC: "DEN",
        MURRAY: "DEN",
        EDWARDS: "MIN",
    }


def test_rosters_and_lists_that_were_landed_after_the_as_of_time_are_not_used(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN", **TEAMMATES)
    player_list(warehouse, p203497="DEN")
    box_scores(warehouse, (1, MURRAY, "DEN"))
    for table in ("raw_rosters", "raw_players"):
        landed = warehouse.query(f"SELECT * FROM {table}").with_columns(as_of=pl.lit(eastern(TONIGHT, 23)))  # noqa: S608
        warehouse.replace(table, landed, {"game_date": TONIGHT})
    assert set(player_contexts(warehouse)) == {MURRAY}


@pytest.mark.parametrize("seed", range(8))
def test_the_slate_has_the_same_players_as_names_resolve_to(warehouse: DuckDbWarehouse, seed: int) -> None:
    random = Random(seed)
    teams = ("DEN", "MIN", "LAL")

    def some_players(least: int) -> dict[str, str]:
        return {f"p{number}": random.choice(teams) for number in random.sample(range(60), random.randint(least, 50))}

    rostered, listed, partial = some_players(0), some_players(30), random.sample(teams, random.randint(0, 2))
    rosters(warehouse, **rostered)
    player_list(warehouse, TONIGHT, **listed)
    unresolved_names(warehouse, *partial)
    with_names = {team for team in partial if team in rostered.values()}
    players = slate_players(known(rostered), known(listed), with_names)
    assert {(player.player_id, player.team) for player in players if player.team != "LAL"} == {
        (player, row["team"]) for player, row in player_contexts(warehouse).items()
    }


def known(players: Mapping[str, str]) -> list[KnownPlayer]:
    return [
        KnownPlayer(player_id=player.removeprefix("p"), player_name=player, team=team)
        for player, team in players.items()
    ]


def test_refreshing_one_game_does_not_change_the_others(warehouse: DuckDbWarehouse) -> None:
    games = [{"game_id": GAME, "home": "MIN", "away": "DEN"}, {"game_id": OTHER_GAME, "home": "LAL", "away": "BOS"}]
    schedule(warehouse, *(game | {"tip_off": TIP_OFF} for game in games))
    rosters(warehouse, p203999="DEN", p2544="LAL")
    player_contexts(warehouse, as_of=eastern(TONIGHT, 12))
    later = parameters(TONIGHT, TONIGHT, as_of=BEFORE, game_ids=[GAME])
    where: Slice = {"game_date": TONIGHT, "game_id": [GAME]}
    for name in PRE_GAME[:3]:
        warehouse.transform(name, later, where)
    rows = warehouse.query("SELECT player_id, as_of FROM upcoming_player_game_context").rows()
    assert dict(rows) == {JOKIC: BEFORE, "2544": eastern(TONIGHT, 12)}


def test_the_player_cache_matches_values_computed_by_hand(warehouse: DuckDbWarehouse) -> None:
    """Twelve games every other day with 10 to 32 points, one of last season, and games that must not count."""
    rosters(warehouse, p203999="DEN")
    ages = range(23, 0, -2)
    usual = {"minutes": 30.0, "fga": 20, "fg3a": 5, "fta": 5, "usage_rate": 25.0}
    games = [
        (
            TONIGHT - timedelta(days=age),
            {**usual, "points": 10 + 2 * n, "home": n < 6, "opponent": "MIN" if n % 2 == 0 else "LAL"},
        )
        for n, age in enumerate(ages)
    ]
    games[-1][1].update(minutes=36.0, usage_rate=900.0, quality="out_of_range", source="nbac_live_boxscore")
    did_not_play = (TONIGHT - timedelta(days=4), {"minutes": 0.0, "opponent": "MIN"})
    last_season = (date(2023, 4, 1), {**usual, "points": 40, "opponent": "MIN", "season": "2022-23"})
    before_the_history = (date(2021, 3, 1), {**usual, "points": 50, "opponent": "MIN", "season": "2020-21"})
    tonight_itself = (TONIGHT, {**usual, "points": 99, "opponent": "MIN"})
    played(warehouse, JOKIC, *games, did_not_play, last_season, before_the_history, tonight_itself)
    (row,) = tonight(warehouse, "player_daily_cache")
    expected = {
        "games_season": 12,
        "games_history": 13,
        "bootstrap": False,
        "box_source": "default;nbac_live_boxscore",
        "days_since_last_game": 1,
        "points_mean_5": 28,
        "points_mean_10": 23,
        "points_mean_season": 21,
        "points_sd_10": 6.055300708,  # sqrt(330 / 9)
        "points_ewm": 24.625235478,  # weights 1, .8706, .7579, .6598 … from the newest backwards
        "points_per_minute_10": 230 / 306,
        "points_trend": 10,
        "minutes_mean_5": 31.2,
        "minutes_mean_7": 216 / 7,
        "minutes_mean_10": 30.6,
        "minutes_mean_season": 30.5,
        "minutes_sd_10": 1.897366596,  # sqrt(32.4 / 9)
        "minutes_last_game": 36,
        "fga_mean_10": 20,
        "fg3a_mean_10": 5,
        "fta_mean_10": 5,
        "usage_rate_10": 25,
        "true_shooting_10": 23 / 44.4,
        "games_last_7_days": 4,
        "games_last_14_days": 7,
        "minutes_last_7_days": 126,
        "back_to_back": True,
        "points_mean_opponent": 160 / 7,
        "games_opponent": 7,
        "home_points_difference": 15 - 27,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_the_cup_final_counts_for_a_players_rest_but_not_for_his_means(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN")
    cup_final = {"game_id": "0062300001", "minutes": 40.0, "points": 50, "opponent": "MIN"}
    played(warehouse, JOKIC, *days_ago(3, 5, minutes=30.0, points=20), *days_ago(1, **cup_final))
    (row,) = tonight(warehouse, "player_daily_cache")
    assert (row["games_season"], row["games_history"], row["games_opponent"]) == (2, 2, 0)
    assert [row[name] for name in ("points_mean_5", "points_mean_season", "points_ewm")] == pytest.approx([20, 20, 20])
    assert (row["minutes_last_game"], row["points_mean_opponent"]) == (30, None)
    assert (row["days_since_last_game"], row["games_last_7_days"], row["minutes_last_7_days"]) == (1, 3, 100)


def test_an_age_is_that_of_any_roster_of_the_last_year(warehouse: DuckDbWarehouse) -> None:
    """Today the player list replaces the roster, which could not be read."""
    for read_on, player, birth_date in (
        (TONIGHT - timedelta(days=1), JOKIC, date(1995, 3, 30)),
        (TONIGHT - timedelta(days=366), "2544", date(1984, 12, 30)),
    ):
        row = {"player_id": player, "team": "DEN", "birth_date": birth_date}
        warehouse.replace("raw_rosters", rows_of("raw_rosters", [row], game_date=read_on), {"game_date": read_on})
    player_list(warehouse, p203999="DEN", p2544="DEN")
    ages = {row["player_id"]: row["age"] for row in tonight(warehouse, "player_daily_cache")}
    assert ages == {JOKIC: 28, "2544": None}


def test_a_player_without_history_has_a_bootstrap_row(warehouse: DuckDbWarehouse) -> None:
    rosters(warehouse, p203999="DEN")
    (row,) = tonight(warehouse, "player_daily_cache")
    assert (row["bootstrap"], row["games_history"], row["games_last_7_days"]) == (True, 0, 0)
    assert (row["points_mean_5"], row["points_sd_10"], row["box_source"]) == (None, None, None)
