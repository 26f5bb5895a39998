from datetime import UTC, datetime
from typing import Any

import pytest

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import decode
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import FolderStore

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def exported(store: FolderStore, path: str = "v1/status.json") -> dict[str, Any]:
    return decode(store.read(path) or b"")


def test_status_is_told_whole_with_what_still_lacks_in_its_head(store: FolderStore, status: dict[str, Any]) -> None:
    publish_status(store, read_status(status), WALL_CLOCK)
    told = exported(store)
    assert told == exported(store, "v1/status/2024-03-29.json")
    assert (told["status"], told["degraded_reasons"]) == ("degraded", ["no injury report"])
    assert told["missing_games"] == ["0022301073"]
    assert told["as_of"] == "2024-03-30T12:00:00Z"
    for key in ("sentence", "degradations", "audit", "counts"):
        assert told[key] == read_status(status).model_dump(mode="json")[key]


def test_a_day_that_lacked_nothing_is_complete_and_one_without_games_empty(
    store: FolderStore, status: dict[str, Any]
) -> None:
    publish_status(store, read_status({**status, "degradations": [], "data_quality": "COMPLETE"}), WALL_CLOCK)
    assert exported(store)["status"] == "complete"
    publish_status(store, read_status({**status, "degradations": [], "data_quality": "EMPTY"}), WALL_CLOCK)
    assert exported(store)["status"] == "empty"


def test_an_older_date_never_becomes_the_current_status(store: FolderStore, status: dict[str, Any]) -> None:
    publish_status(store, read_status(status), WALL_CLOCK)
    publish_status(store, read_status({**status, "game_date": "2024-03-28"}), WALL_CLOCK)
    assert exported(store)["game_date"] == "2024-03-29"
    assert exported(store, "v1/status/2024-03-28.json")["game_date"] == "2024-03-28"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"game_date": "29.3.2024"}, "game_date"),
        ({"state": "DONE"}, "state"),
        ({"now": "2024-03-29T12:00:00"}, "now"),
        ({"audit": [{"at": "2024-03-29T12:00:00Z"}]}, "audit.0"),
    ],
)
def test_what_is_no_status_is_refused_by_the_field_that_is_wrong(
    status: dict[str, Any], wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(BadInputError, match=named):
        read_status({**status, **wrong})
