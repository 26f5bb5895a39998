"""What a provider's start of a game says about its tip-off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time

from tipoff.sources.game_status import is_if_necessary, is_to_be_determined
from tipoff.vocabulary import EASTERN, SlateGame


def is_placeholder(start: datetime | None, texts: Iterable[str], *, if_necessary: bool = False) -> bool:
    """Whether a start is no tip-off: a text says "TBD", or a game "if necessary" stands at midnight Eastern.

    `start`: None where it is unreadable. `if_necessary`: what a flag says.
    """
    texts = tuple(texts)
    if any(map(is_to_be_determined, texts)):
        return True
    at_midnight = start is not None and start.astimezone(EASTERN).time() == time.min
    return at_midnight and (if_necessary or any(map(is_if_necessary, texts)))


def seconds_from_tip_off(game: SlateGame, start: datetime) -> float:
    """The seconds between a provider's start of a game and its tip-off; 0 while the tip-off is not fixed."""
    return abs((start - game.tip_off).total_seconds()) if game.tip_off else 0.0
