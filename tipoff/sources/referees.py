"""Referee assignments: official.nba.com get-game-officials, published at about 09:15 Eastern on the date.

A response has a table each for the NBA, the G League and the WNBA; only the first is read.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar, NamedTuple

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import NBA_OFFICIALS
from tipoff.sources.rejections import NOT_ON_SLATE
from tipoff.vocabulary import Outcome, Role, eastern, step_names

PUBLISHED_AT = (9, 15)
"""Hour and minute, Eastern."""

_LATEST_AFTER = timedelta(minutes=45)
"""How long after `PUBLISHED_AT` the list may still come."""
_POSITIONS: Mapping[str, str] = {
    "official1": "crew_chief",
    "official2": "referee",
    "official3": "umpire",
    "official4": "alternate",
}
_OPTIONAL = "alternate"


class RefereeAssignments(Feed):
    """The officials of each game."""

    name = step_names.REFEREES
    title = "NBA referee assignments"
    number = 5
    provider = NBA_OFFICIALS
    role = Role.PRE
    table = "raw_referees"
    natural_key = ("game_date", "game_id", "official_id")
    fault_outcomes = {
        "stale": Outcome.SUSPICIOUSLY_EMPTY,
        "late": Outcome.SUSPICIOUSLY_EMPTY,
    }
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        gl wnba Table1 columns season game_code home_team_id home_team home_team_abbr away_team_id away_team
        away_team_abbr official1_JNum official2_JNum official3_JNum official4_JNum
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if not slate.games:
            return ()
        params = {"date": slate.game_date.isoformat()}
        return (Request(host=NBA_OFFICIALS.host, path="/wp-json/api/v1/get-game-officials", params=params),)

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        crews = [_crew(game) for game in _games(JsonPayload(self.name, response))]
        dates = {crew.game_date for crew in crews}
        if dates and slate.game_date not in dates:
            return judged(Outcome.STALE, f"received the assignments of {min(dates)}, requested {slate.game_date}")
        assigned = [crew.game_id for crew in crews if crew.officials]
        return judged_by_games(slate.games, assigned, _judge_empty(response, slate))

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        on_slate = {game.game_id for game in context.slate.games}
        for crew in map(_crew, _games(payload)):
            if crew.game_id not in on_slate or crew.game_date != context.slate.game_date:
                collector.reject(NOT_ON_SLATE)
                continue
            collector.reject("position without an official", crew.open_positions)
            for official in crew.officials:
                row = {"game_date": crew.game_date, "game_id": crew.game_id, **official._asdict()}
                collector.keep({**row, **self.origin(context)})
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return (len(_POSITIONS) - 1) * len(slate.games)


class _Official(NamedTuple):
    """One official with the position in the crew."""

    official_id: str
    official_name: str
    position: str


class _Crew(NamedTuple):
    """The officials of one game."""

    game_date: date
    game_id: str
    officials: tuple[_Official, ...]
    open_positions: int
    """Required positions without an official."""


def _games(payload: JsonPayload) -> list[Fields]:
    return payload.top().fields("nba").fields("Table").each("rows")


def _crew(game: Fields) -> _Crew:
    """The crew of a game. Raises ContractError for a game of another league in the NBA's table."""
    game_id = game.text("game_id")
    if not nba.is_nba_game(game_id):
        raise game.problem("game_id", f"{game_id[:20]!r} is not an NBA game")
    officials = tuple(_officials(game))
    filled = {official.position for official in officials} | {_OPTIONAL}
    return _Crew(_date(game), game_id, officials, len(_POSITIONS) - len(filled))


def _officials(game: Fields) -> Iterator[_Official]:
    for field, position in _POSITIONS.items():
        code = f"{field}_code"
        if any([game.has(field), game.has(code)]):
            yield _Official(game.identifier(code), game.text(field), position)


def _date(game: Fields) -> date:
    text = game.text("game_date")
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError as error:
        raise game.problem("game_date", f"{text[:20]!r} is not a date MM/DD/YYYY") from error


def _judge_empty(response: Response, slate: Slate) -> Judgement:
    if response.fetched_at < eastern(slate.game_date, *PUBLISHED_AT) + _LATEST_AFTER:
        return judged(Outcome.NOT_PUBLISHED_YET, "the assignments are published at about 09:15 ET")
    return judged(Outcome.SUSPICIOUSLY_EMPTY, f"no officials for any of the {len(slate.games)} games")
