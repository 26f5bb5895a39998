"""The league's box scores of single games: stats.nba.com boxscoretraditionalv3 and cdn.nba.com's live box score.

Both call their figures alike. Home is the side the schedule calls so, also on neutral ground.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import Fields, JsonPayload, ResultSet, names
from tipoff.sources.outcomes import classify
from tipoff.sources.played import (
    DID_NOT_PLAY,
    NOT_FINAL,
    NOT_TONIGHT,
    NOT_WHOLE,
    ROWS_A_GAME,
    asked_for,
    due_games,
    is_whole,
    minutes_of,
    minutes_played,
    of_side,
)
from tipoff.teams import team_called
from tipoff.vocabulary import Outcome, Role, SlateGame, step_names

_REGULATION, _OVERTIME = 240.0, 25.0
"""Minutes of a team, over its five positions."""
_WHOLE_GAME = {"StartPeriod": "0", "EndPeriod": "0", "StartRange": "0", "EndRange": "0", "RangeType": "0"}
_COUNTS: Mapping[str, str] = {
    "fgm": "fieldGoalsMade",
    "fga": "fieldGoalsAttempted",
    "fg3m": "threePointersMade",
    "fg3a": "threePointersAttempted",
    "ftm": "freeThrowsMade",
    "fta": "freeThrowsAttempted",
    "oreb": "reboundsOffensive",
    "dreb": "reboundsDefensive",
    "reb": "reboundsTotal",
    "ast": "assists",
    "stl": "steals",
    "blk": "blocks",
    "tov": "turnovers",
    "pf": "foulsPersonal",
    "points": "points",
}
"""Our columns of counts -> the provider's."""
_COUNTS_V2 = {column: column.upper() for column in _COUNTS} | {"tov": "TO", "points": "PTS"}

_TeamLine = tuple[str, Row]
"""A team and its figures."""


class TeamBoxscores(Feed):
    """Results: what each team did, one question a game. V3, and V2 as it was before."""

    name = step_names.TEAM_BOX_SCORES
    title = "NBA team box scores"
    provider = nba.STATS
    role = Role.POST
    asks_what_is_missing = True
    table = "raw_team_boxscores"
    natural_key = ("game_date", "game_id", "team")
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        meta awayTeamId homeTeamId teamCity teamName teamTricode teamSlug players starters bench plusMinusPoints
        fieldGoalsPercentage threePointersPercentage freeThrowsPercentage resource StartPeriod EndPeriod StartRange
        EndRange RangeType GAME_ID TEAM_NAME TEAM_ABBREVIATION TEAM_CITY FG_PCT FG3_PCT FT_PCT PLUS_MINUS
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(
            Request(
                host=nba.STATS,
                path="/stats/boxscoretraditionalv3",
                params={"GameID": game.game_id, "LeagueID": nba.LEAGUE_ID, **_WHOLE_GAME},
                game_id=game.game_id,
                part=game.label,
            )
            for game in due_games(slate, as_of)
        )

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        game, lines, _ = _team_box(JsonPayload(self.name, response.body), slate, request.game_id)
        if not lines:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part} has no totals")
        if game is None or not _is_over(lines):
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part} is not over")
        return judged(Outcome.OK, f"{request.part} is final")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        game, lines, unknown = _team_box(answer, context.slate, context.game_id)
        if game is None or not _is_over(lines):
            collector.reject(NOT_FINAL if game else NOT_TONIGHT, 2)
            return collector.reading()
        most = max(figures["points"] for _, figures in lines)
        for team, figures in lines:
            won = {"win": figures["points"] == most}
            collector.keep({**of_side(game, team, context.slate), **figures, **won, **self.origin(context)})
        return collector.reading((*answer.unknown(self.ignored_fields), *unknown))

    def expected_rows(self, slate: Slate) -> int:
        return 2 * len(slate.games)


class LiveBoxscores(Feed):
    """Results from the live box scores: players of games that are final, minutes to the second.

    The file is there from tip-off on.
    """

    name = "nbac_live_boxscore"
    title = "NBA live box scores"
    provider = nba.CDN
    role = Role.POST
    fallback_for = (step_names.PLAYER_BOX_SCORES,)
    table = "raw_player_boxscores"
    natural_key = ("game_date", "game_id", "player_id")
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        meta gameTimeLocal gameTimeUTC gameTimeHome gameTimeAway gameEt duration gameCode regulationPeriods period
        gameClock attendance sellout arena officials teamName teamCity teamTricode inBonus timeoutsRemaining periods
        status notPlayingReason notPlayingDescription order jerseyNum position starter oncourt nameI firstName
        familyName blocksReceived foulsOffensive foulsDrawn foulsTechnical minus plus minutesCalculated
        fieldGoalsPercentage freeThrowsPercentage threePointersPercentage twoPointersAttempted twoPointersMade
        twoPointersPercentage pointsFastBreak pointsInThePaint pointsSecondChance
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(
            Request(
                host=nba.CDN,
                path=f"/static/json/liveData/boxscore/boxscore_{game.game_id}.json",
                game_id=game.game_id,
                part=game.label,
            )
            for game in due_games(slate, as_of)
        )

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        """A refusal means "not yet" before tip-off only: later it is a block, or the game was not played."""
        to_come = any(game.game_id == request.game_id for game in slate.upcoming(response.fetched_at))
        early = classify(response, self.expects, frozenset({403, 404})) if to_come else None
        return early or super().judge(request, response, slate)

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        box = JsonPayload(self.name, response.body).top().fields("game")
        game = _live_game(box, slate, request.game_id)
        if game is None or not _is_final(box):
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part} is not final: {box.text('gameStatusText')}")
        lines = _live_lines(box)
        if not is_whole(lines, _score(box)):
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part}: the players do not make up the score")
        return judged(Outcome.OK, f"{request.part}: {len(lines)} players")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        box = answer.top().fields("game")
        game, listed = _live_game(box, context.slate, context.game_id), len(_listed(box))
        for side in _sides(box):
            side.ignore("statistics")
        if game is None or not _is_final(box):
            collector.reject(NOT_FINAL if game else NOT_TONIGHT, listed)
        elif not is_whole(lines := _live_lines(box), _score(box)):
            collector.reject(NOT_WHOLE, listed)
        else:
            collector.reject(DID_NOT_PLAY, listed - len(lines))
            for line in lines:
                collector.keep({**of_side(game, line["team"], context.slate), **line, **self.origin(context)})
        return collector.reading(answer.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return ROWS_A_GAME * len(slate.games)


def _team_box(
    answer: JsonPayload, slate: Slate, asked: str | None
) -> tuple[SlateGame | None, list[_TeamLine], tuple[str, ...]]:
    """The slate's game, the lines of its teams that have figures, and columns nobody knows."""
    top = answer.top()
    if top.has("resultSets"):
        where, name, results = top.fields("parameters"), "GameID", _team_totals(top)
        lines, unknown = _lines_v2(results), results.unknown(TeamBoxscores.ignored_fields)
    else:
        where, name = top.fields("boxScoreTraditional"), "gameId"
        lines, unknown = _lines_v3(where), ()
    game = _nba_game(where, name, slate, asked)
    teams = {team for team, _ in lines}
    if game and not teams <= {game.home, game.away}:
        raise where.problem(name, f"is {game.label}, and the totals are of {', '.join(sorted(teams))}")
    return game, lines, unknown


def _nba_game(fields: Fields, name: str, slate: Slate, asked: str | None) -> SlateGame | None:
    game_id = fields.text(name)
    if not nba.is_nba_game(game_id):
        raise fields.problem(name, f"{game_id!r} is no game of the NBA")
    return asked_for(fields, name, game_id, slate, asked)


def _lines_v3(box: Fields) -> list[_TeamLine]:
    return [(_nba_team(side), _figures(side.fields("statistics"))) for side in _sides(box) if side.has("statistics")]


def _team_totals(top: Fields) -> ResultSet:
    """The V2 result set of team totals; the others hold players, starters and benches."""
    by_name = {result_set.text("name"): result_set for result_set in top.each("resultSets")}
    if "TeamStats" not in by_name:
        raise top.problem("resultSets", "has no table TeamStats")
    return ResultSet(by_name["TeamStats"])


def _lines_v2(results: ResultSet) -> list[_TeamLine]:
    teams = [team_called(team_id) for team_id in results.identifiers("TEAM_ID")]
    minutes = [_minutes_v2(results, place, text) for place, text in enumerate(results.texts("MIN"))]
    counts = zip(*(results.integers(header) for header in _COUNTS_V2.values()), strict=True)
    lines = []
    for place, (team, played, counted) in enumerate(zip(teams, minutes, counts, strict=True)):
        if team is None:
            raise results.problem("TEAM_ID", place, "is no NBA team")
        lines.append((team.tricode, {"minutes": played, **dict(zip(_COUNTS_V2, counted, strict=True))}))
    return lines


def _minutes_v2(results: ResultSet, place: int, text: str) -> float:
    try:
        return minutes_played(text)
    except ValueError as error:
        raise results.problem("MIN", place, str(error)) from error


def _is_over(lines: list[_TeamLine]) -> bool:
    """The answer does not say: a game is over when both sides played whole periods and one of them leads."""
    if len(dict(lines)) != 2:
        return False
    ours, theirs = dict(lines).values()
    overtimes: float = (ours["minutes"] - _REGULATION) / _OVERTIME
    whole_periods = ours["minutes"] == theirs["minutes"] and overtimes >= 0 and overtimes.is_integer()
    return bool(whole_periods and ours["points"] != theirs["points"])


def _sides(box: Fields) -> tuple[Fields, Fields]:
    return box.fields("homeTeam"), box.fields("awayTeam")


def _nba_team(side: Fields) -> str:
    team = nba.tricode_of(side)
    if team is None:
        raise side.problem("teamId", "is no NBA team")
    return team


def _figures(statistics: Fields) -> Row:
    counts = {column: statistics.integer(name) for column, name in _COUNTS.items()}
    return {"minutes": minutes_of(statistics, "minutes"), **counts}


def _live_game(box: Fields, slate: Slate, asked: str | None) -> SlateGame | None:
    game = _nba_game(box, "gameId", slate, asked)
    teams = {_nba_team(side) for side in _sides(box)}
    if game and teams != {game.home, game.away}:
        raise box.problem("homeTeam", f"and awayTeam are not the teams of {game.label}")
    return game


def _is_final(box: Fields) -> bool:
    return nba.status_of(box, postponed=box.text("gameStatusText").strip() == "PPD") == "final"


def _score(box: Fields) -> dict[str, int]:
    return {_nba_team(side): side.integer("score") for side in _sides(box)}


def _listed(box: Fields) -> list[tuple[str, Fields]]:
    """Everyone listed, each with his team."""
    return [(_nba_team(side), player) for side in _sides(box) for player in side.each("players")]


def _live_lines(box: Fields) -> list[Row]:
    """The players who played."""
    return [_live_line(team, player) for team, player in _listed(box) if player.text("played") == "1"]


def _live_line(team: str, player: Fields) -> Row:
    statistics = player.fields("statistics")
    return {
        "team": team,
        "player_id": player.identifier("personId"),
        "player_name": player.text("name"),
        **_figures(statistics),
        "plus_minus": statistics.number("plusMinusPoints"),
    }
