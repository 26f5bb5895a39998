"""The players of box scores: who is read, when a box score is complete, and what is kept of unreadable entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

from tipoff.sources.base import Judgement, ReadContext, Reading, Row
from tipoff.sources.boxscore_rules import DID_NOT_PLAY, INCOMPLETE, game_columns
from tipoff.sources.feed import RowCollector, judged
from tipoff.sources.json_payload import Fields, readable
from tipoff.sources.player_names import (
    LONGEST_NAME,
    TOO_LONG,
    UNREADABLE_PLAYER,
    Resolver,
    resolver_of,
    unresolved_row,
)
from tipoff.vocabulary import Outcome, SlateGame, counted


class PlayerReaders(NamedTuple):
    """How a provider's entry of a player is read. Each raises ContractError."""

    did_play: Callable[[Fields], bool]
    row: Callable[[Fields], Row]
    """Name, minutes and counts of one who played; with `player_id` where the provider uses the NBA's ids."""
    name: Callable[[Fields], str]


class Entry(NamedTuple):
    """An entry of a player in a box score."""

    team: str
    fields: Fields
    readers: PlayerReaders


class BoxPlayers(NamedTuple):
    """The entries of a box score."""

    played: tuple[Row, ...]
    """Rows of those who played, with their team."""
    unreadable: tuple[Row, ...]
    """`team` and `player_name`, None if it is unreadable too, of entries of players who may have played."""
    idle: int
    """Number of players who did not play."""

    def add_up_to(self, score: Mapping[str, int]) -> bool:
        """Whether the points of each side's players add up to its score: they do not when a player is missing.

        A side with an unreadable entry may lack points.
        """
        points: Counter[str] = Counter()
        for row in {(row["team"], row["player_name"]): row for row in self.played}.values():
            points[row["team"]] += row["points"]
        may_lack = {row["team"] for row in self.unreadable}
        return all(points[team] == side or (team in may_lack and points[team] < side) for team, side in score.items())


def read_players(collector: RowCollector, entries: Iterable[Entry]) -> BoxPlayers:
    """Read each entry. Of a player who did not play nothing is needed."""
    played: list[Row] = []
    unreadable: list[Row] = []
    idle = 0
    for team, player, readers in entries:
        if readable(readers.did_play, player) is False:
            idle += 1
            continue
        with collector.element(player):
            readers.did_play(player)
            played.append({"team": team, **readers.row(player)})
            continue
        unreadable.append({"team": team, "player_name": readable(readers.name, player)})
    return BoxPlayers(tuple(played), tuple(unreadable), idle)


def keep_players(
    collector: RowCollector,
    players: BoxPlayers,
    score: Mapping[str, int],
    game: SlateGame,
    context: ReadContext,
    origin: Row,
) -> None:
    """Keep the rows of a final game. An incomplete box score makes none.

    Players known by name only are resolved within their team's roster.
    """
    if not players.add_up_to(score):
        collector.reject(INCOMPLETE, len(players.played) + players.idle)
        return
    collector.reject(DID_NOT_PLAY, players.idle)
    resolver_of_team = cache(lambda team: resolver_of(context, [team]))
    for row in players.played:
        known = row if "player_id" in row else _resolved(collector, row, resolver_of_team, game, context, origin)
        if known:
            collector.keep({**game_columns(game, row["team"], context.slate), **known, **origin})
    for entry in players.unreadable:
        keep_unreadable_player(collector, context, origin, {"game_id": game.game_id, **entry})


def judged_box_score(part: str, reading: Reading) -> Judgement:
    """What the reading of one final game means."""
    players = len(reading.rows) + len(reading.unresolved)
    if INCOMPLETE in reading.rejected or not players:
        return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{part}: {INCOMPLETE}")
    return judged(Outcome.OK, f"{part}: {counted(players, 'player')}")


def keep_unreadable_player(collector: RowCollector, context: ReadContext, origin: Row, player: Row) -> None:
    """Keep the unreadable entry of a player as unresolved: who may have played is not void.

    `player`: game_id, team and player_name, each None if it is unreadable. Without game or team the entry may be of
    each of the slate.
    """
    for game in context.slate.games:
        for team in (game.home, game.away):
            if player["game_id"] in (None, game.game_id) and player["team"] in (None, team):
                row = _unreadable_row(player["player_name"], context, game.game_id, team)
                collector.unresolved({**row, **origin})
                collector.incomplete(game.game_id)


def _resolved(
    collector: RowCollector,
    row: Row,
    resolver_of_team: Callable[[str], Resolver],
    game: SlateGame,
    context: ReadContext,
    origin: Row,
) -> Row | None:
    name, team = row["player_name"], row["team"]
    if len(name) > LONGEST_NAME:
        collector.reject(TOO_LONG)
        return None
    resolver = resolver_of_team(team)
    player = resolver.resolve(name)
    if player is None:
        collector.unresolved({**unresolved_row(name, resolver, context, game.game_id, team), **origin})
        return None
    return {**row, "player_id": player.player_id, "player_name": player.player_name}


def _unreadable_row(name: str | None, context: ReadContext, game_id: str, team: str) -> Row:
    """The row of `unresolved_players`, by the player's own name if it resolves.

    The candidates are empty when it may be any player of the team.
    """
    if name is None or len(name) > LONGEST_NAME:
        return unresolved_row(UNREADABLE_PLAYER, resolver_of(context, []), context, game_id, team) | {"candidates": ""}
    resolver = resolver_of(context, [team])
    player = resolver.resolve(name)
    row = unresolved_row(player.player_name if player else name, resolver, context, game_id, team)
    return row | {"candidates": player.player_name if player else row["candidates"] or name}
