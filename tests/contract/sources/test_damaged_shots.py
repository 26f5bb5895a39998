"""Shots: one unreadable play costs itself, and a play that is no shot needs none of a shot's fields."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.support.made_responses import MadeResponse, made_response
from tipoff.errors import ContractError
from tipoff.sources.base import Reading
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

LEAGUE, CSV = "nbac_play_by_play", "bigdataball_play_by_play"
END = {"actionNumber": 800, "actionType": "game", "subType": "end", "isFieldGoal": 0}


def plays(*others: Any, ends: tuple[Any, ...] = (END,)) -> MadeResponse:
    """A play-by-play of eight shots and other plays."""
    made = made_response(LEAGUE)
    shot = made.body["game"]["actions"][0]
    shots = [shot | {"actionNumber": number} for number in range(10, 18)]
    document = deepcopy(made.body)
    document["game"]["actions"] = [*deepcopy(shots), *others, *ends]
    return made.model_copy(update={"body": document})


def actions(made: MadeResponse) -> list[Any]:
    listed: list[Any] = made.body["game"]["actions"]
    return listed


def outcome_and_reading(made: MadeResponse) -> tuple[Outcome, Reading]:
    """Judged usable and readable are the same."""
    source = SOURCES[LEAGUE if made.kind == "json" else CSV]
    outcome = made.judge(source).outcome
    if outcome is Outcome.WRONG_TYPE:
        with pytest.raises(ContractError):
            made.read(source)
        return outcome, Reading(rows=())
    return outcome, made.read(source)


@pytest.mark.parametrize(
    "play",
    [
        {"actionNumber": 20, "actionType": "steal", "isFieldGoal": 0},
        {"actionNumber": 20, "actionType": "block"},
        {"actionNumber": 20, "actionType": "timeout", "isFieldGoal": None, "period": None, "subType": None},
        {"actionNumber": 20, "actionType": "freethrow", "shotResult": "Made", "isFieldGoal": "0", "scoreHome": None},
        {"actionType": None, "isFieldGoal": False},
        {"actionType": "period", "subType": "start"},
    ],
)
def test_a_play_that_is_no_shot_needs_no_field_of_a_shot(play: dict[str, Any]) -> None:
    outcome, reading = outcome_and_reading(plays(play))
    assert (outcome, len(reading.rows), reading.damaged) == (Outcome.OK, 8, {})


@pytest.mark.parametrize("flag", [1, True, "1", None, "", "null"])
def test_the_flag_of_a_shot_has_its_plain_meaning(flag: object) -> None:
    made = plays()
    actions(made)[0]["isFieldGoal"] = flag
    del actions(made)[1]["isFieldGoal"]
    outcome, reading = outcome_and_reading(made)
    assert (outcome, len(reading.rows)) == (Outcome.OK, 8)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("isFieldGoal", "perhaps"),
        ("shotResult", None),
        ("shotResult", "Blocked"),
        ("xLegacy", None),
        ("yLegacy", "20"),
        ("actionNumber", 7.5),
        ("period", None),
        ("personId", None),
        ("teamId", []),
        ("playerName", None),
        ("actionType", "4pt"),
    ],
)
def test_an_unreadable_shot_costs_itself_and_is_named(field: str, value: object) -> None:
    made = plays()
    actions(made)[2][field] = value
    outcome, reading = outcome_and_reading(made)
    assert (outcome, len(reading.rows)) == (Outcome.PARTIAL, 7)
    ((problem, count),) = reading.damaged.items()
    assert (count, problem.startswith(f"$.game.actions[2].{field}: ")) == (1, True)


def test_a_play_that_is_no_object_costs_itself() -> None:
    outcome, reading = outcome_and_reading(plays(None, "?"))
    assert (outcome, len(reading.rows), sum(reading.damaged.values())) == (Outcome.PARTIAL, 8, 2)


@pytest.mark.parametrize("field", ["shotResult", "xLegacy", "personId", "actionType"])
@pytest.mark.parametrize(("damaged", "outcome"), [(4, Outcome.PARTIAL), (5, Outcome.WRONG_TYPE)])
def test_the_same_fault_in_most_shots_refuses_however_many_other_plays_there_are(
    field: str, damaged: int, outcome: Outcome
) -> None:
    rebounds = [{"actionNumber": 100 + number, "actionType": "rebound", "isFieldGoal": 0} for number in range(50)]
    made = plays(*rebounds)
    for shot in actions(made)[:damaged]:
        shot[field] = None
    assert outcome_and_reading(made)[0] is outcome


LAST_PERIOD = {"actionType": "period", "subType": "end", "period": 4, "scoreHome": "50", "scoreAway": "40"}


@pytest.mark.parametrize(
    ("ends", "outcome"),
    [
        ([END], Outcome.OK),
        ([END | {"actionType": "Game", "subType": "End"}], Outcome.OK),
        ([LAST_PERIOD], Outcome.OK),
        ([LAST_PERIOD | {"period": 4.0, "scoreHome": 50, "scoreAway": 40}], Outcome.OK),
        ([LAST_PERIOD | {"scoreHome": None}, LAST_PERIOD | {"period": 5}], Outcome.OK),
        ([LAST_PERIOD | {"scoreHome": None}], Outcome.NOT_PUBLISHED_YET),
        ([LAST_PERIOD | {"scoreAway": "50"}], Outcome.NOT_PUBLISHED_YET),
        ([LAST_PERIOD | {"period": 3}], Outcome.NOT_PUBLISHED_YET),
        ([LAST_PERIOD | {"subType": "start"}], Outcome.NOT_PUBLISHED_YET),
        ([], Outcome.NOT_PUBLISHED_YET),
    ],
)
def test_a_game_is_over_by_its_end_or_by_the_end_of_a_late_period(ends: list[Any], outcome: Outcome) -> None:
    assert outcome_and_reading(plays(ends=tuple(ends)))[0] is outcome


def csv_lines(*lines: str) -> MadeResponse:
    """A file with four shots more and these lines."""
    made = made_response(CSV)
    header, shot, *others = made.body
    shots = [shot.replace(",5,BOS", f",{number},BOS") for number in range(10, 14)]
    return made.model_copy(update={"body": [header, shot, *others, *shots, *lines]})


@pytest.mark.parametrize(
    "line",
    [
        "22400600,1,3",
        '22400600,1,3,0,20,BOS,shot,,"Aldo" Brenner,3,made,3pt jump shot,-230,20',
        "22400600,1,3,0,20,BOS,shot,,Aldo Brenner,3,perhaps,3pt jump shot,-230,20",
        "22400600,1,3,0,many,BOS,shot,,Aldo Brenner,3,made,3pt jump shot,-230,20",
        "22400600,1,3,0,20,BOS,shot,,Aldo Brenner,1,made,3pt jump shot,-230,20",
        "none,1,3,0,,BOS,shot,,Aldo Brenner,3,made,3pt jump shot,-230,20",
    ],
)
def test_a_damaged_line_costs_itself_and_is_named(line: str) -> None:
    whole = outcome_and_reading(csv_lines())
    outcome, reading = outcome_and_reading(csv_lines(line))
    assert (whole[0], outcome) == (Outcome.OK, Outcome.PARTIAL)
    assert reading.rows == whole[1].rows
    assert sum(reading.damaged.values()) == 1
    assert next(iter(reading.damaged)).startswith("$.line[")


def test_numbers_of_a_spreadsheet_are_read() -> None:
    line = "22400600.0,1.0,3,0,20.0,BOS,shot,,Aldo Brenner,3.0,made,3pt jump shot,-230.0,20"
    outcome, reading = outcome_and_reading(csv_lines(line))
    assert (outcome, reading.rows[-1]["shot_number"], reading.damaged) == (Outcome.OK, 20, {})


def test_most_lines_damaged_refuse_the_file() -> None:
    made = made_response(CSV)
    header, *lines = made.body
    damaged = [line.replace(",made,", ",perhaps,").replace(",missed,", ",perhaps,") for line in lines]
    outcome, _ = outcome_and_reading(made.model_copy(update={"body": [header, *damaged]}))
    assert outcome is Outcome.WRONG_TYPE
