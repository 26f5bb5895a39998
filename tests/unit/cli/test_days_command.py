"""`days`: one line a date, from the server's view of its run and from its last exported status."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.server_state import DescribedRun
from cli import days
from cli.days import MAX_CONCURRENT_REQUESTS, ExportedDay, day_row
from cli.exit_codes import ExitCode
from tests.support.ended_days import ended_row
from tests.support.ledgers import DAY, evening_plan, no_lines, run_ready_steps, settled_ledger
from tests.support.starter import Starter
from tipoff.publishing.ended_days import EndedDay, publish_ended_day
from tipoff.publishing.status import publish_status
from tipoff.publishing.store import ExportStore
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import DayStatus, eastern
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.search_attributes import ATTENTION_STEPS, DATA_QUALITY, RUN_STATE, WAITS_FOR

LINES = "odds_api_player_points_props"


def described(
    execution: str, state: str, waits_for: tuple[str, ...] = (), parked: tuple[str, ...] = ()
) -> DescribedRun:
    attributes: list[SearchAttributePair[Any]] = [
        SearchAttributePair(RUN_STATE, state),
        SearchAttributePair(DATA_QUALITY, "DEGRADED"),
        SearchAttributePair(WAITS_FOR, waits_for),
        SearchAttributePair(ATTENTION_STEPS, parked),
    ]
    now = datetime.now(UTC)
    return DescribedRun("id", "run", execution, now, None, TypedSearchAttributes(attributes), {"status": "a sentence"})


def waiting_status() -> DayStatus:
    ledger = DayLedger(evening_plan())
    ledger.adopt(ledger.plan)
    run_ready_steps(ledger, eastern(DAY, 12), no_lines)
    return day_status(ledger, eastern(DAY, 12), virtual=False, held=False)


def ended_status() -> DayStatus:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 23))
    ledger.end()
    ledger.counts = {"graded:win": 20, "graded:void": 3, "unresolved:nbac_injury_report": 5}
    return day_status(ledger, eastern(DAY, 23), virtual=False, held=False)


def ended_day(**columns: Any) -> EndedDay:
    row = ended_row(**columns)
    return EndedDay.model_validate({name: row[name] for name in EndedDay.model_fields})


def test_a_day_whose_last_status_was_not_exported_is_that_of_the_warehouse() -> None:
    assert day_row(DAY, None, ExportedDay(ended_day(), waiting_status())).state == "COMPLETE"


def test_a_date_without_run_and_export_says_so() -> None:
    row = day_row(DAY, None, ExportedDay())
    assert (row.state, row.games, row.sentence) == ("NO RUN", None, "")


def test_an_exported_day_has_its_counts() -> None:
    row = day_row(DAY, None, ExportedDay(None, ended_status()))
    assert (row.state, row.games, row.predictions, row.graded) == ("COMPLETE", 3, 10, 23)


def test_predictions_are_counted_after_a_rerun_that_published_none() -> None:
    status = ended_status()
    kept = tuple(step.model_copy(update={"rows": 0}) for step in status.steps)
    rerun = status.model_copy(update={"steps": kept, "counts": {**status.counts, "predictions": 23}})
    row = day_row(DAY, None, ExportedDay(None, rerun))
    assert (row.predictions, row.graded) == (23, 23)


def test_what_the_server_knows_of_a_run_comes_before_the_export() -> None:
    waiting = day_row(DAY, described("RUNNING", "WAITING", waits_for=(LINES,)), ExportedDay(None, ended_status()))
    assert (waiting.state, waiting.data_quality, waiting.waits_for) == ("WAITING", "DEGRADED", (LINES,))
    assert (waiting.sentence, waiting.games) == ("a sentence", 3)
    parked = day_row(DAY, described("RUNNING", "NEEDS_ATTENTION", parked=("grade",)), ExportedDay())
    assert (parked.state, parked.attention) == ("NEEDS_ATTENTION", ("grade",))
    for execution in ("FAILED", "TERMINATED", "CANCELED", "PAUSED"):
        assert day_row(DAY, described(execution, "RUNNING"), ExportedDay()).state == execution
    assert day_row(DAY, described("TERMINATED", "WAITING", waits_for=(LINES,)), ExportedDay()).waits_for == ()


def test_a_date_that_the_server_forgot_is_listed_as_the_warehouse_has_it() -> None:
    row = day_row(DAY, None, ExportedDay(ended_day(), ended_status()))
    assert (row.state, row.data_quality, row.sentence) == ("COMPLETE", "DEGRADED", "complete: 12 games")
    assert (row.games, row.predictions, row.graded) == (12, 418, 418)
    assert (row.publication_minutes, row.success_rate) == (615.5, 0.98)
    assert day_row(DAY, None, ExportedDay(ended_day())).state == "COMPLETE", "also without an exported status"


def test_an_ended_run_has_the_counts_of_the_warehouse_and_the_state_of_the_server() -> None:
    row = day_row(DAY, described("TERMINATED", "RUNNING"), ExportedDay(ended_day(), ended_status()))
    assert (row.state, row.games) == ("TERMINATED", 12)


def test_a_date_that_runs_again_has_the_counts_of_its_last_status() -> None:
    row = day_row(
        DAY, described("RUNNING", "WAITING"), ExportedDay(ended_day(ended_at=eastern(DAY, 11)), waiting_status())
    )
    assert (row.state, row.games, row.success_rate) == ("WAITING", 3, None)
    without_server = day_row(
        DAY, None, ExportedDay(ended_day(ended_at=eastern(DAY, 11)), waiting_status()), server_answers=False
    )
    assert (without_server.state, without_server.games) == ("WAITING", 3)


def test_a_run_that_could_not_be_logged_is_listed_by_its_status() -> None:
    row = day_row(DAY, None, ExportedDay(ended_day(ended_at=eastern(DAY, 22)), ended_status()))
    assert (row.games, row.predictions) == (3, 10)


def test_a_run_that_the_server_lost_before_its_end_does_not_count_as_running() -> None:
    assert day_row(DAY, None, ExportedDay(None, waiting_status())).state == "NO END"
    assert day_row(DAY, None, ExportedDay(ended_day(ended_at=eastern(DAY, 11)), waiting_status())).state == "NO END"


def test_days_of_the_warehouse_are_listed_without_a_server(tmp_path: Path) -> None:
    store, before = ExportStore(FolderStore(tmp_path / "var/exports")), DAY - timedelta(days=1)
    publish_ended_day(store, ended_row(), eastern(DAY, 23))
    empty = {"publication_minutes": None, "success_rate": None, "data_quality": "EMPTY", "games": 0}
    publish_ended_day(store, ended_row(game_date=before, **empty), eastern(DAY, 23))
    starter = Starter(tmp_path)
    ended, no_games, no_run = starter(f"days --date {DAY} --last 3 --json").json
    assert (ended["state"], ended["predictions"], ended["publication_minutes"]) == ("COMPLETE", 418, 615.5)
    assert (no_games["data_quality"], no_games["games"], no_run["state"]) == ("EMPTY", 0, "NO RUN")
    (tmp_path / f"var/exports/v1/days/{before}.json").write_text('{"day": {}}')
    listed = starter(f"days --date {DAY} --last 2")
    assert listed.code == 0
    assert [line.split() for line in listed.out.splitlines() if str(DAY) in line] == [
        [str(DAY), "COMPLETE", "degraded", "12", "418", "418", "10:15", "98%"]
    ]
    assert f"v1/days/{before}.json is not the export of a day" in " ".join(listed.text.split())


def test_without_a_server_the_last_exports_are_listed_newest_first(tmp_path: Path) -> None:
    store, before = ExportStore(FolderStore(tmp_path / "var/exports")), DAY - timedelta(days=1)
    publish_status(store, waiting_status(), eastern(DAY, 12))
    starter = Starter(tmp_path)
    rows = starter(f"days --date {DAY} --last 2 --json").json
    assert [(row["game_date"], row["state"]) for row in rows] == [(str(DAY), "WAITING"), (str(before), "NO RUN")]
    assert LINES in rows[0]["waits_for"]
    listed = starter(f"days --date {DAY} --last 2")
    assert listed.code == 0
    assert "from the last exports, because no Temporal server answers" in listed.text
    assert [line.split()[:2] for line in listed.out.splitlines()[2:4]] == [[str(DAY), "WAITING"], [str(before), "NO"]]
    assert starter("days --last 0").code == 2


async def test_a_year_of_dates_is_requested_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server of a worker's machine answers a few requests within their second, not hundreds."""
    now, most = 0, 0

    async def describe_run(client: object, game_date: date) -> DescribedRun:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return described("RUNNING", "WAITING")

    @asynccontextmanager
    async def connected(target: object) -> AsyncIterator[object]:
        yield object()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(days, "describe_run", describe_run)
    monkeypatch.setattr(days, "connected", connected)
    assert await days.run(Namespace(replay=None, date=DAY, last=366, json=True)) is ExitCode.DONE
    assert capsys.readouterr().out.count('"WAITING"') == 366
    assert most == MAX_CONCURRENT_REQUESTS
