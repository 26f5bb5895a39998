"""What one request may see: the past up to its moment, less what faults take away; and the answer it gets."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TypeVar

import polars as pl

from tipoff.replay.archive import Archive
from tipoff.replay.archive.rosters import roster
from tipoff.replay.faults import Fault
from tipoff.teams import TEAMS, Team
from tipoff.vocabulary import game_date_of

Key = TypeVar("Key", bound=Hashable)

REGULATION = timedelta(hours=2, minutes=20)
"""From tip-off to the end of four periods, breaks included."""
OVERTIME = timedelta(minutes=12)


@dataclass(frozen=True, slots=True)
class Game:
    """One game of the archive, with its result; whether a request may see that is the view's to say."""

    game_id: str
    season: str
    game_date: date
    tip_off: datetime
    home: str
    away: str
    home_points: int | None
    """None, as the other two: scheduled, without a result in this archive."""
    away_points: int | None
    overtime_periods: int | None
    neutral_site: bool
    arena: str | None

    @property
    def label(self) -> str:
        """The game as people write it: "LAC@ORL"."""
        return f"{self.away}@{self.home}"

    @property
    def ends_at(self) -> datetime | None:
        """When the replay lets the game be final; None when the archive has no result."""
        if self.overtime_periods is None:
            return None
        return self.tip_off + REGULATION + OVERTIME * self.overtime_periods


def _grouped(games: Iterable[Game], key: Callable[[Game], Key]) -> dict[Key, list[Game]]:
    groups: dict[Key, list[Game]] = defaultdict(list)
    for game in games:
        groups[key(game)].append(game)
    return dict(groups)


@lru_cache(maxsize=1024)
def _roster(archive: Archive, game_date: date, team: str) -> tuple[tuple[str, str], ...]:
    return tuple(roster(archive, game_date, team).select("player_id", "player_name").iter_rows())


def _quoted(archive: Archive) -> pl.DataFrame:
    """What odds snapshots said of each game's event, in the order they were taken."""
    said = ("game_id", "event_id", "snapshot_at", "commence_time")
    both = pl.concat([archive.game_lines.select(said), archive.prop_lines.select(said)])
    return both.unique().sort("snapshot_at", "event_id")


def _made_up_event(game: Game) -> str:
    return hashlib.blake2s(game.game_id.encode(), digest_size=16).hexdigest()


class Past:
    """The archive, indexed the way providers are asked."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    @cached_property
    def games(self) -> tuple[Game, ...]:
        """All games in order of tip-off."""
        wanted = list(Game.__dataclass_fields__)
        rows = self.archive.games.select(wanted).sort("tip_off", "game_id")
        return tuple(Game(*row) for row in rows.iter_rows())

    @cached_property
    def by_id(self) -> dict[str, Game]:
        return {game.game_id: game for game in self.games}

    @cached_property
    def by_date(self) -> dict[date, list[Game]]:
        return _grouped(self.games, lambda game: game.game_date)

    @cached_property
    def by_season(self) -> dict[str, list[Game]]:
        return _grouped(self.games, lambda game: game.season)

    def roster(self, game_date: date, team: str) -> tuple[tuple[str, str], ...]:
        """Ids and names of a team's players on a date, by name."""
        return _roster(self.archive, game_date, team)

    @cached_property
    def event_ids(self) -> dict[str, str]:
        """The odds event of each game: the newest the archive knows, else one made of the game id."""
        newest = _quoted(self.archive).group_by("game_id").agg(pl.col("event_id").last())
        known = dict(newest.iter_rows())
        return {game.game_id: known.get(game.game_id) or _made_up_event(game) for game in self.games}

    @cached_property
    def by_event(self) -> dict[str, Game]:
        return {self.event_ids[game.game_id]: game for game in self.games}

    @cached_property
    def _commence_times(self) -> dict[str, list[tuple[datetime, datetime]]]:
        quoted = _quoted(self.archive).select("game_id", "snapshot_at", "commence_time")
        times: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for game_id, snapshot_at, commence_time in quoted.iter_rows():
            times[game_id].append((snapshot_at, commence_time))
        return dict(times)

    def commence_time(self, game: Game, as_of: datetime) -> datetime:
        """What the odds provider last said by then; before it said anything, the tip-off."""
        said = [time for snapshot, time in self._commence_times.get(game.game_id, ()) if snapshot <= as_of]
        return said[-1] if said else game.tip_off

    def ids_of(self, names: frozenset[str], as_of: datetime) -> frozenset[str]:
        """Game ids meant by ids and labels; a label means the moment's Eastern date or the day before."""
        today = game_date_of(as_of)
        near = [*self.by_date.get(today - timedelta(days=1), ()), *self.by_date.get(today, ())]
        return (names & self.by_id.keys()) | {game.game_id for game in near if game.label in names}


@dataclass(frozen=True)
class View:
    """The past as one request sees it."""

    past: Past
    as_of: datetime
    left_out: frozenset[str] = frozenset()
    postponed: frozenset[str] = frozenset()
    empty: bool = False
    bends: tuple[Fault, ...] = ()
    """Faults that change prop lines."""
    quotes_older: timedelta = timedelta()
    """How much longer ago than they did books say that they looked after their quotes."""

    @property
    def today(self) -> date:
        """The Eastern date of the request."""
        return game_date_of(self.as_of)

    def shows(self, game: Game) -> bool:
        """Whether a fault leaves the game in the answer."""
        return not self.empty and game.game_id not in self.left_out

    def is_final(self, game: Game, since: timedelta = timedelta()) -> bool:
        """Whether the game has been over for so long, its result known."""
        ended = game.ends_at
        return ended is not None and ended + since <= self.as_of and game.game_id not in self.postponed

    def games_on(self, game_date: date) -> list[Game]:
        """The games of an Eastern date, in order of tip-off."""
        return [game for game in self.past.by_date.get(game_date, ()) if self.shows(game)]

    def games_of(self, season: str) -> list[Game]:
        """The games of a season such as "2023-24", in order of tip-off."""
        return [game for game in self.past.by_season.get(season, ()) if self.shows(game)]

    def teams(self) -> list[Team]:
        """The teams whose players the answer lists: without those of games that a fault leaves out."""
        hidden = {
            tricode
            for game in self.past.by_date.get(self.today, ())
            if not self.shows(game)
            for tricode in (game.home, game.away)
        }
        return [] if self.empty else [team for tricode, team in TEAMS.items() if tricode not in hidden]


Params = Mapping[str, str]
"""What a request asks for: the variable parts of its path and its query."""


@dataclass(frozen=True)
class UpstreamResponse:
    """One HTTP answer, complete."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> UpstreamResponse:
    """Content as compact JSON."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return UpstreamResponse(status, body, headers=headers or {})


def zulu(moment: datetime) -> str:
    """A UTC moment as providers write it: 2024-03-29T23:00:00Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
