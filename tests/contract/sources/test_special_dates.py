"""Dates out of the ordinary in the recorded schedule of 2024-25: what is asked about them, and what covers them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from devtools.recorded_responses import SCHEDULE, Recordings
from tipoff.plan import plan_day
from tipoff.sources.base import ReadContext, Row, Slate, Source
from tipoff.sources.registry import SOURCES
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import Role, eastern

pytestmark = pytest.mark.data

CUP_FINAL, PLAY_IN, PLAYOFFS = date(2024, 12, 17), date(2025, 4, 15), date(2025, 6, 22)
CHRISTMAS, LAST_SUNDAY = date(2024, 12, 25), date(2025, 4, 13)
MEXICO_CITY, CUP_SEMI_FINALS, PARIS = date(2024, 11, 2), date(2024, 12, 14), date(2025, 1, 23)
FULL, FROM_NOON_TO_NIGHT, FULLEST = date(2024, 12, 23), date(2025, 1, 25), date(2025, 2, 12)
ALL_STAR_BREAK = [date(2025, 2, day) for day in range(14, 19)]

TIPS = {
    CUP_FINAL: (1, (20, 30), (20, 30)),
    PLAY_IN: (2, (19, 30), (22, 0)),
    PLAYOFFS: (1, (20, 0), (20, 0)),
    CHRISTMAS: (5, (12, 0), (22, 30)),
    LAST_SUNDAY: (15, (13, 0), (15, 30)),
    MEXICO_CITY: (10, (18, 0), (22, 30)),
    CUP_SEMI_FINALS: (2, (16, 30), (20, 30)),
    PARIS: (9, (14, 0), (22, 30)),
    FULL: (14, (19, 0), (22, 30)),
    FROM_NOON_TO_NIGHT: (14, (12, 0), (22, 30)),
    FULLEST: (15, (19, 0), (22, 30)),
}
"""Date -> games, first and last tip-off, Eastern."""

each_date = pytest.mark.parametrize("day", TIPS, ids=str)


@pytest.fixture(scope="module")
def schedule(recordings: Recordings) -> Sequence[Row]:
    return SCHEDULE.source.read(recordings.body(SCHEDULE), ReadContext(slate=SCHEDULE.slate, as_of=SCHEDULE.as_of)).rows


def slate_on(schedule: Sequence[Row], day: date) -> Slate:
    return Slate(game_date=day, games=slate_games(schedule, day))


def moment_of(source: Source, slate: Slate) -> datetime:
    """When a source knows all it can of a slate: before the first tip, or the morning after."""
    before = min(game.tip_off for game in slate.games) - timedelta(minutes=30)
    return before if source.role is Role.PRE else eastern(slate.game_date + timedelta(days=1), 8)


@each_date
def test_the_slate_of_the_date_is_whole_with_its_tips(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    tips = [game.tip_off for game in slate.games]
    count, first, last = TIPS[day]
    assert (len(tips), tips[0], tips[-1]) == (count, eastern(day, *first), eastern(day, *last))
    assert SCHEDULE.source.covers(schedule, slate) == {game.game_id for game in slate.games}


@each_date
def test_every_source_that_asks_by_game_asks_about_every_game(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    games = {game.game_id for game in slate.games}
    ids = {game_id: f"event-{game_id}" for game_id in games}
    for source in SOURCES.values():
        asked = {request.game_id for request in source.requests(slate, moment_of(source, slate), ids)} - {None}
        assert asked in (set(), games), source.name


@each_date
def test_the_one_game_that_is_missing_is_told_from_the_others(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    missing, *others = slate.games
    by_game = [{"game_id": game.game_id, "team": team} for game in others for team in (game.home, game.away)]
    by_team = [{"team": row["team"]} for row in by_game]
    there = {game.game_id for game in others}
    results, rosters = SOURCES["nbac_player_boxscores"], SOURCES["espn_team_rosters"]
    assert results.covers(by_game, slate) == rosters.covers(by_team, slate) == there
    one_side = {"game_id": missing.game_id, "team": missing.home}
    assert results.covers([*by_game, one_side], slate) == there
    assert rosters.covers([*by_team, {"team": missing.home}], slate) == there


@pytest.mark.parametrize(
    ("day", "log"),
    [(CUP_FINAL, "IST"), (PLAY_IN, "PlayIn"), (PLAYOFFS, "Playoffs"), (CUP_SEMI_FINALS, "Regular Season")],
    ids=str,
)
def test_results_are_asked_from_the_log_that_has_the_game(schedule: Sequence[Row], day: date, log: str) -> None:
    slate, results = slate_on(schedule, day), SOURCES["nbac_player_boxscores"]
    assert [request.params["SeasonType"] for request in results.requests(slate, moment_of(results, slate), {})] == [log]


@pytest.mark.parametrize("day", [CUP_FINAL + timedelta(days=2), CHRISTMAS], ids=str)
def test_history_asks_for_no_cup_final_which_counts_in_no_statistic(schedule: Sequence[Row], day: date) -> None:
    for name in ("nbac_player_history", "nbac_team_history"):
        asked = SOURCES[name].requests(slate_on(schedule, day), eastern(day, 7), {})
        assert {request.params["SeasonType"] for request in asked} == {"Regular Season"}


@pytest.mark.parametrize(
    ("day", "neutral"),
    [
        (MEXICO_CITY, {"MIA@WAS"}),
        (CUP_SEMI_FINALS, {"ATL@MIL", "HOU@OKC"}),
        (PARIS, {"SAS@IND"}),
        (FROM_NOON_TO_NIGHT, {"IND@SAS"}),
        (CUP_FINAL, {"MIL@OKC"}),
        (FULL, set()),
    ],
    ids=lambda value: str(value) if isinstance(value, date) else None,
)
def test_neutral_ground_is_told_and_the_game_keeps_its_sides(
    schedule: Sequence[Row], day: date, neutral: set[str]
) -> None:
    told = {row["game_id"] for row in schedule if row["game_date"] == day and row["neutral_site"]}
    assert {game.label for game in slate_on(schedule, day).games if game.game_id in told} == neutral


@each_date
def test_every_date_is_predicted_two_hours_before_its_first_tip_or_by_half_past_one(
    schedule: Sequence[Row], day: date
) -> None:
    games = slate_on(schedule, day).games
    plan = plan_day(day, games, SOURCES)
    assert plan.predictions_due == min(eastern(day, 13, 30), games[0].tip_off - timedelta(hours=2))
    results = next(step for step in plan.steps if step.name == "nbac_player_boxscores")
    assert results.opens_at == games[0].tip_off + timedelta(hours=2, minutes=15)
    assert plan.ends_at > games[-1].tip_off + timedelta(hours=4)


@pytest.mark.parametrize("day", ALL_STAR_BREAK, ids=str)
def test_the_all_star_break_is_empty_and_nobody_is_asked_about_games(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    assert slate.games == ()
    ids = {game["game_id"]: "event" for game in schedule}
    asked = [request for source in SOURCES.values() for request in source.requests(slate, eastern(day, 18), ids)]
    assert {request.game_id for request in asked} == {None}
    assert {step.kind for step in plan_day(day, (), SOURCES).steps if step.phase == "lines"} == set()
