"""The book of alerts: which are open, who acknowledged them, and which notices have still to be delivered.

Pure: every change returns a new book. A change and the notices that follow from it stand in the same book, so that a
process that dies between writing it and delivering them loses none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import AwareDatetime, Field

from tipoff.errors import BadInputError
from tipoff.vocabulary import Finding, Frozen, Severity, dedupe_key, did_you_mean

ESCALATE_AFTER: Final = timedelta(minutes=30)
"""How long a critical alert waits for an acknowledgement before it goes to the second channels."""

AT_ONCE: Final = timedelta()


class NoticeKind(StrEnum):
    """What a notice says about its alert."""

    TRIGGER = "trigger"
    ESCALATION = "escalation"
    """Nobody has acknowledged a critical alert in time."""
    ALL_CLEAR = "all_clear"


class Delivery(Frozen):
    """A notice that some channels have not received."""

    kind: NoticeKind
    not_before: AwareDatetime
    """The end of the pause after a failure, or of the time that a process has to deliver it."""
    sent_to: tuple[str, ...] = ()
    """Names of the channels that have received it."""
    failures: int = 0
    error: str = ""
    """Of the last failure, without secrets."""


class Acknowledgement(Frozen):
    """Who took on an alert, and why it may wait."""

    at: AwareDatetime
    who: str
    why: str = ""


class AlertRecord(Frozen):
    """One alert, from its trigger to its all-clear."""

    game_date: date | None = None
    key: str = Field(min_length=1)
    at: AwareDatetime
    """When it was raised, or became more severe."""
    step: str = ""
    severity: Severity = Severity.WARNING
    text: str
    command: str = ""
    since: AwareDatetime | None = None
    scopes: tuple[str, ...] = ()
    """The checks that find it; an alert without any is closed."""
    resolved_at: AwareDatetime | None = None
    acknowledged: Acknowledgement | None = None
    escalated_at: AwareDatetime | None = None
    held_until: AwareDatetime | None = None
    """Until when its cause may be repaired before anybody is called."""
    deliveries: tuple[Delivery, ...] = ()

    @classmethod
    def message(cls, game_date: date, key: str, text: str, at: datetime) -> AlertRecord:
        """Something to read that is never open, of any length."""
        trigger = Delivery(kind=NoticeKind.TRIGGER, not_before=at)
        return cls(game_date=game_date, key=key, at=at, severity=Severity.INFO, text=text, deliveries=(trigger,))

    @property
    def is_open(self) -> bool:
        return bool(self.scopes)

    @property
    def dedupe_key(self) -> str:
        return dedupe_key(self.game_date, self.key)

    @property
    def finding(self) -> Finding:
        """The alert as a check that still finds it reports it."""
        return Finding(
            key=self.key,
            severity=self.severity,
            summary=self.text,
            command=self.command,
            game_date=self.game_date,
            step=self.step,
            since=self.since,
        )


class Notice(NamedTuple):
    """What is told about an alert, and the alert as it is now."""

    kind: NoticeKind
    alert: AlertRecord


class AlertBook(Frozen):
    """All alerts, oldest first."""

    alerts: tuple[AlertRecord, ...] = ()

    @property
    def open_alerts(self) -> tuple[AlertRecord, ...]:
        return tuple(alert for alert in self.alerts if alert.is_open)

    def dates_of(self, scope: str) -> set[date]:
        """The game dates of the open alerts that a check of a scope finds."""
        return {alert.game_date for alert in self.open_alerts if scope in alert.scopes and alert.game_date}

    def of_date(self, game_date: date) -> tuple[AlertRecord, ...]:
        """The alerts of a date, oldest first."""
        return tuple(alert for alert in self.alerts if alert.game_date == game_date)


def reconcile(
    book: AlertBook,
    scope: str,
    findings: Iterable[Finding],
    now: datetime,
    hold: timedelta = AT_ONCE,
    *,
    is_partial: bool = False,
) -> AlertBook:
    """Compare what a check of a scope finds with the open alerts.

    A new finding triggers an alert, and one that became more severe triggers its alert again; it never becomes less
    severe. An alert that no scope finds any longer is resolved. `hold`: how long new alerts wait for a repair, after
    which nobody is called. `is_partial`: the check could not check everything, so it resolves nothing.
    """
    by_key = {finding.dedupe_key: finding for finding in findings}
    known = {alert.dedupe_key for alert in book.open_alerts}
    checked = (
        alert if is_partial and alert.dedupe_key not in by_key else _checked(alert, scope, by_key, now)
        for alert in book.alerts
    )
    raised = (_raised(by_key[key], (scope,), now, hold) for key in by_key if key not in known)
    return AlertBook(alerts=(*checked, *raised))


def escalate(book: AlertBook, now: datetime) -> AlertBook:
    """Escalate, once, each critical alert that nobody has acknowledged in time."""
    return AlertBook(alerts=tuple(_escalated(alert, now) if _waits(alert) else alert for alert in book.alerts))


def is_waiting(book: AlertBook) -> bool:
    """Whether notices are left to deliver, or an alert waits for its acknowledgement."""
    return any(alert.deliveries or _waits(alert) for alert in book.alerts)


def add_event(book: AlertBook, finding: Finding, now: datetime) -> AlertBook:
    """Add what happened once and has no all-clear, unless the book knows it, open or closed."""
    if any(alert.dedupe_key == finding.dedupe_key for alert in book.alerts):
        return book
    return AlertBook(alerts=(*book.alerts, _raised(finding, (), now)))


def acknowledge(book: AlertBook, key: str, who: str, why: str, now: datetime) -> AlertBook:
    """Acknowledge the open alerts with a key, given with or without its game date, so that none is escalated.

    Raises BadInputError if none is open.
    """
    meant = [alert for alert in book.open_alerts if key in {alert.key, alert.dedupe_key}]
    if not meant:
        known = {name for alert in book.open_alerts for name in (alert.key, alert.dedupe_key)}
        raise BadInputError(f"no alert {key!r} is open{did_you_mean(key, known)}; `alerts list` shows those that are")
    acknowledgement = Acknowledgement(at=now, who=who, why=why)
    return AlertBook(
        alerts=tuple(_acknowledged(each, acknowledgement) if each in meant else each for each in book.alerts)
    )


def _acknowledged(alert: AlertRecord, acknowledgement: Acknowledgement) -> AlertRecord:
    deliveries = tuple(each for each in alert.deliveries if each.kind is not NoticeKind.ESCALATION)
    return alert.model_copy(update={"acknowledged": acknowledgement, "deliveries": deliveries})


def _checked(alert: AlertRecord, scope: str, by_key: Mapping[str, Finding], now: datetime) -> AlertRecord:
    if not alert.is_open:
        return alert
    if finding := by_key.get(alert.dedupe_key):
        return _found_again(alert, scope, finding, now)
    return _not_found(alert, scope, now)


def _raised(finding: Finding, scopes: tuple[str, ...], now: datetime, hold: timedelta = AT_ONCE) -> AlertRecord:
    return AlertRecord(
        game_date=finding.game_date,
        key=finding.key,
        at=now,
        step=finding.step,
        severity=finding.severity,
        text=finding.summary,
        command=finding.command,
        since=finding.since,
        scopes=scopes,
        held_until=now + hold if hold else None,
        deliveries=(Delivery(kind=NoticeKind.TRIGGER, not_before=now + hold),),
    )


def _found_again(alert: AlertRecord, scope: str, finding: Finding, now: datetime) -> AlertRecord:
    if finding.severity.rank > alert.severity.rank:
        scopes = _with(alert.scopes, scope)
        return _raised(finding.model_copy(update={"since": finding.since or alert.since}), scopes, now)
    current = {"text": finding.summary, "command": finding.command, "scopes": _with(alert.scopes, scope)}
    return alert.model_copy(update=current)


def _not_found(alert: AlertRecord, scope: str, now: datetime) -> AlertRecord:
    scopes = tuple(each for each in alert.scopes if each != scope)
    if scopes:
        return alert.model_copy(update={"scopes": scopes})
    resolved = {"scopes": (), "resolved_at": now}
    if alert.held_until is not None and now < alert.held_until:
        return alert.model_copy(update={**resolved, "deliveries": ()})
    # It replaces what no channel has received so far: one notice says what was wrong, since when and until when.
    all_clear = Delivery(kind=NoticeKind.ALL_CLEAR, not_before=now)
    return alert.model_copy(update={**resolved, "deliveries": (all_clear,)})


def _waits(alert: AlertRecord) -> bool:
    is_answered = alert.acknowledged is not None or alert.escalated_at is not None
    return alert.is_open and alert.severity is Severity.CRITICAL and not is_answered


def _escalated(alert: AlertRecord, now: datetime) -> AlertRecord:
    if now - alert.at < ESCALATE_AFTER:
        return alert
    escalation = Delivery(kind=NoticeKind.ESCALATION, not_before=now)
    return alert.model_copy(update={"escalated_at": now, "deliveries": (*alert.deliveries, escalation)})


def _with(scopes: tuple[str, ...], scope: str) -> tuple[str, ...]:
    return scopes if scope in scopes else (*scopes, scope)
