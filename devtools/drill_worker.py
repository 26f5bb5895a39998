"""A worker that disturbs itself, the server or the network inside chosen activities, for drills.

python -m devtools.drill_worker FOLDER     FOLDER holds the plan of disturbances, and gets the log of those done
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

import temporalio.client
from pydantic import AwareDatetime
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from runtime.connection import connect
from runtime.process_exit import exit_now
from runtime.workers import build_workers, import_libraries, open_resources, running
from tipoff.atomic_write import atomic_write
from tipoff.settings import load_settings
from tipoff.vocabulary import Frozen
from workflows.contracts import Activity, Queue

FULL_DISK_BYTES: Final = 100_000


class Kind(StrEnum):
    """What is disturbed, and when."""

    BEFORE = "worker, before the activity's work"
    AFTER = "worker, after the activity's work"
    SERVER = "server, during the activity"
    CUT = "network, cut"
    DELAY = "network, delayed"
    DROP = "network, dropped"
    FULL_DISK = "disk, full"

    @property
    def of_network(self) -> bool:
        """Whether the worker only logs it, and the drill does it."""
        return self in (Kind.CUT, Kind.DELAY, Kind.DROP)


KILLS = (Kind.BEFORE, Kind.AFTER, Kind.SERVER)


class Disturbance(Frozen):
    """One disturbance inside an activity."""

    kind: Kind
    activity: Activity | None = None
    """None: any."""
    at: AwareDatetime | None = None
    """The earliest as-of time of the activity; None: any."""
    seconds: float = 0.0
    """How long a network or a disk is disturbed, by the real clock."""

    def is_due(self, activity: Activity, as_of: datetime | None) -> bool:
        """Whether it comes with this activity."""
        is_time = self.at is None or (as_of is not None and self.at <= as_of)
        return self.activity in (None, activity) and is_time


class DisturbancePlan(Frozen):
    """Disturbances, each done once, after `after_file` exists; those inside activities of `anytime` also before."""

    disturbances: tuple[Disturbance, ...]
    after_file: Path | None = None
    anytime: tuple[Activity, ...] = ()
    server_pid: int = 0


class DoneDisturbance(Frozen):
    """A disturbance that was done: the line of the log."""

    disturbance: Disturbance
    at: float
    """Seconds since the epoch."""


class DrillFolder:
    """The plan and the log, which outlive the worker."""

    def __init__(self, folder: Path) -> None:
        self._plan, self._log = folder / "disturbances.json", folder / "disturbances.jsonl"

    def write_plan(self, plan: DisturbancePlan) -> None:
        """Replace the plan."""
        atomic_write(self._plan, plan.model_dump_json().encode())

    def plan(self) -> DisturbancePlan:
        """The plan as it is now: the server's process changes."""
        return DisturbancePlan.model_validate_json(self._plan.read_bytes())

    def done(self) -> list[DoneDisturbance]:
        """The disturbances done so far."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [DoneDisturbance.model_validate_json(line) for line in lines]

    def add(self, disturbance: Disturbance) -> None:
        """Log a disturbance before it is done."""
        with self._log.open("a") as log:
            log.write(DoneDisturbance(disturbance=disturbance, at=time.time()).model_dump_json() + "\n")
            log.flush()
            os.fsync(log.fileno())


class DisturbingInterceptor(temporalio.client.Interceptor, Interceptor):
    """Does the disturbances of a plan."""

    def __init__(self, folder: DrillFolder) -> None:
        self._folder = folder

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _DisturbedActivities(next, self._folder)


class _DisturbedActivities(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, folder: DrillFolder) -> None:
        super().__init__(following)
        self._folder = folder

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        due = self._due(as_of_in(input.args))
        if due is not None and due.kind is not Kind.AFTER:
            self._do(due)
        result = await super().execute_activity(input)
        if due is not None and due.kind is Kind.AFTER:
            self._do(due)
        return result

    def _do(self, disturbance: Disturbance) -> None:
        """Log a disturbance, then do it: one that is logged earlier is lost if another one comes first."""
        self._folder.add(disturbance)
        if disturbance.kind in KILLS:
            is_server = disturbance.kind is Kind.SERVER
            os.kill(self._folder.plan().server_pid if is_server else os.getpid(), signal.SIGKILL)
        elif disturbance.kind is Kind.FULL_DISK:
            fill_disk(disturbance.seconds)

    def _due(self, as_of: datetime | None) -> Disturbance | None:
        """The next disturbance of this activity."""
        plan, kind = self._folder.plan(), Activity(activity.info().activity_type)
        if not (plan.after_file is None or plan.after_file.exists() or kind in plan.anytime):
            return None
        done = {each.disturbance for each in self._folder.done()}
        due = (each for each in plan.disturbances if each.is_due(kind, as_of) and each not in done)
        return next(due, None)


def as_of_in(arguments: Sequence[Any]) -> datetime | None:
    """The as-of time of an activity's input; of several requests, that of the first."""
    request = arguments[0] if arguments else None
    for name in ("requests", "computations"):
        if several := getattr(request, name, ()):
            request = several[0]
    request = getattr(request, "request", request)
    as_of = getattr(request, "as_of", None)
    return as_of if isinstance(as_of, datetime) else None


def fill_disk(seconds: float) -> None:
    """Let this process write no byte of a file beyond the first FULL_DISK_BYTES, as on a full disk, for so long."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_DISK_BYTES, hard))
    restore = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (hard, hard))
    asyncio.get_running_loop().call_later(seconds, restore)


async def serve(folder: DrillFolder) -> None:
    """Serve all queues until the process is killed."""
    queues = tuple(Queue)
    resources = open_resources(load_settings(), queues)
    config: dict[str, Any] = dict((await connect()).config())
    client = Client(**{**config, "interceptors": [DisturbingInterceptor(folder)]})
    async with running(await build_workers(client, resources, queues)):
        print("serving", flush=True)
        await asyncio.to_thread(import_libraries, queues)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(DrillFolder(Path(sys.argv[1]))))
    exit_now(0)
