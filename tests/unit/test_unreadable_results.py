"""A result with an unreadable player, from landed responses to grades, in a real DuckDB file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.box_scores import BOX_SCORES, GAME, HEADERS, PEOPLE, log
from tests.support.made_responses import SLATE, made_response
from tests.support.rows import rows_of
from tipoff.grading.accuracy import GradingResult, grade_date
from tipoff.landing.base import Batch, BatchItem
from tipoff.landing.landing import Landing
from tipoff.processing import process
from tipoff.sources.base import Slate
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Grade, Outcome, ProcessReport
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

ONE_GAME = Slate(game_date=SLATE.game_date, games=(GAME,))
LOG, LIVE = "nbac_player_boxscores", "nbac_live_boxscore"
MORNING = made_response(LOG).as_of
HURT, OTHER, IDLE = PEOPLE[0], PEOPLE[2], "Zed Idle"
"""The player with the unreadable entry, one of his team who played, and one who did not play."""


class Night:
    """Responses of a night, read into the warehouse."""

    def __init__(self, root: Path, warehouse: Warehouse) -> None:
        self.landing = Landing(FolderStore(root))
        self.warehouse = warehouse

    def read(self, source: str, document: Any, as_of: datetime = MORNING) -> ProcessReport:
        made, day = made_response(source), ONE_GAME.game_date
        key = self.landing.put(source, day, json.dumps(document).encode(), "json").key
        item = BatchItem(key=key, game_id=made.game_id, part=made.part, outcome=Outcome.OK)
        batch = Batch(source=source, game_date=day, items=(item,))
        batch_key = self.landing.put(source, day, batch.model_dump_json().encode(), "json").key
        return process(SOURCES[source], batch_key, ONE_GAME, as_of, landing=self.landing, warehouse=self.warehouse)

    def points(self) -> dict[str, tuple[int, str]]:
        """Player -> points and source of the stored results."""
        rows = self.warehouse.query("SELECT player_name, points, source FROM raw_player_boxscores ORDER BY player_name")
        return {name: (points, source) for name, points, source in rows.iter_rows()}

    def grade(self) -> tuple[GradingResult, dict[str, str]]:
        """The result, and the grade of each graded player."""
        graded = grade_date(self.warehouse, ONE_GAME.game_date, MORNING + timedelta(hours=2))
        rows = self.warehouse.query("SELECT player_id, grade FROM prediction_accuracy")
        return graded, dict(rows.iter_rows())


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    warehouse = open_warehouse(f"duckdb:///{tmp_path}/tipoff.duckdb")
    warehouse.migrate()
    same = {"game_date": ONE_GAME.game_date, "game_id": GAME.game_id, "as_of": MORNING - timedelta(hours=20)}
    game = {"home": GAME.home, "away": GAME.away, "tip_off": GAME.tip_off, "status": "final", "season_type": "regular"}
    warehouse.replace("raw_schedule", rows_of("raw_schedule", [game], **same), {"game_date": ONE_GAME.game_date})
    predicted = [(HURT.player_id, HURT.player_name), (OTHER.player_id, OTHER.player_name), ("920000", IDLE)]
    predictions = [
        {"prediction_id": player_id, "player_id": player_id, "player_name": name, "team": HURT.team, "line": 15.5}
        for player_id, name in predicted
    ]
    common = {"lean": "OVER", "system_id": "moving_average", "view": "model", "recommendation": "OVER"}
    warehouse.append("predictions", rows_of("predictions", predictions, **same, **common, tip_off=GAME.tip_off))
    yield Night(tmp_path / "landing", warehouse)
    warehouse.close()


def unreadable(header: str = "PTS") -> Any:
    """The league's log with an unreadable cell of the first player."""
    document = log()
    document["resultSets"][0]["rowSet"][0][HEADERS.index(header)] = None
    return document


def test_a_game_with_an_unreadable_player_keeps_the_others_and_is_reported_as_missing(night: Night) -> None:
    report = night.read(LOG, unreadable())
    assert (report.outcome, report.rows, report.missing_games) == (Outcome.PARTIAL, 11, (GAME.game_id,))
    assert report.unresolved_names == ("Ivo Marsh (Ivo Marsh?)",)
    assert night.points().keys() == {person.player_name for person in PEOPLE[1:]}


def test_an_unreadable_player_is_pending_and_not_void(night: Night) -> None:
    night.read(LOG, unreadable())
    graded, grades = night.grade()
    assert grades == {OTHER.player_id: Grade.WIN, "920000": Grade.VOID}
    assert graded.pending == {
        GAME.game_id: "Ivo Marsh may be an unreadable entry of the box score; retry the box scores and the grading"
    }


def test_an_entry_without_a_name_may_be_each_predicted_player_who_is_missing(night: Night) -> None:
    night.read(LOG, unreadable("PLAYER_NAME"))
    graded, grades = night.grade()
    assert grades == {OTHER.player_id: Grade.WIN}
    assert "Ivo Marsh" in graded.pending[GAME.game_id]
    assert IDLE in graded.pending[GAME.game_id]


@pytest.mark.parametrize("header", ["PTS", "PLAYER_NAME"])
def test_another_source_adds_the_unreadable_player_and_later_polls_keep_him(night: Night, header: str) -> None:
    night.read(LOG, unreadable(header))
    live = night.read(LIVE, BOX_SCORES[LIVE].document(), MORNING + timedelta(minutes=1))
    assert (live.changed, live.missing_games) == (True, ())
    added = {"Ivo Marsh": (20, LIVE)} | {person.player_name: (20, LOG) for person in PEOPLE[1:]}
    assert night.points() == added
    assert night.grade()[1] == {HURT.player_id: Grade.WIN, OTHER.player_id: Grade.WIN, "920000": Grade.VOID}
    for minutes, source in ((5, LOG), (6, LIVE)):
        document = unreadable(header) if source == LOG else BOX_SCORES[LIVE].document()
        assert not night.read(source, document, MORNING + timedelta(minutes=minutes)).changed
    assert night.points() == added


def test_the_corrected_response_replaces_what_another_source_added(night: Night) -> None:
    night.read(LOG, unreadable())
    night.read(LIVE, BOX_SCORES[LIVE].document(), MORNING + timedelta(minutes=1))
    whole = night.read(LOG, log(), MORNING + timedelta(minutes=5))
    assert (whole.missing_games, whole.unresolved) == ((), 0)
    assert night.points() == {person.player_name: (20, LOG) for person in PEOPLE}
    assert night.warehouse.query("SELECT * FROM unresolved_players").is_empty()
    live = night.read(LIVE, BOX_SCORES[LIVE].document(), MORNING + timedelta(minutes=6))
    assert not live.changed
