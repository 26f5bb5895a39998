"""A real evening with predictions, followed by the real activity over the replay's upstream."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from temporalio.testing import ActivityEnvironment

from activities.follow import FollowActivities
from activities.resources import Resources
from tests.support import evening
from tests.support.evening import DAY, NEXT_MORNING, WITH_LINES
from tests.support.validated_exports import validated_exports
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.envelope import Edition
from tipoff.publishing.reader_exports import publish_exports_of_tonight
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.status import publish_status
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault
from tipoff.replay.upstream import serve
from tipoff.settings import Settings
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import DayStatus, SlateGame, SourceReport, eastern
from workflows.contracts.live_scoring import FollowRequest

RUNNING = DayStatus.model_validate(
    {
        "game_date": DAY,
        "state": "RUNNING",
        "phase": "results",
        "data_quality": "COMPLETE",
        "now": WITH_LINES,
        "sentence": "results: waiting for 12 games",
        "virtual": True,
        "held": False,
        "counts": {},
        "predictions_due": None,
        "first_published_at": None,
        **dict.fromkeys(("games", "postponed_games", "refreshed_at", "steps", "degradations"), ()),
        **dict.fromkeys(("attention", "alerts", "audit"), ()),
    }
)


class Evening:
    """An evening with predictions, followed at the times that a test wants."""

    def __init__(self, resources: Resources, games: tuple[SlateGame, ...], root: Path) -> None:
        self.resources = resources
        self.games = games
        self.root = root
        self._follow = FollowActivities(resources).follow

    async def follow(self, *times: datetime) -> SourceReport:
        unfinished = tuple(game.game_id for game in self.games)
        request = FollowRequest(
            source="nbac_scoreboard", game_date=DAY, games=self.games, times=times, missing_games=unfinished
        )
        report: SourceReport = await ActivityEnvironment().run(self._follow, request)
        return report

    def export(self, name: str) -> dict[str, Any]:
        """An export; like all of them it has the schema that is published beside it."""
        exports = self.root / "exports"
        assert validated_exports(exports) >= {"live", "live-grading"}
        content: dict[str, Any] = json.loads((exports / "v1" / name / f"{DAY}.json").read_text())
        return content

    def game(self, label: str) -> dict[str, Any]:
        return next(game for game in self.export("live")["games"] if f"{game['away']}@{game['home']}" == label)

    def picks(self) -> dict[str, int]:
        """The picks of the headline by what is known of them."""
        (picks,) = (
            each["picks"]
            for each in self.export("live-grading")["systems"]
            if (each["system_id"], each["view"]) == HEADLINE
        )
        return {
            "Graded": picks["win"] + picks["loss"] + picks["push"],
            "Trending": picks["trending_correct"] + picks["trending_incorrect"],
            "Pending": picks["pending"],
            "Void": picks["void"],
        }

    @staticmethod
    def counts_shown(page: Path) -> dict[str, int]:
        """The same numbers as the first page has them."""
        section = page.read_text().split('id="standing"')[1].split("</section>")[0]
        return {name: int(number) for name, number in re.findall(r"<dt>(\w+)</dt><dd>(\d+)</dd>", section)}

    def grades_of(self, label: str) -> set[str]:
        game_id = self.game(label)["game_id"]
        players = (each for each in self.export("live-grading")["players"] if each["game_id"] == game_id)
        return {system["grade"] for player in players for system in player["systems"]}


def announce(night: Evening) -> None:
    """Publish what readers find before the games, and the site."""
    resources, edition = night.resources, Edition(DAY, WITH_LINES, NEXT_MORNING)
    publish_best_bets(resources.warehouse, resources.exports, edition)
    publish_exports_of_tonight(resources.warehouse, resources.exports, edition)
    publish_status(resources.exports, RUNNING, NEXT_MORNING)
    publish_site(resources.exports)


@asynccontextmanager
async def the_evening(sample: Path, root: Path, faults: Sequence[Fault] = ()) -> AsyncIterator[Evening]:
    archive = Archive(sample)
    slate = archive.slate(DAY).select("game_id", "away", "home", "tip_off").sort("tip_off", "game_id")
    with serve(archive, tuple(faults)) as upstream:
        folders = {name: f"file://{root}/{name}" for name in ("landing", "exports", "models", "work")}
        settings = Settings.model_validate(
            {"upstream": upstream.url, "warehouse": f"duckdb:///{root}/tipoff.duckdb", **folders}
        )
        resources = Resources(settings, now=lambda: NEXT_MORNING)
        evening.load_slate(resources.warehouse, sample)
        evening.load_predictions(resources.warehouse, sample)
        games = tuple(SlateGame(**row) for row in slate.iter_rows(named=True))
        try:
            yield Evening(resources, games, root)
        finally:
            await resources.close()


def at(hour: int, minute: int = 0) -> datetime:
    return eastern(DAY, hour, minute)
