"""PDF answers as lines of words, found by where the words stand on the page."""

from __future__ import annotations

import zlib
from base64 import a85decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from operator import itemgetter
from typing import Any

from tipoff.errors import ContractError

Word = dict[str, Any]
"""A word with its text and place, as pdfplumber says them."""
TextLine = list[Word]

MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED_BYTES = 20 * 1024 * 1024
MOST_PAGES = 60
"""What a report may be at most, for the parser knows no limits: those recorded stay far below."""

_SAME_LINE = 2.0  # points
_PIECE = 64 * 1024
_LAYERS = 3
"""ASCII85 around what was deflated twice; nobody packs oftener."""


def problem_of_pdf(body: bytes) -> str:
    """What shows without reading it that a body is no whole PDF, or is too large for one; empty when nothing does."""
    if not body.startswith(b"%PDF-"):
        return "something else where a PDF is due"
    if len(body) > MOST_BYTES:
        return f"a PDF of more than {MOST_BYTES:,} bytes"
    if b"%%EOF" not in body[-2048:]:
        return "a PDF that was cut short"
    left = MOST_UNPACKED_BYTES
    for part in body.split(b"endstream"):
        left -= _unpacked_bytes(part.partition(b"stream")[2].lstrip(b"\r\n"), left)
        if left < 0:
            return f"a PDF that unpacks to more than {MOST_UNPACKED_BYTES:,} bytes"
    return ""


def _unpacked_bytes(content: bytes, most: int) -> int:
    """Bytes of a stream's largest layer, itself apart; where it is more than `most`, not all of it is unpacked."""
    largest = 0
    for _ in range(_LAYERS):
        content = _inflated(content, most) or _plain(content)
        largest = max(largest, len(content))
    return largest


def _inflated(content: bytes, most: int) -> bytes:
    """What a deflated stream holds, as far as it is whole; empty when it is none."""
    inflate, unpacked = zlib.decompressobj(), bytearray()
    with suppress(zlib.error):
        for start in range(0, len(content), _PIECE):
            unpacked += inflate.decompress(content[start : start + _PIECE], most + 1)
            if inflate.eof or len(unpacked) > most:
                break
    return bytes(unpacked)


def _plain(content: bytes) -> bytes:
    """The bytes of an ASCII85 stream; empty when it is none."""
    text, end, _ = content.partition(b"~>")
    with suppress(ValueError):
        return a85decode(text) if end else b""
    return b""


def pages_of(source: str, body: bytes) -> Iterator[list[TextLine]]:
    """The lines of each page from the top, each a list of words from the left; a page is read when it is its turn.

    Raises ContractError for what is no PDF, was cut short, is encrypted, is too large, or has no page.
    """
    import pdfplumber

    if problem := problem_of_pdf(body):
        raise ContractError(source, "$", f"is {problem}")
    pages = 0
    try:
        with pdfplumber.open(BytesIO(body)) as document:
            for page in document.pages:
                pages += 1
                if pages > MOST_PAGES:
                    raise ContractError(source, "$", f"is a PDF of more than {MOST_PAGES} pages")
                yield _lines(page.extract_words(x_tolerance=1.5))
    except ContractError:
        raise
    except Exception as error:  # the parser has no error of its own for what is damaged
        raise ContractError(source, "$", f"is no PDF that can be read: {error!r}"[:200]) from error
    if not pages:
        raise ContractError(source, "$", "is a PDF without pages")


def text_of(line: Iterable[Word]) -> str:
    """The words of a line, with single blanks between them."""
    return " ".join(word["text"] for word in line)


def _lines(words: Iterable[Word]) -> list[TextLine]:
    lines: list[TextLine] = []
    for word in sorted(words, key=itemgetter("top")):
        if lines and word["top"] - lines[-1][0]["top"] < _SAME_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=itemgetter("x0")) for line in lines]
