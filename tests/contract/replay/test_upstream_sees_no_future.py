"""No response contains facts from after its as-of time."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.upstream_bodies import ADDRESSES, body_of, last_injury_report
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.shapes.view import ArchiveIndex
from tipoff.replay.upstream.endpoints import SERVED_SOURCES, find_endpoint
from tipoff.vocabulary import eastern


def minutes_after(start: datetime, minutes: int) -> st.SearchStrategy[datetime]:
    return st.integers(0, minutes).map(lambda minute: start + timedelta(minutes=minute))


THE_DAY = eastern(date(2024, 3, 29), 6)

while_no_game_runs = minutes_after(THE_DAY, 12 * 60) | st.builds(
    lambda day, minute: eastern(date(2024, 3, 29) - timedelta(days=day), 2) + timedelta(minutes=minute),
    st.integers(0, 150),
    st.integers(0, 9 * 60),
)


def test_every_endpoint_except_the_injury_report_is_covered() -> None:
    matches = [find_endpoint(*address) for address in ADDRESSES.values()]
    assert {endpoint.source for endpoint, _ in filter(None, matches)} == SERVED_SOURCES - {"nbac_injury_report"}


@pytest.fixture(scope="module")
def index(archive: Archive) -> ArchiveIndex:
    return ArchiveIndex(archive)


def with_another_future(archive: Archive, as_of: datetime) -> dict[str, pl.DataFrame]:
    """The tables with everything changed that becomes known after `as_of`."""
    unplayed = archive.games.filter(pl.col("tip_off") > as_of)["game_id"].implode()
    is_unplayed = pl.col("game_id").is_in(unplayed)
    dates = archive.games.select("game_id", "game_date").iter_rows()
    without_crew = [game_id for game_id, game_date in dates if eastern(game_date, 9, 15) > as_of]
    later = pl.col("snapshot_at") > as_of

    def changed(frame: pl.DataFrame, which: pl.Expr, **changes: pl.Expr) -> pl.DataFrame:
        return frame.with_columns(
            pl.when(which).then(change.cast(frame.schema[name])).otherwise(pl.col(name)).alias(name)
            for name, change in changes.items()
        )

    more_points = pl.col("points") + 7
    return {
        "games": changed(
            archive.games,
            is_unplayed,
            home_points=pl.col("away_points"),
            away_points=pl.col("home_points") + 9,
            overtime_periods=pl.col("overtime_periods") + 1,
        ),
        "player_box": changed(archive.player_box, is_unplayed, points=more_points, fgm=pl.lit(0)),
        "team_box": changed(archive.team_box, is_unplayed, points=more_points, win=~pl.col("win")),
        "game_lines": changed(archive.game_lines, later, total=pl.col("total") + 5),
        "prop_lines": changed(archive.prop_lines, later, line=pl.col("line") + 5, player_name=pl.lit("X")),
        "closing_lines": changed(archive.closing_lines, is_unplayed, total=pl.lit(0)),
        "availability": changed(
            archive.availability,
            is_unplayed & (pl.col("status") == "PLAYED"),
            status=pl.lit("DNP"),
        ),
        "shots_by_zone": archive.shots_by_zone.filter(~is_unplayed),
        "officials": archive.officials.filter(~pl.col("game_id").is_in(without_crew)),
    }


def test_every_table_except_players_has_an_altered_future(archive: Archive) -> None:
    assert with_another_future(archive, THE_DAY).keys() == TABLES.keys() - {"players"}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(as_of=while_no_game_runs)
def test_responses_do_not_depend_on_later_facts(
    as_of: datetime, index: ArchiveIndex, archive: Archive, altered: Callable[..., Archive]
) -> None:
    other = ArchiveIndex(altered(**with_another_future(archive, as_of)))
    for name in ADDRESSES:
        assert body_of(index, as_of, name) == body_of(other, as_of, name), name
    assert last_injury_report(index, as_of) == last_injury_report(other, as_of)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(as_of=minutes_after(THE_DAY - timedelta(days=150), 151 * 24 * 60))
def test_log_rows_and_final_statuses_are_of_finished_games_only(
    as_of: datetime, index: ArchiveIndex, archive: Archive
) -> None:
    ends = pl.col("tip_off") + pl.duration(minutes=140) + pl.duration(minutes=12) * pl.col("overtime_periods")
    logged = archive.games.filter(ends + pl.duration(minutes=5) <= as_of)
    rows = re.findall(rb'"(00223\d{5})"', body_of(index, as_of, "player rows"))
    assert {game_id.decode() for game_id in rows} == set(logged["game_id"])
    finals = body_of(index, as_of, "schedule").count(b'"gameStatus":3')
    assert finals == archive.games.filter(ends <= as_of).height


@settings(max_examples=25, deadline=None, derandomize=True)
@given(as_of=minutes_after(THE_DAY, 18 * 60))
def test_no_quote_is_newer_than_the_request(as_of: datetime, index: ArchiveIndex) -> None:
    texts = body_of(index, as_of, "game lines"), body_of(index, as_of, "props")
    assert all(time <= as_of for text in texts for time in update_times(text))


def update_times(text: bytes) -> list[datetime]:
    return [datetime.fromisoformat(part[:20].decode()) for part in text.split(b'"last_update":"')[1:]]
