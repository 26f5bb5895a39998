"""The tables of an evaluation, for the terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tipoff.evaluation.evaluation import Evaluation, Group, PickFigures, SystemEvaluation
from tipoff.evaluation.figure_text import TOO_FEW, difference, estimate, hit_rate, interval, number, share
from tipoff.grading.statistics import Comparison
from tipoff.vocabulary import Frozen, counted


class Row(Frozen):
    """A row of a table; `few`: its figures of picks are too few to read."""

    name: str
    cells: tuple[str, ...]
    few: bool = False


class Table(Frozen):
    """A table with a title, and what its columns mean."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


def name_of(system: SystemEvaluation) -> str:
    """The system and its view."""
    return f"{system.system_id} ({system.view})"


def overall_tables(evaluation: Evaluation) -> tuple[Table, ...]:
    """Return the tables with one row for each view of each system."""
    return tuple(_table(*declared, evaluation) for declared in _TABLES)


def system_tables(system: SystemEvaluation) -> tuple[Table, ...]:
    """Return the tables of one view of a system: its intervals, its probabilities, and parts of its rows."""
    groups = (_by(label, groups) for label, groups in system.groups.items())
    return (_intervals(system), _reliability(system), *groups)


Columns = Mapping[str, Callable[[SystemEvaluation], str]]


def _table(title: str, columns: Columns, note: str, evaluation: Evaluation) -> Table:
    rows = tuple(
        Row(
            name=name_of(system),
            cells=tuple(cell(system) for cell in columns.values()),
            few=title == _PICKS and system.picks.too_few,
        )
        for system in evaluation.systems
    )
    return Table(title=title, columns=("system", *columns), rows=rows, note=note)


def _on_rows(comparison: Comparison) -> str:
    return f"{comparison.difference.n:,} in {counted(comparison.difference.clusters, 'game')}"


_PICKS: Final = "Picks"
_ERRORS: Final[Columns] = {
    "rows": lambda each: _on_rows(each.against_line),
    "MAE": lambda each: estimate(each.against_line.system),
    "line": lambda each: number(each.against_line.other.value),
    "MAE − line": lambda each: difference(each.against_line),
    "last 10": lambda each: number(each.against_last10.other.value),
    "MAE − last 10": lambda each: difference(each.against_last10),
    "EWMA": lambda each: number(each.against_ewma.other.value),
    "MAE − EWMA": lambda each: difference(each.against_ewma),
}
_PLAYED: Final[Columns] = {
    "predictions": lambda each: f"{each.rows:,}",
    "played": lambda each: f"{each.played:,}",
    "MAE of all": lambda each: estimate(each.error),
    "MAE, 15 minutes or more": lambda each: f"{estimate(each.rotation_error)} (n {each.rotation_error.n:,})",
    "bias of all": lambda each: estimate(each.bias, signed=True),
    "bias with a line": lambda each: estimate(each.lined_bias, signed=True),
}
_PROBABILITIES: Final[Columns] = {
    "rows": lambda each: _on_rows(each.brier),
    "Brier": lambda each: number(each.brier.system.value, 4),
    "market": lambda each: number(each.brier.other.value, 4),
    "Brier − market": lambda each: difference(each.brier, 4),
    "log loss": lambda each: number(each.log_loss.system.value, 4),
    "log loss of the market": lambda each: number(each.log_loss.other.value, 4),
    "log loss − market": lambda each: difference(each.log_loss, 4),
    "ECE": lambda each: number(each.calibration.value),
    "ECE by chance, 95 % bound": lambda each: (
        f"{number(each.calibration.by_chance)}, {number(each.calibration.bound_95)} (n {each.calibration.n:,})"
    ),
}
_PICK_COLUMNS: Final[Mapping[str, Callable[[PickFigures], str]]] = {
    "picks": lambda picks: f"{picks.picks:,}",
    "of the lines": lambda picks: share(picks.share_of_lines),
    "OVER": lambda picks: share(picks.over_share),
    "won – lost – push – void": lambda picks: f"{picks.wins:,} – {picks.losses:,} – {picks.pushes:,} – {picks.voids:,}",
    "hit rate": hit_rate,
    "break-even": lambda picks: share(picks.break_even),
    "ROI": lambda picks: estimate(picks.roi, 1, signed=True, percent=True),
    "CLV, points": lambda picks: (
        f"{estimate(picks.closing_line_value, 2, signed=True)} (n {picks.closing_line_value.n:,})"
        if picks.closing_line_value.n
        else "not known"
    ),
}


_OF_GROUPS: Final = ("picks", "hit rate", "break-even", "ROI")
"""The columns of picks in a table of parts."""


def _of_picks(cell: Callable[[PickFigures], str]) -> Callable[[SystemEvaluation], str]:
    return lambda each: cell(each.picks)


_TABLES: Final[Sequence[tuple[str, Columns, str]]] = (
    (
        "Errors",
        _ERRORS,
        "Mean absolute error in points of players with a line who played. Each comparison is on the rows that have both"
        " figures: the first days of a player have no last 10. ± one standard error, clustered by game; a difference"
        " below two of them is none.",
    ),
    (
        "All players",
        _PLAYED,
        "Players who played, with or without a line. Bias: prediction minus points."
        " 15 minutes: mean of the last 7 games.",
    ),
    (
        "Probabilities",
        _PROBABILITIES,
        "P(over) against the market without its hold, where books quote the line. ECE: expected calibration error,"
        " beside what perfectly calibrated probabilities show on as many rows.",
    ),
    (
        _PICKS,
        {name: _of_picks(cell) for name, cell in _PICK_COLUMNS.items()},
        f"OVER and UNDER at the best price. Hit rate with its 95 % Wilson interval; under 500 picks: {TOO_FEW}."
        " Break-even and ROI at the prices paid. CLV: points that the line moved towards the pick, of those at lines"
        " that no book had at the close; a backtest picks at the close, so that its CLV is not known.",
    ),
)


def _intervals(system: SystemEvaluation) -> Table:
    return Table(
        title="80 % interval by line",
        columns=("line", "rows", "covered", "95 % interval", "width"),
        rows=tuple(
            Row(
                name=each.label,
                cells=(f"{each.n:,}", share(each.covered), interval(each.low, each.high), number(each.width, 1)),
            )
            for each in system.intervals
        ),
    )


def _reliability(system: SystemEvaluation) -> Table:
    return Table(
        title="Reliability of P(over)",
        columns=("predicted", "observed", "95 % interval", "rows"),
        rows=tuple(
            Row(name=share(each.predicted), cells=(share(each.observed), interval(each.low, each.high), f"{each.n:,}"))
            for each in system.reliability
        ),
    )


def _by(label: str, groups: Sequence[Group]) -> Table:
    return Table(
        title=f"By {label}",
        columns=(
            label,
            "rows",
            "MAE",
            "line",
            "MAE − line",
            "Brier − market",
            "picks",
            "hit rate",
            "break-even",
            "ROI",
        ),
        rows=tuple(
            Row(
                name=group.label,
                cells=(
                    f"{group.against_line.difference.n:,}",
                    number(group.against_line.system.value),
                    number(group.against_line.other.value),
                    difference(group.against_line),
                    difference(group.brier, 4),
                    *(_PICK_COLUMNS[column](group.picks) for column in _OF_GROUPS),
                ),
                few=group.picks.too_few,
            )
            for group in groups
        ),
    )


def headline(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what the file holds, what was left out, and what is too good to be true."""
    lined = [f"{name_of(each)} {each.lined_predicted:,}" for each in evaluation.systems]
    return (
        f"{evaluation.first_date} to {evaluation.last_date}: {counted(evaluation.games, 'game')} with predictions",
        f"players with a line who played: {evaluation.lined:,}; predicted: {', '.join(lined)}",
        *(each.text for each in evaluation.left_out),
    )


def alarms(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what means that results leaked into predictions, by system and view."""
    return tuple(f"{name_of(each)}: {alarm}" for each in evaluation.systems for alarm in each.alarms)


def as_text(evaluation: Evaluation) -> str:
    """Return all tables as text of aligned columns."""
    warnings = [f"LEAKAGE ALARM: {text}" for text in alarms(evaluation)]
    overall = [_aligned(table) for table in overall_tables(evaluation)]
    systems = [
        _aligned(table, f"{name_of(system)}: ") for system in evaluation.systems for table in system_tables(system)
    ]
    return "\n".join([*headline(evaluation), *warnings, *overall, *systems])


def _aligned(table: Table, prefix: str = "") -> str:
    lines = [table.columns, *((row.name, *row.cells) for row in table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.columns))]
    body = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join(["", f"{prefix}{table.title}", *body, *([table.note] if table.note else [])])
