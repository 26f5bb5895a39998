"""The first page: tonight in short, or what the day waits for and until when."""

from __future__ import annotations

from typing import Final

from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.status import STATUS
from tipoff.vocabulary import DayStatus


def _content(exports: Exports, _: Key) -> Content:
    status = exports.read_as(STATUS.pointer, DayStatus)
    return Content({"status": status.payload if status else None}, status.envelope if status else None)


HOME: Final = Page(
    name="home",
    path="index.html",
    title="Tonight in short",
    summary="Tonight's games and best bets, or what the day waits for and until when.",
    template="home.html.j2",
    content=_content,
)
