"""The service levels of past dates: what was due, who was needed, and how late alerts were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import commands
from cli.exit_codes import ExitCode
from tests.support.ledgers import evening_plan, settled_ledger
from tests.support.rows import rows_of
from tests.support.starter import NOWHERE
from tests.support.unchecked import implausible_rows
from tipoff.alerting.book import reconcile
from tipoff.alerting.store import update_book
from tipoff.publishing.status import publish_status
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.service_levels import people_of, service_levels, service_levels_report, summed_up
from tipoff.vocabulary import AuditEntry, Channel, DayStatus, Finding, Severity, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.day_status import day_status

DAY = date(2024, 3, 29)
NEXT = DAY + timedelta(days=1)
NOON = eastern(DAY, 12)
DAY_START = eastern(DAY, 5)


@pytest.fixture
def store(tmp_path: Path) -> ExportStore:
    return open_exports(f"file://{tmp_path}/exports")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    opened = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    opened.migrate()
    yield opened
    opened.close()


def ended_date(
    warehouse: DuckDbWarehouse, game_date: date = DAY, graded_at: datetime | None = None, **run: Any
) -> None:
    """Store a date with two lined players, one predicted in the morning and one half an hour before tip-off."""
    key = {"game_date": game_date, "game_id": f"00{game_date:%Y%m%d}"}
    predicted = [eastern(game_date, 13, 15), eastern(game_date, 18, 30)]
    graded = graded_at or eastern(game_date + timedelta(days=1), 1)
    tables: dict[str, list[dict[str, Any]]] = {
        "daily_pipeline_runs": [{"game_date": game_date, "run": 1, "games": 1, **run}],
        "raw_schedule": [{**key, "tip_off": eastern(game_date, 19), "status": "final"}],
        "player_prop_lines": [{**key, "player_id": str(number)} for number in range(2)],
        "predictions": [
            {**key, "player_id": str(number), "prediction_id": str(number), "as_of": as_of}
            for number, as_of in enumerate(predicted)
        ],
        "prediction_accuracy": [{**key, "prediction_id": str(number), "as_of": graded} for number in range(2)],
    }
    with implausible_rows():
        for name, rows in tables.items():
            frame = rows_of(name, rows)
            if name == "predictions":
                warehouse.append(name, frame)
            else:
                warehouse.replace(name, frame, {"game_date": game_date})


def test_players_who_are_predicted_within_the_last_hour_are_not_in_time(
    warehouse: DuckDbWarehouse, store: ExportStore
) -> None:
    ended_date(warehouse)
    (levels,) = service_levels(warehouse, store, DAY, NEXT)
    assert (levels.lined_players, levels.predicted_in_time) == (2, 1)
    assert summed_up([levels]).predicted_share == 0.5


@pytest.mark.parametrize(("minute", "in_time"), [(0, True), (1, False)])
def test_grades_are_in_time_until_nine(
    warehouse: DuckDbWarehouse, store: ExportStore, minute: int, in_time: bool
) -> None:
    ended_date(warehouse, graded_at=eastern(NEXT, 9, minute))
    (levels,) = service_levels(warehouse, store, DAY, DAY)
    assert (levels.grades_complete_at, levels.grades_in_time) == (eastern(NEXT, 9, minute), in_time)


def test_a_backfilled_date_and_one_without_games_have_no_levels(warehouse: DuckDbWarehouse, store: ExportStore) -> None:
    ended_date(warehouse, backfilled=True)
    ended_date(warehouse, NEXT, games=0)
    for levels in service_levels(warehouse, store, DAY, NEXT):
        assert (levels.lined_players, levels.grades_in_time) == (0, None)
    together = service_levels_report(warehouse, store, DAY, NEXT).together
    assert (together.dates, together.predicted_share, together.graded_in_time) == (2, None, None)


def test_the_newest_date_comes_first(warehouse: DuckDbWarehouse, store: ExportStore) -> None:
    ended_date(warehouse)
    ended_date(warehouse, NEXT)
    assert [each.game_date for each in service_levels(warehouse, store, DAY, NEXT)] == [NEXT, DAY]


def status_with(*audit: AuditEntry) -> DayStatus:
    status = day_status(settled_ledger(evening_plan(), NOON), NOON, virtual=False, held=False)
    return status.model_copy(update={"audit": audit})


def command(who: str, *, accepted: bool = True) -> AuditEntry:
    return AuditEntry(
        at=NOON, via=Channel.UPDATE, command="retry_step", target="grade", who=who, why="", accepted=accepted, result=""
    )


def test_a_person_is_who_gave_a_command_that_was_accepted() -> None:
    assert people_of(status_with(command("ada"), command("ada"), command("bob", accepted=False))) == ("ada",)
    assert people_of(status_with(command("watchdog"))) == ()


def test_a_date_without_a_readable_status_counts_neither_as_with_nor_as_without_a_person(
    warehouse: DuckDbWarehouse, store: ExportStore
) -> None:
    for game_date in (DAY, NEXT):
        ended_date(warehouse, game_date)
    publish_status(store, status_with(command("ada")), NOON)
    report = service_levels_report(warehouse, store, DAY, NEXT)
    assert [each.people for each in report.dates] == [None, ("ada",)]
    assert report.together.days_without_people == 0


@pytest.mark.parametrize(("minutes", "share"), [(15, 1.0), (16, 0.0)])
def test_alerts_are_in_time_within_fifteen_minutes_after_the_trouble_began(
    warehouse: DuckDbWarehouse, store: ExportStore, minutes: int, share: float
) -> None:
    ended_date(warehouse)
    began = NOON - timedelta(minutes=minutes)
    findings = [
        Finding(key="stuck", severity=Severity.WARNING, summary="it is stuck", game_date=DAY, since=began),
        Finding(key="validation:grades", severity=Severity.CRITICAL, summary="late", game_date=DAY, since=DAY_START),
        Finding(key="summary", severity=Severity.INFO, summary="all is well", game_date=DAY, since=DAY_START),
    ]
    update_book(store, lambda book: reconcile(book, "watchdog", findings, NOON), NOON)
    report = service_levels_report(warehouse, store, DAY, DAY)
    assert report.dates[0].slowest_alert_minutes == minutes
    assert report.together.alerted_in_time == share


def test_the_command_shows_the_levels_of_the_last_dates(
    tmp_path: Path, warehouse: DuckDbWarehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended_date(warehouse)
    warehouse.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)
    monkeypatch.setenv("TIPOFF_WAREHOUSE", f"duckdb:///{tmp_path}/tipoff.duckdb")
    monkeypatch.setenv("TIPOFF_EXPORTS", f"file://{tmp_path}/exports")
    assert commands.run(["service-levels", "--date", str(NEXT), "--last", "2"]) is ExitCode.DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert "2024-03-29 1 1 of 2 players Sat 01:00 ET unknown" in shown
    assert "50.0% of the players with a line predicted an hour before tip-off, goal: 99 %" in shown
    assert commands.run(["service-levels", "--date", str(DAY), "--last", "1", "--json"]) is ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["together"]["dates"] == 1
