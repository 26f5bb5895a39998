"""Stores trained models: content-addressed versions and a list of champions.

models/<system>/champions.json             promoted versions, oldest first
models/<system>/<version>/model.<format>   the model in the format of its library
models/<system>/<version>/card.json        training data, parameters and walk-forward result
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from pydantic import AwareDatetime

from tipoff.errors import BadInputError, DamagedModelError, NotEnoughDataError
from tipoff.storage.base import ObjectStore
from tipoff.storage.open import open_store
from tipoff.systems.calibration import UNTRAINED, Calibration
from tipoff.systems.distribution import ResidualSpread
from tipoff.systems.market_view import MarketCalibration
from tipoff.vocabulary import Frozen, counted

F = TypeVar("F", bound=Frozen)


class WalkForwardResult(Frozen):
    """Result of a training on the rotation players of the last fold, with model and spread from earlier dates only."""

    rows: int
    mae: float
    """MAE of the median, points."""
    last10_mae: float
    """MAE of the last-10 mean on the same rows, points."""
    pinball: float
    within_80: float
    """Share of results within the 80 % interval, 0-1 scale."""


class ModelCard(Frozen):
    """Describes a trained model: training data, parameters, calibration and walk-forward result."""

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
    market: MarketCalibration = UNTRAINED.market
    walk_forward: WalkForwardResult
    libraries: Mapping[str, str]
    trained_at: AwareDatetime
    file: str = "model.cbm"
    """Name of the model in its folder."""

    @property
    def calibration(self) -> Calibration:
        return Calibration(spread=self.spread, market=self.market)


class Champion(Frozen):
    """One promoted version."""

    version: str
    trained_through: date
    predicts_from: date | None = None
    """The first date that it may predict; None: the first one after its training data."""

    def may_predict(self, game_date: date) -> bool:
        """Whether its training data end before the date, and its time has come."""
        return self.trained_through < game_date and (self.predicts_from is None or self.predicts_from <= game_date)


class _ChampionList(Frozen):
    champions: tuple[Champion, ...]


@dataclass(frozen=True)
class TrainedModel:
    """The bytes of a model and its card."""

    model: bytes = field(repr=False)
    card: ModelCard
    damage: tuple[str, ...] = ()
    """What is damaged of the newer models, instead of which it was chosen; each names what is used instead."""


@dataclass(frozen=True)
class ModelStore:
    """Stores models in an object store. Versions are immutable; the list of champions is replaced atomically.

    Every object is verified when it is read: a flipped bit of a model would change predictions, or end the process.
    """

    objects: ObjectStore

    def put(self, trained: TrainedModel) -> None:
        """Store a model under its version, unless it is stored undamaged. Raises StorageError."""
        card = trained.card
        with contextlib.suppress(DamagedModelError):
            self.load(card.system_id, card.version)
            return
        folder = _folder(card.system_id, card.version)
        self._write(f"{folder}/{card.file}", trained.model)
        self._write(f"{folder}/card.json", _sealed(card, trained.model))

    def promote(self, card: ModelCard, predicts_from: date | None = None) -> None:
        """Make a stored version the newest champion; earlier champions stay listed. Raises StorageError.

        A version that is a champion already goes on predicting the dates that it may.
        """

        def promoted(present: bytes | None) -> bytes:
            champions, _ = self._parse_champions(card.system_id, present)
            starts = [other.predicts_from for other in champions if other.version == card.version] + [predicts_from]
            first = None if None in starts else min(start for start in starts if start is not None)
            champion = Champion(version=card.version, trained_through=card.trained_through, predicts_from=first)
            others = (other for other in champions if other.version != card.version)
            return _sealed(_ChampionList(champions=(*others, champion)))

        self.objects.update(_pointer(card.system_id), promoted)

    def withdraw(self, system_id: str) -> Champion:
        """Remove the newest champion from the list, so that the one before predicts; its version stays stored.

        Return the withdrawn one. Raises BadInputError if there is none before it, and StorageError.
        """
        champions = sorted(self.champions(system_id), key=lambda champion: champion.trained_through)
        if len(champions) < 2:
            raise BadInputError(f"{system_id} has no champion to go back to: train it, or promote a version")
        withdrawn = champions[-1]

        def without(present: bytes | None) -> bytes:
            listed, _ = self._parse_champions(system_id, present)
            return _sealed(_ChampionList(champions=tuple(each for each in listed if each != withdrawn)))

        self.objects.update(_pointer(system_id), without)
        return withdrawn

    def champions(self, system_id: str) -> tuple[Champion, ...]:
        """Return the promoted versions, oldest first; empty before the first training.

        A damaged list is replaced by all stored versions in the order of their training.
        """
        return self._champions(system_id)[0]

    def champion(self, system_id: str, before: date) -> TrainedModel:
        """Return the undamaged champion with the latest training data that may predict the date `before`.

        Raises NotEnoughDataError if there is none, DamagedModelError if all are damaged.
        """
        champions, damage = self._champions(system_id)
        eligible = [champion for champion in champions if champion.may_predict(before)]
        if not eligible:
            later = (
                f" ({counted(len(champions), 'champion')} trained on games of that date or later, or for later dates)"
            )
            cause = later if champions else ""
            raise NotEnoughDataError(f"no model of {system_id} may predict {before}{cause}: run training for that date")
        eligible.sort(key=lambda champion: champion.trained_through)
        for champion in eligible[::-1]:  # of models with equal training data the last promoted one comes first
            try:
                loaded = self.load(system_id, champion.version)
            except DamagedModelError as error:
                damage.append(str(error))
                continue
            instead = f"model {champion.version}, trained through {champion.trained_through}, predicts"
            return replace(loaded, damage=tuple(f"{text}; {instead}" for text in damage))
        raise DamagedModelError("; ".join(damage))

    def trained_through(self, system_id: str) -> date | None:
        """Return where the training data of the newest stored model end, champion or not; None without any."""
        return max((card.trained_through for card in self._stored_cards(system_id)), default=None)

    def load(self, system_id: str, version: str) -> TrainedModel:
        """Return a stored version. Raises DamagedModelError if it is missing or damaged."""
        folder = _folder(system_id, version)
        sealed_card = self.objects.read(f"{folder}/card.json") or b""
        location = self.objects.location(folder)
        try:
            model = self.objects.read(f"{folder}/{_model_file(sealed_card)}") or b""
            card = _unsealed(ModelCard, sealed_card, model)
        except ValueError as error:
            raise DamagedModelError(
                f"model {version} of {system_id} in {location} is missing or damaged: run training"
            ) from error
        if (card.system_id, card.version) != (system_id, version):
            raise DamagedModelError(f"{location} holds model {card.version} of {card.system_id}: run training")
        return TrainedModel(model, card)

    def _champions(self, system_id: str) -> tuple[tuple[Champion, ...], list[str]]:
        """The promoted versions, and what is damaged of their list."""
        return self._parse_champions(system_id, self.objects.read(_pointer(system_id)))

    def _parse_champions(self, system_id: str, pointer: bytes | None) -> tuple[tuple[Champion, ...], list[str]]:
        if pointer is None:
            return (), []
        try:
            return _unsealed(_ChampionList, pointer).champions, []
        except ValueError:
            location = self.objects.location(_pointer(system_id))
            return self._stored(system_id), [f"{location} is damaged; all stored models count as champions"]

    def _stored(self, system_id: str) -> tuple[Champion, ...]:
        """All undamaged versions in the order of their training."""
        cards = sorted(self._stored_cards(system_id), key=lambda card: (card.trained_at, card.version))
        return tuple(Champion(version=card.version, trained_through=card.trained_through) for card in cards)

    def _stored_cards(self, system_id: str) -> Iterator[ModelCard]:
        """Yield the card of every undamaged version."""
        for name in self.objects.names(f"{system_id}/"):
            _, version, *file = name.split("/")
            if file == ["card.json"]:
                with contextlib.suppress(DamagedModelError):
                    yield self.load(system_id, version).card

    def _write(self, name: str, content: bytes) -> None:
        self.objects.update(name, lambda _: content)


def open_models(url: str) -> ModelStore:
    """Open the models at `file://PATH` or `gs://BUCKET/PREFIX`. Raises ConfigurationError for any other URL."""
    return ModelStore(open_store(url))


def _folder(system_id: str, version: str) -> str:
    return f"{system_id}/{version}"


def _pointer(system_id: str) -> str:
    return f"{system_id}/champions.json"


def _sealed(content: Frozen, model: bytes = b"") -> bytes:
    """A JSON object with a checksum of its fields and of the model that it describes."""
    fields = json.loads(content.model_dump_json())
    return json.dumps({**fields, "sha256": _checksum(fields, model)}, indent=2).encode()


def _unsealed(kind: type[F], content: bytes, model: bytes = b"") -> F:
    """Parse what `_sealed` wrote. Raises ValueError if the content or the model is another."""
    fields = json.loads(content)
    if not isinstance(fields, dict) or fields.pop("sha256", None) != _checksum(fields, model):
        raise ValueError("the checksum does not fit the content")
    return kind.model_validate(fields)


def _model_file(sealed_card: bytes) -> str:
    """The name of the model that a card describes, before the card is verified. Raises ValueError."""
    fields = json.loads(sealed_card)
    name = fields.get("file", ModelCard.model_fields["file"].default) if isinstance(fields, dict) else None
    if not isinstance(name, str) or "/" in name:
        raise ValueError("the card names no model")
    return name


def _checksum(fields: Mapping[str, Any], model: bytes) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode() + b"\0" + model).hexdigest()
