"""The players of a team on a date and the injury report, with only what could be known before tip-off."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from tipoff.replay.archive.layout import AVAILABLE_STATUSES
from tipoff.replay.archive.reader import Archive

ROSTER_WINDOW: Final = timedelta(days=21)
LATE_SCRATCH_NOTICE: Final = timedelta(minutes=60)
"""How long before tip-off a late scratch becomes public."""

NOT_RECORDED: Final = "Reason not recorded"

ROSTER: Final = pl.Schema({"player_id": pl.String(), "player_name": pl.String(), "team": pl.String()})
REPORT: Final = pl.Schema(
    dict.fromkeys(("game_id", "team", "player_name", "player_id", "status", "reason"), pl.String())
)


def roster(archive: Archive, game_date: date, team: str) -> pl.DataFrame:
    """The players of a team on a date, by name: (player_id, player_name, team).

    Those listed for the date's game, whatever their status, where the archive has the list. Otherwise the players whose
    nearest other game within 21 days was for the team and whom no other team lists on the date. Listed players without
    any box score have no id and are omitted. The box scores of the date itself are not used.
    """
    of_date = archive.availability.filter(pl.col("game_date") == game_date, pl.col("player_id").is_not_null())
    listed = of_date.filter(pl.col("team") == team)
    if listed.is_empty():
        players = _players_of_nearby_games(archive, game_date, team).join(of_date, on="player_id", how="anti")
    else:
        players = listed
    return players.select(ROSTER.names()).sort("player_name", "player_id")


def injury_report(archive: Archive, game_date: date, as_of: datetime) -> pl.DataFrame:
    """The injury report of a date at `as_of`: (game_id, team, player_name, player_id, status, reason).

    Replaces the official report, which no archive has. A player is out early only if he was also out in his team's
    previous game; other absences are late scratches and appear in the last hour before tip-off. A game is in the report
    until its tip-off. Raises ValueError for a naive `as_of`.
    """
    now = _in_utc(as_of)
    absent = archive.availability.filter(~pl.col("status").is_in(AVAILABLE_STATUSES))
    open_games = archive.slate(game_date).filter(pl.col("tip_off") > now).select("game_id", "tip_off")
    out = absent.join(open_games, on="game_id")
    before = absent.join(previous_games(archive.games, archive.slate(game_date)), on=["game_id", "team"], how="semi")
    early = out.join(before, on=["team", "player_name"], how="semi")
    late = out.join(early, on=["game_id", "player_name"], how="anti").filter(
        pl.col("tip_off") <= now + LATE_SCRATCH_NOTICE
    )
    return (
        pl.concat([early, late])
        .sort("tip_off", "game_id", "team", "player_name")
        .with_columns(status=pl.lit("Out"), reason=pl.col("reason").fill_null(NOT_RECORDED))
        .select(REPORT.names())
    )


def previous_games(games: pl.DataFrame, slate: pl.DataFrame) -> pl.DataFrame:
    """Each slate team's last game of the same season before the date of the slate: (team, game_id)."""
    today = pl.concat(_sides(slate)).rename({"game_date": "today", "game_id": "game_today"})
    earlier = pl.concat(_sides(games)).join(today, on=["season", "team"])
    before = earlier.filter(pl.col("game_date") < pl.col("today")).sort("game_date")
    return before.group_by("team").agg(pl.col("game_id").last())


def _sides(games: pl.DataFrame) -> list[pl.DataFrame]:
    return [games.select("season", "game_date", "game_id", team=side) for side in ("home", "away")]


def _in_utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError(f"{time.isoformat()} has no time zone; pass the as-of time of the report with one")
    return time.astimezone(UTC)


def _players_of_nearby_games(archive: Archive, game_date: date, team: str) -> pl.DataFrame:
    days_away = (pl.col("game_date") - game_date).dt.total_days().abs()
    return (
        archive.player_box.filter(days_away.is_between(1, ROSTER_WINDOW.days))
        .sort(days_away, "game_date")
        .unique("player_id", keep="first", maintain_order=True)
        .filter(pl.col("team") == team)
    )
