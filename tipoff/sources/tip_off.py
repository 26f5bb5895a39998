"""How far a provider's start of a game is from its tip-off."""

from __future__ import annotations

from datetime import datetime

from tipoff.vocabulary import SlateGame


def seconds_from_tip_off(game: SlateGame, start: datetime) -> float:
    """The seconds between a provider's start of a game and its tip-off; 0 while the tip-off is not fixed."""
    return abs((start - game.tip_off).total_seconds()) if game.tip_off else 0.0
