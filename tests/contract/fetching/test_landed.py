"""What a past date reads from landing: nothing that was fetched later than a second before its first tip-off."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tipoff.landed import collect_landed
from tipoff.landing.base import Batch, FetchRecord
from tipoff.landing.landing import Landing
from tipoff.sources.base import Slate
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import CollectReport, Outcome, SlateGame, eastern
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
NOON, TIP = eastern(DAY, 12), eastern(DAY, 19)
KNOWN_BY = TIP - timedelta(seconds=1)
GAME = SlateGame(game_id="0022301084", away="GSW", home="CHA", tip_off=TIP)
SLATE = Slate(game_date=DAY, games=(GAME,))
ROSTERS, LINES, PROPS = "espn_team_rosters", "odds_api_game_lines", "odds_api_player_points_props"


class Landed:
    """A landing with responses of several polls; each body names its part and time."""

    def __init__(self, root: Path) -> None:
        self.landing = Landing(FolderStore(root))

    def add(
        self, source: str, at: datetime, part: str = "", outcome: Outcome = Outcome.OK, game_id: str | None = None
    ) -> None:
        body = f'{{"part": "{part}", "at": "{at.isoformat()}"}}'.encode()
        stored = self.landing.put(source, DAY, body, "json")
        record = FetchRecord(
            source=source,
            game_date=DAY,
            game_id=game_id,
            part=part,
            url=f"https://example.org/{source}/{part}",
            outcome=outcome,
            key=stored.key,
            fetched_at=at,
        )
        self.landing.record(record)

    def collect(self, source: str) -> CollectReport:
        return collect_landed(SOURCES[source], SLATE, KNOWN_BY, self.landing)

    def items(self, source: str) -> list[tuple[str, datetime | None]]:
        """Part and time of each response of the batch, after a look at the body that its key names."""
        key = self.collect(source).batch_key
        assert key is not None
        items = Batch.model_validate_json(self.landing.get(key)).items
        for item in items:
            assert f'"at": "{item.fetched_at and item.fetched_at.isoformat()}"'.encode() in self.landing.get(item.key)
        return [(item.part, item.fetched_at) for item in items]


@pytest.fixture
def landed(tmp_path: Path) -> Landed:
    return Landed(tmp_path)


@pytest.mark.parametrize("source", [ROSTERS, LINES])
def test_a_response_counts_until_a_second_before_the_first_tip_off(landed: Landed, source: str) -> None:
    landed.add(source, TIP)
    assert landed.collect(source).batch_key is None
    landed.add(source, KNOWN_BY)
    assert landed.items(source) == [("", KNOWN_BY)]


def test_the_newest_roster_of_each_team_is_read(landed: Landed) -> None:
    for at in (NOON, KNOWN_BY, TIP):
        for team in ("CHA", "GSW"):
            landed.add(ROSTERS, at, team)
    assert landed.items(ROSTERS) == [("CHA", KNOWN_BY), ("GSW", KNOWN_BY)]


def test_a_table_that_keeps_every_snapshot_gets_every_response(landed: Landed) -> None:
    assert TABLES[SOURCES[LINES].table].append_only
    for at in (NOON, KNOWN_BY, TIP):
        landed.add(LINES, at)
    assert landed.items(LINES) == [("", NOON), ("", KNOWN_BY)]


def test_a_team_whose_last_poll_failed_keeps_its_earlier_roster(landed: Landed) -> None:
    for team in ("CHA", "GSW"):
        landed.add(ROSTERS, NOON, team)
    landed.add(ROSTERS, KNOWN_BY, "CHA")
    landed.add(ROSTERS, KNOWN_BY, "GSW", Outcome.PROVIDER_ERROR)
    assert landed.items(ROSTERS) == [("CHA", KNOWN_BY), ("GSW", NOON)]


def test_a_game_that_lacks_a_page_in_one_poll_keeps_the_pages_of_another(landed: Landed) -> None:
    for part in ("page-1", "page-2"):
        landed.add(PROPS, NOON, part, game_id=GAME.game_id)
    landed.add(PROPS, KNOWN_BY, "page-1", game_id=GAME.game_id)
    landed.add(PROPS, KNOWN_BY, "page-2", Outcome.PROVIDER_ERROR, game_id=GAME.game_id)
    assert landed.items(PROPS) == [("page-1", NOON), ("page-2", NOON)]


def test_a_batch_says_how_many_responses_it_has_and_is_as_good_as_the_worst(landed: Landed) -> None:
    landed.add(ROSTERS, NOON, "CHA")
    landed.add(ROSTERS, NOON, "GSW", Outcome.PARTIAL)
    report = landed.collect(ROSTERS)
    assert (report.outcome, report.reason) == (Outcome.PARTIAL, "2 responses landed before the games")
    assert report.use_fallback, "landed data of fallback sources complete it"


@pytest.mark.parametrize("only_failures", [True, False])
def test_without_a_usable_response_nothing_was_published_and_fallback_sources_are_read(
    landed: Landed, only_failures: bool
) -> None:
    if only_failures:
        landed.add(ROSTERS, NOON, "CHA", Outcome.BLOCKED)
    report = landed.collect(ROSTERS)
    assert (report.outcome, report.batch_key, report.use_fallback) == (Outcome.NOT_PUBLISHED_YET, None, True)
    assert report.reason == "nothing was landed by 18:59 ET, before the games"
