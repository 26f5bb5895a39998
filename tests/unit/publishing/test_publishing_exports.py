from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support import evening
from tests.support.evening import DAY, FIRST, NEXT_MORNING, WITH_LINES
from tests.support.rows import rows_of
from tipoff.grading.accuracy import grade_date
from tipoff.publishing.alerts import alerts_of
from tipoff.publishing.envelope import Envelope, ExportStatus, decode, put, put_pointer, put_version
from tipoff.publishing.exports import publish_predictions, publish_results
from tipoff.publishing.store import FolderStore
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
TONIGHT = "v1/predictions/2024-03-29.json"
TODAY = "v1/predictions/today.json"


def export(store: FolderStore, path: str) -> dict[str, Any]:
    content = store.read(path)
    assert content is not None, f"{path} was not written"
    return decode(content)


def a_player(exported: dict[str, Any], name: str) -> dict[str, Any]:
    [player] = [each for each in exported["players"] if each["player_name"] == name]
    found: dict[str, Any] = player
    return found


# ── predictions ──────────────────────────────────────────────────────────────────────────────────────────


def test_tonights_predictions_stand_under_the_date_a_version_and_today(
    before_tip: Warehouse, store: FolderStore
) -> None:
    published = publish_predictions(before_tip, store, DAY, WITH_LINES, WALL_CLOCK)
    assert published.paths == ("v1/predictions/2024-03-29/20240329T190500Z.json", TONIGHT, TODAY)
    assert published.version == published.paths[0]
    assert len({store.read(path) for path in published.paths}) == 1


def test_a_prediction_says_what_a_reader_needs_to_judge_it(before_tip: Warehouse, store: FolderStore) -> None:
    publish_predictions(before_tip, store, DAY, WITH_LINES, WALL_CLOCK)
    curry = a_player(export(store, TONIGHT), "Stephen Curry")
    assert (curry["team"], curry["opponent"], curry["line"]) == ("GSW", "CHA", 24.5)
    catboost, _ = curry["systems"]
    assert catboost["system_id"] == "catboost_v8"
    assert catboost["low_80"] < catboost["points"] < catboost["high_80"]
    assert 0 < catboost["over_probability"] < 1
    assert (catboost["recommendation"], catboost["price_american"], catboost["book"]) == ("UNDER", 110, "betonlineag")
    assert (catboost["superseded"], catboost["degraded_reasons"]) == (1, [])


def test_before_the_lines_came_players_stand_without_one_and_say_so(before_tip: Warehouse, store: FolderStore) -> None:
    publish_predictions(before_tip, store, DAY, FIRST, WALL_CLOCK, degraded=["no lines by 13:30 ET"])
    exported = export(store, TONIGHT)
    assert (exported["status"], exported["degraded_reasons"]) == ("degraded", ["no lines by 13:30 ET"])
    [catboost, _] = a_player(exported, "Stephen Curry")["systems"]
    assert (catboost["line"], catboost["recommendation"], catboost["degraded_reasons"]) == (
        None,
        "NO_LINE",
        ["no line"],
    )


def test_a_later_version_supersedes_and_leaves_the_earlier_one_as_it_was(
    before_tip: Warehouse, store: FolderStore
) -> None:
    first = publish_predictions(before_tip, store, DAY, FIRST, WALL_CLOCK)
    as_published = store.read(first.paths[0])
    publish_predictions(before_tip, store, DAY, WITH_LINES, WALL_CLOCK)
    assert store.read(first.paths[0]) == as_published
    assert export(store, TODAY)["as_of"] == "2024-03-29T19:05:00Z"


def test_publishing_again_changes_nothing_but_the_hour_of_the_clock(before_tip: Warehouse, store: FolderStore) -> None:
    published = publish_predictions(before_tip, store, DAY, WITH_LINES, WALL_CLOCK)
    as_published = {path: store.read(path) for path in published.paths}
    again = publish_predictions(before_tip, store, DAY, WITH_LINES, WALL_CLOCK + timedelta(hours=1))
    assert again == published
    assert {path: store.read(path) for path in again.paths} == as_published


def test_before_any_prediction_is_out_today_is_this_date_and_empty(
    warehouse: Warehouse, store: FolderStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    publish_predictions(warehouse, store, DAY, eastern(DAY, 6), WALL_CLOCK)
    exported = export(store, TODAY)
    assert (exported["game_date"], exported["status"], exported["players"]) == ("2024-03-29", "degraded", [])
    assert exported["degraded_reasons"] == ["predictions are not out yet"]
    assert len(exported["missing_games"]) == len(exported["games"]) == 12


def test_a_date_without_games_is_empty_and_not_absent(warehouse: Warehouse, store: FolderStore) -> None:
    publish_predictions(warehouse, store, DAY, FIRST, WALL_CLOCK)
    publish_results(warehouse, store, DAY, NEXT_MORNING, WALL_CLOCK)
    for path in (TODAY, "v1/results/latest.json"):
        exported = export(store, path)
        assert (exported["status"], exported["games"], exported["players"]) == ("empty", [], [])


def test_a_game_whose_predictions_never_came_is_named(warehouse: Warehouse, store: FolderStore, sample: Path) -> None:
    evening.load_slate(warehouse, sample)
    evening.predict_at(warehouse, sample, WITH_LINES, without_game="0022301062")
    publish_predictions(warehouse, store, DAY, WITH_LINES, WALL_CLOCK)
    assert (export(store, TODAY)["status"], export(store, TODAY)["missing_games"]) == ("degraded", ["0022301062"])


def test_predictions_left_standing_for_half_a_day_before_a_tip_are_stale(
    warehouse: Warehouse, store: FolderStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    evening.predict_at(warehouse, sample, eastern(DAY, 8), lined=False)
    for hour, status in ((19, "complete"), (21, "stale"), (23, "complete")):
        publish_predictions(warehouse, store, DAY, eastern(DAY, hour), WALL_CLOCK)
        assert export(store, TODAY)["status"] == status


def test_a_re_run_of_an_older_date_never_moves_today_back(
    before_tip: Warehouse, warehouse: Warehouse, store: FolderStore
) -> None:
    publish_predictions(before_tip, store, DAY, WITH_LINES, WALL_CLOCK)
    older = publish_predictions(warehouse, store, DAY - timedelta(days=1), FIRST, WALL_CLOCK)
    assert TODAY not in older.paths
    assert export(store, TODAY)["game_date"] == "2024-03-29"
    assert export(store, "v1/predictions/2024-03-28.json")["status"] == "empty"


@pytest.mark.parametrize(("days", "moves"), [(-1, False), (0, True), (1, False)])
def test_today_is_only_ever_the_date_it_is(before_tip: Warehouse, store: FolderStore, days: int, moves: bool) -> None:
    published = publish_predictions(before_tip, store, DAY, WITH_LINES + timedelta(days=days), WALL_CLOCK)
    assert (TODAY in published.paths, store.read(TODAY) is not None) == (moves, moves)


def test_publishing_a_moment_again_once_the_games_are_over_gives_the_same_bytes(
    warehouse: Warehouse, store: FolderStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    warehouse.replace("raw_scoreboard", rows_of("raw_scoreboard", []), {"game_date": DAY})
    evening.load_predictions(warehouse, sample)
    first = publish_predictions(warehouse, store, DAY, WITH_LINES, WALL_CLOCK)
    evening.load_reports(warehouse, sample)
    evening.load_results(warehouse, sample)
    grade_date(warehouse, DAY, NEXT_MORNING)
    assert publish_predictions(warehouse, store, DAY, WITH_LINES, WALL_CLOCK) == first


@pytest.mark.parametrize("season_type", ["preseason", "all_star"])
def test_a_date_whose_games_are_not_predicted_is_empty(
    warehouse: Warehouse, store: FolderStore, season_type: str
) -> None:
    game = {"game_id": "0012300001", "season_type": season_type, "status": "scheduled"}
    warehouse.replace("raw_schedule", rows_of("raw_schedule", [game], game_date=DAY), {"game_date": DAY})
    publish_predictions(warehouse, store, DAY, FIRST, WALL_CLOCK)
    exported = export(store, TODAY)
    assert (exported["status"], exported["degraded_reasons"], exported["games"]) == ("empty", [], [])


def test_picks_nearly_all_of_one_side_raise_an_alert_a_system(
    before_tip: Warehouse, warehouse: Warehouse, store: FolderStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    lined = before_tip.query("SELECT * FROM predictions WHERE line IS NOT NULL")
    warehouse.append("predictions", lined.with_columns(recommendation=pl.lit("UNDER"), lean=pl.lit("UNDER")))
    for _ in range(2):
        publish_predictions(warehouse, store, DAY, WITH_LINES, WALL_CLOCK)
    alerts = alerts_of(store, DAY)
    assert [each.key for each in alerts] == ["balance:catboost_v8", "balance:moving_average"]
    assert alerts[0].text == "catboost_v8: 0% of 135 picks are OVER; look for a biased line"


def test_hostile_names_cannot_leave_their_string(warehouse: Warehouse, store: FolderStore, sample: Path) -> None:
    evening.load_slate(warehouse, sample)
    name = '</script><script>alert("x")</script>\u2028"},'
    evening.predict_at(warehouse, sample, WITH_LINES, rename={"Stephen Curry": name})
    publish_predictions(warehouse, store, DAY, WITH_LINES, WALL_CLOCK)
    content = (store.read(TODAY) or b"").decode()
    assert "<" not in content
    assert "\u2028" not in content
    assert a_player(decode(content.encode()), name)["team"] == "GSW"


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────


def test_results_give_every_prediction_one_outcome(morning_after: Warehouse, store: FolderStore) -> None:
    published = publish_results(morning_after, store, DAY, NEXT_MORNING, WALL_CLOCK)
    exported = export(store, "v1/results/latest.json")
    assert (exported["status"], exported["pending_games"]) == ("complete", [])
    assert sum(exported["outcomes"].values()) == exported["predictions"] == published.rows == 442
    for system in exported["systems"]:
        assert sum(system["outcomes"].values()) == system["predictions"] == 221


def test_results_of_an_earlier_date_do_not_become_the_latest(morning_after: Warehouse, store: FolderStore) -> None:
    publish_results(morning_after, store, DAY, NEXT_MORNING, WALL_CLOCK)
    standing = store.read("v1/results/latest.json")
    published = publish_results(morning_after, store, DAY - timedelta(days=1), NEXT_MORNING, WALL_CLOCK)
    assert "v1/results/latest.json" not in published.paths
    assert store.read("v1/results/latest.json") == standing


def test_results_carry_finals_and_what_each_player_did(morning_after: Warehouse, store: FolderStore) -> None:
    publish_results(morning_after, store, DAY, NEXT_MORNING, WALL_CLOCK)
    exported = export(store, "v1/results/2024-03-29.json")
    final = exported["games"][0]
    assert (final["away"], final["away_points"], final["home"], final["home_points"]) == ("GSW", 115, "CHA", 97)
    [catboost, _] = a_player(exported, "Stephen Curry")["systems"]
    assert (catboost["actual_points"], catboost["grade"]) == (23, "win")
    kuminga = a_player(exported, "Jonathan Kuminga")
    assert kuminga["injury_status"] == "Out"
    assert {each["void_reason"] for each in kuminga["systems"]} == {"late scratch: Injury/Illness"}


def test_a_player_is_one_record_though_his_tip_was_moved_between_two_predictions(
    warehouse: Warehouse, store: FolderStore, sample: Path
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
    publish_results(warehouse, store, DAY, NEXT_MORNING, WALL_CLOCK)
    curry = a_player(export(store, "v1/results/latest.json"), "Stephen Curry")
    assert [each["system_id"] for each in curry["systems"]] == ["catboost_v8", "moving_average"]
    assert curry["tip_off"] == "2024-03-29T23:30:00Z"


def test_a_date_that_was_hardly_graded_raises_an_alert(before_tip: Warehouse, store: FolderStore) -> None:
    publish_results(before_tip, store, DAY, NEXT_MORNING, WALL_CLOCK)
    [alert] = alerts_of(store, DAY)
    assert (alert.key, alert.text[:37]) == ("grading-coverage", "0 of 442 predictions are graded; look")
    assert export(store, "v1/results/latest.json")["findings"] == [alert.text]


def test_picks_that_hardly_ever_win_raise_an_alert(morning_after: Warehouse, store: FolderStore) -> None:
    """Turned round for one system: what its picks won is lost."""
    lost = (pl.col("system_id") == "catboost_v8") & (pl.col("grade") == "win")
    graded = morning_after.query("SELECT * FROM prediction_accuracy")
    turned = graded.with_columns(grade=pl.when(lost).then(pl.lit("loss")).otherwise("grade"))
    morning_after.replace("prediction_accuracy", turned, {"game_date": DAY})
    publish_results(morning_after, store, DAY, NEXT_MORNING, WALL_CLOCK)
    [text] = [each.text for each in alerts_of(store, DAY) if each.key == "hit-rate:catboost_v8"]
    assert text.startswith("catboost_v8: hit rate 0% on ")
    assert "hit-rate:moving_average" not in {each.key for each in alerts_of(store, DAY)}


def test_games_still_to_be_graded_are_named(before_tip: Warehouse, store: FolderStore) -> None:
    publish_results(before_tip, store, DAY, NEXT_MORNING, WALL_CLOCK)
    exported = export(store, "v1/results/latest.json")
    assert exported["status"] == "degraded"
    assert len(exported["pending_games"]) == 12
    assert (exported["players"], exported["systems"]) == ([], [])
    assert {game["away_points"] for game in exported["games"]} == {None}


def test_a_game_with_one_player_still_to_be_graded_is_named(morning_after: Warehouse, store: FolderStore) -> None:
    graded = morning_after.query("SELECT * FROM prediction_accuracy ORDER BY prediction_id")
    morning_after.replace("prediction_accuracy", graded[1:], {"game_date": DAY})
    publish_results(morning_after, store, DAY, NEXT_MORNING, WALL_CLOCK)
    exported = export(store, "v1/results/latest.json")
    assert (exported["status"], exported["pending_games"]) == ("degraded", [graded["game_id"][0]])


# ── envelope ─────────────────────────────────────────────────────────────────────────────────────────────


def envelope(game_date: date = DAY, status: ExportStatus = ExportStatus.COMPLETE) -> Envelope:
    return Envelope(game_date=game_date, generated_at=WALL_CLOCK, as_of=WITH_LINES, status=status)


def test_every_export_has_the_same_head(store: FolderStore) -> None:
    put(store, "v1/x.json", envelope(), {"players": []})
    assert export(store, "v1/x.json") == {
        "schema_version": 1,
        "game_date": "2024-03-29",
        "generated_at": "2026-01-01T12:00:00Z",
        "as_of": "2024-03-29T19:05:00Z",
        "status": "complete",
        "degraded_reasons": [],
        "missing_games": [],
        "players": [],
    }


def test_a_version_that_would_differ_gets_a_number_of_its_own(store: FolderStore) -> None:
    paths = [put_version(store, "v1/p/moment", envelope(), {"players": who}) for who in (["a"], ["b"], ["a"], ["b"])]
    assert paths == ["v1/p/moment.json", "v1/p/moment-2.json", "v1/p/moment.json", "v1/p/moment-2.json"]


def test_a_damaged_file_does_not_stop_publishing(store: FolderStore) -> None:
    for path in ("v1/x.json", "v1/today.json", "v1/version.json"):
        store.write_if_changed(path, b'{"game_date": "2024-')
    put(store, "v1/x.json", envelope(), {})
    assert put_pointer(store, "v1/today.json", envelope(), {})
    assert put_version(store, "v1/version", envelope(), {}) == "v1/version.json"
    assert all(export(store, path)["status"] == "complete" for path in ("v1/x.json", "v1/today.json"))


def test_a_figure_that_is_not_a_number_is_refused_rather_than_written(store: FolderStore) -> None:
    with pytest.raises(ValueError, match="JSON"):
        put(store, "v1/x.json", envelope(), {"points": float("nan")})
    assert store.read("v1/x.json") is None


def test_the_evening_is_the_real_one(morning_after: Warehouse) -> None:
    box = morning_after.query("SELECT SUM(points) AS points FROM raw_player_boxscores WHERE minutes > 0")
    finals = morning_after.query("SELECT SUM(home_points + away_points) AS points FROM raw_scoreboard")
    assert isinstance(box, pl.DataFrame)
    assert box.item() == finals.item()
