"""How the systems did on the last date, in 7 and 30 days and in the season."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tipoff.grading.metrics import ReliabilityBin
from tipoff.publishing.envelope import JsonObject
from tipoff.publishing.figures import range_bar, reliability_figure
from tipoff.publishing.performance import PERFORMANCE, PerformancePayload
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.systems.registry import HEADLINE, SYSTEMS
from tipoff.vocabulary import FEW_PICKS

SEASON: Final = "season"
SCALE: Final = (0.3, 0.7)
"""The hit rates at both ends of a bar."""


def _content(exports: Exports, _: Key) -> Content:
    published = exports.read_as(PERFORMANCE.pointer, PerformancePayload)
    if published is None:
        return Content({"windows": {}})
    return Content(_values(published.payload.model_dump(mode="json")), published.envelope)


def _values(performance: JsonObject) -> Mapping[str, Any]:
    windows = {window["label"]: window for window in performance["windows"]}
    of_season = _headline_first(windows[SEASON]["systems"])
    return {
        "windows": windows,
        "dates": [each["game_date"] for each in performance["course"]],
        "by_view": {label: {_view(each): each for each in window["systems"]} for label, window in windows.items()},
        "counts": any(each["played"] for each in of_season),
        "systems": [{**each, "bar": _bar(each["picks"]), "verdict": verdict(each["picks"])} for each in of_season],
        "calibrations": [(each, _drawn(each)) for each in of_season if each["reliability"]],
        "drift": [each for each in performance["drift"] if each["standard_errors"] is not None],
        "features": performance["features"],
        "drifted": performance["drifted_features"],
        "findings": performance["findings"],
        "headline": HEADLINE,
        "titles": SYSTEMS,
        "scale": SCALE,
        "few": FEW_PICKS,
    }


def verdict(picks: JsonObject) -> tuple[str, str]:
    """Return the tone and the words for a hit rate: a good or bad one only if enough picks and the interval say so."""
    if picks["n"] < FEW_PICKS or picks["break_even"] is None:
        return "plain", "too few to read"
    if picks["low"] > picks["break_even"]:
        return "good", "above break-even"
    if picks["high"] < picks["break_even"]:
        return "bad", "below break-even"
    return "plain", "around break-even"


def _view(each: JsonObject) -> tuple[str, str]:
    return each["system_id"], each["view"]


def _headline_first(systems: Iterable[JsonObject]) -> list[JsonObject]:
    return sorted(systems, key=lambda each: (_view(each) != HEADLINE, each["system_id"] != HEADLINE[0]))


def _bar(picks: JsonObject) -> str:
    """Draw the hit rate in its interval on SCALE, with the break-even as a tick."""
    if not picks["n"]:
        return ""
    low, rate, high, even = (_on_scale(picks[name]) for name in ("low", "rate", "high", "break_even"))
    return range_bar(low, rate, high, SCALE[1] - SCALE[0], even)


def _on_scale(share: float) -> float:
    return min(max(share, SCALE[0]), SCALE[1]) - SCALE[0]


def _drawn(system: JsonObject) -> str:
    bins = [ReliabilityBin.model_validate(each) for each in system["reliability"]]
    name = f"{SYSTEMS.get(system['system_id'], system['system_id'])} ({system['view']})"
    return reliability_figure(f"{system['system_id']}-{system['view']}", name, bins)


SYSTEMS_PAGE: Final = Page(
    name="systems",
    path="systems.html",
    title="The systems",
    summary="How each system did on the last date, in 7 and 30 days and in the season, beside the betting line.",
    template="systems.html.j2",
    content=_content,
    menu="Systems",
)
