"""The contracts of the validation of a date, and of the service levels."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime

from tipoff.vocabulary import Frozen


class ServiceLevelsRequest(Frozen):
    """Measure the service levels of dates."""

    first_date: date
    last_date: date


class ValidateRequest(Frozen):
    """Validate a date as of a time."""

    game_date: date
    as_of: AwareDatetime
