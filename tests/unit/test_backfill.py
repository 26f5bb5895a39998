"""Which dates a backfill runs, why, and what its plan says of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.rows import rows_of
from tipoff.backfill import Cost, StoredDate, make_plan, planned
from tipoff.errors import BadInputError
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import (
    MAX_BACKFILLED_DATES,
    BackfillMode,
    BackfillPlan,
    BackfillScope,
    Phase,
    PlannedDate,
    RunState,
    eastern,
)
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

FIRST = date(2024, 3, 28)
SEASON = frozenset({"2023-24"})
ALL_ROWS = dict.fromkeys((Phase.CONTEXT, Phase.PREDICT, Phase.RESULTS, Phase.GRADE), 2)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def scope(last: date = FIRST, **fields: Any) -> BackfillScope:
    return BackfillScope.model_validate({"first": FIRST, "last": last, **fields})


def stored(number: int = 0, last_state: RunState | None = RunState.COMPLETE, **games: int) -> StoredDate:
    rows = {phase: games.get(phase, 2) for phase in ALL_ROWS}
    return StoredDate(day(number), games=2, games_with_rows=rows, last_state=last_state)


def plan_of(wanted: BackfillScope, *dates: StoredDate, seasons: frozenset[str] = SEASON) -> BackfillPlan:
    return planned(wanted, dates, seasons, lambda game_date: Cost(40, 3))


def reasons(plan: BackfillPlan) -> list[str]:
    return [each.reason for each in plan.dates]


@pytest.mark.parametrize(
    ("known", "fields", "reason"),
    [
        (stored(predict=0), {}, "lacks predictions of 2 of 2 games"),
        (stored(predict=1, grade=0), {}, "lacks predictions of 1 of 2 games, grades of 2 of 2 games"),
        (stored(grade=0), {"to_phase": Phase.PREDICT}, None),
        (stored(context=0), {"from_phase": Phase.PUBLISH}, None),
        (stored(), {}, None),
        (stored(last_state=None), {}, "it never ran"),
        (stored(last_state=None), {"from_phase": Phase.CONTEXT}, None),
        (stored(last_state=RunState.FAILED), {}, None),
        (stored(last_state=RunState.FAILED), {"mode": BackfillMode.FAILED}, "its last run ended FAILED"),
        (stored(last_state=RunState.CANCELLED), {"mode": BackfillMode.FAILED}, "its last run ended CANCELLED"),
        (stored(predict=0), {"mode": BackfillMode.FAILED}, None),
        (stored(predict=0, last_state=None), {"mode": BackfillMode.FAILED}, None),
        (stored(), {"mode": BackfillMode.ALL}, "every date is wanted"),
    ],
)
def test_a_date_runs_for_a_reason_or_is_left_out(known: StoredDate, fields: dict[str, Any], reason: str) -> None:
    plan = plan_of(scope(**fields), known)
    assert reasons(plan) == ([reason] if reason else [])
    assert sum(plan.left_out.values()) == (0 if reason else 1)


def test_a_date_without_games_is_left_out_and_one_of_an_unknown_schedule_is_asked_for() -> None:
    assert plan_of(scope(day(1)), stored(grade=0)).left_out == {"no games": 1}
    unknown = plan_of(scope(day(1)), seasons=frozenset())
    assert reasons(unknown) == ["its schedule is not stored"] * 2
    without_slate = plan_of(scope(day(1), from_phase=Phase.CONTEXT), seasons=frozenset())
    assert (without_slate.dates, without_slate.left_out) == ((), {"its schedule is not stored": 2})
    failed = plan_of(scope(day(1), mode=BackfillMode.FAILED), seasons=frozenset())
    assert (failed.dates, failed.left_out) == ((), {"its schedule is not stored": 2})


def test_only_a_date_that_never_ran_costs_requests() -> None:
    plan = plan_of(scope(day(1), mode=BackfillMode.ALL), stored(0), stored(1, last_state=None))
    assert [(each.requests, each.credits) for each in plan.dates] == [(0, 0), (40, 3)]


def test_the_digest_changes_with_the_dates_their_reasons_and_the_scope() -> None:
    plans = (
        plan_of(scope(), stored(grade=0)),
        plan_of(scope(), stored(grade=1)),
        plan_of(scope(), stored()),
        plan_of(scope(to_phase=Phase.RESULTS), stored(grade=0)),
        plan_of(scope(mode=BackfillMode.ALL), stored(grade=0)),
    )
    assert len({plan.digest for plan in plans}) == len(plans)
    assert plan_of(scope(), stored(grade=0)).digest == plans[0].digest


def test_too_many_dates_are_refused_with_the_date_to_end_before() -> None:
    season = [stored(number, grade=0) for number in range(MAX_BACKFILLED_DATES + 1)]
    assert len(plan_of(scope(day(MAX_BACKFILLED_DATES - 1)), *season).dates) == MAX_BACKFILLED_DATES
    with pytest.raises(BadInputError, match=f"end it before {day(MAX_BACKFILLED_DATES)}"):
        plan_of(scope(day(MAX_BACKFILLED_DATES)), *season)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"last": day(-1)}, "is after the last"),
        ({"last": day(366)}, "367 dates are too many"),
        ({"from_phase": Phase.GRADE, "to_phase": Phase.CONTEXT}, "the first phase, grade, is after the last, context"),
    ],
)
def test_an_impossible_scope_is_refused(fields: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        scope(**fields)


def test_a_plan_of_a_warehouse_asks_providers_only_for_what_they_still_have(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    games = [
        {
            "game_id": f"002230000{number}",
            "game_date": FIRST,
            "season": "2023-24",
            "season_type": "regular",
            "home": home,
            "away": away,
            "status": "final",
            "tip_off": eastern(FIRST, 19),
        }
        for number, (home, away) in enumerate([("BOS", "MIA"), ("PHX", "UTA")], start=1)
    ]
    warehouse.replace("raw_schedule", rows_of("raw_schedule", games), {"season": "2023-24"})
    now = datetime(2026, 11, 30, tzinfo=UTC)
    whole = make_plan(scope(day(1)), warehouse, SOURCES, now)
    (planned_date,) = whole.dates
    assert (planned_date.games, planned_date.reason, planned_date.credits) == (2, "it never ran", 0)
    assert planned_date.requests > 2 * 3, "three sources of results have a request for each game"
    computed = make_plan(scope(from_phase=Phase.CONTEXT, to_phase=Phase.PREDICT), warehouse, SOURCES, now)
    lacking = "lacks player contexts of 2 of 2 games, predictions of 2 of 2 games"
    assert computed.dates == (PlannedDate(game_date=FIRST, games=2, reason=lacking),)
    warehouse.close()
