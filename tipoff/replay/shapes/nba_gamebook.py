"""statsdmz.nba.com gamebook PDFs in their short form, published half an hour after the end of a game.

Jersey numbers, records, attendance and points by period are omitted, because the archive does not have them. It knows
who started, but not where: every starter is listed as a guard.
Inactive team-mates with the same last name are listed by full name; whether the NBA does so is unknown.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import NamedTuple

import polars as pl
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from tipoff.replay.archive.layout import DID_NOT_PLAY, PLAYED
from tipoff.replay.archive.rosters import NOT_RECORDED
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import not_found
from tipoff.replay.shapes.espn_roster import without_accents
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse
from tipoff.teams import TEAMS

APPEARS_AFTER = timedelta(minutes=30)
"""Time from the end of a game to its report."""

_HEADINGS = (
    *("MIN", "FG", "FGA", "3P", "3PA", "FT", "FTA", "OR", "DR", "TOT", "A"),
    *("PF", "ST", "TO", "BS", "+/-", "PTS"),
)
_COUNTS = (
    *("minutes", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb", "ast"),
    *("pf", "stl", "tov", "blk", "plus_minus", "points"),
)
"""Box-score columns in the order of the headings."""
_TABLE_STATUSES = {DID_NOT_PLAY: "DNP", "DID_NOT_DRESS": "DND", "NOT_WITH_TEAM": "NWT"}
"""Statuses of players without minutes who have a row in the table; the others are listed below it."""

_STARTER = " G"
"""What follows the name of a starter: a position."""

_PAGE = (612, 792)
_MARGIN, _LINE_HEIGHT, _SIZE = 36, 11, 7.5
_FONT = "Helvetica"
_COMMENT_LEFT = 205
"""Left edge of a comment, which takes the place of the counts."""
_EDGES = tuple(235 + 21 * column for column in range(len(_HEADINGS)))
"""Right edges of the count columns."""


class PageLine(NamedTuple):
    """One line of the page: its text, and either counts in their columns or a comment."""

    text: str
    counts: tuple[str, ...] = ()
    comment: str = ""


def gamebook(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The report of a game; 404 while there is none."""
    game = next(iter(requested_games(view, params)), None)
    if game is None or game.game_id in view.hidden_games or not view.is_final(game, APPEARS_AFTER):
        return not_found()
    return UpstreamResponse(200, _pdf(tuple(_lines(view, game))), "application/pdf")


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """The game of the parameters `date` (YYYYMMDD), `away` and `home`; empty when the archive does not have it."""
    label = f"{params['away']}@{params['home']}"
    return [game for game in view.index.by_date.get(_date(params["date"]), ()) if game.label == label]


def _date(text: str) -> date:
    """The date of eight digits; `date.min` when they are not a date."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return date.min


def _lines(view: ArchiveView, game: Game) -> Iterator[PageLine]:
    yield PageLine("NATIONAL BASKETBALL ASSOCIATION")
    yield PageLine("OFFICIAL SCORER'S REPORT FINAL BOX")
    yield PageLine(
        f"{game.game_date:%A, %B} {game.game_date.day}, {game.game_date.year}" + f" {game.arena or ''}".rstrip()
    )
    yield PageLine(f"Officials: {', '.join(_officials(view, game))}")
    yield from _side(view, game, f"VISITOR: {TEAMS[game.away].full_name}", game.away)
    yield from _side(view, game, f"HOME: {TEAMS[game.home].full_name.upper()}", game.home)
    for team in (game.away, game.home):
        yield from _inactive(view, game, team)


def _officials(view: ArchiveView, game: Game) -> list[str]:
    crew = view.index.archive.officials.filter(pl.col("game_id") == game.game_id).sort("position")
    return [without_accents(name) for name in crew["official_name"]]


def _side(view: ArchiveView, game: Game, title: str, team: str) -> Iterator[PageLine]:
    """The table of a team: players with minutes (starters first), players without, totals."""
    yield PageLine(title)
    yield PageLine("POS", counts=_HEADINGS)
    box, total = (_of_side(table, game, team) for table in (view.index.archive.player_box, view.index.archive.team_box))
    if not view.empty:
        played = box.sort("starter", "minutes", descending=True).select("player_name", "starter", *_COUNTS)
        for name, starter, *counts in played.iter_rows():
            yield PageLine(without_accents(name) + (_STARTER if starter else ""), _formatted(*counts))
        yield from _without_minutes_in_table(view, game, team)
    yield from (PageLine("", _formatted(*counts)) for counts in total.select(_COUNTS).iter_rows())


def _without_minutes_in_table(view: ArchiveView, game: Game, team: str) -> Iterator[PageLine]:
    for name, status, reason in _without_minutes(view, game, team):
        if status in _TABLE_STATUSES:
            yield PageLine(without_accents(name), comment=f"{_TABLE_STATUSES[status]} - {reason}")


def _inactive(view: ArchiveView, game: Game, team: str) -> Iterator[PageLine]:
    """The players who are not in the table, wrapped over as many lines as needed."""
    reasons = {
        without_accents(name): reason
        for name, status, reason in _without_minutes(view, game, team)
        if status not in _TABLE_STATUSES
    }
    last_names = Counter(map(_last_name, reasons))
    listed = (f"{_short_name(name, last_names)} ({reason})" for name, reason in reasons.items())
    if reasons and not view.empty:
        text = f"Inactive: {TEAMS[team].name} - {', '.join(listed)}"
        yield from map(PageLine, simpleSplit(text, _FONT, _SIZE, _PAGE[0] - 2 * _MARGIN))


def _short_name(name: str, last_names: Counter[str]) -> str:
    """The last name; the full name when two players share the last name."""
    last = _last_name(name)
    return last if last_names[last] == 1 else name


def _last_name(name: str) -> str:
    return first_and_last(name)[1]


def _without_minutes(view: ArchiveView, game: Game, team: str) -> Iterator[tuple[str, str, str]]:
    """Name, status and reason of the players without minutes, ordered by name."""
    listed = _of_side(view.index.archive.availability, game, team).filter(pl.col("status") != PLAYED)
    reasons = pl.col("reason").fill_null(NOT_RECORDED)
    yield from listed.sort("player_name").select("player_name", "status", reasons).iter_rows()


def _of_side(table: pl.DataFrame, game: Game, team: str) -> pl.DataFrame:
    return table.filter(pl.col("game_id") == game.game_id, pl.col("team") == team)


def _formatted(minutes: float, *counts: int) -> tuple[str, ...]:
    whole_minutes, seconds = divmod(round(minutes * 60), 60)
    return (f"{whole_minutes:02}:{seconds:02}", *map(str, counts))


def _pdf(lines: tuple[PageLine, ...]) -> bytes:
    content = BytesIO()
    canvas = Canvas(content, pagesize=_PAGE, invariant=True, pageCompression=True)
    canvas.setFont(_FONT, _SIZE)
    for number, line in enumerate(lines):
        y = _PAGE[1] - _MARGIN - _LINE_HEIGHT * number
        canvas.drawString(_MARGIN, y, line.text)
        canvas.drawString(_COMMENT_LEFT, y, line.comment)
        for edge, count in zip(_EDGES, line.counts, strict=False):
            canvas.drawRightString(edge, y, count)
    canvas.showPage()
    canvas.save()
    return content.getvalue()


ENDPOINTS = (
    Endpoint(
        "nbac_gamebook_player_stats",
        "statsdmz.nba.com",
        r"pdfs/(?P<date>\d{8})/(?P=date)_(?P<away>[A-Z]{3})(?P<home>[A-Z]{3})\.pdf",
        gamebook,
        requested_games=requested_games,
    ),
)
