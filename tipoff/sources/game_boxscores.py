"""The league's box scores of single games: stats.nba.com boxscoretraditionalv3 and cdn.nba.com's live box score.

Both use the same field names. The home side is the schedule's home side, also on neutral ground.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, NamedTuple

from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.box_players import Entry, PlayerReaders, judged_box_score, keep_players, read_players
from tipoff.sources.boxscore_rules import (
    INCOMPLETE,
    NOT_FINAL,
    ROWS_PER_GAME,
    game_columns,
    games_to_request,
    not_final,
    parse_minutes,
    read_minutes,
    requested_game,
)
from tipoff.sources.boxscores import PlayerBoxscores
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.game_status import BEGUN, GameStatus
from tipoff.sources.json_payload import Fields, JsonPayload, ResultSet, names, readable
from tipoff.sources.outcomes import classify
from tipoff.sources.providers import NBA_CDN, NBA_STATS
from tipoff.sources.rejections import NOT_ON_SLATE
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, Role, SlateGame, counted, step_names

_REGULATION, _OVERTIME = 240.0, 25.0
"""Minutes of a team, summed over its five positions."""
_PERIODS, _PERIOD_MINUTES = 4, 12.0
"""Of regulation."""
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
"""Our count column -> the provider's field."""
_COUNTS_V2 = {column: column.upper() for column in _COUNTS} | {"tov": "TO", "points": "PTS"}

_TeamTotals = tuple[str, Row]
"""A team's tricode and its totals by column."""


class _TeamBox(NamedTuple):
    """The slate's game, the totals of each team that has any, and unknown columns."""

    game: SlateGame | None
    totals: list[_TeamTotals]
    player_points: Mapping[str, int]
    """Team -> the points of its players, where the response lists them."""
    unknown: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Whether both sides played whole periods and one of them leads: the response has no status of the game."""
        if len(dict(self.totals)) != 2:
            return False
        one, other = dict(self.totals).values()
        overtimes: float = (one["minutes"] - _REGULATION) / _OVERTIME
        whole_periods = one["minutes"] == other["minutes"] and overtimes >= 0 and overtimes.is_integer()
        return bool(whole_periods and one["points"] != other["points"])

    @property
    def adds_up(self) -> bool:
        """Whether the totals are those of the listed players: for some minutes they may be behind them."""
        return all(self.player_points.get(team, counts["points"]) == counts["points"] for team, counts in self.totals)


class TeamBoxscores(Feed):
    """Results: each team's totals, one request per game. Reads the V3 shape and the older V2 shape."""

    name = step_names.TEAM_BOX_SCORES
    title = "NBA team box scores"
    number = 13
    provider = NBA_STATS
    role = Role.POST
    polls_missing_games_only = True
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
                host=NBA_STATS.host,
                path="/stats/boxscoretraditionalv3",
                params={"GameID": game.game_id, "LeagueID": nba.LEAGUE_ID, **_WHOLE_GAME},
                game_id=game.game_id,
                part=game.label,
            )
            for game in games_to_request(slate, as_of)
        )

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        box = _team_box(JsonPayload(self.name, response), slate, request.game_id)
        if not box.totals:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part} has no totals")
        if box.game is None or not box.is_over:
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part} is not over")
        if not box.adds_up:
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part}: {INCOMPLETE}")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        return judged(Outcome.OK, f"{request.part} is final")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        box = _team_box(payload, context.slate, context.game_id)
        if box.game is None or not box.is_over or not box.adds_up:
            reason = NOT_ON_SLATE if box.game is None else INCOMPLETE if box.is_over else NOT_FINAL
            collector.reject(reason, 2)
            return collector.reading()
        most = max(counts["points"] for _, counts in box.totals)
        for team, counts in box.totals:
            won = {"win": counts["points"] == most}
            collector.keep({**game_columns(box.game, team, context.slate), **counts, **won, **self.origin(context)})
        return collector.reading((*payload.unknown(self.ignored_fields), *box.unknown))

    def expected_rows(self, slate: Slate) -> int:
        return 2 * len(slate.games)


class LiveBoxscores(Feed):
    """Results from the live box scores, which exist from tip-off on: players of final games, minutes to the second."""

    name = "nbac_live_boxscore"
    title = "NBA live box scores"
    number = 14
    provider = NBA_CDN
    role = Role.POST
    fallback_for: ClassVar[tuple[str, ...]] = (PlayerBoxscores.name,)
    table = "raw_player_boxscores"
    natural_key = ("game_date", "game_id", "player_id")
    fault_outcomes = {"stale": Outcome.BLOCKED, "late": Outcome.BLOCKED}
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
        return tuple(map(_live_request, games_to_request(slate, as_of)))

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        """403 and 404 mean "not published yet" before tip-off only; later they mean a block, or no such game."""
        to_come = any(game.game_id == request.game_id for game in slate.upcoming(response.fetched_at))
        too_early = classify(response, self.expects, frozenset({403, 404})) if to_come else None
        return too_early or super().judge(request, response, slate)

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        box = JsonPayload(self.name, response).top().fields("game")
        game = _live_game(box, slate, request.game_id)
        if game is None or not _status(box).is_final:
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part} is not final: {box.text('gameStatusText')}")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        return judged_box_score(request.part, reading)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        box = payload.top().fields("game")
        game, listed = _live_game(box, context.slate, context.game_id), _listed_players(box)
        for side in _sides(box):
            side.ignore("statistics")
        if game is None or not (status := _status(box)).is_final:
            collector.reject(not_final(status) if game else NOT_ON_SLATE, len(listed))
        else:
            players = read_players(collector, listed)
            keep_players(collector, players, _score(box), game, context, self.origin(context))
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return ROWS_PER_GAME * len(slate.games)


class BoxscoresInPlay(LiveBoxscores):
    """The same box scores while games run: the points of each player so far. They fill no table.

    They are landed apart, since a re-run of the date and a fallback for results read final box scores only.
    """

    name = f"{LiveBoxscores.name}/in_play"
    title = "NBA box scores in play"
    fallback_for: ClassVar[tuple[str, ...]] = ()

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(map(_live_request, slate.games))

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        box = JsonPayload(self.name, response).top().fields("game")
        if _live_game(box, slate, request.game_id) is None or _status(box).status not in BEGUN:
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part} is not in play: {box.text('gameStatusText')}")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        return judged(Outcome.OK, f"{request.part}: {counted(len(reading.rows), 'player')} so far")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        box = payload.top().fields("game")
        game, listed, status = _live_game(box, context.slate, context.game_id), _listed_players(box), _status(box)
        if game is None or status.status not in BEGUN:
            collector.reject(NOT_ON_SLATE, len(listed))
            return collector.reading()
        state = {
            "game_date": context.slate.game_date,
            "game_id": game.game_id,
            "is_final": status.is_final,
            "minutes_left": 0.0 if status.is_final else _minutes_left(box),
        }
        for row in read_players(collector, listed).played:
            facts = {name: row[name] for name in ("team", "player_id", "player_name", "points", "minutes")}
            collector.keep({**state, **facts, **self.origin(context)})
        return collector.reading()


def _team_box(payload: JsonPayload, slate: Slate, requested: str | None) -> _TeamBox:
    """Read the totals in either shape."""
    top = payload.top()
    if top.has("resultSets"):
        holder, id_field, results = top.fields("parameters"), "GameID", _team_totals(top)
        totals, unknown = _totals_v2(results), results.unknown(TeamBoxscores.ignored_fields)
        points: Mapping[str, int] = {}
    else:
        holder, id_field = top.fields("boxScoreTraditional"), "gameId"
        totals, points, unknown = _totals_v3(holder), _player_points(holder), ()
    game = _slate_game(holder, id_field, slate, requested)
    teams = {team for team, _ in totals}
    if game and not teams <= {game.home, game.away}:
        raise holder.problem(id_field, f"is {game.label}, but the totals are of {', '.join(sorted(teams))}")
    return _TeamBox(game, totals, points, unknown)


def _slate_game(fields: Fields, id_field: str, slate: Slate, requested: str | None) -> SlateGame | None:
    """The slate's game with the id in a field; None when it is not on the slate.

    Raises ContractError for a game of another league, or another one than was requested.
    """
    game_id = fields.text(id_field)
    if not nba.is_nba_game(game_id):
        raise fields.problem(id_field, f"{game_id!r} is not an NBA game")
    return requested_game(fields, id_field, game_id, slate, requested)


def _totals_v3(box: Fields) -> list[_TeamTotals]:
    return [(_nba_team(side), _counts_of(side.fields("statistics"))) for side in _sides(box) if side.has("statistics")]


def _player_points(box: Fields) -> Mapping[str, int]:
    """The points of each side's players; of no side that lists none, or one whose points cannot be read."""
    points = {_nba_team(side): readable(_points_of, side) for side in _sides(box) if side.has("players")}
    return {team: total for team, total in points.items() if total is not None}


def _points_of(side: Fields) -> int | None:
    played = [player.fields("statistics") for player in side.each("players") if player.has("statistics")]
    return sum(statistics.integer("points") for statistics in played) if played else None


def _team_totals(top: Fields) -> ResultSet:
    """The V2 result set of team totals; the others hold players, starters and benches."""
    by_name = {result_set.text("name"): result_set for result_set in top.each("resultSets")}
    if "TeamStats" not in by_name:
        raise top.problem("resultSets", "has no table TeamStats")
    return ResultSet(by_name["TeamStats"])


def _totals_v2(results: ResultSet) -> list[_TeamTotals]:
    """The totals of each team. Raises ContractError for a damaged row: a game is over by the totals of both sides."""
    teams = results.converted("TEAM_ID", results.identifiers("TEAM_ID"), _tricode)
    minutes = results.converted("MIN", results.identifiers("MIN"), parse_minutes)
    counts = {column: results.integers(header) for column, header in _COUNTS_V2.items()}
    results.require_intact()
    totals = zip(teams, minutes, *counts.values(), strict=True)
    return [(team, {"minutes": played, **dict(zip(counts, counted, strict=True))}) for team, played, *counted in totals]


def _tricode(team_id: str) -> str:
    """Raises ValueError for a team outside the NBA."""
    team = find_team(team_id)
    if team is None:
        raise ValueError(f"{team_id!r} is not an NBA team")
    return team.tricode


def _sides(box: Fields) -> tuple[Fields, Fields]:
    return box.fields("homeTeam"), box.fields("awayTeam")


def _nba_team(side: Fields) -> str:
    team = nba.tricode_of(side)
    if team is None:
        raise side.problem("teamId", "is not an NBA team")
    return team


def _counts_of(statistics: Fields) -> Row:
    """Minutes and counts by column."""
    counts = {column: statistics.integer(name) for column, name in _COUNTS.items()}
    return {"minutes": read_minutes(statistics, "minutes"), **counts}


def _live_request(game: SlateGame) -> Request:
    path = f"/static/json/liveData/boxscore/boxscore_{game.game_id}.json"
    return Request(host=NBA_CDN.host, path=path, game_id=game.game_id, part=game.label)


def _minutes_left(box: Fields) -> float:
    """The minutes that a game in play has left: of regulation, or of the overtime that is played."""
    clock = read_minutes(box, "gameClock") if box.text("gameClock").strip() else 0.0
    return max(_PERIODS - box.integer("period"), 0) * _PERIOD_MINUTES + clock


def _live_game(box: Fields, slate: Slate, requested: str | None) -> SlateGame | None:
    """The slate's game of a live box score. Raises ContractError when its teams are not that game's."""
    game = _slate_game(box, "gameId", slate, requested)
    teams = {_nba_team(side) for side in _sides(box)}
    if game and teams != {game.home, game.away}:
        raise box.problem("homeTeam", f"and awayTeam are not the teams of {game.label}")
    return game


def _status(box: Fields) -> GameStatus:
    return nba.status_of(box, lambda: _score(box).values())


def _score(box: Fields) -> dict[str, int]:
    return {_nba_team(side): side.integer("score") for side in _sides(box)}


def _listed_players(box: Fields) -> list[Entry]:
    """Every listed player; those who did not play are among them."""
    return [Entry(_nba_team(side), player, _PLAYER) for side in _sides(box) for player in side.each("players")]


def _did_play(player: Fields) -> bool:
    """Whether the flag says so, or there are minutes where it is absent."""
    if player.has("played"):
        return player.flag("played")
    return player.has("statistics") and read_minutes(player.fields("statistics"), "minutes") > 0


def _player_row(player: Fields) -> Row:
    statistics = player.fields("statistics")
    return {
        "player_id": player.identifier("personId"),
        "player_name": _player_name(player),
        **_counts_of(statistics),
        "plus_minus": statistics.number("plusMinusPoints") if statistics.has("plusMinusPoints") else None,
    }


def _player_name(player: Fields) -> str:
    return player.text("name")


_PLAYER = PlayerReaders(_did_play, _player_row, _player_name)
