"""A retry finds the rows that a killed attempt wrote and still reports them as changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.compute import ComputeActivities
from activities.resources import Resources
from tests.support.days import GAME_DATE, GAMES, at
from tipoff.settings import Settings
from tipoff.vocabulary import ComputeReport, Span
from workflows.contracts import ComputeRequest

REQUEST = ComputeRequest(
    subject="player_prop_lines",
    span=Span.SLATE,
    game_date=GAME_DATE,
    game_ids=tuple(game.game_id for game in GAMES),
    as_of=at(15),
)


@pytest.fixture
def compute(tmp_path: Path) -> ComputeActivities:
    return ComputeActivities(Resources(Settings(warehouse=f"duckdb:///{tmp_path}/tipoff.duckdb"), now=lambda: at(12)))


def transformed(compute: ComputeActivities, attempt: int) -> ComputeReport:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt)
    report: ComputeReport = environment.run(compute.transform, REQUEST)
    return report


def test_a_first_attempt_reports_unchanged_rows_as_unchanged(compute: ComputeActivities) -> None:
    assert not transformed(compute, attempt=1).changed


def test_a_retry_reports_every_game_as_changed(compute: ComputeActivities) -> None:
    again = transformed(compute, attempt=2)
    assert again.changed
    assert again.changed_games == REQUEST.game_ids
