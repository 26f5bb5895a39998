"""One poll of a source: send its requests, judge the responses, land them, and report. No warehouse, no clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from tipoff.errors import BodyTooLargeError, InvalidRequestError, TipoffError, TransportFault
from tipoff.landing.base import Batch, BatchItem, FetchRecord, well_formed_etag
from tipoff.landing.landing import Landing
from tipoff.redaction import redact
from tipoff.sources.base import Judgement, Request, Response, Slate, Source, Transport
from tipoff.sources.budget import Budget, affordable_requests, credits_in_headers, paid_records
from tipoff.sources.outcomes import OUTCOME_POLICIES, OutcomePolicy, overall
from tipoff.sources.provider_ids import safe_ids
from tipoff.sources.providers import provider_of
from tipoff.sources.rate_limits import RateLimiter, cooldown_after
from tipoff.vocabulary import CollectReport, Outcome, Role, Route, clock_time, counted, shortened

EVIDENCE_CAP_BYTES = 1024 * 1024
"""A refused web page is landed up to this size, as evidence for an operator."""
_DATA_SUFFIXES = frozenset({"json", "pdf"})
"""Refused data are landed whatever their size: what is wrong stands in them."""
_PAGE_SUFFIXES = (".html", ".xml")
_REFUSAL_LENGTH = 225
"""Longest reason that names its file, so that the reasons of several games fit into a status."""
MAX_SILENT_REQUESTS = 2
"""After so many requests in a row without a response the rest is not sent: each may take a whole time-out."""
LONGEST_WAIT = timedelta(minutes=30)
"""Fallback sources are polled at once when the primary source is in cooldown for longer."""
_COMPLETE_STATUSES = (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
_MAX_LABELS = 3


class _Result(NamedTuple):
    """The result of one request: its manifest record, and what only this poll needs to know."""

    record: FetchRecord
    new: bool = False
    retry_at: datetime | None = None
    credits_remaining: int | None = None
    address_blocked: str = ""
    """What operators should know of a block that another route gets around."""

    @property
    def host(self) -> str:
        return urlsplit(self.record.url).netloc

    @property
    def policy(self) -> OutcomePolicy:
        return OUTCOME_POLICIES[self.record.outcome]

    @property
    def is_silent(self) -> bool:
        """Whether a request was sent and no response arrived."""
        return self.record.status is None and self.record.outcome is not Outcome.BAD_REQUEST

    @property
    def obstacle(self) -> str:
        """What keeps data from this address and may not from another; empty: nothing."""
        if self.record.outcome is Outcome.BLOCKED:
            return self.record.reason
        if self.record.outcome is Outcome.PROVIDER_ERROR and self.record.status is None:
            return "no response"
        is_page = self.record.outcome is Outcome.WRONG_TYPE and (self.record.key or "").endswith(_PAGE_SUFFIXES)
        return "a page instead of data" if is_page else ""

    @property
    def is_proper_response(self) -> bool:
        """Whether the provider processed the request: no refusal, no server error, no page instead of data."""
        is_improper = self.policy.stop or self.policy.retry_now or self.record.outcome is Outcome.WRONG_TYPE
        return self.record.status is not None and not is_improper

    @property
    def usable(self) -> bool:
        return self.policy.usable

    @property
    def is_complete(self) -> bool:
        """Whether the response is usable and lacks nothing."""
        return self.usable and self.record.outcome is not Outcome.PARTIAL

    @property
    def needs_fallback(self) -> bool:
        """Whether fallback sources are polled at once: by the outcome, or because of a long cooldown."""
        long = self.retry_at is not None and self.retry_at > self.record.fetched_at + LONGEST_WAIT
        return self.policy.use_fallback or (self.policy.stop and long)


async def collect(
    source: Source,
    slate: Slate,
    as_of: datetime,
    provider_ids: Mapping[str, str],
    *,
    fetcher: Transport,
    landing: Landing,
    rate_limiter: RateLimiter,
    progress: Callable[[int, int], None],
    force: bool = False,
) -> CollectReport:
    """Poll a source: send its requests one after the other and land the responses.

    A request with a usable response of this very `as_of` is not sent again. Unless `force`, neither is a request about
    a game that the provider no longer has, nor a paid one that is not worth its price. `progress` gets the number of
    requests that are done and of all. Raises TransportFault when every request failed in a way that may pass.
    """
    provider_ids = safe_ids(provider_ids)
    requests = source.requests(slate, as_of, provider_ids)
    if not requests:
        return _without_requests(source, slate, as_of, provider_ids)
    budget = await rate_limiter.budget(source.provider.host) if any(request.credits for request in requests) else None
    poll = _Poll(
        source,
        slate,
        as_of,
        fetcher=fetcher,
        landing=landing,
        rate_limiter=rate_limiter,
        records=await _earlier_records(source, slate, as_of, requests, budget, landing),
        force=force,
    )
    affordable = poll.affordable_requests(requests, budget) if budget and not force else requests
    reused = poll.paid_results(request for request in requests if request not in affordable)
    results = reused + await poll.send(affordable, lambda done, of: progress(len(reused) + done, len(reused) + of))
    if all(result.policy.retry_now for result in results):
        raise TransportFault(f"no usable response; {_reason(results, slate)}")
    records = [result.record for result in results]
    dated = budget is not None
    batch_key = await asyncio.to_thread(land_batch, landing, source.name, slate.game_date, records, dated=dated)
    report = _report(slate, results, batch_key)
    return report.model_copy(update={"credits_warning": budget.warning}) if budget else report


async def _earlier_records(
    source: Source, slate: Slate, as_of: datetime, requests: Sequence[Request], budget: Budget | None, landing: Landing
) -> tuple[FetchRecord, ...]:
    """The date's manifest records; only those of `as_of` if no earlier response can be reused: reading all is slow."""
    reuses_earlier = any(request.game_id for request in requests) or budget or source.provider.conditional
    only_at = None if reuses_earlier else as_of
    return await asyncio.to_thread(landing.records, source.name, slate.game_date, only_at)


def _final_by_url(records: Iterable[FetchRecord]) -> dict[str, FetchRecord]:
    """Records of games that are gone for good."""
    return {record.url: record for record in records if record.game_id and OUTCOME_POLICIES[record.outcome].final}


def _with_etag_by_url(records: Iterable[FetchRecord]) -> dict[str, FetchRecord]:
    """Records of landed bodies that a conditional request can name."""
    complete = (record for record in records if record.status in _COMPLETE_STATUSES)
    return {record.url: record for record in complete if record.etag and record.key}


class _Poll:
    """Sends the requests of one poll and lands the responses."""

    def __init__(
        self,
        source: Source,
        slate: Slate,
        as_of: datetime,
        *,
        fetcher: Transport,
        landing: Landing,
        rate_limiter: RateLimiter,
        records: Iterable[FetchRecord],
        force: bool,
    ) -> None:
        self._source = source
        self._slate = slate
        self._as_of = as_of
        self._fetcher = fetcher
        self._landing = landing
        self._rate_limiter = rate_limiter
        self._records = [record for record in records if record.fetched_at <= as_of]
        self._usable = {record.url: record for record in self._records if OUTCOME_POLICIES[record.outcome].usable}
        # A betting event that has begun does not come back; the file of a finished game or a list still may.
        may_come_back = force or source.role is Role.POST or source.needs_ids_of is None
        self._final = {} if may_come_back else _final_by_url(self._records)
        self._with_etag = _with_etag_by_url(self._records) if source.provider.conditional else {}

    def affordable_requests(self, requests: Sequence[Request], budget: Budget) -> tuple[Request, ...]:
        """The paid requests that are worth their price now."""
        return affordable_requests(requests, self._slate, self._as_of, paid_records(self._records), budget)

    def paid_results(self, requests: Iterable[Request]) -> list[_Result]:
        """The last usable response, else the last response, of paid requests that are not sent again."""
        last = paid_records(self._records) | self._usable
        return [_Result(last[redact(request.url)]) for request in requests]

    async def send(self, requests: Sequence[Request], progress: Callable[[int, int], None]) -> list[_Result]:
        """Send requests and those of further pages.

        Of alternatives the first complete response counts, else the first usable one; no further ones are requested.
        If later ones are older, the first usable one counts.
        """
        results: list[_Result] = []
        queue = deque(requests)
        while queue:
            request = queue.popleft()
            results.append(await self._result(request, results))
            queue.extendleft(await self._next_page(request, results[-1]))
            progress(len(results), len(results) + len(queue))
            if self._source.requests_are_alternatives and self._is_enough(results[-1]):
                return results[-1:]
        usable = [result for result in results if result.usable]
        return usable[:1] if usable and self._source.requests_are_alternatives else results

    def _is_enough(self, result: _Result) -> bool:
        """Whether no further alternative is requested after a result."""
        return result.usable if self._source.later_requests_are_older else result.is_complete

    async def _result(self, request: Request, before: Sequence[_Result]) -> _Result:
        """The result of a request: landed before, refused without sending it, or fetched now."""
        landed = self._landed(request)
        if landed:
            return _Result(landed)
        unsent = _why_not_sent([result for result in before if result.host == request.host])
        if unsent:
            return _Result(self._record(request, unsent))
        return await self._send(request, before)

    async def _send(self, request: Request, before: Sequence[_Result]) -> _Result:
        """The result by the first available route; if something keeps data from that, by the other one at once."""
        routes = self._fetcher.routes(request.host)
        route = await self._rate_limiter.acquire(request, self._as_of, routes)
        if isinstance(route, Judgement):
            return _Result(self._record(request, route), retry_at=route.retry_at)
        result = await self._fetch(request, before, route)
        if len(routes) == 1 or not result.obstacle:
            return result
        other = await self._rate_limiter.acquire(request, self._as_of, routes, avoid=route)
        if isinstance(other, Judgement):
            return result._replace(retry_at=other.retry_at) if result.retry_at else result
        return await self._get_around(request, result, await self._fetch(request, before, other))

    async def _get_around(self, request: Request, failed: _Result, result: _Result) -> _Result:
        """The result by the other route, with an alert if the first route is blocked.

        No response, or a page instead of data, counts as a block of the first route if the other one gets a response.
        """
        reason = failed.obstacle
        if failed.record.outcome is not Outcome.BLOCKED:
            if not result.is_proper_response:
                return result
            block = Judgement(outcome=Outcome.BLOCKED, reason=f"{reason}, except by the {result.record.route} route")
            await self._rate_limiter.report(request, None, block, failed.record.route)
            reason = self._reason_of_block(block, failed.record.route, self._retry_at(request, block, None))
        alert = f"{request.host}: {reason}; requests use the {result.record.route} route until then"
        return result._replace(address_blocked=alert)

    def _landed(self, request: Request) -> FetchRecord | None:
        """A usable response of this very poll, or a response that is final."""
        url = redact(request.url)
        usable = self._usable.get(url)
        return usable if usable and usable.fetched_at == self._as_of else self._final.get(url)

    async def _fetch(self, request: Request, before: Sequence[_Result], route: Route) -> _Result:
        known = self._with_etag.get(redact(request.url))
        try:
            response = await self._fetcher.fetch(request, self._as_of, known.etag if known else None, route)
        except TransportFault as error:
            return await asyncio.to_thread(self._record_failure, request, Outcome.PROVIDER_ERROR, error, route)
        except InvalidRequestError as error:
            return await asyncio.to_thread(self._record_failure, request, Outcome.BAD_REQUEST, error, route)
        except BodyTooLargeError as error:
            return await asyncio.to_thread(self._record_failure, request, Outcome.WRONG_TYPE, error, route)
        full = await asyncio.to_thread(self._with_body, response, known)
        judgement = await asyncio.to_thread(self._judge, request, full, before)
        result = await asyncio.to_thread(self._land, request, full, judgement, response.status, route)
        # Reported once it is landed: a paid request must not be sent twice.
        await self._rate_limiter.report(request, response, judgement, route)
        return result

    async def _next_page(self, request: Request, result: _Result) -> tuple[Request, ...]:
        """The request of the next page, if there is one."""
        if not (self._source.paged and result.usable and result.record.key):
            return ()
        body = await asyncio.to_thread(self._landing.get, result.record.key)
        further = await asyncio.to_thread(self._source.next_page, request, body)
        return (further,) if further else ()

    def _with_body(self, response: Response, known: FetchRecord | None) -> Response:
        """The response; "304 Not Modified" gets the landed body."""
        if response.status != HTTPStatus.NOT_MODIFIED or known is None or known.key is None:
            return response
        headers = {"etag": known.etag or "", **response.headers}
        body = self._landing.get(known.key)
        return response.model_copy(update={"status": HTTPStatus.OK, "headers": headers, "body": body})

    def _judge(self, request: Request, response: Response, before: Sequence[_Result]) -> Judgement:
        """Judge a response. Access denied to one finished game is not a block (it may be off); twice in a row is."""
        judgement = self._source.judge(request, response, self._slate)
        in_a_row = bool(before) and before[-1].record.status == HTTPStatus.FORBIDDEN
        of_a_game = self._source.role is Role.POST and request.game_id and response.is_access_denied
        if judgement.outcome is Outcome.BLOCKED and of_a_game and not in_a_row:
            return Judgement(outcome=Outcome.NOT_PUBLISHED_YET, reason="access denied to this game alone")
        return judgement

    def _land(self, request: Request, response: Response, judgement: Judgement, status: int, route: Route) -> _Result:
        """Land the body, then its manifest record, so that a record never names a missing body."""
        retry_at = self._retry_at(request, judgement, response)
        if judgement.outcome is Outcome.BLOCKED:
            judgement = judgement.model_copy(update={"reason": self._reason_of_block(judgement, route, retry_at)})
        record, new, suffix = self._record(request, judgement, route), False, _suffix(response.body)
        policy = OUTCOME_POLICIES[judgement.outcome]
        is_kept = suffix in _DATA_SUFFIXES or policy.usable or len(response.body) <= EVIDENCE_CAP_BYTES
        if response.body and is_kept:
            landed = self._landing.put(self._source.name, self._slate.game_date, response.body, suffix)
            body = {"key": landed.key, "sha256": landed.sha256, "reason": _reason_with_key(judgement, landed.key)}
            record, new = record.model_copy(update=body), landed.new
        http = {"status": status, "bytes": len(response.body), "etag": well_formed_etag(response.headers.get("etag"))}
        record = record.model_copy(update=http)
        self._landing.record(record)
        return _Result(record, new, retry_at, credits_in_headers(response.headers, "remaining"))

    def _retry_at(self, request: Request, judgement: Judgement, response: Response | None) -> datetime | None:
        cooldown = cooldown_after(judgement, response, provider_of(request.host).rate_limit)
        return judgement.retry_at or (self._as_of + cooldown if cooldown else None)

    def _reason_of_block(self, judgement: Judgement, route: Route, until: datetime | None) -> str:
        end = f" until {clock_time(until, self._slate.game_date)}" if until else ""
        return f"{judgement.reason} ({route.address} is blocked{end})"

    def _record_failure(self, request: Request, outcome: Outcome, error: TipoffError, route: Route) -> _Result:
        reason = f"through the proxy: {error}" if route is Route.PROXY else str(error)
        record = self._record(request, Judgement(outcome=outcome, reason=reason), route)
        self._landing.record(record)
        return _Result(record)

    def _record(self, request: Request, judgement: Judgement, route: Route = Route.DIRECT) -> FetchRecord:
        return FetchRecord(
            source=self._source.name,
            game_date=self._slate.game_date,
            game_id=request.game_id,
            part=request.part,
            url=redact(request.url),
            route=route,
            outcome=judgement.outcome,
            reason=judgement.reason,
            fetched_at=self._as_of,
        )


def _reason_with_key(judgement: Judgement, key: str) -> str:
    """The reason of a judgement; if the response is of the wrong type, with the landed file to inspect."""
    if judgement.outcome is not Outcome.WRONG_TYPE:
        return judgement.reason
    where = f" (landed: {key})"
    return shortened(judgement.reason, _REFUSAL_LENGTH - len(where)) + where


def land_batch(
    landing: Landing, source: str, game_date: date, records: Iterable[FetchRecord], *, dated: bool = False
) -> str | None:
    """Land the list of a poll's usable responses in a stable order; its key, None when there is none.

    `dated`: responses of earlier polls may be among them, so each item gets its own time.
    """
    items = tuple(
        BatchItem(
            key=record.key,
            game_id=record.game_id,
            part=record.part,
            outcome=record.outcome,
            fetched_at=record.fetched_at if dated else None,
        )
        for record in sorted(readable_records(records), key=lambda record: (record.game_id or "", record.part))
    )
    if not items:
        return None
    batch = Batch(source=source, game_date=game_date, items=items)
    return landing.put(f"{source}/batches", game_date, batch.model_dump_json(indent=1).encode(), "json").key


def readable_records(records: Iterable[FetchRecord]) -> tuple[FetchRecord, ...]:
    """The records of a poll with a usable response.

    A game that lacks a page is left out: its other pages would pass for all its quotes. A page that failed first and
    succeeded later in the same poll is not lacking.
    """
    records = tuple(records)
    usable = {record.url for record in records if OUTCOME_POLICIES[record.outcome].usable}
    incomplete = {record.game_id for record in records if record.game_id and record.url not in usable}
    return tuple(
        record
        for record in records
        if record.key and OUTCOME_POLICIES[record.outcome].usable and record.game_id not in incomplete
    )


def _why_not_sent(before: Sequence[_Result]) -> Judgement | None:
    """Why no further request is sent to a host: it refused for good, or it is silent."""
    for result in before:
        if result.policy.stop:
            return Judgement(outcome=result.record.outcome, reason=f"not sent after: {result.record.reason}")
    last = before[-MAX_SILENT_REQUESTS:]
    if len(last) == MAX_SILENT_REQUESTS and all(result.is_silent for result in last):
        reason = f"not sent: no response to the {MAX_SILENT_REQUESTS} requests before"
        return Judgement(outcome=last[-1].record.outcome, reason=reason)
    return None


def _without_requests(source: Source, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> CollectReport:
    """The report of a poll without requests: the ids of games are missing, or no data are expected."""
    wanted = slate.games if source.role is Role.POST else slate.upcoming(as_of)
    unnamed = [game.label for game in wanted if game.game_id not in provider_ids]
    if source.needs_ids_of and unnamed:
        reason = f"not polled yet: {source.needs_ids_of} has no id of {', '.join(unnamed)}"
        return CollectReport(outcome=Outcome.NOT_PUBLISHED_YET, reason=reason)
    reason = source.idle_reason or _why_no_data_expected(source, slate, as_of)
    return CollectReport(outcome=Outcome.EMPTY_OK, reason=reason)


def _why_no_data_expected(source: Source, slate: Slate, as_of: datetime) -> str:
    if not slate.games:
        return "no data expected: there are no games"
    if source.role is Role.POST:
        return "no data expected yet: no game is due to be final"
    return "no data expected" if slate.upcoming(as_of) else "no data expected: every game has begun"


def _report(slate: Slate, results: Sequence[_Result], batch_key: str | None) -> CollectReport:
    remaining = [result.credits_remaining for result in results if result.credits_remaining is not None]
    refused = _refused(results)
    policy = OUTCOME_POLICIES[refused or Outcome.OK]
    return CollectReport(
        outcome=overall(result.record.outcome for result in results),
        reason="; ".join(filter(None, [shortened(_reason(results, slate)), policy.advice])),
        refused=refused,
        alert=bool(policy.advice),
        # One malformed request among many does not park the source: the others can still be sent.
        parks=policy.park and (policy.stop or batch_key is None),
        use_fallback=any(result.needs_fallback for result in results),
        batch_key=batch_key,
        requests=len(results),
        new_objects=sum(result.new for result in results),
        retry_at=max((result.retry_at for result in results if result.retry_at), default=None),
        missing_games=_missing_games(results),
        address_blocked=next((result.address_blocked for result in results if result.address_blocked), ""),
        credits_remaining=min(remaining, default=None),
    )


def _refused(results: Iterable[_Result]) -> Outcome | None:
    """The worst unusable outcome; data that are not published yet do not count."""
    unusable = {result.record.outcome for result in results if not result.usable} - {Outcome.NOT_PUBLISHED_YET}
    return overall(unusable) if unusable else None


def _missing_games(results: Iterable[_Result]) -> tuple[str, ...]:
    """Games with a request that has no usable response."""
    missing = (result.record.game_id for result in results if result.record.game_id and not result.usable)
    return tuple(dict.fromkeys(missing))


def _reason(results: Sequence[_Result], slate: Slate) -> str:
    """The results in a line: the problems, and the games or parts that have them; the manifest has each in full."""
    if len(results) == 1:
        return results[0].record.reason
    usable = sum(result.usable for result in results)
    problems: dict[Outcome, list[FetchRecord]] = {}
    for result in results:
        if result.record.outcome is Outcome.PARTIAL or not result.usable:
            problems.setdefault(result.record.outcome, []).append(result.record)
    if problems.keys() == {Outcome.NOT_PUBLISHED_YET} and not usable:
        requested = "games" if all(result.record.game_id for result in results) else "requests"
        return f"not published yet for any of {len(results)} {requested}"
    texts = [_problem(outcome, records, slate) for outcome, records in problems.items()]
    return "; ".join([f"{usable} of {counted(len(results), 'response')} usable", *texts])


def _problem(outcome: Outcome, records: Sequence[FetchRecord], slate: Slate) -> str:
    labels = {game.game_id: game.label for game in slate.games}
    names = _first_labels([labels.get(record.game_id or "", record.part or "response") for record in records])
    why = "" if outcome is Outcome.NOT_PUBLISHED_YET else f" ({records[0].reason})"
    return f"{outcome.words}: {names}{why}"


def _first_labels(labels: Sequence[str]) -> str:
    left = len(labels) - _MAX_LABELS
    return ", ".join(labels[:_MAX_LABELS]) + (f" and {left} more" if left > 0 else "")


_SIGNATURES = ((b"%PDF", "pdf"), (b"{", "json"), (b"[", "json"), (b"<?xml", "xml"), (b"<", "html"))


def _suffix(body: bytes) -> str:
    """File suffix of a body, by its first bytes."""
    opening = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((suffix for signature, suffix in _SIGNATURES if opening.startswith(signature)), "txt")
