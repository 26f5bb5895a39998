"""The variables of `make week`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from devtools.week import FIRST_DATE, options_from
from tests.support.replays import SAMPLE
from tipoff.errors import BadInputError

ARCHIVE = {"ARCHIVE": str(SAMPLE)}


def test_a_week_has_seven_dates_unless_its_end_is_given() -> None:
    week = options_from(ARCHIVE)
    assert (week.first, len(week.dates), week.archive) == (FIRST_DATE, 7, SAMPLE)
    across_summer = options_from({**ARCHIVE, "FROM": "2024-06-25", "TO": "2024-07-02"})
    assert (across_summer.dates[-1], across_summer.seasons) == (date(2024, 7, 2), ("2023-24", "2024-25"))


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"FROM": "14 March"}, "FROM=14 March"),
        ({"FROM": "2024-03-14", "TO": "2024-03-13"}, "TO=2024-03-13"),
        ({"FROM": "2024-03-14", "TO": "2024-04-14"}, "at most 31 dates"),
    ],
)
def test_a_wrong_variable_is_named(variables: dict[str, str], named: str) -> None:
    with pytest.raises(BadInputError, match=named):
        options_from({**ARCHIVE, **variables})


def test_output_goes_to_its_folder(tmp_path: Path) -> None:
    assert options_from({**ARCHIVE, "OUT": str(tmp_path)}).out == tmp_path
