"""Copying a warehouse: equal rows afterwards, only what differs is written, and every remaining difference is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import polars as pl
import pytest

from tests.support.rows import rows_of
from tests.support.unchecked import implausible_rows
from tests.support.warehouses import contents, fill, rows_of_date
from tipoff.errors import StorageError
from tipoff.warehouse import copying
from tipoff.warehouse.base import Slice
from tipoff.warehouse.copying import STORED_TABLES, TableCopy, copy_table, digests
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES
from tipoff.warehouse.validation import conform

FRIDAY = date(2024, 3, 29)
DAYS = [FRIDAY + timedelta(days=n) for n in range(5)]

Opened = Callable[[str], DuckDbWarehouse]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens an empty warehouse by its name."""
    with ExitStack() as stack:

        def open_empty(name: str) -> DuckDbWarehouse:
            warehouse = DuckDbWarehouse(tmp_path / f"{name}.duckdb")
            stack.callback(warehouse.close)
            warehouse.migrate()
            return warehouse

        yield open_empty


def copy_all(origin: DuckDbWarehouse, destination: DuckDbWarehouse) -> dict[str, TableCopy]:
    return {t.name: copy_table(t, origin, destination, lambda *_: None) for t in STORED_TABLES}


def copy_one(table: str, origin: DuckDbWarehouse, destination: DuckDbWarehouse) -> TableCopy:
    return copy_table(TABLES[table], origin, destination, lambda *_: None)


def test_every_table_is_copied_once_and_a_second_copy_writes_nothing(opened: Opened) -> None:
    origin, destination = opened("origin"), opened("destination")
    fill(origin, DAYS[:2])

    for table, copied in copy_all(origin, destination).items():
        assert (copied.copied_dates, copied.equal_dates, copied.differences) == (2, 0, ()), table
    assert contents(destination) == contents(origin)

    with mock.patch.object(copying, "_write", side_effect=AssertionError("nothing differs")):
        for table, copied in copy_all(origin, destination).items():
            assert (copied.copied_dates, copied.equal_dates, copied.differences) == (0, 2, ()), table


def test_only_dates_that_differ_are_counted_as_copied(opened: Opened) -> None:
    origin, destination = opened("origin"), opened("destination")
    fill(origin, DAYS, "raw_players")
    fill(destination, DAYS[:2], "raw_players")
    changed = rows_of_date("raw_players", DAYS[1], count=2)
    destination.replace("raw_players", changed, {"game_date": DAYS[1]})

    copied = copy_one("raw_players", origin, destination)
    assert (copied.copied_dates, copied.copied_rows, copied.equal_dates, copied.equal_rows) == (4, 12, 1, 3)
    assert contents(destination)["raw_players"] == contents(origin)["raw_players"]


def test_the_rows_of_a_table_are_copied_in_chunks_of_dates(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, destination = opened("origin"), opened("destination")
    fill(origin, DAYS, "raw_players")
    chunks: list[tuple[date, date]] = []
    monkeypatch.setattr(copying, "CELLS_OF_CHUNK", 6 * len(TABLES["raw_players"].columns))
    copy_table(TABLES["raw_players"], origin, destination, lambda _, dates: chunks.append((dates.first, dates.last)))
    assert chunks == [(DAYS[0], DAYS[1]), (DAYS[2], DAYS[3]), (DAYS[4], DAYS[4])]
    monkeypatch.setattr(copying, "DATES_OF_CHUNK", 1)
    copied = copy_one("raw_players", origin, destination)
    assert (copied.equal_dates, copied.differences) == (5, ())


def test_the_dates_of_a_leap_year_are_copied_at_once_but_no_more() -> None:
    counts = {FRIDAY + timedelta(days=number): 1 for number in range(366 + 1)}
    assert [len(chunk) for chunk in copying._chunks(TABLES["raw_players"], counts)] == [366, 1]


def test_a_copy_that_fails_on_the_way_is_continued_by_the_next(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, destination = opened("origin"), opened("destination")
    fill(origin, DAYS, "raw_players")
    monkeypatch.setattr(copying, "CELLS_OF_CHUNK", 1)
    replace, written = DuckDbWarehouse.replace, iter(range(3))

    def replace_three_times(self: DuckDbWarehouse, table: str, rows: pl.DataFrame, where: Slice) -> object:
        if next(written, None) is None:
            raise StorageError("disk full")
        return replace(self, table, rows, where)

    with mock.patch.object(DuckDbWarehouse, "replace", replace_three_times), pytest.raises(StorageError):
        copy_one("raw_players", origin, destination)
    copied = copy_one("raw_players", origin, destination)
    assert (copied.copied_dates, copied.equal_dates, copied.differences) == (2, 3, ())
    assert contents(destination)["raw_players"] == contents(origin)["raw_players"]


def test_dates_that_only_the_destination_has_are_kept_and_named(opened: Opened) -> None:
    origin, destination = opened("origin"), opened("destination")
    for table in ("raw_players", "raw_injuries", "raw_schedule"):
        fill(origin, [DAYS[0], DAYS[2]], table)
        fill(destination, [DAYS[1]], table)
        copied = copy_one(table, origin, destination)
        text = f"{table} {DAYS[1]}: 0 rows in FROM, 3 in TO"
        assert (copied.copied_dates, copied.differences) == (2, (text,))


def test_a_game_that_moved_to_another_date_is_not_doubled(opened: Opened) -> None:
    origin, destination = opened("origin"), opened("destination")
    game = {"game_id": "0022300001", "season": "2023-24"}
    for warehouse, day in ((origin, DAYS[1]), (destination, DAYS[0])):
        warehouse.replace("raw_schedule", rows_of("raw_schedule", [{**game, "game_date": day}]), {"season": "2023-24"})

    copied = copy_one("raw_schedule", origin, destination)
    assert (copied.copied_dates, copied.differences) == (1, ())
    assert destination.query("SELECT game_date FROM raw_schedule").rows() == [(DAYS[1],)]


def test_dates_that_the_destination_does_not_keep_are_left_out_and_counted(opened: Opened) -> None:
    origin, destination = opened("origin"), opened("destination")
    fill(origin, DAYS, "raw_standings")
    copied = copy_table(TABLES["raw_standings"], origin, destination, lambda *_: None, DAYS[3])
    assert (copied.copied_dates, copied.expired_dates, copied.differences) == (2, 3, ())


def test_published_predictions_are_never_changed_and_the_difference_is_named(opened: Opened) -> None:
    origin, destination = opened("origin"), opened("destination")
    rows = rows_of_date("predictions", FRIDAY)
    origin.append("predictions", rows)
    destination.append("predictions", rows.with_columns(line=pl.lit(20.5)))

    copied = copy_one("predictions", origin, destination)
    assert copied.differences == (f"predictions {FRIDAY}: the same number of rows, {rows.height}, with other values",)
    assert destination.query("SELECT DISTINCT line FROM predictions").rows() == [(20.5,)]


def test_rows_that_the_checks_refuse_are_left_out_and_named_and_the_others_copied(opened: Opened) -> None:
    origin, destination = opened("origin"), opened("destination")
    fill(origin, DAYS, "raw_player_boxscores")
    impossible = rows_of_date("raw_player_boxscores", DAYS[2]).with_columns(fgm=pl.lit(9), fga=pl.lit(8))
    with implausible_rows():
        origin.replace("raw_player_boxscores", impossible, {"game_date": DAYS[2]})

    copied = copy_one("raw_player_boxscores", origin, destination)
    assert (copied.copied_dates, len(copied.differences)) == (4, 1)
    assert copied.differences[0].startswith(
        f"raw_player_boxscores {DAYS[2]}: raw_player_boxscores: fga minus fgm is -1"
    )


def test_a_digest_depends_on_values_only(opened: Opened) -> None:
    table = TABLES["predictions"]
    rows = conform(table, rows_of("predictions", [{"player_id": f"{n}", "points": float(n)} for n in range(3)]))
    digest = digests(table, rows)
    same = rows.with_columns(
        points=pl.when(pl.col("points") == 0).then(-0.0).otherwise("points"), quantiles=pl.col("quantiles")
    )
    assert digests(table, same.reverse()) == digest
    for changed in (
        {"points": pl.col("points") + 1e-12},
        {"quantiles": pl.lit([1.0])},
        {"line": pl.lit(0.0)},
        {"book": pl.lit("")},
        {"as_of": pl.col("as_of") + timedelta(microseconds=1)},
    ):
        assert digests(table, conform(table, rows.with_columns(**changed))) != digest, changed
