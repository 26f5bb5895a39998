"""Exports trends of tonight's players: who is hot or cold, who bounces back, and who keeps beating his line.

Every figure has its number of games. A trend is a description of the past, not a prediction: the systems have seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, takewhile
from math import sqrt
from statistics import fmean, stdev
from typing import Final

from tipoff.publishing.envelope import Envelope
from tipoff.publishing.export import Export
from tipoff.publishing.player_history import PlayedGame
from tipoff.publishing.store import ExportStore
from tipoff.publishing.tonight import ALL_PLAYERS, Tonight, TonightPlayer
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import Frozen

RECENT_GAMES: Final = 5
LEAST_EARLIER_GAMES: Final = 10
"""Games before the recent ones that a mean needs to be compared with."""
UNUSUAL: Final = 1.5
"""Standard errors between recent and earlier mean from which a player counts as hot or cold."""
BAD_GAME: Final = 0.6
"""Share of his mean below which a game counts as a bad one."""
LEAST_MEAN: Final = 8.0
"""Mean points from which a bad game says something."""
LEAST_STREAK: Final = 3
SCORING_MARKS: Final = (20, 30)


class NamedPlayer(Frozen):
    """A player of tonight and his line."""

    player_id: str
    player_name: str
    game_id: str
    team: str
    opponent: str
    line: float | None
    """Tonight's consensus line, points; null without one."""


class Form(NamedPlayer):
    """The mean of the last games beside that of the games before."""

    recent_points: float
    """Mean points of the last games."""
    recent_games: int
    earlier_points: float
    """Mean points of the games before."""
    earlier_games: int
    standard_errors: float
    """The difference of both means in standard errors; negative: colder."""


class HotColdPayload(Frozen):
    """Players far above or below their earlier mean, the farthest first."""

    hot: tuple[Form, ...]
    cold: tuple[Form, ...]


class BounceBack(NamedPlayer):
    """A player after a bad game, and what he scored after earlier ones."""

    last_points: int
    mean_points: float
    """Of the games before the last one."""
    after_bad_games: int
    """Earlier bad games of the last 20 that were followed by another game."""
    mean_after_bad_games: float | None
    """Mean points in the games that followed them; null if there is none."""


class BounceBackPayload(Frozen):
    """Players whose last game was a bad one, the worst first."""

    players: tuple[BounceBack, ...]


class Play(NamedPlayer):
    """How often a player scored more than tonight's line in his last games, beside the prediction."""

    line: float
    """Tonight's consensus line, points."""
    games: int
    """Of the last 20."""
    games_over: int
    """Those with more points than tonight's line."""
    over_probability: float | None
    """P(points > line) by the headline, given no push."""


class PlaysPayload(Frozen):
    """Tonight's players with a line, the most one-sided first."""

    players: tuple[Play, ...]


class Streak(NamedPlayer):
    """Consecutive games, the last one included."""

    kind: str
    """over_line, under_line, or at_least_20_points and the like."""
    games: int


class StreaksPayload(Frozen):
    """Streaks of tonight's players, the longest first."""

    streaks: tuple[Streak, ...]


def _trend(name: str, path: str, summary: str, payload: type[Frozen]) -> Export:
    """Declare an export that is made of tonight's players, and written with them."""
    return Export(name, path, summary, "with tonight's players", payload, today_only=True, reads=ALL_PLAYERS.reads)


HOT_COLD: Final = _trend(
    "trends-hot-cold",
    "v1/trends/hot-cold.json",
    "Tonight's players who score unusually much or little.",
    HotColdPayload,
)
BOUNCE_BACK: Final = _trend(
    "trends-bounce-back", "v1/trends/bounce-back.json", "Tonight's players after a bad game.", BounceBackPayload
)
PLAYS: Final = _trend(
    "trends-tonights-plays",
    "v1/trends/tonights-plays.json",
    "How often tonight's players scored more than their line lately.",
    PlaysPayload,
)
STREAKS: Final = _trend(
    "streaks-today", "v1/streaks/today.json", "Streaks of tonight's players against lines and marks.", StreaksPayload
)


def publish_trends(store: ExportStore, envelope: Envelope, tonight: Tonight) -> tuple[str, ...]:
    """Export the trends of tonight's players; return the paths."""
    known = [(each.player, each.recent_games) for each in tonight.players]
    return (
        *write_export(store, HOT_COLD, envelope, hot_cold(known)),
        *write_export(store, BOUNCE_BACK, envelope, bounce_back(known)),
        *write_export(store, PLAYS, envelope, plays(known)),
        *write_export(store, STREAKS, envelope, streaks(known)),
    )


Known = Iterable[tuple[TonightPlayer, Sequence[PlayedGame]]]
"""Players of tonight with their last games, the newest first."""


def hot_cold(known: Known) -> HotColdPayload:
    """Return the players whose recent mean is unusual."""
    forms = [form for player, games in known if (form := _form(player, games)) is not None]
    ranked = sorted(forms, key=lambda form: (-abs(form.standard_errors), form.player_id))
    return HotColdPayload(
        hot=tuple(form for form in ranked if form.standard_errors >= UNUSUAL),
        cold=tuple(form for form in ranked if form.standard_errors <= -UNUSUAL),
    )


def bounce_back(known: Known) -> BounceBackPayload:
    """Return the players whose last game was a bad one."""
    players = [back for player, games in known if (back := _bounce_back(player, games)) is not None]
    return BounceBackPayload(players=tuple(sorted(players, key=lambda each: each.last_points / each.mean_points)))


def plays(known: Known) -> PlaysPayload:
    """Return the players with a line and enough games."""
    players = [
        Play(
            **_named(player),
            games=len(games),
            games_over=sum(game.points > player.line for game in games),
            over_probability=player.over_probability,
        )
        for player, games in known
        if player.line is not None and len(games) >= LEAST_EARLIER_GAMES
    ]
    return PlaysPayload(players=tuple(sorted(players, key=_one_sidedness, reverse=True)))


def streaks(known: Known) -> StreaksPayload:
    """Return the streaks of at least LEAST_STREAK games."""
    shown = [
        Streak(**_named(player), kind=kind, games=length)
        for player, games in known
        for kind, holds in _STREAKS.items()
        if (length := sum(1 for _ in takewhile(holds, games))) >= LEAST_STREAK
    ]
    return StreaksPayload(streaks=tuple(sorted(shown, key=lambda each: (-each.games, each.player_id, each.kind))))


def _form(player: TonightPlayer, games: Sequence[PlayedGame]) -> Form | None:
    recent = [game.points for game in games[:RECENT_GAMES]]
    earlier = [game.points for game in games[RECENT_GAMES:]]
    if len(earlier) < LEAST_EARLIER_GAMES or not (spread := stdev(earlier)):
        return None
    error = spread * sqrt(1 / len(recent) + 1 / len(earlier))
    return Form(
        **_named(player),
        recent_points=round(fmean(recent), 1),
        recent_games=len(recent),
        earlier_points=round(fmean(earlier), 1),
        earlier_games=len(earlier),
        standard_errors=round((fmean(recent) - fmean(earlier)) / error, 2),
    )


def _bounce_back(player: TonightPlayer, games: Sequence[PlayedGame]) -> BounceBack | None:
    if len(games) <= LEAST_EARLIER_GAMES:
        return None
    last, *earlier = (game.points for game in games)
    mean = fmean(earlier)
    if mean < LEAST_MEAN or last >= BAD_GAME * mean:
        return None
    after = [following for following, bad in pairwise(earlier) if bad < BAD_GAME * mean]
    return BounceBack(
        **_named(player),
        last_points=last,
        mean_points=round(mean, 1),
        after_bad_games=len(after),
        mean_after_bad_games=round(fmean(after), 1) if after else None,
    )


def _one_sidedness(play: Play) -> tuple[float, int, str]:
    return abs(play.games_over / play.games - 0.5), play.games, play.player_id


def _named(player: TonightPlayer) -> dict[str, object]:
    return {name: getattr(player, name) for name in NamedPlayer.model_fields}


def _at_least(points: int) -> Callable[[PlayedGame], bool]:
    return lambda game: game.points >= points


_STREAKS: Final[dict[str, Callable[[PlayedGame], bool]]] = {
    "over_line": lambda game: game.closing_line is not None and game.points > game.closing_line,
    "under_line": lambda game: game.closing_line is not None and game.points < game.closing_line,
    **{f"at_least_{mark}_points": _at_least(mark) for mark in SCORING_MARKS},
}
