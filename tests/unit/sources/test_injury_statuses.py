"""The words of providers for an injury status, and what an unknown word does to its team at every injury source."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.handmade_responses import injury_report
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Slate
from tipoff.sources.injury_statuses import STATUSES, status_of
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import SlateGame

TIP_OFF = datetime(2024, 1, 5, 0, 30, tzinfo=UTC)
GAME = SlateGame(game_id="0022300479", away="MIL", home="SAS", tip_off=TIP_OFF)
ORIN_VALE, ELMO_REED = (
    KnownPlayer(player_id=number, player_name=name, team="SAS")
    for number, name in (("71", "Orin Vale"), ("72", "Elmo Reed"))
)
CONTEXT = ReadContext(
    slate=Slate(game_date=date(2024, 1, 4), games=(GAME,)),
    as_of=TIP_OFF - timedelta(hours=3),
    game_id=GAME.game_id,
    part="MIL@SAS",
    players=(ORIN_VALE, ELMO_REED),
)


def report_of(status: str) -> bytes:
    cells = ("01/04/2024", "07:30 (ET)", "MIL@SAS", "San Antonio Spurs")
    return injury_report([(*cells, "Vale, Orin", status, "Illness"), ("", "", "", "", "Reed, Elmo", "Out", "Illness")])


def list_of(status: str | None) -> bytes:
    listed = (("Orin", "Vale", status), ("Elmo", "Reed", "Out"))
    entries = [
        {"player": {"first_name": first, "last_name": last, "team_id": 27}, "status": said}
        for first, last, said in listed
    ]
    return json.dumps({"data": entries, "meta": {"per_page": 100}}).encode()


PAYLOADS: dict[str, Callable[[str], bytes]] = {"nbac_injury_report": report_of, "bdl_injuries": list_of}
"""Injury source -> its payload with Orin Vale in a status and Elmo Reed out."""
INJURY_SOURCES = tuple(name for name, source in SOURCES.items() if source.table == "raw_injuries")


def read(source: str, body: bytes) -> Reading:
    return SOURCES[source].read(body, CONTEXT)


def statuses(reading: Reading) -> dict[str, str]:
    return {row["player_id"]: row["status"] for row in reading.rows}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Available|Active", "Available"),
        ("Probable|PROBABLE", "Probable"),
        (
            "Questionable|Day-To-Day|day to day|DAY-TO-DAY|DTD|GTD|gtd|Game Time Decision|Game-time decision (GTD)",
            "Questionable",
        ),
        ("Doubtful|doubtful", "Doubtful"),
        ("Out|OUT|out|Out For Season|Out indefinitely|Out (knee)|OFS|Ruled out", "Out"),
        ("Suspension|Suspended|League Suspension|Inactive|INACTIVE|Injured Reserve|Not With Team|NWT|DNP", "Out"),
        ("Suspended by the league|suspended - league|Inactive: coach's decision|Unavailable|NOT AVAILABLE", "Out"),
        ("Questionable - ankle|QUESTIONABLE – left knee; sprain|Questionable / illness", "Questionable"),
    ],
)
def test_a_status_is_known_by_any_usual_word(words: str, status: str) -> None:
    assert {word: status_of(word) for word in words.split("|")} == dict.fromkeys(words.split("|"), status)


@pytest.mark.parametrize(
    "word",
    [
        *("", "Away from team", "Out of the protocol", "Outstanding", "Returning", "(Out)", "?"),
        *("Available - suspended", "Active; G League", "Probable / Out", "Suspendedness"),
    ],
)
def test_another_word_is_unknown(word: str) -> None:
    assert status_of(word) is None


@given(st.sampled_from(STATUSES), st.sampled_from([str.upper, str.lower, str.title, "  {} ".format, "{} -".format]))
def test_case_and_punctuation_do_not_matter(status: str, written: Callable[[str], str]) -> None:
    assert status_of(written(status)) == status


@pytest.mark.parametrize("source", INJURY_SOURCES)
@pytest.mark.parametrize(
    ("word", "status"),
    [("SUSPENSION", "Out"), ("Inactive", "Out"), ("GTD", "Questionable"), ("day-to-day", "Questionable")],
)
def test_every_injury_source_knows_the_words(source: str, word: str, status: str) -> None:
    reading = read(source, PAYLOADS[source](word))
    assert statuses(reading) == {"71": status, "72": "Out", "SAS": "Submitted", "MIL": "Submitted"}
    assert reading.rejected == {}


@pytest.mark.parametrize("source", INJURY_SOURCES)
def test_a_team_with_a_player_of_unknown_status_has_not_submitted(source: str) -> None:
    reading = read(source, PAYLOADS[source]("Away"))
    assert statuses(reading) == {"72": "Out", "SAS": "Not submitted", "MIL": "Submitted"}
    assert reading.rejected == {"unknown status 'Away'": 1}


def test_a_missing_status_is_unknown() -> None:
    for body in (list_of(None), list_of(""), list_of(None).replace(b', "status": null', b"")):
        reading = read("bdl_injuries", body)
        assert statuses(reading) == {"72": "Out", "SAS": "Not submitted", "MIL": "Submitted"}
        assert reading.rejected == {"unknown status ''": 1}


def test_not_yet_submitted_is_read_in_any_case() -> None:
    cells = ("01/04/2024", "07:30 (ET)", "MIL@SAS", "Milwaukee Bucks", "", "", "Not Yet Submitted")
    reading = read("nbac_injury_report", injury_report([cells]))
    assert statuses(reading) == {"MIL": "Not submitted", "SAS": "Submitted"}
