"""Days on which something is late, lost or changed: what is done without it, and what is done when it comes."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from runtime.history_size import history_size
from tests.support import scenarios
from tests.support.days import (
    EARLY,
    GAMES,
    LATE,
    MORNING,
    Beat,
    Played,
    Trouble,
    World,
    at,
    ended,
    final_beats,
    game,
    happy_script,
    part_of,
    play,
    poll_times,
    runs_of,
    started,
    step,
    working,
)
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DataQuality, DayPlan, Outcome, RunState, StepState
from workflows.contracts import Activity, PlanRequest

BOTH = (EARLY.game_id, LATE.game_id)
SYSTEMS = ("moving_average", "catboost_v8")


async def test_lines_that_come_after_the_deadline_refresh_what_was_published_without_them(late: Played) -> None:
    assert late.result.first_published_at == at(13, 15)
    assert late.result.refreshed_at == (at(15),)
    assert [runs_of(late, system) for system in SYSTEMS] == [[(at(13, 15), BOTH), (at(15), BOTH)]] * 2
    assert {item.resolved_at for item in late.result.degradations} == {at(15)}
    assert late.result.data_quality is DataQuality.COMPLETE


async def test_a_day_whose_lines_never_come_ends_complete_and_names_what_it_did_without(client: Client) -> None:
    script = happy_script()
    script |= {name: [] for name in ("odds_api_events", "odds_api_game_lines", "odds_api_player_points_props")}
    played = await play(client, World(script))
    assert played.result.state is RunState.COMPLETE
    assert played.result.data_quality is DataQuality.DEGRADED
    assert played.result.first_published_at == at(13, 15)
    assert {(item.step, item.games) for item in played.result.degradations if item.resolved_at is None} == {
        ("odds_api_events", BOTH),
        ("odds_api_game_lines", BOTH),
        ("odds_api_player_points_props", BOTH),
    }
    assert runs_of(played, "grade"), "predictions without lines are graded too"


async def test_lines_of_one_game_that_come_later_refresh_that_game_alone(client: Client) -> None:
    script = happy_script(lines_at=at(11))
    script["odds_api_player_points_props"] = [part_of(GAMES, at(11), {EARLY.game_id}), Beat(at(17))]
    played = await play(client, World(script))
    assert runs_of(played, "moving_average") == [(at(13, 15), BOTH), (at(17), (LATE.game_id,))]
    (degradation,) = played.result.degradations
    assert (degradation.step, degradation.games) == ("odds_api_player_points_props", (LATE.game_id,))
    assert (degradation.since, degradation.resolved_at) == (at(13, 15), at(17))


async def test_a_game_whose_lines_never_come_is_named_though_the_others_came_late(client: Client) -> None:
    one = [part_of(GAMES, at(15), {EARLY.game_id})]
    script = happy_script() | {"odds_api_player_points_props": one, "odds_api_game_lines": one}
    played = await play(client, World(script))
    assert played.result.state is RunState.COMPLETE
    assert played.result.data_quality is DataQuality.DEGRADED
    assert runs_of(played, "moving_average")[-1] == (at(15), (EARLY.game_id,))
    assert {(item.step, item.games, item.resolved_at) for item in played.result.degradations} == {
        ("odds_api_game_lines", (LATE.game_id,), None),
        ("odds_api_player_points_props", (LATE.game_id,), None),
    }


async def test_news_about_one_game_refresh_that_game_alone_and_none_that_has_tipped_off(client: Client) -> None:
    script = happy_script(lines_at=at(11))
    script["nbac_injury_report"] = [
        Beat(MORNING),
        Beat(at(18, 15), changed=(LATE.game_id,)),
        Beat(at(19, 15), changed=BOTH),
    ]
    played = await play(client, World(script))
    assert runs_of(played, "catboost_v8") == [
        (at(11), BOTH),
        (at(18, 15), (LATE.game_id,)),
        (at(19, 15), (LATE.game_id,)),
    ]


async def test_a_postponed_game_is_named_and_followed_no_longer(client: Client) -> None:
    played = await scenarios.postponed_game(client)
    assert played.result.state is RunState.COMPLETE
    assert played.status.postponed_games == (LATE.game_id,)
    assert played.status.games == (EARLY,)
    assert runs_of(played, "grade")[-1][1] == (EARLY.game_id,)


async def test_a_day_whose_every_game_is_postponed_ends_complete(client: Client) -> None:
    script = happy_script(lines_at=at(11))
    script["nbac_schedule"] = [Beat(MORNING, games=GAMES), Beat(at(14, 30), games=())]
    played = await play(client, World(script))
    assert played.result.state is RunState.COMPLETE
    assert played.status.postponed_games == BOTH
    assert runs_of(played, "grade"), "what was published is void"
    assert len(runs_of(played, "predictions")) == 3, "announced, published, and taken back"
    assert played.result.data_quality is DataQuality.EMPTY


async def test_a_game_that_is_added_during_the_day_is_fetched_predicted_and_graded(client: Client) -> None:
    added = game(3, at(19, 45))
    script = happy_script(lines_at=at(9))
    script["nbac_schedule"] = [Beat(MORNING, games=GAMES), Beat(at(10, 30), games=(*GAMES, added))]
    for source in ("odds_api_events", "odds_api_player_points_props", "espn_team_rosters"):
        script[source] = [*script[source], Beat(at(10, 30), changed=(added.game_id,))]
    for source in ("nbac_scoreboard", "nbac_player_boxscores", "nbac_team_boxscore"):
        script[source] = final_beats((*GAMES, added))
    played = await play(client, World(script))
    assert played.result.games == 3
    first, *later = runs_of(played, "moving_average")
    assert first == (at(9), BOTH)
    assert later[0] == (at(11), (added.game_id,))
    assert {games for _, games in later} == {(added.game_id,)}, "the others stand as they were published"
    assert runs_of(played, "grade")[-1][1] == (*BOTH, added.game_id)


async def test_a_slate_that_cannot_be_planned_leaves_the_day_going_by_the_old_one(client: Client) -> None:
    def plan(request: PlanRequest) -> DayPlan:
        if request.games == GAMES[:1]:
            raise ApplicationError("no such plan", non_retryable=True)
        return plan_day(request.game_date, request.games or (), SOURCES)

    slates = [Beat(MORNING, games=GAMES), Beat(at(11), games=GAMES[:1]), Beat(at(15), games=GAMES)]
    played = await play(client, World(happy_script() | {"nbac_schedule": slates}, plan=plan))
    assert played.result.state is RunState.COMPLETE
    assert len(played.result.slate) == 2
    assert any("no such plan" in alert.text for alert in played.status.alerts)


async def test_a_refresh_that_fails_is_told_and_what_was_published_stands(client: Client) -> None:
    world = World(trouble={"ml_feature_store": Trouble(since=at(14), until=at(16))})
    played = await play(client, world)
    assert played.result.first_published_at == at(13, 15)
    assert [item.step for item in played.result.attention] == ["ml_feature_store"]
    assert played.result.data_quality is DataQuality.DEGRADED
    assert played.result.state is RunState.COMPLETE


async def test_a_critical_step_that_never_succeeds_ends_the_day_failed_and_named(client: Client) -> None:
    played = await play(client, World(trouble={"upcoming_player_game_context": Trouble()}))
    assert played.result.state is RunState.FAILED
    assert played.result.first_published_at is None
    parked = {item.step: item.reason for item in played.result.attention}
    assert "the file is corrupt" in parked["upcoming_player_game_context"]
    assert "upcoming_player_game_context" in played.status.sentence
    assert step(played.status, "nbac_player_boxscores").state is StepState.COMPLETE, "results do not wait for it"


async def test_a_slate_that_never_comes_ends_the_day_failed_and_named(client: Client) -> None:
    played = await play(client, World({"nbac_schedule": []}))
    assert played.result.state is RunState.FAILED
    assert [item.step for item in played.result.attention] == ["nbac_schedule"]
    assert len(poll_times(played, "nbac_schedule")) <= 2 * 24


async def test_a_system_that_always_fails_is_named_and_leaves_the_others_standing(client: Client) -> None:
    played = await play(client, World(happy_script(lines_at=at(11)), trouble={"catboost_v8": Trouble()}))
    assert played.result.state is RunState.COMPLETE
    assert played.result.first_published_at == at(11)
    assert runs_of(played, "moving_average") == [(at(11), BOTH)]
    failed = step(played.status, "catboost_v8")
    assert "the file is corrupt" in failed.reason
    assert "catboost_v8" in {item.step for item in played.result.degradations}
    assert played.result.data_quality is DataQuality.DEGRADED


async def test_an_optional_source_that_fails_holds_others_no_longer_than_one_that_is_late(client: Client) -> None:
    trouble = {"nbac_injury_report:read": Trouble()}
    played = await play(client, World(happy_script(lines_at=at(11)), trouble=trouble))
    out, due = played.result.first_published_at, played.status.predictions_due
    assert out == step(played.status, "nbac_injury_report").soft_deadline, "the last look before it is given up"
    assert out is not None
    assert due is not None
    assert out < due
    assert "nbac_injury_report" in {item.step for item in played.result.degradations}


async def test_a_status_that_cannot_be_exported_holds_nobody_and_is_told_as_soon_as_it_can_be(client: Client) -> None:
    world = World(happy_script(lines_at=at(9)), trouble={"publish_status": Trouble(since=MORNING, until=at(10))})
    played = await play(client, world)
    assert played.result.state is RunState.COMPLETE
    assert played.result.first_published_at == at(9)
    assert at(10) <= world.statuses[0].status.now <= at(10, 5)
    assert world.statuses[0].status.first_published_at == at(9)


async def test_a_provider_that_throttles_is_asked_again_when_it_says_and_no_sooner(client: Client) -> None:
    script = happy_script(lines_at=at(9))
    script["nbac_injury_report"] = [
        Beat(MORNING, Outcome.THROTTLED, reason="HTTP 429", retry_after=timedelta(minutes=17)),
        Beat(at(8, 10)),
    ]
    played = await play(client, World(script))
    assert poll_times(played, "nbac_injury_report")[:3] == [at(8), at(8, 17), at(10)]


async def test_a_spent_quota_parks_the_step_and_the_day_goes_on_by_its_deadline(client: Client) -> None:
    script = happy_script()
    spent = [Beat(MORNING, Outcome.QUOTA_SPENT, reason="the month's credits are used up")]
    script |= {"odds_api_player_points_props": spent}
    played = await play(client, World(script))
    assert played.result.state is RunState.COMPLETE
    assert played.result.first_published_at == at(13, 15)
    assert ("odds_api_player_points_props:parked", "warning") in {
        (alert.key, alert.severity) for alert in played.status.alerts
    }


async def test_a_late_input_is_alerted_before_it_is_given_up(late: Played) -> None:
    alerts = {alert.key: alert.at for alert in late.status.alerts}
    assert alerts["odds_api_player_points_props:overdue"] == at(12, 15)
    assert alerts["odds_api_player_points_props:degraded"] == at(13, 15)


async def test_fifteen_games_until_one_in_the_morning_stay_within_what_temporal_carries_well(client: Client) -> None:
    games = tuple(game(number, at(19) + timedelta(minutes=15 * number)) for number in range(1, 16))
    script = happy_script(games)
    for source in ("nbac_scoreboard", "nbac_player_boxscores", "nbac_team_boxscore"):
        script[source] = [beat._replace(since=beat.since + timedelta(hours=2)) for beat in final_beats(games)]
    async with working(client, World(script)), started(client) as handle:
        played = await ended(handle)
        events, largest = await history_size(handle)
    assert played.result.state is RunState.COMPLETE
    assert events < 3000
    assert largest < 50_000
    assert len([deed for deed in played.deeds if deed.activity == Activity.COLLECT]) < 500
