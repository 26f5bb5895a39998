"""How much of the slate each source has told, from a day's status alone."""

from __future__ import annotations

from collections.abc import Sequence

from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DayStatus, Frozen, Role, SlateGame, StepState, StepStatus


class Coverage(Frozen):
    """One source of the day against its slate."""

    source: str
    role: Role
    games: int
    """Of the slate, that it has told of, or who stands in for it."""
    of: int
    missing_games: tuple[str, ...] = ()
    """By label, such as "DEN@MIN"."""
    missing_teams: tuple[str, ...] = ()
    """The teams of those games, where the source speaks of teams."""
    says: str = ""
    """Why nothing is had, where that is no fault."""


def coverage(status: DayStatus) -> tuple[Coverage, ...]:
    """The sources among the day's steps, by role, in the order the day asks them; without games there is nothing."""
    steps = [step for step in status.steps if step.name in SOURCES and status.games]
    return tuple(_covered(step, status.games) for role in Role for step in steps if SOURCES[step.name].role is role)


def _covered(step: StepStatus, slate: Sequence[SlateGame]) -> Coverage:
    source, says = SOURCES[step.name], _says(step)
    missing = [game for game in slate if not says and (not step.rows or game.game_id in step.missing_games)]
    teams = {team for game in missing for team in (game.away, game.home) if "game_id" not in source.natural_key}
    return Coverage(
        source=step.name,
        role=source.role,
        games=len(slate) - len(missing) if step.rows else 0,
        of=len(slate),
        missing_games=tuple(game.label for game in missing),
        missing_teams=tuple(sorted(teams)),
        says=says,
    )


def _says(step: StepStatus) -> str:
    if step.rows:
        return ""
    return _NO_FAULT.get(step.state, "" if step.polls else _why_untouched(step))


def _why_untouched(step: StepStatus) -> str:
    if step.state is StepState.COMPLETE:
        return step.reason
    return f"not asked yet, waits for {', '.join(step.waits_for)}" if step.waits_for else "not asked yet"


_NO_FAULT = {StepState.EMPTY_OK: "rightly nothing", StepState.SKIPPED: "skipped by a person"}
