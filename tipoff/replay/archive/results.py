"""Tables of games, box scores, availability, officials, shots and players."""

from datetime import time
from typing import Final

import polars as pl

from tipoff.replay.archive.layout import COUNTS, DID_NOT_PLAY, PLAYED, UTC_TIME
from tipoff.replay.archive.row_rules import (
    UNKNOWN_TEAM,
    FilteredRows,
    any_missing,
    apply_rules,
    duplicated,
    tricode,
    unmatched_game_rules,
)
from tipoff.vocabulary import EASTERN

_STATUSES: Final = {"PLAYED": PLAYED, "Did Not Play": DID_NOT_PLAY, "Player Suspended": "SUSPENDED"}
_REASONS: Final = {"Player Suspended": "League Suspension", "Not With Team": "Not With Team"}
_ZONES: Final = {
    ("Restricted Area", 2): "restricted_area",
    ("In The Paint (Non-RA)", 2): "paint",
    ("Mid-Range", 2): "mid_range",
    ("Above the Break 3", 2): "mid_range",  # a foot on the line
    ("Mid-Range", 3): "corner_three",  # feet behind the line, ball before it: nearly all in the corners
    ("Left Corner 3", 3): "corner_three",
    ("Right Corner 3", 3): "corner_three",
    ("Above the Break 3", 3): "above_break_three",
    ("Backcourt", 3): "backcourt",
}
_DEFAULT_TIP_OFF: Final = time(19, 30)


def player_box(rows: pl.DataFrame) -> FilteredRows:
    """One row per player and game played; with exact minutes where the folder has them."""
    counts = {name: pl.col({"points": "PTS"}.get(name, name.upper())) for name in COUNTS}
    box = rows.select(
        game_id=pl.col("GAME_ID").str.zfill(10),
        game_date="GAME_DATE",
        season="SEASON",
        player_id="PLAYER_ID",
        player_name="PLAYER_NAME",
        team=tricode("TEAM_ABBREVIATION"),
        opponent=tricode("OPP_ABBREVIATION"),
        home=pl.col("HOME") == 1,
        starter=pl.col("STARTER") == 1,
        minutes=pl.coalesce("MIN_EXACT", "MIN"),
        **counts,
    )
    checked = apply_rules(
        box,
        {
            "no game, player, date or season": any_missing("game_id", "player_id", "game_date", "season"),
            UNKNOWN_TEAM: any_missing("team", "opponent"),
            "no name, minutes, side or count": any_missing("player_name", "minutes", "home", *COUNTS),
            "repeated player in a game": duplicated("game_id", "player_id"),
        },
    )
    two_sided = pl.all_horizontal(pl.col("team", "home").n_unique().over("game_id") == 2)
    paired = apply_rules(checked.rows, {"game without a home and an away team": ~two_sided})
    return FilteredRows(paired.rows, checked.rows_in, checked.rejected + paired.rejected)


def team_box(player_box: pl.DataFrame) -> pl.DataFrame:
    """The sums of the player rows; `minutes` is corrected later by `with_exact_minutes`."""
    return player_box.group_by("game_id", "game_date", "season", "team", "opponent", "home").agg(
        pl.col("minutes", *COUNTS).sum()
    )


def neutral_games(rows: pl.DataFrame) -> pl.Series:
    """Ids of games at a neutral site."""
    return rows.filter(pl.col("NEUTRAL_SITE") == 1)["GAME_ID"].str.zfill(10).unique()


def games(team_box: pl.DataFrame, neutral: pl.Series) -> pl.DataFrame:
    """One row per game: teams, final score, and overtime periods derived from the players' minutes."""
    home, away = (
        team_box.filter(pl.col("home") == is_home).select(
            *("game_id", "season", "game_date"),
            **{side: "team", f"{side}_points": "points", f"{side}_minutes": "minutes"},
        )
        for side, is_home in (("home", True), ("away", False))
    )
    longest = pl.max_horizontal("home_minutes", "away_minutes")
    return home.join(away, on="game_id").with_columns(
        overtime_periods=((longest - 240) / 25).round().clip(0),
        neutral_site=pl.col("game_id").is_in(neutral.implode()),
    )


def with_exact_minutes(team_box: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    """Team rows with 240 minutes plus 25 per overtime period, margin and winner."""
    margin = pl.col("points") - pl.col("points").sum().over("game_id") / 2
    return team_box.join(games.select("game_id", "overtime_periods"), on="game_id").with_columns(
        minutes=240 + 25 * pl.col("overtime_periods"), win=margin > 0, plus_minus=2 * margin
    )


def official_games(rows: pl.DataFrame) -> pl.DataFrame:
    """Date and home team (from the reference's game id), tip-off, arena and officials.

    Cup games have "In-Season Tournament" in the time column, and the time in the arena column.
    """
    times = [pl.col(c).str.to_datetime("%I:%M %p, %B %d, %Y", strict=False) for c in ("when", "arena")]
    return rows.unique("bref_game", keep="first", maintain_order=True).select(
        "officials",
        **_reference_game(),
        official_tip=_eastern(pl.coalesce(times)),
        arena=pl.when(times[1].is_null()).then("arena"),
    )


def _reference_game() -> dict[str, pl.Expr]:
    """Date and home tricode from ids such as "202403290SAC"."""
    return {
        "game_date": pl.col("bref_game").str.head(8).str.to_date("%Y%m%d", strict=False),
        "home": tricode(pl.col("bref_game").str.tail(3)),
    }


def _with_game(rows: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    return rows.join(games.select("game_id", "game_date", "home"), on=["game_date", "home"], how="left")


def with_tip_offs(games: pl.DataFrame, official: pl.DataFrame, provider: pl.DataFrame) -> pl.DataFrame:
    """The games with the earlier of the official and the provider's tip-off, so that replays show no later fact."""
    default = _eastern(pl.col("game_date").dt.combine(_DEFAULT_TIP_OFF))
    times = official.select("game_date", "home", "official_tip", "arena")
    known = pl.min_horizontal("official_tip", "provider_tip")
    source = (
        pl.when(known.is_null()).then(pl.lit("estimated"))
        .when(known == pl.col("official_tip")).then(pl.lit("official"))
        .otherwise(pl.lit("odds"))
    )  # fmt: skip
    return (
        games.join(times, on=["game_date", "home"], how="left")
        .join(provider, on="game_id", how="left")
        .with_columns(tip_off=pl.coalesce(known, default).cast(UTC_TIME), tip_off_source=source)
    )


def _eastern(wall_clock: pl.Expr) -> pl.Expr:
    return wall_clock.dt.replace_time_zone(EASTERN.key).dt.convert_time_zone("UTC")


def _name_key(column: str) -> pl.Expr:
    """The name in lower case without accents and punctuation."""
    return pl.col(column).str.normalize("NFKD").str.to_lowercase().str.replace_all("[^a-z]", "")


def player_ids_by_reference_id(rows: pl.DataFrame) -> pl.DataFrame:
    """The NBA id of each player id of the reference."""
    return (
        rows.select(bref_id="BREF_ID", by_reference="PLAYER_ID")
        .drop_nulls()
        .unique("bref_id", keep="first", maintain_order=True)
    )


def availability(rows: pl.DataFrame, games: pl.DataFrame, ids: pl.DataFrame, box: pl.DataFrame) -> FilteredRows:
    """The players listed for a game, with ids by the reference's id, otherwise by a unique name."""
    names = box.group_by("player_id").agg(nba_name=pl.col("player_name").last())
    by_name = names.select(key=_name_key("nba_name"), by_name="player_id").unique("key", keep="none")
    listed = (
        _with_game(rows.with_columns(**_reference_game(), key=_name_key("player")), games)
        .join(ids, on="bref_id", how="left")
        .join(by_name, on="key", how="left")
        .with_columns(player_id=pl.coalesce("by_reference", "by_name"))
        .join(names, on="player_id", how="left")
    )
    in_capitals = pl.col("status").str.to_uppercase().str.replace_all(" ", "_")
    known = listed.with_columns(
        team=tricode("team"),
        player_name=pl.coalesce("nba_name", "player"),
        status=pl.col("status").replace_strict(_STATUSES, default=in_capitals),
        reason=pl.col("status").replace_strict(_REASONS, default=None, return_dtype=pl.String()),
    )
    rules = {
        UNKNOWN_TEAM: any_missing("team", "home"),
        **unmatched_game_rules(games),
        "no player or status": any_missing("player", "status"),
        "repeated player in a game": duplicated("game_id", "bref_id"),
    }
    return apply_rules(known, rules)


def officials(official: pl.DataFrame, games: pl.DataFrame) -> FilteredRows:
    """The officials of a game with their positions from 1."""
    split = _with_game(official, games).with_columns(official_name=pl.col("officials").str.split("; "))
    listed = split.with_columns(position=pl.int_ranges(1, pl.col("official_name").list.len() + 1)).explode(
        "official_name", "position"
    )
    rules = {UNKNOWN_TEAM: any_missing("home"), **unmatched_game_rules(games), "no name": any_missing("official_name")}
    return apply_rules(listed, rules)


def shots(rows: pl.DataFrame, games: pl.DataFrame) -> FilteredRows:
    """Shots with zone names; threes only in three-point zones, twos only in the others."""
    zones = pl.DataFrame(
        [(zone, points, name) for (zone, points), name in _ZONES.items()],
        schema=["BASIC_ZONE", "points", "zone"],
        orient="row",
    )
    located = (
        rows.with_columns(
            game_id=pl.col("GAME_ID").str.zfill(10),
            team=tricode("TEAM_ID"),
            points=pl.col("SHOT_TYPE").str.head(1).cast(pl.Int64, strict=False),
        )
        .join(games.select("game_id", "game_date"), on="game_id", how="left")
        .join(zones, on=["BASIC_ZONE", "points"], how="left")
    )
    rules = {
        "game not among the player games": any_missing("game_date"),
        UNKNOWN_TEAM: any_missing("team"),
        "unknown zone": any_missing("zone"),
        "no player or result": any_missing("PLAYER_ID", "SHOT_MADE"),
    }
    return apply_rules(located, rules)


def shots_by_zone(shots: pl.DataFrame) -> pl.DataFrame:
    """Makes and attempts per player, game and zone."""
    return shots.group_by("game_id", "game_date", "team", "zone", player_id="PLAYER_ID").agg(
        made=pl.col("SHOT_MADE").sum(), attempts=pl.len()
    )


def players(player_box: pl.DataFrame) -> pl.DataFrame:
    """Every player with the newest name and the first and last season in the folder."""
    return (
        player_box.sort("game_date")
        .group_by("player_id")
        .agg(
            pl.col("player_name").last(),
            first_season=pl.col("season").first(),
            last_season=pl.col("season").last(),
        )
    )
