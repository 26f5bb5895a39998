"""Stores trained models on disk: content-addressed versions and a list of champions.

models/<system>/champions.json             promoted versions, oldest first
models/<system>/<version>/model.cbm        the model in the format of its library
models/<system>/<version>/card.json        training data, parameters and walk-forward result
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from filelock import FileLock
from pydantic import AwareDatetime, TypeAdapter

from tipoff.atomic_write import atomic_write
from tipoff.errors import NotEnoughDataError, StorageError
from tipoff.systems.distribution import ResidualSpread
from tipoff.vocabulary import Frozen


class WalkForwardResult(Frozen):
    """Result of a training on the rotation players of the last fold, with trees and spread from earlier dates only."""

    rows: int
    mae: float
    """MAE of the median, points."""
    last10_mae: float
    """MAE of the last-10 mean on the same rows, points."""
    pinball: float
    within_80: float
    """Share of results within the 80 % interval, 0-1 scale."""


class ModelCard(Frozen):
    """Describes a trained model: training data, parameters, spread and walk-forward result."""

    system_id: str
    version: str
    trained_from: date
    trained_through: date
    """Last game date among the rows; the model may predict later dates only."""
    rows: int
    features: tuple[str, ...]
    features_hash: str
    parameters: Mapping[str, str | int | float]
    spread: ResidualSpread
    walk_forward: WalkForwardResult
    libraries: Mapping[str, str]
    trained_at: AwareDatetime


class Champion(Frozen):
    """One promoted version."""

    version: str
    trained_through: date


@dataclass(frozen=True)
class TrainedModel:
    """The bytes of a model and its card."""

    model: bytes = field(repr=False)
    card: ModelCard


_CHAMPIONS = TypeAdapter(tuple[Champion, ...])


@dataclass(frozen=True)
class ModelStore:
    """Stores models below a folder. Versions are immutable; the list of champions is replaced atomically."""

    root: Path

    def put(self, trained: TrainedModel) -> None:
        """Store a model under its version. Raises StorageError if it cannot be written."""
        folder = self._folder(trained.card.system_id, trained.card.version)
        if not (folder / "card.json").exists():
            _write(folder / "model.cbm", trained.model)
            _write(folder / "card.json", trained.card.model_dump_json(indent=2).encode())

    def promote(self, card: ModelCard) -> None:
        """Make a stored version the newest champion; earlier champions stay listed."""
        champion = Champion(version=card.version, trained_through=card.trained_through)
        with self._exclusive(card.system_id):
            others = (other for other in self.champions(card.system_id) if other != champion)
            _write(self._pointer(card.system_id), _CHAMPIONS.dump_json((*others, champion), indent=2))

    def champions(self, system_id: str) -> tuple[Champion, ...]:
        """Return the promoted versions, oldest first; empty before the first training."""
        pointer = self._pointer(system_id)
        if not pointer.exists():
            return ()
        try:
            return _CHAMPIONS.validate_json(pointer.read_bytes())
        except ValueError as error:
            raise StorageError(f"{pointer} is damaged: delete it and run training") from error

    def champion(self, system_id: str, before: date) -> TrainedModel:
        """Return the champion with the latest training data that ends before `before`.

        Raises NotEnoughDataError if there is none, StorageError if its files are damaged.
        """
        champions = self.champions(system_id)
        eligible = [champion for champion in champions if champion.trained_through < before]
        if not eligible:
            cause = f" ({len(champions)} champions were trained on games of that date or later)" if champions else ""
            raise NotEnoughDataError(f"no model of {system_id} may predict {before}{cause}: run training for that date")
        # reversed: max() returns the first of equals, and the last promoted one is wanted
        return self.load(system_id, max(reversed(eligible), key=lambda champion: champion.trained_through).version)

    def load(self, system_id: str, version: str) -> TrainedModel:
        """Return a stored version. Raises StorageError if it is missing or damaged."""
        folder = self._folder(system_id, version)
        try:
            card = ModelCard.model_validate_json((folder / "card.json").read_bytes())
            return TrainedModel((folder / "model.cbm").read_bytes(), card)
        except (OSError, ValueError) as error:
            raise StorageError(f"model {version} of {system_id} in {folder} cannot be read: run training") from error

    @contextlib.contextmanager
    def _exclusive(self, system_id: str) -> Iterator[None]:
        """Lock the champions of a system against other trainings while they are read and written."""
        path = self.root / system_id / ".lock"
        lock = FileLock(path)
        with _storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _folder(self, system_id: str, version: str) -> Path:
        return self.root / system_id / version

    def _pointer(self, system_id: str) -> Path:
        return self.root / system_id / "champions.json"


def _write(path: Path, content: bytes) -> None:
    with _storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content)


@contextlib.contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}; no partial file was left") from error
