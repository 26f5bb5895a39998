"""One look at a source: ask, judge, keep what came, and say what it was. No warehouse, no clock of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tipoff.errors import BodyTooLargeError, TipoffError, TransportFault
from tipoff.landing.base import Batch, BatchItem, FetchRecord, Landing
from tipoff.redaction import redact
from tipoff.sources.base import Judgement, Request, Response, Slate, Source
from tipoff.sources.budget import Budget, affordable_requests, credits_in_headers, paid_records
from tipoff.sources.outcomes import OUTCOME_POLICIES, overall
from tipoff.sources.providers import provider_of
from tipoff.sources.rate_limits import RateLimiter, cooldown_after
from tipoff.vocabulary import CollectReport, Outcome, Role, shortened

if TYPE_CHECKING:
    from tipoff.sources.fetcher import Fetcher

EVIDENCE_CAP_BYTES = 1024 * 1024
"""A refused web page is kept up to this size, for a person to look at."""
_DATA = frozenset({"json", "pdf"})
"""Refused, they are kept whatever their size: a season's answer is large, and what is wrong with it stands in it."""
_REFUSAL_LENGTH = 225
"""Characters of a reason that names its file, so that both fit into what a day tells of several games."""
SILENT_ANSWERS = 2
"""So many questions in a row without an answer, and the rest are not asked: each may take a whole time-out."""
LONGEST_WAIT = timedelta(minutes=30)
"""Who stands in for a source is not kept waiting longer by it."""
_WHOLE = (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
_NAMES_TOLD = 3


class _Answer(NamedTuple):
    """One question, as the manifest has it, and what only this look has to know of it."""

    record: FetchRecord
    new: bool = False
    retry_at: datetime | None = None
    credits_remaining: int | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.record.url).netloc

    @property
    def usable(self) -> bool:
        return OUTCOME_POLICIES[self.record.outcome].usable

    @property
    def needs_fallback(self) -> bool:
        """Whether another is asked at once: by what it means, or since its provider wants to be left alone for long."""
        decision = OUTCOME_POLICIES[self.record.outcome]
        long = self.retry_at is not None and self.retry_at > self.record.fetched_at + LONGEST_WAIT
        return decision.use_fallback or (decision.stop and long)


async def collect(
    source: Source,
    slate: Slate,
    as_of: datetime,
    provider_ids: Mapping[str, str],
    *,
    fetcher: Fetcher,
    landing: Landing,
    rate_limiter: RateLimiter,
    progress: Callable[[int, int], None],
    force: bool = False,
) -> CollectReport:
    """Ask a source all it has to be asked, one question after the other, and land the answers.

    Questions whose usable answer of this very `as_of` is landed already are not asked again. Unless a person wants them
    `anew`, nor are those about a game that has gone, and paid ones only where that is worth their price. `progress` is
    told (questions settled, questions). Raises TransportFault when not one question got a proper answer.
    """
    requests = source.requests(slate, as_of, provider_ids)
    if not requests:
        return _nothing_to_ask(source, slate, as_of, provider_ids)
    budget = await rate_limiter.budget(source.provider.host) if any(request.credits for request in requests) else None
    # A date's manifest are many files: of earlier looks it is read only where their answers may serve again.
    of_games = any(request.game_id for request in requests)
    moment = None if of_games or budget or source.provider.conditional else as_of
    records = await asyncio.to_thread(landing.records, source.name, slate.game_date, moment)
    poll = _Poll(
        source, slate, as_of, fetcher=fetcher, landing=landing, rate_limiter=rate_limiter, records=records, force=force
    )
    asked = poll.affordable_requests(requests, budget) if budget and not force else requests
    standing = poll.standing(request for request in requests if request not in asked)
    answers: list[_Answer] = []
    to_ask = deque(asked)
    while to_ask:
        request = to_ask.popleft()
        answers.append(await poll.settle(request, answers))
        to_ask.extendleft(await poll.next_page(request, answers[-1]))
        progress(len(standing) + len(answers), len(standing) + len(answers) + len(to_ask))
        if source.requests_are_alternatives and answers[-1].usable:
            answers = answers[-1:]
            break
    answers = standing + answers
    if all(OUTCOME_POLICIES[answer.record.outcome].retry_now for answer in answers):
        raise TransportFault(f"{source.name} {slate.game_date}: no proper answer; {_reason(answers, slate)}")
    answered = [answer.record for answer in answers]
    dated = budget is not None
    batch_key = await asyncio.to_thread(land_batch, landing, source.name, slate.game_date, answered, dated=dated)
    collected = _collected(slate, answers, batch_key)
    return collected.model_copy(update={"credits_warning": budget.warning}) if budget else collected


class _Poll:
    """A source, a slate and a moment, with the means to ask and to keep."""

    def __init__(
        self,
        source: Source,
        slate: Slate,
        as_of: datetime,
        *,
        fetcher: Fetcher,
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
        final = (record for record in self._records if record.game_id and OUTCOME_POLICIES[record.outcome].final)
        # An event that has begun does not come back; the file of a finished game or a list may still come.
        asked_again = force or source.role is Role.POST or source.needs_ids_of is None
        self._final = {} if asked_again else {record.url: record for record in final}
        whole = [record for record in self._records if record.etag and record.key and record.status in _WHOLE]
        self._known = {record.url: record for record in whole if source.provider.conditional}

    def affordable_requests(self, requests: Sequence[Request], budget: Budget) -> tuple[Request, ...]:
        """The paid questions that are worth their price now."""
        return affordable_requests(requests, self._slate, self._as_of, paid_records(self._records), budget)

    def standing(self, requests: Iterable[Request]) -> list[_Answer]:
        """What was paid for before and is not asked again: the last usable answer, where there is any."""
        last = paid_records(self._records) | self._usable
        return [_Answer(last[redact(request.url)]) for request in requests]

    async def settle(self, request: Request, before: Sequence[_Answer]) -> _Answer:
        """The answer to a question: one of this look or for good, none where asking is no use, or a fresh one."""
        url = redact(request.url)
        settled = self._usable.get(url)
        if settled and settled.fetched_at == self._as_of:
            return _Answer(settled)
        if url in self._final:
            return _Answer(self._final[url])
        why_not = _why_not_ask([answer for answer in before if answer.host == request.host])
        if why_not:
            return _Answer(self._record(request, why_not))
        refusal = await self._rate_limiter.acquire(request, self._as_of)
        if refusal:
            return _Answer(self._record(request, refusal), retry_at=refusal.retry_at)
        known = self._known.get(url)
        try:
            response = await self._fetcher.fetch(request, self._as_of, known.etag if known else None)
        except TransportFault as error:
            return await asyncio.to_thread(self._keep_fault, request, Outcome.PROVIDER_ERROR, error)
        except BodyTooLargeError as error:
            return await asyncio.to_thread(self._keep_fault, request, Outcome.WRONG_TYPE, error)
        whole = await asyncio.to_thread(self._whole, response, known)
        judgement = await asyncio.to_thread(self._judge, request, whole, before)
        answer = await asyncio.to_thread(self._keep, request, whole, judgement, response.status)
        await self._rate_limiter.report(
            request, response, judgement
        )  # once it is kept: a paid answer is not asked for twice
        return answer

    async def next_page(self, request: Request, answer: _Answer) -> tuple[Request, ...]:
        """What is asked next where the answer is one page of several."""
        if not (self._source.paged and answer.usable and answer.record.key):
            return ()
        body = await asyncio.to_thread(self._landing.get, answer.record.key)
        further = await asyncio.to_thread(self._source.next_page, request, body)
        return (further,) if further else ()

    def _whole(self, response: Response, known: FetchRecord | None) -> Response:
        """The answer; with the landed body where the provider says that it is still the one."""
        if response.status != HTTPStatus.NOT_MODIFIED or known is None or known.key is None:
            return response
        headers = {"etag": known.etag or "", **response.headers}
        body = self._landing.get(known.key)
        return response.model_copy(update={"status": HTTPStatus.OK, "headers": headers, "body": body})

    def _judge(self, request: Request, response: Response, before: Sequence[_Answer]) -> Judgement:
        """One finished game's file denied alone is not there, as of a game called off; two in a row are a block."""
        judgement = self._source.judge(request, response, self._slate)
        in_a_row = bool(before) and before[-1].record.status == HTTPStatus.FORBIDDEN
        of_a_game = self._source.role is Role.POST and request.game_id and response.is_access_denied
        if judgement.outcome is Outcome.BLOCKED and of_a_game and not in_a_row:
            return Judgement(outcome=Outcome.NOT_PUBLISHED_YET, reason="access denied to this game alone")
        return judgement

    def _keep(self, request: Request, response: Response, judgement: Judgement, status: int) -> _Answer:
        """Land the body, then the manifest line, so that a line never names a body that is not there."""
        record, new, suffix = self._record(request, judgement), False, _suffix(response.body)
        is_kept = (
            suffix in _DATA or OUTCOME_POLICIES[judgement.outcome].usable or len(response.body) <= EVIDENCE_CAP_BYTES
        )
        if response.body and is_kept:
            landed = self._landing.put(self._source.name, self._slate.game_date, response.body, suffix)
            found = {"key": landed.key, "sha256": landed.sha256, "reason": _where(judgement, landed.key)}
            record, new = record.model_copy(update=found), landed.new
        told = {"status": status, "bytes": len(response.body), "etag": response.headers.get("etag")}
        record = record.model_copy(update=told)
        self._landing.record(record)
        cooldown = cooldown_after(judgement, response, provider_of(request.host).rate_limit)
        retry_at = judgement.retry_at or (self._as_of + cooldown if cooldown else None)
        return _Answer(record, new, retry_at, credits_in_headers(response.headers, "remaining"))

    def _keep_fault(self, request: Request, outcome: Outcome, error: TipoffError) -> _Answer:
        record = self._record(request, Judgement(outcome=outcome, reason=str(error)))
        self._landing.record(record)
        return _Answer(record)

    def _record(self, request: Request, judgement: Judgement) -> FetchRecord:
        return FetchRecord(
            source=self._source.name,
            game_date=self._slate.game_date,
            game_id=request.game_id,
            part=request.part,
            url=redact(request.url),
            outcome=judgement.outcome,
            reason=judgement.reason,
            fetched_at=self._as_of,
        )


def _where(judgement: Judgement, key: str) -> str:
    """The reason; of an answer that is not what was due with the file that a person should look at."""
    if judgement.outcome is not Outcome.WRONG_TYPE:
        return judgement.reason
    told = f" (landed: {key})"
    return shortened(judgement.reason, _REFUSAL_LENGTH - len(told)) + told


def land_batch(
    landing: Landing, source: str, game_date: date, records: Iterable[FetchRecord], *, dated: bool = False
) -> str | None:
    """Land the list of a look's usable answers, in an order of its own; None when there is none.

    `dated`: answers of earlier looks may stand among them, so each says when it came.
    A game of whose pages one is lacking is left out: the others would be taken for all that is quoted. A page that was
    refused and had at a second try of the same look is not lacking.
    """
    records = tuple(records)
    had = {record.url for record in records if OUTCOME_POLICIES[record.outcome].usable}
    cut = {record.game_id for record in records if record.game_id and record.url not in had}
    items = tuple(
        BatchItem(
            key=record.key,
            game_id=record.game_id,
            part=record.part,
            outcome=record.outcome,
            fetched_at=record.fetched_at if dated else None,
        )
        for record in sorted(records, key=lambda record: (record.game_id or "", record.part))
        if record.key and OUTCOME_POLICIES[record.outcome].usable and record.game_id not in cut
    )
    if not items:
        return None
    batch = Batch(source=source, game_date=game_date, items=items)
    return landing.put(f"{source}/batches", game_date, batch.model_dump_json(indent=1).encode(), "json").key


def _why_not_ask(before: Sequence[_Answer]) -> Judgement | None:
    """Why a host that answered so before is asked nothing more: it refused in a way that stays, or it is silent."""
    for answer in before:
        if OUTCOME_POLICIES[answer.record.outcome].stop:
            return Judgement(outcome=answer.record.outcome, reason=f"not asked after: {answer.record.reason}")
    last = before[-SILENT_ANSWERS:]
    if len(last) == SILENT_ANSWERS and all(answer.record.status is None for answer in last):
        return Judgement(outcome=last[-1].record.outcome, reason="not asked: no whole answer to the questions before")
    return None


def _nothing_to_ask(source: Source, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> CollectReport:
    """A wait where only the ids are lacking; else there is rightly nothing: no games, or it is too late for them."""
    wanted = slate.games if source.role is Role.POST else slate.upcoming(as_of)
    unnamed = [game.label for game in wanted if game.game_id not in provider_ids]
    if source.needs_ids_of and unnamed:
        reason = f"nothing to ask yet: {source.needs_ids_of} has not named {', '.join(unnamed)}"
        return CollectReport(outcome=Outcome.NOT_PUBLISHED_YET, reason=reason)
    return CollectReport(outcome=Outcome.EMPTY_OK, reason=source.idle_reason or _why_nothing(source, slate, as_of))


def _why_nothing(source: Source, slate: Slate, as_of: datetime) -> str:
    if not slate.games:
        return "nothing to ask: there are no games"
    if source.role is Role.POST:
        return "nothing to ask yet: no game is due to be final"
    return "nothing to ask" if slate.upcoming(as_of) else "nothing to ask: every game has begun"


def _collected(slate: Slate, answers: Sequence[_Answer], batch_key: str | None) -> CollectReport:
    told = [answer.credits_remaining for answer in answers if answer.credits_remaining is not None]
    refused = _refused(answers)
    decision = OUTCOME_POLICIES[refused or Outcome.OK]
    return CollectReport(
        outcome=overall(answer.record.outcome for answer in answers),
        reason="; ".join(filter(None, [shortened(_reason(answers, slate)), decision.advice])),
        refused=refused,
        alert=bool(decision.advice),
        # A question in a hundred that is not understood leaves the others to be asked.
        parks=decision.park and (decision.stop or batch_key is None),
        use_fallback=any(answer.needs_fallback for answer in answers),
        batch_key=batch_key,
        requests=len(answers),
        new_objects=sum(answer.new for answer in answers),
        retry_at=max((answer.retry_at for answer in answers if answer.retry_at), default=None),
        missing_games=_missing_games(answers),
        credits_remaining=min(told, default=None),
    )


def _refused(answers: Iterable[_Answer]) -> Outcome | None:
    """The worst of what was refused; what is not published yet was not."""
    unusable = {answer.record.outcome for answer in answers if not answer.usable} - {Outcome.NOT_PUBLISHED_YET}
    return overall(unusable) if unusable else None


def _missing_games(answers: Iterable[_Answer]) -> tuple[str, ...]:
    """Those with a question that has no usable answer."""
    cut = (answer.record.game_id for answer in answers if answer.record.game_id and not answer.usable)
    return tuple(dict.fromkeys(cut))


def _reason(answers: Sequence[_Answer], slate: Slate) -> str:
    """The answers in a line: what kind of trouble, and with which games or parts; the manifest has each in full."""
    if len(answers) == 1:
        return answers[0].record.reason
    usable = sum(answer.usable for answer in answers)
    labels = {game.game_id: game.label for game in slate.games}
    trouble: dict[Outcome, list[FetchRecord]] = {}
    for answer in answers:
        if answer.record.outcome is Outcome.PARTIAL or not answer.usable:
            trouble.setdefault(answer.record.outcome, []).append(answer.record)
    told = [
        f"{outcome.replace('_', ' ')}: "
        + _listed([labels.get(record.game_id or "", record.part or "answer") for record in records])
        + ("" if outcome is Outcome.NOT_PUBLISHED_YET else f" ({records[0].reason})")
        for outcome, records in trouble.items()
    ]
    return "; ".join([f"{usable} of {len(answers)} answers usable", *told])


def _listed(names: Sequence[str]) -> str:
    left = len(names) - _NAMES_TOLD
    return ", ".join(names[:_NAMES_TOLD]) + (f" and {left} more" if left > 0 else "")


_SIGNS = ((b"%PDF", "pdf"), (b"{", "json"), (b"[", "json"), (b"<?xml", "xml"), (b"<", "html"))


def _suffix(body: bytes) -> str:
    """What a person's programs take the body for."""
    opening = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((suffix for sign, suffix in _SIGNS if opening.startswith(sign)), "txt")
