"""`starter.py unresolved`: the worklist of names, from a warehouse that a worker may have open."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from cli.name_worklist import UnresolvedName, unresolved_names
from tests.support.rows import rows_of
from tests.support.starter import Starter
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

FRIDAY, SATURDAY = date(2024, 3, 29), date(2024, 3, 30)
GAMES = {FRIDAY: "0022301062", SATURDAY: "0022301070"}
PLAYERS = {
    "1": ("Orin Vale", "DEN"),
    "2": ("Elmo Vale", "MIN"),
    "3": ("Ezekiel Reed Jr.", "MIN"),
    "4": ("Oz Dorn", "LAL"),
}
PROPS, INJURIES, ROSTERS = "odds_api_player_points_props", "nbac_injury_report", "espn_team_rosters"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tipoff.duckdb"


@pytest.fixture
def warehouse(file: Path) -> Iterator[Warehouse]:
    """A warehouse with two dates of the game DEN@MIN and with the names that they could not resolve."""
    warehouse = open_warehouse(f"duckdb:///{file}")
    listed = [{"player_id": key, "player_name": name, "team": team} for key, (name, team) in PLAYERS.items()]
    for day, game_id in GAMES.items():
        warehouse.replace("raw_players", rows_of("raw_players", listed, game_date=day), {"game_date": day})
        game = {"game_id": game_id, "home": "MIN", "away": "DEN", "season": "2023-24", "status": "final"}
        warehouse.replace("raw_schedule", rows_of("raw_schedule", [game], game_date=day), {"game_date": day})
    unresolved(warehouse, FRIDAY, PROPS, "Bob Vale", "Zeke Reed")
    unresolved(warehouse, FRIDAY, INJURIES, "Zeke Reed", team="MIN")
    unresolved(warehouse, SATURDAY, PROPS, "Zeke Reed")
    yield warehouse
    warehouse.close()


def unresolved(warehouse: Warehouse, day: date, source: str, *names: str, team: str = "", game: str = "") -> None:
    values = [{"player_name": name, "team": team, "game_id": game or GAMES[day]} for name in names]
    rows = rows_of("unresolved_players", values, game_date=day, source=source)
    warehouse.replace("unresolved_players", rows, {"game_date": day, "source": source})


ZEKE = UnresolvedName(
    name="Zeke Reed",
    count=3,
    dates=(FRIDAY, SATURDAY),
    sources=(INJURIES, PROPS),
    candidates=("Ezekiel Reed Jr.", "Elmo Vale", "Orin Vale"),
    alias_line="Zeke Reed,Ezekiel Reed Jr.",
)


def test_a_name_is_listed_once_with_its_dates_sources_and_the_nearest_players(warehouse: Warehouse) -> None:
    zeke, bob = unresolved_names(warehouse, {})
    assert zeke == ZEKE
    assert (bob.name, bob.count, bob.dates) == ("Bob Vale", 1, (FRIDAY,))
    assert set(bob.candidates[:2]) == {"Elmo Vale", "Orin Vale"}


def test_the_list_of_one_date(warehouse: Warehouse) -> None:
    (zeke,) = unresolved_names(warehouse, {}, SATURDAY)
    assert (zeke.name, zeke.count, zeke.sources) == ("Zeke Reed", 1, (PROPS,))


def test_the_list_is_empty_when_every_name_has_its_alias(warehouse: Warehouse) -> None:
    aliases = {"Zeke Reed": "Ezekiel Reed Jr."}
    assert [name.name for name in unresolved_names(warehouse, aliases)] == ["Bob Vale"]
    assert unresolved_names(warehouse, {**aliases, "Bob Vale": "Elmo Vale"}) == ()


def test_an_alias_of_a_player_who_is_not_in_the_game_leaves_the_name(warehouse: Warehouse) -> None:
    names = [name.name for name in unresolved_names(warehouse, {"Bob Vale": "Oz Dorn"})]
    assert names == ["Zeke Reed", "Bob Vale"]


def test_a_name_with_a_comma_is_quoted_and_a_date_without_players_has_no_line(warehouse: Warehouse) -> None:
    unresolved(warehouse, FRIDAY, PROPS, "Reed, Zeke")
    assert '"Reed, Zeke",Ezekiel Reed Jr.' in {name.alias_line for name in unresolved_names(warehouse, {})}
    warehouse.replace("raw_players", rows_of("raw_players", []), {"game_date": FRIDAY})
    warehouse.replace("raw_players", rows_of("raw_players", []), {"game_date": SATURDAY})
    assert {(name.candidates, name.alias_line) for name in unresolved_names(warehouse, {})} == {((), "")}


def test_the_command_reads_a_warehouse_that_a_worker_has_open(warehouse: Warehouse, file: Path, tmp_path: Path) -> None:
    starter = Starter(tmp_path, {"TIPOFF_WAREHOUSE": f"duckdb:///{file}"})
    ended = starter("unresolved")
    assert ended.code == 0, ended.err
    assert "2 names unresolved" in ended.text
    assert "Zeke Reed,Ezekiel Reed Jr." in ended.out
    assert "TIPOFF_ALIASES" in ended.out

    aliases = tmp_path / "aliases.csv"
    aliases.write_text("spelling,player_name\nZeke Reed,Ezekiel Reed Jr.\nBob Vale,Orin Vale\n", encoding="utf-8")
    starter = Starter(tmp_path, {**starter.variables, "TIPOFF_ALIASES": str(aliases)})
    assert starter("unresolved").text == "every name resolves"
    assert starter("unresolved --date 2024-03-29 --json").json == {"aliases": str(aliases), "names": []}


def test_without_a_warehouse_the_command_says_so(tmp_path: Path) -> None:
    ended = Starter(tmp_path)("unresolved")
    assert ended.code == 5
    assert "there is no warehouse at duckdb:///" in ended.err
