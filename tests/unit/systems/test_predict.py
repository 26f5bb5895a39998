"""Rows of predictions: eligible players, degraded reasons, and no look-ahead."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.support.features import GAME_DATE, MORNING, NO_LINE, TIP_OFF, past, vectors
from tests.support.trained_models import untrained
from tipoff.errors import BadInputError, NotEnoughDataError
from tipoff.systems.base import PointModel
from tipoff.systems.form import DEBUT_POINTS
from tipoff.systems.model_store import open_models
from tipoff.systems.predict import predict, predict_files
from tipoff.systems.registry import HEADLINE, SYSTEMS
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES


def both_views(*changes: dict[str, Any]) -> pl.DataFrame:
    return predict(untrained(), vectors(*changes), past().lazy(), MORNING)


def predictions(*changes: dict[str, Any], view: str = "model") -> pl.DataFrame:
    return both_views(*changes).filter(view=view)


def test_prediction_rows_match_the_table_and_are_appended_once(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "predictions.duckdb")
    warehouse.migrate()
    rows = both_views({}, NO_LINE | {"player_id": "2"})
    assert set(rows.columns) == set(TABLES["predictions"].column_names)
    assert [warehouse.append("predictions", rows).rows for _ in range(2)] == [3, 0]
    warehouse.close()


def test_bench_players_without_a_line_are_not_predicted() -> None:
    rows = predictions({}, NO_LINE | {"player_id": "2", "minutes_mean_7": 9.0})
    assert rows["player_id"].to_list() == ["1628378"]


def test_no_eligible_players_give_no_rows() -> None:
    rows = predictions(NO_LINE | {"minutes_mean_7": 9.0})
    assert rows.is_empty()
    assert set(rows.columns) == set(TABLES["predictions"].column_names)


def test_interval_and_median_equal_the_quantiles() -> None:
    row = predictions().row(0, named=True)
    assert row["low_80"] < row["points"] < row["high_80"]
    assert (row["low_80"], row["points"], row["high_80"]) == tuple(row["quantiles"][index] for index in (2, 6, 10))


def test_a_lean_has_the_price_and_book_of_its_side() -> None:
    easy, hard = predictions(
        {"line": 9.5, "over_price_american": -105.0}, {"player_id": "2", "line": 39.5, "under_price_american": -110.0}
    ).rows(named=True)
    assert (easy["recommendation"], easy["book"], easy["price_american"]) == ("OVER", "fanduel", -105)
    assert (hard["recommendation"], hard["book"], hard["price_american"]) == ("UNDER", "draftkings", -110)
    assert easy["confidence"] == easy["over_probability"]
    assert hard["confidence"] == pytest.approx(1 - hard["over_probability"])


def test_without_a_line_there_is_a_prediction_but_no_lean() -> None:
    row = predictions(NO_LINE).row(0, named=True)
    assert row["recommendation"] == "NO_LINE"
    assert [row[name] for name in ("lean", "over_probability", "confidence", "price_american", "book")] == [None] * 5


def test_a_line_without_prices_is_a_pass() -> None:
    row = predictions({"over_price_american": None, "under_price_american": None}).row(0, named=True)
    assert row["recommendation"] == "PASS"
    assert row["lean"] in ("OVER", "UNDER")
    assert row["expected_value"] is None


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"missing": "lines"}, ["no line"]),
        ({"missing": "lines;injury_report"}, ["no line", "no injury report"]),
        ({"missing": "game_lines"}, ["no game lines"]),
        ({"bootstrap": True}, ["short history"]),
        (NO_LINE, []),  # the books quote the game but not the player: no input is missing
    ],
)
def test_missing_inputs_are_listed_as_degraded_reasons(changes: dict[str, Any], reasons: list[str]) -> None:
    assert predictions(changes)["degraded_reasons"].to_list() == [reasons]


def test_degraded_inputs_widen_the_interval_and_lower_the_confidence() -> None:
    complete, degraded = predictions(
        {"line": 15.5}, {"player_id": "2", "line": 15.5, "missing": "lines;injury_report"}
    )["low_80", "points", "high_80", "confidence"].rows()
    assert degraded[1] == pytest.approx(complete[1])
    assert degraded[2] - degraded[0] == pytest.approx((complete[2] - complete[0]) * 1.02)
    assert 0.5 < degraded[3] < complete[3]


@pytest.mark.parametrize(
    ("changes", "widening"),
    [
        ({"missing": "lines"}, 1.0),
        ({"missing": "injury_report"}, 1.02),
        ({"missing": "game_lines"}, 1.0),
        ({"missing": "rosters"}, 1.0),
        ({"bootstrap": True}, 1.05),
        ({"bootstrap": True, "missing": "injury_report;lines"}, 1.05 * 1.02),
    ],
)
def test_a_missing_input_widens_the_interval_by_its_factor(changes: dict[str, Any], widening: float) -> None:
    complete, degraded = predictions({}, {"player_id": "2", **changes})["low_80", "high_80"].rows()
    assert degraded[1] - degraded[0] == pytest.approx((complete[1] - complete[0]) * widening)


def test_the_prediction_id_depends_on_the_natural_key_only() -> None:
    first, again, other = (
        predictions(changes)["prediction_id"].item() for changes in ({}, {"line": 20.5}, {"player_id": "2"})
    )
    assert first == again != other
    assert len(first) == 32


@pytest.mark.parametrize(("minutes", "backfilled"), [(-1, False), (0, True), (60, True)])
def test_a_prediction_made_at_or_after_tip_off_is_backfilled(minutes: int, backfilled: bool) -> None:
    rows = predict(untrained(), vectors(), past().lazy(), TIP_OFF + timedelta(minutes=minutes))
    assert rows["backfilled"].to_list() == [backfilled] * 2


def test_a_prediction_older_than_its_features_is_backfilled() -> None:
    """Example: a past time is predicted again after the contexts were refreshed with later lines."""
    rows = predict(untrained(), vectors(), past().lazy(), MORNING - timedelta(minutes=45))
    assert rows["backfilled"].all()


@dataclass(frozen=True)
class RecordingModel:
    """A fake model that records the dates it sees."""

    model: PointModel
    dates: list[date]

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        self.dates.extend(history.collect()["game_date"].to_list())
        return self.model.expected_points(features, history)

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        return self.model.terms(features, history)

    def to_bytes(self) -> bytes:
        return b""


def test_a_system_never_sees_the_date_or_later_dates() -> None:
    future = past().with_columns(game_date=pl.lit(GAME_DATE) + pl.duration(days=1), points=pl.lit(99, pl.Int64))
    same_day = future.with_columns(game_date=pl.lit(GAME_DATE))
    system = untrained("similarity_balanced_v1")
    recording = RecordingModel(system.model, [])
    rows = predict(replace(system, model=recording), vectors(), pl.concat([past(), same_day, future]).lazy(), MORNING)
    assert max(recording.dates) < GAME_DATE
    assert_frame_equal(rows, predict(system, vectors(), past().lazy(), MORNING))


def test_the_model_view_is_the_same_whatever_the_betting_lines_are() -> None:
    lines = {"line": 9.5, "opening_line": 8.5, "line_move": 1.0, "market_over_probability": 0.6}
    games = {"spread": 9.5, "total": 190.5, "implied_total": 90.0, "spread_move": 2.0, "total_move": -3.0}
    estimates = ("points", "low_80", "high_80", "quantiles", "explanation")
    usual, other, none = (predictions(changes).select(estimates) for changes in ({}, lines | games, NO_LINE))
    assert_frame_equal(usual, other)
    assert_frame_equal(usual, none)


def test_a_player_with_a_line_has_both_views_and_one_without_has_the_model_view() -> None:
    rows = both_views({}, NO_LINE | {"player_id": "2"})
    assert rows.select("player_id", "view").rows() == [("1628378", "model"), ("2", "model"), ("1628378", "market")]
    assert rows["prediction_id"].n_unique() == 3
    model, market = rows.filter(player_id="1628378").rows(named=True)
    assert market["points"] == pytest.approx(24.5 + 0.3 * (model["points"] - 24.5))
    assert 0.5 < market["over_probability"] < model["over_probability"]


def test_the_explanation_adds_up_to_the_points() -> None:
    for row in both_views().rows(named=True):
        first, *others = row["explanation"]
        assert first.endswith("own scoring so far")
        total = sum(float(words.split()[0]) for words in (first, *others))
        assert total == pytest.approx(row["points"], abs=0.05 * (len(others) + 1))
    assert any("towards the betting market" in words for words in predictions(view="market")["explanation"].item())


GAME_ID = "0022301083"


def write_inputs(folder: Path) -> tuple[Path, Path]:
    vectors({}, NO_LINE | {"player_id": "2"}).write_parquet(folder / "features.parquet")
    past().write_parquet(folder / "history.parquet")
    return folder / "features.parquet", folder / "history.parquet"


def test_predicting_from_files_gives_the_same_rows_as_from_frames(tmp_path: Path) -> None:
    features, history = write_inputs(tmp_path)
    out = tmp_path / "out.parquet"
    assert (
        predict_files(
            "moving_average", features, history, open_models(f"file://{tmp_path}/models"), MORNING, out, [GAME_ID]
        ).rows
        == 3
    )
    assert_frame_equal(pl.read_parquet(out), both_views({}, NO_LINE | {"player_id": "2"}))


def test_a_system_without_a_model_asks_for_training(tmp_path: Path) -> None:
    features, history = write_inputs(tmp_path)
    with pytest.raises(NotEnoughDataError, match="no model of catboost_v8 may predict 2024-03-29: run training"):
        predict_files(
            "catboost_v8",
            features,
            history,
            open_models(f"file://{tmp_path}/models"),
            MORNING,
            tmp_path / "out.parquet",
            [GAME_ID],
        )


def test_an_error_about_an_unknown_system_lists_the_known_ones(tmp_path: Path) -> None:
    features, history = write_inputs(tmp_path)
    with pytest.raises(BadInputError, match="known systems: moving_average, zone_matchup_v1,"):
        predict_files(
            "oracle",
            features,
            history,
            open_models(f"file://{tmp_path}"),
            MORNING,
            tmp_path / "out.parquet",
            [GAME_ID],
        )


def test_the_headline_is_the_market_view_of_the_ensemble() -> None:
    assert HEADLINE == ("ensemble_v1", "market")
    assert [*SYSTEMS][-1] == "ensemble_v1"


DEBUT: dict[str, Any] = dict.fromkeys(
    ("points_mean_5", "points_mean_10", "points_mean_season", "points_ewm", "minutes_mean_7", "days_since_last_game")
) | {"games_season": 0, "games_history": 0, "bootstrap": True, "line": 12.5}


@pytest.mark.parametrize("line", [4.5, 12.5])
def test_a_player_without_any_game_has_a_distribution_but_no_pick(line: float) -> None:
    generous = {"over_price_american": 900.0, "under_price_american": 900.0}
    model, market = both_views(DEBUT | generous | {"line": line, "implied_median": None}).rows(named=True)
    assert model["points"] == pytest.approx(DEBUT_POINTS, abs=1)
    assert market["points"] == pytest.approx(line)
    for row in (model, market):
        assert (row["recommendation"], row["lean"] in ("OVER", "UNDER")) == ("PASS", True)
        assert row["degraded_reasons"] == ["short history", "no earlier game"]
        assert row["last10_points"] is None


def test_a_prediction_made_after_the_games_is_backfilled_whatever_its_tip_off() -> None:
    rows = vectors({"tip_off": None})
    made = [
        predict(untrained(), rows, past().lazy(), MORNING, backfilled=late)["backfilled"][0] for late in (False, True)
    ]
    assert made == [False, True]
