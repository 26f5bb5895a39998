"""One-sided slates against a real DuckDB warehouse: 50 players in two games, tip-offs 19:00 and 21:00 ET."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rows import rows_of
from tipoff.grading.accuracy import active_predictions
from tipoff.grading.balance import is_one_sided, release_picks, withhold_one_sided
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

DAY = date(2024, 3, 1)
EARLY, LATE = "0022300870", "0022300871"
NOON, AFTERNOON, EVENING = (eastern(DAY, hour) for hour in (12, 15, 18))
TIP_OFFS = {EARLY: eastern(DAY, 19), LATE: eastern(DAY, 21)}
NIGHT = eastern(DAY, 23)
SYSTEM = "ensemble_v1"
MARKET_VIEW = (SYSTEM, "market")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = open_warehouse(f"duckdb:///{tmp_path}/tipoff.duckdb")
    opened.migrate()
    yield opened
    opened.close()


def predict(warehouse: Warehouse, overs: int, unders: int, as_of: datetime = NOON, **changes: Any) -> dict[str, str]:
    """Store so many picks of the market view, every second in the early game, and withhold them if one-sided."""
    common = {"game_date": DAY, "system_id": SYSTEM, "view": "market", "as_of": as_of, "line": 20.5, **changes}
    rows = [
        {
            "prediction_id": f"{number}/{common['system_id']}/{common['view']}/{as_of:%H%M}",
            "player_id": str(number),
            "game_id": (EARLY, LATE)[number % 2],
            "tip_off": TIP_OFFS[(EARLY, LATE)[number % 2]],
            "recommendation": "OVER" if number < overs else "UNDER",
        }
        for number in range(overs + unders)
    ]
    warehouse.append("predictions", rows_of("predictions", rows, **common))
    return withhold_one_sided(warehouse, DAY, str(common["system_id"]), as_of)


def picks(warehouse: Warehouse, as_of: datetime, game_id: str | None = None) -> int:
    active = active_predictions(warehouse, DAY, as_of).filter(pl.col("recommendation").is_in(["OVER", "UNDER"]))
    return active.filter(game_id is None or pl.col("game_id") == game_id).height


@pytest.mark.parametrize(
    ("count", "overs", "one_sided"),
    [(39, 0, False), (40, 5, True), (40, 6, False), (40, 34, False), (40, 35, True), (127, 2, True), (100, 50, False)],
)
def test_picks_are_one_sided_below_15_and_above_85_percent_of_at_least_40(
    count: int, overs: int, one_sided: bool
) -> None:
    assert is_one_sided(count, overs) is one_sided


@given(picks=st.integers(1, 400), data=st.data())
def test_one_sidedness_is_the_same_for_both_sides(picks: int, data: st.DataObject) -> None:
    overs = data.draw(st.integers(0, picks))
    assert is_one_sided(picks, overs) is is_one_sided(picks, picks - overs)


def test_a_one_sided_slate_is_published_as_pass_with_the_reason(warehouse: Warehouse) -> None:
    reasons = predict(warehouse, overs=2, unders=48)
    assert reasons == {"market": "withheld: 48 of 50 picks of the slate are UNDER"}
    active = active_predictions(warehouse, DAY, NOON)
    assert active["recommendation"].unique().to_list() == ["PASS"]
    assert active["pass_reason"].unique().to_list() == [reasons["market"]]
    assert active["system_recommendation"].value_counts().sort("count")["count"].to_list() == [2, 48]
    stored = warehouse.query("SELECT recommendation FROM predictions")
    assert set(stored["recommendation"]) == {"OVER", "UNDER"}, "the predictions stay as they are"


def test_a_balanced_slate_is_published(warehouse: Warehouse) -> None:
    assert predict(warehouse, overs=20, unders=30) == {}
    assert picks(warehouse, NOON) == 50
    assert active_predictions(warehouse, DAY, NOON)["pass_reason"].is_null().all()


def test_other_systems_and_views_are_published(warehouse: Warehouse) -> None:
    predict(warehouse, overs=0, unders=50)
    predict(warehouse, overs=25, unders=25, view="model")
    predict(warehouse, overs=25, unders=25, system_id="catboost_v8")
    active = active_predictions(warehouse, DAY, NOON).filter(pl.col("recommendation") != "PASS")
    counts = active.group_by("system_id", "view").len().sort("system_id").rows()
    assert counts == [("catboost_v8", "market", 50), (SYSTEM, "model", 50)]


def test_backfilled_predictions_are_no_picks_and_not_withheld(warehouse: Warehouse) -> None:
    assert predict(warehouse, overs=0, unders=50, backfilled=True) == {}


def test_picks_stay_withheld_until_a_refresh_is_balanced(warehouse: Warehouse) -> None:
    predict(warehouse, overs=0, unders=50)
    assert predict(warehouse, overs=1, unders=49, as_of=AFTERNOON).keys() == {"market"}
    assert picks(warehouse, AFTERNOON) == 0
    assert predict(warehouse, overs=25, unders=25, as_of=EVENING) == {}
    assert (picks(warehouse, EVENING), picks(warehouse, AFTERNOON)) == (50, 0)


def test_released_picks_are_published_from_then_on_and_survive_refreshes(warehouse: Warehouse) -> None:
    predict(warehouse, overs=0, unders=50)
    release_picks(warehouse, DAY, [MARKET_VIEW], AFTERNOON, "Ann", "the total is right")
    assert (picks(warehouse, NOON), picks(warehouse, AFTERNOON)) == (0, 50)
    assert predict(warehouse, overs=0, unders=50, as_of=EVENING) == {}
    assert picks(warehouse, EVENING) == 50
    rows = warehouse.query("SELECT withheld, picks, overs, who, reason FROM withheld_picks ORDER BY as_of").rows()
    assert rows == [
        (True, 50, 0, None, "withheld: 50 of 50 picks of the slate are UNDER"),
        (False, 50, 0, "Ann", "the total is right"),
    ]


def test_picks_of_games_that_had_begun_stay_withheld(warehouse: Warehouse) -> None:
    predict(warehouse, overs=0, unders=50)
    release_picks(warehouse, DAY, [MARKET_VIEW], TIP_OFFS[EARLY], "Ann", "")
    assert picks(warehouse, NIGHT, EARLY) == 0
    assert picks(warehouse, NIGHT, LATE) == 25


def test_a_slate_that_becomes_one_sided_after_a_tip_off_withholds_only_later_games(warehouse: Warehouse) -> None:
    predict(warehouse, overs=8, unders=42)
    late = TIP_OFFS[EARLY] + timedelta(minutes=30)
    assert predict(warehouse, overs=0, unders=50, as_of=late).keys() == {"market"}
    assert (picks(warehouse, NIGHT, EARLY), picks(warehouse, NIGHT, LATE)) == (25, 0)


def test_a_rerun_as_of_recorded_times_changes_nothing(warehouse: Warehouse) -> None:
    predict(warehouse, overs=0, unders=50)
    release_picks(warehouse, DAY, [MARKET_VIEW], AFTERNOON, "Ann", "")
    before = warehouse.query("SELECT * FROM withheld_picks ORDER BY as_of")
    assert withhold_one_sided(warehouse, DAY, SYSTEM, NOON).keys() == {"market"}
    assert withhold_one_sided(warehouse, DAY, SYSTEM, EVENING) == {}
    release_picks(warehouse, DAY, [MARKET_VIEW], AFTERNOON, "Ann", "")
    assert warehouse.query("SELECT * FROM withheld_picks ORDER BY as_of").equals(before)


def test_views_that_the_operator_did_not_see_stay_withheld(warehouse: Warehouse) -> None:
    """The step of the other system ran during the release: its rows are as of its start."""
    predict(warehouse, overs=0, unders=50)
    predict(warehouse, overs=0, unders=50, system_id="catboost_v8")
    release_picks(warehouse, DAY, [MARKET_VIEW], AFTERNOON, "Ann", "")
    active = active_predictions(warehouse, DAY, AFTERNOON).filter(pl.col("recommendation") != "PASS")
    assert active["system_id"].unique().to_list() == [SYSTEM]


def test_releasing_what_is_not_withheld_stores_nothing(warehouse: Warehouse) -> None:
    predict(warehouse, overs=25, unders=25)
    release_picks(warehouse, DAY, [MARKET_VIEW], AFTERNOON, "Ann", "")
    assert warehouse.query("SELECT * FROM withheld_picks").is_empty()


def report(warehouse: Warehouse, as_of: datetime, *ruled_out: str, status: str = "Out") -> None:
    common = {"game_date": DAY, "game_id": EARLY, "team": "LAL", "as_of": as_of, "reason": "Knee"}
    rows = [{"player_id": player, "player_name": player, "status": status} for player in ruled_out]
    listed = {"player_id": "99", "player_name": "Somebody else", "status": "Available"}
    warehouse.append("raw_injuries", rows_of("raw_injuries", [listed, *rows], **common))


def reason_of_player(warehouse: Warehouse, player: str, as_of: datetime) -> tuple[str, str | None]:
    active = active_predictions(warehouse, DAY, as_of).filter(pl.col("player_id") == player)
    return active.select("recommendation", "pass_reason").row(0)


@pytest.mark.parametrize("status", ["Out", "Doubtful"])
def test_the_pick_of_a_player_ruled_out_since_is_withdrawn(warehouse: Warehouse, status: str) -> None:
    predict(warehouse, overs=25, unders=25)
    report(warehouse, AFTERNOON, "4", status=status)
    assert reason_of_player(warehouse, "4", NOON) == ("OVER", None)
    assert reason_of_player(warehouse, "4", EVENING) == ("PASS", f"withdrawn: {status}: Knee")
    assert reason_of_player(warehouse, "6", EVENING) == ("OVER", None)


def test_a_player_who_may_play_or_is_cleared_keeps_his_pick(warehouse: Warehouse) -> None:
    predict(warehouse, overs=25, unders=25)
    report(warehouse, AFTERNOON, "4", status="Questionable")
    report(warehouse, AFTERNOON, "6")
    report(warehouse, EVENING)
    assert reason_of_player(warehouse, "4", AFTERNOON) == ("OVER", None)
    assert reason_of_player(warehouse, "6", AFTERNOON)[0] == "PASS"
    assert reason_of_player(warehouse, "6", NIGHT) == ("OVER", None)


def test_a_report_after_tip_off_withdraws_nothing(warehouse: Warehouse) -> None:
    predict(warehouse, overs=25, unders=25)
    game = {"game_id": EARLY, "game_date": DAY, "season": "2023-24", "tip_off": TIP_OFFS[EARLY]}
    warehouse.replace("raw_schedule", rows_of("raw_schedule", [game]), {"game_id": EARLY})
    report(warehouse, AFTERNOON)
    report(warehouse, TIP_OFFS[EARLY], "4")
    assert reason_of_player(warehouse, "4", NIGHT) == ("OVER", None)
