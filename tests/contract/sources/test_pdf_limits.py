"""Limits of a PDF, since the parser has none."""

import os
import resource
import signal
import zlib
from base64 import a85encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from devtools.handmade_responses import pdf_of
from tests.support.made_responses import PLAYERS, SLATE, made_response
from tipoff.errors import ContractError
from tipoff.sources.base import ReadContext, Request, Response
from tipoff.sources.pdf import MAX_BYTES, MAX_PAGES, MAX_UNPACKED_BYTES, pages_of, text_of
from tipoff.sources.pdf_process import MAX_CHARACTERS, PDF_PROCESS, PdfProcess
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

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


TEXT_BOMBS = {
    "characters": (b"BT /F1 9 Tf (" + b"a" * 1_000_000 + b") Tj ET ", "more than 100,000 characters"),
    "characters of many operators": (b"BT /F1 9 Tf " + b"(ab) Tj " * 100_000 + b"ET ", "more than 100,000 characters"),
    "shapes": (b"0 0 m 9 9 l S " * 1_400_000, r"takes more than (512 MiB|\d+ s) to parse"),
    "operands": (b"[" * 15_000_000, r"takes more than (512 MiB|\d+ s) to parse"),
}


@pytest.mark.parametrize("kind", TEXT_BOMBS)
def test_a_page_that_grows_while_it_is_parsed_is_refused_by_the_name_of_the_limit(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipoff.sources.pdf.MAX_CPU_SECONDS", 2)
    content, problem = TEXT_BOMBS[kind]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ContractError, match=f"is a PDF (of|that) {problem}"):
        next(pages_of("here", pdf_with(zlib.compress(content), "/FlateDecode")))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "the parser runs outside this process"
    (page,) = pages_of("here", pdf_of([["Hello"]]))
    assert list(map(text_of, page)) == ["Hello"], "the next report is read"


def test_the_characters_of_all_pages_count_together() -> None:
    page = ["x" * 80] * 50
    with pytest.raises(ContractError, match="more than 100,000 characters"):
        list(pages_of("here", pdf_of([page] * 28)))


@pytest.mark.parametrize("name", ["nbac_injury_report", "nbac_gamebook_player_stats"])
def test_a_bomb_is_judged_and_read_as_a_fault_of_its_source(name: str) -> None:
    made = made_response(name)
    bomb = pdf_with(zlib.compress(TEXT_BOMBS["characters"][0]), "/FlateDecode")
    response = Response(status=200, headers={}, body=bomb, url="", fetched_at=made.as_of)
    request = Request(host="cdn.nba.com", path="/", game_id=made.game_id, part=made.part)
    judgement = SOURCES[name].judge(request, response, SLATE)
    assert judgement.outcome is Outcome.WRONG_TYPE
    assert "more than 100,000 characters" in judgement.reason
    context = ReadContext(slate=SLATE, as_of=made.as_of, game_id=made.game_id, players=PLAYERS)
    with pytest.raises(ContractError, match="more than 100,000 characters"):
        SOURCES[name].read(bomb, context)


def test_pages_are_parsed_by_several_threads_and_after_the_child_has_ended() -> None:
    report = pdf_of([["Hello"], ["again"]])
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda _: [text_of(line) for page in pages_of("here", report) for line in page], range(8)))
    assert read == [["Hello", "again"]] * 8
    PDF_PROCESS.close()
    assert len(list(pages_of("here", report))) == 2


def test_a_child_that_reached_a_limit_is_ended() -> None:
    before = set(psutil.Process().children())
    page = PdfProcess().page(pdf_of([["Hello"]]), 0, seconds=10, characters=4)
    assert page["problem"] == "a PDF of more than 100,000 characters"
    assert set(psutil.Process().children()) == before


def test_a_child_that_crashes_leaves_no_file_and_one_that_hangs_is_ended_at_once() -> None:
    before = set(psutil.Process().children())
    process = PdfProcess()
    assert process.page(pdf_of([["Hello"]]), 0, seconds=10, characters=MAX_CHARACTERS)["words"]
    (child,) = set(psutil.Process().children()) - before
    assert child.rlimit(resource.RLIMIT_CORE)[0] == 0, "a crash writes no file"
    os.kill(child.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(process.close)
        try:
            closing.result(timeout=10)
        finally:
            if child.is_running():
                child.kill()
