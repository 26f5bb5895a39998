"""ESPN's scoreboard of one date: site.api.espn.com scoreboard?dates=YYYYMMDD.

ESPN has its own ids: an event is matched to a game by its two teams and its Eastern date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import NamedTuple

from tipoff.sources import espn, nba
from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.boxscore_rules import NO_FIGURE
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games, judged_implausible
from tipoff.sources.game_status import GameStatus
from tipoff.sources.json_payload import Fields, JsonPayload, names, readable
from tipoff.sources.providers import ESPN
from tipoff.sources.rejections import NOT_ON_SLATE, another_date
from tipoff.sources.schedule import Schedule
from tipoff.sources.tip_off import is_placeholder
from tipoff.vocabulary import Outcome, Role, SlateGame, counted, game_date_of, season_of, step_names

_IGNORED = names(
    """
    leagues id date status season day links shortName name uid type attendance conferenceCompetition
    playByPlayAvailable recent venue notes situation broadcasts broadcast geoBroadcasts format startDate highlights
    headlines tickets odds order winner linescores statistics leaders records record location abbreviation displayName
    shortDisplayName color alternateColor isActive logo clock displayClock completed description detail altDetail
    weather series wasSuspended provider eventsDate
    """
)


class EspnScoreboard(Feed):
    """Status, score and ESPN event id of each game."""

    name = step_names.ESPN_SCOREBOARD
    title = "ESPN scoreboard"
    number = 10
    provider = ESPN
    role = Role.PRE
    table = "raw_espn_scoreboard"
    natural_key = ("game_date", "game_id")
    undetectable_faults = dict.fromkeys(("stale", "late"), "the games of the date are listed for months")
    ignored_fields = _IGNORED

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return (_request(slate),) if slate.games else ()

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        refused = _judge_events(_readable_events(JsonPayload(self.name, response)), slate)
        if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"no game on the scoreboard, {len(slate.games)} expected")
        return refused or judged_by_games(slate.games, (row["game_id"] for row in reading.rows), if_none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        for event in _events(payload, collector):
            game = _find_game(event, context.slate.games, context.slate.game_date)
            if game is None:
                collector.reject(NOT_ON_SLATE)
                continue
            row = {"game_id": game.game_id, **event._asdict()}
            collector.keep_game({**row, **self.origin(context)}, event.tip_off, context.as_of)
        reading = collector.reading(payload.unknown(self.ignored_fields))
        ids = {row["game_id"]: row["event_id"] for row in reading.rows}
        return reading.model_copy(update={"provider_ids": ids})

    def expected_rows(self, slate: Slate) -> int:
        return len(slate.games)


class EspnSchedule(Feed):
    """The date's games when the league's schedule is unavailable.

    Game ids come from an earlier schedule. A game that it lists on another date was moved to this one; a game
    without a known id is reported.
    """

    name = "espn_schedule"
    title = "ESPN schedule"
    provider = ESPN
    role = Role.PRE
    fallback_for = (Schedule.name,)
    table = "raw_schedule"
    natural_key = ("game_id",)
    undetectable_faults = dict.fromkeys(("stale", "late"), "the games of the date are listed for months")
    ignored_fields = _IGNORED

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return (_request(slate),)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        payload = JsonPayload(self.name, response)
        events = _readable_events(payload)
        if events:
            shown = f"{counted(len(events), 'game')} on {slate.game_date}"
            return _judge_events(events, slate) or judged(Outcome.OK, shown)
        none, calendar = f"no games on {slate.game_date}", readable(_league(payload).values, "calendar")
        if calendar is None:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{none}, and no calendar that says so")
        if _is_on_calendar(calendar, slate):
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{none}, although ESPN's calendar lists the date")
        return judged(Outcome.EMPTY_OK, none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        known, unknown = (*context.slate.games, *context.known_games), list[str]()
        for event in _events(payload, collector):
            game = _find_game(event, known, context.slate.game_date) or _find_moved_game(event, known)
            if event.game_date != context.slate.game_date:
                collector.reject(another_date(context.slate.game_date))
            elif game is not None:
                row = {**_schedule_row(event, game), **self.origin(context)}
                collector.keep_game(row, event.tip_off, context.as_of)
            elif event.home is None or event.away is None or event.status.is_postponed:
                collector.reject("postponed, or not between two NBA teams")
            else:
                unknown.append(f"{event.away}@{event.home}")
                collector.reject(f"{unknown[-1]} has no known NBA id")
        reading = collector.reading(payload.unknown(self.ignored_fields))
        return reading.model_copy(update={"unknown_games": tuple(unknown)})

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """The games on any date: the league may have moved a game that ESPN lists as postponed."""
        return {"game_id": sorted(row["game_id"] for row in rows)}


class _Event(NamedTuple):
    """One game of ESPN's scoreboard; a side that is not an NBA team is None."""

    event_id: str
    home: str | None
    away: str | None
    game_date: date
    tip_off: datetime | None
    """None: not fixed yet."""
    neutral_site: bool
    status: GameStatus
    status_text: str
    period: int
    home_points: int
    away_points: int


def _request(slate: Slate) -> Request:
    params = {"dates": f"{slate.game_date:%Y%m%d}"}
    return Request(host=ESPN.host, path="/apis/site/v2/sports/basketball/nba/scoreboard", params=params)


def _league(payload: JsonPayload) -> Fields:
    """The league of the response. Raises ContractError for another league, whose responses have the same shape."""
    top = payload.top()
    leagues = top.each("leagues")
    if [league.identifier("id") for league in leagues] != [espn.LEAGUE]:
        raise top.problem("leagues", f"are not the NBA ({espn.LEAGUE}) only")
    return leagues[0]


def _events(payload: JsonPayload, collector: RowCollector) -> list[_Event]:
    _league(payload)
    top = payload.top()
    shown = readable(lambda day: day.fields("day").date("date"), top)
    return collector.read_each(top.each("events"), partial(_event, shown=shown))


def _event(event: Fields, shown: date | None) -> _Event:
    """One game. `shown`: the date that the response says it shows."""
    if espn.LEAGUE_IN_UID not in event.text("uid"):
        raise event.problem("uid", "is of another league")
    competition = _only(event, "competitions")
    sides = {side.text("homeAway"): side for side in competition.each("competitors")}
    if sides.keys() != {"home", "away"}:
        raise competition.problem("competitors", "are not one home side and one away side")
    status = event.fields("status")
    points = {side: _points(fields) for side, fields in sides.items()}
    tip_off = _tip_off(event, competition)
    return _Event(
        event_id=event.identifier("id"),
        home=_tricode(sides["home"]),
        away=_tricode(sides["away"]),
        game_date=game_date_of(tip_off) if tip_off else _date_of_untimed(event, shown),
        tip_off=tip_off,
        neutral_site=competition.flag("neutralSite"),
        status=espn.status_of([status, *_own_status(competition)], points.values),
        status_text=status.fields("type").text("shortDetail"),
        period=status.count("period"),
        home_points=points["home"],
        away_points=points["away"],
    )


def _only(event: Fields, name: str) -> Fields:
    """The only object of a list. Raises ContractError when there are more or none."""
    items = event.each(name)
    if len(items) != 1:
        raise event.problem(name, f"are {len(items)}, expected 1")
    return items[0]


_TEXTS_OF_TIP_OFF = ("name", "shortDetail", "detail", "altDetail")


def _tip_off(event: Fields, competition: Fields) -> datetime | None:
    """The tip-off; None while it is not fixed."""
    is_valid = all(part.flag("timeValid") for part in (event, competition) if part.has("timeValid"))
    kind = event.fields("status").fields("type")
    texts = [kind.text(name) for name in _TEXTS_OF_TIP_OFF if kind.has(name)]
    if not is_valid or is_placeholder(readable(event.time, "date"), texts):
        return None
    return event.time("date")


def _date_of_untimed(event: Fields, shown: date | None) -> date:
    """The Eastern date of a game without a tip-off: its time is missing, or a placeholder at midnight UTC or Eastern.

    `shown`: the date that the response says it shows.
    """
    time = readable(event.time, "date")
    if shown and (time is None or time.astimezone(UTC).date() == shown):
        return shown
    return game_date_of(event.time("date"))


def _tricode(side: Fields) -> str | None:
    return espn.TRICODES.get(side.fields("team").identifier("id"))


def _points(side: Fields) -> int:
    """Points so far, which the provider writes as text; 0 before the game."""
    text = side.identifier("score").strip() if side.has("score") else ""
    if text in NO_FIGURE:
        return 0
    if not re.fullmatch("[0-9]{1,3}", text):
        raise side.problem("score", f"{text[:20]!r} is not a number of points")
    return int(text)


def _own_status(competition: Fields) -> list[Fields]:
    """The status that the competition has beside its event's."""
    return [competition.fields("status")] if competition.has("status") else []


def _find_game(event: _Event, games: Iterable[SlateGame], game_date: date) -> SlateGame | None:
    """The game of the same teams and Eastern date; one without a fixed tip-off is of the slate's date."""
    same_teams = (game for game in games if {game.home, game.away} == {event.home, event.away})
    return next((game for game in same_teams if _date_of(game, game_date) == event.game_date), None)


def _date_of(game: SlateGame, game_date: date) -> date:
    return game_date_of(game.tip_off) if game.tip_off else game_date


def _find_moved_game(event: _Event, games: Iterable[SlateGame]) -> SlateGame | None:
    """The game of the same teams with the nearest date; None for a postponed event."""
    if event.status.is_postponed:
        return None
    same_teams = (game for game in games if (game.away, game.home) == (event.away, event.home))
    return min(same_teams, key=lambda game: abs(_date_of(game, date.max) - event.game_date), default=None)


def _readable_events(payload: JsonPayload) -> list[_Event]:
    """The events of a response that can be read as a whole."""
    return _events(payload, RowCollector(()))


def _judge_events(events: Iterable[_Event], slate: Slate) -> Judgement | None:
    """The judgement of a scoreboard of another date, or of games that cannot all be true; None otherwise."""
    dates = {event.game_date for event in events}
    if dates and slate.game_date not in dates:
        return judged(Outcome.STALE, f"received the scoreboard of {min(dates)}, requested {slate.game_date}")
    on_date = [event for event in events if event.home and event.away and event.game_date == slate.game_date]
    return judged_implausible([event.status.status for event in on_date], f"on {slate.game_date}")


def _is_on_calendar(calendar: Iterable[object], slate: Slate) -> bool:
    """Whether a calendar lists the date; its days look like "2025-02-16T08:00Z"."""
    return any(str(day).startswith(f"{slate.game_date}") for day in calendar)


def _schedule_row(event: _Event, game: SlateGame) -> Row:
    """The row of `raw_schedule` without its origin, its status as a GameStatus."""
    return {
        "game_date": event.game_date,
        "game_id": game.game_id,
        "season": season_of(event.game_date),
        "season_type": nba.season_type_of(game.game_id),
        "home": event.home,
        "away": event.away,
        "tip_off": event.tip_off,
        "status": event.status,
        "neutral_site": event.neutral_site,
    }
