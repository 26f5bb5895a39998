"""A worker that kills itself or the server inside chosen activities, for `make drills`.

python -m devtools.drill_worker FOLDER     FOLDER holds the plan of kills, and gets the log of those done
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

import temporalio.client
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from runtime.connection import connect
from runtime.process_exit import exit_now
from runtime.workers import build_workers, import_libraries, open_resources, running
from tipoff.settings import load_settings
from tipoff.vocabulary import Frozen
from workflows.contracts import Activity, Queue


class KillWhen(StrEnum):
    """What is killed, and when."""

    BEFORE = "worker, before the activity's work"
    AFTER = "worker, after the activity's work"
    SERVER = "server, during the activity"


class Kill(Frozen):
    """One kill inside an activity of a kind."""

    activity: Activity
    when: KillWhen


class KillPlan(Frozen):
    """Kills, each done once, after `after_file` exists; those of the kinds in `anytime` also before."""

    kills: tuple[Kill, ...]
    after_file: Path
    anytime: tuple[Activity, ...]
    server_pid: int


class DoneKill(Frozen):
    """A kill that was done: the line of the log."""

    kill: Kill
    at: float
    """Seconds since the epoch."""


class KillFolder:
    """The plan and the log, which outlive the worker."""

    def __init__(self, folder: Path) -> None:
        self._plan, self._log = folder / "kills.json", folder / "kills.jsonl"

    def write_plan(self, plan: KillPlan) -> None:
        """Replace the plan."""
        self._plan.write_text(plan.model_dump_json())

    def plan(self) -> KillPlan:
        """The plan as it is now: the server's process changes."""
        return KillPlan.model_validate_json(self._plan.read_bytes())

    def done(self) -> list[DoneKill]:
        """The kills done so far."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [DoneKill.model_validate_json(line) for line in lines]

    def add(self, kill: Kill) -> None:
        """Log a kill before it is done."""
        with self._log.open("a") as log:
            log.write(DoneKill(kill=kill, at=time.time()).model_dump_json() + "\n")
            log.flush()
            os.fsync(log.fileno())


class KillInterceptor(temporalio.client.Interceptor, Interceptor):
    """Does the kills of a plan."""

    def __init__(self, folder: KillFolder) -> None:
        self._folder = folder

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _KillingActivities(next, self._folder)


class _KillingActivities(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, folder: KillFolder) -> None:
        super().__init__(following)
        self._folder = folder

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        kill = self._due()
        if kill is not None and kill.when is not KillWhen.AFTER:
            self._do(kill)
        result = await super().execute_activity(input)
        if kill is not None and kill.when is KillWhen.AFTER:
            self._do(kill)
        return result

    def _do(self, kill: Kill) -> None:
        """Log a kill, then do it: one that is logged earlier is lost if another one comes first."""
        self._folder.add(kill)
        process = self._folder.plan().server_pid if kill.when is KillWhen.SERVER else os.getpid()
        os.kill(process, signal.SIGKILL)

    def _due(self) -> Kill | None:
        """The next kill of this kind of activity."""
        plan, kind = self._folder.plan(), Activity(activity.info().activity_type)
        if not (plan.after_file.exists() or kind in plan.anytime):
            return None
        done = {each.kill for each in self._folder.done()}
        return next((kill for kill in plan.kills if kill.activity is kind and kill not in done), None)


async def serve(folder: KillFolder) -> None:
    """Serve all queues until the process is killed."""
    queues = tuple(Queue)
    resources = open_resources(load_settings(), queues)
    config: dict[str, Any] = dict((await connect()).config())
    client = Client(**{**config, "interceptors": [KillInterceptor(folder)]})
    async with running(await build_workers(client, resources, queues)):
        print("serving", flush=True)
        await asyncio.to_thread(import_libraries, queues)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(KillFolder(Path(sys.argv[1]))))
    exit_now(0)
