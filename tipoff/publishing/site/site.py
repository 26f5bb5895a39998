"""Renders the site from the exports alone: HTML pages and one style sheet, written beside the exports.

A page contains no wall-clock time, so the same exports give the same page, and only what changed is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import Final

from tipoff.publishing.site.best_bets import BEST_BETS_OF_DATE, BEST_BETS_PAGE
from tipoff.publishing.site.days import DAYS, LATEST_DAYS
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.home import HOME
from tipoff.publishing.site.method import METHOD
from tipoff.publishing.site.pages import FOLDER, Key, Page
from tipoff.publishing.site.player import PLAYER_PAGE
from tipoff.publishing.site.players import PLAYERS_PAGE
from tipoff.publishing.site.results import LATEST_RESULTS, RESULTS_OF_DATE
from tipoff.publishing.site.season import SEASON
from tipoff.publishing.site.systems import SYSTEMS_PAGE
from tipoff.publishing.site.tonight import TONIGHT
from tipoff.publishing.site.trends import TRENDS_PAGE
from tipoff.publishing.store import ExportStore
from tipoff.publishing.templating import template

PAGES: Final[tuple[Page, ...]] = (
    HOME,
    TONIGHT,
    BEST_BETS_PAGE,
    BEST_BETS_OF_DATE,
    TRENDS_PAGE,
    LATEST_RESULTS,
    RESULTS_OF_DATE,
    SYSTEMS_PAGE,
    SEASON,
    PLAYERS_PAGE,
    PLAYER_PAGE,
    LATEST_DAYS,
    DAYS,
    METHOD,
)
"""Every page; those with a menu label in the order of the navigation."""
PAGES_OF_EVENING: Final[tuple[Page, ...]] = (HOME, TONIGHT)
"""Those that show games in play."""
STYLE: Final = "assets/style.css"


def publish_site(store: ExportStore, game_date: date | None = None, pages: Iterable[Page] = PAGES) -> tuple[str, ...]:
    """Write those of the pages that the exports of a date change, or all; return the paths of what was written.

    The style sheet comes first, then the pages of dates and players, then those that lead to them.
    """
    exports = Exports(store)
    files = {page.file(key) for page in PAGES for key in page.keys(exports)}
    changed = [(page, key) for page in pages for key in page.changed_keys(exports, game_date)]

    def render(each: tuple[Page, Key]) -> tuple[str, str]:
        page, key = each
        return page.file(key), _html(page, page.file(key), key, Exports(store), files)

    def write(rendered: tuple[str, str]) -> tuple[str, ...]:
        file, text = rendered
        return (path,) if store.write_if_changed(path := f"{FOLDER}/{file}", text.encode()) else ()

    of_keys = store.each(render, [(page, key) for page, key in changed if key and page.file(key) in files])
    leading = store.each(render, [(page, key) for page, key in changed if not key])
    style = template("site.css.j2").render()
    written = (store.each(write, rendered) for rendered in ([(STYLE, style)], of_keys, leading))
    return tuple(chain.from_iterable(chain.from_iterable(written)))


def _html(page: Page, file: str, key: Key, read: Exports, files: set[str]) -> str:
    """Render one file; `root` leads from it to the folder of the site, `files` are the files that may be linked."""
    content = page.content(read, key)
    return template(page.template).render(
        {
            **content.values,
            "page": page,
            "title": content.title or page.title,
            "root": "../" * file.count("/"),
            "files": files,
            "menu": [each for each in PAGES if each.menu],
            "envelope": content.envelope,
            "damaged": read.damaged,
            "style": STYLE,
        }
    )
