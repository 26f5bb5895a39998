"""Exports the players of tonight: all on one page, and each with what speaks for and against his line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from pydantic import AwareDatetime

from tipoff.grading.accuracy import active_predictions, games_of, last_injury_reports
from tipoff.grading.outcomes import POSTPONED
from tipoff.odds import fair_price_american
from tipoff.publishing.envelope import Envelope
from tipoff.publishing.exports import games_payload
from tipoff.publishing.player_history import (
    NO_SPLITS,
    PastPick,
    PlayedGame,
    Splits,
    past_picks,
    player_history,
)
from tipoff.publishing.readers import ReaderExport, put_export
from tipoff.publishing.store import ExportStore
from tipoff.systems.distribution import Distributions
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Frozen, season_of
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.tables import TABLES

LADDER_REACH: Final = 8
"""Lines above and below the median for which a player's file has P(over)."""


class TonightPlayer(Frozen):
    """A player with his line and the headline's prediction; without a line, the model view's."""

    player_id: str
    player_name: str
    game_id: str
    team: str
    opponent: str
    home: bool
    tip_off: AwareDatetime | None
    injury_status: str | None
    system_id: str
    view: str
    points: float
    low_80: float
    high_80: float
    line: float | None
    line_as_of: AwareDatetime | None
    opening_line: float | None
    line_move: float | None
    """Mean move since the opening of the books in both, points."""
    books: int | None
    over_probability: float | None
    market_over_probability: float | None
    fair_price_american: float | None
    """The price of the lean without a margin, by the prediction."""
    recommendation: str
    lean: str | None
    price_american: float | None
    book: str | None
    expected_value: float | None
    pass_reason: str | None
    feature_quality_score: float | None
    degraded_reasons: tuple[str, ...]
    explanation: tuple[str, ...]


class TonightGame(Frozen):
    """A game of the date."""

    game_id: str
    away: str
    home: str
    tip_off: AwareDatetime | None
    status: str
    status_text: str | None
    away_points: int | None
    home_points: int | None


class TonightPayload(Frozen):
    """The games of the date and their players, the highest expected value first."""

    games: tuple[TonightGame, ...]
    players: tuple[TonightPlayer, ...]


class Rung(Frozen):
    """The probability of scoring more than a line."""

    line: float
    over_probability: float


class SystemView(Frozen):
    """What one system says in one view."""

    system_id: str
    view: str
    points: float
    low_80: float
    high_80: float
    over_probability: float | None
    recommendation: str


class TonightPlayerPayload(Frozen):
    """A player of tonight with his past games and predictions."""

    player: TonightPlayer
    ladder: tuple[Rung, ...]
    """P(over) at every half point around the median."""
    systems: tuple[SystemView, ...]
    splits: Splits
    recent_games: tuple[PlayedGame, ...]
    past_picks: tuple[PastPick, ...]


ALL_PLAYERS: Final = ReaderExport(
    "tonight-all-players",
    "v1/tonight/all-players.json",
    "The games of today and every predicted player with line, best price and prediction.",
    TonightPayload,
)
PLAYER: Final = ReaderExport(
    "tonight-player",
    "v1/tonight/player/{player_id}.json",
    "A player of today with P(over) at every half point, his last games, splits and past predictions.",
    TonightPlayerPayload,
)


class Tonight(NamedTuple):
    """The players and games of a date as known at a time."""

    games: tuple[TonightGame, ...]
    players: tuple[TonightPlayerPayload, ...]
    missing_games: tuple[str, ...]

    @property
    def page(self) -> TonightPayload:
        ranked = sorted((each.player for each in self.players), key=_rank)
        return TonightPayload(games=self.games, players=tuple(ranked))


def tonight_of(warehouse: Warehouse, game_date: date, as_of: datetime) -> Tonight:
    """Return the predicted players of a date with what was known of them before it."""
    games = games_of(warehouse, game_date, as_of)
    active = active_predictions(warehouse, game_date, as_of)
    day_before = game_date - timedelta(days=1)
    history = player_history(warehouse, day_before)
    played = games.filter(pl.col("game_status") != POSTPONED)
    return Tonight(
        games=tuple(TonightGame.model_validate(game) for game in games_payload(games)),
        players=_players(
            _headline_rows(warehouse, active, game_date, as_of),
            active,
            history.recent_games(active["player_id"]),
            history.splits(season_of(game_date)),
            past_picks(warehouse, day_before, as_of),
        ),
        missing_games=tuple(sorted(set(played["game_id"]) - set(active["game_id"]))),
    )


def _players(
    headline: pl.DataFrame,
    active: pl.DataFrame,
    recent_games: Mapping[str, tuple[PlayedGame, ...]],
    splits: Mapping[str, Splits],
    picks: Mapping[str, tuple[PastPick, ...]],
) -> tuple[TonightPlayerPayload, ...]:
    systems = _systems(active)
    return tuple(
        TonightPlayerPayload(
            player=TonightPlayer.model_validate({name: row[name] for name in TonightPlayer.model_fields}),
            ladder=ladder(row["quantiles"]),
            systems=systems[row["game_id"], row["player_id"]],
            splits=splits.get(row["player_id"], NO_SPLITS),
            recent_games=recent_games.get(row["player_id"], ()),
            past_picks=picks.get(row["player_id"], ()),
        )
        for row in headline.iter_rows(named=True)
    )


def publish_tonight(store: ExportStore, envelope: Envelope, tonight: Tonight) -> tuple[str, ...]:
    """Export the players of tonight, each player's file first; return the paths."""
    of_players = [
        put_export(store, PLAYER, envelope, each, player_id=each.player.player_id) for each in tonight.players
    ]
    return (*of_players, put_export(store, ALL_PLAYERS, envelope, tonight.page))


def ladder(quantiles: Sequence[float]) -> tuple[Rung, ...]:
    """Return P(over) at the half points around the median of a distribution, none below half a point."""
    distribution = Distributions(np.array([quantiles]))
    middle = int(distribution.median[0]) + 0.5
    lines = np.arange(max(middle - LADDER_REACH, 0.5), middle + LADDER_REACH + 1)
    repeated = Distributions(np.repeat(distribution.quantiles, len(lines), axis=0))
    over = repeated.over_probability(lines)
    return tuple(
        Rung(line=float(line), over_probability=round(float(share), 4)) for line, share in zip(lines, over, strict=True)
    )


def _headline_rows(warehouse: Warehouse, active: pl.DataFrame, game_date: date, as_of: datetime) -> pl.DataFrame:
    """Return one row per player: the headline's view if he has a line, else the other view of its system."""
    system_id, view = HEADLINE
    of_system = active.filter(pl.col("system_id") == system_id, ~pl.col("backfilled"))
    chosen = of_system.sort(pl.col("view") != view.value).unique(["game_id", "player_id"], keep="first")
    lines = warehouse.query(*rows_of_slice(TABLES["player_prop_lines"], {"game_date": game_date}))
    moves = lines.select("game_id", "player_id", "opening_line", "line_move", "books")
    reports = last_injury_reports(warehouse, game_date, as_of).select("game_id", "player_id", "injury_status")
    joined = chosen.join(moves, on=["game_id", "player_id"], how="left").join(
        reports, on=["game_id", "player_id"], how="left"
    )
    fair = pl.col("confidence").map_elements(fair_price_american, return_dtype=pl.Float64)
    return joined.with_columns(fair_price_american=fair).sort("game_id", "player_id")


def _systems(active: pl.DataFrame) -> Mapping[tuple[str, str], tuple[SystemView, ...]]:
    """Return what each system says, by game and player."""
    rows = active.sort("game_id", "player_id", "system_id", "view").iter_rows(named=True)
    return {
        key: tuple(
            SystemView.model_validate({name: row[name] for name in SystemView.model_fields}) for row in of_player
        )
        for key, of_player in groupby(rows, key=lambda row: (row["game_id"], row["player_id"]))
    }


def _rank(player: TonightPlayer) -> tuple[bool, float, str]:
    """Sort by expected value, those without a price last."""
    return player.expected_value is None, -(player.expected_value or 0.0), player.player_id
