"""Answers made by hand in the shape that a provider's public clients know, where no answer was recorded."""

import json
from collections.abc import Mapping
from typing import Any

_UPDATED = "2024-02-22 19:40:11"


def _book(book: int, line: float, cost: int | None, **said: Any) -> dict[str, Any]:
    quoted = {"line": line, "cost": cost, "main": True, "active": True, "is_off": False, "best": False}
    return {"id": book, "lines": [quoted | {"updated": _UPDATED} | said]}


def _offer(number: int, player: str, overs: list[Any], unders: list[Any]) -> dict[str, Any]:
    first, last = player.split(" ", 1)
    names = {
        "short_name": f"{first[0]}. {last}",
        "first_name": first,
        "last_name": last,
        "team": "CLE",
    }
    return {
        "id": f"156:{number}",
        "sport": "NBA",
        "market_id": 156,
        "event_id": 23814,
        "player_id": number,
        "link": "/nba/props/",
        "active": True,
        "participants": [{"id": str(number), "name": player, "player": names}],
        "selections": [
            {"id": f"{number}-{side}", "selection": side, "label": side.capitalize(), "active": True, "books": books}
            for side, books in (("over", overs), ("under", unders))
        ],
    }


_LEVERT = _offer(
    2923,
    "Caris LeVert",
    [_book(0, 11.5, -125), _book(10, 11.5, -122), _book(12, 11.5, -130), _book(37, 11.5, -110)],
    [_book(0, 11.5, -105), _book(10, 11.5, -106), _book(12, 11.5, 100), _book(37, 11.5, -110)],
)
_GARLAND = _offer(
    3513,
    "Darius Garland",
    [_book(12, 20.5, -110), _book(13, 20.5, None, is_off=True), _book(19, 21.5, 105)],
    [_book(12, 20.5, -120), _book(13, 20.5, None, is_off=True)],
)
_PAGINATION = {"page": 1, "limit": 10, "total_pages": 1, "total_items": 2}

MADE: Mapping[str, bytes] = {
    "made/bettingpros_offers": json.dumps({"offers": [_LEVERT, _GARLAND], "_pagination": _PAGINATION}).encode(),
}
"""Name of the case's file -> the answer."""
