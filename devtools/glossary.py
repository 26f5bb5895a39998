"""Writes the terms of the domain, which the site lists, too, into docs/glossary.md: `python -m devtools.glossary`."""

from __future__ import annotations

from typing import Final

from runtime import PROJECT
from tipoff.publishing.glossary import terms

FILE: Final = PROJECT / "docs" / "glossary.md"
_BEGIN: Final = "## The domain\n"
_END: Final = "## The machine\n"


def glossary(present: str) -> str:
    """Return the glossary with the table of the domain's terms as they are declared."""
    before, after = present.split(_BEGIN)
    rows = "".join(f"| {each.word} | {each.meaning} |\n" for each in terms())
    return f"{before}{_BEGIN}\n| word | meaning |\n|---|---|\n{rows}\n{_END}{after.split(_END)[1]}"


if __name__ == "__main__":
    FILE.write_text(glossary(FILE.read_text(encoding="utf-8")), encoding="utf-8")
