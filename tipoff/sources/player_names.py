"""Resolves names to players, within given rosters and only when exactly one player matches.

A name that two players share stays unresolved: a wrong player is worse than none. A name in another spelling, or with
another suffix, resolves only when no other player has its last name.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from tipoff.errors import ConfigurationError
from tipoff.sources.base import KnownPlayer, ReadContext, Row
from tipoff.vocabulary import reason_of

_ALIASES: Final = Path(__file__).with_name("aliases.csv")
_COLUMNS: Final = ("spelling", "player_name")

_SUFFIXES: Final = frozenset({"jr", "sr", "ii", "iii", "iv", "v"})
_UNDECOMPOSED: Final = str.maketrans({"đ": "d", "ð": "d", "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "þ": "th"})
_DROPPED: Final = re.compile(r"['’‘`´.]")
_SEPARATING: Final = re.compile(r"[\W_]+")

_Key = Callable[[str], str]
_KeyPair = tuple[_Key, _Key]


UNREADABLE_PLAYER: Final = "unreadable player"
"""The name of an unresolved player whose entry has no readable name."""
WHOLE_ROSTER: Final = 13
"""Players of a whole roster at least, also in upcoming_player_game_context.sql; a shorter one is partial."""


def slate_players(
    rosters: Iterable[KnownPlayer], league: Iterable[KnownPlayer], teams_with_unresolved: Collection[str] = ()
) -> tuple[KnownPlayer, ...]:
    """The rosters, completed by the league's player list.

    A player of the list stays with his team unless a roster has him, or his team's roster is whole and has no
    unresolved name.
    """
    rosters = tuple(rosters)
    on_roster = {player.player_id for player in rosters}
    sizes = Counter(player.team for player in rosters)
    decided = {team for team, size in sizes.items() if size >= WHOLE_ROSTER and team not in teams_with_unresolved}
    listed = (player for player in league if player.team not in decided and player.player_id not in on_roster)
    return (*rosters, *listed)


@lru_cache(maxsize=8192)
def normalise(name: str) -> str:
    """A name without case, accents, punctuation and suffix, first name first: "Dončić, Luka Jr." is "luka doncic".

    Initials are joined: "P. J. Washington" and "PJ Washington" are equal. The function is idempotent.
    """
    return " ".join(_without_suffix(_words(name)))


class Resolver:
    """Resolves names among given players."""

    def __init__(self, players: Iterable[KnownPlayer], aliases: Mapping[str, str] | None = None) -> None:
        """`aliases`: spelling -> player name, or the other way round. A player listed twice counts once."""
        self._players = tuple({player.player_id: player for player in players}.values())
        self._by_key = [_index(self._players, player_key) for player_key, _ in _KEYS]
        self._by_last_name = _index(self._players, last_name)
        self._aliases = _Aliases(aliases or {})

    def resolve(self, name: str) -> KnownPlayer | None:
        """The player with a name; None when no player or several match."""
        return self._match(name, _KEYS) or self._match_by_part_of_first_name(name)

    def exact(self, name: str) -> KnownPlayer | None:
        """The player with exactly this name and suffix."""
        return _only(self._by_key[0].get(_with_suffix(name), ()))

    def namesake(self, name: str) -> KnownPlayer | None:
        """The player with exactly this full name; stricter than `resolve`, for the players of a whole league."""
        return self._match(name, _KEYS[:_FULL_NAMES])

    def candidates(self, name: str, n: int = 3) -> tuple[KnownPlayer, ...]:
        """The n players with the nearest names, nearest first; those of the same last name come before others."""
        wanted, last = normalise(name), last_name(name)

        def distance(player: KnownPlayer) -> tuple[bool, float, str, str]:
            alike = SequenceMatcher(None, wanted, normalise(player.player_name)).ratio()
            return last_name(player.player_name) != last, -alike, player.player_name, player.player_id

        return tuple(sorted(self._players, key=distance)[:n])

    def _match(self, name: str, keys: tuple[_KeyPair, ...]) -> KnownPlayer | None:
        return self.exact(name) or self._match_by_alias(name, keys) or self._match_by_key(name, keys)

    def _match_by_alias(self, name: str, keys: tuple[_KeyPair, ...]) -> KnownPlayer | None:
        by_alias = (self._match_by_key(other, keys) for other in self._aliases.of_spelling(name))
        by_alias_without_suffix = (
            player
            for other in self._aliases.without_suffix(name)
            if (player := self._match_by_key(other, keys)) and self._suffix_fits(name, player)
        )
        return next(filter(None, by_alias), None) or next(by_alias_without_suffix, None)

    def _match_by_key(self, name: str, keys: tuple[_KeyPair, ...]) -> KnownPlayer | None:
        """The only player under the strictest key that matches any player."""
        for (_, quoted_key), index in zip(keys, self._by_key, strict=False):
            key = quoted_key(name)
            candidates = index.get(key, ()) if key else ()
            if candidates:
                player = _only(candidates)
                return player if player and self._suffix_fits(name, player) else None
        return None

    def _match_by_part_of_first_name(self, name: str) -> KnownPlayer | None:
        """The only player of the last name, if one first name begins with the other: "Nic" and "Nicolas"."""
        player = _only(self._by_last_name.get(last_name(name), ()))
        if player is None:
            return None
        short, long = sorted((_first_names(name), _first_names(player.player_name)), key=len)
        return player if len(short) >= _SHORTEST_FIRST_NAME and long.startswith(short) else None

    def _suffix_fits(self, name: str, player: KnownPlayer) -> bool:
        """Whether a name may be the player's: with another suffix only if no other player has his last name."""
        namesakes = self._by_last_name[last_name(player.player_name)]
        return suffix_of(name) == suffix_of(player.player_name) or len(namesakes) == 1


class _Aliases:
    """The other names of a player by any of his names."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._by_spelling: dict[str, list[str]] = {}
        self._by_normalised: dict[str, list[str]] = {}
        pairs = [*aliases.items(), *((name, spelling) for spelling, name in aliases.items())]
        for spelling, name in pairs:
            self._by_spelling.setdefault(_with_suffix(spelling), []).append(name)
            self._by_normalised.setdefault(normalise(spelling), []).append(name)

    def of_spelling(self, name: str) -> Sequence[str]:
        """The other names of a spelling, with its suffix."""
        return self._by_spelling.get(_with_suffix(name), ())

    def without_suffix(self, name: str) -> Sequence[str]:
        """The other names of a spelling, whatever its suffix."""
        return self._by_normalised.get(normalise(name), ())


def resolver_of(context: ReadContext, teams: Iterable[str] | None = None) -> Resolver:
    """The resolver for the rosters of some teams (None: of all), with the built-in and the operator's aliases."""
    included = None if teams is None else frozenset(teams)
    players = (player for player in context.players if included is None or player.team in included)
    return Resolver(players, {**_built_in_aliases(), **context.aliases})


LONGEST_NAME = 80
TOO_LONG = f"name of more than {LONGEST_NAME} characters"
"""Why an entry is left out: no player has such a name, and it would reach exports and the status."""


def unresolved_row(name: str, resolver: Resolver, context: ReadContext, game_id: str = "", team: str = "") -> Row:
    """The row of `unresolved_players` for a name, without its origin."""
    nearest = "; ".join(player.player_name for player in resolver.candidates(name))
    return {
        "game_date": context.slate.game_date,
        "player_name": name,
        "game_id": game_id,
        "team": team,
        "candidates": nearest,
    }


def load_aliases(path: Path = _ALIASES) -> Mapping[str, str]:
    """Spelling -> player name from a CSV file with these two columns; other columns are comments.

    Raises ConfigurationError naming file and line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"alias file {path} cannot be read: {reason_of(error)}") from error
    return dict(_alias(path, line, row) for line, row in enumerate(rows, start=2))


@lru_cache(maxsize=1)
def _built_in_aliases() -> Mapping[str, str]:
    return load_aliases()


def _alias(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[str, str]:
    spelling, player_name = ((row.get(column) or "").strip() for column in _COLUMNS)
    if not spelling or not player_name:
        raise ConfigurationError(
            f"alias file {path}, line {line}: needs the columns {' and '.join(_COLUMNS)}, both filled"
        )
    return spelling, player_name


def _words(name: str) -> list[str]:
    """The words of a name, first name first and suffix last."""
    folded = unicodedata.normalize("NFKD", name).casefold().translate(_UNDECOMPOSED)
    plain = _DROPPED.sub("", "".join(letter for letter in folded if not unicodedata.combining(letter)))
    parts = [_SEPARATING.sub(" ", part).split() for part in plain.split(",")]
    last, *others = [part for part in parts if part] or [[]]
    first = [word for part in others for word in part]
    swapped = bool(first) and not _SUFFIXES.issuperset(first)
    return _initials_joined(_suffix_last([*first, *last] if swapped else [*last, *first]))


def _suffix_last(words: list[str]) -> list[str]:
    # "Payton II, Gary" has the suffix in the middle once swapped. The first word is never a suffix.
    suffixes = [word for word in words[1:] if word in _SUFFIXES]
    return [*words[:1], *(word for word in words[1:] if word not in _SUFFIXES), *suffixes]


def _without_suffix(words: list[str]) -> list[str]:
    return [*words[:1], *(word for word in words[1:] if word not in _SUFFIXES)]


def _initials_joined(words: list[str]) -> list[str]:
    joined: list[str] = []
    for single, group in groupby(words, key=lambda word: len(word) == 1):
        together = list(group)
        joined += ["".join(together)] if single else together
    return joined


@lru_cache(maxsize=8192)
def _with_suffix(name: str) -> str:
    return " ".join(_words(name))


def suffix_of(name: str) -> str:
    """The suffix of a name: "jr" of "Jaren Jackson Jr."; empty for a name without one."""
    return " ".join(word for word in _words(name)[1:] if word in _SUFFIXES)


def last_name(name: str) -> str:
    """The last word of a normalised name."""
    return normalise(name).rpartition(" ")[2]


def _first_names(name: str) -> str:
    return normalise(name).rpartition(" ")[0]


def _in_any_order(name: str) -> str:
    return " ".join(sorted(normalise(name).split()))


def _initial_and_last(name: str) -> str:
    first, *others = normalise(name).split() or [""]
    return " ".join([first[:1], *others])


def _initial_as_quoted(name: str) -> str:
    """Empty unless the first name is an initial: "Jalen Williams" must not match Jaylin Williams."""
    words = normalise(name).split()
    return " ".join(words) if len(words) > 1 and len(words[0]) == 1 else ""


# Strictest first: the key of a player's name, and the key of a quoted name. An empty key does not apply.
_KEYS: tuple[_KeyPair, ...] = (
    (_with_suffix, _with_suffix),
    (normalise, normalise),
    (_in_any_order, _in_any_order),
    (_initial_and_last, _initial_as_quoted),
)
_FULL_NAMES = 2
"""How many of them compare full names in order."""
_SHORTEST_FIRST_NAME = 2
"""Letters of a first name that may stand for a longer one."""


def _index(players: Iterable[KnownPlayer], key: _Key) -> dict[str, list[KnownPlayer]]:
    index: dict[str, list[KnownPlayer]] = {}
    for player in players:
        index.setdefault(key(player.player_name), []).append(player)
    return index


def _only(players: Sequence[KnownPlayer]) -> KnownPlayer | None:
    return players[0] if len(players) == 1 else None
