"""How the predictions of a date did: its picks, calibration, skill against the market, and the biggest surprises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import polars as pl

from tipoff.grading.metrics import Z_95, ReliabilityBin
from tipoff.grading.outcomes import SIDES
from tipoff.grading.statistics import clustered_mean, compare, squared_error
from tipoff.publishing.envelope import Envelope, JsonObject
from tipoff.publishing.figures import range_bar, reliability_figure, residual_figure
from tipoff.publishing.results import RESULTS, ResultsPayload
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import FEW_PICKS, Grade

FOLDER: Final = "v1/results"
SURPRISES_SHOWN: Final = 10
BETS: Final = (Grade.WIN, Grade.LOSS, Grade.PUSH)


class Profit(NamedTuple):
    """Units won, one staked on each pick, with the 95 % interval that the spread between games gives."""

    n: int
    units: float | None
    low: float | None
    high: float | None


class Skill(NamedTuple):
    """Brier scores of P(over) and of the market without its hold, on the same rows."""

    n: int
    brier: float | None
    market_brier: float | None

    @property
    def share(self) -> float | None:
        """The part of the market's score that is saved; below zero, the market was better."""
        return None if self.brier is None or not self.market_brier else 1 - self.brier / self.market_brier


def _content_of_date(exports: Exports, key: Key) -> Content:
    return _content(exports, f"{FOLDER}/{key['game_date']}.json")


def _latest_content(exports: Exports, _: Key) -> Content:
    return _content(exports, RESULTS.pointer)


def _content(exports: Exports, path: str) -> Content:
    published = exports.read_as(path, ResultsPayload)
    if published is None:
        return Content({"results": None})
    envelope, payload = published
    values = _values(exports, payload.model_dump(mode="json"), envelope)
    return Content(values, envelope, f"Results of {envelope.game_date:%A, %B %-d, %Y}")


def _values(exports: Exports, results: JsonObject, envelope: Envelope) -> Mapping[str, Any]:
    headline = results["headline"]
    key = headline["system_id"], headline["view"]
    rows = _rows(results["players"])
    shown = [row for row in rows if _view(row) == key]
    dates = exports.dates(FOLDER)
    return {
        "results": results,
        "game_date": envelope.game_date,
        "earlier": max((each for each in dates if each < envelope.game_date), default=None),
        "later": min((each for each in dates if each > envelope.game_date), default=None),
        "systems": _with_skill(results["systems"], rows, key),
        "reports": exports.report_dates(),
        "titles": SYSTEMS,
        "few": FEW_PICKS,
        "figures": next((each for each in results["systems"] if _view(each) == key), None),
        "profit": profit_of(_picks(shown)),
        "skill": skill_of(shown),
        "picks": _picks(shown),
        "surprises": surprises(shown),
        "figures_svg": _drawn(results["systems"], shown, key),
        "graded": sum(results["outcomes"].values()),
        "labels": {game["game_id"]: f"{game['away']}@{game['home']}" for game in results["games"]},
        "voids": voids(shown),
    }


def _rows(players: Iterable[JsonObject]) -> list[JsonObject]:
    """Return a row for each prediction, with what is known of its player."""
    return [{**player, **each} for player in players for each in player["systems"]]


def _view(row: JsonObject) -> tuple[str, str]:
    return row["system_id"], row["view"]


def _picks(rows: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the picks, the most profitable first and void ones last."""
    picks = (row for row in rows if row["recommendation"] in SIDES and not row["backfilled"])
    return sorted(picks, key=lambda row: (row["profit_units"] is None, -(row["profit_units"] or 0), row["player_name"]))


def profit_of(picks: Sequence[JsonObject]) -> Profit:
    """Return the profit of picks with an interval; without two games there is none."""
    staked = [each for each in picks if each["profit_units"] is not None and each["grade"] in BETS]
    mean = clustered_mean([each["profit_units"] for each in staked], [each["game_id"] for each in staked])
    if mean.value is None:
        return Profit(0, None, None, None)
    units = mean.n * mean.value
    reach = None if mean.se is None else Z_95 * mean.n * mean.se
    return Profit(mean.n, units, *((None, None) if reach is None else (units - reach, units + reach)))


def skill_of(rows: Iterable[JsonObject]) -> Skill:
    """Return the skill on the predictions with a line that was decided, and a market probability."""
    known = [
        (row["game_id"], row["over_probability"], row["market_over_probability"], row["grade"], row["lean"])
        for row in rows
        if row["grade"] in (Grade.WIN, Grade.LOSS) and not row["backfilled"]
    ]
    frame = pl.DataFrame(
        known,
        {"game_id": pl.String, "own": pl.Float64, "market": pl.Float64, "grade": pl.String, "lean": pl.String},
        orient="row",
    )
    over = ((pl.col("grade") == Grade.WIN.value) == (pl.col("lean") == "OVER")).cast(pl.Float64)
    both = compare(frame, squared_error(pl.col("own"), over), squared_error(pl.col("market"), over))
    return Skill(both.system.n, both.system.value, both.other.value)


def surprises(rows: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the largest errors, each with the interval, the line and the result drawn on the same scale."""
    played = [row for row in rows if row["actual_points"] is not None]
    worst = sorted(played, key=lambda row: -abs(row["signed_error"]))[:SURPRISES_SHOWN]
    highest = max((max(row["high_80"], row["actual_points"]) for row in worst), default=0)
    top = 10 * (int(highest) // 10 + 1)
    return [{**row, "bar": _bar(row, top)} for row in worst]


def _bar(row: JsonObject, top: int) -> str:
    return range_bar(row["low_80"], row["points"], row["high_80"], top, row["line"], row["actual_points"])


def voids(rows: Iterable[JsonObject]) -> dict[str, list[str]]:
    """Return void reason -> names of the players."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["void_reason"]:
            reasons.setdefault(row["void_reason"], []).append(row["player_name"])
    return reasons


def _with_skill(
    systems: Iterable[JsonObject], rows: Iterable[JsonObject], headline: tuple[str, str]
) -> list[JsonObject]:
    """Return the figures of each view of each system with its skill, the headline first."""
    of_view: dict[tuple[str, str], list[JsonObject]] = {}
    for row in rows:
        of_view.setdefault(_view(row), []).append(row)
    with_skill = [{**each, "skill": skill_of(of_view.get(_view(each), ()))} for each in systems]
    return sorted(with_skill, key=lambda each: (_view(each) != headline, each["system_id"] != headline[0]))


def _drawn(systems: Iterable[JsonObject], rows: Iterable[JsonObject], headline: tuple[str, str]) -> tuple[str, str]:
    """Draw calibration and errors of the headline."""
    bins = [
        ReliabilityBin.model_validate(each)
        for system in systems
        if _view(system) == headline
        for each in system["reliability"]
    ]
    residuals = [
        (row["points"], -row["signed_error"])
        for row in rows
        if row["signed_error"] is not None and not row["backfilled"]
    ]
    return reliability_figure("headline", "the headline", bins), residual_figure("headline", "the headline", residuals)


def _keys(exports: Exports) -> Iterable[Key]:
    return [{"game_date": str(each)} for each in exports.dates(FOLDER)]


def _keys_of_date(exports: Exports, game_date: date) -> Iterable[Key]:
    """Return the date and those beside it, which link to it."""
    dates = exports.dates(FOLDER)
    earlier = [each for each in dates if each < game_date][:1]
    later = [each for each in dates if each > game_date][-1:]
    return [{"game_date": str(each)} for each in (*later, game_date, *earlier)]


_TEMPLATE: Final = "results_page.html.j2"

LATEST_RESULTS: Final = Page(
    name="results",
    path="results.html",
    title="Results",
    summary="How the predictions of the last graded date did.",
    template=_TEMPLATE,
    content=_latest_content,
    menu="Results",
)
RESULTS_OF_DATE: Final = Page(
    name="results",
    path="results/{game_date}.html",
    title="Results of a date",
    summary="How the predictions of a date did: picks, calibration, skill against the market and surprises.",
    template=_TEMPLATE,
    content=_content_of_date,
    keys=_keys,
    keys_of_date=_keys_of_date,
)
