"""Validates rows against the declaration of their table: columns, types, NULLs, keys, and the written slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final

import polars as pl
from polars.datatypes import DataTypeClass

from tipoff.errors import BadInputError
from tipoff.vocabulary import counted, reason_of
from tipoff.warehouse.base import DateRange, Slice, SqlValue
from tipoff.warehouse.schema import element_type
from tipoff.warehouse.tables import Column, Table

_DTYPES: Final[dict[str, pl.DataType]] = {
    "STRING": pl.String(),
    "INT64": pl.Int64(),
    "FLOAT64": pl.Float64(),
    "BOOL": pl.Boolean(),
    "DATE": pl.Date(),
    "TIMESTAMP": pl.Datetime("us", "UTC"),
}

_VALUE_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "STRING": (str,),
    "INT64": (int,),
    "FLOAT64": (int, float),
    "BOOL": (bool,),
    "DATE": (date,),
    "TIMESTAMP": (datetime,),
}

_SHOWN = 5

_Defect = Callable[[pl.Expr], pl.Expr]


def dtype_of(type_: str) -> pl.DataType:
    """Return the Polars type of a BigQuery type."""
    element = element_type(type_)
    return pl.List(_DTYPES[element]) if element else _DTYPES[type_]


def schema_of(table: Table) -> pl.Schema:
    """Return the Polars schema of a table."""
    return pl.Schema({column.name: dtype_of(column.type) for column in table.columns})


def conform(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the column order and types of the table; an array that may be NULL is empty, as in BigQuery.

    Raises BadInputError for unknown or missing columns, unsafe type conversions, NULLs in non-nullable columns, NaNs,
    and duplicate natural keys.
    """
    _require_columns(table, rows)
    _require_types(table, rows)
    try:
        frame = rows.select(_conforming(column) for column in table.columns)
    except pl.exceptions.PolarsError as error:
        raise BadInputError(f"{table.name}: a value does not fit its declared type: {reason_of(error)}") from error
    _require_values(table, frame)
    _require_one_row_per_key(table, frame)
    return frame


def _conforming(column: Column) -> pl.Expr:
    values = pl.col(column.name).cast(dtype_of(column.type))
    return values.fill_null([]) if column.nullable and element_type(column.type) else values


def conform_slice(table: Table, rows: pl.DataFrame, where: Slice) -> pl.DataFrame:
    """Return conforming rows that may replace the content of a slice. Raises what `conform` and `require_inside` raise.

    Raises BadInputError for an append-only table, too.
    """
    if table.append_only:
        raise BadInputError(f"{table.name} is append-only: use append() instead of replace()")
    frame = conform(table, rows)
    require_inside(table, frame, where)
    return frame


def require_inside(table: Table, rows: pl.DataFrame, where: Slice) -> None:
    """Raises BadInputError for a slice with invalid columns or values, and for rows outside it."""
    for name, selected in where.items():
        _require_slice_value(table, name, selected)
    inside = [_inside(name, selected) for name, selected in where.items()]
    outside = rows.filter(~pl.all_horizontal(inside)) if inside else rows.clear()
    if not outside.is_empty():
        key = outside.select({*table.natural_key, *where}).row(0, named=True)
        raise BadInputError(
            f"{table.name}: {outside.height} of {counted(rows.height, 'row')} outside the slice {_describe(where)},"
            f" the first is {key}; nothing was written"
        )


def _inside(name: str, selected: SqlValue | list[str] | DateRange) -> pl.Expr:
    column = pl.col(name)
    match selected:
        case DateRange(first=first, last=last):
            inside = column.is_between(first, last)
        case list():
            inside = column.is_in(selected)
        case _:
            inside = column == selected
    return inside.fill_null(value=False)


def _describe(where: Slice) -> str:
    return ", ".join(f"{name}: {selected}" for name, selected in where.items()) or "(whole table)"


def _require_columns(table: Table, rows: pl.DataFrame) -> None:
    unknown = [name for name in rows.columns if name not in table.column_names]
    missing = [name for name in table.column_names if name not in rows.columns]
    if unknown or missing:
        defects = (("unknown columns", unknown), ("missing columns", missing))
        raise BadInputError(
            f"{table.name}: " + "; ".join(f"{defect} {', '.join(names)}" for defect, names in defects if names)
        )


def _require_types(table: Table, rows: pl.DataFrame) -> None:
    wrong = [
        f"{column.name} is {rows.schema[column.name]}, declared {column.type}"
        for column in table.columns
        if not _converts_safely(rows.schema[column.name], dtype_of(column.type))
    ]
    if wrong:
        raise BadInputError(f"{table.name}: {'; '.join(wrong)}")


def _converts_safely(given: pl.DataType, wanted: pl.DataType) -> bool:
    """Return whether every value keeps its meaning: no text is parsed, no time zone is assumed."""
    match given, wanted:
        case pl.Null(), _:
            return True
        case pl.List(inner=inner), pl.List(inner=wanted_inner):
            return _converts_safely(_instance(inner), _instance(wanted_inner))
        case pl.Datetime(time_zone=zone), pl.Datetime():
            return zone is not None
        case _, pl.Int64():
            return given.is_integer()
        case _, pl.Float64():
            return given.is_integer() or given.is_float()
    return given == wanted


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def _require_values(table: Table, frame: pl.DataFrame) -> None:
    _refuse(table, frame, (c for c in table.columns if not c.nullable), pl.Expr.is_null, "is NULL")
    _refuse(table, frame, (c for c in table.columns if c.type == "FLOAT64"), _not_finite, "is not finite")


def _not_finite(column: pl.Expr) -> pl.Expr:
    return ~column.is_finite()


def _refuse(table: Table, frame: pl.DataFrame, columns: Iterable[Column], defect: _Defect, label: str) -> None:
    names = [column.name for column in columns]
    counts = frame.select(defect(pl.col(name)).sum() for name in names).row(0, named=True) if names else {}
    for name in (name for name, count in counts.items() if count):
        keys = frame.filter(defect(pl.col(name))).select(table.natural_key).head(_SHOWN).rows()
        raise BadInputError(f"{table.name}.{name} {label} in {counted(counts[name], 'row')}, among them {keys}")


def _require_one_row_per_key(table: Table, frame: pl.DataFrame) -> None:
    if frame.select(table.natural_key).is_duplicated().any():
        duplicates = frame.filter(pl.struct(table.natural_key).is_duplicated()).select(table.natural_key)
        raise BadInputError(
            f"{table.name}: the key ({', '.join(table.natural_key)}) occurs more than once,"
            f" for {duplicates.unique().head(_SHOWN).rows()}"
        )


def _require_slice_value(table: Table, name: str, selected: SqlValue | list[str] | DateRange) -> None:
    types = {column.name: column.type for column in table.columns}
    if name not in types:
        raise BadInputError(f"{table.name} has no column {name!r}, so it cannot define a slice")
    values = [selected.first, selected.last] if isinstance(selected, DateRange) else selected
    for value in values if isinstance(values, list) else [values]:
        if not isinstance(value, _VALUE_TYPES.get(types[name], ())):
            raise BadInputError(f"{table.name}.{name} is {types[name]}: {value!r} cannot define a slice")
