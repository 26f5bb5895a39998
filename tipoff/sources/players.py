"""The league's current players: stats.nba.com playerindex."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import JsonPayload, names
from tipoff.sources.providers import NBA_STATS
from tipoff.teams import TEAMS, find_team
from tipoff.vocabulary import Outcome, Role, counted, season_of, step_names

_PLAYERS_PER_TEAM = 15
_NO_TEAM = (None, "0")
"""TEAM_ID of a player without a team."""


class PlayerList(Feed):
    """The league's players with their teams and positions."""

    name = step_names.PLAYER_LIST
    title = "NBA player list"
    number = 2
    provider = NBA_STATS
    role = Role.PRE
    answers_for_past = False
    table = "raw_players"
    natural_key = ("game_date", "player_id")
    undetectable_faults = dict.fromkeys(("stale", "late"), "the list has no date")
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        PLAYER_SLUG TEAM_SLUG IS_DEFUNCT TEAM_CITY TEAM_NAME TEAM_ABBREVIATION JERSEY_NUMBER HEIGHT WEIGHT
        COLLEGE COUNTRY DRAFT_YEAR DRAFT_ROUND DRAFT_NUMBER ROSTER_STATUS FROM_YEAR TO_YEAR PTS REB AST
        STATS_TIMEFRAME
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        season = season_of(slate.game_date)
        params = {"LeagueID": nba.LEAGUE_ID, "Season": season, "Historical": "0"}
        return (Request(host=NBA_STATS.host, path="/stats/playerindex", params=params, part=season),)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        if not reading.rows:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, "the list has no players")
        return judged(Outcome.OK, f"{counted(len(reading.rows), 'player')}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        results, collector = nba.first_result_set(JsonPayload(self.name, response)), RowCollector(self.natural_key)
        columns = (
            results.identifiers("PERSON_ID"),
            results.texts_or_none("PLAYER_FIRST_NAME"),
            results.texts_or_none("PLAYER_LAST_NAME"),
            results.identifiers_or_none("TEAM_ID"),
            results.texts_or_none("POSITION"),
        )
        collector.count_rows(results)
        for player_id, first, last, team_id, position in results.intact(*columns):
            team, name = find_team(team_id or ""), " ".join(filter(None, (first, last))).strip()
            if team is None and team_id not in _NO_TEAM:
                collector.reject(nba.OUTSIDE)
                continue
            if not name:
                collector.reject("player without a name")
                continue
            row = {
                "game_date": context.slate.game_date,
                "player_id": player_id,
                "player_name": name,
                "team": team and team.tricode,
                "position": position or None,
            }
            collector.keep({**row, **self.origin(context)})
        return collector.reading(results.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return len(TEAMS) * _PLAYERS_PER_TEAM
