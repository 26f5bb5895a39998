from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support import evening
from tests.support.evening import DAY, FIRST, NEXT_MORNING, WITH_LINES
from tests.support.rows import rows_of
from tipoff.alerting.store import read_book
from tipoff.grading.accuracy import grade_date
from tipoff.grading.balance import release_picks, withhold_one_sided
from tipoff.publishing.envelope import Edition, decode
from tipoff.publishing.predictions import publish_predictions
from tipoff.publishing.results import publish_results
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
TONIGHT = "v1/predictions/2024-03-29.json"
TODAY = "v1/predictions/today.json"


def export(store: ExportStore, path: str) -> dict[str, Any]:
    content = store.read(path)
    assert content is not None, f"{path} was not written"
    return decode(content)


def player_named(exported: dict[str, Any], name: str) -> dict[str, Any]:
    [player] = [each for each in exported["players"] if each["player_name"] == name]
    named: dict[str, Any] = player
    return named


# ── predictions ──────────────────────────────────────────────────────────────────────────────────────────


def test_predictions_are_written_as_version_date_and_today(before_tip: Warehouse, store: ExportStore) -> None:
    published = publish_predictions(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    assert published.paths == ("v1/predictions/2024-03-29/20240329T190500Z.json", TONIGHT, TODAY)
    assert len({store.read(path) for path in published.paths}) == 1


def test_a_prediction_has_interval_probability_line_and_price(before_tip: Warehouse, store: ExportStore) -> None:
    publish_predictions(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    curry = player_named(export(store, TONIGHT), "Stephen Curry")
    assert (curry["team"], curry["opponent"], curry["line"]) == ("GSW", "CHA", 24.5)
    headline, _ = curry["systems"]
    assert headline["system_id"] == "ensemble_v1"
    assert headline["low_80"] < headline["points"] < headline["high_80"]
    assert 0 < headline["over_probability"] < 1
    assert (headline["recommendation"], headline["price_american"], headline["book"]) == ("UNDER", 110, "betonlineag")
    assert (headline["superseded"], headline["degraded_reasons"]) == (1, [])


def test_predictions_made_before_the_lines_have_no_line_and_are_degraded(
    before_tip: Warehouse, store: ExportStore
) -> None:
    publish_predictions(before_tip, store, Edition(DAY, FIRST, WALL_CLOCK, degraded=["no lines by 13:30 ET"]))
    exported = export(store, TONIGHT)
    assert (exported["status"], exported["degraded_reasons"]) == ("degraded", ["no lines by 13:30 ET"])
    [headline, _] = player_named(exported, "Stephen Curry")["systems"]
    assert (headline["line"], headline["recommendation"], headline["degraded_reasons"]) == (
        None,
        "NO_LINE",
        ["no line"],
    )


def test_a_later_version_does_not_change_the_earlier_one(before_tip: Warehouse, store: ExportStore) -> None:
    first = publish_predictions(before_tip, store, Edition(DAY, FIRST, WALL_CLOCK))
    as_published = store.read(first.paths[0])
    publish_predictions(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    assert store.read(first.paths[0]) == as_published
    assert export(store, TODAY)["as_of"] == "2024-03-29T19:05:00Z"


def test_publishing_again_changes_nothing(before_tip: Warehouse, store: ExportStore) -> None:
    published = publish_predictions(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    as_published = {path: store.read(path) for path in published.paths}
    again = publish_predictions(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK + timedelta(hours=1)))
    assert again == published
    assert {path: store.read(path) for path in again.paths} == as_published


def test_before_the_first_prediction_today_shows_this_date_without_players(
    warehouse: Warehouse, store: ExportStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    publish_predictions(warehouse, store, Edition(DAY, eastern(DAY, 6), WALL_CLOCK))
    exported = export(store, TODAY)
    assert (exported["game_date"], exported["status"], exported["players"]) == ("2024-03-29", "degraded", [])
    assert exported["degraded_reasons"] == ["predictions are not published yet"]
    assert len(exported["missing_games"]) == len(exported["games"]) == 12


def test_a_date_without_games_has_an_empty_export(warehouse: Warehouse, store: ExportStore) -> None:
    publish_predictions(warehouse, store, Edition(DAY, FIRST, WALL_CLOCK))
    publish_results(warehouse, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    for path in (TODAY, "v1/results/latest.json"):
        exported = export(store, path)
        assert (exported["status"], exported["games"], exported["players"]) == ("empty", [], [])


def test_a_game_without_predictions_is_listed_as_missing(
    warehouse: Warehouse, store: ExportStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    evening.predict_at(warehouse, sample, WITH_LINES, without_game="0022301062")
    publish_predictions(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    assert (export(store, TODAY)["status"], export(store, TODAY)["missing_games"]) == ("degraded", ["0022301062"])


def test_predictions_older_than_half_a_day_before_tip_off_are_stale(
    warehouse: Warehouse, store: ExportStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    evening.predict_at(warehouse, sample, eastern(DAY, 8), lined=False)
    for hour, status in ((19, "complete"), (21, "stale"), (23, "complete")):
        publish_predictions(warehouse, store, Edition(DAY, eastern(DAY, hour), WALL_CLOCK))
        assert export(store, TODAY)["status"] == status


def test_a_re_run_of_an_older_date_does_not_change_today(
    before_tip: Warehouse, warehouse: Warehouse, store: ExportStore
) -> None:
    publish_predictions(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    older = publish_predictions(warehouse, store, Edition(DAY - timedelta(days=1), FIRST, WALL_CLOCK))
    assert TODAY not in older.paths
    assert export(store, TODAY)["game_date"] == "2024-03-29"
    assert export(store, "v1/predictions/2024-03-28.json")["status"] == "empty"


@pytest.mark.parametrize(("days", "moves"), [(-1, False), (0, True), (1, False)])
def test_today_is_written_only_on_the_date_itself(
    before_tip: Warehouse, store: ExportStore, days: int, moves: bool
) -> None:
    published = publish_predictions(before_tip, store, Edition(DAY, WITH_LINES + timedelta(days=days), WALL_CLOCK))
    assert (TODAY in published.paths, store.read(TODAY) is not None) == (moves, moves)


def test_publishing_the_same_as_of_time_after_the_games_gives_the_same_bytes(
    warehouse: Warehouse, store: ExportStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    warehouse.replace("raw_scoreboard", rows_of("raw_scoreboard", []), {"game_date": DAY})
    evening.load_predictions(warehouse, sample)
    first = publish_predictions(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    evening.load_reports(warehouse, sample)
    evening.load_results(warehouse, sample)
    grade_date(warehouse, DAY, NEXT_MORNING)
    assert publish_predictions(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK)) == first


@pytest.mark.parametrize("season_type", ["preseason", "all_star"])
def test_a_date_whose_games_are_not_predicted_is_empty(
    warehouse: Warehouse, store: ExportStore, season_type: str
) -> None:
    game = {"game_id": "0012300001", "season_type": season_type, "status": "scheduled"}
    warehouse.replace("raw_schedule", rows_of("raw_schedule", [game], game_date=DAY), {"game_date": DAY})
    publish_predictions(warehouse, store, Edition(DAY, FIRST, WALL_CLOCK))
    exported = export(store, TODAY)
    assert (exported["status"], exported["degraded_reasons"], exported["games"]) == ("empty", [], [])


def test_picks_of_a_one_sided_slate_are_exported_as_pass_until_they_are_released(
    before_tip: Warehouse, warehouse: Warehouse, store: ExportStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    lined = before_tip.query("SELECT * FROM predictions WHERE line IS NOT NULL")
    warehouse.append("predictions", lined.with_columns(recommendation=pl.lit("UNDER"), lean=pl.lit("UNDER")))
    withhold_one_sided(warehouse, DAY, "ensemble_v1", WITH_LINES)
    publish_predictions(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    reason = "withheld: 135 of 135 picks of the slate are UNDER"
    [withheld] = export(store, TODAY)["withheld"]
    assert withheld == {"system_id": "ensemble_v1", "view": "market", "reason": reason, "picks": 135}
    exported = {(each["system_id"], each["recommendation"], each["pass_reason"]) for each in predictions_in(store)}
    assert exported == {("ensemble_v1", "PASS", reason), ("moving_average", "UNDER", None)}

    later = WITH_LINES + timedelta(minutes=1)
    release_picks(warehouse, DAY, [("ensemble_v1", "market")], later, "Ann", "checked")
    publish_predictions(warehouse, store, Edition(DAY, later, WALL_CLOCK))
    assert export(store, TODAY)["withheld"] == []
    assert {(each["recommendation"], each["pass_reason"]) for each in predictions_in(store)} == {("UNDER", None)}


def predictions_in(store: ExportStore) -> list[dict[str, Any]]:
    return [each for player in export(store, TODAY)["players"] for each in player["systems"]]


def test_hostile_names_are_escaped(warehouse: Warehouse, store: ExportStore, sample: Path) -> None:
    evening.load_slate(warehouse, sample)
    name = '</script><script>alert("x")</script>\u2028"},'
    evening.predict_at(warehouse, sample, WITH_LINES, rename={"Stephen Curry": name})
    publish_predictions(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    content = (store.read(TODAY) or b"").decode()
    assert "<" not in content
    assert "\u2028" not in content
    assert player_named(decode(content.encode()), name)["team"] == "GSW"


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────


def test_results_have_one_outcome_per_prediction(morning_after: Warehouse, store: ExportStore) -> None:
    published = publish_results(morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    exported = export(store, "v1/results/latest.json")
    assert (exported["status"], exported["pending_games"]) == ("complete", [])
    assert sum(exported["outcomes"].values()) == exported["predictions"] == published.rows == 442
    for system in exported["systems"]:
        assert sum(system["outcomes"].values()) == system["predictions"] == 221


def test_results_of_an_earlier_date_do_not_change_latest(morning_after: Warehouse, store: ExportStore) -> None:
    publish_results(morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    latest = store.read("v1/results/latest.json")
    published = publish_results(morning_after, store, Edition(DAY - timedelta(days=1), NEXT_MORNING, WALL_CLOCK))
    assert "v1/results/latest.json" not in published.paths
    assert store.read("v1/results/latest.json") == latest


def test_results_have_final_scores_and_actual_points(morning_after: Warehouse, store: ExportStore) -> None:
    publish_results(morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    exported = export(store, "v1/results/2024-03-29.json")
    final = exported["games"][0]
    assert (final["away"], final["away_points"], final["home"], final["home_points"]) == ("GSW", 115, "CHA", 97)
    [headline, _] = player_named(exported, "Stephen Curry")["systems"]
    assert (headline["actual_points"], headline["grade"]) == (23, "win")
    kuminga = player_named(exported, "Jonathan Kuminga")
    assert kuminga["injury_status"] == "Out"
    assert {each["void_reason"] for each in kuminga["systems"]} == {"late scratch: Injury/Illness"}


def test_a_player_is_one_object_although_tip_off_moved_between_predictions(
    warehouse: Warehouse, store: ExportStore, sample: Path
) -> None:
    evening.load_predictions(warehouse, sample)
    evening.load_results(warehouse, sample)
    half_an_hour = pl.col("tip_off") + pl.duration(minutes=30)
    again = warehouse.query("SELECT * FROM predictions WHERE system_id = 'moving_average' AND line IS NOT NULL")
    moved = again.with_columns(
        half_an_hour, as_of=pl.lit(eastern(DAY, 17)), prediction_id="a" + pl.col("prediction_id")
    )
    warehouse.append("predictions", moved)
    schedule = warehouse.query("SELECT * FROM raw_schedule").with_columns(half_an_hour)
    warehouse.replace("raw_schedule", schedule, {"game_date": DAY})
    grade_date(warehouse, DAY, NEXT_MORNING)
    publish_results(warehouse, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    curry = player_named(export(store, "v1/results/latest.json"), "Stephen Curry")
    assert [each["system_id"] for each in curry["systems"]] == ["ensemble_v1", "moving_average"]
    assert curry["tip_off"] == "2024-03-29T23:30:00Z"


def test_a_date_with_few_grades_raises_an_alert(before_tip: Warehouse, store: ExportStore) -> None:
    publish_results(before_tip, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    [alert] = read_book(store).of_date(DAY)
    assert (alert.key, alert.command) == ("grading-coverage", f"starter.py status --date {DAY}")
    assert alert.text.startswith("0 of 442 predictions graded; retry the step of the box scores")
    assert export(store, "v1/results/latest.json")["findings"] == [alert.text]


def test_a_low_hit_rate_raises_an_alert(morning_after: Warehouse, store: ExportStore) -> None:
    """Wins of one system are changed to losses."""
    lost = (pl.col("system_id") == "ensemble_v1") & (pl.col("grade") == "win")
    graded = morning_after.query("SELECT * FROM prediction_accuracy")
    turned = graded.with_columns(grade=pl.when(lost).then(pl.lit("loss")).otherwise("grade"))
    morning_after.replace("prediction_accuracy", turned, {"game_date": DAY})
    publish_results(morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    [alert] = [each for each in read_book(store).of_date(DAY) if each.key == "hit-rate:ensemble_v1:market"]
    assert alert.text.startswith("ensemble_v1 (market): hit rate 0% on ")
    assert alert.command == "starter.py sources"
    assert "hit-rate:moving_average:model" not in {each.key for each in read_book(store).of_date(DAY)}


def test_ungraded_games_are_listed_as_pending(before_tip: Warehouse, store: ExportStore) -> None:
    publish_results(before_tip, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    exported = export(store, "v1/results/latest.json")
    assert exported["status"] == "degraded"
    assert len(exported["pending_games"]) == 12
    assert (exported["players"], exported["systems"]) == ([], [])
    assert {game["away_points"] for game in exported["games"]} == {None}


def test_a_game_with_one_ungraded_player_is_listed_as_pending(morning_after: Warehouse, store: ExportStore) -> None:
    graded = morning_after.query("SELECT * FROM prediction_accuracy ORDER BY prediction_id")
    morning_after.replace("prediction_accuracy", graded[1:], {"game_date": DAY})
    publish_results(morning_after, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    exported = export(store, "v1/results/latest.json")
    assert (exported["status"], exported["pending_games"]) == ("degraded", [graded["game_id"][0]])


def test_the_fixture_has_the_real_results(morning_after: Warehouse) -> None:
    box = morning_after.query("SELECT SUM(points) AS points FROM raw_player_boxscores WHERE minutes > 0")
    finals = morning_after.query("SELECT SUM(home_points + away_points) AS points FROM raw_scoreboard")
    assert isinstance(box, pl.DataFrame)
    assert box.item() == finals.item()
