"""An archive's seasons in a warehouse: all facts once, none dated before or long after it was known, resumable."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import copy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from cli import commands
from cli.exit_codes import CommandError, ExitCode
from tests.support.rows import rows_of
from tests.support.starter import PROJECT, Starter
from tests.support.warehouses import contents
from tipoff.errors import TipoffError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.writer import write_archive
from tipoff.replay.warehouse_import import IMPORTED, POST_GAME, ArchiveImport, SeasonImport, poll_times
from tipoff.training.fit import train_systems
from tipoff.training.history import training_history
from tipoff.vocabulary import ARCHIVED, eastern
from tipoff.warehouse.base import ALL_DATES
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.tables import TABLES as WAREHOUSE_TABLES

SEASON, FRIDAY = "2023-24", date(2024, 3, 29)
DAYS = [date(2024, 3, day) for day in (27, 28, 29)]


def write_part(
    folder: Path, sample: Path, days: list[date], changed_box: Callable[[pl.DataFrame], pl.DataFrame] = copy
) -> Path:
    """Write the facts of some dates of the sample as an archive."""
    archive = Archive(sample)
    frames = {name: getattr(archive, name) for name in TABLES}
    ids = frames["games"].filter(pl.col("game_date").is_in(days))["game_id"]
    kept = {
        name: frame.filter(pl.col("game_id").is_in(ids.implode())) if "game_id" in frame.columns else frame
        for name, frame in frames.items()
    }
    kept["player_box"] = changed_box(kept["player_box"])
    write_archive(folder, kept, source="sample", missing=("other dates",))
    return folder


def import_into(warehouse: DuckDbWarehouse, archive: Path) -> SeasonImport:
    return asyncio.run(ArchiveImport(Archive(archive), warehouse, lambda _: None).import_season(SEASON))


def rows(warehouse: DuckDbWarehouse, table: str) -> pl.DataFrame:
    return warehouse.query(*rows_of_slice(WAREHOUSE_TABLES[table], {"game_date": ALL_DATES}))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    return write_part(tmp_path_factory.mktemp("archive"), sample, DAYS)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbWarehouse]:
    opened = DuckDbWarehouse(tmp_path_factory.mktemp("warehouse") / "imported.duckdb")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def imported(warehouse: DuckDbWarehouse, archive: Path) -> SeasonImport:
    return import_into(warehouse, archive)


def test_every_fact_of_the_archive_is_imported_once(
    imported: SeasonImport, warehouse: DuckDbWarehouse, archive: Path
) -> None:
    facts = Archive(archive)
    assert (imported.dates, imported.new_dates) == (3, 3)
    assert imported.rows == {
        "raw_schedule": facts.games.height,
        "raw_player_boxscores": facts.player_box.height,
        "raw_team_boxscores": facts.team_box.height,
        "raw_shots": facts.shots_by_zone["attempts"].sum(),
        "raw_game_lines": facts.game_lines.height,
        "raw_player_props": rows(warehouse, "raw_player_props").height,
        "raw_injuries": rows(warehouse, "raw_injuries").height,
    }
    box = ["game_id", "player_id", "team", "points", "fga", "plus_minus"]
    stored = rows(warehouse, "raw_player_boxscores").select(box)
    assert stored.sort(box).rows() == facts.player_box.select(box).sort(box).rows()
    quotes = ["game_id", "book", "player_name", "line"]
    assert set(rows(warehouse, "raw_player_props").select(quotes).rows()) == set(facts.prop_lines.select(quotes).rows())
    assert {*POST_GAME} == {name for name in POST_GAME if not rows(warehouse, name).is_empty()}
    assert set(rows(warehouse, "raw_schedule")["status"]) == {"final"}


def test_every_row_names_the_archive_and_is_dated_when_its_fact_was_known(
    imported: SeasonImport, warehouse: DuckDbWarehouse, archive: Path
) -> None:
    facts = Archive(archive)
    tips = facts.games.select("game_id", "tip_off")
    for table in IMPORTED:
        stored = rows(warehouse, table).join(tips, on="game_id", suffix="_of_archive")
        assert stored["source"].str.starts_with(ARCHIVED).all(), table
        next_morning = stored["game_date"].map_elements(
            lambda day: eastern(day + timedelta(days=1), 5), return_dtype=pl.Datetime("us", "UTC")
        )
        assert (stored["as_of"] <= next_morning).all(), table
        results = table in ("raw_player_boxscores", "raw_team_boxscores", "raw_shots")
        tip_off = stored["tip_off"]
        if table != "raw_schedule":
            assert ((stored["as_of"] >= tip_off + timedelta(hours=2)) == results).all(), table
            assert ((stored["as_of"] < tip_off) != results).all(), table

    lines = rows(warehouse, "raw_game_lines")
    assert set(lines["as_of"]) == set(facts.game_lines["snapshot_at"])
    absences = rows(warehouse, "raw_injuries").join(tips, on="game_id").filter(pl.col("status") == "Out")
    first = absences.group_by("game_id", "player_name").agg(pl.col("as_of").min(), pl.col("tip_off").first())
    early = first.filter(pl.col("as_of") < pl.col("tip_off") - timedelta(minutes=60))
    assert 0 < early.height < first.height, "late scratches are known in the last hour only"


def test_a_second_import_changes_nothing(imported: SeasonImport, warehouse: DuckDbWarehouse, archive: Path) -> None:
    before = contents(warehouse)
    again = import_into(warehouse, archive)
    assert (again.new_dates, again.rows, again.left_out) == (0, imported.rows, {})
    assert contents(warehouse) == before


def test_the_training_history_is_built_from_imported_dates_alone(
    imported: SeasonImport, warehouse: DuckDbWarehouse, archive: Path
) -> None:
    tomorrow = FRIDAY + timedelta(days=1)
    history = training_history(warehouse, [SEASON], tomorrow, eastern(tomorrow, 9))
    assert history.height == Archive(archive).player_box.filter(pl.col("minutes").round() > 0).height
    of_friday = history.filter(pl.col("game_date") == FRIDAY)
    assert of_friday["line"].is_not_null().sum() > 100
    assert of_friday["vacated_minutes"].is_not_null().sum() > 100
    assert of_friday["paint_share_10"].is_not_null().sum() > 100


@pytest.mark.long
def test_a_model_is_trained_on_a_warehouse_that_was_only_imported(tmp_path: Path, sample: Path) -> None:
    """The first three weeks of the sample's season have enough player games."""
    before = date(2023, 11, 14)
    facts = Archive(sample).games.filter(pl.col("game_date") < before)
    archive = write_part(tmp_path / "archive", sample, facts["game_date"].unique().to_list())
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    import_into(warehouse, archive)
    history = training_history(warehouse, [SEASON], before, eastern(before, 9))
    [trained] = train_systems(history, before, eastern(before, 9), ["moving_average"])
    card = trained.card
    assert (card.rows > 3_000, card.trained_through) == (True, before - timedelta(days=1))
    assert 4 < card.walk_forward.mae < 6
    warehouse.close()


def test_rows_of_a_real_day_are_kept_and_counted(tmp_path: Path, sample: Path) -> None:
    thursday = date(2024, 3, 28)
    archive = write_part(tmp_path / "archive", sample, [thursday])
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    real = rows_of("raw_player_boxscores", [{"player_id": "1"}], game_date=thursday, source="nbac_player_history")
    warehouse.replace("raw_player_boxscores", real, {"game_date": thursday})
    listed = rows_of("raw_schedule", [{"season": SEASON}], game_date=date(2024, 3, 27), source="nbac_schedule")
    warehouse.replace("raw_schedule", listed, {"season": SEASON})

    imported = import_into(warehouse, archive)
    assert imported.left_out["raw_player_boxscores: rows of a real day kept"] == 1
    assert rows(warehouse, "raw_player_boxscores")["player_id"].to_list() == ["1"]
    assert rows(warehouse, "raw_team_boxscores").height == 4
    warehouse.close()


def test_a_box_score_that_is_refused_or_missing_is_counted_and_the_next_date_is_imported(
    tmp_path: Path, sample: Path
) -> None:
    days = [date(2024, 3, 26), date(2024, 3, 28)]
    lost = pl.col("game_id") == pl.col("game_id").filter(pl.col("game_date") == days[1]).min()
    impossible = pl.when(pl.col("game_date") == days[0]).then(pl.col("fga") + 1).otherwise(pl.col("fgm"))
    archive = write_part(tmp_path / "archive", sample, days, lambda box: box.with_columns(fgm=impossible).filter(~lost))
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()

    imported = import_into(warehouse, archive)
    assert imported.new_dates == 2
    assert imported.left_out["missing games archive/nbac_player_boxscores"] == 1
    (refused,) = (left_out for left_out in imported.left_out if "nbac_player_boxscores of 2024-03-26" in left_out)
    assert set(rows(warehouse, "raw_player_boxscores")["game_date"]) == {days[1]}
    assert set(rows(warehouse, "raw_schedule")["game_date"]) == set(days)
    again = import_into(warehouse, archive)
    assert (again.new_dates, again.left_out[refused]) == (1, 1), "it is named until it is corrected"
    warehouse.close()


def test_a_result_that_a_check_of_a_computed_table_refuses_costs_its_date_of_that_table(
    tmp_path: Path, sample: Path
) -> None:
    days = [date(2024, 3, 26), date(2024, 3, 28)]
    most = pl.col("minutes") == pl.col("minutes").max().over("game_date")
    too_short = pl.when(most & (pl.col("game_date") == days[0])).then(11.0).otherwise(pl.col("minutes"))
    archive = write_part(tmp_path / "archive", sample, days, lambda box: box.with_columns(minutes=too_short))
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()

    imported = import_into(warehouse, archive)
    assert any("player_game_summary of 2024-03-26: " in left_out for left_out in imported.left_out), imported.left_out
    assert set(rows(warehouse, "player_game_summary")["game_date"]) == {days[1]}
    assert set(rows(warehouse, "team_offense_game_summary")["game_date"]) == set(days)
    warehouse.close()


def test_a_killed_import_is_continued_and_ends_with_the_same_rows(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_part(tmp_path / "archive", sample, [date(2024, 3, 26), date(2024, 3, 28)])
    typed = "warehouse import archive --to duckdb:///killed.duckdb"
    with subprocess.Popen(
        [sys.executable, PROJECT / "starter.py", *typed.split()],
        env=Starter(tmp_path).environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as importing:
        assert importing.stderr
        assert importing.stderr.readline() == "2023-24: 2024-03-26, 1 of 2\n"
        assert importing.stderr.readline() == "2023-24: 2024-03-28, 2 of 2\n"
        importing.kill()

    assert commands.run([*typed.split(), "--json"]) == ExitCode.DONE
    (season,) = json.loads(capsys.readouterr().out)
    assert (season["dates"], season["new_dates"]) == (2, 1)
    assert commands.run(typed.replace("killed", "whole").split()) == ExitCode.DONE
    assert "2023-24: 2 dates with results, 2 of them new" in capsys.readouterr().out
    killed, whole = (DuckDbWarehouse(tmp_path / name) for name in ("killed.duckdb", "whole.duckdb"))
    assert contents(killed) == contents(whole)
    killed.close()
    whole.close()


def test_a_wrong_archive_or_season_is_refused(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TipoffError, match=r"is not an archive \(it has no archive.json\)"):
        commands.run(["warehouse", "import", str(tmp_path)])
    with pytest.raises(CommandError, match="has no season '2023-25': it has 2023-24"):
        commands.run(["warehouse", "import", str(archive), "--season", "2023-25"])
    assert not (tmp_path / "var").exists()
    worker = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    refused = Starter(tmp_path)(f"warehouse import {archive} --to duckdb:///tipoff.duckdb")
    assert (refused.code, "stop that worker first" in refused.err) == (2, True), refused.err
    worker.close()


def test_one_poll_gets_the_snapshots_of_some_minutes_but_none_from_before_a_tip_off() -> None:
    noon = datetime(2024, 3, 29, 16, tzinfo=UTC)
    times = [noon + timedelta(minutes=minutes) for minutes in (0, 4, 15, 16, 20, 60)]
    assert list(poll_times(times, [noon + timedelta(minutes=18)])) == [times[2], times[3], times[4], times[5]]
    assert list(poll_times([], [])) == []
