"""The page of costs is computed from a measured day; what its parts count, and how they grow."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools import cloud_cost
from devtools.cloud_cost import MINIMUM_BYTES, PRICES, billed_bytes, bytes_read, page, query_dollars, season_table
from devtools.cloud_usage import FILE, DayUsage, Stored, bytes_of, counted_uses, stored_tables
from devtools.usage_worker import ALL_DATES, INCOMING, LoggingStore, LoggingWarehouse, UsageLog, Use, reads_of
from runtime import PROJECT
from tests.support.rows import rows_of
from tipoff.storage.folder import FolderStore
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
USAGE = DayUsage.model_validate_json(FILE.read_bytes())
TABLE = st.sampled_from(sorted(USAGE.tables))


def logged(file: Path) -> list[Use]:
    """The uses in a log, which is emptied."""
    uses = [Use.model_validate_json(line) for line in file.read_text().splitlines()]
    file.write_text("")
    return uses


def read(table: str, dates: int = 1) -> Use:
    return Use(what=table, how="read", dates=dates)


def test_the_page_is_current_and_lists_every_declared_table() -> None:
    written = (PROJECT / "docs" / "cost.md").read_text()
    assert written == page(USAGE, PRICES), "run: python -m devtools.cloud_cost > docs/cost.md"
    assert list(USAGE.tables) == [table.name for table in stored_tables()], "run: python -m devtools.cloud_usage"
    section = written.split("## Tables")[1].split("## ")[0]
    assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == list(USAGE.tables)


def test_only_declared_tables_and_folders_are_used() -> None:
    assert {use.what for use, _ in USAGE.uses} <= {*USAGE.tables, *USAGE.folders, INCOMING}
    assert {use.how for use, _ in USAGE.uses} == {"read", "write", "class A", "class B"}


def test_the_size_of_rows_is_that_of_their_types() -> None:
    rows = rows_of("raw_players", [{"player_name": "Jokić", "team": None, "position": "C"}], game_date=DAY)
    texts = ("player_id", "player_name", "position", "source")
    assert bytes_of(rows, TABLES["raw_players"]) == 8 + 8 + sum(2 + len(rows[name].item().encode()) for name in texts)
    some, none = (
        rows_of("predictions", [{"quantiles": quantiles, "degraded_reasons": reasons}], game_date=DAY)
        for quantiles, reasons in (([1.0, 2.0], ["no line"]), ([], []))
    )
    sizes = [bytes_of(rows, TABLES["predictions"]) for rows in (some, none)]
    assert sizes[0] - sizes[1] == 2 * 8 + 2 + len("no line")


@pytest.mark.parametrize(
    ("condition", "dates"),
    [
        ("game_date = @day", 1),
        ("game_date BETWEEN DATE_SUB(@day, INTERVAL 365 DAY) AND @day", 366),
        ("game_date BETWEEN @day AND DATE_ADD(@last, INTERVAL 1 DAY)", 3),
        ("game_date < @day", ALL_DATES),
        ("game_date >= @day", ALL_DATES),
    ],
)
def test_the_dates_that_a_select_reads_are_those_of_its_filter(condition: str, dates: int) -> None:
    sql = f"SELECT points FROM predictions WHERE {condition}"  # noqa: S608
    assert list(reads_of(sql, {"day": DAY, "last": date(2024, 3, 30)})) == [read("predictions", dates)]


def test_a_view_counts_as_the_tables_that_it_reads() -> None:
    sql = "SELECT points FROM team_boxes WHERE game_date = @day"
    tables = {"raw_team_boxscores", "raw_player_boxscores", "unresolved_players"}
    assert set(reads_of(sql, {"day": DAY})) == {read(table) for table in tables}


def test_a_table_that_is_read_twice_counts_once_with_the_most_dates() -> None:
    sql = "SELECT 1 AS one FROM predictions AS a JOIN predictions AS b USING (game_id) WHERE a.game_date = @day AND {}"
    assert list(reads_of(sql.format("b.game_date < @day"), {"day": DAY})) == [read("predictions", ALL_DATES)]
    month = sql.format("b.game_date BETWEEN DATE_SUB(@day, INTERVAL 30 DAY) AND @day")
    assert list(reads_of(month, {"day": DAY})) == [read("predictions", 31)]


def test_a_write_reads_its_slice_and_the_new_rows_and_once_more_if_they_differ(tmp_path: Path) -> None:
    file = tmp_path / "uses.jsonl"
    warehouse = LoggingWarehouse(tmp_path / "tipoff.duckdb", UsageLog(file))
    warehouse.migrate()
    rows = rows_of("raw_shots", [{"shot_number": 1}], game_date=DAY)
    compared = [read("raw_shots"), read(INCOMING)]
    warehouse.replace("raw_shots", rows, {"game_date": DAY})
    assert logged(file) == [*compared, *compared, Use(what="raw_shots", how="write")]
    warehouse.replace("raw_shots", rows, {"game_date": DAY})
    assert logged(file) == compared
    quotes = rows_of("raw_player_props", [{"line": 20.5}], game_date=DAY)
    warehouse.append("raw_player_props", quotes)
    checked = [read(INCOMING), read("raw_player_props"), read(INCOMING)]
    assert logged(file) == [*checked, Use(what="raw_player_props", how="write")]
    warehouse.close()


def test_the_requests_of_a_store_have_the_classes_of_cloud_storage(tmp_path: Path) -> None:
    store = LoggingStore(FolderStore(tmp_path / "store"), "exports", UsageLog(tmp_path / "uses.jsonl"))
    store.create("a", b"1")
    store.update("a", lambda present: b"2")
    store.update("a", lambda present: None)
    store.names("")
    assert store.read("a") == b"2"
    uses = Counter(use.how for use in logged(tmp_path / "uses.jsonl"))
    assert uses == {"class A": 3, "class B": 3}


@given(TABLE, st.integers(1, 5_000), st.integers(0, 5_000))
def test_more_dates_are_never_fewer_bytes(table: str, dates: int, more: int) -> None:
    sizes = [bytes_read(read(table, of), USAGE) for of in (dates, dates + more, ALL_DATES)]
    assert sizes == sorted(sizes)
    assert sizes[2] == pytest.approx(season_table(table, USAGE).bytes * cloud_cost.HISTORY_SEASONS)
    assert all(billed_bytes(size) >= max(size, MINIMUM_BYTES) for size in sizes)


@given(TABLE, st.integers(1, 10), st.integers(1, 10))
def test_a_season_grows_with_the_rows_of_the_day_and_shrinks_with_its_games(table: str, rows: int, games: int) -> None:
    usage = USAGE.model_copy(update={"games": games, "tables": {table: Stored(rows=rows, bytes=10 * rows)}})
    season = season_table(table, usage)
    assert season.bytes == pytest.approx(10 * season.rows)
    expected = {"raw_schedule": rows, "predictions": rows * 1230 / games, "player_daily_cache": rows * 165}
    assert season.rows == pytest.approx(expected.get(table, season.rows))
    assert season.rows >= rows


@given(st.floats(0, 1e15), st.floats(0, 1e15))
def test_dollars_grow_with_bytes_and_the_free_ones_cost_nothing(one: float, other: float) -> None:
    (less, beyond_less), (more, beyond_more) = (query_dollars(size, PRICES) for size in sorted((one, other)))
    assert less <= more
    assert beyond_less <= beyond_more
    assert more - beyond_more <= cloud_cost.MONTHS * PRICES.query_tib * PRICES.free_query_tib + 1e-6


def test_equal_uses_are_counted_together() -> None:
    assert counted_uses([read("b"), read("a", 2), read("b"), read("a")]) == (
        (read("a"), 1),
        (read("a", 2), 1),
        (read("b"), 2),
    )


def test_a_day_of_two_reads_by_hand() -> None:
    """One small read is billed as 10 MiB; one of every date as the four seasons of 20 MiB a date."""
    tables = {"player_daily_cache": Stored(rows=1, bytes=2**20)}
    uses = counted_uses([read("player_daily_cache"), read("player_daily_cache", ALL_DATES)])
    usage = USAGE.model_copy(update={"tables": tables, "uses": uses})
    (scan,) = cloud_cost.scans(usage)
    assert (scan.reads, scan.bytes, scan.billed) == (2, 2**20 * (1 + 165 * 4), 2**20 * (10 + 165 * 4))
