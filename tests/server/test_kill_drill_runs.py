"""The kill drill follows runs on a real server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devtools import kill_drill
from devtools.drill import DisturbedReplay
from runtime.connection import connect
from runtime.processes import Processes
from runtime.temporal_server import start_dev_server
from tipoff.errors import TipoffError


async def test_a_run_that_fails_or_hangs_is_named_and_is_no_difference(temporal_binary: Path, tmp_path: Path) -> None:
    """No worker executes these runs: the first ends by its own timeout, the second hangs."""
    with Processes(tmp_path) as processes:
        server = await start_dev_server(
            processes, temporal_binary, db_file=tmp_path / "temporal.db", namespace="kill-drill-tests"
        )
        client = await connect(to={"target_host": server.address, "namespace": server.namespace})
        alive = SimpleNamespace(exit_code=None)
        running: Any = SimpleNamespace(
            client=client, processes=SimpleNamespace(children={"temporal": alive, "worker": alive})
        )
        disturbed = DisturbedReplay(running, tmp_path / "killed", 10)
        failing = await client.start_workflow(
            "NoSuchWorkflow", id="failing", task_queue="none", execution_timeout=timedelta(seconds=1)
        )
        with pytest.raises(TipoffError, match=r"the run failing of the replay killed failed: .*OUT=folder"):
            await kill_drill.follow(disturbed, failing)
        disturbed.timeout_seconds = 0.2
        hanging = await client.start_workflow("NoSuchWorkflow", id="hanging", task_queue="none")
        with pytest.raises(TipoffError, match=r"the run hanging of the replay killed has not ended within 0.2 s"):
            await kill_drill.follow(disturbed, hanging)
