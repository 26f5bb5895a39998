"""The morning summary: what it reports, from the exports of two days, and once a day."""

from __future__ import annotations

from datetime import date, timedelta

from tests.support.notices import reconciled
from tipoff.alerting.book import AlertBook
from tipoff.alerting.deliveries import claim_due
from tipoff.alerting.morning_summary import MorningFacts, PickFigures, Today, Yesterday, morning_summary, with_summary
from tipoff.alerting.quiet_hours import NO_QUIET_HOURS
from tipoff.alerting.texts import body, title
from tipoff.vocabulary import Finding, Severity, eastern

DAY = date(2026, 11, 30)
MORNING = eastern(DAY, 9, 15)
PICKS = PickFigures(
    system_id="ensemble_v1", view="market", decided=39, hit_rate=21 / 39, profit=1.24, mae=5.07, line_mae=5.04
)
YESTERDAY = Yesterday(
    game_date=DAY - timedelta(days=1),
    ended="COMPLETE (degraded)",
    sentence="complete: 8 games, all graded",
    predictions=1920,
    graded=1919,
    picks=PICKS,
)
TODAY = Today(
    game_date=DAY,
    games=11,
    first_tip_off=eastern(DAY, 19),
    sentence="waits for betting lines",
    degraded=("injuries (blocked)",),
)
FACTS = MorningFacts(yesterday=YESTERDAY, today=TODAY, spend=("api.the-odds-api.com: 210 credits used",))


def test_the_summary_reports_grades_slate_degradations_spend_and_alerts() -> None:
    findings = [Finding(key=key, severity=Severity.WARNING, summary=f"{key} is wrong") for key in ("open", "over")]
    book, _ = reconciled(AlertBook(), "watchdog", findings, MORNING - timedelta(hours=9))
    book, _ = reconciled(book, "watchdog", findings[:1], MORNING - timedelta(hours=8))
    assert morning_summary(FACTS, book, MORNING).splitlines() == [
        "morning of 2026-11-30: yesterday COMPLETE (degraded), today 11 games",
        "Yesterday (2026-11-29): COMPLETE (degraded): complete: 8 games, all graded.",
        "Grades: 1,919 of 1,920 predictions.",
        "Picks of ensemble_v1 (market): 54% of 39 picks won, +1.2 units.",
        "Error of ensemble_v1 (market): 5.07 points, that of the line 5.04.",
        "Today (2026-11-30): 11 games, the first at 19:00 ET. waits for betting lines.",
        "Degraded: injuries (blocked).",
        "Spend: api.the-odds-api.com: 210 credits used.",
        "Open alerts: open is wrong.",
        "Over within a day: over is wrong.",
    ]


def test_a_summary_without_any_data_says_so() -> None:
    nothing = MorningFacts(yesterday=Yesterday(game_date=DAY - timedelta(days=1)), today=Today(game_date=DAY))
    assert morning_summary(nothing, AlertBook(), MORNING).splitlines() == [
        "morning of 2026-11-30: yesterday has not ended, today 0 games",
        "Yesterday (2026-11-29): no run has ended.",
        "Today (2026-11-30): 0 games.",
        "Degraded: nothing.",
        "Spend: no paid request this month.",
        "Open alerts: none.",
    ]


def test_the_summary_is_one_notice_a_day_and_no_open_alert() -> None:
    book = with_summary(AlertBook(), FACTS, MORNING)
    assert with_summary(book, FACTS, MORNING + timedelta(hours=1)) == book
    assert book.open_alerts == ()
    [claim] = claim_due(book, MORNING, NO_QUIET_HOURS).claims
    assert title(claim.notice) == "tipoff INFO: morning of 2026-11-30: yesterday COMPLETE (degraded), today 11 games"
    assert body(claim.notice).splitlines()[-1] == "Key: 2026-11-30:morning_summary"


def test_many_alerts_are_counted() -> None:
    findings = [Finding(key=f"{key}", severity=Severity.WARNING, summary=f"wrong {key}") for key in range(7)]
    book, _ = reconciled(AlertBook(), "watchdog", findings, MORNING)
    text = morning_summary(FACTS, book, MORNING)
    assert "Open alerts: wrong 0; wrong 1; wrong 2; wrong 3; wrong 4; and 2 more." in text
