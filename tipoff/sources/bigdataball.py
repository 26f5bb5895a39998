"""BigDataBall's play-by-play: one CSV file a game, which subscribers get in a shared folder.

Files are named by date, game id and teams. Players have names only; places are those of the league's own feed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import quote

from tipoff.errors import ContractError
from tipoff.shot_zones import zone_of_place
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.csv_payload import CsvPayload, CsvRow
from tipoff.sources.exports import BIGDATABALL
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import names
from tipoff.sources.nba import OUTSIDE
from tipoff.sources.outcomes import Expected
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, resolver_of, unresolved_row
from tipoff.sources.shots import RESULTS, SHOTS_A_GAME, TENTHS_A_FOOT, game_of, games_due, is_over
from tipoff.vocabulary import Outcome, Role, SlateGame, step_names

_SHOTS = frozenset({"shot", "miss"})
"""A miss was a kind of play of its own in older seasons."""
_NEEDED = names(
    """
    game_id period away_score home_score play_id team event_type assist player points result type original_x original_y
    """
)


class BigDataBallShots(Feed):
    """Shots with their zones, where the league's own play-by-play is not to be had."""

    name = "bigdataball_play_by_play"
    title = "BigDataBall play-by-play"
    provider = BIGDATABALL
    role = Role.POST
    fallback_for = (step_names.PLAY_BY_PLAY,)
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
        """`configured`: whether anyone said where the files are; else there is nobody to ask."""
        self.idle_reason = "" if configured else "nobody said where the files of BigDataBall are (setting bigdataball)"

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(
            Request(
                host=BIGDATABALL,
                path="/" + quote(f"[{slate.game_date}]-{game.game_id}-{game.label}.csv", safe="@"),
                game_id=game.game_id,
                part=game.label,
            )
            for game in (() if self.idle_reason else games_due(slate, as_of))
        )

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        sheet = CsvPayload(self.name, response.body, _NEEDED)
        if not sheet.rows:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part} has no plays")
        game, lines = _game(self.name, sheet, slate, request.game_id)
        if not is_over(_ends_of_periods(lines)):
            return judged(Outcome.NOT_PUBLISHED_YET, f"{game.label} has no end yet")
        return judged(Outcome.OK, f"{game.label}: {sum(map(_is_shot, lines))} shots")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        sheet, collector = CsvPayload(self.name, body, _NEEDED), RowCollector(self.natural_key)
        if not sheet.rows:
            return collector.reading(sheet.unknown(self.ignored_fields))
        game, lines = _game(self.name, sheet, context.slate, context.game_id)
        collector.reject("play of another game", len(sheet.rows) - len(lines))
        resolvers = {team: resolver_of(context, [team]) for team in (game.home, game.away)}
        for line in filter(_is_shot, lines):
            reason = _unusable(line, game)
            if reason:
                collector.reject(reason)
                continue
            team, name = line.text("team"), line.text("player")
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
            collector.keep({**row, **_shot(line), **self.origin(context)})
        return collector.reading(sheet.unknown(self.ignored_fields))

    def expected_rows(self, slate: Slate) -> int:
        return SHOTS_A_GAME * len(slate.games)


def _game(source: str, sheet: CsvPayload, slate: Slate, asked_for: str | None) -> tuple[SlateGame, list[CsvRow]]:
    """The game of a sheet and its lines. Raises ContractError when none is of the game asked for."""
    ids = {_game_id(line) for line in sheet.rows}
    game = next(filter(None, (game_of(slate, game_id, asked_for) for game_id in ids)), None)
    if game is None:
        wanted = asked_for or "a game of the slate"
        raise ContractError(source, "$.line[].game_id", f"is {', '.join(sorted(ids)[:3])}, asked for {wanted}")
    return game, [line for line in sheet.rows if _game_id(line) == game.game_id]


def _game_id(line: CsvRow) -> str:
    """The NBA's ten digits, which the files leave the first zeros off."""
    return line.text("game_id").zfill(10)


def _is_shot(line: CsvRow) -> bool:
    return line.text("event_type") in _SHOTS


def _ends_of_periods(lines: list[CsvRow]) -> Iterator[tuple[int, bool]]:
    for line in lines:
        if line.text("event_type") == "end of period":
            yield line.integer("period"), line.integer("away_score") == line.integer("home_score")


def _unusable(line: CsvRow, game: SlateGame) -> str | None:
    if line.text("team") not in (game.home, game.away):
        return OUTSIDE
    if len(line.text("player")) > LONGEST_NAME:
        return TOO_LONG
    return "shot without a place" if None in _place(line) else None


def _place(line: CsvRow) -> tuple[float | None, float | None]:
    return line.number_or_none("original_x"), line.number_or_none("original_y")


def _shot(line: CsvRow) -> Row:
    made, worth = _made(line), _worth(line)
    x, y = (tenths or 0.0 for tenths in _place(line))
    return {
        "shot_number": line.integer("play_id"),
        "period": line.integer("period"),
        "zone": zone_of_place(x / TENTHS_A_FOOT, y / TENTHS_A_FOOT, worth),
        "made": made,
        "worth": worth,
        "assisted": made and bool(line.text("assist")),
    }


def _made(line: CsvRow) -> bool:
    result = line.text("result").capitalize()
    if result not in RESULTS:
        raise line.problem("result", f"neither of {', '.join(RESULTS)}")
    return RESULTS[result]


def _worth(line: CsvRow) -> int:
    """What the kind of shot says; a made one must have counted as much."""
    worth = 3 if line.text("type").lower().startswith("3pt") else 2
    if _made(line) and line.integer("points") != worth:
        raise line.problem("points", f"not what a made {line.text('type') or 'shot'} counts")
    return worth
