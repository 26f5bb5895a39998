"""A backtest of the first weeks of the real season in `sample/`, with invented lines."""

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cli.commands import parse
from cli.exit_codes import CommandError
from tipoff.errors import ArchiveError, BadInputError
from tipoff.evaluation.prediction_file import COLUMNS, read_predictions
from tipoff.features.vector import is_missing
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.writer import write_archive
from tipoff.training.backtest import Backtest, run_backtest
from tipoff.warehouse.base import DateRange

DATES = DateRange(first=date(2023, 11, 11), last=date(2023, 11, 13))
SYSTEMS = ("moving_average", "catboost_v8")

Step = tuple[str, int, int]


def write_season(folder: Path, sample: Path, until: date) -> Path:
    """An archive whose facts end with a date, except the schedule; every starter of a game has a line at one book."""
    season = Archive(sample)
    frames = {name: getattr(season, name) for name in TABLES}
    known = pl.col("game_date") <= until
    frames |= {name: frames[name].filter(known) for name in ("player_box", "team_box", "shots_by_zone")}
    results = ("home_points", "away_points", "overtime_periods")
    frames["games"] = frames["games"].with_columns(pl.when(known).then(name).alias(name) for name in results)
    frames["prop_lines"] = lines(frames)
    frames["availability"] = absences(frames)
    write_archive(folder, frames, source="import", missing=())
    return folder


def lines(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    tips = frames["games"].select("game_id", "tip_off", home_team="home", away="away")
    quoted = frames["player_box"].filter("starter").join(tips, on="game_id")
    return quoted.select(
        "game_id",
        "game_date",
        "away",
        "player_name",
        home="home_team",
        event_id="game_id",
        commence_time="tip_off",
        book=pl.lit("fanduel"),
        line=pl.lit(14.5, pl.Float32),
        over_price_american=pl.lit(-110, pl.Int32),
        under_price_american=pl.lit(-105, pl.Int32),
        snapshot_at=pl.col("tip_off") - pl.duration(hours=2),
        snapshot_source=pl.lit("provider"),
    ).select(TABLES["prop_lines"].names())


def absences(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Everyone who played is listed, and so is LeBron James for each game of Denver, whom he never played for."""
    listed = frames["player_box"].select(
        "game_id",
        "game_date",
        "team",
        "player_id",
        "player_name",
        status=pl.lit("PLAYED"),
        reason=pl.lit(None, pl.String),
    )
    absent = (
        listed.filter(team="DEN").unique("game_id").with_columns(player_id=pl.lit("2544"), status=pl.lit("INACTIVE"))
    )
    return pl.concat([listed, absent])


def plan(archive: Path, dates: DateRange = DATES) -> Backtest:
    return Backtest(archive=archive, dates=dates, system_ids=SYSTEMS, refit_days=2)


def backtest(archive: Path, out: Path, dates: DateRange) -> pl.DataFrame:
    return run_backtest(plan(archive, dates), out, lambda title, done, of: None)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    return write_season(tmp_path_factory.mktemp("long"), sample, date(2023, 11, 20))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out") / "predictions.parquet"


@pytest.fixture(scope="module")
def work(archive: Path, out: Path) -> dict[str, pl.DataFrame]:
    """Stop a backtest after its first span of dates: the files of its work folder."""

    def stop(title: str, done: int, of: int) -> None:
        if title == "predictions" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_backtest(plan(archive), out, stop)
    assert not out.exists()
    return {file.stem: pl.read_parquet(file) for file in out.parent.glob("*.work/*.parquet")}


@pytest.fixture(scope="module")
def steps_after_a_stop(archive: Path, out: Path, work: dict[str, pl.DataFrame]) -> list[Step]:
    """Run the stopped backtest again to its end: what it reported."""
    assert work
    steps: list[Step] = []
    run_backtest(plan(archive), out, lambda title, done, of: steps.append((title, done, of)))
    return steps


@pytest.fixture(scope="module")
def predictions(steps_after_a_stop: list[Step], out: Path) -> pl.DataFrame:
    assert not read_predictions(out).left_out
    return pl.read_parquet(out)


def test_a_stopped_backtest_goes_on_where_it_was(steps_after_a_stop: list[Step], out: Path) -> None:
    assert steps_after_a_stop[0] in (("predictions", 1, 2), ("predictions", 2, 2)), "the rows are there"
    assert steps_after_a_stop[-1] == ("predictions", 2, 2)
    assert [each.name for each in out.parent.iterdir()] == [out.name], "the work folder is removed"


def test_the_history_has_the_lines_of_the_dates_before(work: dict[str, pl.DataFrame]) -> None:
    lined = work["history"].filter(pl.col("line").is_not_null())
    earlier = work["history"].filter(pl.col("game_date") < DATES.first)["game_date"].unique()
    assert earlier.len() > 10
    assert set(earlier) <= set(lined["game_date"]), "every date before has lines"


def test_a_closing_line_is_not_old(work: dict[str, pl.DataFrame]) -> None:
    lined = work["rows"].filter(pl.col("line").is_not_null())
    assert not lined.is_empty()
    assert lined.filter(is_missing("fresh_line")).is_empty()


def test_every_listed_player_is_predicted_by_each_system_in_both_views(predictions: pl.DataFrame) -> None:
    assert tuple(predictions.columns) == COLUMNS
    assert set(predictions["game_date"]) == {DATES.first + timedelta(days=days) for days in range(3)}
    groups = predictions.group_by("system_id", "view").agg(pl.len(), pl.col("line").null_count().alias("without"))
    sizes = {(system, view): (number, without) for system, view, number, without in groups.iter_rows()}
    assert set(sizes) == {(system, view) for system in SYSTEMS for view in ("model", "market")}
    assert all(without == 0 for (_, view), (_, without) in sizes.items() if view == "market")
    assert all(number > without > 0 for (_, view), (number, without) in sizes.items() if view == "model")


def test_without_all_that_came_later_the_predictions_are_identical(
    predictions: pl.DataFrame, sample: Path, tmp_path: Path
) -> None:
    until = DATES.last - timedelta(days=1)
    short = write_season(tmp_path / "short", sample, until)
    again = backtest(short, tmp_path / "again.parquet", DateRange(first=DATES.first, last=until))
    assert_frame_equal(again, predictions.filter(pl.col("game_date") <= until), check_exact=True)


def test_a_folder_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    backtest = Backtest(archive=tmp_path / "absent", dates=DATES, system_ids=SYSTEMS)
    with pytest.raises(ArchiveError, match="absent is not an archive"):
        run_backtest(backtest, tmp_path / "out.parquet", lambda title, done, of: None)
    assert not [*tmp_path.iterdir()]


def test_an_archive_without_games_on_the_dates_is_refused(archive: Path, tmp_path: Path) -> None:
    summer = DateRange(first=date(2023, 7, 1), last=date(2023, 7, 2))
    with pytest.raises(BadInputError, match="has no games from 2023-07-01 to 2023-07-02"):
        backtest(archive, tmp_path / "out.parquet", summer)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("--from 2023-11-12 --to 2023-11-11", "--from 2023-11-12 is after --to 2023-11-11"),
        ("--from 2023-11-11 --to 2023-11-12 --system catbost_v8", "did you mean catboost_v8"),
    ],
)
async def test_wrong_arguments_are_refused(arguments: str, error: str, tmp_path: Path) -> None:
    from cli.backtest import run

    options = parse(["backtest", *arguments.split(), "--out", str(tmp_path / "out")])
    with pytest.raises(CommandError, match=error):
        await run(options)


def test_predictions_of_other_code_or_facts_are_not_continued(
    archive: Path, tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = plan(Path(shutil.copytree(archive, tmp_path / "moved")))
    assert moved.fingerprint == plan(archive).fingerprint, "the place of an archive says nothing of its facts"
    other_facts = plan(write_season(tmp_path / "other", sample, DATES.last + timedelta(days=1)))
    assert other_facts.fingerprint != plan(archive).fingerprint
    before = plan(archive).fingerprint
    monkeypatch.setattr("tipoff.training.backtest.code_fingerprint", lambda: "other code")
    assert plan(archive).fingerprint != before
