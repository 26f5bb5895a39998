"""All sources by name."""

from collections.abc import Mapping

from tipoff.sources.base import Source
from tipoff.sources.bdl_boxscores import BdlBoxscores
from tipoff.sources.bdl_injuries import BdlInjuries
from tipoff.sources.bettingpros import BettingProsEvents, BettingProsPoints
from tipoff.sources.bigdataball import BigDataBallShots
from tipoff.sources.boxscores import PlayerBoxscores, PlayerHistory, TeamHistory
from tipoff.sources.espn_boxscores import EspnBoxscores
from tipoff.sources.espn_scoreboard import EspnSchedule, EspnScoreboard
from tipoff.sources.game_boxscores import LiveBoxscores, TeamBoxscores
from tipoff.sources.gamebook import Gamebook
from tipoff.sources.injuries import InjuryReport
from tipoff.sources.odds import GameLines, OddsEvents, PlayerPointsProps
from tipoff.sources.player_movement import PlayerMovement
from tipoff.sources.players import PlayerList
from tipoff.sources.referees import RefereeAssignments
from tipoff.sources.rosters import TeamRosters
from tipoff.sources.schedule import Schedule
from tipoff.sources.scoreboard import Scoreboard
from tipoff.sources.shots import PlayByPlay
from tipoff.sources.standings import Standings


def sources(history_seasons: int = 1, *, bigdataball: bool = True, replayed: bool = False) -> Mapping[str, Source]:
    """Every source by name.

    `history_seasons`: including the slate's own. `bigdataball`: whether the folder of its files is configured.
    `replayed`: whether the day is replayed from an archive.
    """
    every: tuple[Source, ...] = (
        Schedule(),
        EspnSchedule(),
        EspnScoreboard(),
        PlayerList(),
        TeamRosters(),
        PlayerHistory(history_seasons),
        TeamHistory(history_seasons),
        InjuryReport(),
        BdlInjuries(),
        RefereeAssignments(),
        Standings(),
        PlayerMovement(replayed=replayed),
        OddsEvents(),
        GameLines(),
        PlayerPointsProps(),
        BettingProsEvents(),
        BettingProsPoints(),
        Scoreboard(),
        PlayerBoxscores(),
        TeamBoxscores(),
        LiveBoxscores(),
        BdlBoxscores(),
        EspnBoxscores(),
        PlayByPlay(),
        BigDataBallShots(configured=bigdataball),
        Gamebook(),
    )
    return {source.name: source for source in every}


SOURCES = sources()
