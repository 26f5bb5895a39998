"""The check of a morning: a schedule's run, with a real server, stores and receiver."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
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
from tipoff.settings import Settings
from tipoff.vocabulary import eastern
from workflows.contracts import Queue
from workflows.contracts.alerts import AlertsDelivered
from workflows.contracts.schedules import ScheduledRun
from workflows.morning_check import MorningCheckWorkflow

TODAY = DAY + timedelta(days=1)
GRADES = f"{DAY}:validation:grades"


def morning_of(game_date: date) -> ScheduledRun:
    return ScheduledRun(game_date=game_date, as_of=eastern(game_date, 9, 15))


@pytest.mark.long
async def test_the_morning_check_alerts_until_a_date_is_right_and_sends_one_summary(
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
        async with running(_workers(client, resources)):
            first = await _check(client, "first", morning_of(TODAY))
            again = await _check(client, "again", morning_of(TODAY))
            open_then = await _open_after(client, resources, "two days later", morning_of(TODAY + timedelta(days=1)))
            store_day(day_at(33.5), resources.warehouse, resources.exports)
            open_in_the_end = await _open_after(client, resources, "repaired", morning_of(TODAY + timedelta(days=2)))
        summaries = [title for title in hook.titles if f"morning of {TODAY}" in title]
        others = [payload["message"] for payload in hook.payloads if payload["title"] not in summaries]
        assert (first.errors, first.sent > 0, again.sent) == ((), True, 0)
        assert len(summaries) == 1
        assert any(GRADES in message for message in others)
        assert GRADES in open_then
        assert GRADES not in open_in_the_end
        await resources.close()


async def _check(client: Client, name: str, morning: ScheduledRun) -> AlertsDelivered:
    return await client.execute_workflow(
        MorningCheckWorkflow.run, morning, id=f"morning-check-{name}", task_queue=Queue.DAY
    )


async def _open_after(client: Client, resources: Resources, name: str, morning: ScheduledRun) -> set[str]:
    await _check(client, name, morning)
    return {alert.dedupe_key for alert in read_book(resources.exports).open_alerts}


def _workers(client: Client, resources: Resources) -> list[Worker]:
    check = MorningCheckActivities(resources).morning_check
    day = Worker(client, task_queue=Queue.DAY, workflows=[MorningCheckWorkflow], workflow_runner=WORKFLOW_RUNNER)
    warehouse = Worker(client, task_queue=Queue.WAREHOUSE, activities=[check], activity_executor=ThreadPoolExecutor(2))
    return [day, warehouse]
