"""What the alerts of a day become: events, and alerts that stand until their step or their day recovers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.evening import DAY
from tipoff.alerting.book import AlertRecord, NoticeKind
from tipoff.alerting.store import read_book
from tipoff.publishing.day_alerts import update_day_alerts
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert, Attention, DayStatus, RunState, Severity, eastern

NOON = eastern(DAY, 12)
STEP = "nbac_play_by_play"
RETRY = f"starter.py retry-step --step {STEP} --date {DAY}"


@pytest.fixture
def day(status: dict[str, Any]) -> DayStatus:
    """A running day without trouble."""
    calm = {"state": RunState.RUNNING, "alerts": [], "attention": [], "degradations": [], "now": NOON.isoformat()}
    return read_status({**status, **calm})


def alert(kind: str = "parked", severity: Severity = Severity.WARNING) -> Alert:
    return Alert(key=f"{STEP}:{kind}", at=NOON, step=STEP, severity=severity, text=f"play-by-play: {kind}")


def parked(day: DayStatus, *alerts: Alert) -> DayStatus:
    attention = Attention(step=STEP, reason="bad key", since=NOON, options=(RETRY, "starter.py skip-step"))
    return day.model_copy(update={"alerts": alerts, "attention": (attention,)})


def later(day: DayStatus, minutes: int, **changes: Any) -> DayStatus:
    return day.model_copy(update={"now": NOON + timedelta(minutes=minutes), **changes})


def publish(store: ExportStore, day: DayStatus, *new: Alert) -> tuple[AlertRecord, ...]:
    update_day_alerts(store, day, [each.key for each in new])
    return read_book(store).of_date(DAY)


def test_the_alert_of_a_parked_step_has_its_command_and_stands_until_the_step_recovers(
    store: ExportStore, day: DayStatus
) -> None:
    day = parked(day, alert())
    [raised] = publish(store, day, alert())
    assert (raised.is_open, raised.command, raised.text) == (True, RETRY, "play-by-play: parked")
    assert publish(store, later(day, 5)) == (raised,)
    [resolved] = publish(store, later(day, 10, attention=()))
    assert (resolved.is_open, resolved.resolved_at) == (False, NOON + timedelta(minutes=10))
    assert [each.kind for each in resolved.deliveries] == [NoticeKind.ALL_CLEAR]


def test_a_step_that_is_parked_again_between_two_statuses_stays_one_open_alert(
    store: ExportStore, day: DayStatus
) -> None:
    publish(store, parked(day, alert()), alert())
    [raised] = publish(store, parked(later(day, 5), alert(), alert("parked:2")), alert("parked:2"))
    assert (raised.is_open, raised.text) == (True, "play-by-play: parked:2")


def test_a_step_that_recovers_and_is_parked_again_is_a_second_alert(store: ExportStore, day: DayStatus) -> None:
    publish(store, parked(day, alert()), alert())
    publish(store, later(day, 5, attention=()))
    first, second = publish(store, parked(later(day, 10), alert("parked:2")), alert("parked:2"))
    assert (first.is_open, second.is_open, second.key) == (False, True, first.key)


def test_a_parked_step_is_left_to_its_repair_for_eight_minutes(store: ExportStore, day: DayStatus) -> None:
    [raised] = publish(store, parked(day, alert()), alert())
    assert [each.not_before for each in raised.deliveries] == [NOON + timedelta(minutes=8)]
    [resolved] = publish(store, later(day, 7, attention=()))
    assert resolved.deliveries == ()


def test_a_step_that_recovered_before_its_alert_was_published_is_an_event(store: ExportStore, day: DayStatus) -> None:
    [raised] = publish(store, day.model_copy(update={"alerts": (alert(),)}), alert())
    assert (raised.is_open, [each.kind for each in raised.deliveries]) == (False, [NoticeKind.TRIGGER])


def test_a_warning_about_what_the_day_did_is_an_event_that_is_added_once(store: ExportStore, day: DayStatus) -> None:
    day = day.model_copy(update={"alerts": (alert("degraded"),)})
    [raised] = publish(store, day, alert("degraded"))
    assert not raised.is_open
    assert publish(store, later(day, 5), alert("degraded")) == (raised,), "the attempt before was killed"


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("degraded", f"starter.py sources --date {DAY}"),
        ("replan", f"starter.py retry-step --step nbac_schedule --date {DAY}"),
        ("unresolved", f"starter.py unresolved --date {DAY}"),
        ("checks", f"starter.py status --date {DAY}"),
    ],
)
def test_an_alert_of_a_step_names_the_command_that_helps(
    store: ExportStore, day: DayStatus, kind: str, command: str
) -> None:
    [raised] = publish(store, day.model_copy(update={"alerts": (alert(kind),)}), alert(kind))
    assert raised.command == command


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (RunState.WAITING, True),
        (RunState.NEEDS_ATTENTION, True),
        (RunState.FAILED, True),
        (RunState.COMPLETE, False),
        (RunState.CANCELLED, False),
    ],
)
def test_a_critical_alert_stands_until_the_day_is_over(
    store: ExportStore, day: DayStatus, state: RunState, is_open: bool
) -> None:
    critical = alert("degraded", Severity.CRITICAL)
    day = day.model_copy(update={"alerts": (critical,)})
    assert publish(store, day, critical)[0].is_open
    [after] = publish(store, later(day, 5, state=state))
    assert after.is_open == is_open


def test_a_repeated_trouble_is_critical_and_keeps_its_text(
    store: ExportStore, day: DayStatus, status: dict[str, Any]
) -> None:
    yesterday = {**status, "game_date": (DAY - timedelta(days=1)).isoformat(), "attention": [], "degradations": []}
    publish_status(store, read_status({**yesterday, "alerts": [alert().model_dump(mode="json")]}), NOON)
    day = parked(day, alert())
    [raised] = publish(store, day, alert())
    assert (raised.severity, raised.text) == (Severity.CRITICAL, "second day in a row: play-by-play: parked")
    assert publish(store, later(day, 5)) == (raised,)
