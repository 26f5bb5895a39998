"""The outcome of a response by its status and kind of body, and the policy for each outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

from tipoff.sources.base import Judgement, Response
from tipoff.sources.pdf import problem_of_pdf
from tipoff.vocabulary import Frozen, Outcome

Expected = Literal["json", "pdf", "csv"]


class OutcomePolicy(Frozen):
    """What the day does about an outcome besides polling on by the step's cadence, and what an operator should do."""

    usable: bool = False
    """The response holds rows, or none are expected."""
    final: bool = False
    """A request about one game is not repeated today, unless an operator forces it."""
    retry_now: bool = False
    """The fault passes in seconds: the activity raises and is retried."""
    park: bool = False
    """The step parks: further polls are useless until an operator acts."""
    stop: bool = False
    """The poll sends this provider no further requests: it would refuse them, or block us."""
    cooldown: timedelta | Literal["cooldown"] | None = None
    """How long nobody polls the provider, unless it names a time itself; "cooldown": as its rate limit says."""
    use_fallback: bool = False
    """The fallback sources are polled at once, not only after the deadline."""
    advice: str = ""
    """What an alerted operator should do; empty: nothing, the day recovers by itself."""


OUTCOME_POLICIES: Mapping[Outcome, OutcomePolicy] = {
    Outcome.OK: OutcomePolicy(usable=True),
    Outcome.PARTIAL: OutcomePolicy(usable=True),
    Outcome.EMPTY_OK: OutcomePolicy(usable=True),
    Outcome.NOT_PUBLISHED_YET: OutcomePolicy(),
    Outcome.SUSPICIOUSLY_EMPTY: OutcomePolicy(),
    Outcome.STALE: OutcomePolicy(),
    Outcome.GONE: OutcomePolicy(final=True, use_fallback=True),
    Outcome.THROTTLED: OutcomePolicy(stop=True, cooldown=timedelta(minutes=5)),
    Outcome.BLOCKED: OutcomePolicy(
        stop=True,
        cooldown="cooldown",
        use_fallback=True,
        advice="the provider blocks this address: wait for the end of the cooldown, or set a proxy for the host",
    ),
    Outcome.QUOTA_SPENT: OutcomePolicy(
        park=True,
        stop=True,
        use_fallback=True,
        advice="the month's credits are used up: buy credits or wait for the new month, then retry the step",
    ),
    Outcome.BAD_KEY: OutcomePolicy(
        park=True,
        stop=True,
        use_fallback=True,
        advice="the provider rejects the API key: set a valid key, then retry the step",
    ),
    Outcome.BAD_REQUEST: OutcomePolicy(
        park=True,
        use_fallback=True,
        advice="the provider rejects the request as invalid: the source must be fixed",
    ),
    Outcome.WRONG_TYPE: OutcomePolicy(
        use_fallback=True,
        advice="the response is of an unexpected kind: read the landed file, it may be a block page",
    ),
    Outcome.PROVIDER_ERROR: OutcomePolicy(retry_now=True, use_fallback=True),
}


WORST_FIRST = (
    Outcome.BAD_KEY,
    Outcome.QUOTA_SPENT,
    Outcome.BAD_REQUEST,
    Outcome.BLOCKED,
    Outcome.THROTTLED,
    Outcome.PROVIDER_ERROR,
    Outcome.WRONG_TYPE,
    Outcome.SUSPICIOUSLY_EMPTY,
    Outcome.STALE,
    Outcome.NOT_PUBLISHED_YET,
    Outcome.GONE,
    Outcome.PARTIAL,
    Outcome.OK,
    Outcome.EMPTY_OK,
)
"""Outcomes by how much an operator has to do about them."""


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """One outcome for several responses: PARTIAL when only some are usable, else the worst.

    Raises ValueError without outcomes.
    """
    distinct = set(outcomes)
    usable = {outcome for outcome in distinct if OUTCOME_POLICIES[outcome].usable}
    if usable and usable != distinct:
        return Outcome.PARTIAL
    return min(distinct, key=WORST_FIRST.index)


def classify(
    response: Response, expects: Expected, not_published_statuses: frozenset[int] = frozenset()
) -> Judgement | None:
    """The judgement of a refusal or of a body of the wrong kind, the same for all providers; None: neither.

    `not_published_statuses`: statuses that mean "not published yet" at this provider.
    """
    block_page = response.status == HTTPStatus.FORBIDDEN and _is_html(response.body)
    if response.status in not_published_statuses and not block_page:
        reason = f"HTTP {response.status}: not published yet"
        return Judgement(outcome=Outcome.NOT_PUBLISHED_YET, reason=reason, retry_at=retry_at(response))
    if response.status == HTTPStatus.OK:
        problem = _BODY_CHECKS[expects](response)
        return Judgement(outcome=Outcome.WRONG_TYPE, reason=problem) if problem else None
    outcome = _outcome_of_status(response)
    return Judgement(outcome=outcome, reason=_reason(response), retry_at=retry_at(response))


def retry_at(response: Response) -> datetime | None:
    """The time in the Retry-After header (seconds or an HTTP date), at most a week ahead; None without one."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,18}", value):
        return response.fetched_at + timedelta(seconds=min(int(value), _MAX_WAIT.total_seconds()))
    try:
        time = parsedate_to_datetime(value)
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        return min(aware, response.fetched_at + _MAX_WAIT).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_MAX_WAIT = timedelta(days=7)


def _outcome_of_status(response: Response) -> Outcome:
    status = response.status
    if status == HTTPStatus.UNAUTHORIZED:
        return Outcome.QUOTA_SPENT if _quota_spent(response) else Outcome.BAD_KEY
    if status == HTTPStatus.SERVICE_UNAVAILABLE and retry_at(response):
        return Outcome.THROTTLED
    if status in _STATUS_OUTCOMES:
        return _STATUS_OUTCOMES[status]
    return _STATUS_CLASS_OUTCOMES.get(status // 100, Outcome.WRONG_TYPE)


_STATUS_OUTCOMES: Mapping[int, Outcome] = {
    HTTPStatus.FORBIDDEN: Outcome.BLOCKED,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: Outcome.BLOCKED,
    HTTPStatus.NOT_FOUND: Outcome.GONE,
    HTTPStatus.GONE: Outcome.GONE,
    HTTPStatus.TOO_MANY_REQUESTS: Outcome.THROTTLED,
    HTTPStatus.REQUEST_TIMEOUT: Outcome.PROVIDER_ERROR,
    HTTPStatus.TOO_EARLY: Outcome.PROVIDER_ERROR,
}
# Any other status, such as 204 or a redirect to another host, is WRONG_TYPE.
_STATUS_CLASS_OUTCOMES: Mapping[int, Outcome] = {4: Outcome.BAD_REQUEST, 5: Outcome.PROVIDER_ERROR}


def _quota_spent(response: Response) -> bool:
    return b"OUT_OF_USAGE_CREDITS" in response.body or response.headers.get("x-requests-remaining", "").strip() == "0"


def _reason(response: Response) -> str:
    message = _error_of_json(response) or _error_of_markup(response.body)
    return f"HTTP {response.status}" + (f": {message}" if message else "")


def _error_of_json(response: Response) -> str:
    try:
        document = response.json_document
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    return str(document.get("error_code") or document.get("message") or document.get("error") or "")[:120]


def _error_of_markup(body: bytes) -> str:
    if b"AccessDenied" in body or b"Access Denied" in body:
        return "access denied"
    return "a web page" if _is_html(body) else ""


def _opening(body: bytes) -> bytes:
    return body[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()


def _is_html(body: bytes) -> bool:
    return _opening(body).startswith((b"<!doctype html", b"<html", b"<head"))


def _problem_of_json(response: Response) -> str:
    if not response.body.strip():
        return "an empty body, expected JSON"
    if _opening(response.body).startswith(b"<"):
        return "a web page or XML, expected JSON"
    try:
        _ = response.json_document
    except (ValueError, RecursionError) as error:
        return f"not JSON, or cut short: {error}"[:200]
    return ""


def _problem_of_csv(response: Response) -> str:
    opening = _opening(response.body)
    return "not CSV" if not opening or opening.startswith((b"<", b"{")) else ""


_BODY_CHECKS: Mapping[Expected, Callable[[Response], str]] = {
    "json": _problem_of_json,
    "pdf": lambda response: problem_of_pdf(response.body),
    "csv": _problem_of_csv,
}
"""Why a body is not of an expected kind; empty when it is."""
