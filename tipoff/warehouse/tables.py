"""Every table, declared once: DDL, SQL checks, the data dictionary and row validation come from here."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from tipoff.features.vector import FEATURES


class Layer(StrEnum):
    """Which arrow of the house writes a table."""

    RAW = "raw"
    VIEW = "view"
    ANALYTICS = "analytics"
    PRECOMPUTE = "precompute"
    FEATURES = "features"
    PREDICTIONS = "predictions"
    GRADING = "grading"


class Column(BaseModel):
    """One column: BigQuery type, whether it may be NULL, what it means (with its unit)."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    description: str
    nullable: bool = True


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
    """Rows are never replaced by later ones: odds snapshots, predictions."""
    filled_later: tuple[str, ...] = ()
    """Of a table that appends: columns where a value may take the place of a NULL, such as whom a name means."""
    volatile_columns: tuple[str, ...] = ()
    """Columns that change at every look while games run; see `tipoff.processing.PASSING_NEWS_EVERY`."""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of `name TYPE[!] | description`; `!` marks a column that is never NULL."""
    columns = []
    for line in filter(None, text.splitlines()):
        declaration, _, description = line.partition("|")
        name, type_ = declaration.split()
        columns.append(
            Column(
                name=name,
                type=type_.rstrip("!"),
                description=description.strip(),
                nullable=not type_.endswith("!"),
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
    )


_GAME = """
game_date DATE! | Eastern date of tip-off
game_id STRING! | NBA game id, 10 digits
"""

_ORIGIN = """
source STRING! | source the row was read from
as_of TIMESTAMP! | when the answer was fetched, on the day's clock
"""

_BOX = """
minutes FLOAT64! | minutes played (a team's: the sum over its five positions, 240 in regulation)
fgm INT64! | field goals made
fga INT64! | field goals attempted
fg3m INT64! | three-pointers made
fg3a INT64! | three-pointers attempted
ftm INT64! | free throws made
fta INT64! | free throws attempted
oreb INT64! | offensive rebounds
dreb INT64! | defensive rebounds
reb INT64! | rebounds
ast INT64! | assists
stl INT64! | steals
blk INT64! | blocks
tov INT64! | turnovers
pf INT64! | personal fouls
points INT64! | points
"""

_LINE = """
line FLOAT64 | consensus line, points: the median book's main line, a line really quoted
opening_line FLOAT64 | consensus line of the first snapshot, points
line_move FLOAT64 | line minus opening line, points
books INT64 | books with a main line
over_price_american FLOAT64 | best price of the over at the line
over_book STRING | book with the best over price
under_price_american FLOAT64 | best price of the under at the line
under_book STRING | book with the best under price
market_over_probability FLOAT64 | mean over the books at the line of the over's probability without the hold
line_as_of TIMESTAMP | snapshot the line is of
line_source STRING | source of that snapshot
"""

_DECLARED = (
    _table(
        "raw_schedule",
        Layer.RAW,
        "Games of a season as scheduled, re-read every day.",
        "game_id",
        _GAME
        + """
season STRING! | season, such as 2023-24
season_type STRING! | preseason, regular, all_star, playoffs, play_in or cup_final
home STRING! | home team's tricode
away STRING! | away team's tricode
tip_off TIMESTAMP! | scheduled tip-off
status STRING! | scheduled, live, final or postponed
neutral_site BOOL! | played on neutral ground
"""
        + _ORIGIN,
        cluster="season game_id",
    ),
    _table(
        "raw_players",
        Layer.RAW,
        "The league's current players and their teams.",
        "game_date player_id",
        """
game_date DATE! | date the list is for
player_id STRING! | NBA person id
player_name STRING! | name as the league writes it
team STRING | tricode; NULL for a free agent
position STRING | position
"""
        + _ORIGIN,
    ),
    _table(
        "raw_rosters",
        Layer.RAW,
        "Who is on each team of the slate.",
        "game_date team player_id",
        """
game_date DATE! | date the roster is for
team STRING! | tricode
player_id STRING! | NBA person id
player_name STRING! | name as the roster's provider writes it
position STRING | position
"""
        + _ORIGIN,
    ),
    _table(
        "raw_injuries",
        Layer.RAW,
        "Injury reports of a date; each changed report of a game is a snapshot of its own: a row of each player listed,"
        " and one of each team that tells whether it has submitted.",
        "game_date game_id player_id as_of",
        _GAME
        + """
team STRING! | tricode
player_id STRING! | NBA person id; the tricode in a team's own row
player_name STRING! | name as reported; the tricode in a team's own row
status STRING! | Available, Probable, Questionable, Doubtful or Out; a team's Submitted or Not submitted
reason STRING | reason as reported
"""
        + _ORIGIN,
        append_only=True,
    ),
    _table(
        "raw_odds_events",
        Layer.RAW,
        "Betting events of a date and the games they belong to.",
        "game_date event_id",
        _GAME
        + """
event_id STRING! | the odds provider's event id
home STRING! | home team's tricode
away STRING! | away team's tricode
commence_time TIMESTAMP! | start as the provider says, often 10 minutes after tip-off
"""
        + _ORIGIN,
    ),
    _table(
        "raw_game_lines",
        Layer.RAW,
        "Game lines by book; every changed snapshot is kept.",
        "game_date game_id book as_of",
        _GAME
        + """
event_id STRING! | the odds provider's event id
book STRING! | bookmaker
home_spread FLOAT64 | points added to the home side
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
        "Player-points lines by book, main and alternate; every changed snapshot is kept.",
        "game_date game_id book player_name line as_of",
        _GAME
        + """
event_id STRING! | the odds provider's event id
book STRING! | bookmaker
player_id STRING | NBA person id; NULL while the name is unresolved
player_name STRING! | name as quoted
line FLOAT64! | line, points
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
        "Where each game of a date stands.",
        "game_date game_id",
        _GAME
        + """
status STRING! | scheduled, live, final or postponed
status_text STRING! | status as the provider writes it
period INT64! | period being played; 0 before tip-off
home_points INT64! | home team's points
away_points INT64! | away team's points
"""
        + _ORIGIN,
        volatile_columns="status_text period home_points away_points",
    ),
    _table(
        "raw_espn_scoreboard",
        Layer.RAW,
        "The games of a date on ESPN's scoreboard, with ESPN's ids.",
        "game_date game_id",
        _GAME
        + """
event_id STRING! | ESPN's event id
home STRING! | home team's tricode
away STRING! | away team's tricode
tip_off TIMESTAMP! | tip-off as ESPN has it
neutral_site BOOL! | played on neutral ground
status STRING! | scheduled, live, final or postponed
status_text STRING! | status as ESPN writes it
period INT64! | period being played; 0 before tip-off
home_points INT64! | home team's points
away_points INT64! | away team's points
"""
        + _ORIGIN,
    ),
    _table(
        "raw_referees",
        Layer.RAW,
        "The officials assigned to each game of a date, as told in the morning.",
        "game_date game_id official_id",
        _GAME
        + """
official_id STRING! | the NBA's code of the official
official_name STRING! | name
position STRING! | crew_chief, referee, umpire or alternate
"""
        + _ORIGIN,
    ),
    _table(
        "raw_standings",
        Layer.RAW,
        "Each team's record in the season's regular games before the games of the date.",
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
conference_wins INT64! | games won against teams of the conference
conference_losses INT64! | games lost against teams of the conference
conference_rank INT64! | rank in the conference, 1 is best
division_wins INT64! | games won against teams of the division
division_losses INT64! | games lost against teams of the division
division_rank INT64! | rank in the division, 1 is best
"""
        + _ORIGIN,
    ),
    _table(
        "raw_player_movement",
        Layer.RAW,
        "Signings, waivers and trades of a season's players, re-read every day.",
        "move_id player_id",
        """
game_date DATE! | Eastern date of the move
season STRING! | season, such as 2023-24; a move of July is of the season to come
move_id STRING! | the provider's name of the move, such as Trade 2024022; a trade moves several players
kind STRING! | Signing, Waive, Trade, ContractConverted or AwardOnWaivers
player_id STRING! | NBA person id
team STRING! | team that signs, waives or receives him
from_team STRING | team that he is traded from; NULL where it is no trade
description STRING! | the move as the league tells it
"""
        + _ORIGIN,
        cluster="season player_id",
    ),
    _table(
        "raw_player_boxscores",
        Layer.RAW,
        "What each player did in each finished game.",
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
        + _BOX
        + """
plus_minus FLOAT64 | plus-minus, points
"""
        + _ORIGIN,
    ),
    _table(
        "raw_team_boxscores",
        Layer.RAW,
        "What each team did in each finished game.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
win BOOL! | won
"""
        + _BOX
        + _ORIGIN,
    ),
    _table(
        "raw_shots",
        Layer.RAW,
        "Every field-goal attempt of a finished game.",
        "game_date game_id shot_number",
        _GAME
        + """
shot_number INT64! | the provider's number of the play, in the order of the game
period INT64! | period, from 5 overtime
player_id STRING | NBA person id; NULL while the name is unresolved
player_name STRING! | name as the feed writes it
team STRING! | tricode
zone STRING! | restricted_area, paint (without it), mid_range, corner_three, above_break_three or backcourt
made BOOL! | went in
worth INT64! | points it counts when made: 2 or 3
assisted BOOL! | made off an assist
"""
        + _ORIGIN,
    ),
    _table(
        "raw_gamebook_players",
        Layer.RAW,
        "Who played in a finished game, and why the others did not.",
        "game_date game_id team player_name",
        _GAME
        + """
player_id STRING | NBA person id; NULL while the name is unresolved
team STRING! | tricode
player_name STRING! | name as the gamebook writes it: of inactive players the last name, numbered where two have it
status STRING! | played, dnp, not_with_team or inactive
reason STRING | why he did not play, as written
minutes FLOAT64 | minutes played; NULL unless he did
points INT64 | points; NULL unless he played
"""
        + _ORIGIN,
    ),
    _table(
        "unresolved_players",
        Layer.RAW,
        "Names of feeds that no player of the slate's rosters answers to.",
        "game_date source game_id team player_name",
        """
game_date DATE! | Eastern date of the slate
player_name STRING! | name as the feed writes it
game_id STRING! | game the feed names; empty where it names none
team STRING! | tricode of the team the feed names; empty where it names none
candidates STRING! | nearest names of the two rosters, best first, separated by semicolons
"""
        + _ORIGIN,
    ),
    _table(
        "book_main_lines",
        Layer.VIEW,
        "Each book's main line of a quoted player in each snapshot before tip-off: of its two-sided lines the one with"
        " the most balanced prices, of equally balanced ones the lowest.",
        "game_date game_id player_id book as_of",
        _GAME
        + """
player_id STRING! | NBA person id
book STRING! | bookmaker
line FLOAT64! | main line, points
over_price_american FLOAT64! | price of the over
under_price_american FLOAT64! | price of the under
over_probability FLOAT64! | the over's implied probability without the hold, 0-1 scale
source STRING! | source the line was read from
as_of TIMESTAMP! | the snapshot
""",
    ),
    _table(
        "team_boxes",
        Layer.VIEW,
        "Each team's totals in each finished game: the league's, or the sum of its players' rows where those lack the"
        " game.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
win BOOL! | won
"""
        + _BOX
        + """
source STRING! | source of the totals, or "sum of" the source of the players' rows
as_of TIMESTAMP! | when the answer was fetched, on the day's clock
""",
    ),
    _table(
        "team_offense_game_summary",
        Layer.ANALYTICS,
        "Each team's offence in each finished game; two rows a game.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | played at home
win BOOL! | won
margin INT64! | points minus the opponent's
overtime_periods INT64! | overtime periods
days_rest INT64 | calendar days since the team's previous game of the season; NULL for its first
back_to_back BOOL! | days_rest is 1
"""
        + _BOX
        + """
opponent_points INT64! | points allowed
possessions FLOAT64! | FGA + 0.44 FTA + TOV - OREB
pace FLOAT64! | possessions per 48 minutes
offensive_rating FLOAT64! | points per 100 possessions
defensive_rating FLOAT64! | points allowed per 100 of the opponent's possessions
true_shooting FLOAT64 | PTS / (2 (FGA + 0.44 FTA)), 0-1 scale
effective_field_goal FLOAT64 | (FGM + 0.5 FG3M) / FGA, 0-1 scale
""",
    ),
    _table(
        "player_game_summary",
        Layer.ANALYTICS,
        "Each player's finished games with rates; only where both teams' totals are there.",
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
        + _BOX
        + """
true_shooting FLOAT64 | PTS / (2 (FGA + 0.44 FTA)), 0-1 scale
effective_field_goal FLOAT64 | (FGM + 0.5 FG3M) / FGA, 0-1 scale
usage_rate FLOAT64 | share of the team's plays used while on the floor, percent
closing_line FLOAT64 | last consensus line before tip-off, points
quality STRING! | measured, or out_of_range when usage is not within 0-100
source STRING! | source of the box score
""",
    ),
    _table(
        "player_prop_lines",
        Layer.ANALYTICS,
        "Tonight's consensus line and best prices of each quoted player, before tip-off.",
        "game_date game_id player_id",
        _GAME
        + """
player_id STRING! | NBA person id
"""
        + _LINE
        + """
as_of TIMESTAMP! | moment the row was built for
""",
    ),
    _table(
        "upcoming_team_game_context",
        Layer.ANALYTICS,
        "Each team of tonight's slate before its game; exactly two rows a game.",
        "game_date game_id team",
        _GAME
        + """
season STRING! | season
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | plays at home
tip_off TIMESTAMP! | scheduled tip-off
days_rest INT64 | calendar days since its previous game of the season
back_to_back BOOL! | days_rest is 1
games_last_7_days INT64! | games in the seven days before
games_last_14_days INT64! | games in the fourteen days before
games_season INT64 | games of the season before the date, without the Cup final
win_streak INT64! | games won in a row; negative: lost
win_share FLOAT64 | games won of the season's, 0-1 scale
pace FLOAT64 | mean pace of its last 15 games, possessions per 48 minutes
offensive_rating FLOAT64 | mean of its last 15 games, points per 100 possessions
defensive_rating FLOAT64 | opponents' mean offensive rating of its last 15 games
spread FLOAT64 | consensus spread from this team's side, points
total FLOAT64 | consensus total, points
implied_total FLOAT64 | (total - spread) / 2, points
game_lines_source STRING | source of the spread and total
players_out INT64 | players ruled out; NULL while the team has submitted no injury report
players_questionable INT64 | players questionable or doubtful; NULL while the team has submitted no injury report
missing STRING | inputs that were missing, separated by semicolons
as_of TIMESTAMP! | moment the row was built for
""",
    ),
    _table(
        "upcoming_player_game_context",
        Layer.ANALYTICS,
        "Every rostered player of tonight's slate who is not ruled out, with or without a line.",
        "game_date game_id player_id",
        _GAME
        + """
season STRING! | season
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | plays at home
tip_off TIMESTAMP! | scheduled tip-off
injury_status STRING | status of the last report; NULL: not on it
has_injury_report BOOL! | his team had submitted, as the last report read says
injury_source STRING | source of that report
stars_out INT64 | team-mates ruled out who average 18 points or more; NULL without its report
vacated_minutes FLOAT64 | mean minutes of the team-mates ruled out; NULL without its report
vacated_points FLOAT64 | mean points of the team-mates ruled out; NULL without its report
opponent_pace FLOAT64 | opponent's mean pace of its last 15 games
opponent_defensive_rating FLOAT64 | opponent's mean defensive rating of its last 15 games
has_prop_line BOOL! | a line was quoted
"""
        + _LINE
        + """
roster_source STRING! | source of the roster row
missing STRING | inputs that were missing, separated by semicolons
as_of TIMESTAMP! | moment the row was built for
""",
    ),
    _table(
        "player_daily_cache",
        Layer.PRECOMPUTE,
        "What a player's games strictly before a date say about him.",
        "game_date player_id",
        """
game_date DATE! | date the row is for
player_id STRING! | NBA person id
games_season INT64! | games played this season before the date, without the Cup final as every mean here
games_history INT64! | games of the history, which reaches back over earlier seasons
bootstrap BOOL! | fewer than five games of history
box_source STRING | sources of the history's last 10 games, separated by semicolons
days_since_last_game INT64 | calendar days since his last game
points_mean_5 FLOAT64 | mean points of his last 5 games
points_mean_10 FLOAT64 | mean points of his last 10 games
points_mean_season FLOAT64 | mean points of the season
points_sd_10 FLOAT64 | standard deviation of points over his last 10 games
points_ewm FLOAT64 | exponentially weighted mean of his last 20 games' points, half-life 5 games
points_per_minute_10 FLOAT64 | points per minute over his last 10 games
points_trend FLOAT64 | mean of the last 5 games' points minus that of the 5 before; positive: improving
minutes_mean_5 FLOAT64 | mean minutes of his last 5 games
minutes_mean_7 FLOAT64 | mean minutes of his last 7 games
minutes_mean_10 FLOAT64 | mean minutes of his last 10 games
minutes_mean_season FLOAT64 | mean minutes of the season
minutes_sd_10 FLOAT64 | standard deviation of minutes over his last 10 games
minutes_last_game FLOAT64 | minutes of his last game
fga_mean_10 FLOAT64 | mean field-goal attempts of his last 10 games
fg3a_mean_10 FLOAT64 | mean three-point attempts of his last 10 games
fta_mean_10 FLOAT64 | mean free-throw attempts of his last 10 games
usage_rate_10 FLOAT64 | mean usage rate of his last 10 games, percent
true_shooting_10 FLOAT64 | true shooting over his last 10 games, 0-1 scale
games_last_7_days INT64! | games in the seven days before
games_last_14_days INT64! | games in the fourteen days before
minutes_last_7_days FLOAT64! | minutes in the seven days before
back_to_back BOOL! | played on the day before
points_mean_opponent FLOAT64 | mean points of earlier games of the history against tonight's opponent
games_opponent INT64! | earlier games of the history against tonight's opponent
home_points_difference FLOAT64 | season's mean points at home minus away, points
as_of TIMESTAMP! | moment the row was built for
""",
    ),
    _table(
        "ml_feature_store",
        Layer.FEATURES,
        "The feature vector of every player and game, each feature with its source and quality.",
        "game_date game_id player_id",
        _GAME
        + """
season STRING! | season
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
tip_off TIMESTAMP! | scheduled tip-off
eligible BOOL! | to be predicted: mean minutes of the last 7 games at least 15, or a line
bootstrap BOOL! | fewer than five games of history
has_injury_report BOOL! | his team had submitted, as the last report read says
injury_status STRING | status of the last report; NULL: not on it
"""
        + "".join(f"{feature.name} FLOAT64 | {feature.description}\n" for feature in FEATURES)
        + """
books INT64 | books with a main line
over_price_american FLOAT64 | best price of the over at the line
over_book STRING | book with the best over price
under_price_american FLOAT64 | best price of the under at the line
under_book STRING | book with the best under price
market_over_probability FLOAT64 | mean over the books at the line of the over's probability without the hold
line_as_of TIMESTAMP | snapshot the line is of
feature_sources ARRAY<STRING>! | source of each feature, in the order of the vector
feature_qualities ARRAY<INT64>! | quality of each feature: measured 100, fallback 85, partial window 60, missing 0
feature_quality_score FLOAT64! | mean of the qualities, 0-100
missing STRING | inputs that were missing, separated by semicolons
as_of TIMESTAMP! | moment the row was built for
""",
        cluster="player_id game_id",
    ),
    _table(
        "predictions",
        Layer.PREDICTIONS,
        "Predictions, append-only: a later one supersedes, none is rewritten.",
        "game_date game_id player_id system_id as_of",
        _GAME
        + """
prediction_id STRING! | hash of the natural key
player_id STRING! | NBA person id
player_name STRING! | name
team STRING! | tricode
opponent STRING! | tricode
home BOOL! | plays at home
tip_off TIMESTAMP! | scheduled tip-off
system_id STRING! | prediction system
model_version STRING | trained model, where the system has one
as_of TIMESTAMP! | moment the prediction was made
points FLOAT64! | point estimate: the distribution's median
low_80 FLOAT64! | lower end of the 80 % interval, points
high_80 FLOAT64! | upper end of the 80 % interval, points
quantiles ARRAY<FLOAT64>! | points at the levels of `tipoff.systems.distribution.LEVELS`
line FLOAT64 | consensus line, points
line_as_of TIMESTAMP | snapshot the line is of
over_probability FLOAT64 | P(points > line), pushes left out
market_over_probability FLOAT64 | the market's, without the hold
recommendation STRING! | OVER, UNDER, PASS or NO_LINE
lean STRING | OVER or UNDER: the side of the line with the higher expected value; graded also on PASS
confidence FLOAT64 | calibrated probability of the lean, 0-1 scale
price_american FLOAT64 | best price of the lean
book STRING | book of that price
expected_value FLOAT64 | expected profit per unit staked on the lean at that price
last10_points FLOAT64 | mean points of his last 10 games, the plain yardstick
feature_quality_score FLOAT64! | 0-100
degraded_reasons ARRAY<STRING>! | inputs this prediction had to do without
backfilled BOOL! | made at or after tip-off, or of features later than its moment: never a pick
""",
        cluster="system_id player_id",
        append_only=True,
    ),
    _table(
        "prediction_accuracy",
        Layer.GRADING,
        "Every active prediction with its one outcome.",
        "game_date prediction_id",
        _GAME
        + """
prediction_id STRING! | the prediction graded
player_id STRING! | NBA person id
system_id STRING! | prediction system
grade STRING! | win, loss, push, void or no_line
void_reason STRING | why it is void
actual_points INT64 | points scored; NULL when he did not play
first_actual_points INT64 | points when first graded; a later stat correction changes only actual_points
predicted_points FLOAT64! | the point estimate
signed_error FLOAT64 | prediction minus actual, points
absolute_error FLOAT64 | absolute error, points
line FLOAT64 | line of the prediction, points
line_absolute_error FLOAT64 | absolute error of the line on the same row, points
last10_absolute_error FLOAT64 | absolute error of the last-10 mean on the same row, points
lean STRING | side graded
recommendation STRING! | OVER, UNDER, PASS or NO_LINE
confidence FLOAT64 | probability given to the lean
within_80 BOOL | actual points within the 80 % interval
price_american FLOAT64 | price of the lean
profit_units FLOAT64 | profit per unit staked at that price; 0 on push and void
closing_line FLOAT64 | last consensus line before tip-off, points
closing_line_value FLOAT64 | points the line moved towards the lean after the prediction
backfilled BOOL! | no prediction of before tip-off: graded, never a pick
as_of TIMESTAMP! | moment of grading
""",
        cluster="system_id game_id",
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _DECLARED}
