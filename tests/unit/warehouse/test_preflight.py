"""A pre-flight check names the teams whose inputs are missing, too few or too old; the step is degraded by them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.ledgers import DAY, evening_plan
from tests.support.rows import rows_of
from tests.support.unchecked import implausible_rows
from tipoff.vocabulary import ComputeReport, StepState, eastern, step_names
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.preflight import (
    OLDEST_RESULT_DAYS,
    PUBLICATION,
    REQUIRED_INPUTS,
    SYSTEMS,
    RequiredInput,
    lacking_inputs,
)
from tipoff.warehouse.schema import table_named
from workflows.day_state import DayLedger

PLAN = evening_plan()
GAMES = PLAN.game_ids
TEAMS = {team: game.game_id for game in PLAN.games for team in (game.home, game.away)}
AWAY = PLAN.games[1].away
NOON = eastern(DAY, 12)
EVERY_INPUT = [(step, each) for step, inputs in REQUIRED_INPUTS.items() for each in inputs]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    """Every required input of three games but the predictions, for a season that began a month ago."""
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    store_schedule(warehouse)
    with implausible_rows():
        for required in {each for _, each in EVERY_INPUT if each.table != "predictions"}:
            store(warehouse, required)
        yield warehouse
    warehouse.close()


def store_schedule(warehouse: DuckDbWarehouse, *, first_game: date = DAY - timedelta(days=30), **columns: Any) -> None:
    facts = {"season": "2023-24", "season_type": "regular", "status": "scheduled", **columns}
    tonight = [{**game.model_dump(include={"game_id", "home", "away"}), "game_date": DAY} for game in PLAN.games]
    earlier = [{**row, "game_id": f"earlier{row['game_id']}", "game_date": first_game} for row in tonight]
    warehouse.replace("raw_schedule", rows_of("raw_schedule", [*tonight, *earlier], **facts), {})


def store(warehouse: DuckDbWarehouse, required: RequiredInput, *, but: str = "", **columns: Any) -> None:
    """Write the fewest rows of every team; of one team none."""
    facts = {"game_date": DAY - timedelta(days=2) if required.history else DAY, "season": "2023-24", "as_of": NOON}
    declared = table_named(required.table)
    rows = [
        {"game_id": game_id, "team": team, "player_id": f"{team}{number}", **facts, **columns}
        for team, game_id in TEAMS.items()
        for number in range(required.minimum)
        if team != but
    ]
    known = [{name: value for name, value in row.items() if name in declared.column_names} for row in rows]
    write = warehouse.append if declared.append_only else lambda table, frame: warehouse.replace(table, frame, {})
    write(required.table, rows_of(required.table, known))


def test_every_phase_has_a_pre_flight_check() -> None:
    steps = {step_names.TEAM_CONTEXT, step_names.PLAYER_CONTEXT, step_names.PLAYER_FORM, step_names.FEATURES}
    assert {*steps, step_names.COMPOSITE_FACTORS, SYSTEMS, PUBLICATION, step_names.GRADE} <= set(REQUIRED_INPUTS)


def test_nothing_lacks_when_every_team_has_its_inputs(warehouse: DuckDbWarehouse) -> None:
    store(warehouse, *REQUIRED_INPUTS[PUBLICATION])
    for step in REQUIRED_INPUTS:
        assert lacking_inputs(warehouse, step, DAY, GAMES).text == ""


@pytest.mark.parametrize(("step", "required"), EVERY_INPUT, ids=lambda value: getattr(value, "table", value))
def test_a_team_without_an_input_is_named_with_its_game(
    warehouse: DuckDbWarehouse, step: str, required: RequiredInput
) -> None:
    store(warehouse, required, but=AWAY)
    lacking = lacking_inputs(warehouse, step, DAY, GAMES)
    assert f"{required.title}: {AWAY} has 0 rows, needed: {required.minimum}" in lacking.text
    assert lacking.games == (TEAMS[AWAY],)
    assert lacking_inputs(warehouse, step, DAY, [game for game in GAMES if game != TEAMS[AWAY]]).text == ""
    store(warehouse, required)
    assert lacking_inputs(warehouse, step, DAY, GAMES).text == ""


def test_rows_made_before_the_date_are_too_old(warehouse: DuckDbWarehouse) -> None:
    (required,) = REQUIRED_INPUTS[SYSTEMS]
    store(warehouse, required, as_of=eastern(DAY, 0) - timedelta(seconds=1))
    lacking = lacking_inputs(warehouse, SYSTEMS, DAY, GAMES[:1])
    game = PLAN.games[0]
    assert lacking.text == f"features: {', '.join(sorted((game.home, game.away)))}: made before the date"
    store(warehouse, required, as_of=eastern(DAY, 0))
    assert not lacking_inputs(warehouse, SYSTEMS, DAY, GAMES).text


@pytest.mark.parametrize(("days", "is_old"), [(OLDEST_RESULT_DAYS, False), (OLDEST_RESULT_DAYS + 1, True)])
def test_results_of_a_team_that_end_weeks_ago_are_too_old(warehouse: DuckDbWarehouse, days: int, is_old: bool) -> None:
    (required,) = REQUIRED_INPUTS[step_names.TEAM_CONTEXT]
    store(warehouse, required, game_date=DAY - timedelta(days=days))
    text = lacking_inputs(warehouse, step_names.TEAM_CONTEXT, DAY, GAMES).text
    assert text.endswith("the last game is more than 21 days ago") == is_old


@pytest.mark.parametrize(("days", "is_old"), [(OLDEST_RESULT_DAYS, False), (OLDEST_RESULT_DAYS + 1, True)])
def test_results_of_last_season_are_too_old_weeks_after_the_first_game(
    warehouse: DuckDbWarehouse, days: int, is_old: bool
) -> None:
    (required,) = REQUIRED_INPUTS[step_names.TEAM_CONTEXT]
    store(warehouse, required, season="2022-23", game_date=DAY - timedelta(days=300))
    store_schedule(warehouse, first_game=DAY - timedelta(days=days))
    text = lacking_inputs(warehouse, step_names.TEAM_CONTEXT, DAY, GAMES).text
    assert text.endswith("the last game is more than 21 days ago") == is_old


def test_a_team_without_an_earlier_game_of_the_season_needs_no_results(warehouse: DuckDbWarehouse) -> None:
    (required,) = REQUIRED_INPUTS[step_names.TEAM_CONTEXT]
    warehouse.replace(required.table, rows_of(required.table, []), {})
    assert lacking_inputs(warehouse, step_names.TEAM_CONTEXT, DAY, GAMES).games == tuple(sorted(GAMES))
    store_schedule(warehouse, season_type="preseason")
    assert not lacking_inputs(warehouse, step_names.TEAM_CONTEXT, DAY, GAMES).text


def test_a_postponed_game_lacks_nothing(warehouse: DuckDbWarehouse) -> None:
    (required,) = REQUIRED_INPUTS[SYSTEMS]
    warehouse.replace(required.table, rows_of(required.table, []), {})
    store_schedule(warehouse, status="postponed")
    assert not lacking_inputs(warehouse, SYSTEMS, DAY, GAMES).text


def test_a_step_that_lacks_inputs_is_degraded_until_it_runs_with_them() -> None:
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    step = PLAN.step(step_names.PLAYER_CONTEXT)
    for lacking, state in (("team context: BOS has 0 rows, needed: 1", StepState.DEGRADED), ("", StepState.COMPLETE)):
        games = GAMES[:1] if lacking else ()
        ledger.start(step, NOON)
        ledger.finish(step, ComputeReport(rows=9, lacking=lacking, missing_games=games), NOON)
        record = ledger.records[step.name]
        assert (record.state, record.reason, record.missing_games) == (state, lacking, games)
        (degradation,) = ledger.degradations
        assert (degradation.reason, degradation.games) == ("team context: BOS has 0 rows, needed: 1", GAMES[:1])
        assert (degradation.resolved_at is None) == bool(lacking)
    alert = ledger.alerts[f"{step.name}:inputs"]
    assert alert.text == f"{step.label} has too little to read: team context: BOS has 0 rows, needed: 1"
