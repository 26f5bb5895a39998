from datetime import UTC, datetime
from typing import Any

import pytest

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import decode
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def exported(store: ExportStore, path: str = "v1/status.json") -> dict[str, Any]:
    return decode(store.read(path) or b"")


def test_the_status_is_exported_with_unresolved_degradations_in_its_envelope(
    store: ExportStore, status: dict[str, Any]
) -> None:
    publish_status(store, read_status(status), WALL_CLOCK)
    current = exported(store)
    assert current == exported(store, "v1/status/2024-03-29.json")
    assert (current["status"], current["degraded_reasons"]) == ("degraded", ["no injury report"])
    assert current["missing_games"] == ["0022301073"]
    assert current["as_of"] == "2024-03-30T12:00:00Z"
    for key in ("sentence", "degradations", "audit", "counts"):
        assert current[key] == read_status(status).model_dump(mode="json")[key]


def test_a_day_without_degradations_is_complete_and_one_without_games_is_empty(
    store: ExportStore, status: dict[str, Any]
) -> None:
    publish_status(store, read_status({**status, "degradations": [], "data_quality": "COMPLETE"}), WALL_CLOCK)
    assert exported(store)["status"] == "complete"
    publish_status(store, read_status({**status, "degradations": [], "data_quality": "EMPTY"}), WALL_CLOCK)
    assert exported(store)["status"] == "empty"


def test_an_older_date_does_not_change_the_current_status(store: ExportStore, status: dict[str, Any]) -> None:
    publish_status(store, read_status(status), WALL_CLOCK)
    publish_status(store, read_status({**status, "game_date": "2024-03-28"}), WALL_CLOCK)
    assert exported(store)["game_date"] == "2024-03-29"
    assert exported(store, "v1/status/2024-03-28.json")["game_date"] == "2024-03-28"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"game_date": "29.3.2024"}, "game_date"),
        ({"state": "DONE"}, "state"),
        ({"now": "2024-03-29T12:00:00"}, "now"),
        ({"audit": [{"at": "2024-03-29T12:00:00Z"}]}, "audit.0"),
    ],
)
def test_an_invalid_status_is_rejected_with_the_name_of_the_field(
    status: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInputError, match=field):
        read_status({**status, **changes})
