"""What goes wrong in a soak, drawn at random: the same seed draws the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from devtools.drill_worker import KILLS, Disturbance, Kind
from tipoff.replay.faults import KINDS_WITH_GAMES, Fault, FaultKind
from tipoff.replay.upstream.endpoints import SERVED_SOURCES, kinds_of_source
from tipoff.vocabulary import Frozen, eastern
from workflows.contracts import Activity

FAULTS_OF_A_DAY: Final = (3, 6)
"""The fewest and the most."""
LEFT_OUT: Final = frozenset(
    {
        # only a person ends these
        *(FaultKind.BAD_KEY, FaultKind.QUOTA_SPENT, FaultKind.BAD_REQUEST),
        # these change what must become of a game
        *(FaultKind.POSTPONED, FaultKind.TIP_OFF_TBD, FaultKind.DAMAGED_ENTRY),
    }
)
SLOW: Final = frozenset({FaultKind.HANG, FaultKind.OVERSIZE})
"""Kinds that take seconds for each request, so that few are affected."""
HOURS_BETWEEN: Final = 3
"""Virtual hours from one disturbance of processes or network to the next, on average."""
_KINDS: Final = (*(2 * KILLS), Kind.CUT, Kind.DELAY, Kind.DROP)
_LAST_HOUR: Final = 25
_PER_KIND: Final[Mapping[FaultKind, Mapping[str, Any]]] = {
    FaultKind.TOO_MANY_REQUESTS: {"retry_after_seconds": 600},
    FaultKind.LATE: {"delay_minutes": 90},
    FaultKind.MOVED_LINE: {"points": 2.0},
}
"""Fields that a kind needs beside its games."""


class SoakPlan(Frozen):
    """The faults of the providers, and the disturbances of processes, network and disk."""

    faults: tuple[Fault, ...]
    disturbances: tuple[Disturbance, ...]
    calm: tuple[date, ...]
    """The last dates: no process is killed, so that the memory of one worker can be followed."""
    full_disk: date | None
    """The date on which the disk is full for some seconds."""


def soak_plan(seed: int, slates: Mapping[date, Sequence[str]]) -> SoakPlan:
    """Draw a plan for consecutive dates; `slates`: the games of each, such as "GSW@CHA"."""
    dates = sorted(slates)
    calm = dates[len(dates) - len(dates) // 3 :]
    disturbed = [day for day in dates if day not in calm]
    chance = _random(seed, "disk")
    full_disk = chance.choice(disturbed) if disturbed else None
    disturbances = [each for day in dates for each in _disturbances(seed, day, is_calm=day in calm)]
    if full_disk:
        activity = chance.choice((Activity.COLLECT, Activity.COMPUTE_IN_TURN))
        at = eastern(full_disk, 7)
        disturbances.append(Disturbance(kind=Kind.FULL_DISK, activity=activity, at=at, seconds=5))
    return SoakPlan(
        faults=tuple(fault for day in dates for fault in _faults(seed, day, slates[day])),
        disturbances=tuple(disturbances),
        calm=tuple(calm),
        full_disk=full_disk,
    )


def _random(seed: int, *about: object) -> Random:
    """A source of chance for one thing: more dates change nothing of the earlier ones."""
    return Random(f"{seed} {about}")  # noqa: S311 - no secret


def _faults(seed: int, day: date, games: Sequence[str]) -> Iterator[Fault]:
    chance = _random(seed, day, "faults")
    for _ in range(chance.randint(*FAULTS_OF_A_DAY)):
        source = chance.choice(sorted(SERVED_SOURCES))
        kind = chance.choice(sorted(kinds_of_source(source) - LEFT_OUT))
        begins = eastern(day, 5) + timedelta(minutes=15 * chance.randrange(21 * 4))
        fields: dict[str, Any] = {
            "source": source,
            "kind": kind,
            "from": begins,
            "until": begins + timedelta(minutes=15 * chance.randint(2, 16)),
            **_PER_KIND.get(kind, {}),
        }
        if kind in KINDS_WITH_GAMES:
            fields["games"] = chance.sample(games, min(len(games), chance.randint(1, 3)))
        if kind in SLOW:
            fields["count"] = 2
        yield Fault.model_validate(fields)


def _disturbances(seed: int, day: date, *, is_calm: bool) -> Iterator[Disturbance]:
    chance = _random(seed, day, "disturbances")
    for at in _times(chance, day):
        kind, seconds = chance.choice(_KINDS), chance.uniform(1, 4)
        if kind in KILLS:
            if not is_calm:
                yield Disturbance(kind=kind, at=at)
        else:
            yield Disturbance(kind=kind, at=at, seconds=round(seconds, 1))


def _times(chance: Random, day: date) -> Iterator[datetime]:
    """Times from the morning until an hour after midnight."""
    hour = 5 + chance.uniform(0, HOURS_BETWEEN)
    while hour < _LAST_HOUR:
        yield eastern(day, 0) + timedelta(minutes=round(60 * hour))
        hour += chance.uniform(0.5, 1.5) * HOURS_BETWEEN
