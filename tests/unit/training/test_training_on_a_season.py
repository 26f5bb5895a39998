"""History and training on the first weeks of the real season in `sample/`."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from temporalio.testing import ActivityEnvironment

from activities.models import ModelActivities
from activities.resources import Resources
from devtools.season_rows import POST_GAME, load_rosters, load_season, parameters, run
from tipoff.errors import ConfigurationError, NotEnoughDataError
from tipoff.settings import Settings
from tipoff.systems.catboost_v8 import CatBoostV8
from tipoff.systems.model_store import TrainedModel, open_models
from tipoff.systems.registry import build_system
from tipoff.training import train_process
from tipoff.training.fit import train
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
def model(history: pl.DataFrame) -> TrainedModel:
    return train(history, TODAY, MORNING)


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
    for table in ("player_daily_cache", "ml_feature_store"):
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


def test_the_model_card_describes_the_training_and_the_model_beats_the_last_10_mean(
    model: TrainedModel, history: pl.DataFrame
) -> None:
    card = model.card
    assert (card.trained_from, card.trained_through) == (OPENING, date(2023, 11, 30))
    assert card.rows == history.height
    assert card.walk_forward.mae < card.walk_forward.last10_mae
    assert card.walk_forward.within_80 == pytest.approx(0.8, abs=0.05)


def test_training_again_gives_the_same_version(model: TrainedModel, history: pl.DataFrame) -> None:
    again = train(history.sample(fraction=1, shuffle=True, seed=3), TODAY, eastern(TODAY, 12))
    assert (again.card.version, again.model) == (model.card.version, model.model)


def test_results_from_the_cutoff_on_are_not_used(model: TrainedModel, history: pl.DataFrame) -> None:
    tomorrow = history.with_columns(game_date=pl.lit(TODAY), points=pl.lit(70, pl.Int64))
    assert train(pl.concat([history, tomorrow]), TODAY, MORNING).card.version == model.card.version


def test_other_results_give_another_version(model: TrainedModel, history: pl.DataFrame) -> None:
    other = history.with_columns(pl.col("points").shuffle(1))
    assert train(other, TODAY, MORNING).card.version != model.card.version


def test_too_few_games_are_rejected(history: pl.DataFrame) -> None:
    with pytest.raises(NotEnoughDataError, match="needs 2000 player-games before 2023-11-01, there are"):
        train(history, date(2023, 11, 1), MORNING)


def test_a_trained_model_predicts_from_the_store(
    season: DuckDbWarehouse,
    history: pl.DataFrame,
    model: TrainedModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.write_parquet(tmp_path / "history.parquet")
    models = open_models(f"file://{tmp_path}/models")
    monkeypatch.delattr(train_process, "train_files")  # the child has its own, so this process needs none
    card = train_process.train_in_child(tmp_path / "history.parquet", TODAY, MORNING, f"file://{tmp_path}/models")
    system = build_system("catboost_v8", models, TODAY).system
    assert system.model_version == card.version == model.card.version
    rows = stored_features(season, date(2023, 11, 30)).filter("eligible")
    difference = (pl.Series(system.predict(rows, history.lazy()).median) - rows["points_mean_season"]).abs()
    assert difference.median() < 4  # type: ignore[operator]


def test_an_error_of_the_child_that_trains_is_raised(history: pl.DataFrame, tmp_path: Path) -> None:
    history.head(10).write_parquet(tmp_path / "short.parquet")
    models = f"file://{tmp_path}/models"
    with pytest.raises(NotEnoughDataError, match="needs 2000 player-games before 2023-12-01, there are 10"):
        train_process.train_in_child(tmp_path / "short.parquet", TODAY, MORNING, models)
    with pytest.raises(RuntimeError, match="training ended with exit code 1; see the worker's log"):
        train_process.train_in_child(tmp_path / "absent.parquet", TODAY, MORNING, models)


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


def test_a_player_without_any_game_is_predicted_at_the_line(model: TrainedModel, history: pl.DataFrame) -> None:
    system = CatBoostV8(model.model, model.card.spread, model.card.version, model.card.features_hash)
    without_games = history.head(2).with_columns(
        points_ewm=pl.lit(None, pl.Float64), points_mean_season=pl.lit(None, pl.Float64), line=pl.Series([12.5, None])
    )
    quoted, unquoted = system.predict(without_games, history.lazy()).median
    assert quoted == pytest.approx(12.5, abs=1.5)
    assert unquoted < quoted


def test_a_model_of_another_feature_vector_is_rejected(model: TrainedModel) -> None:
    with pytest.raises(ConfigurationError, match="another feature vector"):
        CatBoostV8(model.model, model.card.spread, model.card.version, "0" * 16)
