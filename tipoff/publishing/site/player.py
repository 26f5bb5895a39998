"""The page of a player: his prediction beside his last games, and what was said of him before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from tipoff.grading.outcomes import SIDES
from tipoff.odds import fair_price_american
from tipoff.publishing.envelope import Envelope
from tipoff.publishing.figures import course_figure, games_figure, range_bar, share_bar, term_bar
from tipoff.publishing.player_history import PastPick, PlayedGame
from tipoff.publishing.players import INDEX, PlayerPayload, PlayersPayload
from tipoff.publishing.players import PLAYER as OF_SEASON
from tipoff.publishing.site.exports import Exports, Published
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.site.tonight import scale, tonight
from tipoff.publishing.tonight import PLAYER as OF_TONIGHT
from tipoff.publishing.tonight import Rung, SystemView, TonightPlayerPayload
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import Grade

_TERM: Final = re.compile(r"([+-]?\d+(?:\.\d+)?) (.+)")


class Term(NamedTuple):
    """One part of a prediction."""

    points: float
    name: str
    bar: str


class LadderRow(NamedTuple):
    """A line with the prices that would be fair for both of its sides."""

    line: float
    over_probability: float
    fair_over: float | None
    fair_under: float | None
    bar: str


class Record(NamedTuple):
    """How the picks on a player ended."""

    picks: int
    decided: int
    wins: int
    profit: float


class Past(NamedTuple):
    """What is known of a player's games, from the newer of his two exports."""

    envelope: Envelope
    payload: PlayerPayload | TonightPlayerPayload


def _content(exports: Exports, key: Key) -> Content:
    predicted = exports.read_as(OF_TONIGHT.path.format(**key), TonightPlayerPayload)
    season = exports.read_as(OF_SEASON.path.format(**key), PlayerPayload)
    known = [Past(*each) for each in (predicted, season) if each is not None]
    if not known:
        return Content({"past": None}, title=f"Player {key['player_id']}")
    past = max(known, key=lambda each: each.envelope.as_of)
    values = {
        "past": past.payload,
        "splits": past.payload.splits,
        "record": record(past.payload.past_picks),
        **_drawn_games(past.payload.recent_games, predicted),
        **(_prediction(predicted, past.payload) if predicted else {"prediction": None}),
    }
    return Content(values, past.envelope, past.payload.player.player_name)


def _drawn_games(games: Sequence[PlayedGame], predicted: Published[TonightPlayerPayload] | None) -> Mapping[str, Any]:
    """Draw the games before the prediction against its line, and the minutes of all games."""
    line = predicted.payload.player.line if predicted else None
    before = [game for game in games if predicted is None or game.game_id != predicted.payload.player.game_id]
    bars = [(game.game_date, game.points, game.closing_line) for game in reversed(before)]
    minutes = [(game.game_date, game.minutes) for game in reversed(games)]
    return {
        "games": games,
        "games_drawn": games_figure("games", bars, line) if bars else None,
        "minutes_drawn": _minutes_figure(minutes) if minutes else None,
        "has_closing_lines": any(closing is not None for *_, closing in bars),
        "over": sum(points > line for _, points, _ in bars) if line is not None else None,
        "before": len(bars),
    }


def _minutes_figure(minutes: Sequence[tuple[date, float]]) -> str:
    return course_figure("minutes", "Minutes of the last games", minutes, "Minutes", "{:.0f}".format)


def _prediction(
    predicted: Published[TonightPlayerPayload], past: PlayerPayload | TonightPlayerPayload
) -> Mapping[str, Any]:
    """Return the prediction with its figures, and how it ended if its game is over."""
    envelope, payload = predicted
    player = payload.player
    game = next((each for each in past.recent_games if each.game_id == player.game_id), None)
    graded = next((each for each in past.past_picks if each.game_id == player.game_id), None)
    top = scale([player.high_80])
    return {
        "prediction": player,
        "prediction_date": envelope.game_date,
        "bar": range_bar(player.low_80, player.points, player.high_80, top, player.line, game.points if game else None),
        "top": top,
        "played": game,
        "graded": graded,
        "terms": terms(player.explanation),
        "ladder": [_ladder_row(rung) for rung in payload.ladder],
        "systems": _by_system(payload.systems),
        "titles": SYSTEMS,
    }


def terms(explanation: Iterable[str]) -> list[Term]:
    """Return the parts of a prediction with bars of one scale; the first part is the base, the others move it."""
    parts = [(float(term[1]), term[2]) for text in explanation if (term := _TERM.fullmatch(text))]
    reach = max((abs(points) for points, _ in parts[1:]), default=0.0)
    bars = ["", *(term_bar(points, reach) for points, _ in parts[1:])]
    return [Term(points, name, bar) for (points, name), bar in zip(parts, bars, strict=False)]


def _ladder_row(rung: Rung) -> LadderRow:
    over = rung.over_probability
    return LadderRow(rung.line, over, fair_price_american(over), fair_price_american(1 - over), share_bar(over))


def _by_system(views: Iterable[SystemView]) -> list[tuple[str, dict[str, SystemView]]]:
    """Return the views of each system by name, the systems in the order of the registry."""
    by_system: dict[str, dict[str, SystemView]] = {system_id: {} for system_id in SYSTEMS}
    for each in views:
        by_system.setdefault(each.system_id, {})[each.view] = each
    return [(system_id, of_system) for system_id, of_system in by_system.items() if of_system]


def record(past: Iterable[PastPick]) -> Record:
    """Count the picks among past predictions; void ones and pushes decide nothing."""
    picks = [each for each in past if each.recommendation in SIDES]
    decided = [each for each in picks if each.grade in (Grade.WIN, Grade.LOSS)]
    wins = sum(each.grade is Grade.WIN for each in decided)
    return Record(len(picks), len(decided), wins, sum(each.profit_units or 0.0 for each in picks))


def _keys(exports: Exports) -> Iterable[Key]:
    folders = (OF_TONIGHT.path, OF_SEASON.path)
    names = {name for path in folders for name in exports.names(path.rpartition("/")[0]) if name.isdecimal()}
    return [{"player_id": player_id} for player_id in sorted(names)]


def _keys_of_date(exports: Exports, _: date) -> Iterable[Key]:
    """Return tonight's players and those of the last games, whose prediction is tonight's no longer."""
    predicted = tonight(exports)
    index = exports.read_as(INDEX.path, PlayersPayload)
    ids = {each.player_id for each in predicted.payload.players} if predicted else set()
    if index:
        ids |= {each.player_id for each in index.payload.players if each.last_game == index.envelope.game_date}
    return [{"player_id": player_id} for player_id in sorted(ids)]


PLAYER_PAGE: Final = Page(
    name="players",
    path="players/{player_id}.html",
    title="Player",
    summary="A player's last games against his line, what moved his prediction, and how earlier ones ended.",
    template="player.html.j2",
    content=_content,
    keys=_keys,
    keys_of_date=_keys_of_date,
)
