"""Notices as people read them: a title of one line and a body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tipoff.alerting.book import AlertRecord, Notice, NoticeKind
from tipoff.vocabulary import Severity, clock_time, shortened

_TITLE_LENGTH: Final = 150
_RUNBOOK: Final = "docs/runbook.md#an-alert-arrives"


def title(notice: Notice) -> str:
    """One line, such as "tipoff CRITICAL: no worker polls tipoff-day"."""
    first_line = (notice.alert.text.splitlines() or [""])[0]
    return f"tipoff {_kind(notice)}: {shortened(first_line, _TITLE_LENGTH)}"


def body(notice: Notice) -> str:
    """What is wrong, of which day and since when, and what to type."""
    return "\n".join(_lines(notice))


def _kind(notice: Notice) -> str:
    alert = notice.alert
    match notice.kind:
        case NoticeKind.ALL_CLEAR:
            return "all clear"
        case NoticeKind.ESCALATION:
            return f"{alert.severity.upper()}, not acknowledged since {clock_time(alert.at)}"
        case NoticeKind.TRIGGER:
            return alert.severity.upper()


def _lines(notice: Notice) -> Iterator[str]:
    alert = notice.alert
    yield alert.text
    if alert.severity is not Severity.INFO:
        yield from _when(notice)
    yield f"Key: {alert.dedupe_key}"


def _when(notice: Notice) -> Iterator[str]:
    alert = notice.alert
    if alert.game_date:
        yield f"Game date: {alert.game_date}"
    yield f"Since: {clock_time(alert.since or alert.at, alert.game_date)}"
    if alert.resolved_at:
        yield f"Until: {clock_time(alert.resolved_at, alert.game_date)}"
    if notice.kind is not NoticeKind.ALL_CLEAR:
        yield from _what_helps(alert)


def _what_helps(alert: AlertRecord) -> Iterator[str]:
    if alert.command:
        yield f"What helps: {alert.command}"
    if alert.is_open and alert.severity is Severity.CRITICAL:
        yield f"To take it on: starter.py alerts ack {alert.dedupe_key}"
    yield f"More, by the key: {_RUNBOOK}"
