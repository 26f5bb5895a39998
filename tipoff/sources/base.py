"""What a source is: which requests it makes, how it judges a response, and how it reads rows from the payload.

A source never touches network, disk or clock: the fetcher sends requests, landing stores bodies, times are passed in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, ClassVar, Protocol
from urllib.parse import quote, unquote, urlencode

from pydantic import AfterValidator, AwareDatetime

from tipoff.foreign_text import plain_text
from tipoff.sources.json_text import parse_json
from tipoff.sources.providers import Provider
from tipoff.vocabulary import Frozen, Outcome, Role, Route, SlateGame

Row = dict[str, Any]
ReplacedRows = Mapping[str, str | date | list[str] | tuple[date, date]]
"""The slice of a table that a reading replaces: column -> a value, one of a list, or first to last date."""


class Slate(Frozen):
    """The games of a date."""

    game_date: date
    games: tuple[SlateGame, ...] = ()

    def upcoming(self, as_of: datetime) -> tuple[SlateGame, ...]:
        """The games that have not begun at a time."""
        return tuple(game for game in self.games if not game.has_begun(as_of))


_PATH_CHARACTERS = "/%:@!$&'()*+,;="
"""What a path may have besides letters and digits; a path may be quoted already."""


class Request(Frozen):
    """One request to a provider, without secrets: the fetcher adds the API key."""

    host: str
    path: str
    params: Mapping[str, str | tuple[str, ...]] = {}
    """A name with several values is repeated in the query."""
    game_id: str | None = None
    """The game of a request about one game."""
    part: str = ""
    """What distinguishes the request from the source's others: a game, a team, a season."""
    credits: int = 0
    """What the provider charges at most."""

    @property
    def url(self) -> str:
        """The URL without secrets; the same in a replay. Characters that a path may not have are quoted."""
        query = f"?{urlencode(self.params, doseq=True)}" if self.params else ""
        return f"https://{self.host}{quote(self.path, safe=_PATH_CHARACTERS)}{query}"

    @property
    def stays_on_path(self) -> bool:
        """Whether no segment of the path leads to another path."""
        segments = unquote(unquote(self.path)).replace("\\", "/").split("/")
        return self.path.startswith("/") and not {".", ".."} & set(segments)


class Response(Frozen):
    """A provider's response; `body` is complete and below the size cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """Without secrets."""
    fetched_at: AwareDatetime

    @property
    def is_access_denied(self) -> bool:
        """Whether the body says AccessDenied, as object storage does for a missing file and for a blocked address."""
        return b"AccessDenied" in self.body

    @cached_property
    def json_document(self) -> Any:
        """The body as JSON, parsed once. Raises ValueError or RecursionError."""
        return parse_json(self.body)


class Transport(Protocol):
    """Sends requests to providers: the fetcher, or a part of an archive's import."""

    def routes(self, host: str) -> tuple[Route, ...]:
        """The routes to a provider, in the order in which they are tried."""

    async def fetch(
        self, request: Request, as_of: datetime, etag: str | None = None, route: Route | None = None
    ) -> Response:
        """The provider's response, whatever its status; see `tipoff.sources.fetcher.Fetcher.fetch`."""


def body_of(response: bytes | Response) -> bytes:
    """The body of a response, or the body itself."""
    return response if isinstance(response, bytes) else response.body


class Judgement(Frozen):
    """What a response means, why, and when the provider allows the next request (`retry_at`)."""

    outcome: Outcome
    reason: Annotated[str, AfterValidator(plain_text)]
    retry_at: AwareDatetime | None = None


class ReadContext(Frozen):
    """What a source may use to read a payload."""

    slate: Slate
    as_of: AwareDatetime
    """When the payload was fetched."""
    game_id: str | None = None
    part: str = ""
    players: tuple[KnownPlayer, ...] = ()
    """The rosters of the slate's teams, for sources that resolve names; the league's player list to read rosters."""
    aliases: Mapping[str, str] = {}
    """Spelling -> player name from the operator's file, besides the built-in aliases."""
    known_games: tuple[SlateGame, ...] = ()
    """Upcoming games of an earlier schedule, for sources with ids of their own while the slate is unknown."""


class KnownPlayer(Frozen):
    """A player a name may resolve to."""

    player_id: str
    player_name: str
    team: str


class Reading(Frozen):
    """Rows for the source's table, and what was left out."""

    rows: tuple[Row, ...]
    unresolved: tuple[Row, ...] = ()
    """Rows of `unresolved_players`."""
    rejected: Mapping[str, int] = {}
    """Reason -> count of entries left out."""
    damaged: Mapping[str, int] = {}
    """Path and problem of the first such element -> count of elements left out because they are unreadable."""
    damaged_elsewhere: Mapping[str, int] = {}
    """The same for elements that do not matter to the slate, such as games of another date in a season's schedule."""
    incomplete_games: frozenset[str] = frozenset()
    """Games whose rows lack an unreadable entry that is needed: another source is polled for them too."""
    provider_ids: Mapping[str, str] = {}
    """game_id -> the provider's own id, which other sources need for their requests."""
    unknown_fields: tuple[str, ...] = ()
    """Paths of fields that are neither read nor ignored: the provider added them."""
    unknown_words: Mapping[str, int] = {}
    """Reason -> count of entries kept although a word of the provider is unknown: "unknown game status 'Moved'"."""
    unknown_games: tuple[str, ...] = ()
    """Games of the date whose game_id is unknown: "NYK@BOS"."""
    unreadable_games: tuple[str, ...] = ()
    """Games of the date, or of an unreadable date, that a schedule has and that are damaged: "NYK@BOS"."""


class Source(ABC):
    """One feed of a provider. How to add one: docs/adding-a-source.md."""

    name: ClassVar[str]
    title: ClassVar[str]
    number: ClassVar[int | None] = None
    """Its number in docs/sources.md; None for a source that only helps another one."""
    provider: ClassVar[Provider]
    """Its rate limit, headers and API key apply (`tipoff.sources.providers`)."""
    other_providers: ClassVar[tuple[Provider, ...]] = ()
    """Further providers that some of its requests go to."""
    role: ClassVar[Role]
    fallback_for: ClassVar[tuple[str, ...]] = ()
    """The sources it stands behind, the primary one first: it is polled for the games that all of them lack."""
    polls_missing_games_only: ClassVar[bool] = False
    """It makes one request a finished game, and none for a game whose response it already has."""
    table: ClassVar[str]
    natural_key: ClassVar[tuple[str, ...]]
    """Columns that identify a row of a response. Without `game_id` the rows are about teams."""
    needs_players: ClassVar[bool] = False
    """It resolves names of players, so rosters must be read first."""
    needs_ids_of: ClassVar[str | None] = None
    """The source whose `provider_ids` its requests need."""
    about_earlier_games: ClassVar[bool] = False
    """Its rows describe games before the date; before the first game of a season none are expected."""
    requests_are_alternatives: ClassVar[bool] = False
    """Its requests are alternatives in order of preference: the first complete response is read, else a PARTIAL one."""
    later_requests_are_older: ClassVar[bool] = False
    """Of its alternatives a later one gets older data: the first usable response is read, also a PARTIAL one."""
    answers_for_past: ClassVar[bool] = True
    """A poll after the date still returns the data of that date; if False, nothing is requested for a past date."""
    paged: ClassVar[bool] = False
    """A response may be one page of several: `next_page` makes the next request."""
    ignored_fields: ClassVar[frozenset[str]] = frozenset()
    """Known fields that are not read. A field neither read nor named here is reported."""

    fault_outcomes: ClassVar[Mapping[str, Outcome]] = {}
    """Kind of fault (`tipoff.replay.faults.FaultKind`) -> outcome, where it is another than at most sources."""
    undetectable_faults: ClassVar[Mapping[str, str]] = {}
    """Kind of fault -> why a response with this fault cannot be told from a good one."""

    idle_reason: str = ""
    """Why it makes no requests as configured; empty: it does."""

    @abstractmethod
    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        """The requests to make at a time. `provider_ids`: of `needs_ids_of`."""

    @abstractmethod
    def judge(self, request: Request, response: Response, slate: Slate) -> Judgement:
        """What the response means."""

    @abstractmethod
    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        """The rows of a body, or of a response, whose JSON is parsed once.

        A damaged element of a list is left out and counted. Raises ContractError for a damaged frame, and when most
        elements are damaged.
        """

    def next_page(self, request: Request, body: bytes) -> Request | None:
        """The request for the next page after a usable response; None after the last page."""
        return None

    def replaced_rows(self, rows: Sequence[Row], slate: Slate) -> ReplacedRows:
        """The slice of the table that these rows replace: by default the games they are about, else the date.

        Unused for tables that append.
        """
        if not rows or "game_id" not in rows[0]:
            return {"game_date": slate.game_date}
        dates = [row["game_date"] for row in rows]
        return {"game_date": (min(dates), max(dates)), "game_id": sorted({row["game_id"] for row in rows})}

    def expected_rows(self, slate: Slate) -> int:
        """The usual count of rows for a slate; under half of it is suspicious. 0: any count is fine."""
        return 0

    def covers(self, rows: Iterable[Row], slate: Slate) -> frozenset[str]:
        """Ids of the slate's games that the rows are about; rows about teams cover a game when both teams have one."""
        rows = tuple(rows)
        ids = {row["game_id"] for row in rows if "game_id" in row}
        teams = {row["team"] for row in rows if "game_id" not in row}
        return frozenset(
            game.game_id for game in slate.games if game.game_id in ids or teams.issuperset({game.home, game.away})
        )
