"""Recorded answers, damaged: a reader refuses by path or counts what it left out; nothing is lost without a word."""

import json
import random
import re
from collections.abc import Iterator
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
from tipoff.errors import ContractError
from tipoff.processing import rows_read
from tipoff.sources.base import ReadContext, Reading
from tipoff.vocabulary import Outcome

JSON_CASES = [case for case in CASES if not case.file.endswith((".pdf", ".csv"))]
OF_A_LEAGUE = [case for case in JSON_CASES if case.source_name != "bdl_injuries"]
"""Answers that say of which league they are; the others are kept apart by the names of the two rosters."""
KEPT = 12
"""Items of each long list that stay, so that a damaged answer is read in a moment."""

Path = tuple[str | int, ...]

some_times = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
each_case = pytest.mark.parametrize("case", JSON_CASES, ids=lambda case: f"{case.source_name}-{case.file}")
each_listing = pytest.mark.parametrize(
    "case", [case for case in JSON_CASES if case is not TEAM_BOX], ids=lambda case: f"{case.source_name}-{case.file}"
)
"""Answers with a list of entries; that of both teams has a place for each."""


@cache
def _short_text(recordings: Recordings, case: Case) -> str:
    return json.dumps(shortened(recordings.document(case)))


def short_document(recordings: Recordings, case: Case) -> Any:
    """The recorded answer with the first entries only, anew."""
    return json.loads(_short_text(recordings, case))


def shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        # rows of tables are lists of values: those stay whole
        kept = value[:KEPT] if value and isinstance(value[0], dict | list) else value
        return [shortened(inner) for inner in kept]
    return value


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a document below the top."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, content in inner:
            yield (*path, name)
            yield from places(content, (*path, name))


def at(document: Any, path: Path) -> Any:
    for name in path:
        document = document[name]
    return document


def accounted(reading: Reading) -> int:
    """Entries of an answer that a reading speaks of."""
    return len(reading.rows) + sum(reading.rejected.values()) + len(reading.unresolved)


def shuffled(value: Any, dice: random.Random) -> Any:
    """The document with its entries in another order; values of a table's row stay in theirs."""
    if isinstance(value, dict):
        return {name: shuffled(inner, dice) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [shuffled(inner, dice) for inner in dice.sample(value, len(value))]
    return value


def read_or_refused(case: Case, body: bytes, context: ReadContext) -> Reading | ContractError:
    """The reading, of which rows can be made, or the refusal; any other error fails the test."""
    try:
        reading = case.source.read(body, context)
        rows_read(case.source, reading.rows)
        return reading
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
@some_times
def test_a_removed_or_retyped_field_is_refused_or_counted(
    recordings: Recordings, case: Case, data: st.DataObject
) -> None:
    document = short_document(recordings, case)
    before = accounted(recordings.read(case, document))
    *parents, name = data.draw(st.sampled_from(list(places(document))))
    holder = at(document, tuple(parents))
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[name]
    else:
        holder[name] = data.draw(
            st.sampled_from([value for value in OTHER_TYPES if type(value) is not type(holder[name])])
        )
    after = read_or_refused(case, json.dumps(document).encode(), recordings.context(case))
    if isinstance(after, ContractError):
        assert after.source == case.source_name
        assert after.path.startswith("$")
    else:
        assert accounted(after) >= before


def texts(document: Any) -> list[Path]:
    """Every place where a text stands, keys of a table's columns left out."""
    return [path for path in places(document) if isinstance(at(document, path), str) and "headers" not in path]


WORDS = ("Luka Don\ud83dić", "Ňikołą Jökić", "\u202eسليم", "中鋒\u3000周琦", "🏀", "no\0name", "x" * 5000)
"""Of other scripts, of none, of half a character, and of no length that a name has."""


@each_case
@given(data=st.data(), seed=st.integers(0, 1000))
@some_times
def test_words_of_any_script_are_refused_or_counted_and_can_be_stored(
    recordings: Recordings, case: Case, data: st.DataObject, seed: int
) -> None:
    document = short_document(recordings, case)
    before = recordings.read(case, document)
    said = data.draw(st.sampled_from(WORDS) | st.text(min_size=1, max_size=40))
    *parents, name = random.Random(seed).choice(texts(document))
    at(document, tuple(parents))[name] = said
    after = read_or_refused(case, json.dumps(document).encode(), recordings.context(case))
    if isinstance(after, ContractError):
        assert after.path.startswith("$")
    else:
        assert accounted(after) >= accounted(before) or after.rejected != before.rejected
        for row in (*after.rows, *after.unresolved):
            json.dumps(row, default=str, ensure_ascii=False).encode()


@each_case
@given(seed=st.integers(0, 1000))
@some_times
def test_the_order_of_lists_means_nothing(recordings: Recordings, case: Case, seed: int) -> None:
    document = short_document(recordings, case)
    before = recordings.read(case, document)
    after = recordings.read(case, shuffled(document, random.Random(seed)))
    assert sorted(map(repr, after.rows)) == sorted(map(repr, before.rows))
    assert after.rejected == before.rejected


@each_listing
def test_a_repeated_entry_adds_no_row(recordings: Recordings, case: Case) -> None:
    document = short_document(recordings, case)
    before = recordings.read(case, document)
    rows = at(document, ENTRIES[case.source_name])
    rows += json.loads(json.dumps(rows))
    after = recordings.read(case, document)
    assert after.rows == before.rows
    assert accounted(after) > accounted(before)


ENTRIES: dict[str, Path] = {
    "nbac_schedule": ("leagueSchedule", "gameDates", 0, "games"),
    "nbac_player_list_current": ("resultSets", 0, "rowSet"),
    "espn_team_rosters": ("team", "athletes"),
    "bdl_injuries": ("data",),
    "nbac_referee_assignments": ("nba", "Table", "rows"),
    "nbac_standings": ("data",),
    "nbac_player_movement": ("NBA_Player_Movement", "rows"),
    "odds_api_events": ("data",),
    "odds_api_game_lines": ("data", 0, "bookmakers"),
    "espn_scoreboard": ("events",),
    "espn_schedule": ("events",),
    "bettingpros_events": ("events",),
    "bettingpros_player_points_props": ("offers",),
    "odds_api_player_points_props": ("bookmakers", 0, "markets", 0, "outcomes"),
    "nbac_scoreboard": ("scoreboard", "games"),
    "nbac_player_boxscores": ("resultSets", 0, "rowSet"),
    "nbac_player_history": ("resultSets", 0, "rowSet"),
    "nbac_team_boxscore": ("resultSets", 1, "rowSet"),
    "bdl_player_boxscores": ("data",),
    "nbac_live_boxscore": ("game", "homeTeam", "players"),
    "espn_boxscores": ("boxscore", "players", 0, "statistics", 0, "athletes"),
    "nbac_play_by_play": ("game", "actions"),
}
"""Where the entries of an answer stand."""


def test_of_every_source_with_answers_in_json_it_is_known_where_their_entries_stand() -> None:
    assert {case.source_name for case in JSON_CASES} == ENTRIES.keys()


@each_listing
def test_an_answer_without_entries_is_no_plain_success(recordings: Recordings, case: Case) -> None:
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
def test_an_answer_cut_short_is_refused(recordings: Recordings, case: Case, share: float) -> None:
    body = recordings.body(case)
    cut = body[: int(len(body) * share)]
    judgement = case.source.judge(recordings.request(case), recordings.response(case, body=cut), case.slate)
    assert judgement.outcome is Outcome.WRONG_TYPE
    with pytest.raises(ContractError):
        case.source.read(cut, recordings.context(case))


OF_THE_SISTER_LEAGUE = {
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
"""How answers say that they are of the NBA -> how the WNBA's would; each answer has at least one of these."""


@pytest.mark.parametrize("case", OF_A_LEAGUE, ids=lambda case: f"{case.source_name}-{case.file}")
def test_the_same_shape_of_the_sister_league_is_refused(recordings: Recordings, case: Case) -> None:
    text = sister = json.dumps(recordings.document(case))
    for ours, theirs in OF_THE_SISTER_LEAGUE.items():
        sister = sister.replace(ours, theirs)
    if case.source_name == "bdl_player_boxscores":
        sister = re.sub(r'"full_name": "[^"]+"', '"full_name": "Connecticut Sun"', text)
    if case.game_id:
        sister = sister.replace(f'"{case.game_id}"', f'"10{case.game_id[2:]}"')
    assert sister != text
    with pytest.raises(ContractError):
        case.source.read(sister.encode(), recordings.context(case))
    judgement = case.source.judge(recordings.request(case), recordings.response(case, body=sister.encode()), case.slate)
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
def test_a_recorded_answer_of_the_sister_league_is_refused(recordings: Recordings, case: Case, file: str) -> None:
    body = recordings.body(replace(case, file=f"wnba_same_schema/{file}"))
    judgement = case.source.judge(recordings.request(case), recordings.response(case, body=body), case.slate)
    assert judgement.outcome is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=r"wnba|another league"):
        case.source.read(body, recordings.context(case))


def test_single_games_and_teams_of_the_sister_league_are_left_out(recordings: Recordings) -> None:
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


@given(noise=st.binary(max_size=300), place=st.floats(0, 1))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_injury_report_is_refused_or_counted(recordings: Recordings, noise: bytes, place: float) -> None:
    body = recordings.body(INJURIES)
    start = int(place * len(body))
    damaged = body[:start] + noise + body[start + len(noise) :]
    reading = read_or_refused(INJURIES, damaged, recordings.context(INJURIES))
    assert isinstance(reading, ContractError) or len(reading.rows) <= 14 + 4
