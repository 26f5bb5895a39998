"""The comparison of exports of two engines."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from devtools.cloud_demo import ENGINES, differences, require_known
from tipoff.errors import BadInputError

EXPORT = '{"generated_at":"2026-11-30T12:00:00Z","rows":[{"player":"A","points":20.5}]}'


def two_folders(root: Path, first: str | None, second: str | None, name: str = "v1/a.json") -> tuple[Path, Path]:
    for folder, text in (("first", first), ("second", second)):
        (root / folder / "v1").mkdir(parents=True)
        if text is not None:
            (root / folder / name).write_text(text)
    return root / "first", root / "second"


@pytest.mark.parametrize(
    ("old", "new"), [("12:00:00", "13:59:01"), ("20.5", "20.500004"), ("20.5", "20.49999"), ('"A"', '"A" ')]
)
def test_times_of_writing_and_further_digits_are_no_difference(tmp_path: Path, old: str, new: str) -> None:
    assert differences(*two_folders(tmp_path, EXPORT, EXPORT.replace(old, new))) == []


def test_the_version_of_a_model_is_no_difference_but_what_it_predicts_is(tmp_path: Path) -> None:
    first = EXPORT.replace("{", '{"model_version":"a1",')
    folders = two_folders(tmp_path, first, first.replace("a1", "b2"))
    assert differences(*folders) == []
    (folders[1] / "v1/a.json").write_text(first.replace("20.5", "20.6"))
    assert len(differences(*folders)) == 1


@pytest.mark.parametrize(
    ("second", "difference"),
    [
        (EXPORT.replace("20.5", "20.6"), "v1/a.json.rows[0].points is 20.5 and 20.6"),
        (EXPORT.replace("20.5", "null"), "v1/a.json.rows[0].points is 20.5 and None"),
        (EXPORT.replace('"A"', '"B"'), "v1/a.json.rows[0].player is 'A' and 'B'"),
        (EXPORT.replace('"player":"A",', ""), "v1/a.json.rows[0].player is 'A' and None"),
        (EXPORT.replace("[{", "[{},{"), "v1/a.json.rows is [{"),
        (None, "v1/a.json is {"),
    ],
)
def test_any_other_difference_is_named(tmp_path: Path, second: str | None, difference: str) -> None:
    (named,) = differences(*two_folders(tmp_path, EXPORT, second))
    assert named.startswith(difference)


def test_pages_are_compared_by_line(tmp_path: Path) -> None:
    page = f"<h1>Friday</h1>\n<script>{EXPORT}</script>"
    folders = two_folders(tmp_path, page, page.replace("Friday", "Monday").replace("12:00", "13:00"), "v1/a.html")
    assert differences(*folders) == ["v1/a.html[0] is '<h1>Friday</h1>' and '<h1>Monday</h1>'"]


def test_parquet_files_are_compared_by_value(tmp_path: Path) -> None:
    folders = two_folders(tmp_path, None, None)
    for folder, points in zip(folders, (20.5, 20.500004), strict=True):
        pl.DataFrame({"player": ["A", "B"], "points": [points, 9.0]}).write_parquet(folder / "v1/a.parquet")
    assert differences(*folders) == []
    pl.DataFrame({"player": ["A", "C"], "points": [20.5, 9.0]}).write_parquet(folders[1] / "v1/a.parquet")
    assert differences(*folders) == ["v1/a.parquet[1].player is 'B' and 'C'"]


@pytest.mark.parametrize(
    "wrong", [{"WAREHOUSE": "bigquery"}, {"STORE": "gcs"}, {"STORE": ""}, {"KEEP": "1"}], ids=lambda wrong: str(wrong)
)
def test_other_variables_are_refused(wrong: dict[str, str]) -> None:
    require_known(ENGINES)
    with pytest.raises(BadInputError, match=next(iter(wrong))):
        require_known({**ENGINES, **wrong})
