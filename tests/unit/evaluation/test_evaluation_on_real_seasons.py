"""The lines of 2024-03-02 to 04-14 as predictions: figures that were measured with other code."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tipoff.evaluation.archive_facts import PLAYER_GAME, main_lines, quotes_before_tip_off
from tipoff.evaluation.evaluation import SystemEvaluation, evaluate_file
from tipoff.replay.archive import Archive

pytestmark = [pytest.mark.data, pytest.mark.xdist_group("real_seasons")]

WINDOW = (date(2024, 3, 2), date(2024, 4, 14))


@pytest.fixture(scope="module")
def lines_as_predictions(real_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> SystemEvaluation:
    """The consensus line as prediction, the market without its hold as probability."""
    dates = pl.date_range(*WINDOW, eager=True)
    main = main_lines(quotes_before_tip_off(real_archive, dates))
    line = pl.col("line").quantile(0.5, "lower")
    consensus = main.group_by("game_date", *PLAYER_GAME).agg(consensus=line)
    at_line = main.join(consensus, on=("game_date", *PLAYER_GAME)).filter(pl.col("line") == pl.col("consensus"))
    rows = at_line.group_by("game_date", *PLAYER_GAME, "line").agg(p_over=pl.col("over_probability").mean())
    path = tmp_path_factory.mktemp("lines") / "predictions.parquet"
    rows.with_columns(
        system_id=pl.lit("line"),
        view=pl.lit("market"),
        predicted_points="line",
        interval_low=pl.lit(0.0),
        interval_high=pl.lit(100.0),
        recommendation=pl.lit("PASS"),
        best_price=pl.lit(None, pl.Float64),
        edge=pl.lit(None, pl.Float64),
        feature_quality_score=pl.lit(100.0),
    ).write_parquet(path)
    evaluation = evaluate_file(Path(path), real_archive)
    assert (evaluation.lined, evaluation.left_out) == (2687, ())
    [system] = evaluation.systems
    return system


def test_the_line_has_the_known_errors(lines_as_predictions: SystemEvaluation) -> None:
    line = lines_as_predictions.against_line
    assert (lines_as_predictions.played, line.system.n, line.difference.value) == (2687, 2687, 0)
    assert line.system.value == pytest.approx(5.204, abs=5e-4)
    assert line.system.se == pytest.approx(0.088, abs=5e-4)
    assert lines_as_predictions.against_last10.other.value == pytest.approx(5.454, abs=5e-4)


def test_the_market_has_the_known_brier_score(lines_as_predictions: SystemEvaluation) -> None:
    brier = lines_as_predictions.brier
    assert (brier.difference.n, brier.difference.value) == (2687, 0)
    assert brier.other.value == pytest.approx(0.2496, abs=5e-5)


def test_the_market_is_calibrated_within_what_chance_shows(lines_as_predictions: SystemEvaluation) -> None:
    calibration = lines_as_predictions.calibration
    assert calibration.value == pytest.approx(0.022, abs=1e-3)
    assert calibration.by_chance == pytest.approx(0.011, abs=1e-3)
