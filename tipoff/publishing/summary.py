"""Exports the figures of a day for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import polars as pl
from pydantic import AwareDatetime

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.metrics import FORWARD, PICKED, compare_errors, hit_rate, mean_or_none, outcomes
from tipoff.grading.outcomes import FINAL, POSTPONED
from tipoff.publishing.envelope import Completeness, Edition
from tipoff.publishing.export import Export
from tipoff.publishing.slate import HEADLINE_SHOWN, Headline
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import EASTERN, Frozen, Grade, View
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text


class ViewFigures(Frozen):
    """The figures of one view of a system; null where nothing is graded. Errors in points, rates on the 0-1 scale."""

    predictions: int
    """Active predictions."""
    backfilled: int
    """Those made after tip-off; they count in `outcomes` and in no figure below it."""
    outcomes: dict[Grade, int]
    """Once all games are graded they add up to `predictions`."""
    mae: float | None
    """Mean absolute error over players with a line who played."""
    line_mae: float | None
    """That of the line on the same rows."""
    mae_n: int
    mae_beside_last10: float | None
    """Mean absolute error on those of them with a mean of the last 10 games."""
    last10_mae: float | None
    """That of this mean on the same rows."""
    last10_n: int
    mae_all: float | None
    """Mean absolute error over all players who played, with or without a line."""
    mae_all_n: int
    hit_rate: float | None
    """Share of wins among the wins and losses of picks; push and void do not count."""
    n: int
    """Wins and losses of picks."""
    wilson_low: float | None
    """Lower end of the 95 % Wilson interval of the hit rate."""
    wilson_high: float | None
    break_even: float | None
    """Hit rate with a profit of zero at the best quoted prices of the picks."""
    typical_break_even: float
    """The same at -115, what a book typically asks."""
    profit: float | None
    """Units won on the picks, one staked on each."""
    roi: float | None
    """Profit per unit staked."""
    closing_line_value: float | None
    """Mean of the points that the line moved towards the pick after the prediction."""
    closing_lines: int
    """Picks with a later line."""
    lean_hit_rate: float | None
    """The hit rate of all predictions with a line, a PASS by its lean."""
    lean_n: int


class SummaryPayload(Frozen):
    """The figures of a day, those of each view of each system apart."""

    games: int
    """Scheduled games, postponed ones included."""
    tip_off_not_fixed: tuple[str, ...]
    """Games whose tip-off is to be determined, such as "DET@ORL"."""
    players_predicted: int
    """Players with an active prediction of any system."""
    lined_players: int
    """Players whose active prediction has a line."""
    first_published_at: AwareDatetime | None
    """When predictions were first made, Eastern time."""
    refreshed_at: AwareDatetime | None
    """When predictions were last made, Eastern time; null if only once."""
    headline: Headline
    systems: dict[str, dict[View, ViewFigures]]
    """System -> view -> figures, for each with predictions."""


SUMMARY: Final = Export(
    "summary",
    "v1/summary/{game_date}.json",
    "The figures of a day for programs.",
    "when games are graded",
    SummaryPayload,
    reads=("active_predictions", "graded_outcomes", "publication_times", "slate_games"),
)


def publish_summary(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the figures of a date."""
    games = games_of(warehouse, edition.game_date, edition.as_of).filter(pl.col("game_status") != POSTPONED)
    figures = summarise(warehouse, edition.game_date, edition.as_of)
    views = [each for system in figures.systems.values() for each in system.values()]
    is_backfilled = bool(views) and all(each.backfilled == each.predictions for each in views)
    content = Completeness(empty=games.is_empty(), backfilled=is_backfilled)
    paths = write_export(store, SUMMARY, edition.envelope(content), figures)
    return PublishResult(paths=paths, rows=len(figures.systems))


def summarise(warehouse: Warehouse, game_date: date, as_of: datetime) -> SummaryPayload:
    """Return games, players and, per system and view, predictions, outcomes and figures; times are Eastern."""
    parameters: Parameters = {"game_date": game_date, "as_of": as_of}
    first, last = warehouse.query(sql_text("publication_times"), parameters).row(0)
    active = active_predictions(warehouse, game_date, as_of)
    games = games_of(warehouse, game_date, as_of)
    open_games = games.filter(~pl.col("game_status").is_in([FINAL, POSTPONED]))
    not_fixed = open_games.filter(pl.col("tip_off").is_null()).select("away", "home")
    return SummaryPayload(
        games=games.height,
        tip_off_not_fixed=tuple(f"{away}@{home}" for away, home in not_fixed.iter_rows()),
        players_predicted=active["player_id"].n_unique(),
        lined_players=active.filter(pl.col("line").is_not_null())["player_id"].n_unique(),
        first_published_at=_eastern(first),
        refreshed_at=_eastern(last) if last != first else None,
        headline=HEADLINE_SHOWN,
        systems=_systems(active, warehouse.query(sql_text("graded_outcomes"), parameters)),
    )


def _systems(active: pl.DataFrame, graded: pl.DataFrame) -> dict[str, dict[View, ViewFigures]]:
    """Return the figures of each view of each system with predictions; null until predictions are graded."""
    counts = active.group_by("system_id", "view").agg(predictions=pl.len(), backfilled=pl.col("backfilled").sum())
    systems: dict[str, dict[View, ViewFigures]] = {}
    for system_id, view, predictions, backfilled in counts.sort("system_id", "view").iter_rows():
        figures = _figures(graded.filter(system_id=system_id, view=view), predictions, backfilled)
        systems.setdefault(system_id, {})[View(view)] = figures
    return systems


def _figures(graded: pl.DataFrame, predictions: int, backfilled: int) -> ViewFigures:
    forward = graded.filter(FORWARD)
    line, last10 = compare_errors(forward, "line"), compare_errors(forward, "last10")
    played = forward.drop_nulls("absolute_error")
    picks, leans = hit_rate(forward.filter(PICKED)), hit_rate(forward)
    return ViewFigures(
        predictions=predictions,
        backfilled=backfilled,
        outcomes={Grade(grade): count for grade, count in outcomes(graded).items()},
        mae=line.mae,
        line_mae=line.baseline_mae,
        mae_n=line.n,
        mae_beside_last10=last10.mae,
        last10_mae=last10.baseline_mae,
        last10_n=last10.n,
        mae_all=mean_or_none(played, "absolute_error"),
        mae_all_n=played.height,
        hit_rate=picks.rate,
        n=picks.n,
        wilson_low=picks.low,
        wilson_high=picks.high,
        break_even=picks.break_even,
        typical_break_even=picks.typical_break_even,
        profit=picks.profit,
        roi=picks.roi,
        closing_line_value=picks.closing_line_value,
        closing_lines=picks.closing_lines,
        lean_hit_rate=leans.rate,
        lean_n=leans.n,
    )


def _eastern(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(EASTERN)
