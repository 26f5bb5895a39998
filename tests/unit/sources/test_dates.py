"""A date in any form that providers use."""

from datetime import date

import pytest

from tipoff.sources.dates import date_of


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-24", "20260124", "01/24/2026", "1/24/2026", " 2026-01-24 "),
        *("2026-01-24T00:00:00", "2026-01-24T23:30:00Z", "2026-01-24T08:00Z", "2026-01-24T23:30:00.000+02:00"),
        *("2026-01-24 00:00:00", "01/24/2026 00:00:00", "1/24/2026 12:00:00 AM", "01/24/2026  7:30 PM"),
    ],
)
def test_a_date_with_a_time_is_that_date(text: str) -> None:
    assert date_of(text) == date(2026, 1, 24)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "d",
        "2026-02-30",
        "2026-13-01",
        "0001-01-01",
        "2026-01",
        "2026-0124",
        "2026-01-24x",
        "2026-01-245",
        "24.1.2026",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|year|day|month"):
        date_of(text)
