"""Figures of the report page as inline SVG: pure functions of numbers, colored by the style sheet of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from html import escape
from itertools import count
from math import ceil
from typing import NamedTuple

from tipoff.grading.metrics import ReliabilityBin
from tipoff.vocabulary import counted

_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
Format = Callable[[float], str]

WIDTH, HEIGHT = 480, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 38, 52
BELOW_AXIS = 24
"""From the horizontal axis to its numbers, which pass below the lowest number of the vertical one."""
BETWEEN_LABELS = 8
LARGEST_TEXT = {"label": 18.0, "top": 12.0, "tick": 17.0, "count": 17.0}
"""The size in which the style sheets show each kind of text on a phone, where it is the largest."""


def _signed(points: float) -> str:
    text = f"{points:+.3g}" if abs(points) < 999.5 else f"{points:+,.0f}"
    return "0" if points == 0 else text.replace("-", "−")


class Axis(NamedTuple):
    """A linear scale from values to positions along one axis."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the position of a value in SVG units; values out of range are clipped."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def range_bar(
    low: float, points: float, high: float, top: float, line: float | None = None, scored: float | None = None
) -> str:
    """Draw an interval on the scale 0 to `top`: band, point estimate, the line as a tick, the result as a ring.

    The page shows the numbers as text too, so the bar is hidden from screen readers.
    """

    def at(value: float) -> str:
        return f"{min(100.0, 100 * value / top):.1f}%"

    band = f'<rect class="band" x="{at(low)}" y="8" width="{at(high - low)}" height="8" rx="4"/>'
    dot = f'<circle class="dot" cx="{at(points)}" cy="12" r="4"/>'
    tick = "" if line is None else _vertical("line", at(line), 1, 23)
    ring = "" if scored is None else f'<circle class="ring" cx="{at(scored)}" cy="12" r="6"/>'
    return f'<svg class="bar" aria-hidden="true">{band}{tick}{dot}{ring}</svg>'


def _vertical(kind: str, x: str, top: float, bottom: float) -> str:
    return f'<line class="{kind}" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'


OF_LEANS = ("Probability given to the lean", "Share of leans that won")
"""The titles of the axes where probabilities are those of the leans."""


def reliability_figure(key: str, name: str, bins: Sequence[ReliabilityBin], titles: tuple[str, str] = OF_LEANS) -> str:
    """Draw observed against predicted shares: one dot per bin, area by predictions, whiskers 95 % Wilson."""
    low = min(4, *(int(each.predicted * 10) for each in bins), 4) / 10
    high = max(8, *(int(each.predicted * 10) + 1 for each in bins), 8) / 10
    x = Axis(low, high, LEFT, WIDTH - RIGHT)
    y = Axis(0, 1, HEIGHT - BOTTOM, TOP)
    most = max((each.n for each in bins), default=1)
    description = "; ".join(
        f"predicted {_percent(each.predicted)}, observed {_percent(each.observed)} of {each.n}" for each in bins
    )
    body = [
        *_grid(x, y, [tenth / 10 for tenth in range(round(low * 10), round(high * 10) + 1)], _QUARTERS, _percent),
        f'<line class="ideal" x1="{x.at(low)}" y1="{y.at(low)}" x2="{x.at(high)}" y2="{y.at(high)}"/>',
        *(_reliability_mark(each, x, y, most) for each in bins),
        *_labels(*titles),
    ]
    return _figure(f"reliability-{key}", f"Calibration of {name}", description or "No wins or losses yet.", body)


def _reliability_mark(each: ReliabilityBin, x: Axis, y: Axis, most: int) -> str:
    across, radius = x.at(each.predicted), 3 + 8 * (each.n / most) ** 0.5
    beside = (across + radius + 3, "start")
    if beside[0] + _width(str(each.n), "count") > WIDTH:
        beside = (across - radius - 3, "end")
    return (
        f'<line class="whisker" x1="{across}" x2="{across}" y1="{y.at(each.low)}" y2="{y.at(each.high)}"/>'
        f'<circle class="mark" cx="{across}" cy="{y.at(each.observed)}" r="{radius:.1f}"/>'
        + _text(beside[0], y.at(each.observed) - 6, str(each.n), beside[1], "count")
    )


def residual_figure(key: str, name: str, residuals: Sequence[tuple[float, float]]) -> str:
    """Draw scored minus predicted against predicted points, one dot per player, with the mean per five points."""
    top = _round_up(max((predicted for predicted, _ in residuals), default=1), 5)
    reach = _round_up(max((abs(residual) for _, residual in residuals), default=1), 10)
    x = Axis(0, top, LEFT, WIDTH - RIGHT)
    y = Axis(-reach, reach, HEIGHT - BOTTOM, TOP)
    body = [
        *_grid(x, y, _steps(0, top, 5 if top <= 30 else 10), _steps(-reach, reach, 10), _signed),
        f'<line class="ideal" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(0)}" y2="{y.at(0)}"/>',
        f'<path class="speck" d="{"".join(f"M{x.at(a)} {y.at(b)}h0" for a, b in residuals)}"/>',
        *(_mean_step(x, y, *step) for step in _means(residuals, 5)),
        *_labels("Predicted points", "Scored minus predicted"),
    ]
    return _figure(f"residuals-{key}", f"Errors of {name}", _describe_residuals(residuals), body)


def _describe_residuals(residuals: Sequence[tuple[float, float]]) -> str:
    if not residuals:
        return "No results yet."
    errors = sorted(residual for _, residual in residuals)
    mean = sum(errors) / len(errors)
    spread = f"from {_signed(errors[0])} to {_signed(errors[-1])}"
    return f"Errors of {counted(len(errors), 'player')} in points: mean {_signed(mean)}, {spread}."


def _means(residuals: Iterable[tuple[float, float]], width: int) -> list[tuple[float, float, float]]:
    """Return (from, to, mean residual) of each bin of predicted points with at least five players."""
    bins: dict[int, list[float]] = {}
    for predicted, residual in residuals:
        bins.setdefault(int(predicted // width), []).append(residual)
    return [
        (number * width, (number + 1) * width, sum(those) / len(those))
        for number, those in sorted(bins.items())
        if len(those) >= 5
    ]


def _mean_step(x: Axis, y: Axis, start: float, end: float, mean: float) -> str:
    return f'<line class="mean" x1="{x.at(start)}" x2="{x.at(end)}" y1="{y.at(mean)}" y2="{y.at(mean)}"/>'


def share_bar(share: float) -> str:
    """Draw a share of one as a bar; hidden from screen readers, as the number stands beside it."""
    return f'<svg class="share" aria-hidden="true"><rect width="{100 * share:.0f}%" height="100%"/></svg>'


def term_bar(points: float, reach: float) -> str:
    """Draw a term of a sum from the middle, to the right if it adds, on the scale -`reach` to `reach`."""
    width = 50 * abs(points) / reach if reach else 0.0
    start = 50 if points >= 0 else 50 - width
    kind = "over" if points >= 0 else "under"
    bar = f'<rect class="{kind}" x="{start:.1f}%" width="{width:.1f}%" y="2" height="10"/>'
    return f'<svg class="term" aria-hidden="true">{_vertical("grid", "50%", 0, 14)}{bar}</svg>'


def games_figure(key: str, games: Sequence[tuple[date, int, float | None]], line: float | None) -> str:
    """Draw the points of games, the oldest first, against a line; a short mark is the closing line of the game."""
    highest = max(*(points for _, points, _ in games), *(mark for *_, mark in games if mark), line or 0, 1)
    y = Axis(0, _round_up(highest + 2, 5), HEIGHT - BOTTOM, TOP)
    slot = (WIDTH - RIGHT - LEFT) / len(games)
    starts = [LEFT + index * slot for index in range(len(games))]
    ticks = [(start + slot / 2, f"{day:%b} {day.day}") for start, (day, *_) in zip(starts, games, strict=True)]
    body = [
        *(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(v)}" y2="{y.at(v)}"/>'
            + _text(LEFT - 7, y.at(v) + 5, f"{v:g}", "end")
            for v in _steps(0, int(y.high), 5 if y.high <= 30 else 10)
        ),
        *(_game_bar(start, slot, game, line, y) for start, game in zip(starts, games, strict=True)),
        *(_text(at, HEIGHT - BOTTOM + BELOW_AXIS, text, "middle") for at, text in _apart([ticks[0], *ticks[4::5]])),
        _text(2, 17, "Points", "start", "label"),
    ]
    title = f"Points in the last {counted(len(games), 'game')}"
    if line is None:
        return _figure(key, title, ", ".join(str(points) for _, points, _ in games), body)
    body.append(f'<line class="asked" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(line)}" y2="{y.at(line)}"/>')
    body.append(_text(WIDTH - RIGHT, 17, f"line {line:g}", "end", "label"))
    over = sum(points > line for _, points, _ in games)
    return _figure(key, title, f"Over {line:g} in {over} of {counted(len(games), 'game')}.", body)


def _game_bar(start: float, slot: float, game: tuple[date, int, float | None], line: float | None, y: Axis) -> str:
    _, points, closing = game
    kind = "game" if line is None or points == line else "over" if points > line else "under"
    width, top = slot * 0.72, y.at(points)
    left = start + (slot - width) / 2
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{y.start - top:.1f}" rx="2"/>'
        + _text(start + slot / 2, top - 4, str(points), "middle", "top")
        + ("" if closing is None else _level(start, start + slot, y.at(closing)))
    )


def _level(start: float, end: float, y: float) -> str:
    return f'<line class="closing" x1="{start:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}"/>'


def course_figure(
    key: str, name: str, course: Sequence[tuple[date, float]], title: str, label: Format = _signed
) -> str:
    """Draw a figure from date to date, with zero and the last value."""
    first, last = course[0][0].toordinal(), course[-1][0].toordinal()
    values = [value for _, value in course]
    lowest, highest = min(0.0, *values), max(0.0, *values)
    step = _step_of(highest - lowest)
    below, above = ceil(-lowest / step), max(1, ceil(highest / step))
    x = Axis(first, max(last, first + 1), LEFT, WIDTH - RIGHT)
    y = Axis(-below * step, above * step, HEIGHT - BOTTOM, TOP)
    ticks = [number * step for number in range(-below, above + 1)]
    line = [(x.at(day.toordinal()), y.at(value)) for day, value in course]
    body = [
        *(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(v)}" y2="{y.at(v)}"/>' for v in ticks),
        *(_text(LEFT - 7, y.at(v) + 5, label(v), "end") for v in ticks),
        *(_text(at, HEIGHT - BOTTOM + BELOW_AXIS, text, "middle") for at, text in _apart(_date_ticks(course, x))),
        f'<line class="ideal" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(0)}" y2="{y.at(0)}"/>',
        f'<polyline class="course" points="{" ".join(f"{a},{b}" for a, b in line)}"/>',
        f'<circle class="mark" cx="{line[-1][0]}" cy="{line[-1][1]}" r="5"/>',
        _text(2, 17, title, "start", "label"),
    ]
    spread = f"from {label(min(values))} to {label(max(values))}"
    description = f"{counted(len(course), 'date')} until {course[-1][0]}: last {label(values[-1])}, {spread}."
    return _figure(f"course-{key}", name, description, body)


def _step_of(span: float) -> float:
    """Return a round step with at most six steps in a span."""
    steps = (digit * 10.0**power for power in count(-2) for digit in (1, 2, 5))
    return next(step for step in steps if step >= 0.05 and span <= 6 * step)


def _date_ticks(course: Sequence[tuple[date, float]], x: Axis) -> list[tuple[float, str]]:
    """Return position and label of the first date of each month; of one month, those of its first and last date."""
    days = [day for day, _ in course]
    months = {(day.year, day.month): day for day in reversed(days)}
    if len(months) > 1:
        return [(x.at(day.toordinal()), f"{day:%b}") for day in sorted(months.values())]
    return [(x.at(day.toordinal()), f"{day:%b} {day.day}") for day in sorted({days[0], days[-1]})]


def _apart(ticks: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """Leave out labels that the next one would cover."""
    shown: list[tuple[float, str]] = []
    for at, text in ticks:
        if shown and _span(*shown[-1], "middle")[1] + BETWEEN_LABELS > _span(at, text, "middle")[0]:
            shown.pop()
        shown.append((at, text))
    return shown


# ── shared by the figures ───────────────────────────────────────────────────────────────────────────────


def _figure(key: str, title: str, description: str, body: Iterable[str]) -> str:
    return (
        f'<svg class="figure" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{escape(title)}</title><desc id="{key}-d">{escape(description)}</desc>'
        f"{''.join(body)}</svg>"
    )


def _grid(x: Axis, y: Axis, across: Sequence[float], up: Sequence[float], label: Format) -> list[str]:
    """Draw grid lines and numbers of both axes; numbers of the horizontal axis have no sign."""
    upright = [f'<line class="grid" x1="{x.at(v)}" x2="{x.at(v)}" y1="{y.start}" y2="{y.end}"/>' for v in across]
    level = [f'<line class="grid" x1="{x.start}" x2="{x.end}" y1="{y.at(v)}" y2="{y.at(v)}"/>' for v in up]
    below = [_text(x.at(v), y.start + BELOW_AXIS, label(v).lstrip("+"), "middle") for v in across]
    beside = [_text(x.start - 7, y.at(v) + 5, label(v), "end") for v in up]
    return [*upright, *level, *below, *beside]


def _labels(across: str, up: str) -> list[str]:
    """Draw the titles of the axes; the title of the vertical axis is above it, to be read without rotation."""
    below = _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, across, "middle", "label")
    return [below, _text(2, 17, up, "start", "label")]


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> str:
    """Draw a text beside a point, moved as far as it takes to be inside the figure."""
    start, end = _span(x, text, anchor, kind)
    x = start + _SHARE_BEFORE[anchor] * (end - start)
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


_SHARE_BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""Text anchor -> share of the text that is left of its point."""


def _span(x: float, text: str, anchor: str, kind: str = "tick") -> tuple[float, float]:
    """Return where a text begins and ends."""
    width = _width(text, kind)
    start = max(0.0, min(x - _SHARE_BEFORE[anchor] * width, WIDTH - width))
    return start, start + width


def _width(text: str, kind: str) -> float:
    """Return the width of a text in a wide font; readers' fonts differ."""
    return LARGEST_TEXT[kind] * sum(_EMS.get(character, 0.64) for character in text)


_EMS = dict.fromkeys("MWmw%+−", 0.95) | dict.fromkeys(" .,iljI", 0.32)
"""The width of characters that are wider or narrower than digits, in font sizes."""


def _steps(start: int, end: int, step: int) -> list[float]:
    return [float(value) for value in range(start, end + 1, step)]


def _round_up(value: float, step: int) -> int:
    return max(step, step * -int(-value // step))


def _percent(share: float) -> str:
    return f"{share:.0%}"
