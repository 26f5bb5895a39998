"""The list of a shared folder: an odd file costs itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tipoff.sources.base import Response
from tipoff.sources.shared_files import DriveList, parse_list

FILE = {"id": "id-1", "mimeType": "text/csv"}


def listed(*files: Any, **others: Any) -> DriveList | None:
    body = json.dumps({"files": files, **others}).encode()
    fetched_at = datetime(2026, 1, 25, 9, tzinfo=UTC)
    return parse_list(Response(status=200, headers={}, body=body, url="", fetched_at=fetched_at))


@pytest.mark.parametrize("odd", [None, "?", {}, {"id": "../id", "mimeType": "text/csv"}, {"id": "id-2"}])
def test_an_odd_file_of_a_list_costs_itself(odd: object) -> None:
    page = listed(odd, FILE, nextPageToken=None)
    assert page is not None
    assert [file.id for file in page.files] == ["id-1"]


def test_a_list_of_odd_files_only_is_no_list() -> None:
    assert listed({"id": "../id", "mimeType": "text/csv"}) is None


def test_an_empty_page_is_a_list() -> None:
    page = listed(nextPageToken="2")
    assert page is not None
    assert (page.files, page.next_page) == ((), "2")
