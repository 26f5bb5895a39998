"""The name report: quotes of rostered players resolve, and a wrong resolution is reported."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from devtools.name_report import (
    TARGET_SHARE,
    NameResult,
    Quote,
    count_by_result,
    measure,
    missed_targets,
    print_report,
    quotes,
    share_resolved,
)
from tipoff.errors import BadInputError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.writer import write_archive
from tipoff.sources.player_names import load_aliases, normalise

SLATE = date(2024, 3, 29)
CURRY, GREEN = "201939", "203110"


@pytest.fixture(scope="module")
def past(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    imported = import_folder(shared_data)
    folder = tmp_path_factory.mktemp("names") / "archive"
    write_archive(folder, imported.frames, source="import", missing=imported.missing)
    return Archive(folder)


@pytest.mark.data
@pytest.mark.parametrize("month", ["2024-03", "2024-11"])
def test_quotes_of_a_month_resolve_to_the_right_players(past: Archive, shared_data: Path, month: str) -> None:
    quoted = [quote for quote in quotes(shared_data) if f"{quote.game_date:%Y-%m}" == month]
    totals = count_by_result(measure(past, quoted), month)
    assert totals.total() == sum(quote.rows for quote in quoted) > 1000
    assert share_resolved(totals) >= TARGET_SHARE
    assert (totals[NameResult.WRONG], totals[NameResult.NOT_ROSTERED]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "player_id", "result"),
    [
        ("Stephen Curry", CURRY, NameResult.RESOLVED),
        ("Curry, Stephen", CURRY, NameResult.RESOLVED),
        ("Stephen Curry", GREEN, NameResult.WRONG),
        ("Steff Curry", CURRY, NameResult.UNRESOLVED),
        ("LeBron James", "2544", NameResult.NOT_ROSTERED),
        ("Stephen Curry", None, NameResult.UNVERIFIED),
        ("Nobody At All", None, NameResult.UNRESOLVED),
    ],
)
def test_the_result_of_a_quote(sample: Path, name: str, player_id: str | None, result: NameResult) -> None:
    counts = measure(Archive(sample), [Quote(SLATE, "CHA", "GSW", name, player_id, rows=7)])
    assert counts == {("2024-03", result, name): 7}


def test_an_unresolved_name_is_printed_with_its_rows(sample: Path) -> None:
    counts = measure(Archive(sample), [Quote(SLATE, "CHA", "GSW", "Steff Curry", CURRY, rows=7)])
    buffer = io.StringIO()
    print_report(counts, Console(file=buffer, width=160))
    assert "unresolved: Steff Curry (7)" in buffer.getvalue()
    assert share_resolved(count_by_result(counts)) == 0


@pytest.mark.parametrize(
    ("resolved", "wrong", "unresolved", "unverified", "missed"),
    [
        (2000, 0, 10, 10, []),
        (0, 0, 0, 0, ["0 rows of rostered players, fewer than 1000", "0.00% of them resolved, less than 99.5%"]),
        (999, 0, 0, 0, ["999 rows of rostered players, fewer than 1000"]),
        (2000, 0, 11, 0, ["99.45% of them resolved, less than 99.5%"]),
        (2000, 1, 0, 0, ["1 row resolved wrongly"]),
        (2000, 0, 0, 11, ["11 rows resolved without an id to compare with, over 0.5% of all"]),
    ],
)
def test_missed_targets_are_described(
    resolved: int, wrong: int, unresolved: int, unverified: int, missed: list[str]
) -> None:
    results = {
        NameResult.RESOLVED: resolved,
        NameResult.WRONG: wrong,
        NameResult.UNRESOLVED: unresolved,
        NameResult.UNVERIFIED: unverified,
    }
    assert missed_targets(Counter(results)) == missed


def test_a_folder_without_quotes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="player_props has no"):
        quotes(tmp_path)


@pytest.mark.data
def test_each_alias_joins_two_spellings_of_one_player(shared_data: Path) -> None:
    """One of them is in a list of players; the other one is in none, or has the same player id."""
    ids, former = player_ids(shared_data), former_players(shared_data)
    pairs = [(normalise(spelling), normalise(name)) for spelling, name in load_aliases().items()]
    assert [pair for pair in pairs if not {*ids, *former}.intersection(pair)] == []
    both_listed = [(one, other) for one, other in pairs if one in ids and other in ids]
    assert [pair for pair in both_listed if ids[pair[0]].isdisjoint(ids[pair[1]])] == []


def player_ids(shared_data: Path) -> Mapping[str, set[int]]:
    """Normalised name -> ids of the players of the past seasons and of the league's recorded list."""
    files = (shared_data / "player_games").glob("*.parquet")
    results = pl.concat([pl.read_parquet(file, columns=["PLAYER_NAME", "PLAYER_ID"]) for file in files]).unique()
    listed = json.loads((shared_data / "payloads" / "stats_nba" / "playerindex.json").read_bytes())["resultSets"][0]
    columns = [listed["headers"].index(name) for name in ("PLAYER_FIRST_NAME", "PLAYER_LAST_NAME", "PERSON_ID")]
    ids: dict[str, set[int]] = {}
    for name, player_id in results.iter_rows():
        ids.setdefault(normalise(name), set()).add(int(player_id))
    for first, last, player_id in ([row[column] for column in columns] for row in listed["rowSet"]):
        ids.setdefault(normalise(f"{first} {last}"), set()).add(player_id)
    return ids


def former_players(shared_data: Path) -> set[str]:
    """Normalised names of all players the league ever had."""
    file = shared_data / "payloads" / "stats_nba" / "nba_api_docs_commonallplayers.json.gz"
    listed = json.loads(gzip.decompress(file.read_bytes()))["resultSets"][0]
    column = listed["headers"].index("DISPLAY_FIRST_LAST")
    return {normalise(row[column]) for row in listed["rowSet"]}


@pytest.mark.data
def test_a_traded_player_is_resolved_in_his_team_of_the_date(past: Archive) -> None:
    """Schröder went from the Nets to the Warriors in the middle of December 2024."""
    quoted = [
        Quote(game_date, team, "MEM", "Dennis Schroder", "203471", rows=1)
        for game_date in (date(2024, 12, 8), date(2024, 12, 19))
        for team in ("BKN", "GSW")
    ]
    results = [next(iter(measure(past, [quote])))[1] for quote in quoted]
    assert results == [NameResult.RESOLVED, NameResult.NOT_ROSTERED, NameResult.NOT_ROSTERED, NameResult.RESOLVED]
