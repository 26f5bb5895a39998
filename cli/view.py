"""Reads the state of a day: from its worker, else from the server, else from the last exported status."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.server_state import (
    OPEN_EXECUTIONS,
    SELF_REPORTED_EXECUTIONS,
    DescribedRun,
    describe_run,
    queue_statuses,
)
from cli.coverage import coverage
from cli.exit_codes import CommandError, ExitCode
from cli.providers import RateLimiterView, rate_limiter_views
from cli.server import PAUSED, WORKER_TIMEOUT, connected
from cli.target import Target
from tipoff.errors import BadInputError, StorageError
from tipoff.publishing.envelope import decode
from tipoff.publishing.status import read_status
from tipoff.vocabulary import DayStatus, Frozen, RunState
from workflows.search_attributes import DATA_QUALITY, PHASE, RUN_STATE

ENDED_STATES = frozenset({RunState.COMPLETE, RunState.CANCELLED, RunState.FAILED})


_STARTS_AGAIN = {
    **dict.fromkeys(("CANCELLED", "CANCELED"), " --again"),
    **dict.fromkeys(("FAILED", "TERMINATED", "TIMED_OUT"), ""),
}
"""The ended states in which a day may start from the beginning -> the option that this needs."""


class StatusSource(StrEnum):
    """Where a status comes from."""

    WORKER = "worker"
    SERVER = "server"
    EXPORT = "export"


class PendingActivity(Frozen):
    """An activity that has not ended."""

    name: str
    state: str
    """scheduled (no worker has taken it), started, or cancel_requested."""
    attempt: int
    since: AwareDatetime
    last_failure: str


class ServerView(Frozen):
    """A run as the server knows it, without any worker."""

    workflow_id: str
    run_id: str
    execution: str
    """RUNNING, PAUSED, COMPLETED, FAILED, CANCELED, TERMINATED or TIMED_OUT."""
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    sentence: str
    day_clock: str
    phase: str
    state: str
    data_quality: str
    pending: tuple[PendingActivity, ...]
    workflow_task_attempt: int
    """Above 1 workers have failed to execute the workflow code."""
    unserved_queues: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return self.execution in OPEN_EXECUTIONS

    @property
    def is_paused(self) -> bool:
        return self.execution == "PAUSED"


class DayView(Frozen):
    """What is known of a day now."""

    game_date: date
    source: StatusSource
    why: str
    """Why the status is not from the worker; empty if it is."""
    status: DayStatus | None
    server: ServerView | None
    exported_at: AwareDatetime | None = None
    """When the status was exported, if it comes from an export."""
    providers: tuple[RateLimiterView, ...] = ()
    """The providers' rate limiters, while the day runs."""
    replay: Path | None = None
    """The folder of the replay that it is from."""

    @property
    def has_ended(self) -> bool:
        """Whether the run is over."""
        if self.server is not None:
            return not self.server.is_open
        return self.status is not None and self.status.state in ENDED_STATES

    @property
    def is_complete(self) -> bool:
        """Whether the day ended with all its data, or degraded by rule."""
        completed = self.server is None or self.server.execution == "COMPLETED"
        return completed and self.headline["state"] == RunState.COMPLETE

    @property
    def headline(self) -> dict[str, str]:
        """State, phase, data quality and sentence, from the freshest source."""
        latest = self.server if self.source is StatusSource.SERVER else self.status
        if latest is None:
            return {}
        headline = {field: str(getattr(latest, field)) for field in ("state", "phase", "data_quality", "sentence")}
        if self.server is None or self.server.execution in {*SELF_REPORTED_EXECUTIONS, headline["state"]}:
            return headline
        execution = self.server.execution
        now = PAUSED if self.server.is_paused else execution.lower()
        return {**headline, "state": execution, "sentence": f"{now}; before that: {headline['sentence']}"}

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that would be accepted now and help the day, as they are typed."""
        return tuple(map(Target(self.replay).aim, self._commands()))

    def _commands(self) -> tuple[str, ...]:
        if self.has_ended:
            day = f"starter.py --date {self.game_date}"
            again = (f"{day}{option}" for state, option in _STARTS_AGAIN.items() if state == self.headline["state"])
            return (*again, f"{day} --rerun")
        return self.status.all_commands if self.status and self.source is StatusSource.WORKER else ()

    def as_json(self) -> dict[str, Any]:
        """The status for programs; `from` names its source, `server` and `exported_at` add what else is known."""
        status = {} if self.status is None else self.status.model_dump(mode="json")
        return {
            "game_date": self.game_date.isoformat(),
            **status,
            **self.headline,
            "commands": self.commands,
            "from": self.source.value,
            "why_not_worker": self.why,
            "coverage": [item.model_dump(mode="json") for item in coverage(self.status)] if self.status else [],
            "providers": [provider.model_dump() for provider in self.providers],
            "exported_at": self.exported_at and self.exported_at.isoformat(),
            "server": self.server and self.server.model_dump(mode="json"),
        }


async def view_day(target: Target, game_date: date) -> DayView:
    """The date's present view. Raises CommandError UNKNOWN if there is neither a run nor an export."""
    try:
        async with connected(target) as client:
            return await view_run(client, target, game_date)
    except CommandError as error:
        if error.exit_code is not ExitCode.UNREACHABLE:
            raise
        return _view_of_export(target, game_date, str(error), error.exit_code)


async def view_run(client: Client, target: Target, game_date: date) -> DayView:
    """The date's present view from a server that answers. Raises CommandError UNKNOWN, RPCError."""
    described = await describe_run(client, game_date)
    if described is None:
        return _view_of_export(target, game_date, "the server has no run of this date", ExitCode.UNKNOWN)
    queues = await queue_statuses(client)
    now = datetime.now(UTC)
    unserved = tuple(f"{queue.queue} ({queue.kind})" for queue in queues if not queue.is_served(now))
    server = _server_view(described, unserved)
    status_or_reason = await _query_worker(client, server) if queues[0].is_served(now) else "no worker is running"
    if isinstance(status_or_reason, DayStatus):
        providers = await rate_limiter_views(client, target.settings) if server.is_open else ()
        return DayView(
            game_date=game_date,
            source=StatusSource.WORKER,
            why="",
            status=status_or_reason,
            server=server,
            providers=providers,
            replay=target.replay,
        )
    status, exported_at = read_exported_status(target, game_date)
    return DayView(
        game_date=game_date,
        source=StatusSource.SERVER,
        why=status_or_reason,
        status=status,
        server=server,
        exported_at=exported_at,
        replay=target.replay,
    )


async def _query_worker(client: Client, server: ServerView) -> DayStatus | str:
    """The status, or why the worker did not answer."""
    if server.is_paused:
        return f"the run is {PAUSED}"
    handle = client.get_workflow_handle(server.workflow_id)
    try:
        status: DayStatus = await handle.query("status", result_type=DayStatus, rpc_timeout=WORKER_TIMEOUT)
    except WorkflowQueryFailedError as error:
        return f"the worker could not answer: {error.message}"
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise
        return f"no worker answered within {WORKER_TIMEOUT.total_seconds()} s"
    return status


def _server_view(described: DescribedRun, unserved: tuple[str, ...]) -> ServerView:
    attributes, memo = described.attributes, described.memo
    return ServerView(
        workflow_id=described.workflow_id,
        run_id=described.run_id,
        execution=described.execution,
        started_at=described.started_at,
        ended_at=described.ended_at,
        sentence=str(memo.get("status", "started; no step has run yet")),
        day_clock=str(memo.get("day_clock", "")),
        phase=attributes.get(PHASE, ""),
        state=attributes.get(RUN_STATE, ""),
        data_quality=attributes.get(DATA_QUALITY, ""),
        pending=tuple(_pending(info) for info in described.pending_activities),
        workflow_task_attempt=described.workflow_task_attempt,
        unserved_queues=unserved,
    )


def _pending(info: PendingActivityInfo) -> PendingActivity:
    state = PendingActivityState.Name(info.state).removeprefix("PENDING_ACTIVITY_STATE_").lower()
    since = info.last_started_time if info.HasField("last_started_time") else info.scheduled_time
    return PendingActivity(
        name=info.activity_type.name,
        state=state,
        attempt=info.attempt,
        since=since.ToDatetime(UTC),
        last_failure=info.last_failure.message,
    )


def read_exported_status(target: Target, game_date: date) -> tuple[DayStatus | None, datetime | None]:
    """The last exported status and its time; (None, None) if there is none or it cannot be read."""
    try:
        content = target.exports.read(f"v1/status/{game_date}.json")
        export = decode(content) if content else None
        if export is None:
            return None, None
        return read_status(export), datetime.fromisoformat(export["generated_at"])
    except (BadInputError, KeyError, ValueError, StorageError):
        return None, None


def _view_of_export(target: Target, game_date: date, why: str, exit_code: ExitCode) -> DayView:
    status, exported_at = read_exported_status(target, game_date)
    if status is None:
        hint = f"; start it: {target.command_line(f'--date {game_date}')}" if exit_code is ExitCode.UNKNOWN else ""
        raise CommandError(
            exit_code, f"nothing is known about {game_date}: {why}, and there is no readable exported status{hint}"
        )
    return DayView(
        game_date=game_date,
        source=StatusSource.EXPORT,
        why=why,
        status=status,
        server=None,
        exported_at=exported_at,
        replay=target.replay,
    )
