"""Pre-flight checks: what a step reads must be there and current for each team of its games before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import polars as pl

from tipoff.vocabulary import Frozen, counted, season_of, step_names
from tipoff.warehouse.base import Parameters, Warehouse

SYSTEMS: Final = "systems"
"""Stands for the prediction systems, which read the feature store."""
PUBLICATION: Final = "publication"
"""Stands for the export of the predictions."""


class RequiredInput(Frozen):
    """Rows of a table that a step needs for each team of its games."""

    table: str
    title: str
    """What the rows are, as reported."""
    minimum: int
    """Fewest rows of a team."""
    history: bool = False
    """Rows of the year before the date; else rows of the date, which must have been made on the date."""

    @property
    def too_old(self) -> str:
        """When rows count as outdated, as reported."""
        return f"the last game is more than {OLDEST_RESULT_DAYS} days ago" if self.history else "made before the date"


OLDEST_RESULT_DAYS: Final = 21
"""A team's last result of the season is at most so old; the longest break of four seasons was 9 days."""
FEWEST_PLAYERS: Final = 5
"""A team has never had fewer than 6 players in a game of four seasons."""

_TEAM_RESULTS = RequiredInput(table="team_offense_game_summary", title="team results", minimum=1, history=True)
_TEAM_DEFENSE = RequiredInput(table="team_defense_game_summary", title="team defense", minimum=1, history=True)
_PLAYER_RESULTS = RequiredInput(
    table="player_game_summary", title="player results", minimum=FEWEST_PLAYERS, history=True
)
_TEAM_CONTEXT = RequiredInput(table=step_names.TEAM_CONTEXT, title="team context", minimum=1)
_PLAYER_CONTEXT = RequiredInput(table=step_names.PLAYER_CONTEXT, title="player context", minimum=FEWEST_PLAYERS)

REQUIRED_INPUTS: Final[Mapping[str, tuple[RequiredInput, ...]]] = {
    step_names.TEAM_CONTEXT: (_TEAM_RESULTS,),
    step_names.PLAYER_CONTEXT: (_TEAM_CONTEXT, _PLAYER_RESULTS),
    step_names.PLAYER_FORM: (_PLAYER_CONTEXT, _PLAYER_RESULTS),
    step_names.TEAM_DEFENSE_ZONES: (_TEAM_DEFENSE,),
    step_names.PLAYER_SHOT_ZONES: (_PLAYER_RESULTS,),
    step_names.COMPOSITE_FACTORS: (_TEAM_CONTEXT, _PLAYER_CONTEXT),
    step_names.FEATURES: (_TEAM_CONTEXT, _PLAYER_CONTEXT),
    SYSTEMS: (RequiredInput(table=step_names.FEATURES, title="features", minimum=FEWEST_PLAYERS),),
    PUBLICATION: (RequiredInput(table="predictions", title="predictions", minimum=1),),
    step_names.GRADE: (RequiredInput(table="raw_player_boxscores", title="box scores", minimum=FEWEST_PLAYERS),),
}
"""Step, or what stands for several -> what it reads."""


class Lacking(Frozen):
    """What a step lacks: one sentence, empty if nothing, and the games concerned."""

    text: str = ""
    games: tuple[str, ...] = ()

    def and_also(self, other: Lacking) -> Lacking:
        """Both together."""
        texts = filter(None, (self.text, other.text))
        return Lacking(text="; ".join(texts), games=tuple(sorted({*self.games, *other.games})))


def lacking_inputs(warehouse: Warehouse, step: str, game_date: date, game_ids: Sequence[str]) -> Lacking:
    """Return what a step lacks for the games that it is about to compute."""
    inputs = REQUIRED_INPUTS.get(step, ())
    if not inputs or not game_ids:
        return Lacking()
    day: Parameters = {"game_date": game_date, "season": season_of(game_date), "game_ids": list(game_ids)}
    queried = [(each, warehouse.query(lacking_sql(each), day)) for each in inputs]
    games = sorted({game for _, rows in queried for game in rows["game_id"]})
    return Lacking(text="; ".join(_text(each, rows) for each, rows in queried if rows.height), games=tuple(games))


def lacking_sql(required: RequiredInput) -> str:
    """Return a SELECT of the teams of @game_ids with too few or too old rows, and how many they have."""
    return _lacking_history_sql(required) if required.history else _lacking_rows_sql(required)


_SIDES: Final = "raw_schedule CROSS JOIN UNNEST([TRUE, FALSE]) AS at_home"
_SLATE: Final = f"""
    SELECT game_id, IF(at_home, home, away) AS team
    FROM {_SIDES}
    WHERE game_date = @game_date AND game_id IN UNNEST(@game_ids) AND status != 'postponed'
"""  # noqa: S608 - declared names


def _lacking_rows_sql(required: RequiredInput) -> str:
    return f"""
        SELECT game_id, team, COUNT(input.as_of) AS row_count
        FROM ({_SLATE}) AS slate
        LEFT JOIN (SELECT game_id, team, as_of FROM {required.table} WHERE game_date = @game_date) AS input
          USING (game_id, team)
        GROUP BY game_id, team
        HAVING COUNT(input.as_of) < {required.minimum}
          OR MAX(input.as_of) < TIMESTAMP(@game_date, 'America/New_York')
        ORDER BY game_id, team
    """  # noqa: S608 - declared names


def _lacking_history_sql(required: RequiredInput) -> str:
    """A team without an earlier game of the season needs no results yet.

    The age counts from its last result of the season, or from its first game while there is none.
    """
    return f"""
        SELECT slate.game_id, team, COUNT(input.game_date) AS row_count
        FROM ({_SLATE}) AS slate
        JOIN (
            SELECT IF(at_home, home, away) AS team, MIN(game_date) AS first_game
            FROM {_SIDES}
            WHERE season = @season AND game_date < @game_date AND status != 'postponed'
              AND season_type IN ('regular', 'cup_final', 'play_in', 'playoffs')
            GROUP BY team
        ) AS begun USING (team)
        LEFT JOIN (
            SELECT team, season, game_date
            FROM {required.table}
            WHERE game_date BETWEEN DATE_SUB(@game_date, INTERVAL 365 DAY) AND DATE_SUB(@game_date, INTERVAL 1 DAY)
        ) AS input USING (team)
        GROUP BY slate.game_id, team
        HAVING COUNT(input.game_date) < {required.minimum}
          OR MAX(IF(input.season = @season, input.game_date, begun.first_game))
            < DATE_SUB(@game_date, INTERVAL {OLDEST_RESULT_DAYS} DAY)
        ORDER BY slate.game_id, team
    """  # noqa: S608 - declared names


def _text(required: RequiredInput, lacking: pl.DataFrame) -> str:
    few = lacking.filter(pl.col("row_count") < required.minimum)
    old = lacking.filter(pl.col("row_count") >= required.minimum)["team"].to_list()
    parts = [f"{team} has {counted(count, 'row')}" for _, team, count in few.iter_rows()]
    missing = f"{', '.join(parts)}, needed: {required.minimum}" if parts else ""
    outdated = f"{', '.join(old)}: {required.too_old}" if old else ""
    return f"{required.title}: {'; '.join(filter(None, (missing, outdated)))}"
