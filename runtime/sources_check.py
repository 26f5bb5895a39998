"""`make sources-check`: every source against recorded answers, the replay, the faults it can show, and its fallbacks.

Nothing here is known beforehand: answers are read, providers asked over HTTP and broken while it runs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import AsyncIterator, NamedTuple

from rich.console import Console
from rich.table import Table

from runtime import PROJECT
from runtime.looks import Looks, looks, moment_of, slate_of
from tests.support.made_answers import MADE
from tests.support.recorded_answers import CASES, Case, Desk
from tipoff.errors import ContractError, TipoffError, TransportFault
from tipoff.landing.local import LocalLanding
from tipoff.replay.archive import Archive
from tipoff.replay.faults import NAMES_GAMES, POSSIBLE_AT, Fault, Kind
from tipoff.replay.faults import Source as Struck
from tipoff.replay.upstream import serve
from tipoff.replay.upstream.endpoints import find
from tipoff.settings import load_settings
from tipoff.sources.base import Request, Slate, Source
from tipoff.sources.fetcher import Fetcher, TimeOuts
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

DAY = date(2024, 3, 29)
SHARED_DATA = PROJECT.parent / "shared" / "data"

NUMBERED = (
    *("nbac_schedule", "nbac_player_list_current", "espn_team_rosters", "nbac_injury_report"),
    *("nbac_referee_assignments", "odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"),
    *("bettingpros_player_points_props", "espn_scoreboard", "nbac_scoreboard", "nbac_player_boxscores"),
    *("nbac_team_boxscore", "nbac_live_boxscore", "nbac_play_by_play", "nbac_gamebook_player_stats"),
    *("bdl_player_boxscores", "bdl_injuries", "espn_boxscores", "bigdataball_play_by_play"),
    *("nbac_player_movement", "nbac_standings"),
)
