"""Control characters and marks of the writing direction are stripped where texts of providers enter."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from typing import Any

import pytest

from devtools.handmade_responses import pdf_of
from tests.support.made_responses import SLATE, made_response
from tipoff.foreign_text import plain_text
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.csv_payload import CsvPayload
from tipoff.sources.json_payload import JsonPayload
from tipoff.sources.pdf import pages_of
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

HIDDEN = "\x00\x07\x1b\x7f\x9b\u200b\u200e\u200f\u202e\u2066\u2069\u061c\ufeff\xad"
MARKS_OF_DIRECTION = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def with_hidden(value: Any) -> Any:
    """The document with hidden characters at the end of every text."""
    if isinstance(value, str):
        return value + HIDDEN
    if isinstance(value, dict):
        return {name: with_hidden(item) for name, item in value.items()}
    return [with_hidden(item) for item in value] if isinstance(value, list) else value


def test_no_control_character_or_mark_of_direction_remains() -> None:
    cleaned = plain_text("".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)])))
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(character) for character in cleaned} & MARKS_OF_DIRECTION


def test_hidden_characters_are_removed_and_breaks_become_a_blank() -> None:
    assert plain_text(f"A{HIDDEN}nn\r\n\tBell\u2028Jr.") == "Ann Bell Jr."
    assert plain_text("Dončić\xa0Ž. 東") == "Dončić\xa0Ž. 東"


JSON_SOURCES = [name for name in SOURCES if made_response(name).kind == "json"]


@pytest.mark.parametrize("name", JSON_SOURCES)
@pytest.mark.parametrize("escaped", [True, False])
def test_rows_of_a_json_response_are_free_of_hidden_characters(name: str, escaped: bool) -> None:
    made = made_response(name)
    hidden = with_hidden(copy.deepcopy(made.body))
    content = json.dumps(hidden, ensure_ascii=escaped).encode()
    payload = JsonPayload(name, content)
    assert payload._content == made.body
    assert made.model_copy(update={"body": hidden}).judge_and_read(SOURCES[name]) == made.expected


def test_cells_and_headings_of_a_csv_file_are_free_of_hidden_characters() -> None:
    payload = CsvPayload(
        "here", f"pla{HIDDEN}yer,team\nAnn{HIDDEN},BOS\n".replace("\0", "").encode(), frozenset({"player"})
    )
    assert payload.rows[0].text("player") == "Ann"


def test_words_of_a_pdf_are_free_of_hidden_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"words": [["Ann\u202eBell\x1b[31m", 1.0, 2.0]], "characters": 1, "seconds": 0.0}
    replies = iter([page, {}])
    monkeypatch.setattr("tipoff.sources.pdf.PDF_PROCESS.page", lambda *_: next(replies))
    (((word,),),) = pages_of("here", pdf_of([["x"]]))
    assert word["text"] == "AnnBell[31m"


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("field", ["message", "error", "error_code"])
def test_the_reason_of_a_refusal_is_free_of_hidden_characters(name: str, field: str) -> None:
    body = json.dumps({field: f"be\x1b[2Jware{HIDDEN}\n2026 INFO all is well"}).encode()
    request = Request(host=SOURCES[name].provider.host, path="/")
    response = Response(status=422, headers={}, body=body, url="", fetched_at=made_response(name).as_of)
    reason = SOURCES[name].judge(request, response, SLATE).reason
    assert "be[2Jware 2026 INFO all is well" in reason
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u202e]", reason)


def test_a_reason_is_free_of_hidden_characters_wherever_it_comes_from() -> None:
    judgement = Judgement(outcome=Outcome.PROVIDER_ERROR, reason=f"no{HIDDEN} data\nINFO all is well")
    assert judgement.reason == "no data INFO all is well"
