"""The season: a calendar of its games, and how the headline did from date to date."""

from __future__ import annotations

from calendar import Calendar, day_abbr
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate, groupby
from typing import Any, Final, NamedTuple

from tipoff.publishing.calendar import GAME_COUNTS, CalendarPayload, GameCount
from tipoff.publishing.envelope import JsonObject
from tipoff.publishing.figures import course_figure
from tipoff.publishing.performance import PERFORMANCE, PerformancePayload
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.site.results import FOLDER
from tipoff.vocabulary import FEW_PICKS

DATES_OF_A_MEAN: Final = 14
"""Dates over which the error is averaged for its course."""
_WEEKS: Final = Calendar(firstweekday=6)


class CalendarDay(NamedTuple):
    """A day of a month; `games` is None on a day of another month."""

    day: date
    games: GameCount | None
    in_month: bool
    has_results: bool


class Month(NamedTuple):
    """A month of the calendar, by week from Sunday."""

    first: date
    weeks: tuple[tuple[CalendarDay, ...], ...]


class MonthFigures(NamedTuple):
    """The figures of the dates of a month."""

    label: str
    dates: int
    predictions: int
    mae: float | None
    line_mae: float | None
    wins: int
    picks: int
    profit: float


def _content(exports: Exports, _: Key) -> Content:
    calendar = exports.read_as(GAME_COUNTS.path, CalendarPayload)
    performance = exports.read_as(PERFORMANCE.pointer, PerformancePayload)
    course = performance.payload.model_dump(mode="json")["course"] if performance else []
    with_results = set(exports.dates(FOLDER))
    newest = calendar or performance
    values = {
        "season": calendar.payload.season if calendar else None,
        "today": calendar.envelope.game_date if calendar else None,
        "months": tuple(months(calendar.payload.dates, with_results)) if calendar else (),
        "weekdays": [day_abbr[weekday] for weekday in _WEEKS.iterweekdays()],
        "figures": _figures(course) if course else (),
        "by_month": [_month_figures(f"{first:%B %Y}", dates) for first, dates in _by_month(course)],
        "total": _month_figures("Season", course),
        "few": FEW_PICKS,
    }
    envelope = newest.envelope if newest else None
    return Content(values, envelope, f"Season {calendar.payload.season}" if calendar else None)


def months(counts: Sequence[GameCount], with_results: set[date]) -> Iterator[Month]:
    """Return the months from the first to the last game."""
    by_date = {each.game_date: each for each in counts}
    for first in sorted({each.game_date.replace(day=1) for each in counts}):
        weeks = _WEEKS.monthdatescalendar(first.year, first.month)
        yield Month(
            first,
            tuple(
                tuple(CalendarDay(day, by_date.get(day), day.month == first.month, day in with_results) for day in week)
                for week in weeks
            ),
        )


def _date(row: JsonObject) -> date:
    return date.fromisoformat(row["game_date"])


def _by_month(course: Iterable[JsonObject]) -> Iterator[tuple[date, list[JsonObject]]]:
    for first, rows in groupby(course, key=lambda row: _date(row).replace(day=1)):
        yield first, list(rows)


def _month_figures(label: str, rows: Sequence[JsonObject]) -> MonthFigures:
    lined, picks = [row["against_line"] for row in rows], [row["picks"] for row in rows]
    return MonthFigures(
        label=label,
        dates=len(rows),
        predictions=sum(each["n"] for each in lined),
        mae=_mean(lined, "mae"),
        line_mae=_mean(lined, "baseline_mae"),
        wins=sum(each["wins"] for each in picks),
        picks=sum(each["n"] for each in picks),
        profit=sum(each["profit"] or 0.0 for each in picks),
    )


def _mean(errors: Iterable[Mapping[str, Any]], name: str) -> float | None:
    """Return a mean over predictions of means over dates."""
    known = [each for each in errors if each["n"]]
    n = sum(each["n"] for each in known)
    return sum(each["n"] * each[name] for each in known) / n if n else None


def _figures(course: Sequence[JsonObject]) -> tuple[str, str]:
    """Draw the profit added up, and the error minus that of the line over the last dates."""
    dates = [_date(row) for row in course]
    profit = list(accumulate(row["picks"]["profit"] or 0.0 for row in course))
    return (
        course_figure("profit", "Profit of the headline's picks", list(zip(dates, profit, strict=True)), "Units"),
        course_figure("error", "Mean error minus that of the line", _error_course(course), "Points"),
    )


def _error_course(course: Sequence[JsonObject]) -> list[tuple[date, float]]:
    lined = [row for row in course if row["against_line"]["n"]]
    width = min(DATES_OF_A_MEAN, len(lined))
    windows = (lined[end - width : end] for end in range(max(1, width), len(lined) + 1))
    return [(_date(window[-1]), _gain(window)) for window in windows]


def _gain(rows: Sequence[JsonObject]) -> float:
    figures = _month_figures("", rows)
    return (figures.mae or 0.0) - (figures.line_mae or 0.0)


SEASON: Final = Page(
    name="season",
    path="season.html",
    title="The season",
    summary="The calendar of the season's games, and how the headline did from date to date.",
    template="season.html.j2",
    content=_content,
    menu="Season",
)
