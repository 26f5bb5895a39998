"""The facts that the rules of alerts look at, of an observation; what it does not show stays empty."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tipoff.alerting.facts import DateFacts, InputAge, InstallationFacts, RowCount
from tipoff.vocabulary import SETTLED, StepState, StepStatus, step_names
from tipoff.watchdog.observation import GRACE, Observation, RunningDay

ERRORS_OF: Final = timedelta(minutes=5)
ROWS_OF_A_GAME: Final = {
    step_names.TEAM_CONTEXT: 2.0,
    step_names.PLAYER_CONTEXT: 17.0,
    step_names.FEATURES: 17.0,
}
"""The rows that a step has for each game of a slate."""
REFRESHED: Final = (step_names.INJURY_REPORT, step_names.BETTING_LINES)
"""The sources that are polled until the last tip-off, since their data change."""
_ALL_DATA: Final = frozenset({StepState.COMPLETE, StepState.EMPTY_OK})


def facts_of_day(day: RunningDay) -> DateFacts:
    """The facts of a running day, by its status."""
    status, games = day.status, day.games
    due = [step for step in status.steps if step.hard_deadline is not None and step.hard_deadline <= day.now]
    return DateFacts(
        game_date=day.game_date,
        as_of=day.now,
        games=games,
        steps_due=len(due),
        steps_complete=sum(step.state in _ALL_DATA for step in due),
        rows=tuple(_rows(step, games) for step in status.steps if _has_expected_rows(step) and games),
        inputs=_inputs(day),
        predictions_due=None if status.predictions_due is None else status.predictions_due + GRACE,
        predictions_out=status.first_published_at is not None,
        waits_for=status.sentence,
        players_predicted=day.players_predicted,
    )


def _has_expected_rows(step: StepStatus) -> bool:
    return step.name in ROWS_OF_A_GAME and step.state in SETTLED - {StepState.SKIPPED}


def _rows(step: StepStatus, games: int) -> RowCount:
    return RowCount(step=step.name, rows=step.rows, expected=ROWS_OF_A_GAME[step.name] * games)


def _inputs(day: RunningDay) -> tuple[InputAge, ...]:
    """None of a replay: its responses have virtual times, which are not those of the last 24 hours."""
    if day.last_usable is None or day.status.virtual:
        return ()
    return tuple(
        InputAge(source=step.name, last_success=day.last_usable.get(step.name), needed=_is_needed(step, day))
        for step in day.status.steps
        if step.name in REFRESHED
    )


def _is_needed(step: StepStatus, day: RunningDay) -> bool:
    """Whether predictions are made of it now, and no poll of it is due or running."""
    due, tips = day.status.predictions_due, [game.tip_off for game in day.status.games if game.tip_off is not None]
    if due is None or not tips or not due <= day.now < max(tips):
        return False
    is_polled = step.next_poll is not None and step.next_poll <= day.now < step.next_poll + GRACE
    return step.state not in {StepState.SKIPPED, StepState.RUNNING} and not is_polled


def facts_of_installation(observation: Observation) -> InstallationFacts:
    """The facts of workers and providers."""
    running = (activity for run in observation.runs for activity in run.activities)
    return InstallationFacts(
        as_of=observation.as_of,
        worker_errors=sum(each.failures_since(observation.as_of - ERRORS_OF) for each in running),
        providers=observation.providers,
    )
