"""Box scores of finished games: stats.nba.com leaguegamelog, one response for a date or for a season to date.

A team is at home where MATCHUP says "vs."; on neutral ground both sides say "@", and neither is at home.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.box_players import keep_unreadable_player
from tipoff.sources.boxscore_rules import NOT_FINAL, ROWS_PER_GAME, due_games
from tipoff.sources.dates import date_of
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import JsonPayload, ResultSet, names
from tipoff.sources.providers import NBA_STATS
from tipoff.sources.rejections import another_date
from tipoff.sources.schedule import GAMES_PER_SEASON
from tipoff.teams import TEAMS, find_team
from tipoff.vocabulary import Outcome, Role, SlateGame, counted, season_of, step_names

Columns = dict[str, list[Any]]

_HEADERS = sorted(names("FGM FGA FG3M FG3A FTM FTA OREB DREB REB AST STL BLK TOV PF"))
_COUNTS = {header.lower(): header for header in _HEADERS} | {"points": "PTS"}
"""Our count column -> the provider's header."""
_REGULAR, _PLAY_IN, _PLAYOFFS = "Regular Season", "PlayIn", "Playoffs"
_LOG_NAMES: Mapping[str, str] = {
    "preseason": "Pre Season",
    "regular": _REGULAR,
    "all_star": "All Star",
    "playoffs": _PLAYOFFS,
    "play_in": _PLAY_IN,
    "cup_final": "IST",
}
"""Our season type -> the provider's log of its games."""

_SEASON_OPENS, _DAYS_PER_SEASON = (10, 25), 165
"""About when a regular season opens, and how many days it lasts."""
_PLAY_IN_OPENS = (4, 10)


@dataclass(frozen=True)
class _LogKind:
    """A log has a row for each player or for each team."""

    letter: str
    key: tuple[str, ...]
    rows_per_game: int
    own_columns: Callable[[ResultSet], Columns]
    ignored_fields: frozenset[str]


def _player_columns(results: ResultSet) -> Columns:
    return {
        "player_id": results.identifiers("PLAYER_ID"),
        "player_name": results.texts("PLAYER_NAME"),
        "plus_minus": results.numbers_or_none("PLUS_MINUS"),
    }


def _team_columns(results: ResultSet) -> Columns:
    return {"win": [result == "W" for result in results.texts("WL")]}


_IGNORED = names("TEAM_ABBREVIATION TEAM_NAME FG_PCT FG3_PCT FT_PCT FANTASY_PTS VIDEO_AVAILABLE")
_PLAYERS = _LogKind("P", ("game_date", "game_id", "player_id"), ROWS_PER_GAME, _player_columns, _IGNORED)
_TEAMS = _LogKind("T", ("game_date", "game_id", "team"), 2, _team_columns, _IGNORED | {"PLUS_MINUS"})


class _GameLog(Feed):
    """A log of finished games, of players or teams."""

    provider = NBA_STATS
    kind: ClassVar[_LogKind]

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        results, collector = nba.first_result_set(JsonPayload(self.name, response)), RowCollector(self.natural_key)
        finished, origin = results.with_value("WL"), self.origin(context)
        collector.reject(NOT_FINAL, len(results) - len(finished))
        columns = {**_shared_columns(finished), **self.kind.own_columns(finished)}
        collector.count_rows(finished)
        for values in finished.intact(*columns.values()):
            row = dict(zip(columns, values, strict=True), **origin)
            reason = _rejection_reason(row) or self.date_rejection(row, context.slate)
            if reason:
                collector.reject(reason)
            else:
                collector.keep(row)
        for values in finished.damaged(*columns.values()):
            self.keep_unreadable(dict(zip(columns, values, strict=True)), collector, context)
        return collector.reading(results.unknown(self.ignored_fields))

    def keep_unreadable(self, row: Row, collector: RowCollector, context: ReadContext) -> None:
        """Keep what is known of a damaged row; its unreadable cells are None."""

    @abstractmethod
    def date_rejection(self, row: Row, slate: Slate) -> str | None:
        """Why the date of a row is outside the requested dates; None when it is inside."""

    def covers(self, rows: Iterable[Row], slate: Slate) -> frozenset[str]:
        """The slate's games with rows of both teams."""
        sides = {(row["game_id"], row["team"]) for row in rows}
        return frozenset(
            game.game_id for game in slate.games if {(game.game_id, game.home), (game.game_id, game.away)} <= sides
        )

    def log_request(self, season: str, log: str, first: date | None, last: date | None, part: str) -> Request:
        """The request for one log of a season, from the first to the last date; None leaves an end open."""
        params = {
            "Counter": "0",
            "DateFrom": f"{first:%m/%d/%Y}" if first else "",
            "DateTo": f"{last:%m/%d/%Y}" if last else "",
            "Direction": "ASC",
            "LeagueID": nba.LEAGUE_ID,
            "PlayerOrTeam": self.kind.letter,
            "Season": season,
            "SeasonType": log,
            "Sorter": "DATE",
        }
        return Request(host=NBA_STATS.host, path="/stats/leaguegamelog", params=params, part=part)


class PlayerBoxscores(_GameLog):
    """Results: a row for each player who played on the slate's date."""

    name = step_names.PLAYER_BOX_SCORES
    title = "NBA player box scores"
    number = 12
    role = Role.POST
    table = "raw_player_boxscores"
    kind = _PLAYERS
    natural_key = _PLAYERS.key
    fault_outcomes = {
        "stale": Outcome.SUSPICIOUSLY_EMPTY,
        "late": Outcome.SUSPICIOUSLY_EMPTY,
    }
    ignored_fields = _PLAYERS.ignored_fields

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        season, day = season_of(slate.game_date), slate.game_date
        logs = sorted({_log_name(game) for game in slate.games})
        return tuple(self.log_request(season, log, day, day, part=log) for log in logs)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        wanted = [game for game in slate.games if _log_name(game) == request.part]
        due = [game.label for game in due_games(slate, response.fetched_at) if game in wanted]
        if due:
            if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"no results, although {', '.join(due)} should be over")
        else:
            if_none = judged(Outcome.NOT_PUBLISHED_YET, "no game should be over yet")
        return judged_by_games(wanted, (row["game_id"] for row in reading.rows), if_none)

    def keep_unreadable(self, row: Row, collector: RowCollector, context: ReadContext) -> None:
        keep_unreadable_player(collector, context, self.origin(context), row)

    def date_rejection(self, row: Row, slate: Slate) -> str | None:
        return None if row["game_date"] == slate.game_date else another_date(slate.game_date)

    def expected_rows(self, slate: Slate) -> int:
        return self.kind.rows_per_game * len(slate.games)


class _History(_GameLog):
    """The logs of the regular seasons up to the day before, and of this season's playoffs once they began."""

    role = Role.PRE
    about_earlier_games = True
    undetectable_faults = {
        "partial_slate": "a history has no game of the date",
        **dict.fromkeys(("stale", "late"), "a missing last date looks like a date without games"),
    }

    def __init__(self, history_seasons: int = 1) -> None:
        """`history_seasons`: how many seasons to request, the slate's included."""
        self._seasons = history_seasons

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        season, day_before = season_of(slate.game_date), slate.game_date - timedelta(days=1)
        after_regular = slate.game_date >= _date_in_season(season, _PLAY_IN_OPENS)
        logs = (_REGULAR, _PLAY_IN, _PLAYOFFS) if after_regular else (_REGULAR,)
        wanted: list[tuple[str, str, date | None]] = [(season, log, day_before) for log in logs]
        wanted += [(_earlier_season(season, back), _REGULAR, None) for back in range(1, self._seasons)]
        return tuple(self.log_request(season, log, None, last, part=f"{season} {log}") for season, log, last in wanted)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        rows = len(reading.rows) + sum(reading.rejected.values())
        if rows:
            return judged(Outcome.OK, f"{request.part}: {counted(rows, 'row')}")
        season = season_of(slate.game_date)
        is_due = request.params["Season"] != season or _share_of_season(slate.game_date) > 0
        if is_due and request.params["SeasonType"] == _REGULAR:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part}: no rows")
        return judged(Outcome.EMPTY_OK, f"{request.part}: no games yet")

    def date_rejection(self, row: Row, slate: Slate) -> str | None:
        return None if row["game_date"] < slate.game_date else f"game not before {slate.game_date}"

    def expected_rows(self, slate: Slate) -> int:
        seasons = _share_of_season(slate.game_date) + self._seasons - 1
        return round(self.kind.rows_per_game * GAMES_PER_SEASON * seasons)


class PlayerHistory(_History):
    """Box scores of every player in the games before the date."""

    name = step_names.PLAYER_BOX_SCORE_HISTORY
    title = "NBA player box scores before tonight"
    table = "raw_player_boxscores"
    kind = _PLAYERS
    natural_key = _PLAYERS.key
    ignored_fields = _PLAYERS.ignored_fields


class TeamHistory(_History):
    """Box scores of every team in the games before the date."""

    name = step_names.TEAM_BOX_SCORE_HISTORY
    title = "NBA team box scores before tonight"
    table = "raw_team_boxscores"
    kind = _TEAMS
    natural_key = _TEAMS.key
    ignored_fields = _TEAMS.ignored_fields


def _shared_columns(results: ResultSet) -> Columns:
    """The columns that players and teams share; a team outside the NBA is None."""
    teams = results.converted("TEAM_ID", results.identifiers("TEAM_ID"), _tricode)
    matchups = results.converted("MATCHUP", results.texts("MATCHUP"), _opponent_and_home)
    return {
        "game_date": results.converted("GAME_DATE", results.texts("GAME_DATE"), date_of),
        "game_id": results.texts("GAME_ID"),
        "season": results.converted("SEASON_ID", results.identifiers("SEASON_ID"), _season),
        "team": teams,
        "opponent": [matchup and matchup[0] for matchup in matchups],
        "home": [matchup and matchup[1] for matchup in matchups],
        "minutes": results.numbers("MIN"),
        **{column: results.integers(header) for column, header in _COUNTS.items()},
    }


def _tricode(team_id: str) -> str | None:
    team = find_team(team_id)
    return team.tricode if team else None


def _opponent_and_home(matchup: str) -> tuple[str | None, bool]:
    """Opponent and whether at home, from "GSW vs. NYK" or "NYK @ GSW". Raises ValueError for any other text."""
    home = " vs. " in matchup
    _, opponent = matchup.split(" vs. " if home else " @ ")
    return (opponent if opponent in TEAMS else None), home


def _season(season_id: str) -> str:
    """The season of an id such as "22023": a digit for its type, then the year it starts. Raises ValueError."""
    start = int(season_id[1:])
    return season_of(date(start, 7, 1))


def _rejection_reason(row: Row) -> str | None:
    """Why a row is left out whatever its date; None when it is kept."""
    if row["team"] is None or row["opponent"] is None or not nba.is_nba_game(row["game_id"]):
        return nba.OUTSIDE
    return None


def _log_name(game: SlateGame) -> str:
    return _LOG_NAMES[nba.season_type_of(game.game_id)]


def _date_in_season(season: str, day: tuple[int, int]) -> date:
    """The date of a month and day within a season."""
    month, start = day[0], int(season[:4])
    return date(start if month >= 7 else start + 1, *day)


def _share_of_season(game_date: date) -> float:
    """About which share of a regular season is played before a date."""
    days = (game_date - _date_in_season(season_of(game_date), _SEASON_OPENS)).days
    return min(max(days / _DAYS_PER_SEASON, 0), 1)


def _earlier_season(season: str, back: int) -> str:
    return season_of(date(int(season[:4]) - back, 7, 1))
