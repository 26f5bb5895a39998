"""One odd entry costs this entry at every source; the same damage in most entries refuses the response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from devtools.recorded_responses import CASES, Case, Recordings
from tests.support.made_responses import made_response
from tests.support.odd_elements import ENTRIES, MADE_ENTRIES, Sample, at, made_sample, places, read_as_judged
from tipoff.errors import ContractError
from tipoff.sources.base import Reading
from tipoff.sources.player_names import UNREADABLE_PLAYER
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

BOX_SCORES = {"nbac_live_boxscore", "espn_boxscores", "nbac_team_boxscore"}
"""A box score without an entry does not add up to the points, see test_unreadable_players.py."""
LISTINGS = [name for name in MADE_ENTRIES if name not in BOX_SCORES]
RECORDED = [case for case in CASES if case.source_name in ENTRIES and case.source_name not in BOX_SCORES]
ITEMS_KEPT = 6

each_listing = pytest.mark.parametrize("name", LISTINGS)
each_recorded = pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case.source_name}-{case.file}")


def sample_of(name: str) -> Sample:
    return made_sample(SOURCES[name], made_response(name))


def rows_of(reading: Reading) -> Counter[str]:
    """The rows about players and games; a team's row says only whether all entries of a team could be read."""
    return Counter(repr(row) for row in reading.rows if row.get("player_id") != row.get("team", ""))


def assert_only_its_rows_are_missing(name: str, without: Reading, reading: Reading) -> None:
    """`without`: the reading of the same response without the entry. An odd quote costs both sides of its line."""
    missing = rows_of(without) - rows_of(reading)
    assert missing.total() <= (name == "odds_api_player_points_props")
    assert not rows_of(reading) - rows_of(without)


def damage_of(reading: Reading) -> int:
    return sum(reading.damaged.values()) + sum(reading.damaged_elsewhere.values())


@each_listing
@pytest.mark.parametrize("odd", [None, "odd", 7, [[]]], ids=repr)
def test_an_odd_entry_costs_itself_only(name: str, odd: object) -> None:
    sample = sample_of(name)
    for index in range(sample.size()):
        without = sample.read(sample.without(index))
        reading = sample.read(sample.with_entry(index, odd))
        assert_only_its_rows_are_missing(name, without, reading)
        assert damage_of(reading) == 1
        assert sample.judge(sample.with_entry(index, odd)).outcome is not Outcome.OK


@each_listing
def test_more_than_half_odd_entries_refuse_the_response(name: str) -> None:
    sample = sample_of(name)
    if name != "nbac_play_by_play":  # half of its plays are shots, and the share counts shots only
        assert damage_of(sample.read(sample.with_odd_entries(0.5))) > 0 or sample.longest == 1
    odd = sample.with_odd_entries(1)
    assert sample.judge(odd).outcome is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=r"unreadable"):
        sample.read(odd)


def test_a_roster_with_an_odd_player_does_not_count_as_whole() -> None:
    sample = sample_of("espn_team_rosters")
    reading = sample.read(sample.with_entry(0, None))
    assert ("BOS", UNREADABLE_PLAYER) in {(row["team"], row["player_name"]) for row in reading.unresolved}


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Aldo", "Brenner", "Aldo Brenner"),
        ("", "Brenner", "Brenner"),
        (None, "Brenner", "Brenner"),
        ("Nene", None, "Nene"),
        ("Nene", "", "Nene"),
    ],
)
def test_a_listed_player_of_one_name_is_called_by_it(first: object, last: object, name: str) -> None:
    sample = sample_of("nbac_player_list_current")
    reading = sample.read(sample.with_entry(0, [900001, last, first, 1610612738.0, None]))
    assert (reading.rows[0]["player_name"], reading.rows[0]["team"]) == (name, "BOS")
    assert sample.judge(sample.document).outcome is Outcome.OK


def test_a_listed_player_without_a_name_is_left_out() -> None:
    sample = sample_of("nbac_player_list_current")
    reading = sample.read(sample.with_entry(0, [900001, None, "", 1610612738, "G"]))
    assert reading.rejected == {"player without a name": 1}


def odd_fields(entry: Any) -> Iterator[Any]:
    """Copies of an entry, each with one field removed, null or of another type."""
    odd_values: tuple[Any, ...] = (..., None, {"odd": []}, [[0]])
    for path in places(entry):
        for odd in odd_values:
            yield changed(entry, path, odd)


def changed(value: Any, path: tuple[Any, ...], odd: object) -> Any:
    name, *inner = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if inner:
        copy[name] = changed(value[name], tuple(inner), odd)
    elif odd is ...:
        del copy[name]
    else:
        copy[name] = odd
    return copy


@each_listing
def test_an_odd_field_of_an_entry_leaves_the_rows_of_the_others(name: str) -> None:
    sample = sample_of(name)
    without, entry = rows_of(sample.read(sample.without(0))), at(sample.document, sample.entries)[0]
    for odd in odd_fields(entry):
        reading = sample.read(sample.with_entry(0, odd))
        assert (without - rows_of(reading)).total() <= (name == "odds_api_player_points_props"), odd


def short(value: Any) -> Any:
    """The document with only the first entries of each list of objects or rows."""
    if isinstance(value, dict):
        return {name: short(inner) for name, inner in value.items()}
    if isinstance(value, list):
        kept = value[:ITEMS_KEPT] if value and isinstance(value[0], dict | list) else value
        return [short(inner) for inner in kept]
    return value


@each_recorded
def test_an_odd_entry_of_a_recorded_response_costs_itself_only(recordings: Recordings, case: Case) -> None:
    request, context = recordings.request(case), recordings.context(case)
    path = ENTRIES[case.source_name]
    sample = Sample(case.source_name, case.source, short(recordings.document(case)), path, request, context)
    whole, without = sample.read(sample.document), sample.read(sample.without(0))
    reading = sample.read(sample.with_entry(0, None))
    assert_only_its_rows_are_missing(case.source_name, without, reading)
    assert damage_of(reading) == damage_of(whole) + 1
    with pytest.raises(ContractError, match=r"unreadable"):
        sample.read(sample.with_odd_entries(1))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source_name}-{case.file}")
def test_a_recorded_response_is_read_as_it_is_judged(recordings: Recordings, case: Case) -> None:
    reading = read_as_judged(case.source, recordings.request(case), recordings.response(case), recordings.context(case))
    assert not reading.damaged


@pytest.mark.parametrize("name", SOURCES)
def test_a_made_response_is_read_as_it_is_judged(name: str) -> None:
    source, made = SOURCES[name], made_response(name)
    assert not read_as_judged(source, made.request(source), made.response(), made.context(source)).damaged
