"""The official injury report: stale, damaged and with other column widths. The recorded one is of 2024-01-04, 12:30."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.handmade_responses import injury_report, injury_report_of_pages
from devtools.recorded_responses import INJURIES, Recordings, game, slate, utc
from tipoff.errors import ContractError
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.pdf import MAX_PAGES
from tipoff.sources.pdf_process import MAX_CHARACTERS, MAX_CPU_SECONDS, PDF_PROCESS
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

REPORT = SOURCES["nbac_injury_report"]
TONIGHT = INJURIES.slate
AT_NOON = INJURIES.as_of
ROWS = (
    ("01/04/2024", "07:30 (ET)", "MIL@SAS", "Milwaukee Bucks", "", "", "NOT YET SUBMITTED"),
    ("", "", "", "San Antonio Spurs", "Vassell, Devin", "Out", "Injury/Illness"),
    ("", "10:00 (ET)", "DEN@GSW", "Denver Nuggets", "Payton II, Gary", "Doubtful", "Rest"),
)
WITHOUT_PAGES = (
    injury_report(ROWS)
    .replace(b"/Count 1 /Kids [ 3 0 R ]", b"/Count 0 /Kids [ ]      ")
    .replace(b"/Type /Page\n", b"/Type /Note\n")
)


def judged(body: bytes, part: str = INJURIES.part, on: Slate = TONIGHT, at: timedelta = timedelta()) -> Outcome:
    request = Request(host=REPORT.provider.host, path="/", part=part)
    response = Response(status=200, headers={}, body=body, url="https://provider", fetched_at=AT_NOON + at)
    return REPORT.judge(request, response, on).outcome


def read(body: bytes) -> set[tuple[str, str, str]]:
    """(team, player or the team itself, status) of each row; "unresolved" as the status of an unresolved name."""
    reading = REPORT.read(body, ReadContext(slate=TONIGHT, as_of=AT_NOON))
    rows = {(row["team"], row["player_name"], row["status"]) for row in reading.rows}
    return rows | {(row["team"], row["player_name"], "unresolved") for row in reading.unresolved}


@pytest.mark.data
def test_an_older_report_than_requested_is_stale_by_its_stamp(recordings: Recordings) -> None:
    body = recordings.body(INJURIES)
    later = slate(date(2024, 1, 9), game("0022300500", "MIN@ORL", utc(2024, 1, 10, 0, 0)))
    assert judged(body) is Outcome.OK
    assert judged(body, "2024-01-04_01PM") is Outcome.STALE
    assert judged(body, "2024-01-09_12PM", later, timedelta(days=5)) is Outcome.STALE


@pytest.mark.data
def test_yesterdays_report_is_stale_though_it_lists_todays_games(recordings: Recordings) -> None:
    tonight = slate(date(2024, 1, 5), game("0022300480", "TOR@SAC", utc(2024, 1, 6, 3, 0)))
    assert judged(recordings.body(INJURIES), "2024-01-05_12PM", tonight, timedelta(days=1)) is Outcome.STALE


@pytest.mark.parametrize(
    ("stamp", "part", "outcome"),
    [
        ("12/22/25 05:15 PM", "2025-12-22_05_15PM", Outcome.OK),
        ("12/22/25 05:17 PM", "2025-12-22_05_15PM", Outcome.OK),  # printed two minutes late
        ("12/22/25 05:00 PM", "2025-12-22_05_15PM", Outcome.STALE),
        ("12/21/25 05:30 PM", "2025-12-21_05PM", Outcome.OK),
        ("12/21/25 04:30 PM", "2025-12-21_05PM", Outcome.STALE),
    ],
)
def test_a_stamp_is_matched_by_hour_or_since_december_2025_by_quarter_hour(
    stamp: str, part: str, outcome: Outcome
) -> None:
    day = date(2025, 12, int(part[8:10]))
    rows = [(f"{day:%m/%d/%Y}", *row[1:]) for row in ROWS[:1]]
    on = slate(day, game("0022500400", "MIL@SAS", utc(2025, 12, 23, 3, 0)))
    assert judged(injury_report(rows, stamp), part, on, timedelta(days=717)) is outcome


def test_a_report_without_entries_for_a_date_with_upcoming_games_is_suspicious() -> None:
    tomorrow = injury_report([("01/05/2024", *ROWS[0][1:])])
    assert judged(tomorrow) is Outcome.SUSPICIOUSLY_EMPTY
    assert judged(injury_report([])) is Outcome.SUSPICIOUSLY_EMPTY
    assert judged(tomorrow, at=timedelta(hours=12)) is Outcome.OK


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda: b"<html></html>", "is not a PDF"),
        (lambda: b"%PDF-1.4 nonsense %%EOF", r"is not a readable PDF|is a PDF without pages"),
        (lambda: injury_report(ROWS, encrypt="secret"), "is not a readable PDF"),
        (lambda: injury_report(ROWS)[:1500], "is a PDF that was cut short"),
        (lambda: WITHOUT_PAGES, "is a PDF without pages"),
        (lambda: injury_report(ROWS, headings=("Day", *("",) * 6)), r"page 1: the headings .* are missing"),
    ],
    ids=["not a PDF", "nonsense", "encrypted", "cut", "no pages", "other headings"],
)
def test_an_invalid_report_is_of_the_wrong_type_and_refused(body: Callable[[], bytes], message: str) -> None:
    assert judged(body()) is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=message):
        read(body())


@pytest.mark.parametrize("stamp", ["", "13/45/24 12:30 PM", "today"])
def test_a_report_without_a_stamp_is_of_the_wrong_type(stamp: str) -> None:
    assert judged(injury_report(ROWS, stamp)) is Outcome.WRONG_TYPE


def test_a_team_that_has_not_submitted_is_marked() -> None:
    assert read(injury_report(ROWS[:1])) == {
        ("MIL", "MIL", "Not submitted"),
        *((team, team, "Submitted") for team in ("SAS", "DEN", "GSW")),
    }


@given(widths=st.lists(st.floats(95, 160), min_size=6, max_size=6))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_are_found_by_their_headings_at_any_width(widths: list[float]) -> None:
    columns = [20 + sum(widths[:count]) for count in range(7)]
    assert read(injury_report(ROWS[:2], columns=columns)) == read(injury_report(ROWS[:2]))
    assert ("SAS", "Devin Vassell", "unresolved") in read(injury_report(ROWS[:2], columns=columns))


def test_a_team_that_is_not_in_the_game_is_refused_with_the_page() -> None:
    with pytest.raises(ContractError, match=r"page\[1\].row\[1\].team: 'Denver Nuggets' is not a team of MIL@SAS"):
        read(injury_report([(*ROWS[0][:3], *ROWS[2][3:])]))


FIRST_PAGE = {20.0: ("01/04/2024", "07:30 (ET)", "MIL@SAS", "San Antonio Spurs", "Vale, Orin", "Out", "Right Knee;")}
REED = ("", "", "", "", "Reed, Elmo", "Doubtful", "Rest")


def line(reason: str, player: str = "") -> tuple[str, ...]:
    """A line of the table with the rest of a wrapped cell."""
    return ("", "", "", "", player, "", reason)


def listed(*pages: Mapping[float, Sequence[str]]) -> list[tuple[str, str, str]]:
    """(player, status, reason) of each player of a report of pages, in its order."""
    players = tuple(
        KnownPlayer(player_id=name, player_name=name, team="SAS")
        for name in ("Orin Vale", "Elmo Reed", "Orin Vale-Dorn")
    )
    context = ReadContext(slate=TONIGHT, as_of=AT_NOON, players=players)
    rows = REPORT.read(injury_report_of_pages(pages, foot="Page 1 of 2"), context).rows
    return [(row["player_name"], row["status"], row["reason"]) for row in rows if row["reason"]]


@pytest.mark.parametrize("top", [10.0, 14.0, 20.0], ids="{} points above".format)
def test_text_above_the_first_row_of_a_page_continues_the_last_row_of_the_page_before(top: float) -> None:
    second_page = {30.0 - top: line("Soreness"), 30.0: REED}
    assert listed(FIRST_PAGE, second_page) == [
        ("Orin Vale", "Out", "Right Knee; Soreness"),
        ("Elmo Reed", "Doubtful", "Rest"),
    ]


def test_pages_of_such_text_alone_continue_the_row_too() -> None:
    text = listed(FIRST_PAGE, {20.0: line("Soreness;")}, {20.0: line("MRI"), 30.0: line("clean")}, {})
    assert text == [("Orin Vale", "Out", "Right Knee; Soreness; MRI clean")]


def test_a_name_that_is_wrapped_onto_the_next_page_is_one_name() -> None:
    first_page = {20.0: (*FIRST_PAGE[20.0][:4], "Vale-Dorn,", "Out", "Rest")}
    assert listed(first_page, {20.0: line("", "Orin")}) == [("Orin Vale-Dorn", "Out", "Rest")]


def test_a_cell_that_is_centred_on_the_first_row_of_a_page_belongs_to_this_row() -> None:
    centred = {13.0: line("Left Hip;"), 20.0: (*REED[:6], ""), 27.0: line("Strain")}
    assert listed(FIRST_PAGE, centred) == [
        ("Orin Vale", "Out", "Right Knee;"),
        ("Elmo Reed", "Doubtful", "Left Hip; Strain"),
    ]
    both = {5.0: line("Soreness")} | centred
    assert listed(FIRST_PAGE, both)[0] == ("Orin Vale", "Out", "Right Knee; Soreness")
    assert listed(FIRST_PAGE, both)[1] == ("Elmo Reed", "Doubtful", "Left Hip; Strain")


def test_text_that_belongs_to_no_row_is_refused() -> None:
    with pytest.raises(ContractError, match="page 1: 'Soreness' belongs to no row"):
        listed({20.0: line("Soreness")})


@pytest.mark.parametrize("title", ["{} Page 1 of 2", "Page 1 of 2 {}", "{} Page 1", "{} Page 1 / 2", "{}"])
def test_a_page_number_may_stand_beside_the_title(title: str) -> None:
    body = injury_report_of_pages([FIRST_PAGE], title.format("Injury Report: 01/04/24 12:30 PM"), foot="Page 1 of 2")
    assert judged(body) is Outcome.OK
    assert read(body) == read(injury_report_of_pages([FIRST_PAGE]))


def test_a_page_number_may_stand_beside_headings_and_rows() -> None:
    headings = (*["Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status"], "Reason Page 1 of 2")
    page = {20.0: (*FIRST_PAGE[20.0][:6], "Rest Page 1 of 2")}
    body = injury_report_of_pages([page], headings=headings)
    assert judged(body) is Outcome.OK
    assert read(body) == read(injury_report_of_pages([FIRST_PAGE]))


def entry(team: str, player: str, status: str = "Out", matchup: str = "MIL@SAS", day: str = "01/04/2024") -> list[str]:
    return [day, "07:30 (ET)", matchup, team, player, status, "Rest"]


INTACT = [
    entry("Milwaukee Bucks", "Brenner, Aldo"),
    entry("Milwaukee Bucks", "Santoro, Milo"),
    entry("San Antonio Spurs", "Vale, Orin"),
    entry("San Antonio Spurs", "Reed, Elmo"),
    entry("Denver Nuggets", "Okoye, Jonas", matchup="DEN@GSW"),
]
ALL_SUBMITTED = dict.fromkeys(("MIL", "SAS", "DEN", "GSW"), "Submitted")


def reading_of(rows: Sequence[Sequence[str]]) -> Reading:
    """The reading of a report that is judged usable; every player is known."""
    body = injury_report(rows)
    assert judged(body) in (Outcome.OK, Outcome.PARTIAL)
    teams = {"Milwaukee Bucks": "MIL", "San Antonio Spurs": "SAS", "Denver Nuggets": "DEN"}
    players = tuple(
        KnownPlayer(player_id=name, player_name=name, team=teams[team])
        for team, name in ((row[3], " ".join(reversed(row[4].split(", ")))) for row in INTACT)
    )
    return REPORT.read(body, ReadContext(slate=TONIGHT, as_of=AT_NOON, players=players))


def team_statuses(reading: Reading) -> dict[str, str]:
    return {row["team"]: row["status"] for row in reading.rows if row["team"] == row["player_id"]}


def players_of(reading: Reading) -> list[str]:
    return [row["player_name"] for row in reading.rows if row["team"] != row["player_id"]]


def with_cell(row: int, cell: int, text: str) -> list[list[str]]:
    rows = [list(cells) for cells in INTACT]
    rows[row][cell] = text
    return rows


def test_an_intact_report_has_all_players() -> None:
    reading = reading_of(INTACT)
    assert players_of(reading) == ["Aldo Brenner", "Milo Santoro", "Orin Vale", "Elmo Reed", "Jonas Okoye"]
    assert (team_statuses(reading), reading.damaged) == (ALL_SUBMITTED, {})


@pytest.mark.parametrize(
    ("cell", "text", "not_submitted", "problem"),
    [
        (4, "", "SAS", "player: '' is not one name"),
        (4, "Vale, Orin Reed, Elmo", "SAS", "player: 'Vale, Orin Reed, Elmo' is not one name"),
        (3, "Seattle SuperSonics", "MIL SAS", "team: 'Seattle SuperSonics' is not a team of MIL@SAS"),
        (3, "Denver Nuggets", "MIL SAS DEN", "team: 'Denver Nuggets' is not a team of MIL@SAS"),
        (2, "MIL SAS", "SAS", "matchup: 'MIL SAS' is no matchup"),
        (0, "tonight", "SAS", "date: 'tonight' is no date"),
    ],
)
def test_an_unreadable_row_costs_itself_and_its_team_is_not_submitted(
    cell: int, text: str, not_submitted: str, problem: str
) -> None:
    reading = reading_of(with_cell(2, cell, text))
    assert players_of(reading) == ["Aldo Brenner", "Milo Santoro", "Elmo Reed", "Jonas Okoye"]
    assert team_statuses(reading) == ALL_SUBMITTED | dict.fromkeys(not_submitted.split(), "Not submitted")
    assert reading.damaged == {f"page[1].row[3].{problem}": 1}


@pytest.mark.parametrize("cells", [("", "", "", "", "Vale, Orin", "", "Rest"), ("", "", "", "", "Vale, Orin", "", "")])
def test_a_row_without_a_status_does_not_spoil_its_neighbours(cells: Sequence[str]) -> None:
    reading = reading_of([*INTACT[:2], INTACT[3], cells, *INTACT[4:]])
    assert players_of(reading) == ["Aldo Brenner", "Milo Santoro", "Elmo Reed", "Jonas Okoye"]
    assert team_statuses(reading) == ALL_SUBMITTED | {"SAS": "Not submitted"}
    assert reading.damaged == {"page[1].row[4].status: is missing": 1}


def test_a_row_without_a_status_may_be_the_only_one_of_its_page() -> None:
    without_status = ("01/04/2024", "07:30 (ET)", "MIL@SAS", "San Antonio Spurs", "Reed, Elmo", "", "Rest")
    body = injury_report_of_pages([FIRST_PAGE, {10.0: line("Soreness"), 20.0: without_status}])
    reading = REPORT.read(body, ReadContext(slate=TONIGHT, as_of=AT_NOON))
    assert team_statuses(reading)["SAS"] == "Not submitted"
    assert reading.damaged == {"page[2].row[1].status: is missing": 1}
    assert listed(FIRST_PAGE, {10.0: line("Soreness"), 20.0: without_status}) == [
        ("Orin Vale", "Out", "Right Knee; Soreness")
    ]


def test_an_overlong_name_leaves_its_team_not_submitted() -> None:
    reading = reading_of(with_cell(2, 4, f"{'V' * 50}, {'O' * 50}"))
    assert team_statuses(reading) == ALL_SUBMITTED | {"SAS": "Not submitted"}


def test_a_row_of_another_date_or_game_matters_to_no_team() -> None:
    others = [
        entry("Seattle SuperSonics", "", day="01/05/2024"),
        entry("Seattle SuperSonics", "", matchup="SEA@POR"),
    ]
    reading = reading_of([*INTACT, *others])
    assert (team_statuses(reading), reading.damaged) == (ALL_SUBMITTED, {})


def test_most_rows_unreadable_refuse_the_report() -> None:
    renamed = [[*row[:3], "Bucks of Milwaukee", *row[4:]] for row in INTACT]
    assert len(players_of(reading_of([*renamed[:2], *INTACT[2:]]))) == 3
    body = injury_report([*renamed[:3], *INTACT[3:]])
    assert judged(body) is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=r"3 of 5 elements of page\[\].row\[\] unreadable"):
        read(body)


def test_a_report_that_is_unreadable_after_its_first_page_is_of_the_wrong_type() -> None:
    """The report before it is requested then."""
    body = injury_report_of_pages([FIRST_PAGE, *({} for _ in range(MAX_PAGES))])
    assert judged(body) is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match="is a PDF of more than"):
        read(body)


def test_a_report_is_parsed_once_to_judge_and_to_read_it() -> None:
    body = injury_report_of_pages([FIRST_PAGE, *({20.0: REED} for _ in range(3))])
    seconds = [page["seconds"] for _ in range(2) for page in pages_with_cost(body)]
    assert max(seconds[4:]) < min(seconds[:4])


def pages_with_cost(body: bytes) -> list[dict[str, float]]:
    return [PDF_PROCESS.page(body, index, MAX_CPU_SECONDS, MAX_CHARACTERS) for index in range(4)]
