"""Checks of a table, declared beside its columns: a number that must be within bounds for each row or group of rows."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class CheckSeverity(StrEnum):
    """What happens to rows that violate a check."""

    ERROR = "error"
    """The write is refused: the earlier rows stay, and the step is parked."""
    WARN = "warn"
    """The rows are written, counted and reported."""


class Check(BaseModel):
    """A number that must be within bounds; NULL passes, because unknown values are declared by nullable columns."""

    model_config = ConfigDict(frozen=True)

    name: str
    """What is measured, as reported."""
    measure: str
    """Its GoogleSQL expression over the columns of the table."""
    minimum: float | None = None
    maximum: float | None = None
    applies_to: str = "TRUE"
    """GoogleSQL condition of the rows that are checked."""
    per: tuple[str, ...] = ()
    """Columns of the groups that are measured as a whole; empty: each row alone.

    The aggregates of their expression are written `SUM(minutes) {over}`.
    """
    severity: CheckSeverity = CheckSeverity.ERROR

    @property
    def bounds(self) -> str:
        """The allowed values in words: "0 to 70", "at least 0"."""
        if self.minimum is None:
            return f"at most {self.maximum:g}"
        if self.maximum is None:
            return f"at least {self.minimum:g}"
        return f"{self.minimum:g}" if self.minimum == self.maximum else f"{self.minimum:g} to {self.maximum:g}"


def row_check(
    name: str,
    measure: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    applies_to: str = "TRUE",
    severity: CheckSeverity = CheckSeverity.ERROR,
) -> Check:
    """Declare a check of each row."""
    return Check(name=name, measure=measure, minimum=minimum, maximum=maximum, applies_to=applies_to, severity=severity)


def group_check(
    name: str,
    per: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    measure: str = "COUNT(*) {over}",
    severity: CheckSeverity = CheckSeverity.ERROR,
) -> Check:
    """Declare a check of groups of rows, by default of their number; `per` names the columns of a group."""
    return Check(
        name=name, measure=measure, minimum=minimum, maximum=maximum, per=tuple(per.split()), severity=severity
    )


def sum_check(parts: str, total: float, tolerance: float = 0.001) -> Check:
    """Declare that columns, separated by spaces, add up to a total."""
    expression = " + ".join(parts.split())
    return row_check(expression, expression, total - tolerance, total + tolerance)
