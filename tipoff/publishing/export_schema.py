"""The JSON Schema of an export, with the meaning of each field as the code has it."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from tipoff.publishing.envelope import Envelope
from tipoff.publishing.export import Export
from tipoff.vocabulary import Frozen

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _WithMeanings(GenerateJsonSchema):
    """Adds the docstring below a field as its description, and no titles that repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True  # files have every field, also those with a default

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        described = super().model_schema(schema)
        for name, meaning in _meanings(schema["cls"]).items():
            described["properties"][name].setdefault("description", meaning)
        return described


def export_schema(export: Export) -> dict[str, Any]:
    """Return the JSON Schema of a whole file: envelope and payload."""
    envelope, payload = _schema_of(Envelope), _schema_of(export.payload)
    return {
        **payload,
        "$schema": DIALECT,
        "title": export.name,
        "description": f"{export.summary} {payload['description']}",
        "properties": {**envelope["properties"], **payload["properties"]},
        "required": sorted({*envelope["required"], *payload["required"]}),
        "$defs": {**envelope["$defs"], **payload.get("$defs", {})},
    }


@cache
def encoded_schema(export: Export) -> bytes:
    """Return the schema as it is published."""
    return json.dumps(export_schema(export), indent=1, sort_keys=True).encode()


def _schema_of(model: type[Frozen]) -> dict[str, Any]:
    return model.model_json_schema(mode="serialization", schema_generator=_WithMeanings)


def _meanings(model: type[Frozen]) -> dict[str, str]:
    """Return the docstrings below the fields of a model, also those that it inherits."""
    own = [_meanings_in(each.__module__).get(each.__name__, {}) for each in reversed(model.__mro__)]
    return {name: meaning for meanings in own for name, meaning in meanings.items() if name in model.model_fields}


@cache
def _meanings_in(module: str) -> Mapping[str, Mapping[str, str]]:
    """Return class -> field -> docstring. Python does not keep them, so they are read from the source."""
    if not module.startswith("tipoff."):
        return {}
    classes = (
        each for each in ast.parse(inspect.getsource(sys.modules[module])).body if isinstance(each, ast.ClassDef)
    )
    return {each.name: dict(_documented_fields(each)) for each in classes}


def _documented_fields(definition: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        match field, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                yield name, " ".join(meaning.split())
