"""A replay's scenario: operator commands at virtual times, and where the virtual clock is held."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from tipoff.vocabulary import StepState
from workflows.calls import call
from workflows.contracts import Activity, ClockSpec, CommandResult, DeliverRequest
from workflows.day_clock import DayClock
from workflows.day_state import DayLedger


class Scenario:
    """The commands and the hold of one replayed day that are still to come."""

    def __init__(self, spec: ClockSpec) -> None:
        self._actions = sorted(spec.actions, key=lambda action: action.at)
        self._hold_at = spec.hold_at

    @property
    def is_pending(self) -> bool:
        """Whether a command or the hold is still to come."""
        return bool(self._actions) or self._hold_at is not None

    @property
    def next_at(self) -> datetime | None:
        """When the scenario acts next; None when nothing is left or the hold waits for a phase."""
        hold = [self._hold_at] if isinstance(self._hold_at, datetime) else []
        return min([*(action.at for action in self._actions[:1]), *hold], default=None)

    async def deliver_due(self, now: datetime) -> bool:
        """Send the due commands to this run as an operator would; whether any were due."""
        due = [action for action in self._actions if action.at <= now]
        self._actions = self._actions[len(due) :]
        info = workflow.info()
        for action in due:
            request = DeliverRequest(workflow_id=info.workflow_id, run_id=info.run_id, action=action)
            summary = f"scenario: {action.command.name} {action.command.target}".rstrip()
            await call(Activity.DELIVER_ACTION, request, CommandResult, summary=summary)
        return bool(due)

    def hold_if_reached(self, clock: DayClock, ledger: DayLedger) -> None:
        """Hold the clock once, at the time or in the phase the scenario names."""
        if self._hold_at is not None and self._hold_is_reached(clock.now(), ledger):
            self._hold_at = None
            clock.hold()

    def _hold_is_reached(self, now: datetime, ledger: DayLedger) -> bool:
        if isinstance(self._hold_at, datetime):
            return now >= self._hold_at
        return any(
            step.phase is self._hold_at and ledger.records[step.name].state is not StepState.PENDING
            for step in ledger.plan.steps
        )
