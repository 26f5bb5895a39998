"""Checks a folder with a site as a reader finds it: links, requests to other hosts, sizes, and well-formed HTML."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

LARGEST_PAGE: Final = 200_000
VOID: Final = frozenset({"meta", "link", "br", "hr", "img", "input", "rect", "line", "circle", "path", "polyline"})
_LINKS: Final = {"a": "href", "link": "href", "img": "src", "script": "src", "iframe": "src", "use": "href"}


class _Page(HTMLParser):
    """Collects ids and links, and what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.headings: list[int] = []
        self.open: list[str] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if name := values.get("id"):
            self.ids[name] += 1
        if link := values.get(_LINKS.get(tag, "")):
            self.links.append(link)
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(int(tag[1:]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")


def checked_pages(folder: Path) -> list[Path]:
    """Check every HTML file below a folder of exports and return them."""
    files = sorted(folder.rglob("*.html"))
    pages = {file.resolve(): _read(file) for file in files}
    for file, page in pages.items():
        where = file.relative_to(folder.resolve())
        assert file.stat().st_size < LARGEST_PAGE, f"{where} has {file.stat().st_size} bytes"
        assert not page.problems, f"{where}: {page.problems}"
        assert not page.open, f"{where}: {page.open} are not closed"
        assert not (twice := [name for name, count in page.ids.items() if count > 1]), (
            f"{where}: ids {twice} are not unique"
        )
        assert page.headings[:1] == [1], f"{where}: the first heading is h{page.headings[:1]}"
        assert page.headings.count(1) == 1, f"{where} has several h1"
        for link in page.links:
            _check_link(folder, file, link, pages)
    return files


def _check_link(folder: Path, file: Path, link: str, pages: dict[Path, _Page]) -> None:
    where = f"{file.relative_to(folder.resolve())}: {link}"
    target = urlsplit(link)
    if target.scheme == "data":
        return
    assert not target.scheme, f"{where} leads to another host"
    assert not target.netloc, f"{where} leads to another host"
    goal = (file.parent / unquote(target.path)).resolve() if target.path else file
    assert goal.is_relative_to(folder.resolve()), f"{where} leaves the exports"
    assert goal.is_file(), f"{where} leads nowhere"
    if target.fragment and goal in pages:
        assert target.fragment in pages[goal].ids, f"{where} names a part that the page does not have"


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text(encoding="utf-8"))
    return page
