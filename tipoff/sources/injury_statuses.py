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
        "unavailable",
        "not available",
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
_OUT_FOR: Final = re.compile(r"(out (?!of\b)|(suspended|suspension|inactive) )")
"""Such as "Out for season", "Out indefinitely" and "Suspended by the league", but not "out of the protocol"."""
_NOTE: Final = re.compile(r"\(.*?\)")
_REMARK: Final = re.compile(r"\s[-–—/:;]\s|[:;,]\s")
"""What stands between a status and a remark on it: "Questionable - ankle"."""


def status_of(provider_status: str) -> str | None:
    """The official report's word for a provider's, without regard to case, hyphens, and notes in brackets.

    A remark behind the word does not change it, unless it is a status, too, or the player is called available. None for
    an unknown word: it does not say that the player is healthy.
    """
    parts = [plain for part in _REMARK.split(_NOTE.sub(" ", provider_status)) if (plain := _plain(part))]
    status, *remarks = map(_status_of_words, parts or [""])
    is_unclear = any(remarks) or (remarks and status == AVAILABLE)
    return None if is_unclear else status


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _status_of_words(plain: str) -> str | None:
    return OUT if _OUT_FOR.match(plain) else _STATUS_OF_WORD.get(plain)


def unknown_status(provider_status: str) -> str:
    """The reason for leaving out an entry whose status is unknown."""
    return f"unknown status {shortened(provider_status)!r}"
