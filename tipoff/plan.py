"""The steps of a day as data: what runs, what it needs, when it looks and when it gives up waiting.

The clock of a day is `domain` time, Eastern: slate and overnight results from 06:00, lines from 08:00 or twelve hours
before the first tip, predictions by 13:30 or two hours before the first tip, results from tip plus two and a quarter
hours, grading by 09:00 of the next day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from tipoff.sources.base import Source
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import (
    Cadence,
    DayPlan,
    FallbackSource,
    Frozen,
    OnDeadline,
    Phase,
    PlanStep,
    PollWhen,
    Role,
    SlateGame,
    Span,
    StepKind,
    eastern,
)

COMPUTE_MARGIN = timedelta(minutes=15)
"""Inputs are given up this long before predictions are due, so that computing them fits in."""

HALF_HOUR = timedelta(minutes=30)


class Deadlines(Frozen):
    """How long a source is waited for: an alert at `soft`, the fallback at `hard`."""

    soft: datetime
    hard: datetime

    def hours_earlier(self, hours: int) -> Deadlines:
        """For a source that others need: they are still asked when it is given up."""
        return Deadlines(soft=self.soft - timedelta(hours=hours), hard=self.hard - timedelta(hours=hours))


class DayTimes(Frozen):
    """The moments of a date that its steps are timed by."""

    starts: datetime
    computing_opens: datetime
    first_tip: datetime
    last_tip: datetime
    tips: tuple[datetime, ...]
    predictions_due: datetime
    inputs_due: datetime
    lines_open: datetime
    results_open: datetime
    results_due: datetime
    ends: datetime


def day_times(game_date: date, games: tuple[SlateGame, ...]) -> DayTimes:
    """The moments of a date with at least one game."""
    tips = sorted(game.tip_off for game in games)
    next_date = game_date + timedelta(days=1)
    due = min(eastern(game_date, 13, 30), tips[0] - timedelta(hours=2))
    return DayTimes(
        starts=eastern(game_date, 5),
        computing_opens=eastern(game_date, 6),
        first_tip=tips[0],
        last_tip=tips[-1],
        tips=tuple(sorted(set(tips))),
        predictions_due=due,
        inputs_due=due - COMPUTE_MARGIN,
        lines_open=max(eastern(game_date, 8), tips[0] - timedelta(hours=12)),
        results_open=tips[0] + timedelta(hours=2, minutes=15),
        results_due=eastern(next_date, 9),
        ends=eastern(next_date, 10),
    )


def plan_slate(game_date: date, sources: Mapping[str, Source]) -> DayPlan:
    """The plan while the slate is not known: read it."""
    return DayPlan(
        game_date=game_date,
        games=(),
        steps=(_slate_step(game_date, eastern(game_date, 23), sources),),
        ends_at=eastern(game_date + timedelta(days=1), 10),
        slate_known=False,
    )


def _plan_without_games(game_date: date, sources: Mapping[str, Source], *, published: bool) -> DayPlan:
    """Nothing to predict: say so in the exports and end; what is out already is graded as void."""
    starts = eastern(game_date, 5)
    slate = _slate_step(game_date, starts, sources)
    publishing = _publishing(("nbac_schedule",), starts, None)
    grading = _grading(("export_predictions",), starts, None) if published else ()
    return DayPlan(
        game_date=game_date,
        games=(),
        steps=(slate.model_copy(update={"cadence": ()}), *publishing, *grading),
        ends_at=eastern(game_date + timedelta(days=1), 10),
    )


def plan_day(
    game_date: date, games: tuple[SlateGame, ...], sources: Mapping[str, Source], *, published: bool = False
) -> DayPlan:
    """The steps of a date for its slate, each listed after all it needs.

    `published`: predictions of the date are out, so that a slate that has lost its games still has to be graded.
    """
    if not games:
        return _plan_without_games(game_date, sources, published=published)
    times = day_times(game_date, games)
    steps = (
        _slate_step(game_date, times.last_tip, sources),
        _announcement(times),
        *_collecting(times, sources),
        *_lines(times, sources),
        *_context(times),
        *_predicting(times),
        *_publishing(tuple(SYSTEMS), times.computing_opens, times.predictions_due),
        *_following(times, sources),
        *_results(times, sources),
        *_grading(_GRADED_FROM, times.results_open, times.results_due),
    )
    return DayPlan(
        game_date=game_date,
        games=games,
        steps=steps,
        predictions_due=times.predictions_due,
        ends_at=times.ends,
    )


def _slate_step(game_date: date, until: datetime, sources: Mapping[str, Source]) -> PlanStep:
    opens = eastern(game_date, 5)
    return PlanStep(
        name="nbac_schedule",
        subject="nbac_schedule",
        phase=Phase.SLATE,
        kind=StepKind.SOURCE,
        title="schedule",
        critical=True,
        opens_at=opens,
        cadence=(
            Cadence(start=opens, until=until, every=HALF_HOUR, only=PollWhen.UNTIL_COMPLETE),
            Cadence(start=opens, until=until, every=timedelta(hours=2), only=PollWhen.ONCE_COMPLETE),
        ),
        soft_deadline=eastern(game_date, 8),
        hard_deadline=None,
        fallback_sources=_fallback_sources("nbac_schedule", sources),
    )


def _fallback_sources(name: str, sources: Mapping[str, Source]) -> tuple[FallbackSource, ...]:
    """Who stands in for a source, the first to be asked first."""
    chain = [other for other in sources.values() if name in other.fallback_for]
    chain.sort(key=lambda other: len(other.fallback_for))
    return tuple(
        FallbackSource(source=other.name, title=other.title, provider_ids_from=other.needs_ids_of) for other in chain
    )


def _announcement(times: DayTimes) -> PlanStep:
    """Once the slate is known, `today` speaks of this date: yesterday's picks never stand for tonight's."""
    return _compute(
        "announce_day",
        "say that predictions are to come",
        Phase.SLATE,
        StepKind.EXPORT,
        ("nbac_schedule",),
        times.starts,
        subject="predictions",
        follows=(),
        critical=False,
    )


def _source(
    name: str,
    sources: Mapping[str, Source],
    phase: Phase,
    cadence: Iterable[Cadence],
    *,
    needs: tuple[str, ...] = (),
    poll_times: tuple[datetime, ...] = (),
    deadlines: Deadlines,
    degraded_message: str,
    per_game: bool = False,
) -> PlanStep:
    source, cadence = sources[name], tuple(cadence)
    return PlanStep(
        name=source.name,
        subject=source.name,
        phase=phase,
        kind=StepKind.SOURCE,
        title=source.title,
        role=source.role,
        critical=source.critical,
        needs=needs,
        opens_at=cadence[0].start,
        cadence=cadence,
        poll_times=poll_times,
        soft_deadline=deadlines.soft,
        hard_deadline=deadlines.hard,
        on_deadline=OnDeadline.DEGRADE,
        degraded_message=degraded_message,
        per_game=per_game,
        provider_ids_from=source.needs_ids_of,
        fallback_sources=_fallback_sources(name, sources),
        asks_what_is_missing=source.asks_what_is_missing,
    )


def _collecting(times: DayTimes, sources: Mapping[str, Source]) -> Iterable[PlanStep]:
    morning = Deadlines(soft=times.inputs_due - timedelta(hours=1), hard=times.inputs_due)

    def until_found(hours_after_start: float) -> tuple[Cadence, ...]:
        start = times.starts + timedelta(hours=hours_after_start)
        return (Cadence(start=start, until=times.last_tip, every=HALF_HOUR, only=PollWhen.UNTIL_COMPLETE),)

    yield _source(
        "espn_scoreboard",
        sources,
        Phase.COLLECT,
        until_found(1),
        needs=("nbac_schedule",),
        degraded_message="going on without ESPN's view of the slate",
        per_game=True,
        deadlines=morning,
    )
    yield _source(
        "nbac_player_list_current",
        sources,
        Phase.COLLECT,
        until_found(1.5),
        needs=("nbac_schedule",),
        degraded_message="going on with the rosters alone",
        deadlines=morning.hours_earlier(2),
    )
    yield _source(
        "espn_team_rosters",
        sources,
        Phase.COLLECT,
        until_found(2),
        needs=("nbac_player_list_current",),
        degraded_message="going on with the league's player list",
        deadlines=morning.hours_earlier(1),
    )
    for name in ("nbac_player_history", "nbac_team_history"):
        yield _source(
            name,
            sources,
            Phase.COLLECT,
            until_found(1),
            needs=("nbac_schedule",),
            degraded_message="going on with the results stored before",
            deadlines=morning,
        )
    close_watch = times.first_tip - timedelta(minutes=90)
    yield _source(
        "nbac_injury_report",
        sources,
        Phase.COLLECT,
        (
            Cadence(start=times.starts + timedelta(hours=3), until=close_watch, every=timedelta(hours=2)),
            Cadence(start=close_watch, until=times.last_tip, every=timedelta(minutes=15)),
            # Late: who stands in for it is asked while what it has can still be predicted with.
            Cadence(start=morning.soft, until=morning.soft, every=HALF_HOUR, only=PollWhen.UNTIL_COMPLETE),
        ),
        needs=("espn_team_rosters",),
        degraded_message="going on without an injury report",
        deadlines=morning,
    )
    yield from _background(times, sources, morning)


_ASKED_FROM: Mapping[str, timedelta] = {
    "nbac_standings": timedelta(hours=1),
    "nbac_player_movement": timedelta(hours=1),
    "nbac_referee_assignments": timedelta(hours=4, minutes=15),
}
"""What no prediction waits for, and how long after the day's start it is there."""


def _background(times: DayTimes, sources: Mapping[str, Source], deadlines: Deadlines) -> Iterable[PlanStep]:
    for name, after in _ASKED_FROM.items():
        yield _source(
            name,
            sources,
            Phase.COLLECT,
            (
                Cadence(
                    start=times.starts + after, until=times.first_tip, every=HALF_HOUR, only=PollWhen.UNTIL_COMPLETE
                ),
            ),
            needs=("nbac_schedule",),
            degraded_message="no prediction stands on it",
            deadlines=deadlines,
        )


def _lines(times: DayTimes, sources: Mapping[str, Source]) -> Iterable[PlanStep]:
    waiting = Deadlines(soft=times.inputs_due - timedelta(hours=1), hard=times.inputs_due)

    def polled() -> tuple[Cadence, ...]:
        return (
            Cadence(start=times.lines_open, until=times.last_tip, every=HALF_HOUR, only=PollWhen.UNTIL_COMPLETE),
            Cadence(
                start=times.lines_open, until=times.last_tip, every=timedelta(hours=2), only=PollWhen.ONCE_COMPLETE
            ),
        )

    closes = tuple(tip - timedelta(minutes=10) for tip in times.tips)
    yield _source(
        "odds_api_events",
        sources,
        Phase.LINES,
        polled()[:1],
        needs=("nbac_schedule",),
        degraded_message="going on without lines",
        per_game=True,
        deadlines=waiting.hours_earlier(1),
    )
    yield _source(
        "odds_api_game_lines",
        sources,
        Phase.LINES,
        polled(),
        needs=("odds_api_events",),
        poll_times=closes,
        degraded_message="going on without spreads and totals",
        per_game=True,
        deadlines=waiting,
    )
    yield _source(
        "odds_api_player_points_props",
        sources,
        Phase.LINES,
        polled(),
        needs=("odds_api_events", "espn_team_rosters"),
        poll_times=closes,
        degraded_message="predicting without lines",
        per_game=True,
        deadlines=waiting,
    )


def _compute(
    name: str,
    title: str,
    phase: Phase,
    kind: StepKind,
    needs: tuple[str, ...],
    opens_at: datetime,
    *,
    subject: str | None = None,
    follows: tuple[str, ...] | None = None,
    span: Span = Span.SLATE,
    role: Role = Role.PRE,
    critical: bool = True,
    soft: datetime | None = None,
    hard: datetime | None = None,
    on_deadline: OnDeadline = OnDeadline.PARK,
    degraded_message: str = "",
) -> PlanStep:
    return PlanStep(
        name=name,
        subject=subject or name,
        span=span,
        phase=phase,
        kind=kind,
        title=title,
        role=role,
        critical=critical,
        needs=needs,
        follows=needs if follows is None else follows,
        opens_at=opens_at,
        soft_deadline=soft,
        hard_deadline=hard,
        on_deadline=on_deadline,
        degraded_message=degraded_message,
    )


def _context(times: DayTimes) -> Iterable[PlanStep]:
    def transform(
        name: str, title: str, needs: tuple[str, ...], *, subject: str | None = None, span: Span = Span.SLATE
    ) -> PlanStep:
        return _compute(
            name,
            title,
            Phase.CONTEXT,
            StepKind.TRANSFORM,
            needs,
            times.computing_opens,
            subject=subject,
            span=span,
            soft=times.predictions_due,
        )

    yield transform(
        "team_history",
        "team results to date",
        ("nbac_team_history",),
        subject="team_offense_game_summary",
        span=Span.HISTORY,
    )
    yield transform(
        "player_history",
        "player results to date",
        ("nbac_player_history", "team_history"),
        subject="player_game_summary",
        span=Span.HISTORY,
    )
    yield transform("player_prop_lines", "consensus lines", ("odds_api_player_points_props",))
    yield transform(
        "upcoming_team_game_context",
        "team context",
        ("nbac_schedule", "team_history", "odds_api_game_lines", "nbac_injury_report"),
    )
    yield transform(
        "upcoming_player_game_context",
        "player context",
        (
            "nbac_schedule",
            "nbac_player_list_current",
            "espn_team_rosters",
            "nbac_injury_report",
            "player_history",
            "player_prop_lines",
            "upcoming_team_game_context",
        ),
    )
    yield transform("player_daily_cache", "player form", ("player_history", "upcoming_player_game_context"))


def _predicting(times: DayTimes) -> Iterable[PlanStep]:
    yield _compute(
        "ml_feature_store",
        "features",
        Phase.PREDICT,
        StepKind.FEATURES,
        ("upcoming_team_game_context", "upcoming_player_game_context", "player_daily_cache"),
        times.computing_opens,
        soft=times.predictions_due,
    )
    yield _compute(
        "feature_history",
        "features of the games before",
        Phase.CONTEXT,
        StepKind.FEATURES,
        ("player_history", "nbac_schedule"),
        times.computing_opens,
        span=Span.HISTORY,
        follows=("player_history",),
        soft=times.predictions_due,
    )
    for system in SYSTEMS.values():
        yield _compute(
            system.system_id,
            system.title,
            Phase.PREDICT,
            StepKind.SYSTEM,
            ("ml_feature_store", "feature_history"),
            times.computing_opens,
            critical=False,
            soft=times.predictions_due,
            hard=times.predictions_due,
            on_deadline=OnDeadline.DEGRADE,
            degraded_message="the other systems stand",
        )


def _publishing(needs: tuple[str, ...], opens_at: datetime, due: datetime | None) -> Iterable[PlanStep]:
    yield _compute(
        "export_predictions",
        "publish predictions",
        Phase.PUBLISH,
        StepKind.EXPORT,
        needs,
        opens_at,
        subject="predictions",
        soft=due,
    )
    yield _compute(
        "page_before",
        "report page",
        Phase.PUBLISH,
        StepKind.EXPORT,
        ("export_predictions",),
        opens_at,
        subject="page",
        critical=False,
    )


def _following(times: DayTimes, sources: Mapping[str, Source]) -> Iterable[PlanStep]:
    yield _source(
        "nbac_scoreboard",
        sources,
        Phase.FOLLOW,
        (
            Cadence(
                start=times.first_tip, until=times.results_due, every=timedelta(minutes=3), only=PollWhen.UNTIL_COMPLETE
            ),
        ),
        needs=("nbac_schedule",),
        deadlines=Deadlines(soft=times.last_tip + timedelta(hours=4), hard=times.last_tip + timedelta(hours=5)),
        degraded_message="the box scores tell what is final",
        per_game=True,
    )


def _results(times: DayTimes, sources: Mapping[str, Source]) -> Iterable[PlanStep]:
    def after_the_games(name: str, start: datetime, hard: datetime, degraded_message: str) -> PlanStep:
        return _source(
            name,
            sources,
            Phase.RESULTS,
            (Cadence(start=start, until=times.results_due, every=HALF_HOUR, only=PollWhen.UNTIL_COMPLETE),),
            needs=("nbac_schedule",),
            deadlines=Deadlines(soft=times.last_tip + timedelta(hours=4), hard=hard),
            degraded_message=degraded_message,
            per_game=True,
        )

    settled = times.last_tip + timedelta(hours=5)
    yield after_the_games("nbac_player_boxscores", times.results_open, times.results_due, "grading what is there")
    yield after_the_games("nbac_team_boxscore", times.results_open, settled, "the players' figures make the sum")
    over = times.last_tip + timedelta(hours=2, minutes=45)
    yield after_the_games("nbac_play_by_play", over, settled, "shots by zone lack these games")
    yield after_the_games("nbac_gamebook_player_stats", over, settled, "reasons for not playing stay unknown")

    def transform(name: str, title: str, needs: tuple[str, ...], subject: str) -> PlanStep:
        return _compute(
            name,
            title,
            Phase.RESULTS,
            StepKind.TRANSFORM,
            needs,
            times.results_open,
            subject=subject,
            role=Role.POST,
            soft=times.results_due,
        )

    # Where the league's totals do not come, the players' rows make the sum.
    yield transform(
        "team_results",
        "team results",
        ("nbac_team_boxscore", "nbac_player_boxscores"),
        "team_offense_game_summary",
    )
    yield transform(
        "player_results", "player results", ("nbac_player_boxscores", "team_results"), "player_game_summary"
    )


_GRADED_FROM = ("nbac_scoreboard", "player_results", "export_predictions")


def _grading(needs: tuple[str, ...], opens_at: datetime, due: datetime | None) -> Iterable[PlanStep]:
    def after(name: str, title: str, kind: StepKind, needs: tuple[str, ...], subject: str) -> PlanStep:
        return _compute(
            name,
            title,
            Phase.GRADE,
            kind,
            needs,
            opens_at,
            subject=subject,
            role=Role.POST,
            soft=due,
        )

    yield after("grade", "grades", StepKind.GRADE, needs, "grade")
    yield after("export_results", "publish results", StepKind.EXPORT, ("grade",), "results")
    yield after("export_summary", "day's figures", StepKind.EXPORT, ("grade",), "summary")
