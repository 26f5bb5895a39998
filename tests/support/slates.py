"""Slates of tests."""

from __future__ import annotations

from datetime import datetime

from tipoff.vocabulary import SlateGame


def tip(game: SlateGame) -> datetime:
    """The tip-off of a game, which is fixed."""
    assert game.tip_off is not None
    return game.tip_off
