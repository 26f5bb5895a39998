"""The first page: tonight in short before the games, how it went after them, or what the day waits for until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from tipoff.grading.outcomes import FINAL, POSTPONED
from tipoff.publishing.page import verdict_of
from tipoff.publishing.site.best_bets import bets_of
from tipoff.publishing.site.exports import Exports, Shown
from tipoff.publishing.site.graded import games_with_results
from tipoff.publishing.site.live import evening_of, newest_games, scores
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.site.results import RESULTS_OF_DATE
from tipoff.publishing.site.tonight import TONIGHT, tonight
from tipoff.publishing.slate import Game
from tipoff.publishing.status import STATUS
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import DayStatus, Frozen, View

BETS_SHOWN: Final = 5


class PickFigures(Shown):
    """How the picks of a view of a system ended."""

    wins: int
    n: int
    low: float | None
    high: float | None
    profit: float | None


class ErrorFigures(Shown):
    """The mean errors of a view of a system and of the line on the same players."""

    n: int
    mae: float | None
    baseline_mae: float | None


class SystemFigures(Shown):
    """The figures of a view of a system on a date."""

    system_id: str
    view: View
    picks: PickFigures
    against_line: ErrorFigures


class FiguresPayload(Frozen):
    """The figures of a date."""

    systems: tuple[SystemFigures, ...]


def _content(exports: Exports, _: Key) -> Content:
    status = exports.read_as(STATUS.pointer, DayStatus)
    if status is None:
        return Content({"status": None})
    day = status.payload.game_date
    published = tonight(exports)
    predicted = published.payload if published and published.envelope.game_date == day else None
    games = newest_games(exports, day, predicted.games) if predicted else games_with_results(exports, day)
    bets = [each for each in bets_of(exports, day) if each.published.ended_at is None]
    values = {
        "status": status.payload,
        "verdict": verdict_of(status.payload),
        "games": games,
        "games_page": TONIGHT.path if predicted else RESULTS_OF_DATE.path.format(game_date=day),
        "players": predicted.players if predicted else (),
        "evening": evening_of(exports, day),
        "scores": scores(exports, day),
        "bets": bets[:BETS_SHOWN],
        "more_bets": len(bets) - BETS_SHOWN,
        "figures": _headline_figures(exports, day),
        "is_over": _is_over(games),
    }
    return Content(values, status.envelope, "How it went" if values["is_over"] else "Tonight")


def _is_over(games: Sequence[Game]) -> bool:
    return bool(games) and all(game.status in (FINAL, POSTPONED) for game in games)


def _headline_figures(exports: Exports, game_date: date) -> SystemFigures | None:
    results = exports.read_as(f"v1/results/{game_date}.json", FiguresPayload)
    systems = results.payload.systems if results else ()
    return next((each for each in systems if (each.system_id, each.view) == HEADLINE), None)


HOME: Final = Page(
    name="home",
    path="index.html",
    title="Tonight in short",
    summary="Tonight's games and best bets, or what the day waits for and until when.",
    template="home.html.j2",
    content=_content,
)
