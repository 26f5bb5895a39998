"""History and training on the first weeks of the real season in `sample/`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from temporalio.testing import ActivityEnvironment

from activities.models import ModelActivities
from activities.resources import Resources
from devtools.season_rows import POST_GAME, load_rosters, load_season, parameters, run
from tipoff.errors import ConfigurationError, NotEnoughDataError, ProcessEndedError
from tipoff.settings import Settings
from tipoff.systems.ensemble_v1 import Ensemble
from tipoff.systems.model_store import ModelStore, TrainedModel, open_models
from tipoff.systems.predict import predict
from tipoff.systems.registry import ENSEMBLE, MEMBERS, SYSTEMS, build_system
from tipoff.training import fit, train_process
from tipoff.training.fit import Training, train_files, train_systems
from tipoff.training.history import PRE_GAME, graded_features, seasons_up_to, training_history
from tipoff.vocabulary import Span, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.feature_store import build_features, stored_features
from workflows.contracts import ComputeRequest, Predicted

OPENING, REAL_DAY, TODAY = date(2023, 10, 24), date(2023, 11, 20), date(2023, 12, 1)
IDLE_DAY = date(2023, 11, 23)
"""Thanksgiving has no games. The fixture simulates a game cancelled after its context was built."""
MORNING = eastern(TODAY, 9)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[DuckDbWarehouse]:
    """The season until TODAY, with pre-game rows of REAL_DAY and IDLE_DAY."""
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("season") / "season.duckdb")
    warehouse.migrate()
    load_season(warehouse, sample)
    run(warehouse, POST_GAME, OPENING, TODAY)
    load_rosters(warehouse, sample, REAL_DAY)
    run(warehouse, PRE_GAME, REAL_DAY, REAL_DAY)
    build_features(warehouse, REAL_DAY, REAL_DAY, (), eastern(REAL_DAY, 18, 30))
    cancelled = pre_game(warehouse, "upcoming_team_game_context", REAL_DAY).with_columns(game_date=pl.lit(IDLE_DAY))
    warehouse.replace("upcoming_team_game_context", cancelled, {"game_date": IDLE_DAY})
    yield warehouse
    warehouse.close()


def pre_game(warehouse: DuckDbWarehouse, table: str, day: date) -> pl.DataFrame:
    rows = warehouse.query(f"SELECT * FROM {table} WHERE game_date = @last_date", parameters(day, day))  # noqa: S608
    return rows.sort("game_date", pl.selectors.by_name("game_id", "team", "player_id", require_all=False))


@pytest.fixture(scope="module")
def real_day(season: DuckDbWarehouse) -> dict[str, pl.DataFrame]:
    return {table: pre_game(season, table, REAL_DAY) for table in (*PRE_GAME, "ml_feature_store")}


@pytest.fixture(scope="module")
def history(season: DuckDbWarehouse, real_day: dict[str, pl.DataFrame]) -> pl.DataFrame:
    assert not real_day["ml_feature_store"].is_empty()
    return training_history(season, ["2023-24"], TODAY, MORNING)


@pytest.fixture(scope="module")
def models(history: pl.DataFrame) -> dict[str, TrainedModel]:
    return {each.card.system_id: each for each in train_systems(history, TODAY, MORNING)}


def train(history: pl.DataFrame, cutoff: date = TODAY, as_of: datetime = MORNING) -> TrainedModel:
    [trained] = train_systems(history, cutoff, as_of, ["catboost_v8"])
    return trained


@pytest.fixture(scope="module")
def model(models: dict[str, TrainedModel]) -> TrainedModel:
    return models["catboost_v8"]


def test_every_player_game_before_today_is_in_the_history_once(season: DuckDbWarehouse, history: pl.DataFrame) -> None:
    played = season.query(
        "SELECT game_date, game_id, player_id, points FROM player_game_summary"
        " WHERE minutes > 0 AND game_date < @last_date AND game_date != @first_date",
        parameters(REAL_DAY, TODAY),
    ).sort("game_id", "player_id")
    built = history.filter(pl.col("game_date") != REAL_DAY).select(played.columns).sort("game_id", "player_id")
    assert_frame_equal(built, played)


def test_rows_of_a_real_day_are_not_rebuilt(
    season: DuckDbWarehouse, real_day: dict[str, pl.DataFrame], history: pl.DataFrame
) -> None:
    assert REAL_DAY in history["game_date"]
    for table, rows in real_day.items():
        assert_frame_equal(pre_game(season, table, REAL_DAY), rows)


def test_the_context_of_a_cancelled_date_is_kept(season: DuckDbWarehouse, history: pl.DataFrame) -> None:
    assert IDLE_DAY not in history["game_date"]
    assert not pre_game(season, "upcoming_team_game_context", IDLE_DAY).is_empty()


def test_the_next_call_completes_an_interrupted_history(season: DuckDbWarehouse, history: pl.DataFrame) -> None:
    lost = {"game_date": date(2023, 11, 3)}
    for table in ("upcoming_player_game_context", "player_daily_cache", "ml_feature_store"):
        season.replace(table, pre_game(season, table, TODAY).clear(), lost)
    assert_frame_equal(training_history(season, ["2023-24"], TODAY, MORNING), history)


def test_the_history_contains_the_requested_seasons_only(season: DuckDbWarehouse) -> None:
    assert graded_features(season, ["2022-23"], TODAY).is_empty()


@pytest.mark.parametrize(
    ("day", "count", "seasons"),
    [
        (date(2024, 3, 29), 1, ("2023-24",)),
        (date(2024, 2, 29), 3, ("2021-22", "2022-23", "2023-24")),
        (date(2024, 7, 1), 2, ("2023-24", "2024-25")),
    ],
)
def test_seasons_up_to_a_date(day: date, count: int, seasons: tuple[str, ...]) -> None:
    assert seasons_up_to(day, count) == seasons


@pytest.mark.parametrize("system_id", SYSTEMS)
def test_the_model_card_describes_the_training_and_the_model_beats_the_last_10_mean(
    models: dict[str, TrainedModel], history: pl.DataFrame, system_id: str
) -> None:
    card = models[system_id].card
    assert (card.trained_from, card.trained_through) == (OPENING, date(2023, 11, 30))
    assert card.rows == history.height
    assert card.walk_forward.mae < card.walk_forward.last10_mae
    assert card.walk_forward.within_80 == pytest.approx(0.8, abs=0.05)


def test_training_again_gives_the_same_bytes(models: dict[str, TrainedModel], history: pl.DataFrame) -> None:
    again = train_systems(history.sample(fraction=1, shuffle=True, seed=3), TODAY, eastern(TODAY, 12))
    assert {each.card.system_id: (each.card.version, each.model) for each in again} == {
        system_id: (trained.card.version, trained.model) for system_id, trained in models.items()
    }


def test_results_from_the_cutoff_on_are_not_used(model: TrainedModel, history: pl.DataFrame) -> None:
    tomorrow = history.with_columns(game_date=pl.lit(TODAY), points=pl.lit(70, pl.Int64))
    assert train(pl.concat([history, tomorrow])).card.version == model.card.version


def test_other_results_give_another_version(model: TrainedModel, history: pl.DataFrame) -> None:
    other = history.with_columns(pl.col("points").shuffle(1))
    assert train(other).card.version != model.card.version


def test_too_few_games_are_rejected(history: pl.DataFrame) -> None:
    with pytest.raises(NotEnoughDataError, match="needs 2000 player-games before 2023-11-01, there are"):
        train(history, date(2023, 11, 1))


def test_trained_models_predict_from_the_store(
    season: DuckDbWarehouse,
    history: pl.DataFrame,
    models: dict[str, TrainedModel],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.write_parquet(tmp_path / "history.parquet")
    monkeypatch.delattr(train_process, "train_files")  # the child has its own, so this process needs none
    url = f"file://{tmp_path}/stored"
    trained = train_process.train_in_child(tmp_path / "history.parquet", TODAY, MORNING, url, [*SYSTEMS])
    versions = {each.card.system_id: each.card.version for each in trained}
    assert versions == {system_id: each.card.version for system_id, each in models.items()}
    rows = stored_features(season, date(2023, 11, 30))
    for system_id in SYSTEMS:
        system = build_system(system_id, open_models(url), TODAY).system
        predicted = predict(system, rows, history.lazy(), MORNING)
        assert set(predicted["model_version"]) == {versions[system_id]}
        joined = predicted.join(rows.drop_nulls("points_mean_season"), on=["game_id", "player_id"])
        difference = (joined["points"] - joined["points_mean_season"]).abs()
        assert difference.median() < 4  # type: ignore[operator]


def test_an_error_of_the_child_that_trains_is_raised(history: pl.DataFrame, tmp_path: Path) -> None:
    history.head(10).write_parquet(tmp_path / "short.parquet")
    models = f"file://{tmp_path}/models"
    with pytest.raises(NotEnoughDataError, match="needs 2000 player-games before 2023-12-01, there are 10"):
        train_process.train_in_child(tmp_path / "short.parquet", TODAY, MORNING, models, [*SYSTEMS])
    with pytest.raises(ProcessEndedError, match="training ended with exit code 1; see the worker's log"):
        train_process.train_in_child(tmp_path / "absent.parquet", TODAY, MORNING, models, [*SYSTEMS])


def test_what_a_library_prints_while_it_trains_is_no_part_of_the_result(tmp_path: Path) -> None:
    noisy = (
        "import os, tipoff.training.train_process as child\n"
        "child.train_files = lambda *_: print('iteration 1', flush=True) or os.write(1, b'iteration 2') and ()\n"
        "child.main()"
    )
    job = {"history": "history.parquet", "cutoff": str(TODAY), "as_of": MORNING.isoformat(), "predicts_from": None}
    request = json.dumps({**job, "models": f"file://{tmp_path}/models", "system_ids": []})
    ended = subprocess.run([sys.executable, "-c", noisy], input=request, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == {"trainings": [], "error": "", "text": ""}
    assert ended.stderr.splitlines() == ["iteration 1", "iteration 2"]


def test_a_flipped_byte_of_the_champion_makes_the_model_before_it_predict_with_an_alert(
    season: DuckDbWarehouse, history: pl.DataFrame, tmp_path: Path
) -> None:
    settings = {name: f"file://{tmp_path}/{name}" for name in ("models", "work")}
    resources = Resources(Settings.model_validate(settings), now=lambda: MORNING)
    history.write_parquet(resources.work_file(REAL_DAY, "history.parquet"))
    features = stored_features(season, REAL_DAY)
    features.write_parquet(resources.work_file(REAL_DAY, "features.parquet"))
    cutoffs = (REAL_DAY - timedelta(days=3), REAL_DAY)
    models = [train(history, cutoff, eastern(cutoff, 9)) for cutoff in cutoffs]
    for trained in models:
        resources.models.put(trained)
        resources.models.promote(trained.card)
    champion = tmp_path / "models" / "catboost_v8" / models[1].card.version / "model.cbm"
    damaged = bytearray(champion.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    champion.write_bytes(bytes(damaged))
    request = ComputeRequest(
        subject="catboost_v8",
        span=Span.SLATE,
        game_date=REAL_DAY,
        game_ids=tuple(features["game_id"].unique()),
        as_of=eastern(REAL_DAY, 12),
        reference="features.parquet",
    )
    predicted: Predicted = ActivityEnvironment().run(ModelActivities(resources).predict, request)
    rows = pl.read_parquet(resources.work_file(REAL_DAY, predicted.file))
    assert set(rows["model_version"]) == {models[0].card.version}
    assert all(each.card.version in predicted.alerts["damaged_model"] for each in models)


@pytest.fixture
def stored(tmp_path: Path, models: dict[str, TrainedModel]) -> ModelStore:
    """A store with the models as champions."""
    store = open_models(f"file://{tmp_path}/models")
    for trained in models.values():
        store.put(trained)
        store.promote(trained.card)
    return store


def test_a_model_of_another_feature_vector_is_rejected(stored: ModelStore, model: TrainedModel) -> None:
    other = replace(model, card=model.card.model_copy(update={"version": "other", "features_hash": "0" * 16}))
    stored.put(other)
    stored.promote(other.card)
    with pytest.raises(ConfigurationError, match="another feature vector"):
        build_system("catboost_v8", stored, TODAY)


def test_the_ensemble_goes_on_without_a_damaged_member_and_names_it(
    stored: ModelStore, tmp_path: Path, model: TrainedModel, history: pl.DataFrame
) -> None:
    assert [*cast(Ensemble, build_system(ENSEMBLE, stored, TODAY).system.model).members] == [*MEMBERS]
    (tmp_path / "models" / "catboost_v8" / model.card.version / "model.cbm").write_bytes(b"damaged")
    system = build_system(ENSEMBLE, stored, TODAY).system
    assert [rule.reason for rule in system.rules] == ["no catboost_v8"]
    rows, whole = (
        predict(each, history.filter(game_date=REAL_DAY), history.lazy(), MORNING).filter(view="model")
        for each in (system, replace(system, rules=()))
    )
    assert all("no catboost_v8" in reasons for reasons in rows["degraded_reasons"])
    above, narrow = (each["high_80"] - each["points"] for each in (rows, whole))
    assert (above / narrow).to_list() == pytest.approx([1.015] * rows.height)


def test_a_member_that_needs_no_training_replaces_its_damaged_version(
    stored: ModelStore, tmp_path: Path, models: dict[str, TrainedModel]
) -> None:
    version = models["zone_matchup_v1"].card.version
    (tmp_path / "models" / "zone_matchup_v1" / version / "model.json").write_bytes(b"damaged")
    built = build_system(ENSEMBLE, stored, TODAY)
    member = cast(Ensemble, built.system.model).members["zone_matchup_v1"]
    assert (member.model_version, built.system.rules) == (None, ())
    assert [text.split(" in ")[0] for text in built.damage] == [f"model {version} of zone_matchup_v1"]


def test_without_any_model_the_ensemble_combines_the_untrained_members(tmp_path: Path) -> None:
    system = build_system(ENSEMBLE, open_models(f"file://{tmp_path}"), TODAY).system
    assert system.model_version is None
    assert [rule.reason for rule in system.rules] == ["no xgboost_v1", "no catboost_v8"]


def test_the_stored_model_is_in_the_format_of_its_library(stored: ModelStore, tmp_path: Path) -> None:
    files = {path.parent.parent.name: path.name for path in (tmp_path / "models").glob("*/*/model.*")}
    assert files == dict.fromkeys(SYSTEMS, "model.json") | {"xgboost_v1": "model.ubj", "catboost_v8": "model.cbm"}


def test_models_are_trained_on_masked_rows_and_measured_on_complete_ones(
    history: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "mask_optional_inputs", lambda rows: rows.with_columns(points=pl.col("points") + 100))
    fitted = fit.fit_systems(history, TODAY, ["catboost_v8"])
    today = history.filter(game_date=REAL_DAY, eligible=True)
    trees = fitted.systems["catboost_v8"].model.expected_points(today, history.lazy())
    assert trees.min() > 90  # type: ignore[operator]
    assert fitted.systems["catboost_v8"].calibration.spread.around(trees).median.max() < 60, "the spread corrects it"


def test_a_worse_model_does_not_replace_the_champion(history: pl.DataFrame, tmp_path: Path) -> None:
    """Both are compared on the games that the champion was not trained on."""
    store, earlier = open_models(f"file://{tmp_path}/models"), TODAY - timedelta(days=14)
    is_old = pl.col("game_date") < earlier
    wrong = history.with_columns(points=pl.when(is_old).then(pl.col("points") + 9).otherwise("points"))
    for name, rows in {"right": history, "wrong": wrong}.items():
        rows.write_parquet(tmp_path / f"{name}.parquet")

    def trained(name: str, cutoff: date) -> Training:
        [training] = train_files(tmp_path / f"{name}.parquet", cutoff, MORNING, store, ["moving_average"])
        return training

    assert trained("right", earlier).rejection == "", "the first model is the champion"
    [champion] = store.champions("moving_average")
    assert f"the champion is still model {champion.version}: since " in trained("wrong", TODAY).rejection
    assert store.champions("moving_average") == (champion,)
    assert trained("right", TODAY).rejection == ""
    assert len(store.champions("moving_average")) == 2


def test_a_model_is_not_rejected_for_what_its_walk_forward_estimates_could_not_know(
    history: pl.DataFrame, tmp_path: Path
) -> None:
    """Home teams score more of late, which the champion learnt, and a model trained weeks before it could not."""
    store, file = open_models(f"file://{tmp_path}/models"), tmp_path / "history.parquet"
    late = pl.col("game_date") >= TODAY - timedelta(days=10)
    at_home = pl.col("points") + 18 * pl.col("home").cast(pl.Int64)
    history.with_columns(points=pl.when(late).then(at_home).otherwise("points")).write_parquet(file)
    for cutoff in (TODAY - timedelta(days=5), TODAY):
        [training] = train_files(file, cutoff, MORNING, store, ["xgboost_v1"])
        assert training.rejection == ""
    assert len(store.champions("xgboost_v1")) == 2
