"""What an answer means before anyone reads it, and what follows from each outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

from tipoff.sources.base import Judgement, Response
from tipoff.sources.json_payload import parsed
from tipoff.sources.pdf import problem_of_pdf
from tipoff.vocabulary import Frozen, Outcome

Expected = Literal["json", "pdf", "csv"]


class OutcomePolicy(Frozen):
    """What the day does about an outcome, besides looking again by the step's cadence, and what it tells a person."""

    usable: bool = False
    """The answer holds rows, or rightly none."""
    final: bool = False
    """What was asked about a game is not asked again today, unless a person wants it."""
    retry_now: bool = False
    """The fault passes in seconds: the activity raises and is tried again."""
    park: bool = False
    """Asking again changes nothing before a person acted."""
    stop: bool = False
    """Ask this provider nothing more in this look: it would refuse, or take it amiss."""
    cooldown: timedelta | Literal["cooldown"] | None = None
    """How long nobody asks this provider where it does not say itself; "cool_down": as its manners have it."""
    use_fallback: bool = False
    """Who stands in for the source is asked at once, and not only when it is late."""
    advice: str = ""
    """What a person should do, who is alerted; empty: nothing, the day helps itself."""


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
        advice="the provider refuses this address: let it cool down, or set a proxy for the host",
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
        advice="the provider does not know the key: set it right, then retry the step",
    ),
    Outcome.BAD_REQUEST: OutcomePolicy(
        park=True,
        use_fallback=True,
        advice="the provider does not understand the question: the source has to be mended",
    ),
    Outcome.WRONG_TYPE: OutcomePolicy(
        use_fallback=True,
        advice="not the kind of answer that is due: look at the landed file, it may be a block page",
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
"""Outcomes by how much a person has to do with them."""


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """One outcome for several answers: PARTIAL when some are usable and some are not, else the worst.

    Raises ValueError for no outcome at all.
    """
    found = set(outcomes)
    usable = {outcome for outcome in found if OUTCOME_POLICIES[outcome].usable}
    if usable and usable != found:
        return Outcome.PARTIAL
    return min(found, key=WORST_FIRST.index)


def classify(
    response: Response, expects: Expected, not_published_statuses: frozenset[int] = frozenset()
) -> Judgement | None:
    """What is alike for all providers, by status and kind of body; None: nothing is wrong at this level.

    `not_published_statuses`: statuses by which this provider says that the thing does not exist yet.
    """
    block_page = response.status == HTTPStatus.FORBIDDEN and _is_html(response.body)
    if response.status in not_published_statuses and not block_page:
        reason = f"HTTP {response.status}: not there yet"
        return Judgement(outcome=Outcome.NOT_PUBLISHED_YET, reason=reason, retry_at=retry_at(response))
    if response.status == HTTPStatus.OK:
        problem = _KINDS[expects](response.body)
        return Judgement(outcome=Outcome.WRONG_TYPE, reason=problem) if problem else None
    outcome = _outcome_of_status(response)
    return Judgement(outcome=outcome, reason=_reason(response), retry_at=retry_at(response))


def retry_at(response: Response) -> datetime | None:
    """When the provider's Retry-After (seconds or an HTTP date) says to come again; in a week at the latest."""
    said = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,18}", said):
        return response.fetched_at + timedelta(seconds=min(int(said), _LONGEST_WAIT.total_seconds()))
    try:
        moment = parsedate_to_datetime(said)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(aware, response.fetched_at + _LONGEST_WAIT).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_LONGEST_WAIT = timedelta(days=7)


def _outcome_of_status(response: Response) -> Outcome:
    status = response.status
    if status == HTTPStatus.UNAUTHORIZED:
        return Outcome.QUOTA_SPENT if _quota_spent(response) else Outcome.BAD_KEY
    if status == HTTPStatus.SERVICE_UNAVAILABLE and retry_at(response):
        return Outcome.THROTTLED
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    return _OF_CLASS.get(status // 100, Outcome.WRONG_TYPE)


_OF_STATUS: Mapping[int, Outcome] = {
    HTTPStatus.FORBIDDEN: Outcome.BLOCKED,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: Outcome.BLOCKED,
    HTTPStatus.NOT_FOUND: Outcome.GONE,
    HTTPStatus.GONE: Outcome.GONE,
    HTTPStatus.TOO_MANY_REQUESTS: Outcome.THROTTLED,
    HTTPStatus.REQUEST_TIMEOUT: Outcome.PROVIDER_ERROR,
    HTTPStatus.TOO_EARLY: Outcome.PROVIDER_ERROR,
}
# A success without content, or a redirect that leads off its host, is not what was asked for.
_OF_CLASS: Mapping[int, Outcome] = {4: Outcome.BAD_REQUEST, 5: Outcome.PROVIDER_ERROR}


def _quota_spent(response: Response) -> bool:
    return b"OUT_OF_USAGE_CREDITS" in response.body or response.headers.get("x-requests-remaining", "").strip() == "0"


def _reason(response: Response) -> str:
    said = _error_of_json(response.body) or _error_of_markup(response.body)
    return f"HTTP {response.status}" + (f": {said}" if said else "")


def _error_of_json(body: bytes) -> str:
    try:
        answer = parsed(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    said = answer.get("error_code") or answer.get("message") or answer.get("error") or ""
    return str(said)[:120]


def _error_of_markup(body: bytes) -> str:
    if b"AccessDenied" in body or b"Access Denied" in body:
        return "access denied"
    return "a web page" if _is_html(body) else ""


def _opening(body: bytes) -> bytes:
    return body[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()


def _is_html(body: bytes) -> bool:
    return _opening(body).startswith((b"<!doctype html", b"<html", b"<head"))


def _problem_of_json(body: bytes) -> str:
    if not body.strip():
        return "an empty body where JSON is due"
    if _opening(body).startswith(b"<"):
        return "a web page or XML where JSON is due"
    try:
        parsed(body)
    except (ValueError, RecursionError) as error:
        return f"JSON is due, and this is none or was cut short: {error}"[:200]
    return ""


def _problem_of_csv(body: bytes) -> str:
    opening = _opening(body)
    return "something else where CSV is due" if not opening or opening.startswith((b"<", b"{")) else ""


_KINDS: Mapping[Expected, Callable[[bytes], str]] = {
    "json": _problem_of_json,
    "pdf": problem_of_pdf,
    "csv": _problem_of_csv,
}
