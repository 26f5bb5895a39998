"""Registers the prediction systems by id, and builds them from the model store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import BadInputError, ConfigurationError, DamagedModelError, NotEnoughDataError
from tipoff.features.vector import MODEL_FEATURES, MODEL_FEATURES_HASH
from tipoff.systems import catboost_v8, similarity_balanced_v1, xgboost_v1, zone_matchup_v1
from tipoff.systems.base import PointModel, System, WideningRule
from tipoff.systems.calibration import UNTRAINED
from tipoff.systems.catboost_v8 import CatBoostModel
from tipoff.systems.ensemble_v1 import Ensemble, EnsembleParameters
from tipoff.systems.formula import FormulaModel
from tipoff.systems.model_store import ModelStore, TrainedModel
from tipoff.systems.moving_average import MOVING_AVERAGE
from tipoff.systems.similarity_balanced_v1 import Similarity
from tipoff.systems.xgboost_v1 import XGBoostModel
from tipoff.systems.zone_matchup_v1 import ZONE_MATCHUP
from tipoff.vocabulary import View


class BuiltSystem(NamedTuple):
    """A system for a date, and what is damaged of the models it should have."""

    system: System
    damage: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registration:
    """One system that learns from feature rows: its display name, and how its model is trained and restored."""

    system_id: str
    title: str
    summary: str
    """How it predicts, in one sentence for readers."""
    fit: Callable[[pl.DataFrame], PointModel]
    from_bytes: Callable[[bytes], PointModel]
    untrained: PointModel | None = None
    """What predicts before the first training; None if nothing can."""
    file: str = "model.json"
    """Name of the stored model, by the format of its library."""
    features: tuple[str, ...] = ()
    """The feature vector that the model is bound to."""
    parameters: Mapping[str, str | int | float] = field(default_factory=dict)
    rules: tuple[WideningRule, ...] = ()

    @property
    def features_hash(self) -> str:
        """Identifies the feature vector; a model of another one is rejected."""
        return MODEL_FEATURES_HASH if self.features else ""


_MEMBERS: Final = (
    Registration(
        "moving_average",
        "Moving average",
        "A weighted average of recent scoring, adjusted for the game.",
        partial(FormulaModel.fit, MOVING_AVERAGE),
        partial(FormulaModel.from_bytes, MOVING_AVERAGE),
        FormulaModel(MOVING_AVERAGE),
    ),
    Registration(
        "zone_matchup_v1",
        "Zone matchup",
        "The season mean, adjusted for where the player shoots from and what the opponent allows there.",
        partial(FormulaModel.fit, ZONE_MATCHUP),
        partial(FormulaModel.from_bytes, ZONE_MATCHUP),
        FormulaModel(ZONE_MATCHUP),
        rules=zone_matchup_v1.RULES,
    ),
    Registration(
        "similarity_balanced_v1",
        "Similar games",
        "Recent scoring, corrected by how the player did against it in his most similar games.",
        Similarity.fit,
        Similarity.from_bytes,
        Similarity(),
        rules=similarity_balanced_v1.RULES,
    ),
    Registration(
        "xgboost_v1",
        "XGBoost",
        "Gradient boosting by XGBoost: trees of random rows and features that correct a ridge regression.",
        XGBoostModel.fit,
        XGBoostModel.from_bytes,
        file="model.ubj",
        features=MODEL_FEATURES,
        parameters=xgboost_v1.PARAMETERS | {"rounds": xgboost_v1.ROUNDS},
    ),
    Registration(
        "catboost_v8",
        "CatBoost",
        "Gradient boosting by CatBoost: symmetric trees that correct a ridge regression.",
        CatBoostModel.fit,
        CatBoostModel.from_bytes,
        file="model.cbm",
        features=MODEL_FEATURES,
        parameters=catboost_v8.PARAMETERS,
    ),
)

MEMBERS: Final[Mapping[str, Registration]] = MappingProxyType({each.system_id: each for each in _MEMBERS})
"""The systems that the ensemble combines."""

ENSEMBLE: Final = "ensemble_v1"

SYSTEMS: Final[Mapping[str, str]] = MappingProxyType(
    {**{system_id: each.title for system_id, each in MEMBERS.items()}, ENSEMBLE: "Ensemble"}
)
"""Every system and its display name; the ensemble stands after its members."""

SUMMARIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{system_id: each.summary for system_id, each in MEMBERS.items()},
        ENSEMBLE: "The weighted mean of the other systems, with weights that are learnt walk-forward.",
    }
)
"""How every system predicts, in one sentence."""

_LACKING_MEMBER: Final = 1.015
"""Widening for each member that the ensemble lacks. In the dev window (`docs/models.md`) the errors of the best system
without trees were 2.7 % wider than those of the ensemble, which is 1.4 % for each of the two lacking members."""

HEADLINE: Final = (ENSEMBLE, View.MARKET)
"""The system and view that best bets and summaries are about; the others are shown beside it, never added up."""


def build_system(system_id: str, models: ModelStore, game_date: date) -> BuiltSystem:
    """Return a system that can predict a date; a trained system uses a model trained on earlier dates only.

    Raises BadInputError for an unknown id, NotEnoughDataError if there is no such model, DamagedModelError if all such
    models are damaged, ConfigurationError if the model was trained on another feature vector. A system that can
    predict untrained does so instead.
    """
    if system_id == ENSEMBLE:
        return _build_ensemble(models, game_date)
    if system_id not in MEMBERS:
        raise BadInputError(f"unknown prediction system {system_id!r}; known systems: {', '.join(SYSTEMS)}")
    registration = MEMBERS[system_id]
    try:
        champion = models.champion(system_id, before=game_date)
    except (NotEnoughDataError, DamagedModelError) as error:
        if registration.untrained is None:
            raise
        system = System(system_id, registration.title, registration.untrained, UNTRAINED, rules=registration.rules)
        return BuiltSystem(system, (str(error),) if isinstance(error, DamagedModelError) else ())
    return BuiltSystem(_restored(champion), champion.damage)


def ensemble_of(members: Iterable[System], parameters: EnsembleParameters) -> Ensemble:
    """Return the ensemble of these members. Raises NotEnoughDataError if there is none."""
    by_id = {member.system_id: member for member in members}
    if not by_id:
        raise NotEnoughDataError(f"{ENSEMBLE} has no member that can predict: run training")
    return Ensemble(by_id, parameters)


def _restored(trained: TrainedModel) -> System:
    card, registration = trained.card, MEMBERS[trained.card.system_id]
    if card.features_hash != registration.features_hash:
        raise ConfigurationError(
            f"{card.system_id} model {card.version} was trained on another feature vector "
            f"({card.features_hash}, now {registration.features_hash}): run training"
        )
    model = registration.from_bytes(trained.model)
    return System(card.system_id, registration.title, model, card.calibration, card.version, registration.rules)


def _build_ensemble(models: ModelStore, game_date: date) -> BuiltSystem:
    """Build the champion from the versions of its members that it was trained with, or untrained from any members."""
    damage: tuple[str, ...] = ()
    try:
        champion = models.champion(ENSEMBLE, before=game_date)
    except (NotEnoughDataError, DamagedModelError) as error:
        damage = (str(error),) if isinstance(error, DamagedModelError) else ()
        parameters, calibration, version = EnsembleParameters(weights={}), UNTRAINED, None
    else:
        parameters = EnsembleParameters.model_validate_json(champion.model)
        calibration, version, damage = champion.card.calibration, champion.card.version, champion.damage
    members, rules, member_damage = _build_members(models, game_date, parameters.versions)
    ensemble = ensemble_of(members, parameters)
    system = System(ENSEMBLE, SYSTEMS[ENSEMBLE], ensemble, calibration, version, rules)
    return BuiltSystem(system, (*damage, *member_damage))


def _build_members(
    models: ModelStore, game_date: date, versions: Mapping[str, str]
) -> tuple[list[System], tuple[WideningRule, ...], list[str]]:
    """Return the members that can be built, a widening rule for each of the others, and the damage replaced."""
    members: list[System] = []
    lacking: list[WideningRule] = []
    damage: list[str] = []
    for system_id in MEMBERS:
        try:
            member = _build_member(system_id, models, game_date, versions.get(system_id))
        except (NotEnoughDataError, DamagedModelError, ConfigurationError):
            lacking.append(WideningRule(f"no {system_id}", pl.lit(True), _LACKING_MEMBER))
        else:
            members.append(member.system)
            damage.extend(member.damage)
    return members, tuple(lacking), damage


def _build_member(system_id: str, models: ModelStore, game_date: date, version: str | None) -> BuiltSystem:
    """Return a member of the version; a damaged one is replaced if the system can also predict untrained."""
    if version is None:
        return BuiltSystem(build_system(system_id, models, game_date).system)
    try:
        return BuiltSystem(_restored(models.load(system_id, version)))
    except DamagedModelError as error:
        if MEMBERS[system_id].untrained is None:
            raise
        return BuiltSystem(build_system(system_id, models, game_date).system, (str(error),))
