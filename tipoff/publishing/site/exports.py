"""Reads the exports that the site shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tipoff.publishing.envelope import Envelope, JsonObject, decode
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Frozen, date_named

Payload = TypeVar("Payload", bound=Frozen)
M = TypeVar("M", bound=Frozen)


class Shown(BaseModel):
    """Base of what the site reads of an object in an export, which may have other fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Published(NamedTuple, Generic[Payload]):
    """An export as its model."""

    envelope: Envelope
    payload: Payload


@dataclass
class Exports:
    """The exports that a page shows, each read once. A missing or damaged one is None."""

    store: ExportStore
    _decoded: dict[str, JsonObject | None] = field(default_factory=dict)
    _models: dict[tuple[str, type[Frozen]], Published[Any] | None] = field(default_factory=dict)
    _damaged: set[str] = field(default_factory=set)

    def read_as(self, path: str, payload: type[Payload]) -> Published[Payload] | None:
        """Return an export as its model; one that does not fit it is damaged."""
        if path not in self._decoded:
            self._decoded[path] = self._decode(path)
        export = self._decoded[path]
        if export is not None and (path, payload) not in self._models:
            self._models[path, payload] = self._parse(path, export, payload)
        return self._models.get((path, payload))

    def envelope(self, path: str) -> Envelope | None:
        """Return the envelope of an export."""
        published = self.read_as(path, Frozen)
        return published.envelope if published else None

    def names(self, folder: str) -> list[str]:
        """Return the names, without the suffix, of the JSON files that lie directly in a folder."""
        paths = (PurePosixPath(path) for path in self.store.names(f"{folder}/"))
        return [path.stem for path in paths if path.suffix == ".json" and str(path.parent) == folder]

    def dates(self, folder: str) -> list[date]:
        """Return the dates of the files in a folder that are named by a date, the newest first."""
        return sorted(filter(None, map(date_named, self.names(folder))), reverse=True)

    def report_dates(self) -> set[str]:
        """Return the dates that have a report page."""
        paths = (PurePosixPath(path) for path in self.store.names("pages/"))
        return {path.stem for path in paths if date_named(path.stem)}

    @property
    def damaged(self) -> list[str]:
        """The paths of the damaged exports among those read."""
        return sorted(self._damaged)

    def _decode(self, path: str) -> JsonObject | None:
        content = self.store.read(path)
        try:
            return decode(content) if content is not None else None
        except ValueError:
            self._damaged.add(path)
            return None

    def _parse(self, path: str, export: JsonObject, payload: type[Payload]) -> Published[Payload] | None:
        try:
            return Published(_of_fields(Envelope, export), _of_fields(payload, export))
        except ValidationError:
            self._damaged.add(path)
            return None


def _of_fields(model: type[M], export: Mapping[str, Any]) -> M:
    return model.model_validate({name: export[name] for name in model.model_fields if name in export})
