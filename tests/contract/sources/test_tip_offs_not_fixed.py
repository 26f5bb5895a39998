"""A tip-off "to be determined" at every source that carries tip-offs: the time is unknown, the game stays."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.made_responses import SLATE, made_response
from tipoff.plan import plan_day
from tipoff.sources.base import ReadContext, Reading, Row
from tipoff.sources.game_status import POSTPONED, SCHEDULED, is_to_be_determined, meaning_of
from tipoff.sources.registry import SOURCES
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import SlateGame, eastern
from tipoff.warehouse.tables import TABLES

FIRST = SLATE.games[0]
NOON = datetime(2025, 1, 10, 17, tzinfo=UTC)
MIDNIGHT = "2025-01-10T05:00:00Z"
TEXTS = (
    *("TBD", "tbd", " TBD ", "TBA", "T.B.D.", "T B D", "1/10 - TBD"),
    *("To be determined", "TO BE DECIDED", "to  be announced"),
)
NOT_NEEDED = ("Not necessary", "UNNECESSARY", "If necessary - not needed", "No longer necessary", "TBD - cancelled")


def first_game(source: str, document: Any) -> Any:
    """The entry of the first game."""
    lists = {
        "nbac_schedule": lambda: document["leagueSchedule"]["gameDates"][0]["games"],
        "nbac_scoreboard": lambda: document["scoreboard"]["games"],
    }
    return lists.get(source, lambda: document["events"])()[0]


def set_time(source: str, game: Any, time: str | None, text: str) -> None:
    """Set the time of a game as the source writes it, and what it says about it."""
    if source.startswith("nbac"):
        game |= {"gameDateTimeUTC": time, "gameTimeUTC": time, "gameStatus": 1, "gameStatusText": text}
    else:
        game["date"] = time
        game["status"]["type"] = {"name": "STATUS_SCHEDULED", "state": "pre", "shortDetail": text}


def read(source: str, document: Any) -> Reading:
    made = made_response(source)
    context = ReadContext(slate=SLATE, as_of=NOON, part=made.part)
    return SOURCES[source].read(json.dumps(document).encode(), context)


def row_of(source: str, document: Any) -> Row:
    (row,) = (row for row in read(source, document).rows if row["game_id"] == FIRST.game_id)
    return row


def of(source: str, time: str | None, text: str) -> tuple[Any, Any]:
    """The made response of a source with this time and text of the first game: the document and the game in it."""
    document = deepcopy(made_response(source).body)
    game = first_game(source, document)
    set_time(source, game, time, text)
    return document, game


with_tip_offs = sorted(name for name, source in SOURCES.items() if "tip_off" in TABLES[source.table].column_names)
each_source = pytest.mark.parametrize("source", with_tip_offs)


def test_the_sources_with_tip_offs_are_the_schedules_and_the_espn_scoreboard() -> None:
    assert with_tip_offs == ["espn_schedule", "espn_scoreboard", "nbac_schedule"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_says_that_the_tip_off_is_to_be_determined(text: str) -> None:
    assert (is_to_be_determined(text), meaning_of(text)) == (True, SCHEDULED)


@pytest.mark.parametrize("text", ["7:30 pm ET", "Final", "Scheduled", "", "If necessary", "Bradtba"])
def test_other_texts_do_not(text: str) -> None:
    assert not is_to_be_determined(text)


@pytest.mark.parametrize("text", NOT_NEEDED)
def test_a_game_that_is_not_necessary_is_not_played(text: str) -> None:
    assert meaning_of(text) == POSTPONED


@each_source
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("time", [MIDNIGHT, "2025-01-11T00:30:00Z"])
def test_a_tip_off_to_be_determined_is_unknown_and_its_game_stays_on_the_date(
    source: str, text: str, time: str
) -> None:
    row = row_of(source, of(source, time, text)[0])
    assert (row["tip_off"], row["game_date"], row["status"]) == (None, SLATE.game_date, SCHEDULED)


@each_source
def test_midnight_without_such_a_text_stays_a_time(source: str) -> None:
    row = row_of(source, of(source, MIDNIGHT, "12:00 am ET")[0])
    assert row["tip_off"] == datetime(2025, 1, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize("source", ["espn_schedule", "espn_scoreboard"])
@pytest.mark.parametrize("valid", [False, "false", "False", 0, "0", "no"])
def test_a_time_that_espn_calls_invalid_is_unknown(source: str, valid: object) -> None:
    document, event = of(source, MIDNIGHT, "Scheduled")
    event["competitions"][0]["timeValid"] = valid
    assert row_of(source, document)["tip_off"] is None


@pytest.mark.parametrize("source", ["espn_schedule", "espn_scoreboard"])
@pytest.mark.parametrize("valid", [True, "true", 1, None])
def test_a_time_that_espn_calls_valid_or_does_not_judge_is_the_tip_off(source: str, valid: object) -> None:
    document, event = of(source, "2025-01-11T00:30:00Z", "Scheduled")
    event["competitions"][0]["timeValid"] = valid
    assert row_of(source, document)["tip_off"] == FIRST.tip_off


@pytest.mark.parametrize("source", ["espn_schedule", "espn_scoreboard"])
def test_an_event_without_the_field_has_a_valid_time(source: str) -> None:
    document, event = of(source, "2025-01-11T00:30:00Z", "Scheduled")
    event["competitions"][0].pop("timeValid", None)
    assert row_of(source, document)["tip_off"] == FIRST.tip_off


@pytest.mark.parametrize("source", ["espn_schedule", "espn_scoreboard"])
def test_espn_may_call_the_time_invalid_at_the_event_or_name_it_tbd_elsewhere(source: str) -> None:
    document, event = of(source, MIDNIGHT, "Scheduled")
    event["timeValid"] = "false"
    assert row_of(source, document)["tip_off"] is None
    for field, text in (("name", "STATUS_TBD"), ("detail", "Fri, January 10th - TBD")):
        document, event = of(source, MIDNIGHT, "1/10 - 12:00 AM EST")
        event["status"]["type"][field] = text
        assert row_of(source, document)["tip_off"] is None


@pytest.mark.parametrize("source", ["espn_schedule", "espn_scoreboard"])
@pytest.mark.parametrize("time", ["", None, "TBD", "2025-01-10T00:00Z", "2025-01-10T05:00Z"])
def test_an_espn_event_without_a_fixed_tip_off_is_of_the_date_that_the_response_shows(
    source: str, time: str | None
) -> None:
    document, _ = of(source, time, "TBD")
    document["day"] = {"date": "2025-01-10"}
    row = row_of(source, document)
    assert (row["tip_off"], row["game_date"]) == (None, SLATE.game_date)


@pytest.mark.parametrize("source", ["espn_schedule", "espn_scoreboard"])
@pytest.mark.parametrize("day", [None, {}, {"date": "today"}, {"date": "2025-01-11"}])
def test_the_date_that_an_espn_response_shows_may_be_missing_or_another_one(source: str, day: object) -> None:
    document, _ = of(source, MIDNIGHT, "TBD")
    document["day"] = day
    assert row_of(source, document)["game_date"] == SLATE.game_date


@each_source
def test_of_two_entries_of_a_game_the_one_with_a_fixed_tip_off_stays(source: str) -> None:
    document, game = of(source, MIDNIGHT, "TBD")
    fixed = deepcopy(game)
    set_time(source, fixed, "2025-01-11T00:30:00Z", "7:30 pm ET")
    games = document["events"] if "events" in document else document["leagueSchedule"]["gameDates"][0]["games"]
    for entries in ([game, fixed], [fixed, game]):
        games[:] = [*entries, *games[2:]]
        assert row_of(source, document)["tip_off"] == FIRST.tip_off


def test_a_game_without_a_fixed_tip_off_is_last_on_the_slate_and_has_never_begun() -> None:
    document, _ = of("nbac_schedule", MIDNIGHT, "TBD")
    *_, last = slate_games(read("nbac_schedule", document).rows, SLATE.game_date)
    assert last == SlateGame(game_id=FIRST.game_id, away=FIRST.away, home=FIRST.home, tip_off=None)
    assert not last.has_begun(datetime(2025, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_reads_its_response_for_a_slate_without_a_fixed_tip_off(source: str) -> None:
    """A provider that has the game on its date has it whether or not the schedule has a time."""
    made, games = made_response(source), tuple(game.model_copy(update={"tip_off": None}) for game in SLATE.games)
    slate = SLATE.model_copy(update={"games": games})
    expected = made.read(SOURCES[source])
    assert made.read(SOURCES[source], slate=slate).rows == expected.rows


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_makes_the_requests_of_a_game_that_may_begin_or_be_over_at_any_time(source: str) -> None:
    def requests(games: tuple[SlateGame, ...], as_of: datetime) -> set[str]:
        ids = {game.game_id: "77" for game in games}
        slate = SLATE.model_copy(update={"games": games})
        return {request.url for request in SOURCES[source].requests(slate, as_of, ids)}

    for as_of in (NOON, datetime(2025, 1, 11, 8, tzinfo=UTC)):
        started = tuple(game.model_copy(update={"tip_off": as_of - timedelta(hours=6)}) for game in SLATE.games)
        to_come = tuple(game.model_copy(update={"tip_off": as_of + timedelta(hours=6)}) for game in SLATE.games)
        not_fixed = tuple(game.model_copy(update={"tip_off": None}) for game in SLATE.games)
        assert requests(not_fixed, as_of) >= requests(to_come, as_of) | (
            requests(started, as_of) if SOURCES[source].role != "pre" else set()
        )


@pytest.mark.parametrize("time", ["", None, "TBD", "2025-01-10T00:00:00Z", "2025-01-10T05:00:00Z"])
def test_the_date_of_a_game_without_a_fixed_tip_off_does_not_depend_on_its_placeholder(time: str | None) -> None:
    document, game = of("nbac_schedule", time, "TBD")
    game["gameDateEst"] = "2025-01-10T00:00:00Z"
    schedule = row_of("nbac_schedule", document)
    assert (schedule["tip_off"], schedule["game_date"]) == (None, SLATE.game_date)
    board = row_of("nbac_scoreboard", of("nbac_scoreboard", time, "TBD")[0])
    assert (board["game_date"], board["status"]) == (SLATE.game_date, SCHEDULED)


@pytest.mark.parametrize("flag", [True, False, "true", "false", "1", 0, None, "perhaps"])
@pytest.mark.parametrize(("text", "tip_off"), [("TBD", None), ("7:30 pm ET", FIRST.tip_off)])
def test_a_game_if_necessary_is_planned_by_its_time_however_the_flag_is_written(
    flag: object, text: str, tip_off: datetime | None
) -> None:
    document, game = of("nbac_schedule", "2025-01-11T00:30:00Z", text)
    game["ifNecessary"] = flag
    row = row_of("nbac_schedule", document)
    assert (row["tip_off"], row["status"]) == (tip_off, SCHEDULED)


def test_the_plan_of_a_schedule_with_such_a_game_comes_from_the_other_games() -> None:
    document, _ = of("nbac_schedule", MIDNIGHT, "TBD")
    (not_fixed,) = slate_games(read("nbac_schedule", document).rows, SLATE.game_date)
    for others, due in ((), (13, 30)), ((12, 30), (10, 30)), ((22, 0), (13, 30)):
        games = (FIRST.model_copy(update={"tip_off": eastern(SLATE.game_date, *others)}),) if others else ()
        plan = plan_day(SLATE.game_date, (*games, not_fixed), SOURCES)
        assert plan.predictions_due == eastern(SLATE.game_date, *due)


@pytest.mark.parametrize("flag", [True, "true", "Y", 1])
def test_midnight_of_a_game_if_necessary_is_a_placeholder(flag: object) -> None:
    document, game = of("nbac_schedule", MIDNIGHT, "")
    game["ifNecessary"] = flag
    assert row_of("nbac_schedule", document)["tip_off"] is None


@each_source
def test_midnight_of_a_game_that_the_text_calls_if_necessary_is_a_placeholder(source: str) -> None:
    for text in ("If Necessary", "* if needed"):
        row = row_of(source, of(source, MIDNIGHT, text)[0])
        assert (row["tip_off"], row["status"]) == (None, SCHEDULED)
        assert row_of(source, of(source, "2025-01-11T00:30:00Z", text)[0])["tip_off"] == FIRST.tip_off
