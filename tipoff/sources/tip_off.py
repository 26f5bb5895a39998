"""Whether the time that a provider lists for a game is its tip-off: one "to be determined" is a placeholder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tipoff.sources.game_status import is_to_be_determined
from tipoff.vocabulary import SlateGame


def fixed_tip_off(listed: datetime, texts: Iterable[str], *, is_valid: bool = True) -> datetime | None:
    """The listed time of a game; None when its tip-off is not fixed, and the time stands for the date only.

    `texts`: what the provider says about status and time, such as "TBD". `is_valid`: whether it calls the time valid.
    """
    return listed if is_valid and not any(map(is_to_be_determined, texts)) else None


def seconds_from_tip_off(game: SlateGame, start: datetime) -> float:
    """How far a provider's start of a game is from its tip-off; 0 while the tip-off is not fixed."""
    return abs((start - game.tip_off).total_seconds()) if game.tip_off else 0.0
