"""The activity that delivers alerts: real stores, a real receiver, killed and repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic, sleep

import pytest
from pydantic import ValidationError
from temporalio.testing import ActivityEnvironment

from activities.alerts import AlertActivities
from activities.resources import Resources
from runtime import PROJECT
from tests.support.alert_receivers import HookServer, hook_server
from tipoff.alerting.deliveries import CLAIMED_FOR
from tipoff.alerting.store import read_book
from tipoff.settings import Settings
from tipoff.vocabulary import Finding, Severity
from workflows.contracts.alerts import AlertsDelivered, DeliverAlertsRequest

NOON = datetime(2026, 11, 30, 17, tzinfo=UTC)
GRADES = Finding(key="grades", severity=Severity.CRITICAL, summary="not graded", game_date=date(2026, 11, 29))
REQUEST = DeliverAlertsRequest(scope="watchdog", findings=(GRADES,), as_of=NOON)


def resources_of(folder: Path, hook: HookServer, now: datetime = NOON) -> Resources:
    settings = {"exports": f"file://{folder}/exports", "alert_urls": hook.url}
    return Resources(Settings.model_validate(settings), now=lambda: now)


def deliver(resources: Resources, request: DeliverAlertsRequest = REQUEST) -> AlertsDelivered:
    result: AlertsDelivered = ActivityEnvironment().run(AlertActivities(resources).deliver_alerts, request)
    return result


def test_the_findings_of_a_scope_are_delivered_once_and_cleared(tmp_path: Path) -> None:
    with hook_server() as hook:
        resources = resources_of(tmp_path, hook)
        assert deliver(resources) == AlertsDelivered(sent=1)
        assert deliver(resources) == AlertsDelivered(sent=0), "the attempt before was lost after its delivery"
        assert deliver(resources, REQUEST.model_copy(update={"findings": ()})) == AlertsDelivered(sent=1)
        assert hook.titles == ["tipoff CRITICAL: not graded", "tipoff all clear: not graded"]


def test_a_channel_that_fails_is_reported_and_served_later(tmp_path: Path) -> None:
    with hook_server() as hook:
        hook.status = 503
        delivered = deliver(resources_of(tmp_path, hook))
        assert delivered.sent == 0
        assert "alert_urls 1 (json)" in delivered.errors[0]
        hook.status = 200
        assert deliver(resources_of(tmp_path, hook, NOON + CLAIMED_FOR)) == AlertsDelivered(sent=1)


_DELIVER = """
import sys
from datetime import datetime
from pathlib import Path
from tests.support.alert_receivers import HookServer
from tests.unit.activities.test_alerts import deliver, resources_of
hook = HookServer()
hook.port = int(sys.argv[2])
deliver(resources_of(Path(sys.argv[1]), hook))
"""


@pytest.mark.timeout(120)
def test_a_process_killed_during_a_delivery_loses_no_alert(tmp_path: Path) -> None:
    """SIGKILL while the receiver has not responded: the book says that the alert is open and not delivered."""
    with hook_server() as hook:
        with hook.held():
            arguments = [sys.executable, "-c", _DELIVER, str(tmp_path), str(hook.port)]
            with subprocess.Popen(arguments, cwd=PROJECT, env={**os.environ, "PYTHONPATH": "."}) as process:
                _wait_for_request(hook, process)
                process.send_signal(signal.SIGKILL)
        resources = resources_of(tmp_path, hook, NOON + CLAIMED_FOR)
        [alert] = read_book(resources.exports).alerts
        assert (alert.is_open, len(alert.deliveries)) == (True, 1)
        assert deliver(resources) == AlertsDelivered(sent=1)
        assert read_book(resources.exports).alerts[0].deliveries == ()
        assert set(hook.titles) == {"tipoff CRITICAL: not graded"}, "at least once"


def _wait_for_request(hook: HookServer, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + 60
    while hook.requests == 0:
        assert process.poll() is None
        assert monotonic() < deadline
        sleep(0.02)


def test_findings_without_a_scope_are_refused() -> None:
    """Nobody could tell which check found them, and which one resolves them."""
    with pytest.raises(ValidationError, match="scope"):
        DeliverAlertsRequest(scope="", findings=(GRADES,), as_of=NOON)
