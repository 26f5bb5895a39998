"""`make figures`: backtests all systems on two windows of real seasons and prints their figures.

Predictions and evaluations of each window are kept in a folder; a window that the same code has predicted from the
same facts is not predicted again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from devtools.shared_data import SHARED_DATA
from runtime import PROJECT
from tipoff.errors import TipoffError
from tipoff.evaluation.evaluation import Evaluation, SystemEvaluation, evaluate_file
from tipoff.evaluation.page import render_evaluation
from tipoff.grading.statistics import Comparison, Estimate
from tipoff.replay.archive import Archive
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.writer import write_archive
from tipoff.systems.registry import SYSTEMS
from tipoff.training.backtest import Backtest, run_backtest
from tipoff.vocabulary import View, counted
from tipoff.warehouse.base import DateRange

WINDOWS: Final[Mapping[str, DateRange]] = {
    "dev": DateRange(first=date(2024, 3, 2), last=date(2024, 4, 14)),
    "2024-25": DateRange(first=date(2024, 10, 22), last=date(2025, 1, 12)),
}
"""The dates with player lines in the folder of real data."""


def main() -> int:
    """Exit code 2 when the data cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m devtools.figures", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of past seasons (default %(default)s)")
    parser.add_argument("--out", type=Path, default=PROJECT / "var" / "figures", help="folder (default %(default)s)")
    options = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    try:
        archive = _archive(options.data, options.out / "archive")
        for name, dates in WINDOWS.items():
            evaluation = _evaluate(archive, dates, options.out, name, console)
            console.print(_table(name, evaluation))
    except TipoffError as error:
        print(f"figures: {error}", file=sys.stderr)
        return 2
    return 0


def _archive(data: Path, folder: Path) -> Path:
    imported = import_folder(data)
    write_archive(folder, imported.frames, source="import", missing=imported.missing)
    return folder


def _evaluate(archive: Path, dates: DateRange, out: Path, name: str, console: Console) -> Evaluation:
    backtest = Backtest(archive=archive, dates=dates, system_ids=tuple(SYSTEMS))
    predictions = out / f"{name}-{backtest.fingerprint}.parquet"
    if not predictions.exists():
        run_backtest(backtest, predictions, lambda title, done, of: console.print(f"{title}: {done} of {of}"))
    evaluation = evaluate_file(predictions, Archive(archive))
    (out / f"{name}.html").write_text(render_evaluation(evaluation), encoding="utf-8")
    return evaluation


def _table(name: str, evaluation: Evaluation) -> Table:
    columns = {
        f"{system.system_id}\n{system.view}": dict(_figures(system, evaluation)) for system in evaluation.systems
    }
    lined = counted(evaluation.lined, "player-game")
    title = f"{name}: {evaluation.first_date} to {evaluation.last_date}, {lined} with a line"
    table = Table("", *columns, title=title, title_justify="left")
    for row in dict.fromkeys(row for figures in columns.values() for row in figures):
        table.add_row(row, *(figures.get(row, "") for figures in columns.values()))
    return table


def _figures(system: SystemEvaluation, evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    yield "MAE − line", _difference(system.against_line)
    for group in system.groups["week of the season"][:3] if evaluation.first_date.month == 10 else ():
        yield f"  {group.label}", _difference(group.against_line)
    yield "MAE, 15 minutes or more", _estimate(system.rotation_error)
    if system.view is View.MARKET:
        yield "Brier − market", _difference(system.brier, digits=4)
    calibration = system.calibration
    yield "ECE (chance, 95 %)", f"{_number(calibration.value)} ({_number(calibration.bound_95)})"
    covers = [each.covered for each in system.intervals if each.covered is not None]
    yield "80 % interval by line", f"{100 * min(covers):.1f} to {100 * max(covers):.1f}" if covers else "–"
    yield "its mean width", _number(system.intervals[0].width, 1)
    yield (
        "lined players predicted",
        f"{100 * system.lined_predicted / evaluation.lined:.1f} %" if evaluation.lined else "–",
    )
    picks = system.picks
    yield "picks, share of lines", "–" if picks.share_of_lines is None else f"{100 * picks.share_of_lines:.0f} %"
    yield "their ROI", _estimate(picks.roi)


def _difference(comparison: Comparison, digits: int = 3) -> str:
    return _estimate(comparison.difference, digits, signed=True)


def _estimate(estimate: Estimate, digits: int = 3, *, signed: bool = False) -> str:
    if estimate.value is None:
        return "–"
    error = "–" if estimate.se is None else f"{estimate.se:.{digits}f}"
    return f"{estimate.value:{'+' if signed else ''}.{digits}f} ± {error}"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
