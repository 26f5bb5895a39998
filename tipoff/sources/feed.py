"""What the feeds share: judging in two steps, and gathering rows with an account of what is left out."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar

from tipoff.errors import ContractError
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate, Source
from tipoff.sources.outcomes import Expected, classify
from tipoff.vocabulary import Outcome, SlateGame


class Feed(Source):
    """A source whose answer is first judged as any provider's, then by what it says."""

    expects: ClassVar[Expected] = "json"
    not_published_statuses: ClassVar[frozenset[int]] = frozenset()
    """Statuses by which the provider says that the thing does not exist yet."""

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        refused = classify(response, self.expects, self.not_published_statuses)
        if refused:
            may_be_block = refused.outcome is Outcome.NOT_PUBLISHED_YET and response.is_denied
            is_block = may_be_block and self.is_published(request, response, slate)
            return judged(Outcome.BLOCKED, "access denied to what is out for sure") if is_block else refused
        try:
            return self.judge_body(request, response, slate)
        except ContractError as error:
            return judged(Outcome.WRONG_TYPE, str(error))

    def is_published(self, request: Request, response: Response, slate: Slate) -> bool:
        """Whether what was asked for is there for sure: to be denied it is no "not yet", the address is blocked."""
        return False

    @abstractmethod
    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        """What a whole answer of the right kind means. A ContractError makes it the wrong kind after all."""

    def origin(self, context: ReadContext) -> Row:
        """The columns that say where a row comes from."""
        return {"source": self.name, "as_of": context.as_of}


class RowCollector:
    """Rows of one answer, one per key, and what is left out, counted by reason."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self._key = key
        self._rows: dict[tuple[object, ...], Row] = {}
        self._rejected: Counter[str] = Counter()
        self._unresolved: dict[tuple[str, ...], Row] = {}

    def keep(self, row: Row) -> None:
        """Add a row; the first of a key stays, a later one is counted as repeated."""
        key = tuple(row[column] for column in self._key)
        if key in self._rows:
            self.reject("repeated")
        else:
            self._rows[key] = row

    def reject(self, reason: str, count: int = 1) -> None:
        """Count what is left out."""
        if count:
            self._rejected[reason] += count

    def unresolved(self, row: Row) -> None:
        """Add a name that no player answers to, once a game and team: two of one name may be two men."""
        self._unresolved.setdefault((row["game_id"], row["team"], row["player_name"]), row)

    def reading(self, unknown_fields: tuple[str, ...] = (), provider_ids: Mapping[str, str] | None = None) -> Reading:
        """All of it."""
        return Reading(
            rows=tuple(self._rows.values()),
            unresolved=tuple(self._unresolved.values()),
            rejected=dict(sorted(self._rejected.items())),
            provider_ids=provider_ids or {},
            unknown_fields=unknown_fields,
        )


def judged(outcome: Outcome, reason: str) -> Judgement:
    """A judgement without a moment to come again."""
    return Judgement(outcome=outcome, reason=reason)


def judged_by_games(wanted: Iterable[SlateGame], there: Iterable[str], nothing: Judgement) -> Judgement:
    """OK when all wanted games are there, PARTIAL naming the missing ones, `nothing` when none is."""
    wanted, there = tuple(wanted), frozenset(there)
    missing = [game.label for game in wanted if game.game_id not in there]
    if len(missing) == len(wanted):
        return nothing
    if missing:
        return judged(Outcome.PARTIAL, f"missing: {', '.join(missing)}")
    return judged(Outcome.OK, f"{len(wanted)} games")
