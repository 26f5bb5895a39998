"""The last usable response of each source, from the manifests of a landing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.provider_success import last_usable, recent_records, success_by_host
from tipoff.sources.game_boxscores import BoxscoresInPlay, LiveBoxscores
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome

NOW = datetime(2024, 3, 30, 3, tzinfo=UTC)


def test_box_scores_in_play_are_no_response_of_the_source_below_which_they_are_landed(tmp_path: Path) -> None:
    landing = Landing(FolderStore(tmp_path))
    final = NOW - timedelta(hours=1)
    for source, at in ((LiveBoxscores.name, final), (BoxscoresInPlay.name, NOW)):
        record = FetchRecord(
            source=source, game_date=date(2024, 3, 29), url="https://cdn.nba.com/a", outcome=Outcome.OK, fetched_at=at
        )
        landing.record(record)
    records = recent_records(landing, NOW)
    assert success_by_host(records)["cdn.nba.com"].usable == 2, "each is a request to the provider"
    last = last_usable(records)
    assert last[LiveBoxscores.name] == final
    assert set(last) == {LiveBoxscores.name, *LiveBoxscores.fallback_for}
