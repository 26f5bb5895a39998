"""`make drills`: replay a day undisturbed, then with the worker and the server killed inside every kind of activity.

Kills come after the publication of predictions, where the day has such an activity then. Both replays start from the
warehouse and model of the day before; after the day each of them re-runs it and trains. The drill compares all tables,
exports and models, and prints how long each restart took until the run went on.
"""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowFailureError, WorkflowHandle

from devtools.drill import (
    DAY,
    DisturbedReplay,
    Recovery,
    archive_of_drill,
    drill_exit_code,
    from_day_before,
    no_output,
    prepare,
)
from devtools.drill_worker import KILLS, Disturbance, DisturbancePlan
from runtime.failures import failure_message
from runtime.process_exit import exit_now
from runtime.replay import start_replay
from tipoff.vocabulary import Channel, Phase, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES, Layer
from workflows.contracts import (
    Activity,
    ClockSpec,
    CommandName,
    OperatorCommand,
    Queue,
    Rerun,
    ScheduledAction,
    TrainingInput,
)
from workflows.training import TrainingWorkflow

MEDIAN_LIMIT_SECONDS = 3.0
RUN_TIMEOUT_SECONDS = 900.0
ANYTIME = (Activity.PLAN_DAY,)
OUTSIDE_A_DAY = (
    *(Activity.TRAINING_DUE, Activity.DESCRIBE_SETTINGS, Activity.VALIDATE, Activity.SERVICE_LEVELS),
    *(Activity.REMOVE_EXPIRED, Activity.DELIVER_ALERTS, Activity.OBSERVE, Activity.REPORT_PASS),
    Activity.MORNING_CHECK,
    *(Activity.PLAN_BACKFILL, Activity.PUBLISH_BACKFILL),
)
"""No day runs them, and none changes anything that a day reads."""
COMPARED_FOLDERS = ("exports", "stored_models")


def all_kills() -> tuple[Disturbance, ...]:
    """Every kind of activity of a day, of its re-run and of training, killed in every way."""
    return tuple(
        Disturbance(activity=activity, kind=kind)
        for activity in Activity
        if activity not in OUTSIDE_A_DAY
        for kind in KILLS
    )


async def replay(archive: Path, before: Path, root: Path, kills: Sequence[Disturbance]) -> list[Recovery]:
    """Replay the day, re-run it and train, with these kills; the recoveries.

    The re-run computes each step in an activity of its own.
    """
    async with start_replay(from_day_before(archive, before, root), no_output()) as running:
        disturbed = DisturbedReplay(running, root, RUN_TIMEOUT_SECONDS)
        if kills:
            published = root / "exports" / "v1" / "predictions" / f"{DAY}.json"
            disturbed.begin(DisturbancePlan(disturbances=tuple(kills), after_file=published, anytime=ANYTIME))
        clock = ClockSpec(starts_at=eastern(DAY, 5), actions=(REFRESH,))
        await follow(disturbed, await running.start_day(clock))
        await follow(disturbed, await running.start_day(clock, Rerun(from_phase=Phase.PREDICT)))
        training = TrainingInput(before=DAY, as_of=eastern(DAY, 5))
        client = running.client
        await follow(
            disturbed,
            await client.start_workflow(TrainingWorkflow.run, training, id="drill-training", task_queue=Queue.DAY),
        )
        return disturbed.recoveries


async def follow(disturbed: DisturbedReplay, handle: WorkflowHandle[Any, Any]) -> None:
    """Restart what is killed until the run has ended. Raises TipoffError if it fails or takes too long."""
    await disturbed.follow(handle)
    try:
        await handle.result()
    except WorkflowFailureError as failure:
        raise disturbed.error(handle, f"failed: {failure_message(failure)}") from failure


REFRESH = ScheduledAction(
    at=eastern(DAY, 16), command=OperatorCommand(name=CommandName.REFRESH_LINES, who="drill"), via=Channel.SIGNAL
)
"""A command of the scenario, so that the day delivers one."""


def differences(first: Path, second: Path) -> list[str]:
    """The tables and files in which two replays differ."""
    tables, others = (tables_of(root / "stored.duckdb") for root in (first, second))
    different = [f"table {name}" for name in tables if not tables[name].equals(others[name])]
    for folder in COMPARED_FOLDERS:
        files, other_files = (_files(root / folder) for root in (first, second))
        names = sorted({*files, *other_files})
        different += [f"{folder}/{name}" for name in names if files.get(name) != other_files.get(name)]
    return different


def tables_of(file: Path) -> dict[str, pl.DataFrame]:
    """All tables of a warehouse, sorted by natural key, without the ids that Temporal gives to runs.

    Call it after the worker has ended.
    """
    warehouse = DuckDbWarehouse(file)
    try:
        return {
            table.name: warehouse.query(f"SELECT * FROM {table.name}")  # noqa: S608
            .sort(table.natural_key)
            .drop("run_id", strict=False)
            for table in TABLES.values()
            if table.layer is not Layer.VIEW
        }
    finally:
        warehouse.close()


def _files(folder: Path) -> dict[str, bytes]:
    """The files that readers see, without the wall-clock time at which an export was written."""
    return {
        str(file.relative_to(folder)): re.sub(rb'"generated_at":"[^"]*"', b"", file.read_bytes())
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


def print_report(
    kills: Sequence[Disturbance], recoveries: Sequence[Recovery], different: Sequence[str], console: Console
) -> None:
    """Print a row for each kill, the median recovery, and what differs."""
    seconds = {recovery.disturbance: recovery.seconds for recovery in recoveries}
    table = Table("activity", "killed", "restart to progress, s", title=f"{DAY}, with kills", title_justify="left")
    for kill in kills:
        recovered = f"{seconds[kill]:.1f}" if kill in seconds else "the day had no such activity then"
        table.add_row(kill.activity, kill.kind, recovered)
    console.print(table)
    if seconds:
        median = statistics.median(seconds.values())
        limit = "within" if median <= MEDIAN_LIMIT_SECONDS else "over"
        console.print(f"median {median:.1f} s, {limit} the limit of {MEDIAN_LIMIT_SECONDS:.0f} s for an idle machine")
    console.print(f"different: {', '.join(different)}" if different else "all tables, exports and models are equal")


async def run_drill(archive: Path, root: Path, kills: Sequence[Disturbance], console: Console) -> bool:
    """Replay the day twice and print the comparison; whether every kill was done and both replays are equal."""
    before, quiet, killed = (root / name for name in ("before", "quiet", "killed"))
    await prepare(archive, before)
    await replay(archive, before, quiet, ())
    recoveries = await replay(archive, before, killed, kills)
    different = differences(quiet, killed)
    print_report(kills, recoveries, different, console)
    return not different and {recovery.disturbance for recovery in recoveries} == {*kills}


def drill_from_environment(folder: Path) -> bool:
    """Make every kind of kill; True if both replays are equal and every kill was done."""
    return asyncio.run(run_drill(archive_of_drill(), folder, all_kills(), Console(width=120, highlight=False)))


if __name__ == "__main__":
    exit_now(drill_exit_code("drills", drill_from_environment))
