"""The prediction systems, by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from tipoff.errors import BadInputError
from tipoff.systems.base import System
from tipoff.systems.catboost_v8 import CatBoostV8
from tipoff.systems.model_store import ModelStore
from tipoff.systems.moving_average import MovingAverage

Build = Callable[[ModelStore, date], System]


@dataclass(frozen=True)
class Registration:
    """One system: how people call it and how to make it ready to predict a date."""

    system_id: str
    title: str
    build: Build
    trained: bool = False
    """It needs a champion in the model store, so training comes first."""


def _moving_average(_models: ModelStore, _game_date: date) -> System:
    return MovingAverage()


def _catboost(models: ModelStore, game_date: date) -> System:
    champion = models.champion("catboost_v8", before=game_date)
    return CatBoostV8(champion.model, champion.card.spread, champion.card.version, champion.card.features_hash)


SYSTEMS: Final[Mapping[str, Registration]] = MappingProxyType(
    {
        registration.system_id: registration
        for registration in (
            Registration(MovingAverage.system_id, MovingAverage.title, _moving_average),
            Registration(CatBoostV8.system_id, CatBoostV8.title, _catboost, trained=True),
        )
    }
)


def build_system(system_id: str, models: ModelStore, game_date: date) -> System:
    """A system ready to predict a date; a trained one has learned from earlier dates only.

    Raises BadInputError for an unknown id, NotEnoughDataError when no model may speak about the date.
    """
    if system_id not in SYSTEMS:
        raise BadInputError(f"there is no prediction system {system_id!r}; there are: {', '.join(SYSTEMS)}")
    return SYSTEMS[system_id].build(models, game_date)
