"""Registers the prediction systems by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from tipoff.errors import BadInputError
from tipoff.systems.base import System
from tipoff.systems.catboost_v8 import CatBoostV8
from tipoff.systems.model_store import ModelStore
from tipoff.systems.moving_average import MovingAverage
from tipoff.vocabulary import View


class BuiltSystem(NamedTuple):
    """A system for a date, and what is damaged of the models it should have."""

    system: System
    damage: tuple[str, ...] = ()


Build = Callable[[ModelStore, date], BuiltSystem]


@dataclass(frozen=True)
class Registration:
    """One system: its display name and how to build it for a date."""

    system_id: str
    title: str
    build: Build
    trained: bool = False
    """The system needs a champion in the model store, so training runs first."""


def _moving_average(_models: ModelStore, _game_date: date) -> BuiltSystem:
    return BuiltSystem(MovingAverage())


def _catboost(models: ModelStore, game_date: date) -> BuiltSystem:
    champion = models.champion("catboost_v8", before=game_date)
    card = champion.card
    return BuiltSystem(CatBoostV8(champion.model, card.spread, card.version, card.features_hash), champion.damage)


SYSTEMS: Final[Mapping[str, Registration]] = MappingProxyType(
    {
        registration.system_id: registration
        for registration in (
            Registration(MovingAverage.system_id, MovingAverage.title, _moving_average),
            Registration(CatBoostV8.system_id, CatBoostV8.title, _catboost, trained=True),
        )
    }
)

HEADLINE: Final = (CatBoostV8.system_id, View.MARKET)
"""The system and view that best bets and summaries are about; the others are shown beside it, never added up."""


def build_system(system_id: str, models: ModelStore, game_date: date) -> BuiltSystem:
    """Return a system that can predict a date; a trained system uses a model trained on earlier dates only.

    Raises BadInputError for an unknown id, NotEnoughDataError if there is no such model,
    DamagedModelError if all such models are damaged.
    """
    if system_id not in SYSTEMS:
        raise BadInputError(f"unknown prediction system {system_id!r}; known systems: {', '.join(SYSTEMS)}")
    return SYSTEMS[system_id].build(models, game_date)
