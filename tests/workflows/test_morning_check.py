"""The check of a morning: a schedule's run, with a real server, stores and receiver."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from activities.alerts import MorningCheckActivities
from activities.resources import Resources
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.workers import running
from tests.support.alert_receivers import hook_server
from tests.support.validated_day import DAY, day_at, store_day, without_rows
from tipoff.alerting.store import read_book
from tipoff.alerting.thresholds import FEWEST_REQUESTS
from tipoff.landing.base import FetchRecord
from tipoff.settings import Settings
from tipoff.vocabulary import Outcome, eastern
from workflows.contracts import Queue
from workflows.contracts.alerts import AlertsDelivered
from workflows.contracts.schedules import ScheduledRun
from workflows.morning_check import MorningCheckWorkflow

TODAY = DAY + timedelta(days=1)
MORNING = ScheduledRun(game_date=TODAY, as_of=eastern(TODAY, 9, 15))


@pytest.mark.long
async def test_the_morning_check_alerts_about_grades_and_providers_and_sends_one_summary(
    client: Client, tmp_path: Path
) -> None:
    with hook_server() as hook:
        settings = Settings.model_validate(
            {
                "warehouse": f"duckdb:///{tmp_path}/tipoff.duckdb",
                "exports": f"file://{tmp_path}/exports",
                "landing": f"file://{tmp_path}/landing",
                "alert_urls": hook.url,
                "alert_quiet_hours": "off",
            }
        )
        resources = Resources(settings, now=lambda: datetime.now(UTC))
        store_day(without_rows(day_at(33.5), "prediction_accuracy"), resources.warehouse, resources.exports)
        _land_failures(resources, FEWEST_REQUESTS)
        async with running(_workers(client, resources)):
            first = await _check(client, "first")
            again = await _check(client, "again")
        summaries = [title for title in hook.titles if f"morning of {TODAY}" in title]
        others = [payload["message"] for payload in hook.payloads if payload["title"] not in summaries]
        assert (first.errors, first.sent, again.sent) == ((), len(hook.titles), 0)
        assert len(summaries) == 1
        assert any(f"{DAY}:validation:grades" in message for message in others)
        assert any("provider_success:cdn.nba.com" in message for message in others)
        assert f"{DAY}:validation:grades" in {alert.dedupe_key for alert in read_book(resources.exports).open_alerts}
        await resources.close()


def _land_failures(resources: Resources, count: int) -> None:
    """Requests to a provider in the last hours that got no usable response."""
    for number in range(count):
        resources.landing.record(
            FetchRecord(
                source="nbac_schedule",
                game_date=TODAY,
                url="https://cdn.nba.com/schedule.json",
                outcome=Outcome.PROVIDER_ERROR,
                fetched_at=MORNING.as_of - timedelta(minutes=5 * (number + 1)),
            )
        )


async def _check(client: Client, name: str) -> AlertsDelivered:
    return await client.execute_workflow(
        MorningCheckWorkflow.run, MORNING, id=f"morning-check-{name}", task_queue=Queue.DAY
    )


def _workers(client: Client, resources: Resources) -> list[Worker]:
    check = MorningCheckActivities(resources).morning_check
    day = Worker(client, task_queue=Queue.DAY, workflows=[MorningCheckWorkflow], workflow_runner=WORKFLOW_RUNNER)
    warehouse = Worker(client, task_queue=Queue.WAREHOUSE, activities=[check], activity_executor=ThreadPoolExecutor(2))
    return [day, warehouse]
