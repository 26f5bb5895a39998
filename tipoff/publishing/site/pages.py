"""What a page of the site declares: its place, its templates, which files there are of it, and what each shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from tipoff.publishing.envelope import Envelope
from tipoff.publishing.site.exports import Exports

Key = Mapping[str, str]
"""Which file of a page: the values of the names in its path, such as player_id."""


class Content(NamedTuple):
    """What one file shows."""

    values: Mapping[str, Any]
    """The variables of the template."""
    envelope: Envelope | None = None
    """The envelope of the export that the file is about; the footer says its date and what it lacks."""
    title: str | None = None
    """None: the title of the page."""


def only_one(_: Exports) -> Iterable[Key]:
    """The key of a page of which there is one file."""
    return ({},)


class Page(NamedTuple):
    """One kind of page."""

    name: str
    """Its entry in the navigation is current."""
    path: str
    """Its place below `site/`, such as "players/{player_id}.html"."""
    title: str
    summary: str
    """What it tells, in one sentence."""
    template: str
    content: Callable[[Exports, Key], Content]
    keys: Callable[[Exports], Iterable[Key]] = only_one
    """The files that there are."""
    keys_of_date: Callable[[Exports, date], Iterable[Key]] | None = None
    """The files that the exports of a date change. None: all."""
    menu: str | None = None
    """Its label in the navigation, if it has an entry."""

    def file(self, key: Key) -> str:
        """Return the place of one file below `site/`."""
        return self.path.format(**key)

    def changed_keys(self, exports: Exports, game_date: date | None) -> Iterable[Key]:
        """Return the files that the exports of a date change; without a date, all."""
        if game_date is None or self.keys_of_date is None:
            return self.keys(exports)
        return self.keys_of_date(exports, game_date)


FOLDER: Final = "site"
"""The folder of the site in the export store."""
