"""A one-sided slate is withheld when its predictions are stored, and published again after a release."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.compute import ComputeActivities
from activities.publish import write_export
from activities.resources import Resources
from tests.support.ledgers import DAY
from tests.support.rows import rows_of
from tipoff.publishing.envelope import decode
from tipoff.settings import Settings
from tipoff.vocabulary import ComputeReport, Span, eastern
from workflows.contracts import ComputeRequest, PickRelease, Predicted

NOON, TIP = eastern(DAY, 12), eastern(DAY, 19)


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[Resources]:
    folders = {name: f"file://{tmp_path}/{name}" for name in ("landing", "exports")}
    settings = Settings.model_validate(
        {"warehouse": f"duckdb:///{tmp_path}/tipoff.duckdb", "work": f"file://{tmp_path}/work"} | folders
    )
    opened = Resources(settings, now=lambda: NOON)
    yield opened
    opened.warehouse.close()


def store(resources: Resources, overs: int, unders: int) -> ComputeReport:
    rows = [
        {
            "player_id": str(number),
            "prediction_id": str(number),
            "recommendation": "OVER" if number < overs else "UNDER",
        }
        for number in range(overs + unders)
    ]
    common = {"game_id": "1", "game_date": DAY, "system_id": "ensemble_v1", "view": "market", "as_of": NOON}
    predictions = rows_of("predictions", rows, tip_off=TIP, line=20.5, **common)
    predictions.write_parquet(resources.work_file(DAY, "predictions.parquet"))
    predicted = Predicted(system_id="ensemble_v1", file="predictions.parquet", rows=len(rows), game_date=DAY)
    report: ComputeReport = ActivityEnvironment().run(ComputeActivities(resources).store_predictions, predicted)
    return report


def published(resources: Resources, release: PickRelease | None = None) -> set[str]:
    """Export the predictions ten minutes later; their recommendations."""
    as_of = NOON + timedelta(minutes=10)
    subject = {"step": "announce_day", "subject": "predictions", "span": Span.SLATE}
    request = ComputeRequest(**subject, game_date=DAY, game_ids=("1",), as_of=as_of, release=release)
    write_export(resources, request)
    export = decode(resources.exports.read(f"v1/predictions/{DAY}.json") or b"{}")
    return {each["recommendation"] for player in export["players"] for each in player["systems"]}


def test_a_one_sided_slate_is_reported_with_an_alert_and_published_after_its_release(resources: Resources) -> None:
    report = store(resources, overs=1, unders=49)
    assert report.withheld == {"market": "withheld: 49 of 50 picks of the slate are UNDER"}
    assert report.alerts == {
        "one_sided:market": "withheld: 49 of 50 picks of the slate are UNDER; check why, then publish them with "
        "starter.py release-picks, or leave them as PASS"
    }
    assert published(resources) == {"PASS"}
    views = (("ensemble_v1", "market"),)
    release = PickRelease(at=NOON + timedelta(minutes=5), who="Ann", why="checked", views=views)
    assert published(resources, release) == {"OVER", "UNDER"}
    assert published(resources) == {"OVER", "UNDER"}, "also in a re-run, which knows of no release"


def test_a_second_attempt_reports_the_same(resources: Resources) -> None:
    assert store(resources, overs=1, unders=49) == store(resources, overs=1, unders=49)


def test_a_balanced_slate_is_published_without_an_alert(resources: Resources) -> None:
    report = store(resources, overs=20, unders=30)
    assert (report.withheld, report.alerts) == ({}, {})
    assert published(resources) == {"OVER", "UNDER"}
