"""The facts of one pass of the watchdog, as the server, the exports and the model store have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from pydantic import AwareDatetime

from tipoff.alerting.facts import ProviderFacts
from tipoff.publishing.ended_days import EndedDay
from tipoff.vocabulary import DayStatus, Frozen, MissedRuns

GRACE: Final = timedelta(minutes=5)
"""A start, a poll or a deadline may be late by so much, on a loaded machine or after a restart."""


class QueueFacts(Frozen):
    """A task queue and when a worker last polled it."""

    queue: str
    kind: str
    """workflows or activities."""
    last_polled: AwareDatetime | None
    """None: not in the last minutes."""
    is_served: bool

    @property
    def name(self) -> str:
        return f"{self.queue} ({self.kind})"


class LostWorker(Frozen):
    """A process whose heartbeats ended and that was not started again."""

    name: str
    """Such as "process 812 on host a"."""
    queues: tuple[str, ...]
    last_heartbeat: AwareDatetime


class ActivityFacts(Frozen):
    """An activity of a run that has not ended."""

    name: str
    attempt: int
    last_failure: str
    since: AwareDatetime
    """When its last attempt began."""
    scheduled_at: AwareDatetime | None = None
    """When its first attempt could begin."""

    def failures_since(self, start: datetime) -> int:
        """The failed attempts that are known to be later: the server tells only when the last one began."""
        if self.scheduled_at is not None and self.scheduled_at >= start:
            return self.attempt - 1
        return int(self.attempt > 1 and self.since >= start)


class RunFacts(Frozen):
    """An open run of any of our workflows, as the server describes it."""

    workflow_id: str
    workflow: str
    is_paused: bool = False
    started_at: AwareDatetime
    task_attempt: int = 0
    """Attempts of the pending workflow task; 0: none is pending."""
    task_since: AwareDatetime | None = None
    problem: str = ""
    """Why its last workflow task failed, if nothing happened since."""
    is_nondeterministic: bool = False
    """The code of the workers does not match its history."""
    events: int = 0
    """Length of its history."""
    activities: tuple[ActivityFacts, ...] = ()


class ScheduleFacts(Frozen):
    """A schedule of ours on the server."""

    name: str
    created_at: AwareDatetime
    paused: bool
    """In the Temporal UI, without an end."""
    starts_at: AwareDatetime | None = None
    """It is paused by a command until then."""
    note: str = ""
    missed: int = 0
    """Runs that were not started within the catch-up window."""
    skipped: int = 0
    """Runs that were not started because the one before had not ended."""

    def is_active(self, now: datetime) -> bool:
        """Whether it starts runs now."""
        return not self.paused and (self.starts_at is None or self.starts_at <= now)


class DayFacts(Frozen):
    """A game date: its open run, its last known status, and how it ended."""

    game_date: date
    run: RunFacts | None = None
    """The open run."""
    execution: str = ""
    """The server's word for its last run, such as RUNNING or FAILED; empty: the server has none."""
    ended_at: AwareDatetime | None = None
    status: DayStatus | None = None
    is_current: bool = False
    """Whether the status is the worker's answer, not the last export."""
    no_answer: str = ""
    """Why the worker did not answer for the run."""
    ended: EndedDay | None = None
    """By the warehouse."""
    players_predicted: int | None = None
    """By the exported predictions; None: none are exported."""

    @property
    def has_run(self) -> bool:
        """Whether anything is known of a run, even if the server has deleted it."""
        return bool(self.execution) or self.ended is not None or self.status is not None


class RunningDay(NamedTuple):
    """A day with an open run whose status is known."""

    game_date: date
    run: RunFacts
    status: DayStatus
    now: datetime
    """By the clock of the day: a replay's is virtual."""
    players_predicted: int | None
    last_usable: Mapping[str, datetime] | None

    @property
    def games(self) -> int:
        """The games that are not postponed."""
        return len(self.status.games) - len(self.status.postponed_games)


class ModelFacts(Frozen):
    """The champion of a system."""

    system_id: str
    trained_through: date | None
    """None: it was never trained."""


class CreditFacts(Frozen):
    """The credits of a paid provider in this month."""

    host: str
    used: int
    monthly: int
    text: str


class Observation(Frozen):
    """Everything that one pass knows."""

    as_of: AwareDatetime
    today: date
    server_problem: str = ""
    """Why the server does not answer; then nothing else of it is known."""
    queues: tuple[QueueFacts, ...] = ()
    lost_workers: tuple[LostWorker, ...] = ()
    """Only where the server keeps the heartbeats of workers."""
    runs: tuple[RunFacts, ...] = ()
    """The open runs of our workflows, also those of the days."""
    schedules: tuple[ScheduleFacts, ...] = ()
    missing_schedules: tuple[str, ...] = ()
    """Declared ones that the server has not."""
    days: tuple[DayFacts, ...] = ()
    """Today, yesterday, the day before, and other dates with an open run."""
    models: tuple[ModelFacts, ...] = ()
    game_dates_to_learn: tuple[date, ...] = ()
    """Dates with games that a weekly training should have learned from by now."""
    credits: tuple[CreditFacts, ...] = ()
    providers: tuple[ProviderFacts, ...] = ()
    """Their requests of the last day, and the blocks of our addresses."""
    last_usable: Mapping[str, AwareDatetime] | None = None
    """Source -> its last usable response of the last 24 hours, or that of a fallback source; None: not observed."""
    refusing_hosts: tuple[str, ...] = ()
    """Hosts that get no requests now: in cooldown, or without credits."""
    missed_before: tuple[MissedRuns, ...] | None = None
    """What the pass before knew of missed runs; None: there was none."""
    watchdog_runs: bool = True
    problems: tuple[str, ...] = ()
    """What could not be observed, and why."""

    def day(self, game_date: date) -> DayFacts | None:
        return next((day for day in self.days if day.game_date == game_date), None)

    def running_days(self, *, current: bool = False) -> Iterator[RunningDay]:
        """The days with an open run and a status; `current`: only with the worker's own answer."""
        for day in self.days:
            if day.run is not None and day.status is not None and (day.is_current or not current):
                now = day.status.now if day.status.virtual else self.as_of
                yield RunningDay(day.game_date, day.run, day.status, now, day.players_predicted, self.last_usable)

    def schedule(self, name: str) -> ScheduleFacts | None:
        return next((each for each in self.schedules if each.name == name), None)

    def stale_systems(self, days: int) -> tuple[str, ...]:
        """The systems whose champion does not know the last games that were so many days ago, or more."""
        old = (each for each in self.game_dates_to_learn if (self.today - each).days >= days)
        newest = max(old, default=date.min)
        return tuple(each.system_id for each in self.models if (each.trained_through or date.min) < newest)

    def learned_text(self, system_id: str) -> str:
        """Until when a system has learned."""
        trained = next((each.trained_through for each in self.models if each.system_id == system_id), None)
        return f"{system_id} was trained on games until {trained}" if trained else f"{system_id} was never trained"

    @property
    def missed_runs(self) -> tuple[MissedRuns, ...]:
        """What the next pass has to know of missed runs; numbers that are first seen now are no news."""
        before = {each.schedule: each for each in self.missed_before or ()}
        return tuple(self._missed_of(each, before.get(each.name)) for each in self.schedules)

    def _missed_of(self, schedule: ScheduleFacts, before: MissedRuns | None) -> MissedRuns:
        count = schedule.missed + schedule.skipped
        if before is None or count <= before.count:
            return MissedRuns(schedule=schedule.name, count=count, grown_at=before.grown_at if before else None)
        return MissedRuns(schedule=schedule.name, count=count, grown_at=self.as_of)
