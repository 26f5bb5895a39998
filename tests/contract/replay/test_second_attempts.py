"""A killed attempt of any activity changes nothing: the next attempt leaves and reports what a single one would.

Two worlds run the activities of one day in the same order. In the second one every attempt is lost after its writes,
and the activity runs again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from temporalio.testing import ActivityEnvironment

from activities.registry import activities_of
from activities.resources import Resources
from devtools.season_rows import POST_GAME
from tests.support.replays import tables_of
from tests.support.statuses import status_without_steps
from tipoff.replay.archive import Archive
from tipoff.replay.upstream import serve
from tipoff.settings import Settings
from tipoff.systems.registry import ENSEMBLE, MEMBERS
from tipoff.vocabulary import (
    CollectReport,
    ComputeReport,
    DataQuality,
    EndedRun,
    Frozen,
    Outcome,
    Phase,
    ProcessReport,
    RunState,
    SlateGame,
    Span,
    StepExecution,
    StepLog,
    StepReport,
    Trigger,
    eastern,
)
from workflows.contracts import (
    Activity,
    CollectReports,
    CollectRequest,
    CollectRequests,
    Computation,
    Computations,
    ComputeReports,
    ComputeRequest,
    PlanRequest,
    Predicted,
    PredictRequests,
    ProcessReports,
    ProcessRequest,
    ProcessRequests,
    PublishStatusRequest,
    Queue,
    StoreRequests,
    TrainingInput,
    TrainRequest,
)
from workflows.contracts.live_scoring import FollowRequest

DAY = date(2024, 3, 29)
MORNING, AFTERNOON, NIGHT = eastern(DAY, 10, 20), eastern(DAY, 15, 5), eastern(DAY, 23, 50)
NEXT_MORNING = datetime(2024, 3, 30, 13, 0, tzinfo=UTC)
OUTSIDE_A_DAY = {
    *(Activity.DELIVER_ACTION, Activity.TRAINING_DUE, Activity.DESCRIBE_SETTINGS),
    *(Activity.VALIDATE, Activity.SERVICE_LEVELS, Activity.REMOVE_EXPIRED, Activity.DELIVER_ALERTS),
    *(Activity.OBSERVE, Activity.REPORT_PASS, Activity.MORNING_CHECK),
    *(Activity.PLAN_BACKFILL, Activity.PUBLISH_BACKFILL),
}
"""Those of the watchdog and the first two need a server: tests/workflows/test_watchdog.py, test_scenario.py,
test_weekly_training.py. REMOVE_EXPIRED removes files: tests/unit/test_retention.py. DELIVER_ALERTS is repeated by
tests/unit/activities/test_alerts.py, those of a backfill by test_backfill.py beside it, and MORNING_CHECK by
tests/workflows/test_morning_check.py. The others write nothing."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


class Result(NamedTuple):
    """One activity of the day, and what each of its attempts reported."""

    activity: Activity
    subject: str
    reports: tuple[Frozen, ...]


class World:
    """The real activities over a folder; every activity runs `attempts` times."""

    def __init__(self, root: Path, upstream: str, attempts: int) -> None:
        self.root, self._attempts = root, attempts
        settings = Settings.model_validate(
            {
                "upstream": upstream,
                "warehouse": f"duckdb:///{root}/tipoff.duckdb",
                **{name: f"file://{root}/{name}" for name in ("landing", "exports", "models", "work")},
            }
        )
        self.resources = Resources(settings, now=lambda: NEXT_MORNING)
        self._activities: dict[str, Callable[..., Any]] = {
            each.__name__: each for queue in Queue for each in activities_of(queue, self.resources)
        }
        self.games: tuple[SlateGame, ...] = ()
        self.ids: dict[str, dict[str, str]] = {}
        self.results: list[Result] = []

    async def run(self, activity: Activity, subject: str, request: Frozen) -> Any:
        reports = [await self._attempt(activity, request, number) for number in range(1, self._attempts + 1)]
        self.results.append(Result(activity, subject, tuple(reports)))
        return reports[-1]

    async def _attempt(self, activity: Activity, request: Frozen, number: int) -> Frozen:
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, attempt=number)
        report = environment.run(self._activities[activity], request)
        result: Frozen = await report if asyncio.iscoroutine(report) else report
        return result

    async def poll(self, source: str, as_of: datetime, ids_from: str = "") -> ProcessReport:
        """Collect and process."""
        collect = self._collect_request(source, as_of, ids_from)
        collected = await self.run(Activity.COLLECT, source, collect)
        process = ProcessRequest(
            source=source, batch_key=collected.batch_key, game_date=DAY, games=self.games, as_of=as_of
        )
        report: ProcessReport = await self.run(Activity.PROCESS, source, process)
        self.ids[source] = report.provider_ids
        return report

    async def poll_together(self, sources: Sequence[str], as_of: datetime, ids_from: str) -> None:
        """Collect and process in one activity each."""
        requests = tuple(self._collect_request(source, as_of, ids_from) for source in sources)
        collected = await self.run(Activity.COLLECT_TOGETHER, "together", CollectRequests(requests=requests))
        landed = tuple(
            ProcessRequest(source=source, batch_key=report.batch_key, game_date=DAY, games=self.games, as_of=as_of)
            for source, report in zip(sources, collected.reports, strict=True)
        )
        await self.run(Activity.PROCESS_TOGETHER, "together", ProcessRequests(requests=landed))

    async def follow(self, source: str, as_of: datetime) -> StepReport:
        request = FollowRequest(source=source, game_date=DAY, games=self.games, times=(as_of,))
        report: StepReport = await self.run(Activity.FOLLOW, source, request)
        return report

    def _collect_request(self, source: str, as_of: datetime, ids_from: str = "") -> CollectRequest:
        ids = self.ids.get(ids_from, {})
        return CollectRequest(source=source, game_date=DAY, games=self.games, as_of=as_of, provider_ids=ids)

    async def compute(
        self, activity: Activity, subject: str, as_of: datetime, span: Span = Span.SLATE, reference: str = ""
    ) -> Any:
        return await self.run(activity, subject, self._compute_request(subject, as_of, span, reference))

    async def compute_in_turn(self, tables: Sequence[str], as_of: datetime) -> None:
        """Transforms, then the features, in one activity."""
        subjects = {**dict.fromkeys(tables, Activity.TRANSFORM), "ml_feature_store": Activity.BUILD_FEATURES}
        requests = tuple(
            Computation(activity=activity, request=self._compute_request(subject, as_of))
            for subject, activity in subjects.items()
        )
        request = Computations(computations=requests)
        reports: ComputeReports = await self.run(Activity.COMPUTE_IN_TURN, "in turn", request)
        assert len(reports.reports) == len(subjects)

    def _compute_request(
        self, subject: str, as_of: datetime, span: Span = Span.SLATE, reference: str = ""
    ) -> ComputeRequest:
        return ComputeRequest(
            subject=subject,
            span=span,
            game_date=DAY,
            game_ids=tuple(game.game_id for game in self.games),
            as_of=as_of,
            reference=reference,
        )

    async def predict(self, as_of: datetime) -> ComputeReport:
        """The context and the features, in turn and alone, and the predictions of all systems."""
        await self.compute_in_turn(CONTEXT, as_of)
        features = await self.compute(Activity.BUILD_FEATURES, "ml_feature_store", as_of)
        members = [self._compute_request(system, as_of, reference=features.reference) for system in MEMBERS]
        joined = PredictRequests(requests=tuple(members))
        together = (await self.run(Activity.PREDICT_TOGETHER, "members", joined)).reports
        await self.run(Activity.STORE_TOGETHER, "members", StoreRequests(requests=together))
        predicted: Predicted = await self.compute(Activity.PREDICT, ENSEMBLE, as_of, reference=features.reference)
        await self.run(Activity.STORE_PREDICTIONS, ENSEMBLE, predicted)
        exported: ComputeReport = await self.compute(Activity.EXPORT, "predictions", as_of)
        return exported


CONTEXT = (
    *("player_prop_lines", "upcoming_team_game_context", "upcoming_player_game_context", "player_daily_cache"),
    *("team_defense_zone_analysis", "player_shot_zone_analysis", "player_composite_factors"),
)


async def run_the_day(world: World) -> None:
    """Each kind of activity at least once, in the order of a day; some polls bring nothing new."""
    await world.run(Activity.PLAN_DAY, "slate", PlanRequest(game_date=DAY, games=None))
    schedule = await world.poll("nbac_schedule", MORNING)
    world.games = schedule.games or ()
    await world.run(Activity.PLAN_DAY, "day", PlanRequest(game_date=DAY, games=world.games))
    for source in ("nbac_schedule", "nbac_player_history", "nbac_team_history", "nbac_player_list_current"):
        await world.poll(source, MORNING)
    for source in ("espn_team_rosters", "nbac_injury_report", "odds_api_events"):
        await world.poll(source, MORNING)
    for table in POST_GAME:
        await world.compute(Activity.TRANSFORM, table, MORNING, Span.HISTORY)
        await world.compute(Activity.TRANSFORM, table, MORNING, Span.HISTORY)
    training = TrainingInput(before=DAY, as_of=MORNING)
    history = await world.run(Activity.TRAINING_HISTORY, "systems", training)
    await world.run(Activity.TRAIN, "systems", TrainRequest(before=DAY, as_of=MORNING, history_file=history.file))
    await world.poll_together(("odds_api_game_lines", "odds_api_player_points_props"), AFTERNOON, "odds_api_events")
    await world.predict(AFTERNOON)
    await world.run(Activity.PUBLISH_STATUS, "status", PublishStatusRequest(status=STATUS, new_alerts=()))
    await world.poll("nbac_injury_report", AFTERNOON)
    await world.follow("nbac_scoreboard", NIGHT)
    for source in ("nbac_player_boxscores", "nbac_team_boxscore"):
        await world.poll(source, NEXT_MORNING)
    for table in POST_GAME:
        await world.compute(Activity.TRANSFORM, table, NEXT_MORNING)
    await world.compute(Activity.GRADE, "prediction_accuracy", NEXT_MORNING)
    for export in ("results", "summary", "page"):
        await world.compute(Activity.EXPORT, export, NEXT_MORNING)
    await world.run(Activity.LOG_RUN, "log", ENDED_RUN)
    await world.run(Activity.RECORDED_DAY, "recorded", PlanRequest(game_date=DAY, games=None))


GRADED = StepExecution(Trigger.FIRST_RUN, NEXT_MORNING, NEXT_MORNING, 1, 418, Outcome.OK, "")
ENDED_RUN = EndedRun(
    game_date=DAY,
    run_id="run",
    is_rerun=False,
    virtual=True,
    state=RunState.COMPLETE,
    data_quality=DataQuality.COMPLETE,
    backfilled=False,
    games=12,
    started_at=MORNING,
    ended_at=NEXT_MORNING,
    sentence="complete",
    steps=(StepLog(step="grade", phase=Phase.GRADE, executions=(GRADED,)),),
)
STATUS = status_without_steps(
    DAY, AFTERNOON, phase=Phase.FOLLOW, data_quality=DataQuality.COMPLETE, sentence="RUNNING follow", virtual=True
)


@pytest.fixture(scope="module")
def worlds(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    """The day with one attempt of each activity, and with two."""
    root = tmp_path_factory.mktemp("attempts")
    with serve(Archive(sample)) as upstream:
        once, twice = World(root / "once", upstream.url, 1), World(root / "twice", upstream.url, 2)
        asyncio.run(_run_both(once, twice))
    return once, twice


async def _run_both(*worlds: World) -> None:
    for world in worlds:
        await run_the_day(world)
        await world.resources.close()


def test_every_kind_of_activity_ran(worlds: tuple[World, World]) -> None:
    assert {result.activity for result in worlds[1].results} == set(Activity) - OUTSIDE_A_DAY


def test_both_attempts_report_the_same(worlds: tuple[World, World]) -> None:
    for result in worlds[1].results:
        first, second = (_without_requests(report) for report in result.reports)
        assert first == second, f"{result.activity} {result.subject}"


def test_the_day_consumes_the_same_changes(worlds: tuple[World, World]) -> None:
    once, twice = (list(_changes(world)) for world in worlds)
    assert once == twice
    unchanged = {subject for subject, changed in once if not changed}
    assert {"nbac_schedule", "player_game_summary", "team_offense_game_summary"} <= unchanged, "nothing is compared"


def test_tables_exports_and_models_are_equal(worlds: tuple[World, World]) -> None:
    once, twice = (tables_of(world.root) for world in worlds)
    assert {name for name in once if not once[name].equals(twice[name])} == set()
    assert {name for name in once if not once[name].is_empty()} >= {"predictions", "prediction_accuracy"}
    for folder in ("exports", "models", "landing"):
        assert _files(worlds[0].root / folder) == _files(worlds[1].root / folder), folder


def _without_requests(report: Frozen) -> Frozen:
    """The second attempt finds the responses landed and sends nothing; no day decides by what was sent."""
    sent = {"requests": 0, "new_objects": 0, "credits_remaining": None}
    if isinstance(report, CollectReports):
        return CollectReports(reports=tuple(each and each.model_copy(update=sent) for each in report.reports))
    return report.model_copy(update=sent) if isinstance(report, CollectReport) else report


def _changes(world: World) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """What changed by each report of versions, as a day sees it; None: not even a row without a game."""
    consumed: dict[str, dict[str, int]] = {}
    for result in world.results:
        last = result.reports[-1]
        for report in last.reports if isinstance(last, ComputeReports | ProcessReports) else (last,):
            if isinstance(report, StepReport) and report.versions:
                news = report.changed_since(consumed)
                yield result.subject, news.changed_games if news.changed else None
                consumed |= report.versions


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }
