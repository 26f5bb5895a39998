"""The consensus of a random slate: what holds for whatever the books quote."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from devtools.season_rows import run
from tests.support.rows import rows_of
from tipoff.vocabulary import eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

TODAY = date(2024, 3, 29)
GAMES = ("0022301061", "0022301062")
PLAYERS = tuple(str(number) for number in range(1, 120))
BOOKS = ("betmgm", "bovada", "draftkings", "fanduel", "prizepicks", "williamhill_us")
PRICES = (-2000, -180, -130, -115, -110, -105, 100, 120, 900, None)
KEY = ("game_id", "player_id")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(Path(tmp_path_factory.mktemp("consensus")) / "tipoff.duckdb")
    warehouse.migrate()
    games = [{"game_id": game, "tip_off": eastern(TODAY, 19)} for game in GAMES]
    schedule = rows_of("raw_schedule", games, game_date=TODAY, season="2023-24")
    warehouse.replace("raw_schedule", schedule, {"season": "2023-24"})
    for hour in (11, 15, 20):
        quotes = quotes_of(Random(hour)) + copies(quotes_of(Random(hour)), "zebrabook")
        rows = rows_of("raw_player_props", quotes, game_date=TODAY, as_of=eastern(TODAY, hour))
        warehouse.append("raw_player_props", rows)
    run(warehouse, ["player_prop_lines"], TODAY, TODAY, as_of=eastern(TODAY, 21))
    yield warehouse
    warehouse.close()


def quotes_of(random: Random) -> list[dict[str, Any]]:
    return [
        {
            "game_id": game,
            "player_id": player,
            "player_name": player,
            "book": book,
            "line": line,
            "over_price_american": random.choice(PRICES),
            "under_price_american": random.choice(PRICES),
        }
        for game, player, book in product(GAMES, PLAYERS, BOOKS)
        if random.random() < 0.7
        for line in random.sample((18.5, 19.5, 20.0, 20.5), random.randint(1, 3))
    ]


def copies(quotes: list[dict[str, Any]], book: str) -> list[dict[str, Any]]:
    return [quote | {"book": book} for quote in quotes if quote["book"] == "fanduel"]


@pytest.fixture
def lines(warehouse: DuckDbWarehouse) -> pl.DataFrame:
    return warehouse.query("SELECT * FROM player_prop_lines")


@pytest.fixture
def quotes(warehouse: DuckDbWarehouse) -> pl.DataFrame:
    """The quotes of the latest snapshot before tip-off."""
    return warehouse.query("SELECT * FROM book_quotes").filter(as_of=eastern(TODAY, 15))


def test_a_consensus_is_the_line_of_a_book_with_half_of_the_main_lines_on_each_side(
    lines: pl.DataFrame, quotes: pl.DataFrame
) -> None:
    assert lines.height > 200
    mains = quotes.filter(pl.col("is_main"), pl.col("book") != "zebrabook").select(*KEY, main="line")
    sides = (
        lines.join(mains, on=KEY)
        .group_by(KEY)
        .agg(
            quoted=(pl.col("main") == pl.col("line")).any(),
            below=(pl.col("main") < pl.col("line")).mean(),
            above=(pl.col("main") > pl.col("line")).mean(),
            books=pl.col("books").first() == pl.len(),
        )
    )
    assert sides.height == lines.height
    assert sides.select(pl.col("quoted", "books").all()).row(0) == (True, True)
    assert sides.select(pl.col("below", "above").max()).row(0) == (0.5, 0.5)


def test_even_splits_go_up_about_as_often_as_down(lines: pl.DataFrame, quotes: pl.DataFrame) -> None:
    mains = quotes.filter(pl.col("is_main"), pl.col("book") != "zebrabook").select(*KEY, main="line")
    sides = (
        lines.join(mains, on=KEY)
        .group_by(KEY)
        .agg(split=(pl.col("main") < pl.col("line")).mean() - (pl.col("main") > pl.col("line")).mean())
    )
    up, down = sides.filter(pl.col("split") > 0).height, sides.filter(pl.col("split") < 0).height
    assert 0.35 < up / (up + down) < 0.65


def test_the_best_price_is_the_best_of_every_pair_at_the_line(lines: pl.DataFrame, quotes: pl.DataFrame) -> None:
    best = (
        lines.join(quotes, on=[*KEY, "line"])
        .group_by(KEY)
        .agg(over=pl.col("over_price_american_right").max(), under=pl.col("under_price_american_right").max())
    )
    compared = lines.join(best, on=KEY)
    assert compared["over_price_american"].equals(compared["over"])
    assert compared["under_price_american"].equals(compared["under"])
    assert compared.filter(pl.col("over").is_null() != pl.col("over_book").is_null()).is_empty()
    assert "prizepicks" not in set(lines["over_book"]) | set(lines["under_book"])


def test_only_pairs_before_tip_off_with_two_sides_within_the_ladder_are_quotes(quotes: pl.DataFrame) -> None:
    assert quotes["over_probability"].is_between(0.3, 0.7).all()
    assert quotes.filter(pl.col("book") != "prizepicks")["over_price_american"].null_count() == 0
