"""Declares the exports for readers: the name, the place, the payload and the meaning of each.

The schema of an export is published as `v1/schemas/{name}.json`, so that a reader can check what it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any, Final, NamedTuple

from pydantic import create_model

from tipoff.publishing.envelope import Envelope, put, put_pointer, put_version
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Frozen

DECIMALS: Final = 4
SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class ReaderExport(NamedTuple):
    """One kind of export."""

    name: str
    """The name of its schema."""
    path: str
    """Its place, such as "v1/players/{player_id}.json"."""
    summary: str
    """What it tells, in one sentence."""
    payload: type[Frozen]

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the whole file: envelope and payload."""
        fields: dict[str, Any] = {
            name: (field.annotation, field)
            for model in (Envelope, self.payload)
            for name, field in model.model_fields.items()
        }
        model = create_model(self.payload.__name__, __base__=Frozen, **fields)
        return {
            "$schema": SCHEMA_DIALECT,
            **model.model_json_schema(mode="serialization"),
            "title": self.name,
            "description": self.summary,
        }


def put_export(store: ExportStore, export: ReaderExport, envelope: Envelope, payload: Frozen, **names: str) -> str:
    """Store an export unless there is one of a later date; return its path."""
    path = export.path.format(**names)
    put_pointer(store, path, envelope, _encoded(export, payload))
    return path


def put_dated_export(store: ExportStore, export: ReaderExport, envelope: Envelope, payload: Frozen) -> str:
    """Store an export whose path names its date; return its path."""
    path = export.path.format(game_date=envelope.game_date)
    put(store, path, envelope, _encoded(export, payload))
    return path


def put_export_version(store: ExportStore, export: ReaderExport, envelope: Envelope, payload: Frozen) -> str:
    """Store an export that never changes again, in the folder of its date; return its path."""
    folder = export.path.format(game_date=envelope.game_date).removesuffix(".json")
    stem = f"{folder}/{envelope.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return put_version(store, stem, envelope, _encoded(export, payload))


def publish_schemas(store: ExportStore, exports: Iterable[ReaderExport]) -> tuple[str, ...]:
    """Store the schema of each export; return the paths."""
    paths = []
    for export in exports:
        path = f"v1/schemas/{export.name}.json"
        store.write_if_changed(path, json.dumps(export.schema(), indent=2, sort_keys=True).encode())
        paths.append(path)
    return tuple(paths)


def _encoded(export: ReaderExport, payload: Frozen) -> Mapping[str, Any]:
    if not isinstance(payload, export.payload):
        raise TypeError(f"{export.name} holds {export.payload.__name__}, not {type(payload).__name__}")
    encoded: dict[str, Any] = _rounded(payload.model_dump(mode="json"))
    return encoded


def _rounded(value: Any) -> Any:
    """Return a JSON value with its numbers rounded to DECIMALS, which keeps files small."""
    match value:
        case float():
            return round(value, DECIMALS)
        case dict():
            return {name: _rounded(each) for name, each in value.items()}
        case list():
            return [_rounded(each) for each in value]
    return value
