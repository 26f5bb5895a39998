"""Every way that a provider lets down, at every source that can suffer it: asked over HTTP, judged, landed and read."""

from pathlib import Path

import pytest

from devtools.source_harness import slate_of, source_harness
from devtools.sources_check import DAY, MEANS, OF_CONTENT, CheckResults, check_faults
from devtools.sources_page import endpoint_of, is_replayed
from tipoff.replay.archive import Archive
from tipoff.replay.faults import SOURCES_OF_KIND, FaultKind
from tipoff.replay.upstream import serve
from tipoff.sources.base import Source
from tipoff.sources.registry import SOURCES


def suffers(source: Source) -> set[FaultKind]:
    """How its provider can fail; what bends an answer needs one."""
    struck = endpoint_of(source).source
    possible = {kind for kind in MEANS if struck in SOURCES_OF_KIND.get(kind, {struck})}
    return possible if is_replayed(source) else possible - OF_CONTENT


@pytest.mark.timeout(600)
async def test_each_failure_is_told_from_the_others_at_every_source(archive: Archive, tmp_path: Path) -> None:
    results = CheckResults()
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path / "undisturbed") as harness:
            await check_faults(harness, archive, tmp_path / "faults", results)
    assert results.wrong == []
    assert {name: set(seen) for name, seen in results.faults.items()} == {
        name: suffers(source) for name, source in SOURCES.items()
    }
