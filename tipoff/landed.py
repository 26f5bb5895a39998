"""What was landed by a time, as one batch: a past date requests nothing that speaks about a later time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from tipoff.collecting import land_batch, readable_records
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.sources.base import Slate, Source
from tipoff.sources.outcomes import overall
from tipoff.vocabulary import CollectReport, Outcome, clock_time, counted
from tipoff.warehouse.tables import TABLES


def collect_landed(source: Source, slate: Slate, by: datetime, landing: Landing) -> CollectReport:
    """A batch of the usable responses that were fetched by a time. No request is sent.

    A table that keeps every snapshot gets all of them, any other table the newest response to each request.
    """
    earlier = (record for record in landing.records(source.name, slate.game_date) if record.fetched_at <= by)
    polls = groupby(earlier, key=lambda record: record.fetched_at)
    records = [record for _, poll in polls for record in readable_records(poll)]
    if not TABLES[source.table].append_only:
        records = _newest(records)
    key = land_batch(landing, source.name, slate.game_date, records, dated=True)
    if key is None:
        reason = f"nothing was landed by {clock_time(by, slate.game_date)}, before the games"
        return CollectReport(outcome=Outcome.NOT_PUBLISHED_YET, reason=reason, use_fallback=True)
    reason = f"{counted(len(records), 'response')} landed before the games"
    outcome = overall(record.outcome for record in records)
    return CollectReport(outcome=outcome, reason=reason, use_fallback=True, batch_key=key)


def _newest(records: Iterable[FetchRecord]) -> list[FetchRecord]:
    """The newest record of each request; `records` are sorted by time."""
    return list({(record.game_id, record.part, record.url): record for record in records}.values())
