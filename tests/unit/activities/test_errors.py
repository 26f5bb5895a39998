"""Errors of the library as Temporal failures: none is lost, and only transient ones are retried."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.errors import as_last_failure
from activities.heartbeats import blocking_activity
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
    """The failure of an activity that raises an error."""

    @blocking_activity
    def work() -> None:
        raise error

    with pytest.raises(ApplicationError) as failed:
        ActivityEnvironment().run(work)
    return failed.value


@pytest.mark.parametrize(
    "error",
    [TransportFault("connection reset"), StorageError("no room left"), WarehouseLockedError("open in process 7")],
)
def test_transient_errors_are_retried(error: TipoffError) -> None:
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
def test_errors_that_need_an_operator_are_not_retried(error: TipoffError) -> None:
    assert failure_of(error).non_retryable


def test_a_failure_names_the_error_and_its_type() -> None:
    failure = failure_of(ContractError("nbac_schedule", "leagueSchedule", "is missing"))
    assert (failure.type, failure.message) == ("ContractError", "nbac_schedule: leagueSchedule: is missing")


def test_a_failure_contains_no_api_key() -> None:
    failure = failure_of(TransportFault("https://api.the-odds-api.com/v4/sports?apiKey=0123456789: reset"))
    assert "0123456789" not in failure.message


def test_an_unexpected_error_is_raised_unchanged() -> None:
    @blocking_activity
    def work() -> None:
        raise ZeroDivisionError("division by zero")

    with pytest.raises(ZeroDivisionError):
        ActivityEnvironment().run(work)


@pytest.mark.parametrize(
    ("lost_workers", "text"),
    [(0, "the disk is full"), (2, "the disk is full (workers also died 2 times while it ran)")],
)
def test_the_last_failure_says_how_often_workers_died_and_is_not_retried(lost_workers: int, text: str) -> None:
    failure = as_last_failure(StorageError("the disk is full"), lost_workers)
    assert (failure.message, failure.type, failure.non_retryable) == (text, "StorageError", True)
