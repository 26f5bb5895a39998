"""Every field-goal attempt of a finished game, one request per game: cdn.nba.com liveData/playbyplay.

The shape of stats.nba.com playbyplayv3 is read as well. The zone is computed from the shot's coordinates: the live
feed also names an area, but does not update it when it corrects the coordinates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar

from tipoff.shot_zones import zone_of_shot
from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.boxscore_rules import due_games, games_to_request
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import NBA_CDN
from tipoff.vocabulary import Outcome, Role, SlateGame, step_names

SHOTS_PER_GAME = 150
"""Few games have fewer; the mean is about 177."""

_WORTH: Mapping[str, int] = {"2pt": 2, "3pt": 3}
SHOT_RESULTS: Mapping[str, bool] = {"Made": True, "Missed": False}
"""The feeds' word for a result -> whether the shot was made."""
_ASSIST = " AST)"
"""The end of a description that names an assist."""
COORDINATES_PER_FOOT = 10
"""Coordinates are tenths of a foot."""
_PERIODS = 4
"""Periods of regulation."""


class PlayByPlay(Feed):
    """Shots with their zones, from the league's own play-by-play."""

    name = step_names.PLAY_BY_PLAY
    title = "NBA play-by-play"
    number = 15
    provider = NBA_CDN
    role = Role.POST
    polls_missing_games_only = True
    table = "raw_shots"
    natural_key = ("game_date", "game_id", "shot_number")
    not_published_statuses = frozenset({HTTPStatus.FORBIDDEN})
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        meta videoAvailable clock timeActual periodType subType scoreHome scoreAway descriptor qualifiers x y
        area areaDetail side shotDistance possession edited orderNumber isTargetScoreLastPeriod pointsTotal
        playerNameI personIdsFilter assistPlayerNameInitial assistTotal shotActionNumber reboundTotal
        reboundDefensiveTotal reboundOffensiveTotal officialId foulPersonalTotal foulTechnicalTotal
        foulDrawnPlayerName foulDrawnPersonId turnoverTotal blockPlayerName blockPersonId stealPlayerName
        stealPersonId jumpBallRecoveredName jumpBallRecoverdPersonId jumpBallWonPlayerName jumpBallWonPersonId
        jumpBallLostPlayerName jumpBallLostPersonId location actionId teamTricode
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(
            Request(
                host=NBA_CDN.host,
                path=f"/static/json/liveData/playbyplay/playbyplay_{game.game_id}.json",
                game_id=game.game_id,
                part=game.label,
            )
            for game in games_to_request(slate, as_of)
        )

    def is_published(self, request: Request, response: Response, slate: Slate) -> bool:
        """Whether the game should be over: its file exists from tip-off on."""
        return request.game_id in {game.game_id for game in due_games(slate, response.fetched_at)}

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        game, content = _game_and_content(JsonPayload(self.name, response), slate, request.game_id)
        actions = content.each("actions")
        if not actions:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{game.label} has no plays")
        if not is_over(_period_ends(actions)):
            return judged(Outcome.NOT_PUBLISHED_YET, f"{game.label} is not over yet")
        return judged(Outcome.OK, f"{game.label}: {sum(map(_is_shot, actions))} shots")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        game, content = _game_and_content(payload, context.slate, context.game_id)
        for action in content.each("actions"):
            if not _is_shot(action):
                continue
            team = nba.tricode_of(action)
            if team not in (game.home, game.away):
                collector.reject(nba.OUTSIDE)
                continue
            row = {"game_date": context.slate.game_date, "game_id": game.game_id, "team": team, **_shot(action)}
            collector.keep({**row, **self.origin(context)})
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return SHOTS_PER_GAME * len(slate.games)


def slate_game(slate: Slate, game_id: str, requested: str | None) -> SlateGame | None:
    """The slate's game with this id; None when it is not on the slate or another game was requested."""
    games = {game.game_id: game for game in slate.games}
    return games.get(game_id) if requested in (None, game_id) else None


def is_over(period_ends: Iterable[tuple[int, bool]]) -> bool:
    """Whether a game is over, from each finished period and whether the score was level after it."""
    return any(period >= _PERIODS and not level for period, level in period_ends)


def _game_and_content(payload: JsonPayload, slate: Slate, requested: str | None) -> tuple[SlateGame, Fields]:
    """The game of a response and the object about it. Raises ContractError for another game or league."""
    content = payload.top().fields("game")
    game_id = content.text("gameId")
    game = slate_game(slate, game_id, requested)
    if game is None:
        raise content.problem("gameId", f"is {game_id!r}, requested {requested or 'a game of the slate'}")
    return game, content


def _is_shot(action: Fields) -> bool:
    flag = action.integer("isFieldGoal")
    if flag not in (0, 1):
        raise action.problem("isFieldGoal", f"is {flag}, neither 0 nor 1")
    return flag == 1


def _period_ends(actions: Iterable[Fields]) -> Iterator[tuple[int, bool]]:
    """Each finished period and whether the score was level after it."""
    for action in actions:
        if (action.text("actionType"), action.text("subType")) == ("period", "end"):
            yield action.integer("period"), action.text("scoreHome") == action.text("scoreAway")


def _shot(action: Fields) -> Row:
    worth = _worth(action)
    return {
        "shot_number": action.integer("actionNumber"),
        "period": action.integer("period"),
        "player_id": action.identifier("personId"),
        "player_name": action.text("playerName"),
        "zone": _zone(action, worth),
        "made": _made(action),
        "worth": worth,
        "assisted": action.has("assistPersonId") or action.text("description").endswith(_ASSIST),
    }


def _worth(action: Fields) -> int:
    """Points of the shot: the live feed gives them by the action's type, playbyplayv3 in a field of its own."""
    kind = action.text("actionType")
    worth = action.integer("shotValue") if action.has("shotValue") else _WORTH.get(kind, 0)
    if worth not in _WORTH.values():
        raise action.problem("actionType", f"{kind!r} is not a shot for two or three points")
    return worth


def _zone(action: Fields, worth: int) -> str:
    x, y = action.number("xLegacy"), action.number("yLegacy")
    return zone_of_shot(x / COORDINATES_PER_FOOT, y / COORDINATES_PER_FOOT, worth)


def _made(action: Fields) -> bool:
    result = action.text("shotResult")
    if result not in SHOT_RESULTS:
        raise action.problem("shotResult", f"{result!r} is not one of {', '.join(SHOT_RESULTS)}")
    return SHOT_RESULTS[result]
