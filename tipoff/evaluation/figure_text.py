"""Figures as text: numbers with standard errors, shares and intervals."""

from __future__ import annotations

from tipoff.evaluation.evaluation import PickFigures
from tipoff.grading.statistics import Comparison, Estimate

ABSENT = "–"
TOO_FEW = "too few to read"


def number(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """A number; an en dash for none."""
    if value is None:
        return ABSENT
    rounded = round(value, digits) or 0.0  # no minus zero
    return f"{rounded:{'+' if signed else ''}.{digits}f}".replace("-", "−")


def share(value: float | None, digits: int = 1) -> str:
    """A share in percent."""
    return ABSENT if value is None else f"{number(100 * value, digits)} %"


def interval(low: float | None, high: float | None) -> str:
    """A 95 % interval of shares."""
    return ABSENT if low is None or high is None else f"{number(100 * low, 1)} to {share(high)}"


def estimate(figure: Estimate, digits: int = 3, *, signed: bool = False, percent: bool = False) -> str:
    """A mean with its standard error, such as "+0.110 ± 0.030"."""
    scale = 100 if percent else 1
    if figure.value is None:
        return ABSENT
    value = number(scale * figure.value, digits, signed=signed)
    error = f"{value} ± {number(scale * figure.se, digits)}" if figure.se is not None else value
    return f"{error} %" if percent else error


def difference(figure: Comparison, digits: int = 3) -> str:
    """The paired difference with its standard error."""
    return estimate(figure.difference, digits, signed=True)


def hit_rate(figures: PickFigures) -> str:
    """The hit rate with its Wilson interval, N, and what it means with few picks."""
    if figures.hit_rate is None:
        return ABSENT
    text = f"{share(figures.hit_rate)} ({interval(figures.low, figures.high)}, n {figures.wins + figures.losses:,})"
    return f"{text}, {TOO_FEW}" if figures.too_few else text
