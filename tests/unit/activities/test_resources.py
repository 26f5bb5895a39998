"""The stores of a worker, and what its activities read and write there."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.compute import ComputeActivities, transform_scope
from activities.models import ModelActivities
from activities.publish import PublishActivities
from activities.recorded_day import RecordedDayActivities
from activities.resources import Resources
from tests.support.ledgers import DAY, evening_plan, settled_ledger
from tipoff.alerting.store import read_book
from tipoff.settings import Settings
from tipoff.vocabulary import Alert, Degradation, RunState, Span, eastern
from workflows.contracts import ComputeRequest, PlanRequest, PublishStatusRequest, TrainRequest
from workflows.day_status import day_status

NOON = eastern(DAY, 12)
STATUS = day_status(settled_ledger(evening_plan(), NOON), NOON, virtual=True, held=False)


def resources_in(folder: Path, **settings: Any) -> Resources:
    places = {name: f"file://{folder}/{name}" for name in ("landing", "exports", "models", "work")}
    places["warehouse"] = f"duckdb:///{folder}/tipoff.duckdb"
    return Resources(Settings.model_validate({**places, **settings}), now=lambda: NOON)


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    return resources_in(tmp_path)


def run(activity: Any, request: Any) -> Any:
    return ActivityEnvironment().run(activity, request)


# ── stores ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_only_what_was_opened_is_closed(resources: Resources) -> None:
    await resources.close()
    assert not {"fetcher", "alert_sender", "predictor", "warehouse"} & resources.__dict__.keys()
    warehouse, closed = resources.warehouse, list[str]()
    warehouse.close = lambda: closed.append("warehouse")  # type: ignore[method-assign]
    resources.alert_sender.close = lambda: closed.append("alert sender")  # type: ignore[method-assign]

    async def close_fetcher() -> None:
        closed.append("fetcher")

    resources.fetcher.aclose = close_fetcher  # type: ignore[method-assign]
    await resources.close()
    assert closed == ["fetcher", "alert sender", "warehouse"]


def test_a_work_file_has_a_folder_for_its_date(resources: Resources, tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        assert resources.work_file(DAY, name) == tmp_path / "work" / "2024-03-29" / name
    assert (tmp_path / "work" / "2024-03-29").is_dir()


@pytest.mark.parametrize(
    ("settings", "is_polled"),
    [({}, False), ({"bigdataball": "file:///files"}, True), ({"upstream": "http://127.0.0.1:1"}, True)],
)
def test_bigdataball_is_polled_if_its_files_are_configured_or_replayed(
    tmp_path: Path, settings: dict[str, str], *, is_polled: bool
) -> None:
    source = resources_in(tmp_path, **settings).sources["bigdataball_play_by_play"]
    assert (source.idle_reason == "") is is_polled


# ── computing and training ───────────────────────────────────────────────────────────────────────────────


def compute(subject: str, span: Span) -> ComputeRequest:
    return ComputeRequest(subject=subject, span=span, game_date=DAY, game_ids=("1", "2"), as_of=NOON)


@pytest.mark.parametrize(
    ("subject", "span", "seasons", "first", "last", "games"),
    [
        ("player_game_summary", Span.HISTORY, 1, date(2023, 7, 1), DAY - timedelta(days=1), ()),
        ("player_game_summary", Span.HISTORY, 3, date(2021, 7, 1), DAY - timedelta(days=1), ()),
        ("player_game_summary", Span.SLATE, 3, DAY, DAY, ("1", "2")),
        ("player_daily_cache", Span.SLATE, 3, DAY, DAY, ()),
    ],
)
def test_a_transform_covers_the_games_of_the_slate_or_all_dates_before_it(
    tmp_path: Path, subject: str, span: Span, seasons: int, first: date, last: date, games: tuple[str, ...]
) -> None:
    scope = transform_scope(resources_in(tmp_path, history_seasons=seasons), compute(subject, span))
    assert (scope.first_date, scope.last_date, scope.game_ids, scope.as_of) == (first, last, games, NOON)
    assert not scope.training


def test_a_grade_names_the_games_that_are_not_over(resources: Resources) -> None:
    resources.warehouse.migrate()
    report = run(ComputeActivities(resources).grade, compute("grade", Span.SLATE))
    assert (report.changed, report.reason, report.missing_games, report.rows) == (True, "", (), 0)


def test_an_unknown_system_is_not_trained(resources: Resources) -> None:
    system_ids = ("moving_average", "nothing")
    request = TrainRequest(system_ids=system_ids, before=DAY, as_of=NOON, history_file="history.parquet")
    with pytest.raises(ApplicationError, match="nothing: no such system"):
        run(ModelActivities(resources).train, request)


# ── publishing ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_status_is_published_with_its_new_alerts_only(resources: Resources, tmp_path: Path) -> None:
    alerts = tuple(Alert(key=key, at=NOON, step="grade", text=key) for key in ("old", "new"))
    status = STATUS.model_copy(update={"alerts": alerts})
    request = PublishStatusRequest(status=status, new_alerts=("new",))
    report = run(PublishActivities(resources).publish_status, request)
    assert report.rows == len(STATUS.steps)
    assert [alert.key for alert in read_book(resources.exports).of_date(DAY)] == ["new"]
    assert (tmp_path / "exports" / "v1" / "status" / "2024-03-29.json").exists()


def test_the_first_page_of_the_site_says_what_the_status_says(resources: Resources) -> None:
    for sentence in ("lines: waiting for lines", "predict: training"):
        status = STATUS.model_copy(update={"state": RunState.WAITING, "sentence": sentence})
        run(PublishActivities(resources).publish_status, PublishStatusRequest(status=status, new_alerts=()))
        assert sentence in (resources.exports.read("site/index.html") or b"").decode()


def test_a_recorded_day_has_the_degradations_of_its_last_status(resources: Resources) -> None:
    resources.warehouse.migrate()
    recorded_day, request = RecordedDayActivities(resources).recorded_day, PlanRequest(game_date=DAY, games=None)
    assert run(recorded_day, request).degradations == ()
    late = Degradation(step="odds_api_game_lines", reason="late", since=NOON)
    status = STATUS.model_copy(update={"degradations": (late,)})
    run(PublishActivities(resources).publish_status, PublishStatusRequest(status=status, new_alerts=()))
    assert run(recorded_day, request).degradations == (late,)
