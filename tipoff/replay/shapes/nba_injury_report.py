"""ak-static.cms.nba.com Injury-Report PDFs: hourly until December 2025, every quarter of an hour since then.

Columns, page size and font sizes are those of the recorded report. The font is Helvetica, narrowed to the width of the
original font.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from tipoff.replay.archive.rosters import injury_report
from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import access_denied
from tipoff.replay.shapes.espn_roster import without_accents
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN, eastern

QUARTER_HOURLY_SINCE = date(2025, 12, 22)
_NEXT_DAY_DEADLINE = time(17, 30)
"""Teams report on tomorrow's game by this Eastern time, unless they play today."""
_NOT_YET = "NOT YET SUBMITTED"

HEADINGS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
EDGES = (19.15, 115.59, 195.95, 260.24, 420.98, 581.71, 662.07, 822.8)
"""Left edges of the columns, and the right edge of the last column."""
_PAGE = (841.95, 595.35)
_ROW_HEIGHT, _LINE_HEIGHT = 22.04, 14.03
_FIRST_PAGE_TOP, _NEXT_PAGE_TOP = 121.7, 75.9  # of the first row; the first page has headings above it
_LAST_ROW_BOTTOM = 522.0
_HORIZONTAL_SCALE, _SPACE = 88, 2.26  # percent of the width of Helvetica; points between words of size 10


class Entry(NamedTuple):
    """One row of the report with all columns; the page omits leading columns equal to those of the row above."""

    game_date: str
    game_time: str
    matchup: str
    team: str
    player: str
    status: str
    reason: str


def report(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The report of a stamp; 403 when it is not yet published, does not exist or has no games."""
    stamp = _stamp(params["stamp"])
    if stamp is None or stamp > view.as_of:
        return access_denied()
    today = stamp.astimezone(EASTERN).date()
    days = (today, today + timedelta(days=1))
    if not any(view.index.by_date.get(day) for day in days):
        return access_denied()
    entries = tuple(entry for day in days for entry in _entries(view, day, stamp))
    return UpstreamResponse(200, _pdf(entries, stamp), "application/pdf")


def _stamp(text: str) -> datetime | None:
    """The time of a file name (half past the hour for hourly reports); None when no report has that name."""
    quarter_hourly = text.count("_") == 2
    try:
        local = datetime.strptime(text, "%Y-%m-%d_%I_%M%p" if quarter_hourly else "%Y-%m-%d_%I%p")  # noqa: DTZ007
    except ValueError:
        return None
    if quarter_hourly != (local.date() >= QUARTER_HOURLY_SINCE) or local.minute % 15:
        return None
    return eastern(local.date(), local.hour, local.minute if quarter_hourly else 30)


def _entries(view: ArchiveView, game_date: date, stamp: datetime) -> Iterator[Entry]:
    """Entries by game, visitors first, without games that have begun and teams without absences."""
    reported = _reported(view, game_date, stamp)
    for game in view.games_on(game_date):
        for team in (game.away, game.home) if game.tip_off > stamp else ():
            if _has_reported(view, team, game_date, stamp):
                yield from (_entry(game, team, *player) for player in reported.get((game.game_id, team), ()))
            else:
                yield _entry(game, team, "", "", _NOT_YET)


def _reported(view: ArchiveView, game_date: date, stamp: datetime) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    players: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    rows = injury_report(view.index.archive, game_date, stamp)
    for row in rows.select("game_id", "team", "player_name", "status", "reason").iter_rows():
        game_id, team, name, status, reason = row
        players.setdefault((game_id, team), []).append((_last_first(name), status, reason))
    return {side: sorted(listed) for side, listed in players.items()}


def _has_reported(view: ArchiveView, team: str, game_date: date, stamp: datetime) -> bool:
    local = stamp.astimezone(EASTERN)
    if local.date() == game_date:
        return True
    plays_before = any(team in (game.home, game.away) for game in view.index.by_date.get(local.date(), ()))
    return local.time() >= _NEXT_DAY_DEADLINE and not plays_before


def _last_first(name: str) -> str:
    first, last = first_and_last(without_accents(name))
    return f"{last}, {first}" if first else last


def _entry(game: Game, team: str, player: str, status: str, reason: str) -> Entry:
    full_name = f"{TEAMS[team].city} {TEAMS[team].name}"
    local = game.tip_off.astimezone(EASTERN)
    return Entry(f"{game.game_date:%m/%d/%Y}", f"{local:%I:%M} (ET)", game.label, full_name, player, status, reason)


class PageLine(NamedTuple):
    """An entry on its page: the top and height of its row, its wrapped reason, and the first column to print."""

    entry: Entry
    top: float
    height: float
    reason: list[str]
    first_column: int


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


def _pages(entries: tuple[Entry, ...]) -> list[list[PageLine]]:
    pages: list[list[PageLine]] = [[]]
    above, top = None, _FIRST_PAGE_TOP
    for entry in entries:
        line = _page_line(entry, above, top)
        if line.top + line.height > _LAST_ROW_BOTTOM:
            pages.append([])
            line = line._replace(top=_NEXT_PAGE_TOP)
        pages[-1].append(line)
        above, top = entry, line.top + line.height
    return pages


def _page_line(entry: Entry, above: Entry | None, top: float) -> PageLine:
    first_column = 0 if above is None else _first_difference(entry, above)
    reason = _wrapped(entry.reason)
    new_team = 1.0 if first_column <= HEADINGS.index("Team") else 0.0
    return PageLine(entry, top, _ROW_HEIGHT + new_team + _LINE_HEIGHT * (len(reason) - 1), reason, first_column)


def _first_difference(entry: Entry, above: Entry) -> int:
    """The first column that differs from the row above; player, status and reason are always printed."""
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
    return float(stringWidth(word, font, size)) * _HORIZONTAL_SCALE / 100


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


def _draw_line(canvas: Canvas, line: PageLine) -> None:
    canvas.setStrokeColorRGB(0.5, 0.5, 0.5)
    canvas.line(EDGES[line.first_column], _PAGE[1] - line.top, EDGES[-1], _PAGE[1] - line.top)
    middle = line.top + (line.height - 10) / 2 + 0.65
    for column in range(line.first_column, len(HEADINGS) - 1):
        _draw_text(canvas, EDGES[column] + 4.95, middle, line.entry[column])
    first = middle - _LINE_HEIGHT / 2 * (len(line.reason) - 1)
    for number, text in enumerate(line.reason):
        _draw_text(canvas, EDGES[-2] + 4.95, first + number * _LINE_HEIGHT, text)


def _draw_text(canvas: Canvas, x: float, top: float, text: str, font: str = "Helvetica", size: float = 10) -> None:
    """Draw word by word without space characters, as the recorded report does; `top` is measured from the top."""
    ascent = 0.793 * size
    for word in text.split():
        line = canvas.beginText(x, _PAGE[1] - top - ascent)
        line.setFont(font, size)
        line.setHorizScale(_HORIZONTAL_SCALE)
        line.textOut(word)
        canvas.drawText(line)
        x += _word_width(word, font, size) + _SPACE * size / 10


ENDPOINTS = (
    Endpoint(
        "nbac_injury_report",
        "ak-static.cms.nba.com",
        r"referee/injury/Injury-Report_(?P<stamp>[^/]+)\.pdf",
        report,
        special_faults=frozenset({FaultKind.YESTERDAYS}),
    ),
)
