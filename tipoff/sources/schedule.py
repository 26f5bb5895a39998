"""The season's games: cdn.nba.com scheduleLeagueV2 (stats.nba.com scheduleleaguev2int has the same shape)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar, NamedTuple

from tipoff.errors import ContractError
from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.dates import date_of
from tipoff.sources.feed import (
    FULL_DATE,
    Feed,
    RowCollector,
    judged,
    judged_implausible,
    raise_if_most_are_damaged,
)
from tipoff.sources.game_status import POSTPONED
from tipoff.sources.json_payload import Fields, JsonPayload, names, readable
from tipoff.sources.providers import NBA_CDN, NBA_STATS
from tipoff.vocabulary import PREDICTED, Outcome, Role, SlateGame, counted, game_date_of, season_of, step_names

GAMES_PER_SEASON = 1230
_SWITCHES_WITHIN = timedelta(days=100)
"""The provider switches to the next season between July and the beginning of October."""
_OFF_SEASON = range(7, 10)
"""Months without games."""


class Schedule(Feed):
    """Every game of the season: the slate comes from it, and every coverage share is relative to it."""

    name = step_names.SCHEDULE
    title = "NBA schedule"
    number = 1
    provider = NBA_CDN
    other_providers = (NBA_STATS,)
    requests_are_alternatives = True
    role = Role.PRE
    table = "raw_schedule"
    natural_key = ("game_id",)
    undetectable_faults = dict.fromkeys(("stale", "late"), "the games of the date are listed for months")
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        meta weeks broadcasterList gameDate gameCode gameSequence gameDateEst gameTimeEst gameDateTimeEst
        gameDateUTC gameTimeUTC awayTeamTime homeTeamTime day monthNum weekNumber weekName ifNecessary
        seriesGameNumber gameLabel gameSubLabel seriesText arenaName arenaState arenaCity branchLink
        gameSubtype broadcasters pointsLeaders teamName teamCity teamTricode teamSlug wins losses score seed
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        """Requests for the public file and, when that fails, for the list of stats.nba.com."""
        season = {"LeagueID": nba.LEAGUE_ID, "Season": season_of(slate.game_date)}
        return (
            Request(host=NBA_CDN.host, path="/static/json/staticData/scheduleLeagueV2.json", part=NBA_CDN.host),
            Request(host=NBA_STATS.host, path="/stats/scheduleleaguev2int", params=season, part=NBA_STATS.host),
        )

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        league = _league(JsonPayload(self.name, response))
        season, earlier = league.text("seasonYear"), slate.game_date - _SWITCHES_WITHIN
        if season not in (season_of(slate.game_date), season_of(earlier)):
            return judged(Outcome.STALE, f"received the schedule of {season}, requested {season_of(slate.game_date)}")
        if league.values("gameDates"):
            return None
        if slate.game_date.month in _OFF_SEASON:
            return judged(Outcome.EMPTY_OK, "no games: off-season")
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"the schedule of {season} has no games")

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        season = _league(JsonPayload(self.name, response)).text("seasonYear")
        return _judged_implausible(reading.rows, slate.game_date) or judged(Outcome.OK, f"the schedule of {season}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        league = _league(payload)
        season, origin = league.text("seasonYear"), self.origin(context)
        entries = list(_entries(league, context.slate))
        _require_readable(entries, context.slate.game_date)
        for entry in entries:
            if isinstance(entry.content, ContractError):
                collector.leave_out(entry.content, elsewhere=entry.game_date not in (None, context.slate.game_date))
            elif entry.content is None:
                collector.reject(nba.OUTSIDE)
            else:
                row = {**entry.content, "season": season, **origin}
                collector.keep_game(row, row["tip_off"], context.as_of)
        reading = collector.reading(payload.unknown(self.ignored_fields))
        return reading.model_copy(update={"unreadable_games": _unreadable_games(entries, context.slate.game_date)})

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        return {"season": rows[0]["season"] if rows else season_of(slate.game_date)}

    def expected_rows(self, slate: Slate) -> int:
        return 0 if slate.game_date.month in _OFF_SEASON else GAMES_PER_SEASON


def slate_games(rows: Iterable[Row], game_date: date) -> tuple[SlateGame, ...]:
    """The games of a date to predict, by tip-off and id; without preseason, All-Star and postponed games."""
    games = [
        SlateGame(game_id=row["game_id"], away=row["away"], home=row["home"], tip_off=row["tip_off"])
        for row in rows
        if row["game_date"] == game_date and row["season_type"] in PREDICTED and row["status"] != POSTPONED
    ]
    return tuple(sorted(games, key=lambda game: game.order))


def _judged_implausible(rows: Sequence[Row], game_date: date) -> Judgement | None:
    """SUSPICIOUSLY_EMPTY when the date's games are implausible, or no game of the season is left to be played."""
    on_date = [row["status"] for row in rows if row["game_date"] == game_date]
    to_come = [row["status"] for row in rows if row["game_date"] >= game_date]
    implausible = judged_implausible(on_date, f"on {game_date}")
    if implausible or not rows:
        return implausible
    nothing_left = len(to_come) >= FULL_DATE and set(to_come) == {POSTPONED}
    if nothing_left or all(row["status"] == POSTPONED for row in rows):
        count = len(to_come) if nothing_left else len(rows)
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"all {counted(count, 'game')} of the season to come postponed")
    return None


class _Entry(NamedTuple):
    """One game of the schedule: its row, None outside the NBA, or why it cannot be read."""

    content: Row | ContractError | None
    game_date: date | None
    """Also of an unreadable game where anything tells it."""
    label: str = ""
    """Names an unreadable game."""


def _league(payload: JsonPayload) -> Fields:
    league = payload.top().fields("leagueSchedule")
    nba.require_nba(league, "leagueId")
    return league


def _entries(league: Fields, slate: Slate) -> Iterator[_Entry]:
    for day in league.each("gameDates"):
        try:
            games = day.each("games")
        except ContractError as error:
            yield _Entry(error, _listed_date(day, _DATES_OF_DAY), "all games of a date")
            continue
        for game in games:
            yield _entry(game, day, slate)


def _entry(game: Fields, day: Fields, slate: Slate) -> _Entry:
    try:
        row = _schedule_row(game, day)
        return _Entry(row, row["game_date"] if row else None)
    except ContractError as error:
        game_id, label = readable(game.text, "gameId"), readable(_label, game)
        on_slate = game_id in {known.game_id for known in slate.games}
        listed = _listed_date(game, _DATES_OF_GAME) or _listed_date(day, _DATES_OF_DAY)
        return _Entry(error, listed or (slate.game_date if on_slate else None), label or game_id or error.path)


def _require_readable(entries: Sequence[_Entry], game_date: date) -> None:
    """Raise ContractError when most games of the date are unreadable, or of all dates if this one has no game."""
    needed = [entry for entry in entries if entry.game_date == game_date] or entries
    errors = [entry.content for entry in needed if isinstance(entry.content, ContractError)]
    raise_if_most_are_damaged(errors, len(needed), "$.leagueSchedule.gameDates[].games[]")


def _is_readable(entry: _Entry) -> bool:
    return not isinstance(entry.content, ContractError)


def _unreadable_games(entries: Iterable[_Entry], game_date: date) -> tuple[str, ...]:
    """The unreadable games of the date or of an unknown date."""
    return tuple(entry.label for entry in entries if not _is_readable(entry) and entry.game_date in (None, game_date))


def _date_in_code(game: Fields) -> date:
    """The date of "20250124/NYKBOS"."""
    try:
        return date_of(game.text("gameCode").split("/")[0])
    except ValueError as error:
        raise game.problem("gameCode", str(error)) from error


_ReadDate = Callable[[Fields], date]
_DATES_OF_GAME: Sequence[_ReadDate] = (
    lambda game: game_date_of(game.time("gameDateTimeUTC")),
    lambda game: game.date("gameDateTimeEst"),
    lambda game: game.date("gameDateEst"),
    lambda game: game_date_of(game.time("gameDateUTC")),
    _date_in_code,
)
"""Readers of a game's Eastern date, the best first."""
_DATES_OF_DAY: Sequence[_ReadDate] = (lambda day: day.date("gameDate"),)
_DATES_OF_UNTIMED_GAME = (*_DATES_OF_GAME[1:], _DATES_OF_GAME[0])
"""The time of a game without a fixed tip-off is a placeholder, or missing."""


def _listed_date(fields: Fields, dates: Iterable[_ReadDate]) -> date | None:
    return next(filter(None, (readable(read, fields) for read in dates)), None)


def _label(game: Fields) -> str:
    return "@".join(nba.tricode_of(game.fields(side)) or "?" for side in ("awayTeam", "homeTeam"))


def _schedule_row(game: Fields, day: Fields) -> Row | None:
    """The row of a game, its status as a GameStatus.

    None unless it is between two NBA teams (All-Star, foreign guests, teams not decided yet).
    """
    game_id = game.text("gameId")
    sides = [game.fields(side) for side in ("homeTeam", "awayTeam")]
    home, away = map(nba.tricode_of, sides)
    if home is None or away is None or not nba.is_nba_game(game_id):
        return None
    game_date, tip_off = _date_and_tip_off(game, day)
    return {
        "game_date": game_date,
        "game_id": game_id,
        "season_type": nba.season_type_of(game_id),
        "home": home,
        "away": away,
        "tip_off": tip_off,
        "status": nba.status_of(game, lambda: (side.count("score") for side in sides)),
        "neutral_site": game.flag("isNeutral"),
    }


def _date_and_tip_off(game: Fields, day: Fields) -> tuple[date, datetime | None]:
    """The Eastern date of a game and its tip-off; None while that is to be determined."""
    # gameDateTimeEst is Eastern wall-clock time with a wrong "Z"; this field alone is correct.
    tip_off = nba.tip_off_of(game, "gameDateTimeUTC")
    if tip_off:
        return game_date_of(tip_off), tip_off
    listed = _listed_date(game, _DATES_OF_UNTIMED_GAME) or _listed_date(day, _DATES_OF_DAY)
    return listed or game_date_of(game.time("gameDateTimeUTC")), None
