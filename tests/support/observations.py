"""Observations of a healthy installation on 2024-03-29, to change one fact at a time."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from tests.support.days import GAME_DATE, GAMES, at
from tipoff.publishing.ended_days import EndedDay
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import (
    Attention,
    DataQuality,
    DayStatus,
    Phase,
    RunState,
    StepState,
    StepStatus,
    step_names,
)
from tipoff.watchdog.log import PATH
from tipoff.watchdog.observation import (
    CreditFacts,
    DayFacts,
    ModelFacts,
    Observation,
    QueueFacts,
    RunFacts,
    ScheduleFacts,
)
from workflows.contracts import Queue, day_workflow_id

NOON = at(12)
YESTERDAY = GAME_DATE - timedelta(days=1)
QUEUES = ((Queue.DAY, "workflows"), *((queue, "activities") for queue in Queue))


def step(name: str, state: StepState = StepState.COMPLETE, **fields: Any) -> StepStatus:
    common: dict[str, Any] = {
        "title": "a title",
        "phase": Phase.COLLECT,
        "critical": False,
        "rows": 1,
        "polls": 1,
        "reason": "",
    }
    return StepStatus(name=name, state=state, **{**common, **fields})


def status(now: datetime = NOON, **changes: Any) -> DayStatus:
    """A day that waits for its lines at noon."""
    lines = step(step_names.BETTING_LINES, StepState.LATE, phase=Phase.LINES, next_poll=now + timedelta(minutes=20))
    return DayStatus.model_validate(
        {
            "game_date": GAME_DATE,
            "state": RunState.WAITING,
            "phase": Phase.LINES,
            "data_quality": DataQuality.UNKNOWN,
            "sentence": "waits for player lines",
            "now": now,
            "virtual": False,
            "held": False,
            "games": GAMES,
            "postponed_games": (),
            "predictions_due": at(13, 30),
            "first_published_at": None,
            "refreshed_at": (),
            "steps": (step(step_names.FEATURES, StepState.PENDING), lines),
            "counts": {},
            "degradations": (),
            "attention": (),
            "alerts": (),
            "audit": (),
            **changes,
        }
    )


def parked(name: str, since: datetime, *, critical: bool = False) -> DayStatus:
    """A day with one parked step."""
    option = f"starter.py retry-step --step {name} --date {GAME_DATE}"
    return status(
        state=RunState.NEEDS_ATTENTION,
        steps=(step(name, StepState.FAILED, critical=critical),),
        attention=(Attention(step=name, reason="disk full", since=since, options=(option,)),),
    )


def run(game_date: date = GAME_DATE, **changes: Any) -> RunFacts:
    common = {"workflow_id": day_workflow_id(game_date), "workflow": "DailyPipelineWorkflow", "started_at": at(5)}
    return RunFacts.model_validate({**common, **changes})


def today(day_status: DayStatus | None = None, **changes: Any) -> DayFacts:
    fields = {"run": run(), "execution": "RUNNING", "status": day_status or status(), "is_current": True}
    return DayFacts.model_validate({"game_date": GAME_DATE, **fields, **changes})


def yesterday(**changes: Any) -> DayFacts:
    fields = {"execution": "COMPLETED", "ended_at": at(2), "ended": ended_day()}
    return DayFacts.model_validate({"game_date": YESTERDAY, **fields, **changes})


def ended_day(**changes: Any) -> EndedDay:
    fields = {
        "status": RunState.COMPLETE,
        "data_quality": DataQuality.COMPLETE,
        "backfilled": False,
        "games": 8,
        "predictions": 1_200,
        "graded": 1_200,
        "publication_minutes": 480.0,
        "success_rate": 1.0,
        "sentence": "complete",
        "ended_at": at(2),
    }
    return EndedDay.model_validate({"game_date": YESTERDAY, **fields, **changes})


def schedule(name: str = "day", **changes: Any) -> ScheduleFacts:
    return ScheduleFacts.model_validate(
        {"name": name, "created_at": at(0) - timedelta(days=30), "paused": False, **changes}
    )


def queues(*unserved: Queue, last_polled: datetime = NOON) -> tuple[QueueFacts, ...]:
    """All queues, of which some are not served."""
    return tuple(
        QueueFacts(queue=queue, kind=kind, last_polled=last_polled, is_served=queue not in unserved)
        for queue, kind in QUEUES
    )


def observation(now: datetime = NOON, **changes: Any) -> Observation:
    """Nothing is wrong."""
    watchdog = run(workflow_id="watchdog", workflow="WatchdogWorkflow")
    fields = {
        "today": GAME_DATE,
        "queues": queues(),
        "runs": (run(), watchdog),
        "schedules": (schedule(), schedule("training")),
        "days": (today(), yesterday()),
        "models": (ModelFacts(system_id="catboost_v8", trained_through=GAME_DATE - timedelta(days=3)),),
        "game_dates_to_learn": (GAME_DATE - timedelta(days=9),),
        "credits": (CreditFacts(host="api.the-odds-api.com", used=300, monthly=500, text="300 of 500"),),
    }
    return Observation.model_validate({"as_of": now, **fields, **changes})


def logged_repairs(store: ExportStore) -> list[dict[str, Any]]:
    """The log of repairs, oldest first."""
    return [json.loads(line) for line in (store.read(PATH) or b"").splitlines()]
