"""What all feeds share: a judgement in two steps, and a collector of rows that counts what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import ClassVar, NamedTuple, Protocol, TypeVar

from tipoff.errors import ContractError
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate, Source
from tipoff.sources.game_status import FINAL, LIVE, POSTPONED, SCHEDULED, UNKNOWN, GameStatus
from tipoff.sources.json_payload import ResultSet, path_pattern
from tipoff.sources.outcomes import OUTCOME_POLICIES, Expected, classify
from tipoff.sources.provider_ids import UNSAFE_ID, is_safe_id
from tipoff.sources.rejections import REPEATED
from tipoff.vocabulary import Outcome, SlateGame, counted, eastern


class Feed(Source):
    """A source whose response is first judged by status and kind of body, then by its content."""

    expects: ClassVar[Expected] = "json"
    not_published_statuses: ClassVar[frozenset[int]] = frozenset()
    """Statuses that mean "not published yet" at this provider."""

    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        refused = classify(response, self.expects, self.not_published_statuses)
        if refused:
            may_be_block = refused.outcome is Outcome.NOT_PUBLISHED_YET and response.is_access_denied
            is_block = may_be_block and self.is_published(request, response, slate)
            return judged(Outcome.BLOCKED, "access denied to a published file") if is_block else refused
        try:
            return self._judge_content(request, response, slate)
        except ContractError as error:
            return judged(Outcome.WRONG_TYPE, str(error))

    def _judge_content(self, request: Request, response: Response, slate: Slate) -> Judgement:
        """The judgement by the frame if it is not usable, else by what is read. An unreadable body is never usable."""
        by_frame = self.judge_frame(request, response, slate)
        if by_frame and not OUTCOME_POLICIES[by_frame.outcome].usable:
            return by_frame
        context = ReadContext(slate=slate, as_of=response.fetched_at, game_id=request.game_id, part=request.part)
        reading = self.read(response, context)
        return _partial_if_damaged(by_frame or self.judge_reading(request, response, slate, reading), reading)

    def is_published(self, request: Request, response: Response, slate: Slate) -> bool:
        """Whether the requested file must be published by now, so that a denied access means a block."""
        return False

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        """What a complete body of the expected kind means by its frame alone, such as another season's; None: read it.

        A ContractError is judged WRONG_TYPE.
        """
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        """What the rows and counts of a body mean that `judge_frame` left undecided.

        They are read without known players: no name is resolved.
        """
        raise NotImplementedError

    def origin(self, context: ReadContext) -> Row:
        """The columns `source` and `as_of` of a row."""
        return {"source": self.name, "as_of": context.as_of}


_ID_COLUMNS = ("game_id", "event_id")


class Element(Protocol):
    """An element of a list in a payload."""

    @property
    def path(self) -> str:
        """Such as "$.bookmakers[3]"."""


_Element = TypeVar("_Element", bound=Element)
_Read = TypeVar("_Read")
_Known = TypeVar("_Known")


def refuses(damaged: int, elements: int) -> bool:
    """Whether so many damaged elements of a kind make the whole response unreadable: more than half of them.

    A single odd element costs itself; a renamed or retyped field damages most elements and must stay loud.
    """
    return 2 * damaged > elements


def raise_if_most_are_damaged(errors: Sequence[ContractError], elements: int, kind: str) -> None:
    """Raise the first error when so many elements of a kind, such as "$.games[]", are damaged."""
    if refuses(len(errors), elements):
        share = f"{len(errors)} of {counted(elements, 'element')} of {kind} unreadable"
        raise ContractError(errors[0].source, errors[0].path, f"{errors[0].problem} ({share})")


class RowCollector:
    """Collects the rows of one payload, one per natural key, and counts what is left out by reason."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self._key = key
        self._rows: dict[tuple[object, ...], Row] = {}
        self._game_ranks: dict[tuple[object, ...], _GameRank] = {}
        self._rejected: Counter[str] = Counter()
        self._unknown_words: Counter[str] = Counter()
        self._unresolved: dict[tuple[str, ...], Row] = {}
        self._elements: Counter[str] = Counter()
        self._damage: dict[str, list[ContractError]] = {}
        self._incomplete: set[str] = set()
        self._left_out: list[ContractError] = []
        self._left_out_elsewhere: list[ContractError] = []

    @contextmanager
    def element(self, element: Element, kind: str = "") -> Iterator[None]:
        """Read one element of a list inside: a ContractError within it leaves out and counts this element only.

        `reading` raises the first error of a kind of element when most elements of this kind are damaged. `kind`: by
        default the list; a narrower one where most elements of the list are not needed, so that they are not read.
        """
        kind = kind or path_pattern(element.path)
        self._elements[kind] += 1
        try:
            yield
        except ContractError as error:
            self._count_damage(kind, element, error)

    def read_each(
        self,
        elements: Sequence[_Element],
        read: Callable[[_Element], _Read],
        if_damaged: Callable[[_Element], _Known] | None = None,
    ) -> list[_Read | _Known]:
        """What is read of each element of one list.

        A damaged one is counted and left out, or `if_damaged` returns what is known of it.
        """
        results: list[_Read | _Known] = []
        for element in elements:
            try:
                results.append(read(element))
            except ContractError as error:
                self._count_damage(path_pattern(element.path), element, error)
                results += [if_damaged(element)] if if_damaged else []
        if elements:
            self._elements[path_pattern(elements[0].path)] += len(elements)
        return results

    def count_rows(self, results: ResultSet) -> None:
        """Count the rows of a result set as elements, and its damaged ones. Call it after reading all columns."""
        kind = path_pattern(f"{results.path}[0]")
        self._elements[kind] += len(results)
        if results.damage:
            self._damage.setdefault(kind, []).extend(error for _, error in sorted(results.damage.items()))

    def _count_damage(self, kind: str, element: Element, error: ContractError) -> None:
        if not _is_within(error.path, element.path):
            raise error
        self._damage.setdefault(kind, []).append(error)

    def leave_out(self, error: ContractError, *, elsewhere: bool = False) -> None:
        """Count a damaged element, whatever their share. `elsewhere`: it does not matter to the slate."""
        (self._left_out_elsewhere if elsewhere else self._left_out).append(error)

    def keep(self, row: Row) -> None:
        """Add a row. The first row of a key stays, a later one counts as repeated.

        A row with an id that is not safe to use is left out: it costs its own entry only.
        """
        key = self._key_of(row)
        if not _has_safe_ids(row):
            self.reject(UNSAFE_ID)
        elif key in self._rows:
            self.reject(REPEATED)
        else:
            self._rows[key] = row

    def keep_game(self, row: Row, tip_off: datetime | None, as_of: datetime) -> None:
        """Add the row of a game, whose `status` is a GameStatus; an unknown one is reported.

        Of two rows of a key the better one by status and tip-off stays, the other one counts as repeated. A row with
        an id that is not safe to use is left out.
        """
        if not _has_safe_ids(row):
            self.reject(UNSAFE_ID)
            return
        status: GameStatus = row["status"]
        self.report_unknown(status)
        row = {**row, "status": status.status}
        key, rank = self._key_of(row), _game_rank(row, tip_off, as_of)
        if key in self._rows:
            self.reject(REPEATED)
        if key not in self._rows or rank > self._game_ranks[key]:
            self._rows[key], self._game_ranks[key] = row, rank

    def _key_of(self, row: Row) -> tuple[object, ...]:
        return tuple(row[column] for column in self._key)

    def report_unknown(self, status: GameStatus) -> None:
        """Count an entry whose status is unknown."""
        if status.unknown:
            self._unknown_words[status.unknown] += 1

    def reject(self, reason: str, count: int = 1) -> None:
        """Count entries that are left out."""
        if count:
            self._rejected[reason] += count

    def unresolved(self, row: Row) -> None:
        """Add an unresolved name, once for each game and team."""
        self._unresolved.setdefault((row["game_id"], row["team"], row["player_name"]), row)

    def incomplete(self, game_id: str) -> None:
        """Note that the rows of a game lack an unreadable entry that is needed."""
        self._incomplete.add(game_id)

    def reading(self, unknown_fields: tuple[str, ...] = (), provider_ids: Mapping[str, str] | None = None) -> Reading:
        """The collected rows and counts. Raises ContractError when most elements of a kind are damaged."""
        self._raise_if_most_are_damaged()
        return Reading(
            rows=tuple(self._rows.values()),
            incomplete_games=frozenset(self._incomplete),
            damaged=_count_by_path(chain(self._left_out, *self._damage.values())),
            damaged_elsewhere=_count_by_path(self._left_out_elsewhere),
            unresolved=tuple(self._unresolved.values()),
            rejected=dict(sorted(self._rejected.items())),
            provider_ids=provider_ids or {},
            unknown_words=dict(sorted(self._unknown_words.items())),
            unknown_fields=unknown_fields,
        )

    def _raise_if_most_are_damaged(self) -> None:
        for kind, errors in self._damage.items():
            raise_if_most_are_damaged(errors, self._elements[kind], kind)


def _count_by_path(errors: Iterable[ContractError]) -> dict[str, int]:
    """The first error of each field -> count of elements left out because of this field."""
    first: dict[str, str] = {}
    counts = Counter[str]()
    for error in errors:
        counts[first.setdefault(path_pattern(error.path), f"{error.path}: {error.problem}")] += 1
    return dict(sorted(counts.items()))


def _is_within(path: str, element: str) -> bool:
    return path == element or path.startswith((f"{element}.", f"{element}["))


def _has_safe_ids(row: Row) -> bool:
    return all(is_safe_id(row[column]) for column in _ID_COLUMNS if row.get(column) is not None)


_STATUS_RANKS = {status: rank for rank, status in enumerate((POSTPONED, UNKNOWN, SCHEDULED, LIVE, FINAL))}


class _GameRank(NamedTuple):
    """How well an entry states a game that a response has twice, by the first field that differs; more is better."""

    status: int
    to_come: bool
    """The tip-off is after the as-of time."""
    nearness: float
    """The nearest tip-off is best."""
    played: tuple[int, int]
    """Points and period."""
    content: str


def _game_rank(row: Row, tip_off: datetime | None, as_of: datetime) -> _GameRank:
    tip_off = tip_off or eastern(row["game_date"], 23, 59)  # not fixed: to come until the end of the date
    points = row.get("home_points", 0) + row.get("away_points", 0)
    return _GameRank(
        status=_STATUS_RANKS[row["status"]],
        to_come=tip_off > as_of,
        nearness=-abs((tip_off - as_of).total_seconds()),
        played=(points, row.get("period", 0)),
        content=repr(sorted(row.items())),
    )


def judged(outcome: Outcome, reason: str) -> Judgement:
    """A judgement without `retry_at`."""
    return Judgement(outcome=outcome, reason=reason)


def _partial_if_damaged(judgement: Judgement, reading: Reading) -> Judgement:
    """PARTIAL instead of OK for a reading without its damaged elements; the reason names the games or the first one."""
    if not reading.damaged or judgement.outcome not in (Outcome.OK, Outcome.PARTIAL):
        return judgement
    named = ", ".join(reading.unreadable_games) or f"the first: {next(iter(reading.damaged))}"
    return judged(Outcome.PARTIAL, f"{judgement.reason}; {sum(reading.damaged.values())} unreadable, {named}")


MAX_GAMES = 40
"""Games on a date; the league has at most 15."""
FULL_DATE = 3
"""From this many games on it is implausible that all of a date are postponed."""


def judged_implausible(statuses: Sequence[str], when: str) -> Judgement | None:
    """SUSPICIOUSLY_EMPTY for games of a date that cannot all be true; None when they are plausible.

    `when`: such as "on 2025-01-10", for the reason.
    """
    if len(statuses) > MAX_GAMES:
        games = f"{counted(len(statuses), 'game')} {when}"
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{games}, at most {MAX_GAMES} are plausible")
    if len(statuses) >= FULL_DATE and set(statuses) == {POSTPONED}:
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"all {counted(len(statuses), 'game')} {when} postponed")
    return None


def judged_by_games(expected: Iterable[SlateGame], present: Iterable[str], if_none: Judgement) -> Judgement:
    """OK when all expected games are present, PARTIAL with the missing ones, `if_none` when none is.

    `present`: game ids.
    """
    expected, present = tuple(expected), frozenset(present)
    missing = [game.label for game in expected if game.game_id not in present]
    if len(missing) == len(expected):
        return if_none
    if missing:
        share = f"{len(missing)} of {counted(len(expected), 'game')} missing"
        return judged(Outcome.PARTIAL, f"{share}: {', '.join(missing)}")
    return judged(Outcome.OK, counted(len(expected), "game"))
