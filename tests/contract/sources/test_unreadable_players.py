"""One unreadable entry of a player costs his own row in every box score: the others stay, and he is not void."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from tests.support.box_scores import BOX_SCORES, GAME, HEADERS, PEOPLE, log
from tests.support.made_responses import SLATE, made_response
from tipoff.errors import ContractError
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

each_source = pytest.mark.parametrize("source", BOX_SCORES)


def judge_and_read(source: str, document: Any) -> tuple[Judgement, Reading]:
    """What the source makes of a document. Judged usable and readable are the same."""
    made, feed, body = made_response(source), SOURCES[source], json.dumps(document).encode()
    request = Request(host=feed.provider.host, path="/", game_id=made.game_id, part=made.part)
    response = Response(status=200, headers={}, body=body, url=request.url, fetched_at=made.as_of)
    slate = Slate(game_date=SLATE.game_date, games=(GAME,))
    players = PEOPLE if feed.needs_players else ()
    context = ReadContext(slate=slate, as_of=made.as_of, game_id=made.game_id, part=made.part, players=players)
    judgement = feed.judge(request, response, slate)
    if judgement.outcome is Outcome.WRONG_TYPE:
        with pytest.raises(ContractError):
            feed.read(body, context)
        return judgement, Reading(rows=())
    return judgement, feed.read(body, context)


def names_of(rows: tuple[Row, ...]) -> set[str]:
    return {row["player_name"] for row in rows}


@each_source
def test_the_whole_box_score_has_all_players(source: str) -> None:
    judgement, reading = judge_and_read(source, BOX_SCORES[source].document())
    assert (judgement.outcome, len(reading.rows), reading.damaged) == (Outcome.OK, len(PEOPLE), {})
    assert {row["points"] for row in reading.rows} == {20}
    assert not reading.incomplete_games


@each_source
@pytest.mark.parametrize("value", [None, "?", [], {}, True, 20.5])
def test_unreadable_points_cost_their_player_and_are_named(source: str, value: object) -> None:
    box, document = BOX_SCORES[source], BOX_SCORES[source].document()
    holder, key = box.points(box.entries(document)[0])
    holder[key] = value
    judgement, reading = judge_and_read(source, document)
    assert judgement.outcome is Outcome.PARTIAL
    assert names_of(reading.rows) == {person.player_name for person in PEOPLE[1:]}
    ((path, count),) = reading.damaged.items()
    assert (count, path.startswith("$."), "[0]" in path) == (1, True, True)
    assert path in judgement.reason
    (absent,) = reading.unresolved
    assert (absent["player_name"], absent["candidates"], absent["team"]) == ("Ivo Marsh", "Ivo Marsh", GAME.away)
    assert reading.incomplete_games == {GAME.game_id}


@pytest.mark.parametrize("source", [source for source in BOX_SCORES if SOURCES[source].needs_players])
def test_an_unreadable_player_has_his_own_name_whatever_its_spelling(source: str) -> None:
    box, document = BOX_SCORES[source], BOX_SCORES[source].document()
    holder, key = box.points(box.entries(document)[0])
    holder[key] = None
    _, reading = judge_and_read(source, json.loads(json.dumps(document).replace("Ivo", "IVO")))
    (absent,) = reading.unresolved
    assert (absent["player_name"], absent["candidates"]) == ("Ivo Marsh", "Ivo Marsh"), "it needs no alias"


@each_source
def test_an_entry_without_a_name_may_be_any_player_of_its_team(source: str) -> None:
    box, document = BOX_SCORES[source], BOX_SCORES[source].document()
    holder, key = box.name(box.entries(document)[0])
    holder[key] = None
    judgement, reading = judge_and_read(source, document)
    assert (judgement.outcome, len(reading.rows)) == (Outcome.PARTIAL, len(PEOPLE) - 1)
    (absent,) = reading.unresolved
    assert (absent["player_name"], absent["candidates"], absent["team"]) == ("unreadable player", "", GAME.away)


@each_source
def test_the_same_fault_in_most_entries_refuses_the_response(source: str) -> None:
    box, document = BOX_SCORES[source], BOX_SCORES[source].document()
    entries = box.entries(document)
    if source == "espn_boxscores":
        entries = entries + _entries_of_the_home_side(source, document)  # the same path
    for entry in entries[: len(entries) // 2 + 1]:
        holder, key = box.points(entry)
        holder[key] = None
    judgement, _ = judge_and_read(source, document)
    assert judgement.outcome is Outcome.WRONG_TYPE
    assert f"of {len(entries)} elements of $" in judgement.reason


@each_source
def test_an_entry_that_is_no_object_costs_itself(source: str) -> None:
    document = BOX_SCORES[source].document()
    BOX_SCORES[source].entries(document)[0] = None
    judgement, reading = judge_and_read(source, document)
    assert (judgement.outcome, len(reading.rows)) == (Outcome.PARTIAL, len(PEOPLE) - 1)
    assert sum(reading.damaged.values()) == 1


def test_a_row_without_game_or_team_may_be_of_each_of_the_slate() -> None:
    for header, places in (("GAME_ID", 1), ("TEAM_ID", 2)):
        document = log()
        document["resultSets"][0]["rowSet"][0][HEADERS.index(header)] = None
        _, reading = judge_and_read("nbac_player_boxscores", document)
        assert len(reading.unresolved) == places, header


@pytest.mark.parametrize("source", ["nbac_live_boxscore", "bdl_player_boxscores", "espn_boxscores"])
def test_a_missing_player_is_not_explained_by_an_unreadable_one_of_the_other_side(source: str) -> None:
    box, document = BOX_SCORES[source], BOX_SCORES[source].document()
    holder, key = box.points(box.entries(document)[0])
    holder[key] = None
    del _entries_of_the_home_side(source, document)[0]
    judgement, reading = judge_and_read(source, document)
    assert judgement.outcome is Outcome.SUSPICIOUSLY_EMPTY
    assert (reading.rows, reading.rejected) == ((), {"player points do not add up to the game's score": 10})


def _entries_of_the_home_side(source: str, document: Any) -> Any:
    if source == "nbac_live_boxscore":
        return document["game"]["homeTeam"]["players"]
    if source == "bdl_player_boxscores":
        return document["data"][0]["home_team"]["players"]
    return document["boxscore"]["players"][1]["statistics"][0]["athletes"]


def _idle_entries() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "nbac_live_boxscore", {"played": "0"}
    yield "nbac_live_boxscore", {"played": None}
    yield "nbac_live_boxscore", {"played": 0, "statistics": None, "name": None}
    yield "bdl_player_boxscores", {"min": None}
    yield "bdl_player_boxscores", {"min": "--", "pts": None, "player": None}
    yield "bdl_player_boxscores", {"min": "0", "pts": None, "reb": 0}
    yield "espn_boxscores", {"athlete": {}, "didNotPlay": True, "stats": []}
    yield "espn_boxscores", {"athlete": {"displayName": "Ned Idle"}, "stats": ["--"] * 14}
    yield "espn_boxscores", {"athlete": {"displayName": "Ned Idle"}, "stats": ["-", "", None] + ["--"] * 11}
    yield "espn_boxscores", {"athlete": None, "didNotPlay": "true", "stats": None}


@pytest.mark.parametrize(("source", "entry"), list(_idle_entries()))
def test_of_a_player_who_did_not_play_nothing_is_needed(source: str, entry: dict[str, Any]) -> None:
    document = BOX_SCORES[source].document()
    BOX_SCORES[source].entries(document).append(entry)
    judgement, reading = judge_and_read(source, document)
    assert (judgement.outcome, len(reading.rows), reading.damaged) == (Outcome.OK, len(PEOPLE), {})
    assert reading.rejected == {"did not play": 1}


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("nbac_live_boxscore", {"played": None}),
        ("nbac_live_boxscore", {"played": 1}),
        ("bdl_player_boxscores", {"min": 35, "pts": 20.0}),
        ("bdl_player_boxscores", {"player": {"first_name": None, "last_name": "Marsh"}}),
        ("espn_boxscores", {"didNotPlay": None}),
        ("espn_boxscores", {"didNotPlay": "false"}),
    ],
)
def test_flags_and_figures_have_their_plain_meaning(source: str, change: dict[str, Any]) -> None:
    document = BOX_SCORES[source].document()
    BOX_SCORES[source].entries(document)[0] |= change
    judgement, reading = judge_and_read(source, document)
    assert (judgement.outcome, len(reading.rows) + len(reading.unresolved), reading.damaged) == (
        Outcome.OK,
        len(PEOPLE),
        {},
    )


@pytest.mark.parametrize(
    ("header", "value"),
    [("FGM", 10.0), ("MIN", 34.5), ("PLAYER_ID", 910000.0), ("GAME_DATE", "2025-01-10T00:00:00"), ("PLUS_MINUS", None)],
)
def test_a_cell_in_another_notation_is_read(header: str, value: object) -> None:
    document = log()
    document["resultSets"][0]["rowSet"][0][HEADERS.index(header)] = value
    judgement, reading = judge_and_read("nbac_player_boxscores", document)
    assert (judgement.outcome, len(reading.rows)) == (Outcome.OK, len(PEOPLE))
    assert reading.rows[0]["player_id"] == "910000"


def test_rows_of_a_game_in_play_need_no_figures() -> None:
    document = log()
    rows = document["resultSets"][0]["rowSet"]
    for row in rows:
        row[HEADERS.index("WL")] = row[HEADERS.index("MIN")] = row[HEADERS.index("PTS")] = None
    judgement, reading = judge_and_read("nbac_player_boxscores", document)
    assert judgement.outcome is Outcome.SUSPICIOUSLY_EMPTY
    assert (reading.rows, reading.rejected, reading.damaged) == ((), {"game not final": len(PEOPLE)}, {})


def test_a_damaged_game_of_balldontlie_costs_this_game() -> None:
    made = made_response("bdl_player_boxscores")
    document = deepcopy(made.body)
    document["data"][1]["home_team_score"] = None
    changed = made.model_copy(update={"body": document})
    reading = changed.read(SOURCES["bdl_player_boxscores"])
    assert {row["game_id"] for row in reading.rows} == {GAME.game_id}
    assert reading.damaged == {"$.data[1].home_team_score: is null, expected an integer or a number": 1}
    assert changed.judge_and_read(SOURCES["bdl_player_boxscores"]).outcome is Outcome.PARTIAL


@pytest.mark.parametrize("season_log", ["nbac_player_history", "nbac_team_history"])
def test_a_bad_cell_of_a_season_costs_its_row(season_log: str) -> None:
    document = log()
    document["resultSets"][0]["rowSet"][0][HEADERS.index("PTS")] = None
    made = made_response(season_log)
    changed = made.model_copy(update={"body": document})
    slate = Slate(game_date=SLATE.game_date + timedelta(days=1))
    reading = changed.read(SOURCES[season_log], slate)
    assert len(reading.rows) == (11 if season_log == "nbac_player_history" else 2)
    assert sum(reading.damaged.values()) == 1
    assert not reading.unresolved
