"""Checks the published files of a date against the published schemas, with a validator that is not tipoff's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import chain
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError, best_match

from tipoff.publishing.envelope import JsonObject, decode
from tipoff.publishing.export import Export
from tipoff.publishing.registry import EXPORTS
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import shortened

_PROBLEM_LENGTH: Final = 80


class PublishedFile(NamedTuple):
    """A published file of a date, and how it differs from its schema."""

    path: str
    wrong: str = ""
    """The first field with a value that the schema refuses, and why."""
    lacks: str = ""
    """What readers look for and do not find, as in a file of an earlier version."""


def published_files(store: ExportStore, game_date: date) -> tuple[PublishedFile, ...]:
    """Check the files of a date. Raises StorageError.

    Left out are earlier versions, which were checked while they were current, and files of single players: in a bucket,
    reading hundreds of them would take too long.
    """
    files: list[PublishedFile] = []
    for export in (each for each in EXPORTS if "{player_id}" not in each.path):
        contents = {path: store.read(path) for path in _paths(export, game_date)}
        decoded = {path: _decoded(content) for path, content in contents.items() if content is not None}
        check = partial(_checked, _validator(store, export))
        files += [check(path, each) for path, each in decoded.items() if _is_about(game_date, export, path, each)]
    return tuple(files)


def _paths(export: Export, game_date: date) -> Iterator[str]:
    """The file of a date, and the file that shows one date at a time."""
    yield export.path.format(game_date=game_date)
    if export.pointer:
        yield export.pointer


def _decoded(content: bytes) -> JsonObject | None:
    """A JSON object; None if it is damaged."""
    try:
        return decode(content)
    except ValueError:
        return None


def _is_about(game_date: date, export: Export, path: str, content: JsonObject | None) -> bool:
    """Whether a file is one of the date: a file whose path names no date may show another one."""
    if export.is_dated and path != export.pointer:
        return True
    return content is not None and content.get("game_date") == game_date.isoformat()


def _validator(store: ExportStore, export: Export) -> Draft202012Validator | None:
    """The validator of the published schema; None if none is published, or one that is damaged."""
    schema = _decoded(store.read(export.schema_path) or b"")
    if schema is None or not _is_schema(schema):
        return None
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _is_schema(content: JsonObject) -> bool:
    """Whether it is a JSON Schema that refers to its own definitions only: the validator would download others."""
    try:
        Draft202012Validator.check_schema(content)
    except SchemaError:
        return False
    return set(_references(content)) <= {f"#/$defs/{name}" for name in content.get("$defs", ())}


def _references(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        yield from (content[name] for name in ("$ref", "$dynamicRef") if isinstance(content.get(name), str))
    if isinstance(content, dict | list):
        yield from chain.from_iterable(map(_references, content.values() if isinstance(content, dict) else content))


def _checked(validator: Draft202012Validator | None, path: str, content: JsonObject | None) -> PublishedFile:
    if content is None:
        return PublishedFile(path, wrong="it is damaged")
    if validator is None:
        return PublishedFile(path, lacks="a schema")
    wrong = lacks = ""
    for error in validator.iter_errors(content):
        cause = best_match([error]) or error
        if cause.validator == "required":
            lacks = lacks or _missing_field(cause)
        else:
            wrong = f"{_field(cause)}: {shortened(cause.message, _PROBLEM_LENGTH)}"
            break
    return PublishedFile(path, wrong, lacks)


def _field(error: ValidationError) -> str:
    """The place of a value, such as "players[0].line"."""
    return error.json_path.removeprefix("$").removeprefix(".") or "the file"


def _missing_field(error: ValidationError) -> str:
    name = next(name for name in error.validator_value if name not in error.instance)
    return f"{error.json_path}.{name}".removeprefix("$.")
