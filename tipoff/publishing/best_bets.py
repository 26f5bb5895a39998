"""Exports the best bets of a date, from the predictions that are active."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

import polars as pl
from pydantic import AwareDatetime

from tipoff.grading.accuracy import active_predictions, games_of
from tipoff.grading.outcomes import POSTPONED
from tipoff.market.best_bets import best_bets, rationale
from tipoff.publishing.envelope import Completeness, Edition
from tipoff.publishing.export import Export
from tipoff.publishing.slate import completeness
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Frozen, Recommendation, View
from tipoff.warehouse.base import Warehouse


class Bet(Frozen):
    """A pick and why it is a bet."""

    rank: int
    """1 has the highest expected value."""
    player_id: str
    player_name: str
    game_id: str
    team: str
    """Tricode."""
    opponent: str
    """Tricode."""
    home: bool
    tip_off: AwareDatetime | None
    """Null while it is not fixed."""
    recommendation: Recommendation
    """OVER or UNDER."""
    line: float
    """Points."""
    price_american: float
    """The best price, such as -110; a stake of one unit is meant."""
    book: str
    """Who offers that price."""
    confidence: float
    """The probability of the side, given no push."""
    market_over_probability: float
    """P(points > line) by the market's prices without the hold."""
    expected_value: float
    """Expected profit per unit staked at that price."""
    points: float
    """The median of the predicted distribution."""
    low_80: float
    """Lower end of the 80 % interval, points."""
    high_80: float
    last10_points: float | None
    """Mean of the player's last 10 games."""
    line_as_of: AwareDatetime
    """When the books quoted line and price."""
    as_of: AwareDatetime
    """When the prediction was made."""
    prediction_id: str
    rationale: str
    """Why it is a bet, in sentences."""


class BestBetsPayload(Frozen):
    """At most 15 bets and two of a team, the highest expected value first; none is normal."""

    system_id: str
    view: View
    bets: tuple[Bet, ...]


BEST_BETS: Final = Export(
    "best-bets",
    "v1/best-bets/{game_date}.json",
    "The picks of a date with the highest expected value at the best price, each with its reason.",
    "with the predictions",
    BestBetsPayload,
    pointer="v1/best-bets/latest.json",
    versions=True,
    reads=("active_predictions", "slate_games"),
)


class BestBetsContent(NamedTuple):
    """The payload, and what its envelope is derived from."""

    payload: BestBetsPayload
    completeness: Completeness


def publish_best_bets(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the best bets at `as_of`."""
    content = best_bets_content(warehouse, edition.game_date, edition.as_of)
    paths = write_export(store, BEST_BETS, edition.envelope(content.completeness), content.payload)
    return PublishResult(paths=paths, rows=len(content.payload.bets))


def best_bets_content(warehouse: Warehouse, game_date: date, as_of: datetime) -> BestBetsContent:
    """Return the best bets among the active predictions of the headline system and view.

    Withdrawn and withheld picks are no picks any more; those made after tip-off never were.
    """
    system_id, view = HEADLINE
    games = games_of(warehouse, game_date, as_of)
    played = games.filter(pl.col("game_status") != POSTPONED)
    active = active_predictions(warehouse, game_date, as_of)
    headline = active.filter(pl.col("system_id") == system_id, pl.col("view") == view, ~pl.col("backfilled"))
    bets = best_bets(headline.filter(pl.col("game_id").is_in(played["game_id"].implode())))
    payload = BestBetsPayload(
        system_id=system_id,
        view=view,
        bets=tuple(_bet(rank, row) for rank, row in enumerate(bets.iter_rows(named=True), start=1)),
    )
    return BestBetsContent(payload, completeness(games, active, as_of))


def _bet(rank: int, row: dict[str, Any]) -> Bet:
    copied = {name: row[name] for name in Bet.model_fields if name in row}
    return Bet.model_validate({**copied, "rank": rank, "rationale": rationale(row)})
