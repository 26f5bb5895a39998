"""The terms of the domain as data, for the site and for `docs/glossary.md`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from tipoff.vocabulary import Frozen

_FILE: Final = Path(__file__).with_name("glossary.toml")


class Term(Frozen):
    """A word and what it means here."""

    word: str
    meaning: str


def terms() -> tuple[Term, ...]:
    """Return the terms by word."""
    return tuple(Term.model_validate(each) for each in tomllib.loads(_FILE.read_text(encoding="utf-8"))["term"])
