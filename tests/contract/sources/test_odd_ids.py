"""An id that is not safe in a URL or file name costs its own game only, at every source that gives ids."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.made_responses import SLATE, MadeResponse, made_response
from tipoff.sources.provider_ids import UNSAFE_ID, is_safe_id
from tipoff.sources.registry import SOURCES

GIVES_IDS = sorted({source.needs_ids_of for source in SOURCES.values() if source.needs_ids_of})
ODD_IDS = ["a\nb", "../../sports", "..", "a/b", "a?b", "a#b", "a%2e%2e", "", " ", "é", "ev1\u202e1/", "x" * 65, "-"]


def with_first_id(response: MadeResponse, event_id: str) -> MadeResponse:
    body: Any = copy.deepcopy(response.body)
    events = body if isinstance(body, list) else body["events"]
    events[0]["id"] = event_id
    return response.model_copy(update={"body": body})


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize("name", GIVES_IDS)
def test_an_odd_id_costs_its_own_game_only(name: str, odd: str) -> None:
    whole = made_response(name)
    rejected = whole.expected.rejected + 1
    damaged = with_first_id(whole, odd).judge_and_read(SOURCES[name])
    assert damaged.provider_ids == dict(list(whole.expected.provider_ids.items())[1:])
    assert (damaged.rows, damaged.rejected) == (whole.expected.rows[1:], rejected)


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.needs_ids_of])
def test_a_request_with_an_odd_id_stays_on_its_path_or_is_marked(name: str, odd: str) -> None:
    source, game = SOURCES[name], SLATE.games[0]
    as_of = made_response(name).as_of
    (request,) = source.requests(SLATE, as_of, {game.game_id: odd})
    assert "\n" not in request.url
    assert ".." not in request.path.split("/") or not request.stays_on_path


def test_ids_of_all_providers_are_safe() -> None:
    for known in ("0c27cbb0f7633e73a59fbb14d412dbf7", "401585625", "22301062", "event-GSW@CHA"):
        assert is_safe_id(known)
    assert UNSAFE_ID
