"""Exports the predictions of a date."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

import polars as pl
from pydantic import AwareDatetime

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.balance import WITHHELD
from tipoff.publishing.envelope import Completeness, Edition
from tipoff.publishing.export import Export
from tipoff.publishing.slate import (
    HEADLINE_SHOWN,
    Game,
    Headline,
    PlayerInGame,
    by_player,
    completeness,
    games_payload,
    with_reports,
)
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import Frozen, Recommendation, View
from tipoff.warehouse.base import Warehouse


class SystemPrediction(Frozen):
    """What a system says of a player's points."""

    system_id: str
    view: View
    """model: no betting line has a part in it; market: it is drawn towards the betting market."""
    model_version: str | None
    """Null for a system without a trained model."""
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
    """The side with the higher expected value, OVER or UNDER; null without a line."""
    confidence: float | None
    """The probability of the lean, given no push."""
    recommendation: Recommendation
    """A pick is OVER or UNDER. PASS: no positive expected value, or see `pass_reason`."""
    price_american: float | None
    """The best price of the lean, such as -110."""
    book: str | None
    """Who offers that price."""
    pass_reason: str | None
    """Why a pick became a PASS: "withdrawn: …" if he is ruled out, "withheld: …" if nearly all were one-sided."""
    market_over_probability: float | None
    """P(points > line) by the market's prices without the hold."""
    expected_value: float | None
    """Expected profit per unit staked on the lean at that price; also of a PASS."""
    feature_quality_score: float
    """0 to 100: how complete and how direct the inputs were measured."""
    degraded_reasons: tuple[str, ...]
    """Inputs that were missing for this prediction."""
    explanation: tuple[str, ...]
    """What the points are made of, the largest term first."""
    as_of: AwareDatetime
    """When the prediction was made."""
    superseded: int
    """How many earlier predictions of this system and player it replaced."""
    backfilled: bool
    """Made after tip-off: never a pick."""
    prediction_id: str


class PredictedPlayer(PlayerInGame):
    """A player with what each system says."""

    systems: tuple[SystemPrediction, ...]


class WithheldView(Frozen):
    """A view of a system whose picks are published as PASS until an operator releases them."""

    system_id: str
    view: View
    reason: str
    picks: int


class PredictionsPayload(Frozen):
    """Players are sorted by tip-off and game, the highest lines first."""

    headline: Headline
    games: tuple[Game, ...]
    withheld: tuple[WithheldView, ...]
    players: tuple[PredictedPlayer, ...]


PREDICTIONS: Final = Export(
    "predictions",
    "v1/predictions/{game_date}.json",
    "The active prediction of each system and view for each player of a date.",
    "in the morning without players, with each prediction, and with each change until tip-off",
    PredictionsPayload,
    pointer="v1/predictions/today.json",
    today_only=True,
    versions=True,
    reads=("active_predictions", "last_injury_reports", "slate_games"),
)


class PredictionsContent(NamedTuple):
    """The payload, and what its envelope is derived from."""

    payload: PredictionsPayload
    rows: int
    completeness: Completeness


def publish_predictions(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the active predictions at `as_of`.

    Before the first prediction, lists are empty and every game is missing, so `today` never shows another date.
    """
    content = predictions_content(warehouse, edition.game_date, edition.as_of)
    paths = write_export(store, PREDICTIONS, edition.envelope(content.completeness), content.payload)
    return PublishResult(paths=paths, rows=content.rows)


def predictions_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> PredictionsContent:
    """Return the active predictions of a date at `as_of` by player, highest lines first within each game."""
    games = games_of(warehouse, game_date, as_of)
    active = with_reports(warehouse, game_date, as_of, active_predictions(warehouse, game_date, as_of))
    explained = active.with_columns(pl.col("explanation").fill_null([]))
    payload = {
        "headline": HEADLINE_SHOWN,
        "games": games_payload(games),
        "withheld": _withheld(active),
        "players": list(by_player(explained, lambda row: {name: row[name] for name in SystemPrediction.model_fields})),
    }
    return PredictionsContent(
        PredictionsPayload.model_validate(payload), active.height, completeness(games, active, as_of)
    )


def _withheld(active: pl.DataFrame) -> list[dict[str, object]]:
    """Return the views whose picks are withheld, each with the reason and their number."""
    withheld = active.filter(pl.col("pass_reason").str.starts_with(WITHHELD))
    per_view = withheld.group_by("system_id", "view", reason="pass_reason").agg(picks=pl.len())
    return per_view.sort("system_id", "view").to_dicts()
