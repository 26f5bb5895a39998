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
from functools import partial
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

A team with a player of unknown status, or with an unreadable row, counts as not submitted.
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
    answers_for_past = False
    table = "raw_injuries"
    natural_key = ("game_date", "game_id", "player_id")
    fault_outcomes = {"stale": Outcome.BLOCKED, "late": Outcome.BLOCKED}
    undetectable_faults = {"partial_slate": "a team that is not listed has no injuries"}
    needs_players = True
    requests_are_alternatives = True
    later_requests_are_older = True
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

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        """Judge by the first page, which has the stamp and the headings."""
        page = _without_page_number(next(pages_of(self.name, response.body)))
        printed = _report_name(_stamp_at(_printed_stamp(self.name, page)))
        if printed != request.part:
            return judged(Outcome.STALE, f"received the report of {printed}, requested {request.part}")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        if slate.upcoming(response.fetched_at) and not reading.rows:
            reason = f"the report of {request.part} has no entry for {slate.game_date}"
            return judged(Outcome.SUSPICIOUSLY_EMPTY, reason)
        return judged(Outcome.OK, f"the report of {request.part}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        collector, origin = RowCollector(self.natural_key), self.origin(context)
        entries, game_date = list(_entries(self.name, body_of(response))), context.slate.game_date
        games = {game.label: game for game in context.slate.games}
        listed = collector.read_each(
            _of_slate(entries, game_date, games, collector),
            partial(_listed, game_date=game_date, games=games),
            partial(_unreadable, games=games),
        )
        if any(entry.game_date == _printed_date(game_date) for entry in entries):
            for row in _team_rows(listed, context):
                collector.keep({**row, **origin})
        resolvers = {team: resolver_of(context, [team]) for game in games.values() for team in (game.home, game.away)}
        for player in listed:
            if isinstance(player, _Unreadable):
                continue
            if reason := _rejection_reason(player.entry):
                collector.reject(reason)
            else:
                keep_injury(collector, player.injury, player.game, resolvers[player.team], context, origin)
        return collector.reading()

    def covers(self, rows: Iterable[Row], slate: Slate) -> frozenset[str]:
        """Every game: a report covers all games of its date, although it no longer lists those that have begun."""
        return frozenset(game.game_id for game in slate.games)


def _team_rows(listed: Iterable[_Listed | _Unreadable], context: ReadContext) -> Iterator[Row]:
    """A row for each team of an upcoming game that says whether it has submitted.

    The report does not list a team without injuries. These rows give every report a row for every upcoming game, so
    that clearing a game's last listed player changes the rows. A row that is left out makes its team not submitted: the
    player is listed, hence not known to be healthy.
    """
    missing = set[str]()
    for row in listed:
        if isinstance(row, _Unreadable):
            missing |= row.teams
        elif _rejection_reason(row.entry):
            missing.add(row.team)
    for game in context.slate.upcoming(context.as_of):
        for team in (game.away, game.home):
            yield team_row(team, NOT_SUBMITTED if team in missing else SUBMITTED, game, context)


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


def _of_slate(
    entries: Iterable[_ReportEntry], game_date: date, games: Mapping[str, SlateGame], collector: RowCollector
) -> list[_ReportEntry]:
    """The entries of games on the slate, and those whose date or matchup is unreadable."""
    of_slate: list[_ReportEntry] = []
    for entry in entries:
        if _PRINTED_DATE.fullmatch(entry.game_date) and entry.game_date != _printed_date(game_date):
            collector.reject(another_date(game_date))
        elif _PRINTED_MATCHUP.fullmatch(entry.matchup) and entry.matchup not in games:
            collector.reject(f"{entry.matchup} is not on the slate")
        else:
            of_slate.append(entry)
    return of_slate


class _Listed(NamedTuple):
    """A readable entry of a game on the slate."""

    entry: _ReportEntry
    game: SlateGame
    team: str

    @property
    def injury(self) -> Injury:
        status = status_of(self.entry.status) or self.entry.status
        return Injury(self.team, _first_last(self.entry.player), status, self.entry.reason or None)


class _Unreadable(NamedTuple):
    """An unreadable entry."""

    teams: frozenset[str]
    """The teams that it may be of."""


def _listed(entry: _ReportEntry, game_date: date, games: Mapping[str, SlateGame]) -> _Listed:
    """The entry with its game and team. Raises ContractError for an unreadable one."""
    if entry.game_date != _printed_date(game_date):
        raise entry.problem("date", f"{entry.game_date!r} is no date")
    if entry.matchup not in games:
        raise entry.problem("matchup", f"{entry.matchup!r} is no matchup")
    game, team = games[entry.matchup], find_team(entry.team)
    if team is None or team.tricode not in (game.home, game.away):
        raise entry.problem("team", f"{entry.team!r} is not a team of {game.label}")
    if not entry.is_not_submitted:
        if not entry.status:
            raise entry.problem("status", "is missing")
        if not entry.player or entry.player.count(",") > 1:
            raise entry.problem("player", f"{entry.player!r} is not one name")
    return _Listed(entry, game, team.tricode)


def _unreadable(entry: _ReportEntry, games: Mapping[str, SlateGame]) -> _Unreadable:
    team, game = find_team(entry.team), games.get(entry.matchup)
    of_team = frozenset([team.tricode]) if team else frozenset[str]()
    of_game = frozenset([game.away, game.home]) if game else frozenset[str]()
    of_slate = frozenset(side for game in games.values() for side in (game.away, game.home))
    return _Unreadable(of_team & of_game or (of_team | of_game) & of_slate or of_slate)


def _rejection_reason(entry: _ReportEntry) -> str | None:
    """Why a readable entry is left out; None when it is kept."""
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

    source: str
    path: str
    """Such as "page[2].row[7]"."""
    game_date: str
    matchup: str
    team: str
    player: str
    status: str
    reason: str

    @property
    def is_not_submitted(self) -> bool:
        return _says_not_submitted(self.reason)

    def problem(self, cell: str, problem: str) -> ContractError:
        """The error for an unreadable cell."""
        return ContractError(self.source, f"{self.path}.{cell}", problem)


_HEADINGS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
_DATE, _TIME, _MATCHUP, _TEAM, _PLAYER, _STATUS, _REASON = range(len(_HEADINGS))
_SLACK = 3.0  # points by which a cell may start left of its heading
_FIRST_PAGE = "page 1"
_TITLE = re.compile(r"Injury Report: (.*)")
_PRINTED_DATE = re.compile(r"\d\d/\d\d/\d{4}")
_PRINTED_MATCHUP = re.compile(r"[A-Z]{3}@[A-Z]{3}")
_PAGE_NUMBER = re.compile(r"\bPage \d+(?: ?(?:of|/) ?\d+)?(?= |$)")

_Cells = list[str]


def _says_not_submitted(reason: str) -> bool:
    return reason.casefold() == _NOT_YET_SUBMITTED.casefold()


def _entries(source: str, body: bytes) -> Iterator[_ReportEntry]:
    """The rows of all pages with blank cells filled in. Raises ContractError when the headings are missing."""
    above = [""] * len(_HEADINGS)
    for path, cells in _rows_of_pages(source, body):
        above = [new or old for new, old in zip(cells, above, strict=True)]
        player, status, reason = cells[_PLAYER:]
        yield _ReportEntry(source, path, above[_DATE], above[_MATCHUP], above[_TEAM], player, status, reason)


def _rows_of_pages(source: str, body: bytes) -> list[tuple[str, _Cells]]:
    """The path and the cells of each row, with the text that continues on the next page."""
    edges: list[float] | None = None
    rows: list[tuple[str, _Cells]] = []
    for number, lines in enumerate(pages_of(source, body), start=1):
        text_lines = [line for line in _without_page_number(lines) if not _TITLE.fullmatch(text_of(line))]
        headings = _find_headings(text_lines)
        if headings:
            edges = _column_edges(headings)
            text_lines = [line for line in text_lines if line is not headings]
        if edges is None:
            raise ContractError(source, f"page {number}", f"the headings {', '.join(_HEADINGS)} are missing")
        cut = [_CutLine(line[0]["top"], _cells(line, edges)) for line in text_lines]
        tail = _tail(cut) if rows else []
        if tail:
            rows[-1] = (rows[-1][0], _joined([rows[-1][1], *(line.cells for line in tail)]))
        of_page = _table_rows(source, f"page {number}", cut[len(tail) :])
        rows += [(f"page[{number}].row[{index}]", cells) for index, cells in enumerate(of_page, start=1)]
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

    @property
    def has_name(self) -> bool:
        """Whether the line has the last and the first name of a player."""
        last, _, first = self.cells[_PLAYER].partition(",")
        return bool(last and first)


def _tail(lines: list[_CutLine]) -> list[_CutLine]:
    """The lines at the top of a page that continue the last row of the page before.

    A wrapped cell is centred on its row, so a line above the page's first row belongs to this row when another line
    of the row stands as far below it.
    """
    heads = [line.top for line in _heads(lines)]
    if not heads:
        return lines
    below = [line.top for line in lines if _nearest(heads, line.top) == heads[0] < line.top]
    first_of_row = (
        number
        for number, line in enumerate(lines)
        if line.top == heads[0] or any(abs(line.top + top - 2 * heads[0]) < _SLACK for top in below)
    )
    return lines[: next(first_of_row)]


def _heads(lines: Iterable[_CutLine]) -> list[_CutLine]:
    """The line of each row that has its status, or what else a row has once where the status is missing."""
    lines = list(lines)
    anchors = {line.top: line for line in lines if line.is_anchor}

    def names_another_player(line: _CutLine) -> bool:
        return line.has_name and bool(anchors) and anchors[_nearest(anchors, line.top)].has_name

    return [line for line in lines if line.is_anchor or line.starts_row or names_another_player(line)]


def _nearest(tops: Iterable[float], wanted: float) -> float:
    return min(tops, key=lambda top: abs(top - wanted))


def _table_rows(source: str, page_label: str, lines: list[_CutLine]) -> list[_Cells]:
    """The cells of each row; other lines belong to the nearest row."""
    rows: dict[float, list[_Cells]] = {line.top: [] for line in _heads(lines)}
    for line in lines:
        if not rows:
            text = " ".join(filter(None, line.cells))
            raise ContractError(source, page_label, f"{text!r} belongs to no row")
        rows[_nearest(rows, line.top)].append(line.cells)
    return [_joined(parts) for parts in rows.values()]


def _joined(parts: Iterable[_Cells]) -> _Cells:
    """The cells of a row from the cells of its lines."""
    return [" ".join(filter(None, pieces)) for pieces in zip(*parts, strict=True)]


def _cells(line: TextLine, edges: list[float]) -> _Cells:
    cells: list[list[str]] = [[] for _ in edges]
    for word in line:
        cells[max(bisect_right(edges, word["x0"]) - 1, 0)].append(word["text"])
    return [" ".join(cell) for cell in cells]
