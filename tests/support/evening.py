"""Loads a real evening, 2024-03-29 of the sample, with predictions of two simple weighted means of past games.

Tests of exports, pages and grades use these predictions in place of those of real systems.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

import polars as pl

from tipoff.odds import decimal_price
from tipoff.replay.archive.reader import Archive
from tipoff.sources.player_names import normalise
from tipoff.systems.distribution import LEVELS
from tipoff.systems.picks import decide
from tipoff.vocabulary import Recommendation, eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.tables import TABLES

DAY: Final = date(2024, 3, 29)
FIRST: Final = eastern(DAY, 13, 30)
WITH_LINES: Final = eastern(DAY, 15, 5)
LAST_REPORT: Final = eastern(DAY, 18, 30)
NEXT_MORNING: Final = datetime(2024, 3, 30, 12, 0, tzinfo=UTC)

BLENDS: Final = {"ensemble_v1": (0.25, 0.25, 0.5), "moving_average": (0.5, 0.3, 0.2)}
"""Weights of the means over the last 5 games, the last 10 and the season, by the id of a real system."""


def load_slate(warehouse: Warehouse, sample: Path, status: str = "scheduled") -> None:
    """Write schedule and scoreboard of the date; `status` "final" writes the real scores."""
    games = Archive(sample).slate(DAY)
    over = status == "final"
    schedule = games.select(
        *("game_id", "game_date", "season", "home", "away", "tip_off", "neutral_site"),
        season_type=pl.lit("regular"),
        status=pl.lit(status),
        source=pl.lit("nbac_schedule"),
        as_of=pl.lit(NEXT_MORNING if over else eastern(DAY, 6)),
    )
    scoreboard = games.select(
        *("game_id", "game_date"),
        status=pl.lit(status),
        status_text=pl.lit("Final" if over else "7:00 pm ET"),
        period=pl.lit(4 if over else 0),
        home_points=pl.col("home_points") if over else pl.lit(0),
        away_points=pl.col("away_points") if over else pl.lit(0),
        source=pl.lit("nbac_scoreboard"),
        as_of=pl.lit(NEXT_MORNING if over else eastern(DAY, 6)),
    )
    warehouse.replace("raw_schedule", schedule, {"game_date": DAY})
    warehouse.replace("raw_scoreboard", scoreboard, {"game_date": DAY})


def load_results(warehouse: Warehouse, sample: Path) -> None:
    """Write final scores and the real box scores of the date."""
    load_slate(warehouse, sample, "final")
    rows = Archive(sample).player_box.filter(pl.col("game_date") == DAY).drop("starter")
    box = rows.with_columns(
        pl.col("plus_minus").cast(pl.Float64), source=pl.lit("nbac_player_boxscores"), as_of=pl.lit(NEXT_MORNING)
    )
    warehouse.replace("raw_player_boxscores", box, {"game_date": DAY})


def load_reports(warehouse: Warehouse, sample: Path) -> None:
    """Write an injury report half an hour before the first tip-off, with inactive players as Out."""
    players = Archive(sample).availability.filter(
        (pl.col("game_date") == DAY) & (pl.col("status") == "INACTIVE") & pl.col("player_id").is_not_null()
    )
    reports = players.with_columns(
        status=pl.lit("Out"),
        reason=pl.lit("Injury/Illness"),
        source=pl.lit("nbac_injury_report"),
        as_of=pl.lit(LAST_REPORT),
    )
    warehouse.append("raw_injuries", reports)


def load_predictions(warehouse: Warehouse, sample: Path) -> None:
    """Write predictions without lines, then later ones with lines."""
    predict_at(warehouse, sample, FIRST, lined=False)
    predict_at(warehouse, sample, WITH_LINES)


def predict_at(
    warehouse: Warehouse,
    sample: Path,
    as_of: datetime,
    *,
    lined: bool = True,
    without_game: str = "",
    rename: Mapping[str, str] | None = None,
) -> None:
    """Write predictions made at `as_of`, optionally without one game or with other names."""
    archive = Archive(sample)
    players = [player for player in _form(archive).to_dicts() if player["game_id"] != without_game]
    lines = _consensus(archive) if lined else {}
    quoted = [(player, lines.get(normalise(player["player_name"]))) for player in players]
    for player in players:
        player["player_name"] = (rename or {}).get(player["player_name"], player["player_name"])
    _append(warehouse, [_prediction(player, system, as_of, quote) for player, quote in quoted for system in BLENDS])


def _append(warehouse: Warehouse, rows: list[dict[str, Any]]) -> None:
    names = list(TABLES["predictions"].column_names)
    warehouse.append("predictions", pl.DataFrame(rows, infer_schema_length=None).select(names))


def _form(archive: Archive) -> pl.DataFrame:
    """Return the recent rotation players of the slate with their means before the date."""
    games = archive.slate(DAY)
    sides = pl.concat(
        games.select(
            *("game_id", "game_date", "tip_off"),
            team=side,
            opponent=other,
            home=pl.lit(value=side == "home"),
        )
        for side, other in (("home", "away"), ("away", "home"))
    )
    past = archive.player_box.filter((pl.col("game_date") < DAY) & (pl.col("minutes") > 0)).sort("game_date")
    form = past.group_by("player_id").agg(
        pl.col("player_name").last(),
        pl.col("team").last(),
        last=pl.col("game_date").last(),
        minutes=pl.col("minutes").tail(7).mean(),
        l5=pl.col("points").tail(5).mean(),
        l10=pl.col("points").tail(10).mean(),
        season=pl.col("points").mean(),
    )
    recent = form.filter((pl.col("last") >= date(2024, 3, 15)) & (pl.col("minutes") >= 15))
    return recent.join(sides, on="team").sort("game_id", "player_id")


def _consensus(archive: Archive) -> dict[str, dict[str, Any]]:
    """Return the median line of each quoted name with the best prices at it."""
    quotes = archive.prop_lines.filter(
        (pl.col("game_date") == DAY)
        & (pl.col("snapshot_at") <= WITH_LINES)
        & pl.col("over_price_american").is_not_null()
        & pl.col("under_price_american").is_not_null()
    )
    return {normalise(str(name)): _best(rows) for (name,), rows in quotes.group_by("player_name")}


def _best(quotes: pl.DataFrame) -> dict[str, Any]:
    line = sorted(quotes["line"].to_list())[(quotes.height - 1) // 2]
    at_line = quotes.filter(pl.col("line") == line)
    over = at_line.sort("over_price_american", "book").row(-1, named=True)
    under = at_line.sort("under_price_american", "book").row(-1, named=True)
    over_pays, under_pays = decimal_price(over["over_price_american"]), decimal_price(under["under_price_american"])
    return {
        "line": line,
        "line_as_of": at_line["snapshot_at"].max(),
        "over": (over["over_price_american"], over["book"]),
        "under": (under["under_price_american"], under["book"]),
        "market": under_pays / (over_pays + under_pays),
    }


def _prediction(
    player: dict[str, Any], system_id: str, as_of: datetime, quote: dict[str, Any] | None
) -> dict[str, Any]:
    weights = BLENDS[system_id]
    points = sum(w * player[name] for w, name in zip(weights, ("l5", "l10", "season"), strict=True))
    spread = 1.35 * sqrt(points + 1)
    key = (DAY, player["game_id"], player["player_id"], system_id, as_of.isoformat())
    return {
        **{name: player[name] for name in ("game_date", "game_id", "player_id", "player_name", "team")},
        **{name: player[name] for name in ("opponent", "home", "tip_off")},
        "prediction_id": hashlib.sha256(repr(key).encode()).hexdigest()[:32],
        "system_id": system_id,
        "view": "market" if system_id == "ensemble_v1" else "model",
        "model_version": "c0ffee12" if system_id == "ensemble_v1" else None,
        "as_of": as_of,
        "points": points,
        "low_80": max(0.0, points - 1.2 * spread),
        "high_80": points + 1.35 * spread,
        "quantiles": [max(0.0, points + NormalDist().inv_cdf(level) * spread) for level in LEVELS],
        "last10_points": player["l10"],
        "feature_quality_score": 92.5 if quote else 88.0,
        "degraded_reasons": [] if quote else ["no line"],
        "explanation": [f"{points:.1f} own scoring so far"],
        "backfilled": False,
        **_pick(points, spread, quote),
    }


def _pick(points: float, spread: float, quote: dict[str, Any] | None) -> dict[str, Any]:
    if quote is None:
        empty = ("line", "line_as_of", "over_probability", "market_over_probability", "lean", "confidence")
        blank = dict.fromkeys((*empty, "price_american", "book", "expected_value"))
        return {**blank, "recommendation": Recommendation.NO_LINE.value}
    over = 1 / (1 + 10 ** (-(points - 0.4 - quote["line"]) / (2.2 * spread)))
    decision = decide(over, quote["over"][0], quote["under"][0])
    side = "over" if decision.lean is Recommendation.OVER else "under"
    return {
        "line": quote["line"],
        "line_as_of": quote["line_as_of"],
        "over_probability": over,
        "market_over_probability": quote["market"],
        "recommendation": decision.recommendation.value,
        "lean": side.upper(),
        "confidence": decision.probability,
        "price_american": float(quote[side][0]),
        "book": quote[side][1],
        "expected_value": decision.expected_value,
    }
