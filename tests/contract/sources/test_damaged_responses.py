"""Damaged responses: a reader refuses them with a path, or counts what it rejects; nothing is lost silently."""

import json
import math
import random
import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.recorded_responses import (
    CASES,
    ESPN_BOX,
    EVENTS,
    GAME_LINES,
    INJURIES,
    PROPS,
    SCHEDULE,
    TEAM_BOX,
    Case,
    Recordings,
)
from tests.support.odd_elements import ENTRIES, Path, at, places, read_as_judged
from tipoff.errors import ContractError
from tipoff.sources.base import Reading
from tipoff.sources.boxscore_rules import INCOMPLETE
from tipoff.vocabulary import Outcome

JSON_CASES = [case for case in CASES if not case.file.endswith((".pdf", ".csv"))]
CASES_WITH_LEAGUE = [case for case in JSON_CASES if case.source_name != "bdl_injuries"]
"""Responses that name their league; the others are protected by resolving names within the two rosters."""
ITEMS_KEPT = 6
"""Items of each long list that are kept, so that a damaged response is read quickly."""

few_examples = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
each_case = pytest.mark.parametrize("case", JSON_CASES, ids=lambda case: f"{case.source_name}-{case.file}")
each_listing = pytest.mark.parametrize(
    "case", [case for case in JSON_CASES if case is not TEAM_BOX], ids=lambda case: f"{case.source_name}-{case.file}"
)
"""Responses with a list of entries; the team box score has a fixed field for each team instead."""


@cache
def _short_text(recordings: Recordings, case: Case) -> str:
    return json.dumps(shortened(recordings.document(case)))


def short_document(recordings: Recordings, case: Case) -> Any:
    """A new copy of the recorded response with only the first entries of each list."""
    return json.loads(_short_text(recordings, case))


@cache
def short_places(recordings: Recordings, case: Case) -> tuple[Path, ...]:
    """Every path in the short document."""
    return tuple(places(short_document(recordings, case)))


@cache
def short_reading(recordings: Recordings, case: Case) -> Reading:
    """What the short document reads as, undamaged."""
    return recordings.read(case, short_document(recordings, case))


def shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        # rows of result sets are lists of values: they are not shortened
        kept = value[:ITEMS_KEPT] if value and isinstance(value[0], dict | list) else value
        return [shortened(inner) for inner in kept]
    return value


def accounted(reading: Reading) -> float:
    """Entries of a response that are rows, rejected or unresolved; a damaged element may stand for any number."""
    if reading.damaged or reading.damaged_elsewhere:
        return math.inf
    return len(reading.rows) + sum(reading.rejected.values()) + len(reading.unresolved)


def shuffled(value: Any, dice: random.Random) -> Any:
    """The document with its entries in another order; the values of a result set's row keep theirs."""
    if isinstance(value, dict):
        return {name: shuffled(inner, dice) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [shuffled(inner, dice) for inner in dice.sample(value, len(value))]
    return value


def read_or_refused(recordings: Recordings, case: Case, body: bytes) -> Reading | ContractError:
    """The reading, if its rows fit the table, or the refusal; a refused response must not be judged usable."""
    request, response = recordings.request(case), recordings.response(case, body=body)
    try:
        return read_as_judged(case.source, request, response, recordings.context(case))
    except ContractError as error:
        return error


OTHER_TYPES: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    "",
    "strange",
    [],
    {},
    [[]],
    2**63,
    10**400,
    "2024-02-30",
    float("nan"),
)


@each_case
@given(data=st.data())
@few_examples
def test_a_removed_or_retyped_field_is_refused_or_counted(
    recordings: Recordings, case: Case, data: st.DataObject
) -> None:
    document = short_document(recordings, case)
    before = accounted(short_reading(recordings, case))
    *parents, name = data.draw(st.sampled_from(short_places(recordings, case)))
    holder = at(document, tuple(parents))
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[name]
    else:
        holder[name] = data.draw(
            st.sampled_from([value for value in OTHER_TYPES if type(value) is not type(holder[name])])
        )
    after = read_or_refused(recordings, case, json.dumps(document).encode())
    if isinstance(after, ContractError):
        assert after.source == case.source_name
        assert after.path.startswith("$")
    else:
        # A damaged element, or a game whose points do not add up, may lack several entries.
        assert after.damaged or INCOMPLETE in after.rejected or accounted(after) >= before


@cache
def short_texts(recordings: Recordings, case: Case) -> tuple[Path, ...]:
    """The path of every text in the short document, without the headers of result sets."""
    document = short_document(recordings, case)
    paths = short_places(recordings, case)
    return tuple(path for path in paths if isinstance(at(document, path), str) and "headers" not in path)


UNUSUAL_TEXTS = ("Luka Don\ud83dić", "Ňikołą Jökić", "\u202eسليم", "中鋒\u3000周琦", "🏀", "no\0name", "x" * 5000)
"""Other scripts, symbols, half a character, a null character, and an overlong text."""


@each_case
@given(data=st.data(), seed=st.integers(0, 1000))
@few_examples
def test_unusual_texts_are_refused_or_counted_and_can_be_stored(
    recordings: Recordings, case: Case, data: st.DataObject, seed: int
) -> None:
    document = short_document(recordings, case)
    before = short_reading(recordings, case)
    text = data.draw(st.sampled_from(UNUSUAL_TEXTS) | st.text(min_size=1, max_size=40))
    *parents, name = random.Random(seed).choice(short_texts(recordings, case))
    at(document, tuple(parents))[name] = text
    after = read_or_refused(recordings, case, json.dumps(document).encode())
    if isinstance(after, ContractError):
        assert after.path.startswith("$")
    else:
        assert accounted(after) >= accounted(before) or after.rejected != before.rejected or after.damaged
        for row in (*after.rows, *after.unresolved):
            json.dumps(row, default=str, ensure_ascii=False).encode()


@each_case
@given(seed=st.integers(0, 1000))
@few_examples
def test_the_order_of_lists_does_not_matter(recordings: Recordings, case: Case, seed: int) -> None:
    document = short_document(recordings, case)
    before = short_reading(recordings, case)
    after = recordings.read(case, shuffled(document, random.Random(seed)))
    assert sorted(map(repr, after.rows)) == sorted(map(repr, before.rows))
    assert after.rejected == before.rejected


@each_listing
def test_a_repeated_entry_adds_no_row(recordings: Recordings, case: Case) -> None:
    document = short_document(recordings, case)
    before = short_reading(recordings, case)
    rows = at(document, ENTRIES[case.source_name])
    rows += json.loads(json.dumps(rows))
    after = recordings.read(case, document)
    assert after.rows == before.rows
    assert accounted(after) > accounted(before)


def test_every_source_with_json_responses_has_its_path_of_entries() -> None:
    assert {case.source_name for case in JSON_CASES} == ENTRIES.keys()


@each_listing
def test_a_response_without_entries_is_not_usable(recordings: Recordings, case: Case) -> None:
    document = recordings.document(case)
    for path in list(places(document)):
        if path == ENTRIES[case.source_name]:
            at(document, path).clear()
    if case.source_name == "nbac_schedule":
        document["leagueSchedule"]["gameDates"] = []
    if case.source_name.startswith("odds_api"):
        top = document["data"] if "data" in document else document["bookmakers"]
        top.clear()
    body = json.dumps(document).encode()
    judgement = case.source.judge(recordings.request(case), recordings.response(case, body=body), case.slate)
    assert judgement.outcome in (Outcome.SUSPICIOUSLY_EMPTY, Outcome.NOT_PUBLISHED_YET)
    assert recordings.read(case, document).rows == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source_name}-{case.file}")
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_response_is_refused(recordings: Recordings, case: Case, share: float) -> None:
    body = recordings.body(case)
    truncated = body[: int(len(body) * share)]
    judgement = case.source.judge(recordings.request(case), recordings.response(case, body=truncated), case.slate)
    assert judgement.outcome is Outcome.WRONG_TYPE
    with pytest.raises(ContractError):
        case.source.read(truncated, recordings.context(case))


NBA_TO_WNBA = {
    '"leagueId": "00"': '"leagueId": "10"',
    '"LeagueID": "00"': '"LeagueID": "10"',
    "basketball_nba": "basketball_wnba",
    "~l:46~": "~l:59~",
    '"gameId": "00': '"gameId": "10',
    '"game_id": "00': '"game_id": "10',
    '"full_name": "Atlanta Hawks"': '"full_name": "Atlanta Dream"',
    '"TEAM_ID": 1610612': '"TEAM_ID": 1611661',
    '"sport": "NBA"': '"sport": "WNBA"',
    '"market_id": 156': '"market_id": 157',
}
"""How responses mark the NBA -> how they mark the WNBA; every response has at least one of these marks."""


@pytest.mark.parametrize("case", CASES_WITH_LEAGUE, ids=lambda case: f"{case.source_name}-{case.file}")
def test_the_same_shape_of_the_wnba_is_refused(recordings: Recordings, case: Case) -> None:
    text = wnba = json.dumps(recordings.document(case))
    for ours, theirs in NBA_TO_WNBA.items():
        wnba = wnba.replace(ours, theirs)
    if case.source_name in ("bdl_player_boxscores", "nbac_standings"):
        wnba = re.sub(r'"full_name": "[^"]+"', '"full_name": "Connecticut Sun"', text)
    if case.game_id:
        wnba = wnba.replace(f'"{case.game_id}"', f'"10{case.game_id[2:]}"')
    assert wnba != text
    with pytest.raises(ContractError):
        case.source.read(wnba.encode(), recordings.context(case))
    judgement = case.source.judge(recordings.request(case), recordings.response(case, body=wnba.encode()), case.slate)
    assert judgement.outcome is Outcome.WRONG_TYPE


@pytest.mark.parametrize(
    ("case", "file"),
    [
        (EVENTS, "odds_api_scores.json"),
        (GAME_LINES, "odds_api_current_odds.json"),
        (GAME_LINES, "odds_api_historical_odds.json"),
        (PROPS, "odds_api_player_props.json"),
        (PROPS, "odds_api_historical_player_props.json"),
        (replace(ESPN_BOX, turned=None), "espn_summary_with_game_info.json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_recorded_response_of_the_wnba_is_refused(recordings: Recordings, case: Case, file: str) -> None:
    body = recordings.body(replace(case, file=f"wnba_same_schema/{file}"))
    judgement = case.source.judge(recordings.request(case), recordings.response(case, body=body), case.slate)
    assert judgement.outcome is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=r"wnba|another league"):
        case.source.read(body, recordings.context(case))


def test_single_games_and_teams_of_the_wnba_are_rejected(recordings: Recordings) -> None:
    document = recordings.document(SCHEDULE)
    first, second, *_ = (
        document["leagueSchedule"]["gameDates"][-1]["games"] + document["leagueSchedule"]["gameDates"][-2]["games"]
    )
    before = recordings.read(SCHEDULE, document)
    first["gameId"] = "1022400001"
    second["homeTeam"]["teamId"] = 1611661313
    after = recordings.read(SCHEDULE, document)
    assert len(after.rows) == len(before.rows) - 2
    assert accounted(after) == accounted(before)


@given(noise=st.binary(max_size=300), position=st.floats(0, 1))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_injury_report_is_refused_or_counted(recordings: Recordings, noise: bytes, position: float) -> None:
    body = recordings.body(INJURIES)
    start = int(position * len(body))
    damaged = body[:start] + noise + body[start + len(noise) :]
    reading = read_or_refused(recordings, INJURIES, damaged)
    assert isinstance(reading, ContractError) or len(reading.rows) <= 14 + 4
