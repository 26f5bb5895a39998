"""The games that the calendar drill adds to an archive, and its verdict on a date."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from devtools.calendar_drill import ADDED, DATES, CalendarDate, Replayed
from devtools.moved_facts import AddedGame, write_with_games
from tipoff.errors import BadInputError
from tipoff.replay.archive import Archive
from tipoff.replay.shapes.nba_game_log import game_log
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView
from tipoff.vocabulary import DataQuality, RunState, eastern
from workflows.contracts import DayResult

CUP_FINAL = AddedGame("0062300001", date(2023, 12, 9), "LAL", "IND")


def logged(archive: Archive, log: str) -> set[str]:
    """The games of the day after the Cup final in one of the provider's logs."""
    view = ArchiveView(ArchiveIndex(archive), eastern(CUP_FINAL.game_date + timedelta(days=1), 6))
    asked = {"Season": "2023-24", "PlayerOrTeam": "P", "SeasonType": log, "DateFrom": "12/09/2023"}
    (result,) = json.loads(game_log(view, asked).body)["resultSets"]
    column = result["headers"].index("GAME_ID")
    return {row[column] for row in result["rowSet"]}


def test_an_added_game_is_in_the_log_of_its_kind_at_the_same_eastern_time(sample: Path, tmp_path: Path) -> None:
    before = Archive(sample)
    after = Archive(write_with_games(tmp_path / "archive", before, [CUP_FINAL], "2023-24"))
    (tip_off,) = after.games.filter(game_id=CUP_FINAL.game_id)["tip_off"]
    (played,) = before.games.filter(away="LAL", home="IND")["tip_off"]
    assert tip_off - eastern(CUP_FINAL.game_date, 0) == played - eastern(date(2024, 3, 29), 0)
    assert (logged(after, "IST"), logged(after, "Regular Season")) == ({CUP_FINAL.game_id}, set())
    assert after.prop_lines["event_id"].n_unique() == before.prop_lines["event_id"].n_unique() + 1
    assert after.player_box.height > before.player_box.height


def test_teams_that_never_met_are_named(sample: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no game LAL@LAL of 2023-24"):
        write_with_games(tmp_path / "archive", Archive(sample), [CUP_FINAL._replace(home="LAL")], "2023-24")


def test_each_date_counts_the_games_that_are_added_to_it() -> None:
    added = Counter(game.game_date for game in ADDED)
    assert added == {each.game_date: each.games for each in DATES if each.game_date in added}


def replayed(games: int, state: RunState, quality: DataQuality, predictions: int, seconds: float) -> Replayed:
    """A date with two games on its calendar, or none."""
    result = DayResult(
        game_date=DATES[0].game_date,
        state=state,
        data_quality=quality,
        games=games,
        first_published_at=None,
        refreshed_at=(),
        counts={},
        degradations=(),
        attention=(),
    )
    expected = CalendarDate(DATES[0].game_date, "", 2 if quality is not DataQuality.EMPTY else 0)
    return Replayed(expected, result, predictions, predictions, "", (), seconds)


@pytest.mark.parametrize(
    ("day", "problems"),
    [
        (replayed(2, RunState.COMPLETE, DataQuality.DEGRADED, 100, 60), 0),
        (replayed(0, RunState.COMPLETE, DataQuality.EMPTY, 0, 2), 0),
        (replayed(0, RunState.COMPLETE, DataQuality.EMPTY, 0, 25), 1),
        (replayed(1, RunState.COMPLETE, DataQuality.COMPLETE, 100, 60), 1),
        (replayed(2, RunState.FAILED, DataQuality.DEGRADED, 0, 60), 2),
    ],
)
def test_a_date_is_judged_by_its_calendar(day: Replayed, problems: int) -> None:
    assert len([*day.problems]) == problems
