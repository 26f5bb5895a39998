"""Trains systems: collects past results, builds features, fits models and promotes those that are not worse.

Each day starts it and goes on without it: it ends at once unless training is due.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from tipoff.vocabulary import CollectReport, ComputeReport, ProcessReport, Span, clock_time, counted, step_names
from workflows.calls import call
from workflows.contracts import (
    Activity,
    CollectRequest,
    ComputeRequest,
    ProcessRequest,
    TrainingDue,
    TrainingHistory,
    TrainingInput,
    TrainingResult,
    TrainRequest,
)

_SOURCES = (step_names.SCHEDULE, step_names.TEAM_BOX_SCORE_HISTORY, step_names.PLAYER_BOX_SCORE_HISTORY)
_TRANSFORMS = ("team_offense_game_summary", "team_defense_game_summary", "player_game_summary")


@workflow.defn
class TrainingWorkflow:
    """Trains systems on the games strictly before a date."""

    @workflow.run
    async def run(self, training: TrainingInput) -> TrainingResult:
        if training.only_if_due:
            check = await call(Activity.TRAINING_DUE, training, TrainingDue, summary=f"due before {training.before}?")
            if not check.due:
                return TrainingResult(systems=(), skipped=check.reason)
        at = clock_time(training.as_of, training.before)
        for source in _SOURCES:
            await self._collect(source, training, at)
        for table in _TRANSFORMS:
            request = ComputeRequest(
                subject=table, span=Span.HISTORY, game_date=training.before, game_ids=(), as_of=training.as_of
            )
            await call(
                Activity.TRANSFORM, request, ComputeReport, summary=f"{table} of all games before {training.before}"
            )
        history = await call(
            Activity.TRAINING_HISTORY,
            training,
            TrainingHistory,
            summary=f"features of all games before {training.before}",
        )
        fit = TrainRequest(
            system_ids=training.system_ids,
            history_file=history.file,
            before=training.before,
            as_of=training.as_of,
            predicts_from=training.before + timedelta(days=1) if training.only_if_due else None,
        )
        systems = ", ".join(training.system_ids) or "all systems"
        return await call(
            Activity.TRAIN, fit, TrainingResult, summary=f"fit {systems} on {counted(history.rows, 'row')}"
        )

    async def _collect(self, source: str, training: TrainingInput, at: str) -> None:
        request = CollectRequest(source=source, game_date=training.before, games=(), as_of=training.as_of)
        collected = await call(Activity.COLLECT, request, CollectReport, summary=f"{source} as of {at}")
        if collected.batch_key is None:
            workflow.logger.warning("training continues with stored rows: %s: %s", source, collected.reason)
            return
        landed = ProcessRequest(
            source=source, batch_key=collected.batch_key, game_date=training.before, games=(), as_of=training.as_of
        )
        await call(Activity.PROCESS, landed, ProcessReport, summary=f"{source}: process the landed batch")
