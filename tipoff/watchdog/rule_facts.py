"""The facts that the rules of alerts look at, of an observation; what it does not show stays empty."""

from __future__ import annotations

from typing import Final

from tipoff.alerting.facts import DayFacts, InstallationFacts, RowCount
from tipoff.vocabulary import SETTLED, StepState, StepStatus, step_names
from tipoff.watchdog.observation import Observation, RunningDay

ROWS_OF_A_GAME: Final = {
    step_names.TEAM_CONTEXT: 2.0,
    step_names.PLAYER_CONTEXT: 17.0,
    step_names.FEATURES: 17.0,
}
"""The rows that a step has for each game of a slate."""
_ALL_DATA: Final = frozenset({StepState.COMPLETE, StepState.EMPTY_OK})


def facts_of_day(day: RunningDay) -> DayFacts:
    """The facts of a running day, by its status."""
    status, games = day.status, day.games
    due = [step for step in status.steps if step.hard_deadline is not None and step.hard_deadline <= day.now]
    return DayFacts(
        game_date=day.game_date,
        as_of=day.now,
        games=games,
        steps_due=len(due),
        steps_complete=sum(step.state in _ALL_DATA for step in due),
        rows=tuple(_rows(step, games) for step in status.steps if _has_expected_rows(step) and games),
        predictions_out=status.first_published_at is not None,
    )


def _has_expected_rows(step: StepStatus) -> bool:
    return step.name in ROWS_OF_A_GAME and step.state in SETTLED - {StepState.SKIPPED}


def _rows(step: StepStatus, games: int) -> RowCount:
    return RowCount(step=step.name, rows=step.rows, expected=ROWS_OF_A_GAME[step.name] * games)


def facts_of_installation(observation: Observation) -> InstallationFacts:
    """The facts of the providers."""
    return InstallationFacts(as_of=observation.as_of, providers=observation.providers)
