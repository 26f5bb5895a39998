"""The performance of each view of each system over windows of dates, and whether it drifts against the line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from math import hypot
from typing import Final

import polars as pl

from tipoff.grading.metrics import (
    FORWARD,
    PICKED,
    SOURCES_COMMAND,
    ErrorComparison,
    HitRate,
    SystemMetrics,
    balance_warnings,
    compare_errors,
    hit_rate,
    measure,
    metric_warning,
)
from tipoff.grading.statistics import Estimate, mean_of
from tipoff.vocabulary import Finding, Frozen, View, counted, first_day, season_of

RECENT_DAYS: Final = 7
WINDOWS: Final[dict[str, int | None]] = {"day": 1, "7 days": RECENT_DAYS, "30 days": 30, "season": None}
"""Windows up to a date, in days; None: since the start of the season."""

LEAST_RECENT, LEAST_EARLIER = 200, 500
"""With fewer rows an error says nothing of a drift."""
STANDARD_ERRORS: Final = 3
"""A rise of the error against the line by more than so many standard errors is a drift; chance alone shows it in 1 of
700 weeks of a view."""

_AGAINST_LINE: Final = pl.col("absolute_error") - pl.col("line_absolute_error")


class Window(Frozen):
    """The figures of all views of all systems over some dates."""

    label: str
    first_date: date
    last_date: date
    systems: tuple[SystemMetrics, ...]


class PerformanceDrift(Frozen):
    """The error of a view of a system minus that of the line, in the last 7 days and before them in the season."""

    system_id: str
    view: View
    recent: Estimate
    earlier: Estimate
    standard_errors: float | None
    """The change in standard errors; positive: worse. None with too few rows."""

    @property
    def drifts(self) -> bool:
        """Whether the error rose by more than chance explains."""
        return self.standard_errors is not None and self.standard_errors > STANDARD_ERRORS


class Performance(Frozen):
    """The performance up to a date."""

    windows: tuple[Window, ...]
    drift: tuple[PerformanceDrift, ...]

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Warn about picks of the last 7 days on one side, and about errors that drift."""
        week = next(window for window in self.windows if window.label == "7 days")
        one_sided = (warning for system in week.systems for warning in balance_warnings(system))
        return (*one_sided, *_drift_warnings(self.drift))


class CourseDate(Frozen):
    """The figures of one date, of a view of a system."""

    game_date: date
    against_line: ErrorComparison
    picks: HitRate


def course(graded: pl.DataFrame, game_date: date) -> tuple[CourseDate, ...]:
    """Return the figures of each graded date of the season up to a date, from the rows of one view of a system."""
    season = graded.filter(FORWARD, pl.col("game_date").is_between(first_day(season_of(game_date)), game_date))
    dates = season.partition_by("game_date", as_dict=True)
    return tuple(
        CourseDate(game_date=day, against_line=compare_errors(rows, "line"), picks=hit_rate(rows.filter(PICKED)))
        for (day,), rows in sorted(dates.items())
    )


def first_graded_date(game_date: date) -> date:
    """The first date that the performance up to a date needs: the season's, or that of 30 days."""
    return min(first_day(season_of(game_date)), game_date - timedelta(days=29))


def performance(graded: pl.DataFrame, game_date: date) -> Performance:
    """Measure grades of the season up to a date; `graded` has the columns of `graded_of_dates.sql`."""
    return Performance(windows=tuple(_windows(graded, game_date)), drift=_drift(graded, game_date))


def _windows(graded: pl.DataFrame, game_date: date) -> Iterator[Window]:
    for label, days in WINDOWS.items():
        first = first_day(season_of(game_date)) if days is None else game_date - timedelta(days=days - 1)
        rows = graded.filter(pl.col("game_date").is_between(first, game_date))
        yield Window(label=label, first_date=first, last_date=game_date, systems=measure(rows))


def _drift(graded: pl.DataFrame, game_date: date) -> tuple[PerformanceDrift, ...]:
    season = graded.filter(FORWARD, pl.col("game_date") >= first_day(season_of(game_date)))
    views = season.partition_by("system_id", "view", as_dict=True)
    return tuple(
        _drift_of(system_id, View(view), views[system_id, view], game_date) for system_id, view in sorted(views)
    )


def _drift_of(system_id: str, view: View, rows: pl.DataFrame, game_date: date) -> PerformanceDrift:
    is_recent = pl.col("game_date") > game_date - timedelta(days=RECENT_DAYS)
    recent, earlier = mean_of(rows.filter(is_recent), _AGAINST_LINE), mean_of(rows.filter(~is_recent), _AGAINST_LINE)
    return PerformanceDrift(
        system_id=system_id,
        view=view,
        recent=recent,
        earlier=earlier,
        standard_errors=_change(recent, earlier),
    )


def _change(recent: Estimate, earlier: Estimate) -> float | None:
    if recent.n < LEAST_RECENT or earlier.n < LEAST_EARLIER:
        return None
    if recent.value is None or earlier.value is None or recent.se is None or earlier.se is None:
        return None
    error = hypot(recent.se, earlier.se)
    return (recent.value - earlier.value) / error if error else None


def _drift_warnings(drift: tuple[PerformanceDrift, ...]) -> Iterator[Finding]:
    for each in drift:
        if each.drifts:
            recent = f"{each.recent.value:+.2f} on {counted(each.recent.n, 'row')} of the last 7 days"
            earlier = f"{each.earlier.value:+.2f} on {each.earlier.n:,} before"
            text = f"MAE minus that of the line is {recent}, {earlier}; check its inputs"
            yield metric_warning("performance-drift", each.system_id, each.view, text, SOURCES_COMMAND)
