"""BigDataBall's play-by-play: one CSV file per game in a folder that is shared with subscribers.

Files are named by date, game id and teams. Players have names only; coordinates are those of the league's own feed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from itertools import compress
from typing import ClassVar
from urllib.parse import quote

from tipoff.errors import ContractError
from tipoff.shot_zones import zone_of_shot
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate, body_of
from tipoff.sources.boxscore_rules import games_to_request
from tipoff.sources.csv_payload import CsvPayload, CsvRow
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import names, readable
from tipoff.sources.nba import OUTSIDE
from tipoff.sources.outcomes import Expected
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, Resolver, resolver_of, unresolved_row
from tipoff.sources.providers import BIGDATABALL
from tipoff.sources.shots import (
    COORDINATES_PER_FOOT,
    SHOT_RESULTS,
    SHOTS_PER_GAME,
    PeriodEnd,
    PlayByPlay,
    is_over,
    judged_shots,
    may_be_shot,
    slate_game,
)
from tipoff.vocabulary import Outcome, Role, SlateGame

_SHOT_EVENTS = frozenset({"shot", "miss"})
"""Files of older seasons have misses as an event type of their own."""
_NEEDED = names(
    """
    game_id period away_score home_score play_id team event_type assist player points result type original_x original_y
    """
)


class BigDataBallShots(Feed):
    """Shots with their zones, for games that the league's own play-by-play lacks."""

    name = "bigdataball_play_by_play"
    title = "BigDataBall play-by-play"
    number = 20
    provider = BIGDATABALL
    role = Role.POST
    fallback_for = (PlayByPlay.name,)
    table = "raw_shots"
    natural_key = ("game_date", "game_id", "shot_number")
    needs_players = True
    expects: ClassVar[Expected] = "csv"
    not_published_statuses = frozenset({HTTPStatus.NOT_FOUND})
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        data_set date a1 a2 a3 a4 a5 h1 h2 h3 h4 h5 remaining_time elapsed play_length away home block entered left num
        opponent outof possession reason steal shot_distance converted_x converted_y description
        """
    )

    def __init__(self, *, configured: bool = True) -> None:
        """`configured`: whether the setting bigdataball is set; without it there are no requests."""
        self.idle_reason = "" if configured else "the setting bigdataball is empty: set it to the location of the files"

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(
            Request(
                host=BIGDATABALL.host,
                path="/" + quote(f"[{slate.game_date}]-{game.game_id}-{game.label}.csv", safe="@"),
                game_id=game.game_id,
                part=game.label,
            )
            for game in (() if self.idle_reason else games_to_request(slate, as_of))
        )

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        if CsvPayload(self.name, response.body, _NEEDED).rows:
            return None
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part} has no plays")

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        payload = CsvPayload(self.name, response.body, _NEEDED)
        game, lines = _game_and_lines(self.name, payload, slate, request.game_id)
        return judged_shots(game, is_over(readable(_period_end, line) for line in lines), reading)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = CsvPayload(self.name, body_of(response), _NEEDED), RowCollector(self.natural_key)
        if not payload.rows:
            return collector.reading(payload.unknown(self.ignored_fields))
        game, lines = _game_and_lines(self.name, payload, context.slate, context.game_id)
        collector.reject("play of another game", len(payload.rows) - len(lines))
        resolvers = {team: resolver_of(context, [team]) for team in (game.home, game.away)}
        for line in lines:
            if may_be_shot(_is_shot, line):
                with collector.element(line):
                    _is_shot(line)
                    self._keep_shot(line, game, resolvers, context, collector)
        return collector.reading(payload.unknown(self.ignored_fields))

    def _keep_shot(
        self,
        line: CsvRow,
        game: SlateGame,
        resolvers: Mapping[str, Resolver],
        context: ReadContext,
        collector: RowCollector,
    ) -> None:
        reason = _rejection_reason(line, game)
        if reason:
            collector.reject(reason)
            return
        team, name, shot = line.text("team"), line.text("player"), _shot(line)
        player = resolvers[team].resolve(name)
        if player is None:
            unresolved = unresolved_row(name, resolvers[team], context, game.game_id, team)
            collector.unresolved({**unresolved, **self.origin(context)})
        row = {
            "game_date": context.slate.game_date,
            "game_id": game.game_id,
            "player_id": player.player_id if player else None,
            "player_name": name,
            "team": team,
        }
        collector.keep({**row, **shot, **self.origin(context)})

    def expected_rows(self, slate: Slate) -> int:
        return SHOTS_PER_GAME * len(slate.games)


def _game_and_lines(
    source: str, payload: CsvPayload, slate: Slate, requested: str | None
) -> tuple[SlateGame, list[CsvRow]]:
    """The game of a file, and its lines with the unreadable ones.

    Raises ContractError when no line is of the requested game.
    """
    game_ids = [readable(_game_id, line) for line in payload.rows]
    known = set(filter(None, game_ids))
    game = next(filter(None, (slate_game(slate, game_id, requested) for game_id in known)), None)
    if game is None:
        received, wanted = ", ".join(sorted(known)[:3]) or "unreadable", requested or "a game of the slate"
        raise ContractError(source, "$.line[].game_id", f"is {received}, requested {wanted}")
    of_game = (game_id in (None, game.game_id) for game_id in game_ids)
    return game, list(compress(payload.rows, of_game))


def _game_id(line: CsvRow) -> str:
    """The NBA's id of ten digits, without leading zeros in the file."""
    return f"{line.integer('game_id'):010}"


def _is_shot(line: CsvRow) -> bool:
    return line.text("event_type") in _SHOT_EVENTS


def _period_end(line: CsvRow) -> PeriodEnd | None:
    """The end that a line states; None for any other line."""
    if line.text("event_type") != "end of period":
        return None
    return PeriodEnd(line.integer("period"), line.integer("away_score") == line.integer("home_score"))


def _rejection_reason(line: CsvRow, game: SlateGame) -> str | None:
    """Why a shot is left out; None when it is kept."""
    if line.text("team") not in (game.home, game.away):
        return OUTSIDE
    if len(line.text("player")) > LONGEST_NAME:
        return TOO_LONG
    return "shot without coordinates" if None in _coordinates(line) else None


def _coordinates(line: CsvRow) -> tuple[float | None, float | None]:
    return line.number_or_none("original_x"), line.number_or_none("original_y")


def _shot(line: CsvRow) -> Row:
    made, worth = _made(line), _worth(line)
    x, y = (tenths or 0.0 for tenths in _coordinates(line))
    return {
        "shot_number": line.integer("play_id"),
        "period": line.integer("period"),
        "zone": zone_of_shot(x / COORDINATES_PER_FOOT, y / COORDINATES_PER_FOOT, worth),
        "made": made,
        "worth": worth,
        "assisted": made and bool(line.text("assist")),
    }


def _made(line: CsvRow) -> bool:
    result = line.text("result").capitalize()
    if result not in SHOT_RESULTS:
        raise line.problem("result", f"not one of {', '.join(SHOT_RESULTS)}")
    return SHOT_RESULTS[result]


def _worth(line: CsvRow) -> int:
    """Points of the shot, from its type. Raises ContractError when a made shot counted otherwise."""
    worth = 3 if line.text("type").lower().startswith("3pt") else 2
    if _made(line) and line.integer("points") != worth:
        raise line.problem("points", f"not the points of a made {line.text('type') or 'shot'}")
    return worth
