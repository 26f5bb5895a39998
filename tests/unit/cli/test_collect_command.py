"""`collect` as the operator types it, against a replay's upstream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.cli_rate_limiter import CliRateLimiter
from cli.collect import ProbeReport, _landing_text
from runtime import PROJECT
from runtime.replay_session import ReplaySession, write_session
from tests.support.small_day import small_plan
from tests.support.starter import NOWHERE, Ended, Starter
from tipoff.landing.landing import Landing
from tipoff.publishing.status import publish_status
from tipoff.publishing.store import ExportStore
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind
from tipoff.replay.upstream.server import Upstream, serve
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome, Route, SlateGame, eastern
from workflows.day_state import DayLedger
from workflows.day_status import day_status

DAY = date(2024, 3, 29)
PROPS = "odds_api_player_points_props"
DIRECT = (Route.DIRECT,)


@pytest.fixture(scope="module")
def archive(sample: Path) -> Archive:
    return Archive(sample)


@pytest.fixture(scope="module")
def upstream(archive: Archive) -> Iterator[Upstream]:
    with serve(archive) as running:
        yield running


class ReplayFolder:
    """A replay's folder with a running upstream and without a server."""

    def __init__(self, folder: Path, url: str) -> None:
        self.starter = Starter(folder)
        self.landing = Landing(FolderStore(folder / "demo/landing"))
        self.exports = ExportStore(FolderStore(folder / "demo/exports"))
        stores = {"TIPOFF_LANDING": f"file://{folder}/demo/landing", "TIPOFF_EXPORTS": f"file://{folder}/demo/exports"}
        session = ReplaySession(
            address=NOWHERE,
            namespace="replay",
            ui="http://127.0.0.1:8080",
            exports=stores["TIPOFF_EXPORTS"],
            archive=PROJECT / "sample",
            pid=4711,
            environment={"TIPOFF_UPSTREAM": url, **stores},
        )
        write_session(folder / "demo", session)

    def run(self, source: str, *options: str) -> Ended:
        return self.starter(" ".join(("collect --source", source, f"--date {DAY} --replay demo", *options)))

    def json(self, source: str, *options: str) -> Any:
        return self.run(source, *options, "--json").json

    def export_status_at(self, time: datetime, games: tuple[SlateGame, ...]) -> None:
        """Export the status that the day's worker would export at this virtual time."""
        ledger = DayLedger(small_plan(DAY, time).model_copy(update={"games": games}))
        ledger.adopt(ledger.plan)
        status = day_status(ledger, time, virtual=True, held=False)
        publish_status(self.exports, status, time)


@pytest.fixture
def replay_folder(tmp_path: Path, upstream: Upstream) -> ReplayFolder:
    return ReplayFolder(tmp_path, upstream.url)


def slate_of(archive: Archive) -> tuple[SlateGame, ...]:
    rows = archive.slate(DAY).select("game_id", "away", "home", "tip_off").sort("tip_off", "game_id")
    return tuple(SlateGame(**row) for row in rows.iter_rows(named=True))


def test_a_dry_run_shows_request_response_and_first_rows_and_keeps_nothing(replay_folder: ReplayFolder) -> None:
    ended = replay_folder.run("nbac_schedule", "--dry-run")
    assert ended.code == 0
    assert "nbac_schedule: ok: the schedule of 2023-24 https://cdn.nba.com/static/json/staticData/" in ended.text
    assert " bytes json: ok: the schedule of 2023-24" in ended.text
    assert "First of 1,105 rows" in ended.text
    assert "home DEN GSW CHA" in ended.text
    assert "nothing was landed; nothing was written to the warehouse" in ended.text
    assert not list(replay_folder.starter.folder.glob("demo/landing/**/*.json"))
    assert not list(replay_folder.starter.folder.glob("**/*.duckdb"))


def test_without_a_status_the_slate_comes_from_the_schedule(
    replay_folder: ReplayFolder,
) -> None:
    report = replay_folder.json("nbac_player_list_current", "--dry-run")
    assert (report["slate_from"], len(report["games"])) == ("nbac_schedule, polled now", 12)
    assert [poll["source"] for poll in report["polls"]] == ["nbac_schedule", "nbac_player_list_current"]
    assert datetime.fromisoformat(report["as_of"]) == eastern(DAY, 5)


def test_slate_and_virtual_time_come_from_the_days_status(
    replay_folder: ReplayFolder, archive: Archive, upstream: Upstream
) -> None:
    games, afternoon = slate_of(archive), eastern(DAY, 16)
    replay_folder.export_status_at(afternoon, games[:2])
    before = len(upstream.requests())
    report = replay_folder.json(PROPS, "--dry-run")
    assert (report["slate_from"], report["games"]) == ("the day's status", [game.label for game in games[:2]])
    assert datetime.fromisoformat(report["as_of"]) == afternoon
    events, props = report["polls"]
    assert (events["source"], events["outcome"], props["outcome"]) == ("odds_api_events", "ok", "ok")
    assert len(props["requests"]) == 2
    assert len(upstream.requests()) - before == 3, "the events once, and each game once"
    assert props["credits_remaining"] is not None


def test_names_are_resolved_with_the_landed_rosters_of_the_date(replay_folder: ReplayFolder, archive: Archive) -> None:
    replay_folder.export_status_at(eastern(DAY, 16), slate_of(archive)[:2])
    unknown = replay_folder.run(PROPS, "--dry-run")
    assert "collect nbac_player_list_current and espn_team_rosters of the date first" in unknown.text
    assert replay_folder.json(PROPS, "--dry-run")["polls"][-1]["unresolved_names"]
    for name in ("nbac_player_list_current", "espn_team_rosters"):
        assert replay_folder.run(name).code == 0
    known = replay_folder.json(PROPS, "--dry-run")["polls"][-1]
    assert known["unresolved_names"] == []
    assert known["first_rows"][0]["player_id"]


def test_rosters_landed_later_resolve_no_names(replay_folder: ReplayFolder, archive: Archive) -> None:
    games = slate_of(archive)[:2]
    replay_folder.export_status_at(eastern(DAY, 16), games)
    assert replay_folder.run("nbac_player_list_current").code == 0
    replay_folder.export_status_at(eastern(DAY, 13), games)
    assert replay_folder.json("nbac_injury_report", "--dry-run")["polls"][-1]["players"] == 0


def test_collect_lands_responses_as_a_day_does(replay_folder: ReplayFolder, archive: Archive) -> None:
    time = eastern(DAY, 16)
    replay_folder.export_status_at(time, slate_of(archive))
    report = replay_folder.json("nbac_injury_report")
    (poll,) = report["polls"]
    (record,) = [
        record for record in replay_folder.landing.records("nbac_injury_report", DAY) if record.outcome is Outcome.OK
    ]
    assert (record.fetched_at, record.key) == (time, poll["requests"][-1]["key"])
    assert record.key is not None
    assert replay_folder.landing.get(record.key).startswith(b"%PDF")
    assert replay_folder.landing.get(poll["batch"])
    assert report["landed_in"].endswith("demo/landing")


def test_nothing_is_requested_twice_at_one_virtual_time(replay_folder: ReplayFolder, upstream: Upstream) -> None:
    assert not replay_folder.json("nbac_schedule")["polls"][0]["requests"][0]["landed_before"]
    before = len(upstream.requests())
    again = replay_folder.json("nbac_schedule")["polls"][0]
    assert again["requests"][0]["landed_before"]
    assert (again["new_objects"], len(upstream.requests())) == (0, before)


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"),
    [
        (FaultKind.ACCESS_DENIED, "blocked", "wait for the end of the cooldown, or set a proxy for the host"),
        (FaultKind.SERVER_ERROR, "provider_error", "HTTP 50"),
        (FaultKind.HTML_PAGE, "wrong_type", "read the landed file"),
    ],
)
def test_a_refusal_is_shown_with_what_to_do_and_ends_with_1(
    tmp_path: Path, archive: Archive, kind: FaultKind, outcome: str, reason: str
) -> None:
    with serve(archive, (Fault(source="nbac_player_list_current", kind=kind),)) as faulty:
        ended = ReplayFolder(tmp_path, faulty.url).run("nbac_player_list_current", "--dry-run")
    assert ended.code == 1
    assert f"nbac_player_list_current: {outcome.replace('_', ' ')}: " in ended.text
    assert reason in ended.text


def test_the_next_possible_poll_has_its_date(tmp_path: Path, archive: Archive) -> None:
    """It may be weeks away: a month's credits are back on the first of the next one."""
    with serve(archive, (Fault(source="nbac_player_list_current", kind=FaultKind.ACCESS_DENIED),)) as faulty:
        ended = ReplayFolder(tmp_path, faulty.url).run("nbac_player_list_current", "--dry-run")
    assert f"next poll possible from {DAY} " in ended.text


def test_without_a_slate_the_command_fails(tmp_path: Path, archive: Archive) -> None:
    """A source that has nothing to request without games would seem to work."""
    with serve(archive, (Fault(source="nbac_schedule", kind=FaultKind.ACCESS_DENIED),)) as faulty:
        replay_folder = ReplayFolder(tmp_path, faulty.url)
        report = replay_folder.run("nbac_injury_report", "--dry-run", "--json")
        page = replay_folder.run("nbac_injury_report", "--dry-run").text
    assert report.code == 1
    assert [(poll["source"], poll["outcome"]) for poll in report.json["polls"]] == [("nbac_schedule", "blocked")]
    assert report.json["slate_from"] == ""
    assert f"nbac_injury_report was not polled: the games of {DAY} are unknown" in page


def test_a_source_of_finished_games_says_that_no_game_is_final_yet(
    replay_folder: ReplayFolder, archive: Archive
) -> None:
    replay_folder.export_status_at(eastern(DAY, 10), slate_of(archive))
    ended = replay_folder.run("bigdataball_play_by_play", "--dry-run")
    assert "no data expected yet: no game is due to be final" in ended.text
    assert "names cannot be resolved" not in ended.text, "there were no names"


def test_an_unknown_source_is_named_with_similar_ones(replay_folder: ReplayFolder) -> None:
    ended = replay_folder.run("nbac_injry_report")
    assert ended.code == 2
    assert "did you mean nbac_injury_report" in ended.err


def test_without_its_replay_nothing_is_requested(tmp_path: Path) -> None:
    ended = Starter(tmp_path)(f"collect --source nbac_schedule --date {DAY} --replay nowhere")
    assert ended.code == 6
    assert "make demo KEEP=1" in ended.err


# ── rate limits ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_without_a_server_requests_keep_their_spacing() -> None:
    rate_limiter = CliRateLimiter(Settings(balldontlie_per_minute=600), "no server answers")
    request = Request(host="api.balldontlie.io", path="/v1/standings")
    started = datetime.now(UTC)
    assert [await rate_limiter.acquire(request, started, DIRECT) for _ in range(3)] == [Route.DIRECT] * 3
    assert (datetime.now(UTC) - started).total_seconds() >= 0.2
    assert rate_limiter.summaries == {"api.balldontlie.io": "unknown: no server answers"}


async def test_a_request_beyond_the_months_credits_is_refused() -> None:
    rate_limiter = CliRateLimiter(Settings(odds_monthly_credits=10), "no server answers", ignore_cooldown=True)
    request = Request(host="api.the-odds-api.com", path="/v4/odds", credits=11)
    refusal = await rate_limiter.acquire(request, datetime.now(UTC), DIRECT)
    assert isinstance(refusal, Judgement)
    assert refusal.outcome is Outcome.QUOTA_SPENT


@pytest.mark.parametrize(
    ("source", "day", "use"),
    [
        ("espn_team_rosters", DAY, "a --rerun of the date reads them"),
        ("espn_team_rosters", DAY + timedelta(days=1), "too late for the predictions of the date"),
        ("nbac_player_boxscores", DAY + timedelta(days=1), "a --rerun of the date reads them"),
    ],
)
def test_the_report_says_whether_a_run_of_the_date_uses_what_was_landed(source: str, day: date, use: str) -> None:
    """What a provider says about rosters after the date was not known before its games."""
    report = ProbeReport(
        source=source,
        game_date=DAY,
        as_of=eastern(day, 9),
        games=(),
        slate_from="",
        rate_limiters={},
        landed_in="file:///landing",
        polls=(),
    )
    assert _landing_text(report) == f"landed in file:///landing, 0 new objects: {use}"
