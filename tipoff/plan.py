"""The steps of a day as data: what runs when, what it needs, how long it is waited for and what happens then.

`GAME_DAY_STEPS` lists every step with its polls and deadlines. The named times they refer to, such as
`BETTING_LINES_OPEN` and `INPUTS_DUE`, are defined first. `plan_day` turns the descriptions into a plan for a slate.

A run that starts when the games are over backfills the date: the plan has the same steps without those that follow the
games, and all of them are due at once. What providers say about rosters, injuries and lines then is not what was known
before the games, so sources that do not answer for a past date are not requested (`Source.answers_for_past`).

How long an input stays usable without a new poll is `OUTDATED_AFTER` in `workflows/step_records.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from tipoff.sources.base import Source
from tipoff.systems.registry import ENSEMBLE, MEMBERS, SYSTEMS
from tipoff.vocabulary import (
    DAY_STARTS_AT,
    RESULTS_DUE_AT,
    Cadence,
    DayPlan,
    FallbackSource,
    OnDeadline,
    Phase,
    PlanStep,
    PollWhen,
    Role,
    SlateGame,
    Span,
    StepKind,
    day_end,
    eastern,
    game_date_of,
    step_names,
)


def hours(count: float) -> timedelta:
    """A span of hours."""
    return timedelta(hours=count)


def minutes(count: float) -> timedelta:
    """A span of minutes."""
    return timedelta(minutes=count)


# ── named times of a day ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class SlateTimes:
    """What the times of a day depend on: the game date and its fixed tip-offs, earliest first.

    If no game has a fixed one, `tips` is an assumed tip-off; on a date without games it is empty.
    """

    game_date: date
    tips: tuple[datetime, ...] = ()
    all_fixed: bool = True
    """Whether every game has a fixed tip-off; one without may begin at any time."""
    has_fixed: bool = True
    """Whether any game has one."""

    def at(self, hour: int, minute: int = 0, *, days_later: int = 0) -> datetime:
        """An Eastern time of the game date, or of a date after it."""
        return eastern(self.game_date + timedelta(days=days_later), hour, minute)


@dataclass(frozen=True)
class DayTime:
    """A named time of a day; `resolve` returns it for a slate."""

    resolve: Callable[[SlateTimes], datetime]

    def __add__(self, offset: timedelta) -> DayTime:
        return DayTime(lambda slate: self.resolve(slate) + offset)

    def __sub__(self, offset: timedelta) -> DayTime:
        return self + -offset


FIRST_TIP = DayTime(lambda slate: slate.tips[0])
LAST_TIP = DayTime(lambda slate: slate.tips[-1])

DAY_STARTS = DayTime(lambda slate: slate.at(*DAY_STARTS_AT))
SLATE_LATE = DayTime(lambda slate: slate.at(8))
EARLIEST_USUAL_TIP = DayTime(lambda slate: slate.at(12))
LATEST_USUAL_TIP = DayTime(lambda slate: slate.at(22, 30))
"""Stands for the tip-off of a date while none of its games has a fixed one: nothing is due earlier than usual."""
SLATE_POLLS_END = DayTime(
    lambda slate: slate.tips[-1] if slate.tips and slate.all_fixed else max([*slate.tips, slate.at(23)])
)
COMPUTING_OPENS = DayTime(lambda slate: slate.at(6))
BETTING_LINES_OPEN = DayTime(lambda slate: max(slate.at(8), slate.tips[0] - hours(12)))
PREDICTIONS_DUE = DayTime(lambda slate: min(slate.at(13, 30), slate.tips[0] - hours(2)))
INPUTS_DUE = PREDICTIONS_DUE - minutes(15)
"""The deadline for betting lines and the other inputs of predictions; the rest of the time is for computing."""
INPUTS_LATE = INPUTS_DUE - hours(1)
INJURY_WATCH_OPENS = FIRST_TIP - minutes(85)
"""Reports come out on the quarters of an hour, as tip-offs do: polled five minutes after each, ten before a tip-off."""
RESULTS_OPEN = FIRST_TIP + hours(2.25)
GAMES_OVER = LAST_TIP + hours(2.75)
RESULTS_LATE = LAST_TIP + hours(4)
RESULT_DETAILS_DUE = LAST_TIP + hours(5)
RESULTS_DUE = DayTime(lambda slate: slate.at(*RESULTS_DUE_AT, days_later=1))
DAY_ENDS = DayTime(lambda slate: day_end(slate.game_date))

BEFORE_EACH_TIP = minutes(10)
"""Betting lines are polled once more this long before each tip-off, for the closing lines."""


# ── what describes a step ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Polls:
    """Poll every `every` from `start` until `until`; `only` narrows it to before or after the first success."""

    every: timedelta
    start: DayTime
    until: DayTime
    only: PollWhen = PollWhen.ALWAYS
    while_not_fixed: bool = False
    """Only while a game of the slate has no fixed tip-off."""


@dataclass(frozen=True, kw_only=True)
class SourceStep:
    """A step that polls a primary source; its fallback sources are those that name it in `fallback_for`."""

    source: str
    phase: Phase
    polls: tuple[Polls, ...]
    soft_deadline: DayTime
    """An alert is sent."""
    hard_deadline: DayTime | None
    """The wait ends as `on_deadline` says. None: the source is waited for as long as it is polled."""
    on_deadline: OnDeadline
    degraded_message: str = ""
    """How the day continues without the source."""
    replaced_by: tuple[str, ...] = ()
    """The steps whose data `degraded_message` names as used instead."""
    without_replacement: str = ""
    """What follows if none of them has data."""
    needs: tuple[str, ...] = ()
    critical: bool = False
    polled_before_each_tip: bool = False
    per_game: bool = False
    """Whether a response without some games is useful for the others."""
    landed_only: bool = False
    """Nothing is requested: only what was landed before the games is read."""


@dataclass(frozen=True, kw_only=True)
class ComputeStep:
    """A step that computes or publishes; it opens when what it needs is settled and `opens_at` has passed."""

    name: str
    title: str
    phase: Phase
    kind: StepKind
    subject: str | None = None
    """The table, system or export it is about; None: the one that it is named after."""
    span: Span = Span.SLATE
    role: Role = Role.PRE
    critical: bool = True
    needs: tuple[str, ...]
    reruns_after: tuple[str, ...] | None = None
    """Those of `needs` whose new data make it run again; None: all of them."""
    reruns_also_after: tuple[str, ...] = ()
    """Further steps whose new data make it run again, though it does not wait for them."""
    opens_at: DayTime = COMPUTING_OPENS
    soft_deadline: DayTime | None = PREDICTIONS_DUE
    hard_deadline: DayTime | None = None
    on_deadline: OnDeadline = OnDeadline.PARK
    degraded_message: str = ""
    replaced_by: tuple[str, ...] = ()
    without_replacement: str = ""


StepDescription = SourceStep | ComputeStep
Steps = tuple[StepDescription, ...]

_until_complete = partial(Polls, every=minutes(30), only=PollWhen.UNTIL_COMPLETE)
_once_complete = partial(Polls, every=hours(2), only=PollWhen.ONCE_COMPLETE)


# ── before the games ─────────────────────────────────────────────────────────────────────────────────────

SCHEDULE_STEP = SourceStep(
    source=step_names.SCHEDULE,
    phase=Phase.SLATE,
    polls=(
        _until_complete(start=DAY_STARTS, until=SLATE_POLLS_END),
        _once_complete(start=DAY_STARTS, until=SLATE_POLLS_END),
        Polls(every=hours(1), start=DAY_STARTS, until=SLATE_POLLS_END, while_not_fixed=True),
    ),
    soft_deadline=SLATE_LATE,
    hard_deadline=None,
    on_deadline=OnDeadline.PARK,
    critical=True,
)

SLATE_STEPS: tuple[StepDescription, ...] = (
    SCHEDULE_STEP,
    ComputeStep(  # once the slate is known, `today` names this date, and yesterday's picks are gone from it
        name=step_names.ANNOUNCE_DAY,
        title="announce the day",
        phase=Phase.SLATE,
        kind=StepKind.EXPORT,
        subject="announcement",
        critical=False,
        needs=(step_names.SCHEDULE,),
        reruns_after=(),
        opens_at=DAY_STARTS,
        soft_deadline=None,
    ),
)

_NO_PLAYERS = "no player is predicted"

COLLECT_STEPS: tuple[StepDescription, ...] = (
    SourceStep(
        source=step_names.ESPN_SCOREBOARD,
        phase=Phase.COLLECT,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=DAY_STARTS + hours(1), until=LAST_TIP),),
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="the day continues without the ESPN scoreboard",
        per_game=True,
    ),
    SourceStep(
        source=step_names.PLAYER_LIST,
        phase=Phase.COLLECT,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=DAY_STARTS + hours(1.5), until=LAST_TIP),),
        soft_deadline=INPUTS_LATE - hours(2),  # rosters and the injury report are polled after its deadline
        hard_deadline=INPUTS_DUE - hours(2),
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="the team rosters are used alone",
        replaced_by=(step_names.ROSTERS,),
        without_replacement=_NO_PLAYERS,
        critical=True,
    ),
    SourceStep(
        source=step_names.ROSTERS,
        phase=Phase.COLLECT,
        needs=(step_names.PLAYER_LIST,),
        polls=(_until_complete(start=DAY_STARTS + hours(2), until=LAST_TIP),),
        soft_deadline=INPUTS_LATE - hours(1),  # the injury report is polled after its deadline
        hard_deadline=INPUTS_DUE - hours(1),
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="the league's player list is used instead",
        replaced_by=(step_names.PLAYER_LIST,),
        without_replacement=_NO_PLAYERS,
    ),
    SourceStep(
        source=step_names.PLAYER_BOX_SCORE_HISTORY,
        phase=Phase.COLLECT,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=DAY_STARTS + hours(1), until=LAST_TIP),),
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="predictions use the results stored before",
        critical=True,
    ),
    SourceStep(
        source=step_names.TEAM_BOX_SCORE_HISTORY,
        phase=Phase.COLLECT,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=DAY_STARTS + hours(1), until=LAST_TIP),),
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="predictions use the results stored before",
        critical=True,
    ),
    SourceStep(
        source=step_names.INJURY_REPORT,
        phase=Phase.COLLECT,
        needs=(step_names.ROSTERS,),
        polls=(
            Polls(every=hours(2), start=DAY_STARTS + hours(3), until=INJURY_WATCH_OPENS),
            Polls(every=minutes(15), start=INJURY_WATCH_OPENS, until=LAST_TIP),
            # A late report is polled once more, so that its fallback source is polled in time for predictions.
            _until_complete(start=INPUTS_LATE, until=INPUTS_LATE),
        ),
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="predictions are made without an injury report",
    ),
    SourceStep(
        source=step_names.STANDINGS,
        phase=Phase.COLLECT,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=DAY_STARTS + hours(1), until=FIRST_TIP),),
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="no prediction depends on it",
    ),
    SourceStep(
        source=step_names.PLAYER_MOVEMENT,
        phase=Phase.COLLECT,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=DAY_STARTS + hours(1), until=FIRST_TIP),),
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="no prediction depends on it",
    ),
    SourceStep(
        source=step_names.REFEREES,
        phase=Phase.COLLECT,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=DAY_STARTS + hours(4.25), until=FIRST_TIP),),
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="no prediction depends on it",
    ),
)

BETTING_LINE_STEPS: tuple[StepDescription, ...] = (
    SourceStep(
        source=step_names.BETTING_EVENTS,
        phase=Phase.LINES,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=BETTING_LINES_OPEN, until=LAST_TIP),),
        soft_deadline=INPUTS_LATE - hours(1),  # lines are polled after its deadline
        hard_deadline=INPUTS_DUE - hours(1),
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="The Odds API cannot be polled for betting lines",
        per_game=True,
    ),
    SourceStep(
        source=step_names.GAME_BETTING_LINES,
        phase=Phase.LINES,
        needs=(step_names.BETTING_EVENTS,),
        polls=(
            _until_complete(start=BETTING_LINES_OPEN, until=LAST_TIP),
            _once_complete(start=BETTING_LINES_OPEN, until=LAST_TIP),
        ),
        polled_before_each_tip=True,
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="predictions are made without spreads and totals",
        per_game=True,
    ),
    SourceStep(
        source=step_names.BETTING_LINES,
        phase=Phase.LINES,
        needs=(step_names.BETTING_EVENTS, step_names.ROSTERS),
        polls=(
            _until_complete(start=BETTING_LINES_OPEN, until=LAST_TIP),
            _once_complete(start=BETTING_LINES_OPEN, until=LAST_TIP),
        ),
        polled_before_each_tip=True,
        soft_deadline=INPUTS_LATE,
        hard_deadline=INPUTS_DUE,  # the deadline for betting lines
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="predictions are published without betting lines",
        per_game=True,
    ),
)

_context_transform = partial(ComputeStep, phase=Phase.CONTEXT, kind=StepKind.TRANSFORM)
_optional_transform = partial(
    _context_transform,
    critical=False,
    hard_deadline=PREDICTIONS_DUE,
    on_deadline=OnDeadline.DEGRADE,
    degraded_message="no prediction depends on it",
)

CONTEXT_STEPS: tuple[StepDescription, ...] = (
    _context_transform(
        name=step_names.TEAM_HISTORY,
        title="team results to date",
        subject="team_offense_game_summary",
        span=Span.HISTORY,
        needs=(step_names.TEAM_BOX_SCORE_HISTORY,),
    ),
    _optional_transform(
        name=step_names.TEAM_DEFENSE_HISTORY,
        title="team defense to date",
        subject="team_defense_game_summary",
        span=Span.HISTORY,
        needs=(step_names.TEAM_HISTORY,),
    ),
    _context_transform(
        name=step_names.PLAYER_HISTORY,
        title="player results to date",
        subject="player_game_summary",
        span=Span.HISTORY,
        needs=(step_names.PLAYER_BOX_SCORE_HISTORY, step_names.TEAM_HISTORY),
    ),
    _context_transform(
        name=step_names.CONSENSUS_LINES,
        title="consensus lines",
        needs=(step_names.BETTING_LINES,),
    ),
    _context_transform(
        name=step_names.TEAM_CONTEXT,
        title="team context",
        needs=(
            step_names.SCHEDULE,
            step_names.TEAM_HISTORY,
            step_names.GAME_BETTING_LINES,
            step_names.INJURY_REPORT,
        ),
    ),
    _context_transform(
        name=step_names.PLAYER_CONTEXT,
        title="player context",
        needs=(
            step_names.SCHEDULE,
            step_names.PLAYER_LIST,
            step_names.ROSTERS,
            step_names.INJURY_REPORT,
            step_names.PLAYER_HISTORY,
            step_names.CONSENSUS_LINES,
            step_names.TEAM_CONTEXT,
        ),
    ),
    _context_transform(
        name=step_names.PLAYER_FORM,
        title="player form",
        needs=(step_names.PLAYER_HISTORY, step_names.PLAYER_CONTEXT, step_names.ROSTERS),
    ),
    _optional_transform(
        name=step_names.TEAM_DEFENSE_ZONES,
        title="team defense by zone",
        needs=(step_names.TEAM_DEFENSE_HISTORY, step_names.TEAM_CONTEXT),
        reruns_after=(step_names.TEAM_DEFENSE_HISTORY,),
    ),
    _optional_transform(
        name=step_names.PLAYER_SHOT_ZONES,
        title="player shots by zone",
        needs=(step_names.PLAYER_HISTORY, step_names.TEAM_CONTEXT),
        reruns_after=(step_names.PLAYER_HISTORY,),
    ),
    _optional_transform(
        name=step_names.COMPOSITE_FACTORS,
        title="composite factors",
        needs=(
            step_names.TEAM_CONTEXT,
            step_names.PLAYER_CONTEXT,
            step_names.PLAYER_FORM,
            step_names.TEAM_DEFENSE_ZONES,
            step_names.PLAYER_SHOT_ZONES,
        ),
    ),
)

_SYSTEM_INPUTS = (step_names.FEATURES, step_names.FEATURE_HISTORY)

PREDICT_STEPS: tuple[StepDescription, ...] = (
    ComputeStep(
        name=step_names.FEATURES,
        title="features",
        phase=Phase.PREDICT,
        kind=StepKind.FEATURES,
        needs=(
            step_names.TEAM_CONTEXT,
            step_names.PLAYER_CONTEXT,
            step_names.PLAYER_FORM,
            step_names.PLAYER_SHOT_ZONES,
            step_names.COMPOSITE_FACTORS,
        ),
    ),
    ComputeStep(
        name=step_names.FEATURE_HISTORY,
        title="features of past games",
        phase=Phase.CONTEXT,
        kind=StepKind.FEATURES,
        span=Span.HISTORY,
        needs=(step_names.PLAYER_HISTORY, step_names.TEAM_DEFENSE_HISTORY, step_names.SCHEDULE),
        reruns_after=(step_names.PLAYER_HISTORY,),
    ),
    *(
        ComputeStep(
            name=system_id,
            title=title,
            phase=Phase.PREDICT,
            kind=StepKind.SYSTEM,
            critical=False,
            # the ensemble predicts without a member that failed
            needs=(*_SYSTEM_INPUTS, *(MEMBERS if system_id == ENSEMBLE else ())),
            reruns_after=_SYSTEM_INPUTS,
            hard_deadline=PREDICTIONS_DUE,
            on_deadline=OnDeadline.DEGRADE,
            degraded_message="the other systems' predictions are published",
            replaced_by=tuple(other for other in SYSTEMS if other != system_id),
            without_replacement="no predictions are published",
        )
        for system_id, title in SYSTEMS.items()
    ),
)

TRAINING_STEP = ComputeStep(
    name=step_names.TRAINING,
    title="models of the systems",
    phase=Phase.PREDICT,
    kind=StepKind.TRAIN,
    critical=False,
    needs=(step_names.FEATURE_HISTORY,),
    hard_deadline=PREDICTIONS_DUE,
    on_deadline=OnDeadline.DEGRADE,
    degraded_message="systems predict by their last models or untrained",
)

PUBLISH_PREDICTIONS_STEP = ComputeStep(
    name=step_names.PUBLISH_PREDICTIONS,
    title="publish predictions",
    phase=Phase.PUBLISH,
    kind=StepKind.EXPORT,
    subject="predictions",
    needs=tuple(SYSTEMS),
)
PUBLISH_TONIGHT_STEP = ComputeStep(
    name=step_names.PUBLISH_TONIGHT,
    title="publish tonight's players",
    phase=Phase.PUBLISH,
    kind=StepKind.EXPORT,
    subject="tonight",
    critical=False,
    needs=(step_names.PUBLISH_PREDICTIONS,),
    soft_deadline=None,
)
REPORT_PAGE_STEP = ComputeStep(
    name=step_names.REPORT_PAGE,
    title="report page",
    phase=Phase.PUBLISH,
    kind=StepKind.EXPORT,
    subject="page",
    critical=False,
    needs=(step_names.PUBLISH_PREDICTIONS,),
    soft_deadline=None,
)


# ── during and after the games ───────────────────────────────────────────────────────────────────────────

RESULT_SOURCE_STEPS: tuple[StepDescription, ...] = (
    SourceStep(
        source=step_names.LIVE_SCOREBOARD,
        phase=Phase.FOLLOW,
        needs=(step_names.SCHEDULE,),
        polls=(
            # A game without a fixed tip-off may begin at any time.
            Polls(
                every=minutes(15),
                start=EARLIEST_USUAL_TIP,
                until=FIRST_TIP,
                only=PollWhen.UNTIL_COMPLETE,
                while_not_fixed=True,
            ),
            Polls(every=minutes(3), start=FIRST_TIP, until=RESULTS_LATE, only=PollWhen.UNTIL_COMPLETE),
            _until_complete(start=RESULTS_LATE, until=RESULTS_DUE),
        ),
        soft_deadline=RESULTS_LATE,
        hard_deadline=RESULT_DETAILS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="the box scores decide which games are final",
        replaced_by=(step_names.PLAYER_BOX_SCORES,),
        without_replacement="no game is known to be final",
        per_game=True,
    ),
    SourceStep(
        source=step_names.PLAYER_BOX_SCORES,
        phase=Phase.RESULTS,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=RESULTS_OPEN, until=RESULTS_DUE),),
        soft_deadline=RESULTS_LATE,
        hard_deadline=RESULTS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="only games with box scores are graded",
        critical=True,
        per_game=True,
    ),
    SourceStep(
        source=step_names.TEAM_BOX_SCORES,
        phase=Phase.RESULTS,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=RESULTS_OPEN, until=RESULTS_DUE),),
        soft_deadline=RESULTS_LATE,
        hard_deadline=RESULT_DETAILS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="team totals are summed from the players' box scores",
        replaced_by=(step_names.PLAYER_BOX_SCORES,),
        without_replacement="no game has results",
        per_game=True,
    ),
    SourceStep(
        source=step_names.PLAY_BY_PLAY,
        phase=Phase.RESULTS,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=GAMES_OVER, until=RESULTS_DUE),),
        soft_deadline=RESULTS_LATE,
        hard_deadline=RESULT_DETAILS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="these games have no shots by zone",
        per_game=True,
    ),
    SourceStep(
        source=step_names.GAMEBOOK,
        phase=Phase.RESULTS,
        needs=(step_names.SCHEDULE,),
        polls=(_until_complete(start=GAMES_OVER, until=RESULTS_DUE),),
        soft_deadline=RESULTS_LATE,
        hard_deadline=RESULT_DETAILS_DUE,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message="reasons for not playing stay unknown, and who was on court for seconds counts as not playing",
        per_game=True,
    ),
)

_after_the_games = partial(ComputeStep, role=Role.POST, opens_at=RESULTS_OPEN, soft_deadline=RESULTS_DUE)

_result_details = partial(
    _after_the_games,
    phase=Phase.RESULTS,
    kind=StepKind.TRANSFORM,
    critical=False,
    hard_deadline=RESULTS_DUE,
    on_deadline=OnDeadline.DEGRADE,
    degraded_message="no grade depends on it",
)

RESULT_STEPS: tuple[StepDescription, ...] = (
    _after_the_games(
        name=step_names.TEAM_RESULTS,
        title="team results",
        phase=Phase.RESULTS,
        kind=StepKind.TRANSFORM,
        subject="team_offense_game_summary",
        needs=(step_names.TEAM_BOX_SCORES, step_names.PLAYER_BOX_SCORES),
    ),
    _after_the_games(
        name=step_names.PLAYER_RESULTS,
        title="player results",
        phase=Phase.RESULTS,
        kind=StepKind.TRANSFORM,
        subject="player_game_summary",
        needs=(step_names.PLAYER_BOX_SCORES, step_names.TEAM_RESULTS),
    ),
    _result_details(
        name=step_names.TEAM_DEFENSE_RESULTS,
        title="team defense",
        subject="team_defense_game_summary",
        needs=(step_names.TEAM_RESULTS, step_names.PLAY_BY_PLAY),
    ),
    # The same table as above: grades do not wait for what comes later than the box scores.
    _result_details(
        name=step_names.PLAYER_RESULT_DETAILS,
        title="player results with shots and gamebook",
        subject="player_game_summary",
        needs=(step_names.PLAYER_RESULTS, step_names.PLAY_BY_PLAY, step_names.GAMEBOOK),
    ),
)

GRADE_STEP = _after_the_games(
    name=step_names.GRADE,
    title="grades",
    phase=Phase.GRADE,
    kind=StepKind.GRADE,
    needs=(step_names.LIVE_SCOREBOARD, step_names.PLAYER_RESULTS, step_names.PUBLISH_PREDICTIONS),
    # A gamebook has the minutes of a player who was on court for seconds: he is graded, and not void.
    reruns_also_after=(step_names.GAMEBOOK,),
)
PUBLISH_RESULTS_STEP = _after_the_games(
    name=step_names.PUBLISH_RESULTS,
    title="publish results",
    phase=Phase.GRADE,
    kind=StepKind.EXPORT,
    subject="results",
    needs=(step_names.GRADE,),
)
PUBLISH_SUMMARY_STEP = _after_the_games(
    name=step_names.PUBLISH_SUMMARY,
    title="publish the summary",
    phase=Phase.GRADE,
    kind=StepKind.EXPORT,
    subject="summary",
    needs=(step_names.GRADE,),
)
PUBLISH_PLAYERS_STEP = _after_the_games(
    name=step_names.PUBLISH_PLAYERS,
    title="publish the players",
    phase=Phase.GRADE,
    kind=StepKind.EXPORT,
    subject="players",
    critical=False,
    needs=(step_names.GRADE,),
)


# ── the three kinds of day ───────────────────────────────────────────────────────────────────────────────

GAME_DAY_STEPS: Steps = (
    *SLATE_STEPS,
    *COLLECT_STEPS,
    *BETTING_LINE_STEPS,
    *CONTEXT_STEPS,
    *PREDICT_STEPS,
    PUBLISH_PREDICTIONS_STEP,
    PUBLISH_TONIGHT_STEP,
    REPORT_PAGE_STEP,
    *RESULT_SOURCE_STEPS,
    *RESULT_STEPS,
    GRADE_STEP,
    PUBLISH_RESULTS_STEP,
    PUBLISH_SUMMARY_STEP,
    PUBLISH_PLAYERS_STEP,
)
"""Every step of a date with games, each listed after all it needs."""

_at_once = partial(replace, opens_at=DAY_STARTS, soft_deadline=None)

NO_GAME_STEPS: tuple[StepDescription, ...] = (
    replace(SCHEDULE_STEP, polls=()),
    _at_once(PUBLISH_PREDICTIONS_STEP, needs=(step_names.SCHEDULE,)),
    _at_once(PUBLISH_TONIGHT_STEP),
    _at_once(REPORT_PAGE_STEP),
)
"""The steps of a date without games: publish that there are none."""

VOID_GRADE_STEPS: tuple[StepDescription, ...] = (
    _at_once(GRADE_STEP, needs=(step_names.PUBLISH_PREDICTIONS,), reruns_also_after=()),
    _at_once(PUBLISH_RESULTS_STEP),
    _at_once(PUBLISH_SUMMARY_STEP),
)
"""Further steps where all games were called off after predictions were published: grade these as void."""


# ── dates that have begun or are over ────────────────────────────────────────────────────────────────────

BACKFILL_POLLS_EVERY = minutes(10)
BACKFILL_LATE_AFTER = minutes(9)
OPTIONAL_BACKFILL_TAKES = minutes(10)
"""How long optional data of a past date are polled for; a later re-run of the step polls again."""
BACKFILL_TAKES = hours(3)
"""How long the critical data of a past date are polled for."""
BACKFILL_ENDS_AFTER = hours(4)

_FOLLOWS_THE_GAMES = frozenset({step_names.ANNOUNCE_DAY, step_names.LIVE_SCOREBOARD})
"""Steps without use once a date is over: the schedule and the box scores tell which games are final."""


def _backfill_steps(steps: Steps, started_at: datetime) -> Steps:
    """The steps of a date that is over: all are due when the run starts."""
    start = DayTime(lambda slate: started_at)
    return tuple(_backfill_step(step, start) for step in steps if _name_of(step) not in _FOLLOWS_THE_GAMES)


def _backfill_step(step: StepDescription, start: DayTime) -> StepDescription:
    needs = tuple(need for need in step.needs if need not in _FOLLOWS_THE_GAMES)
    if isinstance(step, ComputeStep):
        hard_deadline = start + BACKFILL_ENDS_AFTER if step.hard_deadline else None
        late = start + BACKFILL_TAKES
        return replace(step, needs=needs, opens_at=start, soft_deadline=late, hard_deadline=hard_deadline)
    if step.landed_only:
        return replace(step, soft_deadline=start + BACKFILL_TAKES)
    end = start + (BACKFILL_TAKES if step.critical else OPTIONAL_BACKFILL_TAKES)
    polls = Polls(every=BACKFILL_POLLS_EVERY, start=start, until=end, only=PollWhen.UNTIL_COMPLETE)
    return replace(
        step,
        polls=(polls,) if step.polls else (),
        polled_before_each_tip=False,
        soft_deadline=start + BACKFILL_LATE_AFTER,
        hard_deadline=end if step.hard_deadline else None,
    )


def _with_training(
    steps: Iterable[StepDescription], training: StepDescription = TRAINING_STEP
) -> Iterator[StepDescription]:
    """The steps with one before the systems that trains them where no models may predict the date."""
    for step in steps:
        if not isinstance(step, ComputeStep) or step.kind is not StepKind.SYSTEM:
            yield step
            continue
        if _name_of(step) == next(iter(SYSTEMS)):
            yield training
        yield replace(step, needs=(*step.needs, step_names.TRAINING))


def _landed_steps(steps: Steps, sources: Mapping[str, Source], started_at: datetime) -> Steps:
    """The steps of a date whose games had all begun: nothing is requested that speaks about a later time.

    A further step trains the systems where no models may predict the date. The player list is listed after the box
    scores: they replace it where none was landed.
    """
    start = DayTime(lambda slate: started_at)
    landed = [_landed_step(step, sources, start) for step in steps]
    first = next(number for number, step in enumerate(landed) if _name_of(step) == step_names.PLAYER_LIST)
    last = next(number for number, step in enumerate(landed) if _name_of(step) == step_names.PLAYER_BOX_SCORE_HISTORY)
    ordered = (*landed[:first], landed[last], *landed[first:last], *landed[last + 1 :])
    return tuple(_with_training(ordered, _landed_step(TRAINING_STEP, sources, start)))


def _landed_step(step: StepDescription, sources: Mapping[str, Source], start: DayTime) -> StepDescription:
    step = _due_from(start, step, sources)
    if isinstance(step, ComputeStep):
        return step
    source = sources[step.source]
    if source.answers_for_past:
        # Without rosters and player list, names resolve to the players of the earlier box scores.
        return replace(step, needs=(*step.needs, step_names.PLAYER_LIST)) if source.needs_players else step
    landed = replace(
        step,
        landed_only=True,
        polls=(Polls(every=BACKFILL_POLLS_EVERY, start=start, until=start),),
        polled_before_each_tip=False,
        hard_deadline=None,
    )
    derived_from = (step_names.PLAYER_BOX_SCORE_HISTORY,) if step.source == step_names.PLAYER_LIST else ()
    message = _MESSAGES_WITHOUT_LANDED.get(step.source, step.degraded_message)
    replaced_by = (*step.replaced_by, step_names.PLAYER_BOX_SCORE_HISTORY) if step.replaced_by else ()
    return replace(landed, needs=(*step.needs, *derived_from), degraded_message=message, replaced_by=replaced_by)


def _due_from(start: DayTime, step: StepDescription, sources: Mapping[str, Source]) -> StepDescription:
    """The usual polls and deadlines of a step before the games are past: they count from the start of the run."""
    role = step.role if isinstance(step, ComputeStep) else sources[step.source].role
    if role is not Role.PRE:
        return step
    late, end = start + BACKFILL_LATE_AFTER, start + OPTIONAL_BACKFILL_TAKES
    step = replace(step, hard_deadline=end if step.hard_deadline else None)
    if isinstance(step, SourceStep) and step.hard_deadline:
        step = replace(step, polls=(_until_complete(every=BACKFILL_POLLS_EVERY, start=start, until=end),))
    return replace(step, soft_deadline=late) if step.soft_deadline else step


_MESSAGES_WITHOUT_LANDED = {
    step_names.PLAYER_LIST: "each player counts to the team of his last game before the date",
    step_names.ROSTERS: "the players are those of the league's list or of the last games before the date",
    step_names.BETTING_EVENTS: "no prediction depends on it",
}
"""How a day continues without what was landed, where that differs from other days."""


def _name_of(step: StepDescription) -> str:
    return step.name if isinstance(step, ComputeStep) else step.source


# ── planning ─────────────────────────────────────────────────────────────────────────────────────────────


def plan_slate(game_date: date, sources: Mapping[str, Source], started_at: datetime | None = None) -> DayPlan:
    """The plan until the slate is known: poll the schedule."""
    return _plan(game_date, (), (SCHEDULE_STEP,), sources, started_at, slate_known=False)


def plan_day(
    game_date: date,
    games: tuple[SlateGame, ...],
    sources: Mapping[str, Source],
    *,
    published: bool = False,
    started_at: datetime | None = None,
) -> DayPlan:
    """The plan of a date for its slate.

    Args:
        published: predictions of the date are published, so they are graded even when no game is left.
        started_at: when the run of the day started; None: in time.
    """
    if games:
        return _plan(game_date, games, GAME_DAY_STEPS, sources, started_at)
    steps = (*NO_GAME_STEPS, *(VOID_GRADE_STEPS if published else ()))
    return _plan(game_date, games, steps, sources, started_at)


def all_step_names() -> tuple[str, ...]:
    """The names of the steps of all plans, in their order."""
    return tuple(_name_of(step) for step in _with_training(GAME_DAY_STEPS))


def is_critical(source_name: str) -> bool:
    """Whether a source is the primary source of a critical step."""
    steps = (step for step in GAME_DAY_STEPS if isinstance(step, SourceStep))
    return any(step.critical for step in steps if step.source == source_name)


def _plan(
    game_date: date,
    games: tuple[SlateGame, ...],
    steps: Steps,
    sources: Mapping[str, Source],
    started_at: datetime | None,
    *,
    slate_known: bool = True,
) -> DayPlan:
    slate = slate_times(game_date, games)
    known_by = inputs_known_by(slate, started_at)
    if known_by and started_at:
        steps = _landed_steps(steps, sources, started_at)
    is_backfill = started_at is not None and _is_over(slate, started_at)
    if is_backfill and started_at:
        steps = _backfill_steps(steps, started_at)
    return DayPlan(
        game_date=game_date,
        games=games,
        steps=tuple(
            _source_step(step, slate, sources) if isinstance(step, SourceStep) else _compute_step(step, slate)
            for step in steps
        ),
        predictions_due=PREDICTIONS_DUE.resolve(slate) if games and not is_backfill else None,
        ends_at=started_at + BACKFILL_ENDS_AFTER if is_backfill and started_at else DAY_ENDS.resolve(slate),
        slate_known=slate_known,
        started_at=started_at,
        is_backfill=is_backfill,
        known_by=known_by,
    )


def _is_over(slate: SlateTimes, now: datetime) -> bool:
    """Whether all games are over: some hours after the last tip-off; without known games once the date is past."""
    if not slate.tips:
        return game_date_of(now) > slate.game_date
    return now >= (RESULTS_LATE if slate.all_fixed else DAY_ENDS).resolve(slate)


def inputs_known_by(slate: SlateTimes, started_at: datetime | None) -> datetime | None:
    """The second before the first tip-off if every game had begun when the run started; later inputs are not read.

    A game without a fixed tip-off has begun only once the date is over.
    """
    if not slate.tips or started_at is None:
        return None
    if started_at < (slate.tips[-1] if slate.all_fixed else DAY_ENDS.resolve(slate)):
        return None
    first = slate.tips[0] if slate.has_fixed else EARLIEST_USUAL_TIP.resolve(slate)
    return first - timedelta(seconds=1)


def slate_times(game_date: date, games: tuple[SlateGame, ...]) -> SlateTimes:
    """The times that the plan depends on: only fixed tip-offs; while no game has one, a late one is assumed."""
    fixed = {game.tip_off for game in games if game.tip_off}
    assumed = {LATEST_USUAL_TIP.resolve(SlateTimes(game_date))} if games else set[datetime]()
    all_fixed = all(game.tip_off for game in games)
    return SlateTimes(game_date, tuple(sorted(fixed or assumed)), all_fixed=all_fixed, has_fixed=bool(fixed))


def _source_step(step: SourceStep, slate: SlateTimes, sources: Mapping[str, Source]) -> PlanStep:
    source = sources[step.source]
    cadence = tuple(
        Cadence(start=polls.start.resolve(slate), until=polls.until.resolve(slate), every=polls.every, only=polls.only)
        for polls in step.polls
        if not (polls.while_not_fixed and slate.all_fixed)
    )
    return PlanStep(
        name=source.name,
        subject=source.name,
        provider=source.provider.host,
        phase=step.phase,
        kind=StepKind.SOURCE,
        title=source.title,
        role=source.role,
        critical=step.critical,
        needs=step.needs,
        opens_at=min((polls.start for polls in cadence), default=DAY_STARTS.resolve(slate)),
        cadence=cadence,
        poll_times=tuple(tip - BEFORE_EACH_TIP for tip in slate.tips) if step.polled_before_each_tip else (),
        soft_deadline=step.soft_deadline.resolve(slate),
        hard_deadline=_resolved(step.hard_deadline, slate),
        on_deadline=step.on_deadline,
        degraded_message=step.degraded_message,
        replaced_by=step.replaced_by,
        without_replacement=step.without_replacement,
        per_game=step.per_game,
        provider_ids_from=source.needs_ids_of,
        fallback_sources=_fallback_sources(source.name, sources),
        polls_missing_games_only=source.polls_missing_games_only,
        landed_only=step.landed_only,
    )


def _compute_step(step: ComputeStep, slate: SlateTimes) -> PlanStep:
    return PlanStep(
        name=step.name,
        subject=step.subject or step.name,
        span=step.span,
        phase=step.phase,
        kind=step.kind,
        title=step.title,
        role=step.role,
        critical=step.critical,
        needs=step.needs,
        follows=(*(step.needs if step.reruns_after is None else step.reruns_after), *step.reruns_also_after),
        opens_at=step.opens_at.resolve(slate),
        soft_deadline=_resolved(step.soft_deadline, slate),
        hard_deadline=_resolved(step.hard_deadline, slate),
        on_deadline=step.on_deadline,
        degraded_message=step.degraded_message,
        replaced_by=step.replaced_by,
        without_replacement=step.without_replacement,
    )


def _resolved(time: DayTime | None, slate: SlateTimes) -> datetime | None:
    return None if time is None else time.resolve(slate)


def _fallback_sources(name: str, sources: Mapping[str, Source]) -> tuple[FallbackSource, ...]:
    """A source's fallback sources in the order they are polled."""
    chain = [other for other in sources.values() if name in other.fallback_for]
    chain.sort(key=lambda other: len(other.fallback_for))
    return tuple(
        FallbackSource(source=other.name, title=other.title, provider_ids_from=other.needs_ids_of) for other in chain
    )
