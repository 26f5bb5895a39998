"""Every fault kind at every source that it applies to: requested over HTTP, judged, landed and read."""

from pathlib import Path

import pytest

from devtools.source_harness import slate_of, source_harness
from devtools.sources_check import DAY, EXPECTED_OUTCOMES, OF_CONTENT, CheckResults, check_faults
from devtools.sources_page import endpoint_of, is_replayed
from tipoff.replay.archive import Archive
from tipoff.replay.faults import FaultKind
from tipoff.replay.upstream import serve
from tipoff.replay.upstream.endpoints import kinds_of_source
from tipoff.sources.base import Source
from tipoff.sources.registry import SOURCES


def fault_kinds_of(source: Source) -> set[FaultKind]:
    """The fault kinds that apply to a source; kinds that change content need a replayed response."""
    possible = EXPECTED_OUTCOMES.keys() & kinds_of_source(endpoint_of(source).source)
    return possible if is_replayed(source) else possible - OF_CONTENT


@pytest.mark.long  # `make sources-check` does the same
@pytest.mark.timeout(600)
async def test_every_failure_gets_its_own_outcome_at_every_source(archive: Archive, tmp_path: Path) -> None:
    results = CheckResults()
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path / "undisturbed") as harness:
            await check_faults(harness, archive, tmp_path / "faults", results)
    assert results.errors == []
    assert {name: set(outcomes) for name, outcomes in results.faults.items()} == {
        name: fault_kinds_of(source) for name, source in SOURCES.items()
    }
