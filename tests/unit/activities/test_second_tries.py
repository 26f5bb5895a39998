"""A try that died after its write told nobody: the next one finds nothing to write, and says that there is news."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.compute import Computing
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
def computing(tmp_path: Path) -> Computing:
    return Computing(Resources(Settings(warehouse=f"duckdb:///{tmp_path}/tipoff.duckdb"), now=lambda: "unused"))


def transformed(computing: Computing, attempt: int) -> ComputeReport:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt)
    report: ComputeReport = environment.run(computing.transform, REQUEST)
    return report


def test_a_table_that_already_holds_what_is_computed_is_no_news(computing: Computing) -> None:
    assert not transformed(computing, attempt=1).changed


def test_on_a_second_try_it_is_since_the_first_may_have_written_it(computing: Computing) -> None:
    again = transformed(computing, attempt=2)
    assert again.changed
    assert again.changed_games == REQUEST.game_ids
