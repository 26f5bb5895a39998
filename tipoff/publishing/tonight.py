"""Exports the players of tonight: all on one page, and each with what speaks for and against his line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, groupby
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from tipoff.grading.accuracy import active_predictions, games_of, last_injury_reports
from tipoff.odds import fair_price_american
from tipoff.publishing.envelope import Completeness, Envelope, decode
from tipoff.publishing.export import Export
from tipoff.publishing.player_history import (
    NO_SPLITS,
    PastPick,
    PlayedGame,
    Splits,
    past_picks,
    player_history,
)
from tipoff.publishing.slate import Game, PlayerInGame, completeness, games_payload
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import mark_stale, write_export
from tipoff.systems.distribution import Distributions
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Frozen, Recommendation, View, season_of
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.tables import TABLES

LADDER_REACH: Final = 8
"""Lines above and below the median for which a player's file has P(over)."""


class TonightPlayer(PlayerInGame):
    """A player with his line and the headline's prediction; without a line, the model view's."""

    system_id: str
    view: View
    """market; model for a player without a line."""
    points: float
    """The median of the predicted distribution."""
    low_80: float
    """Lower end of the 80 % interval, points."""
    high_80: float
    opening_line: float | None
    """The first consensus line of the day, points."""
    line_move: float | None
    """Mean move since the opening of the books in both, points."""
    books: int | None
    """Books that quote the player; null without a line."""
    over_probability: float | None
    """P(points > line), given no push."""
    market_over_probability: float | None
    """The same by the market's prices without the hold."""
    fair_price_american: float | None
    """The price of the lean without a margin, by the prediction."""
    recommendation: Recommendation
    """A pick is OVER or UNDER. PASS: no positive expected value, or see `pass_reason`."""
    lean: Recommendation | None
    """The side with the higher expected value, OVER or UNDER."""
    price_american: float | None
    """The best price of the lean, such as -110."""
    book: str | None
    """Who offers that price."""
    expected_value: float | None
    """Expected profit per unit staked on the lean at that price; also of a PASS."""
    pass_reason: str | None
    """Why a pick became a PASS: "withdrawn: …" if he is ruled out, "withheld: …" if nearly all were one-sided."""
    feature_quality_score: float | None
    """0 to 100: how complete and how direct the inputs were measured."""
    degraded_reasons: tuple[str, ...]
    """Inputs that were missing for the prediction."""
    explanation: tuple[str, ...]
    """What the points are made of, the largest term first."""


class TonightPayload(Frozen):
    """The games of the date and their players: the highest expected value first, then picks that became a PASS."""

    games: tuple[Game, ...]
    players: tuple[TonightPlayer, ...]


class Rung(Frozen):
    """The probability of scoring more than a line."""

    line: float
    """Points."""
    over_probability: float


class SystemView(Frozen):
    """What one system says in one view."""

    system_id: str
    view: View
    points: float
    """The median of the predicted distribution."""
    low_80: float
    """Lower end of the 80 % interval, points."""
    high_80: float
    over_probability: float | None
    """P(points > line), given no push; null without a line."""
    recommendation: Recommendation


class TonightPlayerPayload(Frozen):
    """A player of tonight with his past games and predictions."""

    player: TonightPlayer
    ladder: tuple[Rung, ...]
    """P(over) at every half point around the median."""
    systems: tuple[SystemView, ...]
    splits: Splits
    recent_games: tuple[PlayedGame, ...]
    """The last 20, the newest first."""
    past_picks: tuple[PastPick, ...]
    """What the headline said of him before, the newest first."""


_READS: Final = ("active_predictions", "last_injury_reports", "past_picks", "played_games", "slate_games")
ALL_PLAYERS: Final = Export(
    "tonight-all-players",
    "v1/tonight/all-players.json",
    "The games of today and every predicted player with line, best price and prediction.",
    "in the morning without players, with each prediction, and with each change until tip-off",
    TonightPayload,
    today_only=True,
    reads=_READS,
)
PLAYER: Final = Export(
    "tonight-player",
    "v1/tonight/player/{player_id}.json",
    "A player of today with P(over) at every half point, his last games, splits and past predictions.",
    "with the list of tonight's players; stale as soon as he is not on it",
    TonightPlayerPayload,
    today_only=True,
    reads=_READS,
)


class Tonight(NamedTuple):
    """The players and games of a date as known at a time."""

    games: tuple[Game, ...]
    players: tuple[TonightPlayerPayload, ...]
    completeness: Completeness

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
    return Tonight(
        games=games_payload(games),
        players=_players(
            _headline_rows(warehouse, active, game_date, as_of),
            active,
            history.recent_games(active["player_id"]),
            history.splits(season_of(game_date)),
            past_picks(warehouse, day_before, as_of),
        ),
        completeness=completeness(games, active, as_of),
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
    """Export the players of tonight, each player's file first; return the paths.

    The file of a player who was on the list before and is no longer is marked as stale: nobody takes an earlier
    evening's line for tonight's.
    """

    def mark(player_id: str) -> None:
        mark_stale(store, PLAYER.path.format(player_id=player_id))

    def write(each: TonightPlayerPayload) -> tuple[str, ...]:
        return write_export(store, PLAYER, envelope, each, player_id=each.player.player_id)

    store.each(mark, _listed(store) - {each.player.player_id for each in tonight.players})
    return (
        *chain.from_iterable(store.each(write, tonight.players)),
        *write_export(store, ALL_PLAYERS, envelope, tonight.page),
    )


def _listed(store: ExportStore) -> set[str]:
    """The players of the list as it is exported now; none if there is none, or a damaged one."""
    content = store.read(ALL_PLAYERS.path)
    try:
        return {str(player["player_id"]) for player in decode(content)["players"]} if content else set()
    except (KeyError, TypeError, ValueError):
        return set()


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
    explained = pl.col("explanation").fill_null([])
    return joined.with_columns(explained, fair_price_american=fair).sort("game_id", "player_id")


def _systems(active: pl.DataFrame) -> Mapping[tuple[str, str], tuple[SystemView, ...]]:
    """Return what each system says, by game and player."""
    rows = active.sort("game_id", "player_id", "system_id", "view").iter_rows(named=True)
    return {
        key: tuple(
            SystemView.model_validate({name: row[name] for name in SystemView.model_fields}) for row in of_player
        )
        for key, of_player in groupby(rows, key=lambda row: (row["game_id"], row["player_id"]))
    }


def _rank(player: TonightPlayer) -> tuple[bool, bool, float, str]:
    """Sort by expected value, withdrawn and withheld picks after the others, those without a price last."""
    value = player.expected_value
    return value is None, player.pass_reason is not None, -(value or 0.0), player.player_id
