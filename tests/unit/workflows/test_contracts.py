"""Contracts at the largest that a day makes them: they travel, come back the same, and stay small."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from runtime.connection import DATA_CONVERTER
from tests.support.days import GAME_DATE, at, game
from tipoff.plan import plan_day
from tipoff.sources.providers import NBA_CDN
from tipoff.sources.registry import SOURCES
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import (
    Alert,
    Attention,
    AuditEntry,
    Cadence,
    CollectReport,
    ComputeReport,
    Cooldown,
    DataQuality,
    DayPlan,
    DayStatus,
    Degradation,
    EndedRun,
    Frozen,
    NoResult,
    Outcome,
    Phase,
    PredictionRun,
    ProcessReport,
    RecordedBatch,
    RecordedDay,
    RunState,
    Severity,
    SourceReport,
    Span,
    StepExecution,
    StepLog,
    StepState,
    StepStatus,
    Trigger,
)
from workflows.contracts import (
    AcquireRequest,
    AcquireResult,
    ClockSpec,
    CollectRequest,
    CommandName,
    ComputeRequest,
    CreditReservation,
    DayInput,
    DayResult,
    DeliverRequest,
    OperatorCommand,
    PlanRequest,
    Predicted,
    ProcessRequest,
    ProviderFeedback,
    PublishStatusRequest,
    RateLimiterInput,
    RateLimiterState,
    Rerun,
    ScheduledAction,
    SettingValue,
    TrainedSystem,
    TrainingHistory,
    TrainingInput,
    TrainingResult,
    TrainRequest,
    WorkerSettings,
)
from workflows.contracts.live_scoring import FollowRequest, LiveScoringInput

LIMIT_BYTES = 50 * 1024
GAMES = tuple(game(number, at(12, 30) + timedelta(minutes=45 * number)) for number in range(1, 16))
IDS = tuple(each.game_id for each in GAMES)
NAME = "odds_api_player_points_props"
BATCH = f"raw/{NAME}/batches/2024-03-29/{'a' * 64}.json"
REASON = "HTTP 403: access denied; missing " + ", ".join(each.label for each in GAMES[:8])
IDS_OF_PROVIDER = dict.fromkeys(IDS, "f" * 32)
ORDER = OperatorCommand(
    name=CommandName.FORCE_CONTINUE, target=NAME, games=IDS, who="w" * 100, why="y" * 500, game_date=GAME_DATE
)
FIVE_AND_FORTY_STEPS = tuple(
    StepStatus(
        name=f"{NAME}_{number}",
        title="The Odds API player points",
        phase=Phase.LINES,
        state=StepState.LATE,
        critical=True,
        rows=100_000,
        polls=100,
        reason=REASON if number < 15 else "",
        missing_games=IDS if number < 15 else (),
        waits_for=(NAME,) * 7 if number >= 15 else (),
        last_poll=at(12),
        next_poll=at(12),
        soft_deadline=at(12),
        hard_deadline=at(12),
    )
    for number in range(45)
)
DEGRADATIONS = tuple(
    Degradation(
        step=NAME,
        reason=REASON,
        games=IDS,
        since=at(12),
        resolved_games=dict.fromkeys(IDS[:-1], at(12)) if number == 0 else {},
        resolved_at=at(13),
    )
    for number in range(12)
)
COMMAND = f"starter.py retry-step --step {NAME} --date 2024-03-29"
ATTENTION = (Attention(step=NAME, reason=REASON, since=at(12), options=(COMMAND,) * 3),) * 5
ALERTS = tuple(
    Alert(key=f"{NAME}:{number}", at=at(12), step=NAME, severity=Severity.CRITICAL, text=REASON) for number in range(30)
)
STATUS = DayStatus(
    game_date=GAME_DATE,
    state=RunState.NEEDS_ATTENTION,
    phase=Phase.LINES,
    data_quality=DataQuality.DEGRADED,
    sentence=REASON[:200],
    now=at(12),
    virtual=True,
    held=True,
    games=GAMES,
    postponed_games=IDS,
    predictions_due=at(13),
    first_published_at=at(13),
    refreshed_at=(at(14),) * 20,
    steps=FIVE_AND_FORTY_STEPS,
    counts={f"rejected:{NAME}_{number}": 100 for number in range(30)},
    degradations=DEGRADATIONS,
    attention=ATTENTION,
    alerts=ALERTS,
    audit=(
        AuditEntry(
            at=at(12),
            via="update",
            command="force_continue",
            target="lines",
            who="Ada",
            why=REASON,
            accepted=True,
            result=REASON,
        ),
    )
    * 10,
    commands=(COMMAND,) * 6,
)
EXACT = at(12).replace(microsecond=123_456)
POLLED_STEP = StepLog(
    step=NAME,
    phase=Phase.COLLECT,
    executions=(StepExecution(Trigger.RETRY, EXACT, EXACT, 10, 0, NoResult.FAILED, REASON),) * 50
    + (StepExecution(Trigger.REFRESH, EXACT, EXACT, 10, 100_000, Outcome.OK, ""),) * 100,
)
COMPUTED_STEP = StepLog(
    step=NAME,
    phase=Phase.CONTEXT,
    executions=(StepExecution(Trigger.CHANGED_INPUTS, EXACT, EXACT, 1, 100_000, Outcome.OK, ""),) * 4,
)
"""Three hundred executions in all: a day of fifteen games has them."""
EVERY_LOOK_OF_A_DAY = tuple(
    RecordedBatch(source=NAME, batch_key=BATCH, as_of=at(12) + timedelta(minutes=3 * number)) for number in range(200)
)
PAID_QUESTIONS_OF_A_QUARTER_OF_AN_HOUR = tuple(
    CreditReservation(slot=at(12) + timedelta(seconds=2 * number), credits=15) for number in range(450)
)
DOMAIN = RateLimiterState(
    last_slot=at(12),
    burst_full_at=at(12),
    cooldown=Cooldown(until=at(13), outcome=Outcome.BLOCKED, reason="r" * 300),
    month="2024-03",
    slots=100_000,
    credits_used=500,
    credits_remaining=0,
    reservations=PAID_QUESTIONS_OF_A_QUARTER_OF_AN_HOUR,
)
LARGEST: tuple[Frozen, ...] = (
    DayInput(
        game_date=GAME_DATE,
        clock=ClockSpec(starts_at=at(5), actions=(ScheduledAction(at=at(12), command=ORDER),) * 20, hold_at=at(12)),
        rerun=Rerun(who="w" * 100, why="y" * 500),
    ),
    STATUS,
    PublishStatusRequest(status=STATUS, new_alerts=tuple(alert.key for alert in ALERTS)),
    EndedRun(
        game_date=GAME_DATE,
        run_id="r" * 36,
        is_rerun=True,
        virtual=False,
        state=RunState.CANCELLED,
        data_quality=DataQuality.DEGRADED,
        backfilled=True,
        games=15,
        started_at=at(5),
        ended_at=at(29),
        sentence=REASON[:200],
        steps=(POLLED_STEP, *(COMPUTED_STEP,) * 45),
    ),
    DayResult(
        game_date=GAME_DATE,
        state=RunState.COMPLETE,
        data_quality=DataQuality.DEGRADED,
        games=15,
        first_published_at=at(13),
        refreshed_at=(at(14),) * 20,
        counts=STATUS.counts,
        degradations=DEGRADATIONS,
        attention=ATTENTION,
    ),
    PlanRequest(game_date=GAME_DATE, games=GAMES),
    plan_day(GAME_DATE, GAMES, SOURCES),
    CollectRequest(source=NAME, game_date=GAME_DATE, games=GAMES, as_of=at(12), provider_ids=IDS_OF_PROVIDER),
    CollectReport(
        outcome=Outcome.PARTIAL,
        reason=REASON,
        batch_key=BATCH,
        requests=99,
        new_objects=99,
        retry_at=at(12),
        missing_games=IDS,
        credits_warning=REASON,
    ),
    ProcessRequest(source=NAME, batch_key=BATCH, game_date=GAME_DATE, games=GAMES, as_of=at(12)),
    LiveScoringInput(
        game_date=GAME_DATE,
        games=GAMES,
        source=NAME,
        as_of=at(12),
        again=Cadence(start=at(12), until=at(24), every=timedelta(minutes=3)),
        missing_games=IDS,
    ),
    FollowRequest(
        game_date=GAME_DATE,
        games=GAMES,
        source=NAME,
        times=tuple(at(12) + timedelta(minutes=3 * number) for number in range(500)),
        missing_games=IDS,
    ),
    SourceReport(
        rows=10_000,
        outcome=Outcome.PARTIAL,
        reason=REASON,
        changed_games=IDS,
        missing_games=IDS,
        retry_at=at(12),
        unresolved=20,
        unresolved_names=("A player with a long name Jr.",) * 20,
        provider_ids=IDS_OF_PROVIDER,
        games=GAMES,
        postponed=IDS,
        counts=STATUS.counts,
        primary_reason=REASON,
        fallback_games={NAME: IDS},
    ),
    ComputeReport(rows=10_000, reason=REASON, changed_games=IDS, counts=STATUS.counts, reference=BATCH),
    ComputeRequest(
        subject=NAME,
        span=Span.SLATE,
        game_date=GAME_DATE,
        game_ids=IDS,
        as_of=at(12),
        degraded=(REASON,) * 12,
        missing_games=IDS,
        postponed=IDS,
        reference=BATCH,
    ),
    Predicted(system_id=NAME, file=BATCH, rows=500, game_date=GAME_DATE),
    DeliverRequest(workflow_id="w" * 40, run_id="r" * 36, action=ScheduledAction(at=at(12), command=ORDER)),
    RecordedDay(
        games=GAMES,
        batches=EVERY_LOOK_OF_A_DAY,
        prediction_runs=(PredictionRun(as_of=at(12), game_ids=IDS, systems=tuple(SYSTEMS)),) * 20,
    ),
    TrainingInput(system_ids=tuple(SYSTEMS), before=GAME_DATE, as_of=at(5)),
    TrainingHistory(file=BATCH, rows=100_000),
    TrainRequest(system_ids=tuple(SYSTEMS), history_file=BATCH, before=GAME_DATE, as_of=at(5)),
    TrainingResult(
        systems=(
            TrainedSystem(
                system_id=NAME, model_version="v" * 64, rows=100_000, mae=4.9, last10_mae=5.3, rejection="r" * 300
            ),
        )
        * len(SYSTEMS)
    ),
    WorkerSettings(
        process="process 4194304 on " + "h" * 64,
        values=(SettingValue(key="k" * 30, value="v" * 300, origin="TIPOFF_" + "K" * 30),) * 40,
    ),
    RateLimiterInput(host="api.the-odds-api.com", state=DOMAIN),
    AcquireRequest(host="api.the-odds-api.com", rate_limit=NBA_CDN.rate_limit, credits=15, deadline=at(12)),
    AcquireResult(outcome=Outcome.BLOCKED, reason="r" * 400, retry_at=at(13)),
    ProviderFeedback(
        slot=at(12), cooldown_for=timedelta(days=7), outcome=Outcome.BLOCKED, reason="r" * 300, credits_used=1
    ),
)


@pytest.mark.parametrize("contract", LARGEST, ids=lambda contract: type(contract).__name__)
async def test_the_largest_contract_of_each_kind_is_small_and_survives_the_round_trip(contract: Frozen) -> None:
    (payload,) = await DATA_CONVERTER.encode([contract])
    assert len(payload.data) < LIMIT_BYTES
    assert await DATA_CONVERTER.decode([payload], [type(contract)]) == [contract]


def test_a_poll_that_nearly_spends_the_months_credits_raises_an_alert() -> None:
    poll = CollectReport(
        outcome=Outcome.OK, reason="ok", batch_key=BATCH, requests=1, new_objects=1, credits_warning="400 of 500"
    )
    processed = ProcessReport(rows=1, alerts={"unknown_fields": "x"})
    assert poll.with_batch(processed).alerts == {"unknown_fields": "x", "credits": "400 of 500"}
    assert poll.without_batch().alerts == {"credits": "400 of 500"}


def test_a_contract_refuses_unknown_fields_and_is_immutable() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        PlanRequest.model_validate({"game_date": "2024-03-29", "games": None, "who": "Ada"})
    with pytest.raises(ValidationError, match="frozen"):
        PlanRequest(game_date=GAME_DATE, games=None).game_date = date(2024, 3, 30)  # type: ignore[misc]


def test_a_contract_refuses_a_time_without_time_zone() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        ClockSpec.model_validate({"starts_at": "2024-03-29T05:00:00"})


def test_the_plan_of_the_largest_slate_is_a_plan() -> None:
    assert isinstance(plan_day(GAME_DATE, GAMES, SOURCES), DayPlan)
