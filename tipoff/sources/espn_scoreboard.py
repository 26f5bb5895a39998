"""ESPN's scoreboard of one date: site.api.espn.com scoreboard?dates=YYYYMMDD.

It has ids of its own: an event is a game of ours by its two teams and its Eastern date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from tipoff.errors import NotEnoughDataError
from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import ESPN
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, Role, SlateGame, game_date_of, season_of, step_names

_LEAGUE = "46"
_UID_OF_LEAGUE = f"~l:{_LEAGUE}~"
_OF_ESPN_ID = {team.espn_id: team.tricode for team in TEAMS.values()}
_STATES: Mapping[str, str] = {"pre": "scheduled", "in": "live", "post": "final"}
_NOT_PLAYED = frozenset({"STATUS_POSTPONED", "STATUS_CANCELED"})

_IGNORED = names(
    """
    leagues id date status season day links shortName name uid type attendance timeValid conferenceCompetition
    playByPlayAvailable recent venue notes situation broadcasts broadcast geoBroadcasts format startDate highlights
    headlines tickets odds order winner linescores statistics leaders records record location abbreviation displayName
    shortDisplayName color alternateColor isActive logo clock displayClock completed description detail altDetail
    weather series wasSuspended provider eventsDate
    """
)


class EspnScoreboard(Feed):
    """Status and score of each game, and which of ESPN's events it is."""

    name = step_names.ESPN_SCOREBOARD
    title = "ESPN scoreboard"
    provider = ESPN
    role = Role.PRE
    table = "raw_espn_scoreboard"
    natural_key = ("game_date", "game_id")
    ignored_fields = _IGNORED

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return (_question(slate),) if slate.games else ()

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        events = _events(JsonPayload(self.name, response.body))
        stale = _judged_stale(events, slate)
        if stale:
            return stale
        there = [game.game_id for event in events if (game := _game_of(event, slate.games))]
        nothing = judged(Outcome.SUSPICIOUSLY_EMPTY, f"none of the {len(slate.games)} games is on it")
        return judged_by_games(slate.games, there, nothing)

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        for event in _events(answer):
            game = _game_of(event, context.slate.games)
            if game is None:
                collector.reject("of no game of the slate")
                continue
            row = {"game_date": context.slate.game_date, "game_id": game.game_id, **event._asdict()}
            collector.keep({**row, **self.origin(context)})
        reading = collector.reading(answer.unknown(self.ignored_fields))
        ids = {row["game_id"]: row["event_id"] for row in reading.rows}
        return reading.model_copy(update={"provider_ids": ids})

    def expected_rows(self, slate: Slate) -> int:
        return len(slate.games)


class EspnSchedule(Feed):
    """The date's games when the league does not tell them, as far as their ids are known from an earlier schedule.

    A game that stands there on another date was moved here; one whose id is not known is named.
    """

    name = "espn_schedule"
    title = "ESPN schedule"
    provider = ESPN
    role = Role.PRE
    fallback_for = (step_names.SCHEDULE,)
    table = "raw_schedule"
    natural_key = ("game_id",)
    ignored_fields = _IGNORED

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return (_question(slate),)

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        answer = JsonPayload(self.name, response.body)
        events = _events(answer)
        if events:
            return _judged_stale(events, slate) or judged(Outcome.OK, f"{len(events)} games on {slate.game_date}")
        if _is_on_the_calendar(answer, slate):
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"no games on {slate.game_date}, and the calendar has the date")
        return judged(Outcome.EMPTY_OK, f"no games on {slate.game_date}")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        """Raises NotEnoughDataError when there are games and not one of them has a known id."""
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        known, unknown = (*context.slate.games, *context.known_games), list[str]()
        for event in _events(answer):
            game = _game_of(event, known) or _moved_here(event, known)
            if game_date_of(event.tip_off) != context.slate.game_date:
                collector.reject(f"game of another date than {context.slate.game_date}")
            elif game is not None:
                collector.keep({**_scheduled(event, game), **self.origin(context)})
            elif event.home is None or event.away is None or not _is_on(event):
                collector.reject("game of no two NBA teams, or postponed")
            else:
                unknown.append(f"{event.away}@{event.home}")
                collector.reject(f"{unknown[-1]}, whose NBA id is not known")
        reading = collector.reading(answer.unknown(self.ignored_fields))
        if unknown and not reading.rows:
            raise NotEnoughDataError(
                f"{self.name} {context.slate.game_date}: of {len(unknown)} games none has a known NBA id; "
                "the league's schedule has to be read once before ESPN's can stand in for it"
            )
        return reading.model_copy(update={"unknown_games": tuple(unknown)})

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """The games on whatever date they stand: the league may have moved one that is postponed here."""
        return {"game_id": sorted(row["game_id"] for row in rows)}


class _Event(NamedTuple):
    """One game as ESPN tells it; a side that is no NBA team is None."""

    event_id: str
    home: str | None
    away: str | None
    tip_off: datetime
    neutral_site: bool
    status: str
    status_text: str
    period: int
    home_points: int
    away_points: int


def _question(slate: Slate) -> Request:
    params = {"dates": f"{slate.game_date:%Y%m%d}"}
    return Request(host=ESPN.host, path="/apis/site/v2/sports/basketball/nba/scoreboard", params=params)


def _league(answer: JsonPayload) -> Fields:
    """The one league of the answer. Raises ContractError for a sister league's, whose shape is the same."""
    top = answer.top()
    leagues = top.each("leagues")
    if [league.identifier("id") for league in leagues] != [_LEAGUE]:
        raise top.problem("leagues", f"are not the NBA, {_LEAGUE}, alone")
    return leagues[0]


def _events(answer: JsonPayload) -> list[_Event]:
    _league(answer)
    return [_event(event) for event in answer.top().each("events")]


def _event(event: Fields) -> _Event:
    if _UID_OF_LEAGUE not in event.text("uid"):
        raise event.problem("uid", "is of another league than the NBA")
    competition = _only(event, "competitions")
    sides = {side.text("homeAway"): side for side in competition.each("competitors")}
    if sides.keys() != {"home", "away"}:
        raise competition.problem("competitors", "are not one at home and one away")
    status = event.fields("status")
    return _Event(
        event_id=event.identifier("id"),
        home=_tricode(sides["home"]),
        away=_tricode(sides["away"]),
        tip_off=event.moment("date"),
        neutral_site=competition.boolean("neutralSite"),
        status=_status(status.fields("type")),
        status_text=status.fields("type").text("shortDetail"),
        period=status.integer("period"),
        home_points=_points(sides["home"]),
        away_points=_points(sides["away"]),
    )


def _only(event: Fields, name: str) -> Fields:
    found = event.each(name)
    if len(found) != 1:
        raise event.problem(name, f"are {len(found)}, wanted 1")
    return found[0]


def _tricode(side: Fields) -> str | None:
    return _OF_ESPN_ID.get(side.fields("team").identifier("id"))


def _points(side: Fields) -> int:
    """Points so far, which are text; 0 where there are none yet."""
    text = side.identifier("score") if side.has("score") else "0"
    if not re.fullmatch("[0-9]{1,3}", text):
        raise side.problem("score", f"{text[:20]!r} is no number of points")
    return int(text)


def _status(kind: Fields) -> str:
    """scheduled, live, final or postponed."""
    name, state = kind.text("name"), kind.text("state")
    if state not in _STATES:
        raise kind.problem("state", f"is none of {', '.join(_STATES)}")
    return "postponed" if name in _NOT_PLAYED else _STATES[state]


def _game_of(event: _Event, games: Iterable[SlateGame]) -> SlateGame | None:
    """The game of the same sides and Eastern date."""
    sides, game_date = {event.home, event.away}, game_date_of(event.tip_off)
    return next(
        (game for game in games if {game.home, game.away} == sides and game_date_of(game.tip_off) == game_date), None
    )


def _moved_here(event: _Event, games: Iterable[SlateGame]) -> SlateGame | None:
    """The game of the same sides that is nearest to a game which is on, whatever its date was."""
    same = (game for game in games if (game.away, game.home) == (event.away, event.home))
    return min(same, key=lambda game: abs(game.tip_off - event.tip_off), default=None) if _is_on(event) else None


def _is_on(event: _Event) -> bool:
    return event.status != "postponed"


def _judged_stale(events: Iterable[_Event], slate: Slate) -> Judgement | None:
    dates = {game_date_of(event.tip_off) for event in events}
    if not dates or slate.game_date in dates:
        return None
    return judged(Outcome.STALE, f"the scoreboard of {min(dates)}, asked for {slate.game_date}")


def _is_on_the_calendar(answer: JsonPayload, slate: Slate) -> bool:
    """Whether the league plays on the date, by the days of its calendar: "2025-02-16T08:00Z"."""
    return any(str(day).startswith(f"{slate.game_date}") for day in _league(answer).values("calendar"))


def _scheduled(event: _Event, game: SlateGame) -> Row:
    """The row of `raw_schedule`, without its origin."""
    game_date = game_date_of(event.tip_off)
    return {
        "game_date": game_date,
        "game_id": game.game_id,
        "season": season_of(game_date),
        "season_type": nba.season_type_of(game.game_id),
        "home": event.home,
        "away": event.away,
        "tip_off": event.tip_off,
        "status": event.status,
        "neutral_site": event.neutral_site,
    }
