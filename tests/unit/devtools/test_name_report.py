"""The measuring of names: every archived quote of rostered players finds its player, and a wrong one would show."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from devtools.name_report import AIM, Fate, Quote, by_fate, measure, quotes, share_resolved, shortfalls, tell
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
    folder = tmp_path_factory.mktemp("identity") / "archive"
    write_archive(folder, imported.frames, source="import", missing=imported.missing)
    return Archive(folder)


@pytest.mark.data
@pytest.mark.parametrize("month", ["2024-03", "2024-11"])
def test_a_months_quotes_find_their_players_and_none_finds_another(
    past: Archive, shared_data: Path, month: str
) -> None:
    quoted = [quote for quote in quotes(shared_data) if f"{quote.game_date:%Y-%m}" == month]
    told = by_fate(measure(past, quoted), month)
    assert told.total() == sum(quote.rows for quote in quoted) > 1000
    assert share_resolved(told) >= AIM
    assert (told[Fate.WRONG], told[Fate.NOT_ROSTERED]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "player_id", "fate"),
    [
        ("Stephen Curry", CURRY, Fate.RESOLVED),
        ("Curry, Stephen", CURRY, Fate.RESOLVED),
        ("Stephen Curry", GREEN, Fate.WRONG),
        ("Steff Curry", CURRY, Fate.UNRESOLVED),
        ("LeBron James", "2544", Fate.NOT_ROSTERED),
        ("Stephen Curry", None, Fate.UNJUDGED),
        ("Nobody At All", None, Fate.UNRESOLVED),
    ],
)
def test_what_became_of_a_quote(sample: Path, name: str, player_id: str | None, fate: Fate) -> None:
    counts = measure(Archive(sample), [Quote(SLATE, "CHA", "GSW", name, player_id, rows=7)])
    assert counts == {("2024-03", fate, name): 7}


def test_an_unresolved_name_is_told_with_its_rows(sample: Path) -> None:
    counts = measure(Archive(sample), [Quote(SLATE, "CHA", "GSW", "Steff Curry", CURRY, rows=7)])
    paper = io.StringIO()
    tell(counts, Console(file=paper, width=160))
    assert "unresolved: Steff Curry (7)" in paper.getvalue()
    assert share_resolved(by_fate(counts)) == 0


@pytest.mark.parametrize(
    ("resolved", "wrong", "unresolved", "unjudged", "missed"),
    [
        (2000, 0, 10, 10, []),
        (0, 0, 0, 0, ["0 rows of rostered players, fewer than 1000", "0.00% of them resolved, less than 99.5%"]),
        (999, 0, 0, 0, ["999 rows of rostered players, fewer than 1000"]),
        (2000, 0, 11, 0, ["99.45% of them resolved, less than 99.5%"]),
        (2000, 1, 0, 0, ["1 rows resolved wrongly"]),
        (2000, 0, 0, 11, ["11 rows without an id to judge by, over 0.5% of all"]),
    ],
)
def test_what_is_missed_of_the_aim_is_told(
    resolved: int, wrong: int, unresolved: int, unjudged: int, missed: list[str]
) -> None:
    fates = {Fate.RESOLVED: resolved, Fate.WRONG: wrong, Fate.UNRESOLVED: unresolved, Fate.UNJUDGED: unjudged}
    assert shortfalls(Counter(fates)) == missed


def test_a_folder_without_quotes_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="player_props holds no"):
        quotes(tmp_path)


@pytest.mark.data
def test_each_of_our_aliases_is_a_spelling_that_a_feed_really_used(shared_data: Path) -> None:
    files = (shared_data / "player_props").glob("*.parquet")
    quoted = {name for file in files for name in pl.read_parquet(file, columns=["player"])["player"]}
    met = {normalise(name) for name in quoted | names_of_balldontlie(shared_data / "payloads" / "balldontlie")}
    assert [spelling for spelling in load_aliases() if normalise(spelling) not in met] == []


def names_of_balldontlie(folder: Path) -> set[str]:
    """First and last name of everybody in a recorded box score."""
    documents = [json.loads(file.read_bytes()) for file in folder.glob("box_scores*.json")]
    return {
        f"{listed['player']['first_name']} {listed['player']['last_name']}"
        for document in documents
        for box in document["data"]
        for side in ("home_team", "visitor_team")
        for listed in box[side]["players"]
    }


@pytest.mark.data
def test_a_traded_player_is_found_in_his_team_of_the_date(past: Archive) -> None:
    """Schröder went from the Nets to the Warriors in the middle of December 2024."""
    quoted = [
        Quote(game_date, team, "MEM", "Dennis Schroder", "203471", rows=1)
        for game_date in (date(2024, 12, 8), date(2024, 12, 19))
        for team in ("BKN", "GSW")
    ]
    fates = [next(iter(measure(past, [quote])))[1] for quote in quoted]
    assert fates == [Fate.RESOLVED, Fate.NOT_ROSTERED, Fate.NOT_ROSTERED, Fate.RESOLVED]
