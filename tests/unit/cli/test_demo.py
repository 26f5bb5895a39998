"""The variables of `make demo`, and the summary at its end."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.demo import FIRST_PORT, options_from
from cli.demo_summary import (
    format_degradation,
    format_headline,
    format_live,
    format_publication,
    format_ui,
    systems_table,
)
from runtime import PROJECT
from tests.support.ledgers import evening_plan, settled_ledger
from tests.support.starter import NOWHERE
from tipoff.errors import BadInputError
from tipoff.vocabulary import Degradation, Phase, eastern
from workflows.day_status import day_status

DAY = date(2024, 3, 29)
FIVE = eastern(DAY, 5)


def test_the_default_is_the_sample_day_at_one_virtual_hour_a_second() -> None:
    assert options_from({}) == options_from(dict.fromkeys(("DATE", "ARCHIVE", "FAULTS", "OUT", "PACE", "HOLD"), ""))
    options = options_from({})
    assert (options.config.game_date, options.config.archive, options.config.faults) == (DAY, PROJECT / "sample", None)
    assert options.config.out == PROJECT / "var" / "demo"
    assert (options.clock.starts_at, options.clock.seconds_per_hour, options.clock.hold_at) == (FIVE, 1, None)
    assert not options.keep
    assert options.config.first_port == FIRST_PORT == 7243


def test_every_variable_is_used(tmp_path: Path) -> None:
    faults = tmp_path / "faults.toml"
    faults.touch()
    variables = {"DATE": "2024-04-12", "ARCHIVE": "a", "FAULTS": str(faults), "OUT": "b", "PACE": "0.5", "KEEP": "1"}
    options = options_from({**variables, "HOLD": "lines"})
    assert (options.config.game_date, options.config.archive) == (date(2024, 4, 12), Path("a"))
    assert (options.config.faults, options.config.out) == (faults, Path("b"))
    assert (options.clock.seconds_per_hour, options.clock.hold_at, options.keep) == (0.5, Phase.LINES, True)


def test_the_clock_can_be_held_at_a_time_of_day() -> None:
    assert options_from({"DATE": "2024-04-12", "HOLD": "14:30"}).clock.hold_at == eastern(date(2024, 4, 12), 14, 30)


def test_seasons_of_history_are_a_setting_of_the_worker() -> None:
    assert options_from({"HISTORY_SEASONS": "3"}).config.settings == (("TIPOFF_HISTORY_SEASONS", "3"),)
    assert options_from({"HISTORY_SEASONS": ""}).config.settings == ()
    for wrong in ("0", "21", "many"):
        with pytest.raises(BadInputError, match=f"HISTORY_SEASONS={wrong}: give a number from 1 to 20"):
            options_from({"HISTORY_SEASONS": wrong})


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("DATE", "29.3.2024", "give a date such as 2024-03-29"),
        ("DATE", "2024-02-30", "give a date such as 2024-03-29"),
        ("FAULTS", "/nowhere/faults.toml", "there is no such file"),
        *(("PACE", pace, "from 0 to 3600") for pace in ("fast", "-1", "nan", "inf", "1e9")),
        *(("HOLD", hold, r"a phase \(slate, .*\) or an Eastern time such as 14:00") for hold in ("tea", "25:00", "14")),
    ],
)
def test_a_wrong_variable_is_refused_by_name_and_value(variable: str, value: str, expected: str) -> None:
    with pytest.raises(BadInputError, match=f"{variable}={value}: .*{expected}"):
        options_from({variable: value})


def test_an_unreachable_named_server_is_reported_in_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "SERVER": "env", "TEMPORAL_ADDRESS": NOWHERE, "OUT": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.demo"], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith(f"demo: no Temporal server answers at {NOWHERE}")


def test_a_date_outside_the_archive_is_refused_before_anything_starts(tmp_path: Path) -> None:
    environment = {**os.environ, "DATE": "2024-04-12", "OUT": str(tmp_path / "out")}
    done = subprocess.run(
        [sys.executable, "-m", "cli.demo"], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "2024-04-12 is outside the archive" in done.stderr
    assert "which has results from 2023-10-24 to 2024-03-29" in done.stderr
    assert not (tmp_path / "out").exists()


# ── the summary ────────────────────────────────────────────────────────────────────────────────────────


def summary(**changes: Any) -> dict[str, Any]:
    figures = {"players_predicted": 209, "lined_players": 137, "first_published_at": "2024-03-29T13:15:00-04:00"}
    state = {"game_date": "2024-03-29", "state": "COMPLETE", "data_quality": "DEGRADED", "games": 12}
    return {**state, **figures, "refreshes": [], "history_events": 1234, **changes}


def test_the_headline_names_games_and_players() -> None:
    assert format_headline(summary()) == (
        "[bold]2024-03-29: complete, data degraded[/bold] · 12 games · 209 players predicted, 137 with a line · "
        "1,234 events"
    )


def test_the_headline_of_a_day_without_games_names_no_players() -> None:
    empty = summary(games=0, data_quality="EMPTY", players_predicted=None, lined_players=None, history_events=20)
    assert format_headline(empty) == "[bold]2024-03-29: complete, data empty[/bold] · 0 games · 20 events"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"first_published_at": None}, "no predictions were published"),
        ({}, "first published 13:15 ET, not refreshed"),
        ({"refreshes": ["2024-03-29T15:00:00-04:00"]}, "first published 13:15 ET, refreshed once"),
        ({"refreshes": ["2024-03-29T15:00:00-04:00"] * 3}, "first published 13:15 ET, refreshed 3 times"),
    ],
)
def test_the_summary_says_when_predictions_were_published(changes: dict[str, Any], text: str) -> None:
    assert format_publication(summary(**changes)) == text


def test_the_ui_is_linked_only_while_its_server_runs() -> None:
    page = "http://127.0.0.1:8233/namespaces/tipoff-replay/workflows/day/run/history"
    assert format_ui(page, is_reachable=True) == page
    assert format_ui(page, is_reachable=False) == "stops with the demo; with KEEP=1 it keeps running"


def test_missing_figures_are_dashes_and_the_hit_rate_shows_its_interval() -> None:
    outcomes = {"win": 70, "loss": 63, "push": 0, "void": 4, "no_line": 72}
    errors = {"mae": 4.567, "line_mae": 4.5, "last10_mae": None}
    rate = {"hit_rate": 0.5263, "wilson_low": 0.442, "wilson_high": 0.609, "n": 133}
    table = systems_table({"catboost_v8": {"market": {"predictions": 209, "outcomes": outcomes, **errors, **rate}}})
    cells = [next(iter(column.cells)) for column in table.columns]
    assert cells == ["catboost_v8 (market)", "209", "70/63/0/4/72", "4.57", "4.50", "–", "52.6% (44.2%–60.9%)", "133"]


def test_a_degradation_that_ends_after_midnight_has_the_weekday_of_its_end() -> None:
    ended = eastern(DAY + timedelta(days=1), 1)
    item = Degradation(step="nbac_standings", reason="late", since=eastern(DAY, 23), resolved_at=ended)
    status = day_status(settled_ledger(evening_plan(), ended), ended, virtual=True, held=False)
    text = format_degradation(item, status)
    assert text == "without NBA standings from balldontlie (nbac_standings) from 23:00 ET until Sat 01:00 ET: late"


def test_the_live_results_are_named_with_their_grades() -> None:
    counts = {"pending": 0, "trending_correct": 3, "win": 1_200, "void": 2}
    assert format_live({"game_date": "2024-03-29", "counts": counts}) == (
        "3 trending correct, 1,200 win, 2 void: "
        "v1/live-grading/2024-03-29.json, and the games in v1/live/2024-03-29.json"
    )
    assert format_live({"game_date": "2024-03-29", "counts": {}}).startswith("no prediction: ")
