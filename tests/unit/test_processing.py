"""Processing of landed responses: a replayed day, read by the real sources into a real DuckDB file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.handmade_responses import injury_report
from tests.support.rows import rows_of
from tipoff.collecting import collect
from tipoff.errors import BadInputError, ContractError, NotEnoughDataError, StorageError
from tipoff.landing.base import Batch, BatchItem
from tipoff.landing.landing import Landing
from tipoff.processing import _difference, _is_volatile_only, _news, known_players, process
from tipoff.replay.archive import Archive
from tipoff.replay.shapes.nba_injury_report import report
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView
from tipoff.replay.upstream import serve
from tipoff.settings import load_settings
from tipoff.sources.base import Slate
from tipoff.sources.fetcher import Fetcher
from tipoff.sources.rate_limits import Unlimited
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.teams import find_team
from tipoff.vocabulary import Outcome, ProcessReport, SlateGame, eastern
from tipoff.warehouse.base import Slice, Warehouse, WriteResult
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.open import open_warehouse
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
MORNING, AFTERNOON, NIGHT = eastern(DAY, 10, 20), eastern(DAY, 15, 5), eastern(DAY, 22, 50)
NEXT_MORNING = datetime(2024, 3, 30, 12, 0, tzinfo=UTC)
SCHEDULE, PLAYERS, ROSTERS, HISTORY = (
    "nbac_schedule",
    "nbac_player_list_current",
    "espn_team_rosters",
    "nbac_player_history",
)
EVENTS, LINES, PROPS = "odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"
INJURIES, SCOREBOARD = "nbac_injury_report", "nbac_scoreboard"
PLAYER_BOXSCORES, TEAM_BOXSCORES = "nbac_player_boxscores", "nbac_team_boxscore"
LOOKS = (
    (SCHEDULE, MORNING),
    (PLAYERS, MORNING),
    (ROSTERS, MORNING),
    (HISTORY, MORNING),
    (EVENTS, MORNING),
    (LINES, MORNING),
    (INJURIES, MORNING),
    (PROPS, AFTERNOON),
    (SCOREBOARD, NIGHT),
    (PLAYER_BOXSCORES, NIGHT),
    (TEAM_BOXSCORES, NEXT_MORNING),
)


class Collected:
    """The landed responses of the day: the slate and a batch of each source, collected once for all tests."""

    def __init__(self, root: Path, archive: Archive) -> None:
        self.landing = Landing(FolderStore(root))
        self.slate = Slate(game_date=DAY, games=_slate(archive))
        self.batches: dict[str, str] = {}
        self.ids: dict[str, str] = {}

    async def collect(self, url: str) -> None:
        async with Fetcher(load_settings(environ={"TIPOFF_UPSTREAM": url})) as fetcher:
            for name, as_of in LOOKS:
                collected = await collect(
                    SOURCES[name],
                    self.slate,
                    as_of,
                    self.ids,
                    fetcher=fetcher,
                    landing=self.landing,
                    rate_limiter=Unlimited(),
                    progress=lambda done, of: None,
                )
                assert collected.batch_key, collected.reason
                self.batches[name] = collected.batch_key
                if name == EVENTS:
                    self.ids |= self._event_ids()

    def _event_ids(self) -> dict[str, str]:
        (body,) = self.bodies(EVENTS)
        homes = {game.home: game.game_id for game in self.slate.games}
        teams = ((find_team(event["home_team"]), event["id"]) for event in json.loads(body))
        return {homes[team.tricode]: event_id for team, event_id in teams if team and team.tricode in homes}

    def items(self, name: str) -> tuple[BatchItem, ...]:
        return Batch.model_validate_json(self.landing.get(self.batches[name])).items

    def bodies(self, name: str) -> list[bytes]:
        return [self.landing.get(item.key) for item in self.items(name)]


def _slate(archive: Archive) -> tuple[SlateGame, ...]:
    rows = archive.slate(DAY).select("game_id", "away", "home", "tip_off").sort("tip_off", "game_id")
    return tuple(SlateGame(**row) for row in rows.iter_rows(named=True))


@pytest.fixture(scope="module")
def collected(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    archive = Archive(sample)
    day = Collected(tmp_path_factory.mktemp("landing"), archive)
    with serve(archive) as upstream:
        asyncio.run(day.collect(upstream.url))
    return day


class Reading:
    """Reads the collected day into its own warehouse."""

    def __init__(self, collected: Collected, warehouse: Warehouse) -> None:
        self.collected = collected
        self.warehouse = warehouse
        self.slate = collected.slate

    def read(
        self, name: str, as_of: datetime | None = None, batch: str | None = None, aliases: Path | None = None
    ) -> ProcessReport:
        return process(
            SOURCES[name],
            batch or self.collected.batches[name],
            self.slate,
            as_of or dict(LOOKS)[name],
            landing=self.collected.landing,
            warehouse=self.warehouse,
            aliases_path=aliases,
        )

    def batch(self, name: str, change: Callable[[BatchItem, Any], Any]) -> str:
        """A batch like the collected one, with each JSON response changed; None removes a response."""
        items = []
        for item, body in zip(self.collected.items(name), self.collected.bodies(name), strict=True):
            changed = change(item, json.loads(body))
            if changed is not None:
                text = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
                key = self.collected.landing.put(name, DAY, text, "json").key
                items.append(item.model_copy(update={"key": key}))
        return self.land(Batch(source=name, game_date=DAY, items=tuple(items)))

    def land(self, batch: Batch) -> str:
        body = batch.model_dump_json().encode()
        return self.collected.landing.put(f"{batch.source}/batches", DAY, body, "json").key

    def table(self, name: str) -> pl.DataFrame:
        key = ", ".join(TABLES[name].natural_key)
        return self.warehouse.query(f"SELECT * FROM {name} ORDER BY {key}")  # noqa: S608 - declared names

    def count(self, name: str, where: str = "TRUE") -> int:
        sql = f"SELECT COUNT(*) AS n FROM {name} WHERE {where}"  # noqa: S608 - written by a test
        return int(self.warehouse.query(sql)["n"][0])


@pytest.fixture
def day(collected: Collected, tmp_path: Path) -> Iterator[Reading]:
    warehouse = open_warehouse(f"duckdb:///{tmp_path}/warehouse.duckdb")
    yield Reading(collected, warehouse)
    warehouse.close()


def scale_prices(event: Any) -> Any:
    """The same quotes with other prices."""
    for book in event["bookmakers"]:
        for market in book["markets"]:
            for outcome in market["outcomes"]:
                outcome["price"] = 100 + abs(outcome["price"])
    return event


def test_the_schedule_returns_the_slate_by_tip_off(day: Reading) -> None:
    report = day.read(SCHEDULE)
    assert report.outcome is Outcome.OK
    assert report.games == day.slate.games
    assert len(report.games or ()) == 12
    assert report.postponed == ()
    assert day.count("raw_schedule", "game_date = DATE '2024-03-29'") == 12


def with_fields(game_id: str, **fields: str) -> Callable[[BatchItem, Any], Any]:
    """A change of fields of one game of the schedule."""

    def change(item: BatchItem, answer: Any) -> Any:
        games = (game for dates in answer["leagueSchedule"]["gameDates"] for game in dates["games"])
        next(game for game in games if game["gameId"] == game_id).update(fields)
        return answer

    return change


def test_a_game_of_unknown_status_stays_on_the_slate_and_raises_an_alert(day: Reading) -> None:
    game = day.slate.games[3]
    report = day.read(SCHEDULE, batch=day.batch(SCHEDULE, with_fields(game.game_id, gameStatusText="Moved")))
    assert (report.postponed, report.games) == ((), day.slate.games)
    assert "unknown game status 'Moved' (1)" in report.alerts["unknown_words"]


def test_an_odd_game_of_another_date_is_counted_named_and_does_not_matter(day: Reading) -> None:
    def without_a_time(item: BatchItem, answer: Any) -> Any:
        other = answer["leagueSchedule"]["gameDates"][0]
        other["games"][0]["gameDateTimeUTC"] = ""
        return answer

    whole, stored = day.read(SCHEDULE), day.table("raw_schedule")
    report = day.read(SCHEDULE, batch=day.batch(SCHEDULE, without_a_time))
    assert day.table("raw_schedule").equals(stored), "the damaged game stays stored"
    assert (report.outcome, report.games, report.rows) == (Outcome.OK, day.slate.games, whole.rows - 1)
    assert report.counts == {"damaged:nbac_schedule": 1}
    assert "gameDateTimeUTC: '' is not an ISO 8601 time (1)" in report.reason
    assert report.alerts["damaged"].startswith("the response of nbac_schedule has unreadable elements, which are left")
    assert "fix the reader of nbac_schedule and retry the step" in report.alerts["damaged"]
    assert "games[0].gameDateTimeUTC: '' is not an ISO 8601 time (1)" in report.alerts["damaged"]


def test_an_odd_game_of_the_date_is_named_and_stays_on_the_slate(day: Reading) -> None:
    game = day.slate.games[3]
    day.read(SCHEDULE)
    stored = day.table("raw_schedule")
    report = day.read(SCHEDULE, batch=day.batch(SCHEDULE, with_fields(game.game_id, isNeutral="perhaps")))
    assert (report.outcome, report.games) == (Outcome.PARTIAL, day.slate.games)
    assert f"{game.label} is unreadable" in report.reason
    assert f"games of the date: {game.label}" in report.alerts["damaged"]
    assert day.table("raw_schedule").equals(stored)


def test_a_postponed_game_is_not_in_the_slate_and_is_reported(day: Reading) -> None:
    postponed = day.slate.games[3].game_id
    day.read(SCHEDULE)
    report = day.read(SCHEDULE, batch=day.batch(SCHEDULE, with_fields(postponed, gameStatusText="PPD")))
    assert report.postponed == (postponed,)
    assert report.games == tuple(game for game in day.slate.games if game.game_id != postponed)
    assert report.changed_games == (postponed,)


@pytest.mark.parametrize("name", [name for name, _ in LOOKS])
def test_reading_twice_changes_nothing(day: Reading, name: str) -> None:
    for needed in (PLAYERS, ROSTERS):
        day.read(needed)
    table = SOURCES[name].table
    first, once = day.read(name), day.table(table)
    again, twice = day.read(name, dict(LOOKS)[name] + timedelta(minutes=5)), day.table(table)
    assert not once.is_empty()
    assert once.equals(twice)
    assert (again.changed, again.changed_games) == (False, ())
    assert first.model_copy(update={"changed": False, "changed_games": ()}) == again


def test_reading_an_old_response_again_does_not_overwrite_later_rows(day: Reading) -> None:
    moved = with_fields(day.slate.games[3].game_id, gameDateTimeUTC="2024-04-12T23:00:00Z")
    day.read(SCHEDULE)
    later = MORNING + timedelta(days=1)
    assert day.read(SCHEDULE, later, day.batch(SCHEDULE, moved)).changed
    standing = day.table("raw_schedule")
    again = day.read(SCHEDULE)
    assert (again.outcome, again.changed, again.changed_games) == (Outcome.OK, False, ())
    assert day.table("raw_schedule").equals(standing)


def test_unchanged_rows_keep_the_time_of_their_first_landing(day: Reading) -> None:
    """A final score keeps its time while other games are read again."""
    moved = day.slate.games[3].game_id
    day.read(SCHEDULE)
    later = MORNING + timedelta(days=1)
    day.read(SCHEDULE, later, day.batch(SCHEDULE, with_fields(moved, gameDateTimeUTC="2024-04-12T23:00:00Z")))
    as_of_game = dict(day.table("raw_schedule").select("game_id", "as_of").iter_rows())
    assert as_of_game.pop(moved) == later
    assert set(as_of_game.values()) == {MORNING}


def test_reading_a_morning_roster_again_restores_the_morning_roster(day: Reading) -> None:
    """A re-run reads the whole day, and its predictions of the morning do not use a player signed at noon."""

    def sign_nobody_yet(item: BatchItem, answer: Any) -> Any:
        del answer["team"]["athletes"][0]
        return answer

    day.read(PLAYERS)
    morning = day.batch(ROSTERS, sign_nobody_yet)
    day.read(ROSTERS, MORNING, morning)
    before = day.table("raw_rosters")
    assert day.read(ROSTERS, AFTERNOON).changed
    assert day.table("raw_rosters").height == before.height + 24
    assert day.read(ROSTERS, MORNING, morning).changed
    assert day.table("raw_rosters").equals(before)


def test_every_source_covers_the_whole_slate(day: Reading) -> None:
    for name in (PLAYERS, ROSTERS, HISTORY, EVENTS, LINES, INJURIES, PROPS):
        report = day.read(name)
        assert report.outcome is Outcome.OK, report.reason
        assert report.changed_games == tuple(game.game_id for game in day.slate.games), name
        assert report.missing_games == ()


def test_results_arrive_game_by_game(day: Reading) -> None:
    early = day.read(PLAYER_BOXSCORES)
    assert early.outcome is Outcome.PARTIAL
    games = {game.game_id for game in day.slate.games}
    assert set() < set(early.missing_games) < games
    missing = next(game for game in day.slate.games if game.game_id in early.missing_games)
    assert missing.label in early.reason
    assert set(day.table("raw_player_boxscores")["game_id"]) == games - set(early.missing_games)
    assert day.read(TEAM_BOXSCORES).rows == 24


def test_quotes_of_all_games_are_written_at_once_and_unchanged_ones_are_not_written(
    day: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (PLAYERS, ROSTERS):
        day.read(name)
    writes: list[str] = []
    append = day.warehouse.append

    def counted(table: str, rows: pl.DataFrame) -> WriteResult:
        writes.append(table)
        return append(table, rows)

    monkeypatch.setattr(day.warehouse, "append", counted)
    day.read(PROPS)
    day.read(PROPS, AFTERNOON + timedelta(minutes=30))
    assert writes == ["raw_player_props"]


def test_only_the_games_whose_quotes_changed_get_a_snapshot(day: Reading) -> None:
    for name in (PLAYERS, ROSTERS, PROPS):
        day.read(name)
    moved = day.slate.games[5]
    before = day.count("raw_player_props")
    in_game = day.count("raw_player_props", f"game_id = '{moved.game_id}'")
    batch = day.batch(PROPS, lambda item, event: scale_prices(event) if item.game_id == moved.game_id else event)
    report = day.read(PROPS, AFTERNOON + timedelta(minutes=30), batch)
    assert (report.changed, report.changed_games) == (True, (moved.game_id,))
    assert day.count("raw_player_props") == before + in_game
    assert day.count("raw_player_props", "as_of = TIMESTAMP '2024-03-29 19:35:00+00'") == in_game


def test_a_new_update_time_without_a_new_price_is_no_change(day: Reading) -> None:
    def touched(item: BatchItem, event: Any) -> Any:
        for book in event["bookmakers"]:
            for market in book["markets"]:
                market["last_update"] = "2024-03-29T19:20:00Z"
        return event

    for name in (PLAYERS, ROSTERS, PROPS):
        day.read(name)
    report = day.read(PROPS, AFTERNOON + timedelta(minutes=30), day.batch(PROPS, touched))
    assert (report.changed, report.changed_games) == (False, ())


def test_a_game_without_quotes_keeps_its_last_snapshot(day: Reading) -> None:
    for name in (PLAYERS, ROSTERS, PROPS):
        day.read(name)
    gone = day.slate.games[0]
    standing = day.table("raw_player_props")
    batch = day.batch(PROPS, lambda item, event: None if item.game_id == gone.game_id else event)
    report = day.read(PROPS, AFTERNOON + timedelta(minutes=30), batch)
    assert (report.outcome, report.missing_games) == (Outcome.PARTIAL, (gone.game_id,))
    assert gone.label in report.reason
    assert day.table("raw_player_props").equals(standing)


def test_a_game_whose_last_listed_player_was_cleared_has_a_snapshot_of_its_teams_alone(
    day: Reading, sample: Path
) -> None:
    for name in (PLAYERS, ROSTERS, INJURIES):
        day.read(name)
    cleared = day.slate.games[5]
    archive = Archive(sample)
    healthy = archive.availability.filter(pl.col("game_id") != cleared.game_id)
    archive.__dict__["availability"] = healthy  # where cached tables are kept
    noon = MORNING + timedelta(hours=2)
    body = report(ArchiveView(ArchiveIndex(archive), noon), {"stamp": f"{DAY}_11AM"}).body
    key = day.collected.landing.put(INJURIES, DAY, body, "pdf").key
    items = tuple(item.model_copy(update={"key": key}) for item in day.collected.items(INJURIES))
    processed = day.read(INJURIES, noon, day.land(Batch(source=INJURIES, game_date=DAY, items=items)))
    assert processed.changed_games == (cleared.game_id,)
    last = day.table("raw_injuries").filter(game_id=cleared.game_id).filter(pl.col("as_of") == pl.col("as_of").max())
    assert {(row["player_id"], row["status"]) for row in last.iter_rows(named=True)} == {
        (cleared.away, "Submitted"),
        (cleared.home, "Submitted"),
    }


def test_an_injury_report_after_the_last_tip_off_is_empty_whatever_the_season(day: Reading) -> None:
    for name in (PLAYERS, ROSTERS):
        day.read(name)
    row = ("03/30/2024", "07:00 (ET)", "GSW@CHA", "Golden State Warriors", "", "", "NOT YET SUBMITTED")
    key = day.collected.landing.put(INJURIES, DAY, injury_report([row], "03/29/24 11:30 PM"), "pdf").key
    item = BatchItem(key=key, outcome=Outcome.OK)
    report = day.read(INJURIES, eastern(DAY, 23, 40), day.land(Batch(source=INJURIES, game_date=DAY, items=(item,))))
    assert (report.outcome, report.missing_games) == (Outcome.EMPTY_OK, ())
    assert report.reason == "0 rows, 12 of 12 games; left out: game of another date than 2024-03-29 (1)"


def test_a_team_without_a_new_roster_keeps_its_roster(day: Reading) -> None:
    day.read(PLAYERS)
    day.read(ROSTERS)
    standing = day.table("raw_rosters")
    game = day.slate.games[0]

    def one_cut(item: BatchItem, answer: Any) -> Any:
        if item.part == game.home:
            return None
        if item.part == game.away:
            del answer["team"]["athletes"][0]
        return answer

    report = day.read(ROSTERS, MORNING + timedelta(hours=1), day.batch(ROSTERS, one_cut))
    assert (report.outcome, report.missing_games) == (Outcome.PARTIAL, (game.game_id,))
    assert report.changed_games == (game.game_id,)
    now = day.table("raw_rosters")
    assert now.filter(team=game.home).equals(standing.filter(team=game.home))
    assert now.filter(team=game.away).height == standing.filter(team=game.away).height - 1


def test_suspiciously_few_rows_never_replace_more(day: Reading) -> None:
    day.read(SCHEDULE)
    standing = day.table("raw_schedule")

    def cut(item: BatchItem, answer: Any) -> Any:
        del answer["leagueSchedule"]["gameDates"][20:]
        return answer

    report = day.read(SCHEDULE, batch=day.batch(SCHEDULE, cut))
    assert report.outcome is Outcome.SUSPICIOUSLY_EMPTY
    assert (report.changed, report.games) == (False, None)
    assert day.table("raw_schedule").equals(standing)


def test_suspiciously_few_rows_are_written_where_there_are_none(day: Reading) -> None:
    def cut(item: BatchItem, answer: Any) -> Any:
        del answer["resultSets"][0]["rowSet"][100:]
        return answer

    report = day.read(PLAYERS, batch=day.batch(PLAYERS, cut))
    assert (report.outcome, report.rows, report.changed) == (Outcome.SUSPICIOUSLY_EMPTY, 100, True)
    assert day.count("raw_players") == 100


def test_suspiciously_few_quotes_do_not_become_the_last_snapshot(day: Reading) -> None:
    for name in (PLAYERS, ROSTERS, PROPS):
        day.read(name)
    standing = day.table("raw_player_props")

    def one_quote(item: BatchItem, event: Any) -> Any:
        event["bookmakers"] = event["bookmakers"][:1]
        event["bookmakers"][0]["markets"][0]["outcomes"] = event["bookmakers"][0]["markets"][0]["outcomes"][:2]
        return event

    report = day.read(PROPS, AFTERNOON + timedelta(minutes=30), day.batch(PROPS, one_quote))
    assert (report.outcome, report.changed) == (Outcome.SUSPICIOUSLY_EMPTY, False)
    assert day.table("raw_player_props").equals(standing)


def test_an_unreadable_response_affects_its_game_only(day: Reading) -> None:
    for name in (PLAYERS, ROSTERS):
        day.read(name)
    broken = day.slate.games[7]

    def without_books(item: BatchItem, event: Any) -> Any:
        if item.game_id == broken.game_id:
            del event["bookmakers"]
        return event

    report = day.read(PROPS, batch=day.batch(PROPS, without_books))
    assert (report.outcome, report.missing_games) == (Outcome.PARTIAL, (broken.game_id,))
    assert "1 of 12 responses unreadable, the first: odds_api_player_points_props: $.bookmakers" in report.reason
    assert "(landed: raw/odds_api_player_points_props/2024-03-29/" in report.reason
    assert report.changed_games is not None
    assert len(report.changed_games) == 11


@pytest.mark.parametrize("points", [2**63, 10**400], ids=["64 bits", "400 digits"])
def test_a_number_too_large_for_its_column_affects_its_game_only(day: Reading, points: int) -> None:
    broken = day.slate.games[7].game_id

    def swollen(item: BatchItem, answer: Any) -> Any:
        if item.game_id == broken:
            answer["boxScoreTraditional"]["homeTeam"]["statistics"]["points"] = points
        return answer

    report = day.read(TEAM_BOXSCORES, batch=day.batch(TEAM_BOXSCORES, swollen))
    assert (report.outcome, report.missing_games) == (Outcome.PARTIAL, (broken,))


def test_a_batch_without_a_readable_response_is_an_error_and_writes_nothing(day: Reading) -> None:
    with pytest.raises(ContractError, match=LINES):
        day.read(LINES, batch=day.batch(LINES, lambda item, answer: [{"id": 7}]))
    assert day.count("raw_game_lines") == 0


def test_names_cannot_be_resolved_before_players_are_known(day: Reading) -> None:
    with pytest.raises(NotEnoughDataError, match="retry the player list first"):
        day.read(PROPS)


def test_names_of_a_team_without_a_roster_are_resolved_by_the_player_list(day: Reading) -> None:
    day.read(PLAYERS)
    day.read(ROSTERS, batch=day.batch(ROSTERS, lambda item, answer: answer if item.part == "DEN" else None))
    report = day.read(PROPS)
    assert report.unresolved == 0
    assert day.count("raw_player_props", "player_id IS NULL") == 0


def test_names_of_a_partial_roster_are_resolved_by_the_player_list_too(day: Reading) -> None:
    def cut(item: BatchItem, answer: Any) -> Any:
        holder = answer["team"] if "athletes" in answer["team"] else answer
        del holder["athletes"][5:]
        return answer

    day.read(PLAYERS)
    day.read(ROSTERS, batch=day.batch(ROSTERS, cut))
    assert day.read(PROPS).unresolved == 0


def test_a_roster_with_an_unresolved_name_is_completed_by_the_player_list(day: Reading) -> None:
    def renamed(item: BatchItem, answer: Any) -> Any:
        if item.part != game.home:
            return answer
        return json.loads(json.dumps(answer, ensure_ascii=False).replace(f'"{real}"', '"Somebody Unknown"'))

    game = day.slate.games[0]
    day.read(PLAYERS)
    day.read(ROSTERS)
    rosters = day.table("raw_rosters")
    teams = rosters.filter(team=game.home)
    real = teams["player_name"][0]
    report = day.read(ROSTERS, batch=day.batch(ROSTERS, renamed))
    assert report.unresolved == 1
    assert day.table("raw_rosters").height == rosters.height - 1
    known = known_players(SOURCES[PROPS], day.slate, day.warehouse)
    assert {player.player_id for player in known if player.team == game.home} >= set(teams["player_id"])


def test_an_unknown_name_is_stored_reported_and_resolved_by_an_alias(day: Reading, tmp_path: Path) -> None:
    game = day.slate.games[0]
    first = json.loads(day.collected.bodies(PROPS)[0])
    real = first["bookmakers"][0]["markets"][0]["outcomes"][0]["description"]

    def renamed(item: BatchItem, event: Any) -> Any:
        return json.loads(json.dumps(event).replace(json.dumps(real), '"The Unknown Man"'))

    day.read(PLAYERS)
    day.read(ROSTERS)
    batch = day.batch(PROPS, renamed)
    report = day.read(PROPS, batch=batch)
    assert report.unresolved == 1
    assert day.count("raw_player_props", "player_id IS NULL AND player_name = 'The Unknown Man'") > 0
    (row,) = day.table("unresolved_players").iter_rows(named=True)
    assert (row["source"], row["game_id"], row["as_of"]) == (PROPS, game.game_id, AFTERNOON)
    nearest, second, _ = row["candidates"].split("; ")
    assert report.unresolved_names == (f"The Unknown Man ({nearest} or {second}?)",)

    aliases = tmp_path / "aliases.csv"
    aliases.write_text(f"spelling,player_name\nThe Unknown Man,{real}\n", encoding="utf-8")
    later = AFTERNOON + timedelta(minutes=30)
    report = day.read(PROPS, later, batch, aliases)
    assert (report.unresolved, report.changed_games) == (0, (game.game_id,))
    assert day.count("unresolved_players") == 0
    assert day.count("raw_player_props", f"as_of = TIMESTAMP '{later:%F %T}+00' AND player_id IS NULL") == 0

    before = day.count("raw_player_props")
    report = day.read(PROPS, AFTERNOON, batch, aliases)
    assert (report.changed, report.changed_games) == (True, (game.game_id,))
    assert day.count("raw_player_props", "player_id IS NULL") == 0
    assert day.count("raw_player_props") == before
    assert not day.read(PROPS, AFTERNOON, batch, aliases).changed


def test_an_unknown_name_in_two_games_counts_twice(day: Reading) -> None:
    def renamed(item: BatchItem, event: Any) -> Any:
        event["bookmakers"][0]["markets"][0]["outcomes"][0]["description"] = "Williams"
        return event

    day.read(PLAYERS)
    day.read(ROSTERS)
    report = day.read(PROPS, batch=day.batch(PROPS, renamed))
    assert report.unresolved == 12
    assert day.table("unresolved_players")["game_id"].to_list() == sorted(game.game_id for game in day.slate.games)


def test_unresolved_names_of_games_and_teams_without_new_rows_are_kept(day: Reading) -> None:
    def renamed(item: BatchItem, answer: Any) -> Any:
        if item.part == "DEN":
            answer["team"]["athletes"][0]["displayName"] = "Unknown Of DEN"
        return answer

    day.read(PLAYERS)
    day.read(ROSTERS, batch=day.batch(ROSTERS, renamed))
    day.read(ROSTERS, batch=day.batch(ROSTERS, lambda item, answer: None if item.part == "DEN" else answer))
    assert day.table("unresolved_players").select("player_name", "team").rows() == [("Unknown Of DEN", "DEN")]
    day.read(ROSTERS)
    assert day.count("unresolved_players") == 0


@pytest.mark.parametrize("requested", ["one game", "the whole slate"])
def test_reading_some_games_again_keeps_the_unresolved_names_of_the_others(day: Reading, requested: str) -> None:
    def renamed(item: BatchItem, event: Any) -> Any:
        for outcome in event["bookmakers"][0]["markets"][0]["outcomes"][:2]:
            outcome["description"] = f"Unknown Of {item.part}"
        return event

    day.read(PLAYERS)
    day.read(ROSTERS)
    day.read(PROPS, batch=day.batch(PROPS, renamed))
    assert day.count("unresolved_players") == 12
    game = day.slate.games[0]
    if requested == "one game":
        day.slate = day.slate.model_copy(update={"games": (game,)})
    one = day.batch(PROPS, lambda item, event: event if item.game_id == game.game_id else None)
    report = day.read(PROPS, AFTERNOON + timedelta(minutes=30), one)
    assert {each.game_id for each in day.slate.games} - set(report.missing_games) == {game.game_id}
    names = day.table("unresolved_players")["player_name"].to_list()
    assert len(names) == 11
    assert f"Unknown Of {game.label}" not in names


@pytest.mark.parametrize(("source", "game_date"), [(EVENTS, DAY), (LINES, date(2024, 3, 30))], ids=["source", "date"])
def test_a_batch_of_another_source_or_date_is_refused(day: Reading, source: str, game_date: date) -> None:
    key = day.land(Batch(source=source, game_date=game_date, items=()))
    with pytest.raises(BadInputError, match=f"not of {LINES} for 2024-03-29"):
        day.read(LINES, batch=key)


def test_a_response_is_not_accepted_as_a_batch(day: Reading) -> None:
    with pytest.raises(BadInputError, match="is no batch"):
        day.read(LINES, batch=day.collected.items(LINES)[0].key)


class Interrupted(DuckDbWarehouse):
    """Fails to write unresolved names, as if the worker had been killed before it."""

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        if table == "unresolved_players":
            raise StorageError("interrupted")
        return super().replace(table, rows, where)


def test_an_interrupted_reading_is_completed_by_the_next_one(collected: Collected, tmp_path: Path) -> None:
    def renamed(item: BatchItem, event: Any) -> Any:
        for outcome in event["bookmakers"][0]["markets"][0]["outcomes"][:2]:
            outcome["description"] = "The Unknown Man"
        return event

    tables = {}
    for name in ("disturbed", "undisturbed"):
        open_warehouse(f"duckdb:///{tmp_path}/{name}.duckdb").close()
        if name == "disturbed":
            first = Reading(collected, Interrupted(tmp_path / f"{name}.duckdb"))
            first.read(PLAYERS)
            with pytest.raises(StorageError):
                first.read(PROPS, batch=first.batch(PROPS, renamed))
            first.warehouse.close()
        day = Reading(collected, open_warehouse(f"duckdb:///{tmp_path}/{name}.duckdb"))
        day.read(PLAYERS)
        day.read(PROPS, batch=day.batch(PROPS, renamed))
        tables[name] = [day.table("raw_player_props"), day.table("unresolved_players")]
        day.warehouse.close()
    for disturbed, undisturbed in zip(tables["disturbed"], tables["undisturbed"], strict=True):
        assert not disturbed.is_empty()
        assert disturbed.equals(undisturbed)


def test_an_earlier_response_is_read_as_of_its_own_time_and_does_not_replace_later_rows(day: Reading) -> None:
    """The lines of one game are new; those of another are earlier than lines of a fallback source."""
    stands, is_new = day.collected.items(PROPS)[:2]
    day.read(PLAYERS)
    morning = stands.model_copy(update={"fetched_at": AFTERNOON})
    day.read(PROPS, AFTERNOON, day.land(Batch(source=PROPS, game_date=DAY, items=(morning,))))
    between = day.table("raw_player_props").with_columns(
        pl.lit(AFTERNOON + timedelta(minutes=15)).alias("as_of"), pl.col("line") + 1, pl.lit("others").alias("source")
    )
    day.warehouse.append("raw_player_props", between)
    before = day.count("raw_player_props")
    later = AFTERNOON + timedelta(minutes=30)
    both = (morning, is_new.model_copy(update={"fetched_at": later}))
    report = day.read(PROPS, later, day.land(Batch(source=PROPS, game_date=DAY, items=both)))
    assert report.changed_games == (is_new.game_id,)
    assert day.count("raw_player_props", f"game_id = '{stands.game_id}'") == before
    newest = day.table("raw_player_props").filter(game_id=stands.game_id).sort("as_of")
    assert newest["source"].last() == "others"
    assert set(day.table("raw_player_props").filter(game_id=is_new.game_id)["as_of"]) == {later}
    assert (
        day.read(PROPS, later + timedelta(hours=1), day.land(Batch(source=PROPS, game_date=DAY, items=both))).changed
        is False
    )


PRICES = st.dictionaries(st.integers(0, 2), st.sampled_from([-110.0, -105.0, 120.0]), min_size=1)


@given(polls=st.lists(PRICES, min_size=1, max_size=5))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_last_snapshot_of_a_game_has_its_latest_prices(
    collected: Collected, tmp_path_factory: pytest.TempPathFactory, polls: list[Mapping[int, float]]
) -> None:
    folder = tmp_path_factory.mktemp("snapshots")
    day = Reading(collected, open_warehouse(f"duckdb:///{folder}/warehouse.duckdb"))
    (everything,) = (json.loads(body) for body in collected.bodies(LINES))
    last_prices: dict[int, float] = {}
    changes = 0
    for index, prices in enumerate(polls):

        def quoted(item: BatchItem, answer: Any, prices: Mapping[int, float] = prices) -> Any:
            events = []
            for game, price in prices.items():
                event = json.loads(json.dumps(everything[game]))
                event["bookmakers"] = event["bookmakers"][:1]
                for outcome in (o for market in event["bookmakers"][0]["markets"] for o in market["outcomes"]):
                    outcome["price"] = price
                events.append(event)
            return events

        changes += sum(last_prices.get(game) != price for game, price in prices.items())
        last_prices |= prices
        as_of = MORNING + timedelta(minutes=index)
        batch = day.batch(LINES, quoted)
        report = day.read(LINES, as_of, batch)
        assert day.read(LINES, as_of, batch).changed is False
        assert report.changed == bool(report.changed_games)
    snapshots = day.table("raw_game_lines")
    day.warehouse.close()
    last = snapshots.sort("as_of").group_by("event_id").last()
    assert snapshots.height == changes
    assert {row["event_id"]: row["home_spread_price_american"] for row in last.iter_rows(named=True)} == {
        everything[game]["id"]: price for game, price in last_prices.items()
    }


def test_a_scoreboard_shows_when_a_game_without_a_fixed_tip_off_was_first_seen_in_play(day: Reading) -> None:
    first, *others = day.slate.games
    not_fixed = first.model_copy(update={"tip_off": None})
    day.slate = day.slate.model_copy(update={"games": (*others, not_fixed)})
    report = day.read(SCOREBOARD)
    assert report.games is not None
    assert {game.game_id: game.tip_off for game in report.games} == {
        first.game_id: NIGHT,
        **{game.game_id: game.tip_off for game in others},
    }
    assert list(report.games) == sorted(report.games, key=lambda game: game.order)

    def not_begun(item: BatchItem, board: Any) -> Any:
        (game,) = (game for game in board["scoreboard"]["games"] if game["gameId"] == first.game_id)
        game |= {"gameStatus": 1, "gameStatusText": "TBD", "gameTimeUTC": "2024-03-29T04:00:00Z"}
        return board

    assert day.read(SCOREBOARD, batch=day.batch(SCOREBOARD, not_begun)).games is None


def test_a_scoreboard_reports_no_slate_when_every_tip_off_is_fixed(day: Reading) -> None:
    assert day.read(SCOREBOARD).games is None


@pytest.mark.parametrize(
    ("stored_before", "change", "is_skipped"),
    [
        (timedelta(minutes=1), {"home_points": 99, "status_text": "Q4 2:00", "period": 4, "away_points": 98}, True),
        (timedelta(minutes=4, seconds=59), {"home_points": 99}, True),
        (timedelta(minutes=5), {"home_points": 99}, False),
        (timedelta(), {"home_points": 99}, True),
        (-timedelta(seconds=1), {"home_points": 99}, False),
        (timedelta(minutes=1), {"home_points": 99, "status": "final"}, False),
    ],
)
def test_running_scores_alone_are_written_every_five_minutes(
    stored_before: timedelta, change: dict[str, Any], *, is_skipped: bool
) -> None:
    now = eastern(date(2024, 3, 29), 21)
    row = {"game_id": "1", "status": "live", "home_points": 90, "away_points": 88}
    rows = rows_of("raw_scoreboard", [{**row, **change}], as_of=now)
    stored = rows_of("raw_scoreboard", [row], as_of=now - stored_before)
    assert _is_volatile_only(TABLES["raw_scoreboard"], rows, stored) is is_skipped


@pytest.mark.parametrize(
    ("before", "after", "is_news"),
    [
        ({"status": "live", "home_points": 90}, {"status": "live", "home_points": 92}, False),
        ({"status": "live", "status_text": "Q4 2:00", "period": 4}, {"status": "live", "status_text": "OT"}, False),
        ({"status": "scheduled"}, {"status": "live", "home_points": 2}, True),
        ({"status": "live", "home_points": 90}, {"status": "final", "home_points": 92}, True),
        ({"status": "final", "home_points": 92}, {"status": "final", "home_points": 93}, True),
    ],
)
def test_running_scores_alone_are_no_news_for_a_step(
    before: dict[str, Any], after: dict[str, Any], *, is_news: bool
) -> None:
    now, table = eastern(date(2024, 3, 29), 21), TABLES["raw_scoreboard"]
    other = {"game_id": "2", "status": "live", "home_points": 50}
    rows = rows_of("raw_scoreboard", [{"game_id": "1", **after}, {**other, "home_points": 52}], as_of=now)
    stored = rows_of("raw_scoreboard", [{"game_id": "1", **before}, other], as_of=now - timedelta(minutes=6))
    news = _news(table, rows, stored, _difference(table, rows, stored))
    assert set(news["game_id"]) == ({"1"} if is_news else set())
    assert set(_news(table, rows, stored.clear(), rows)["game_id"]) == {"1", "2"}, "the first rows"
