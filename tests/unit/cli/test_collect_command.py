"""One source tried by a person, against a replay's upstream as the command is typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.cli_rate_limiter import CliRateLimiter
from runtime.replay_session import ReplaySession, write_session
from tests.support.small_day import small_plan
from tests.support.starter import NOWHERE, Ended, Starter
from tipoff.landing.local import LocalLanding
from tipoff.publishing.status import publish_status
from tipoff.publishing.store import FolderStore
from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind, ReplaySource
from tipoff.replay.upstream.server import Upstream, serve
from tipoff.settings import Settings
from tipoff.sources.base import Request
from tipoff.vocabulary import Outcome, SlateGame, eastern
from workflows.day_state import DayLedger
from workflows.day_status import day_status

DAY = date(2024, 3, 29)
PROPS = "odds_api_player_points_props"


@pytest.fixture(scope="module")
def archive(sample: Path) -> Archive:
    return Archive(sample)


@pytest.fixture(scope="module")
def upstream(archive: Archive) -> Iterator[Upstream]:
    with serve(archive) as running:
        yield running


class Desk:
    """A replay's folder whose upstream is up, and whose server is not."""

    def __init__(self, folder: Path, url: str) -> None:
        self.starter = Starter(folder)
        self.landing = LocalLanding(folder / "demo/landing")
        self.exports = FolderStore(folder / "demo/exports")
        places = {"TIPOFF_LANDING": f"file://{folder}/demo/landing", "TIPOFF_EXPORTS": f"file://{folder}/demo/exports"}
        session = ReplaySession(
            address=NOWHERE,
            namespace="replay",
            ui="http://127.0.0.1:8080",
            exports=places["TIPOFF_EXPORTS"],
            pid=4711,
            environment={"TIPOFF_UPSTREAM": url, **places},
        )
        write_session(folder / "demo", session)

    def typed(self, source: str, *options: str) -> Ended:
        return self.starter(" ".join(("collect --source", source, f"--date {DAY} --replay demo", *options)))

    def told(self, source: str, *options: str) -> Any:
        return self.typed(source, *options, "--json").json

    def day_is_at(self, moment: datetime, games: tuple[SlateGame, ...]) -> None:
        """The day's worker last told its status at a moment of virtual time."""
        ledger = DayLedger(small_plan(DAY, moment).model_copy(update={"games": games}))
        ledger.adopt(ledger.plan)
        status = day_status(ledger, moment, virtual=True, held=False)
        publish_status(self.exports, status, moment)


@pytest.fixture
def desk(tmp_path: Path, upstream: Upstream) -> Desk:
    return Desk(tmp_path, upstream.url)


def slate_of(archive: Archive) -> tuple[SlateGame, ...]:
    rows = archive.slate(DAY).select("game_id", "away", "home", "tip_off").sort("tip_off", "game_id")
    return tuple(SlateGame(**row) for row in rows.iter_rows(named=True))


def test_a_dry_run_tells_the_question_the_answer_and_the_first_rows_and_keeps_nothing(desk: Desk) -> None:
    ended = desk.typed("nbac_schedule", "--dry-run")
    assert ended.code == 0
    assert "nbac_schedule: ok: the schedule of 2023-24 https://cdn.nba.com/static/json/staticData/" in ended.text
    assert " bytes json: ok: the schedule of 2023-24" in ended.text
    assert "The first of 1,105 rows" in ended.text
    assert "home DEN GSW CHA" in ended.text
    assert "nothing was landed; no table was written" in ended.text
    assert not list(desk.starter.folder.glob("demo/landing/**/*.json"))
    assert not list(desk.starter.folder.glob("**/*.duckdb"))


def test_without_a_status_the_schedule_is_asked_for_the_slate_and_virtual_time_begins_with_the_day(desk: Desk) -> None:
    told = desk.told("nbac_player_list_current", "--dry-run")
    assert (told["slate_from"], len(told["games"])) == ("nbac_schedule, asked now", 12)
    assert [looked["source"] for looked in told["polls"]] == ["nbac_schedule", "nbac_player_list_current"]
    assert datetime.fromisoformat(told["as_of"]) == eastern(DAY, 5)


def test_a_days_status_tells_the_slate_and_the_virtual_time(desk: Desk, archive: Archive, upstream: Upstream) -> None:
    games, afternoon = slate_of(archive), eastern(DAY, 16)
    desk.day_is_at(afternoon, games[:2])
    before = len(upstream.requests())
    told = desk.told(PROPS, "--dry-run")
    assert (told["slate_from"], told["games"]) == ("the day's status", [game.label for game in games[:2]])
    assert datetime.fromisoformat(told["as_of"]) == afternoon
    events, props = told["polls"]
    assert (events["source"], events["outcome"], props["outcome"]) == ("odds_api_events", "ok", "ok")
    assert len(props["asked"]) == 2
    assert len(upstream.requests()) - before == 3, "the companion once, and each game once"
    assert props["credits_remaining"] is not None


def test_names_are_resolved_by_what_is_landed_of_the_date(desk: Desk, archive: Archive) -> None:
    desk.day_is_at(eastern(DAY, 16), slate_of(archive)[:2])
    unknown = desk.typed(PROPS, "--dry-run")
    assert "land nbac_player_list_current and espn_team_rosters of the date first" in unknown.text
    assert desk.told(PROPS, "--dry-run")["polls"][-1]["unresolved_names"]
    for name in ("nbac_player_list_current", "espn_team_rosters"):
        assert desk.typed(name).code == 0
    known = desk.told(PROPS, "--dry-run")["polls"][-1]
    assert known["unresolved_names"] == []
    assert known["first_rows"][0]["player_id"]


def test_what_was_landed_later_in_virtual_time_resolves_no_names(desk: Desk, archive: Archive) -> None:
    games = slate_of(archive)[:2]
    desk.day_is_at(eastern(DAY, 16), games)
    assert desk.typed("nbac_player_list_current").code == 0
    desk.day_is_at(eastern(DAY, 13), games)
    assert desk.told("nbac_injury_report", "--dry-run")["polls"][-1]["players"] == 0


def test_what_is_landed_is_landed_as_a_days_look_would(desk: Desk, archive: Archive) -> None:
    moment = eastern(DAY, 16)
    desk.day_is_at(moment, slate_of(archive))
    told = desk.told("nbac_injury_report")
    (looked,) = told["polls"]
    (record,) = [one for one in desk.landing.records("nbac_injury_report", DAY) if one.outcome is Outcome.OK]
    assert (record.fetched_at, record.key) == (moment, looked["asked"][-1]["key"])
    assert record.key is not None
    assert desk.landing.get(record.key).startswith(b"%PDF")
    assert desk.landing.get(looked["batch"])
    assert told["landed_in"].endswith("demo/landing")


def test_what_virtual_time_has_landed_already_is_told_as_such(desk: Desk, upstream: Upstream) -> None:
    assert not desk.told("nbac_schedule")["polls"][0]["asked"][0]["stood"]
    before = len(upstream.requests())
    again = desk.told("nbac_schedule")["polls"][0]
    assert again["asked"][0]["stood"]
    assert (again["new_objects"], len(upstream.requests())) == (0, before)


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"),
    [
        (FaultKind.ACCESS_DENIED, "blocked", "let it cool down, or set a proxy for the host"),
        (FaultKind.SERVER_ERROR, "provider_error", "HTTP 50"),
        (FaultKind.HTML_PAGE, "wrong_type", "look at the landed file"),
    ],
)
def test_a_refusal_is_told_with_what_to_do_and_ends_with_1(
    tmp_path: Path, archive: Archive, kind: FaultKind, outcome: str, reason: str
) -> None:
    with serve(archive, (Fault(source=ReplaySource.PLAYER_LIST, kind=kind),)) as faulty:
        ended = Desk(tmp_path, faulty.url).typed("nbac_player_list_current", "--dry-run")
    assert ended.code == 1
    assert f"nbac_player_list_current: {outcome.replace('_', ' ')}: " in ended.text
    assert reason in ended.text


def test_without_a_slate_the_trial_does_not_end_well(tmp_path: Path, archive: Archive) -> None:
    """A source that has nothing to ask without games would seem to be well."""
    with serve(archive, (Fault(source=ReplaySource.SCHEDULE, kind=FaultKind.ACCESS_DENIED),)) as faulty:
        desk = Desk(tmp_path, faulty.url)
        told = desk.typed("nbac_injury_report", "--dry-run", "--json")
        page = desk.typed("nbac_injury_report", "--dry-run").text
    assert told.code == 1
    assert [(looked["source"], looked["outcome"]) for looked in told.json["polls"]] == [("nbac_schedule", "blocked")]
    assert told.json["slate_from"] == ""
    assert f"nbac_injury_report was not asked: nobody told the games of {DAY}" in page


def test_a_source_that_is_asked_about_finished_games_says_that_none_is_before_they_are(
    desk: Desk, archive: Archive
) -> None:
    desk.day_is_at(eastern(DAY, 10), slate_of(archive))
    ended = desk.typed("bigdataball_play_by_play", "--dry-run")
    assert "nothing to ask yet: no game is due to be final" in ended.text
    assert "whom names mean" not in ended.text, "there were no names"


def test_an_unknown_source_is_named_with_those_of_a_like_name(desk: Desk) -> None:
    ended = desk.typed("nbac_injry_report")
    assert ended.code == 2
    assert "did you mean nbac_injury_report" in ended.err


def test_without_its_replay_nothing_is_asked(tmp_path: Path) -> None:
    ended = Starter(tmp_path)(f"collect --source nbac_schedule --date {DAY} --replay nowhere")
    assert ended.code == 6
    assert "make demo KEEP=1" in ended.err


# ── manners ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_persons_questions_keep_their_distance_without_any_server() -> None:
    rate_limiter = CliRateLimiter(Settings(balldontlie_per_minute=600), "no server answers")
    question = Request(host="api.balldontlie.io", path="/v1/standings")
    begun = datetime.now(UTC)
    assert [await rate_limiter.acquire(question, begun) for _ in range(3)] == [None] * 3
    assert (datetime.now(UTC) - begun).total_seconds() >= 0.2
    assert rate_limiter.says == {"api.balldontlie.io": "not told: no server answers"}


async def test_a_persons_question_is_not_asked_beyond_the_months_credits() -> None:
    rate_limiter = CliRateLimiter(Settings(odds_monthly_credits=10), "no server answers", anyway=True)
    question = Request(host="api.the-odds-api.com", path="/v4/odds", credits=11)
    refusal = await rate_limiter.acquire(question, datetime.now(UTC))
    assert refusal is not None
    assert refusal.outcome is Outcome.QUOTA_SPENT
