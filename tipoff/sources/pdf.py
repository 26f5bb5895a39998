"""PDF answers as lines of words, found by where the words stand on the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from operator import itemgetter
from typing import Any

from tipoff.errors import ContractError

Word = dict[str, Any]
"""A word with its text and place, as pdfplumber says them."""
Line = list[Word]

_SAME_LINE = 2.0  # points


def pages_of(source: str, body: bytes) -> Iterator[list[Line]]:
    """The lines of each page from the top, each a list of words from the left; a page is read when it is its turn.

    Raises ContractError for what is no PDF, is encrypted, or has no page.
    """
    import pdfplumber

    pages = 0
    try:
        with pdfplumber.open(BytesIO(body)) as document:
            for page in document.pages:
                yield _lines(page.extract_words(x_tolerance=1.5))
                pages += 1
    except Exception as error:  # the parser has no error of its own for what is damaged
        raise ContractError(source, "$", f"is no PDF that can be read: {error!r}"[:200]) from error
    if not pages:
        raise ContractError(source, "$", "is a PDF without pages")


def text_of(line: Iterable[Word]) -> str:
    """The words of a line, with single blanks between them."""
    return " ".join(word["text"] for word in line)


def _lines(words: Iterable[Word]) -> list[Line]:
    lines: list[Line] = []
    for word in sorted(words, key=itemgetter("top")):
        if lines and word["top"] - lines[-1][0]["top"] < _SAME_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=itemgetter("x0")) for line in lines]
