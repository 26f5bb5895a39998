"""A real worker exposes every metric that the Prometheus rules and the Grafana dashboard name."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from temporalio.client import WorkflowFailureError

from runtime.connection import connect
from runtime.metrics import worker_metrics
from runtime.temporal_server import DevServer, free_port
from runtime.workers import build_workers, open_resources, running
from tests.support.deploy_files import metrics_exposed, metrics_named_in_files
from tipoff.landing.base import FetchRecord
from tipoff.settings import Settings
from tipoff.vocabulary import Outcome
from workflows.contracts import Queue
from workflows.contracts.validation import ValidateRequest
from workflows.validation import ValidationWorkflow

DAY = date(2024, 3, 29)
NOW = datetime.now(UTC)


async def test_every_metric_of_the_rules_and_the_dashboard_is_exposed_by_a_worker(
    server: DevServer, tmp_path: Path
) -> None:
    address = f"127.0.0.1:{free_port()}"
    resources = open_resources(settings_in(tmp_path, address), tuple(Queue))
    client = await connect(address, to={"target_host": server.address, "namespace": server.namespace})
    async with (
        worker_metrics(client, resources, tuple(Queue)),
        running(await build_workers(client, resources, tuple(Queue))),
    ):
        resources.landing.record(
            FetchRecord(source="nbac_schedule", game_date=DAY, url="https://a/b", outcome=Outcome.OK, fetched_at=NOW)
        )
        unknown = await client.start_workflow("UnknownWorkflow", id="unknown", task_queue=Queue.DAY)
        with pytest.raises(WorkflowFailureError):
            await client.execute_workflow(
                ValidationWorkflow.run,
                ValidateRequest(game_date=DAY, as_of=NOW),
                id="fails",
                task_queue=Queue.DAY,
            )
        exposed = await exposed_with(metrics_named_in_files(), address)
        await unknown.terminate()
    await resources.close()
    assert metrics_named_in_files() - exposed == set()


def settings_in(folder: Path, metrics_address: str) -> Settings:
    """Settings with an export that cannot be read, so that its validation fails."""
    (folder / "exports" / "v1" / "predictions" / f"{DAY}.json").mkdir(parents=True)
    places = {name: f"file://{folder}/{name}" for name in ("landing", "exports", "models", "work")}
    return Settings.model_validate(
        {**places, "warehouse": f"duckdb:///{folder}/tipoff.duckdb", "metrics_address": metrics_address}
    )


async def exposed_with(expected: set[str], address: str) -> set[str]:
    """The names of the metrics, as soon as all expected ones are exposed, or after a few seconds."""
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(50):
            exposed = metrics_exposed((await http.get(f"http://{address}/metrics")).text)
            if expected <= exposed:
                break
            await asyncio.sleep(0.1)
    return exposed
