"""Who belonged to a team on a date, and who was reported out: what could be known before tip-off, no more."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from tipoff.replay.archive.layout import ON_THE_BENCH
from tipoff.replay.archive.reader import Archive

NEARBY: Final = timedelta(days=21)
LAST_REPORT: Final = timedelta(minutes=60)
"""How long before tip-off a late scratch becomes public."""

NOT_RECORDED: Final = "Reason not recorded"

ROSTER: Final = pl.Schema({"player_id": pl.String(), "player_name": pl.String(), "team": pl.String()})
REPORT: Final = pl.Schema(
    dict.fromkeys(("game_id", "team", "player_name", "player_id", "status", "reason"), pl.String())
)


def roster(archive: Archive, game_date: date, team: str) -> pl.DataFrame:
    """The team's players on a date, by name: (player_id, player_name, team).

    Those listed for the date's game where the archive has the list, whatever became of them; else those whose
    nearest other game within 21 days was for the team and whom no other team lists on the date. Listed players whom
    no box score ever named have no id and are left out. The date's own box score is never looked at.
    """
    tonight = archive.availability.filter(pl.col("game_date") == game_date, pl.col("player_id").is_not_null())
    listed = tonight.filter(pl.col("team") == team)
    if listed.is_empty():
        players = _of_surrounding_weeks(archive, game_date, team).join(tonight, on="player_id", how="anti")
    else:
        players = listed
    return players.select(ROSTER.names()).sort("player_name", "player_id")


def injury_report(archive: Archive, game_date: date, as_of: datetime) -> pl.DataFrame:
    """The report stamped `as_of` on a date's games: (game_id, team, player_name, player_id, status, reason).

    Stands in for the official report, which no archive has. Out early is only who was also out in his team's
    previous game; who was not is a late scratch and appears in the last hour before tip-off. A game leaves
    the report at its tip-off. Raises ValueError for a naive `as_of`.
    """
    now = _in_utc(as_of)
    absent = archive.availability.filter(~pl.col("status").is_in(ON_THE_BENCH))
    open_games = archive.slate(game_date).filter(pl.col("tip_off") > now).select("game_id", "tip_off")
    tonight = absent.join(open_games, on="game_id")
    before = absent.join(previous_games(archive.games, archive.slate(game_date)), on=["game_id", "team"], how="semi")
    known = tonight.join(before, on=["team", "player_name"], how="semi")
    late = tonight.join(known, on=["game_id", "player_name"], how="anti").filter(pl.col("tip_off") <= now + LAST_REPORT)
    return (
        pl.concat([known, late])
        .sort("tip_off", "game_id", "team", "player_name")
        .with_columns(status=pl.lit("Out"), reason=pl.col("reason").fill_null(NOT_RECORDED))
        .select(REPORT.names())
    )


def previous_games(games: pl.DataFrame, slate: pl.DataFrame) -> pl.DataFrame:
    """The last game of the same season that each slate team had before the slate's date: (team, game_id)."""
    today = pl.concat(_sides(slate)).rename({"game_date": "today", "game_id": "game_tonight"})
    earlier = pl.concat(_sides(games)).join(today, on=["season", "team"])
    before = earlier.filter(pl.col("game_date") < pl.col("today")).sort("game_date")
    return before.group_by("team").agg(pl.col("game_id").last())


def _sides(games: pl.DataFrame) -> list[pl.DataFrame]:
    return [games.select("season", "game_date", "game_id", team=side) for side in ("home", "away")]


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: say which moment the report is of")
    return moment.astimezone(UTC)


def _of_surrounding_weeks(archive: Archive, game_date: date, team: str) -> pl.DataFrame:
    days_away = (pl.col("game_date") - game_date).dt.total_days().abs()
    return (
        archive.player_box.filter(days_away.is_between(1, NEARBY.days))
        .sort(days_away, "game_date")
        .unique("player_id", keep="first", maintain_order=True)
        .filter(pl.col("team") == team)
    )
