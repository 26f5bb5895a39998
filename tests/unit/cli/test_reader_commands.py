"""`starter.py tonight | player | results | systems | best-bets`, from the exports of a real evening alone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import starter
from cli.exit_codes import ExitCode
from tests.support import evening
from tests.support.evening import DAY, NEXT_MORNING, WITH_LINES
from tests.support.rows import rows_of
from tests.support.starter import Ended
from tipoff.grading.accuracy import grade_date
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.envelope import Edition
from tipoff.publishing.reader_exports import publish_exports_of_players, publish_exports_of_tonight
from tipoff.publishing.results import publish_results
from tipoff.publishing.store import open_exports
from tipoff.warehouse.open import open_warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
COMMANDS = ("tonight", "best-bets", "results", "systems", "player Curry")
FILES = {
    "tonight": "v1/tonight/all-players.json",
    "best-bets": "v1/best-bets/latest.json",
    "results": "v1/results/latest.json",
    "systems": "v1/systems/performance.json",
    "player Stephen Curry": "v1/players/201939.json",
    "player Luka": "v1/players/index.json",
}
NAMES = {"201939": "Stephen Curry", "203552": "Seth Curry", "1629029": "Luka Dončić"}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> str:
    """The exports of the evening, before and after its games."""
    folder = tmp_path_factory.mktemp("evening")
    store = open_exports(url := f"file://{folder}/exports")
    warehouse = open_warehouse(f"duckdb:///{folder}/tipoff.duckdb")
    warehouse.migrate()
    evening.load_slate(warehouse, sample)
    evening.load_predictions(warehouse, sample)
    publish_best_bets(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    publish_exports_of_tonight(warehouse, store, Edition(DAY, WITH_LINES, WALL_CLOCK))
    evening.load_results(warehouse, sample)
    grade_date(warehouse, DAY, NEXT_MORNING)
    publish_results(warehouse, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    games = [
        {"player_id": player_id, "player_name": name, "team": "GSW", "game_date": DAY - timedelta(days=back)}
        for player_id, name in NAMES.items()
        for back in (0, 2)
    ]
    numbered = [{**game, "game_id": f"002230{index:04d}"} for index, game in enumerate(games)]
    warehouse.replace(
        "player_game_summary", rows_of("player_game_summary", numbered, season="2023-24", minutes=30.0, points=25), {}
    )
    publish_exports_of_players(warehouse, store, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    warehouse.close()
    return url


Run = Callable[[str], Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs command lines in this process, since a process for each takes a second."""
    monkeypatch.chdir(tmp_path)

    def typed(line: str) -> Ended:
        code = starter.main(line.split())
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return typed


@pytest.fixture
def with_exports(monkeypatch: pytest.MonkeyPatch, exports: str) -> None:
    monkeypatch.setenv("TIPOFF_EXPORTS", exports)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch, exports: str, tmp_path: Path) -> Path:
    """A folder with the same exports, which the commands read."""
    folder = shutil.copytree(exports.removeprefix("file://"), tmp_path / "copied")
    monkeypatch.setenv("TIPOFF_EXPORTS", f"file://{folder}")
    return folder


reading = pytest.mark.usefixtures("with_exports")


@reading
def test_tonight_lists_lined_players_by_value_and_filters(run: Run) -> None:
    shown = run("tonight --top 5")
    assert shown.out.startswith("Tonight, 2024-03-29  complete, as of 2024-03-29 15:05 ET\n5 players, ")
    page = run("tonight --json").json
    best = [each for each in page["players"] if each["line"] is not None][:5]
    rows = shown.out.splitlines()[3:8]
    assert [row.startswith(each["player_name"]) for row, each in zip(rows, best, strict=True)] == [True] * 5
    of_team = run("tonight --team gsw --side UNDER --all").out
    assert "CHA at GSW" not in of_team
    assert "OVER " not in of_team


@reading
def test_best_bets_have_their_reason(run: Run) -> None:
    assert " 1. " in run("best-bets --date 2024-03-29").out
    assert run("best-bets").out == run("best-bets --date 2024-03-29").out
    assert "of the stake is expected" in " ".join(run("best-bets").out.split())


@reading
def test_results_show_the_headlines_picks_and_every_system(run: Run) -> None:
    shown = run("results").out
    assert "Picks of the headline: " in shown
    assert "moving_average" in shown
    assert "fewer than 500 picks are too few to read a hit rate from" in shown


@reading
def test_systems_show_every_window(run: Run) -> None:
    shown = run("systems").out
    assert [label in shown for label in ("day: 2024-03-29", "7 days: ", "30 days: ", "season: ")] == [True] * 4


@reading
def test_a_player_is_resolved_by_a_part_of_the_name_without_accents(run: Run) -> None:
    shown = run("player doncic").out
    assert shown.startswith("Luka Dončić (GSW), 2024-03-29")
    assert "Mean points (games): season 25.0 (2)" in shown
    assert run("player stephen curry").out.startswith("Stephen Curry")


@pytest.mark.parametrize(
    ("name", "text"),
    [("curry", "'curry' may be Seth Curry, Stephen Curry"), ("Stefen Curri", "(did you mean Stephen Curry")],
    ids=["two players", "misspelled"],
)
@reading
def test_a_name_of_no_or_several_players_is_an_error(run: Run, name: str, text: str) -> None:
    ended = run(f"player {name}")
    assert (ended.code, ended.out) == (ExitCode.UNKNOWN, "")
    assert text in ended.err


@pytest.mark.parametrize("command", COMMANDS)
def test_without_exports_the_error_says_when_they_come(
    command: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIPOFF_EXPORTS", f"file://{tmp_path}/none")
    ended = run(command)
    assert (ended.code, ended.out) == (ExitCode.UNKNOWN, "")
    assert "a day writes it" in ended.err


@pytest.mark.parametrize("command", ["tonight", "results", "systems", "best-bets", "player Luka Doncic"])
@reading
def test_json_is_the_export_itself(command: str, run: Run) -> None:
    assert json.loads(run(f"{command} --json").out)["schema_version"] == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", "it is no JSON object"),
        ('{"game_date": "2024-03-29"}', "generated_at: field required"),
        ('{"game_date": 7}', "game_date: input should be a valid date"),
    ],
)
@pytest.mark.parametrize(("command", "path"), FILES.items())
def test_a_foreign_export_is_named_with_the_field_that_it_lacks(
    command: str, path: str, content: str, problem: str, copied: Path, run: Run
) -> None:
    (copied / path).write_text(content)
    ended = run(command)
    assert (ended.code, ended.out) == (ExitCode.FAILED, "")
    assert f"{copied / path} is damaged: {problem}; run the date's export again with --rerun" in ended.err


@pytest.mark.parametrize(("command", "path"), FILES.items())
def test_a_field_that_is_missing_or_of_another_type_is_named_if_it_is_read(
    command: str, path: str, copied: Path, run: Run
) -> None:
    whole = shortened(json.loads((copied / path).read_text()))
    for field, content in islice(damaged(whole), 0, None, 3):  # all would take half a minute
        (copied / path).write_text(json.dumps(content))
        ended = run(command)
        if ended.code != ExitCode.DONE:
            assert (ended.code, ended.out) == (ExitCode.FAILED, "")
            assert re.search(rf"{re.escape(str(copied / path))} is damaged: .*{field}\b", ended.err), ended.err


def shortened(value: Any) -> Any:
    """An export whose long lists have their first elements only."""
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    return [shortened(each) for each in value[: None if len(value) < 5 else 1]] if isinstance(value, list) else value


def damaged(value: Any) -> Iterator[tuple[str, Any]]:
    """Each field's name, with the export that lacks the field or has it in another type."""
    if isinstance(value, list):
        yield from ((name, [each, *value[1:]]) for first in value[:1] for name, each in damaged(first))
    if isinstance(value, dict):
        for name, present in value.items():
            others = {key: each for key, each in value.items() if key != name}
            yield name, others
            yield name, {**others, name: 7 if isinstance(present, str | list | dict) else "seven"}
            yield from ((field, {**value, name: changed}) for field, changed in damaged(present))


def test_a_damaged_export_is_named_and_not_taken_for_a_missing_one(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "exports" / "v1" / "players" / "index.json"
    index.parent.mkdir(parents=True)
    index.write_text('{"players": [')
    monkeypatch.setenv("TIPOFF_EXPORTS", f"file://{tmp_path}/exports")
    ended = run("player Curry")
    assert ended.code == ExitCode.FAILED
    assert f"{index} is damaged" in ended.err
