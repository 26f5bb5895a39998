"""Translates errors of BigQuery into what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from typing import Any, Final

import requests
from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, RetryError
from google.auth.exceptions import GoogleAuthError

from tipoff.errors import BadInputError, ConcurrentUpdateError, ConfigurationError, StorageError, TipoffError
from tipoff.vocabulary import shortened
from tipoff.warehouse.bigquery_sql import ABANDONED_MINUTES

_APPLY: Final = "run `starter.py warehouse apply`"

TRANSIENT: Final = frozenset({"backendError", "internalError", "rateLimitExceeded", "jobBackendError"})
"""Reasons of errors that pass: a job that ended so may be run again."""

_BY_MESSAGE: Final[tuple[tuple[str, type[TipoffError], str], ...]] = (
    (
        r"bytes billed|bytesBilledLimitExceeded",
        ConfigurationError,
        "the statement would read more than bigquery_maximum_gigabytes; raise it in tipoff.toml, or read fewer dates",
    ),
    (
        r"without a filter over column",
        BadInputError,
        "the statement reads a table without a filter on game_date; add one to its SQL",
    ),
    (
        r"concurrent update|Could not serialize access",
        ConcurrentUpdateError,
        "another worker was writing at the same time, and nothing was written; retry the step"
        f" (the session of a killed worker is ended after {ABANDONED_MINUTES} minutes)",
    ),
    (r"Not found: Table .* in location", ConfigurationError, f"a table is missing; {_APPLY}"),
    (
        r"not found in location|location [\w-]+ does not|Cannot read and write in different locations",
        ConfigurationError,
        f"the dataset is not in bigquery_location; set it in tipoff.toml to the dataset's location, or {_APPLY}",
    ),
)
"""Pattern of the reason and message -> error and what to do; the first match counts."""

_BY_REASON: Final[Mapping[str, tuple[type[TipoffError], str]]] = {
    "quotaExceeded": (
        StorageError,
        "a quota is used up; wait until it is renewed or ask Google to raise it, then retry",
    ),
    "billingNotEnabled": (ConfigurationError, "the project has no billing account; link one"),
    "notFound": (ConfigurationError, f"the project, dataset or table does not exist; check the URL, then {_APPLY}"),
    "accessDenied": (
        ConfigurationError,
        "permission denied; grant this account the roles BigQuery User on the project and BigQuery Data Editor on both"
        " datasets",
    ),
    "invalidQuery": (BadInputError, "the statement is rejected and nothing was written; correct it"),
    "invalid": (BadInputError, "the request is rejected and nothing was written; correct it"),
    "stopped": (StorageError, "the job was cancelled or ran too long, and nothing was written; retry the step"),
    "conditionNotMet": (StorageError, "the table changed at the same time, and nothing was written; run it again"),
}

_REASON_OF_STATUS: Final = {
    400: "invalid",
    401: "accessDenied",
    403: "accessDenied",
    404: "notFound",
    412: "conditionNotMet",
}


@contextmanager
def translated_errors(where: str) -> Iterator[None]:
    """Raise what the client raises as an error that says what to do; `where` names the warehouse or table.

    Raises ConfigurationError, BadInputError or StorageError.
    """
    try:
        yield
    except GoogleAuthError as error:
        raise ConfigurationError(
            f"no credentials for {where}: {_message(error)}; set GOOGLE_APPLICATION_CREDENTIALS to a service"
            " account's file"
        ) from error
    except (TimeoutError, FutureTimeoutError) as error:
        raise StorageError(
            f"{where}: BigQuery did not end the job in time, and it was cancelled; retry the step"
        ) from error
    except RetryError as error:
        raise _unavailable(where, error.cause or error) from error
    except GoogleAPICallError as error:
        raise _error_of_call(where, error) from error
    except (GoogleAPIError, requests.RequestException, OSError) as error:
        raise _unavailable(where, error) from error


def reason_of(error: GoogleAPICallError) -> str:
    """Return BigQuery's word for an error, such as "quotaExceeded"."""
    first: Mapping[str, Any] = error.errors[0] if error.errors and isinstance(error.errors[0], Mapping) else {}
    return str(first.get("reason") or _REASON_OF_STATUS.get(error.code or 0, ""))


def _error_of_call(where: str, error: GoogleAPICallError) -> TipoffError:
    reason, message = reason_of(error), _message(error)
    for pattern, kind, advice in _BY_MESSAGE:
        if re.search(pattern, f"{reason} {message}"):
            return kind(f"{where}: {advice} ({message})")
    if reason in _BY_REASON:
        kind, advice = _BY_REASON[reason]
        return kind(f"{where}: {advice} ({message})")
    return _unavailable(where, error)


def _unavailable(where: str, error: BaseException) -> StorageError:
    return StorageError(f"{where}: BigQuery failed: {_message(error)}; retry the step later")


def _message(error: BaseException) -> str:
    """Return the first line of Google's message, without the request's method and URL."""
    text = str(getattr(error, "message", "") or error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    return shortened(re.sub(r"^(GET|POST|PUT|PATCH|DELETE) \S+ ", "", first), 300)
