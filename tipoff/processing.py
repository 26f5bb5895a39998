"""Landed answers read into the source's table, so that running it again changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypedDict

import polars as pl
from pydantic import ValidationError

from tipoff.errors import BadInputError, ContractError, NotEnoughDataError
from tipoff.landing.base import Batch, BatchItem, Landing
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, ReplacedRows, Row, Slate, Source
from tipoff.sources.player_names import load_aliases, slate_players
from tipoff.sources.registry import SOURCES
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import Outcome, ProcessReport, Role, SlateGame, shortened
from tipoff.warehouse.base import DateRange, Parameters, Slice, SqlValue, Warehouse
from tipoff.warehouse.tables import TABLES, Table
from tipoff.warehouse.validation import conform, schema_of

NAMES_TOLD = 20
"""Unresolved names and unknown fields that a report carries; the table holds them all."""
NEAREST_TOLD = 2
"""Players of the nearest names that are told beside each."""
PASSING_NEWS_EVERY = timedelta(minutes=5)
"""A running score alone is written no oftener: at every look of a long day it would be 250 writes."""
_MOMENTS = ("as_of", "last_update")
"""Columns that say when a fact was seen, not what it is."""


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
    """Read a batch of answers fetched at `as_of` and write what is news.

    Raises ContractError when no answer of the batch can be read, NotEnoughDataError when names cannot be resolved
    because neither rosters nor the player list of the date were read, BadInputError for a batch of another source.
    """
    batch = _load_batch(landing, batch_key, source, slate)
    context = ReadContext(
        slate=slate,
        as_of=as_of,
        players=_players(source, slate, warehouse) if source.needs_players else (),
        aliases=load_aliases(aliases_path) if aliases_path else {},
        known_games=_stored_games(slate, warehouse) if source.table == "raw_schedule" else (),
    )
    answers = _read_all(source, batch, context, landing)
    suspicious = _is_suspicious(source, answers, slate)
    news = _write_all(source, answers, slate, warehouse, protect=suspicious)
    if source.needs_players:
        _write_unresolved(source, answers, context, warehouse)
    return _report(source, answers, slate, news, suspicious=suspicious)


class _Answer(NamedTuple):
    """One answer read: its rows as a frame, which is a tenth of them as dictionaries, and what goes with them."""

    game_id: str | None
    """The game that was asked about, where it was one."""
    rows: pl.DataFrame
    owned: ReplacedRows
    reading: Reading
    """Without its rows."""


class _Answers(NamedTuple):
    """The answers of a batch that could be read, those that could not, and what they were judged."""

    read: tuple[_Answer, ...]
    unreadable: tuple[ContractError, ...]
    judged: frozenset[Outcome]
    covered: frozenset[str]
    """The slate's games that the rows speak of."""
    earlier: bool
    """All rows are of earlier dates: every game of the slate stands on them."""

    @property
    def rows(self) -> int:
        return sum(answer.rows.height for answer in self.read)

    @property
    def all_rows(self) -> pl.DataFrame:
        return pl.concat([answer.rows for answer in self.read])


def _load_batch(landing: Landing, key: str, source: Source, slate: Slate) -> Batch:
    try:
        batch = Batch.model_validate_json(landing.get(key))
    except ValidationError as error:
        raise BadInputError(f"{key} is no batch of landed answers") from error
    if (batch.source, batch.game_date) != (source.name, slate.game_date):
        raise BadInputError(
            f"{key} holds {batch.source} of {batch.game_date}, asked for {source.name} of {slate.game_date}"
        )
    return batch


def _players(source: Source, slate: Slate, warehouse: Warehouse) -> tuple[KnownPlayer, ...]:
    """Whom names may mean: the slate's rosters, a team without one by the league's list; for rosters the list."""
    league = _known(warehouse, _LEAGUE, slate)
    rosters = () if source.table == "raw_rosters" else _known(warehouse, _ROSTERS, slate)
    players = slate_players(rosters, league)
    if not players:
        raise NotEnoughDataError(
            f"{source.name} {slate.game_date}: names cannot be resolved, neither rosters nor the player list "
            "have been read; retry the player list first, then this step"
        )
    return players


_ROSTERS = "SELECT player_id, player_name, team FROM raw_rosters WHERE game_date = @game_date"
_LEAGUE = """
    SELECT player_id, player_name, COALESCE(team, '') AS team
    FROM raw_players
    WHERE game_date = (SELECT MAX(game_date) FROM raw_players WHERE game_date <= @game_date)
"""


def _known(warehouse: Warehouse, sql: str, slate: Slate) -> tuple[KnownPlayer, ...]:
    rows = warehouse.query(f"{sql} ORDER BY team, player_id", {"game_date": slate.game_date})
    return tuple(KnownPlayer(**row) for row in rows.iter_rows(named=True))


MOVED_AT_MOST = timedelta(days=14)
"""A postponed game of the same sides that was to be played further off is taken for another game."""
_STORED_GAMES = """
    SELECT game_id, away, home, tip_off
    FROM raw_schedule
    WHERE game_date BETWEEN @first_date AND @last_date
      AND (game_date = @game_date OR status = 'postponed')
    ORDER BY tip_off, game_id
"""


def _stored_games(slate: Slate, warehouse: Warehouse) -> tuple[SlateGame, ...]:
    """The date's games as an earlier schedule had them, and postponed ones that may have been moved to it.

    One of the same sides that stands on another date is another game, whose id must not be taken.
    """
    first, last = slate.game_date - MOVED_AT_MOST, slate.game_date + MOVED_AT_MOST
    rows = warehouse.query(_STORED_GAMES, {"game_date": slate.game_date, "first_date": first, "last_date": last})
    return tuple(SlateGame(**row) for row in rows.iter_rows(named=True))


def _read_all(source: Source, batch: Batch, context: ReadContext, landing: Landing) -> _Answers:
    """Every answer that can be read; one that cannot leaves the others standing."""
    read, unreadable = [], []
    for item in batch.items:
        moment = item.fetched_at or context.as_of
        about = context.model_copy(update={"game_id": item.game_id, "part": item.part, "as_of": moment})
        try:
            read.append(_answer(source, item, source.read(landing.get(item.key), about), context.slate))
        except ContractError as error:
            unreadable.append(error.of(item.key))
    if unreadable and not read:
        raise unreadable[0]
    earlier = _about_earlier_dates(read, context.slate)
    rows = (row for answer in read for row in answer.rows.iter_rows(named=True))
    return _Answers(
        read=tuple(read),
        unreadable=tuple(unreadable),
        judged=frozenset(item.outcome for item in batch.items),
        covered=_all_games(context.slate) if earlier else source.covers(rows, context.slate),
        earlier=earlier,
    )


def _answer(source: Source, item: BatchItem, reading: Reading, slate: Slate) -> _Answer:
    return _Answer(
        game_id=item.game_id,
        rows=rows_read(source, reading.rows),
        owned=source.replaced_rows(reading.rows, slate),
        reading=reading.model_copy(update={"rows": ()}),
    )


def rows_read(source: Source, rows: Sequence[Row]) -> pl.DataFrame:
    """What was read of one answer as rows of the source's table.

    Raises ContractError for values that no row can have, such as a number of 400 digits.
    """
    try:
        return _frame(TABLES[source.table], rows)
    except (BadInputError, OverflowError, TypeError, pl.exceptions.PolarsError) as error:
        raise ContractError(source.name, "$", f"holds what {source.table} cannot: {error}") from error


def _frame(table: Table, rows: Sequence[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema=schema_of(table))
    return conform(table, frame)


def _about_earlier_dates(read: Sequence[_Answer], slate: Slate) -> bool:
    rows = [answer.rows for answer in read if not answer.rows.is_empty()]
    return bool(rows) and all((frame["game_date"] < slate.game_date).all() for frame in rows)


def _is_suspicious(source: Source, answers: _Answers, slate: Slate) -> bool:
    """Under half of what the games that came make plausible; games that did not come are missing, which is else."""
    came = tuple(game for game in slate.games if game.game_id in answers.covered) or slate.games
    return 2 * answers.rows < source.expected_rows(slate.model_copy(update={"games": came}))


class _News(NamedTuple):
    """What was written: whether anything was, and the slate's games it is about."""

    written: bool = False
    games: frozenset[str] = frozenset()


def _write_all(source: Source, answers: _Answers, slate: Slate, warehouse: Warehouse, *, protect: bool) -> _News:
    """Write what differs from what stands. `protect`: never in place of more rows."""
    table = TABLES[source.table]
    if table.append_only:
        once = answers.all_rows.unique(table.natural_key, keep="first", maintain_order=True)  # pages may overlap
        # Answers of earlier looks may stand among them: each is compared with what stood at its own moment.
        polls = once.partition_by("as_of", maintain_order=True)
        changes = [_append_news(table, poll, slate, warehouse, protect=protect) for poll in polls]
    else:
        changes = [_replaced(source, answer, slate, warehouse, protect=protect) for answer in answers.read]
    news = [changed for changed in changes if not changed.is_empty()]
    about = (_all_games(slate) if answers.earlier else _games_of(changed, slate) for changed in news)
    return _News(bool(news), frozenset[str]().union(*about))


def _replaced(source: Source, answer: _Answer, slate: Slate, warehouse: Warehouse, *, protect: bool) -> pl.DataFrame:
    """The rows of an answer that were news."""
    rows = _without_better(source, answer.rows, slate, warehouse)
    if rows.is_empty():
        return rows
    owned = answer.owned if rows.height == answer.rows.height else source.replaced_rows(rows.to_dicts(), slate)
    older = not _is_of_the_day(source, answer, slate)
    return _replace_news(TABLES[source.table], rows, owned, warehouse, fewer=protect, older=older)


def _without_better(source: Source, rows: pl.DataFrame, slate: Slate, warehouse: Warehouse) -> pl.DataFrame:
    """Rows of games whose results no better source has brought: those stand, whoever reads when.

    Better than a stand-in is any source but those that stand in for it: the next day's history of players too.
    """
    if source.role is not Role.POST or not source.fallback_for:
        return rows
    sql = f"""
        SELECT DISTINCT game_id
        FROM {source.table}
        WHERE game_date = @game_date AND source NOT IN UNNEST(@not_better)
    """  # noqa: S608 - the name of a declared table
    after = (other.name for other in SOURCES.values() if source.name in other.fallback_for)
    parameters: Parameters = {"game_date": slate.game_date, "not_better": [source.name, *after]}
    return rows.join(warehouse.query(sql, parameters), on="game_id", how="anti")


def _append_news(
    table: Table, rows: pl.DataFrame, slate: Slate, warehouse: Warehouse, *, protect: bool
) -> pl.DataFrame:
    """Append the snapshot of every game that differs from its last one, in one write; the rows that differ."""
    if rows.is_empty():
        return rows
    standing = _last_snapshots(table, rows, slate, warehouse)
    changed = _difference(table, rows, standing)
    if protect:
        changed = changed.join(_shrunk_games(rows, standing), on="game_id", how="anti")
    if changed.is_empty():
        return changed
    written = warehouse.append(table.name, rows.join(changed, on="game_id", how="semi"))
    return changed if written.changed else changed.clear()


def _last_snapshots(table: Table, rows: pl.DataFrame, slate: Slate, warehouse: Warehouse) -> pl.DataFrame:
    """The last snapshot of each game of `rows` that is not younger than they are."""
    sql = f"""
        SELECT snapshot.*
        FROM {table.name} AS snapshot
        JOIN (
            SELECT game_id, MAX(as_of) AS as_of
            FROM {table.name}
            WHERE game_date = @game_date AND as_of <= @as_of AND game_id IN UNNEST(@game_ids)
            GROUP BY game_id
        ) AS last ON snapshot.game_id = last.game_id AND snapshot.as_of = last.as_of
        WHERE snapshot.game_date = @game_date
    """  # noqa: S608 - the name of a declared table
    games = rows["game_id"].unique(maintain_order=True).to_list()
    parameters = {"game_date": slate.game_date, "as_of": rows["as_of"][0], "game_ids": games}
    return warehouse.query(sql, parameters)


def _shrunk_games(rows: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    now, before = (frame.group_by("game_id").len(name) for frame, name in ((rows, "now"), (standing, "before")))
    return now.join(before, on="game_id").filter(pl.col("now") < pl.col("before"))


def _replace_news(
    table: Table, rows: pl.DataFrame, owned: ReplacedRows, warehouse: Warehouse, *, fewer: bool, older: bool
) -> pl.DataFrame:
    """Make the rows the content of the slice they own, when they differ from it; the rows that differ.

    `fewer`, `older`: what stands stays when it is more, or was found by a later look. A look that found nothing new
    left the moment of the one before, so an answer is never taken for older than what it was the first to tell.
    """
    where: Slice = {
        name: DateRange(first=of[0], last=of[1]) if isinstance(of, tuple) else of for name, of in owned.items()
    }
    standing = _standing(table, where, warehouse)
    changed = _difference(table, rows, standing)
    outdated = not standing.filter(pl.col("as_of") > rows["as_of"].max()).is_empty()
    if changed.is_empty() or (older and outdated) or (fewer and rows.height < standing.height):
        return changed.clear()
    if _passes_soon(table, rows, standing):
        return changed.clear()
    warehouse.replace(table.name, _since_first_told(table, rows, standing), where)
    return changed


def _since_first_told(table: Table, rows: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """The rows as of the moment that each was first told: what stood beside news was known before."""
    if standing.is_empty():
        return rows  # the first load of whole seasons is no time to copy them
    facts = _facts(table)
    before = standing.group_by(facts).agg(pl.col("as_of").min().alias("told"))
    known = rows.join(before, on=facts, how="left", nulls_equal=True, maintain_order="left")
    return known.with_columns(as_of=pl.min_horizontal("as_of", "told")).drop("told")


def _passes_soon(table: Table, rows: pl.DataFrame, standing: pl.DataFrame) -> bool:
    """Whether the news is of running scores alone, and the last ones were written just now."""
    now: datetime = rows["as_of"][0]
    just_now = standing.filter(pl.col("as_of").is_between(now - PASSING_NEWS_EVERY, now, closed="right"))
    return not just_now.is_empty() and _difference(table, rows, standing, besides=table.volatile_columns).is_empty()


def _is_of_the_day(source: Source, answer: _Answer, slate: Slate) -> bool:
    """Whether it is all there is of the time before the date's games, as a roster is, and not of a season.

    A re-run reads those again in the order of time, so that what it computes on the way knows the roster of its moment.
    """
    of_the_day = (slate.game_date, (slate.game_date, slate.game_date))
    return source.role is Role.PRE and answer.owned.get("game_date") in of_the_day


def _standing(table: Table, where: Slice, warehouse: Warehouse) -> pl.DataFrame:
    """The rows of a slice."""
    terms: list[str] = []
    parameters: dict[str, SqlValue | list[str]] = {}
    for name, wanted in where.items():
        if isinstance(wanted, DateRange):
            terms.append(f"{name} BETWEEN @first_{name} AND @last_{name}")
            parameters |= {f"first_{name}": wanted.first, f"last_{name}": wanted.last}
        else:
            terms.append(f"{name} IN UNNEST(@{name})" if isinstance(wanted, list) else f"{name} = @{name}")
            parameters[name] = wanted
    sql = f"SELECT * FROM {table.name} WHERE {' AND '.join(terms)}"  # noqa: S608 - declared names
    return warehouse.query(sql, parameters)


def _difference(table: Table, rows: pl.DataFrame, standing: pl.DataFrame, besides: Sequence[str] = ()) -> pl.DataFrame:
    """Rows of either side that the other lacks in columns `besides` some, however much later they were seen."""
    facts = _facts(table, besides)
    ours, theirs = rows.select(facts), standing.select(facts)
    gone = theirs.join(ours, on=facts, how="anti", nulls_equal=True)
    return pl.concat([ours.join(theirs, on=facts, how="anti", nulls_equal=True), gone])


def _facts(table: Table, besides: Sequence[str] = ()) -> list[str]:
    """The columns that say what a fact is, and not when it was seen."""
    return [name for name in table.column_names if name not in {*_MOMENTS, *besides}]


def _games_of(rows: pl.DataFrame, slate: Slate) -> frozenset[str]:
    """The slate's games that rows are about, by game or by team."""
    if "game_id" in rows.columns:
        ids = set(rows["game_id"])
        return frozenset(game.game_id for game in slate.games if game.game_id in ids)
    teams = set(rows["team"])
    return frozenset(game.game_id for game in slate.games if teams & {game.home, game.away})


def _all_games(slate: Slate) -> frozenset[str]:
    return frozenset(game.game_id for game in slate.games)


def _write_unresolved(source: Source, answers: _Answers, context: ReadContext, warehouse: Warehouse) -> None:
    """Make the names found unresolved now the date's of this source, beside those that no answer is about."""
    table, slate = TABLES["unresolved_players"], context.slate
    where: Slice = {"game_date": slate.game_date, "source": source.name}
    standing = _standing(table, where, warehouse)
    others = standing.filter(~pl.any_horizontal(_names_of(answer, slate) for answer in answers.read))
    origin = {"source": source.name, "as_of": context.as_of}
    found = _frame(table, [row | origin for row in _unresolved(answers)])
    rows = pl.concat([found, others.join(found, on=table.natural_key, how="anti").select(found.columns)])
    if not _difference(table, rows, standing).is_empty():
        warehouse.replace(table.name, rows, where)


def _names_of(answer: _Answer, slate: Slate) -> pl.Expr:
    """The unresolved names an answer has the say of: of its game, of its teams, else of the whole slate."""
    if answer.game_id:
        return pl.col("game_id") == answer.game_id
    if "team" in answer.owned:
        return pl.col("team").is_in(answer.rows["team"].unique().to_list())
    return pl.col("game_id").is_in([game.game_id for game in slate.games])


def _unresolved(answers: _Answers) -> tuple[Row, ...]:
    """Each name once a game and team."""
    rows = (row for answer in answers.read for row in answer.reading.unresolved)
    return tuple({(row["game_id"], row["team"], row["player_name"]): row for row in rows}.values())


def _name_told(row: Row) -> str:
    """An unresolved name with whom it may mean."""
    nearest = " or ".join(row["candidates"].split("; ")[:NEAREST_TOLD])
    return f"{row['player_name']} ({nearest}?)" if nearest else row["player_name"]


def _report(source: Source, answers: _Answers, slate: Slate, news: _News, *, suspicious: bool) -> ProcessReport:
    readings = [answer.reading for answer in answers.read]
    rejected = sum((Counter(reading.rejected) for reading in readings), Counter[str]())
    names = sorted(map(_name_told, _unresolved(answers)))
    unknown = tuple(dict.fromkeys(game for reading in readings for game in reading.unknown_games))
    missing = tuple(game.game_id for game in slate.games if game.game_id not in answers.covered)
    return ProcessReport(
        outcome=_outcome(answers, (*missing, *unknown), suspicious=suspicious),
        reason=_reason(answers, slate, missing, names, rejected),
        rows=answers.rows,
        changed=news.written,
        changed_games=tuple(game.game_id for game in slate.games if game.game_id in news.games),
        missing_games=missing,
        counts={f"rejected:{source.name}": rejected.total()} if rejected else {},
        alerts=_alerts(sorted({field for reading in readings for field in reading.unknown_fields}), unknown),
        unresolved=len(names),
        unresolved_names=tuple(names[:NAMES_TOLD]),
        provider_ids={ours: theirs for reading in readings for ours, theirs in reading.provider_ids.items()},
        **({} if suspicious else _slate_told(source, answers, slate)),
    )


def _alerts(unknown_fields: Sequence[str], unknown_games: Sequence[str]) -> dict[str, str]:
    alerts = {}
    if unknown_fields:
        fields = shortened(", ".join(unknown_fields[:NAMES_TOLD]), 300)
        alerts["unknown_fields"] = (
            f"the provider added fields that nobody reads: {fields}; read them, or name them among the ignored ones"
        )
    if unknown_games:
        alerts["unknown_games"] = (
            f"it tells of {', '.join(unknown_games)}, whose ids nobody knows: the day has to do without them"
        )
    return alerts


def _outcome(answers: _Answers, missing: Sequence[str], *, suspicious: bool) -> Outcome:
    if suspicious:
        return Outcome.SUSPICIOUSLY_EMPTY
    if not answers.rows:
        return Outcome.EMPTY_OK
    incomplete = missing or answers.unreadable or Outcome.PARTIAL in answers.judged
    return Outcome.PARTIAL if incomplete else Outcome.OK


def _reason(
    answers: _Answers, slate: Slate, missing: Sequence[str], names: Sequence[str], rejected: Mapping[str, int]
) -> str:
    """What was read and what was not, in a line."""
    labels = [game.label for game in slate.games if game.game_id in missing]
    parts = [f"{answers.rows} rows"]
    if slate.games:
        parts[0] += f", {len(slate.games) - len(missing)} of {len(slate.games)} games"
    if labels:
        parts.append(f"missing {', '.join(labels)}")
    if answers.unreadable:
        came = len(answers.read) + len(answers.unreadable)
        parts.append(f"{len(answers.unreadable)} of {came} answers unreadable, the first: {answers.unreadable[0]}")
    parts += [f"left out: {reason} ({count})" for reason, count in sorted(rejected.items())]
    if names:
        parts.append(f"{len(names)} names unresolved")
    return shortened("; ".join(parts))


class _SlateTold(TypedDict, total=False):
    games: tuple[SlateGame, ...]
    postponed: tuple[str, ...]


def _slate_told(source: Source, answers: _Answers, slate: Slate) -> _SlateTold:
    """The date's games, from the source that knows them."""
    if source.table != "raw_schedule":
        return {}
    rows = [
        row
        for answer in answers.read
        for row in answer.rows.filter(pl.col("game_date") == slate.game_date).iter_rows(named=True)
    ]
    postponed = (row["game_id"] for row in rows if row["status"] == "postponed")
    return {"games": slate_games(rows, slate.game_date), "postponed": tuple(sorted(postponed))}
