"""Fault files: TOML with `[[fault]]` entries, each with a source, a kind and an optional period."""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from tipoff.errors import ConfigurationError
from tipoff.replay.faults import ANY_SOURCE, KINDS_WITH_GAMES, Fault
from tipoff.replay.upstream.endpoints import REQUESTED_PER_GAME, SERVED_SOURCES, kinds_of_source, sources_of_kind


def load_faults(path: Path) -> tuple[Fault, ...]:
    """Read a fault file. Raises ConfigurationError naming file, entry and field."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"fault file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"fault file {path} is not valid TOML: {error}") from error
    if unknown := sorted(content.keys() - {"fault"}):
        raise ConfigurationError(f"fault file {path}: unknown table {unknown[0]!r}; entries are [[fault]]")
    entries = content.get("fault", [])
    if not isinstance(entries, list):
        raise ConfigurationError(f"fault file {path}: write entries as [[fault]], in double brackets")
    return tuple(_parse_fault(path, position, entry) for position, entry in enumerate(entries, start=1))


def format_faults(faults: Iterable[Fault]) -> str:
    """The text of a fault file."""
    entries = (fault.model_dump(mode="json", by_alias=True, exclude_defaults=True) for fault in faults)
    # strings, numbers and lists of them are written in TOML as in JSON
    return "\n".join(
        "\n".join(["[[fault]]", *(f"{field} = {json.dumps(value)}" for field, value in entry.items()), ""])
        for entry in entries
    )


def _parse_fault(path: Path, position: int, entry: object) -> Fault:
    try:
        fault = Fault.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        where = f"fault file {path}, entry {position}" + (f", field {field!r}" if field else "")
        given = f" (given: {first['input']!r})" if field else ""
        raise ConfigurationError(f"{where}: {first['msg']}{given}") from error
    if problem := _problem(fault):
        raise ConfigurationError(f"fault file {path}, entry {position}, {problem}")
    return fault


def _problem(fault: Fault) -> str | None:
    """Why the endpoints cannot have the fault; None when they can."""
    if fault.source not in (*SERVED_SOURCES, ANY_SOURCE):
        choices = ", ".join((ANY_SOURCE, *sorted(SERVED_SOURCES)))
        return f"field 'source': the replay does not serve {fault.source!r}; choose one of {choices}"
    if fault.kind not in kinds_of_source(fault.source):
        return f"kind {fault.kind} is for {', '.join(sorted(sources_of_kind(fault.kind)))}, not for {fault.source}"
    if fault.games and fault.kind not in KINDS_WITH_GAMES and fault.source not in (*REQUESTED_PER_GAME, ANY_SOURCE):
        return f"{fault.source} is requested for a whole slate: {fault.kind} cannot select single games"
    return None
