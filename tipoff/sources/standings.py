"""The standings of the season: api.balldontlie.io /v1/standings, regular-season games only."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar

from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged, judged_by_games
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import BALLDONTLIE
from tipoff.teams import TEAMS, find_team
from tipoff.vocabulary import Outcome, Role, counted, first_day, season_of, step_names

_RECORD = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
_OPENING_MONTH = 10
"""Until this month ends, a season may have no standings yet."""


class Standings(Feed):
    """Records and ranks of the thirty teams before tonight's games."""

    name = step_names.STANDINGS
    title = "NBA standings from balldontlie"
    number = 22
    provider = BALLDONTLIE
    role = Role.PRE
    answers_for_past = False
    table = "raw_standings"
    natural_key = ("game_date", "team")
    about_earlier_games = True
    undetectable_faults = dict.fromkeys(("stale", "late"), "standings of the day before look like a date without games")
    ignored_fields: ClassVar[frozenset[str]] = names("id city name abbreviation meta")

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        """No request from the first tip-off on: later standings would reveal results of the slate's games."""
        if not slate.games or any(game.has_begun(as_of) for game in slate.games):
            return ()
        start_year = first_day(season_of(slate.game_date)).year
        return (Request(host=BALLDONTLIE.host, path="/v1/standings", params={"season": str(start_year)}),)

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        if not reading.rows and reading.rejected:
            return judged(Outcome.STALE, f"received {next(iter(reading.rejected))}")
        if not reading.rows and slate.game_date.month == _OPENING_MONTH:
            return judged(Outcome.EMPTY_OK, "no standings yet: the season has just begun")
        teams = {row["team"] for row in reading.rows}
        with_both_teams = [game.game_id for game in slate.games if teams >= {game.home, game.away}]
        if_none = judged(Outcome.SUSPICIOUSLY_EMPTY, f"{counted(len(teams), 'team')}, but not both teams of any game")
        return judged_by_games(slate.games, with_both_teams, if_none)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        requested = season_of(context.slate.game_date)
        for entry in payload.top().each("data"):
            with collector.element(entry):
                season = _season(entry)
                if season == requested:
                    row = {"game_date": context.slate.game_date, "season": season, **_standing(entry)}
                    collector.keep({**row, **self.origin(context)})
                else:
                    collector.reject(f"the standings of {season}, requested {requested}")
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return 0 if slate.game_date.month == _OPENING_MONTH else len(TEAMS)


def _standing(entry: Fields) -> Row:
    """The row of a team. Raises ContractError for a team of another league, whose standings have the same shape."""
    team = entry.fields("team")
    known = find_team(team.text("full_name"))
    if known is None:
        raise team.problem("full_name", f"{team.text('full_name')[:40]!r} is not an NBA team")
    records = {scope: _record(entry, f"{scope}_record") for scope in ("home", "road", "conference", "division")}
    return {
        "team": known.tricode,
        "conference": team.text("conference"),
        "division": team.text("division"),
        "wins": entry.integer("wins"),
        "losses": entry.integer("losses"),
        "conference_rank": entry.integer("conference_rank"),
        "division_rank": entry.integer("division_rank"),
        **{f"{scope}_wins": won for scope, (won, _) in records.items()},
        **{f"{scope}_losses": lost for scope, (_, lost) in records.items()},
    }


def _season(entry: Fields) -> str:
    """The season, which the provider names by the year it starts in."""
    year = entry.integer("season")
    try:
        return season_of(date(year, 7, 1))
    except (ValueError, OverflowError) as error:
        raise entry.problem("season", "is not a year") from error


def _record(entry: Fields, name: str) -> tuple[int, int]:
    """Wins and losses from a text such as "41-11"."""
    text = entry.text(name)
    match = _RECORD.fullmatch(text)
    if match is None:
        raise entry.problem(name, f"{text[:20]!r} is not a record such as 41-11")
    won, lost = match.groups()
    return int(won), int(lost)
