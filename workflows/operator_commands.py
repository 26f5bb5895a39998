"""What operator commands do: parsed, validated and executed here for every signal and every update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from tipoff.vocabulary import (
    DayPlan,
    Phase,
    PlanStep,
    RunState,
    SlateGame,
    StepKind,
    StepState,
    clock_time,
    did_you_mean,
    step_names,
)
from workflows.contracts import TARGET_FIELDS, CommandName, CommandResult, OperatorCommand
from workflows.day_state import DayLedger
from workflows.step_records import AnyRecord, Records

_LINES_COMMANDS = frozenset({CommandName.LINES_AVAILABLE, CommandName.REFRESH_LINES})
_DESCRIPTIONS = {
    CommandName.FORCE_CONTINUE: "Continue without what a phase waits for",
    CommandName.LINES_AVAILABLE: "Betting lines are out: poll for them now",
    CommandName.RETRY_STEP: "Retry a parked step now",
    CommandName.SKIP_STEP: "Skip a step for the rest of the day",
    CommandName.REFRESH_LINES: "Poll events, game lines and player lines again now",
    CommandName.RELEASE_PICKS: "Publish the picks that are withheld, as they are nearly all on one side",
    CommandName.RESUME_CLOCK: "Resume a held replay clock",
}
_EXAMPLES = {"phase": Phase.LINES.value, "step": step_names.INJURY_REPORT}
"""An example of each kind of target."""


def description(name: CommandName) -> str:
    """What a command does and the input it takes, for the Temporal UI."""
    return f"{_DESCRIPTIONS[name]}. Input: {_expected_input(name)}"


def command_from(name: CommandName, arguments: Sequence[Any]) -> OperatorCommand:
    """Parse the input of a signal or an update: nothing, a word, or an object. Raises ValueError."""
    fields = _fields_from(name, arguments)
    for alias in _EXAMPLES:
        if alias in fields:
            fields["target"] = fields.pop(alias)
    if fields.setdefault("name", name) != name:
        raise ValueError(f"the command {str(fields['name'])[:50]} was sent to {name}; nothing was changed")
    try:
        return OperatorCommand.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValueError(f"{_wrong_input(name)} ({problems})") from None


def _fields_from(name: CommandName, arguments: Sequence[Any]) -> dict[str, Any]:
    match list(arguments):
        case [] | [None] | [""]:
            return {}
        case [str() as word] if name in TARGET_FIELDS:
            return {"target": word.strip()}
        case [dict() as given]:
            return dict(given)
    raise ValueError(_wrong_input(name))


def _wrong_input(name: CommandName) -> str:
    return f"{name} takes {_expected_input(name)}; nothing was changed"


def _expected_input(name: CommandName) -> str:
    author = '"who": "your name", "why": "a reason"'
    if field := TARGET_FIELDS.get(name):
        example = _EXAMPLES[field]
        return f'a word such as "{example}", or an object such as {{"{field}": "{example}", {author}}}'
    games = '"games": ["DEN@MIN"], ' if name is CommandName.LINES_AVAILABLE else ""
    return f"nothing, or an object such as {{{games}{author}}}"


def validate(command: OperatorCommand, ledger: DayLedger, now: datetime, *, held: bool) -> CommandResult:
    """Whether a command can be executed and what it will do; changes nothing."""
    plan, records = ledger.plan, ledger.records
    if ledger.ended is not None:
        return _refused(f"this day has ended; start it again: {_rerun(ledger)}")
    refusal = _wrong_date(command, plan.game_date) or _wrong_games(command, plan.games)
    if not refusal and ledger.recorded:
        refusal = _wrong_in_rerun(command, records)
    if refusal:
        return _refused_unchanged(refusal)
    match command.name:
        case CommandName.FORCE_CONTINUE:
            return _validate_force(command, plan, records, now)
        case CommandName.RETRY_STEP | CommandName.SKIP_STEP:
            return _validate_step(command, plan, records)
        case CommandName.RELEASE_PICKS:
            return _validate_release(ledger)
        case CommandName.RESUME_CLOCK:
            return _accepted("the clock runs on") if held else _refused("the clock is not held")
        case CommandName.LINES_AVAILABLE | CommandName.REFRESH_LINES:
            return _validate_lines(plan)


def offers(ledger: DayLedger, now: datetime, *, held: bool) -> tuple[str, ...]:
    """The commands that would be accepted and help the day now, beside those about parked steps (`options`)."""
    if ledger.ended is RunState.FAILED:
        return (_start(ledger), _rerun(ledger))
    if ledger.ended is not None:
        return (_rerun(ledger),)
    steps = [step for step in ledger.plan.steps if ledger.records[step.name].state is StepState.LATE]
    has_late_lines = any(step.phase is Phase.LINES for step in steps)
    commands = [OperatorCommand(name=CommandName.LINES_AVAILABLE)] if has_late_lines else []
    commands += [OperatorCommand(name=CommandName.FORCE_CONTINUE, target=step.phase) for step in steps]
    commands += [OperatorCommand(name=name) for name in (CommandName.RELEASE_PICKS, CommandName.RESUME_CLOCK)]
    return _typed(commands, ledger, now, held=held)


def options(step: PlanStep, ledger: DayLedger, now: datetime, *, held: bool) -> tuple[str, ...]:
    """What an operator may do about a parked step, as it is typed in a terminal."""
    commands = (
        OperatorCommand(name=CommandName.RETRY_STEP, target=step.name),
        OperatorCommand(name=CommandName.SKIP_STEP, target=step.name),
        OperatorCommand(name=CommandName.FORCE_CONTINUE, target=step.phase),
    )
    return _typed(commands, ledger, now, held=held)


def _typed(commands: Iterable[OperatorCommand], ledger: DayLedger, now: datetime, *, held: bool) -> tuple[str, ...]:
    """Those that would be accepted, each once."""
    accepted = [command for command in commands if validate(command, ledger, now, held=held).accepted]
    return tuple(dict.fromkeys(command.command_line(ledger.plan.game_date) for command in accepted))


def _start(ledger: DayLedger) -> str:
    return f"starter.py --date {ledger.plan.game_date}"


def _rerun(ledger: DayLedger) -> str:
    return f"{_start(ledger)} --rerun"


def execute(command: OperatorCommand, ledger: DayLedger, now: datetime) -> None:
    """Execute a command that `validate` accepts."""
    match command.name:
        case CommandName.FORCE_CONTINUE:
            _degrade_awaited(command, ledger, now)
        case CommandName.RETRY_STEP:
            ledger.retry(command.target, now)
        case CommandName.SKIP_STEP:
            _skip(command, ledger, now)
        case CommandName.LINES_AVAILABLE | CommandName.REFRESH_LINES:
            _poll_lines(ledger, now)
        case CommandName.RELEASE_PICKS:
            who = command.who or "an operator"
            ledger.release_picks(now, who, command.why or f"released by {who}")
        case CommandName.RESUME_CLOCK:
            """The workflow resumes its clock."""


def _degrade_awaited(command: OperatorCommand, ledger: DayLedger, now: datetime) -> None:
    for step in awaited_steps(Phase(command.target), ledger.plan, ledger.records):
        ledger.degrade(step, f"forced by {_author(command)}", now)


def _skip(command: OperatorCommand, ledger: DayLedger, now: datetime) -> None:
    if ledger.records[command.target].state is not StepState.SKIPPED:
        reason = f"skipped by {_author(command)}"
        ledger.degrade(ledger.plan.step(command.target), reason, now, StepState.SKIPPED)


def _poll_lines(ledger: DayLedger, now: datetime) -> None:
    for step in ledger.plan.steps:
        if step.phase is Phase.LINES:
            ledger.poll_now(step, now)


def forced_polls(command: OperatorCommand, plan: DayPlan) -> tuple[PlanStep, ...]:
    """The steps whose next batch is processed even if it is unchanged."""
    match command.name:
        case CommandName.REFRESH_LINES:
            # Operators refresh the lines after they resolved a player name, which may occur in any source.
            return tuple(step for step in plan.steps if step.kind is StepKind.SOURCE)
        case CommandName.RETRY_STEP:
            return (plan.step(command.target),)
    return ()


def awaited_steps(phase: Phase, plan: DayPlan, records: Records) -> tuple[PlanStep, ...]:
    """The steps a phase waits for, its own and those it needs: open sources, parked steps, running optional steps."""
    reached: set[str] = set()
    frontier = [step for step in plan.steps if step.phase is phase]
    while frontier:
        step = frontier.pop()
        if step.name not in reached:
            reached.add(step.name)
            frontier.extend(plan.step(need) for need in step.needs)
    return tuple(step for step in plan.steps if step.name in reached and _is_awaited(step, records[step.name]))


def _is_awaited(step: PlanStep, record: AnyRecord) -> bool:
    if record.failed_since is not None:
        return True
    return not record.settled and (step.kind is StepKind.SOURCE or (record.running and not step.critical))


def _author(command: OperatorCommand) -> str:
    who = command.who or "an operator"
    return f"{who}: {command.why}" if command.why else who


def _accepted(text: str) -> CommandResult:
    return CommandResult(accepted=True, text=text)


def _refused(text: str) -> CommandResult:
    return CommandResult(accepted=False, text=text)


def _refused_unchanged(text: str) -> CommandResult:
    return _refused(f"{text}; nothing was changed")


def _wrong_date(command: OperatorCommand, game_date: date) -> str:
    if command.game_date in (None, game_date):
        return ""
    return f"this run is of {game_date}, not of {command.game_date}"


def _wrong_games(command: OperatorCommand, games: tuple[SlateGame, ...]) -> str:
    known = {name for game in games for name in (game.game_id, game.label)}
    unknown = [game for game in command.games if game not in known]
    if not unknown:
        return ""
    slate = ", ".join(game.label for game in games) or "no games"
    return f"no game {', '.join(unknown)} on this slate ({slate}){did_you_mean(unknown[0], known)}"


def _wrong_in_rerun(command: OperatorCommand, records: Records) -> str:
    """Why a command makes no sense in a re-run, which only waits for parked steps."""
    if command.name in _LINES_COMMANDS:
        return "this is a re-run: it processes landed batches and polls no provider"
    if command.name is CommandName.RELEASE_PICKS:
        return "this is a re-run: picks that were withheld when their games began stay withheld"
    record = records.get(command.target)
    if record is not None and record.failed_since is None:
        return f"this is a re-run and {command.target} is not parked in it"
    return ""


def _validate_force(command: OperatorCommand, plan: DayPlan, records: Records, now: datetime) -> CommandResult:
    target = command.target
    if target not in set(Phase):
        hint = did_you_mean(target, Phase)
        return _refused_unchanged(f"no phase {target!r}; the phases are {', '.join(Phase)}{hint}")
    if not records[step_names.SCHEDULE].settled:
        return _refused(
            f"the slate is unknown, so the day cannot continue: retry {plan.step(step_names.SCHEDULE).label}"
        )
    steps = awaited_steps(Phase(target), plan, records)
    if not steps:
        return _accepted(f"phase {target} waits for nothing; nothing was changed")
    # A parked step has been tried, in a re-run also before it opens.
    early = [step for step in steps if step.opens_at > now and not records[step.name].parked]
    if early and not command.yes:
        return CommandResult(accepted=False, text=_too_early(target, early, plan), unconfirmed=True)
    return _accepted(f"continuing without {', '.join(step.label for step in steps)}")


def _too_early(phase: str, early: Sequence[PlanStep], plan: DayPlan) -> str:
    opens = ", ".join(f"{step.label} opens {clock_time(step.opens_at, plan.game_date)}" for step in early[:3])
    more = f" and {len(early) - 3} more later" if len(early) > 3 else ""
    how = 'the option --yes, or "yes": true in the Temporal UI, goes on without them'
    return f"phase {phase} cannot have its data yet: {opens}{more}; nothing was changed; {how}"


def _validate_step(command: OperatorCommand, plan: DayPlan, records: Records) -> CommandResult:
    name = command.target
    if name not in records:
        return _refused_unchanged(no_such_step(name, plan))
    step = plan.step(name)
    if command.name is CommandName.RETRY_STEP:
        return _validate_retry(step, plan, records)
    if name == step_names.SCHEDULE and not records[name].settled:
        return _refused_unchanged("the day cannot continue without a slate")
    if records[name].state is StepState.SKIPPED:
        return _accepted(f"{step.label} was skipped already; nothing was changed")
    return _accepted(f"{step.label} is skipped for the rest of the day")


def _validate_retry(step: PlanStep, plan: DayPlan, records: Records) -> CommandResult:
    if records[step.name].running:
        return _refused_unchanged(f"{step.label} is running")
    missing = [plan.step(need).label for need in step.needs if not records[need].settled]
    when = f" when {', '.join(missing)} is complete, degraded or skipped" if missing else ""
    return _accepted(f"{step.label} is retried{when}")


def no_such_step(name: str, plan: DayPlan) -> str:
    """Why a name is no step of a plan, and what it may have been meant for."""
    primary = [step.label for step in plan.steps if name in {fallback.source for fallback in step.fallback_sources}]
    if primary:
        return f"{name} is not a step, but a fallback source of {', '.join(primary)}"
    names = [step.name for step in plan.steps]
    return f"no step {name!r}; the steps are {', '.join(names)}{did_you_mean(name, names)}"


def _validate_release(ledger: DayLedger) -> CommandResult:
    withheld = ", ".join(f"{item.system_id} ({item.view})" for item in ledger.withheld_picks())
    return _accepted(f"publishing the picks of {withheld}") if withheld else _refused("no picks are withheld")


def _validate_lines(plan: DayPlan) -> CommandResult:
    if any(step.phase is Phase.LINES for step in plan.steps):
        return _accepted("polling for lines now")
    return _refused_unchanged("this day has no lines to poll for")
