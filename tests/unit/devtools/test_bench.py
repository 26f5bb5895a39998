"""What the benchmark computes from activity times."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from devtools.bench import ActivityRun, active_seconds
from devtools.bench_memory import MemorySample, PhaseSpan, memory_of, peak, peak_by_phase
from devtools.bench_models import ModelCost, models_limits
from devtools.bench_slate import Cost, format_limit, incomplete, measure_season, slate_table, total_seconds
from devtools.bench_tables import TableCost, TablesCost, tables_limits
from tipoff.replay.archive import Archive
from tipoff.vocabulary import Outcome, Phase

NOON = datetime(2024, 3, 29, 12, 0, tzinfo=UTC)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=12)


def activity(start: float, seconds: float) -> ActivityRun:
    began = NOON + timedelta(seconds=start)
    return ActivityRun("collect", "nbac_schedule", "", None, began, began + timedelta(seconds=seconds))


def test_parallel_activities_count_once_and_gaps_do_not_count() -> None:
    assert active_seconds([activity(0, 4), activity(1, 2), activity(3, 3), activity(10, 1)]) == 7.0


@given(SPANS)
def test_active_time_lies_between_the_longest_activity_and_their_sum(spans: list[tuple[int, int]]) -> None:
    done = [activity(*span) for span in spans]
    first, last = min(item.started for item in done), max(item.ended for item in done)
    whole = (last - first).total_seconds()
    assert max(item.seconds for item in done) <= active_seconds(done) <= min(whole, sum(item.seconds for item in done))


async def test_the_game_log_of_a_season_ends_with_the_last_result_of_the_archive(sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    cost = await measure_season(archive, NOON.date(), tmp_path)
    assert (cost.rows, cost.outcome) == (archive.player_box.height, Outcome.OK)


ROSTERS = Cost("espn_team_rosters", Outcome.OK, 24, 430, 0.5, 0.25)


def test_a_source_without_data_is_an_error() -> None:
    empty = ROSTERS._replace(outcome=Outcome.SUSPICIOUSLY_EMPTY, rows=0, processing=0)
    assert incomplete([ROSTERS]) == []
    assert incomplete([ROSTERS, empty]) == ["espn_team_rosters, without a fault: suspiciously_empty"]


def test_a_time_is_reported_with_its_limit() -> None:
    assert format_limit("the slate", total_seconds([ROSTERS]), 0.75) == "the slate: 0.8 s, limit 0.75 s: met"
    assert (
        format_limit("the slate", total_seconds([ROSTERS, ROSTERS]), 0.75) == "the slate: 1.5 s, limit 0.75 s: missed"
    )


def test_tables_are_measured_against_their_limits() -> None:
    def cost(seconds: float, peak_mb: float = 300) -> TablesCost:
        return TablesCost("a date", (TableCost("player_daily_cache", 300, seconds),), peak_mb)

    assert tables_limits([cost(1.5), cost(1.0), cost(3.9), cost(1.4), cost(46, peak_mb=700)]) == [
        "the tables of a date, first build: 3.9 s, limit 4 s: met",
        "the tables of a date, later builds: 1.4 s, limit 2 s: met",
        "the tables of all dates of a season: 46.0 s, limit 45 s: missed",
        "peak memory of that: 700.0 MB, limit 1000 MB: met",
        "a date with all seasons against one: 1.4 times, limit 1.3 times: missed",
    ]


def test_the_costs_of_a_slate_are_summed() -> None:
    buffer = io.StringIO()
    costs = [ROSTERS, Cost("nbac_schedule", Outcome.OK, 1, 1105, 0.25, 1.0)]
    Console(file=buffer, width=120).print(slate_table(costs, "one slate"))
    total = buffer.getvalue().splitlines()[-2].replace("│", " ").split()
    assert total == ["all", "25", "1,535", "0.75", "1.25", "2.00"]


def test_the_peak_of_a_phase_is_the_highest_while_an_activity_of_it_runs() -> None:
    def at(seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    samples = [MemorySample(at(second), 100.0 * second) for second in range(10)]
    spans = [
        PhaseSpan(Phase.COLLECT, at(1), at(2.5)),
        PhaseSpan(Phase.PREDICT, at(2), at(4)),
        PhaseSpan(Phase.COLLECT, at(6), at(7)),
        PhaseSpan(Phase.GRADE, at(9.2), at(9.4)),
    ]
    assert peak_by_phase(samples, spans) == {"collect": 700.0, "predict": 400.0}
    assert (peak(samples), peak([])) == (900.0, 0.0)


def test_the_memory_of_a_process_group_includes_that_of_children() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'held = bytes(range(256)) * 2**18; input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, start_new_session=True) as parent:
        with memory_of(parent.pid) as samples:
            deadline = time.monotonic() + 30
            while peak(samples) < 64 and time.monotonic() < deadline:
                time.sleep(0.05)
        parent.communicate(b"\n")
    assert 64 < peak(samples) < 200


def test_the_limits_of_the_systems_hold_whatever_else_runs() -> None:
    costs = [ModelCost("trained", 60.0, 90.1, 90.0), ModelCost("predicted", 3.0, 1.9, 2.0)]
    assert models_limits(costs) == ["trained: 90.1 s, limit 90 s: missed", "predicted: 1.9 s, limit 2 s: met"]
