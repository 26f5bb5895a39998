"""What happened in the games: box scores, tip-offs, who was there, shots."""

from datetime import time
from typing import Final

import polars as pl

from tipoff.replay.archive.layout import COUNTS, DID_NOT_PLAY, MOMENT, PLAYED
from tipoff.replay.archive.row_rules import NO_TEAM, Sifted, lacks, sift, tricode, twice, unmatched
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
_USUAL_TIP: Final = time(19, 30)


def player_box(rows: pl.DataFrame) -> Sifted:
    """One row per player and game he played in; minutes exact where the folder has them."""
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
    whole = sift(
        box,
        {
            "no game, player, date or season": lacks("game_id", "player_id", "game_date", "season"),
            NO_TEAM: lacks("team", "opponent"),
            "no name, minutes, side or a count": lacks("player_name", "minutes", "home", *COUNTS),
            "player twice in a game": twice("game_id", "player_id"),
        },
    )
    two_sided = pl.all_horizontal(pl.col("team", "home").n_unique().over("game_id") == 2)
    paired = sift(whole.rows, {"game without a home and an away team": ~two_sided})
    return Sifted(paired.rows, whole.rows_in, whole.rejected + paired.rejected)


def team_box(player_box: pl.DataFrame) -> pl.DataFrame:
    """Sums of the players' rows; `minutes` still as summed."""
    return player_box.group_by("game_id", "game_date", "season", "team", "opponent", "home").agg(
        pl.col("minutes", *COUNTS).sum()
    )


def neutral_games(rows: pl.DataFrame) -> pl.Series:
    """Ids of games on neither team's floor."""
    return rows.filter(pl.col("NEUTRAL_SITE") == 1)["GAME_ID"].str.zfill(10).unique()


def games(team_box: pl.DataFrame, neutral: pl.Series) -> pl.DataFrame:
    """One row per game: teams, final score, and overtime as the players' minutes tell it."""
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
    """Team rows with 240 minutes and 25 per overtime, margin and winner."""
    margin = pl.col("points") - pl.col("points").sum().over("game_id") / 2
    return team_box.join(games.select("game_id", "overtime_periods"), on="game_id").with_columns(
        minutes=240 + 25 * pl.col("overtime_periods"), win=margin > 0, plus_minus=2 * margin
    )


def official_games(rows: pl.DataFrame) -> pl.DataFrame:
    """Date and home team of the reference's game id, tip-off, arena and officials.

    Cup games have "In-Season Tournament" in the place of the time, and the time in the place of the arena.
    """
    times = [pl.col(c).str.to_datetime("%I:%M %p, %B %d, %Y", strict=False) for c in ("when", "arena")]
    return rows.unique("bref_game", keep="first", maintain_order=True).select(
        "officials",
        **_reference_game(),
        official_tip=_eastern(pl.coalesce(times)),
        arena=pl.when(times[1].is_null()).then("arena"),
    )


def _reference_game() -> dict[str, pl.Expr]:
    """Date and home tricode out of ids such as "202403290SAC"."""
    return {
        "game_date": pl.col("bref_game").str.head(8).str.to_date("%Y%m%d", strict=False),
        "home": tricode(pl.col("bref_game").str.tail(3)),
    }


def _with_game(rows: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    return rows.join(games.select("game_id", "game_date", "home"), on=["game_date", "home"], how="left")


def with_tip_offs(games: pl.DataFrame, official: pl.DataFrame, provider: pl.DataFrame) -> pl.DataFrame:
    """The earlier of official and provider's tip-off, so that nothing after it passes for before it."""
    usual = _eastern(pl.col("game_date").dt.combine(_USUAL_TIP))
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
        .with_columns(tip_off=pl.coalesce(known, usual).cast(MOMENT), tip_off_source=source)
    )


def _eastern(wall_clock: pl.Expr) -> pl.Expr:
    return wall_clock.dt.replace_time_zone(EASTERN.key).dt.convert_time_zone("UTC")


def _name_key(column: str) -> pl.Expr:
    """A name without accents, case and punctuation."""
    return pl.col(column).str.normalize("NFKD").str.to_lowercase().str.replace_all("[^a-z]", "")


def ids_by_reference(rows: pl.DataFrame) -> pl.DataFrame:
    """The reference's player id → the NBA's."""
    return (
        rows.select(bref_id="BREF_ID", by_reference="PLAYER_ID")
        .drop_nulls()
        .unique("bref_id", keep="first", maintain_order=True)
    )


def availability(rows: pl.DataFrame, games: pl.DataFrame, ids: pl.DataFrame, box: pl.DataFrame) -> Sifted:
    """Who was listed for a game. Ids by the reference's id, else by a name that only one player has."""
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
        NO_TEAM: lacks("team", "home"),
        **unmatched(games),
        "no player or status": lacks("player", "status"),
        "player twice in a game": twice("game_id", "bref_id"),
    }
    return sift(known, rules)


def officials(official: pl.DataFrame, games: pl.DataFrame) -> Sifted:
    """The officials of a game in the order given, from 1."""
    named = _with_game(official, games).with_columns(official_name=pl.col("officials").str.split("; "))
    listed = named.with_columns(position=pl.int_ranges(1, pl.col("official_name").list.len() + 1)).explode(
        "official_name", "position"
    )
    rules = {NO_TEAM: lacks("home"), **unmatched(games), "no name": lacks("official_name")}
    return sift(listed, rules)


def shots(rows: pl.DataFrame, games: pl.DataFrame) -> Sifted:
    """Shots with our zone names; threes only in three-point zones, twos only in others."""
    zones = pl.DataFrame(
        [(zone, worth, ours) for (zone, worth), ours in _ZONES.items()],
        schema=["BASIC_ZONE", "worth", "zone"],
        orient="row",
    )
    placed = (
        rows.with_columns(
            game_id=pl.col("GAME_ID").str.zfill(10),
            team=tricode("TEAM_ID"),
            worth=pl.col("SHOT_TYPE").str.head(1).cast(pl.Int64, strict=False),
        )
        .join(games.select("game_id", "game_date"), on="game_id", how="left")
        .join(zones, on=["BASIC_ZONE", "worth"], how="left")
    )
    rules = {
        "game not among the player games": lacks("game_date"),
        NO_TEAM: lacks("team"),
        "unknown zone": lacks("zone"),
        "no player, or made and missed unknown": lacks("PLAYER_ID", "SHOT_MADE"),
    }
    return sift(placed, rules)


def shots_by_zone(shots: pl.DataFrame) -> pl.DataFrame:
    """Made and attempted per player, game and zone."""
    return shots.group_by("game_id", "game_date", "team", "zone", player_id="PLAYER_ID").agg(
        made=pl.col("SHOT_MADE").sum(), attempts=pl.len()
    )


def players(player_box: pl.DataFrame) -> pl.DataFrame:
    """Everyone seen, by his latest name, with his first and last season in the folder."""
    return (
        player_box.sort("game_date")
        .group_by("player_id")
        .agg(
            pl.col("player_name").last(),
            first_season=pl.col("season").first(),
            last_season=pl.col("season").last(),
        )
    )
