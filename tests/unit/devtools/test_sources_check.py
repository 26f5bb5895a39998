"""What the check of all sources calls wrong, and how it words what it saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devtools import sources_check
from devtools.recorded_responses import Recordings
from devtools.source_harness import slate_of, source_harness
from devtools.sources_check import (
    DAY,
    MEANS,
    MEANS_ELSEWHERE,
    NO_FALLBACK,
    NO_RECORDED,
    OF_CONTENT,
    SHOWS_NOTHING,
    CheckResults,
    _record_fault,
    _without,
    check_fallbacks,
    fallback_of,
    faults_of,
    games_told,
    poll,
    recorded,
)
from tipoff.errors import NotEnoughDataError
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind, ReplaySource
from tipoff.replay.upstream import serve
from tipoff.replay.upstream.app import ERROR_RESPONSES
from tipoff.replay.upstream.delivery import DELIVERY_FAULTS
from tipoff.sources.base import Slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, eastern


def test_every_refusal_and_every_broken_delivery_is_tried() -> None:
    assert {*ERROR_RESPONSES, *DELIVERY_FAULTS, *OF_CONTENT} == set(MEANS)


def test_what_a_failure_means_is_never_that_nothing_is_wrong_but_where_a_reason_is_given() -> None:
    fine = {Outcome.OK, Outcome.EMPTY_OK}
    assert fine.isdisjoint(MEANS.values())
    assert all(fine.isdisjoint(elsewhere) for elsewhere in MEANS_ELSEWHERE.values())
    assert all(set(kinds) <= OF_CONTENT - {FaultKind.EMPTY} for _, _, kinds in SHOWS_NOTHING)


def test_each_exception_is_of_a_source_and_says_something_else_than_the_rule() -> None:
    unlike = [(kind, outcome, name) for kind, of in MEANS_ELSEWHERE.items() for outcome in of for name in of[outcome]]
    fine = [(kind, name) for _, names, kinds in SHOWS_NOTHING for name in names for kind in kinds]
    assert {name for *_, name in (*unlike, *fine)} <= SOURCES.keys()
    assert all(MEANS[kind] is not outcome for kind, outcome, _ in unlike)
    told = [(kind, name) for kind, _, name in unlike] + fine
    assert len(set(told)) == len(told)


@pytest.mark.parametrize(
    ("name", "kind", "outcome", "due"),
    [
        ("nbac_schedule", FaultKind.HTML_PAGE, Outcome.OK, "wrong_type"),
        ("nbac_scoreboard", FaultKind.STALE, Outcome.OK, "stale"),
        ("nbac_player_boxscores", FaultKind.PARTIAL_SLATE, Outcome.OK, "partial"),
        ("odds_api_events", FaultKind.EMPTY, Outcome.EMPTY_OK, "suspiciously_empty"),
        ("nbac_standings", FaultKind.ACCESS_DENIED, Outcome.NOT_PUBLISHED_YET, "blocked"),
    ],
)
def test_a_fault_that_is_judged_as_something_else_is_wrong(
    name: str, kind: FaultKind, outcome: Outcome, due: str
) -> None:
    results = CheckResults()
    _record_fault(results, name, kind, outcome)
    assert results.wrong == [f"{name}, {kind}: {outcome}, not {due}"]
    _record_fault(results, name, kind, Outcome(due))
    assert len(results.wrong) == 1


def test_faults_are_counted_by_what_they_showed() -> None:
    results = CheckResults()
    assert faults_of("nbac_schedule", results) == "none shown"
    _record_fault(results, "nbac_schedule", FaultKind.SERVER_ERROR, Outcome.PROVIDER_ERROR)
    _record_fault(results, "nbac_schedule", FaultKind.HANG, Outcome.PROVIDER_ERROR)
    assert faults_of("nbac_schedule", results) == "1 classes of 2 faults"
    _record_fault(results, "nbac_schedule", FaultKind.STALE, Outcome.OK)
    assert faults_of("nbac_schedule", results) == "1 classes of 2 faults, 1 not shown"
    assert results.wrong == []


def test_a_source_falls_back_on_the_rest_of_its_chain_in_its_order() -> None:
    brought = {name: f"{number} of 12 games" for number, name in enumerate(SOURCES)}
    told = fallback_of("nbac_player_boxscores", CheckResults(fallbacks=brought))
    chain = [part.split(": ")[0] for part in told.split("; ")]
    assert chain == ["nbac_live_boxscore", "bdl_player_boxscores", "espn_boxscores"]
    assert fallback_of("espn_boxscores", CheckResults(fallbacks=brought)) == NO_FALLBACK


@pytest.mark.data
def test_only_answers_of_the_provider_count_as_recorded(shared_data: Path) -> None:
    recordings = Recordings(shared_data)
    assert recorded(SOURCES["nbac_standings"], recordings) == "1 read, 30 rows"
    for name in ("espn_boxscores", "nbac_gamebook_player_stats", "nbac_team_history"):
        assert recorded(SOURCES[name], recordings).startswith(NO_RECORDED)


async def test_what_is_seen_of_a_source_is_what_a_day_would_see(sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    slate, lines = slate_of(archive, DAY), SOURCES["odds_api_game_lines"]
    spent = Fault(source=ReplaySource.EVENTS, kind=FaultKind.QUOTA_SPENT)
    with serve(archive, (spent, Fault(source=ReplaySource.REFEREES, kind=FaultKind.SERVER_ERROR))) as upstream:
        async with source_harness(upstream.url, slate, tmp_path) as harness:
            assert await poll(harness, lines) == (Outcome.OK, 168, None)
            assert (await poll(harness, SOURCES["odds_api_events"])).outcome is Outcome.QUOTA_SPENT
            assert (await poll(harness, SOURCES["nbac_referee_assignments"])).outcome is Outcome.PROVIDER_ERROR


async def test_games_are_counted_that_have_rows(sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    slate, report = slate_of(archive, DAY), SOURCES["nbac_injury_report"]
    quiet = Fault(source=ReplaySource.INJURY_REPORT, kind=FaultKind.EMPTY)
    with serve(archive, (quiet,)) as upstream:
        async with source_harness(upstream.url, slate, tmp_path) as harness:
            await poll(harness, SOURCES["nbac_player_list_current"])
            assert games_told(harness, SOURCES["nbac_player_list_current"]) == 12
            await poll(harness, report)
            assert games_told(harness, report) == 0


async def test_a_stand_in_starts_from_nothing(sample: Path, tmp_path: Path) -> None:
    archive, results = Archive(sample), CheckResults()
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            await poll(harness, SOURCES["odds_api_events"])
            async with _without(harness, archive, ["odds_api_game_lines"], tmp_path / "without", results) as own:
                assert own.ids == {}
                assert games_told(own, SOURCES["odds_api_events"]) == 0
    assert results.wrong == []


async def test_without_a_schedule_of_the_day_before_espns_has_no_ids(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, results, schedule = Archive(sample), CheckResults(), SOURCES["espn_schedule"]
    monkeypatch.setattr(sources_check, "SOURCES", {name: SOURCES[name] for name in ("nbac_schedule", schedule.name)})
    monkeypatch.setattr(sources_check, "_COMPUTED", {})
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            await check_fallbacks(harness, archive, tmp_path / "places", results)
            assert (results.fallbacks, results.wrong) == ({schedule.name: "12 of 12 games"}, [])
            empty = replace(harness, slate=Slate(game_date=DAY))
            with pytest.raises(NotEnoughDataError, match="none of the 12 games has a known NBA id"):
                await poll(empty, schedule, eastern(DAY, 10))
