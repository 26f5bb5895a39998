"""The export of the best bets of an evening."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support import evening
from tests.support.evening import DAY, FIRST, WITH_LINES
from tests.support.rows import rows_of
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.envelope import Edition, decode
from tipoff.publishing.store import ExportStore
from tipoff.warehouse.base import Warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def exported(store: ExportStore, name: str = "2024-03-29") -> dict[str, Any]:
    content = store.read(f"v1/best-bets/{name}.json")
    assert content is not None
    return decode(content)


def test_best_bets_are_active_picks_of_the_headline_with_a_rationale(before_tip: Warehouse, store: ExportStore) -> None:
    published = publish_best_bets(before_tip, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    best = exported(store)
    assert best == exported(store, "latest")
    assert (best["status"], best["system_id"], best["view"]) == ("complete", "ensemble_v1", "market")
    bets = best["bets"]
    assert [bet["rank"] for bet in bets] == list(range(1, len(bets) + 1))
    assert 10 < len(bets) == published.rows <= 15
    assert all(bet["expected_value"] > 0 for bet in bets)
    assert all(bet["rationale"].startswith(f"{bet['recommendation']} {bet['line']:g}") for bet in bets)


def test_without_lines_there_are_no_bets(before_tip: Warehouse, store: ExportStore) -> None:
    publish_best_bets(before_tip, store, Edition(DAY, FIRST, WALL_CLOCK, degraded=["no lines by 13:30 ET"]))
    assert (exported(store)["status"], exported(store)["bets"]) == ("degraded", [])


def test_before_the_first_prediction_every_game_is_missing(
    warehouse: Warehouse, store: ExportStore, sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    publish_best_bets(warehouse, store, Edition(DAY, FIRST, WALL_CLOCK))
    best = exported(store)
    assert (best["status"], best["bets"], len(best["missing_games"])) == ("degraded", [], 12)


def test_a_player_ruled_out_since_is_no_bet(warehouse: Warehouse, store: ExportStore, sample: Path) -> None:
    evening.load_slate(warehouse, sample)
    evening.load_predictions(warehouse, sample)
    publish_best_bets(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    first = exported(store)["bets"][0]
    report = {name: first[name] for name in ("player_id", "team", "game_id")} | {"status": "Out"}
    warehouse.append("raw_injuries", rows_of("raw_injuries", [report], game_date=DAY, as_of=WITH_LINES))
    publish_best_bets(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    assert first["player_id"] not in {bet["player_id"] for bet in exported(store)["bets"]}


def test_a_date_without_games_has_an_empty_list(warehouse: Warehouse, store: ExportStore) -> None:
    publish_best_bets(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    assert (exported(store)["status"], exported(store)["bets"]) == ("empty", [])
