"""The page of all sources is generated from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from devtools.sources_page import by_number, endpoint_of, outcomes_of, page
from runtime import PROJECT
from tipoff.errors import BadInputError
from tipoff.sources.base import Request, Slate
from tipoff.sources.registry import SOURCES
from tipoff.sources.standings import Standings
from tipoff.vocabulary import Outcome

PAGE = PROJECT / "docs" / "sources.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m devtools.sources_page > docs/sources.md"


def test_every_source_is_listed_once_numbered_ones_first() -> None:
    listed = by_number()
    assert sorted(source.name for _, source in listed) == sorted(SOURCES)
    numbers = [number for number, _ in listed]
    numbered = sum(source.number is not None for source in SOURCES.values())
    assert numbers == [str(number) for number in range(1, numbered + 1)] + [""] * (len(SOURCES) - numbered)


def test_outcomes_are_those_that_the_judges_and_their_helpers_name() -> None:
    assert outcomes_of(SOURCES["nbac_scoreboard"]) == [Outcome.PARTIAL, Outcome.SUSPICIOUSLY_EMPTY, Outcome.STALE]
    assert Outcome.NOT_PUBLISHED_YET in outcomes_of(SOURCES["nbac_injury_report"])


def test_a_source_without_a_replay_endpoint_is_an_error() -> None:
    class Elsewhere(Standings):
        name = "elsewhere"

        def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
            return (Request(host="stats.example", path="/nowhere"),)

    with pytest.raises(BadInputError, match="elsewhere: the replay has no endpoint for https://"):
        endpoint_of(Elsewhere())
