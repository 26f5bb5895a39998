"""Rules for every source of the registry: the columns of its table, its requests, a judgement of any response."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devtools.recorded_responses import CASES, Case, Recordings, game, slate, utc
from tipoff.sources.base import Request, Response, Slate, Source
from tipoff.sources.registry import SOURCES, sources
from tipoff.vocabulary import Outcome, Role
from tipoff.warehouse.tables import TABLES

TONIGHT = slate(
    date(2024, 3, 29),
    game("0022301062", "GSW@CHA", utc(2024, 3, 29, 23, 0)),
    game("0022301072", "MIN@DEN", utc(2024, 3, 30, 1, 0)),
)
MORNING, NEXT_MORNING = utc(2024, 3, 29, 10, 0), utc(2024, 3, 30, 12, 0)
EVENT_IDS = {game.game_id: f"event-{game.game_id}" for game in TONIGHT.games}

each_source = pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.name)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source_name}-{case.file}")


def requests_of(source: Source, on: Slate = TONIGHT) -> tuple[Request, ...]:
    """Its requests at a suitable time: after the games for results, before them for all other data."""
    return source.requests(on, NEXT_MORNING if source.role is Role.POST else MORNING, EVENT_IDS)


@each_case
def test_rows_have_exactly_the_columns_of_their_table(recordings: Recordings, case: Case) -> None:
    table = TABLES[case.source.table]
    never_null = {column.name for column in table.columns if not column.nullable}
    for row in recordings.read(case).rows:
        assert row.keys() == set(table.column_names)
        assert all(row[name] is not None for name in never_null)


@each_case
def test_no_two_rows_share_a_natural_key(recordings: Recordings, case: Case) -> None:
    keys = [tuple(row[name] for name in TABLES[case.source.table].natural_key) for row in recordings.read(case).rows]
    assert len(set(keys)) == len(keys)


@each_case
def test_rows_lie_within_the_slice_they_replace(recordings: Recordings, case: Case) -> None:
    rows = recordings.read(case).rows
    for name, replaced in case.source.replaced_rows(rows, case.slate).items():
        values = {row[name] for row in rows}
        if isinstance(replaced, tuple):
            assert replaced[0] <= min(values) <= max(values) <= replaced[1]
        else:
            assert values <= (set(replaced) if isinstance(replaced, list) else {replaced})


@each_source
def test_a_source_declares_itself(source: Source) -> None:
    assert SOURCES[source.name] is source
    assert source.table in TABLES
    assert source.title
    assert source.needs_ids_of is None or source.needs_ids_of in SOURCES


def test_sources_of_results_have_the_role_post() -> None:
    assert {name for name, source in SOURCES.items() if source.role is Role.POST} == {
        "nbac_player_boxscores",
        "nbac_team_boxscore",
        "nbac_live_boxscore",
        "bdl_player_boxscores",
        "espn_boxscores",
        "nbac_play_by_play",
        "bigdataball_play_by_play",
        "nbac_gamebook_player_stats",
    }


@each_source
def test_requests_go_to_the_provider_and_carry_no_secret(source: Source) -> None:
    requests = requests_of(source)
    assert requests
    for request in requests:
        assert request.host in {provider.host for provider in (source.provider, *source.other_providers)}
        assert request.path.startswith("/")
        url = request.url.lower()
        assert not re.search(r"api_?key|token|secret|authorization|password", url)


@each_source
def test_no_two_requests_of_a_poll_are_the_same(source: Source) -> None:
    requests = requests_of(source)
    assert len({request.url for request in requests}) == len(requests)
    assert len({(request.game_id, request.part) for request in requests}) == len(requests)


@each_source
def test_a_day_without_games_requests_only_data_of_the_season(source: Source) -> None:
    requests = requests_of(source, on=Slate(game_date=date(2024, 2, 17)))
    of_the_season = {
        "nbac_schedule",
        "espn_schedule",
        "nbac_player_list_current",
        "nbac_player_history",
        "nbac_team_history",
    }
    assert bool(requests) == (source.name in of_the_season)


@each_source
@given(
    status=st.integers(100, 599),
    body=st.sampled_from([b"", b"[]", b"{}", b"null", b"7", b"<html>", b"%PDF-1.4 %%EOF", b'{"data": [1]}', b"\xff"]),
    headers=st.dictionaries(st.sampled_from(["retry-after", "x-requests-remaining"]), st.text(max_size=12)),
    hours=st.integers(-30, 30),
)
@settings(max_examples=60, deadline=None)
def test_every_response_gets_a_judgement(
    source: Source, status: int, body: bytes, headers: Mapping[str, str], hours: int
) -> None:
    fetched_at = datetime(2024, 3, 29, 12, tzinfo=UTC) + timedelta(hours=hours)
    response = Response(status=status, headers=headers, body=body, url="https://provider", fetched_at=fetched_at)
    for request in requests_of(source):
        judgement = source.judge(request, response, TONIGHT)
        assert judgement.reason
        if status != 200:
            assert judgement.outcome not in (Outcome.OK, Outcome.PARTIAL, Outcome.EMPTY_OK)


@each_source
def test_more_games_never_lower_the_expected_rows(source: Source) -> None:
    fewer = TONIGHT.model_copy(update={"games": TONIGHT.games[:1]})
    assert source.expected_rows(fewer) <= source.expected_rows(TONIGHT)


def test_history_is_requested_season_by_season() -> None:
    requests = sources(history_seasons=3)["nbac_player_history"].requests(TONIGHT, MORNING, {})
    assert [(request.params["Season"], request.params["DateTo"]) for request in requests] == [
        ("2023-24", "03/28/2024"),
        ("2022-23", ""),
        ("2021-22", ""),
    ]
