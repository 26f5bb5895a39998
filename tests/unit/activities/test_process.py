"""The report of the activity that processes a batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.process import ProcessActivities
from activities.resources import Resources
from tests.support.days import GAME_DATE, GAMES, at
from tests.support.slates import tip
from tipoff.landing.base import Batch, BatchItem
from tipoff.settings import Settings
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, ProcessReport
from tipoff.warehouse.job_labels import current_labels
from workflows.contracts import ProcessRequest, ProcessRequests

EVENTS = "odds_api_events"


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    places = {"warehouse": f"duckdb:///{tmp_path}/tipoff.duckdb", "landing": f"file://{tmp_path}/landing"}
    return Resources(Settings.model_validate(places), now=lambda: at(12))


def process_events(resources: Resources, **added: Any) -> ProcessReport:
    events = [
        {
            "id": game.game_id,
            "sport_key": "basketball_nba",
            "commence_time": tip(game).isoformat(),
            "home_team": TEAMS[game.home].full_name,
            "away_team": TEAMS[game.away].full_name,
            **added,
        }
        for game in GAMES
    ]
    key = resources.landing.put(EVENTS, GAME_DATE, json.dumps(events).encode(), "json").key
    batch = Batch(source=EVENTS, game_date=GAME_DATE, items=(BatchItem(key=key, outcome=Outcome.OK),))
    landed = resources.landing.put(f"{EVENTS}/batches", GAME_DATE, batch.model_dump_json().encode(), "json").key
    request = ProcessRequest(source=EVENTS, batch_key=landed, game_date=GAME_DATE, games=GAMES, as_of=at(10))
    report: ProcessReport = ActivityEnvironment().run(ProcessActivities(resources).process, request)
    return report


def test_a_field_that_the_provider_added_raises_an_alert(resources: Resources) -> None:
    assert process_events(resources).alerts == {}
    text = process_events(resources, venue="Ball Arena").alerts["unknown_fields"]
    assert "$[].venue" in text


def test_an_alert_about_many_added_fields_stays_short(resources: Resources) -> None:
    report = process_events(resources, **{f"field_{number}_{'x' * 1000}": number for number in range(100)})
    assert len(report.alerts["unknown_fields"]) < 500
    assert report.rows == len(GAMES)


def test_statements_of_each_batch_have_the_labels_of_its_source(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels: list[dict[str, str]] = []

    def process(*_: Any, **__: Any) -> ProcessReport:
        labels.append(current_labels())
        return ProcessReport(rows=1)

    monkeypatch.setattr("activities.process.process", process)
    requests = tuple(
        ProcessRequest(source=source, batch_key="1", game_date=GAME_DATE, games=GAMES, as_of=at(10))
        for source in ("nbac_injury_report", EVENTS)
    )
    ActivityEnvironment().run(ProcessActivities(resources).process_together, ProcessRequests(requests=requests))
    assert labels == [
        {"game_date": str(GAME_DATE), "phase": "collect", "step": "nbac_injury_report"},
        {"game_date": str(GAME_DATE), "phase": "lines", "step": EVENTS},
    ]
