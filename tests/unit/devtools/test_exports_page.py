"""The page of all exports is generated from their declarations."""

from __future__ import annotations

import re

from devtools.exports_page import page
from runtime import PROJECT


def test_the_page_is_current() -> None:
    assert (PROJECT / "docs/exports.md").read_text() == page(), "run: python -m devtools.exports_page > docs/exports.md"


def test_every_link_leads_to_a_section_or_a_word() -> None:
    text = page()
    targets = {heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.M)}
    words = set(re.findall(r'^\| <a id="(\w+)"></a>\w+ \| `', text, re.M))
    assert set(re.findall(r"\(#([\w-]+)\)", text)) - targets == words
