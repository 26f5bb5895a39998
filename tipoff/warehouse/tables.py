"""Declares every table once. DDL, SQL checks, the data dictionary and row validation derive from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from tipoff.features.vector import FEATURES
from tipoff.vocabulary import RERUN_DAYS, Phase, counted
from tipoff.warehouse.checks import Check, CheckSeverity, group_check, row_check, sum_check


class Layer(StrEnum):
    """The stage of the pipeline that a table belongs to."""

    RAW = "raw"
    VIEW = "view"
    ANALYTICS = "analytics"
    PRECOMPUTE = "precompute"
    FEATURES = "features"
    PREDICTIONS = "predictions"
    GRADING = "grading"
    OPERATIONS = "operations"


class Column(BaseModel):
    """One column: BigQuery type, nullability, and description with its unit."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    description: str
    nullable: bool = True
    minimum: float | None = None
    maximum: float | None = None

    @property
    def checks(self) -> tuple[Check, ...]:
        """The check of its range; none for a column without one."""
        if self.minimum is None and self.maximum is None:
            return ()
        return (row_check(self.name, self.name, self.minimum, self.maximum),)


class Table(BaseModel):
    """One table: partitioned by `game_date`, one row per natural key."""

    model_config = ConfigDict(frozen=True)

    name: str
    layer: Layer
    description: str
    natural_key: tuple[str, ...]
    cluster_by: tuple[str, ...]
    columns: tuple[Column, ...]
    append_only: bool = False
    """Rows are added and never replaced, as for odds snapshots and predictions."""
    filled_later: tuple[str, ...] = ()
    """Columns of an append-only table whose NULLs may be filled later, such as the player id of a resolved name."""
    volatile_columns: tuple[str, ...] = ()
    """Columns that change with every poll while games run; see `tipoff.processing.VOLATILE_WRITE_INTERVAL`."""
    expires_after_days: int | None = None
    """Age at which BigQuery removes the rows of a game date; only steps of that date may read them. None: never."""

    earlier_values: Mapping[str, str] = MappingProxyType({})
    """Text column added later, without NULLs -> SQL expression of its value in rows stored before."""
    rules: tuple[Check, ...] = ()
    """Checks of more than the range of one column."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What incoming rows must satisfy: the ranges of the columns, then the rules. A view has no incoming rows."""
        if self.layer is Layer.VIEW:
            return ()
        return (*(check for column in self.columns for check in column.checks), *self.rules)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _columns(text: str) -> tuple[Column, ...]:
    """Parse columns from lines of `name TYPE[!] [minimum..maximum] | description`.

    `!` marks a non-nullable column; either end of a range may be left out.
    """
    columns = []
    for line in filter(None, text.splitlines()):
        declaration, _, description = line.partition("|")
        name, type_, *ranges = declaration.split()
        minimum, _, maximum = ranges[0].partition("..") if ranges else ("", "", "")
        columns.append(
            Column(
                name=name,
                type=type_.rstrip("!"),
                description=description.strip(),
                nullable=not type_.endswith("!"),
                minimum=float(minimum) if minimum else None,
                maximum=float(maximum) if maximum else None,
            )
        )
    return tuple(columns)


def _table(
    name: str,
    layer: Layer,
    description: str,
    key: str,
    columns: str,
    *,
    cluster: str = "",
    append_only: bool = False,
    filled_later: str = "",
    volatile_columns: str = "",
    expires_after_days: int | None = None,
    earlier_values: Mapping[str, str] = MappingProxyType({}),
    rules: tuple[Check, ...] = (),
) -> Table:
    return Table(
        name=name,
        layer=layer,
        description=description,
        natural_key=tuple(key.split()),
        cluster_by=tuple(cluster.split() or key.split()[:2]),
        columns=_columns(columns),
        append_only=append_only,
        filled_later=tuple(filled_later.split()),
        volatile_columns=tuple(volatile_columns.split()),
        expires_after_days=expires_after_days,
        earlier_values=earlier_values,
        rules=rules,
    )


_GAME = """
game_date DATE! | Eastern date of tip-off
game_id STRING! | NBA game id, 10 digits
"""

_ORIGIN = """
source STRING! | source of the row; begins with archive/ if it was imported from an archive
as_of TIMESTAMP! | when the response was fetched, on the day's clock
"""


def _box(minutes: str) -> str:
    """Declare the counts of a box score; `minutes` is the range of the minutes."""
    return f"""
minutes FLOAT64! {minutes} | minutes played; for a team the sum over its five positions, 240 in regulation
fgm INT64! 0.. | field goals made
fga INT64! 0.. | field goals attempted
fg3m INT64! 0.. | three-pointers made
fg3a INT64! 0.. | three-pointers attempted
ftm INT64! 0.. | free throws made
fta INT64! 0.. | free throws attempted
oreb INT64! 0.. | offensive rebounds
dreb INT64! 0.. | defensive rebounds
reb INT64! 0.. | rebounds
ast INT64! 0.. | assists
stl INT64! 0.. | steals
blk INT64! 0.. | blocks
tov INT64! 0.. | turnovers
pf INT64! 0.. | personal fouls
points INT64! 0.. | points
"""


_PLAYER_BOX = _box("0..85")  # a game with seven overtimes has 83 minutes
_TEAM_BOX = _box("0..420")

_LINE = """
line FLOAT64 0..100 | consensus line, points: the median of the books' main lines, always one that a book quotes
opening_line FLOAT64 0..100 | consensus line of the first snapshot with the player, points
line_move FLOAT64 | mean move since the first snapshot of the books in both, points; NULL if no book is in both
books INT64 1.. | number of books with a main line, those that quote the same counted once
over_price_american FLOAT64 | best over price at the line; NULL if only pick'em operators quote it
over_book STRING | book with the best over price
under_price_american FLOAT64 | best under price at the line; NULL if only pick'em operators quote it
under_book STRING | book with the best under price
market_over_probability FLOAT64 0..1 | implied over probability without the hold, mean of the books that quote the line
implied_median FLOAT64 -5..110 | median of the points that prices and lines imply, mean of the books
line_updated_at TIMESTAMP | newest update time of a quote at the line; NULL if no quote has one
line_as_of TIMESTAMP | as-of time of the snapshot that the line comes from
line_source STRING | source of that snapshot
"""

_ZONES = {"paint": "from the paint", "mid_range": "from mid-range", "three": "from behind the arc"}


def _zones(name: str, whose: str) -> str:
    """Declare made and attempted shots by zone; `name` contains "{}" for the rest of the column's name."""
    return "".join(
        f"{name.format(f'{zone}_{count}')} INT64 0.. | shots {verb} {where}, {whose}; NULL if the shots are unknown\n"
        for zone, where in _ZONES.items()
        for count, verb in (("fgm", "made"), ("fga", "attempted"))
    )


_EARLIER_VIEW = "CASE system_id WHEN 'moving_average' THEN 'model' ELSE 'market' END"


def _shot_profile(window: int) -> str:
    """Declare a player's shots by zone over the last games."""
    by_zone = "".join(
        f"{zone}_share_{window} FLOAT64 0..1 | share of the shots {where}, 0-1 scale; NULL without a shot\n"
        f"{zone}_fg_share_{window} FLOAT64 0..1 | share of the shots {where} that were made; NULL without one\n"
        f"{zone}_fga_{window} FLOAT64 0.. | shots {where} per game; NULL without known shots\n"
        for zone, where in _ZONES.items()
    )
    return f"""
shot_games_{window} INT64! 0..{window} | those of the last {counted(window, "game")} whose shots are known
{by_zone}assisted_share_{window} FLOAT64 0..1 | share of the made shots that were assisted, 0-1 scale; NULL without one
"""


_WARN = CheckSeverity.WARN

_MADE_SHOTS = tuple(
    row_check(f"{attempted} minus {made}", f"{attempted} - {made}", 0)
    for made, attempted in (("fgm", "fga"), ("fg3m", "fg3a"), ("ftm", "fta"), ("fg3m", "fgm"))
)
_TWO_TEAMS = group_check("number of teams of a game", "game_date game_id", 2, 2)
_ROTATION_MINUTES = "minutes >= 10"
"""A player with one play in two seconds has a usage rate of 1,200 %; from 10 minutes on the highest was 58 %."""
_USAGE = (
    row_check("usage_rate from 10 minutes on", "usage_rate", maximum=70, applies_to=_ROTATION_MINUTES),
    row_check("usage_rate from 10 minutes on", "usage_rate", maximum=60, applies_to=_ROTATION_MINUTES, severity=_WARN),
    *(
        group_check(
            "usage rate of a team's players together",
            "game_date game_id team",
            maximum=maximum,
            measure="SAFE_DIVIDE(5 * SUM(usage_rate * minutes) {over}, SUM(minutes) {over})",
            severity=severity,
        )
        for maximum, severity in ((200, CheckSeverity.ERROR), (110, _WARN))  # without two starters it may be 120
    ),
)


def _players_of_a_team(name: str, at_least: float, at_most: float) -> tuple[Check, Check]:
    """Declare how many players a team may have in a game: fewer are reported, more are refused."""
    return (
        group_check(name, "game_date game_id team", maximum=at_most),
        group_check(name, "game_date game_id team", minimum=at_least, severity=_WARN),
    )


def _rows_of_a_date(at_most: float) -> Check:
    return group_check("number of rows of a date", "game_date", maximum=at_most)


_LINE_AGE = row_check(
    "days from the line to the game date", "DATE_DIFF(game_date, DATE(line_as_of), DAY)", maximum=2, severity=_WARN
)


_FEATURE_RANGES = {
    name: limits
    for limits, names in {
        "0..": "points_mean_5 points_mean_10 points_mean_season points_sd_10 points_ewm points_per_minute_10"
        " minutes_sd_10 fga_mean_10 fg3a_mean_10 fta_mean_10 usage_rate_10 games_season points_mean_opponent"
        " games_opponent stars_out vacated_minutes vacated_points spread_size points_level games_with_team"
        " lost_points lost_minutes lost_attempts regained_points regained_minutes regained_attempts",
        "0..1": "back_to_back home playoffs has_line team_win_share paint_share_10 mid_range_share_10 three_share_10"
        " free_throw_share_10 start_share_10 start_share_5 started_last_game played_share new_team",
        "0..1.5": "true_shooting_10",
        "0..3": "injury_risk",
        "0..7": "games_last_7_days",
        "0..10": "days_since_last_game",
        "0..14": "games_last_14_days",
        "0..85": "minutes_mean_5 minutes_mean_10 minutes_mean_season minutes_last_game minutes_level",
        "0..100": "line opening_line fatigue_score",
        "0..595": "minutes_last_7_days",
        "0..8000": "travel_miles",
        "-2..2": "rest_advantage",
        "-3..3": "pace_score usage_spike",
        "-10..10": "shot_zone_mismatch",
        "-16..16": "time_zone_change",
        "-80..80": "spread",
        "20..250": "implied_total",
        "40..220": "team_offensive_rating opponent_defensive_rating",
        "60..150": "team_pace opponent_pace",
        "80..400": "total",
    }.items()
    for name in names.split()
}


_DECLARED = (
    _table(
        "raw_schedule",
        Layer.RAW,
        "The schedule of a season, read again every day.",
        "game_id",
        _GAME
        + """
season STRING! | season, such as 2023-24
season_type STRING! | preseason, regular, all_star, playoffs, play_in or cup_final
home STRING! | home team's tricode
away STRING! | away team's tricode
tip_off TIMESTAMP | scheduled tip-off; NULL while it is not fixed
status STRING! | scheduled, live, final, postponed or unknown
neutral_site BOOL! | played at a neutral site
"""
        + _ORIGIN,
        cluster="season game_id",
    ),
    _table(
        "raw_players",
        Layer.RAW,
        "The current players of the league and their teams.",
        "game_date player_id",
        """
game_date DATE! | date the list is for
player_id STRING! | NBA person id
player_name STRING! | name as spelled by the league
team STRING | tricode; NULL for a free agent
position STRING | position
"""
        + _ORIGIN,
    ),
    _table(
        "raw_rosters",
        Layer.RAW,
        "The rosters of the teams on the slate.",
        "game_date team player_id",
        """
game_date DATE! | date the roster is for
team STRING! | tricode
player_id STRING! | NBA person id
player_name STRING! | name as spelled by the provider
position STRING | position
birth_date DATE | date of birth; NULL if the provider gives none
"""
        + _ORIGIN,
    ),
    _table(
        "raw_injuries",
        Layer.RAW,
        "Injury reports of a date. Each changed report of a game is a new snapshot, with one row per listed player and"
        " one row per team that says whether the team has submitted its report. A team with a player of unknown status"
        " has not.",
        "game_date game_id player_id as_of",
        _GAME
        + """
team STRING! | tricode
player_id STRING! | NBA person id; the tricode in the row of a team
player_name STRING! | name as reported; the tricode in the row of a team
status STRING! | Available, Probable, Questionable, Doubtful or Out; for a team Submitted or Not submitted
reason STRING | reason as reported
"""
        + _ORIGIN,
        append_only=True,
    ),
    _table(
        "raw_odds_events",
        Layer.RAW,
        "Betting events of a date and their games.",
        "game_date event_id",
        _GAME
        + """
event_id STRING! | the odds provider's event id
home STRING! | home team's tricode
away STRING! | away team's tricode
commence_time TIMESTAMP! | start according to the provider, often 10 minutes after tip-off
"""
        + _ORIGIN,
        expires_after_days=RERUN_DAYS,
    ),
    _table(
        "raw_game_lines",
        Layer.RAW,
        "Game lines by book. Every changed snapshot is kept.",
        "game_date game_id book as_of",
        _GAME
        + """
event_id STRING! | the odds provider's event id
book STRING! | bookmaker
home_spread FLOAT64 | points added to the home team's score
home_spread_price_american FLOAT64 | price of the home spread
away_spread_price_american FLOAT64 | price of the away spread
total FLOAT64 | total points
over_price_american FLOAT64 | price of the over
under_price_american FLOAT64 | price of the under
home_moneyline_american FLOAT64 | price of a home win
away_moneyline_american FLOAT64 | price of an away win
last_update TIMESTAMP | when the book last changed it
"""
        + _ORIGIN,
        append_only=True,
    ),
    _table(
        "raw_player_props",
        Layer.RAW,
        "Player-points lines by book, main and alternate. Every changed snapshot is kept.",
        "game_date game_id book player_name line as_of",
        _GAME
        + """
event_id STRING! | the odds provider's event id
book STRING! | bookmaker
player_id STRING | NBA person id; NULL while the name is unresolved
player_name STRING! | name as spelled by the provider
line FLOAT64! 0..100 | line, points
over_price_american FLOAT64 | price of the over; NULL when not offered
under_price_american FLOAT64 | price of the under; NULL when not offered
last_update TIMESTAMP | when the book last changed it
"""
        + _ORIGIN,
        append_only=True,
        filled_later="player_id",
    ),
    _table(
        "raw_scoreboard",
        Layer.RAW,
        "Current state of each game of a date.",
        "game_date game_id",
        _GAME
        + """
status STRING! | scheduled, live, final, postponed or unknown
status_text STRING! | status text of the provider
period INT64! | period being played; 0 before tip-off
home_points INT64! | home team's points
away_points INT64! | away team's points
"""
        + _ORIGIN,
        volatile_columns="status_text period home_points away_points",
        expires_after_days=RERUN_DAYS,
    ),
    _table(
        "raw_espn_scoreboard",
        Layer.RAW,
        "Games of a date on the ESPN scoreboard, with ESPN ids.",
        "game_date game_id",
        _GAME
        + """
event_id STRING! | ESPN event id
home STRING! | home team's tricode
away STRING! | away team's tricode
tip_off TIMESTAMP | tip-off according to ESPN; NULL while it is not fixed
neutral_site BOOL! | played at a neutral site
status STRING! | scheduled, live, final, postponed or unknown
status_text STRING! | status text of ESPN
period INT64! | period being played; 0 before tip-off
home_points INT64! | home team's points
away_points INT64! | away team's points
"""
        + _ORIGIN,
        expires_after_days=RERUN_DAYS,
    ),
    _table(
        "raw_referees",
        Layer.RAW,
        "Officials assigned to each game of a date, as published in the morning.",
        "game_date game_id official_id",
        _GAME
        + """
official_id STRING! | NBA code of the official
official_name STRING! | name
position STRING! | crew_chief, referee, umpire or alternate
"""
        + _ORIGIN,
        expires_after_days=RERUN_DAYS,
    ),
    _table(
        "raw_standings",
        Layer.RAW,
        "Each team's regular-season record before the games of the date.",
        "game_date team",
        """
game_date DATE! | date the standings are for
team STRING! | tricode
season STRING! | season, such as 2023-24
conference STRING! | East or West
division STRING! | division
wins INT64! | games won
losses INT64! | games lost
home_wins INT64! | games won at home
home_losses INT64! | games lost at home
road_wins INT64! | games won on the road
road_losses INT64! | games lost on the road
conference_wins INT64! | games won within the conference
conference_losses INT64! | games lost within the conference
conference_rank INT64! | rank in the conference, 1 is best
division_wins INT64! | games won within the division
division_losses INT64! | games lost within the division
division_rank INT64! | rank in the division, 1 is best
"""
        + _ORIGIN,
        expires_after_days=RERUN_DAYS,
    ),
    _table(
        "raw_player_movement",
        Layer.RAW,
        "Signings, waivers and trades of a season, read again every day.",
        "move_id player_id",
        """
game_date DATE! | Eastern date of the move
season STRING! | season, such as 2023-24; a move in July belongs to the coming season
move_id STRING! | the provider's id of the move, such as Trade 2024022; a trade moves several players
kind STRING! | Signing, Waive, Trade, ContractConverted or AwardOnWaivers
player_id STRING! | NBA person id
team STRING! | team that signs, waives or receives the player
from_team STRING | team that trades the player away; NULL if the move is not a trade
description STRING! | description by the league
"""
        + _ORIGIN,
        cluster="season player_id",
        expires_after_days=RERUN_DAYS,
    ),
    _table(
        "raw_player_boxscores",
        Layer.RAW,
        "Box score of each player in each finished game.",
        "game_date game_id player_id",
        _GAME
        + """
season STRING! | season
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
"""
        + _PLAYER_BOX
        + """
plus_minus FLOAT64 | plus-minus, points
"""
        + _ORIGIN,
        rules=_MADE_SHOTS,
    ),
    _table(
        "raw_team_boxscores",
        Layer.RAW,
        "Box score of each team in each finished game.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
win BOOL! | won
"""
        + _TEAM_BOX
        + _ORIGIN,
        rules=_MADE_SHOTS,
    ),
    _table(
        "raw_shots",
        Layer.RAW,
        "Every field-goal attempt of a finished game.",
        "game_date game_id shot_number",
        _GAME
        + """
shot_number INT64! | the provider's number of the play, in game order
period INT64! | period; 5 and higher are overtime
player_id STRING | NBA person id; NULL while the name is unresolved
player_name STRING! | name as spelled by the feed
team STRING! | tricode
zone STRING! | restricted_area, paint (the rest of it), mid_range, corner_three, above_break_three or backcourt
made BOOL! | made
worth INT64! | points for a made shot: 2 or 3
assisted BOOL! | made with an assist
"""
        + _ORIGIN,
    ),
    _table(
        "raw_gamebook_players",
        Layer.RAW,
        "Players of a finished game: who played, and why the others did not.",
        "game_date game_id team player_name",
        _GAME
        + """
player_id STRING | NBA person id; NULL while the name is unresolved
team STRING! | tricode
player_name STRING! | name as spelled by the gamebook; for inactive players the last name, numbered if two share it
status STRING! | played, dnp, not_with_team or inactive
reason STRING | why the player did not play, as written
starter BOOL | started; NULL for a player who did not play
minutes FLOAT64 | minutes played; NULL for a player who did not play
points INT64 | points; NULL for a player who did not play
"""
        + _ORIGIN,
    ),
    _table(
        "unresolved_players",
        Layer.RAW,
        "Names in feeds that could not be resolved to a player on the rosters of the slate, and players of box scores"
        " whose entry is unreadable.",
        "game_date source game_id team player_name",
        """
game_date DATE! | Eastern date of the slate
player_name STRING! | name as spelled by the feed; "unreadable player" if the name is unreadable
game_id STRING! | game id in the feed; empty if it gives none
team STRING! | tricode of the team in the feed; empty if it gives none
candidates STRING! | most similar names on the two rosters, best first, between semicolons; empty: anybody of the team
"""
        + _ORIGIN,
    ),
    _table(
        "book_quotes",
        Layer.VIEW,
        "Main and alternate lines quoted on both sides before tip-off, by book and snapshot. Without tails of ladders:"
        " P(over) is from .3 to .7.",
        "game_date game_id player_id book line as_of",
        _GAME
        + """
player_id STRING! | NBA person id
book STRING! | bookmaker or pick'em operator
line FLOAT64! 0..100 | line, points
over_price_american FLOAT64 | price of the over; NULL at a pick'em operator
under_price_american FLOAT64 | price of the under; NULL at a pick'em operator
over_probability FLOAT64! 0.3..0.7 | implied over probability without the hold, 0-1 scale
implied_median FLOAT64! -5..110 | median of the points that line and over probability imply
is_main BOOL! | the book's main line for the player in the snapshot: the one with the most balanced prices
takes_higher BOOL! | which of two equally good lines counts, by the last digits of game and player
last_update TIMESTAMP | when the book last changed it
source STRING! | source of the line
as_of TIMESTAMP! | as-of time of the snapshot
""",
    ),
    _table(
        "consensus_lines",
        Layer.VIEW,
        "Consensus line of each player in each snapshot before tip-off: the median of the books' main lines, with books"
        " that quote the same counted once. A median between two lines is the one nearer to the implied median.",
        "game_date game_id player_id as_of",
        _GAME
        + """
player_id STRING! | NBA person id
line FLOAT64! 0..100 | consensus line, points: a line that a book quotes
books INT64! 1.. | number of books with a main line, those that quote the same counted once
over_probability FLOAT64! 0.3..0.7 | P(over the line) without the hold, mean of these books that quote it
implied_median FLOAT64! -5..110 | median of the points that prices and lines imply, mean of these books
as_of TIMESTAMP! | as-of time of the snapshot
""",
    ),
    _table(
        "team_boxes",
        Layer.VIEW,
        "Team totals of each finished game: those of the league, or, if the league's totals lack the game, the sums of"
        " the players' box scores.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
win BOOL! | won
"""
        + _TEAM_BOX
        + """
source STRING! | source of the totals, or "sum of" and the source of the players' box scores
as_of TIMESTAMP! | when the response was fetched, on the day's clock
""",
    ),
    _table(
        "game_arenas",
        Layer.VIEW,
        "Where each game is played: the arena of the home team. Unknown for a game at a neutral site.",
        "game_date game_id",
        _GAME
        + """
arena STRING | tricode of the team whose arena it is; NULL at a neutral site
latitude FLOAT64 | degrees north
longitude FLOAT64 | degrees east
utc_offset_hours FLOAT64 | local time minus UTC on the date, hours
""",
    ),
    _table(
        "daily_phase_status",
        Layer.VIEW,
        "How each date ended: the newest run of the date has its state, the executions of all its runs are counted.",
        "game_date",
        """
game_date DATE! | game date of the day
status STRING! | state of the newest run at its end: COMPLETE, FAILED or CANCELLED
data_quality STRING! | COMPLETE, DEGRADED or EMPTY; UNKNOWN before predictions were published
backfilled BOOL! | the newest run started after the games
runs INT64! 1.. | runs of the date that ended
games INT64! 0.. | games of the slate
"""
        + "".join(
            f"{phase}_rows INT64! 0.. | sum over the steps of phase {phase} of the most rows of one execution\n"
            for phase in Phase
        )
        + """
predictions INT64! 0.. | players and games predicted, counted for each system and view
graded INT64! 0.. | graded predictions, voids included
publication_minutes FLOAT64 | minutes from the first read slate to the first published predictions, without re-runs
steps ARRAY<STRING>! | steps with an execution that succeeded or failed
success_rates ARRAY<FLOAT64>! | share of the executions of each step that succeeded, 0-1 scale, in the order of `steps`
success_rate FLOAT64 0..1 | share of the executions of all steps that succeeded, 0-1 scale
sentence STRING! | state, phase and reason of the newest run in one sentence
ended_at TIMESTAMP! | end of the newest run, on the day's clock
""",
    ),
    _table(
        "team_offense_game_summary",
        Layer.ANALYTICS,
        "Offense of each team in each finished game, two rows per game.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
win BOOL! | won
margin INT64! | points minus the opponent's
overtime_periods INT64! 0..15 | overtime periods
days_rest INT64 1.. | calendar days since the team's previous game of the season; NULL for the first game
back_to_back BOOL! | days_rest is 1
"""
        + _TEAM_BOX
        + """
opponent_points INT64! 0.. | points allowed
possessions FLOAT64! 50..220 | FGA + 0.44 FTA + TOV - OREB
pace FLOAT64! 60..150 | possessions per 48 minutes
offensive_rating FLOAT64! 40..220 | points per 100 possessions
defensive_rating FLOAT64! 40..220 | points allowed per 100 of the opponent's possessions
true_shooting FLOAT64 0..1.5 | PTS / (2 (FGA + 0.44 FTA)), 0-1 scale
effective_field_goal FLOAT64 0..1.5 | (FGM + 0.5 FG3M) / FGA, 0-1 scale
""",
        rules=(*_MADE_SHOTS, _TWO_TEAMS),
    ),
    _table(
        "team_defense_game_summary",
        Layer.ANALYTICS,
        "Defense of each team in each finished game, two rows per game: the opponent's offense and its shots by zone.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode of the defending team
opponent STRING! | tricode of the team whose offense it is
home BOOL! | the defending team played at home
points_allowed INT64! 0.. | points of the opponent
opponent_possessions FLOAT64! 50..220 | possessions of the opponent
defensive_rating FLOAT64! 40..220 | points allowed per 100 of the opponent's possessions
opponent_fgm INT64! 0.. | field goals the opponent made
opponent_fga INT64! 0.. | field goals the opponent attempted
opponent_fg3m INT64! 0.. | three-pointers the opponent made
opponent_fg3a INT64! 0.. | three-pointers the opponent attempted
opponent_ftm INT64! 0.. | free throws the opponent made
opponent_fta INT64! 0.. | free throws the opponent attempted
opponent_oreb INT64! 0.. | offensive rebounds of the opponent
opponent_true_shooting FLOAT64 0..1.5 | true shooting of the opponent, 0-1 scale
opponent_effective_field_goal FLOAT64 0..1.5 | effective field-goal share of the opponent, 0-1 scale
forced_turnovers INT64! 0.. | turnovers of the opponent
stl INT64! | steals
blk INT64! | blocks
dreb INT64! | defensive rebounds
pf INT64! | personal fouls
"""
        + _zones("opponent_{}", "of the opponent")
        + """
shot_source STRING | source of the shots; NULL if the game has none, or other than the opponent's attempts
missing STRING | inputs that were missing: shots
""",
        rules=(_TWO_TEAMS,),
    ),
    _table(
        "player_game_summary",
        Layer.ANALYTICS,
        "Finished games of each player with rates, for games that have the totals of both teams.",
        "game_date game_id player_id",
        _GAME
        + """
season STRING! | season
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
"""
        + _PLAYER_BOX
        + """
true_shooting FLOAT64 0..1.5 | PTS / (2 (FGA + 0.44 FTA)), 0-1 scale
effective_field_goal FLOAT64 0..1.5 | (FGM + 0.5 FG3M) / FGA, 0-1 scale
usage_rate FLOAT64 0.. | share of the team's plays used by the player while on the floor, percent
starter BOOL | started; NULL without a gamebook
"""
        + _zones("{}", "of the player")
        + """
assisted_share FLOAT64 0..1 | share of the made shots that were assisted, 0-1 scale; NULL without a made shot
closing_line FLOAT64 0..100 | last consensus line before tip-off, points
closing_as_of TIMESTAMP | as-of time of the snapshot with that line
gamebook_source STRING | source of `starter` and of minutes with seconds; NULL without a gamebook
shot_source STRING | source of the shots; NULL if the player's shots are missing or other than his attempts
missing STRING | inputs that were missing, separated by semicolons: gamebook, shots
quality STRING! | measured, or out_of_range if usage_rate is not within 0-100
source STRING! | source of the box score
""",
        rules=(*_MADE_SHOTS, *_USAGE, *_players_of_a_team("number of players of a team in a game", 5, 20)),
    ),
    _table(
        "player_prop_lines",
        Layer.ANALYTICS,
        "Consensus line and best prices of each quoted player before tip-off.",
        "game_date game_id player_id",
        _GAME
        + """
player_id STRING! | NBA person id
"""
        + _LINE
        + """
as_of TIMESTAMP! | as-of time that the row was built for
""",
        rules=(_LINE_AGE,),
    ),
    _table(
        "upcoming_team_game_context",
        Layer.ANALYTICS,
        "Pre-game context of each team of the slate, exactly two rows per game.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | plays at home
tip_off TIMESTAMP | scheduled tip-off; NULL while it is not fixed
days_rest INT64 1.. | calendar days since the team's previous game of the season
back_to_back BOOL! | days_rest is 1
games_last_7_days INT64! 0..7 | games in the 7 days before the date
games_last_14_days INT64! 0..14 | games in the 14 days before the date
games_season INT64 0.. | games of the season before the date, without the Cup final
win_streak INT64! | games won in a row; negative for games lost in a row
win_share FLOAT64 0..1 | share of the season's games won, 0-1 scale
pace FLOAT64 60..150 | mean pace of the last 15 games, possessions per 48 minutes
offensive_rating FLOAT64 40..220 | mean of the last 15 games, points per 100 possessions
defensive_rating FLOAT64 40..220 | mean of the last 15 games, points allowed per 100 possessions
travel_miles FLOAT64 0..8000 | great-circle distance from the arena of the previous game; NULL before the season's first
time_zone_change FLOAT64 -16..16 | local time here minus local time there, hours; positive: travelled east
spread FLOAT64 -80..80 | consensus spread from the side of this team, points
total FLOAT64 80..400 | consensus total, points
implied_total FLOAT64 20..250 | (total - spread) / 2, points
opening_spread FLOAT64 -80..80 | consensus spread of the first snapshot with one, from the side of this team, points
opening_total FLOAT64 80..400 | consensus total of the first snapshot with one, points
spread_move FLOAT64 | spread minus opening spread, points; negative: the team became the stronger favourite
total_move FLOAT64 | total minus opening total, points
implied_total_move FLOAT64 | implied total minus that of the opening lines, points
game_lines_source STRING | source of the spread and total
players_out INT64 0.. | players ruled out; NULL until the team has submitted its injury report
players_questionable INT64 0.. | players questionable or doubtful; NULL until the team has submitted its injury report
missing STRING | inputs that were missing, separated by semicolons
as_of TIMESTAMP! | as-of time that the row was built for
""",
        rules=(_TWO_TEAMS,),
    ),
    _table(
        "upcoming_player_game_context",
        Layer.ANALYTICS,
        "Pre-game context of each rostered player of the slate who is not ruled out, with or without a line.",
        "game_date game_id player_id",
        _GAME
        + """
season STRING! | season
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | plays at home
tip_off TIMESTAMP | scheduled tip-off; NULL while it is not fixed
injury_status STRING | status in the last report; NULL if the player is not listed
has_injury_report BOOL! | the team has submitted its report, according to the last report read
injury_source STRING | source of that report
stars_out INT64 0.. | teammates ruled out who average 18 points or more; NULL without a report of the team
vacated_minutes FLOAT64 0.. | sum of the mean minutes of the teammates ruled out; NULL without a report of the team
vacated_points FLOAT64 0.. | sum of the mean points of the teammates ruled out; NULL without a report of the team
lost_points FLOAT64 0.. | points of the teammates ruled out, each by his share of the player's last 10 team games
lost_minutes FLOAT64 0.. | the same of their minutes
lost_attempts FLOAT64 0.. | the same of their field-goal attempts plus 0.44 free throws
regained_points FLOAT64 0.. | points of the other teammates of 12 minutes or more, each by the share that he missed
regained_minutes FLOAT64 0.. | the same of their minutes
regained_attempts FLOAT64 0.. | the same of their field-goal attempts plus 0.44 free throws
opponent_pace FLOAT64 60..150 | opponent's mean pace over its last 15 games
opponent_defensive_rating FLOAT64 40..220 | opponent's mean defensive rating over its last 15 games
has_prop_line BOOL! | a line is quoted for the player
"""
        + _LINE
        + """
roster_source STRING! | source of the roster row
missing STRING | inputs that were missing, separated by semicolons
as_of TIMESTAMP! | as-of time that the row was built for
""",
        rules=(_LINE_AGE, *_players_of_a_team("number of players of a team before a game", 5, 60)),
    ),
    _table(
        "team_defense_zone_analysis",
        Layer.PRECOMPUTE,
        "Defense of each team of the league by zone, from its last 15 games of the season strictly before the date,"
        " without the Cup final. The league mean is that of the teams with at least 10 games with shots.",
        "game_date team",
        """
game_date DATE! | date the row is for
team STRING! | tricode of the defending team
games INT64! 1..15 | games of the season in the window, at most 15
games_with_shots INT64! 0..15 | those of them whose shots are known; the figures by zone come from these
defensive_rating FLOAT64! 40..220 | mean points allowed per 100 possessions
opponent_points FLOAT64! 0.. | mean points allowed
"""
        + "".join(
            f"""
{zone}_fg_share FLOAT64 0..1 | share of the opponents' shots {where} that were made, 0-1 scale
{zone}_fga FLOAT64 0.. | opponents' shots {where} per game
{zone}_points FLOAT64 0.. | points of the opponents' shots {where} per game
{zone}_difference FLOAT64 -1..1 | share made {where} minus the league mean; negative: better; NULL without a mean
"""
            for zone, where in _ZONES.items()
        )
        + """
strongest_zone STRING | paint, mid_range or three: the zone with the lowest difference; NULL unless all are known
weakest_zone STRING | paint, mid_range or three: the zone with the highest difference; NULL unless all are known
shot_source STRING | sources of the shots, separated by semicolons
missing STRING | inputs that were missing, separated by semicolons: shots, league (the league means)
as_of TIMESTAMP! | as-of time that the row was built for
""",
        rules=(_rows_of_a_date(30),),
    ),
    _table(
        "player_shot_zone_analysis",
        Layer.PRECOMPUTE,
        "Shots of each player of the season by zone, from games strictly before the date (365 days, without the Cup"
        " final) whose shots are known.",
        "game_date player_id",
        """
game_date DATE! | date the row is for
player_id STRING! | NBA person id
"""
        + _shot_profile(10)
        + _shot_profile(20)
        + """
primary_zone STRING | over 10 games: paint (share at least .40), else three (.40), else mid_range (.35), else balanced
shot_source STRING | sources of the shots of the last 10 games, separated by semicolons
missing STRING | inputs that were missing: shots
as_of TIMESTAMP! | as-of time that the row was built for
""",
        rules=(
            sum_check("paint_share_10 mid_range_share_10 three_share_10", 1),
            sum_check("paint_share_20 mid_range_share_20 three_share_20", 1),
            _rows_of_a_date(1_000),
        ),
    ),
    _table(
        "player_daily_cache",
        Layer.PRECOMPUTE,
        "Form of each player of the slate, from games strictly before the date.",
        "game_date player_id",
        """
game_date DATE! | date the row is for
player_id STRING! | NBA person id
games_season INT64! 0.. | games played this season before the date; this and every mean exclude the Cup final
games_history INT64! 0.. | games of the history, which includes earlier seasons (1,096 days)
bootstrap BOOL! | fewer than five games of history
box_source STRING | sources of the last 10 games of the history, separated by semicolons
days_since_last_game INT64 1.. | calendar days since the player's last game
points_mean_5 FLOAT64 0.. | mean points over the last 5 games
points_mean_10 FLOAT64 0.. | mean points over the last 10 games
points_mean_season FLOAT64 0.. | mean points over the season
points_sd_10 FLOAT64 0.. | standard deviation of points over the last 10 games
points_ewm FLOAT64 0.. | exponentially weighted mean of points over the last 20 games, half-life 5 games
points_per_minute_10 FLOAT64 0.. | points per minute over the last 10 games
points_trend FLOAT64 | mean points over the last 5 games minus mean points over the 5 games before; positive: improving
minutes_mean_5 FLOAT64 0..85 | mean minutes over the last 5 games
minutes_mean_7 FLOAT64 0..85 | mean minutes over the last 7 games
minutes_mean_10 FLOAT64 0..85 | mean minutes over the last 10 games
minutes_mean_season FLOAT64 0..85 | mean minutes over the season
minutes_sd_10 FLOAT64 0.. | standard deviation of minutes over the last 10 games
minutes_last_game FLOAT64 0..85 | minutes in the last game
fga_mean_10 FLOAT64 0.. | mean field-goal attempts over the last 10 games
fg3a_mean_10 FLOAT64 0.. | mean three-point attempts over the last 10 games
fta_mean_10 FLOAT64 0.. | mean free-throw attempts over the last 10 games
usage_rate_10 FLOAT64 0.. | mean usage rate over the last 10 games, percent
true_shooting_10 FLOAT64 0..1.5 | true shooting over the last 10 games, 0-1 scale
games_last_7_days INT64! 0..7 | games in the 7 days before the date
games_last_14_days INT64! 0..14 | games in the 14 days before the date
minutes_last_7_days FLOAT64! 0..595 | minutes in the 7 days before the date
back_to_back BOOL! | played on the day before
back_to_backs_last_14_days INT64! 0..14 | games in the 14 days before the date that followed a game on the day before
age INT64 15..60 | years; NULL if no roster of the last year has a date of birth
free_throw_share_10 FLOAT64 0..1 | share of the points of the last 10 games made from the free-throw line, 0-1 scale
start_share_10 FLOAT64 0..1 | share of the last 10 games with a gamebook that the player started, 0-1 scale
start_share_5 FLOAT64 0..1 | share of the last 5 games with a gamebook that the player started, 0-1 scale
started_last_game INT64 0..1 | 1 if the player started the last game, 0 if not; NULL without its gamebook
gamebook_games_10 INT64! 0..10 | those of the last 10 games with a gamebook
gamebook_source STRING | sources of these gamebooks, separated by semicolons
points_mean_opponent FLOAT64 0.. | mean points over the games of the history against the opponent of the date
games_opponent INT64! 0.. | games of the history against the opponent of the date
home_points_difference FLOAT64 | mean points at home minus mean points away over the season, points
games_with_team INT64 0.. | games of the season for the team of the date
new_team BOOL | the last game was for another team
points_level FLOAT64 0.. | mean points of the season and the last one, which counts like 8 games
minutes_level FLOAT64 0..85 | mean minutes of the season and the last one, which counts like 8 games
as_of TIMESTAMP! | as-of time that the row was built for
""",
        rules=(_rows_of_a_date(1_000),),
    ),
    _table(
        "player_composite_factors",
        Layer.PRECOMPUTE,
        "Four composite factors of each player of the slate, each with its explanation.",
        "game_date game_id player_id",
        _GAME
        + """
player_id STRING! | NBA person id
fatigue_score FLOAT64 0..100 | 100 is fresh: the sum of the parts in `player_composite_factors.sql`; NULL before a game
fatigue_explanation STRING | every part that applies; NULL without a score
primary_zone STRING | primary zone of the last 10 games, from `player_shot_zone_analysis`; NULL without shots
zone_share FLOAT64 0..1 | share of the player's shots from the primary zone; NULL if balanced
zone_difference FLOAT64 -1..1 | share made that the opponent allows in that zone minus the league mean; NULL if balanced
shot_zone_mismatch FLOAT64 -10..10 | 100 x zone_share x zone_difference, if balanced the sum over all zones; limited
zone_explanation STRING | zone and what the opponent allows there; NULL without a mismatch
pace_score FLOAT64 -3..3 | (pace of the team minus that of the opponent) / 2, limited to -3..3
pace_explanation STRING | which team plays faster; NULL without a score
projected_usage_rate FLOAT64 0.. | usage rate of the last 10 games x 240 / (240 - vacated minutes, at most 120), percent
usage_spike FLOAT64 -3..3 | 0.3 x (projected minus usage rate), x 1.15 with one star out, x 1.3 with more, limited
usage_explanation STRING | whether minutes are vacated and stars are out; NULL without a spike
missing STRING | missing inputs, separated by semicolons: history, age, shots, league, team_results, injury_report
as_of TIMESTAMP! | as-of time that the row was built for
""",
        rules=(group_check("number of players of a game", "game_date game_id", maximum=120),),
    ),
    _table(
        "ml_feature_store",
        Layer.FEATURES,
        "Feature vector of each player and game, with the source and quality of each feature.",
        "game_date game_id player_id",
        _GAME
        + """
season STRING! | season
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
tip_off TIMESTAMP | scheduled tip-off; NULL while it is not fixed
eligible BOOL! | the player is predicted: mean minutes of the last 7 games are at least 15, or a line is quoted
bootstrap BOOL! | fewer than five games of history
has_injury_report BOOL! | the team has submitted its report, according to the last report read
injury_status STRING | status in the last report; NULL if the player is not listed
"""
        + "".join(
            f"{feature.name} FLOAT64 {_FEATURE_RANGES.get(feature.name, '')} | {feature.description}\n"
            for feature in FEATURES
        )
        + """
books INT64 1.. | number of books with a main line, those that quote the same counted once
over_price_american FLOAT64 | best over price at the line; NULL if only pick'em operators quote it
over_book STRING | book with the best over price
under_price_american FLOAT64 | best under price at the line; NULL if only pick'em operators quote it
under_book STRING | book with the best under price
market_over_probability FLOAT64 0..1 | implied over probability without the hold, mean of the books that quote the line
implied_median FLOAT64 -5..110 | median of the points that prices and lines imply, mean of the books
line_as_of TIMESTAMP | as-of time of the snapshot that the line comes from
feature_sources ARRAY<STRING>! | source of each feature, in the order of the vector
feature_qualities ARRAY<INT64>! | quality of each feature: measured 100, fallback 85, partial window 60, missing 0
feature_quality_score FLOAT64! 0..100 | mean of the qualities, 0-100
missing STRING | inputs that were missing, separated by semicolons
as_of TIMESTAMP! | as-of time that the row was built for
""",
        cluster="player_id game_id",
        rules=(
            sum_check("paint_share_10 mid_range_share_10 three_share_10", 1),
            *_players_of_a_team("number of players of a team before a game", 5, 60),
        ),
    ),
    _table(
        "predictions",
        Layer.PREDICTIONS,
        "Predictions. A later prediction supersedes an earlier one, which is kept.",
        "game_date game_id player_id system_id view as_of",
        _GAME
        + """
prediction_id STRING! | hash of the natural key
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | plays at home
tip_off TIMESTAMP | scheduled tip-off; NULL while it is not fixed
system_id STRING! | prediction system
view STRING! | model: no betting line has a part in the prediction; market: it is drawn towards the betting market
model_version STRING | version of the trained model; NULL for a system without one
as_of TIMESTAMP! | when the prediction was made
points FLOAT64! 0..100 | point estimate: the median of the distribution
low_80 FLOAT64! | lower end of the 80 % interval, points
high_80 FLOAT64! | upper end of the 80 % interval, points
quantiles ARRAY<FLOAT64>! | points at the levels of `tipoff.systems.distribution.LEVELS`
line FLOAT64 0..100 | consensus line, points
line_as_of TIMESTAMP | as-of time of the snapshot that the line comes from
over_probability FLOAT64 0..1 | P(points > line), given no push, 0-1 scale
market_over_probability FLOAT64 0..1 | implied over probability of the market without the hold, 0-1 scale
recommendation STRING! | OVER, UNDER, PASS or NO_LINE
lean STRING | OVER or UNDER: the side with the higher expected value; a PASS is graded by it too
confidence FLOAT64 0..1 | probability of the lean, given no push, 0-1 scale
price_american FLOAT64 | best price of the lean
book STRING | book that offers that price
expected_value FLOAT64 -1.. | expected profit per unit staked on the lean at that price
last10_points FLOAT64 0.. | mean points of the player's last 10 games, the baseline
feature_quality_score FLOAT64! 0..100 | mean of the feature qualities, 0-100
degraded_reasons ARRAY<STRING>! | inputs that were missing for this prediction
explanation ARRAY<STRING> | what the points are made of: each term in points and words, the largest first
backfilled BOOL! | made at or after tip-off, or from features newer than its as-of time; never counted as a pick
""",
        cluster="system_id player_id",
        append_only=True,
        earlier_values={"view": _EARLIER_VIEW},
        rules=(
            row_check("points minus low_80", "points - low_80", 0),
            row_check("high_80 minus points", "high_80 - points", 0),
        ),
    ),
    _table(
        "withheld_picks",
        Layer.PREDICTIONS,
        "Whether the picks of a view of a system are withheld, as nearly all are on one side: for each game, the newest"
        " row before its tip-off counts. The predictions stay as they are.",
        "game_date system_id view as_of",
        """
game_date DATE! | Eastern date of the games
system_id STRING! | prediction system
view STRING! | view of the prediction: model or market
as_of TIMESTAMP! | from when on
withheld BOOL! | the picks are published as PASS; false: they are picks again
picks INT64! 0.. | number of picks of the slate then
overs INT64! 0.. | those of them that are OVER
reason STRING! | why
who STRING | the operator who released the picks; NULL for the rule
""",
        append_only=True,
    ),
    _table(
        "prediction_accuracy",
        Layer.GRADING,
        "Outcome of each active prediction.",
        "game_date prediction_id",
        _GAME
        + """
prediction_id STRING! | the prediction graded
player_id STRING! | NBA person id
system_id STRING! | prediction system
view STRING! | view of the prediction: model or market
grade STRING! | win, loss, push, void or no_line
void_reason STRING | why the prediction is void
actual_points INT64 0.. | points scored; NULL if the player did not play
first_actual_points INT64 0.. | points when first graded; a later stat correction changes actual_points only
predicted_points FLOAT64! 0..100 | point estimate
signed_error FLOAT64 | prediction minus actual, points
absolute_error FLOAT64 0.. | absolute error, points
line FLOAT64 0..100 | line at the time of the prediction, points
line_absolute_error FLOAT64 0.. | absolute error of the line, points
last10_absolute_error FLOAT64 0.. | absolute error of the last-10 mean, points
lean STRING | OVER or UNDER: the side that is graded
recommendation STRING! | OVER, UNDER, PASS or NO_LINE
confidence FLOAT64 0..1 | predicted probability of the lean, 0-1 scale
within_80 BOOL | actual points are within the 80 % interval
price_american FLOAT64 | price of the lean
profit_units FLOAT64 -1.. | profit of a pick per unit staked at that price; 0 for push and void; NULL for no pick
closing_line FLOAT64 0..100 | last consensus line before tip-off, points
closing_line_value FLOAT64 | points the line moved towards the lean; NULL without a later snapshot than the prediction's
backfilled BOOL! | not made before tip-off; graded but never counted as a pick
as_of TIMESTAMP! | when the prediction was graded
""",
        cluster="system_id game_id",
        earlier_values={"view": _EARLIER_VIEW},
    ),
    _table(
        "data_versions",
        Layer.OPERATIONS,
        "How often the stored data of a date changed. A day compares the counts with those that it consumed last.",
        "game_date subject game_id",
        """
game_date DATE! | game date of the day
subject STRING! | source, table or system; or archive/ and the hash of an archive whose facts of the date are imported
game_id STRING! | NBA game id, 10 digits; empty: the data of all games together
version INT64! | number of changes so far
""",
    ),
    _table(
        "daily_pipeline_runs",
        Layer.OPERATIONS,
        "Runs of days that ended, also as failed or cancelled. A terminated run is not there.",
        "game_date run",
        """
game_date DATE! | game date of the day
run INT64! | number of the run among those of the date
run_id STRING! | Temporal's id of the run
is_rerun BOOL! | it repeated an ended day from what was recorded
virtual BOOL! | a replay: its times are virtual
state STRING! | COMPLETE, FAILED or CANCELLED
data_quality STRING! | COMPLETE, DEGRADED or EMPTY; UNKNOWN before predictions were published
backfilled BOOL! | it started after the games
games INT64! | games of the slate
started_at TIMESTAMP! | when it had its first plan, on the day's clock
ended_at TIMESTAMP! | when it ended, on the day's clock
sentence STRING! | state, phase and reason in one sentence
""",
    ),
    _table(
        "processor_execution_log",
        Layer.OPERATIONS,
        "Every execution of every step of the runs that ended. A run is logged at its end, in one write.",
        "game_date run step number",
        """
game_date DATE! | game date of the day
run INT64! | number of the run, as in `daily_pipeline_runs`
phase STRING! | phase of the step
step STRING! | name of the step, whose activity ran
number INT64! | number of the execution among those of the step in the run
trigger STRING! | why it ran: first_run, retry, refresh, changed_inputs, operator or rerun
polls INT64! | polls of a source that one execution made, without those of fallback sources; 1 for a computation
row_count INT64! | rows that it brought
outcome STRING! | outcome of the poll, ok or partial for a computation, failed after all attempts, or cancelled
succeeded BOOL | it brought data, or none were expected; NULL if not published yet or cancelled
error STRING | why it did not succeed, or what it lacked; without secrets, shortened
started_at TIMESTAMP! | when it started, on the day's clock; of a re-run as recorded
ended_at TIMESTAMP! | when its result was there, on the day's clock
seconds FLOAT64! | from start to end; a replay's clock stands while an activity runs
""",
        cluster="step",
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _DECLARED}
