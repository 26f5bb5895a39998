"""`starter.py validate` beside a worker that has the warehouse open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.worker import Worker

from activities.resources import Resources
from activities.validation import ValidationActivities
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.temporal_server import DevServer
from runtime.workers import running
from tests.support.starter import Starter
from tests.support.validated_day import DAY, day_at, store_day, without_rows
from tipoff.settings import Settings
from workflows.contracts import Queue
from workflows.validation import ValidationWorkflow


async def test_a_worker_validates_for_the_command(client: Client, server: DevServer, tmp_path: Path) -> None:
    settings = Settings(warehouse=f"duckdb:///{tmp_path}/tipoff.duckdb", exports=f"file://{tmp_path}/exports")
    resources = Resources(settings, now=lambda: datetime.now(UTC))
    store_day(without_rows(day_at(33.5), "prediction_accuracy"), resources.warehouse, resources.exports)
    elsewhere = tmp_path / "operator"
    elsewhere.mkdir()
    starter = Starter(elsewhere, {"TEMPORAL_ADDRESS": server.address, "TEMPORAL_NAMESPACE": server.namespace})
    async with running(workers(client, resources)):
        ended = await starter.run(f"validate --date {DAY} --as-of {DAY + timedelta(days=1)}T09:30 --json")
        exported = tmp_path / "exports" / "v1" / "predictions" / f"{DAY}.json"
        exported.unlink()
        exported.mkdir()
        failed = await starter.run(f"validate --date {DAY}")
    await resources.close()
    assert failed.code == 1
    assert f"the worker cannot do it: {exported} cannot be read" in failed.err
    assert ended.code == 1, ended.err
    assert {each["check"] for each in ended.json["results"] if each["state"] == "LATE"} == {"grades"}


def workers(client: Client, resources: Resources) -> list[Worker]:
    """The workers of the two queues that a validation needs."""
    validate = ValidationActivities(resources).validate
    day = Worker(client, task_queue=Queue.DAY, workflows=[ValidationWorkflow], workflow_runner=WORKFLOW_RUNNER)
    warehouse = Worker(
        client, task_queue=Queue.WAREHOUSE, activities=[validate], activity_executor=ThreadPoolExecutor(2)
    )
    return [day, warehouse]
