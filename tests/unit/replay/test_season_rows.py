"""The raw rows of a sample that are loaded at once equal what a replayed day would show."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tipoff.plan import INPUTS_DUE, SlateTimes
from tipoff.replay.archive import Archive
from tipoff.replay.archive.rosters import LATE_SCRATCH_NOTICE, injury_report, roster
from tipoff.replay.season_rows import (
    load_game_lines,
    load_past_inputs,
    load_player_lines,
    load_reports,
    load_results,
    load_rosters,
)
from tipoff.vocabulary import ARCHIVED
from tipoff.warehouse.base import DateRange
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

DAY = date(2024, 3, 29)
ONLY_DAY = DateRange(first=DAY, last=DAY)


@pytest.fixture(scope="module")
def archive(sample: Path) -> Archive:
    return Archive(sample)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, archive: Archive) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("rows") / "rows.duckdb")
    warehouse.migrate()
    load_results(warehouse, archive, archive.seasons)
    for load in (load_game_lines, load_reports, load_rosters, load_player_lines):
        load(warehouse, archive, ONLY_DAY)
    yield warehouse
    warehouse.close()


def test_every_result_is_loaded_with_the_origin_of_an_archive(warehouse: DuckDbWarehouse, archive: Archive) -> None:
    rows = warehouse.query("SELECT source, SUM(points) AS points FROM raw_player_boxscores GROUP BY source").rows()
    assert rows == [(f"{ARCHIVED}nbac_player_boxscores", archive.player_box["points"].cast(pl.Int64).sum())]


def reported_out(warehouse: DuckDbWarehouse, as_of: datetime) -> set[tuple[str, str]]:
    rows = warehouse.query(
        "SELECT game_id, player_id FROM raw_injuries WHERE status = 'Out' AND as_of <= @as_of", {"as_of": as_of}
    )
    return set(rows.iter_rows())


def test_a_late_scratch_is_in_no_report_until_an_hour_before_tip_off(
    warehouse: DuckDbWarehouse, archive: Archive
) -> None:
    tips = sorted(archive.slate(DAY)["tip_off"])
    early, late = INPUTS_DUE.resolve(SlateTimes(DAY, tuple(tips))), tips[0] - LATE_SCRATCH_NOTICE
    for as_of in (early, late - timedelta(seconds=1), late, tips[-1] - timedelta(minutes=1)):
        upcoming = set(archive.slate(DAY).filter(pl.col("tip_off") > as_of)["game_id"])
        shown = injury_report(archive, DAY, as_of).drop_nulls("player_id")
        loaded = {row for row in reported_out(warehouse, as_of) if row[0] in upcoming}
        assert loaded == set(shown.select("game_id", "player_id").iter_rows())
    assert len(reported_out(warehouse, late)) > len(reported_out(warehouse, late - timedelta(seconds=1)))
    assert not reported_out(warehouse, early - timedelta(seconds=1))


def test_both_teams_of_a_reported_game_have_submitted(warehouse: DuckDbWarehouse) -> None:
    rows = warehouse.query("SELECT DISTINCT game_id, team FROM raw_injuries WHERE status = 'Submitted'")
    assert rows.height == 24


def test_rosters_hold_all_listed_players(warehouse: DuckDbWarehouse, archive: Archive) -> None:
    loaded = warehouse.query("SELECT team, player_id FROM raw_rosters WHERE game_date = @day", {"day": DAY})
    teams = [team for side in ("home", "away") for team in archive.slate(DAY)[side]]
    listed = pl.concat([roster(archive, DAY, team) for team in teams]).select("team", "player_id")
    assert set(loaded.iter_rows()) == set(listed.iter_rows())


def test_lines_are_those_before_tip_off_with_the_ids_of_their_players(
    warehouse: DuckDbWarehouse, archive: Archive
) -> None:
    lines = warehouse.query(
        "SELECT player_name, player_id, props.as_of < games.tip_off AS is_early"
        " FROM raw_player_props AS props JOIN raw_schedule AS games USING (game_id)"
    )
    ids = dict(lines.select("player_name", "player_id").iter_rows())
    assert lines["is_early"].all()
    assert None not in ids.values()
    assert ids["Nicolas Claxton"] == "1629651", "an alias of Nic Claxton"
    assert warehouse.query("SELECT COUNT(*) AS n FROM raw_game_lines").item() == archive.game_lines.height


def test_past_inputs_end_before_the_date(archive: Archive, tmp_path: Path) -> None:
    """A replay has them before its day begins, so what they know of the day would be known too early."""
    warehouse = DuckDbWarehouse(tmp_path / "past.duckdb")
    warehouse.migrate()
    for before in (DAY, DAY + timedelta(days=1)):
        load_past_inputs(warehouse, archive, ["2022-23", *archive.seasons], before)
        tables = ("raw_injuries", "raw_game_lines", "raw_gamebook_players")
        last = {
            name: warehouse.query(f"SELECT MAX(game_date) AS last FROM {name}").item()  # noqa: S608
            for name in tables
        }
        assert last == {
            "raw_injuries": before - timedelta(days=2 if before == DAY else 1),
            "raw_game_lines": None if before == DAY else DAY,
            "raw_gamebook_players": before - timedelta(days=1),
        }
    warehouse.close()


def test_tip_offs_of_earlier_seasons_are_past_inputs(archive: Archive, tmp_path: Path) -> None:
    """A report counts until a time before the tip-off; providers show the schedule of the current season only."""
    warehouse = DuckDbWarehouse(tmp_path / "past.duckdb")
    warehouse.migrate()
    schedule = "SELECT COUNT(*) AS n FROM raw_schedule"
    load_past_inputs(warehouse, archive, archive.seasons, DAY)
    assert warehouse.query(schedule).item() == 0
    load_past_inputs(warehouse, archive, archive.seasons, date(2024, 10, 22))
    assert warehouse.query(schedule).item() == archive.games.height
    warehouse.close()
