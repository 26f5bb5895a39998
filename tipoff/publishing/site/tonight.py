"""The page of tonight: per game the players with line, best price and prediction, the highest value first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from tipoff.grading.outcomes import SIDES
from tipoff.publishing.figures import range_bar
from tipoff.publishing.site.exports import Exports, Published
from tipoff.publishing.site.live import Score, evening_of, newest_games, scores
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.slate import Game
from tipoff.publishing.status import status_path
from tipoff.publishing.tonight import ALL_PLAYERS, TonightPayload, TonightPlayer
from tipoff.vocabulary import DayStatus


class Row(NamedTuple):
    """A player as the page shows him."""

    player: TonightPlayer
    score: Score | None
    bar: str
    """The prediction beside the line, as SVG."""

    @property
    def sides(self) -> str:
        """What the filter by side finds: the lean, and whether it is a pick."""
        lean = (self.player.lean or "").lower()
        return f"{lean} pick" if self.player.recommendation in SIDES else lean


class GameRows(NamedTuple):
    """A game with its players: those with a line by value, the others by predicted points."""

    game: Game
    lined: tuple[Row, ...]
    unlined: tuple[TonightPlayer, ...]


def tonight(exports: Exports) -> Published[TonightPayload] | None:
    """Return the players of tonight."""
    return exports.read_as(ALL_PLAYERS.path, TonightPayload)


def status_of(exports: Exports, game_date: date) -> DayStatus | None:
    """Return the status of a date."""
    status = exports.read_as(status_path(game_date), DayStatus)
    return status.payload if status else None


def rows_by_game(payload: TonightPayload, scored: Mapping[tuple[str, str], Score]) -> tuple[GameRows, ...]:
    """Return the games by tip-off with their players; all bars have the same scale, so that they can be compared."""
    top = scale(each.high_80 for each in payload.players)
    by_game: dict[str, list[TonightPlayer]] = {game.game_id: [] for game in payload.games}
    for player in payload.players:
        by_game.setdefault(player.game_id, []).append(player)
    return tuple(_rows(game, by_game[game.game_id], scored, top) for game in payload.games)


def _rows(game: Game, players: list[TonightPlayer], scored: Mapping[tuple[str, str], Score], top: int) -> GameRows:
    unlined = [player for player in players if player.line is None]
    return GameRows(
        game,
        tuple(row_of(each, scored.get((each.game_id, each.player_id)), top) for each in players if each.line),
        tuple(sorted(unlined, key=lambda player: -player.points)),
    )


def row_of(player: TonightPlayer, score: Score | None, top: int) -> Row:
    """Return a player with his score, if there is one, and his bar on the scale 0 to `top`."""
    scored = score.points if score and not score.is_so_far else None
    return Row(player, score, range_bar(player.low_80, player.points, player.high_80, top, player.line, scored))


def scale(highs: Iterable[float]) -> int:
    """Return the points at the right end of the bars: the next ten above the highest interval."""
    return 10 * (int(max(highs, default=0)) // 10 + 1)


def _content(exports: Exports, _: Key) -> Content:
    published = tonight(exports)
    if published is None:
        return Content({"published": None})
    envelope, payload = published
    day = envelope.game_date
    scored = scores(exports, day)
    payload = payload.model_copy(update={"games": newest_games(exports, day, payload.games)})
    games = rows_by_game(payload, scored)
    rows = [row for game in games for row in game.lined]
    values = {
        "published": payload,
        "status": status_of(exports, day),
        "evening": evening_of(exports, day),
        "games": games,
        "rows": rows,
        "picks": [row for row in rows if row.player.recommendation in SIDES],
        "teams": sorted({team for game in payload.games for team in (game.away, game.home)}),
        "books": sorted({row.player.book for row in rows if row.player.book}),
        "has_scores": any(row.score and row.score.points is not None for row in rows),
    }
    return Content(values, envelope)


TONIGHT: Final = Page(
    name="tonight",
    path="tonight.html",
    title="Tonight",
    summary="Every player of tonight with line, best price and prediction, the highest expected value first.",
    template="tonight.html.j2",
    content=_content,
    menu="Tonight",
)
