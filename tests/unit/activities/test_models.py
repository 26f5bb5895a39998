"""Systems that predict in one activity: one that cannot leaves the others alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from temporalio.testing import ActivityEnvironment

from activities.compute import ComputeActivities
from activities.models import ModelActivities
from activities.resources import Resources
from tests.support.features import GAME_DATE, past, vectors
from tipoff.settings import Settings
from tipoff.vocabulary import Span, eastern
from workflows.contracts import (
    ComputeRequest,
    Predicted,
    PredictReports,
    PredictRequests,
    StoreReports,
    StoreRequests,
    TrainingResult,
    TrainRequest,
)

NOON = eastern(GAME_DATE, 12)


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[Resources]:
    folders = {name: f"file://{tmp_path}/{name}" for name in ("models", "work")}
    opened = Resources(
        Settings.model_validate({"warehouse": f"duckdb:///{tmp_path}/tipoff.duckdb"} | folders), now=lambda: NOON
    )
    yield opened
    opened.warehouse.close()


def predict(resources: Resources, *system_ids: str) -> tuple[Predicted | None, ...]:
    features = vectors()
    features.write_parquet(resources.work_file(GAME_DATE, "features.parquet"))
    past().write_parquet(resources.work_file(GAME_DATE, "history.parquet"))
    requests = PredictRequests(
        requests=tuple(
            ComputeRequest(
                subject=system_id,
                span=Span.SLATE,
                game_date=GAME_DATE,
                game_ids=tuple(features["game_id"]),
                as_of=NOON,
                reference="features.parquet",
            )
            for system_id in system_ids
        )
    )
    predicted: PredictReports = ActivityEnvironment().run(ModelActivities(resources).predict_together, requests)
    return predicted.reports


def test_a_system_without_a_model_leaves_those_that_predict_with_it(resources: Resources) -> None:
    first, untrained, last = predict(resources, "moving_average", "xgboost_v1", "zone_matchup_v1")
    assert untrained is None
    assert [each.system_id for each in (first, last) if each] == ["moving_average", "zone_matchup_v1"]


def test_a_training_beside_a_day_waits_for_new_games(resources: Resources) -> None:
    """Between two seasons models get older than a week, and would learn the same again."""
    history = resources.work_file(GAME_DATE, "history.parquet")
    newest = past(2_100)
    older = newest.filter(pl.col("game_date") < pl.col("game_date").max())

    def train(rows: pl.DataFrame, predicts_from: date | None = GAME_DATE) -> TrainingResult:
        rows.write_parquet(history)
        request = TrainRequest(
            system_ids=("moving_average",),
            before=GAME_DATE,
            as_of=NOON,
            history_file=history.name,
            predicts_from=predicts_from,
        )
        result: TrainingResult = ActivityEnvironment().run(ModelActivities(resources).train, request)
        return result

    first = train(older)
    assert (len(first.systems), first.skipped) == (1, "")
    assert train(older) == TrainingResult(systems=(), skipped="no game was played since the newest models were trained")
    assert train(older, predicts_from=None) == first, "whoever trains by hand, trains"
    assert train(newest).systems[0].rows == newest.height
    for model in resources.models.objects.names("moving_average/"):
        if model.endswith("/model.json"):
            resources.models.objects.update(model, lambda _: b"damaged")
    assert train(newest).systems, "no model can be used"


def test_a_system_whose_predictions_are_refused_leaves_those_that_are_stored_with_it(resources: Resources) -> None:
    first, last = predict(resources, "moving_average", "zone_matchup_v1")
    assert first
    assert last
    file = resources.work_file(GAME_DATE, first.file)
    requests = StoreRequests(requests=(first, last))
    file.write_bytes(resources.work_file(GAME_DATE, "history.parquet").read_bytes())  # rows of another table
    stored: StoreReports = ActivityEnvironment().run(ComputeActivities(resources).store_predictions_together, requests)
    refused, kept = stored.reports
    assert refused is None
    assert kept
    assert kept.rows == last.rows
