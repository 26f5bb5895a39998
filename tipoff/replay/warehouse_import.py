"""Imports the seasons of an archive into a warehouse, date by date, with the times at which their facts were known.

Sources are polled as on a day, at the times at which the archive has new facts for them, and read by the same code. The
shapes of a replay respond, within this process. The source of a row is that of a day with the prefix `ARCHIVED`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import polars as pl

from tipoff.collecting import collect
from tipoff.errors import ChecksFailedError, ContractError, InvalidRequestError
from tipoff.landing.landing import open_landing
from tipoff.plan import INPUTS_DUE, SlateTimes
from tipoff.processing import process
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import MANIFEST
from tipoff.replay.shapes.nba_game_log import APPEARS_AFTER
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView, Game
from tipoff.replay.upstream.endpoints import find_endpoint
from tipoff.sources.base import Request, Response, Slate, Source
from tipoff.sources.bdl_injuries import BdlInjuries
from tipoff.sources.boxscores import PlayerBoxscores
from tipoff.sources.game_boxscores import TeamBoxscores
from tipoff.sources.odds import GameLines, PlayerPointsProps
from tipoff.sources.players import PlayerList
from tipoff.sources.rate_limits import Unlimited
from tipoff.sources.schedule import Schedule
from tipoff.sources.shots import PlayByPlay
from tipoff.vocabulary import ARCHIVED, Frozen, ProcessReport, Route, SlateGame, eastern, step_names
from tipoff.warehouse.base import Slice, Warehouse
from tipoff.warehouse.generated_sql import dates_of_real_days, rows_of_slice, rows_per_date
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.tables import TABLES

POST_GAME: Final = ("team_offense_game_summary", "team_defense_game_summary", "player_game_summary")
"""Computed for each season, in this order."""

IMPORTED: Final[Mapping[str, str]] = {
    "raw_schedule": "games",
    "raw_player_boxscores": "player games",
    "raw_team_boxscores": "team games",
    "raw_shots": "shots",
    "raw_game_lines": "game lines",
    "raw_player_props": "player lines",
    "raw_injuries": "rows of absences",
}
"""The tables with facts of an archive, and what their rows are."""

_BEFORE_TIP: Final = timedelta(minutes=5)
"""The last poll of absences before a tip-off."""
_SNAPSHOTS_WITHIN: Final = timedelta(minutes=15)
"""An archive may have each book's lines of some minutes; they are imported as one snapshot of the last of them."""
_KEYS: Final = {"api.the-odds-api.com": {"apiKey": "archive"}}
"""Parameters that the fetcher would add."""


def _archived(kind: type[Source]) -> Source:
    """A source whose rows are marked as those of an archive."""
    marked: type[Source] = type(kind.__name__, (kind,), {"name": f"{ARCHIVED}{kind.name}"})
    return marked()


_SCHEDULE, _PLAYERS, _ABSENCES = _archived(Schedule), _archived(PlayerList), _archived(BdlInjuries)
_GAME_LINES, _PROPS = _archived(GameLines), _archived(PlayerPointsProps)
_RESULTS = (_archived(PlayerBoxscores), _archived(TeamBoxscores))
_SHOTS = _archived(PlayByPlay)


class SeasonImport(Frozen):
    """What the warehouse holds of a season afterwards, and what was left out by this import."""

    season: str
    dates: int
    """Game dates with results."""
    new_dates: int
    """Those that no earlier import of the same archive had completed; one with refused rows is never complete."""
    rows: dict[str, int]
    """Of each of the tables in IMPORTED."""
    left_out: dict[str, int]
    """What was refused or kept as it was, and how often."""


class _Poll(NamedTuple):
    source: Source
    as_of: datetime
    slate: Slate


class ArchiveImport:
    """Imports seasons of one archive into one warehouse; dates that are complete are skipped."""

    def __init__(self, archive: Archive, warehouse: Warehouse, progress: Callable[[str], None]) -> None:
        self._index, self._warehouse, self._progress = ArchiveIndex(archive), warehouse, progress
        digest = hashlib.sha256((archive.path / MANIFEST).read_bytes()).hexdigest()
        self._subject = f"{ARCHIVED}{digest[:16]}"
        """Marks the completed dates of this archive in `data_versions`."""

    async def import_season(self, season: str) -> SeasonImport:
        """Import the dates of a season that have results, and compute the tables of their results."""
        games = _played(self._index.by_season[season])
        days = sorted({game.game_date for game in games})
        complete, left_out = self._complete_dates(), Counter[str]()
        new = [day for day in days if day not in complete]
        real_dates = {table: self._dates_of_real_days(table) for table in (*IMPORTED, _PLAYERS.table)}
        for number, day in enumerate(new, start=1):
            self._progress(f"{season}: {day}, {number} of {len(new)}")
            kept = {
                table for table, dates in real_dates.items() if not dates.isdisjoint(_dates_written(table, day, days))
            }
            left_out += await self._import_date(day, kept, is_last=day == days[-1])
        for table in POST_GAME if days else ():
            left_out += self._compute(table, days, _last_end(games))
        return SeasonImport(
            season=season,
            dates=len(days),
            new_dates=len(new),
            rows={table: self._count_rows(table, days) for table in IMPORTED},
            left_out=dict(left_out),
        )

    async def _import_date(self, day: date, kept: Collection[str], *, is_last: bool) -> Counter[str]:
        """Import a date without the tables in `kept`; return what was left out."""
        polls = _polls_of_date(self._index, day, is_last=is_last)
        left_out, refused = await self._import_polls([poll for poll in polls if poll.source.table not in kept])
        if _PROPS.table not in kept:
            last_tip_off = max(game.tip_off for game in self._index.by_date[day])
            refused += self._compute(step_names.CONSENSUS_LINES, [day], last_tip_off)
        if not refused:
            self._complete(day)
        return left_out + refused + Counter(f"{table}: rows of a real day kept" for table in kept)

    async def _import_polls(self, polls: Iterable[_Poll]) -> tuple[Counter[str], Counter[str]]:
        """Import what polls bring; return the elements that were left out, and the responses that were refused."""
        left_out, refused = Counter[str](), Counter[str]()
        with TemporaryDirectory(prefix="tipoff-import-") as folder:
            landing = open_landing(f"file://{folder}")
            for poll in polls:
                collected = await collect(
                    poll.source,
                    poll.slate,
                    poll.as_of,
                    self._index.event_ids,
                    fetcher=_ArchiveTransport(self._index),
                    landing=landing,
                    rate_limiter=Unlimited(),
                    progress=lambda done, of: None,
                )
                if collected.batch_key is None:
                    left_out[f"{poll.source.name}: {collected.outcome.words}"] += 1
                    continue
                batch, warehouse = collected.batch_key, self._warehouse
                try:
                    report = process(poll.source, batch, poll.slate, poll.as_of, landing=landing, warehouse=warehouse)
                except (ChecksFailedError, ContractError) as error:
                    refused[f"{poll.source.name} of {poll.slate.game_date}: {error}"] += 1
                    continue
                left_out += _left_out(poll.source, report)
        return left_out, refused

    def _compute(self, table: str, days: Sequence[date], as_of: datetime) -> Counter[str]:
        """Compute a table of dates; if rows are refused, halve them until only the dates with such rows remain."""
        scope = TransformScope(first_date=days[0], last_date=days[-1], as_of=as_of)
        try:
            self._warehouse.transform(table, scope.parameters, scope.slice)
        except ChecksFailedError as error:
            if len(days) == 1:
                return Counter({f"{table} of {days[0]}: {error}": 1})
            middle = len(days) // 2
            return self._compute(table, days[:middle], as_of) + self._compute(table, days[middle:], as_of)
        return Counter()

    def _complete(self, day: date) -> None:
        marker: Slice = {"game_date": day, "subject": self._subject}
        self._warehouse.replace("data_versions", pl.DataFrame([{**marker, "game_id": "", "version": 1}]), marker)

    def _complete_dates(self) -> frozenset[date]:
        marked = self._warehouse.query(*rows_of_slice(TABLES["data_versions"], {"subject": self._subject}))
        return frozenset(marked["game_date"])

    def _dates_of_real_days(self, table: str) -> frozenset[date]:
        dates = self._warehouse.query(dates_of_real_days(TABLES[table]), {"archived": ARCHIVED})
        return frozenset(dates["game_date"])

    def _count_rows(self, table: str, days: Sequence[date]) -> int:
        counts = self._warehouse.query(rows_per_date(TABLES[table]))
        return int(counts.filter(pl.col("game_date").is_in(days))["n"].sum())


class _ArchiveTransport:
    """Responds to requests from an archive."""

    def __init__(self, index: ArchiveIndex) -> None:
        self._index = index

    def routes(self, host: str) -> tuple[Route, ...]:
        """One route; nothing is sent."""
        return (Route.DIRECT,)

    async def fetch(
        self, request: Request, as_of: datetime, etag: str | None = None, route: Route | None = None
    ) -> Response:
        """The response of the provider at a time."""
        values = {name: value if isinstance(value, str) else ",".join(value) for name, value in request.params.items()}
        match = find_endpoint(request.host, request.path.removeprefix("/"), values | _KEYS.get(request.host, {}))
        if match is None:
            raise InvalidRequestError(f"an archive has no {request.url}")
        endpoint, params = match
        response = endpoint.respond(ArchiveView(self._index, as_of), params)
        headers = {**response.headers, "content-type": response.media_type}
        return Response(status=response.status, headers=headers, body=response.body, url=request.url, fetched_at=as_of)


def _polls_of_date(index: ArchiveIndex, day: date, *, is_last: bool) -> list[_Poll]:
    """The polls of a date with results, in order of time. `is_last`: with the schedule of the next morning."""
    games = _played(index.by_date[day])
    over = _last_end(games) + APPEARS_AFTER
    slate, mornings = _slate(day, games), [day, day + timedelta(days=1)] if is_last else [day]
    with_shots = _with_rows(index.archive.shots_by_zone, games)
    polls = [
        *(_Poll(_SCHEDULE, eastern(morning, 5), Slate(game_date=morning)) for morning in mornings),
        _Poll(_PLAYERS, eastern(day, 6, 30), slate),
        *_polls_of_lines(_GAME_LINES, index.archive.game_lines, slate),
        *_polls_of_lines(_PROPS, index.archive.prop_lines, slate),
        *_polls_of_absences(index, day, games),
        *(_Poll(source, over, slate) for source in _RESULTS),
        *([_Poll(_SHOTS, over, _slate(day, with_shots))] if with_shots else []),
    ]
    return sorted(polls, key=lambda poll: poll.as_of)


def _polls_of_lines(source: Source, quotes: pl.DataFrame, slate: Slate) -> Iterator[_Poll]:
    """The polls that get each snapshot before the last tip-off."""
    tips = [game.tip_off for game in slate.games if game.tip_off]
    times = quotes.filter(pl.col("game_date") == slate.game_date)["snapshot_at"].unique().sort()
    yield from (_Poll(source, time, slate) for time in poll_times([time for time in times if time < max(tips)], tips))


def poll_times(snapshots: Sequence[datetime], tips: Sequence[datetime]) -> Iterator[datetime]:
    """The last of each run of snapshots, in order, that one poll may get: close together, and without a tip-off."""
    start = None
    for number, time in enumerate(snapshots):
        start = start or time
        following = snapshots[number + 1 : number + 2]
        if not following or following[0] - start > _SNAPSHOTS_WITHIN or any(time < tip <= following[0] for tip in tips):
            yield time
            start = None


def _polls_of_absences(index: ArchiveIndex, day: date, games: Sequence[Game]) -> Iterator[_Poll]:
    """A poll before the predictions of the day, and one before each tip-off, of the games whose absences are known."""
    known = _with_rows(index.archive.availability, games)
    if known:
        tips = sorted({game.tip_off for game in games})
        times = {INPUTS_DUE.resolve(SlateTimes(day, tuple(tips))), *(game.tip_off - _BEFORE_TIP for game in known)}
        for time in times:
            yield _Poll(_ABSENCES, time, _slate(day, [game for game in known if game.tip_off > time]))


def _played(games: Iterable[Game]) -> list[Game]:
    """The games with a result in the archive."""
    return [game for game in games if game.ends_at]


def _last_end(games: Iterable[Game]) -> datetime:
    return max(game.ends_at for game in games if game.ends_at)


def _with_rows(facts: pl.DataFrame, games: Iterable[Game]) -> list[Game]:
    ids = {*facts["game_id"]}
    return [game for game in games if game.game_id in ids]


def _slate(day: date, games: Iterable[Game]) -> Slate:
    listed = (SlateGame(game_id=game.game_id, away=game.away, home=game.home, tip_off=game.tip_off) for game in games)
    return Slate(game_date=day, games=tuple(sorted(listed, key=lambda game: game.order)))


def _dates_written(table: str, day: date, days: Sequence[date]) -> Sequence[date]:
    """The dates whose rows the polls of a date write: a schedule is that of the season."""
    return [day] if "game_date" in TABLES[table].natural_key else days


def _left_out(source: Source, report: ProcessReport) -> Counter[str]:
    """What a reading refused, by kind and source or table, with the names that match no player."""
    counts = Counter({kind.replace(":", " ", 1): count for kind, count in report.counts.items()})
    counts[f"unresolved {source.name}"] = report.unresolved
    counts[f"missing games {source.name}"] = len(report.missing_games)
    return +counts
