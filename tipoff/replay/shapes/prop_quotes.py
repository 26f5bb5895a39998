"""Prop lines as a book quotes them, and the faults that change them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from math import floor
from typing import Any, NamedTuple

from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.shapes.view import ArchiveView, Game

_AFTER_TIP = timedelta(minutes=20)
_POINTS_IN_PLAY = 6.0
_ALTERNATE_STEP = 4.0
_LIKELY, _UNLIKELY = -350, 260


class Quote(NamedTuple):
    """One prop line of one book for one player; the price of a side that is not offered is None."""

    book: str
    player_name: str
    line: float
    over_price_american: int | None
    under_price_american: int | None
    updated_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Quote":
        """The quote of a row of the archive's prop lines."""
        return cls(
            row["book"],
            row["player_name"],
            row["line"],
            row["over_price_american"],
            row["under_price_american"],
            row["snapshot_at"],
        )


def with_quote_faults(quotes: Sequence[Quote], game: Game, view: ArchiveView) -> list[Quote]:
    """The quotes after all quote faults of the view, applied in order."""
    changed = list(quotes)
    for fault in view.quote_faults:
        changed = [new for quote in changed for new in _apply_quote_fault(fault, quote, game, view)]
    return changed


def _apply_quote_fault(fault: Fault, quote: Quote, game: Game, view: ArchiveView) -> list[Quote]:
    if fault.books and quote.book not in fault.books:
        return [quote]
    return QUOTE_FAULTS[fault.kind](quote, game, view, fault)


def _one_sided(quote: Quote, game: Game, view: ArchiveView, fault: Fault) -> list[Quote]:
    return [quote._replace(under_price_american=None)]


def _alternate(quote: Quote, game: Game, view: ArchiveView, fault: Fault) -> list[Quote]:
    lower, higher = quote.line - _ALTERNATE_STEP, quote.line + _ALTERNATE_STEP
    below = quote._replace(line=lower, over_price_american=_LIKELY, under_price_american=_UNLIKELY)
    above = quote._replace(line=higher, over_price_american=_UNLIKELY, under_price_american=_LIKELY)
    return [*([below] if lower > 0 else []), quote, above]


def _integer_line(quote: Quote, game: Game, view: ArchiveView, fault: Fault) -> list[Quote]:
    return [quote._replace(line=float(max(floor(quote.line), 1)))]


def _in_play(quote: Quote, game: Game, view: ArchiveView, fault: Fault) -> list[Quote]:
    stamped = max(view.as_of, game.tip_off + _AFTER_TIP)
    return [quote._replace(line=quote.line + _POINTS_IN_PLAY, updated_at=stamped)]


def _moved_line(quote: Quote, game: Game, view: ArchiveView, fault: Fault) -> list[Quote]:
    return [quote._replace(line=max(quote.line + (fault.points or 0), 0.5))]


QUOTE_FAULTS: Mapping[FaultKind, Callable[[Quote, Game, ArchiveView, Fault], list[Quote]]] = {
    FaultKind.ONE_SIDED: _one_sided,
    FaultKind.ALTERNATE: _alternate,
    FaultKind.INTEGER_LINE: _integer_line,
    FaultKind.IN_PLAY: _in_play,
    FaultKind.MOVED_LINE: _moved_line,
}
