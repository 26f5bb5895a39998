"""Reads landed responses into the table of their source; reading a batch again changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypedDict

import polars as pl
from pydantic import ValidationError

from tipoff.errors import BadInputError, ContractError, NotEnoughDataError
from tipoff.landing.base import Batch, BatchItem
from tipoff.landing.landing import Landing
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, ReplacedRows, Row, Slate, Source
from tipoff.sources.game_status import BEGUN, LIVE
from tipoff.sources.player_names import load_aliases, slate_players
from tipoff.sources.registry import SOURCES
from tipoff.sources.schedule import Schedule, slate_games
from tipoff.vocabulary import (
    Outcome,
    ProcessReport,
    Role,
    SlateGame,
    counted,
    first_day,
    reason_of,
    season_of,
    shortened,
)
from tipoff.warehouse.base import CheckWarning, DateRange, Parameters, Slice, Warehouse
from tipoff.warehouse.check_rows import warning_alerts, warning_counts
from tipoff.warehouse.data_versions import count_change
from tipoff.warehouse.generated_sql import last_snapshots, rows_of_better_sources, rows_of_slice
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Table
from tipoff.warehouse.validation import conform, schema_of

MAX_REPORTED_NAMES = 20
"""Number of unresolved names and of unknown fields in a report; the table contains all names."""
MAX_REPORTED_CANDIDATES = 2
"""Number of players with a similar name that are reported with an unresolved name."""
VOLATILE_WRITE_INTERVAL = timedelta(minutes=5)
"""Changes of running scores alone are written at most this often; each poll would be 250 writes a day."""
_TIME_COLUMNS = ("as_of", "last_update")
"""Columns with the time of a fact, not the fact."""


def process(
    source: Source,
    batch_key: str,
    slate: Slate,
    as_of: datetime,
    *,
    landing: Landing,
    warehouse: Warehouse,
    aliases_path: Path | None = None,
) -> ProcessReport:
    """Read a batch fetched at `as_of` and write the rows that changed.

    Raises ContractError when no response of the batch is readable, NotEnoughDataError when names cannot be resolved
    because neither rosters nor the player list of the date were read, or when no game of the date has a known id,
    BadInputError for a batch of another source.
    """
    batch = _load_batch(landing, batch_key, source, slate)
    context = ReadContext(
        slate=slate,
        as_of=as_of,
        players=known_players(source, slate, warehouse) if source.needs_players else (),
        aliases=load_aliases(aliases_path) if aliases_path else {},
        known_games=_stored_games(slate, warehouse) if source.table == "raw_schedule" else (),
    )
    batch_reading = _read_all(source, batch, context, landing)
    if _is_before_first_result(source, batch_reading, slate, warehouse):
        batch_reading = batch_reading._replace(covered=_all_games(slate), is_before_first_result=True)
    _require_known_ids(source, batch_reading, slate)
    suspicious = _is_suspicious(source, batch_reading, slate)
    with warehouse.transaction():
        changes = _write_all(source, batch_reading, slate, warehouse, keep_larger=suspicious)
        if source.needs_players or _stores_unreadable_players(source):
            _write_unresolved(source, batch_reading, context, warehouse)
        versions = count_change(warehouse, slate.game_date, source.name, changes.games, changed=changes.needed)
    report = _report(source, batch_reading, slate, changes, suspicious=suspicious)
    return report.model_copy(update={"versions": versions})


class _ResponseReading(NamedTuple):
    """One response, read. Its rows are a frame, which needs a tenth of the memory of dictionaries."""

    game_id: str | None
    """The game of the request, if it was for one game."""
    rows: pl.DataFrame
    replaces: ReplacedRows
    reading: Reading
    """The reading without its rows."""


class _BatchReading(NamedTuple):
    """The readable responses of a batch, the errors of the others, and all outcomes."""

    read: tuple[_ResponseReading, ...]
    unreadable: tuple[ContractError, ...]
    outcomes: frozenset[Outcome]
    covered: frozenset[str]
    """Games of the slate that have rows and lack no needed entry."""
    has_earlier_dates_only: bool
    """Whether all rows are of earlier dates; every game of the slate depends on them."""
    is_before_first_result: bool = False
    """Whether there is nothing to read, because no game of the season is over."""

    @property
    def rows(self) -> int:
        return sum(response.rows.height for response in self.read)

    @property
    def is_damaged(self) -> bool:
        """Whether an element that matters to the slate is left out because it is damaged."""
        return any(response.reading.damaged for response in self.read)

    @property
    def all_rows(self) -> pl.DataFrame:
        return pl.concat([response.rows for response in self.read])


def _load_batch(landing: Landing, key: str, source: Source, slate: Slate) -> Batch:
    try:
        batch = Batch.model_validate_json(landing.get(key))
    except ValidationError as error:
        raise BadInputError(f"{key} is no batch of landed responses") from error
    if (batch.source, batch.game_date) != (source.name, slate.game_date):
        raise BadInputError(
            f"{key} is a batch of {batch.source} for {batch.game_date}, not of {source.name} for {slate.game_date}"
        )
    return batch


def known_players(source: Source, slate: Slate, warehouse: Warehouse) -> tuple[KnownPlayer, ...]:
    """Players that names may resolve to: the rosters of the slate, completed by the player list."""
    player_list = _query_players(warehouse, "listed_players", slate)
    rosters = () if source.table == "raw_rosters" else _query_players(warehouse, "roster_players", slate)
    players = slate_players(rosters, player_list, _teams_with_unresolved(warehouse, slate))
    if not players:
        raise NotEnoughDataError(
            "names cannot be resolved, because neither rosters, the player list "
            "nor earlier box scores have been read; retry the player list first, then this step"
        )
    return players


def _teams_with_unresolved(warehouse: Warehouse, slate: Slate) -> frozenset[str]:
    """Teams whose roster has an unresolved name."""
    return frozenset(warehouse.query(sql_text("teams_with_unresolved_players"), {"game_date": slate.game_date})["team"])


def _query_players(warehouse: Warehouse, query: str, slate: Slate) -> tuple[KnownPlayer, ...]:
    rows = warehouse.query(sql_text(query), {"game_date": slate.game_date})
    return tuple(KnownPlayer(**row) for row in rows.iter_rows(named=True))


MAX_POSTPONEMENT = timedelta(days=14)
"""A postponed game of the same teams at a greater distance is another game."""


def _stored_games(slate: Slate, warehouse: Warehouse) -> tuple[SlateGame, ...]:
    """The games of the date in an earlier schedule, and postponed games that may have been moved to it.

    A game of the same teams that is scheduled for another date is another game with its own id.
    """
    first, last = slate.game_date - MAX_POSTPONEMENT, slate.game_date + MAX_POSTPONEMENT
    days = {"game_date": slate.game_date, "first_date": first, "last_date": last}
    rows = warehouse.query(sql_text("stored_games"), days)
    return tuple(SlateGame(**row) for row in rows.iter_rows(named=True))


def _read_all(source: Source, batch: Batch, context: ReadContext, landing: Landing) -> _BatchReading:
    """Read every response; an unreadable one does not affect the others."""
    read, unreadable = [], []
    for item in batch.items:
        as_of = item.fetched_at or context.as_of
        item_context = context.model_copy(update={"game_id": item.game_id, "part": item.part, "as_of": as_of})
        try:
            read.append(_read_response(source, item, source.read(landing.get(item.key), item_context), context.slate))
        except ContractError as error:
            unreadable.append(error.of(item.key))
    if unreadable and not read:
        raise unreadable[0]
    earlier = _has_earlier_dates_only(read, context.slate)
    rows = (row for response in read for row in response.rows.iter_rows(named=True))
    incomplete = frozenset[str]().union(*(response.reading.incomplete_games for response in read))
    return _BatchReading(
        read=tuple(read),
        unreadable=tuple(unreadable),
        outcomes=frozenset(item.outcome for item in batch.items),
        covered=_all_games(context.slate) if earlier else source.covers(rows, context.slate) - incomplete,
        has_earlier_dates_only=earlier,
    )


def _is_before_first_result(source: Source, batch: _BatchReading, slate: Slate, warehouse: Warehouse) -> bool:
    """Whether nothing was read about earlier games because the season has none, by the league's own schedule."""
    if not source.about_earlier_games or batch.rows or batch.outcomes != {Outcome.EMPTY_OK}:
        return False
    season = season_of(slate.game_date)
    first = first_day(season)
    days = {"first_day": first, "last_day": first + timedelta(days=364)}
    schedule = warehouse.query(sql_text("first_regular_game"), {**days, "season": season, "source": Schedule.name})
    opening = schedule["first_date"].item()
    return opening is not None and opening >= slate.game_date


def _require_known_ids(source: Source, batch: _BatchReading, slate: Slate) -> None:
    """Raise NotEnoughDataError when there are games and none of them has a known id."""
    unknown = _unknown_games(batch)
    if unknown and not batch.rows:
        raise NotEnoughDataError(
            f"no NBA id is known for {counted(len(unknown), 'game')}; retry {Schedule.name} first, then this step"
        )


def _unknown_games(batch: _BatchReading) -> tuple[str, ...]:
    return tuple(dict.fromkeys(game for response in batch.read for game in response.reading.unknown_games))


def _read_response(source: Source, item: BatchItem, reading: Reading, slate: Slate) -> _ResponseReading:
    return _ResponseReading(
        game_id=item.game_id,
        rows=rows_read(source, reading.rows),
        replaces=source.replaced_rows(reading.rows, slate),
        reading=reading.model_copy(update={"rows": ()}),
    )


def rows_read(source: Source, rows: Sequence[Row]) -> pl.DataFrame:
    """Convert rows of one response to the source's table.

    Raises ContractError for values that no column can store, such as a number of 400 digits.
    """
    try:
        return _frame(TABLES[source.table], rows)
    except (BadInputError, OverflowError, TypeError, pl.exceptions.PolarsError) as error:
        raise ContractError(
            source.name, "$", f"has a value that {source.table} cannot store: {reason_of(error)}"
        ) from error


def _frame(table: Table, rows: Sequence[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema=schema_of(table))
    return conform(table, frame)


def _has_earlier_dates_only(read: Sequence[_ResponseReading], slate: Slate) -> bool:
    rows = [response.rows for response in read if not response.rows.is_empty()]
    return bool(rows) and all((frame["game_date"] < slate.game_date).all() for frame in rows)


def _is_suspicious(source: Source, batch: _BatchReading, slate: Slate) -> bool:
    """Whether there are fewer than half of the rows expected for the covered games; other games count as missing."""
    covered = tuple(game for game in slate.games if game.game_id in batch.covered) or slate.games
    return 2 * batch.rows < source.expected_rows(slate.model_copy(update={"games": covered}))


class _Changes(NamedTuple):
    """Whether a step may need what was written, for which games of the slate, and what the checks say of the rows."""

    needed: bool = False
    games: frozenset[str] = frozenset()
    warnings: tuple[CheckWarning, ...] = ()


class _Written(NamedTuple):
    """The changed rows that a step may need, and what the checks say of the written ones."""

    changed: pl.DataFrame
    warnings: tuple[CheckWarning, ...] = ()


def _write_all(
    source: Source, batch: _BatchReading, slate: Slate, warehouse: Warehouse, *, keep_larger: bool
) -> _Changes:
    """Write the rows that differ from the stored ones. `keep_larger`: stored rows are kept if they are more."""
    table = TABLES[source.table]
    if table.append_only:
        unique = batch.all_rows.unique(table.natural_key, keep="first", maintain_order=True)  # pages may overlap
        # A batch may contain responses of earlier polls: each is compared with the rows of its own time.
        polls = unique.partition_by("as_of", maintain_order=True)
        writes = [_append_changed(table, poll, slate, warehouse, keep_larger=keep_larger) for poll in polls]
    else:
        writes = [_replace_rows(source, item, slate, warehouse, keep_larger=keep_larger) for item in batch.read]
    written = [write.changed for write in writes if not write.changed.is_empty()]
    games = (_all_games(slate) if batch.has_earlier_dates_only else _games_of(rows, slate) for rows in written)
    warnings = tuple(warning for write in writes for warning in write.warnings)
    return _Changes(bool(written), frozenset[str]().union(*games), warnings)


def _replace_rows(
    source: Source, response: _ResponseReading, slate: Slate, warehouse: Warehouse, *, keep_larger: bool
) -> _Written:
    """Write the rows of a response if they differ from the stored ones."""
    rows = _without_better_sources(source, response.rows, slate, warehouse)
    if rows.is_empty():
        return _Written(rows)
    table = TABLES[source.table]
    removed = response.rows.join(rows, on=table.natural_key, how="anti")
    replaces = response.replaces if removed.is_empty() else source.replaced_rows(rows.to_dicts(), slate)
    adds_to_games = not removed.is_empty() and removed["game_id"].is_in(rows["game_id"].to_list()).any()
    date_only = _covers_only_the_date(source, response, slate)
    is_damaged = bool(response.reading.damaged or response.reading.damaged_elsewhere)
    return _replace_slice(
        table,
        rows,
        replaces,
        warehouse,
        keep_larger=keep_larger,
        keep_newer=not date_only,
        keep_missing=(is_damaged and not date_only) or adds_to_games,
    )


def _without_better_sources(source: Source, rows: pl.DataFrame, slate: Slate, warehouse: Warehouse) -> pl.DataFrame:
    """Remove rows of games that already have results of a better source, whichever is read first.

    Where an unreadable or unresolved player is missing in the better results, only the rows that it has are removed.
    For a fallback source every source is better except its own fallback sources; the next day's history is, too.
    """
    if source.role is not Role.POST or not source.fallback_for:
        return rows
    key = TABLES[source.table].natural_key
    after = (other.name for other in SOURCES.values() if source.name in other.fallback_for)
    parameters: Parameters = {"game_date": slate.game_date, "not_better": [source.name, *after]}
    better = warehouse.query(rows_of_better_sources(TABLES[source.table]), parameters)
    return rows.join(better, on=key, how="anti").join(better.filter("is_complete"), on="game_id", how="anti")


def _stores_unreadable_players(source: Source) -> bool:
    """Whether a player with an unreadable entry is stored as unresolved."""
    return source.role is Role.POST and source.table == "raw_player_boxscores"


def _append_changed(
    table: Table, rows: pl.DataFrame, slate: Slate, warehouse: Warehouse, *, keep_larger: bool
) -> _Written:
    """Append the snapshot of every game that differs from its last one, in one write."""
    if rows.is_empty():
        return _Written(rows)
    stored = _last_snapshots(table, rows, slate, warehouse)
    changed = _difference(table, rows, stored)
    if keep_larger:
        changed = changed.join(_shrunk_games(rows, stored), on="game_id", how="anti")
    if changed.is_empty():
        return _Written(changed)
    written = warehouse.append(table.name, rows.join(changed, on="game_id", how="semi"))
    return _Written(changed if written.changed else changed.clear(), written.warnings)


def _last_snapshots(table: Table, rows: pl.DataFrame, slate: Slate, warehouse: Warehouse) -> pl.DataFrame:
    """The last snapshot of each game at the time of `rows`."""
    games = rows["game_id"].unique(maintain_order=True).to_list()
    parameters = {"game_date": slate.game_date, "as_of": rows["as_of"][0], "game_ids": games}
    return warehouse.query(last_snapshots(table), parameters)


def _shrunk_games(rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    now, before = (frame.group_by("game_id").len(name) for frame, name in ((rows, "now"), (stored, "before")))
    return now.join(before, on="game_id").filter(pl.col("now") < pl.col("before"))


def _replace_slice(
    table: Table,
    rows: pl.DataFrame,
    replaces: ReplacedRows,
    warehouse: Warehouse,
    *,
    keep_larger: bool,
    keep_newer: bool,
    keep_missing: bool,
) -> _Written:
    """Replace the slice of the rows if it differs.

    `keep_larger`, `keep_newer`: stored rows are kept if they are more, or of a later poll. `keep_missing`: stored rows
    whose key is not among the new rows are kept, because their element of the response may be damaged, or because the
    new rows only add to those of a better source.
    A poll without changes does not update the time of stored rows, so a response is never older than rows that it was
    the first to contain.
    """
    where = slice_of(replaces)
    stored = warehouse.query(*rows_of_slice(table, where))
    outdated = not stored.filter(pl.col("as_of") > rows["as_of"].max()).is_empty()
    if keep_missing:
        rows = pl.concat([rows, stored.join(rows, on=table.natural_key, how="anti").select(rows.columns)])
    changed = _difference(table, rows, stored)
    if changed.is_empty() or (keep_newer and outdated) or (keep_larger and rows.height < stored.height):
        return _Written(changed.clear())
    if _is_volatile_only(table, rows, stored):
        return _Written(changed.clear())
    written = warehouse.replace(table.name, _with_first_times(table, rows, stored), where)
    return _Written(_news(table, rows, stored, changed), written.warnings)


def slice_of(replaces: ReplacedRows) -> Slice:
    """Return the rows that a reading replaces as a slice of the warehouse."""
    return {name: DateRange(first=of[0], last=of[1]) if isinstance(of, tuple) else of for name, of in replaces.items()}


def _with_first_times(table: Table, rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """The rows with the time each was first stored; unchanged rows keep their time."""
    if stored.is_empty():
        return rows  # avoids a copy when whole seasons are loaded for the first time
    facts = _facts(table)
    before = stored.group_by(facts).agg(pl.col("as_of").min().alias("first_as_of"))
    known = rows.join(before, on=facts, how="left", nulls_equal=True, maintain_order="left")
    return known.with_columns(as_of=pl.min_horizontal("as_of", "first_as_of")).drop("first_as_of")


def _is_volatile_only(table: Table, rows: pl.DataFrame, stored: pl.DataFrame) -> bool:
    """Whether only running scores changed and the last ones were written recently."""
    now: datetime = rows["as_of"][0]
    recent = stored.filter(pl.col("as_of").is_between(now - VOLATILE_WRITE_INTERVAL, now, closed="right"))
    return not recent.is_empty() and _difference(table, rows, stored, ignored=table.volatile_columns).is_empty()


def _news(table: Table, rows: pl.DataFrame, stored: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """The changed rows without those of running games whose scores alone changed, for which no step waits.

    Counting these in `data_versions` would be a hundred writes a day.
    """
    if not table.volatile_columns:
        return changed
    lasting = _difference(table, rows, stored, ignored=table.volatile_columns)["game_id"].to_list()
    return changed.filter((pl.col("status") != LIVE) | pl.col("game_id").is_in(lasting))


def _covers_only_the_date(source: Source, response: _ResponseReading, slate: Slate) -> bool:
    """Whether a pre-game response is about the date alone, as a roster is, and not about a season.

    A re-run reads these responses again in order of time, so that each computation sees the roster of its time.
    """
    date_only = (slate.game_date, (slate.game_date, slate.game_date))
    return source.role is Role.PRE and response.replaces.get("game_date") in date_only


def _difference(table: Table, rows: pl.DataFrame, stored: pl.DataFrame, ignored: Sequence[str] = ()) -> pl.DataFrame:
    """Rows that only one side has, compared without time columns and `ignored` columns."""
    facts = _facts(table, ignored)
    new, stored = rows.select(facts), stored.select(facts)
    removed = stored.join(new, on=facts, how="anti", nulls_equal=True)
    return pl.concat([new.join(stored, on=facts, how="anti", nulls_equal=True), removed])


def _facts(table: Table, ignored: Sequence[str] = ()) -> list[str]:
    """The columns of the facts, without those of their time."""
    return [name for name in table.column_names if name not in {*_TIME_COLUMNS, *ignored}]


def _games_of(rows: pl.DataFrame, slate: Slate) -> frozenset[str]:
    """Games of the slate that the rows are about, by game or by team."""
    if "game_id" in rows.columns:
        ids = set(rows["game_id"])
        return frozenset(game.game_id for game in slate.games if game.game_id in ids)
    teams = set(rows["team"])
    return frozenset(game.game_id for game in slate.games if teams & {game.home, game.away})


def _all_games(slate: Slate) -> frozenset[str]:
    return frozenset(game.game_id for game in slate.games)


def _write_unresolved(source: Source, batch: _BatchReading, context: ReadContext, warehouse: Warehouse) -> None:
    """Store the unresolved names of this source and date; names that no response covers are kept."""
    table, slate = TABLES["unresolved_players"], context.slate
    where: Slice = {"game_date": slate.game_date, "source": source.name}
    stored = warehouse.query(*rows_of_slice(table, where))
    others = stored.filter(~pl.any_horizontal(_covers_name(response, slate) for response in batch.read))
    origin = {"source": source.name, "as_of": context.as_of}
    unresolved = _frame(table, [row | origin for row in _unresolved(batch)])
    rows = pl.concat([unresolved, others.join(unresolved, on=table.natural_key, how="anti").select(unresolved.columns)])
    if not _difference(table, rows, stored).is_empty():
        warehouse.replace(table.name, rows, where)


def _covers_name(response: _ResponseReading, slate: Slate) -> pl.Expr:
    """Selects the unresolved names that a response covers: of its game, of its teams, or of the whole slate."""
    if response.game_id:
        return pl.col("game_id") == response.game_id
    if "team" in response.replaces:
        return pl.col("team").is_in(response.rows["team"].unique().to_list())
    return pl.col("game_id").is_in([game.game_id for game in slate.games])


def _unresolved(batch: _BatchReading) -> tuple[Row, ...]:
    """The unresolved names, each once per game and team."""
    rows = (row for response in batch.read for row in response.reading.unresolved)
    return tuple({(row["game_id"], row["team"], row["player_name"]): row for row in rows}.values())


def _format_name(row: Row) -> str:
    """An unresolved name with its most similar players."""
    nearest = " or ".join(row["candidates"].split("; ")[:MAX_REPORTED_CANDIDATES])
    return f"{row['player_name']} ({nearest}?)" if nearest else row["player_name"]


def _report(
    source: Source, batch: _BatchReading, slate: Slate, changes: _Changes, *, suspicious: bool
) -> ProcessReport:
    readings = [response.reading for response in batch.read]
    rejected = _total(reading.rejected for reading in readings)
    damaged = _total(counts for reading in readings for counts in (reading.damaged, reading.damaged_elsewhere))
    names = sorted(map(_format_name, _unresolved(batch)))
    unknown = _unknown_games(batch)
    missing = tuple(game.game_id for game in slate.games if game.game_id not in batch.covered)
    return ProcessReport(
        outcome=_outcome(batch, (*missing, *unknown), suspicious=suspicious),
        reason=_reason(batch, slate, missing, names, rejected, damaged),
        rows=batch.rows,
        changed=changes.needed,
        changed_games=tuple(game.game_id for game in slate.games if game.game_id in changes.games),
        missing_games=missing,
        counts={
            f"{kind}:{source.name}": counts.total()
            for kind, counts in (("rejected", rejected), ("damaged", damaged))
            if counts
        }
        | warning_counts(source.table, changes.warnings),
        alerts=_alerts(readings, unknown)
        | _damage_alert(source, readings, damaged)
        | warning_alerts(source.table, changes.warnings),
        unresolved=len(names),
        unresolved_names=tuple(names[:MAX_REPORTED_NAMES]),
        provider_ids={
            game_id: provider_id for reading in readings for game_id, provider_id in reading.provider_ids.items()
        },
        **({} if suspicious else _reported_slate(source, batch, slate)),
    )


def _total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    return sum(map(Counter, counts), Counter[str]())


def _damage_alert(source: Source, readings: Iterable[Reading], damaged: Mapping[str, int]) -> dict[str, str]:
    if not damaged:
        return {}
    games = dict.fromkeys(game for reading in readings for game in reading.unreadable_games)
    named = f"games of the date: {', '.join(games)}; " if games else ""
    elements = shortened(named + ", ".join(f"{problem} ({count})" for problem, count in sorted(damaged.items())), 300)
    advice = f"if the provider changed these fields, fix the reader of {source.name} and retry the step"
    return {
        "damaged": f"the response of {source.name} has unreadable elements, which are left out; {advice}: {elements}"
    }


def _alerts(readings: Sequence[Reading], unknown_games: Sequence[str]) -> dict[str, str]:
    alerts = _word_alerts(_total(reading.unknown_words for reading in readings))
    if unknown_fields := sorted({field for reading in readings for field in reading.unknown_fields}):
        fields = shortened(", ".join(unknown_fields[:MAX_REPORTED_NAMES]), 300)
        alerts["unknown_fields"] = (
            f"the response has unknown fields: {fields}; read them, or add them to `ignored_fields` of the source"
        )
    if unknown_games:
        alerts["unknown_games"] = (
            f"the response has games with unknown ids: {', '.join(unknown_games)}; they are ignored until "
            f"{Schedule.name} is read: retry it"
        )
    return alerts


def _word_alerts(unknown_words: Mapping[str, int]) -> dict[str, str]:
    if not unknown_words:
        return {}
    words = shortened(", ".join(f"{reason} ({count})" for reason, count in sorted(unknown_words.items())), 300)
    return {"unknown_words": f"the provider uses words of unknown meaning: {words}; add them to the vocabulary"}


def _outcome(batch: _BatchReading, missing: Sequence[str], *, suspicious: bool) -> Outcome:
    if suspicious:
        return Outcome.SUSPICIOUSLY_EMPTY
    if not batch.rows and not batch.is_damaged:
        return Outcome.EMPTY_OK
    incomplete = missing or batch.unreadable or batch.is_damaged or Outcome.PARTIAL in batch.outcomes
    return Outcome.PARTIAL if incomplete else Outcome.OK


def _reason(
    batch: _BatchReading,
    slate: Slate,
    missing: Sequence[str],
    names: Sequence[str],
    rejected: Mapping[str, int],
    damaged: Mapping[str, int],
) -> str:
    """One line about the rows, missing games, unreadable responses and elements, and unresolved names."""
    labels = [game.label for game in slate.games if game.game_id in missing]
    parts = [counted(batch.rows, "row")]
    if slate.games:
        parts[0] += f", {len(slate.games) - len(missing)} of {counted(len(slate.games), 'game')}"
    if labels:
        parts.append(f"missing {', '.join(labels)}")
    elif batch.is_before_first_result:
        parts = ["no game of the season is over yet"]
    if batch.unreadable:
        total = counted(len(batch.read) + len(batch.unreadable), "response")
        parts.append(f"{len(batch.unreadable)} of {total} unreadable, the first: {batch.unreadable[0]}")
    parts += [f"{game} is unreadable" for response in batch.read for game in response.reading.unreadable_games]
    left_out = (*sorted(damaged.items()), *sorted(rejected.items()))
    parts += [f"left out: {reason} ({count})" for reason, count in left_out]
    if names:
        parts.append(f"{counted(len(names), 'name')} unresolved")
    return shortened("; ".join(parts))


class _ReportedSlate(TypedDict, total=False):
    games: tuple[SlateGame, ...]
    postponed: tuple[str, ...]


def _reported_slate(source: Source, batch: _BatchReading, slate: Slate) -> _ReportedSlate:
    """The games of the date, from a schedule or from a scoreboard that shows when an unfixed tip-off was."""
    if source.role is Role.LIVE:
        return _slate_with_begun_games(batch, slate)
    if source.table != "raw_schedule":
        return {}
    rows = [
        row
        for response in batch.read
        for row in response.rows.filter(pl.col("game_date") == slate.game_date).iter_rows(named=True)
    ]
    postponed = (row["game_id"] for row in rows if row["status"] == "postponed")
    games = (*slate_games(rows, slate.game_date), *_games_not_shown(batch, slate))
    return {"games": tuple(sorted(games, key=lambda game: game.order)), "postponed": tuple(sorted(postponed))}


def _games_not_shown(batch: _BatchReading, slate: Slate) -> Iterator[SlateGame]:
    """The slate's games that a damaged schedule does not show: an unreadable game stays on the slate."""
    if batch.is_damaged:
        shown = set(batch.all_rows["game_id"])
        yield from (game for game in slate.games if game.game_id not in shown)


def _slate_with_begun_games(batch: _BatchReading, slate: Slate) -> _ReportedSlate:
    """The slate if a game without a fixed tip-off has begun: its tip-off is when it was first seen in play."""
    begun = {row["game_id"]: row["as_of"] for row in batch.all_rows.iter_rows(named=True) if row["status"] in BEGUN}
    games = [
        game.model_copy(update={"tip_off": begun[game.game_id]})
        if game.tip_off is None and game.game_id in begun
        else game
        for game in slate.games
    ]
    return {} if tuple(games) == slate.games else {"games": tuple(sorted(games, key=lambda game: game.order))}
