"""The roster of each team of the slate: site.api.espn.com teams/{id}/roster, one request per team.

ESPN has its own ids, so names are resolved within the league's player list: by exact name among the team's players and
then among all, for one who has just been traded; then by other spellings in the same order.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import ClassVar, NamedTuple

from tipoff.sources import espn
from tipoff.sources.base import Judgement, ReadContext, Reading, ReplacedRows, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import Fields, JsonPayload, names, readable
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, UNREADABLE_PLAYER, resolver_of, unresolved_row
from tipoff.sources.providers import ESPN
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, Role, counted, step_names

_PLAYERS_PER_TEAM = 13


class TeamRosters(Feed):
    """The players who can play tonight."""

    name = step_names.ROSTERS
    title = "ESPN team rosters"
    number = 3
    provider = ESPN
    role = Role.PRE
    answers_for_past = False
    table = "raw_rosters"
    natural_key = ("game_date", "team", "player_id")
    undetectable_faults = dict.fromkeys(("stale", "late"), "the list has no date")
    needs_players = True
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        slug location name abbreviation displayName shortDisplayName color alternateColor isActive logos record groups
        links franchise nextEvent standingSummary id guid type alternateIds firstName lastName fullName
        shortName weight displayWeight height displayHeight age debutYear birthPlace citizenship
        college collegeAthlete headshot jersey injuries linked contract experience draft eventLog teams
        active status timestamp season coach recordSummary seasonSummary clubhouse logo leaf parent
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        teams = sorted({team for game in slate.games for team in (game.home, game.away)})
        return tuple(
            Request(
                host=ESPN.host,
                path=f"/apis/site/v2/sports/basketball/nba/teams/{TEAMS[team].espn_id}/roster",
                part=team,
            )
            for team in teams
        )

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        players = len(reading.rows) + len(reading.unresolved)
        if not players:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part} has no players")
        return judged(Outcome.OK, f"{request.part}: {counted(players, 'player')}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        team, athletes = _roster(payload, context.part)
        teammates = resolver_of(context, [team])
        league = cache(lambda: resolver_of(context))
        # A damaged athlete is an unresolved one, so that the roster does not count as whole.
        for athlete in collector.read_each(athletes, _athlete, if_damaged=lambda _: _UNREADABLE):
            reason = _rejection_reason(athlete)
            if reason:
                collector.reject(reason)
                continue
            name = athlete.name
            player = teammates.exact(name) or league().exact(name) or teammates.resolve(name) or league().namesake(name)
            if player is None:
                row = unresolved_row(name, teammates, context, team=team)
                collector.unresolved({**row, **self.origin(context)})
                continue
            row = {
                "game_date": context.slate.game_date,
                "team": team,
                "player_id": player.player_id,
                "player_name": name,
                "position": athlete.position,
                "birth_date": athlete.birth_date,
            }
            collector.keep({**row, **self.origin(context)})
        return collector.reading(payload.unknown(self.ignored_fields))

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        return {"game_date": slate.game_date, "team": sorted({row["team"] for row in rows})}

    def expected_rows(self, slate: Slate) -> int:
        return 2 * len(slate.games) * _PLAYERS_PER_TEAM


def _roster(payload: JsonPayload, requested: str) -> tuple[str, list[Fields]]:
    """The team's tricode and its athletes, which are inside the team object or beside it.

    Raises ContractError for another team than the requested one.
    """
    top = payload.top()
    team = top.fields("team")
    tricode = espn.TRICODES.get(team.identifier("id"))
    if tricode is None or not _is_nba(team):
        raise team.problem("id", "is not an NBA team")
    if requested and tricode != requested:
        raise team.problem("id", f"is {tricode}, requested {requested}")
    holder = team if team.has("athletes") else top
    return tricode, holder.each("athletes")


def _is_nba(fields: Fields) -> bool:
    """Whether the uid, where there is one, names the NBA."""
    return not fields.has("uid") or espn.LEAGUE_IN_UID in fields.text("uid")


class _Athlete(NamedTuple):
    """One player of a roster; of a player outside the NBA nothing is read."""

    is_nba: bool
    name: str = ""
    position: str | None = None
    birth_date: date | None = None


_UNREADABLE = _Athlete(is_nba=True, name=UNREADABLE_PLAYER)


def _athlete(athlete: Fields) -> _Athlete:
    if not _is_nba(athlete):
        return _Athlete(is_nba=False)
    name = athlete.text("displayName")
    # A player without a readable date of birth stays on the roster.
    birth_date = readable(athlete.date, "dateOfBirth")
    return _Athlete(is_nba=True, name=name, position=_position(athlete), birth_date=birth_date)


def _rejection_reason(athlete: _Athlete) -> str | None:
    if not athlete.is_nba:
        return "player outside the NBA"
    return TOO_LONG if len(athlete.name) > LONGEST_NAME else None


def _position(athlete: Fields) -> str | None:
    """The abbreviation, where there is one: no computation needs it."""
    position = athlete.fields("position") if athlete.has("position") else None
    return position.text("abbreviation") if position and position.has("abbreviation") else None
