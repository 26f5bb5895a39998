"""The metrics of a worker, as Prometheus reads them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import httpx
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from activities.resources import Resources
from runtime.metrics import CREDITS_REMAINING, FAMILIES, count_requests, set_days, set_providers
from runtime.temporal_server import free_port
from tests.support.ledgers import evening_plan, settled_ledger
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.provider_success import recent_success
from tipoff.publishing.day_figures import NO_RUN, STATES, day_figures
from tipoff.publishing.status import publish_status
from tipoff.publishing.store import ExportStore
from tipoff.settings import Settings
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome, eastern
from workflows.day_status import day_status

NOW = datetime(2024, 3, 29, 22, tzinfo=UTC)


def exposed(publish: Callable[[MetricMeter], None]) -> list[str]:
    """What a scrape shows after metrics were set."""
    address = f"127.0.0.1:{free_port()}"
    runtime = Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address)))
    publish(runtime.metric_meter)
    with httpx.Client(trust_env=False) as client:
        return client.get(f"http://{address}/metrics").text.splitlines()


def test_the_success_rate_of_each_provider_in_the_last_24_hours_is_a_metric(tmp_path: Path) -> None:
    landing = Landing(FolderStore(tmp_path))
    outcomes = {
        Outcome.OK: 1,
        Outcome.EMPTY_OK: 2,
        Outcome.PARTIAL: 3,
        Outcome.BLOCKED: 4,
        Outcome.NOT_PUBLISHED_YET: 5,
    }
    for outcome, hours in {**outcomes, Outcome.PROVIDER_ERROR: 25}.items():
        landing.record(
            FetchRecord(
                source="espn_team_rosters",
                game_date=date(2024, 3, 29),
                url="https://site.api.espn.com/a",
                outcome=outcome,
                fetched_at=NOW - timedelta(hours=hours),
            )
        )
    lines = exposed(lambda meter: set_providers(meter, recent_success(landing, NOW)))
    values = {
        tuple(label for label in ("usable", "not_yet", "failed") if label in name) or "rate": float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if 'provider="site.api.espn.com"' in line)
    }
    assert values == {"rate": 0.75, ("usable",): 3, ("not_yet",): 1, ("failed",): 1}
    assert any('tipoff_provider_success_rate{provider="stats.nba.com"' in line and "NaN" in line for line in lines)


def value_of(lines: list[str], name: str, **labels: str) -> float:
    """The value of one time series."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    (line,) = (line for line in lines if line.startswith(f"{name}{{") and all(each in line for each in wanted))
    return float(line.rpartition(" ")[2])


class NewRateLimiters:
    """A Temporal server on which no rate limiter has been started."""

    def get_workflow_handle(self, workflow_id: str) -> NewRateLimiters:
        return self

    async def query(self, name: str, **options: object) -> None:
        raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")


def test_only_a_provider_with_credits_has_a_metric_of_what_is_left() -> None:
    resources = Resources(Settings(odds_monthly_credits=500), now=lambda: NOW)
    client = cast("Client", NewRateLimiters())
    family = next(each for each in FAMILIES if each.publish.__name__ == "_publish_credits")

    async def publish(meter: MetricMeter) -> None:
        await family.publish(client, meter, resources)

    lines = exposed(lambda meter: asyncio.run(publish(meter)))
    assert value_of(lines, CREDITS_REMAINING, provider="api.the-odds-api.com") == 500
    assert sum(line.startswith(f"{CREDITS_REMAINING}{{") for line in lines) == 1


def test_one_state_of_each_day_is_one_and_a_day_without_predictions_has_no_lead(tmp_path: Path) -> None:
    store = ExportStore(FolderStore(tmp_path))
    today = date(2024, 3, 29)
    assert eastern(today, 18) == NOW
    status = day_status(settled_ledger(evening_plan(), NOW), NOW, virtual=False, held=False)
    published = status.model_copy(update={"first_published_at": eastern(today, 13, 15)})
    publish_status(store, published, NOW)
    lines = exposed(lambda meter: set_days(meter, day_figures(store, NOW)))
    states = {state: value_of(lines, "tipoff_day_state", day="today", state=state) for state in STATES}
    assert {state for state, value in states.items() if value} == {published.state}
    assert value_of(lines, "tipoff_day_state", day="yesterday", state=NO_RUN) == 1
    first_tip = min(game.tip_off for game in published.games if game.tip_off)
    lead = (first_tip - eastern(today, 13, 15)).total_seconds()
    assert value_of(lines, "tipoff_predictions_lead_seconds", day="today") == lead
    assert math.isnan(value_of(lines, "tipoff_predictions_lead_seconds", day="tomorrow"))
    assert value_of(lines, "tipoff_steps_needing_attention", day="today") == len(published.attention)


def test_each_new_request_is_counted_by_source_and_outcome(tmp_path: Path) -> None:
    settings = Settings(landing=f"file://{tmp_path}", warehouse=f"duckdb:///{tmp_path}/tipoff.duckdb")
    resources = Resources(settings, now=lambda: NOW)
    requests = [
        FetchRecord(source=source, game_date=NOW.date(), url=f"https://a/{part}", outcome=outcome, fetched_at=NOW)
        for part, (source, outcome) in enumerate(
            [("nbac_schedule", Outcome.OK), ("nbac_schedule", Outcome.OK), ("espn_scoreboard", Outcome.BLOCKED)]
        )
    ]

    def poll(meter: MetricMeter) -> None:
        count_requests(meter, resources)
        for request in [*requests, requests[0]]:
            resources.landing.record(request)

    lines = exposed(poll)
    name = "tipoff_source_requests_total"
    assert value_of(lines, name, source="nbac_schedule", outcome="ok") == 2, "a record that is there already is not new"
    assert value_of(lines, name, source="espn_scoreboard", outcome="blocked") == 1
