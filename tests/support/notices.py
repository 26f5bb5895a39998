"""A check of the book of alerts with the notices that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tipoff.alerting.book import AT_ONCE, AlertBook, Notice, reconcile
from tipoff.vocabulary import Finding


def reconciled(
    book: AlertBook,
    scope: str,
    findings: Iterable[Finding],
    now: datetime,
    hold: timedelta = AT_ONCE,
    *,
    is_partial: bool = False,
) -> tuple[AlertBook, tuple[Notice, ...]]:
    """The book after a check, and the notices that are new in it."""
    after = reconcile(book, scope, findings, now, hold, is_partial=is_partial)
    known = {(alert.dedupe_key, alert.at): alert.deliveries for alert in book.alerts}
    new = (
        Notice(delivery.kind, alert)
        for alert in after.alerts
        for delivery in alert.deliveries
        if delivery not in known.get((alert.dedupe_key, alert.at), ())
    )
    return after, tuple(new)
