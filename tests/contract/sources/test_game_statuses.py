"""The words of providers for a game's status, at every source that carries one."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from tests.support.made_responses import SLATE, made_response
from tests.support.slates import tip
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response
from tipoff.sources.game_status import (
    FINAL,
    LIVE,
    POSTPONED,
    SCHEDULED,
    UNKNOWN,
    flag_means_postponed,
    meaning_of,
    status_of,
    status_of_text,
)
from tipoff.sources.registry import SOURCES
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import Outcome

FIRST, SECOND = SLATE.games
NOT_PLAYED = (
    "Postponed",
    "POSTPONED",
    "ppd",
    "PPD ",
    "P.P.D.",
    "PPD - weather",
    "Cancelled",
    "Canceled",
    "CANCELLED",
    "Forfeit",
    "Suspended",
    "Postp.",
    "PSTPD",
    "P",
)
NBA_STATES = {SCHEDULED: (1, "7:30 pm ET"), LIVE: (2, "Q2 07:15"), FINAL: (3, "Final")}
ESPN_STATES = {
    SCHEDULED: ("STATUS_SCHEDULED", "pre"),
    LIVE: ("STATUS_IN_PROGRESS", "in"),
    FINAL: ("STATUS_FINAL", "post"),
}


class Entry:
    """The made response of a source, whose first game is in a state."""

    def __init__(self, source_name: str, state: str, points: tuple[int, int] = (101, 99)) -> None:
        self.source, self.made = SOURCES[source_name], made_response(source_name)
        self.document: Any = deepcopy(self.made.body)
        game = self.game
        if source_name.startswith("nbac"):
            game["gameStatus"], game["gameStatusText"] = NBA_STATES[state]
            sides = [game["homeTeam"], game["awayTeam"]]
        else:
            game["status"]["type"] = self.espn_type(*ESPN_STATES[state])
            sides = game["competitions"][0]["competitors"]
        for side, scored in zip(sides, points, strict=True):
            side["score"] = scored

    @property
    def game(self) -> Any:
        return self.games[0]

    @staticmethod
    def espn_type(name: str, state: str, detail: str = "") -> dict[str, str]:
        return {"name": name, "state": state, "shortDetail": detail}

    def read(self) -> Reading:
        context = ReadContext(slate=SLATE, as_of=self.made.as_of, part=self.made.part)
        return self.source.read(json.dumps(self.document).encode(), context)

    @property
    def games(self) -> list[Any]:
        """The list that holds the first game."""
        lists = {
            "nbac_schedule": lambda: self.document["leagueSchedule"]["gameDates"][0]["games"],
            "nbac_scoreboard": lambda: self.document["scoreboard"]["games"],
        }
        games: list[Any] = lists.get(self.source.name, lambda: self.document["events"])()
        return games

    def judge(self) -> Judgement:
        body = json.dumps(self.document).encode()
        request = Request(host=self.source.provider.host, path="/", part=self.made.part)
        response = Response(status=200, headers={}, body=body, url=request.url, fetched_at=self.made.as_of)
        return self.source.judge(request, response, SLATE)

    def status(self) -> str:
        (row,) = (row for row in self.read().rows if row["game_id"] == FIRST.game_id)
        return str(row["status"])


NBA = ("nbac_schedule", "nbac_scoreboard")
ESPN = ("espn_schedule", "espn_scoreboard")
each_source = pytest.mark.parametrize("source", [*NBA, *ESPN])


def test_every_schedule_and_scoreboard_is_tested() -> None:
    of_status = {name for name, source in SOURCES.items() if "schedule" in source.table or "scoreboard" in source.table}
    assert of_status == {*NBA, *ESPN}


@pytest.mark.parametrize("text", NOT_PLAYED)
def test_the_words_for_not_played_mean_postponed(text: str) -> None:
    assert meaning_of(text) == POSTPONED


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("7:30 pm ET", SCHEDULED),
        ("7:30 PM PST", SCHEDULED),
        ("TBD", SCHEDULED),
        ("2025-01-11T00:30:00Z", SCHEDULED),
        ("STATUS_RAIN_DELAY", SCHEDULED),
        ("Q4 2:30", LIVE),
        ("Q1 :35.2", LIVE),
        ("END Q2", LIVE),
        ("Halftime", LIVE),
        ("End of 1st Qtr", LIVE),
        ("OT2 1:00", LIVE),
        ("STATUS_END_PERIOD", LIVE),
        ("Final", FINAL),
        ("Final/OT", FINAL),
        ("Final/2OT", FINAL),
        ("STATUS_FINAL_OT", FINAL),
        ("STATUS_HOME_FORFEIT", POSTPONED),
        ("Relocated", UNKNOWN),
        ("Final - protested", UNKNOWN),
        ("STATUS_WALKOVER", UNKNOWN),
        ("延期", UNKNOWN),
    ],
)
def test_a_text_has_a_meaning_in_any_form(text: str, meaning: str) -> None:
    assert (meaning_of(text), meaning_of(text.lower())) == (meaning, meaning)


@pytest.mark.parametrize("text", ["", "  ", "-", "—", "..."])
def test_a_text_without_words_is_no_status_and_contradicts_none(text: str) -> None:
    assert status_of_text(text, lambda: (101, 99)).status == UNKNOWN
    for planned in (SCHEDULED, LIVE, FINAL):
        assert status_of(planned, [text], lambda: (101, 99)).status == planned


@pytest.mark.parametrize("source", NBA)
@pytest.mark.parametrize("state", NBA_STATES)
@pytest.mark.parametrize("text", NOT_PLAYED)
def test_postponed_in_the_text_beats_the_number(source: str, state: str, text: str) -> None:
    entry = Entry(source, state)
    entry.game["gameStatusText"] = text
    assert entry.status() == POSTPONED


ABSENT = object()


@each_source
@pytest.mark.parametrize("nothing", [None, ABSENT])
def test_a_game_that_has_not_begun_needs_no_points_and_no_period(source: str, nothing: object) -> None:
    entry = Entry(source, SCHEDULED)
    game = entry.game
    of_nba = source in NBA
    sides = [game["homeTeam"], game["awayTeam"]] if of_nba else game["competitions"][0]["competitors"]
    for fields, name in ((game if of_nba else game["status"], "period"), *((side, "score") for side in sides)):
        fields.pop(name, None)
        if nothing is not ABSENT:
            fields[name] = nothing
    assert (entry.status(), entry.read().damaged) == (SCHEDULED, {})


@pytest.mark.parametrize("source", ESPN)
@pytest.mark.parametrize("dash", ["", " ", "-", "--"])
def test_a_dash_for_espns_points_is_no_point(source: str, dash: str) -> None:
    entry = Entry(source, SCHEDULED)
    entry.game["competitions"][0]["competitors"][0]["score"] = dash
    assert (entry.status(), entry.read().damaged) == (SCHEDULED, {})


def test_a_live_game_of_the_scoreboard_needs_points() -> None:
    entry = Entry("nbac_scoreboard", LIVE)
    entry.game["homeTeam"].pop("score")
    assert list(entry.read().damaged) == ["$.scoreboard.games[0].homeTeam.score: is missing"]


@pytest.mark.parametrize("source", NBA)
@pytest.mark.parametrize("state", NBA_STATES)
@pytest.mark.parametrize("flag", ["Y", "P", "y", " P ", "PPD", "Cancelled"])
def test_the_postponed_flag_beats_number_and_text(source: str, state: str, flag: str) -> None:
    entry = Entry(source, state)
    entry.game["postponedStatus"] = flag
    assert entry.status() == POSTPONED


@pytest.mark.parametrize("flag", ["N", "n", "A", "", None])
def test_a_flag_for_as_scheduled_changes_nothing(flag: str | None) -> None:
    entry = Entry("nbac_schedule", SCHEDULED)
    entry.game["postponedStatus"] = flag
    assert entry.status() == SCHEDULED
    assert flag_means_postponed(flag or "") is False


@pytest.mark.parametrize("source", ESPN)
@pytest.mark.parametrize("state", ESPN_STATES)
@pytest.mark.parametrize(
    "name",
    [
        *("STATUS_POSTPONED", "STATUS_CANCELED", "STATUS_CANCELLED", "STATUS_FORFEIT", "STATUS_SUSPENDED"),
        *("STATUS_ABANDONED", "STATUS_HOME_FORFEIT", "status_postponed"),
    ],
)
def test_espns_names_for_not_played_beat_the_state(source: str, state: str, name: str) -> None:
    entry = Entry(source, state, points=(2, 0))
    entry.game["status"]["type"] = Entry.espn_type(name, ESPN_STATES[state][1])
    assert entry.status() == POSTPONED


@pytest.mark.parametrize("source", ESPN)
@pytest.mark.parametrize("state", ESPN_STATES)
def test_espn_may_call_a_game_postponed_in_its_detail_or_its_competition(source: str, state: str) -> None:
    entry = Entry(source, state)
    entry.game["status"]["type"]["shortDetail"] = "Ppd"
    assert entry.status() == POSTPONED
    entry = Entry(source, state)
    entry.game["competitions"][0]["status"] = {"type": Entry.espn_type("STATUS_POSTPONED", "post")}
    assert entry.status() == POSTPONED


@each_source
@pytest.mark.parametrize("points", [(0, 0), (2, 0), (0, 101)])
def test_a_final_game_without_points_is_not_final(source: str, points: tuple[int, int]) -> None:
    entry = Entry(source, FINAL, points)
    assert (entry.status(), entry.read().unknown_words) == (UNKNOWN, {"final without points": 1})
    assert Entry(source, FINAL).status() == FINAL


def _moved(game: Any) -> None:
    game["gameStatusText"] = "Moved"


def _status_4(game: Any) -> None:
    game["gameStatus"] = 4


def _flag_x(game: Any) -> None:
    game["postponedStatus"] = "X"


def _espn_moved(game: Any) -> None:
    game["status"]["type"]["name"] = "STATUS_MOVED"


def _espn_state(game: Any) -> None:
    game["status"]["type"]["state"] = "limbo"


UNKNOWN_WORDS: Mapping[Callable[[Any], None], tuple[tuple[str, ...], str]] = {
    _moved: (NBA, "Moved"),
    _status_4: (NBA, "4 "),
    _flag_x: (NBA, "postponedStatus X"),
    _espn_moved: (ESPN, "STATUS_MOVED"),
    _espn_state: (ESPN, "limbo"),
}


@pytest.mark.parametrize("state", [SCHEDULED, LIVE, FINAL])
@pytest.mark.parametrize(
    ("source", "change"), [(source, change) for change, (sources, _) in UNKNOWN_WORDS.items() for source in sources]
)
def test_an_unknown_word_is_reported_and_the_game_is_kept(
    source: str, change: Callable[[Any], None], state: str
) -> None:
    entry = Entry(source, state)
    change(entry.game)
    reading = entry.read()
    ((reason, count),) = reading.unknown_words.items()
    assert reason.startswith(f"unknown game status '{UNKNOWN_WORDS[change][1]}")
    assert (entry.status(), count) == (UNKNOWN, 1)
    assert FIRST.game_id not in entry.source.covers(reading.rows, SLATE) or source != "nbac_scoreboard"
    if source.endswith("schedule"):
        assert FIRST in slate_games(reading.rows, SLATE.game_date)


@pytest.mark.parametrize(("number", "text"), [(1, "Final"), (3, "7:30 pm ET")])
def test_a_number_that_contradicts_the_text_makes_an_unknown_status(number: int, text: str) -> None:
    entry = Entry("nbac_scoreboard", LIVE)
    entry.game.update(gameStatus=number, gameStatusText=text)
    assert entry.status() == UNKNOWN


def _twice(entry: Entry, other: Entry, *, other_first: bool) -> Reading:
    """The reading of an entry whose response has its first game a second time, as another entry states it."""
    entry = deepcopy(entry)
    entry.games.insert(0 if other_first else len(entry.games), other.game)
    return entry.read()


def _first_game(reading: Reading) -> dict[str, Any]:
    (row,) = (row for row in reading.rows if row["game_id"] == FIRST.game_id)
    return row


BETTER_FIRST = (FINAL, LIVE, SCHEDULED, UNKNOWN, POSTPONED)


def _in_status(source: str, status: str) -> Entry:
    entry = Entry(source, status if status in NBA_STATES else SCHEDULED)
    if source in NBA:
        entry.game["gameStatusText"] = {POSTPONED: "PPD", UNKNOWN: "Moved"}.get(status, entry.game["gameStatusText"])
    elif status in (POSTPONED, UNKNOWN):
        entry.game["status"]["type"]["name"] = f"STATUS_{'POSTPONED' if status == POSTPONED else 'MOVED'}"
    return entry


@each_source
@pytest.mark.parametrize("other_first", [True, False])
@pytest.mark.parametrize(
    ("better", "worse"), [(better, worse) for n, better in enumerate(BETTER_FIRST) for worse in BETTER_FIRST[n + 1 :]]
)
def test_the_better_status_of_two_entries_stays_in_any_order(
    source: str, better: str, worse: str, *, other_first: bool
) -> None:
    reading = _twice(_in_status(source, worse), _in_status(source, better), other_first=other_first)
    assert _first_game(reading)["status"] == better
    assert reading.rejected["repeated"] == 1


@pytest.mark.parametrize("other_first", [True, False])
@pytest.mark.parametrize(
    ("tip_off", "other", "kept"),
    [
        ("2025-01-08T00:30:00Z", "2025-01-16T00:30:00Z", "2025-01-16"),
        ("2025-01-11T00:30:00Z", "2025-01-16T00:30:00Z", "2025-01-11"),
        ("2025-01-03T00:30:00Z", "2025-01-08T00:30:00Z", "2025-01-08"),
    ],
)
@pytest.mark.parametrize("status", [SCHEDULED, POSTPONED])
def test_a_tip_off_to_come_beats_a_past_one_and_the_nearest_one_is_best(
    status: str, tip_off: str, other: str, kept: str, *, other_first: bool
) -> None:
    first, second = _in_status("nbac_schedule", status), _in_status("nbac_schedule", status)
    first.game["gameDateTimeUTC"], second.game["gameDateTimeUTC"] = tip_off, other
    row = _first_game(_twice(first, second, other_first=other_first))
    assert f"{row['tip_off'].date()}" == kept


@pytest.mark.parametrize("other_first", [True, False])
def test_a_played_game_keeps_its_row_although_it_is_listed_again_for_later(*, other_first: bool) -> None:
    played, again = _in_status("nbac_schedule", FINAL), _in_status("nbac_schedule", SCHEDULED)
    again.game["gameDateTimeUTC"] = "2025-02-11T00:30:00Z"
    row = _first_game(_twice(played, again, other_first=other_first))
    assert (row["status"], row["tip_off"]) == (FINAL, FIRST.tip_off)


@pytest.mark.parametrize("other_first", [True, False])
def test_the_espn_id_is_that_of_the_event_that_was_played(*, other_first: bool) -> None:
    postponed, played = _in_status("espn_scoreboard", POSTPONED), Entry("espn_scoreboard", FINAL, (88, 90))
    played.game["id"] = "9007"
    reading = _twice(postponed, played, other_first=other_first)
    row = _first_game(reading)
    assert (row["event_id"], row["home_points"], row["away_points"]) == ("9007", 88, 90)
    assert reading.provider_ids[FIRST.game_id] == "9007"


@each_source
def test_of_two_entries_of_one_status_the_order_does_not_matter(source: str) -> None:
    one, other = Entry(source, FINAL, (88, 90)), Entry(source, FINAL, (101, 99))
    rows = {repr(_first_game(_twice(one, other, other_first=first))) for first in (True, False)}
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("source", "start"), [("odds_api_events", "commence_time"), ("bettingpros_events", "scheduled")]
)
@pytest.mark.parametrize("other_first", [True, False])
def test_of_two_betting_events_of_a_game_the_one_nearer_to_tip_off_counts(
    source: str, start: str, *, other_first: bool
) -> None:
    made = made_response(source)
    document = deepcopy(made.body)
    events = next(value for value in (document.values() if isinstance(document, dict) else [document]) if value)
    other = deepcopy(events[0]) | {"id": "77", start: f"{tip(FIRST) - timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"}
    events.insert(0 if other_first else len(events), other)
    reading = made.model_copy(update={"body": document}).read(SOURCES[source])
    assert reading.provider_ids == made.expected.provider_ids
    assert reading.rejected["repeated"] == 1


def _only_copies(entry: Entry, count: int) -> Entry:
    """The entry's response with its first game alone, several times under other ids."""
    game = entry.game
    copies = [deepcopy(game) for _ in range(count)]
    for number, copy in enumerate(copies):
        copy |= {"gameId": f"00224{number:05}"} if entry.source.name in NBA else {"id": f"{9100 + number}"}
    copies[0] = game
    entry.games[:] = copies
    return entry


@each_source
def test_a_full_date_with_everything_postponed_is_suspicious(source: str) -> None:
    judgement = _only_copies(_in_status(source, POSTPONED), 3).judge()
    assert (judgement.outcome, judgement.reason) == (
        Outcome.SUSPICIOUSLY_EMPTY,
        "all 3 games on 2025-01-10 postponed",
    )


@each_source
def test_a_full_date_with_a_game_to_be_played_is_usable(source: str) -> None:
    entry = _only_copies(_in_status(source, POSTPONED), 4)
    entry.games[0] = Entry(source, SCHEDULED).game
    assert entry.judge().outcome in (Outcome.OK, Outcome.PARTIAL)


@each_source
def test_two_postponed_games_make_a_quiet_date(source: str) -> None:
    entry = _only_copies(_in_status(source, POSTPONED), 2)
    if source == "nbac_schedule":
        later = deepcopy(Entry(source, SCHEDULED).game) | {"gameDateTimeUTC": "2025-03-09T23:00:00Z"}
        entry.games.append(later)
    assert entry.judge().outcome in (Outcome.OK, Outcome.PARTIAL)


@pytest.mark.parametrize(
    ("calendar", "outcome"),
    [
        ([], Outcome.EMPTY_OK),
        (["2025-01-10T08:00Z"], Outcome.SUSPICIOUSLY_EMPTY),
        (None, Outcome.SUSPICIOUSLY_EMPTY),
        ("2025-01-11T08:00Z", Outcome.SUSPICIOUSLY_EMPTY),
    ],
)
def test_an_espn_schedule_without_games_is_a_quiet_date_only_by_its_calendar(
    calendar: object, outcome: Outcome
) -> None:
    entry = Entry("espn_schedule", SCHEDULED)
    entry.games.clear()
    entry.document["leagues"][0]["calendar"] = calendar
    assert (entry.judge().outcome, entry.read().rows) == (outcome, ())


@each_source
@pytest.mark.parametrize(("count", "usable"), [(40, True), (41, False)])
def test_more_than_forty_games_on_a_date_are_suspicious(source: str, count: int, *, usable: bool) -> None:
    judgement = _only_copies(Entry(source, SCHEDULED), count).judge()
    assert (judgement.outcome in (Outcome.OK, Outcome.PARTIAL)) is usable
    if not usable:
        assert judgement.outcome is Outcome.SUSPICIOUSLY_EMPTY
        assert judgement.reason == "41 games on 2025-01-10, at most 40 are plausible"


@pytest.mark.parametrize("past", [FINAL, POSTPONED])
def test_a_season_with_every_game_to_come_postponed_is_suspicious(past: str) -> None:
    entry = _only_copies(_in_status("nbac_schedule", POSTPONED), 3)
    days = ("2025-01-11", "2025-02-12", "2025-03-09")
    for game, day in zip(entry.games, days, strict=True):
        game["gameDateTimeUTC"] = f"{day}T00:30:00Z"
    other = {"gameId": "0022400099", "gameDateTimeUTC": "2024-12-01T00:30:00Z"}
    entry.games.append(_in_status("nbac_schedule", past).game | other)
    judgement = entry.judge()
    assert judgement.outcome is Outcome.SUSPICIOUSLY_EMPTY
    assert judgement.reason == "all 3 games of the season to come postponed"
    entry.games[1] = Entry("nbac_schedule", SCHEDULED).game | {"gameDateTimeUTC": "2025-02-12T00:30:00Z"}
    assert entry.judge().outcome is Outcome.OK


def test_forty_games_of_another_date_do_not_matter_to_the_date() -> None:
    entry = _only_copies(Entry("nbac_schedule", SCHEDULED), 60)
    for game in entry.games[2:]:
        game["gameDateTimeUTC"] = "2025-03-09T23:00:00Z"
    assert entry.judge().outcome is Outcome.OK


def _live_box(document: Any, text: str) -> None:
    document["game"]["gameStatusText"] = text


def _bdl_box(document: Any, text: str) -> None:
    document["data"][0]["status"] = text


def _espn_box(document: Any, text: str) -> None:
    document["header"]["competitions"][0]["status"]["type"]["name"] = f"STATUS_{text.upper()}"


BOX_SCORES = {"nbac_live_boxscore": _live_box, "bdl_player_boxscores": _bdl_box, "espn_boxscores": _espn_box}


@pytest.mark.parametrize("source", BOX_SCORES)
@pytest.mark.parametrize(
    ("text", "reason"),
    [("Postponed", "game not final"), ("Forfeit", "game not final"), ("Moved", "unknown game status '")],
)
def test_a_box_score_of_a_game_not_played_or_of_unknown_status_makes_no_rows(
    source: str, text: str, reason: str
) -> None:
    made = made_response(source)
    document = deepcopy(made.body)
    BOX_SCORES[source](document, text)
    changed = made.model_copy(update={"body": document})
    result = changed.judge_and_read(SOURCES[source])
    assert not [row for row in result.rows if row["game_id"] == FIRST.game_id]
    assert result.outcome is not Outcome.OK
    assert any(name.startswith(reason) for name in changed.read(SOURCES[source]).rejected)


def test_balldontlies_postponed_flag_beats_final() -> None:
    made = made_response("bdl_player_boxscores")
    document = deepcopy(made.body)
    document["data"][0]["postponed"] = True
    reading = made.model_copy(update={"body": document}).read(SOURCES["bdl_player_boxscores"])
    assert not [row for row in reading.rows if row["game_id"] == FIRST.game_id]
