"""Time of the six systems: predicting a slate, training on three seasons, and a backtest of the dev window.

The limits are on seconds of processors, which are no less than the wall time on an idle machine, whatever else runs.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
from rich.table import Table

from devtools.bench_slate import format_limit
from devtools.figures import WINDOWS
from tipoff.systems.model_store import open_models
from tipoff.systems.predict import predict
from tipoff.systems.registry import SYSTEMS, build_system
from tipoff.training.backtest import Backtest, run_backtest
from tipoff.training.train_process import train_in_child
from tipoff.vocabulary import counted, eastern

SLATE_SECONDS: Final = 2.0
TRAINING_SECONDS: Final = 90.0
BACKTEST_SECONDS: Final = 900.0
"""Limits: predicting twelve games with loaded models, training, and the dev window."""


class ModelCost(NamedTuple):
    """One measurement: wall time and seconds of processors."""

    what: str
    seconds: float
    processor_seconds: float
    limit: float


def measure_models(work: Path, game_date: date, root: Path) -> list[ModelCost]:
    """Train on the history of a replayed day, and predict its slate with these models.

    `work`: the folder of the day's Parquet files.
    """
    history, models = work / "history.parquet", f"file://{root}/models"
    rows = pl.scan_parquet(history).select(pl.len()).collect().item()
    noon = eastern(game_date, 12)
    training = _measured(
        f"all systems trained on {counted(rows, 'player-game')}",
        TRAINING_SECONDS,
        lambda: train_in_child(history, game_date, noon, models, tuple(SYSTEMS)),
    )
    store = open_models(models)
    systems = [build_system(system_id, store, game_date).system for system_id in SYSTEMS]
    features = pl.read_parquet(max(work.glob("features-*.parquet")))

    def predict_slate() -> None:
        for system in systems:
            predict(system, features, pl.scan_parquet(history), noon)

    predict_slate()  # loads what is loaded once
    games = counted(features["game_id"].n_unique(), "game")
    return [training, _measured(f"{games} predicted by all systems, loaded before", SLATE_SECONDS, predict_slate)]


def measure_backtest(archive: Path) -> ModelCost:
    """Backtest the dev window with weekly training."""
    dates = WINDOWS["dev"]
    backtest = Backtest(archive=archive, dates=dates, system_ids=tuple(SYSTEMS))
    with tempfile.TemporaryDirectory(prefix="tipoff-bench-") as folder:
        out = Path(folder, "predictions.parquet")
        return _measured(
            f"backtest from {dates.first} to {dates.last}",
            BACKTEST_SECONDS,
            lambda: run_backtest(backtest, out, lambda title, done, of: None),
        )


def models_table(costs: Sequence[ModelCost]) -> Table:
    """A table of the measurements."""
    table = Table("", "wall time, s", "processors, s", title="prediction systems", title_justify="left")
    for cost in costs:
        table.add_row(cost.what, f"{cost.seconds:.2f}", f"{cost.processor_seconds:.2f}")
    return table


def models_limits(costs: Sequence[ModelCost]) -> list[str]:
    """Each measurement with its limit."""
    return [format_limit(cost.what, cost.processor_seconds, cost.limit) for cost in costs]


def _measured(what: str, limit: float, work: Callable[[], object]) -> ModelCost:
    started, processors = time.monotonic(), _processor_seconds()
    work()
    return ModelCost(what, time.monotonic() - started, _processor_seconds() - processors, limit)


def _processor_seconds() -> float:
    """Of this process and its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
