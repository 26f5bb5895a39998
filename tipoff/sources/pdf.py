"""PDF payloads as lines of words, by the position of the words on the page."""

from __future__ import annotations

import zlib
from base64 import a85decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from operator import itemgetter
from typing import Any

from tipoff.errors import ContractError
from tipoff.foreign_text import plain_text
from tipoff.sources.pdf_process import MAX_CHARACTERS, MAX_CPU_SECONDS, PDF_PROCESS

Word = dict[str, Any]
"""A word with its text and position in points: `text`, `x0`, `top`."""
TextLine = list[Word]

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 20 * 1024 * 1024
MAX_PAGES = 60
"""Limits of a report; recorded reports are far smaller. Parsing has further limits (`tipoff.sources.pdf_process`)."""

_SAME_LINE = 2.0  # points
_CHUNK_BYTES = 64 * 1024
_LAYERS = 3
"""Encodings of a stream that are unpacked: ASCII85 around two deflations."""


def problem_of_pdf(body: bytes) -> str:
    """Why a body is not a complete PDF or is too large, as far as shows without parsing; empty when nothing does."""
    if not body.startswith(b"%PDF-"):
        return "not a PDF"
    if len(body) > MAX_BYTES:
        return f"a PDF of more than {MAX_BYTES:,} bytes"
    if b"%%EOF" not in body[-2048:]:
        return "a PDF that was cut short"
    left = MAX_UNPACKED_BYTES
    for part in body.split(b"endstream"):
        left -= _unpacked_bytes(part.partition(b"stream")[2].lstrip(b"\r\n"), left)
        if left < 0:
            return f"a PDF that unpacks to more than {MAX_UNPACKED_BYTES:,} bytes"
    return ""


def _unpacked_bytes(content: bytes, most: int) -> int:
    """Bytes of a stream's largest unpacked layer; unpacking stops above `most`."""
    largest = 0
    for _ in range(_LAYERS):
        content = _inflated(content, most) or _plain(content)
        largest = max(largest, len(content))
    return largest


def _inflated(content: bytes, most: int) -> bytes:
    """The content of a deflated stream, as far as it is intact; empty for another stream."""
    inflate, unpacked = zlib.decompressobj(), bytearray()
    with suppress(zlib.error):
        for start in range(0, len(content), _CHUNK_BYTES):
            unpacked += inflate.decompress(content[start : start + _CHUNK_BYTES], most + 1)
            if inflate.eof or len(unpacked) > most:
                break
    return bytes(unpacked)


def _plain(content: bytes) -> bytes:
    """The content of an ASCII85 stream; empty for another stream."""
    text, end, _ = content.partition(b"~>")
    with suppress(ValueError):
        return a85decode(text) if end else b""
    return b""


def pages_of(source: str, body: bytes) -> Iterator[list[TextLine]]:
    """The lines of each page from top to bottom, each a list of words from left to right. Pages are parsed lazily.

    Raises ContractError for a body that is not a PDF, cut short, encrypted, too large, or without pages.
    """
    if problem := problem_of_pdf(body):
        raise ContractError(source, "$", f"is {problem}")
    index, seconds, characters = 0, float(MAX_CPU_SECONDS), MAX_CHARACTERS
    while page := PDF_PROCESS.page(body, index, seconds, characters):
        index += 1
        if problem := page.get("problem", ""):
            raise ContractError(source, "$", f"is {problem}")
        if index > MAX_PAGES:
            raise ContractError(source, "$", f"is a PDF of more than {MAX_PAGES} pages")
        seconds, characters = max(seconds - page["seconds"], 0.0), characters - page["characters"]
        yield _lines([{"text": plain_text(text), "x0": x0, "top": top} for text, x0, top in page["words"]])
    if not index:
        raise ContractError(source, "$", "is a PDF without pages")


def text_of(line: Iterable[Word]) -> str:
    """The words of a line, separated by single blanks."""
    return " ".join(word["text"] for word in line)


def _lines(words: Iterable[Word]) -> list[TextLine]:
    lines: list[TextLine] = []
    for word in sorted(words, key=itemgetter("top")):
        if lines and word["top"] - lines[-1][0]["top"] < _SAME_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=itemgetter("x0")) for line in lines]
