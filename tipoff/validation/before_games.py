"""Measures the tables that are filled before the games: schedule, rosters, lines, contexts, features, predictions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import polars as pl

from tipoff.grading.outcomes import RULED_OUT
from tipoff.plan import inputs_known_by, slate_times
from tipoff.systems.registry import SYSTEMS
from tipoff.validation.measured import (
    GRACE,
    Measured,
    Unit,
    games_without,
    labels_of,
    rows_per_team,
    settled,
    teams_of,
)
from tipoff.validation.records import PREDICTIONS_EXPORT, SCHEDULE, DayRecords, JsonObject
from tipoff.vocabulary import counted, season_of
from tipoff.warehouse.preflight import FEWEST_PLAYERS

FEWEST_LISTED: Final = 8
"""A roster has 13 players or more; fewer than this is a damaged one."""
SHARE_WITH_CONTEXT: Final = 0.5
"""Share of a team's listed players who are not ruled out that must have a context."""
_GAME_ID = re.compile(r"00\d{8}")
_PLAYER = ("game_id", "player_id")


def schedule(records: DayRecords) -> Measured:
    """The season's schedule is stored with each published game; ids are whole, and no team plays twice."""
    export = records.exports.get(PREDICTIONS_EXPORT, {})
    wrong = _wrong_games(records, export)
    if records.slate:
        return Measured(len(records.slate), wrong=wrong)
    if not records.tables[SCHEDULE].is_empty() or export.get("status") == "empty":
        return Measured(0, wrong=wrong, note="no games on this date")
    return Measured(1, missing=(Unit(f"the schedule of {season_of(records.game_date)}"),), wrong=wrong)


def _wrong_games(records: DayRecords, export: JsonObject) -> tuple[str, ...]:
    published = {*records.active["game_id"], *(game["game_id"] for game in export.get("games", ()))}
    unknown = sorted(published - set(records.tables[SCHEDULE]["game_id"]))
    gone = (f"{counted(len(unknown), 'published game')} not in the schedule",) if unknown else ()
    teams = Counter(team for _, team in teams_of(records.slate))
    twice = tuple(f"{team} is in {counted(count, 'game')}" for team, count in sorted(teams.items()) if count > 1)
    ids = tuple(f"{game.game_id!r} is no game id" for game in records.slate if not _GAME_ID.fullmatch(game.game_id))
    return (*gone, *twice, *ids)


def rosters(records: DayRecords) -> Measured:
    """Each team of the slate has a roster."""
    return _teams_with_few_players(records, _players_of_teams(records, "raw_rosters"))


def listed_players(records: DayRecords) -> Measured:
    """Each team of the slate has a roster, or players on the league's list."""
    return _teams_with_few_players(records, _listed_players(records))


def _teams_with_few_players(records: DayRecords, players: Mapping[str, set[str]]) -> Measured:
    if records.is_backfilled:
        return Measured(0, note="players of a past date are not polled")
    teams = teams_of(records.slate)
    few = tuple(Unit(team, game.game_id) for game, team in teams if len(players.get(team, ())) < FEWEST_LISTED)
    return Measured(len(teams), missing=few)


def _listed_players(records: DayRecords) -> dict[str, set[str]]:
    """Team -> players: those of its roster, without one those of the league's list."""
    whole = {team: ids for team, ids in _players_of_teams(records, "raw_rosters").items() if len(ids) >= FEWEST_LISTED}
    return _players_of_teams(records, "raw_players") | whole


def _players_of_teams(records: DayRecords, table: str) -> dict[str, set[str]]:
    rows = records.tables[table].drop_nulls("team").group_by("team").agg("player_id")
    return {team: set(ids) for team, ids in rows.iter_rows()}


def injury_reports(records: DayRecords) -> Measured:
    """Each game has an injury report."""
    return Measured(len(records.slate), missing=games_without(records.slate, records.tables["raw_injuries"]["game_id"]))


def game_lines(records: DayRecords) -> Measured:
    """Each game has a spread or a total."""
    lined = records.tables["raw_game_lines"].filter(~pl.all_horizontal(pl.col("home_spread", "total").is_null()))
    return Measured(len(records.slate), missing=games_without(records.slate, lined["game_id"]))


def player_lines(records: DayRecords) -> Measured:
    """Each game has player lines, quoted before its tip-off."""
    return Measured(len(records.slate), missing=games_without(records.slate, _quoted(records)["game_id"]))


def _quoted(records: DayRecords) -> pl.DataFrame:
    """Rows of resolved players with both prices, from before the tip-off."""
    tips = pl.DataFrame(
        [{"game_id": game.game_id, "tip_off": game.tip_off} for game in records.slate],
        schema={"game_id": pl.String, "tip_off": pl.Datetime(time_zone="UTC")},
    )
    quotes = records.tables["raw_player_props"].drop_nulls(["player_id", "over_price_american", "under_price_american"])
    return quotes.join(tips, on="game_id").filter((pl.col("as_of") < pl.col("tip_off")).fill_null(True))


def lines_in_predictions(records: DayRecords) -> Measured:
    """The predictions of each game whose lines are stored have lines."""
    landed = set(_quoted(records).filter(pl.col("as_of") <= _lines_due(records))["game_id"])
    games = [game for game in records.slate if game.game_id in landed]
    with_line = records.active.drop_nulls("line")["game_id"]
    return Measured(len(games), missing=games_without(games, with_line), note="no lines are stored")


def _lines_due(records: DayRecords) -> datetime:
    """Predictions have the lines that were stored by then; those of a backfill only what was known before all games."""
    due = records.as_of - GRACE
    known_by = inputs_known_by(slate_times(records.game_date, records.slate), records.as_of)
    return min(due, known_by) if records.is_backfilled and known_by else due


def team_contexts(records: DayRecords) -> Measured:
    """Each game has the contexts of its two teams."""
    contexts = rows_per_team(records.tables["upcoming_team_game_context"])
    teams = teams_of(records.slate)
    missing = tuple(Unit(team, game.game_id) for game, team in teams if (game.game_id, team) not in contexts)
    return Measured(len(teams), missing=missing, wrong=_strangers(records, contexts))


def player_contexts(records: DayRecords) -> Measured:
    """Each team has the contexts of at least half of its listed players who are not ruled out, and of five."""
    contexts = rows_per_team(records.tables["upcoming_player_game_context"])
    listed, out = _listed_players(records), _ruled_out(records)
    teams = teams_of(records.slate)
    missing = []
    for game, team in teams:
        least = max(FEWEST_PLAYERS, SHARE_WITH_CONTEXT * len(listed.get(team, set()) - out))
        count = contexts.get((game.game_id, team), 0)
        if count < least:
            missing.append(Unit(f"{team} ({counted(count, 'player')})", game.game_id))
    return Measured(len(teams), missing=tuple(missing), wrong=_strangers(records, contexts))


def _ruled_out(records: DayRecords) -> set[str]:
    """Players who are ruled out in some report of the date."""
    return set(records.tables["raw_injuries"].filter(pl.col("status").is_in(RULED_OUT))["player_id"])


def _strangers(records: DayRecords, counts: dict[tuple[str, str], int]) -> tuple[str, ...]:
    """Rows about a game that is in no schedule, or about a team that does not play in it."""
    schedule_rows = records.tables[SCHEDULE].select("game_id", "away", "home").iter_rows()
    sides = {game_id: teams for game_id, *teams in schedule_rows}
    strange = [(game_id, team) for game_id, team in counts if team not in sides.get(game_id, ())]
    return tuple(f"rows of {team} in game {game_id!r}, which the schedule lacks" for game_id, team in sorted(strange))


def features(records: DayRecords) -> Measured:
    """Each player with a context has a feature vector."""
    return _players_without(
        records, settled(records, "upcoming_player_game_context"), records.tables["ml_feature_store"]
    )


def predicted_games(records: DayRecords) -> Measured:
    """Each game has predictions."""
    return Measured(len(records.slate), missing=games_without(records.slate, records.active["game_id"]))


def predicted_players(records: DayRecords) -> Measured:
    """Each eligible player is predicted."""
    eligible = settled(records, "ml_feature_store").filter("eligible")
    return _players_without(records, eligible, records.active)


def _players_without(records: DayRecords, given: pl.DataFrame, present: pl.DataFrame) -> Measured:
    """The games of which players of one frame are not in another."""
    of_slate = given.filter(pl.col("game_id").is_in([game.game_id for game in records.slate]))
    lacking = of_slate.join(present, on=_PLAYER, how="anti").group_by("game_id").agg(pl.col("player_name").sort())
    labels = labels_of(records)
    missing = tuple(
        Unit(f"{labels[game_id]} ({_named(names)})", game_id) for game_id, names in lacking.sort("game_id").iter_rows()
    )
    return Measured(of_slate["game_id"].n_unique(), missing=missing, note="nothing to compute them from yet")


def _named(names: list[str]) -> str:
    more = len(names) - _NAMED_PLAYERS
    return ", ".join(names[:_NAMED_PLAYERS]) + (f" and {counted(more, 'more player')}" if more > 0 else "")


_NAMED_PLAYERS = 3


def systems(records: DayRecords) -> Measured:
    """Each system predicts all games that any system predicts."""
    games = set(records.active["game_id"])
    if not games:
        return Measured(0, note="no predictions yet")
    by_system = {system: set(ids) for system, ids in records.active.group_by("system_id").agg("game_id").iter_rows()}
    lacking = {system: len(games - by_system.get(system, set())) for system in SYSTEMS}
    missing = tuple(Unit(f"{system} ({counted(count, 'game')})") for system, count in lacking.items() if count)
    return Measured(len(SYSTEMS), missing=missing)


def made_before_tip_off(records: DayRecords) -> Measured:
    """No prediction that counts was made after its game began, or from a later line; no game has late ones only."""
    predictions = records.tables["predictions"].filter(~pl.col("backfilled"))
    late = predictions.filter(pl.col("as_of") >= pl.col("tip_off")).height
    ahead = predictions.filter(pl.col("line_as_of") > pl.col("as_of")).height
    wrong = (
        *((f"{counted(late, 'prediction')} made after tip-off without being marked",) if late else ()),
        *((f"{counted(ahead, 'prediction')} with a line from later than the prediction",) if ahead else ()),
    )
    if records.is_backfilled:
        return Measured(0, wrong=wrong, note="the date was predicted after its games, and is marked so")
    in_time = set(records.active.filter(~pl.col("backfilled"))["game_id"])
    predicted = [game for game in records.slate if game.game_id in set(records.active["game_id"])]
    note = "no predictions yet"
    return Measured(len(predicted), missing=games_without(predicted, in_time), wrong=wrong, note=note)
