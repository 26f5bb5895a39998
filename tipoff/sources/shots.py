"""Every field-goal attempt of a finished game, one request per game: cdn.nba.com liveData/playbyplay.

The shape of stats.nba.com playbyplayv3 is read as well. The zone is computed from the shot's coordinates: the live
feed also names an area, but does not update it when it corrects the coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar, NamedTuple, TypeVar

from tipoff.shot_zones import zone_of_shot
from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.boxscore_rules import due_games, games_to_request
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import Fields, JsonPayload, names, readable
from tipoff.sources.providers import NBA_CDN
from tipoff.vocabulary import Outcome, Role, SlateGame, counted, step_names

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

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        game, content = _game_and_content(JsonPayload(self.name, response), slate, request.game_id)
        if content.each("actions"):
            return None
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{game.label} has no plays")

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        game, content = _game_and_content(JsonPayload(self.name, response), slate, request.game_id)
        return judged_shots(game, is_over(readable(_period_end, action) for action in content.each("actions")), reading)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        game, content = _game_and_content(payload, context.slate, context.game_id)
        for action in content.each("actions"):
            if not may_be_shot(_is_shot, action):
                continue
            with collector.element(action):
                _is_shot(action)
                if (team := nba.tricode_of(action)) in (game.home, game.away):
                    row = {"game_date": context.slate.game_date, "game_id": game.game_id, "team": team}
                    collector.keep({**row, **_shot(action), **self.origin(context)})
                else:
                    collector.reject(nba.OUTSIDE)
        return collector.reading(payload.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return SHOTS_PER_GAME * len(slate.games)


def slate_game(slate: Slate, game_id: str, requested: str | None) -> SlateGame | None:
    """The slate's game with this id; None when it is not on the slate or another game was requested."""
    games = {game.game_id: game for game in slate.games}
    return games.get(game_id) if requested in (None, game_id) else None


_Play = TypeVar("_Play")


def may_be_shot(is_shot: Callable[[_Play], bool], play: _Play) -> bool:
    """Whether a play is a shot, or cannot be told from one. Of the other plays nothing is needed."""
    return readable(is_shot, play) is not False


class PeriodEnd(NamedTuple):
    """The end of a period or of the game."""

    period: int
    is_level: bool
    of_game: bool = False


def is_over(ends: Iterable[PeriodEnd | None]) -> bool:
    """Whether a game is over, from the ends among its plays; None for any other or an unreadable play."""
    return any(end.of_game or (end.period >= _PERIODS and not end.is_level) for end in ends if end)


def judged_shots(game: SlateGame, over: bool, reading: Reading) -> Judgement:
    """What the reading of a game's shots means."""
    if not over:
        return judged(Outcome.NOT_PUBLISHED_YET, f"{game.label} is not over yet")
    return judged(Outcome.OK, f"{game.label}: {counted(len(reading.rows), 'shot')}")


def _game_and_content(payload: JsonPayload, slate: Slate, requested: str | None) -> tuple[SlateGame, Fields]:
    """The game of a response and the object about it. Raises ContractError for another game or league."""
    content = payload.top().fields("game")
    game_id = content.text("gameId")
    game = slate_game(slate, game_id, requested)
    if game is None:
        raise content.problem("gameId", f"is {game_id!r}, requested {requested or 'a game of the slate'}")
    return game, content


def _is_shot(action: Fields) -> bool:
    """Whether the flag says so; without one, whether the type of the play is one of shots."""
    flag = action.optional_flag("isFieldGoal")
    return _points(action) in _WORTH.values() if flag is None else flag


def _period_end(action: Fields) -> PeriodEnd | None:
    """The end that an action states; None for any other action."""
    kind = action.text("actionType").casefold() if action.has("actionType") else ""
    if kind not in ("period", "game") or not (action.has("subType") and action.text("subType").casefold() == "end"):
        return None
    if kind == "game":
        return PeriodEnd(_PERIODS, is_level=False, of_game=True)
    return PeriodEnd(action.integer("period"), action.identifier("scoreHome") == action.identifier("scoreAway"))


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
        "assisted": _is_assisted(action),
    }


def _is_assisted(action: Fields) -> bool:
    if action.has("assistPersonId"):
        return True
    return action.has("description") and action.text("description").endswith(_ASSIST)


def _worth(action: Fields) -> int:
    """Points of the shot."""
    worth = _points(action)
    if worth not in _WORTH.values():
        raise action.problem("actionType", f"{action.text('actionType')!r} is not a shot for two or three points")
    return worth


def _points(action: Fields) -> int:
    """What a play is worth: the live feed gives it by the action's type, playbyplayv3 in a field of its own."""
    kind = action.text("actionType") if action.has("actionType") else ""
    return action.integer("shotValue") if action.has("shotValue") else _WORTH.get(kind, 0)


def _zone(action: Fields, worth: int) -> str:
    x, y = action.number("xLegacy"), action.number("yLegacy")
    return zone_of_shot(x / COORDINATES_PER_FOOT, y / COORDINATES_PER_FOOT, worth)


def _made(action: Fields) -> bool:
    result = action.text("shotResult")
    if result not in SHOT_RESULTS:
        raise action.problem("shotResult", f"{result!r} is not one of {', '.join(SHOT_RESULTS)}")
    return SHOT_RESULTS[result]
