"""The morning summary as text: yesterday's grades, today's slate, what is degraded, what was spent, and open alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import AwareDatetime

from tipoff.alerting.book import AlertBook, AlertRecord
from tipoff.vocabulary import Frozen, Severity, clock_time, counted

KEY: Final = "morning_summary"
OVERNIGHT: Final = timedelta(hours=24)
_MOST_NAMED: Final = 5


class PickFigures(Frozen):
    """The graded picks of the headline, and its error beside that of the line."""

    system_id: str
    view: str
    decided: int
    hit_rate: float | None
    profit: float | None
    mae: float | None
    line_mae: float | None


class Yesterday(Frozen):
    """How a date ended; `ended` is empty while it runs or if it never ran."""

    game_date: date
    ended: str = ""
    sentence: str = ""
    predictions: int = 0
    graded: int = 0
    picks: PickFigures | None = None


class Today(Frozen):
    """The slate of a date, and what its day lacks so far."""

    game_date: date
    games: int = 0
    first_tip_off: AwareDatetime | None = None
    sentence: str = ""
    degraded: tuple[str, ...] = ()


class MorningFacts(Frozen):
    """What the morning summary reports."""

    yesterday: Yesterday
    today: Today
    spend: tuple[str, ...] = ()
    """One sentence for each paid provider."""


def morning_summary(facts: MorningFacts, book: AlertBook, now: datetime) -> str:
    """The summary; its first line stands alone."""
    parts = (_of_yesterday(facts.yesterday), _of_today(facts.today), _of_costs_and_alerts(facts, book, now))
    return "\n".join([_headline(facts), *(line for part in parts for line in part)])


def with_summary(book: AlertBook, facts: MorningFacts, now: datetime) -> AlertBook:
    """The book with today's summary as one more notice; one a day."""
    game_date = facts.today.game_date
    if any(alert.key == KEY and alert.game_date == game_date for alert in book.alerts):
        return book
    text = morning_summary(facts, book, now)
    return AlertBook(alerts=(*book.alerts, AlertRecord.message(game_date, KEY, text, now)))


def _headline(facts: MorningFacts) -> str:
    today, ended = facts.today, facts.yesterday.ended or "has not ended"
    return f"morning of {today.game_date}: yesterday {ended}, today {counted(today.games, 'game')}"


def _of_yesterday(day: Yesterday) -> Iterator[str]:
    if not day.ended:
        yield f"Yesterday ({day.game_date}): {day.sentence or 'no run has ended'}."
        return
    yield f"Yesterday ({day.game_date}): {day.ended}: {day.sentence}."
    if day.predictions:
        yield f"Grades: {day.graded:,} of {counted(day.predictions, 'prediction')}."
    if picks := day.picks:
        yield from _of_picks(picks)


def _of_picks(picks: PickFigures) -> Iterator[str]:
    name = f"{picks.system_id} ({picks.view})"
    if picks.hit_rate is not None:
        profit = "" if picks.profit is None else f", {picks.profit:+.1f} units"
        yield f"Picks of {name}: {picks.hit_rate:.0%} of {counted(picks.decided, 'pick')} won{profit}."
    if picks.mae is not None and picks.line_mae is not None:
        yield f"Error of {name}: {picks.mae:.2f} points, that of the line {picks.line_mae:.2f}."


def _of_today(day: Today) -> Iterator[str]:
    first = f", the first at {clock_time(day.first_tip_off, day.game_date)}" if day.first_tip_off else ""
    status = f" {day.sentence}." if day.sentence else ""
    yield f"Today ({day.game_date}): {counted(day.games, 'game')}{first}.{status}"
    yield f"Degraded: {_named(day.degraded) if day.degraded else 'nothing'}."


def _of_costs_and_alerts(facts: MorningFacts, book: AlertBook, now: datetime) -> Iterator[str]:
    yield f"Spend: {'; '.join(facts.spend) if facts.spend else 'no paid request this month'}."
    alerts = [alert for alert in book.alerts if alert.severity is not Severity.INFO]
    open_now = [alert.text for alert in alerts if alert.is_open]
    over = [alert.text for alert in alerts if alert.resolved_at and now - alert.resolved_at < OVERNIGHT]
    yield f"Open alerts: {_named(open_now) if open_now else 'none'}."
    if over:
        yield f"Over within a day: {_named(over)}."


def _named(texts: tuple[str, ...] | list[str]) -> str:
    more = len(texts) - _MOST_NAMED
    return "; ".join(texts[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
