"""Published files are checked against the published schemas; what differs is named with its file and field."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.statuses import status_without_steps
from tipoff.publishing.status import STATUS, publish_status
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.validation.published import PublishedFile, published_files
from tipoff.vocabulary import DayStatus, SlateGame, eastern

DAY, NEXT_DAY = date(2024, 3, 29), date(2024, 3, 30)
FILE = f"v1/status/{DAY}.json"


@pytest.fixture
def store(tmp_path: Path) -> ExportStore:
    """The statuses of two dates; the file without a date shows the later one."""
    exports = open_exports(f"file://{tmp_path}")
    for day in (DAY, NEXT_DAY):
        publish_status(exports, _status(day, eastern(day, 6)), eastern(day, 6))
    return exports


def _status(day: date, now: datetime) -> DayStatus:
    game = SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=eastern(day, 19))
    return status_without_steps(day, now, games=(game,))


def change(store: ExportStore, path: str, edit: Callable[[Any], object]) -> None:
    content = json.loads(store.read(path) or b"")
    edit(content)
    store.write_if_changed(path, json.dumps(content).encode())


def test_files_as_published_have_their_schemas(store: ExportStore) -> None:
    assert published_files(store, DAY) == (PublishedFile(FILE),)


def test_the_file_without_a_date_belongs_to_the_date_that_it_shows(store: ExportStore) -> None:
    assert [file.path for file in published_files(store, NEXT_DAY)] == [f"v1/status/{NEXT_DAY}.json", STATUS.pointer]


@pytest.mark.parametrize(
    ("edit", "wrong"),
    [
        (lambda status: status.update(state="DONE"), "state: 'DONE' is not one of"),
        (lambda status: status["games"][0].update(game_id=22301062), "games[0].game_id: 22301062 is not of type"),
        (lambda status: status.update(game_date="29 March"), "game_date: '29 March' is not a 'date'"),
        (lambda status: status.update(predictions_due=[]), "predictions_due: [] is not valid under any"),
    ],
)
def test_a_value_that_the_schema_refuses_is_named_with_its_field(
    store: ExportStore, edit: Callable[[Any], object], wrong: str
) -> None:
    change(store, FILE, edit)
    (file,) = published_files(store, DAY)
    assert (file.path, file.wrong[: len(wrong)]) == (FILE, wrong)


def test_a_wrong_value_is_found_behind_missing_fields(store: ExportStore) -> None:
    change(store, FILE, lambda status: (status.pop("alerts"), status["games"][0].update(home=7)))
    (file,) = published_files(store, DAY)
    assert file.wrong.startswith("games[0].home: 7 is not of type")


def test_a_field_of_a_later_version_is_lacking_and_not_wrong(store: ExportStore) -> None:
    change(store, FILE, lambda status: status["games"][0].pop("tip_off"))
    assert published_files(store, DAY) == (PublishedFile(FILE, lacks="games[0].tip_off"),)


@pytest.mark.parametrize(
    "schema",
    ["{", "7", '{"properties": 7}', '{"$ref": "#/$defs/Game"}', '{"items": [{"$ref": "https://localhost/a"}]}'],
)
def test_what_is_no_schema_of_the_file_counts_as_none(store: ExportStore, schema: str) -> None:
    store.write_if_changed(STATUS.schema_path, schema.encode())
    assert published_files(store, DAY) == (PublishedFile(FILE, lacks="a schema"),)


@pytest.mark.parametrize("content", [b"{", b"[]"])
def test_a_file_that_is_no_json_object_is_damaged(store: ExportStore, content: bytes) -> None:
    store.write_if_changed(FILE, content)
    assert published_files(store, DAY) == (PublishedFile(FILE, wrong="it is damaged"),)
