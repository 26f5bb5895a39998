"""Google's own GoogleSQL analyzer and reference evaluator (PyPI `zetasql`, WebAssembly; needs no network).

It checks the types of a statement against a catalogue and computes SELECTs over small sets of rows: the reference for
what our SQL means in BigQuery. Compiling its module takes about half a minute the first time; the result is kept in the
cache folder.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import wasmtime
from filelock import FileLock
from zetasql.core import wasm_client
from zetasql.core.exceptions import ServerError
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import (
    options_pb2 as language_pb2,
)
from zetasql.wasi._pb2.zetasql.public import (
    parse_resume_location_pb2,
    simple_table_pb2,
    type_pb2,
    value_pb2,
)

from runtime import cache_folder
from tipoff.atomic_write import atomic_write

Catalogue = Mapping[str, Mapping[str, str]]
Rows = Sequence[Mapping[str, Any]]

_EPOCH = date(1970, 1, 1)

_TABLE_OPTIONS: Final = {
    "description": "STRING",
    "friendly_name": "STRING",
    "labels": "ARRAY<STRUCT<STRING, STRING>>",
    "partition_expiration_days": "FLOAT64",
    "require_partition_filter": "BOOL",
}
"""The options of tables, views and columns that BigQuery has; the analyzer knows none by itself."""


class GoogleSqlError(Exception):
    """The analyzer or the evaluator refused a statement; the message is Google's, with line and column."""


class GoogleSql:
    """GoogleSQL over a catalogue (table -> column -> type) with named parameters (name -> type), in UTC."""

    def __init__(self, catalogue: Catalogue, parameters: Mapping[str, str]) -> None:
        self._client = _client()
        self._types: dict[str, Any] = {}
        self._catalogue_id: int | None = None
        self._tables = catalogue
        self._parameters = parameters
        self._options = self._analyzer_options()
        self._catalogue = simple_catalog_pb2.SimpleCatalogProto(name="root")
        self._catalogue.builtin_function_options.language_options.CopyFrom(self._options.language_options)
        for name, type_ in _TABLE_OPTIONS.items():
            self._options.allowed_hints_and_options.option.add(name=name).type.CopyFrom(self._type(type_))
        for name, columns in catalogue.items():
            self._declare(name, columns)
        self._catalogue_id = self._registered_catalogue()

    def output_types(self, sql: str, parameters: Mapping[str, str] | None = None) -> dict[str, str]:
        """Column -> type of a SELECT or CREATE TABLE, in its order; empty for other statements.

        `parameters` replaces those of the constructor. Raises GoogleSqlError.
        """
        statement = self._analyze(sql, self._parameters if parameters is None else parameters)
        if "output_column_list" in statement.DESCRIPTOR.fields_by_name:
            return {column.name: _type_name(column.column.type) for column in statement.output_column_list}
        definitions = getattr(getattr(statement, "parent", None), "column_definition_list", ())
        return {column.name: _type_name(column.type) for column in definitions}

    def evaluate(self, sql: str, rows: Mapping[str, Rows], parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of a SELECT over the given rows of the tables; a table without rows is empty."""
        types = {name: self._parameters[name] for name in parameters}
        options = self._with_parameters(types)
        request = service.EvaluateQueryRequest(sql=sql, options=options, simple_catalog=self._catalogue)
        for name, columns in self._tables.items():
            content = request.table_content[name].table_data
            content.SetInParent()
            for row in rows.get(name, ()) if name in sql else ():
                cells = content.row.add()
                for column, type_ in columns.items():
                    cells.cell.add().CopyFrom(_encoded(self._type(type_), row[column]))
        for declared in options.query_parameters:
            value = _encoded(declared.type, parameters[declared.name])
            request.params.add(name=declared.name).value.CopyFrom(value)
        response = self._call("EvaluateQuery", request, service.EvaluateQueryResponse)
        columns = response.prepared.columns
        return [
            {column.name: _decoded(column.type, cell) for column, cell in zip(columns, row.cell, strict=True)}
            for row in response.content.table_data.row
        ]

    def _analyzer_options(self) -> Any:
        request = service.LanguageOptionsRequest(maximum_features=True)
        language = self._call("GetLanguageOptions", request, options_pb2.LanguageOptionsProto)
        language.product_mode = language_pb2.PRODUCT_EXTERNAL
        language.reserved_keywords.append("QUALIFY")
        language.ClearField("supported_statement_kinds")
        options = options_pb2.AnalyzerOptionsProto(
            language_options=language,
            default_timezone="UTC",
            error_message_mode=language_pb2.ERROR_MESSAGE_ONE_LINE,
        )
        options.allowed_hints_and_options.disallow_unknown_options = True
        return options

    def _with_parameters(self, types: Mapping[str, str]) -> Any:
        options = options_pb2.AnalyzerOptionsProto()
        options.CopyFrom(self._options)
        for name, type_ in types.items():
            options.query_parameters.add(name=name).type.CopyFrom(self._type(type_))
        return options

    def _declare(self, name: str, columns: Mapping[str, str]) -> None:
        table = simple_table_pb2.SimpleTableProto(name=name, name_in_catalog=name)
        for column, type_ in columns.items():
            table.column.add(name=column).type.CopyFrom(self._type(type_))
        self._catalogue.table.add().CopyFrom(table)

    def _registered_catalogue(self) -> int:
        """The catalogue's id; analyzing by id is twice as fast as sending the catalogue with each statement."""
        request = service.RegisterCatalogRequest(simple_catalog=self._catalogue)
        registered: int = self._call("RegisterCatalog", request, service.RegisterResponse).registered_id
        return registered

    def _type(self, name: str) -> Any:
        """The protobuf message of a type, from its name."""
        if name not in self._types:
            column = self._analyze(f"SELECT CAST(NULL AS {name}) AS x", {}).output_column_list[0].column
            self._types[name] = column.type
        return self._types[name]

    def _analyze(self, sql: str, parameters: Mapping[str, str]) -> Any:
        request = service.AnalyzeRequest(
            options=self._with_parameters(parameters),
            registered_catalog_id=self._catalogue_id,
            parse_resume_location=parse_resume_location_pb2.ParseResumeLocationProto(input=sql),
        )
        response = self._call("Analyze", request, service.AnalyzeResponse)
        if sql.encode()[response.resume_byte_position :].strip():
            raise GoogleSqlError("more than one statement")
        return _leaf(response.resolved_statement)

    def _call(self, method: str, request: Any, response_type: type) -> Any:
        try:
            return self._client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, response_type)
        except ServerError as error:
            raise GoogleSqlError(error.raw_error.partition("Message: ")[2]) from error


class _Client(wasm_client.WasmClient):  # type: ignore[misc]
    """The module's client, with memory copied at once instead of byte by byte."""

    def _address(self) -> int:
        return ctypes.addressof(self.memory.data_ptr().contents)

    def write_bytes(self, pointer: int, data: bytes) -> None:
        ctypes.memmove(self._address() + pointer, data, len(data))

    def read_bytes(self, pointer: int, size: int) -> bytes:
        return ctypes.string_at(self._address() + pointer, size)


class _CachedModule:
    """Replaces `wasmtime.Module` so that the module is compiled once per machine."""

    @staticmethod
    def from_file(engine: Any, path: str) -> Any:
        compiled = cache_folder() / "zetasql" / f"{version('zetasql')}-wasmtime-{version('wasmtime')}.cwasm"
        compiled.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(compiled.with_suffix(".lock")):
            if not compiled.exists():
                atomic_write(compiled, bytes(wasmtime.Module.from_file(engine, path).serialize()))
        return wasmtime.Module.deserialize_file(engine, str(compiled))


@cache
def _client() -> _Client:
    wasm_client.Module = _CachedModule
    return _Client(get_wasm_path())


def _leaf(message: Any) -> Any:
    """The statement inside its `AnyResolved…` wrappers."""
    while "node" in message.DESCRIPTOR.oneofs_by_name:
        message = getattr(message, message.WhichOneof("node"))
    return message


def _type_name(type_: Any) -> str:
    if type_.type_kind == type_pb2.TYPE_ARRAY:
        return f"ARRAY<{_type_name(type_.array_type.element_type)}>"
    name: str = type_pb2.TypeKind.Name(type_.type_kind).removeprefix("TYPE_")
    return {"DOUBLE": "FLOAT64"}.get(name, name)


_ENCODERS: Mapping[int, Callable[[Any, Any], None]] = {
    type_pb2.TYPE_INT64: lambda cell, value: setattr(cell, "int64_value", value),
    type_pb2.TYPE_DOUBLE: lambda cell, value: setattr(cell, "double_value", value),
    type_pb2.TYPE_BOOL: lambda cell, value: setattr(cell, "bool_value", value),
    type_pb2.TYPE_STRING: lambda cell, value: setattr(cell, "string_value", value),
    type_pb2.TYPE_DATE: lambda cell, value: setattr(cell, "date_value", (value - _EPOCH).days),
    type_pb2.TYPE_TIMESTAMP: lambda cell, value: cell.timestamp_value.FromDatetime(value),
}


def _encoded(type_: Any, value: Any) -> Any:
    cell = value_pb2.ValueProto()
    if value is None:
        return cell
    if type_.type_kind == type_pb2.TYPE_ARRAY:
        cell.array_value.SetInParent()
        cell.array_value.element.extend(_encoded(type_.array_type.element_type, item) for item in value)
    else:
        _ENCODERS[type_.type_kind](cell, value)
    return cell


def _decoded(type_: Any, cell: Any) -> Any:
    kind = cell.WhichOneof("value")
    match kind:
        case None:
            return None
        case "array_value":
            return [_decoded(type_.array_type.element_type, item) for item in cell.array_value.element]
        case "date_value":
            return _EPOCH + timedelta(cell.date_value)
        case "timestamp_value":
            timestamp: datetime = cell.timestamp_value.ToDatetime(tzinfo=UTC)
            return timestamp
    return getattr(cell, kind)
