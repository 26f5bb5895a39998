"""Properties of every feature, and values of single features."""

from typing import Any

import polars as pl
import pytest

from tests.support.features import NO_LINE, inputs, vectors
from tipoff.features.vector import (
    CARRIED_COLUMNS,
    FEATURE_NAMES,
    FEATURES,
    KEYS,
    MODEL_FEATURES_HASH,
    SourceColumn,
    build_vector,
)
from tipoff.warehouse.tables import TABLES


def value(name: str, **changes: Any) -> float | None:
    number: float | None = vectors(changes)[name].item()
    return number


def item_of(column: str, name: str, **changes: Any) -> Any:
    return vectors(changes)[column].item()[FEATURE_NAMES.index(name)]


def quality(name: str, **changes: Any) -> int:
    return int(item_of("feature_qualities", name, **changes))


def source(name: str, **changes: Any) -> str:
    return str(item_of("feature_sources", name, **changes))


def test_names_are_unique() -> None:
    names = (*FEATURE_NAMES, *KEYS, *CARRIED_COLUMNS)
    assert len(set(names)) == len(names)


def test_a_vector_has_the_columns_of_the_feature_store() -> None:
    assert set(vectors().columns) == set(TABLES["ml_feature_store"].column_names)


def test_every_feature_has_a_number_a_source_and_a_quality() -> None:
    row = vectors()
    assert row.select(FEATURE_NAMES).dtypes == [pl.Float64] * len(FEATURES)
    assert row["feature_sources"].list.len().item() == len(FEATURES)
    assert row["feature_qualities"].list.len().item() == len(FEATURES)


def test_rows_keep_their_order() -> None:
    players = ["b", "c", "a"]
    assert vectors(*({"player_id": player} for player in players))["player_id"].to_list() == players


@pytest.mark.parametrize("column", sorted(set(inputs().columns) - set(KEYS) - set(SourceColumn)))
def test_a_missing_input_gives_a_missing_feature(column: str) -> None:
    row = inputs().with_columns(pl.lit(None).cast(inputs().schema[column]).alias(column))
    vector = build_vector(row)
    for name, usual, actual, quality_score in zip(
        FEATURE_NAMES,
        vectors().select(FEATURE_NAMES).row(0),
        vector.select(FEATURE_NAMES).row(0),
        vector["feature_qualities"].item(),
        strict=True,
    ):
        assert actual in (usual, None), name
        assert (quality_score == 0) == (actual is None), name


@pytest.mark.parametrize("origin", [origin for origin in SourceColumn if origin is not SourceColumn.ROSTER])
def test_a_feature_without_a_source_is_missing(origin: SourceColumn) -> None:
    names = [feature.name for feature in FEATURES if feature.origin is origin]
    assert names
    assert {quality(name, **{origin.value: None}) for name in names} == {0}


@pytest.mark.parametrize(("ours", "theirs", "advantage"), [(2, 1, 1), (1, 5, -2), (9, 1, 2), (None, 2, None)])
def test_rest_advantage_is_clipped_to_two_days(ours: int | None, theirs: int, advantage: float | None) -> None:
    assert value("rest_advantage", team_days_rest=ours, opponent_days_rest=theirs) == advantage


def test_a_long_absence_counts_as_ten_days() -> None:
    assert value("days_since_last_game", days_since_last_game=43) == 10


@pytest.mark.parametrize(
    ("status", "risk"), [(None, 0), ("Available", 0), ("Probable", 1), ("Questionable", 2), ("Doubtful", 3)]
)
def test_injury_risk_depends_on_the_status(status: str | None, risk: float) -> None:
    assert value("injury_risk", injury_status=status) == risk


def test_without_a_report_the_injury_risk_is_unknown() -> None:
    assert value("injury_risk", has_injury_report=False) is None


@pytest.mark.parametrize(("game_id", "flag"), [("0022301083", 0), ("0042300101", 1), ("0052300101", 1)])
def test_playoffs_are_read_from_the_game_id(game_id: str, flag: float) -> None:
    assert value("playoffs", game_id=game_id) == flag


def test_fewer_minutes_give_a_negative_change() -> None:
    assert value("minutes_change", minutes_mean_5=30.0, minutes_mean_season=35.0) == -5


def test_a_partial_window_has_quality_60() -> None:
    assert quality("points_mean_10", games_history=9) == 60
    assert quality("points_mean_5", games_history=9) == 100


@pytest.mark.parametrize(
    ("name", "few", "enough"),
    [
        ("points_mean_season", {"games_season": 4}, {"games_season": 5}),
        ("minutes_change", {"games_season": 1}, {"games_season": 5}),
        ("home_points_difference", {"games_season": 9}, {"games_season": 10}),
        ("team_pace", {"team_games": 14}, {"team_games": 15}),
        ("team_win_share", {"team_games": 1}, {"team_games": 5}),
        ("opponent_defensive_rating", {"opponent_games": 14}, {"opponent_games": 15}),
    ],
)
def test_season_and_team_windows_count_their_own_games(name: str, few: dict[str, int], enough: dict[str, int]) -> None:
    assert (quality(name, **few), quality(name, **enough)) == (60, 100)


def test_a_fallback_source_has_quality_85_and_is_named() -> None:
    mixed = "bdl_player_boxscores;nbac_player_boxscores"
    assert quality("points_mean_5", box_source=mixed) == 85
    assert source("points_mean_5", box_source=mixed) == mixed
    assert quality("line", line_source="bettingpros_player_points_props") == 85


@pytest.mark.parametrize(
    ("column", "fallback_source", "names"),
    [
        ("injury_source", "bdl_injuries", ("injury_risk", "stars_out", "vacated_minutes", "vacated_points")),
        ("line_source", "bettingpros_player_points_props", ("line", "opening_line", "line_move", "has_line")),
        ("schedule_source", "espn_schedule", ("home", "playoffs")),
        ("team_box_source", "nbac_team_boxscore;sum of nbac_player_boxscores", ("team_pace", "rest_advantage")),
    ],
)
def test_a_fallback_source_lowers_the_quality(column: str, fallback_source: str, names: tuple[str, ...]) -> None:
    assert {quality(name, **{column: fallback_source}) for name in names} == {85}


def test_a_fallback_roster_lowers_the_quality_of_team_features() -> None:
    listed = {"roster_source": "nbac_player_list_current"}
    by_team = ("home", "team_pace", "opponent_pace", "spread", "total", "stars_out", "injury_risk", "rest_advantage")
    assert {quality(name, **listed) for name in by_team} == {85}
    assert {quality(name) for name in by_team} == {100}
    assert {quality(name, **listed) for name in ("points_mean_5", "games_last_7_days", "line")} == {100}


def test_a_partial_window_of_a_fallback_source_has_quality_60() -> None:
    assert quality("points_mean_10", games_history=3, box_source="bdl_player_boxscores") == 60


def test_a_line_is_measured_and_no_line_is_missing() -> None:
    assert quality("line") == 100
    assert quality("line", **NO_LINE) == 0
    assert source("line", **NO_LINE) == "missing"
    assert value("has_line", **NO_LINE) == 0


def test_the_score_is_the_mean_of_the_qualities() -> None:
    complete, without = vectors({}, NO_LINE)["feature_quality_score"]
    assert complete == 100
    assert without == pytest.approx(100 * (len(FEATURES) - 4) / len(FEATURES))  # the four of the line


@pytest.mark.parametrize(
    ("minutes", "line", "eligible"),
    [(15.0, False, True), (14.9, False, False), (None, False, False), (3.0, True, True), (None, True, True)],
)
def test_rotation_players_and_players_with_a_line_are_eligible(
    minutes: float | None, line: bool, eligible: bool
) -> None:
    changes = {} if line else NO_LINE
    assert vectors(changes | {"minutes_mean_7": minutes})["eligible"].item() is eligible


def test_models_of_earlier_versions_are_accepted() -> None:
    """Another hash rejects every trained model: change it only with the features of models."""
    assert MODEL_FEATURES_HASH == "a42a0d27a83d4f70"
