"""Which notices follow from what checks find."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.notices import reconciled
from tipoff.alerting.book import (
    ESCALATE_AFTER,
    AlertBook,
    AlertRecord,
    Notice,
    NoticeKind,
    acknowledge,
    add_event,
    escalate,
    is_waiting,
    reconcile,
)
from tipoff.errors import BadInputError
from tipoff.vocabulary import Finding, Severity, eastern

DAY = date(2026, 11, 30)
NOON = eastern(DAY, 12)
EMPTY = AlertBook()


def finding(key: str = "no_worker", severity: Severity = Severity.CRITICAL, **fields: object) -> Finding:
    return Finding.model_validate({"key": key, "severity": severity, "summary": f"{key} is wrong", **fields})


def kinds(notices: tuple[Notice, ...]) -> list[tuple[str, str]]:
    return [(notice.kind.value, notice.alert.key) for notice in notices]


def after_minutes(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_a_finding_triggers_one_notice_however_often_it_is_found() -> None:
    book, notices = reconciled(EMPTY, "watchdog", [finding()], NOON)
    assert kinds(notices) == [("trigger", "no_worker")]
    for minutes in (5, 10, 15):
        book, notices = reconciled(book, "watchdog", [finding()], after_minutes(minutes))
        assert notices == ()
    assert len(book.alerts) == 1


def test_a_finding_that_is_gone_gets_one_all_clear_and_may_come_again() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    book, notices = reconciled(book, "watchdog", [], after_minutes(5))
    assert kinds(notices) == [("all_clear", "no_worker")]
    assert notices[0].alert.resolved_at == after_minutes(5)
    book, notices = reconciled(book, "watchdog", [], after_minutes(10))
    assert (notices, book.open_alerts) == ((), ())
    book, notices = reconciled(book, "watchdog", [finding()], after_minutes(15))
    assert kinds(notices) == [("trigger", "no_worker")]
    assert [alert.is_open for alert in book.alerts] == [False, True]


def test_a_check_clears_only_what_its_own_scope_found() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    book, notices = reconciled(book, "morning_check", [], after_minutes(5))
    assert notices == ()
    assert len(book.open_alerts) == 1


def test_an_alert_that_two_scopes_find_is_reported_once_and_cleared_by_the_last_of_them() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    book, notices = reconciled(book, "morning_check", [finding()], after_minutes(1))
    assert notices == ()
    book, notices = reconciled(book, "watchdog", [], after_minutes(5))
    assert notices == ()
    book, notices = reconciled(book, "morning_check", [], after_minutes(6))
    assert kinds(notices) == [("all_clear", "no_worker")]


def test_the_same_key_of_two_days_is_two_alerts() -> None:
    findings = [finding("grade", game_date=DAY - timedelta(days=days)) for days in (0, 1)]
    book, notices = reconciled(EMPTY, "watchdog", findings, NOON)
    assert [notice.alert.dedupe_key for notice in notices] == ["2026-11-30:grade", "2026-11-29:grade"]
    _, notices = reconciled(book, "watchdog", findings[:1], after_minutes(5))
    assert [notice.alert.dedupe_key for notice in notices] == ["2026-11-29:grade"]


def test_an_alert_shows_the_latest_summary_and_command() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    newer = Finding(key="no_worker", severity=Severity.CRITICAL, summary="gone for an hour", command="worker.py")
    book, _ = reconciled(book, "watchdog", [newer], after_minutes(5))
    assert (book.alerts[0].text, book.alerts[0].command, book.alerts[0].at) == ("gone for an hour", "worker.py", NOON)


def test_a_finding_that_becomes_more_severe_triggers_again_and_never_becomes_less_severe() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding(severity=Severity.WARNING, since=NOON)], NOON)
    book = acknowledge(book, "no_worker", "ann", "", NOON)
    book, notices = reconciled(book, "watchdog", [finding()], after_minutes(5))
    assert kinds(notices) == [("trigger", "no_worker")]
    assert (book.alerts[0].at, book.alerts[0].since, book.alerts[0].acknowledged) == (after_minutes(5), NOON, None)
    book, notices = reconciled(book, "watchdog", [finding(severity=Severity.WARNING)], after_minutes(10))
    assert (notices, book.alerts[0].severity) == ((), Severity.CRITICAL)


@pytest.mark.parametrize(
    ("severity", "minutes", "is_escalated"),
    [
        (Severity.CRITICAL, 30, True),
        (Severity.CRITICAL, 29.9, False),
        (Severity.WARNING, 600, False),
        (Severity.INFO, 600, False),
    ],
)
def test_a_critical_alert_without_acknowledgement_is_escalated_once_after_half_an_hour(
    severity: Severity, minutes: float, is_escalated: bool
) -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding(severity=severity)], NOON)
    assert is_waiting(book)
    book = escalate(book, after_minutes(minutes))
    assert [each.kind for each in book.alerts[0].deliveries[1:]] == [NoticeKind.ESCALATION] * is_escalated
    if is_escalated:
        assert book.alerts[0].escalated_at == after_minutes(minutes)
        assert escalate(book, after_minutes(minutes + 60)) == book


def test_an_acknowledged_alert_is_not_escalated_but_still_cleared() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    book = acknowledge(book, "no_worker", "ann", "restarting it", after_minutes(3))
    assert escalate(book, NOON + ESCALATE_AFTER) == book
    acknowledged = book.alerts[0].acknowledged
    assert acknowledged is not None
    assert (acknowledged.who, acknowledged.why, acknowledged.at) == ("ann", "restarting it", after_minutes(3))
    _, notices = reconciled(book, "watchdog", [], after_minutes(40))
    assert kinds(notices) == [("all_clear", "no_worker")]


def test_a_resolved_alert_waits_for_nothing_once_it_is_delivered() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    book, _ = reconciled(book, "watchdog", [], after_minutes(1))
    assert is_waiting(book)
    delivered = AlertBook(alerts=(book.alerts[0].model_copy(update={"deliveries": ()}),))
    assert not is_waiting(delivered)
    assert escalate(delivered, after_minutes(60)) == delivered


def test_an_alert_is_acknowledged_by_its_key_with_or_without_the_date() -> None:
    findings = [finding("grade", game_date=DAY - timedelta(days=days)) for days in (0, 1)]
    book, _ = reconciled(EMPTY, "watchdog", findings, NOON)
    one = acknowledge(book, "2026-11-29:grade", "ann", "", NOON)
    assert [alert.acknowledged is not None for alert in one.alerts] == [False, True]
    both = acknowledge(book, "grade", "ann", "", NOON)
    assert [alert.acknowledged is not None for alert in both.alerts] == [True, True]


def test_only_an_open_alert_can_be_acknowledged() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    with pytest.raises(BadInputError, match=r"no alert 'no_workers' is open \(did you mean no_worker\?\)"):
        acknowledge(book, "no_workers", "ann", "", NOON)
    book, _ = reconciled(book, "watchdog", [], after_minutes(5))
    with pytest.raises(BadInputError, match="no alert 'no_worker' is open"):
        acknowledge(book, "no_worker", "ann", "", after_minutes(6))


def test_an_event_is_reported_once_and_is_never_open() -> None:
    book = add_event(EMPTY, finding("unresolved", Severity.WARNING, game_date=DAY), NOON)
    again = add_event(book, finding("unresolved", Severity.WARNING, game_date=DAY), after_minutes(60))
    assert again == book
    assert (book.open_alerts, [each.kind for each in book.alerts[0].deliveries]) == ((), [NoticeKind.TRIGGER])
    _, notices = reconciled(book, "watchdog", [], after_minutes(90))
    assert notices == ()


def test_an_all_clear_replaces_the_trigger_that_no_channel_has_received() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    book, _ = reconciled(book, "watchdog", [], after_minutes(5))
    assert [each.kind for each in book.alerts[0].deliveries] == [NoticeKind.ALL_CLEAR]


@pytest.mark.parametrize(("minutes", "notices"), [(7.9, []), (8, [NoticeKind.ALL_CLEAR])])
def test_what_is_repaired_while_its_alert_is_held_calls_nobody(minutes: float, notices: list[NoticeKind]) -> None:
    book, _ = reconciled(EMPTY, "day", [finding()], NOON, timedelta(minutes=8))
    assert [each.not_before for each in book.alerts[0].deliveries] == [after_minutes(8)]
    book, _ = reconciled(book, "day", [], after_minutes(minutes))
    assert [each.kind for each in book.alerts[0].deliveries] == notices
    assert book.alerts[0].resolved_at == after_minutes(minutes)


def test_an_acknowledgement_ends_an_escalation_that_could_not_be_delivered() -> None:
    book, _ = reconciled(EMPTY, "watchdog", [finding()], NOON)
    book = escalate(book, NOON + ESCALATE_AFTER)
    assert [each.kind for each in book.alerts[0].deliveries] == [NoticeKind.TRIGGER, NoticeKind.ESCALATION]
    book = acknowledge(book, "no_worker", "ann", "", after_minutes(31))
    assert [each.kind for each in book.alerts[0].deliveries] == [NoticeKind.TRIGGER]


KEYS = st.sets(st.sampled_from(["a", "b", "c"]))
CHECKS = st.lists(st.tuples(st.sampled_from(["watchdog", "morning_check"]), KEYS), max_size=12)


@given(CHECKS)
def test_whatever_the_checks_find_each_alert_has_one_trigger_and_at_most_one_all_clear(
    checks: list[tuple[str, set[str]]],
) -> None:
    book, notices, latest = EMPTY, list[Notice](), dict[str, set[str]]()
    for minutes, (scope, keys) in enumerate(checks):
        latest[scope] = keys
        book, new = reconciled(book, scope, map(finding, sorted(keys)), after_minutes(minutes))
        notices += new
        assert {alert.key for alert in book.open_alerts} == set().union(*latest.values())
        assert reconcile(book, scope, map(finding, sorted(keys)), after_minutes(minutes)) == book
    assert len(kinds(tuple(notices))) == len({(notice.kind, notice.alert.key, notice.alert.at) for notice in notices})
    triggered = [notice for notice in notices if notice.kind is NoticeKind.TRIGGER]
    assert len(triggered) == len(book.alerts)
    cleared = [alert for alert in book.alerts if not alert.is_open]
    assert sum(notice.kind is NoticeKind.ALL_CLEAR for notice in notices) == len(cleared)


def test_a_summary_of_any_length_is_kept_short() -> None:
    assert len(finding(summary="x" * 5000).summary) <= 500
    assert isinstance(reconcile(EMPTY, "s", [finding()], NOON).alerts[0], AlertRecord)
