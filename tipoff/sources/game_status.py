"""The status of a game from the words of any schedule or scoreboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Final, NamedTuple

from tipoff.vocabulary import shortened

SCHEDULED, LIVE, FINAL, POSTPONED = "scheduled", "live", "final", "postponed"
UNKNOWN = "unknown"
"""The provider's word is unknown: the game stays on the slate, and is neither final nor as planned."""

OVER: Final = frozenset({FINAL, POSTPONED})
"""Statuses after which nobody polls for the game any more."""

BEGUN: Final = frozenset({LIVE, FINAL})

_NOT_PLAYED: Final = re.compile(
    "postp[a-z]*|pstpd?|ppd?|cancel[a-z]*|canc|cncl|forfeit[a-z]*|suspend[a-z]*|susp|abandon[a-z]*|abd|abort[a-z]*|"
    "unnecessary|unneeded"
)
_NOT_NEEDED: Final = re.compile(r"\b(not|no longer) (necessary|needed|required)\b")
"""Said of an "if necessary" game of a series that is decided."""
_TO_BE_DETERMINED: Final = re.compile(
    r"\b(t ?b ?[acd]|to be (announced|confirmed|decided|defined|determined|scheduled))\b"
)
_IF_NECESSARY: Final = re.compile(r"\bif (necessary|needed|required)\b")
_FINAL: Final = re.compile("final|f|ft|full|completed?|finished|ended|over")
_LIVE: Final = re.compile(
    "q[0-9]|[0-9]?ot[0-9]?|[0-9](st|nd|rd|th)|first|second|third|fourth|half|halftime|ht|qtr|quarter|period|overtime|"
    "end|beginning|regulation|progress|live|timeout|break"
)
_AS_PLANNED: Final = re.compile(
    "[0-9]+(am|pm|a|p|z|t[0-9]+)?|am|pm|e[sd]?t|c[sd]?t|m[sd]?t|p[sd]?t|utc|gmt|scheduled|not|started|start|"
    "status|pre|pregame|upcoming|delay(ed)?|rain|if|necessary|needed|of|in|at|the|game|time"
)
"""Words of a tip-off or of a game that has not begun, and words without a meaning of their own."""
_NOT_PLAYED_FLAG: Final = frozenset({"y", "p", "c", "yes", "true"})
_PLAYED_FLAG: Final = frozenset({"", "n", "a", "no", "false"})
""""A" is "as scheduled"."""


class GameStatus(NamedTuple):
    """A game's status: scheduled, live, final, postponed or unknown."""

    status: str
    unknown: str = ""
    """The reason for an unknown status, with the provider's words; empty when the status is known."""

    @property
    def is_final(self) -> bool:
        return self.status == FINAL

    @property
    def is_postponed(self) -> bool:
        return self.status == POSTPONED


def meaning_of(text: str) -> str:
    """The status that a provider's text or name means, in any case: "PPD - weather", "STATUS_CANCELLED", "Q4 2:30"."""
    plain = _plain(text)
    words = _TO_BE_DETERMINED.sub("", plain).split()
    if words == ["p"] or any(map(_NOT_PLAYED.fullmatch, words)) or _NOT_NEEDED.search(plain):
        return POSTPONED
    if not all(map(_is_known, words)):
        return UNKNOWN
    return next((status for status, known in _MEANINGS if any(map(known.fullmatch, words))), SCHEDULED)


def is_to_be_determined(text: str) -> bool:
    """Whether a provider's text says that the tip-off is not fixed: "TBD", "4/29 - TBA", "To be determined"."""
    return _TO_BE_DETERMINED.search(_plain(text)) is not None


def is_if_necessary(text: str) -> bool:
    """Whether a provider's text says that the game is played only if the series needs it."""
    return _IF_NECESSARY.search(_plain(text)) is not None


def _plain(text: str) -> str:
    """The words of a text or name in lower case, each after a space."""
    return " ".join(re.findall(r"[^\W_]+", text.replace(".", "").casefold()))


def status_of(planned: str | None, texts: Iterable[str], points: Callable[[], Iterable[int]]) -> GameStatus:
    """The status of one entry. Postponed beats all else; a final game has points on both sides.

    `planned`: the status by the provider's code; None for an unknown code. `texts`: what else states it. `points`: of
    both sides, called for a final game only.
    """
    said = [text for text in texts if _plain(text)]
    meanings = {text: meaning_of(text) for text in said}
    if POSTPONED in meanings.values():
        return GameStatus(POSTPONED)
    unknown = [text for text, meaning in meanings.items() if meaning == UNKNOWN or _contradicts(planned, meaning)]
    if planned is None or unknown:
        return unknown_status(*(unknown or said))
    if planned == FINAL and min(points()) <= 0:
        return GameStatus(UNKNOWN, "final without points")
    return GameStatus(planned)


def status_of_text(text: str, points: Callable[[], Iterable[int]]) -> GameStatus:
    """The status of one entry whose text alone states it."""
    meaning = meaning_of(text)
    return status_of(None if meaning == UNKNOWN or not _plain(text) else meaning, [text], points)


def unknown_status(*words: object) -> GameStatus:
    """An unknown status, with the provider's words."""
    return GameStatus(UNKNOWN, f"unknown game status {shortened(' '.join(map(str, words)), 60)!r}")


def flag_means_postponed(flag: str) -> bool | None:
    """Whether a flag such as `postponedStatus` says that the game is not played; None for an unknown one."""
    plain = flag.strip().casefold()
    if plain in _PLAYED_FLAG:
        return False
    return True if plain in _NOT_PLAYED_FLAG or meaning_of(plain) == POSTPONED else None


_MEANINGS: Final = ((FINAL, _FINAL), (LIVE, _LIVE))
_KNOWN: Final[Collection[re.Pattern[str]]] = (_NOT_PLAYED, _FINAL, _LIVE, _AS_PLANNED)


def _is_known(word: str) -> bool:
    return any(pattern.fullmatch(word) for pattern in _KNOWN)


def _contradicts(planned: str | None, meaning: str) -> bool:
    """Whether the text means another end of the game than the code: one says that it is over, the other that it is not.

    A text may be ahead of the code while the game is live.
    """
    return (planned, meaning) in {(SCHEDULED, FINAL), (FINAL, SCHEDULED), (FINAL, LIVE)}
