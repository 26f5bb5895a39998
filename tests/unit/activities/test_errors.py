"""What becomes of the library's errors on their way to the server: none is lost, few are worth another try."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.errors import blocking
from tipoff.errors import (
    BadInputError,
    BodyTooLargeError,
    ConfigurationError,
    ContractError,
    NotEnoughDataError,
    StorageError,
    TipoffError,
    TransportFault,
    WarehouseLockedError,
)


def failure_of(error: Exception) -> ApplicationError:
    """What an activity that raises an error fails with."""

    @blocking
    def work() -> None:
        raise error

    with pytest.raises(ApplicationError) as failed:
        ActivityEnvironment().run(work)
    return failed.value


@pytest.mark.parametrize(
    "error",
    [TransportFault("connection reset"), StorageError("no room left"), WarehouseLockedError("open in process 7")],
)
def test_what_may_pass_by_itself_is_tried_again(error: TipoffError) -> None:
    assert not failure_of(error).non_retryable


@pytest.mark.parametrize(
    "error",
    [
        ContractError("nbac_schedule", "leagueSchedule", "is missing"),
        BadInputError("no such table"),
        ConfigurationError("no such store"),
        NotEnoughDataError("no rosters yet"),
        BodyTooLargeError("200 MB"),
    ],
)
def test_what_only_a_person_can_mend_is_not_tried_again(error: TipoffError) -> None:
    assert failure_of(error).non_retryable


def test_a_failure_says_what_happened_and_of_which_kind() -> None:
    failure = failure_of(ContractError("nbac_schedule", "leagueSchedule", "is missing"))
    assert (failure.type, failure.message) == ("ContractError", "nbac_schedule: leagueSchedule: is missing")


def test_a_failure_tells_the_server_no_key() -> None:
    failure = failure_of(TransportFault("https://api.the-odds-api.com/v4/sports?apiKey=0123456789: reset"))
    assert "0123456789" not in failure.message


def test_an_error_that_nobody_foresaw_reaches_the_server_as_it_is() -> None:
    @blocking
    def work() -> None:
        raise ZeroDivisionError("division by zero")

    with pytest.raises(ZeroDivisionError):
        ActivityEnvironment().run(work)
