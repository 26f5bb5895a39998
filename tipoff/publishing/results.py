"""Exports how the predictions of a date ended."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

import polars as pl
from pydantic import AwareDatetime

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.metrics import (
    SystemMetrics,
    measure,
    metric_warnings,
    outcomes,
    rule_warnings,
)
from tipoff.grading.outcomes import POSTPONED
from tipoff.publishing.envelope import Completeness, Edition
from tipoff.publishing.export import Export
from tipoff.publishing.performance import publish_performance, raise_warnings
from tipoff.publishing.slate import (
    HEADLINE_SHOWN,
    Game,
    Headline,
    PlayerInGame,
    all_backfilled,
    by_player,
    games_payload,
    with_reports,
)
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import Finding, Frozen, Grade, Recommendation, View
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.sql_files import sql_text


class SystemResult(Frozen):
    """What a system said of a player's points, and how it ended."""

    system_id: str
    view: View
    points: float
    """The median of the predicted distribution."""
    low_80: float
    """Lower end of the 80 % interval, points."""
    high_80: float
    over_probability: float | None
    """P(points > line), given no push; null without a line."""
    line: float | None
    """The consensus line when the prediction was made, points."""
    lean: Recommendation | None
    """The side with the higher expected value, OVER or UNDER, by which it is graded; null without a line."""
    confidence: float | None
    """The probability of the lean, given no push."""
    market_over_probability: float | None = None
    """P(points > line) by the market's prices without the hold; files of earlier versions lack it."""
    recommendation: Recommendation
    """A pick is OVER or UNDER; a PASS is graded by its lean and has no profit."""
    price_american: float | None
    """The best price of the lean, such as -110."""
    book: str | None
    grade: Grade
    """void: the player did not play or the game was postponed; no_line: he played and had no line."""
    void_reason: str | None
    """Why it is void; null for any other grade."""
    actual_points: int | None
    """Null for a void one."""
    first_actual_points: int | None
    """The points as first graded; other ones are a later correction of the statistics."""
    signed_error: float | None
    """Predicted minus actual points."""
    within_80: bool | None
    """Whether the actual points are within the 80 % interval."""
    profit_units: float | None
    """Units won by a pick with a stake of one; null for what is no pick."""
    closing_line: float | None
    """The last consensus line before tip-off."""
    closing_line_value: float | None
    """Points that the line moved towards the lean after the prediction; null without a later line."""
    as_of: AwareDatetime
    """When the prediction was made."""
    backfilled: bool
    """Made after tip-off: it counts in no figure."""
    prediction_id: str


class PlayerResults(PlayerInGame):
    """A player with the result of each system."""

    systems: tuple[SystemResult, ...]


class ResultsPayload(Frozen):
    """Empty lists while nothing is graded; players are sorted by tip-off and game, the highest lines first."""

    headline: Headline
    games: tuple[Game, ...]
    pending_games: tuple[str, ...]
    """Ids of the games with predictions that are not graded yet."""
    predictions: int
    """Predictions that will be graded."""
    outcomes: dict[Grade, int]
    """Grade -> number of predictions of all systems and views."""
    systems: tuple[SystemMetrics, ...]
    findings: tuple[str, ...]
    """Figures that an operator should check."""
    players: tuple[PlayerResults, ...]


RESULTS: Final = Export(
    "results",
    "v1/results/{game_date}.json",
    "The result of each prediction of a date, and the figures of each view of each system.",
    "when games are graded, and when a correction changes grades",
    ResultsPayload,
    pointer="v1/results/latest.json",
    versions=True,
    reads=("active_predictions", "graded_predictions", "last_injury_reports", "slate_games"),
)


class ResultsContent(NamedTuple):
    """The payload, and what its envelope and the alerts are derived from."""

    payload: ResultsPayload
    rows: int
    completeness: Completeness
    warnings: tuple[Finding, ...]


def publish_results(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the graded predictions of a date, and raise an alert for each warning.

    Once there are some, the performance of the systems up to the date is exported, too.
    """
    content = results_content(warehouse, edition.game_date, edition.as_of)
    paths = write_export(store, RESULTS, edition.envelope(content.completeness), content.payload)
    raise_warnings(store, edition, content.warnings)
    performance = publish_performance(warehouse, store, edition) if content.rows else ()
    return PublishResult(paths=(*paths, *performance), rows=content.rows)


def results_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> ResultsContent:
    """Return the graded predictions of a date and the games with predictions that are not graded yet."""
    games = games_of(warehouse, game_date, as_of)
    graded = graded_predictions(warehouse, game_date, as_of)
    predicted = active_predictions(warehouse, game_date, as_of)
    systems = measure(graded)
    pending = sorted(set(predicted.join(graded, on="prediction_id", how="anti")["game_id"]))
    warnings = (
        *rule_warnings(game_date, as_of, systems, predicted.height, graded.height),
        *(warning for system in systems for warning in metric_warnings(system)),
    )
    payload = {
        "headline": HEADLINE_SHOWN,
        "games": games_payload(games),
        "pending_games": pending,
        "predictions": predicted.height,
        "outcomes": outcomes(graded),
        "systems": systems,
        "findings": [each.summary for each in warnings],
        "players": list(by_player(graded, lambda row: {name: row[name] for name in SystemResult.model_fields})),
    }
    content = Completeness(
        empty=games.filter(pl.col("game_status") != POSTPONED).is_empty(),
        degraded=("some games are not graded yet",) if pending else (),
        missing_games=pending,
        backfilled=all_backfilled(graded),
    )
    return ResultsContent(ResultsPayload.model_validate(payload), graded.height, content, warnings)


def graded_predictions(warehouse: Warehouse, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Return the predictions of a date graded by `as_of`: columns of `prediction_accuracy` and `predictions`."""
    graded = warehouse.query(sql_text("graded_predictions"), {"game_date": game_date, "as_of": as_of})
    return with_reports(warehouse, game_date, as_of, graded)
