"""Every source on the day of the committed sample, polled over HTTP at several times of that day."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from devtools.source_harness import slate_of, source_harness
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream import AS_OF_HEADER, serve
from tipoff.sources.base import Judgement, KnownPlayer, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.registry import SOURCES
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import Outcome, eastern
from tipoff.warehouse.tables import TABLES

DAY = date(2024, 3, 29)
MORNING = eastern(DAY, 7)
BEFORE_LINES, AFTER_LINES, LATE_AFTERNOON = eastern(DAY, 13, 20), eastern(DAY, 15, 10), eastern(DAY, 18, 35)
EVENING, NIGHT, NEXT_MORNING = eastern(DAY, 20), eastern(DAY, 23, 59), eastern(DAY + timedelta(days=1), 9)
POLL_TIMES = (MORNING, BEFORE_LINES, AFTER_LINES, LATE_AFTERNOON, EVENING, NIGHT, NEXT_MORNING)

ID_SOURCES = sorted({source.needs_ids_of for source in SOURCES.values() if source.needs_ids_of})


@dataclass(frozen=True)
class PolledRequest:
    """One request with the judgement of its response, and the reading when the response was usable."""

    request: Request
    judgement: Judgement
    reading: Reading | None
    body: bytes


class Day:
    """Polls the replayed providers as a day does, in the order of the registry."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"Referer": "https://www.nba.com/"}, timeout=60)
        self.slate = Slate(game_date=DAY)
        self.players: tuple[KnownPlayer, ...] = ()
        rows = self.rows("nbac_schedule", MORNING)
        self.slate = Slate(game_date=DAY, games=slate_games(rows, DAY))
        self.players = tuple(
            KnownPlayer(player_id=row["player_id"], player_name=row["player_name"], team=row["team"])
            for row in self.rows("nbac_player_list_current", MORNING)
        )
        self.event_ids: dict[str, dict[str, str]] = {
            name: {row["game_id"]: row["event_id"] for row in self.rows(name, MORNING)} for name in ID_SOURCES
        }

    def poll(self, name: str, as_of: datetime) -> list[PolledRequest]:
        source = SOURCES[name]
        ids = self.event_ids[source.needs_ids_of] if source.needs_ids_of else {}
        polled = [
            page for request in source.requests(self.slate, as_of, ids) for page in self._pages(name, request, as_of)
        ]
        return polled[:1] if source.requests_are_alternatives else polled

    def rows(self, name: str, as_of: datetime) -> list[Row]:
        return [row for page in self.poll(name, as_of) if page.reading for row in page.reading.rows]

    def _pages(self, name: str, request: Request | None, as_of: datetime) -> Iterator[PolledRequest]:
        while request:
            page = self._fetch(name, request, as_of)
            yield page
            request = SOURCES[name].next_page(request, page.body) if SOURCES[name].paged and page.reading else None

    def _fetch(self, name: str, request: Request, as_of: datetime) -> PolledRequest:
        key = {"apiKey": "replay"} if request.host == "api.the-odds-api.com" else {}
        received = self._client.get(
            f"/{request.host}{request.path}",
            params={**request.params, **key},
            headers={AS_OF_HEADER: as_of.astimezone(UTC).isoformat()},
        )
        headers = dict(received.headers)
        response = Response(
            status=received.status_code, headers=headers, body=received.content, url=request.path, fetched_at=as_of
        )
        judgement = SOURCES[name].judge(request, response, self.slate)
        context = ReadContext(
            slate=self.slate, as_of=as_of, game_id=request.game_id, part=request.part, players=self.players
        )
        usable = judgement.outcome in (Outcome.OK, Outcome.PARTIAL)
        reading = SOURCES[name].read(response.body, context) if usable else None
        return PolledRequest(request, judgement, reading, response.body)

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def day(sample: Path) -> Iterator[Day]:
    with serve(Archive(sample)) as upstream:
        day = Day(upstream.url)
        yield day
        day.close()


def outcomes(day: Day, name: str, as_of: datetime) -> set[Outcome]:
    return {page.judgement.outcome for page in day.poll(name, as_of)}


@pytest.mark.parametrize("as_of", POLL_TIMES, ids=lambda as_of: f"{as_of:%d-%H:%M}")
@pytest.mark.parametrize("name", [name for name in SOURCES if "history" not in name])
def test_responses_at_any_time_have_an_outcome_and_are_read_completely(day: Day, name: str, as_of: datetime) -> None:
    columns = set(TABLES[SOURCES[name].table].column_names)
    for page in day.poll(name, as_of):
        assert page.judgement.outcome not in (Outcome.WRONG_TYPE, Outcome.BAD_REQUEST, Outcome.BLOCKED)
        if page.reading:
            assert page.reading.unknown_fields == ()
            assert page.reading.unresolved == ()
            assert all(row.keys() == columns for row in page.reading.rows)


def test_the_slate_of_the_day_has_its_twelve_games(day: Day) -> None:
    assert len(day.slate.games) == 12
    assert {game.tip_off for game in day.slate.games} <= {
        eastern(DAY, hour, half) for hour in range(19, 23) for half in (0, 30)
    }
    assert SOURCES["nbac_schedule"].covers(day.rows("nbac_schedule", MORNING), day.slate) == set(
        day.event_ids["odds_api_events"]
    )


def test_history_ends_the_day_before(day: Day) -> None:
    players, teams = day.rows("nbac_player_history", MORNING), day.rows("nbac_team_history", MORNING)
    assert max(row["game_date"] for row in players) == DAY - timedelta(days=1)
    assert {row["game_id"] for row in players} == {row["game_id"] for row in teams}
    assert len(teams) == 2180
    assert len(players) >= 0.5 * SOURCES["nbac_player_history"].expected_rows(day.slate)


def test_lines_are_not_published_yet_before_the_books_have_them(day: Day) -> None:
    assert outcomes(day, "odds_api_player_points_props", BEFORE_LINES) == {Outcome.NOT_PUBLISHED_YET}
    assert outcomes(day, "odds_api_player_points_props", AFTER_LINES) == {Outcome.OK}
    assert outcomes(day, "odds_api_game_lines", MORNING) <= {Outcome.OK, Outcome.NOT_PUBLISHED_YET}
    assert day.poll("odds_api_player_points_props", NIGHT) == []


def test_all_137_quoted_names_are_resolved(day: Day) -> None:
    rows = day.rows("odds_api_player_points_props", AFTER_LINES)
    assert len({row["player_name"] for row in rows}) == 137
    assert None not in {row["player_id"] for row in rows}
    tip_offs = {game.game_id: game.tip_off for game in day.slate.games}
    assert all(row["as_of"] < tip_offs[row["game_id"]] for row in rows)


def test_bettingpros_pages_have_the_lines_of_its_books(day: Day) -> None:
    assert outcomes(day, "bettingpros_player_points_props", BEFORE_LINES) == {Outcome.NOT_PUBLISHED_YET}
    assert outcomes(day, "bettingpros_player_points_props", AFTER_LINES) == {Outcome.OK}
    ours, others = (
        {(row["game_id"], row["player_id"], row["book"], row["line"]): row["over_price_american"] for row in rows}
        for rows in (day.rows(f"{name}_player_points_props", AFTER_LINES) for name in ("bettingpros", "odds_api"))
    )
    assert ours.items() <= others.items()
    assert len({game_id for game_id, *_ in ours}) == 12


def test_no_lines_are_requested_for_games_that_have_begun(day: Day) -> None:
    begun = {game.game_id for game in day.slate.games if game.has_begun(EVENING)}
    requested = {page.request.game_id for page in day.poll("odds_api_player_points_props", EVENING)}
    assert begun
    assert requested == {game.game_id for game in day.slate.games} - begun


def test_a_late_scratch_is_out_only_in_the_last_report(day: Day) -> None:
    def out(as_of: datetime) -> set[str]:
        return {row["player_name"] for row in day.rows("nbac_injury_report", as_of) if row["status"] == "Out"}

    assert out(MORNING) == out(AFTER_LINES)
    assert out(LATE_AFTERNOON) > out(AFTER_LINES)


def test_balldontlie_lists_the_players_of_the_official_report(day: Day) -> None:
    for as_of in (AFTER_LINES, LATE_AFTERNOON):
        official, other = (day.rows(name, as_of) for name in ("nbac_injury_report", "bdl_injuries"))
        assert {row["player_id"] for row in other} >= {row["player_id"] for row in official}
        assert {row["status"] for row in other} == {"Out", "Submitted"}


def test_the_referees_are_published_in_the_morning(day: Day) -> None:
    assert outcomes(day, "nbac_referee_assignments", MORNING) == {Outcome.NOT_PUBLISHED_YET}
    rows = day.rows("nbac_referee_assignments", BEFORE_LINES)
    assert {row["game_id"] for row in rows} == {game.game_id for game in day.slate.games}
    assert len(rows) == 36
    assert {row["position"] for row in rows} == {"crew_chief", "referee", "umpire"}


def test_the_standings_are_those_before_the_date(day: Day) -> None:
    rows = day.rows("nbac_standings", LATE_AFTERNOON)
    history = day.rows("nbac_team_history", MORNING)
    assert {row["team"]: row["wins"] for row in rows} == Counter(row["team"] for row in history if row["win"])
    assert sum(row["losses"] for row in rows) == len(history) / 2
    assert day.poll("nbac_standings", EVENING) == []


def test_the_replay_has_no_player_movement(day: Day) -> None:
    assert outcomes(day, "nbac_player_movement", MORNING) == {Outcome.GONE}


def test_the_scoreboard_switches_to_the_date_in_the_morning(day: Day) -> None:
    assert outcomes(day, "nbac_scoreboard", MORNING) == {Outcome.STALE}
    assert {row["status"] for row in day.rows("nbac_scoreboard", BEFORE_LINES)} == {"scheduled"}
    assert {row["status"] for row in day.rows("nbac_scoreboard", NEXT_MORNING)} == {"final"}


def test_espn_has_the_same_games_and_scores_as_the_league(day: Day) -> None:
    for as_of in (BEFORE_LINES, EVENING, NEXT_MORNING):
        espn, league = (day.rows(name, as_of) for name in ("espn_scoreboard", "nbac_scoreboard"))
        shared = ("game_id", "status", "period", "home_points", "away_points")
        assert [[row[name] for name in shared] for row in espn] == [[row[name] for name in shared] for row in league]
    schedule = slate_games(day.rows("espn_schedule", MORNING), DAY)
    assert schedule == day.slate.games


def test_results_come_game_by_game_and_add_up(day: Day) -> None:
    assert outcomes(day, "nbac_player_boxscores", EVENING) == {Outcome.NOT_PUBLISHED_YET}
    (partial,) = day.poll("nbac_player_boxscores", NIGHT)
    assert partial.judgement.outcome is Outcome.PARTIAL
    assert partial.judgement.reason == "1 of 12 games missing: DAL@SAC"
    players, teams = (day.rows(f"nbac_{name}", NEXT_MORNING) for name in ("player_boxscores", "team_boxscore"))
    scores = {row["game_id"]: row for row in day.rows("nbac_scoreboard", NEXT_MORNING)}
    for team in teams:
        own = [row for row in players if (row["game_id"], row["team"]) == (team["game_id"], team["team"])]
        assert sum(row["points"] for row in own) == team["points"]
        assert scores[team["game_id"]]["home_points" if team["home"] else "away_points"] == team["points"]
    assert len(teams) == 24
    assert len(players) == 258


@pytest.mark.parametrize("name", ["nbac_live_boxscore", "bdl_player_boxscores", "espn_boxscores"])
def test_fallback_box_scores_equal_the_primary_source_and_come_only_after_the_end(day: Day, name: str) -> None:
    columns = ("game_id", "player_id", "team", "home", "points", "fga", "fta", "reb", "tov")
    official, other = (
        {tuple(row[column] for column in columns) for row in day.rows(source, NEXT_MORNING)}
        for source in ("nbac_player_boxscores", name)
    )
    assert other == official
    final = {row["game_id"] for row in day.rows("nbac_scoreboard", NIGHT) if row["status"] == "final"}
    assert final
    assert {row["game_id"] for row in day.rows(name, NIGHT)} == final


def test_sums_of_players_are_the_leagues_totals(day: Day) -> None:
    points: Counter[tuple[str, str]] = Counter()
    for row in day.rows("nbac_player_boxscores", NEXT_MORNING):
        points[row["game_id"], row["team"]] += row["points"]
    totals = {(row["game_id"], row["team"]): row["points"] for row in day.rows("nbac_team_boxscore", NEXT_MORNING)}
    assert totals == points


async def test_a_game_the_league_has_moved_keeps_one_row_when_espn_lists_it_as_postponed(
    sample: Path, tmp_path: Path
) -> None:
    archive = Archive(sample)
    moved = slate_of(archive, DAY).games[0]
    sources = ("nbac_schedule", "espn_scoreboard")
    faults = tuple(Fault(source=name, kind=FaultKind.POSTPONED, games=frozenset({moved.game_id})) for name in sources)
    polls = (
        *(("nbac_schedule", BEFORE_LINES), ("espn_schedule", BEFORE_LINES), ("nbac_schedule", AFTER_LINES)),
        ("espn_schedule", BEFORE_LINES),  # as a re-run reads it
    )
    results, stored_rows, of_game = [], [], {"game": moved.game_id}
    with serve(archive, faults) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            for name, as_of in polls:
                batch = (await harness.collect(SOURCES[name], as_of)).batch_key
                assert batch
                results.append(harness.read(SOURCES[name], batch, as_of))
                rows = harness.warehouse.query("SELECT * FROM raw_schedule WHERE game_id = @game", of_game)
                stored_rows.append(rows.select("source", "status").rows())
    league, espn, *_ = results
    assert moved.game_id not in {game.game_id for game in league.games or ()}
    assert espn.postponed == (moved.game_id,)
    by_the_league, by_espn = stored_rows[0], [("espn_schedule", "postponed")]
    assert stored_rows == [by_the_league, by_espn, by_the_league, by_the_league]


async def test_the_espn_schedule_names_a_game_without_a_known_id_and_finds_a_moved_one(
    sample: Path, tmp_path: Path
) -> None:
    archive, espn = Archive(sample), SOURCES["espn_schedule"]
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            batch = (await harness.collect(espn, MORNING)).batch_key
            assert batch
            harness.read(espn, batch, MORNING)
            unknown, moved, other, *_ = harness.slate.games
            stored = harness.warehouse.query("SELECT * FROM raw_schedule")
            later = pl.col("game_id").is_in([moved.game_id, other.game_id])
            postponed = pl.when(pl.col("game_id") == moved.game_id).then(pl.lit("postponed"))
            earlier = stored.filter(pl.col("game_id") != unknown.game_id).with_columns(
                *(
                    pl.when(later).then(pl.col(name) + pl.duration(days=3)).otherwise(pl.col(name)).alias(name)
                    for name in ("game_date", "tip_off")
                ),
                status=postponed.otherwise(pl.col("status")),
            )
            harness.warehouse.replace("raw_schedule", earlier, {"season": "2023-24"})
            harness.slate = Slate(game_date=DAY)
            result = harness.read(espn, batch, MORNING + timedelta(hours=1))
            assert result.outcome is Outcome.PARTIAL
            assert f"{unknown.label}, {other.label}" in result.alerts["unknown_games"]
            ids = {game.game_id for game in result.games or ()}
            assert moved.game_id in ids
            assert other.game_id not in ids, (
                "the known game is still to be played, so ESPN may list another game of the two teams"
            )
            assert len(ids) == len(stored) - 2


async def test_results_of_a_fallback_source_do_not_replace_rows_of_the_leagues_history(
    sample: Path, tmp_path: Path
) -> None:
    archive, fallback = Archive(sample), SOURCES["nbac_live_boxscore"]
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            batch = (await harness.collect(fallback, NEXT_MORNING)).batch_key
            assert batch
            assert harness.read(fallback, batch, NEXT_MORNING).changed
            every = {"game_date": DAY}
            results = "SELECT * FROM raw_player_boxscores WHERE game_date = @game_date"
            official = harness.warehouse.query(results, every).with_columns(source=pl.lit("nbac_player_history"))
            harness.warehouse.replace("raw_player_boxscores", official, {"game_date": DAY})
            assert not harness.read(fallback, batch, NEXT_MORNING + timedelta(hours=1)).changed
            assert set(harness.warehouse.query(results, every)["source"]) == {"nbac_player_history"}


async def test_team_totals_that_contradict_the_players_wait_until_they_are_corrected(
    sample: Path, tmp_path: Path
) -> None:
    """They have the minutes of the whole game: by themselves they look final."""
    archive, teams = Archive(sample), SOURCES["nbac_team_boxscore"]
    behind = slate_of(archive, DAY).games[0]
    fault = Fault(source=teams.name, kind=FaultKind.PARTIAL_TOTALS, games=frozenset({behind.game_id}), until=NIGHT)
    with serve(archive, (fault,)) as upstream:
        async with source_harness(upstream.url, slate_of(archive, DAY), tmp_path) as harness:
            early, corrected = [await harness.collect(teams, as_of) for as_of in (NIGHT - timedelta(hours=1), NIGHT)]
    assert behind.game_id in early.missing_games
    assert behind.game_id not in corrected.missing_games
