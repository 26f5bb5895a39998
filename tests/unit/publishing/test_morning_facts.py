"""The facts of a morning, from the exports of two days."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.support.evening import DAY
from tipoff.publishing.morning_facts import morning_facts
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import eastern

TODAY = DAY + timedelta(days=1)
NOON = eastern(DAY, 12)


def test_a_morning_without_exports_has_empty_facts(store: ExportStore) -> None:
    facts = morning_facts(store, TODAY, ())
    assert (facts.yesterday.ended, facts.yesterday.picks, facts.today.games) == ("", None, 0)
    assert facts.today.sentence == "its day has not started"


def test_unreadable_exports_count_as_missing(store: ExportStore) -> None:
    for path in (f"v1/status/{DAY}.json", f"v1/days/{DAY}.json", f"v1/summary/{DAY}.json", f"v1/status/{TODAY}.json"):
        store.write_if_changed(path, b'{"half": ')
    assert morning_facts(store, TODAY, ()) == morning_facts(ExportStoreWithNothing(store), TODAY, ())


class ExportStoreWithNothing(ExportStore):
    """A store that has no export."""

    def __init__(self, store: ExportStore) -> None:
        super().__init__(store._store)

    def read(self, path: str) -> bytes | None:
        return None


def test_the_headline_figures_and_open_degradations_are_read(store: ExportStore, status: dict[str, Any]) -> None:
    envelope = {"game_date": DAY.isoformat(), "as_of": NOON.isoformat(), "status": "complete"}
    figures = {"n": 40, "hit_rate": 0.55, "profit": 2.5, "mae": 5.1, "line_mae": 5.2}
    headline = {"system_id": "ensemble_v1", "view": "market"}
    summary = {**envelope, "headline": headline, "systems": {"ensemble_v1": {"market": figures}}}
    store.write_if_changed(f"v1/summary/{DAY}.json", json.dumps(summary).encode())
    day = {
        "game_date": DAY.isoformat(),
        "status": "COMPLETE",
        "data_quality": "DEGRADED",
        "backfilled": False,
        "games": 12,
        "predictions": 100,
        "graded": 99,
        "publication_minutes": None,
        "success_rate": None,
        "sentence": "complete",
        "ended_at": NOON.isoformat(),
    }
    store.write_if_changed(f"v1/days/{DAY}.json", json.dumps({**envelope, "day": day}).encode())
    publish_status(store, read_status({**status, "game_date": TODAY.isoformat()}), NOON)
    facts = morning_facts(store, TODAY, ("210 credits",))
    assert (facts.yesterday.ended, facts.yesterday.graded) == ("COMPLETE (degraded)", 99)
    assert facts.yesterday.picks is not None
    assert (facts.yesterday.picks.decided, facts.yesterday.picks.hit_rate) == (40, 0.55)
    assert len(facts.today.degraded) == sum("resolved_at" not in each for each in status["degradations"])
    assert facts.spend == ("210 credits",)
