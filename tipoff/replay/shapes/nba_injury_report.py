"""ak-static.cms.nba.com Injury-Report PDFs: hourly until December 2025, since then every quarter of an hour.

Columns, page and type sizes are those of the recorded report. The font is Helvetica,
narrowed to the width of theirs.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from tipoff.replay.archive.rosters import injury_report
from tipoff.replay.shapes.espn_roster import plain
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.refusals import access_denied
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN, eastern

QUARTER_HOURLY_SINCE = date(2025, 12, 22)
_NEXT_DAY_DUE = time(17, 30)
"""Teams report on tomorrow's game by the late afternoon, unless they play today."""
_NOT_YET = "NOT YET SUBMITTED"

HEADINGS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
EDGES = (19.15, 115.59, 195.95, 260.24, 420.98, 581.71, 662.07, 822.8)
"""Left edges of the columns, and the right edge of the last."""
_PAGE = (841.95, 595.35)
_ROW, _LINE = 22.04, 14.03
_FIRST_ROW = {True: 121.7, False: 75.9}  # on the first page below the headings; on the others at the top
_LAST_ROW_ENDS = 522.0
_NARROW, _SPACE = 88, 2.26  # per cent of Helvetica's width; points between words of size 10


class Entry(NamedTuple):
    """One line of the report, all columns filled; the page leaves out what the line above says already."""

    game_date: str
    game_time: str
    matchup: str
    team: str
    player: str
    status: str
    reason: str


def report(view: View, params: Params) -> UpstreamResponse:
    """The report of a stamp; 403 when it is not out yet, never was, or tells of no game."""
    stamp = _stamp(params["stamp"])
    if stamp is None or stamp > view.as_of:
        return access_denied()
    today = stamp.astimezone(EASTERN).date()
    days = (today, today + timedelta(days=1))
    if not any(view.past.by_date.get(day) for day in days):
        return access_denied()
    entries = tuple(entry for day in days for entry in _entries(view, day, stamp))
    return UpstreamResponse(200, _pdf(entries, stamp), "application/pdf")


def _stamp(text: str) -> datetime | None:
    """The moment a file name stands for (hourly reports: half past); None when no report has the name."""
    quarter_hourly = text.count("_") == 2
    try:
        local = datetime.strptime(text, "%Y-%m-%d_%I_%M%p" if quarter_hourly else "%Y-%m-%d_%I%p")  # noqa: DTZ007
    except ValueError:
        return None
    if quarter_hourly != (local.date() >= QUARTER_HOURLY_SINCE) or local.minute % 15:
        return None
    return eastern(local.date(), local.hour, local.minute if quarter_hourly else 30)


def _entries(view: View, game_date: date, stamp: datetime) -> Iterator[Entry]:
    """By game, visitors first; games that have begun are gone, and so are teams with nobody to report."""
    reported = _reported(view, game_date, stamp)
    for game in view.games_on(game_date):
        for team in (game.away, game.home) if game.tip_off > stamp else ():
            if _has_reported(view, team, game_date, stamp):
                yield from (_entry(game, team, *player) for player in reported.get((game.game_id, team), ()))
            else:
                yield _entry(game, team, "", "", _NOT_YET)


def _reported(view: View, game_date: date, stamp: datetime) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    players: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    rows = injury_report(view.past.archive, game_date, stamp)
    for row in rows.select("game_id", "team", "player_name", "status", "reason").iter_rows():
        game_id, team, name, status, reason = row
        players.setdefault((game_id, team), []).append((_last_first(name), status, reason))
    return {side: sorted(listed) for side, listed in players.items()}


def _has_reported(view: View, team: str, game_date: date, stamp: datetime) -> bool:
    local = stamp.astimezone(EASTERN)
    if local.date() == game_date:
        return True
    plays_before = any(team in (game.home, game.away) for game in view.past.by_date.get(local.date(), ()))
    return local.time() >= _NEXT_DAY_DUE and not plays_before


def _last_first(name: str) -> str:
    first, last = first_and_last(plain(name))
    return f"{last}, {first}" if first else last


def _entry(game: Game, team: str, player: str, status: str, reason: str) -> Entry:
    full_name = f"{TEAMS[team].city} {TEAMS[team].name}"
    local = game.tip_off.astimezone(EASTERN)
    return Entry(f"{game.game_date:%m/%d/%Y}", f"{local:%I:%M} (ET)", game.label, full_name, player, status, reason)


class Line(NamedTuple):
    """An entry on its page: the top of its row, its wrapped reason, and the first column it has to repeat."""

    entry: Entry
    top: float
    height: float
    reason: list[str]
    speaks_from: int


@lru_cache(maxsize=256)
def _pdf(entries: tuple[Entry, ...], stamp: datetime) -> bytes:
    pages = _pages(entries)
    content = BytesIO()
    canvas = Canvas(content, pagesize=_PAGE, invariant=True, pageCompression=True)
    for number, lines in enumerate(pages, start=1):
        _draw_frame(canvas, stamp, f"Page {number} of {len(pages)}", with_headings=number == 1)
        for line in lines:
            _draw_line(canvas, line)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def _pages(entries: tuple[Entry, ...]) -> list[list[Line]]:
    pages: list[list[Line]] = [[]]
    above, top = None, _FIRST_ROW[True]
    for entry in entries:
        line = _line(entry, above, top)
        if line.top + line.height > _LAST_ROW_ENDS:
            pages.append([])
            line = line._replace(top=_FIRST_ROW[False])
        pages[-1].append(line)
        above, top = entry, line.top + line.height
    return pages


def _line(entry: Entry, above: Entry | None, top: float) -> Line:
    speaks_from = 0 if above is None else _first_difference(entry, above)
    reason = _wrapped(entry.reason)
    new_team = 1.0 if speaks_from <= HEADINGS.index("Team") else 0.0
    return Line(entry, top, _ROW + new_team + _LINE * (len(reason) - 1), reason, speaks_from)


def _first_difference(entry: Entry, above: Entry) -> int:
    """The first column that says something new; player, status and reason always do."""
    player = HEADINGS.index("Player Name")
    return next((column for column in range(player) if entry[column] != above[column]), player)


def _wrapped(text: str) -> list[str]:
    width = EDGES[-1] - EDGES[-2] - 2 * 5.0
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines or [""]


def _width(text: str, font: str = "Helvetica", size: float = 10) -> float:
    words = text.split()
    return sum(_word_width(word, font, size) for word in words) + _SPACE * size / 10 * (len(words) - 1)


def _word_width(word: str, font: str, size: float) -> float:
    return float(stringWidth(word, font, size)) * _NARROW / 100


def _draw_frame(canvas: Canvas, stamp: datetime, page: str, *, with_headings: bool) -> None:
    canvas.setFillColorRGB(0.114, 0.259, 0.541)
    canvas.rect(0, _PAGE[1] - 75.4, _PAGE[0], 40, stroke=0, fill=1)
    canvas.setFillColorRGB(1, 1, 1)
    title = f"Injury Report: {stamp.astimezone(EASTERN):%m/%d/%y %I:%M %p}"
    _draw_text(canvas, 289.1, 45.5, title, "Helvetica-Bold", 22)
    canvas.setFillColorRGB(0, 0, 0)
    _draw_text(canvas, 398.5, 538.1, page)
    if with_headings:
        for heading, left in zip(HEADINGS, EDGES, strict=False):
            _draw_text(canvas, left + 3.95, 107.7, heading, "Helvetica-Bold")


def _draw_line(canvas: Canvas, line: Line) -> None:
    canvas.setStrokeColorRGB(0.5, 0.5, 0.5)
    canvas.line(EDGES[line.speaks_from], _PAGE[1] - line.top, EDGES[-1], _PAGE[1] - line.top)
    middle = line.top + (line.height - 10) / 2 + 0.65
    for column in range(line.speaks_from, len(HEADINGS) - 1):
        _draw_text(canvas, EDGES[column] + 4.95, middle, line.entry[column])
    first = middle - _LINE / 2 * (len(line.reason) - 1)
    for place, text in enumerate(line.reason):
        _draw_text(canvas, EDGES[-2] + 4.95, first + place * _LINE, text)


def _draw_text(canvas: Canvas, x: float, top: float, text: str, font: str = "Helvetica", size: float = 10) -> None:
    """Word by word, without blanks between them, as the recorded report is set; `top` from the page's top."""
    ascent = 0.793 * size
    for word in text.split():
        line = canvas.beginText(x, _PAGE[1] - top - ascent)
        line.setFont(font, size)
        line.setHorizScale(_NARROW)
        line.textOut(word)
        canvas.drawText(line)
        x += _word_width(word, font, size) + _SPACE * size / 10
