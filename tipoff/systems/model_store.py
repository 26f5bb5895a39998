"""Trained models on disk: content-addressed versions and a list of champions.

models/<system>/champions.json             promoted versions, oldest first
models/<system>/<version>/model.cbm        the model in its library's own format
models/<system>/<version>/card.json        what it was trained on and how it did
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydantic import AwareDatetime, TypeAdapter

from tipoff.atomic_write import atomic_write
from tipoff.errors import NotEnoughDataError, StorageError
from tipoff.systems.distribution import ResidualSpread
from tipoff.vocabulary import Frozen


class WalkForwardResult(Frozen):
    """How a training did on the rotation players of the last fold: trees and spread from earlier dates only."""

    rows: int
    mae: float
    """Points, of the median."""
    last10_mae: float
    """Points, of the last-10 mean on the same rows."""
    pinball: float
    within_80: float
    """Share of results within the 80 % interval."""


class ModelCard(Frozen):
    """What a trained model is; stands beside it."""

    system_id: str
    version: str
    trained_from: date
    trained_through: date
    """Last game date among the rows; the model may speak about later dates only."""
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
    """A model's bytes and its card."""

    model: bytes = field(repr=False)
    card: ModelCard


_CHAMPIONS = TypeAdapter(tuple[Champion, ...])


@dataclass(frozen=True)
class ModelStore:
    """Models below a folder. What was written is never written again; pointers move atomically."""

    root: Path

    def put(self, trained: TrainedModel) -> None:
        """Keep a model under its version. Raises StorageError when the disk refuses."""
        folder = self._folder(trained.card.system_id, trained.card.version)
        if not (folder / "card.json").exists():
            _write(folder / "model.cbm", trained.model)
            _write(folder / "card.json", trained.card.model_dump_json(indent=2).encode())

    def promote(self, card: ModelCard) -> None:
        """Make a kept version the newest champion; the earlier ones stay listed."""
        champion = Champion(version=card.version, trained_through=card.trained_through)
        with self._exclusive(card.system_id):
            others = (known for known in self.champions(card.system_id) if known != champion)
            _write(self._pointer(card.system_id), _CHAMPIONS.dump_json((*others, champion), indent=2))

    def champions(self, system_id: str) -> tuple[Champion, ...]:
        """Promoted versions, oldest first; none before the first training."""
        pointer = self._pointer(system_id)
        if not pointer.exists():
            return ()
        try:
            return _CHAMPIONS.validate_json(pointer.read_bytes())
        except ValueError as error:
            raise StorageError(f"{pointer} is damaged: remove it and run training") from error

    def champion(self, system_id: str, before: date) -> TrainedModel:
        """The champion that learned latest, from games before `before` only.

        Raises NotEnoughDataError when there is none, StorageError when its files are damaged.
        """
        known = self.champions(system_id)
        eligible = [champion for champion in known if champion.trained_through < before]
        if not eligible:
            seen = f" (the {len(known)} there are have seen games of that date or later)" if known else ""
            raise NotEnoughDataError(f"no model of {system_id} may predict {before}{seen}: run training for that date")
        # of equally late ones the last promoted: max() keeps the first of equals
        return self.load(system_id, max(reversed(eligible), key=lambda champion: champion.trained_through).version)

    def load(self, system_id: str, version: str) -> TrainedModel:
        """A kept version. Raises StorageError when it is absent or damaged."""
        folder = self._folder(system_id, version)
        try:
            card = ModelCard.model_validate_json((folder / "card.json").read_bytes())
            return TrainedModel((folder / "model.cbm").read_bytes(), card)
        except (OSError, ValueError) as error:
            raise StorageError(f"model {version} of {system_id} in {folder} cannot be read: run training") from error

    @contextlib.contextmanager
    def _exclusive(self, system_id: str) -> Iterator[None]:
        """Hold off other trainings of the system between reading its champions and writing them."""
        path = self.root / system_id / ".lock"
        with _storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _folder(self, system_id: str, version: str) -> Path:
        return self.root / system_id / version

    def _pointer(self, system_id: str) -> Path:
        return self.root / system_id / "champions.json"


def _write(path: Path, content: bytes) -> None:
    """Replace a file as a whole: readers see the old one or the new one."""
    with _storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content)


@contextlib.contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}; nothing was half-written") from error
