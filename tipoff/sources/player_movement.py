"""Player movement: stats.nba.com NBA_Player_Movement.json, every signing, waiver and trade since July 2015."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import NBA_STATS
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, counted, season_of, step_names

_NONE = "0"
"""The player id of a traded draft pick or money, and the id of the other team when there is none."""
_LONGEST_PAUSE = timedelta(days=75)
"""Without moves: up to 66 days lie between the end of the regular season and the finals."""
_MOVES_BEFORE_SEASON = 300
"""From July to the opening night; by June there are 700 and more."""


class PlayerMovement(Feed):
    """The season's signings, waivers and trades of players."""

    name = step_names.PLAYER_MOVEMENT
    title = "NBA player movement"
    number = 21
    provider = NBA_STATS
    role = Role.PRE
    answers_for_past = False
    table = "raw_player_movement"
    natural_key = ("move_id", "player_id")
    ignored_fields: ClassVar[frozenset[str]] = names("columns TEAM_SLUG PLAYER_SLUG")

    def __init__(self, *, replayed: bool = False) -> None:
        """`replayed`: the day is replayed from an archive, which has no player movement."""
        self.idle_reason = "the replay archive has no player movement" if replayed else ""

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        if self.idle_reason or not slate.games:
            return ()
        return (Request(host=NBA_STATS.host, path="/js/data/playermovement/NBA_Player_Movement.json"),)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        if not reading.rows:
            left_out = "".join(f": {reason} ({count})" for reason, count in reading.rejected.items())
            return judged(Outcome.STALE if left_out else Outcome.SUSPICIOUSLY_EMPTY, f"the list has no moves{left_out}")
        newest = max(row["game_date"] for row in reading.rows)
        if newest < slate.game_date - _LONGEST_PAUSE:
            return judged(Outcome.STALE, f"no move since {newest}")
        return judged(Outcome.OK, f"{counted(len(reading.rows), 'move')} up to {newest}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        season = season_of(context.slate.game_date)
        moves = payload.top().fields("NBA_Player_Movement").each("rows")
        dated = collector.read_each(moves, lambda move: (move.date("TRANSACTION_DATE"), move))
        in_season = [move for moved_on, move in dated if season_of(moved_on) == season]
        collector.reject(f"move of another season than {season}", len(dated) - len(in_season))
        for move in in_season:
            with collector.element(move, kind=f"moves of {season}"):
                if _id(move, "PLAYER_ID") == _NONE:
                    collector.reject("draft pick or money")
                else:
                    collector.keep({"season": season, **_move(move), **self.origin(context)})
        return collector.reading(payload.unknown(self.ignored_fields))

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        return {"season": season_of(slate.game_date)}

    def expected_rows(self, slate: Slate) -> int:
        return _MOVES_BEFORE_SEASON

    def covers(self, rows: Iterable[Row], slate: Slate) -> frozenset[str]:
        """Every game: a team without a move has no missing data."""
        return frozenset(game.game_id for game in slate.games)


def _move(row: Fields) -> Row:
    """One row of `raw_player_movement`, without season and origin."""
    return {
        "game_date": row.date("TRANSACTION_DATE"),
        "move_id": row.text("GroupSort"),
        "kind": row.text("Transaction_Type"),
        "player_id": _id(row, "PLAYER_ID"),
        "team": _tricode(row, "TEAM_ID"),
        "from_team": None if _id(row, "Additional_Sort") == _NONE else _tricode(row, "Additional_Sort"),
        "description": row.prose("TRANSACTION_DESCRIPTION"),
    }


def _id(row: Fields, name: str) -> str:
    """An id, which the provider writes as a decimal number: 1610612749.0."""
    number = row.number(name)
    if number < 0 or not number.is_integer():
        raise row.problem(name, "is not an id")
    return str(int(number))


def _tricode(row: Fields, name: str) -> str:
    """The tricode of a team. Raises ContractError for a team of another league."""
    team = find_team(_id(row, name))
    if team is None:
        raise row.problem(name, f"{_id(row, name)} is not an NBA team")
    return team.tricode
