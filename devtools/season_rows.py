"""Loads real seasons from an archive as raw rows, without providers, and runs the transforms on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tipoff.replay.archive.reader import Archive
from tipoff.replay.season_rows import load_game_lines, load_player_lines, load_results
from tipoff.sources.injuries import SUBMITTED
from tipoff.vocabulary import eastern, season_of
from tipoff.warehouse.base import DateRange, Parameters, Slice, Warehouse
from tipoff.warehouse.tables import TABLES

PRE_GAME = (
    "upcoming_team_game_context",
    "player_prop_lines",
    "upcoming_player_game_context",
    "player_daily_cache",
    "team_defense_zone_analysis",
    "player_shot_zone_analysis",
    "player_composite_factors",
)
"""Pre-game transforms in dependency order."""

POST_GAME = ("team_offense_game_summary", "team_defense_game_summary", "player_game_summary")


def load_season(warehouse: Warehouse, archive: Path, seasons: Sequence[str] = ()) -> None:
    """Write schedule, results and odds of the archive's seasons (default: all) as raw rows."""
    facts = Archive(archive)
    for season in seasons or facts.seasons:
        load_results(warehouse, facts, [season])
        played = facts.games.filter(season=season)["game_date"].sort()
        dates = DateRange(first=played[0], last=played[-1])
        load_game_lines(warehouse, facts, dates)
        load_player_lines(warehouse, facts, dates)


def load_rosters(warehouse: Warehouse, archive: Path, game_date: date) -> None:
    """Write the rosters of a date: the players whose last team in the four weeks before was the team."""
    box = Archive(archive).player_box.filter(
        pl.col("game_date").is_between(game_date - timedelta(days=28), game_date - timedelta(days=1))
    )
    newest = box.sort("game_date").group_by("player_id").agg(pl.col("team", "player_name").last())
    rows = newest.with_columns(
        game_date=pl.lit(game_date), position=None, birth_date=None, **_origin("espn_team_rosters", game_date)
    )
    warehouse.replace("raw_rosters", rows, {"game_date": game_date})


def load_injuries(warehouse: Warehouse, archive: Path, game_date: date) -> None:
    """Write a morning injury report of a date: inactive players are Out, and every team has submitted."""
    facts = Archive(archive)
    sides = facts.slate(game_date).unpivot(["home", "away"], index=["game_date", "game_id"], value_name="team")
    teams = sides.with_columns(player_id="team", player_name="team", status=pl.lit(SUBMITTED))
    inactive = facts.availability.filter(game_date=game_date, status="INACTIVE")
    players = inactive.filter(pl.col("player_id").is_not_null()).with_columns(status=pl.lit("Out"))
    origin = _origin("nbac_injury_report", game_date)
    for rows in (teams, players):
        _append(warehouse, "raw_injuries", rows.with_columns(reason=pl.lit(None, pl.String), **origin))


def run(warehouse: Warehouse, names: Sequence[str], first: date, last: date, **changes: Any) -> None:
    """Run transforms for a range of dates; `changes` replaces parameters, such as training=True."""
    for name in names:
        warehouse.transform(name, parameters(first, last, **changes), between(first, last))


def parameters(first: date, last: date, **changes: Any) -> Parameters:
    """Return the parameters of a transform on the evening of the last date, with changes."""
    defaults = {"game_ids": [], "as_of": eastern(last, 18, 30), "training": False, "reports_until_minutes": 0}
    return {"first_date": first, "last_date": last, "season": season_of(last), **defaults, **changes}


def between(first: date, last: date) -> Slice:
    return {"game_date": DateRange(first=first, last=last)}


def _append(warehouse: Warehouse, table: str, rows: pl.DataFrame) -> None:
    warehouse.append(table, _columns_of(table, rows))


def _columns_of(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(TABLES[table].column_names)


def _origin(source: str, game_date: date) -> dict[str, pl.Expr]:
    return {"source": pl.lit(source), "as_of": pl.lit(eastern(game_date, 9))}
