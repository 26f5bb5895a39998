"""The soak: its drawn plan, the network between worker and server, and the invariants after a day."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from devtools.drill_worker import KILLS, Disturbance, Kind
from devtools.soak.__main__ import Day, options_from, print_summary, slates_of, slope_of
from devtools.soak.invariants import Invariants
from devtools.soak.network_proxy import DELAY_SECONDS, NetworkProxy
from devtools.soak.plan import LEFT_OUT, soak_plan
from tests.support.replays import SAMPLE
from tests.support.rows import rows_of
from tipoff.errors import BadInputError
from tipoff.plan import plan_day
from tipoff.replay.archive import Archive
from tipoff.replay.upstream.fault_file import format_faults, load_faults
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DayStatus, Degradation, RunState, SlateGame, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.contracts import DayResult
from workflows.day_state import DayLedger
from workflows.day_status import day_result, day_status

DAY = date(2024, 3, 29)
GAME = SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=eastern(DAY, 19))
CURRY = "201939"
SLATES = {DAY + timedelta(days=number): ["GSW@CHA", "LAL@IND", "LAC@ORL", "DET@WAS"] for number in range(14)}


def test_the_same_seed_draws_the_same_plan_and_another_seed_another() -> None:
    assert soak_plan(1, SLATES) == soak_plan(1, SLATES) != soak_plan(2, SLATES)


def test_further_dates_do_not_change_what_is_drawn_for_the_earlier_ones() -> None:
    plan, first = soak_plan(1, SLATES), soak_plan(1, {DAY: SLATES[DAY]})
    assert plan.faults[: len(first.faults)] == first.faults


@pytest.mark.parametrize("seed", range(3))
def test_a_plan_has_every_kind_of_disturbance_and_faults_that_no_person_has_to_end(seed: int, tmp_path: Path) -> None:
    plan = soak_plan(seed, SLATES)
    file = tmp_path / "faults.toml"
    file.write_text(format_faults(plan.faults))
    assert load_faults(file) == plan.faults
    assert not {fault.kind for fault in plan.faults} & LEFT_OUT
    assert {each.kind for each in plan.disturbances} == {*Kind}
    assert sum(each.kind is Kind.FULL_DISK for each in plan.disturbances) == 1
    per_day = sum(each.kind in KILLS for each in plan.disturbances) / (len(SLATES) - len(plan.calm))
    assert per_day >= 3


def test_no_process_is_killed_on_the_last_dates() -> None:
    plan = soak_plan(1, SLATES)
    assert plan.calm == tuple(sorted(SLATES)[-4:])
    kills = [each.at for each in plan.disturbances if each.kind in KILLS and each.at]
    assert max(kills) < eastern(plan.calm[0], 5)


@asynccontextmanager
async def echoed() -> AsyncIterator[tuple[NetworkProxy, Callable[[], Any]]]:
    """A proxy before a server that sends everything back, and a way to connect through it."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    writers: list[asyncio.StreamWriter] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = proxy.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writers.append(writer)
        return reader, writer

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, NetworkProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy, connect
        for writer in writers:
            writer.close()


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """What comes back when a word is sent; empty when the connection is gone."""
    try:
        writer.write(b"hello")
        return await reader.read(100)
    except ConnectionError:
        return b""


async def test_a_cut_network_ends_connections_and_refuses_new_ones_until_it_is_restored() -> None:
    async with echoed() as (proxy, connect):
        connection = await connect()
        assert await said(*connection) == b"hello"
        proxy.disturb(Disturbance(kind=Kind.CUT, seconds=0.2))
        assert await said(*connection) == b""
        assert await said(*(await connect())) == b""
        await asyncio.sleep(0.3)
        assert await said(*(await connect())) == b"hello"


@pytest.mark.parametrize(("kind", "least"), [(Kind.DELAY, 2 * DELAY_SECONDS), (Kind.DROP, 0.4)])
async def test_what_is_delayed_or_dropped_arrives_later(kind: Kind, least: float) -> None:
    async with echoed() as (proxy, connect):
        connection = await connect()
        assert await said(*connection) == b"hello"
        proxy.disturb(Disturbance(kind=kind, seconds=0.4 if kind is Kind.DROP else 2))
        started = time.monotonic()
        assert await said(*connection) == b"hello"
        assert time.monotonic() - started >= least * 0.9


@pytest.fixture(scope="module")
def archive() -> Archive:
    return Archive(SAMPLE)


class Stored:
    """The stores of a soak after a day with one game and one prediction, which is graded."""

    def __init__(self, folder: Path, archive: Archive) -> None:
        self.folder, self.file = folder, folder / "tipoff.duckdb"
        self.points = archive.player_box.filter(game_id=GAME.game_id, player_id=CURRY)["points"].item()
        self.invariants = Invariants(archive, self.file, folder / "landing", folder / "exports")
        warehouse = DuckDbWarehouse(self.file)
        warehouse.migrate()
        warehouse.close()
        self.append("predictions", self.key | {"tip_off": eastern(DAY, 19), "as_of": eastern(DAY, 13)})
        self.grade(self.points)
        body = b"{}"
        self.landed = folder / "landing" / "raw" / "nbac_schedule" / f"{hashlib.sha256(body).hexdigest()}.json"
        self.landed.parent.mkdir(parents=True)
        self.landed.write_bytes(body)
        self.today = folder / "exports" / "v1" / "predictions" / "today.json"
        self.today.parent.mkdir(parents=True)
        self.today.write_text(json.dumps({"game_date": str(DAY)}))

    key: dict[str, Any] = {"game_id": GAME.game_id, "player_id": CURRY, "prediction_id": "p1", "view": "model"}

    def append(self, table: str, row: dict[str, Any]) -> None:
        self.execute(lambda warehouse: warehouse.append(table, rows_of(table, [row], game_date=DAY)))

    def grade(self, points: int) -> None:
        slice_ = {"game_date": DAY}
        rows = rows_of("prediction_accuracy", [self.key | {"actual_points": points}], game_date=DAY)
        self.execute(lambda warehouse: warehouse.replace("prediction_accuracy", rows, slice_))

    def execute(self, change: Callable[[DuckDbWarehouse], Any]) -> None:
        warehouse = DuckDbWarehouse(self.file)
        change(warehouse)
        warehouse.close()

    def problems(self, *degradations: Degradation, state: RunState = RunState.COMPLETE, **changes: Any) -> list[str]:
        result, status = ended_day(state)
        return self.invariants.problems(result.model_copy(update={"degradations": degradations, **changes}), status)


def ended_day(state: RunState) -> tuple[DayResult, DayStatus]:
    plan = plan_day(DAY, (GAME,), SOURCES)
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    ledger.ended, ledger.published = state, [eastern(DAY, 13)]
    status = day_status(ledger, eastern(DAY, 23), virtual=True, held=False)
    return day_result(status), status


@pytest.fixture
def stored(tmp_path: Path, archive: Archive) -> Stored:
    return Stored(tmp_path, archive)


def test_a_good_day_has_no_problem_and_planted_damage_is_named(stored: Stored) -> None:
    assert stored.problems() == []
    assert "it ended FAILED" in stored.problems(state=RunState.FAILED)[0]

    stored.grade(stored.points + 1)
    assert "graded on other points than scored: 1 player" in stored.problems()[0]
    stored.grade(stored.points)

    stored.today.write_text(json.dumps({"game_date": "2024-03-28"}))
    assert stored.problems() == [f"{stored.today} is about 2024-03-28"]
    stored.today.write_text("{")
    assert stored.problems() == [f"{stored.today} is no JSON"]
    stored.today.unlink()

    stored.landed.unlink()
    assert stored.problems() == [f"{stored.landed} is gone from the landing"]
    stored.landed.write_bytes(b"{")
    assert stored.problems() == [f"{stored.landed} is not what was landed"]


def test_a_date_without_games_leaves_the_last_results(stored: Stored) -> None:
    latest = stored.today.parents[1] / "results" / "latest.json"
    latest.parent.mkdir()
    latest.write_text(json.dumps({"game_date": "2024-03-28"}))
    assert stored.problems() == [f"{latest} is about 2024-03-28"]
    assert stored.problems(games=0, slate=()) == []


def test_lost_rows_are_named_even_if_the_day_names_the_game(stored: Stored) -> None:
    stored.problems()
    empty = rows_of("prediction_accuracy", [], game_date=DAY)
    stored.execute(lambda warehouse: warehouse.replace("prediction_accuracy", empty, {"game_date": DAY}))
    lost, ungraded = stored.problems()
    assert lost == "prediction_accuracy of 2024-03-29 had 1 row and has 0"
    assert ungraded == "GSW@CHA: 1 prediction, 0 of them graded, and the day does not name it"
    named = Degradation(step="grade", reason="no box score", games=(GAME.game_id,), since=eastern(DAY, 23))
    stored.invariants = Invariants(Archive(SAMPLE), stored.file, stored.folder / "landing", stored.folder / "exports")
    assert stored.problems(named) == []


def test_two_rows_of_a_natural_key_are_named(stored: Stored) -> None:
    stored.execute(
        lambda warehouse: warehouse._connection.execute(  # no declared write can do it
            "INSERT INTO prediction_accuracy SELECT * FROM prediction_accuracy"
        )
    )
    assert "prediction_accuracy has 1 key twice" in stored.problems()[0]


@pytest.mark.parametrize(
    ("values", "slope"), [([100.0, 100.0, 100.0], 0.0), ([100.0, 110.0, 120.0], 10.0), ([1.0, 2.0], None)]
)
def test_the_slope_of_the_memory(values: list[float], slope: float | None) -> None:
    assert slope_of(values) == slope


@pytest.mark.parametrize(("growth", "is_well"), [(0, True), (100, False)])
def test_growing_memory_fails(growth: int, is_well: bool) -> None:
    plan, megabyte = soak_plan(1, SLATES), 1024 * 1024
    days = [
        Day(ended_day(RunState.COMPLETE)[0].model_copy(update={"game_date": day}), 0, (), 1.0, size * megabyte, 0, ())
        for day, size in zip(sorted(SLATES), range(900, 900 + 14 * growth + 1, growth or 1), strict=False)
    ]
    days = [day if growth else Day(day.result, 0, (2.0,), 1.0, 900 * megabyte, 0, ()) for day in days]
    options = options_from({"ARCHIVE": str(SAMPLE)})
    assert print_summary(days, plan, options, Console(quiet=True)) is is_well


def test_the_variables_are_read() -> None:
    options = options_from({"ARCHIVE": str(SAMPLE), "SEED": "7", "DAYS": "2", "FROM": "2024-03-29"})
    assert (options.seed, options.dates) == (7, (DAY, DAY + timedelta(days=1)))
    assert len(options_from({"ARCHIVE": "x", "DAYS_AT_ONCE": "10"}).dates) == 10
    for wrong in ({"SEED": "x"}, {"DAYS": "-1"}, {"DAYS": "0"}, {"FROM": "noon"}, {"FROM": "9999-12-25"}):
        with pytest.raises(BadInputError, match=next(iter(wrong))):
            options_from({"ARCHIVE": "x", **wrong})


def test_an_archive_without_the_dates_is_refused() -> None:
    assert slates_of(SAMPLE, [DAY])[DAY][0].count("@") == 1
    with pytest.raises(BadInputError, match="has no game from 2030-01-01"):
        slates_of(SAMPLE, [date(2030, 1, 1)])
