"""The season's games: cdn.nba.com scheduleLeagueV2 (stats.nba.com scheduleleaguev2int has the same shape)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import FULL_DATE, Feed, RowCollector, judged, judged_implausible
from tipoff.sources.game_status import POSTPONED
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import NBA_CDN, NBA_STATS
from tipoff.sources.tip_off import fixed_tip_off
from tipoff.vocabulary import PREDICTED, Outcome, Role, SlateGame, game_date_of, season_of, step_names

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

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        league = JsonPayload(self.name, response).top().fields("leagueSchedule")
        nba.require_nba(league, "leagueId")
        season, earlier = league.text("seasonYear"), slate.game_date - _SWITCHES_WITHIN
        if season not in (season_of(slate.game_date), season_of(earlier)):
            return judged(Outcome.STALE, f"received the schedule of {season}, requested {season_of(slate.game_date)}")
        if league.values("gameDates"):
            rows = [row for row in _schedule_rows(league) if row]
            return _judged_implausible(rows, slate.game_date) or judged(Outcome.OK, f"the schedule of {season}")
        if slate.game_date.month in _OFF_SEASON:
            return judged(Outcome.EMPTY_OK, "no games: off-season")
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"the schedule of {season} has no games")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload = JsonPayload(self.name, response)
        league = payload.top().fields("leagueSchedule")
        nba.require_nba(league, "leagueId")
        season, origin = league.text("seasonYear"), self.origin(context)
        collector = RowCollector(self.natural_key)
        for row in _schedule_rows(league):
            if row is None:
                collector.reject(nba.OUTSIDE)
            else:
                collector.keep_game({**row, "season": season, **origin}, row["tip_off"], context.as_of)
        return collector.reading(payload.unknown(self.ignored_fields))

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
    nothing_left = len(to_come) >= FULL_DATE and all(status.is_postponed for status in to_come)
    if nothing_left or all(row["status"].is_postponed for row in rows):
        count = len(to_come) if nothing_left else len(rows)
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"all {count} games of the season to come are postponed")
    return None


def _schedule_rows(league: Fields) -> Iterator[Row | None]:
    for day in league.each("gameDates"):
        yield from map(_schedule_row, day.each("games"))


def _schedule_row(game: Fields) -> Row | None:
    """The row of a game, its status as a GameStatus.

    None unless it is between two NBA teams (All-Star, foreign guests, teams not decided yet).
    """
    game_id = game.text("gameId")
    # gameDateTimeEst is Eastern wall-clock time with a wrong "Z"; this field alone is correct.
    listed = game.time("gameDateTimeUTC")
    neutral_site = game.flag("isNeutral")
    sides = [game.fields(side) for side in ("homeTeam", "awayTeam")]
    status = nba.status_of(game, lambda: (side.integer("score") if side.has("score") else 0 for side in sides))
    home, away = map(nba.tricode_of, sides)
    if home is None or away is None or not nba.is_nba_game(game_id):
        return None
    return {
        "game_date": game_date_of(listed),
        "game_id": game_id,
        "season_type": nba.season_type_of(game_id),
        "home": home,
        "away": away,
        "tip_off": fixed_tip_off(listed, [game.text("gameStatusText")]),
        "status": status,
        "neutral_site": neutral_site,
    }
