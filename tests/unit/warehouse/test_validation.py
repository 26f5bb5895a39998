from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from tests.support.rows import rows_of
from tipoff.errors import BadInputError
from tipoff.warehouse.base import DateRange, Slice
from tipoff.warehouse.schema import table_named
from tipoff.warehouse.validation import conform, require_inside

FRIDAY = date(2024, 3, 29)
BOX = table_named("raw_player_boxscores")
LINES = table_named("raw_game_lines")


def box(*ids: str, **values: Any) -> pl.DataFrame:
    return rows_of(BOX.name, ({"player_id": player} for player in ids), **values)


def test_the_order_of_columns_does_not_matter() -> None:
    rows = box("1", "2")
    assert conform(BOX, rows.select(reversed(rows.columns))).equals(rows)


def test_an_untyped_null_column_gets_the_declared_type() -> None:
    rows = rows_of(LINES.name, [{"book": "fanduel"}]).with_columns(total=pl.lit(None), last_update=pl.lit(None))
    frame = conform(LINES, rows)
    assert frame.schema["total"] == pl.Float64()
    assert frame.schema["last_update"] == pl.Datetime("us", "UTC")


def test_an_array_that_may_be_null_is_empty_as_in_bigquery() -> None:
    predictions = table_named("predictions")
    rows = rows_of(predictions.name, [{"explanation": None}])
    assert conform(predictions, rows)["explanation"].to_list() == [[]]
    with pytest.raises(BadInputError, match="quantiles"):
        conform(predictions, rows.with_columns(quantiles=pl.lit(None)))


def test_integers_are_converted_for_a_float_column() -> None:
    frame = conform(BOX, box("1").with_columns(minutes=pl.lit(34), points=pl.lit(31, pl.Int16)))
    assert frame.select("minutes", "points").rows() == [(34.0, 31)]


def test_a_time_in_another_zone_is_converted_to_utc() -> None:
    tip_off = datetime(2024, 3, 29, 23, 30, tzinfo=UTC)
    eastern = pl.Series("as_of", [tip_off]).dt.convert_time_zone("America/New_York")
    assert conform(BOX, box("1").with_columns(eastern))["as_of"].to_list() == [tip_off]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"game_date": pl.lit("2024-03-29")}, "game_date is String, declared DATE"),
        ({"points": pl.lit(31.0)}, "points is Float64, declared INT64"),
        ({"player_id": pl.lit(203999)}, "player_id is Int32, declared STRING"),
        ({"home": pl.lit(1)}, "home is Int32, declared BOOL"),
        ({"as_of": pl.lit(datetime(2024, 3, 29))}, "as_of is Datetime.* declared TIMESTAMP"),  # noqa: DTZ001
        ({"points": pl.lit(2**63, pl.UInt64)}, "does not fit its declared type"),
        ({"minutes": pl.lit(float("nan"))}, "minutes is not finite in 1 row"),
        ({"team": pl.lit(None)}, "team is NULL in 1 row, among them"),
        ({"actual_points": pl.lit(31)}, "unknown columns actual_points"),
    ],
)
def test_rows_that_do_not_match_the_declaration_are_rejected(changed: dict[str, pl.Expr], message: str) -> None:
    with pytest.raises(BadInputError, match=f"raw_player_boxscores.*{message}"):
        conform(BOX, box("1").with_columns(**changed))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInputError, match="missing columns points, source"):
        conform(BOX, box("1").drop("points", "source"))


def test_a_duplicate_key_is_named() -> None:
    with pytest.raises(BadInputError, match=r"\(game_date, game_id, player_id\) occurs more than once.*'203999'"):
        conform(BOX, box("203999", "1", "203999"))


@pytest.mark.parametrize(
    "where",
    [
        {"game_date": FRIDAY},
        {"game_date": DateRange(first=FRIDAY, last=FRIDAY), "player_id": ["1", "2", "9"]},
        {},
    ],
)
def test_rows_inside_the_slice_pass(where: Slice) -> None:
    require_inside(BOX, box("1", "2", game_date=FRIDAY), where)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"player_id": ["1"]}, "1 of 2 rows outside"),
        ({"game_date": DateRange(first=date(2024, 3, 30), last=date(2024, 4, 1))}, "2 of 2 rows outside"),
        ({"plus_minus": 5.0}, "2 of 2 rows outside"),
        ({"day": FRIDAY}, "no column 'day'"),
        ({"game_date": "2024-03-29"}, "game_date is DATE: '2024-03-29' cannot define a slice"),
        ({"player_id": [203999]}, "player_id is STRING: 203999 cannot define a slice"),
    ],
)
def test_rows_outside_the_slice_and_invalid_slices_are_rejected(where: Any, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        require_inside(BOX, box("1", "2", game_date=FRIDAY), where)
