"""Faults injected into a replay: a TOML file of `[[fault]]` entries, each with a source, a kind and a period."""

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, PositiveInt, ValidationError, model_validator

from tipoff.errors import ConfigurationError
from tipoff.vocabulary import EASTERN, Frozen


class ReplaySource(StrEnum):
    """The sources that the replay serves and that a fault may name, by their pipeline names; ANY is all of them."""

    SCHEDULE = "nbac_schedule"
    PLAYER_LIST = "nbac_player_list_current"
    ROSTERS = "espn_team_rosters"
    INJURY_REPORT = "nbac_injury_report"
    EVENTS = "odds_api_events"
    GAME_LINES = "odds_api_game_lines"
    PROPS = "odds_api_player_points_props"
    SCOREBOARD = "nbac_scoreboard"
    PLAYER_BOXSCORES = "nbac_player_boxscores"
    TEAM_BOXSCORE = "nbac_team_boxscore"
    TEAM_HISTORY = "nbac_team_history"
    LIVE_BOXSCORE = "nbac_live_boxscore"
    BDL_BOXSCORES = "bdl_player_boxscores"
    ESPN_BOXSCORES = "espn_boxscores"
    PLAY_BY_PLAY = "nbac_play_by_play"
    BIGDATABALL = "bigdataball_play_by_play"
    GAMEBOOK = "nbac_gamebook_player_stats"
    REFEREES = "nbac_referee_assignments"
    BETTINGPROS_EVENTS = "bettingpros_events"
    BETTINGPROS = "bettingpros_player_points_props"
    ESPN_SCOREBOARD = "espn_scoreboard"
    BDL_INJURIES = "bdl_injuries"
    PLAYER_MOVEMENT = "nbac_player_movement"
    STANDINGS = "nbac_standings"
    ANY = "*"


class FaultKind(StrEnum):
    """What goes wrong: some kinds replace the response, some change its content, some break its delivery."""

    FORBIDDEN_NOT_YET = "forbidden_not_yet"
    ACCESS_DENIED = "access_denied"
    HTML_PAGE = "html_page"
    TOO_MANY_REQUESTS = "too_many_requests"
    SERVER_ERROR = "server_error"
    QUOTA_SPENT = "quota_spent"
    BAD_KEY = "bad_key"
    BAD_REQUEST = "bad_request"
    GONE = "gone"
    HANG = "hang"
    TRUNCATED_BODY = "truncated_body"
    OVERSIZE = "oversize"
    EMPTY = "empty"
    PARTIAL_SLATE = "partial_slate"
    STALE = "stale"
    YESTERDAYS = "yesterdays"
    LATE = "late"
    POSTPONED = "postponed"
    NEVER = "never"
    ONE_SIDED = "one_sided"
    ALTERNATE = "alternate"
    INTEGER_LINE = "integer_line"
    IN_PLAY = "in_play"


_ODDS = frozenset({ReplaySource.EVENTS, ReplaySource.GAME_LINES, ReplaySource.PROPS})
_PROPS = frozenset({ReplaySource.PROPS, ReplaySource.BETTINGPROS})
_WITH_KEY = _ODDS | {
    *(ReplaySource.BDL_BOXSCORES, ReplaySource.BDL_INJURIES, ReplaySource.STANDINGS),
    *(ReplaySource.BETTINGPROS_EVENTS, ReplaySource.BETTINGPROS),
}

_BY_DATE = frozenset({ReplaySource.INJURY_REPORT, ReplaySource.BDL_BOXSCORES, ReplaySource.ESPN_SCOREBOARD})
"""Sources whose requests name a date, and which every archive can also serve for the date before."""

SOURCES_OF_KIND: Mapping[FaultKind, frozenset[ReplaySource]] = {
    FaultKind.QUOTA_SPENT: _ODDS,
    FaultKind.BAD_KEY: _WITH_KEY,
    FaultKind.YESTERDAYS: _BY_DATE | _PROPS | {ReplaySource.GAME_LINES},
    FaultKind.POSTPONED: frozenset(
        {ReplaySource.SCHEDULE, ReplaySource.SCOREBOARD, ReplaySource.ESPN_SCOREBOARD, ReplaySource.ANY}
    ),
    FaultKind.NEVER: _PROPS,
    FaultKind.ONE_SIDED: _PROPS,
    FaultKind.ALTERNATE: _PROPS,
    FaultKind.INTEGER_LINE: _PROPS,
    FaultKind.IN_PLAY: _PROPS,
}
"""Kinds that apply to some sources only; the others apply to all."""

REQUIRED_FIELD: Mapping[FaultKind, str] = {
    FaultKind.TOO_MANY_REQUESTS: "retry_after_seconds",
    FaultKind.LATE: "delay_minutes",
    FaultKind.PARTIAL_SLATE: "games",
    FaultKind.POSTPONED: "games",
    FaultKind.NEVER: "games",
}
"""The field that a kind needs."""

KINDS_WITH_GAMES = frozenset({FaultKind.PARTIAL_SLATE, FaultKind.POSTPONED, FaultKind.NEVER})
"""Kinds whose `games` are the affected games; for other kinds `games` selects the requests that fail."""

REQUESTED_PER_GAME = frozenset(
    {
        ReplaySource.ANY,
        ReplaySource.ROSTERS,
        ReplaySource.PROPS,
        ReplaySource.BETTINGPROS,
        ReplaySource.BDL_INJURIES,
        ReplaySource.TEAM_BOXSCORE,
        ReplaySource.LIVE_BOXSCORE,
        ReplaySource.ESPN_BOXSCORES,
        ReplaySource.PLAY_BY_PLAY,
        ReplaySource.BIGDATABALL,
        ReplaySource.GAMEBOOK,
    }
)
"""Sources whose requests are about one game or one team, so that a fault can select some of them."""


def _eastern(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=EASTERN)


VirtualTime = Annotated[datetime, AfterValidator(_eastern)]


class Fault(Frozen):
    """One fault, active from `from` (inclusive) to `until` (exclusive) in virtual Eastern time; both are optional."""

    source: ReplaySource
    kind: FaultKind
    begins: VirtualTime | None = Field(default=None, alias="from")
    until: VirtualTime | None = None
    games: frozenset[str] = frozenset()
    """Game ids or labels ("LAC@ORL"); a label is that game on the virtual date or the date before."""
    count: PositiveInt | None = None
    """Affect only this many requests, the first of the period."""
    retry_after_seconds: PositiveInt | None = None
    delay_minutes: PositiveInt | None = None
    books: frozenset[str] = frozenset()
    """The books whose prop lines change; empty means all."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        needed, possible = REQUIRED_FIELD.get(self.kind), SOURCES_OF_KIND.get(self.kind)
        if needed and not getattr(self, needed):
            raise ValueError(f"kind {self.kind} needs the field {needed}")
        if possible and self.source not in possible:
            raise ValueError(f"kind {self.kind} is for {', '.join(sorted(possible))}, not for {self.source}")
        if self.games and self.kind not in KINDS_WITH_GAMES and self.source not in REQUESTED_PER_GAME:
            raise ValueError(f"{self.source} is requested for a whole slate: {self.kind} cannot select single games")
        if self.begins and self.until and self.begins >= self.until:
            raise ValueError(f"ends at {self.until} before it begins")
        return self

    def covers(self, source: ReplaySource, as_of: datetime) -> bool:
        """Whether the fault is active for this source at this virtual time."""
        has_begun = self.begins is None or self.begins <= as_of
        has_ended = self.until is not None and as_of >= self.until
        return self.source in (source, ReplaySource.ANY) and has_begun and not has_ended

    def affects(self, requested: frozenset[str] | None, game_ids: frozenset[str]) -> bool:
        """Whether the fault affects a request.

        `requested`: ids of the games the request is about, None for a whole slate; `game_ids`: ids of `games`.
        """
        if not self.games or self.kind in KINDS_WITH_GAMES:
            return True
        return requested is not None and not requested.isdisjoint(game_ids)


class FaultPlan:
    """The faults of a replay. Its only state: how many requests each fault with a `count` has affected."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = faults
        self._affected: Counter[int] = Counter()

    def active_faults(
        self,
        source: ReplaySource,
        as_of: datetime,
        requested: frozenset[str] | None,
        resolve_game_ids: Callable[[frozenset[str], datetime], frozenset[str]],
    ) -> tuple[Fault, ...]:
        """The faults that affect a request, in the order of the file; `resolve_game_ids` turns labels into game ids."""
        return tuple(
            fault
            for position, fault in enumerate(self._faults)
            if fault.covers(source, as_of)
            and fault.affects(requested, resolve_game_ids(fault.games, as_of))
            and self._has_count_left(position, fault)
        )

    def _has_count_left(self, position: int, fault: Fault) -> bool:
        self._affected[position] += 1
        return fault.count is None or self._affected[position] <= fault.count


def load_faults(path: Path) -> tuple[Fault, ...]:
    """Read a fault file. Raises ConfigurationError naming file, entry and field."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"fault file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"fault file {path} is not valid TOML: {error}") from error
    if unknown := sorted(content.keys() - {"fault"}):
        raise ConfigurationError(f"fault file {path}: unknown table {unknown[0]!r}; entries are [[fault]]")
    entries = content.get("fault", [])
    if not isinstance(entries, list):
        raise ConfigurationError(f"fault file {path}: write entries as [[fault]], in double brackets")
    return tuple(_parse_fault(path, position, entry) for position, entry in enumerate(entries, start=1))


def _parse_fault(path: Path, position: int, entry: object) -> Fault:
    try:
        return Fault.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        where = f"fault file {path}, entry {position}" + (f", field {field!r}" if field else "")
        given = f" (given: {first['input']!r})" if field else ""
        raise ConfigurationError(f"{where}: {first['msg']}{given}") from error
