"""The errors that the check of all sources reports, and its texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devtools import sources_check
from devtools.recorded_responses import Recordings
from devtools.source_harness import slate_of, source_harness
from devtools.sources_check import (
    DAY,
    EXPECTED_OUTCOMES,
    NO_FALLBACK,
    NO_RECORDED,
    OF_CONTENT,
    CheckResults,
    _record_fault,
    _without,
    check_fallbacks,
    count_games,
    describe_fallbacks,
    describe_faults,
    describe_recorded,
    poll,
)
from tipoff.errors import NotEnoughDataError
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream import serve
from tipoff.replay.upstream.app import ERROR_RESPONSES
from tipoff.replay.upstream.delivery import DELIVERY_FAULTS
from tipoff.sources.base import Slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, eastern


def test_every_kind_of_refusal_and_delivery_fault_has_an_expected_outcome() -> None:
    assert {*ERROR_RESPONSES, *DELIVERY_FAULTS, *OF_CONTENT} == set(EXPECTED_OUTCOMES)


def test_only_an_undetectable_fault_may_look_like_a_good_response() -> None:
    fine = {Outcome.OK, Outcome.EMPTY_OK}
    assert fine.isdisjoint(EXPECTED_OUTCOMES.values())
    for source in SOURCES.values():
        assert fine.isdisjoint(source.fault_outcomes.values())
        assert source.undetectable_faults.keys() <= OF_CONTENT - {FaultKind.EMPTY}


def test_each_exception_of_a_source_differs_from_the_expected_outcome() -> None:
    for source in SOURCES.values():
        assert source.fault_outcomes.keys().isdisjoint(source.undetectable_faults)
        for kind, outcome in source.fault_outcomes.items():
            assert outcome is not EXPECTED_OUTCOMES[FaultKind(kind)]


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
def test_an_unexpected_outcome_is_an_error(name: str, kind: FaultKind, outcome: Outcome, due: str) -> None:
    results = CheckResults()
    _record_fault(results, name, kind, outcome)
    assert results.errors == [f"{name}, {kind}: {outcome}, not {due}"]
    _record_fault(results, name, kind, Outcome(due))
    assert len(results.errors) == 1


def test_faults_are_counted_by_outcome() -> None:
    results = CheckResults()
    assert describe_faults("nbac_schedule", results) == "none detected"
    _record_fault(results, "nbac_schedule", FaultKind.SERVER_ERROR, Outcome.PROVIDER_ERROR)
    _record_fault(results, "nbac_schedule", FaultKind.HANG, Outcome.PROVIDER_ERROR)
    assert describe_faults("nbac_schedule", results) == "1 outcome of 2 faults"
    _record_fault(results, "nbac_schedule", FaultKind.STALE, Outcome.OK)
    assert describe_faults("nbac_schedule", results) == "1 outcome of 2 faults, 1 not detected"
    assert results.errors == []


def test_fallback_sources_are_described_in_their_order() -> None:
    games = {name: f"{number} of 12 games" for number, name in enumerate(SOURCES)}
    text = describe_fallbacks("nbac_player_boxscores", CheckResults(fallbacks=games))
    chain = [part.split(": ")[0] for part in text.split("; ")]
    assert chain == ["nbac_live_boxscore", "bdl_player_boxscores", "espn_boxscores"]
    assert describe_fallbacks("espn_boxscores", CheckResults(fallbacks=games)) == NO_FALLBACK


@pytest.mark.data
def test_only_responses_of_the_provider_count_as_recorded(shared_data: Path) -> None:
    recordings = Recordings(shared_data)
    assert describe_recorded(SOURCES["nbac_standings"], recordings) == "1 read, 30 rows"
    for name in ("espn_boxscores", "nbac_gamebook_player_stats", "nbac_team_history"):
        assert describe_recorded(SOURCES[name], recordings).startswith(NO_RECORDED)


async def test_a_poll_has_the_outcome_that_a_day_would_have(sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    slate, lines = slate_of(archive, DAY), SOURCES["odds_api_game_lines"]
    spent = Fault(source="odds_api_events", kind=FaultKind.QUOTA_SPENT)
    with serve(archive, (spent, Fault(source="nbac_referee_assignments", kind=FaultKind.SERVER_ERROR))) as upstream:
        async with source_harness(upstream.url, slate, tmp_path) as harness:
            assert await poll(harness, lines) == (Outcome.OK, 168, None)
            assert (await poll(harness, SOURCES["odds_api_events"])).outcome is Outcome.QUOTA_SPENT
            assert (await poll(harness, SOURCES["nbac_referee_assignments"])).outcome is Outcome.PROVIDER_ERROR


async def test_games_with_rows_are_counted(sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    slate, report = slate_of(archive, DAY), SOURCES["nbac_injury_report"]
    quiet = Fault(source="nbac_injury_report", kind=FaultKind.EMPTY)
    with serve(archive, (quiet,)) as upstream:
        async with source_harness(upstream.url, slate, tmp_path) as harness:
            await poll(harness, SOURCES["nbac_player_list_current"])
            assert count_games(harness, SOURCES["nbac_player_list_current"]) == 12
            await poll(harness, report)
            assert count_games(harness, report) == 0


async def test_a_fallback_source_starts_with_an_empty_store(sample: Path, tmp_path: Path) -> None:
    archive, results = Archive(sample), CheckResults()
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            await poll(harness, SOURCES["odds_api_events"])
            async with _without(harness, archive, ["odds_api_game_lines"], tmp_path / "without", results) as own:
                assert own.ids == {}
                assert count_games(own, SOURCES["odds_api_events"]) == 0
    assert results.errors == []


async def test_espns_schedule_needs_the_game_ids_of_an_earlier_schedule(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, results, schedule = Archive(sample), CheckResults(), SOURCES["espn_schedule"]
    monkeypatch.setattr(sources_check, "SOURCES", {name: SOURCES[name] for name in ("nbac_schedule", schedule.name)})
    monkeypatch.setattr(sources_check, "_COMPUTED", {})
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            await check_fallbacks(harness, archive, tmp_path / "fallbacks", results)
            assert (results.fallbacks, results.errors) == ({schedule.name: "12 of 12 games"}, [])
            empty = replace(harness, slate=Slate(game_date=DAY))
            with pytest.raises(NotEnoughDataError, match="no NBA id is known for 12 games"):
                await poll(empty, schedule, eastern(DAY, 10))
