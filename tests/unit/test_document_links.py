"""Every link in the documents leads to a file and a heading that exist."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from runtime import PROJECT

DOCUMENTS = sorted({*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "docs").glob("*.ipynb")})

_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')
_LINK_TEXT = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@cache
def text_of(document: Path) -> str:
    """The text of a document; of a notebook, that of its cells without code."""
    text = document.read_text(encoding="utf-8")
    if document.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


def links(document: Path) -> Iterator[str]:
    """The targets of a document's links, those in code left out."""
    for inline, defined in _LINK.findall(_CODE.sub("", text_of(document))):
        yield inline or defined


@cache
def anchors(document: Path) -> frozenset[str]:
    """The anchors in the text, and those that GitHub gives to the headings: a repeated one gets a number."""
    text = re.sub(r"^```.*?^```$", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    repeats: Counter[str] = Counter()
    names = set(_ANCHOR.findall(text))
    for heading in _HEADING.findall(text):
        plain = _LINK_TEXT.sub(r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        names.add(f"{slug}-{repeats[slug]}" if repeats[slug] else slug)
        repeats[slug] += 1
    return frozenset(names)


def problem_of(document: Path, link: str) -> str | None:
    """Why a link leads nowhere; None for one that does not, or that leads to another site."""
    if re.match(r"[a-z]+:", link):
        return None
    path, _, anchor = link.partition("#")
    file = (document.parent / path).resolve() if path else document
    if not file.is_relative_to(PROJECT) or not file.exists():
        return f"{link}: there is no such file"
    if anchor and anchor not in anchors(file):
        return f"{link}: {file.name} has no such heading or anchor"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    assert [problem for link in links(document) if (problem := problem_of(document, link))] == []


def test_a_link_to_nothing_is_detected(tmp_path: Path) -> None:
    readme = PROJECT / "README.md"
    assert problem_of(readme, "docs/drills.md#faults") is None
    assert problem_of(readme, "https://example.com/missing") is None
    assert problem_of(readme, "docs/missing.md") == "docs/missing.md: there is no such file"
    assert problem_of(readme, "../outside.md") == "../outside.md: there is no such file"
    assert (
        problem_of(readme, "docs/operations.md#none")
        == "docs/operations.md#none: operations.md has no such heading or anchor"
    )
    document = tmp_path / "a.md"
    document.write_text('# Two `parts`: A & b\n# Same\n# Same\n[one](#same-1 "title") `[code](#none)`\n[ref]: b.md\n')
    assert anchors(document) == {"two-parts-a--b", "same", "same-1"}
    assert list(links(document)) == ["#same-1", "b.md"]


def test_every_document_is_linked_from_another() -> None:
    linked = {
        (document.parent / link.partition("#")[0]).resolve()
        for document in DOCUMENTS
        for link in links(document)
        if not re.match(r"[a-z]+:|#", link)
    }
    alone = {PROJECT / name for name in ("README.md", "CHANGELOG.md")}
    unlinked = [each for each in DOCUMENTS if each not in linked and each.parent not in linked and each not in alone]
    assert unlinked == []
