"""Scripted days: the real workflow on a real server, in a world that brings what a script says it brings.

The activities here bear the real names and contracts. A look at a source brings the newest of its beats; computing
steps succeed unless the script says they fail. A world is a function of the as-of times it is asked with, as the
upstream replay is, so the same script is the same day on any machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.scenario import deliver_action
from runtime.sandbox import WORKFLOW_RUNNER
from tipoff.plan import plan_day, plan_slate
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.teams import TEAMS
from tipoff.vocabulary import (
    CollectReport,
    ComputeReport,
    DayPlan,
    DayStatus,
    Outcome,
    ProcessReport,
    RecordedDay,
    SlateGame,
    SourceReport,
    eastern,
)
from workflows.contracts import (
    Activity,
    ClockSpec,
    CollectRequest,
    CommandName,
    ComputeRequest,
    DayInput,
    DayResult,
    OperatorCommand,
    PlanRequest,
    Predicted,
    ProcessRequest,
    PublishStatusRequest,
    Queue,
    Rerun,
    ScheduledAction,
)
from workflows.daily_pipeline import DailyPipelineWorkflow

DayHandle = WorkflowHandle[DailyPipelineWorkflow, DayResult]

GAME_DATE = date(2024, 3, 29)
MORNING = eastern(GAME_DATE, 5)
GAME_LENGTH = timedelta(minutes=15)
"""Games are short here: a scoreboard that is asked every three minutes of an evening tells a test nothing."""
PATIENCE_SECONDS = 120.0
"""How long a test waits for the day to get somewhere before it fails."""


def at(hour: int, minute: int = 0) -> datetime:
    """An Eastern time of the scripted date; hours from 24 on are of the next day."""
    return eastern(GAME_DATE + timedelta(days=hour // 24), hour % 24, minute)


def game(number: int, tip_off: datetime) -> SlateGame:
    """The number-th of up to fifteen games."""
    away, home = sorted(TEAMS)[2 * number - 2 : 2 * number]
    return SlateGame(game_id=f"00223{number:05}", away=away, home=home, tip_off=tip_off)


EARLY, LATE = game(1, at(19)), game(2, at(19, 30))
GAMES = (EARLY, LATE)


class Beat(NamedTuple):
    """What a source answers from a moment on."""

    since: datetime
    outcome: Outcome = Outcome.OK
    missing: tuple[str, ...] = ()
    reason: str = ""
    games: tuple[SlateGame, ...] | None = None
    """The slate, from the schedule."""
    changed: tuple[str, ...] = ()
    """Games it is news about, besides those that it has now and did not have before."""
    retry_after: timedelta | None = None


Script = Mapping[str, Sequence[Beat]]
_USABLE = {Outcome.OK, Outcome.PARTIAL, Outcome.EMPTY_OK}
_PER_GAME_AFTER = (
    *("nbac_scoreboard", "nbac_player_boxscores", "nbac_team_boxscore"),
    *("nbac_play_by_play", "nbac_gamebook_player_stats"),
)


def happy_script(games: tuple[SlateGame, ...] = GAMES, lines_at: datetime | None = None) -> dict[str, list[Beat]]:
    """Everything in the morning, lines at 15:00 as on the real date, each game final soon after its tip."""
    morning = [Beat(MORNING)]
    lines = [Beat(lines_at or at(15))]
    script = {name: morning for name, source in SOURCES.items() if not source.fallback_for}
    script |= {"odds_api_game_lines": lines, "odds_api_player_points_props": lines}
    script |= {name: final_beats(games) for name in _PER_GAME_AFTER}
    return {**script, "nbac_schedule": [Beat(MORNING, games=games)]}


def final_beats(games: tuple[SlateGame, ...]) -> list[Beat]:
    """A source that knows a game once it is final."""
    finals = sorted({game.tip_off + GAME_LENGTH for game in games})
    return [part_of(games, final, {game.game_id for game in games if _final(game) <= final}) for final in finals]


def _final(game: SlateGame) -> datetime:
    return game.tip_off + GAME_LENGTH


def part_of(games: Iterable[SlateGame], since: datetime, there: set[str]) -> Beat:
    """An answer that holds some of the games."""
    missing = tuple(game.game_id for game in games if game.game_id not in there)
    return Beat(
        since, Outcome.PARTIAL if missing else Outcome.OK, missing, f"missing {', '.join(missing)}" * bool(missing)
    )


class Trouble(NamedTuple):
    """A subject whose activity fails for good when asked as of a moment in this span."""

    since: datetime = MORNING
    until: datetime = eastern(GAME_DATE + timedelta(days=2), 0)
    text: str = "the file is corrupt"


@dataclass
class World:
    """What the activities of a scripted day do."""

    script: Script = field(default_factory=happy_script)
    trouble: Mapping[str, Trouble] = field(default_factory=dict)
    plan: Callable[[PlanRequest], DayPlan] = lambda request: plan_day(
        request.game_date, request.games or (), SOURCES, published=request.published
    )
    slate_plan: Callable[[date], DayPlan] = lambda game_date: plan_slate(game_date, SOURCES)
    recorded: RecordedDay | None = None
    dice: random.Random | None = None
    """Makes activities take a little while, each a different one."""
    stops: dict[str, Stop] = field(default_factory=dict)
    statuses: list[PublishStatusRequest] = field(default_factory=list)
    """What was exported, in order."""
    force: list[tuple[str, datetime]] = field(default_factory=list)
    """The looks that a person wanted whatever they cost: source and moment."""
    stored: int = 0
    """Predictions stored so far."""
    known: dict[str, dict[str, int]] = field(default_factory=dict)
    """source -> game_id -> the version that was read."""

    @property
    def activities(self) -> dict[Queue, list[Callable[..., Any]]]:
        """What a worker of each queue serves, as in the real registry."""
        return {
            Queue.DAY: [self.plan_day, deliver_action],
            Queue.FETCH: [self.collect],
            Queue.WAREHOUSE: [
                *(self.process, self.follow, self.transform, self.build_features, self.store_predictions),
                *(self.grade, self.export, self.publish_status, self.recorded_day),
            ],
            Queue.MODELS: [self.predict],
        }

    async def _do(self, subject: str, as_of: datetime | None = None) -> None:
        """Take a while, stop where the test wants to look, fail where the script says so."""
        if self.dice is not None:
            await asyncio.sleep(self.dice.random() * 0.02)
        if subject in self.stops:
            await self.stops[subject].pass_by()
        trouble = self.trouble.get(subject)
        if trouble and as_of is not None and trouble.since <= as_of < trouble.until:
            raise ApplicationError(trouble.text, type="ContractError", non_retryable=True)

    @activity.defn(name=Activity.PLAN_DAY.value)
    async def plan_day(self, request: PlanRequest) -> DayPlan:
        await self._do("plan_day")
        return self.slate_plan(request.game_date) if request.games is None else self.plan(request)

    @activity.defn(name=Activity.COLLECT.value)
    async def collect(self, request: CollectRequest) -> CollectReport:
        await self._do(request.source, request.as_of)
        if request.force:
            self.force.append((request.source, request.as_of))
        known = [
            (index, beat)
            for index, beat in enumerate(self.script.get(request.source, ()))
            if beat.since <= request.as_of
        ]
        if not known:
            return _collected(Beat(request.as_of, Outcome.NOT_PUBLISHED_YET, reason="not published yet"), None, request)
        index, beat = known[-1]
        return _collected(beat, f"{request.source}/{index}" if beat.outcome in _USABLE else None, request)

    @activity.defn(name=Activity.PROCESS.value)
    async def process(self, request: ProcessRequest) -> ProcessReport:
        await self._do(f"{request.source}:read", request.as_of)
        beats = self.script[request.source][: int(request.batch_key.rpartition("/")[2]) + 1]
        there = [game.game_id for game in request.games if game.game_id not in beats[-1].missing]
        return ProcessReport(
            rows=10 * len(there),
            outcome=beats[-1].outcome,
            reason=beats[-1].reason,
            changed_games=self._news(request.source, {game_id: _version(game_id, beats) for game_id in there}),
            missing_games=tuple(game.game_id for game in request.games if game.game_id in beats[-1].missing),
            games=beats[-1].games,
        )

    def _news(self, source: str, versions: dict[str, int]) -> tuple[str, ...]:
        """The games of which something is read that was not read before."""
        known = self.known.setdefault(source, {})
        news = tuple(game_id for game_id, version in versions.items() if known.get(game_id) != version)
        known.update(versions)
        return news

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: CollectRequest) -> SourceReport:
        collected = await self.collect(request)
        if collected.batch_key is None:
            return collected.without_batch()
        terms = request.model_dump(exclude={"provider_ids", "force", "again"})
        return collected.with_batch(await self.process(ProcessRequest(**terms, batch_key=collected.batch_key)))

    @activity.defn(name=Activity.TRANSFORM.value)
    async def transform(self, request: ComputeRequest) -> ComputeReport:
        return await self._compute(request)

    @activity.defn(name=Activity.BUILD_FEATURES.value)
    async def build_features(self, request: ComputeRequest) -> ComputeReport:
        done = await self._compute(request)
        return done.model_copy(update={"reference": f"features as of {request.as_of.isoformat()}"})

    @activity.defn(name=Activity.PREDICT.value)
    async def predict(self, request: ComputeRequest) -> Predicted:
        await self._do(request.subject, request.as_of)
        return Predicted(
            system_id=request.subject, file=",".join(request.game_ids), rows=20, game_date=request.game_date
        )

    @activity.defn(name=Activity.STORE_PREDICTIONS.value)
    async def store_predictions(self, predicted: Predicted) -> ComputeReport:
        await self._do(f"{predicted.system_id}:store")
        self.stored += predicted.rows
        return ComputeReport(rows=predicted.rows, changed_games=tuple(predicted.file.split(",")))

    @activity.defn(name=Activity.GRADE.value)
    async def grade(self, request: ComputeRequest) -> ComputeReport:
        return await self._compute(request)

    @activity.defn(name=Activity.EXPORT.value)
    async def export(self, request: ComputeRequest) -> ComputeReport:
        done = await self._compute(request)
        return done.model_copy(update={"rows": self.stored}) if request.subject == "predictions" else done

    async def _compute(self, request: ComputeRequest) -> ComputeReport:
        await self._do(request.subject, request.as_of)
        return ComputeReport(rows=10 * len(request.game_ids), changed_games=request.game_ids)

    @activity.defn(name=Activity.PUBLISH_STATUS.value)
    async def publish_status(self, request: PublishStatusRequest) -> ComputeReport:
        await self._do("publish_status", request.status.now)
        self.statuses.append(request)
        return ComputeReport(rows=1)

    @activity.defn(name=Activity.RECORDED_DAY.value)
    async def recorded_day(self, request: PlanRequest) -> RecordedDay:
        assert self.recorded is not None, "this world has no finished day to do again"
        return self.recorded


def _collected(beat: Beat, batch: str | None, request: CollectRequest) -> CollectReport:
    return CollectReport(
        outcome=beat.outcome,
        reason=beat.reason,
        refused=beat.outcome if beat.outcome not in {*_USABLE, Outcome.NOT_PUBLISHED_YET} else None,
        parks=OUTCOME_POLICIES[beat.outcome].park,
        use_fallback=OUTCOME_POLICIES[beat.outcome].use_fallback,
        batch_key=batch,
        requests=1,
        new_objects=1,
        retry_at=None if beat.retry_after is None else request.as_of + beat.retry_after,
        missing_games=beat.missing,
    )


def _version(game_id: str, beats: Sequence[Beat]) -> int:
    """The beat in which a game came, or was news last."""
    version, there = -1, False
    for number, beat in enumerate(beats):
        if beat.outcome in _USABLE:
            comes = not there and game_id not in beat.missing
            version = number if comes or game_id in beat.changed else version
            there = game_id not in beat.missing
    return version


class Stop:
    """An activity that waits inside, once, until the test lets it go on or its worker dies."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.released = asyncio.Event()

    async def pass_by(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.released.wait()


# ── playing ──────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def working(client: Client, world: World) -> AsyncIterator[None]:
    """A worker on every queue. On the way out it dies with what it has in hand, which then runs again elsewhere."""
    async with AsyncExitStack() as stack:
        for queue, activities in world.activities.items():
            await stack.enter_async_context(
                Worker(
                    client,
                    task_queue=queue,
                    workflows=[DailyPipelineWorkflow] if queue is Queue.DAY else [],
                    activities=activities,
                    workflow_runner=WORKFLOW_RUNNER,
                    identity="worker",
                    sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
                )
            )
        yield


@asynccontextmanager
async def started(
    client: Client, clock: ClockSpec | None = None, rerun: Rerun | None = None
) -> AsyncIterator[DayHandle]:
    """A day under an id of its own, ended with the test whatever became of it."""
    handle = await client.start_workflow(
        DailyPipelineWorkflow.run,
        DayInput(game_date=GAME_DATE, clock=clock or virtual(), rerun=rerun),
        id=f"day-{uuid.uuid4()}",
        task_queue=Queue.DAY,
    )
    try:
        yield handle
    finally:
        if (await handle.describe()).close_time is None:
            await handle.terminate("the test is over")


def virtual(*actions: ScheduledAction, hold_at: Any = None) -> ClockSpec:
    """Virtual time from 05:00 on, as fast as it goes."""
    return ClockSpec(starts_at=MORNING, actions=actions, hold_at=hold_at)


def says(
    moment: datetime, message: CommandName, target: str = "", *, via: str = "update", games: tuple[str, ...] = ()
) -> ScheduledAction:
    """Somebody's order at a virtual time."""
    return ScheduledAction(at=moment, command=command(message, target, games=games), via=via)


def command(message: CommandName, target: str = "", **fields: Any) -> OperatorCommand:
    """An order of somebody who says who they are and why."""
    return OperatorCommand(name=message, target=target, who="Ada", why="the test wants it", **fields)


class Played(NamedTuple):
    """A day that ended: its result, its last word and its history."""

    result: DayResult
    status: DayStatus
    history: WorkflowHistory

    @property
    def deeds(self) -> list[Deed]:
        return deeds(self.history)


async def play(client: Client, world: World, clock: ClockSpec | None = None, rerun: Rerun | None = None) -> Played:
    """A whole day."""
    async with working(client, world), started(client, clock, rerun) as handle:
        return await ended(handle)


async def ended(handle: DayHandle) -> Played:
    """The day's end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        result = await handle.result()
        status = await handle.query(DailyPipelineWorkflow.status)
    return Played(result, status, await handle.fetch_history())


async def until(handle: DayHandle, wanted: Callable[[DayStatus], bool]) -> DayStatus:
    """Ask the day how it stands until it stands as wanted."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await _has_plan(handle)
        while not wanted(status := await handle.query(DailyPipelineWorkflow.status)):
            """The next question is the wait: each takes a round trip to the worker."""
    return status


async def _has_plan(handle: DayHandle) -> None:
    """A day answers questions once its first activity has told its plan."""
    while True:
        events = [event.event_type async for event in handle.fetch_history_events()]
        if EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in events:
            return


def step(status: DayStatus, name: str) -> Any:
    """One step of a status."""
    return next(item for item in status.steps if item.name == name)


# ── what a history tells ─────────────────────────────────────────────────────────────────────────────────────


class Deed(NamedTuple):
    """A decision of the workflow: an activity it scheduled, and on what terms."""

    activity: str
    subject: str
    as_of: datetime | None
    games: tuple[str, ...]
    degraded: tuple[str, ...] = ()


def deeds(history: WorkflowHistory) -> list[Deed]:
    """Every activity the day scheduled, in the order it decided to."""
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    return [deed(each.activity_type.name, each.input.payloads[0].data) for each in scheduled]


def deed(activity_name: str, terms_json: str | bytes) -> Deed:
    """What an activity was asked to do."""
    terms = json.loads(terms_json)
    as_of = terms.get("as_of")
    return Deed(
        activity_name,
        terms.get("subject") or terms.get("source") or terms.get("system_id") or "",
        datetime.fromisoformat(as_of) if as_of else None,
        tuple(terms.get("game_ids", ())),
        tuple(terms.get("degraded", ())),
    )


def poll_times(played: Played, source: str) -> list[datetime | None]:
    """When a source was asked."""
    polls = {Activity.COLLECT, Activity.FOLLOW}
    return [deed.as_of for deed in played.deeds if deed.subject == source and deed.activity in polls]


def runs_of(played: Played, subject: str) -> list[tuple[datetime | None, tuple[str, ...]]]:
    """When a table was transformed, features built, a system asked or an export made, and for which games."""
    return [
        (deed.as_of, deed.games) for deed in played.deeds if deed.subject == subject and deed.activity in _COMPUTING
    ]


_COMPUTING = {
    *(Activity.TRANSFORM, Activity.BUILD_FEATURES, Activity.PREDICT),
    *(Activity.GRADE, Activity.EXPORT),
}
