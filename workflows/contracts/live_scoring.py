"""What crosses the boundary of the workflow that follows the games of a date."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, Field

from tipoff.vocabulary import Cadence, Frozen, SlateGame


def live_scoring_workflow_id(day_id: str) -> str:
    """The id of the workflow that follows the games of a day's run, `live-scoring-2026-11-20`; one at a time."""
    return f"live-scoring-{day_id.removeprefix('daily-pipeline-')}"


class LiveScoringInput(Frozen):
    """A window of time in which the games are followed."""

    game_date: date
    games: tuple[SlateGame, ...]
    source: str
    """The scoreboard."""
    as_of: AwareDatetime
    """Time of the first poll."""
    again: Cadence | None = None
    """Further polls until the end of the window, or until one changes what the day decides by. None: one poll."""
    virtual: bool = False
    """The polls do not wait for their times, as in a replay."""
    missing_games: tuple[str, ...] = ()
    """Games that were not over before."""
    force: bool = False
    """An operator wants it."""
    unwatched: bool = False
    """Nobody can read the live exports before the next window, as in a replay without pace or hold."""


class FollowRequest(Frozen):
    """Poll the scoreboard at each of these times until a poll changes something, and write the live exports."""

    game_date: date
    games: tuple[SlateGame, ...]
    source: str
    times: tuple[AwareDatetime, ...] = Field(min_length=1, max_length=500)
    missing_games: tuple[str, ...] = ()
    force: bool = False
    unwatched: bool = False
    """The live exports are written only after a change."""
