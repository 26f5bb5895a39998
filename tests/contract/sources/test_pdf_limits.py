"""Limits of a PDF, since the parser has none."""

import zlib
from base64 import a85encode
from collections.abc import Callable

import pytest

from devtools.handmade_responses import pdf_of
from tipoff.errors import ContractError
from tipoff.sources.pdf import MAX_BYTES, MAX_PAGES, MAX_UNPACKED_BYTES, pages_of, text_of

CONTENT = b"BT /F1 9 Tf 72 700 Td (Hello) Tj ET "


def pdf_with(stream: bytes, filters: str) -> bytes:
    """A PDF of one page whose content is this stream; the parser repairs the table of offsets."""
    return b"\n".join(
        [
            b"%PDF-1.4",
            b"1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
            b"2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj",
            b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 792 792] /Contents 4 0 R"
            b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >> endobj",
            f"4 0 obj << /Length {len(stream)} /Filter [{filters}] >>".encode(),
            b"stream",
            stream,
            b"endstream endobj",
            b"trailer << /Root 1 0 R /Size 5 >>",
            b"%%EOF",
        ]
    )


def twice(content: bytes) -> bytes:
    return zlib.compress(zlib.compress(content))


def as_text(content: bytes) -> bytes:
    return a85encode(zlib.compress(content)) + b"~>"


@pytest.mark.parametrize(
    ("packed", "filters"),
    [
        (zlib.compress, "/FlateDecode"),
        (twice, "/FlateDecode /FlateDecode"),
        (as_text, "/ASCII85Decode /FlateDecode"),
    ],
    ids=["deflated", "deflated twice", "deflated in ASCII85"],
)
def test_a_bomb_is_refused_before_it_is_unpacked_and_a_page_packed_the_same_way_is_read(
    packed: Callable[[bytes], bytes], filters: str
) -> None:
    (page,) = pages_of("here", pdf_with(packed(CONTENT), filters))
    assert list(map(text_of, page)) == ["Hello"]
    bomb = pdf_with(packed(CONTENT.ljust(10 * MAX_UNPACKED_BYTES)), filters)
    assert len(bomb) < MAX_BYTES
    with pytest.raises(ContractError, match=r"is a PDF that unpacks to more than 20,971,520 bytes"):
        next(pages_of("here", bomb))


def test_many_small_bombs_count_together() -> None:
    stream = b"stream\n" + zlib.compress(bytes(MAX_UNPACKED_BYTES // 4)) + b"\nendstream\n"
    with pytest.raises(ContractError, match="unpacks to more than"):
        next(pages_of("here", pdf_of([["Hello"]]).replace(b"%%EOF", 5 * stream + b"%%EOF")))


def test_a_large_body_is_refused_without_parsing() -> None:
    with pytest.raises(ContractError, match=r"is a PDF of more than 5,242,880 bytes"):
        next(pages_of("here", b"%PDF-1.4\n".ljust(MAX_BYTES, b" ") + b"%%EOF"))


def test_too_many_pages_are_refused() -> None:
    assert len(list(pages_of("here", pdf_of([["Hello"]] * MAX_PAGES)))) == MAX_PAGES
    with pytest.raises(ContractError, match="is a PDF of more than 60 pages"):
        list(pages_of("here", pdf_of([["Hello"]] * (MAX_PAGES + 1))))
