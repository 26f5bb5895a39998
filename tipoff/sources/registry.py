"""All sources by name."""

from collections.abc import Mapping

from tipoff.sources.base import Source
from tipoff.sources.bdl_boxscores import BdlBoxscores
from tipoff.sources.boxscores import PlayerBoxscores, PlayerHistory, TeamHistory
from tipoff.sources.game_boxscores import LiveBoxscores, TeamBoxscores
from tipoff.sources.injuries import InjuryReport
from tipoff.sources.odds import GameLines, OddsEvents, PlayerPointsProps
from tipoff.sources.players import PlayerList
from tipoff.sources.rosters import TeamRosters
from tipoff.sources.schedule import Schedule
from tipoff.sources.scoreboard import Scoreboard


def sources(history_seasons: int = 1) -> Mapping[str, Source]:
    """Every source, in the order a day asks them; `history_seasons` counts the slate's own."""
    every: tuple[Source, ...] = (
        Schedule(),
        PlayerList(),
        TeamRosters(),
        PlayerHistory(history_seasons),
        TeamHistory(history_seasons),
        InjuryReport(),
        OddsEvents(),
        GameLines(),
        PlayerPointsProps(),
        Scoreboard(),
        PlayerBoxscores(),
        TeamBoxscores(),
        LiveBoxscores(),
        BdlBoxscores(),
    )
    return {source.name: source for source in every}


SOURCES = sources()
