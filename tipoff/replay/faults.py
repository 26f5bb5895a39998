"""What goes wrong in a replay: a TOML file of `[[fault]]` entries, each a source, a period and a mishap."""

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
    """The sources a fault may strike, by their pipeline names."""

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
    """The mishaps: some replace the answer, some change its content, some break its delivery."""

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
"""Asked about a date, and with answers about the one before in every archive."""

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
"""Kinds that only some sources can suffer."""

REQUIRED_FIELD: Mapping[FaultKind, str] = {
    FaultKind.TOO_MANY_REQUESTS: "retry_after_seconds",
    FaultKind.LATE: "delay_minutes",
    FaultKind.PARTIAL_SLATE: "games",
    FaultKind.POSTPONED: "games",
    FaultKind.NEVER: "games",
}
"""The field without which a kind says nothing."""

KINDS_WITH_GAMES = frozenset({FaultKind.PARTIAL_SLATE, FaultKind.POSTPONED, FaultKind.NEVER})
"""Kinds whose games are what goes wrong; for the others they say which requests are struck."""

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
"""Sources whose requests are about one game or one team, so that some of them can be struck."""


def _eastern(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=EASTERN)


VirtualTime = Annotated[datetime, AfterValidator(_eastern)]


class Fault(Frozen):
    """One mishap: `from` (included) to `until` (excluded) in virtual Eastern time, open where absent."""

    source: ReplaySource
    kind: FaultKind
    begins: VirtualTime | None = Field(default=None, alias="from")
    until: VirtualTime | None = None
    games: frozenset[str] = frozenset()
    """Game ids or labels ("LAC@ORL"); a label means that game on the virtual day or the day before."""
    count: PositiveInt | None = None
    """Strike only the first so many requests of the period."""
    retry_after_seconds: PositiveInt | None = None
    delay_minutes: PositiveInt | None = None
    books: frozenset[str] = frozenset()
    """The books whose prop lines are bent; all of them when none is named."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        needed, possible = REQUIRED_FIELD.get(self.kind), SOURCES_OF_KIND.get(self.kind)
        if needed and not getattr(self, needed):
            raise ValueError(f"kind {self.kind} needs the field {needed}")
        if possible and self.source not in possible:
            raise ValueError(f"kind {self.kind} is for {', '.join(sorted(possible))}, not for {self.source}")
        if self.games and self.kind not in KINDS_WITH_GAMES and self.source not in REQUESTED_PER_GAME:
            raise ValueError(f"{self.source} is asked for a whole slate: {self.kind} cannot strike single games")
        if self.begins and self.until and self.begins >= self.until:
            raise ValueError(f"ends at {self.until} before it begins")
        return self

    def covers(self, source: ReplaySource, as_of: datetime) -> bool:
        """Whether a request to this source at this virtual time falls under the entry."""
        begun = self.begins is None or self.begins <= as_of
        over = self.until is not None and as_of >= self.until
        return self.source in (source, ReplaySource.ANY) and begun and not over

    def strikes(self, about: frozenset[str] | None, named: frozenset[str]) -> bool:
        """Whether a request about these games is struck (None: about a whole slate); `named`: ids of our games."""
        if not self.games or self.kind in KINDS_WITH_GAMES:
            return True
        return about is not None and not about.isdisjoint(named)


class FaultPlan:
    """The faults of a replay. Its one bit of state: how often an entry with `count` has struck."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = faults
        self._struck: Counter[int] = Counter()

    def in_force(
        self,
        source: ReplaySource,
        as_of: datetime,
        about: frozenset[str] | None,
        ids_of: Callable[[frozenset[str], datetime], frozenset[str]],
    ) -> tuple[Fault, ...]:
        """The entries that strike a request, in the order of the file; `ids_of` turns labels into game ids."""
        return tuple(
            fault
            for place, fault in enumerate(self._faults)
            if fault.covers(source, as_of)
            and fault.strikes(about, ids_of(fault.games, as_of))
            and self._has_strikes_left(place, fault)
        )

    def _has_strikes_left(self, place: int, fault: Fault) -> bool:
        self._struck[place] += 1
        return fault.count is None or self._struck[place] <= fault.count


def load_faults(path: Path) -> tuple[Fault, ...]:
    """Read a fault file. Raises ConfigurationError naming file, entry and field."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"fault file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"fault file {path} is no TOML: {error}") from error
    if unknown := sorted(content.keys() - {"fault"}):
        raise ConfigurationError(f"fault file {path}: unknown table {unknown[0]!r}; entries are [[fault]]")
    entries = content.get("fault", [])
    if not isinstance(entries, list):
        raise ConfigurationError(f"fault file {path}: write entries as [[fault]], in double brackets")
    return tuple(_fault(path, place, entry) for place, entry in enumerate(entries, start=1))


def _fault(path: Path, place: int, entry: object) -> Fault:
    try:
        return Fault.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        where = f"fault file {path}, entry {place}" + (f", field {field!r}" if field else "")
        given = f" (given: {first['input']!r})" if field else ""
        raise ConfigurationError(f"{where}: {first['msg']}{given}") from error
