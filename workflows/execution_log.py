"""Keeps the executions of a day's steps for the log that is written when the day ends. It knows no Temporal calls."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tipoff.vocabulary import (
    USABLE,
    NoResult,
    Outcome,
    PlanStep,
    SourceReport,
    StepExecution,
    StepLog,
    StepResult,
    Trigger,
    shortened,
)
from workflows.step_records import AnyRecord, SourceRecord

ERROR_LENGTH: Final = 150
"""Longest error in the log; a day may have hundreds of executions, and they are logged in one payload."""


@dataclass
class ExecutionLog:
    """When each step ran, why, and with which result."""

    _executions: dict[str, list[StepExecution]] = field(default_factory=lambda: defaultdict(list))
    _steps: dict[str, PlanStep] = field(default_factory=dict)
    _running: dict[str, tuple[datetime, Trigger]] = field(default_factory=dict)
    _requested: set[str] = field(default_factory=set)

    def request(self, step: str) -> None:
        """Record that an operator has the step run next."""
        self._requested.add(step)

    def start(self, step: PlanStep, record: AnyRecord, now: datetime, *, rerun: bool) -> None:
        """Record that a step starts; `record` is its record before."""
        self._steps[step.name] = step
        self._running[step.name] = now, self._trigger(step.name, record, rerun=rerun)
        self._requested.discard(step.name)

    def finish(self, step: PlanStep, result: StepResult, now: datetime) -> None:
        """Record the result of a running step."""
        started_at, trigger = self._running.pop(step.name)
        self._executions[step.name].append(_execution(result, trigger, started_at, now))

    def end(self, now: datetime) -> tuple[StepLog, ...]:
        """The log of every step that ran; those that run still are cancelled now."""
        for name, (started_at, trigger) in self._running.items():
            cancelled = StepExecution(trigger, started_at, now, 0, 0, NoResult.CANCELLED, "")
            self._executions[name].append(cancelled)
        self._running.clear()
        return tuple(
            StepLog(step=name, phase=self._steps[name].phase, executions=tuple(executions))
            for name, executions in self._executions.items()
        )

    def _trigger(self, step: str, record: AnyRecord, *, rerun: bool) -> Trigger:
        if rerun:
            return Trigger.RERUN
        if step in self._requested:
            return Trigger.OPERATOR
        executions = self._executions[step]
        if not executions:
            return Trigger.FIRST_RUN
        if isinstance(record, SourceRecord):
            return Trigger.REFRESH if record.complete and executions[-1].outcome in USABLE else Trigger.RETRY
        return Trigger.RETRY if executions[-1].outcome is NoResult.FAILED else Trigger.CHANGED_INPUTS


def _execution(result: StepResult, trigger: Trigger, started_at: datetime, ended_at: datetime) -> StepExecution:
    outcome: Outcome | NoResult
    match result:
        case str():
            polls, rows, outcome, error = 1, 0, NoResult.FAILED, result
        case SourceReport():
            polls, rows, outcome = result.polls, result.rows, result.outcome
            error = "" if outcome in USABLE else result.reason
        case _:
            polls, rows, error = 1, result.rows, result.lacking
            outcome = Outcome.PARTIAL if result.lacking or result.missing_games else Outcome.OK
    return StepExecution(trigger, started_at, ended_at, polls, rows, outcome, shortened(error, ERROR_LENGTH))
