"""Trains the prediction systems on past feature rows and describes their models in cards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tipoff.code_fingerprint import library_versions
from tipoff.errors import ConfigurationError, DamagedModelError, NotEnoughDataError
from tipoff.grading.statistics import clustered_mean
from tipoff.ordered_sum import ordered_sum
from tipoff.systems.base import PointModel, System
from tipoff.systems.calibration import Calibration, fit_calibration
from tipoff.systems.distribution import Floats, pinball_loss
from tipoff.systems.ensemble_v1 import Ensemble, EnsembleParameters, learn_weights
from tipoff.systems.model_store import ModelCard, ModelStore, TrainedModel, WalkForwardResult
from tipoff.systems.registry import ENSEMBLE, MEMBERS, SYSTEMS, build_system
from tipoff.training.masking import mask_optional_inputs
from tipoff.training.walk_forward import Fold, walk_forward
from tipoff.vocabulary import Frozen, counted

MIN_ROWS: Final = 2_000
"""About two weeks of games; with fewer rows the trees fit mostly noise."""

COMPARED_DAYS: Final = 28
"""A challenger is compared with the champion on the games of this many days before the training."""
_FEWEST_COMPARED: Final = 300


@dataclass(frozen=True)
class Evaluation:
    """Out-of-sample results of one system: test rows of past folds with its `expected` points, oldest fold first."""

    folds: tuple[pl.DataFrame, ...] = field(repr=False)

    @property
    def rows(self) -> pl.DataFrame:
        return pl.concat(self.folds)


@dataclass(frozen=True)
class FittedSystems:
    """Systems trained on the same rows. `rows`: those rows, sorted by date."""

    rows: pl.DataFrame = field(repr=False)
    systems: Mapping[str, System]
    evaluations: Mapping[str, Evaluation] = field(repr=False)


class Training(Frozen):
    """One trained model, and why it did not become the champion; empty if it did."""

    card: ModelCard
    rejection: str = ""


def fit_systems(history: pl.DataFrame, cutoff: date, system_ids: Sequence[str] = tuple(SYSTEMS)) -> FittedSystems:
    """Train systems on the rows before `cutoff`, and the members of the ensemble along with it.

    `history`: past feature rows with their `points`. Optional inputs are hidden in a share of the rows that models are
    trained on. Calibrations and weights come from walk-forward estimates, the final models from all rows.
    Raises NotEnoughDataError with fewer than MIN_ROWS rows.
    """
    rows = history.filter(pl.col("game_date") < cutoff).sort("game_date", "game_id", "player_id")
    if rows.height < MIN_ROWS:
        raise NotEnoughDataError(
            f"training needs {MIN_ROWS} player-games before {cutoff}, there are {rows.height}: "
            "collect the history of the season first, or raise `history_seasons`"
        )
    member_ids = [system_id for system_id in MEMBERS if system_id in system_ids or ENSEMBLE in system_ids]
    masked = mask_optional_inputs(rows)
    folds = tuple(_evaluate_fold(fold, masked, member_ids) for fold in walk_forward(rows, cutoff))
    evaluations = {system_id: _evaluation(folds, system_id) for system_id in member_ids}
    systems = {
        system_id: _member(system_id, MEMBERS[system_id].fit(masked), _calibration(evaluations[system_id]))
        for system_id in member_ids
    }
    if ENSEMBLE in system_ids:
        folds = tuple(
            _with_ensemble(fold, [*folds[:number], *folds[number + 1 :]]) for number, fold in enumerate(folds)
        )
        evaluations[ENSEMBLE] = _evaluation(folds, ENSEMBLE)
        systems[ENSEMBLE] = _ensemble(systems, _weights(folds), _calibration(evaluations[ENSEMBLE]))
    return FittedSystems(rows, systems, evaluations)


def train_systems(
    history: pl.DataFrame, cutoff: date, as_of: datetime, system_ids: Sequence[str] = tuple(SYSTEMS)
) -> tuple[TrainedModel, ...]:
    """Train systems and describe each model in its card; see `fit_systems`."""
    return _trained(fit_systems(history, cutoff, system_ids), as_of)


def train_files(
    history: Path,
    cutoff: date,
    as_of: datetime,
    models: ModelStore,
    system_ids: Sequence[str],
    predicts_from: date | None = None,
) -> tuple[Training, ...]:
    """Train from a Parquet file, store the models and promote those that are not worse; needs no warehouse.

    `predicts_from`: the first date that the new models may predict; None: the cutoff.
    """
    rows = pl.read_parquet(history)
    fitted = fit_systems(rows, cutoff, system_ids)

    @cache
    def fitted_before(earlier: date) -> FittedSystems:
        return fit_systems(rows, earlier, system_ids)

    trainings = []
    for trained in _trained(fitted, as_of):
        models.put(trained)
        rejection = _rejection(models, trained.card.system_id, fitted.rows, cutoff, fitted_before)
        if not rejection:
            models.promote(trained.card, predicts_from)
        trainings.append(Training(card=trained.card, rejection=rejection))
    return tuple(trainings)


def _evaluate_fold(fold: Fold, masked: pl.DataFrame, member_ids: Iterable[str]) -> pl.DataFrame:
    """Return the test rows of eligible players with the out-of-sample estimate of each member.

    `masked`: the same rows, with optional inputs hidden in some, to train on.
    """
    test, history = fold.test.filter("eligible"), fold.history.lazy()
    train = replace(fold, history=masked).train
    models = {system_id: MEMBERS[system_id].fit(train) for system_id in member_ids}
    return test.with_columns(
        model.expected_points(test, history).alias(system_id) for system_id, model in models.items()
    )


def _with_ensemble(fold: pl.DataFrame, others: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the fold with the estimate of the ensemble, by weights from the other folds."""
    weights = _weights(others)
    return fold.with_columns(ordered_sum(pl.col(name) * weight for name, weight in weights.items()).alias(ENSEMBLE))


def _weights(folds: Sequence[pl.DataFrame]) -> dict[str, float]:
    """Return the weights learnt from folds with the estimate of each member; equal ones without any fold.

    A member that is worse than the best one beyond chance gets none: drawn towards equal weights, it would cost more
    than it adds.
    """
    if not folds:
        return dict.fromkeys(MEMBERS, 1 / len(MEMBERS))
    rows = pl.concat(folds, how="diagonal")
    errors = {name: (rows[name] - rows["points"]).abs().to_numpy() for name in MEMBERS}
    best = min(errors.values(), key=lambda error: float(error.mean()))
    kept = {name: rows[name].to_numpy() for name in MEMBERS if not _excess(errors[name] - best, rows["game_id"])}
    return dict.fromkeys(MEMBERS, 0.0) | learn_weights(kept, rows["points"].to_numpy())


def _excess(difference: Floats, game_ids: pl.Series) -> tuple[float, float] | None:
    """Return the mean difference of errors and its standard error, clustered by game; None up to two of these."""
    mean = clustered_mean(difference, game_ids)
    if mean.value is None or mean.se is None or mean.value <= 2 * mean.se:
        return None
    return mean.value, mean.se


def _evaluation(folds: Iterable[pl.DataFrame], system_id: str) -> Evaluation:
    return Evaluation(tuple(fold.with_columns(expected=pl.col(system_id)) for fold in folds))


def _calibration(evaluation: Evaluation) -> Calibration:
    return fit_calibration(evaluation.rows, evaluation.rows["expected"].to_numpy())


def _member(system_id: str, model: PointModel, calibration: Calibration) -> System:
    registration = MEMBERS[system_id]
    return System(
        system_id,
        registration.title,
        model,
        calibration,
        _version(model.to_bytes(), registration.features_hash, calibration),
        registration.rules,
    )


def _ensemble(members: Mapping[str, System], weights: Mapping[str, float], calibration: Calibration) -> System:
    versions = {system_id: system.model_version or "" for system_id, system in members.items()}
    model = Ensemble(dict(members), EnsembleParameters(weights=weights, versions=versions))
    return System(ENSEMBLE, SYSTEMS[ENSEMBLE], model, calibration, _version(model.to_bytes(), "", calibration))


def _version(model: bytes, features_hash: str, calibration: Calibration) -> str:
    parts = (model, features_hash.encode(), calibration.model_dump_json().encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _trained(fitted: FittedSystems, as_of: datetime) -> tuple[TrainedModel, ...]:
    return tuple(_describe(system, fitted, as_of) for system in fitted.systems.values())


def _describe(system: System, fitted: FittedSystems, as_of: datetime) -> TrainedModel:
    registration = MEMBERS.get(system.system_id)
    card = ModelCard(
        system_id=system.system_id,
        version=system.model_version or "",
        trained_from=fitted.rows["game_date"][0],
        trained_through=fitted.rows["game_date"][-1],
        rows=fitted.rows.height,
        features=registration.features if registration else (),
        features_hash=registration.features_hash if registration else "",
        parameters=registration.parameters if registration else {},
        spread=system.calibration.spread,
        market=system.calibration.market,
        walk_forward=_walk_forward_result(fitted.evaluations[system.system_id]),
        libraries=library_versions(),
        trained_at=as_of,
        file=registration.file if registration else "model.json",
    )
    return TrainedModel(system.model.to_bytes(), card)


def _walk_forward_result(evaluation: Evaluation) -> WalkForwardResult:
    """Measure the last fold with the spread of the earlier ones."""
    *earlier, last = evaluation.folds
    spread = _calibration(Evaluation(tuple(earlier))).spread
    rotation = last.drop_nulls("points_mean_10")
    distributions = spread.around(rotation["expected"])
    points = rotation["points"].to_numpy()
    low, high = distributions.interval(0.8)
    return WalkForwardResult(
        rows=rotation.height,
        mae=_mae(distributions.median, points),
        last10_mae=_mae(rotation["points_mean_10"].to_numpy(), points),
        pinball=pinball_loss(distributions, points),
        within_80=float(np.mean((points >= low) & (points <= high))),
    )


def _mae(predicted: Floats, actual: Floats) -> float:
    return float(np.mean(np.abs(predicted - actual)))


def _rejection(
    models: ModelStore, system_id: str, rows: pl.DataFrame, cutoff: date, fitted_before: Callable[[date], FittedSystems]
) -> str:
    """Return why the champion stays; empty if the new model replaces it.

    Both are compared on the last games that the champion was not trained on. There the new model is one that was
    trained in the same way on the rows before them. It is rejected if its error is larger by more than two standard
    errors, clustered by game. Without a champion that can predict, or with too few games, it is not.
    """
    try:
        champion = models.champion(system_id, before=cutoff)
        theirs = build_system(system_id, models, cutoff).system
        unseen_from = max(champion.card.trained_through + timedelta(days=1), cutoff - timedelta(days=COMPARED_DAYS))
        compared = rows.filter(pl.col("game_date") >= unseen_from, "eligible")
        if compared.height < _FEWEST_COMPARED:
            return ""
        ours = fitted_before(unseen_from).systems[system_id]
    except (NotEnoughDataError, DamagedModelError, ConfigurationError):
        return ""
    points = compared["points"].to_numpy()
    our_error, their_error = (
        np.abs(points - system.distributions(compared, rows.lazy()).median) for system in (ours, theirs)
    )
    excess = _excess(our_error - their_error, compared["game_id"])
    if excess is None:
        return ""
    return (
        f"the champion is still model {champion.card.version}: since {unseen_from}, on "
        f"{counted(compared.height, 'player-game')}, the new model's error is larger by {excess[0]:.3f} points "
        f"(standard error {excess[1]:.3f})"
    )
