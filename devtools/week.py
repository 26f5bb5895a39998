"""`make week FROM=2024-03-14 TO=2024-03-20`: backfills past dates of an archive and renders the site of them.

The seasons of the dates are imported into a warehouse first, which an interrupted run goes on with and later runs use
again. Then everything runs as on a real installation: Temporal server, worker and commands; only the upstream is
replayed.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shlex import quote
from typing import Final

from devtools.drill import ONE_SEASON, exit_code_of, run_starter
from devtools.shared_data import archive_from
from runtime import PROJECT
from runtime.process_exit import exit_now
from runtime.replay import ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tipoff.errors import BadInputError, TipoffError
from tipoff.vocabulary import Phase, season_of

FIRST_DATE: Final = date(2024, 3, 14)
"""With the days after it, real lines of ten books."""
DAYS: Final = 7
MOST_DAYS: Final = 31
COMPLETE: Final = "COMPLETE"


@dataclass(frozen=True)
class Options:
    """The variables of `make week`."""

    first: date
    last: date
    archive: Path
    out: Path

    @property
    def dates(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))

    @property
    def seasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(season_of, self.dates)))


def options_from(environ: Mapping[str, str]) -> Options:
    """Read the variables. Raises BadInputError, which names the wrong one."""
    out = Path(environ.get("OUT") or PROJECT / "var" / "week").resolve()
    first = _date(environ, "FROM", FIRST_DATE)
    last = _date(environ, "TO", first + timedelta(days=DAYS - 1))
    if not 0 <= (last - first).days < MOST_DAYS:
        raise BadInputError(f"FROM={first} TO={last}: give at most {MOST_DAYS} dates, the first one first")
    return Options(first, last, archive_from(environ, out / "archive"), out)


def _date(environ: Mapping[str, str], name: str, default: date) -> date:
    given = environ.get(name) or default.isoformat()
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise BadInputError(f"{name}={given}: give a date such as {FIRST_DATE}") from None


async def run(options: Options) -> bool:
    """Import, backfill and show the dates; whether all ended complete and their data are in order."""
    imported, stored, replay = (options.out / name for name in ("imported.duckdb", "stored.duckdb", "replay"))
    await _import(options, imported)
    shutil.copyfile(imported, stored)
    settings = (*ONE_SEASON, ("TIPOFF_WAREHOUSE", f"duckdb:///{stored}"))
    config = ReplayConfig(options.first, options.archive, replay, settings=settings)
    timer = StageTimer(print)
    async with start_replay(config, timer):
        with timer.stage(f"training on the games before {options.first}"):
            await run_starter(f"train --date {options.first}", replay)  # without models, some systems do not predict
        with timer.stage("backfill"):
            await _backfill(options, replay)
        await run_starter(_days(options), replay)
        is_valid = await _is_valid(options, replay)
        await run_starter("site", replay)
        return await _is_complete(options, replay) and is_valid


async def _import(options: Options, warehouse: Path) -> None:
    """Raises TipoffError if the import fails."""
    seasons = " ".join(f"--season {season}" for season in options.seasons)
    typed = f"warehouse import {quote(str(options.archive))} {seasons} --to {quote(f'duckdb:///{warehouse}')}"
    if code := (await run_starter(typed)).exit_code:
        raise TipoffError(f"the import ended with exit code {code}; the same command goes on with it")


async def _backfill(options: Options, replay: Path) -> None:
    """Raises TipoffError if there is nothing to run or it does not start."""
    scope = f"--from {options.first} --to {options.last} --from-phase {Phase.CONTEXT} --mode all"
    planned = await run_starter(f"backfill plan {scope} --json", replay, captured=True)
    plan = json.loads(planned.output or "{}")
    if not plan.get("dates"):
        raise TipoffError(f"{options.first} to {options.last} cannot be backfilled: the archive has no game then")
    await run_starter(f"backfill start --plan {plan['digest']} --why make-week", replay)
    await run_starter("backfill status --watch", replay)
    print()


def _days(options: Options) -> str:
    return f"days --date {options.last} --last {len(options.dates)}"


async def _is_complete(options: Options, replay: Path) -> bool:
    days = json.loads((await run_starter(f"{_days(options)} --json", replay, captured=True)).output)
    played = [day for day in days if day["games"]]
    return bool(played) and all(day["state"] == COMPLETE and day["graded"] == day["predictions"] for day in played)


async def _is_valid(options: Options, replay: Path) -> bool:
    """Validate each date, and print what is wrong."""
    reports = [await run_starter(f"validate --date {day}", replay, captured=True) for day in options.dates]
    for report in reports:
        if report.exit_code:
            print(report.output)
    return not any(report.exit_code for report in reports)


if __name__ == "__main__":
    exit_now(exit_code_of("week", lambda: asyncio.run(run(options_from(os.environ)))))
