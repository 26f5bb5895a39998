"""Which notices are due, and what became of their deliveries. Pure.

A process claims notices before it delivers them: for a while no other one does. If it dies, they are due again, so
that a channel receives each notice at least once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tipoff.alerting.book import AlertBook, AlertRecord, Delivery, Notice
from tipoff.alerting.quiet_hours import QuietHours
from tipoff.vocabulary import Finding, Severity, counted

CLAIMED_FOR: Final = timedelta(minutes=2)
MOST_AT_ONCE: Final = 20
"""So many notices are delivered within the time of a claim, also by a slow channel."""
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))
"""The pauses after the first failures of a delivery; the last one is that after all further ones."""
_MANY_FAILURES: Final = 3
UNDELIVERED: Final = "alerts_undelivered"


class Claim(NamedTuple):
    """A delivery that this process makes now."""

    alert: AlertRecord
    delivery: Delivery

    @property
    def notice(self) -> Notice:
        return Notice(self.delivery.kind, self.alert)


class Claims(NamedTuple):
    """The book with what a process claimed, and the claims."""

    book: AlertBook
    claims: tuple[Claim, ...]


class Attempt(NamedTuple):
    """What became of a claimed delivery."""

    claim: Claim
    sent_to: tuple[str, ...]
    """All channels that have received it."""
    error: str = ""
    """Of a channel that has not; empty: every channel has received it."""


def claim_due(book: AlertBook, now: datetime, quiet: QuietHours, claimed_for: timedelta = CLAIMED_FOR) -> Claims:
    """Claim what is due and not held back by quiet hours, the most urgent first; what is over the limit comes next."""
    due = [
        Claim(alert, delivery)
        for alert in book.alerts
        for delivery in alert.deliveries
        if delivery.not_before <= now and not quiet.hold_back(alert.severity, now)
    ]
    due.sort(key=lambda claim: -claim.alert.severity.rank)
    claims = tuple(due[:MOST_AT_ONCE])
    claimed = {_identity(each.alert, each.delivery) for each in claims}

    def claim(alert: AlertRecord, delivery: Delivery) -> Delivery:
        if _identity(alert, delivery) not in claimed:
            return delivery
        return delivery.model_copy(update={"not_before": now + claimed_for})

    alerts = (_with(alert, (claim(alert, each) for each in alert.deliveries)) for alert in book.alerts)
    return Claims(AlertBook(alerts=tuple(alerts)), claims)


def with_attempts(book: AlertBook, attempts: Iterable[Attempt], now: datetime) -> AlertBook:
    """The book without what every channel has received; what failed is due again after a pause.

    A delivery that was replaced meanwhile, as by an all-clear, stays as it is.
    """
    by_identity = {_identity(each.claim.alert, each.claim.delivery): each for each in attempts}
    return AlertBook(alerts=tuple(_after_attempts(alert, by_identity, now) for alert in book.alerts))


def undelivered(book: AlertBook) -> tuple[Finding, ...]:
    """The finding that channels do not take alerts, for the channels that do."""
    failing = [
        (alert, delivery)
        for alert in book.alerts
        for delivery in alert.deliveries
        if delivery.failures >= _MANY_FAILURES and alert.key != UNDELIVERED
    ]
    if not failing:
        return ()
    summary = f"{counted(len(failing), 'notice')} could not be delivered so far: {failing[-1][1].error}"
    since = min(alert.at for alert, _ in failing)
    return (
        Finding(
            key=UNDELIVERED,
            severity=Severity.WARNING,
            summary=summary,
            command="starter.py alerts test",
            since=since,
        ),
    )


_Identity = tuple[str, datetime, str]


def _identity(alert: AlertRecord, delivery: Delivery) -> _Identity:
    return alert.dedupe_key, alert.at, delivery.kind


def _after_attempts(alert: AlertRecord, attempts: Mapping[_Identity, Attempt], now: datetime) -> AlertRecord:
    after = (_after_attempt(each, attempts.get(_identity(alert, each)), now) for each in alert.deliveries)
    return _with(alert, (each for each in after if each is not None))


def _after_attempt(delivery: Delivery, attempt: Attempt | None, now: datetime) -> Delivery | None:
    if attempt is None:
        return delivery
    if not attempt.error:
        return None
    pause = PAUSES[min(delivery.failures, len(PAUSES) - 1)]
    return delivery.model_copy(
        update={
            "sent_to": attempt.sent_to,
            "failures": delivery.failures + 1,
            "error": attempt.error,
            "not_before": now + pause,
        }
    )


def _with(alert: AlertRecord, deliveries: Iterable[Delivery]) -> AlertRecord:
    return alert.model_copy(update={"deliveries": tuple(deliveries)}) if alert.deliveries else alert
