"""Every source reads a small made response: a clone without recorded responses covers all readers too."""

import pytest

from tests.support.made_responses import RESPONSES, made_response
from tipoff.sources.registry import SOURCES


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_reads_the_expected_rows_from_its_made_response(name: str) -> None:
    response = made_response(name)
    assert response.judge_and_read(SOURCES[name]) == response.expected
    assert response.expected.rows


def test_every_made_response_belongs_to_a_source() -> None:
    assert {file.stem for file in RESPONSES.iterdir()} == set(SOURCES)
