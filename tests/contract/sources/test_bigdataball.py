"""BigDataBall's recorded file, intact and damaged: Indiana at Oklahoma City, game 7 of the 2025 Finals."""

import csv
import random
import re
from collections import Counter
from collections.abc import Callable
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.recorded_responses import BIGDATABALL, Recordings
from tipoff.errors import ContractError
from tipoff.sources.base import Reading
from tipoff.vocabulary import Outcome

pytestmark = pytest.mark.data

few_examples = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def lines_of(recordings: Recordings) -> list[list[str]]:
    return list(csv.reader(StringIO(recordings.body(BIGDATABALL).decode())))


def csv_body(lines: list[list[str]]) -> bytes:
    file = StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue().encode()


def read(recordings: Recordings, body: bytes) -> Reading:
    return BIGDATABALL.source.read(body, recordings.context(BIGDATABALL))


def judged(recordings: Recordings, body: bytes, status: int = 200) -> tuple[Outcome, str]:
    response = recordings.response(BIGDATABALL, status, body)
    judgement = BIGDATABALL.source.judge(recordings.request(BIGDATABALL), response, BIGDATABALL.slate)
    return judgement.outcome, judgement.reason


def accounted(reading: Reading) -> int:
    """Entries of a response that are rows or counted as rejected or damaged."""
    return len(reading.rows) + sum(reading.rejected.values()) + sum(reading.damaged.values())


def read_or_refused(recordings: Recordings, body: bytes) -> Reading | ContractError:
    """The reading or the refusal; any other error fails the test."""
    try:
        return read(recordings, body)
    except ContractError as error:
        return error


def test_the_shots_add_up_to_the_final_score(recordings: Recordings) -> None:
    rows = recordings.read(BIGDATABALL).rows
    from_the_field = sum(row["worth"] for row in rows if row["made"])
    free_throws = sum(
        ",free throw," in line and ",made," in line for line in recordings.body(BIGDATABALL).decode().split("\n")
    )
    assert from_the_field + free_throws == 103 + 91
    attempted = Counter(row["player_name"] for row in rows)
    made = Counter(row["player_name"] for row in rows if row["made"])
    assert (made["Shai Gilgeous-Alexander"], attempted["Shai Gilgeous-Alexander"]) == (8, 27)
    assert (len(rows), sum(row["assisted"] for row in rows)) == (157, 37)


def test_names_resolve_to_nba_ids_within_the_team(recordings: Recordings) -> None:
    ids = {row["player_name"]: (row["player_id"], row["team"]) for row in recordings.read(BIGDATABALL).rows}
    assert ids["Shai Gilgeous-Alexander"] == ("1628983", "OKC")
    assert ids["Jalen Williams"] == ("1631114", "OKC")
    assert ids["T.J. McConnell"] == ("204456", "IND")


def test_a_shot_with_an_unresolved_name_is_kept_and_reported(recordings: Recordings) -> None:
    reading = read(recordings, recordings.body(BIGDATABALL).replace(b"Jalen Williams", b"Jaylin Willems"))
    assert len(reading.rows) == 157
    assert {row["player_name"] for row in reading.rows if row["player_id"] is None} == {"Jaylin Willems"}
    (unresolved,) = reading.unresolved
    assert (unresolved["player_name"], unresolved["game_id"]) == ("Jaylin Willems", "0042400407")


def test_older_files_have_misses_as_their_own_event_type(recordings: Recordings) -> None:
    lines = lines_of(recordings)
    kind, result = lines[0].index("event_type"), lines[0].index("result")
    for line in lines:
        if (line[kind], line[result]) == ("shot", "missed"):
            line[kind] = "miss"
    assert read(recordings, csv_body(lines)).rows == recordings.read(BIGDATABALL).rows


def test_a_byte_order_mark_is_ignored(recordings: Recordings) -> None:
    body = b"\xef\xbb\xbf" + recordings.body(BIGDATABALL)
    assert judged(recordings, body)[0] is Outcome.OK
    assert read(recordings, body) == recordings.read(BIGDATABALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body.replace(b",", b";"), r"\$\.header: .* is missing"),
        (lambda body: body.replace(b",original_x,", b",x,", 1), r"\$\.header: original_x is missing"),
        (lambda body: body.replace(b"42400407,", b"22300001,"), r"is 0022300001, requested 0042400407"),
        (lambda body: body.replace(b"42400407,", b"1022400407,"), r"is 1022400407, requested 0042400407"),
        (lambda body: body[:-40], r"cut short|cells"),
        (lambda body: b"\xff\xfe" + body, r"is not CSV"),
        (lambda body: re.sub(b",made,|,missed,", b",perhaps,", body), r"\$\.line\[4\]\.result: 'perhaps'"),
    ],
    ids=["separator", "column", "other season", "other league", "cut", "encoding", "result"],
)
def test_an_invalid_file_is_refused_with_the_path(
    recordings: Recordings, change: Callable[[bytes], bytes], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        read(recordings, change(recordings.body(BIGDATABALL)))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda line: line.replace(",2,,,made", ",7,,,made"), "$.line[4].points: '7' is not the points of a made"),
        (lambda line: line.replace(",made,", ",perhaps,"), "$.line[4].result: 'perhaps' is not one of"),
        (lambda line: line.rpartition(",")[0], "$.line[4]: has 43 cells, the header has 44"),
        (lambda line: f'"{line}', "$.line[4]: has 1 cell, the header has 44"),
        (lambda line: line.replace(",made,", ',"ma"de,'), "$.line[4]: has 1 cell, the header has 44"),
    ],
    ids=["points", "result", "ragged", "open quote", "stray quote"],
)
def test_a_damaged_line_costs_its_shot(recordings: Recordings, change: Callable[[str], str], problem: str) -> None:
    lines = recordings.body(BIGDATABALL).decode().split("\n")
    lines[3] = change(lines[3])
    body = "\n".join(lines).encode()
    reading = read(recordings, body)
    assert len(reading.rows) == 156
    ((named, count),) = reading.damaged.items()
    assert (count, named[: len(problem)]) == (1, problem)
    assert judged(recordings, body)[0] is Outcome.PARTIAL


def test_another_separator_or_another_game_is_of_the_wrong_type(recordings: Recordings) -> None:
    body = recordings.body(BIGDATABALL)
    assert judged(recordings, body.replace(b",", b";"))[0] is Outcome.WRONG_TYPE
    assert judged(recordings, body.replace(b"42400407,", b"42400406,"))[0] is Outcome.WRONG_TYPE


def test_a_missing_or_unfinished_file_is_not_published_yet_and_an_empty_one_is_suspicious(
    recordings: Recordings,
) -> None:
    body = recordings.body(BIGDATABALL)
    header, *lines = body.splitlines(keepends=True)
    assert judged(recordings, b"", 404)[0] is Outcome.NOT_PUBLISHED_YET
    assert judged(recordings, b"".join([header, *lines[:300]]))[0] is Outcome.NOT_PUBLISHED_YET
    assert judged(recordings, header) == (Outcome.SUSPICIOUSLY_EMPTY, "IND@OKC has no plays")
    assert read(recordings, header).rows == ()


def test_plays_of_other_games_are_rejected_and_counted(recordings: Recordings) -> None:
    lines = lines_of(recordings)
    others = [["42400406", *line[1:]] for line in lines[1:11]]
    reading = read(recordings, csv_body(lines + others))
    assert reading.rows == recordings.read(BIGDATABALL).rows
    assert reading.rejected == {"play of another game": 10}


def test_an_unknown_column_is_reported(recordings: Recordings) -> None:
    lines = [[*line, "x"] for line in lines_of(recordings)]
    lines[0][-1] = "shot_clock"
    assert read(recordings, csv_body(lines)).unknown_fields == ("shot_clock",)


@given(data=st.data())
@few_examples
def test_a_damaged_cell_is_refused_or_counted(recordings: Recordings, data: st.DataObject) -> None:
    lines = lines_of(recordings)
    before = accounted(recordings.read(BIGDATABALL))
    line = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.integers(0, len(lines[0]) - 1))
    lines[line][column] = data.draw(st.sampled_from(["", "strange", "-1", "nan", "1e999", "ß\u2028", '"', "0" * 400]))
    event = lines[0].index("event_type") if line else -1
    after = read_or_refused(recordings, csv_body(lines))
    if isinstance(after, ContractError):
        assert after.path.startswith("$")
    else:
        assert accounted(after) >= before - (column == event)  # an event of another type is not a shot


@given(seed=st.integers(0, 1000))
@few_examples
def test_shuffled_and_repeated_lines_make_the_same_rows(recordings: Recordings, seed: int) -> None:
    header, *lines = lines_of(recordings)
    shuffled = random.Random(seed).sample([*lines, *lines], 2 * len(lines))
    before, after = recordings.read(BIGDATABALL), read(recordings, csv_body([header, *shuffled]))
    assert sorted(map(repr, after.rows)) == sorted(map(repr, before.rows))
    assert after.rejected == {"repeated": 157}
