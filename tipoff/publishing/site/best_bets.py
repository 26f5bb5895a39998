"""The best bets of a date as they were first published, with price, stake, reason and result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from pydantic import AwareDatetime

from tipoff.grading.outcomes import FINAL, grade, profit_units
from tipoff.publishing.envelope import Envelope
from tipoff.publishing.figures import range_bar
from tipoff.publishing.site.exports import Exports, Published, Shown
from tipoff.publishing.site.graded import graded_players
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.site.tonight import scale
from tipoff.vocabulary import Frozen, Grade

BEST_BETS: Final = "v1/best-bets"
BetKey = tuple[str, str, str, float]
"""Game, player, side and line."""


class Bet(Shown):
    """A bet of one version."""

    player_id: str
    player_name: str
    game_id: str
    team: str
    opponent: str
    home: bool
    tip_off: AwareDatetime | None
    recommendation: str
    line: float
    price_american: float
    book: str
    confidence: float
    expected_value: float
    points: float
    low_80: float
    high_80: float
    rationale: str

    @property
    def key(self) -> BetKey:
        """What makes it the same bet in a later version, whatever its price is then."""
        return self.game_id, self.player_id, self.recommendation, self.line


class BetsPayload(Frozen):
    """The bets of one version, the best first."""

    bets: tuple[Bet, ...]


class PublishedBet(NamedTuple):
    """A bet as it was first published: a later version adds and ends bets, but changes none."""

    bet: Bet
    published_at: datetime
    ended_at: datetime | None
    """When it was no longer among the best; None while it is."""


class BetResult(NamedTuple):
    """How a bet ended."""

    grade: Grade
    actual_points: int | None
    void_reason: str | None
    profit_units: float


class ShownBet(NamedTuple):
    """A bet as the page shows it."""

    published: PublishedBet
    result: BetResult | None
    bar: str


def published_bets(versions: Sequence[Published[BetsPayload]]) -> list[PublishedBet]:
    """Return every bet of the versions of a date, the oldest version first; the current ones come first, by rank."""
    first: dict[BetKey, tuple[Bet, datetime]] = {}
    ended: dict[BetKey, datetime | None] = {}
    for envelope, payload in versions:
        current = {bet.key: bet for bet in payload.bets}
        for key, bet in current.items():
            first.setdefault(key, (bet, envelope.as_of))
        for key in first:
            ended[key] = None if key in current else ended.get(key) or envelope.as_of
    newest = [bet.key for bet in versions[-1].payload.bets] if versions else []
    past = [key for key in first if key not in newest]
    return [PublishedBet(*first[key], ended[key]) for key in (*newest, *past)]


def bets_of(exports: Exports, game_date: date) -> list[ShownBet]:
    """Return the bets of a date with their results."""
    folder = f"{BEST_BETS}/{game_date}"
    versions = [exports.read_as(f"{folder}/{name}.json", BetsPayload) for name in sorted(exports.names(folder))]
    published = published_bets([each for each in versions if each is not None])
    results = _results(exports, game_date, [each.bet for each in published])
    top = scale(each.bet.high_80 for each in published)
    return [
        ShownBet(each, result, _bar(each.bet, result, top)) for each, result in zip(published, results, strict=True)
    ]


def _bar(bet: Bet, result: BetResult | None, top: int) -> str:
    return range_bar(bet.low_80, bet.points, bet.high_80, top, bet.line, result.actual_points if result else None)


def _results(exports: Exports, game_date: date, bets: Iterable[Bet]) -> list[BetResult | None]:
    """Return how each bet ended at the price at which it was published; None before its game is graded."""
    graded = graded_players(exports, game_date)
    results: list[BetResult | None] = []
    for bet in bets:
        if (ended := graded.get((bet.game_id, bet.player_id))) is None:
            results.append(None)
            continue
        points = ended.actual_points
        outcome = grade(bet.recommendation, bet.line, points, points is not None, FINAL)
        profit = profit_units(outcome, bet.recommendation, bet.price_american) or 0.0
        results.append(BetResult(outcome, points, ended.void_reason, profit))
    return results


def _latest(exports: Exports, _: Key) -> Content:
    dates = exports.dates(BEST_BETS)
    return _shown(exports, dates[0], dates[1:]) if dates else Content({"game_date": None, "bets": [], "earlier": []})


def _of_date(exports: Exports, key: Key) -> Content:
    return _shown(exports, date.fromisoformat(key["game_date"]), [])


def _shown(exports: Exports, game_date: date, earlier: Sequence[date]) -> Content:
    """Show the bets of a date; the page of the newest date links the earlier ones."""
    bets = bets_of(exports, game_date)
    ended = [each.result for each in bets if each.result is not None]
    decided = [result for result in ended if result.grade in (Grade.WIN, Grade.LOSS)]
    values = {
        "game_date": game_date,
        "bets": bets,
        "earlier": earlier,
        "ended": ended,
        "decided": len(decided),
        "wins": sum(result.grade is Grade.WIN for result in decided),
        "profit": sum(result.profit_units for result in ended),
    }
    return Content(values, _envelope(exports, game_date), f"Best bets of {game_date}")


def _envelope(exports: Exports, game_date: date) -> Envelope | None:
    return exports.envelope(f"{BEST_BETS}/{game_date}.json")


BEST_BETS_PAGE: Final = Page(
    name="best-bets",
    path="best-bets.html",
    title="Best bets",
    summary="The few picks with the highest expected value, each with price, stake and reason.",
    template="best_bets.html.j2",
    content=_latest,
    menu="Best bets",
)
BEST_BETS_OF_DATE: Final = Page(
    name="best-bets",
    path="best-bets/{game_date}.html",
    title="Best bets of a date",
    summary="The best bets of one date as they were published, and how they ended.",
    template="best_bets.html.j2",
    content=_of_date,
    keys=lambda exports: [{"game_date": f"{day}"} for day in exports.dates(BEST_BETS)],
    keys_of_date=lambda _, game_date: [{"game_date": f"{game_date}"}],
)
