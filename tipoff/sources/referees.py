"""Referee assignments: official.nba.com get-game-officials, published at about 09:15 Eastern on the date.

A response has a table each for the NBA, the G League and the WNBA; only the first is read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
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
_OF_DATE = "the assignments of"


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

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        stale = [reason for reason in reading.rejected if reason.startswith(_OF_DATE)]
        if stale and not reading.rows:
            return judged(Outcome.STALE, f"received {stale[0]}")
        return judged_by_games(slate.games, (row["game_id"] for row in reading.rows), _judge_empty(response, slate))

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        for game in payload.top().fields("nba").fields("Table").each("rows"):
            with collector.element(game):
                self._keep(game, collector, context)
        return collector.reading(payload.unknown(self.ignored_fields))

    def _keep(self, game: Fields, collector: RowCollector, context: ReadContext) -> None:
        """Keep the officials of a game. Raises ContractError for a game of another league in the NBA's table."""
        game_id, slate = game.text("game_id"), context.slate
        if not nba.is_nba_game(game_id):
            raise game.problem("game_id", f"{game_id[:20]!r} is not an NBA game")
        assigned_on = game.date("game_date")
        if assigned_on != slate.game_date:
            collector.reject(f"{_OF_DATE} {assigned_on}, requested {slate.game_date}")
            return
        if game_id not in {known.game_id for known in slate.games}:
            collector.reject(NOT_ON_SLATE)
            return
        officials = list(_officials(game))
        filled = {official.position for official in officials} | {_OPTIONAL}
        collector.reject("position without an official", len(_POSITIONS) - len(filled))
        for official in officials:
            row = {"game_date": slate.game_date, "game_id": game_id, **official._asdict()}
            collector.keep({**row, **self.origin(context)})

    def expected_rows(self, slate: Slate) -> int:
        return (len(_POSITIONS) - 1) * len(slate.games)


class _Official(NamedTuple):
    """One official with the position in the crew."""

    official_id: str
    official_name: str
    position: str


def _officials(game: Fields) -> Iterator[_Official]:
    for field, position in _POSITIONS.items():
        code = f"{field}_code"
        if any([game.has(field), game.has(code)]):  # a list: both fields count as read
            yield _Official(game.identifier(code), game.text(field), position)


def _judge_empty(response: Response, slate: Slate) -> Judgement:
    if response.fetched_at < eastern(slate.game_date, *PUBLISHED_AT) + _LATEST_AFTER:
        return judged(Outcome.NOT_PUBLISHED_YET, "the assignments are published at about 09:15 ET")
    return judged(Outcome.SUSPICIOUSLY_EMPTY, "no officials for any game")
