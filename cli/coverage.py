"""Which games of the slate each source has delivered, from a day's status alone."""

from __future__ import annotations

from collections.abc import Sequence

from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DayStatus, Frozen, Role, SlateGame, StepState, StepStatus


class Coverage(Frozen):
    """One source's coverage of the slate."""

    source: str
    role: Role
    games: int
    """Games of the slate that it, or its fallback source, has delivered."""
    of: int
    """Games of the slate."""
    missing_games: tuple[str, ...] = ()
    """By label, such as "DEN@MIN"."""
    missing_teams: tuple[str, ...] = ()
    """The teams of those games, if the source delivers teams rather than games."""
    note: str = ""
    """Why there are no rows, if that is no fault."""


def coverage(status: DayStatus) -> tuple[Coverage, ...]:
    """The coverage of each of the day's sources, by role, in the order of the plan; empty for a day without games."""
    steps = [step for step in status.steps if step.name in SOURCES and status.games]
    return tuple(_coverage_of(step, status.games) for role in Role for step in steps if SOURCES[step.name].role is role)


def _coverage_of(step: StepStatus, slate: Sequence[SlateGame]) -> Coverage:
    source, note = SOURCES[step.name], _note(step)
    missing = [game for game in slate if not note and (not step.rows or game.game_id in step.missing_games)]
    teams = {team for game in missing for team in (game.away, game.home) if "game_id" not in source.natural_key}
    return Coverage(
        source=step.name,
        role=source.role,
        games=len(slate) - len(missing) if step.rows else 0,
        of=len(slate),
        missing_games=tuple(game.label for game in missing),
        missing_teams=tuple(sorted(teams)),
        note=note,
    )


def _note(step: StepStatus) -> str:
    if step.rows:
        return ""
    return _NO_FAULT.get(step.state, "" if step.polls else _why_not_polled(step))


def _why_not_polled(step: StepStatus) -> str:
    if step.state is StepState.COMPLETE:
        return step.reason
    return f"not polled yet, waits for {', '.join(step.waits_for)}" if step.waits_for else "not polled yet"


_NO_FAULT = {StepState.EMPTY_OK: "no data expected", StepState.SKIPPED: "skipped by the operator"}
