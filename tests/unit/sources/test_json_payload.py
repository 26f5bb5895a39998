"""Strict reading: missing, retyped and new fields are reported by path."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tipoff.errors import ContractError
from tipoff.sources.csv_payload import CsvPayload
from tipoff.sources.dates import date_of
from tipoff.sources.json_payload import Fields, JsonPayload, ResultSet


def payload(content: object) -> JsonPayload:
    return JsonPayload("feed", json.dumps(content).encode())


@pytest.mark.parametrize(
    ("read", "value", "problem"),
    [
        (lambda fields: fields.text("x"), 7, "is an integer, expected text"),
        (lambda fields: fields.filled_text("x"), " ", "is blank"),
        (lambda fields: fields.integer("x"), True, "is true or false, expected an integer"),
        (lambda fields: fields.integer("x"), 7.5, "is 7.5, expected an integer"),
        (lambda fields: fields.integer("x"), 2**63, "is an integer of 64 bits, expected at most 63"),
        (lambda fields: fields.number("x"), "7", "is text, expected an integer or a number"),
        (lambda fields: fields.number("x"), 10**400, "is not a finite number"),
        (lambda fields: fields.text("x"), "x" * 3_000_000, "is a text of 3,000,000 characters, expected at most 200"),
        (lambda fields: fields.identifier("x"), "7" * 201, "is a text of 201 characters"),
        (lambda fields: fields.flag("x"), "perhaps", "is neither true nor false"),
        (lambda fields: fields.identifier("x"), None, "is null, expected text or an integer"),
        (lambda fields: fields.time("x"), "2024-03-29T19:00:00", "has no time zone"),
        (lambda fields: fields.time("x"), "tonight", "is not an ISO 8601 time"),
        (lambda fields: fields.time("x"), "0001-01-01T00:00:00Z", "is not a plausible year"),
        (lambda fields: fields.fields("x"), [], "is a list, expected an object"),
        (lambda fields: fields.each("x"), {}, "is an object, expected a list"),
    ],
)
def test_a_retyped_field_is_refused_with_its_path(
    read: Callable[[Fields], object], value: object, problem: str
) -> None:
    inner = payload({"games": [{"home": {"x": value}}]}).top().each("games")[0].fields("home")
    with pytest.raises(ContractError) as caught:
        read(inner)
    assert caught.value.path == "$.games[0].home.x"
    assert problem in caught.value.problem
    assert str(caught.value).startswith("feed: $.games[0].home.x: ")


def test_the_beginning_of_a_long_prose_text_is_read() -> None:
    assert payload({"x": "Out. " * 100}).top().prose("x") == "Out. " * 40


def test_a_missing_field_is_refused_with_its_path() -> None:
    with pytest.raises(ContractError, match=r"\$\.games: is missing"):
        payload({"game": []}).top().each("games")


def test_an_unpaired_surrogate_becomes_a_question_mark() -> None:
    top = JsonPayload(
        "feed", rb'{"x": "Luka Don\ud83di\u0107", "y": "\ud83c\udfc0", "z": "\\ud83d", "n": [7, 0.5, null]}'
    ).top()
    assert (top.text("x"), top.text("y"), top.text("z")) == ("Luka Don?ić", "🏀", r"\ud83d")
    assert top.values("n") == [7, 0.5, None]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": [1, 2', b"\xff\xfe", b'"\xed\xa0\xbd"', b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ContractError, match="is not JSON"):
        JsonPayload("feed", body)


def test_an_id_becomes_text_from_any_type() -> None:
    first, second = payload([{"id": 2544}, {"id": "2544"}]).each()
    assert first.identifier("id") == second.identifier("id") == "2544"


@pytest.mark.parametrize("element", [None, "", 7, [], True])
def test_an_element_that_is_no_object_is_refused_when_it_is_read(element: object) -> None:
    _, odd, after = payload({"games": [{"id": 1}, element, {"id": 3}]}).top().each("games")
    assert after.integer("id") == 3
    for read in (odd.integer, odd.has, odd.flag, odd.each, odd.values, odd.has_time):
        with pytest.raises(ContractError, match=r"\$\.games\[1\]: is .*, expected an object"):
            read("id")


@pytest.mark.parametrize(
    ("content", "has_time"),
    [
        ({}, False),
        ({"x": None}, False),
        ({"x": ""}, False),
        ({"x": "0001-01-01T00:00:00Z"}, False),
        ({"x": "0001-01-01 00:00:00"}, False),
        ({"x": "2024-03-29T19:00:00Z"}, True),
        ({"x": "tonight"}, True),
        ({"x": 7}, True),
    ],
)
def test_the_year_1_and_an_empty_text_stand_for_no_time(content: object, *, has_time: bool) -> None:
    assert payload(content).top().has_time("x") is has_time


def test_new_fields_are_listed_once_without_ignored_ones() -> None:
    content = {"games": [{"id": 1, "note": {}, "arena": {"city": "x"}}, {"id": 2, "arena": {"city": "y"}}]}
    reading = payload(content)
    for game in reading.top().each("games"):
        game.identifier("id")
        game.fields("arena")
    assert reading.unknown(frozenset({"note"})) == ("$.games[].arena.city",)
    assert reading.unknown(frozenset()) == ("$.games[].arena.city", "$.games[].note")


def table(headers: list[str], rows: list[Any]) -> ResultSet:
    return ResultSet(payload({"headers": headers, "rowSet": rows}).top())


def test_a_retyped_cell_of_a_result_set_damages_its_row_only() -> None:
    points = table(["PLAYER_ID", "PTS"], [[1, 20], [2, "20"], [None, 7], [4, 9.0]])
    columns = points.identifiers("PLAYER_ID"), points.integers("PTS")
    assert list(points.intact(*columns)) == [("1", 20), ("4", 9)]
    assert list(points.damaged(*columns)) == [("2", None), (None, 7)]
    assert [error.path for error in points.damage.values()] == ["$.rowSet[2].PLAYER_ID", "$.rowSet[1].PTS"]
    with pytest.raises(ContractError, match=r"\$\.rowSet\[2\]\.PLAYER_ID: is null"):
        points.require_intact()


@pytest.mark.parametrize(
    ("read", "cell", "problem"),
    [
        (lambda rows: rows.integers("PTS"), 2**63, "is an integer of 64 bits"),
        (lambda rows: rows.integers("PTS"), 7.5, "is 7.5, expected an integer"),
        (lambda rows: rows.integers("PTS"), True, "is true or false"),
        (lambda rows: rows.numbers("PTS"), None, "is null"),
        (lambda rows: rows.numbers("PTS"), 10**400, "is not a finite number"),
        (lambda rows: rows.numbers_or_none("PTS"), "7", "is text"),
        (lambda rows: rows.texts("PTS"), 7, "is an integer, expected text"),
        (lambda rows: rows.texts_or_none("PTS"), 7, "is an integer, expected text or null"),
        (lambda rows: rows.identifiers("PTS"), 7.5, "is 7.5, expected an integer"),
        (lambda rows: rows.identifiers_or_none("PTS"), [], "is a list"),
    ],
)
def test_an_unreadable_cell_is_named_and_none_in_its_column(
    read: Callable[[ResultSet], list[object]], cell: object, problem: str
) -> None:
    rows = table(["PTS"], [[cell]])
    assert read(rows) == [None]
    assert rows.damage[0].path == "$.rowSet[0].PTS"
    assert problem in rows.damage[0].problem


def test_a_cell_that_cannot_be_converted_damages_its_row() -> None:
    rows = table(["GAME_DATE"], [["2026-01-24"], ["2026-01-24T00:00:00"], ["tonight"], [None]])
    dates = rows.converted("GAME_DATE", rows.texts("GAME_DATE"), date_of)
    assert dates == [date(2026, 1, 24), date(2026, 1, 24), None, None]
    assert {index: error.problem for index, error in rows.damage.items()} == {
        2: "'tonight' is invalid: 'tonight' is not a date",
        3: "is null, expected text",
    }


def test_rows_without_a_value_are_not_read() -> None:
    rows = table(["WL", "PTS"], [[None, None], ["W", 20], ["", "?"], ["L", None], ["W"]])
    finished = rows.with_value("WL")
    points = finished.integers("PTS")
    assert (len(rows), len(finished)) == (5, 3)
    assert list(finished.intact(points)) == [(20,)]
    assert {index: error.path for index, error in finished.damage.items()} == {
        4: "$.rowSet[4]",
        3: "$.rowSet[3].PTS",
    }


def test_a_csv_cell_beyond_int64_is_refused_with_its_line_and_column() -> None:
    (line,) = CsvPayload("feed", b"points\n9223372036854775808\n", frozenset({"points"})).rows
    with pytest.raises(ContractError, match=r"\$\.line\[2\]\.points: is an integer of 64 bits"):
        line.integer("points")


@pytest.mark.parametrize("quote", ["", '"'])
def test_blank_csv_lines_are_no_rows_and_count_as_lines(quote: str) -> None:
    lines = CsvPayload("feed", f"points,name\n\n7,A\n\n8,{quote}B\n".encode(), frozenset({"points"})).rows
    assert [line.path for line in lines] == ["$.line[3]", "$.line[5]"]
    assert lines[0].integer("points") == 7
    assert bool(lines[1].damage) is bool(quote)


def test_a_missing_column_is_refused_and_a_ragged_row_damages_itself() -> None:
    with pytest.raises(ContractError, match=r"\$\.headers: PTS is missing"):
        table(["PLAYER_ID"], []).integers("PTS")
    rows = table(["PLAYER_ID"], [[1], [2, 3], "4"])
    assert list(rows.intact(rows.identifiers("PLAYER_ID"))) == [("1",)]
    assert {error.problem for error in rows.damage.values()} == {"is not as long as the headers"}


def test_new_columns_of_a_result_set_are_listed() -> None:
    points = table(["PLAYER_ID", "PTS", "GRAVITY", "NOTE"], [[1, 20, 3, 4]])
    assert points.identifiers("PLAYER_ID") == ["1"]
    assert points.numbers("PTS") == [20.0]
    assert points.unknown(frozenset({"NOTE"})) == ("GRAVITY",)


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *((True, True), (False, False), (None, False), (1, True), (0, False), (1.0, True), (0.0, False)),
        *(("true", True), (" N ", False), ("", False), ("null", False)),
    ],
)
def test_a_flag_has_its_plain_meaning(value: object, flag: bool) -> None:
    assert payload({"x": value}).top().flag("x") is flag


@pytest.mark.parametrize(("content", "count"), [({"x": 7.0}, 7), ({"x": None}, 0), ({}, 0)])
def test_an_absent_count_is_zero(content: object, count: int) -> None:
    assert payload(content).top().count("x") == count


def test_an_absent_flag_is_false() -> None:
    assert payload({}).top().flag("x") is False


def test_a_whole_number_with_a_fraction_of_zero_is_an_integer() -> None:
    assert payload({"x": 7.0}).top().integer("x") == 7
    assert payload({"x": 7.0}).top().identifier("x") == "7"


def test_a_date_with_a_time_is_that_date() -> None:
    assert payload({"x": "2026-01-24T23:30:00Z"}).top().date("x") == date(2026, 1, 24)
    with pytest.raises(ContractError, match=r"x: 'tonight' is not a date"):
        payload({"x": "tonight"}).top().date("x")
