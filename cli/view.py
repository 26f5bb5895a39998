"""What is known of a day, from whoever knows most: its worker, else the server, else the last export."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from cli.coverage import coverage
from cli.exit_codes import CommandError, Exit
from cli.providers import RateLimiterView, rate_limiters
from cli.server import PATIENCE, WORKER_PATIENCE, is_namespace_missing, polled, reached
from cli.target import Target
from tipoff.errors import BadInputError, StorageError
from tipoff.publishing.envelope import decode
from tipoff.publishing.status import read_status
from tipoff.vocabulary import DayStatus, Frozen, RunState
from workflows.contracts import day_workflow_id
from workflows.search_attributes import DATA_QUALITY, PHASE, RUN_STATE

ENDED = frozenset({RunState.COMPLETE, RunState.CANCELLED, RunState.FAILED})


class StatusSource(StrEnum):
    """Who answered."""

    WORKER = "worker"
    SERVER = "server"
    EXPORT = "export"


class Pending(Frozen):
    """An activity that has not ended."""

    name: str
    state: str
    """scheduled (no worker has it), started, or cancel_requested."""
    attempt: int
    since: AwareDatetime
    last_failure: str


class ServerView(Frozen):
    """What the server itself knows of a run, without any worker."""

    workflow_id: str
    run_id: str
    execution: str
    """RUNNING, COMPLETED, FAILED, CANCELED, TERMINATED or TIMED_OUT."""
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    sentence: str
    day_clock: str
    phase: str
    state: str
    data_quality: str
    pending: tuple[Pending, ...]
    decision_attempt: int
    """How often a worker has tried to decide what comes next; above 1 something is wrong with the worker."""
    unserved_queues: tuple[str, ...]

    @property
    def is_running(self) -> bool:
        return self.execution == "RUNNING"


class DayView(Frozen):
    """The day as far as it can be known now."""

    game_date: date
    teller: StatusSource
    why: str
    """Why not the worker; empty when it answered."""
    status: DayStatus | None
    server: ServerView | None
    exported_at: AwareDatetime | None = None
    """When the status was written, where it is an export's."""
    providers: tuple[RateLimiterView, ...] = ()
    """What their domains know, while the day goes on."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        if self.server is not None:
            return not self.server.is_running
        return self.status is not None and self.status.state in ENDED

    @property
    def is_complete(self) -> bool:
        """Whether the day came to its end, with all it wanted or degraded by rule."""
        closed_well = self.server is None or self.server.execution == "COMPLETED"
        return closed_well and self.headline["state"] == RunState.COMPLETE

    @property
    def headline(self) -> dict[str, str]:
        """State, phase, data quality and the sentence, from the freshest that is known."""
        told = self.server if self.teller is StatusSource.SERVER else self.status
        if told is None:
            return {}
        said = {field: str(getattr(told, field)) for field in ("state", "phase", "data_quality", "sentence")}
        if self.server is None or self.server.execution in {"RUNNING", "COMPLETED"}:
            return said
        stopped = self.server.execution
        return {**said, "state": stopped, "sentence": f"{stopped.lower()}; before that: {said['sentence']}"}

    def as_json(self) -> dict[str, Any]:
        """The status as programs read it; `from` says who told it, `server` and `exported_at` what else is known."""
        told = {} if self.status is None else self.status.model_dump(mode="json")
        return {
            "game_date": self.game_date.isoformat(),
            **told,
            **self.headline,
            "from": self.teller.value,
            "why_not_worker": self.why,
            "coverage": [item.model_dump(mode="json") for item in coverage(self.status)] if self.status else [],
            "providers": [domain.model_dump() for domain in self.providers],
            "exported_at": self.exported_at and self.exported_at.isoformat(),
            "server": self.server and self.server.model_dump(mode="json"),
        }


async def view_day(target: Target, game_date: date) -> DayView:
    """What is known of a date. Raises CommandError UNKNOWN when nobody knows anything."""
    try:
        async with reached(target) as client:
            return await view_run(client, target, game_date)
    except CommandError as error:
        if error.exit_code is not Exit.UNREACHABLE:
            raise
        return _from_export(target, game_date, str(error), error.exit_code)


async def view_run(client: Client, target: Target, game_date: date) -> DayView:
    """What is known of a date while the server answers. Raises CommandError UNKNOWN, RPCError."""
    handle = client.get_workflow_handle(day_workflow_id(game_date))
    try:
        described = await handle.describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        return _from_export(target, game_date, "the server knows no run of this date", Exit.UNKNOWN)
    queues = await polled(client)
    now = datetime.now(UTC)
    unserved = tuple(f"{queue.queue} ({queue.kind})" for queue in queues if not queue.is_served(now))
    server = await _server_view(described, unserved)
    answer = await _ask_worker(handle) if queues[0].is_served(now) else "no worker asks for work"
    if isinstance(answer, DayStatus):
        known = await rate_limiters(client, target.settings) if server.is_running else ()
        return DayView(
            game_date=game_date, teller=StatusSource.WORKER, why="", status=answer, server=server, providers=known
        )
    status, exported_at = read_export(target, game_date)
    return DayView(
        game_date=game_date,
        teller=StatusSource.SERVER,
        why=answer,
        status=status,
        server=server,
        exported_at=exported_at,
    )


async def _ask_worker(handle: WorkflowHandle[Any, Any]) -> DayStatus | str:
    """The status, or why it was not told."""
    try:
        status: DayStatus = await handle.query("status", result_type=DayStatus, rpc_timeout=WORKER_PATIENCE)
    except WorkflowQueryFailedError as error:
        return f"the worker could not tell: {error.message}"
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise
        return f"no worker answered within {WORKER_PATIENCE.total_seconds()} s"
    return status


async def _server_view(described: WorkflowExecutionDescription, unserved: tuple[str, ...]) -> ServerView:
    attributes, memo = described.typed_search_attributes, await described.memo()
    return ServerView(
        workflow_id=described.id,
        run_id=described.run_id,
        execution=described.status.name if described.status else "UNKNOWN",
        started_at=described.start_time,
        ended_at=described.close_time,
        sentence=str(memo.get("says", "started; nothing was done yet")),
        day_clock=str(memo.get("day_clock", "")),
        phase=attributes.get(PHASE, ""),
        state=attributes.get(RUN_STATE, ""),
        data_quality=attributes.get(DATA_QUALITY, ""),
        pending=tuple(_pending(info) for info in described.raw_description.pending_activities),
        decision_attempt=described.raw_description.pending_workflow_task.attempt,
        unserved_queues=unserved,
    )


def _pending(info: PendingActivityInfo) -> Pending:
    state = PendingActivityState.Name(info.state).removeprefix("PENDING_ACTIVITY_STATE_").lower()
    since = info.last_started_time if info.HasField("last_started_time") else info.scheduled_time
    return Pending(
        name=info.activity_type.name,
        state=state,
        attempt=info.attempt,
        since=since.ToDatetime(UTC),
        last_failure=info.last_failure.message,
    )


def read_export(target: Target, game_date: date) -> tuple[DayStatus | None, datetime | None]:
    """The last exported status and when it was written; Nones where there is none that can be read."""
    try:
        content = target.exports.read(f"v1/status/{game_date}.json")
        export = decode(content) if content else None
        if export is None:
            return None, None
        return read_status(export), datetime.fromisoformat(export["generated_at"])
    except (BadInputError, KeyError, ValueError, StorageError):
        return None, None


def _from_export(target: Target, game_date: date, why: str, otherwise: Exit) -> DayView:
    status, exported_at = read_export(target, game_date)
    if status is None:
        hint = f"; start it: {target.typed(f'--date {game_date}')}" if otherwise is Exit.UNKNOWN else ""
        raise CommandError(
            otherwise, f"nothing is known of {game_date}: {why}, and no exported status can be read{hint}"
        )
    return DayView(
        game_date=game_date, teller=StatusSource.EXPORT, why=why, status=status, server=None, exported_at=exported_at
    )
