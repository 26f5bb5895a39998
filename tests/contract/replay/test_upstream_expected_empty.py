"""Empty responses where no data is expected are not failures."""

from datetime import date
from pathlib import Path

import pytest

from devtools.source_harness import slate_of, source_harness
from devtools.sources_check import poll
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream import serve
from tipoff.sources.base import Slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, eastern

ALL_STAR_BREAK = date(2024, 2, 17)
OFF_SEASON = date(2024, 7, 20)
OPENING_NIGHT = date(2023, 10, 24)
NO_STANDINGS_YET = Fault(source="nbac_standings", kind=FaultKind.EMPTY)


@pytest.mark.parametrize(
    ("name", "game_date", "faults"),
    [
        ("nbac_schedule", OFF_SEASON, ()),
        ("espn_schedule", ALL_STAR_BREAK, ()),
        ("nbac_player_history", OPENING_NIGHT, ()),
        ("nbac_team_history", OPENING_NIGHT, ()),
        ("nbac_standings", OPENING_NIGHT, (NO_STANDINGS_YET,)),
    ],
)
async def test_no_data_is_expected(
    archive: Archive, tmp_path: Path, name: str, game_date: date, faults: tuple[Fault, ...]
) -> None:
    with serve(archive, faults) as upstream:
        slate = Slate(game_date=game_date, games=()) if game_date == OFF_SEASON else slate_of(archive, game_date)
        async with source_harness(upstream.url, slate, tmp_path) as harness:
            assert (await poll(harness, SOURCES[name], eastern(game_date, 10))).outcome is Outcome.EMPTY_OK
            assert len(upstream.requests()) > 0
