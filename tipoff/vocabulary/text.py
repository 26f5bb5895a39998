"""Texts for people: of bounded length, with plurals, and errors in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_MAX_NAME_LENGTH = 100
_LONGEST_WORD = 30
"""A text is cut between words, unless one is longer."""
_URL_PATH = re.compile(r"(https?://)([^\s/?#]+)[/?#][^\s;,()]*?(?=[:.]?(?:[\s;,()]|$))")
_CLASS = r"\b(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Warning)"
_NOT_FOR_PEOPLE = (
    (re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>[:,]? ?"), ""),
    (re.compile(r"\bHTTPS?ConnectionPool\(host='([^']*)', port=(\d+)\)"), r"\1:\2"),
    (re.compile(r"\[Errno -?\d+\] "), ""),
    (re.compile(_CLASS + r"\((['\"])(.*?)\1,?\)"), r"\2"),
    (re.compile(_CLASS + r"(?:: |\(\))"), ""),
)
"""What libraries write into their errors, and what is shown instead."""


def shortened(text: str, limit: int = 500) -> str:
    """A text in at most `limit` characters: its URLs without their paths; if that is too long, its beginning and end.

    A reason starts with what went wrong and ends with what the day does about it. Of a URL, the host matters most: its
    path would take the room of the cause, which follows it.
    """
    if len(text) <= limit:
        return text
    text = _URL_PATH.sub(r"\2", text)
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    least = max(3, half - _LONGEST_WORD)
    stop, start = text.rfind(" ", least, half), text.find(" ", len(text) - half, len(text) - least)
    return f"{text[: half if stop < 0 else stop]} … {text[-half if start < 0 else start + 1 :]}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What a misspelled name may have meant, to append to an error: " (did you mean lines?)", or nothing."""
    by_lower_case = {each.lower(): str(each) for each in known}
    similar = get_close_matches(name[:_MAX_NAME_LENGTH].lower(), by_lower_case)
    return f" (did you mean {' or '.join(by_lower_case[each] for each in similar)}?)" if similar else ""


def label(title: str, name: str) -> str:
    """What people read for a step or source: its title, and in brackets the name that commands take."""
    return f"{title} ({name})"


def counted(count: int, noun: str) -> str:
    """A number of things, such as "1 game" or "1,200 rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def reason_of(error: BaseException) -> str:
    """What went wrong, in words for people: without class names, numbers of the system and addresses of objects."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.strerror}: {error.filename}"
    return reason_in_words(type(error).__name__, str(error))


def reason_in_words(class_name: str, text: str) -> str:
    """The text of an error of a class; without a text, the name of the class as words."""
    for pattern, shown in _NOT_FOR_PEOPLE:
        text = pattern.sub(shown, text)
    if class_name == "KeyError":
        return f"there is no {text}"
    return text.strip() or re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", class_name).lower()
