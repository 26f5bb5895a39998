"""Every field-goal attempt of a finished game, one question a game: cdn.nba.com liveData/playbyplay.

stats.nba.com playbyplayv3 has another shape of the same plays, which is read as well. The zone comes from the place of
a shot: the area that the live feed names beside it is that of the first minute, and is not corrected with the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar

from tipoff.shot_zones import zone_of_place
from tipoff.sources import nba
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.boxscores import GAME_LASTS
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.vocabulary import Outcome, Role, SlateGame, step_names

SHOTS_A_GAME = 150
"""Few games have fewer; the mean is about 177."""

_WORTH: Mapping[str, int] = {"2pt": 2, "3pt": 3}
RESULTS: Mapping[str, bool] = {"Made": True, "Missed": False}
"""What feeds write -> whether it went in."""
_ASSIST = " AST)"
"""How a description ends that names an assist."""
TENTHS_A_FOOT = 10
"""The unit of places."""
_PERIODS = 4


class PlayByPlay(Feed):
    """Shots with their zones, from the league's own play-by-play."""

    name = step_names.PLAY_BY_PLAY
    title = "NBA play-by-play"
    provider = nba.CDN
    role = Role.POST
    asks_what_is_missing = True
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
                host=nba.CDN,
                path=f"/static/json/liveData/playbyplay/playbyplay_{game.game_id}.json",
                game_id=game.game_id,
                part=game.label,
            )
            for game in games_due(slate, as_of)
        )

    def is_published(self, request: Request, response: Response, slate: Slate) -> bool:
        """The file of a game is there from its tip-off, and so at its end."""
        return request.game_id in {game.game_id for game in games_due(slate, response.fetched_at)}

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        game, content = _game(JsonPayload(self.name, response.body), slate, request.game_id)
        actions = content.each("actions")
        if not actions:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{game.label} has no plays")
        if not is_over(_ends_of_periods(actions)):
            return judged(Outcome.NOT_PUBLISHED_YET, f"{game.label} is still being played")
        return judged(Outcome.OK, f"{game.label}: {sum(map(_is_shot, actions))} shots")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        game, content = _game(answer, context.slate, context.game_id)
        for action in content.each("actions"):
            if not _is_shot(action):
                continue
            team = nba.tricode_of(action)
            if team not in (game.home, game.away):
                collector.reject(nba.OUTSIDE)
                continue
            row = {"game_date": context.slate.game_date, "game_id": game.game_id, "team": team, **_shot(action)}
            collector.keep({**row, **self.origin(context)})
        return collector.reading(answer.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return SHOTS_A_GAME * len(slate.games)


def games_due(slate: Slate, as_of: datetime) -> tuple[SlateGame, ...]:
    """The games that are over, if they took no longer than usual."""
    return tuple(game for game in slate.games if game.tip_off + GAME_LASTS <= as_of)


def game_of(slate: Slate, game_id: str, asked_for: str | None) -> SlateGame | None:
    """The slate's game an answer is about; None when it is another one or not the one asked for."""
    games = {game.game_id: game for game in slate.games}
    return games.get(game_id) if asked_for in (None, game_id) else None


def is_over(ends: Iterable[tuple[int, bool]]) -> bool:
    """Whether a game is, by its finished periods and whether the score was level after each."""
    return any(period >= _PERIODS and not level for period, level in ends)


def _game(answer: JsonPayload, slate: Slate, asked_for: str | None) -> tuple[SlateGame, Fields]:
    """The game of an answer and what is said of it. Raises ContractError for another game or league."""
    content = answer.top().fields("game")
    game_id = content.text("gameId")
    game = game_of(slate, game_id, asked_for)
    if game is None:
        raise content.problem("gameId", f"is {game_id!r}, asked for {asked_for or 'a game of the slate'}")
    return game, content


def _is_shot(action: Fields) -> bool:
    said = action.integer("isFieldGoal")
    if said not in (0, 1):
        raise action.problem("isFieldGoal", f"is {said}, neither 0 nor 1")
    return said == 1


def _ends_of_periods(actions: Iterable[Fields]) -> Iterator[tuple[int, bool]]:
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
    """Points of the shot: the older shape says so by the kind of play, the newer one in a field of its own."""
    kind = action.text("actionType")
    worth = action.integer("shotValue") if action.has("shotValue") else _WORTH.get(kind, 0)
    if worth not in _WORTH.values():
        raise action.problem("actionType", f"{kind!r} is no shot for two or three points")
    return worth


def _zone(action: Fields, worth: int) -> str:
    x, y = action.number("xLegacy"), action.number("yLegacy")
    return zone_of_place(x / TENTHS_A_FOOT, y / TENTHS_A_FOOT, worth)


def _made(action: Fields) -> bool:
    result = action.text("shotResult")
    if result not in RESULTS:
        raise action.problem("shotResult", f"{result!r} is neither of {', '.join(RESULTS)}")
    return RESULTS[result]
