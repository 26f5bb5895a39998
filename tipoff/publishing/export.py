"""What an export is: one declaration of its name, its files, their meaning and their payload."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tipoff.vocabulary import Frozen

SCHEMAS: Final = "v1/schemas"
_NAMES: Final = {
    "{game_date}": r"\d{4}-\d\d-\d\d",
    "{player_id}": r"\d+",
    "{as_of}": r"\d{8}T\d{6}Z(-\d+)?",
}
"""What a path may leave open -> the values that it may have; several versions of a time are numbered."""


class Export(NamedTuple):
    """The declaration of one kind of export."""

    name: str
    path: str
    """Its file, such as "v1/players/{player_id}.json"; one whose path names no date shows one date at a time."""
    summary: str
    """What it tells, in one sentence."""
    written: str
    """When it is written."""
    payload: type[Frozen]
    """What the file holds beside the envelope."""
    pointer: str = ""
    """A second file with the same content whose path names no date, such as "v1/results/latest.json"."""
    today_only: bool = False
    """A file whose path names no date is written on its date only; otherwise it never goes back to an earlier date."""
    versions: bool = False
    """Each content is kept in a file of its own, in a folder beside the file of the date, and never changes."""
    reads: tuple[str, ...] = ()
    """The SQL files that it is made of."""

    @property
    def is_dated(self) -> bool:
        """Whether the path of its file names the date."""
        return "{game_date}" in self.path

    @property
    def schema_path(self) -> str:
        """The path of its JSON Schema."""
        return f"{SCHEMAS}/{self.name}.json"

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each of its files: the versions, the file itself, and the one without a date."""
        versions = (self.path.replace(".json", "/{as_of}.json"),) if self.versions else ()
        return (*versions, self.path, *([self.pointer] if self.pointer else []))

    def has_file(self, path: str) -> bool:
        """Whether a path is that of a file of this export."""
        return any(re.fullmatch(_pattern(each), path) for each in self.paths)


def _pattern(path: str) -> str:
    pattern = re.escape(path)
    for name, values in _NAMES.items():
        pattern = pattern.replace(re.escape(name), values)
    return pattern
