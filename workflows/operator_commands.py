"""What a person may say to a day, judged in one place: behind every signal and every update."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from tipoff.vocabulary import DayPlan, Phase, PlanStep, SlateGame, StepKind, StepState, step_names
from workflows.contracts import Message, MessageAnswer, OperatorCommand
from workflows.day_state import DayLedger, Records, StepRecord


def command_from(message: Message, arguments: Sequence[Any]) -> OperatorCommand:
    """An order from whatever a person typed in the UI: nothing, a word, or an object. Raises ValueError."""
    match list(arguments):
        case [] | [None] | [""]:
            fields: dict[str, Any] = {}
        case [str() as word]:
            fields = {"target": word}
        case [dict() as given]:
            fields = dict(given)
        case _:
            raise ValueError(f"{message} takes a word or an object such as {_example(message)}")
    for alias in ("phase", "step"):
        if alias in fields:
            fields["target"] = fields.pop(alias)
    try:
        return OperatorCommand.model_validate({**fields, "message": message})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValueError(f"{message} takes a word or an object such as {_example(message)}: {problems}") from None


def _example(message: Message) -> str:
    key, value = ("phase", "lines") if message is Message.FORCE_CONTINUE else ("step", step_names.INJURY_REPORT)
    named = message in {Message.FORCE_CONTINUE, Message.RETRY_STEP, Message.SKIP_STEP}
    target = f'"{key}": "{value}", ' if named else ""
    return f'{{{target}"who": "your name", "why": "a reason"}}'


def judge(command: OperatorCommand, ledger: DayLedger, *, held: bool) -> MessageAnswer:
    """Whether an order can be carried out, and what it will do; changes nothing."""
    plan, records = ledger.plan, ledger.records
    if ledger.ended is not None:
        return MessageAnswer(accepted=False, answer="this day has ended; start it again with --rerun")
    refusal = _wrong_date(command, plan.game_date) or _wrong_games(command, plan.games)
    if refusal:
        return MessageAnswer(accepted=False, answer=refusal)
    if ledger.recorded and (refusal := _wrong_in_rerun(command, records)):
        return MessageAnswer(accepted=False, answer=refusal)
    match command.message:
        case Message.FORCE_CONTINUE:
            return _judge_force(command.target, plan, records)
        case Message.RETRY_STEP | Message.SKIP_STEP:
            return _judge_step(command, plan, records)
        case Message.RESUME_CLOCK:
            return MessageAnswer(accepted=held, answer="the clock goes on" if held else "the clock is not held")
        case Message.LINES_AVAILABLE | Message.REFRESH_LINES:
            return _judge_lines(plan)


def apply(command: OperatorCommand, ledger: DayLedger, now: datetime) -> None:
    """Carry out an order that `judge` accepts."""
    who = command.who or "a person"
    by = f"{who}: {command.why}" if command.why else who
    match command.message:
        case Message.FORCE_CONTINUE:
            for step in forced_steps(Phase(command.target), ledger.plan, ledger.records):
                ledger.degrade(step, f"forced on by {by}", now)
        case Message.RETRY_STEP:
            ledger.try_again(command.target, now)
        case Message.SKIP_STEP:
            step = next(step for step in ledger.plan.steps if step.name == command.target)
            if ledger.records[step.name].state is not StepState.SKIPPED:
                ledger.degrade(step, f"skipped by {by}", now, StepState.SKIPPED)
        case Message.LINES_AVAILABLE | Message.REFRESH_LINES:
            for step in ledger.plan.steps:
                if step.phase is Phase.LINES:
                    record = ledger.records[step.name]
                    record.retry_at, record.stopped, record.cooldown = now, "", None
        case Message.RESUME_CLOCK:
            pass


def steps_to_read(command: OperatorCommand, plan: DayPlan) -> tuple[PlanStep, ...]:
    """The steps whose next answer is read even when it is the one that was read last."""
    match command.message:
        case Message.REFRESH_LINES:
            # Whoever gave an unknown name its player wants it known wherever it stands.
            return tuple(step for step in plan.steps if step.kind is StepKind.SOURCE)
        case Message.RETRY_STEP:
            return tuple(step for step in plan.steps if step.name == command.target)
    return ()


def _wrong_date(command: OperatorCommand, game_date: date) -> str:
    if command.game_date in (None, game_date):
        return ""
    return f"this run is of {game_date}, not of {command.game_date}; nothing was changed"


def _wrong_games(command: OperatorCommand, games: tuple[SlateGame, ...]) -> str:
    known = {name for game in games for name in (game.game_id, game.label)}
    unknown = [game for game in command.games if game not in known]
    if not unknown:
        return ""
    slate = ", ".join(game.label for game in games) or "no games"
    return f"no game {', '.join(unknown)} on this slate ({slate}); nothing was changed"


def _wrong_in_rerun(command: OperatorCommand, records: Records) -> str:
    """A re-run walks what was recorded, so that only a step that is parked in it can be spoken about."""
    if command.message in {Message.LINES_AVAILABLE, Message.REFRESH_LINES}:
        return "this is a re-run: it reads what was landed and asks no provider; nothing was changed"
    record = records.get(command.target)
    if record is not None and record.failed_since is None:
        return f"this is a re-run and {command.target} is not parked in it; nothing was changed"
    return ""


def _judge_force(target: str, plan: DayPlan, records: Records) -> MessageAnswer:
    if target not in set(Phase):
        return MessageAnswer(
            accepted=False, answer=f"no phase {target!r}; the phases are {', '.join(Phase)}; nothing was changed"
        )
    if not records[step_names.SCHEDULE].settled:
        return MessageAnswer(
            accepted=False,
            answer=f"the slate is not known yet, so there is nothing to go on with: retry_step {step_names.SCHEDULE}",
        )
    steps = forced_steps(Phase(target), plan, records)
    if not steps:
        return MessageAnswer(accepted=True, answer=f"phase {target} waits for nothing; nothing was changed")
    return MessageAnswer(accepted=True, answer=f"going on without {', '.join(step.name for step in steps)}")


def forced_steps(phase: Phase, plan: DayPlan, records: Records) -> tuple[PlanStep, ...]:
    """What a phase waits for in it or needed by it, however far up: sources, what is parked, optional steps at work."""
    by_name = {step.name: step for step in plan.steps}
    reached: dict[str, PlanStep] = {}
    frontier = [step for step in plan.steps if step.phase is phase]
    while frontier:
        step = frontier.pop()
        if step.name not in reached:
            reached[step.name] = step
            frontier.extend(by_name[need] for need in step.needs)
    return tuple(step for step in plan.steps if step.name in reached and _is_waited_for(step, records[step.name]))


def _is_waited_for(step: PlanStep, record: StepRecord) -> bool:
    if record.failed_since is not None:
        return True
    return not record.settled and (step.kind is StepKind.SOURCE or (record.running and not step.critical))


def _judge_step(command: OperatorCommand, plan: DayPlan, records: Records) -> MessageAnswer:
    step = next((step for step in plan.steps if step.name == command.target), None)
    if step is None:
        return MessageAnswer(accepted=False, answer=f"{_no_step(command.target, plan)}; nothing was changed")
    record = records[command.target]
    if command.message is Message.RETRY_STEP and record.running:
        return MessageAnswer(accepted=False, answer=f"{command.target} is running; nothing was changed")
    if command.message is Message.RETRY_STEP:
        waits = [need for need in step.needs if not records[need].settled]
        when = f" when {', '.join(waits)} came or is gone without" if waits else ""
        return MessageAnswer(accepted=True, answer=f"{command.target} is tried again{when}")
    if command.target == step_names.SCHEDULE and not record.settled:
        return MessageAnswer(accepted=False, answer="the day cannot go on without a slate; nothing was changed")
    if record.state is StepState.SKIPPED:
        return MessageAnswer(accepted=True, answer=f"{command.target} was skipped already; nothing was changed")
    return MessageAnswer(accepted=True, answer=f"{command.target} is skipped for the rest of the day")


def _no_step(name: str, plan: DayPlan) -> str:
    firsts = [
        step.name for step in plan.steps if name in {use_fallback.source for use_fallback in step.fallback_sources}
    ]
    if firsts:
        return f"{name} is no step of its own, it stands in for {', '.join(firsts)}"
    return f"no step {name!r}; the steps are {', '.join(step.name for step in plan.steps)}"


def _judge_lines(plan: DayPlan) -> MessageAnswer:
    if any(step.phase is Phase.LINES for step in plan.steps):
        return MessageAnswer(accepted=True, answer="looking for lines now")
    return MessageAnswer(accepted=False, answer="this day has no lines to look for; nothing was changed")
