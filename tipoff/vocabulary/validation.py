"""The validation of a date: what its tables and exports hold, judged as of a time."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.text import shortened

_TEXT_LIMIT = 300


def _short(text: str) -> str:
    return shortened(text, _TEXT_LIMIT)


class DataState(StrEnum):
    """State of the data that a check is about."""

    COMPLETE = "COMPLETE"
    EMPTY_OK = "EMPTY_OK"  # there are none, and none are expected
    PENDING = "PENDING"  # not due yet
    LATE = "LATE"  # due, and may still come
    DEGRADED = "DEGRADED"  # the day goes on without it, by rule
    FAILED = "FAILED"  # wrong, or missing when nothing brings it any more

    @property
    def is_problem(self) -> bool:
        """Whether an operator should look: a day may end degraded by rule."""
        return self in (DataState.LATE, DataState.FAILED)


class CheckResult(Frozen):
    """What one check found."""

    check: str
    reads: str
    """The table or export that it reads."""
    state: DataState
    expected: int
    """Games, teams, systems or files that should have data."""
    missing: int
    """Those of them that have none, or too few."""
    is_wrong: bool = False
    """The data contradict others."""
    text: Annotated[str, AfterValidator(_short)]
    """What is missing or wrong, and since when it was due; or why nothing is expected."""
    due: AwareDatetime | None
    """None: there is nothing to be due."""
    command: str = ""
    """What helps, as it is typed in a terminal."""


class ValidationReport(Frozen):
    """All checks of a date."""

    game_date: date
    as_of: AwareDatetime
    games: int
    """Games of the slate."""
    results: tuple[CheckResult, ...]

    @property
    def problems(self) -> tuple[CheckResult, ...]:
        """What an operator should look at."""
        return tuple(each for each in self.results if each.state.is_problem)
