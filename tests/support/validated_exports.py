"""Checks a folder of exports as a reader would: by the published schemas, with a validator that is not tipoff's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tipoff.publishing.export import SCHEMAS
from tipoff.publishing.registry import export_of


def validated_exports(folder: Path) -> set[str]:
    """Check every file below `v1/` and return the names of its exports.

    Each is declared, has its published schema and the date in its path; a pointer has the content of its date's file.
    """
    names = set()
    for file in sorted((folder / "v1").rglob("*.json")):
        path = str(file.relative_to(folder))
        if not path.startswith(SCHEMAS):
            names.add(_validated(folder, path))
    return names


def _validated(folder: Path, path: str) -> str:
    export = export_of(path)
    assert export is not None, f"{path} belongs to no declared export"
    content = _read(folder, path)
    if path == export.pointer:
        dated = export.path.replace("{game_date}", content["game_date"])
        assert content == _read(folder, dated), f"{path} is not {dated}"
        return export.name
    schema = _read(folder, export.schema_path)
    problem = next(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(content), None)
    assert problem is None, f"{path}: {problem.message} at {problem.json_path}"
    assert not export.is_dated or content["game_date"] in path, f"{path} is about {content['game_date']}"
    return export.name


def _read(folder: Path, path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / path).read_bytes())
    return loaded
