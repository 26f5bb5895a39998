"""The days of a month: a grid of dates and phases, each cell a link to its part of the report page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

from tipoff.publishing.page import verdict_of
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.status import status_path
from tipoff.publishing.tones import STEP_TONES
from tipoff.vocabulary import DayStatus, Phase, StepState, phase_state

FOLDER: Final = "v1/status"

MARKS: Final = {
    StepState.PENDING: "·",
    StepState.RUNNING: "…",
    StepState.LATE: "!",
    StepState.COMPLETE: "✓",
    StepState.EMPTY_OK: "✓",
    StepState.DEGRADED: "△",
    StepState.SKIPPED: "↷",
    StepState.FAILED: "✕",
}
"""The state of a phase in one sign, for those who do not see colors."""


class DayRow(NamedTuple):
    """One date: how it ended or stands, and the state of each phase that its plan has."""

    status: DayStatus
    tone: str
    words: str
    phases: tuple[StepState | None, ...]
    has_page: bool


def _month_content(exports: Exports, key: Key) -> Content:
    return _content(exports, key["month"])


def _latest_content(exports: Exports, _: Key) -> Content:
    return _content(exports, next(iter(_months(exports)), ""))


def _content(exports: Exports, month: str) -> Content:
    dates = [each for each in exports.dates(FOLDER) if _month_of(each) == month]
    rows = tuple(_rows(exports, dates))
    title = f"Days of {dates[0]:%B %Y}" if dates else None
    envelopes = (exports.envelope(status_path(each)) for each in dates)
    values = {
        "rows": rows,
        "phases": tuple(Phase),
        "month": month,
        "months": _months(exports),
        "marks": MARKS,
        "tones": STEP_TONES,
    }
    return Content(values, next(filter(None, envelopes), None), title)


def _rows(exports: Exports, dates: Iterable[date]) -> Iterator[DayRow]:
    reports = exports.report_dates()
    for each in dates:
        published = exports.read_as(status_path(each), DayStatus)
        if published is not None:
            status = published.payload
            yield DayRow(status, *verdict_of(status), tuple(_phases(status)), str(each) in reports)


def _phases(status: DayStatus) -> Iterator[StepState | None]:
    for phase in Phase:
        steps = [step for step in status.steps if step.phase is phase]
        yield phase_state(steps) if steps else None


def _month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def _months(exports: Exports) -> list[str]:
    """Return the months with days, the newest first."""
    return list(dict.fromkeys(_month_of(each) for each in exports.dates(FOLDER)))


def _keys(exports: Exports) -> Iterable[Key]:
    return [{"month": month} for month in _months(exports)]


def _keys_of_date(_: Exports, game_date: date) -> Iterable[Key]:
    return [{"month": _month_of(game_date)}]


_TEMPLATE: Final = "days.html.j2"

LATEST_DAYS: Final = Page(
    name="days",
    path="days.html",
    title="The days",
    summary="How each phase of the newest days went.",
    template=_TEMPLATE,
    content=_latest_content,
    menu="Days",
)
DAYS: Final = Page(
    name="days",
    path="days/{month}.html",
    title="The days of a month",
    summary="How each phase of each day of a month went, with links to the report pages.",
    template=_TEMPLATE,
    content=_month_content,
    keys=_keys,
    keys_of_date=_keys_of_date,
)
