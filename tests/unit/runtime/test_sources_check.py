"""What the check of all sources calls wrong, and how it words what it saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.looks import looks, slate_of
from runtime.sources_check import (
    DAY,
    MAY_SHOW,
    NO_FACTS,
    NO_FALLBACK,
    NO_RECORDED,
    Findings,
    _note,
    fallback_of,
    faults_of,
    recorded,
    see,
)
from tests.support.recorded_answers import Desk
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, Kind
from tipoff.replay.faults import Source as Struck
from tipoff.replay.upstream import serve
from tipoff.replay.upstream.delivery import BROKEN
from tipoff.replay.upstream.desk import _REFUSALS
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome


def test_every_refusal_and_every_broken_delivery_is_tried() -> None:
    assert {*_REFUSALS, *BROKEN} <= set(MAY_SHOW)


def test_a_fault_that_is_judged_as_something_else_is_wrong_and_one_that_is_not_shown_does_not_count() -> None:
    findings = Findings()
    _note(findings, "nbac_schedule", Kind.HTML_PAGE, Outcome.OK)
    _note(findings, "nbac_schedule", Kind.STALE, Outcome.OK)
    _note(findings, "nbac_schedule", Kind.SERVER_ERROR, Outcome.PROVIDER_ERROR)
    _note(findings, "nbac_schedule", Kind.HANG, Outcome.PROVIDER_ERROR)
    assert findings.wrong == ["nbac_schedule, html_page: ok"]
    assert faults_of("nbac_schedule", findings) == "1 classes of 2 faults"
    assert faults_of("nbac_player_movement", findings) == NO_FACTS


def test_a_source_falls_back_on_the_rest_of_its_chain_in_its_order() -> None:
    brought = {name: f"{number} of 12 games" for number, name in enumerate(SOURCES)}
    told = fallback_of("nbac_player_boxscores", Findings(fallbacks=brought))
    chain = [part.split(": ")[0] for part in told.split("; ")]
    assert chain == ["nbac_live_boxscore", "bdl_player_boxscores", "espn_boxscores"]
    assert fallback_of("espn_boxscores", Findings(fallbacks=brought)) == NO_FALLBACK


@pytest.mark.data
def test_only_answers_of_the_provider_count_as_recorded(shared_data: Path) -> None:
    desk = Desk(shared_data)
    assert recorded(SOURCES["nbac_standings"], desk) == "1 read, 30 rows"
    for name in ("espn_boxscores", "nbac_gamebook_player_stats", "nbac_team_history"):
        assert recorded(SOURCES[name], desk).startswith(NO_RECORDED)


async def test_what_is_seen_of_a_source_is_what_a_day_would_see(sample: Path, tmp_path: Path) -> None:
    archive = Archive(sample)
    slate, lines = slate_of(archive, DAY), SOURCES["odds_api_game_lines"]
    spent = Fault(source=Struck.EVENTS, kind=Kind.QUOTA_SPENT)
    with serve(archive, (spent, Fault(source=Struck.REFEREES, kind=Kind.SERVER_ERROR))) as upstream:
        async with looks(upstream.url, slate, tmp_path) as desk:
            assert await see(desk, lines) == (Outcome.OK, 168, 12)
            assert (await see(desk, SOURCES["odds_api_events"])).outcome is Outcome.QUOTA_SPENT
            assert (await see(desk, SOURCES["nbac_referee_assignments"])).outcome is Outcome.PROVIDER_ERROR
