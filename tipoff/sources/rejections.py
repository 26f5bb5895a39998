"""Reasons for leaving an entry of a response out that several feeds share; each is counted under its reason."""

from datetime import date

NOT_ON_SLATE = "game not on the slate"
REPEATED = "repeated"


def another_date(game_date: date) -> str:
    """The reason for a game of another date than the slate's."""
    return f"game of another date than {game_date}"
