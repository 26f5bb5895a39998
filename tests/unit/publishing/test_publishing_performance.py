"""The performance of the systems, exported with the results of a day and shown on its page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.evening import DAY, NEXT_MORNING, WITH_LINES
from tipoff.publishing.envelope import Edition, decode
from tipoff.publishing.page import publish_page
from tipoff.publishing.performance import PERFORMANCE, performance_of
from tipoff.publishing.results import publish_results, results_content
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.warehouse.base import Warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
DATED, POINTER = f"v1/systems/performance/{DAY}.json", "v1/systems/performance.json"


def read(store: ExportStore, path: str) -> dict[str, Any]:
    return decode(store.read(path) or b"{}")


def test_results_bring_the_performance_of_the_date_and_the_current_one(
    morning_after: Warehouse, store: ExportStore
) -> None:
    published = publish_results(morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    assert published.paths[-2:] == (DATED, POINTER)
    exported = read(store, POINTER)
    assert exported == read(store, DATED)
    assert exported["game_date"] == str(DAY)
    assert [window["label"] for window in exported["windows"]] == ["day", "7 days", "30 days", "season"]
    of_day = results_content(morning_after, DAY, NEXT_MORNING).payload.model_dump(mode="json")["systems"]
    assert exported["windows"][0]["systems"] == exported["windows"][-1]["systems"]
    for system, same in zip(exported["windows"][0]["systems"], of_day, strict=True):
        assert system["outcomes"] == same["outcomes"]
        assert system["against_line"]["mae"] == pytest.approx(same["against_line"]["mae"], abs=1e-4)
    headline = next(each for each in of_day if (each["system_id"], each["view"]) == ("ensemble_v1", "market"))
    assert [(each["game_date"], each["picks"]["n"]) for each in exported["course"]] == [
        (str(DAY), headline["picks"]["n"])
    ]
    assert {each["standard_errors"] for each in exported["drift"]} == {None}, "one date shows no drift"


def test_the_current_performance_never_goes_back_to_an_earlier_date(
    morning_after: Warehouse, store: ExportStore
) -> None:
    next_date = DAY + timedelta(days=1)
    later = Edition(next_date, NEXT_MORNING, WALL_CLOCK).envelope()
    write_export(store, PERFORMANCE, later, performance_of(morning_after, next_date, NEXT_MORNING).payload)
    assert POINTER not in publish_results(morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK)).paths
    assert read(store, POINTER)["game_date"] == str(next_date)


def test_without_grades_no_performance_is_exported(before_tip: Warehouse, store: ExportStore) -> None:
    publish_results(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    assert store.read(POINTER) is None


def test_what_was_graded_later_does_not_count(morning_after: Warehouse) -> None:
    earlier = performance_of(morning_after, DAY, NEXT_MORNING - timedelta(seconds=1))
    assert all(window.systems == () for window in earlier.performance.windows)


def test_the_page_shows_the_performance(morning_after: Warehouse, store: ExportStore, status: dict[str, Any]) -> None:
    publish_page(morning_after, store, DAY, NEXT_MORNING, status)
    page = (store.read(f"pages/{DAY}.html") or b"").decode()
    assert "<h2>Performance</h2>" in page
    assert "too few rows" in page
