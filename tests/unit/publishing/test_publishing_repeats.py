from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tipoff.publishing.repeats import escalated
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert, Severity

DAY = date(2024, 3, 29)
AT = datetime(2024, 3, 29, 18, tzinfo=UTC)
STEP = "nbac_play_by_play"
PARKED = Alert(key=f"{STEP}:parked", at=AT, step=STEP, text="play-by-play is parked: bad key")


def publish(store: ExportStore, status: dict[str, Any], days_before: int, **trouble: Any) -> None:
    """Export the status of an earlier date."""
    calm: dict[str, list[Any]] = {"degradations": [], "attention": [], "alerts": []}
    earlier = {**status, **calm, **trouble, "game_date": (DAY - timedelta(days=days_before)).isoformat()}
    publish_status(store, read_status(earlier), AT)


def degradation() -> dict[str, Any]:
    return {"step": STEP, "reason": "no data", "games": [], "since": AT.isoformat()}


@pytest.mark.parametrize(
    ("days_with_trouble", "repeat"),
    [
        ((1,), "second day in a row"),
        ((2,), "second time in three days"),
        ((1, 2), "third day in a row"),
        ((), None),
        ((3,), None),
    ],
)
def test_an_alert_says_on_which_day_in_a_row_its_step_has_trouble(
    store: ExportStore, status: dict[str, Any], days_with_trouble: tuple[int, ...], repeat: str | None
) -> None:
    for days in (1, 2, 3):
        publish(store, status, days, degradations=[degradation()] if days in days_with_trouble else [])
    alert = escalated(store, DAY, PARKED)
    if repeat is None:
        assert alert == PARKED
    else:
        assert (alert.text, alert.severity) == (f"{repeat}: {PARKED.text}", Severity.CRITICAL)
        assert (alert.key, alert.at, alert.step) == (PARKED.key, PARKED.at, STEP)


@pytest.mark.parametrize("kind", ["parked:2", "degraded", "fallback_games", "outdated", "inputs"])
def test_every_kind_of_trouble_of_the_day_before_counts(store: ExportStore, status: dict[str, Any], kind: str) -> None:
    alert = Alert(key=f"{STEP}:{kind}", at=AT, step=STEP, text="trouble")
    publish(store, status, 1, alerts=[alert.model_dump(mode="json")])
    assert escalated(store, DAY, PARKED).text.startswith("second day in a row: ")
    assert escalated(store, DAY, alert).text == "second day in a row: trouble"


def test_other_steps_other_alerts_and_unreadable_days_are_no_repeats(
    store: ExportStore, status: dict[str, Any]
) -> None:
    publish(store, status, 1, degradations=[{**degradation(), "step": "nbac_schedule"}])
    store.create("v1/status/2024-03-27.json", b"{")
    assert escalated(store, DAY, PARKED) == PARKED
    publish(store, status, 1, degradations=[degradation()])
    unresolved = PARKED.model_copy(update={"key": f"{STEP}:unresolved"})
    assert escalated(store, DAY, unresolved) == unresolved
