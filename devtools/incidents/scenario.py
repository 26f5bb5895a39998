"""The scenario files: what goes wrong on a replayed date, and the checks of how the day must end."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, model_validator

from devtools.drill import DAY
from tipoff.errors import BadInputError, ConfigurationError
from tipoff.replay.faults import Fault, VirtualTime
from tipoff.vocabulary import Frozen
from workflows.contracts import ClockSpec, CommandName, OperatorCommand, ScheduledAction

FOLDER: Final = Path(__file__).parent
EVERY_DAY: Final = FOLDER / "every_day.toml"
"""Checks of all scenarios."""

Value = bool | int | float | str


class Check(Frozen):
    """A SELECT of one value over the evidence of a day, and what it must be."""

    what: str
    sql: str
    equals: Value | None = None
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _demands_something(self) -> Self:
        if self.equals is None and self.at_least is None and self.at_most is None:
            raise ValueError("needs equals, at_least or at_most")
        return self

    def is_met_by(self, value: Value | None) -> bool:
        """Whether a value is as demanded."""
        if self.equals is not None:
            return value == self.equals and isinstance(value, bool) == isinstance(self.equals, bool)
        if not isinstance(value, int | float):
            return False
        is_enough = self.at_least is None or value >= self.at_least
        return is_enough and (self.at_most is None or value <= self.at_most)

    @property
    def demand(self) -> str:
        """What the value must be, in words."""
        demands = {"": self.equals, "at least ": self.at_least, "at most ": self.at_most}
        return ", ".join(f"{word}{value}" for word, value in demands.items() if value is not None)


class Failure(StrEnum):
    """How a system fails."""

    RAISES = "raises"
    CRASHES = "crashes"


class BrokenSystem(Frozen):
    """A system that fails whenever it predicts: by an error, or with the whole worker process."""

    system_id: str
    failure: Failure


class Action(Frozen):
    """A command of an operator at a time."""

    at: VirtualTime
    command: CommandName
    target: str = ""
    who: str = "operator"
    why: str = "scenario"

    def scheduled(self) -> ScheduledAction:
        """The command as the day's clock delivers it."""
        command = OperatorCommand(name=self.command, target=self.target, who=self.who, why=self.why)
        return ScheduledAction(at=self.at, command=command)


class Scenario(Frozen):
    """One incident, replayed."""

    incident: str
    """The row of the incident: its date."""
    title: str
    went_wrong: str
    """What fails when, in one sentence."""
    game_date: date = DAY
    checks_every_day: bool = True
    """Whether the checks of all scenarios hold: not on a date without games."""
    broken_imports: tuple[str, ...] = ()
    """Modules with which the worker must not start, each alone."""
    broken_system: BrokenSystem | None = None
    observe_at: VirtualTime | None = None
    """The clock stops there, and what status and exports show then becomes evidence."""
    commands: tuple[str, ...] = ()
    """Commands of `starter.py` that are run after the day has ended, such as "watchdog --once --json"."""
    settings: dict[str, str] = {}
    """Settings of the worker."""
    faults: tuple[Fault, ...] = Field(default=(), alias="fault")
    actions: tuple[Action, ...] = Field(default=(), alias="action")
    checks: tuple[Check, ...] = Field(alias="check", min_length=1)

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """Those of all scenarios, and its own."""
        return (*(every_day_checks() if self.checks_every_day else ()), *self.checks)

    def clock(self, starts: ClockSpec) -> ClockSpec:
        """The clock of its day."""
        actions = tuple(action.scheduled() for action in self.actions)
        return starts.model_copy(update={"hold_at": self.observe_at, "actions": actions})


class _Checks(Frozen):
    checks: tuple[Check, ...] = Field(alias="check")


def every_day_checks() -> tuple[Check, ...]:
    """The checks of all scenarios."""
    return _Checks.model_validate(tomllib.loads(EVERY_DAY.read_text())).checks


def load_scenario(file: Path) -> Scenario:
    """Read a scenario file. Raises ConfigurationError, which names the file."""
    try:
        return Scenario.model_validate(tomllib.loads(file.read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"scenario {file.name}: {error}") from error


def scenario_files(names: Sequence[str] = ()) -> dict[str, Path]:
    """The scenario files by name; all, or those of these names. Raises BadInputError for an unknown name."""
    files = {file.stem: file for file in sorted(FOLDER.glob("*.toml")) if file != EVERY_DAY}
    if unknown := sorted({*names} - files.keys()):
        raise BadInputError(f"SCENARIOS: no scenario {', '.join(unknown)}; use some of {', '.join(files)}")
    return {name: file for name, file in files.items() if name in (names or files)}
