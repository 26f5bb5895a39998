"""Gamebooks, intact and damaged: Memphis at Cleveland, 2024-04-10.

The recorded PDF itself is damaged beyond repair, so the tests build a PDF from the parse that was recorded beside it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.handmade_responses import FINAL_BOX, page_of, pdf_of
from devtools.recorded_responses import GAMEBOOK, GAMEBOOK_BOOK, Recordings, utc
from tipoff.errors import ContractError
from tipoff.sources.base import KnownPlayer, Reading, Row
from tipoff.vocabulary import Outcome

pytestmark = pytest.mark.data

Lines = Sequence[str]

few_examples = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(recordings: Recordings, body: bytes) -> Reading:
    return GAMEBOOK.source.read(body, recordings.context(GAMEBOOK))


def read_or_refused(recordings: Recordings, body: bytes) -> Reading | ContractError:
    """The reading or the refusal; any other error fails the test."""
    try:
        return read(recordings, body)
    except ContractError as error:
        return error


def read_lines(recordings: Recordings, lines: Lines) -> Reading:
    return read(recordings, pdf_of([lines]))


def judged(recordings: Recordings, body: bytes, status: int = 200) -> tuple[Outcome, str]:
    judgement = GAMEBOOK.source.judge(
        recordings.request(GAMEBOOK), recordings.response(GAMEBOOK, status, body), GAMEBOOK.slate
    )
    return judgement.outcome, judgement.reason


def with_text(old: str, new: str) -> list[str]:
    changed = [line.replace(old, new) for line in FINAL_BOX]
    assert changed != list(FINAL_BOX)
    return changed


def row_of(reading: Reading, name: str) -> Row:
    (row,) = (row for row in reading.rows if row["player_name"] == name)
    return row


@pytest.fixture(scope="module")
def parse(payloads: Path) -> Any:
    return json.loads((payloads / "nba_com/gamebook_0173bcd1.parsed.json").read_text())


def test_players_who_played_have_the_minutes_and_points_of_the_recorded_parse(
    recordings: Recordings, parse: Any
) -> None:
    rows = [row for row in recordings.read(GAMEBOOK).rows if row["status"] == "played"]
    clocks = {player["name"]: player["stats"]["minutes"].split(":") for player in parse["active_players"]}
    assert {row["player_name"]: row["points"] for row in rows} == {
        player["name"]: player["stats"]["points"] for player in parse["active_players"]
    }
    for row in rows:
        minutes, seconds = map(int, clocks[row["player_name"]])
        assert row["minutes"] == pytest.approx(minutes + seconds / 60)
    points = {team: sum(row["points"] for row in rows if row["team"] == team) for team in ("MEM", "CLE")}
    assert points == {"MEM": 98, "CLE": 110}
    assert Counter(row["team"] for row in rows if row["starter"]) == {"MEM": 5, "CLE": 5}


def test_players_who_did_not_play_have_the_reasons_of_the_recorded_parse(recordings: Recordings, parse: Any) -> None:
    reading = recordings.read(GAMEBOOK)
    for player in parse["dnp_players"]:
        row = row_of(reading, player["name"])
        assert row["reason"] == player["dnp_reason"]
        assert row["status"] == {"NWT": "not_with_team", "DNP": "dnp"}[player["category"]]
        assert (row["starter"], row["minutes"], row["points"]) == (None, None, None)


def test_inactive_players_are_read_per_team_over_several_lines(recordings: Recordings, parse: Any) -> None:
    rows = [row for row in recordings.read(GAMEBOOK).rows if row["status"] == "inactive"]
    assert Counter(row["team"] for row in rows) == {"MEM": 9, "CLE": 3}
    # The recorded parse mistakes the second team's list for a part of the first team's last reason.
    parsed = {(p["name"], p["reason"]) for p in parse["inactive_players"] if "Inactive:" not in p["reason"]}
    missing_in_parse = ("Williams Jr.", "Injury/Illness - Left Patellar; Tendonitis")
    assert {(row["player_name"], row["reason"]) for row in rows} == {*parsed, missing_in_parse}


@pytest.mark.parametrize(
    ("name", "player_id"),
    [
        ("GG Jackson", "1641713"),
        ("Trey Jemison", "1641998"),  # "III" in the box scores
        ("Jackson Jr.", "1628991"),  # Jaren; another Jackson plays
        ("Williams Jr.", "1631246"),  # Vince; Ziaire Williams is named in full
        ("Wade", "1629731"),
    ],
)
def test_names_become_nba_ids_last_names_among_those_not_named_in_full(
    recordings: Recordings, name: str, player_id: str
) -> None:
    assert row_of(recordings.read(GAMEBOOK), name)["player_id"] == player_id


def test_every_name_of_the_report_resolves(recordings: Recordings) -> None:
    reading = recordings.read(GAMEBOOK)
    assert (len(reading.rows), reading.unresolved, reading.rejected) == (39, (), {})
    ids = Counter(row["player_id"] for row in reading.rows)
    assert max(ids.values()) == 1


def test_an_unresolved_or_ambiguous_name_is_kept_and_reported_with_its_team(recordings: Recordings) -> None:
    reading = read_lines(recordings, with_text("Smart (", "Smartt ("))
    assert row_of(reading, "Smartt")["player_id"] is None
    (unresolved,) = reading.unresolved
    assert (unresolved["player_name"], unresolved["team"]) == ("Smartt", "MEM")
    context = recordings.context(GAMEBOOK)
    another = KnownPlayer(player_id="1", player_name="Javonte Smart", team="MEM")
    two = GAMEBOOK.source.read(
        recordings.body(GAMEBOOK), context.model_copy(update={"players": (*context.players, another)})
    )
    assert row_of(two, "Smart")["player_id"] is None


def test_the_final_box_score_is_found_on_any_page_of_the_book(recordings: Recordings) -> None:
    assert recordings.read(GAMEBOOK_BOOK) == recordings.read(GAMEBOOK)
    assert read(recordings, pdf_of([page_of("1st QUARTER ONLY"), FINAL_BOX])) == recordings.read(GAMEBOOK)


@given(gap=st.floats(2, 9))
@few_examples
def test_the_width_of_columns_does_not_matter(recordings: Recordings, gap: float) -> None:
    assert read(recordings, pdf_of([FINAL_BOX], gap)) == recordings.read(GAMEBOOK)


def test_an_inactive_list_without_reasons_ends_before_the_next_section(recordings: Recordings) -> None:
    start = next(index for index, line in enumerate(FINAL_BOX) if line.startswith("Inactive: "))
    lists = [
        "Inactive: Grizzlies - Bane, Goodwin,",
        "Konchar",
        "Inactive: Cavaliers - Wade (Rest), Jerome",
        "SCORE BY PERIOD",
    ]
    rows = [row for row in read_lines(recordings, [*FINAL_BOX[:start], *lists]).rows if row["status"] == "inactive"]
    assert [(row["player_name"], row["reason"]) for row in rows] == [
        *(("Bane", None), ("Goodwin", None), ("Konchar", None)),
        *(("Wade", "Rest"), ("Jerome", None)),
    ]


def test_two_inactive_team_mates_with_one_last_name_are_kept_as_unresolved(recordings: Recordings) -> None:
    reading = read_lines(recordings, with_text("Smart (", "Wagner (Rest), Wagner ("))
    rows = [row for row in reading.rows if row["player_name"].startswith("Wagner")]
    assert [(row["player_name"], row["player_id"], row["reason"]) for row in rows] == [
        ("Wagner (1)", None, "Rest"),
        ("Wagner (2)", None, "Injury/Illness - Right Ring Finger; Central Slip Tear"),
    ]
    assert {row["player_name"] for row in reading.unresolved} == {"Wagner (1)", "Wagner (2)"}
    assert reading.rejected == {}


def test_a_last_name_with_another_suffix_is_unresolved_where_two_have_the_name(recordings: Recordings) -> None:
    """Ziaire Williams is listed in full and Vince Williams Jr. by his last name: the third is neither."""
    reading = read_lines(recordings, with_text("Smart (", "Williams III (Rest), Smart ("))
    assert [row["player_id"] for row in reading.rows if row["player_name"] == "Williams III"] == [None]


def test_neither_of_two_namesakes_resolves_to_the_known_player(recordings: Recordings) -> None:
    reading = read_lines(recordings, with_text("Smart (", "Smart (Rest), Smart ("))
    assert [row["player_id"] for row in reading.rows if row["player_name"].startswith("Smart")] == [None, None]


@pytest.mark.parametrize(
    ("comment", "status"),
    [
        ("DND - Injury/Illness", "dnp"),
        ("DND-Return to Competition Reconditioning", "dnp"),
        ("NWT - Not With Team", "not_with_team"),
    ],
)
def test_each_comment_has_its_status(recordings: Recordings, comment: str, status: str) -> None:
    row = row_of(read_lines(recordings, with_text("Sr. DNP - Coach's Decision", f"Sr. {comment}")), "Marcus Morris Sr.")
    assert (row["status"], row["reason"]) == (status, comment)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("8 Pete Nance 01:50 0 1", "8 Pete Nance 01:50 0", "line[31]: '8 Pete Nance 01:50 0 0 0 0 0 0"),
        ("Pete Nance 01:50", "Pete Nance one minute", "line[31]: '8 Pete Nance one minute 0 1"),
        ("Jerome (Injury/Illness - Right Ankle; Surgery)", "(Rest)", "line[46]: '(Rest)' is no player"),
        ("Jerome (Injury/Illness - Right Ankle; Surgery)", "Jerome (Rest) (Knee)", "line[46]: 'Jerome (Rest) (Knee)'"),
    ],
)
def test_an_unreadable_player_costs_himself(recordings: Recordings, old: str, new: str, problem: str) -> None:
    lines = with_text(old, new)
    reading = read_lines(recordings, lines)
    ((path, count),) = reading.damaged.items()
    assert (path.startswith(f"$.final_box.{problem}"), count) == (True, 1), path
    assert len(reading.rows) == 38
    assert judged(recordings, pdf_of([lines]))[0] is Outcome.PARTIAL


def test_most_players_unreadable_refuse_the_report(recordings: Recordings) -> None:
    """Of 39 players 21 played; their lines lack a column."""
    rows = [line for line in FINAL_BOX if re.search(r" \d\d:\d\d( [+-]?\d+){15} \d+$", line)]
    shorter = {line: line.rpartition(" ")[0] for line in rows}
    lines = [shorter.get(line, line) for line in FINAL_BOX]
    assert len(rows) == 21
    with pytest.raises(ContractError, match=r"elements of \$.final_box.line\[\] unreadable"):
        read_lines(recordings, lines)
    assert judged(recordings, pdf_of([lines]))[0] is Outcome.WRONG_TYPE
    half = [shorter.get(line, line) if line in rows[:19] else line for line in FINAL_BOX]
    assert len(read_lines(recordings, half).rows) == 20


def test_an_overlong_name_is_rejected(recordings: Recordings) -> None:
    reading = read_lines(recordings, with_text("Pete Nance", "Pete " + "Na" * 40))
    assert reading.rejected == {"name of more than 80 characters": 1}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda: b"<html></html>", "is not a PDF"),
        (lambda: pdf_of([FINAL_BOX], encrypt="secret"), "is not a readable PDF"),
        (lambda: pdf_of([FINAL_BOX])[:3000], "is a PDF that was cut short"),
        (lambda: pdf_of([page_of("FIRST HALF")]), r"\$\.final_box: is missing"),
        (lambda: pdf_of([[]]), r"\$\.final_box: is missing"),
        (lambda: pdf_of([with_text("April 10, 2024", "April 10")]), r"\$\.final_box\.date: is missing"),
        (lambda: pdf_of([with_text("April 10", "April 31")]), r"\$\.final_box\.date: is missing"),
        (lambda: pdf_of([with_text("April 10", "April 9")]), "is of 2024-04-09, requested 2024-04-10"),
        (
            lambda: pdf_of([with_text("Memphis Grizzlies", "New York Liberty")]),
            "'New York Liberty' is not a team of MEM@CLE",
        ),
        (lambda: pdf_of([with_text("Inactive: Cavaliers", "Inactive: Charge")]), "'Charge' is not a team of MEM@CLE"),
        (lambda: pdf_of([FINAL_BOX[:30]]), "has complete tables of MEM, expected those of MEM@CLE"),
        (lambda: pdf_of([FINAL_BOX[:5]]), "has complete tables of no team"),
    ],
    ids=[
        *("not a PDF", "encrypted", "cut", "no final box", "blank", "no date", "no such date", "yesterday"),
        *("other league", "another team", "half a page", "no table"),
    ],
)
def test_an_invalid_report_is_refused_with_the_path(
    recordings: Recordings, body: Callable[[], bytes], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        read(recordings, body())


def test_a_pdf_without_pages_is_refused(recordings: Recordings) -> None:
    body = pdf_of([FINAL_BOX]).replace(b"/Count 1 /Kids [ 3 0 R ]", b"/Count 0 /Kids [ ]      ")
    body = body.replace(b"/Type /Page\n", b"/Type /Note\n")
    with pytest.raises(ContractError, match="is a PDF without pages"):
        read(recordings, body)


def test_each_kind_of_response_has_its_outcome(recordings: Recordings, payloads: Path) -> None:
    without_players = [line for line in FINAL_BOX if line.startswith(("VISITOR", "HOME", "POS", "240", "OFF", "Wed"))]
    assert judged(recordings, pdf_of([FINAL_BOX])) == (Outcome.OK, "MEM@CLE: 39 players")
    assert judged(recordings, b"Not Found", 404)[0] is Outcome.NOT_PUBLISHED_YET
    assert judged(recordings, b"Forbidden", 403)[0] is Outcome.NOT_PUBLISHED_YET
    assert judged(recordings, b"<Error><Code>AccessDenied</Code></Error>", 403)[0] is Outcome.BLOCKED
    assert judged(recordings, b"<html></html>")[0] is Outcome.WRONG_TYPE
    assert judged(recordings, pdf_of([FINAL_BOX])[:3000])[0] is Outcome.WRONG_TYPE
    assert judged(recordings, pdf_of([with_text("April 10", "April 9")])) == (
        Outcome.STALE,
        "received MEM@CLE of 2024-04-09, requested 2024-04-10",
    )
    assert judged(recordings, pdf_of([with_text("VISITOR: Memphis", "VISITOR: Minnesota")]))[0] is Outcome.WRONG_TYPE
    assert judged(recordings, pdf_of([without_players])) == (Outcome.SUSPICIOUSLY_EMPTY, "MEM@CLE has no players")
    recorded = (payloads / "nba_com/gamebook_0173bcd1.pdf").read_bytes()
    assert judged(recordings, recorded)[0] is Outcome.WRONG_TYPE


def test_a_report_denied_soon_after_the_game_is_not_published_yet(recordings: Recordings) -> None:
    denied = recordings.response(GAMEBOOK, 403, b"<Error><Code>AccessDenied</Code></Error>")
    early = denied.model_copy(update={"fetched_at": utc(2024, 4, 11, 3, 14)})
    judgement = GAMEBOOK.source.judge(recordings.request(GAMEBOOK), early, GAMEBOOK.slate)
    assert judgement.outcome is Outcome.NOT_PUBLISHED_YET


def test_only_games_that_should_be_over_are_requested() -> None:
    requests = GAMEBOOK.source.requests(GAMEBOOK.slate, utc(2024, 4, 11, 1, 15), {})
    assert [(request.url, request.game_id) for request in requests] == [
        ("https://statsdmz.nba.com/pdfs/20240410/20240410_MEMCLE.pdf", "0022301158")
    ]
    assert GAMEBOOK.source.requests(GAMEBOOK.slate, utc(2024, 4, 11, 1, 14), {}) == ()


@given(noise=st.binary(max_size=300), position=st.floats(0, 1))
@few_examples
def test_a_damaged_report_is_refused_or_adds_no_player(recordings: Recordings, noise: bytes, position: float) -> None:
    body = recordings.body(GAMEBOOK)
    start = int(position * len(body))
    reading = read_or_refused(recordings, body[:start] + noise + body[start + len(noise) :])
    assert isinstance(reading, ContractError) or len(reading.rows) <= 39


@given(dropped=st.sets(st.integers(0, len(FINAL_BOX) - 1), max_size=3), repeated=st.integers(0, len(FINAL_BOX) - 1))
@few_examples
def test_missing_and_repeated_lines_are_refused_or_change_no_other_row(
    recordings: Recordings, dropped: set[int], repeated: int
) -> None:
    lines = [
        line for index, line in enumerate(FINAL_BOX) for _ in range(1 + (index == repeated)) if index not in dropped
    ]
    played = {
        (row["player_name"], row["points"]) for row in recordings.read(GAMEBOOK).rows if row["status"] == "played"
    }
    reading = read_or_refused(recordings, pdf_of([lines]))
    if isinstance(reading, ContractError):
        return
    still = {(row["player_name"], row["points"]) for row in reading.rows if row["status"] == "played"}
    assert still <= played
    assert len(still) >= len(played) - len(dropped)
