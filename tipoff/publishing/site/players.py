"""The index of the players of a season, with search."""

from __future__ import annotations

from typing import Final

from tipoff.publishing.players import INDEX, PlayersPayload
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.pages import Content, Key, Page
from tipoff.publishing.site.tonight import tonight


def _content(exports: Exports, _: Key) -> Content:
    predicted = tonight(exports)
    index = exports.read_as(INDEX.path, PlayersPayload)
    lines = {each.player_id: each.line for each in predicted.payload.players} if predicted else {}
    if index is None:
        return Content({"season": None, "predicted": predicted, "lines": lines})
    values = {
        "season": index.payload.season,
        "players": index.payload.players,
        "teams": sorted({each.team for each in index.payload.players}),
        "predicted": predicted,
        "lines": lines,
    }
    return Content(values, index.envelope)


PLAYERS_PAGE: Final = Page(
    name="players",
    path="players.html",
    title="Players",
    summary="Every player who was on court in the season, with his averages and tonight's line.",
    template="players.html.j2",
    content=_content,
    menu="Players",
)
