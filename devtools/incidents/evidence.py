"""What a replayed day left, as tables of an in-memory database in which checks are SELECTs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from devtools.incidents.scenario import Check, Value
from devtools.sources_page import endpoint_of
from tipoff.live_games import live_requests
from tipoff.plan import plan_day
from tipoff.sources.base import Slate
from tipoff.sources.game_boxscores import LiveBoxscores
from tipoff.sources.registry import SOURCES, sources
from tipoff.vocabulary import EASTERN, DayPlan, DayStatus, PlanStep, Role, StepKind
from tipoff.warehouse.tables import TABLES, Layer
from workflows.contracts import Activity, DayResult
from workflows.policies import POLICIES

TIME: Final = pl.Datetime("us", "UTC")

SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "steps": {
        "name": pl.String,
        "phase": pl.String,
        "critical": pl.Boolean,
        "state": pl.String,
        "reason": pl.String,
        "rows": pl.Int64,
        "polls": pl.Int64,
        "missing_games": pl.List(pl.String),
        "next_poll": TIME,
        "hard_deadline": TIME,
    },
    "degradations": {
        "step": pl.String,
        "reason": pl.String,
        "games": pl.List(pl.String),
        "since": TIME,
        "resolved_at": TIME,
    },
    "alerts": {"key": pl.String, "at": TIME, "step": pl.String, "severity": pl.String, "text": pl.String},
    "attention": {"step": pl.String, "reason": pl.String, "since": TIME},
    "withheld_picks": {"system_id": pl.String, "view": pl.String, "reason": pl.String},
    "audit": {"command": pl.String, "target": pl.String, "accepted": pl.Boolean, "at": TIME},
}
"""The lists of a status that are tables, with their columns."""

DAY_SCHEMA: Final[Mapping[str, Any]] = {
    "game_date": pl.Date,
    "state": pl.String,
    "data_quality": pl.String,
    "sentence": pl.String,
    "games": pl.Int64,
    "now": TIME,
    "predictions_due": TIME,
    "first_published_at": TIME,
}
"""The columns of a day."""


@dataclass(frozen=True)
class Observed:
    """What status and exports show at some time."""

    status: DayStatus
    exports: Path


@dataclass(frozen=True)
class CommandRun:
    """A command of `starter.py` that has ended."""

    number: int
    """1 for the first of the scenario."""
    typed: str
    exit_code: int
    output: str


@dataclass(frozen=True)
class Evidence:
    """A day that ended, and the files that it left."""

    end: Observed
    result: DayResult
    root: Path
    warehouse: Path
    wall_seconds: float
    held: Observed | None = None
    """As the scenario observed it."""
    refused_imports: Mapping[str, str] | None = None
    """Module that was broken -> what the worker said as it refused to start; empty: it started."""
    commands: tuple[CommandRun, ...] = ()
    restarts: int = 0
    """How often the worker had to be started again."""


def request_bounds(plan: DayPlan) -> dict[str, int]:
    """The most requests that a day may make of each address: all polls of its plan, each with all its attempts."""
    slate = Slate(game_date=plan.game_date, games=plan.games)
    ids = {game.game_id: game.game_id for game in plan.games}
    replayed, bounds = sources(replayed=True), Counter[str]()
    for step in plan.steps:
        for name in _polled(step) if step.kind is StepKind.SOURCE else ():
            if not replayed[name].idle_reason:
                requests = sum(len(SOURCES[name].requests(slate, at, ids)) for at in poll_times(step))
                bounds[endpoint_of(SOURCES[name]).source] += requests * POLICIES[Activity.COLLECT].attempts
        if step.role is Role.LIVE:
            requests = live_requests(step, plan.games).box_scores
            bounds[endpoint_of(LiveBoxscores()).source] += requests * POLICIES[Activity.FOLLOW].attempts
    return dict(bounds)


def _polled(step: PlanStep) -> Iterator[str]:
    yield from filter(None, (step.subject, step.provider_ids_from))
    for fallback in step.fallback_sources:
        yield from filter(None, (fallback.source, fallback.provider_ids_from))


def poll_times(step: PlanStep) -> list[datetime]:
    """All times at which a source may be polled."""
    times = {*step.poll_times}
    for cadence in step.cadence:
        time = cadence.start
        while time <= cadence.until:
            times.add(time)
            time += cadence.every
    return sorted(times)


class EvidenceTables:
    """The tables: warehouse, status, exports, `requests`, `request_bounds`, `writes`, `commands`, `broken_imports`.

    A table of the warehouse has the rows of the game date; `warehouse.NAME` has all. Status and exports are `end_day`,
    `end_steps`, `end_exports` and so on; `held_day` and so on are as observed during the day.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._database = duckdb.connect()
        self._database.execute(f"SET TimeZone = '{EASTERN.key}'")
        self._database.execute(f"ATTACH '{evidence.warehouse}' AS warehouse (READ_ONLY)")
        self._add_warehouse(evidence.result.game_date)
        self._add_observed("end", evidence.end)
        if evidence.held is not None:
            self._add_observed("held", evidence.held)
        self._add_logs(evidence)

    def value(self, check: Check) -> Value | None:
        """The value that a check selects."""
        row = self._database.execute(check.sql).fetchone()
        value: Value | None = row[0] if row else None
        return value

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _add(self, name: str, rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> None:
        frame = pl.DataFrame([{column: row[column] for column in schema} for row in rows], schema=schema)
        self._database.register(name, frame)

    def _add_warehouse(self, game_date: date) -> None:
        for table in TABLES.values():
            if table.layer is not Layer.VIEW and "game_date" in table.column_names:
                self._database.execute(
                    f"CREATE VIEW {table.name} AS SELECT * FROM warehouse.{table.name} "  # noqa: S608 - a declared name
                    f"WHERE game_date = DATE '{game_date}'"
                )

    def _add_observed(self, when: str, observed: Observed) -> None:
        status = observed.status
        for name, schema in SCHEMAS.items():
            self._add(f"{when}_{name}", [item.model_dump() for item in getattr(status, name)], schema)
        day = {**status.model_dump(), "games": len(status.games)}
        self._add(f"{when}_day", [day], DAY_SCHEMA)
        self._add(f"{when}_refreshes", [{"at": at} for at in status.refreshed_at], {"at": TIME})
        root = observed.exports / "v1"
        exports = [{"path": str(file.relative_to(root)), "content": file.read_text()} for file in root.rglob("*.json")]
        self._add(f"{when}_exports", exports, {"path": pl.String, "content": pl.String})

    def _add_logs(self, evidence: Evidence) -> None:
        requests = read_requests(evidence.root)
        columns = {"source": pl.String, "status": pl.Int64, "fault": pl.String, "path": pl.String, "as_of": TIME}
        self._add("requests", requests, columns)
        self._add("writes", [{"table_name": name} for name in read_writes(evidence.root)], {"table_name": pl.String})
        bounds = request_bounds(plan_day(evidence.result.game_date, evidence.end.status.games, SOURCES))
        listed = [{"source": name, "bound": bound} for name, bound in bounds.items()]
        self._add("request_bounds", listed, {"source": pl.String, "bound": pl.Int64})
        refused = [{"module": name, "said": said} for name, said in (evidence.refused_imports or {}).items()]
        schema = {"number": pl.Int64, "typed": pl.String, "exit_code": pl.Int64, "output": pl.String}
        self._add("commands", [asdict(command) for command in evidence.commands], schema)
        self._add("broken_imports", refused, {"module": pl.String, "said": pl.String})


def read_requests(root: Path) -> list[dict[str, Any]]:
    """The requests that the upstream received."""
    logged = map(json.loads, (root / "requests.jsonl").read_text().splitlines())
    return [{**request, "as_of": datetime.fromisoformat(request["as_of"])} for request in logged]


def read_writes(root: Path) -> list[str]:
    """The table of each write."""
    file = root / "writes.txt"
    return file.read_text().splitlines() if file.exists() else []
