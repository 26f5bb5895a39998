"""What a source is: a description of what to ask, how to judge the answer and how to read rows out of it.

A source never touches network, disk or clock; the fetcher, landing and the as-of time do that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import AwareDatetime

from tipoff.sources.providers import Provider
from tipoff.vocabulary import Frozen, Outcome, Role, SlateGame

Row = dict[str, Any]
ReplacedRows = Mapping[str, str | date | list[str] | tuple[date, date]]
"""Which rows of a table a reading replaces: column -> equal to, one of, or from first to last date."""


class Slate(Frozen):
    """The games of a date, as every source is asked about them."""

    game_date: date
    games: tuple[SlateGame, ...] = ()

    def upcoming(self, moment: datetime) -> tuple[SlateGame, ...]:
        """The games that have not begun."""
        return tuple(game for game in self.games if game.tip_off > moment)


class Request(Frozen):
    """One question to a provider. `params` hold no secret: the fetcher adds the provider's key as it asks."""

    host: str
    path: str
    params: Mapping[str, str | tuple[str, ...]] = {}
    """A name with several values is said once for each."""
    game_id: str | None = None
    """The game asked about, where the question is about one."""
    part: str = ""
    """What tells this question from the source's others: a team, a season."""
    credits: int = 0
    """What the provider charges for a full answer at most."""

    @property
    def url(self) -> str:
        """The question as the provider knows it, without secrets; the same in a replay."""
        query = f"?{urlencode(self.params, doseq=True)}" if self.params else ""
        return f"https://{self.host}{self.path}{query}"


class Response(Frozen):
    """What came back, before anyone believes it. `body` is whole and below the size cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """Without secrets."""
    fetched_at: AwareDatetime

    @property
    def is_denied(self) -> bool:
        """Refused in the words that storage has both for a file that is not there and for an address it blocks."""
        return b"AccessDenied" in self.body


class Judgement(Frozen):
    """What an answer means, why, and when the provider said to come again."""

    outcome: Outcome
    reason: str
    retry_at: AwareDatetime | None = None


class ReadContext(Frozen):
    """What a reader may know besides the payload."""

    slate: Slate
    as_of: AwareDatetime
    """When the answer was fetched."""
    game_id: str | None = None
    part: str = ""
    players: tuple[KnownPlayer, ...] = ()
    """The two rosters of each game, for sources with names only; the league's list where rosters are read."""
    aliases: Mapping[str, str] = {}
    """Spelling -> player name, from a person's own file; ours are known anyway."""
    known_games: tuple[SlateGame, ...] = ()
    """Games to come of an earlier schedule, for sources with ids of their own where the slate is not known."""


class KnownPlayer(Frozen):
    """A player a name may resolve to."""

    player_id: str
    player_name: str
    team: str


class Reading(Frozen):
    """Rows for the source's table, and what could not be used, by name."""

    rows: tuple[Row, ...]
    unresolved: tuple[Row, ...] = ()
    """Rows for `unresolved_players`."""
    rejected: Mapping[str, int] = {}
    """Reason -> how many entries were left out for it."""
    provider_ids: Mapping[str, str] = {}
    """game_id -> the provider's own id, for sources that others ask by."""
    unknown_fields: tuple[str, ...] = ()
    """Fields of the payload that are neither read nor ignored: the provider added something."""
    unknown_games: tuple[str, ...] = ()
    """Games of the date that the answer tells of and nobody knows the id of: "NYK@BOS"."""


class Source(ABC):
    """One provider's feed. A new source is one subclass, one registry entry and one recorded answer."""

    name: ClassVar[str]
    title: ClassVar[str]
    provider: ClassVar[Provider]
    """Its rate limit, headers and API key apply (`tipoff.sources.providers`)."""
    other_providers: ClassVar[tuple[Provider, ...]] = ()
    """Further providers that some of its requests go to."""
    role: ClassVar[Role]
    fallback_for: ClassVar[tuple[str, ...]] = ()
    """The sources before it in its chain, the first choice first: it is asked for the games that all of them lack."""
    asks_what_is_missing: ClassVar[bool] = False
    """It asks a question a game, of games that are over: what it has it is not asked again."""
    table: ClassVar[str]
    natural_key: ClassVar[tuple[str, ...]]
    """Columns by which a row of an answer is one of a kind; without a game among them it speaks of teams."""
    needs_players: ClassVar[bool] = False
    """Its reader resolves names, so rosters must have been read first."""
    needs_ids_of: ClassVar[str | None] = None
    """Source whose `provider_ids` the requests are made with."""
    requests_are_alternatives: ClassVar[bool] = False
    """Its requests are one question in order of preference: ask until one is OK, and read that one only."""
    paged: ClassVar[bool] = False
    """An answer may be one page of several: `next_page` says which is asked for next."""
    ignored_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields we know and do not want; a field neither read nor named here is reported."""

    idle_reason: str = ""
    """Why it asks nothing at all, as it is configured."""

    @abstractmethod
    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        """The questions to ask at a moment."""

    @abstractmethod
    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        """What the answer means."""

    @abstractmethod
    def read(self, body: bytes, context: ReadContext) -> Reading:
        """Rows out of a payload judged OK or PARTIAL. Raises ContractError for a missing or retyped field."""

    def next_page(self, request: Request, body: bytes) -> Request | None:
        """The question after one that was answered usably; None: there is nothing more."""
        return None

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """Which rows of its table these replace: whole games, so that an answer about some leaves the others.

        Without meaning for tables that append.
        """
        if not rows or "game_id" not in rows[0]:
            return {"game_date": slate.game_date}
        dates = [row["game_date"] for row in rows]
        return {"game_date": (min(dates), max(dates)), "game_id": sorted({row["game_id"] for row in rows})}

    def expected_rows(self, slate: Slate) -> int:
        """Rows a slate makes plausible; under half of it is suspicious. 0: any number will do."""
        return 0

    def covers(self, rows: Iterable[Row], slate: Slate) -> frozenset[str]:
        """The slate's games these rows speak of; rows about teams speak of a game when both sides are there."""
        rows = tuple(rows)
        ids = {row["game_id"] for row in rows if "game_id" in row}
        teams = {row["team"] for row in rows if "game_id" not in row}
        return frozenset(
            game.game_id for game in slate.games if game.game_id in ids or teams.issuperset({game.home, game.away})
        )
