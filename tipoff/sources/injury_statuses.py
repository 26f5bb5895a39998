"""The official report's five statuses, and the words that other providers use for them."""

from __future__ import annotations

import re
from typing import Final

from tipoff.vocabulary import shortened

AVAILABLE, PROBABLE, QUESTIONABLE, DOUBTFUL, OUT = STATUSES = (
    "Available",
    "Probable",
    "Questionable",
    "Doubtful",
    "Out",
)

_WORDS: Final = {
    AVAILABLE: ("available", "active", "healthy"),
    PROBABLE: ("probable",),
    QUESTIONABLE: (
        "questionable",
        "day to day",
        "dtd",
        "game time decision",
        "gametime decision",
        "gtd",
    ),
    DOUBTFUL: ("doubtful",),
    OUT: (
        "out",
        "ofs",
        "ruled out",
        "suspension",
        "suspended",
        "league suspension",
        "team suspension",
        "inactive",
        "injured list",
        "injured reserve",
        "ir",
        "il",
        "not with team",
        "nwt",
        "did not play",
        "dnp",
        "did not dress",
        "dnd",
        "will not play",
        "ineligible",
        "not eligible",
    ),
}
_STATUS_OF_WORD: Final = {word: status for status, words in _WORDS.items() for word in words}
_OUT_FOR: Final = re.compile(r"out (?!of\b)")
"""Such as "Out for season" and "Out indefinitely", but not "out of the protocol"."""
_NOTE: Final = re.compile(r"\(.*?\)")


def status_of(provider_status: str) -> str | None:
    """The official report's word for a provider's, without regard to case, hyphens and notes in brackets.

    None for an unknown word: it does not say that the player is healthy.
    """
    plain = " ".join(re.findall(r"[^\W_]+", _NOTE.sub(" ", provider_status).casefold()))
    return OUT if _OUT_FOR.match(plain) else _STATUS_OF_WORD.get(plain)


def unknown_status(provider_status: str) -> str:
    """The reason for leaving out an entry whose status is unknown."""
    return f"unknown status {shortened(provider_status)!r}"
