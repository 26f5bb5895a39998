"""statsdmz.nba.com gamebook PDFs in their short form, there half an hour after the end of a game.

What the archive does not know is left out: numbers, positions, records, attendance, points by period. Reasons are
told where it has them. Inactive team-mates of one last name are told by their full names, which is our guess.
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
from tipoff.replay.shapes.espn_roster import plain
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.refusals import not_found
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View
from tipoff.teams import TEAMS

APPEARS_AFTER = timedelta(minutes=30)
"""From the end of a game to its report."""

_HEADINGS = (
    *("MIN", "FG", "FGA", "3P", "3PA", "FT", "FTA", "OR", "DR", "TOT", "A"),
    *("PF", "ST", "TO", "BS", "+/-", "PTS"),
)
_COUNTS = (
    *("minutes", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb", "ast"),
    *("pf", "stl", "tov", "blk", "plus_minus", "points"),
)
"""Columns of a box score in the order of the headings."""
_IN_THE_TABLE = {DID_NOT_PLAY: "DNP", "DID_NOT_DRESS": "DND", "NOT_WITH_TEAM": "NWT"}
"""Statuses of players without minutes who are lines of the table; the others are named below it."""

_PAGE = (612, 792)
_MARGIN, _PITCH, _SIZE = 36, 11, 7.5
_FONT = "Helvetica"
_COMMENT = 205
"""Where a comment begins in place of the counts."""
_EDGES = tuple(235 + 21 * place for place in range(len(_HEADINGS)))
"""Right edges of the columns."""


class Line(NamedTuple):
    """One line of the page: its text, the counts in their columns, or a comment in place of these."""

    text: str
    counts: tuple[str, ...] = ()
    comment: str = ""


def gamebook(view: View, params: Params) -> UpstreamResponse:
    """The report of a game; 404 where there is none (yet)."""
    game = next(iter(game_asked_for(view, params)), None)
    if game is None or game.game_id in view.left_out or not view.is_final(game, APPEARS_AFTER):
        return not_found()
    return UpstreamResponse(200, _pdf(tuple(_lines(view, game))), "application/pdf")


def game_asked_for(view: View, params: Params) -> list[Game]:
    """The game of the parameters `date` (YYYYMMDD), `away` and `home`; none when the archive has no such game."""
    label = f"{params['away']}@{params['home']}"
    return [game for game in view.past.by_date.get(_date(params["date"]), ()) if game.label == label]


def _date(text: str) -> date:
    """The date of eight digits; one that no game has where they make none."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return date.min


def _lines(view: View, game: Game) -> Iterator[Line]:
    yield Line("NATIONAL BASKETBALL ASSOCIATION")
    yield Line("OFFICIAL SCORER'S REPORT FINAL BOX")
    yield Line(f"{game.game_date:%A, %B} {game.game_date.day}, {game.game_date.year}" + f" {game.arena or ''}".rstrip())
    yield Line(f"Officials: {', '.join(_officials(view, game))}")
    yield from _side(view, game, f"VISITOR: {TEAMS[game.away].full_name}", game.away)
    yield from _side(view, game, f"HOME: {TEAMS[game.home].full_name.upper()}", game.home)
    for team in (game.away, game.home):
        yield from _inactive(view, game, team)


def _officials(view: View, game: Game) -> list[str]:
    crew = view.past.archive.officials.filter(pl.col("game_id") == game.game_id).sort("position")
    return [plain(name) for name in crew["official_name"]]


def _side(view: View, game: Game, title: str, team: str) -> Iterator[Line]:
    """The table of a team: who played, starters first, who did not, the totals."""
    yield Line(title)
    yield Line("POS", counts=_HEADINGS)
    box, total = (_of_side(table, game, team) for table in (view.past.archive.player_box, view.past.archive.team_box))
    if not view.empty:
        played = box.sort("starter", "minutes", descending=True).select("player_name", *_COUNTS)
        yield from (Line(plain(name), _written(*counts)) for name, *counts in played.iter_rows())
        yield from _benched(view, game, team)
    yield from (Line("", _written(*counts)) for counts in total.select(_COUNTS).iter_rows())


def _benched(view: View, game: Game, team: str) -> Iterator[Line]:
    for name, status, reason in _without_minutes(view, game, team):
        if status in _IN_THE_TABLE:
            yield Line(plain(name), comment=f"{_IN_THE_TABLE[status]} - {reason}")


def _inactive(view: View, game: Game, team: str) -> Iterator[Line]:
    """The list of those who are not in the table, over as many lines as it needs."""
    reasons = {
        plain(name): reason
        for name, status, reason in _without_minutes(view, game, team)
        if status not in _IN_THE_TABLE
    }
    shown = Counter(map(_last_name, reasons))
    listed = (
        f"{_last_name(name) if shown[_last_name(name)] == 1 else name} ({reason})" for name, reason in reasons.items()
    )
    if reasons and not view.empty:
        said = f"Inactive: {TEAMS[team].name} - {', '.join(listed)}"
        yield from map(Line, simpleSplit(said, _FONT, _SIZE, _PAGE[0] - 2 * _MARGIN))


def _last_name(name: str) -> str:
    return first_and_last(name)[1]


def _without_minutes(view: View, game: Game, team: str) -> Iterator[tuple[str, str, str]]:
    """Name, status and reason, by name."""
    listed = _of_side(view.past.archive.availability, game, team).filter(pl.col("status") != PLAYED)
    reasons = pl.col("reason").fill_null(NOT_RECORDED)
    yield from listed.sort("player_name").select("player_name", "status", reasons).iter_rows()


def _of_side(table: pl.DataFrame, game: Game, team: str) -> pl.DataFrame:
    return table.filter(pl.col("game_id") == game.game_id, pl.col("team") == team)


def _written(minutes: float, *counts: int) -> tuple[str, ...]:
    whole, seconds = divmod(round(minutes * 60), 60)
    return (f"{whole:02}:{seconds:02}", *map(str, counts))


def _pdf(lines: tuple[Line, ...]) -> bytes:
    content = BytesIO()
    canvas = Canvas(content, pagesize=_PAGE, invariant=True, pageCompression=True)
    canvas.setFont(_FONT, _SIZE)
    for place, line in enumerate(lines):
        y = _PAGE[1] - _MARGIN - _PITCH * place
        canvas.drawString(_MARGIN, y, line.text)
        canvas.drawString(_COMMENT, y, line.comment)
        for edge, count in zip(_EDGES, line.counts, strict=False):
            canvas.drawRightString(edge, y, count)
    canvas.showPage()
    canvas.save()
    return content.getvalue()
