"""Unusual dates in the recorded schedule of 2024-25: what sources request for them, and which games rows cover."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from devtools.recorded_responses import SCHEDULE, Recordings
from tests.support.slates import tip
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

TIP_OFFS = {
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
"""Date -> number of games, first and last tip-off (Eastern)."""

each_date = pytest.mark.parametrize("day", TIP_OFFS, ids=str)


@pytest.fixture(scope="module")
def schedule(recordings: Recordings) -> Sequence[Row]:
    return SCHEDULE.source.read(recordings.body(SCHEDULE), ReadContext(slate=SCHEDULE.slate, as_of=SCHEDULE.as_of)).rows


def slate_on(schedule: Sequence[Row], day: date) -> Slate:
    return Slate(game_date=day, games=slate_games(schedule, day))


def poll_time_of(source: Source, slate: Slate) -> datetime:
    """When a source has all its data about a slate: before the first tip-off, or the morning after."""
    before = min(map(tip, slate.games)) - timedelta(minutes=30)
    return before if source.role is Role.PRE else eastern(slate.game_date + timedelta(days=1), 8)


@each_date
def test_the_slate_of_the_date_has_all_games_and_tip_offs(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    tip_offs = [game.tip_off for game in slate.games]
    count, first, last = TIP_OFFS[day]
    assert (len(tip_offs), tip_offs[0], tip_offs[-1]) == (count, eastern(day, *first), eastern(day, *last))
    assert SCHEDULE.source.covers(schedule, slate) == {game.game_id for game in slate.games}


@each_date
def test_every_source_with_requests_per_game_requests_every_game(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    games = {game.game_id for game in slate.games}
    ids = {game_id: f"event-{game_id}" for game_id in games}
    for source in SOURCES.values():
        requested = {request.game_id for request in source.requests(slate, poll_time_of(source, slate), ids)} - {None}
        assert requested in (set(), games), source.name


@each_date
def test_a_game_with_missing_rows_is_not_covered(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    missing, *others = slate.games
    by_game = [{"game_id": game.game_id, "team": team} for game in others for team in (game.home, game.away)]
    by_team = [{"team": row["team"]} for row in by_game]
    covered = {game.game_id for game in others}
    results, rosters = SOURCES["nbac_player_boxscores"], SOURCES["espn_team_rosters"]
    assert results.covers(by_game, slate) == rosters.covers(by_team, slate) == covered
    one_side = {"game_id": missing.game_id, "team": missing.home}
    assert results.covers([*by_game, one_side], slate) == covered
    assert rosters.covers([*by_team, {"team": missing.home}], slate) == covered


@pytest.mark.parametrize(
    ("day", "log"),
    [(CUP_FINAL, "IST"), (PLAY_IN, "PlayIn"), (PLAYOFFS, "Playoffs"), (CUP_SEMI_FINALS, "Regular Season")],
    ids=str,
)
def test_results_are_requested_from_the_log_of_their_season_type(schedule: Sequence[Row], day: date, log: str) -> None:
    slate, results = slate_on(schedule, day), SOURCES["nbac_player_boxscores"]
    assert [request.params["SeasonType"] for request in results.requests(slate, poll_time_of(results, slate), {})] == [
        log
    ]


@pytest.mark.parametrize("day", [CUP_FINAL + timedelta(days=2), CHRISTMAS], ids=str)
def test_history_does_not_request_the_cup_final(schedule: Sequence[Row], day: date) -> None:
    for name in ("nbac_player_history", "nbac_team_history"):
        requests = SOURCES[name].requests(slate_on(schedule, day), eastern(day, 7), {})
        assert {request.params["SeasonType"] for request in requests} == {"Regular Season"}


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
def test_games_on_neutral_ground_are_marked_and_keep_their_sides(
    schedule: Sequence[Row], day: date, neutral: set[str]
) -> None:
    neutral_ids = {row["game_id"] for row in schedule if row["game_date"] == day and row["neutral_site"]}
    assert {game.label for game in slate_on(schedule, day).games if game.game_id in neutral_ids} == neutral


@each_date
def test_predictions_are_due_two_hours_before_the_first_tip_off_or_by_half_past_one(
    schedule: Sequence[Row], day: date
) -> None:
    games = slate_on(schedule, day).games
    plan = plan_day(day, games, SOURCES)
    assert plan.predictions_due == min(eastern(day, 13, 30), tip(games[0]) - timedelta(hours=2))
    results = next(step for step in plan.steps if step.name == "nbac_player_boxscores")
    assert results.opens_at == tip(games[0]) + timedelta(hours=2, minutes=15)
    assert plan.ends_at > tip(games[-1]) + timedelta(hours=4)


@pytest.mark.parametrize("day", ALL_STAR_BREAK, ids=str)
def test_the_all_star_break_has_no_games_and_no_requests_per_game(schedule: Sequence[Row], day: date) -> None:
    slate = slate_on(schedule, day)
    assert slate.games == ()
    ids = {game["game_id"]: "event" for game in schedule}
    requests = [request for source in SOURCES.values() for request in source.requests(slate, eastern(day, 18), ids)]
    assert {request.game_id for request in requests} == {None}
    assert {step.kind for step in plan_day(day, (), SOURCES).steps if step.phase == "lines"} == set()
