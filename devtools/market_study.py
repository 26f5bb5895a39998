"""What real quotes say about ways to remove the hold, and about the implied median.

`python -m devtools.market_study ARCHIVE` prints the figures of the section "Market" in `docs/models.md`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from devtools.season_rows import run
from tipoff.odds import decimal_price
from tipoff.replay.archive.reader import Archive
from tipoff.replay.season_rows import load_player_lines, load_results
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import DateRange, Warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

Floats = NDArray[np.float64]

WINDOW: Final = DateRange(first=date(2024, 3, 2), last=date(2024, 4, 14))
SEASON: Final = "2023-24"


# ── ways to remove the hold: P(over) from the implied probabilities of both sides, whose sum is above 1 ──────────


def multiplicative(over: Floats, under: Floats) -> Floats:
    """Both sides divided by their sum."""
    return over / (over + under)


def additive(over: Floats, under: Floats) -> Floats:
    """Both sides less half of the hold. With two sides, Shin's method gives the same."""
    return over - (over + under - 1) / 2


def power(over: Floats, under: Floats) -> Floats:
    """Both sides to the power that makes their sum 1, found by bisection."""
    low, high = np.zeros_like(over), np.full_like(over, 50.0)
    for _ in range(60):
        middle = (low + high) / 2
        is_low = over**middle + under**middle > 1
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    raised: Floats = over**high
    return raised


def goto(over: Floats, under: Floats) -> Floats:
    """Both sides less the same number of their standard errors, √(1 - p)."""
    steps = (over + under - 1) / (np.sqrt(1 - over) + np.sqrt(1 - under))
    less: Floats = over - steps * np.sqrt(1 - over)
    return less


METHODS: Final[Mapping[str, Callable[[Floats, Floats], Floats]]] = MappingProxyType(
    {"multiplicative": multiplicative, "additive = Shin": additive, "power": power, "goto": goto}
)


# ── the figures ──────────────────────────────────────────────────────────────────────────────────────────────────


def mean_and_error(values: Floats, games: Floats) -> tuple[float, float]:
    """Return the mean and its standard error, clustered by game."""
    mean = float(values.mean())
    _, clusters = np.unique(games, return_inverse=True)
    sums = np.bincount(clusters, weights=values - mean)
    return mean, float(np.sqrt((sums**2).sum()) / len(values))


def hold_figures(quotes: pl.DataFrame) -> list[str]:
    """Return a row of a table per method: Brier score, and how much it is worse than the first method's."""
    over, under = quotes["over"].to_numpy(), quotes["under"].to_numpy()
    hit, games = (quotes["points"] > quotes["line"]).cast(pl.Float64).to_numpy(), quotes["game_id"].to_numpy()
    scores = {name: (method(over, under) - hit) ** 2 for name, method in METHODS.items()}
    first = scores["multiplicative"]
    lines = []
    for name, score in scores.items():
        worse, error = mean_and_error(score - first, games)
        lines.append(f"| {name} | {score.mean():.5f} | {worse * 1e5:+.1f} ± {error * 1e5:.1f} |")
    return lines


def median_figures(lines: pl.DataFrame) -> list[str]:
    """Return sentences about the consensus lines and implied medians of players who played."""
    points, line = lines["points"].to_numpy(), lines["line"].to_numpy()
    games, median = lines["game_id"].to_numpy(), lines["implied_median"].to_numpy()
    of_line = mean_and_error(np.abs(points - line), games)
    better = mean_and_error(np.abs(points - median) - np.abs(points - line), games)
    decided = lines.filter(pl.col("points") != pl.col("line"))
    hit = (decided["points"] > decided["line"]).cast(pl.Float64)
    brier = mean_and_error(((decided["market_over_probability"] - hit) ** 2).to_numpy(), decided["game_id"].to_numpy())
    return [
        f"Player-games with a line: {lines.height}, with {lines['books'].to_numpy().mean():.1f} books on average.",
        f"MAE of the line: {of_line[0]:.3f} ± {of_line[1]:.3f}.",
        f"MAE of the implied median minus that of the line: {better[0]:+.4f} ± {better[1]:.4f}.",
        f"Brier score of the market: {brier[0]:.5f} ± {brier[1]:.5f}.",
    ]


def quoted_pairs(warehouse: Warehouse, results: pl.DataFrame) -> pl.DataFrame:
    """Return each book's newest pair of prices at each line of players who played, without pushes."""
    sql = "SELECT * FROM raw_player_props WHERE game_date BETWEEN @first AND @last AND player_id IS NOT NULL"
    rows = warehouse.query(sql, {"first": WINDOW.first, "last": WINDOW.last})
    newest = rows.filter(pl.col("as_of") == pl.col("as_of").max().over("game_id", "book"))
    implied = {
        side: 1 / pl.col(f"{side}_price_american").map_elements(decimal_price, return_dtype=pl.Float64)
        for side in ("over", "under")
    }
    pairs = newest.drop_nulls(["over_price_american", "under_price_american"]).with_columns(**implied)
    return pairs.join(results, on=["game_id", "player_id"]).filter(pl.col("points") != pl.col("line"))


def study(archive: Archive, warehouse: Warehouse) -> list[str]:
    """Return the lines of the report."""
    load_results(warehouse, archive, [SEASON])
    load_player_lines(warehouse, archive, WINDOW)
    played = [day for day in archive.games["game_date"].unique().sort() if WINDOW.first <= day <= WINDOW.last]
    for day in played:
        run(warehouse, ["player_prop_lines"], day, day, as_of=eastern(day, 23))
    results = archive.player_box.select("game_id", "player_id", "points")
    pairs = quoted_pairs(warehouse, results)
    gap = (pl.col("over") - pl.col("under")).abs()
    mains = pairs.filter(gap == gap.min().over("game_id", "player_id", "book", "as_of"))
    lines = warehouse.query("SELECT * FROM player_prop_lines").join(results, on=["game_id", "player_id"])
    head = ["| method | Brier | difference · 10⁵ |", "|---|---|---|"]
    return [
        f"Main lines, pairs: {mains.height}\n",
        *head,
        *hold_figures(mains),
        f"\nAll lines with alternates, pairs: {pairs.height}\n",
        *head,
        *hold_figures(pairs),
        "",
        *median_figures(lines),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path, help="archive that `python -m tipoff.replay.archive import` has written")
    archive = Archive(parser.parse_args().archive)
    with tempfile.TemporaryDirectory() as folder:
        warehouse = DuckDbWarehouse(Path(folder) / "study.duckdb")
        warehouse.migrate()
        print("\n".join(study(archive, warehouse)))
        warehouse.close()


if __name__ == "__main__":
    main()
