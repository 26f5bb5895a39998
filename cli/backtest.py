"""`backtest`: predicts the past games of an archive as real days would have."""

from __future__ import annotations

import sys
from argparse import Namespace

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cli.commands import REFITS
from cli.exit_codes import CommandError, ExitCode
from cli.systems import require_systems
from tipoff.vocabulary import counted


async def run(options: Namespace) -> ExitCode:
    """Write the predictions of all dates.

    Raises CommandError USAGE for an unknown system or dates in the wrong order, BadInputError for an archive without
    games on the dates, NotEnoughDataError for one with too few results before them.
    """
    from tipoff.systems.registry import SYSTEMS  # slow libraries
    from tipoff.training.backtest import Backtest, run_backtest
    from tipoff.warehouse.base import DateRange

    require_systems(options.system or ())
    if options.first > options.last:
        raise CommandError(ExitCode.USAGE, f"--from {options.first} is after --to {options.last}")
    backtest = Backtest(
        archive=options.archive,
        dates=DateRange(first=options.first, last=options.last),
        system_ids=tuple(options.system or SYSTEMS),
        refit_days=REFITS[options.refit],
        history_seasons=options.seasons,
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with _bars() as bars:
        predictions = run_backtest(backtest, options.out, _Bars(bars))
    dates = predictions["game_date"].n_unique()
    print(f"{options.out}: {counted(predictions.height, 'prediction')} of {counted(dates, 'date')}")
    return ExitCode.DONE


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, disable=not sys.stderr.isatty())


class _Bars:
    """A bar for each thing that is being done."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, title: str, done: int, of: int) -> None:
        if title not in self._tasks:
            self._tasks[title] = self._bars.add_task(title, total=of)
        self._bars.update(self._tasks[title], completed=done)
