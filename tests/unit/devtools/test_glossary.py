"""The glossary has the terms that the site lists."""

from __future__ import annotations

from devtools.glossary import FILE, glossary
from tipoff.publishing.glossary import terms


def test_the_terms_of_the_domain_are_the_declared_ones() -> None:
    present = FILE.read_text(encoding="utf-8")
    assert present == glossary(present), (
        "write the term into tipoff/publishing/glossary.toml, then run: python -m devtools.glossary"
    )


def test_a_term_is_listed_once() -> None:
    words = [each.word.casefold() for each in terms()]
    assert len(set(words)) == len(words)
