"""Yesterday and an earlier date, by the real clock and the real commands, against a replayed upstream.

The upstream holds the season of the sample, moved so that its last date with results is yesterday.
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

from devtools.kill_drill import tables_of
from tests.support.dated_archive import write_dated_archive
from tests.support.replays import SAMPLE, running_replay
from tests.support.starter import Ended, Starter
from tipoff.replay.archive import Archive
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import RunState, game_date_of, season_of

pytestmark = pytest.mark.timeout(300)

SAMPLE_DATES = (date(2024, 2, 15), date(2024, 3, 28))
"""Dates with few games, six weeks apart; the second becomes yesterday."""


@dataclass(frozen=True)
class PastDates:
    """What the commands printed, and the folders that they left."""

    earlier: date
    yesterday: date
    commands: Mapping[str, Ended]
    out: Path
    tables_before_reruns: Mapping[str, pl.DataFrame]
    tables: Mapping[str, pl.DataFrame]

    @property
    def both(self) -> tuple[date, date]:
        return self.earlier, self.yesterday

    def export(self, name: str) -> Any:
        return json.loads((self.out / "exports" / "v1" / name).read_text())

    def requested_sources(self) -> set[str]:
        """The sources that the upstream was asked for."""
        lines = (self.out / "requests.jsonl").read_text().splitlines()
        return {json.loads(line)["source"] for line in lines}

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
    earlier = yesterday - (SAMPLE_DATES[1] - SAMPLE_DATES[0])
    archive = write_dated_archive(folder / "archive", Archive(SAMPLE), SAMPLE_DATES[1], yesterday)
    out, copy = folder / "out", folder / "before.duckdb"
    first = Archive(archive).games["game_date"][0]
    seasons = 1 if season_of(first) == season_of(yesterday) else 2
    commands: dict[str, Ended] = {}
    async with running_replay(
        out, binary, game_date=yesterday, archive=archive, history_seasons=str(seasons)
    ) as running:
        starter = Starter(folder, running.worker_environment())
        for typed in (
            f"--date {earlier} --wait",
            "--date yesterday --wait",
            f"warehouse backup {copy}",
            *_reruns(earlier),
        ):
            commands[typed] = await starter.run(typed)
        for typed in ("days --last 1 --date yesterday --json", "status --date yesterday --json"):
            commands[typed] = await starter.run(typed)
    return PastDates(earlier, yesterday, commands, out, tables_of(copy), tables_of(out / "tipoff.duckdb"))


def _reruns(game_date: date) -> tuple[str, ...]:
    return tuple(f"--date {game_date} --rerun --step {step} --wait" for step in ("catboost_v8", "nbac_play_by_play"))


def test_every_command_succeeds(past: PastDates) -> None:
    assert {typed: ended.err for typed, ended in past.commands.items() if ended.code} == {}


def test_both_dates_are_complete_and_marked_as_backfilled(past: PastDates) -> None:
    for game_date in past.both:
        status = past.export(f"status/{game_date}.json")
        assert (status["state"], status["backfilled"]) == (RunState.COMPLETE, True)
        assert past.export(f"predictions/{game_date}.json")["backfilled"]
        assert past.export(f"results/{game_date}.json")["backfilled"]
        assert "backfilled" in (past.out / "exports" / "pages" / f"{game_date}.html").read_text()
    (row,) = past.commands["days --last 1 --date yesterday --json"].json
    assert (row["state"], row["backfilled"], row["games"]) == (RunState.COMPLETE, True, 2)
    assert row["predictions"] == row["graded"] > 0
    assert past.commands["status --date yesterday --json"].json["backfilled"]


def test_every_prediction_of_both_systems_is_graded_or_void(past: PastDates) -> None:
    for game_date in past.both:
        predictions, results = past.predictions(game_date), past.export(f"results/{game_date}.json")
        assert {each["system_id"] for each in predictions} == {"catboost_v8", "moving_average"}
        assert all(each["backfilled"] for each in predictions)
        assert results["pending_games"] == []
        assert sum(results["outcomes"].values()) == len(predictions) > 0


def test_a_model_is_trained_once_and_used_for_the_later_date_too(past: PastDates) -> None:
    models = {each["model_version"] for day in past.both for each in past.predictions(day)} - {None}
    assert len(models) == 1


def test_what_providers_say_today_about_rosters_injuries_and_lines_is_not_requested(past: PastDates) -> None:
    requested = past.requested_sources()
    assert {"nbac_schedule", "nbac_player_boxscores", "nbac_play_by_play"} <= requested
    assert {name for name in requested if not SOURCES[name].answers_for_past} == set()


def test_a_rerun_of_one_step_leaves_the_same_rows(past: PastDates) -> None:
    before, after = (_comparable(tables) for tables in (past.tables_before_reruns, past.tables))
    assert {name for name in before if not before[name].equals(after[name])} == set()


def _comparable(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Without the times of gradings and the counts of changes, which a re-run renews."""
    return {name: rows.drop("as_of", strict=False) for name, rows in tables.items() if name != "data_versions"}
