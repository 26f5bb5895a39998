"""Loads real seasons from an archive as raw rows, without providers, and runs the transforms on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tipoff.replay.archive.reader import Archive
from tipoff.sources.injuries import SUBMITTED
from tipoff.sources.player_names import normalise
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
        _replace(warehouse, "raw_schedule", _schedule(facts, season), season)
        _replace(warehouse, "raw_player_boxscores", _player_boxscores(facts, season), season)
        _replace(warehouse, "raw_team_boxscores", _team_boxscores(facts, season), season)
        _replace_season(warehouse, "raw_shots", facts, _shots(facts, season), season)
        _replace_season(warehouse, "raw_gamebook_players", facts, _gamebook_players(facts, season), season)
        _append(warehouse, "raw_game_lines", _game_lines(facts, season))
        _append(warehouse, "raw_player_props", _player_props(facts, season))


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
    defaults = {"game_ids": [], "as_of": eastern(last, 18, 30), "training": False}
    return {"first_date": first, "last_date": last, "season": season_of(last), **defaults, **changes}


def between(first: date, last: date) -> Slice:
    return {"game_date": DateRange(first=first, last=last)}


def _replace(warehouse: Warehouse, table: str, rows: pl.DataFrame, season: str) -> None:
    warehouse.replace(table, _columns_of(table, rows), {"season": season})


def _replace_season(warehouse: Warehouse, table: str, facts: Archive, rows: pl.DataFrame, season: str) -> None:
    """Replace the rows of a season in a table without a season column."""
    dates = facts.games.filter(season=season)["game_date"].sort()
    warehouse.replace(table, _columns_of(table, rows), between(dates[0], dates[-1]))


def _append(warehouse: Warehouse, table: str, rows: pl.DataFrame) -> None:
    warehouse.append(table, _columns_of(table, rows))


def _columns_of(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(TABLES[table].column_names)


def _origin(source: str, game_date: date) -> dict[str, pl.Expr]:
    return {"source": pl.lit(source), "as_of": pl.lit(eastern(game_date, 9))}


def _after_the_game(source: str) -> dict[str, pl.Expr]:
    next_noon = pl.col("game_date").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=36)
    return {"source": pl.lit(source), "as_of": next_noon}


def _schedule(facts: Archive, season: str) -> pl.DataFrame:
    games = facts.games.filter(season=season)
    return games.with_columns(
        season_type=pl.lit("regular"),
        status=pl.when(pl.col("home_points").is_null()).then(pl.lit("scheduled")).otherwise(pl.lit("final")),
        **_after_the_game("nbac_schedule"),
    )


def _player_boxscores(facts: Archive, season: str) -> pl.DataFrame:
    return facts.player_box.filter(season=season).with_columns(**_after_the_game("nbac_player_boxscores"))


def _team_boxscores(facts: Archive, season: str) -> pl.DataFrame:
    return facts.team_box.filter(season=season).with_columns(**_after_the_game("nbac_team_boxscore"))


def _shots(facts: Archive, season: str) -> pl.DataFrame:
    """One row for each of the counted shots; half of the made ones are assisted."""
    games = facts.games.filter(season=season).select("game_id")
    counts = facts.shots_by_zone.join(games, on="game_id")
    of_result = {True: pl.col("made"), False: pl.col("attempts") - pl.col("made")}
    shots = [
        counts.select(pl.exclude("made", "attempts").repeat_by(number).explode(empty_as_null=False), made=pl.lit(made))
        for made, number in of_result.items()
    ]
    return pl.concat(shots).with_columns(
        shot_number=pl.int_range(pl.len()).over("game_id"),
        period=1,
        player_name="player_id",
        worth=pl.when(pl.col("zone").is_in(["corner_three", "above_break_three", "backcourt"])).then(3).otherwise(2),
        assisted=pl.col("made") & (pl.int_range(pl.len()).over("game_id") % 2 == 0),
        **_after_the_game("nbac_play_by_play"),
    )


def _gamebook_players(facts: Archive, season: str) -> pl.DataFrame:
    return facts.player_box.filter(season=season).with_columns(
        status=pl.lit("played"), reason=pl.lit(None, pl.String), **_after_the_game("nbac_gamebook_player_stats")
    )


def _game_lines(facts: Archive, season: str) -> pl.DataFrame:
    quotes = facts.game_lines.join(facts.games.filter(season=season), on="game_id", how="semi")
    return quotes.with_columns(
        pl.selectors.integer().cast(pl.Float64), source=pl.lit("odds_api_game_lines"), as_of="snapshot_at"
    ).unique(TABLES["raw_game_lines"].natural_key)


def _player_props(facts: Archive, season: str) -> pl.DataFrame:
    """Match names within the players of both teams; all pre-game snapshots of a game get one as-of time."""
    tips = facts.games.filter(season=season).select("game_id", "tip_off")
    quotes = facts.prop_lines.sort("snapshot_at").join(tips, on="game_id")
    players = facts.player_box.filter(season=season).select("team", "player_id", key=_key()).unique(["team", "key"])
    named = quotes.with_columns(key=_key())
    for side in ("home", "away"):
        named = named.join(players.rename({"team": side, "player_id": f"{side}_player"}), on=[side, "key"], how="left")
    return named.with_columns(
        pl.selectors.integer().cast(pl.Float64),
        player_id=pl.coalesce("home_player", "away_player"),
        last_update="snapshot_at",
        source=pl.lit("odds_api_player_points_props"),
        as_of=pl.max("snapshot_at").over("game_id", pl.col("snapshot_at") < pl.col("tip_off")),
    ).unique(TABLES["raw_player_props"].natural_key, keep="last", maintain_order=True)


def _key() -> pl.Expr:
    return pl.col("player_name").map_elements(normalise, return_dtype=pl.String)
