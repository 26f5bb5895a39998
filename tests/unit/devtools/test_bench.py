"""How the bench tells work from waiting."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from devtools.bench import Work, busy_seconds
from devtools.bench_slate import Cost, beside_limit, measure_season, not_ok, slate_table, together
from tipoff.replay.archive import Archive
from tipoff.vocabulary import Outcome

NOON = datetime(2024, 3, 29, 12, 0, tzinfo=UTC)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=12)


def work(start: float, seconds: float) -> Work:
    began = NOON + timedelta(seconds=start)
    return Work("collect", "nbac_schedule", "", None, began, began + timedelta(seconds=seconds))


def test_activities_at_the_same_time_count_once_and_gaps_not_at_all() -> None:
    assert busy_seconds([work(0, 4), work(1, 2), work(3, 3), work(10, 1)]) == 7.0


@given(SPANS)
def test_work_takes_no_longer_than_from_first_to_last_and_than_all_of_it_in_turn(spans: list[tuple[int, int]]) -> None:
    done = [work(*span) for span in spans]
    first, last = min(item.started for item in done), max(item.ended for item in done)
    whole = (last - first).total_seconds()
    assert max(item.seconds for item in done) <= busy_seconds(done) <= min(whole, sum(item.seconds for item in done))


async def test_a_seasons_log_is_read_as_far_as_the_archive_has_results(sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    cost = await measure_season(archive, NOON.date(), tmp_path)
    assert (cost.rows, cost.outcome) == (archive.player_box.height, Outcome.OK)


ROSTERS = Cost("espn_team_rosters", Outcome.OK, 24, 430, 0.5, 0.25)


def test_a_source_that_brings_nothing_makes_no_figure_better() -> None:
    empty = ROSTERS._replace(outcome=Outcome.SUSPICIOUSLY_EMPTY, rows=0, processing=0)
    assert not_ok([ROSTERS]) == []
    assert not_ok([ROSTERS, empty]) == ["espn_team_rosters, undisturbed: suspiciously_empty"]


def test_a_time_is_told_with_its_limit_and_whether_it_is_met() -> None:
    assert beside_limit("the slate", together([ROSTERS]), 0.75) == "the slate: 0.8 s, limit 0.75 s: met"
    assert beside_limit("the slate", together([ROSTERS, ROSTERS]), 0.75) == "the slate: 1.5 s, limit 0.75 s: missed"


def test_a_slates_costs_are_summed() -> None:
    paper = io.StringIO()
    costs = [ROSTERS, Cost("nbac_schedule", Outcome.OK, 1, 1105, 0.25, 1.0)]
    Console(file=paper, width=120).print(slate_table(costs, "one slate"))
    total = paper.getvalue().splitlines()[-2].replace("│", " ").split()
    assert total == ["all", "25", "1,535", "0.75", "1.25", "2.00"]
