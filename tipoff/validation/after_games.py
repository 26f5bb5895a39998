"""Measures the tables that are filled after the games: final scores, box scores, summaries and grades."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from tipoff.grading.outcomes import FINAL, POSTPONED, SIDES
from tipoff.validation.measured import Measured, Unit, games_without, rows_per_team, teams_of
from tipoff.validation.records import SCHEDULE, DayRecords
from tipoff.vocabulary import Grade, SlateGame, counted
from tipoff.warehouse.preflight import FEWEST_PLAYERS

_NO_GAME_OVER: Final = "no game is over yet"


def final_scores(records: DayRecords) -> Measured:
    """Each game is final, by the schedule, the scoreboard or the box scores of both teams."""
    return Measured(len(records.slate), missing=games_without(records.slate, _over(records)))


def _over(records: DayRecords) -> set[str]:
    """The ids of the games that are over."""
    ended = pl.col("status") == FINAL
    by_status = (records.tables[name].filter(ended)["game_id"] for name in (SCHEDULE, "raw_scoreboard"))
    sides = records.tables["raw_player_boxscores"].group_by("game_id").agg(pl.col("team").n_unique())
    return {*(game for ids in by_status for game in ids), *sides.filter(pl.col("team") == 2)["game_id"]}


def _finished(records: DayRecords) -> list[SlateGame]:
    over = _over(records)
    return [game for game in records.slate if game.game_id in over]


def box_scores(records: DayRecords) -> Measured:
    """Each team of a finished game has box scores, whose points add up to the final score."""
    rows = rows_per_team(records.tables["raw_player_boxscores"])
    teams = teams_of(_finished(records))
    few = tuple(Unit(team, game.game_id) for game, team in teams if rows.get((game.game_id, team), 0) < FEWEST_PLAYERS)
    return Measured(len(teams), missing=few, wrong=tuple(_wrong_sums(records)), note=_NO_GAME_OVER)


def _wrong_sums(records: DayRecords) -> Iterator[str]:
    """Teams whose players' points are not those of the scoreboard; unresolved names may lack in the sum."""
    sums = records.tables["raw_player_boxscores"].group_by("game_id", "team").agg(pl.col("points").sum())
    points = {(game_id, team): total for game_id, team, total in sums.iter_rows()}
    unresolved = set(records.tables["unresolved_players"]["game_id"])
    board = records.tables["raw_scoreboard"].filter(pl.col("status") == FINAL)
    scores = {row["game_id"]: row for row in board.iter_rows(named=True) if row["game_id"] not in unresolved}
    for game in records.slate:
        for team, side in ((game.away, "away_points"), (game.home, "home_points")):
            total, score = points.get((game.game_id, team)), scores.get(game.game_id, {}).get(side)
            if total is not None and score is not None and total != score:
                yield f"{team}: the players scored {total}, the team {score}"


def summaries(records: DayRecords) -> Measured:
    """Each team with box scores has a summary, and summaries of its players."""
    boxes = rows_per_team(records.tables["raw_player_boxscores"])
    of_teams = rows_per_team(records.tables["team_offense_game_summary"])
    of_players = rows_per_team(records.tables["player_game_summary"])
    teams = [(game, team) for game, team in teams_of(_finished(records)) if (game.game_id, team) in boxes]
    missing = tuple(
        Unit(team, game.game_id)
        for game, team in teams
        if (game.game_id, team) not in of_teams or of_players.get((game.game_id, team), 0) < FEWEST_PLAYERS
    )
    return Measured(len(teams), missing=missing, note=_NO_GAME_OVER)


def grades(records: DayRecords) -> Measured:
    """Each published prediction of a game that is over has a grade, and the grades follow from the box scores."""
    postponed = _postponed(records)
    over = _over(records) | postponed
    predicted = records.active.filter(pl.col("game_id").is_in(list(over)))
    ungraded = predicted.join(records.tables["prediction_accuracy"], on="prediction_id", how="anti")
    schedule = records.tables[SCHEDULE].select("game_id", label=pl.col("away") + "@" + pl.col("home"))
    lacking = ungraded.group_by("game_id").len().join(schedule, on="game_id", how="left").sort("game_id")
    missing = tuple(
        Unit(f"{label or game_id} ({counted(count, 'prediction')})", game_id)
        for game_id, count, label in lacking.iter_rows()
    )
    wrong = tuple(_wrong_grades(records, postponed))
    return Measured(predicted["game_id"].n_unique(), missing=missing, wrong=wrong, note=_NO_GAME_OVER)


def _postponed(records: DayRecords) -> set[str]:
    """The predicted games that are not on the slate any more: postponed, or moved to another date."""
    board = records.tables["raw_scoreboard"].filter(pl.col("status") == POSTPONED)["game_id"]
    known = set(records.tables[SCHEDULE]["game_id"])
    gone = set(records.active["game_id"]) - {game.game_id for game in records.slate}
    return {*board, *(gone & known)}


def _wrong_grades(records: DayRecords, postponed: set[str]) -> Iterator[str]:
    """Grades that differ from what lean, line and box score say."""
    boxes = records.tables["raw_player_boxscores"].select("game_id", "player_id", "points", "minutes")
    graded = records.tables["prediction_accuracy"].join(boxes, on=("game_id", "player_id"), how="left")
    problems: dict[str, int] = {}
    for row in graded.iter_rows(named=True):
        if problem := _problem_of(row, is_postponed=row["game_id"] in postponed):
            problems[problem] = problems.get(problem, 0) + 1
    return (f"{counted(count, 'grade')} {problem}" for problem, count in problems.items())


def _problem_of(row: dict[str, Any], *, is_postponed: bool) -> str:
    """What is wrong with a grade; empty if nothing."""
    if is_postponed:
        return "" if row["grade"] == Grade.VOID else "of a postponed game that is not void"
    if row["grade"] == Grade.VOID:
        return "void although the player played" if (row["minutes"] or 0) > 0 else ""
    if row["points"] is None:
        return "of a player without a box score"
    if row["actual_points"] != row["points"]:
        return "with other points than the box score"
    return "" if row["grade"] == _expected_grade(row) else "that lean, line and points contradict"


def _expected_grade(row: dict[str, Any]) -> str:
    line, points, lean = row["line"], row["points"], row["lean"]
    if line is None:
        return Grade.NO_LINE
    if points == line:
        return Grade.PUSH
    return Grade.WIN if (points > line) == (lean == SIDES[0]) else Grade.LOSS
