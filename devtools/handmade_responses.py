"""Handmade responses in the shape that public clients of a provider document, where none was recorded."""

import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from reportlab.pdfgen.canvas import Canvas

_UPDATED = "2024-02-22 19:40:11"


def _book(book: int, line: float, cost: int | None, **fields: Any) -> dict[str, Any]:
    quoted = {"line": line, "cost": cost, "main": True, "active": True, "is_off": False, "best": False}
    return {"id": book, "lines": [quoted | {"updated": _UPDATED} | fields]}


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

FINAL_BOX: Sequence[str] = """\
NATIONAL BASKETBALL ASSOCIATION
OFFICIAL SCORER'S REPORT FINAL BOX
Wednesday, April 10, 2024 Rocket Mortgage FieldHouse, Cleveland, OH
Officials: #24 Kevin Scott, #36 Brent Barnaky, #41 Nate Green
Game Duration: 2:10 Attendance: 19432 (Sellout)
VISITOR: Memphis Grizzlies (27-53)
POS MIN FG FGA 3P 3PA FT FTA OR DR TOT A PF ST TO BS +/- PTS
45 GG Jackson F 35:42 7 21 2 10 6 6 0 2 2 2 2 2 1 1 -13 22
24 Lamar Stevens F 37:17 4 13 2 5 6 6 2 4 6 3 2 1 1 4 7 16
55 Trey Jemison C 35:57 2 7 0 0 0 0 2 7 9 3 2 1 1 4 -17 4
3 Jake LaRavia G 40:00 10 18 8 11 4 5 1 6 7 1 1 2 5 1 -16 32
1 Scotty Pippen Jr. G 35:47 7 15 2 4 2 2 2 2 4 6 3 2 3 0 4 18
12 Timmy Allen 16:17 1 2 0 0 0 0 0 4 4 1 6 0 0 0 -13 2
9 Zavier Simpson 24:22 2 5 0 1 0 0 1 7 8 4 5 1 1 0 -7 4
41 Jack White 14:38 0 3 0 1 0 0 2 2 4 1 0 1 1 0 -5 0
7 Santi Aldama NWT - Injury/Illness - Right Foot; Strain
15 Brandon Clarke NWT - Injury/Illness - Right Hand; Contusion
10 Luke Kennard NWT - Injury/Illness - Left Knee; Injury Recovery
8 Ziaire Williams NWT - Injury/Illness - Right Low Back; Hip Strain
240:00 33 84 14 32 18 19 10 34 44 21 21 10 13 10 -12 98
39.3% 43.8% 94.7%
HOME: CLEVELAND CAVALIERS (47-33)
POS MIN FG FGA 3P 3PA FT FTA OR DR TOT A PF ST TO BS +/- PTS
1 Max Strus F 29:42 3 5 2 3 0 1 1 5 6 1 2 1 0 0 -1 8
4 Evan Mobley F 31:27 4 10 2 4 2 2 3 9 12 1 1 3 4 4 12 12
31 Jarrett Allen C 33:37 7 13 0 1 2 2 6 4 10 5 1 0 1 3 -2 16
45 Donovan Mitchell G 33:36 9 17 5 10 6 7 1 3 4 8 2 3 3 1 2 29
10 Darius Garland G 30:41 5 13 2 9 4 5 0 6 6 9 2 0 3 1 23 16
3 Caris LeVert 27:31 6 13 2 4 4 4 0 2 2 2 3 2 1 0 12 18
20 Georges Niang 17:57 1 3 1 2 1 2 0 2 2 1 2 0 1 1 19 4
35 Isaac Okoro 26:34 2 5 1 4 2 6 0 4 4 0 1 1 0 0 13 7
8 Pete Nance 01:50 0 1 0 0 0 0 0 0 0 0 0 1 0 0 -4 0
9 Craig Porter Jr. 01:50 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -4 0
15 Isaiah Mobley 01:50 0 2 0 0 0 0 1 0 1 0 1 0 0 0 -4 0
21 Emoni Bates 01:50 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -4 0
30 Damian Jones 01:35 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -2 0
24 Marcus Morris Sr. DNP - Coach's Decision
13 Tristan Thompson DNP - Coach's Decision
240:00 37 82 15 37 21 29 12 35 47 27 15 11 13 10 12 110
45.1% 40.5% 72.4%
SCORE BY PERIOD 1 2 3 4 FINAL
Inactive: Grizzlies - Bane (Injury/Illness - Lumbar; Disc Bulge), Goodwin (G League - Two-Way), Jackson Jr.
(Injury/Illness - Right Quadriceps; Tendonitis), Konchar (Injury/Illness - Right Plantar; Fasciitis), Morant
(Injury/Illness - Right Shoulder; Labral Repair), Rose (Injury/Illness - Right Groin; Low Back Injury Recovery),
Smart (Injury/Illness - Right Ring Finger; Central Slip Tear), Watanabe (Personal), Williams Jr. (Injury/Illness
- Left Patellar; Tendonitis)
Inactive: Cavaliers - Jerome (Injury/Illness - Right Ankle; Surgery), Merrill (Injury/Illness - Neck; Strain),
Wade (Injury/Illness - Right Knee; Sprain)
""".splitlines()
"""A gamebook's page of the final box score, after the recorded parse of 2024-04-10; some numbers are invented."""


def page_of(title: str) -> list[str]:
    """A page about a part of the game, here with the counts of the whole game."""
    return [line.replace("FINAL BOX", title) for line in FINAL_BOX]


def pdf_of(pages: Iterable[Sequence[str]], gap: float = 3.0, encrypt: str | None = None) -> bytes:
    """A PDF of lines, set word by word with `gap` points between words."""
    content = BytesIO()
    canvas = Canvas(content, pagesize=(792, 792), invariant=True, encrypt=encrypt)
    for lines in pages:
        canvas.setFont("Helvetica", 7)
        for number, line in enumerate(lines):
            x = 36.0
            for word in line.split():
                canvas.drawString(x, 756 - 11 * number, word)
                x += canvas.stringWidth(word, "Helvetica", 7) + gap
        canvas.showPage()
    canvas.save()
    return content.getvalue()


_INJURY_COLUMNS = (19.15, 115.59, 195.95, 260.24, 420.98, 581.71, 662.07)
"""Left edges of the columns as the league's report has them, points."""
_INJURY_HEADINGS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")


def injury_report(
    rows: Iterable[Sequence[str]],
    stamp: str = "01/04/24 12:30 PM",
    columns: Sequence[float] = _INJURY_COLUMNS,
    headings: Sequence[str] = _INJURY_HEADINGS,
    encrypt: str | None = None,
) -> bytes:
    """An injury report of one page: a title, headings, and rows of as many cells, a blank one as the one above."""
    page = {20.0 * number: cells for number, cells in enumerate(rows, start=1)}
    return injury_report_of_pages([page], f"Injury Report: {stamp}".strip(), columns, headings, encrypt=encrypt)


def injury_report_of_pages(
    pages: Iterable[Mapping[float, Sequence[str]]],
    title: str = "Injury Report: 01/04/24 12:30 PM",
    columns: Sequence[float] = _INJURY_COLUMNS,
    headings: Sequence[str] = _INJURY_HEADINGS,
    foot: str = "",
    encrypt: str | None = None,
) -> bytes:
    """An injury report of pages, each a mapping from points below the headings to the cells of a line."""
    content = BytesIO()
    canvas = Canvas(content, pagesize=(1200, 600), invariant=True, encrypt=encrypt)
    for page in pages:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(289, 560, title)
        canvas.drawString(380, 20, foot)
        for below, cells in ({0.0: headings} | dict(page)).items():
            for left, cell in zip(columns, cells, strict=True):
                canvas.drawString(left, 530 - below, cell)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


MADE: Mapping[str, bytes] = {
    "made/bettingpros_offers": json.dumps({"offers": [_LEVERT, _GARLAND], "_pagination": _PAGINATION}).encode(),
    "made/gamebook.pdf": pdf_of([FINAL_BOX]),
    "made/gamebook_book.pdf": pdf_of([FINAL_BOX, page_of("1st QUARTER ONLY"), page_of("FIRST HALF")]),
}
"""File name of a case -> the body."""
