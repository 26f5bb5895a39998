"""The official injury report, a PDF of ak-static.cms.nba.com: hourly until December 2025, every 15 minutes since.

The table is read by the position of its words: a column starts at its heading's left edge, and a wrapped line belongs
to the nearest row, which is a line with a status. Text above a page's first row continues the last row of the page
before.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import ClassVar, NamedTuple

from tipoff.errors import ContractError
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate, body_of
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.injury_statuses import status_of, unknown_status
from tipoff.sources.outcomes import Expected
from tipoff.sources.pdf import TextLine, pages_of, text_of
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, Resolver, resolver_of, unresolved_row
from tipoff.sources.providers import NBA_INJURY_REPORTS
from tipoff.sources.rejections import another_date
from tipoff.teams import find_team
from tipoff.vocabulary import EASTERN, Outcome, Role, SlateGame, step_names

SUBMITTED, NOT_SUBMITTED = "Submitted", "Not submitted"
"""Status of a team's own row: an unlisted player counts as healthy only when the team has submitted.

A team with a player of unknown status counts as not submitted.
"""

_QUARTER_HOURLY_SINCE = date(2025, 12, 22)
_PUBLISHED_AFTER = timedelta(minutes=5)
"""From a report's stamp until it can be requested."""
_NOT_YET_SUBMITTED = "NOT YET SUBMITTED"


class InjuryReport(Feed):
    """The status of injured players tonight, as their teams report it."""

    name = step_names.INJURY_REPORT
    title = "NBA injury report"
    number = 4
    provider = NBA_INJURY_REPORTS
    role = Role.PRE
    table = "raw_injuries"
    natural_key = ("game_date", "game_id", "player_id")
    fault_outcomes = {"stale": Outcome.BLOCKED, "late": Outcome.BLOCKED}
    undetectable_faults = {"partial_slate": "a team that is not listed has no injuries"}
    needs_players = True
    requests_are_alternatives = True
    expects: ClassVar[Expected] = "pdf"
    not_published_statuses = frozenset({403, 404})

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        """Requests for the newest report that is due and for the one before it."""
        if not slate.games:
            return ()
        newest = _newest_due(as_of)
        return tuple(_request(stamp) for stamp in (newest, _stamp_at(newest - timedelta(minutes=1))))

    def is_published(self, request: Request, response: Response, slate: Slate) -> bool:
        """Whether this is an older report than the newest one."""
        return request.part != _report_name(_newest_due(response.fetched_at))

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        """Judge by the first page, which has the stamp, the headings and the earliest date."""
        page = _without_page_number(next(pages_of(self.name, response.body)))
        printed = _report_name(_stamp_at(_printed_stamp(self.name, page)))
        if printed != request.part:
            return judged(Outcome.STALE, f"received the report of {printed}, requested {request.part}")
        if _find_headings(page) is None:
            raise _headings_missing(self.name, _FIRST_PAGE)
        words = {word["text"] for line in page for word in line}
        if slate.upcoming(response.fetched_at) and _printed_date(slate.game_date) not in words:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"the report of {printed} has no entry for {slate.game_date}")
        return judged(Outcome.OK, f"the report of {printed}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        collector, origin = RowCollector(self.natural_key), self.origin(context)
        games = {game.label: game for game in context.slate.games}
        teams = {team for game in games.values() for team in (game.home, game.away)}
        resolvers = {team: resolver_of(context, [team]) for team in teams}
        entries = tuple(_entries(self.name, body_of(response)))
        for row in _team_rows(self.name, entries, context):
            collector.keep({**row, **origin})
        for entry in entries:
            if reason := _rejection_reason(entry, context.slate.game_date, games):
                collector.reject(reason)
            else:
                game = games[entry.matchup]
                team = _team(self.name, entry, game)
                status = status_of(entry.status) or entry.status
                injury = Injury(team, _first_last(entry.player), status, entry.reason or None)
                keep_injury(collector, injury, game, resolvers[team], context, origin)
        return collector.reading()

    def covers(self, rows: Iterable[Row], slate: Slate) -> frozenset[str]:
        """Every game: a report covers all games of its date, although it no longer lists those that have begun."""
        return frozenset(game.game_id for game in slate.games)


def _team_rows(source: str, entries: Iterable[_ReportEntry], context: ReadContext) -> Iterator[Row]:
    """A row for each team of an upcoming game that says whether it has submitted; none if the date has no entry.

    The report does not list a team without injuries. These rows give every report a row for every upcoming game, so
    that clearing a game's last listed player changes the rows.
    """
    of_date = [entry for entry in entries if entry.game_date == _printed_date(context.slate.game_date)]
    not_submitted = [entry for entry in of_date if entry.is_not_submitted or status_of(entry.status) is None]
    for game in context.slate.games if of_date else ():
        missing = {_team(source, entry, game) for entry in not_submitted if entry.matchup == game.label}
        for team in (game.away, game.home) if not game.has_begun(context.as_of) else ():
            status = NOT_SUBMITTED if team in missing else SUBMITTED
            yield team_row(team, status, game, context)


class Injury(NamedTuple):
    """The injury status of one player."""

    team: str
    player_name: str
    status: str
    reason: str | None = None


def keep_injury(
    collector: RowCollector, injury: Injury, game: SlateGame, resolver: Resolver, context: ReadContext, origin: Row
) -> None:
    """Keep an injury as a row of `raw_injuries`, or as unresolved when no player of the team has its name."""
    player = resolver.resolve(injury.player_name)
    if player is None:
        row = unresolved_row(injury.player_name, resolver, context, game.game_id, injury.team)
        collector.unresolved({**row, **origin})
    else:
        collector.keep({**_injury_row(injury, player.player_id, game, context), **origin})


def team_row(team: str, status: str, game: SlateGame, context: ReadContext) -> Row:
    """A team's own row of `raw_injuries` without its origin: the tricode stands for the player."""
    return _injury_row(Injury(team, team, status), team, game, context)


def _injury_row(injury: Injury, player_id: str, game: SlateGame, context: ReadContext) -> Row:
    return {
        "game_date": context.slate.game_date,
        "game_id": game.game_id,
        "team": injury.team,
        "player_id": player_id,
        "player_name": injury.player_name,
        "status": injury.status,
        "reason": injury.reason,
    }


def _newest_due(as_of: datetime) -> datetime:
    """The stamp of the newest report that is due."""
    return _stamp_at(as_of - _PUBLISHED_AFTER)


def _stamp_at(time: datetime) -> datetime:
    """The last stamp up to a time: stamps are at half past until December 2025, at every quarter hour since."""
    local = time.astimezone(EASTERN)
    minutes = local.minute % 15 if local.date() >= _QUARTER_HOURLY_SINCE else (local.minute - 30) % 60
    since_stamp = timedelta(minutes=minutes, seconds=local.second, microseconds=local.microsecond)
    return time.astimezone(UTC) - since_stamp


def _request(stamp: datetime) -> Request:
    name = _report_name(stamp)
    return Request(host=NBA_INJURY_REPORTS.host, path=f"/referee/injury/Injury-Report_{name}.pdf", part=name)


def _report_name(stamp: datetime) -> str:
    """The stamp in a report's file name: its hour until December 2025, its quarter hour since."""
    local = stamp.astimezone(EASTERN)
    return local.strftime("%Y-%m-%d_%I_%M%p" if local.date() >= _QUARTER_HOURLY_SINCE else "%Y-%m-%d_%I%p")


def _printed_stamp(source: str, page: Iterable[TextLine]) -> datetime:
    """The stamp in the title of a page. Raises ContractError when there is none."""
    match = next(filter(None, (_TITLE.fullmatch(text_of(line)) for line in page)), None)
    try:
        return datetime.strptime(match[1] if match else "", "%m/%d/%y %I:%M %p").replace(tzinfo=EASTERN)
    except ValueError as error:
        raise ContractError(source, _FIRST_PAGE, "has no title with the report's date and time") from error


def _team(source: str, entry: _ReportEntry, game: SlateGame) -> str:
    team = find_team(entry.team)
    if team is None or team.tricode not in (game.home, game.away):
        raise ContractError(source, entry.page_label, f"{entry.team!r} is not a team of {game.label}")
    return team.tricode


def _rejection_reason(entry: _ReportEntry, game_date: date, games: Mapping[str, SlateGame]) -> str | None:
    """Why an entry is left out; None when it is kept."""
    if entry.game_date != _printed_date(game_date):
        return another_date(game_date)
    if entry.matchup not in games:
        return f"{entry.matchup} is not on the slate"
    if entry.is_not_submitted:
        return f"{entry.team} has not submitted yet"
    if len(entry.player) > LONGEST_NAME:
        return TOO_LONG
    return None if status_of(entry.status) else unknown_status(entry.status)


def _printed_date(game_date: date) -> str:
    return f"{game_date:%m/%d/%Y}"


def _first_last(name: str) -> str:
    """The name with its first name first: "Payton II, Gary" -> "Gary Payton II"."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name


class _ReportEntry(NamedTuple):
    """One row of the report; cells that the report leaves blank have the value of the row above."""

    game_date: str
    matchup: str
    team: str
    player: str
    status: str
    reason: str
    page_label: str
    """Such as "page 2", for error texts."""

    @property
    def is_not_submitted(self) -> bool:
        return _says_not_submitted(self.reason)


_HEADINGS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
_DATE, _TIME, _MATCHUP, _TEAM, _PLAYER, _STATUS, _REASON = range(len(_HEADINGS))
_SLACK = 3.0  # points by which a cell may start left of its heading
_FIRST_PAGE = "page 1"
_TITLE = re.compile(r"Injury Report: (.*)")
_PAGE_NUMBER = re.compile(r"\bPage \d+(?: ?(?:of|/) ?\d+)?(?= |$)")

_Cells = list[str]


def _says_not_submitted(reason: str) -> bool:
    return reason.casefold() == _NOT_YET_SUBMITTED.casefold()


def _entries(source: str, body: bytes) -> Iterator[_ReportEntry]:
    """The rows of all pages with blank cells filled in. Raises ContractError when the headings are missing."""
    above = [""] * len(_HEADINGS)
    for page_label, cells in _rows_of_pages(source, body):
        above = [new or old for new, old in zip(cells, above, strict=True)]
        player, status, reason = cells[_PLAYER:]
        yield _ReportEntry(above[_DATE], above[_MATCHUP], above[_TEAM], player, status, reason, page_label)


def _rows_of_pages(source: str, body: bytes) -> list[tuple[str, _Cells]]:
    """The label of its page and the cells of each row, with the text that continues on the next page."""
    edges: list[float] | None = None
    rows: list[tuple[str, _Cells]] = []
    for number, lines in enumerate(pages_of(source, body), start=1):
        page_label = f"page {number}"
        text_lines = [line for line in _without_page_number(lines) if not _TITLE.fullmatch(text_of(line))]
        headings = _find_headings(text_lines)
        if headings:
            edges = _column_edges(headings)
            text_lines = [line for line in text_lines if line is not headings]
        if edges is None:
            raise _headings_missing(source, page_label)
        cut = [_CutLine(line[0]["top"], _cells(line, edges)) for line in text_lines]
        tail = _tail(cut) if rows else []
        if any(line.starts_row for line in tail):
            raise _belongs_to_no_row(source, page_label, tail)
        if tail:
            rows[-1] = (rows[-1][0], _joined([rows[-1][1], *(line.cells for line in tail)]))
        rows += [(page_label, cells) for cells in _table_rows(source, page_label, cut[len(tail) :])]
    return rows


def _without_page_number(lines: Iterable[TextLine]) -> list[TextLine]:
    """The lines without a page number, which stands alone or beside other text."""
    return [kept for line in lines if (kept := _words_without_page_number(line))]


def _words_without_page_number(line: TextLine) -> TextLine:
    match = _PAGE_NUMBER.search(text_of(line))
    if match is None:
        return line
    before, number = text_of(line)[: match.start()].split(), match[0].split()
    return line[: len(before)] + line[len(before) + len(number) :]


def _find_headings(lines: Iterable[TextLine]) -> TextLine | None:
    return next((line for line in lines if text_of(line) == " ".join(_HEADINGS)), None)


def _headings_missing(source: str, page_label: str) -> ContractError:
    return ContractError(source, page_label, f"the headings {', '.join(_HEADINGS)} are missing")


def _column_edges(headings: TextLine) -> list[float]:
    """The left edge of each column, from the first word of its heading."""
    starts = accumulate((len(heading.split()) for heading in _HEADINGS[:-1]), initial=0)
    return [headings[start]["x0"] - _SLACK for start in starts]


class _CutLine(NamedTuple):
    """A line of the table, cut into cells."""

    top: float
    cells: _Cells

    @property
    def is_anchor(self) -> bool:
        """Whether the line has what every row has once: a status, or that the team has not submitted."""
        return bool(self.cells[_STATUS]) or _says_not_submitted(self.cells[_REASON])

    @property
    def starts_row(self) -> bool:
        """Whether the line has a date or a matchup, which never wrap."""
        return bool(self.cells[_DATE] or self.cells[_MATCHUP])


def _tail(lines: list[_CutLine]) -> list[_CutLine]:
    """The lines at the top of a page that continue the last row of the page before.

    A wrapped cell is centred on its row, so a line above the page's first row belongs to this row when another line
    of the row stands as far below it.
    """
    anchors = [line.top for line in lines if line.is_anchor]
    if not anchors:
        return lines
    below = [line.top for line in lines if not line.is_anchor and _nearest(anchors, line.top) == anchors[0] < line.top]
    first_of_row = (
        number
        for number, line in enumerate(lines)
        if line.is_anchor or any(abs(line.top + top - 2 * anchors[0]) < _SLACK for top in below)
    )
    return lines[: next(first_of_row)]


def _nearest(tops: Iterable[float], wanted: float) -> float:
    return min(tops, key=lambda top: abs(top - wanted))


def _table_rows(source: str, page_label: str, lines: list[_CutLine]) -> list[_Cells]:
    """The cells of each row; a line without a status belongs to the nearest row."""
    rows: dict[float, list[_Cells]] = {line.top: [] for line in lines if line.is_anchor}
    for line in lines:
        if not rows:
            raise _belongs_to_no_row(source, page_label, lines)
        rows[_nearest(rows, line.top)].append(line.cells)
    return [_joined(parts) for parts in rows.values()]


def _joined(parts: Iterable[_Cells]) -> _Cells:
    """The cells of a row from the cells of its lines."""
    return [" ".join(filter(None, pieces)) for pieces in zip(*parts, strict=True)]


def _belongs_to_no_row(source: str, page_label: str, lines: Iterable[_CutLine]) -> ContractError:
    text = " ".join(filter(None, next(iter(lines)).cells))
    return ContractError(source, page_label, f"{text!r} belongs to no row")


def _cells(line: TextLine, edges: list[float]) -> _Cells:
    cells: list[list[str]] = [[] for _ in edges]
    for word in line:
        cells[max(bisect_right(edges, word["x0"]) - 1, 0)].append(word["text"])
    return [" ".join(cell) for cell in cells]
