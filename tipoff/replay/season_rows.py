"""Loads the seasons of an archive into a warehouse as raw rows, at once and without providers.

`warehouse_import` brings the same facts through the sources, date by date, as real days would.
Every row has the time at which its fact was known, so that a transform may ask for any earlier time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import polars as pl

from tipoff.plan import INPUTS_DUE, SlateTimes
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import AVAILABLE_STATUSES, UTC_TIME
from tipoff.replay.archive.rosters import LATE_SCRATCH_NOTICE, roster
from tipoff.replay.warehouse_import import poll_times
from tipoff.sources.base import KnownPlayer, ReadContext, Slate
from tipoff.sources.bdl_injuries import BdlInjuries
from tipoff.sources.injuries import SUBMITTED
from tipoff.sources.player_names import Resolver, resolver_of
from tipoff.vocabulary import ARCHIVED, eastern, season_of, step_names
from tipoff.warehouse.base import DateRange, Warehouse
from tipoff.warehouse.tables import TABLES

ROSTER_HOUR: Final = 6
"""Eastern hour of a date at which its rosters are known."""


def load_results(warehouse: Warehouse, archive: Archive, seasons: Sequence[str]) -> None:
    """Write schedule, box scores, shots and starters of the seasons."""
    for season in seasons:
        _replace(warehouse, "raw_schedule", _schedule(archive, season), season)
        _replace(warehouse, "raw_player_boxscores", _player_boxscores(archive, season), season)
        _replace(warehouse, "raw_team_boxscores", _team_boxscores(archive, season), season)
        _replace_dates(warehouse, "raw_shots", archive, _shots(archive, season), season)
        _replace_dates(warehouse, "raw_gamebook_players", archive, _gamebook_players(archive, season), season)


def load_past_inputs(warehouse: Warehouse, archive: Archive, seasons: Sequence[str], before: date) -> None:
    """Write what providers show on a day only, of the dates of the seasons before `before`: training rows need it.

    That is injury reports, game lines, who started, and the tip-offs of earlier seasons.
    """
    for season in seasons:
        if season != season_of(before):
            _replace(warehouse, "raw_schedule", _schedule(archive, season), season)
        dates = archive.games.filter(pl.col("game_date") < before, season=season)["game_date"].sort()
        if not dates.is_empty():
            past = DateRange(first=dates[0], last=dates[-1])
            load_reports(warehouse, archive, past)
            load_game_lines(warehouse, archive, past)
            starters = _gamebook_players(archive, season).filter(_within(past))
            warehouse.replace(
                "raw_gamebook_players", _columns_of("raw_gamebook_players", starters), {"game_date": past}
            )


def load_game_lines(warehouse: Warehouse, archive: Archive, dates: DateRange) -> None:
    """Append every snapshot of game lines of the dates."""
    quotes = archive.game_lines.filter(_within(dates))
    rows = quotes.with_columns(
        pl.selectors.integer().cast(pl.Float64), source=_archived(step_names.GAME_BETTING_LINES), as_of="snapshot_at"
    )
    _append(warehouse, "raw_game_lines", rows.sort("event_id"))


def load_reports(warehouse: Warehouse, archive: Archive, dates: DateRange) -> None:
    """Append the injury reports of the dates, of the games whose absences the archive has.

    The same two states as `rosters.injury_report`: until an hour before tip-off only the players who were also out in
    their team's previous game, then everyone who is out.
    """
    absences = _absences(archive)
    sides = _sides(archive.games).join(archive.availability, on="game_id", how="semi").filter(_within(dates))
    absent = sides.join(absences, on=["game_id", "team"])
    of_previous_game = absences.select("team", "player_id", previous_id="game_id")
    known_early = absent.join(of_previous_game, on=["team", "player_id", "previous_id"], how="semi")
    submitted = sides.with_columns(player_id="team", player_name="team", status=pl.lit(SUBMITTED), reason=None)
    columns = [name for name in TABLES["raw_injuries"].column_names if name not in ("source", "as_of")]
    for players, as_of in ((known_early, "early_at"), (absent, "late_at")):
        report = (submitted, players.with_columns(status=pl.lit("Out")))
        rows = pl.concat((part.select(*columns, as_of=as_of) for part in report), how="vertical_relaxed")
        _append(warehouse, "raw_injuries", rows.with_columns(source=_archived(BdlInjuries.name)))


def load_rosters(warehouse: Warehouse, archive: Archive, dates: DateRange) -> None:
    """Write the rosters of the dates, of the games whose listed players the archive has."""
    for game_date, rows in _by_date(archive.availability, dates):
        teams = [roster(archive, game_date, team) for team in rows["team"].unique().sort()]
        of_date = pl.concat(teams).unique(["team", "player_id"], maintain_order=True)
        known = of_date.with_columns(
            game_date=pl.lit(game_date),
            position=pl.lit(None, pl.String),
            birth_date=pl.lit(None, pl.Date),
            source=_archived(step_names.ROSTERS),
            as_of=pl.lit(eastern(game_date, ROSTER_HOUR)),
        )
        warehouse.replace("raw_rosters", _columns_of("raw_rosters", known), {"game_date": game_date})


def load_player_lines(warehouse: Warehouse, archive: Archive, dates: DateRange) -> None:
    """Append the quotes before tip-off of the dates; names match as on a real day.

    Snapshots of some minutes count as one, as in `warehouse_import`.
    """
    tips = archive.games.select("game_id", "tip_off")
    quotes = archive.prop_lines.join(tips, on="game_id").filter(pl.col("snapshot_at") < pl.col("tip_off"))
    rows = [_player_lines(archive, *of_date) for of_date in _by_date(quotes.sort("snapshot_at"), dates)]
    if rows:
        newest_last = pl.concat(rows).unique(TABLES["raw_player_props"].natural_key, keep="last", maintain_order=True)
        _append(warehouse, "raw_player_props", newest_last)


def _player_lines(archive: Archive, game_date: date, quotes: pl.DataFrame) -> pl.DataFrame:
    times, tips = quotes["snapshot_at"].unique().sort().to_list(), quotes["tip_off"].unique().to_list()
    polls = list(poll_times(times, tips))
    polled_at = {time: polls[bisect_left(polls, time)] for time in times}
    return _with_player_ids(archive, game_date, quotes).with_columns(
        pl.selectors.integer().cast(pl.Float64),
        last_update="snapshot_at",
        source=_archived(step_names.BETTING_LINES),
        as_of=pl.col("snapshot_at").replace_strict(polled_at, return_dtype=UTC_TIME),
    )


def _with_player_ids(archive: Archive, game_date: date, quotes: pl.DataFrame) -> pl.DataFrame:
    """Add `player_id`: the player of either team with the quoted name; NULL for an unresolved name."""
    named = quotes.select("home", "away", "player_name").unique(maintain_order=True)
    players = _known_players(archive, game_date)
    context = ReadContext(slate=Slate(game_date=game_date), as_of=eastern(game_date, ROSTER_HOUR), players=players)
    resolvers: dict[tuple[str, str], Resolver] = {}
    ids = []
    for home, away, name in named.iter_rows():
        resolver = resolvers.setdefault((home, away), resolver_of(context, (home, away)))
        player = resolver.resolve(name)
        ids.append(player.player_id if player else None)
    resolved = named.with_columns(player_id=pl.Series(ids, dtype=pl.String))
    return quotes.join(resolved, on=["home", "away", "player_name"], maintain_order="left")


def _known_players(archive: Archive, game_date: date) -> tuple[KnownPlayer, ...]:
    """The listed players of a date, and of other teams those whose last game before the date was for them."""
    listed = archive.availability.filter(pl.col("game_date") == game_date, pl.col("player_id").is_not_null())
    played = archive.player_box.filter(pl.col("game_date") < game_date).sort("game_date")
    last_team = played.unique("player_id", keep="last").join(listed, on="player_id", how="anti")
    columns = ("player_id", "player_name", "team")
    known = pl.concat([listed.select(columns), last_team.select(columns)])
    return tuple(KnownPlayer.model_validate(row) for row in known.iter_rows(named=True))


def _absences(archive: Archive) -> pl.DataFrame:
    absent = archive.availability.filter(~pl.col("status").is_in(AVAILABLE_STATUSES), pl.col("player_id").is_not_null())
    return absent.select("game_id", "team", "player_id", "player_name", "reason").unique(
        ["game_id", "player_id"], keep="first", maintain_order=True
    )


def _sides(games: pl.DataFrame) -> pl.DataFrame:
    """The two teams of each game: its team's previous game, and when early and late absences are known."""
    tips = games.group_by("game_date").agg("tip_off")
    early_at = {
        game_date: INPUTS_DUE.resolve(SlateTimes(game_date, tuple(sorted(times))))
        for game_date, times in tips.iter_rows()
    }
    sides = games.unpivot(["home", "away"], index=["season", "game_date", "game_id", "tip_off"], value_name="team")
    return sides.sort("game_date", "game_id").with_columns(
        previous_id=pl.col("game_id").shift().over("season", "team"),
        early_at=pl.col("game_date").replace_strict(early_at, return_dtype=UTC_TIME),
        late_at=pl.col("tip_off") - LATE_SCRATCH_NOTICE,
    )


def _schedule(archive: Archive, season: str) -> pl.DataFrame:
    return archive.games.filter(season=season).with_columns(
        season_type=pl.lit("regular"),
        status=pl.when(pl.col("home_points").is_null()).then(pl.lit("scheduled")).otherwise(pl.lit("final")),
        **_after_the_game(step_names.SCHEDULE),
    )


def _player_boxscores(archive: Archive, season: str) -> pl.DataFrame:
    return archive.player_box.filter(season=season).with_columns(**_after_the_game(step_names.PLAYER_BOX_SCORES))


def _team_boxscores(archive: Archive, season: str) -> pl.DataFrame:
    return archive.team_box.filter(season=season).with_columns(**_after_the_game(step_names.TEAM_BOX_SCORES))


def _shots(archive: Archive, season: str) -> pl.DataFrame:
    """One row for each of the counted shots.

    An archive does not say which made ones were assisted: every second one is, as in a replay. No feature uses it.
    """
    games = archive.games.filter(season=season).select("game_id")
    counts = archive.shots_by_zone.join(games, on="game_id")
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
        **_after_the_game(step_names.PLAY_BY_PLAY),
    )


def _gamebook_players(archive: Archive, season: str) -> pl.DataFrame:
    return archive.player_box.filter(season=season).with_columns(
        status=pl.lit("played"), reason=pl.lit(None, pl.String), **_after_the_game(step_names.GAMEBOOK)
    )


def _after_the_game(source: str) -> dict[str, pl.Expr]:
    next_noon = pl.col("game_date").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=36)
    return {"source": _archived(source), "as_of": next_noon}


def _within(dates: DateRange) -> pl.Expr:
    return pl.col("game_date").is_between(dates.first, dates.last)


def _by_date(rows: pl.DataFrame, dates: DateRange) -> Iterator[tuple[date, pl.DataFrame]]:
    """The rows of each of the dates that has any, oldest first."""
    parts = rows.filter(_within(dates)).partition_by("game_date", as_dict=True)
    yield from ((game_date, parts[game_date,]) for (game_date,) in sorted(parts))


def _archived(source: str) -> pl.Expr:
    return pl.lit(f"{ARCHIVED}{source}")


def _replace(warehouse: Warehouse, table: str, rows: pl.DataFrame, season: str) -> None:
    warehouse.replace(table, _columns_of(table, rows), {"season": season})


def _replace_dates(warehouse: Warehouse, table: str, archive: Archive, rows: pl.DataFrame, season: str) -> None:
    """Replace the rows of a season in a table without a season column."""
    dates = archive.games.filter(season=season)["game_date"].sort()
    warehouse.replace(table, _columns_of(table, rows), {"game_date": DateRange(first=dates[0], last=dates[-1])})


def _append(warehouse: Warehouse, table: str, rows: pl.DataFrame) -> None:
    warehouse.append(table, _columns_of(table, rows).unique(TABLES[table].natural_key, maintain_order=True))


def _columns_of(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(TABLES[table].column_names)
