"""Small models with a card, to store and promote, and untrained systems."""

from datetime import UTC, date, datetime

from tipoff.systems.base import System
from tipoff.systems.calibration import UNTRAINED
from tipoff.systems.distribution import ResidualSpread
from tipoff.systems.model_store import ModelCard, TrainedModel, WalkForwardResult
from tipoff.systems.registry import MEMBERS

SPREAD = ResidualSpread(centres=(10.0,), residuals=(tuple(range(-6, 7)),), rows=300)
RESULT = WalkForwardResult(rows=300, mae=5.0, last10_mae=5.2, pinball=1.5, within_80=0.8)


def trained(through: date, version: str = "aa") -> TrainedModel:
    card = ModelCard(
        system_id="catboost_v8",
        version=version,
        trained_from=date(2023, 10, 24),
        trained_through=through,
        rows=20_000,
        features=("points_mean_5",),
        features_hash="0" * 16,
        parameters={"iterations": 250},
        spread=SPREAD,
        walk_forward=RESULT,
        libraries={"catboost": "1.2.10"},
        trained_at=datetime(2024, 3, 29, 10, tzinfo=UTC),
    )
    return TrainedModel(version.encode(), card)


def untrained(system_id: str = "moving_average") -> System:
    """Return a system as it predicts before the first training."""
    registration = MEMBERS[system_id]
    assert registration.untrained is not None
    return System(system_id, registration.title, registration.untrained, UNTRAINED, rules=registration.rules)
