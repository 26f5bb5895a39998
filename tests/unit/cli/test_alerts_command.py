"""`starter.py alerts`: list, ack and test, against a real store and real receivers."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

import starter
from tests.support.alert_receivers import TOKEN, hook_server
from tipoff.alerting.book import AlertBook, escalate, reconcile
from tipoff.alerting.store import read_book, update_book
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.vocabulary import Finding, Severity

NOW = datetime.now(UTC)
FINDINGS = (
    Finding(key="training", severity=Severity.WARNING, summary="training is old", command="starter.py train"),
    Finding(key="grades", severity=Severity.CRITICAL, summary="not graded", game_date=date(2024, 3, 29)),
)


@pytest.fixture
def store(tmp_path: Path) -> ExportStore:
    return open_exports(f"file://{tmp_path}/exports")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[[str], Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process, which takes a tenth of the time of a new one."""
    monkeypatch.setenv("TIPOFF_EXPORTS", f"file://{tmp_path}/exports")

    def run_here(line: str) -> Ended:
        code = starter.main(line.split())
        return Ended(code, *capsys.readouterr())

    return run_here


def find(store: ExportStore, *findings: Finding) -> None:
    def change(book: AlertBook) -> AlertBook:
        return escalate(reconcile(book, "watchdog", findings, NOW - timedelta(hours=1)), NOW)

    update_book(store, change, NOW)


def test_open_alerts_are_listed_with_what_helps_the_most_urgent_first(run: Run, store: ExportStore) -> None:
    assert run("alerts").out == "no alert is open\n"
    find(store, *FINDINGS)
    listed = run("alerts")
    assert listed.code == 0
    assert listed.out.index("not graded") < listed.out.index("training is old")
    for text in ("critical", "2024-03-29:grades", "escalated", "starter.py train"):
        assert text in listed.out
    assert run("alerts list").out.splitlines()[:2] == listed.out.splitlines()[:2]
    assert [alert["key"] for alert in json.loads(run("alerts list --json").out)] == ["grades", "training"]


def test_an_alert_is_taken_on_once_it_is_open(run: Run, store: ExportStore) -> None:
    find(store, *FINDINGS)
    taken_on = run("alerts ack 2024-03-29:grades --who ann --why retrying")
    assert taken_on.code == 0
    assert "ann took on 2024-03-29:grades" in taken_on.out
    assert "ann took it on" in run("alerts").out
    [_, grades] = read_book(store).alerts
    assert grades.acknowledged is not None
    assert (grades.acknowledged.who, grades.acknowledged.why) == ("ann", "retrying")
    refused = run("alerts ack grade")
    assert refused.code == 4
    assert "no alert 'grade' is open (did you mean" in refused.err


def test_a_test_reaches_every_address_and_names_those_that_fail(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with hook_server() as first, hook_server() as second:
        monkeypatch.setenv("TIPOFF_ALERT_URLS", first.url)
        monkeypatch.setenv("TIPOFF_ALERT_URLS_SECOND", second.url)
        assert run("alerts test").code == 0
        assert first.titles == second.titles == ["tipoff INFO: this is a test of the alerts"]
        second.status = 500
        failed = run("alerts test")
        assert failed.code == 1
        assert "alert_urls 1 (json): sent" in failed.out
        assert "alert_urls_second 1 (json): Failed" in failed.out
        assert TOKEN not in failed.out + failed.err


def test_a_test_without_an_address_fails(run: Run) -> None:
    ended = run("alerts test")
    assert ended.code == 1
    assert "set TIPOFF_ALERT_URLS" in ended.err
