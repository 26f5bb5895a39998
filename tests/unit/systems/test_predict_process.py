"""Predictions in a process of their own: the same rows and errors, and its death ends nothing else."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.support.features import GAME_DATE, past, vectors
from tipoff.errors import BadInputError, NotEnoughDataError, ProcessEndedError
from tipoff.systems.model_store import open_models
from tipoff.systems.predict import PredictedRows, predict_files
from tipoff.systems.predict_process import PredictProcess
from tipoff.vocabulary import eastern

NOON = eastern(GAME_DATE, 12)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[PredictProcess]:
    vectors().write_parquet(tmp_path / "features.parquet")
    past().write_parquet(tmp_path / "history.parquet")
    started = PredictProcess(f"file://{tmp_path}/models")
    yield started
    started.close()


def predict(process: PredictProcess, folder: Path, system_id: str, features: str = "features.parquet") -> PredictedRows:
    games = [*vectors()["game_id"].unique()]
    return process.predict(
        system_id, folder / features, folder / "history.parquet", NOON, folder / "out.parquet", games
    )


def test_rows_and_errors_are_those_of_the_same_process(process: PredictProcess, tmp_path: Path) -> None:
    predicted = predict(process, tmp_path, "moving_average")
    files = (tmp_path / "features.parquet", tmp_path / "history.parquet")
    here, models = tmp_path / "here.parquet", open_models(f"file://{tmp_path}/models")
    games = [*vectors()["game_id"].unique()]
    assert predicted == predict_files("moving_average", *files, models, NOON, here, games)
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), pl.read_parquet(here))
    first = process.pid
    with pytest.raises(BadInputError, match="unknown prediction system 'guess'"):
        predict(process, tmp_path, "guess")
    with pytest.raises(NotEnoughDataError, match="no model of catboost_v8"):
        predict(process, tmp_path, "catboost_v8")
    assert process.pid == first, "all in one child"


def test_the_death_of_the_child_fails_one_prediction_only(process: PredictProcess, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.parquet")  # the child waits for somebody to write it
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(predict, process, tmp_path, "moving_average", "pipe.parquet")
        while process.pid is None:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(ProcessEndedError, match="that predicts moving_average ended with exit code -9: see"):
            hanging.result()
    assert predict(process, tmp_path, "moving_average").rows == 2


def test_an_idle_child_gives_its_memory_back(process: PredictProcess, tmp_path: Path) -> None:
    idle = PredictProcess(f"file://{tmp_path}/models", idle_seconds=0.1)
    assert predict(idle, tmp_path, "moving_average").rows == 2
    deadline = time.monotonic() + 10
    while idle.pid is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert idle.pid is None
