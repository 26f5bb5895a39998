"""A damaged element of a list costs itself only; damage in most elements refuses the response."""

from __future__ import annotations

import json

import pytest

from tipoff.errors import ContractError
from tipoff.sources.base import Reading
from tipoff.sources.feed import RowCollector
from tipoff.sources.json_payload import JsonPayload, ResultSet


def read_books(books: list[object]) -> Reading:
    """The quotes of all books: `{"markets": [{"lines": [{"line": 1}]}]}`."""
    collector = RowCollector(("line",))
    for book in JsonPayload("feed", json.dumps({"books": books}).encode()).top().each("books"):
        with collector.element(book):
            for quote in book.each("quotes"):
                with collector.element(quote):
                    collector.keep({"line": quote.number("line")})
    return collector.reading()


def test_a_damaged_element_costs_itself_and_is_named_by_its_path() -> None:
    reading = read_books([{"quotes": [{"line": 1}, {"line": None}, {"line": 3}]}, {"quotes": [{"line": 4}, {}]}])
    assert [row["line"] for row in reading.rows] == [1, 3, 4]
    assert reading.damaged == {"$.books[0].quotes[1].line: is null, expected an integer or a number": 2}


def test_an_outer_element_without_its_list_leaves_the_other_one() -> None:
    reading = read_books([{}, {"quotes": [{"line": 4}]}])
    assert [row["line"] for row in reading.rows] == [4]
    assert reading.damaged == {"$.books[0].quotes: is missing": 1}


def test_half_of_the_elements_may_be_damaged_but_not_more() -> None:
    damaged, whole = {"points": 1}, {"line": 1}
    assert len(read_books([{"quotes": [damaged, damaged, whole, {"line": 2}]}]).rows) == 2
    with pytest.raises(ContractError, match=r"3 of 5 elements of \$.books\[\].quotes\[\] unreadable"):
        read_books([{"quotes": [damaged, damaged, damaged, whole, {"line": 2}]}])


def test_a_fault_outside_the_element_is_not_contained() -> None:
    top = JsonPayload("feed", b'{"quotes": [{}, {}]}').top()
    collector = RowCollector(("line",))
    with pytest.raises(ContractError, match="season: is missing"), collector.element(top.each("quotes")[1]):
        top.text("season")
    with pytest.raises(ContractError, match=r"quotes\[10\]"), collector.element(top.each("quotes")[1]):
        raise ContractError("feed", "$.quotes[10].line", "is missing")


def read_result_set(rows: list[object]) -> Reading:
    """The points of a result set with one column."""
    top = JsonPayload("feed", json.dumps({"headers": ["PTS"], "rowSet": rows}).encode()).top()
    collector, results = RowCollector(("points",)), ResultSet(top)
    points = results.integers("PTS")
    collector.count_rows(results)
    for (value,) in results.intact(points):
        collector.keep({"points": value})
    return collector.reading()


def test_a_damaged_row_of_a_result_set_costs_itself_and_most_rows_refuse() -> None:
    reading = read_result_set([[1], [2], [None], ["?"]])
    assert [row["points"] for row in reading.rows] == [1, 2]
    assert reading.damaged == {"$.rowSet[2].PTS: is null, expected an integer or a number": 2}
    with pytest.raises(ContractError, match=r"PTS: .*2 of 3 elements of \$\.rowSet\[\] unreadable"):
        read_result_set([[1], [None], ["?"]])
