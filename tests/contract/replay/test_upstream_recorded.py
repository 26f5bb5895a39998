"""The upstream sends the recorded responses: a replay of a day is the same day after every change of the code."""

from __future__ import annotations

from tests.support.upstream_bodies import checksums, recorded
from tipoff.replay.archive import Archive


def test_every_response_of_the_day_is_as_recorded(archive: Archive) -> None:
    """After a change on purpose, record them again: python -m tests.support.upstream_bodies."""
    assert dict(checksums(archive)) == recorded()
