"""The date in a provider's text, in any of the forms that providers use."""

import re
from datetime import date

_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)")
_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})")
_TIME = re.compile(r"[T ]+\d{1,2}:?\d\d.*")
"""What may follow a date. It has no meaning: the text is that date, whatever its time and zone."""
PLAUSIBLE_YEARS = range(1900, 2200)


def date_of(text: str) -> date:
    """The date of "2025-01-24", "20250124" or "01/24/2025", also when a time follows it.

    Raises ValueError for another text and for an implausible year.
    """
    text = text.strip()
    match = _YEAR_FIRST.match(text) or _MONTH_FIRST.match(text)
    if match is None or not (match.end() == len(text) or _TIME.fullmatch(text, match.end())):
        raise ValueError(f"{text[:30]!r} is not a date")
    if int(match["year"]) not in PLAUSIBLE_YEARS:
        raise ValueError(f"{text[:30]!r} is not of a plausible year")
    return date(int(match["year"]), int(match["month"]), int(match["day"]))
