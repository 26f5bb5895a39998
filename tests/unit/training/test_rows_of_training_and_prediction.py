"""Training rows know what prediction rows know: the same games, built both ways, have the same features."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from devtools.season_rows import POST_GAME, run
from tipoff.features.vector import FEATURE_NAMES
from tipoff.replay.archive import Archive
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.writer import write_archive
from tipoff.replay.season_rows import load_game_lines, load_player_lines, load_reports, load_results, load_rosters
from tipoff.training.backtest import build_prediction_rows
from tipoff.training.history import graded_features, training_history
from tipoff.vocabulary import eastern, step_names
from tipoff.warehouse.base import DateRange
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

SEASON = "2023-24"
WEEK = DateRange(first=date(2024, 3, 4), last=date(2024, 3, 10))
AFTER = WEEK.last + timedelta(days=1)
NULL_SHARE, VARIANCE_RATIO = 0.02, 1.1

Columns = dict[str, tuple[float, float]]


def summary(rows: pl.DataFrame) -> Columns:
    """The share of NULL and the variance of each feature."""
    columns = {name: rows[name].cast(pl.Float64) for name in (*FEATURE_NAMES, "implied_median")}
    return {
        name: (each.null_count() / each.len(), float(each.to_frame().select(pl.all().var()).item() or 0))
        for name, each in columns.items()
    }


def differing(training: Columns, prediction: Columns) -> list[str]:
    """The features whose share of NULL or variance differs, with both."""
    return [
        f"{name}: NULL {ours[0]:.2f} and {theirs[0]:.2f}, variance {ours[1]:.3g} and {theirs[1]:.3g}"
        for name, ours in training.items()
        for theirs in [prediction[name]]
        if abs(ours[0] - theirs[0]) > NULL_SHARE or max(ours[1], theirs[1]) > VARIANCE_RATIO * min(ours[1], theirs[1])
    ]


def of_the_week(warehouse: DuckDbWarehouse) -> pl.DataFrame:
    rows = graded_features(warehouse, [SEASON], AFTER)
    return rows.filter(pl.col("game_date").is_between(WEEK.first, WEEK.last))


@pytest.mark.data
@pytest.mark.long
def test_training_rows_know_what_prediction_rows_know(shared_data: Path, tmp_path: Path) -> None:
    imported = import_folder(shared_data)
    write_archive(tmp_path / "archive", imported.frames, source="import", missing=imported.missing)
    archive, file = Archive(tmp_path / "archive"), tmp_path / "week.duckdb"
    warehouse = DuckDbWarehouse(file)
    warehouse.migrate()
    load_results(warehouse, archive, [SEASON])
    for load in (load_game_lines, load_reports, load_rosters, load_player_lines):
        load(warehouse, archive, WEEK)
    run(warehouse, POST_GAME, date(2023, 10, 24), WEEK.last)
    run(warehouse, [step_names.CONSENSUS_LINES], WEEK.first, WEEK.last)
    warehouse.close()

    shutil.copy(file, tmp_path / "predicted.duckdb")
    warehouse = DuckDbWarehouse(tmp_path / "predicted.duckdb")
    build_prediction_rows(warehouse, WEEK)
    prediction = summary(of_the_week(warehouse))
    warehouse.close()

    warehouse = DuckDbWarehouse(file)
    training_history(warehouse, [SEASON], AFTER, eastern(AFTER, 9))
    training = of_the_week(warehouse)
    warehouse.close()
    assert not differing(summary(training), prediction)
    blind = training.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("lost_points", "spread"))
    assert [text.split(":")[0] for text in differing(summary(blind), prediction)] == ["spread", "lost_points"]
