"""The log of a run: what its steps executed, and how it ended."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from pydantic import AwareDatetime

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.words import DataQuality, NoResult, Outcome, Phase, RunState, Trigger


class StepExecution(NamedTuple):
    """One execution of a step, on the day's clock. It is encoded as a list, since a day has hundreds."""

    trigger: Trigger
    started_at: AwareDatetime
    ended_at: AwareDatetime
    polls: int
    """How often it polled its source; 1 for a computation."""
    rows: int
    outcome: Outcome | NoResult
    error: str


class StepLog(Frozen):
    """The executions of one step during a run, in their order."""

    step: str
    phase: Phase
    executions: tuple[StepExecution, ...]


class EndedRun(Frozen):
    """A run of a date at its end."""

    game_date: date
    run_id: str
    is_rerun: bool
    virtual: bool
    """A replay: its times are virtual."""
    state: RunState
    data_quality: DataQuality
    backfilled: bool
    games: int
    started_at: AwareDatetime
    ended_at: AwareDatetime
    sentence: str
    steps: tuple[StepLog, ...]
