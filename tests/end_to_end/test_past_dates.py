"""Yesterday and an earlier date, by the real clock and the real commands, against a replayed upstream.

The upstream holds the season of the sample, moved so that its last date with results is yesterday. A third date runs in
virtual time while every provider refuses everything but the schedule.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from temporalio.client import WorkflowExecutionStatus

from cli.exit_codes import ExitCode
from devtools.kill_drill import tables_of
from tests.support.dated_archive import write_dated_archive
from tests.support.replays import SAMPLE, running_replay, start_day
from tests.support.starter import Ended, Starter
from tipoff.replay.archive import Archive
from tipoff.replay.upstream.endpoints import SERVED_SOURCES
from tipoff.sources.registry import SOURCES
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import RunState, game_date_of, season_of
from tipoff.warehouse.tables import TABLES, Layer

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SAMPLE_DATES = (date(2024, 2, 15), date(2024, 2, 24), date(2024, 3, 28))
"""Dates with few games: an earlier one, one on which everything is refused, and one that becomes yesterday."""


@dataclass(frozen=True)
class PastDates:
    """What the commands printed, and the folders that they left."""

    earlier: date
    refused: date
    yesterday: date
    commands: Mapping[str, Ended]
    out: Path
    tables_before_reruns: Mapping[str, pl.DataFrame]
    tables: Mapping[str, pl.DataFrame]
    refused_execution: WorkflowExecutionStatus | None

    @property
    def both(self) -> tuple[date, date]:
        return self.earlier, self.yesterday

    def export(self, name: str) -> Any:
        return json.loads((self.out / "exports" / "v1" / name).read_text())

    def requested_sources(self) -> set[str]:
        """The sources that the backfills requested."""
        requests = map(json.loads, (self.out / "requests.jsonl").read_text().splitlines())
        return {request["source"] for request in requests if "access_denied" not in (request["fault"] or "")}

    def comparable(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Rows of the backfilled dates without the times of gradings and what is counted and logged of the re-runs."""
        backfilled = {
            name: rows.filter(pl.col("game_date").is_in(self.both)) if "game_date" in rows.columns else rows
            for name, rows in tables.items()
        }
        return {
            name: rows.drop("as_of", strict=False)
            for name, rows in backfilled.items()
            if TABLES[name].layer is not Layer.OPERATIONS
        }

    def predictions(self, game_date: date) -> list[dict[str, Any]]:
        """The predictions in the export of a date."""
        return [
            each for player in self.export(f"predictions/{game_date}.json")["players"] for each in player["systems"]
        ]


@pytest.fixture(scope="module")
def past(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> PastDates:
    """Both dates are backfilled, then steps of the earlier one are re-run."""
    return asyncio.run(_run(tmp_path_factory.mktemp("past"), temporal_binary))


async def _run(folder: Path, binary: Path) -> PastDates:
    yesterday = game_date_of(datetime.now(UTC)) - timedelta(days=1)
    earlier, refused = (yesterday - (SAMPLE_DATES[-1] - day) for day in SAMPLE_DATES[:-1])
    archive = write_dated_archive(folder / "archive", Archive(SAMPLE), SAMPLE_DATES[-1], yesterday)
    out, copy = folder / "out", folder / "before.duckdb"
    first = Archive(archive).games["game_date"][0]
    seasons = "1" if season_of(first) == season_of(yesterday) else "2"
    backfills = (f"--date {earlier} --wait", "--date yesterday --wait")
    commands: dict[str, Ended] = {}
    async with running_replay(
        out, binary, game_date=yesterday, archive=archive, faults=_refusals(refused), history_seasons=seasons
    ) as running:
        starter = Starter(folder, running.worker_environment())
        for typed in (*backfills, f"warehouse backup {copy}", *_reruns(earlier)):
            commands[typed] = await starter.run(typed)
        day = await start_day(running.for_date(refused))
        commands["watch"] = await starter.run(f"watch --date {refused} --json")
        for game_date in (earlier, refused, yesterday):
            commands[f"days {game_date}"] = await starter.run(f"days --last 1 --date {game_date} --json")
        execution = (await day.describe()).status
    tables = tables_of(out / "tipoff.duckdb")
    return PastDates(earlier, refused, yesterday, commands, out, tables_of(copy), tables, execution)


def _refusals(game_date: date) -> str:
    """Faults of every source but the schedule, from the morning of a date to the next noon."""
    until = game_date + timedelta(days=1)
    period = f"from = {game_date}T00:00:00\nuntil = {until}T12:00:00\n"
    sources = sorted(SERVED_SOURCES - {"nbac_schedule"})
    return "".join(f'[[fault]]\nsource = "{source}"\nkind = "access_denied"\n{period}' for source in sources)


def _reruns(game_date: date) -> tuple[str, ...]:
    return tuple(f"--date {game_date} --rerun --step {step} --wait" for step in ("catboost_v8", "nbac_play_by_play"))


def test_the_commands_succeed(past: PastDates) -> None:
    assert {typed: ended.err for typed, ended in past.commands.items() if ended.code and typed != "watch"} == {}


def test_a_day_with_everything_refused_is_failed_wherever_it_is_shown(past: PastDates) -> None:
    """In status, `days`, exit code, Temporal and page."""
    status, (row,) = past.export(f"status/{past.refused}.json"), past.commands[f"days {past.refused}"].json
    page = (past.out / f"exports/pages/{past.refused}.html").read_text()
    assert status["state"] == row["state"] == past.commands["watch"].json["state"] == RunState.FAILED
    assert past.commands["watch"].code == ExitCode.FAILED
    assert past.refused_execution is WorkflowExecutionStatus.FAILED
    assert '<span class="badge bad">failed</span>' in page
    assert status["sentence"] in page
    day = f"starter.py --date {past.refused}"
    assert past.commands["watch"].json["commands"] == [day, f"{day} --rerun"]


def test_both_dates_are_complete_and_marked_as_backfilled(past: PastDates) -> None:
    for game_date in past.both:
        status = past.export(f"status/{game_date}.json")
        assert (status["state"], status["backfilled"]) == (RunState.COMPLETE, True)
        for name in ("predictions", "best-bets", "live-grading", "results", "summary", "days"):
            assert past.export(f"{name}/{game_date}.json")["backfilled"], name
        assert "backfilled: predicted after the games" in (past.out / f"exports/pages/{game_date}.html").read_text()
        (row,) = past.commands[f"days {game_date}"].json
        assert (row["state"], row["backfilled"]) == (RunState.COMPLETE, True)
        assert row["predictions"] == row["graded"] == len(past.predictions(game_date)), "also after re-runs of a step"


def test_every_prediction_of_every_system_is_graded_or_void(past: PastDates) -> None:
    for game_date in past.both:
        predictions, results = past.predictions(game_date), past.export(f"results/{game_date}.json")
        assert {each["system_id"] for each in predictions} == set(SYSTEMS)
        assert all(each["backfilled"] for each in predictions)
        assert results["pending_games"] == []
        assert sum(results["outcomes"].values()) == len(predictions) > 0


def test_models_are_trained_once_and_used_for_the_later_date_too(past: PastDates) -> None:
    models = {(each["system_id"], each["model_version"]) for day in past.both for each in past.predictions(day)}
    assert len(models) == len(SYSTEMS), "one version of each system"
    assert None not in {version for _, version in models}


def test_what_providers_say_today_about_rosters_injuries_and_lines_is_not_requested(past: PastDates) -> None:
    requested = past.requested_sources()
    assert {"nbac_schedule", "nbac_player_boxscores", "nbac_play_by_play"} <= requested
    assert {name for name in requested if not SOURCES[name].answers_for_past} == set()


def test_a_rerun_of_one_step_leaves_the_same_rows(past: PastDates) -> None:
    before, after = (past.comparable(tables) for tables in (past.tables_before_reruns, past.tables))
    assert {name for name in before if not before[name].equals(after[name])} == set()
