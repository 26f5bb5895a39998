"""`sources`: the last success of each source, and the outcomes of each provider's responses."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.providers import RateLimiterView
from cli.sources import ProviderView, SourcesReport, fetch_history, sources_report
from runtime.replay_session import ReplaySession, write_session
from tests.support.starter import NOWHERE, Starter
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.provider_success import RECENT, hosts
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome, Route, date_and_time

NOW = datetime(2024, 3, 29, 22, tzinfo=UTC)
DAY = date(2024, 3, 29)


def a_record(
    outcome: Outcome, *, hours_ago: float = 1, source: str = "espn_team_rosters", **fields: Any
) -> FetchRecord:
    fields = {"url": f"https://{SOURCES[source].provider.host}/a", "game_date": DAY, **fields}
    return FetchRecord(source=source, outcome=outcome, fetched_at=NOW - timedelta(hours=hours_ago), **fields)


def report(
    *records: FetchRecord, rate_limiters: dict[str, RateLimiterView] | str = "no Temporal server answers"
) -> SourcesReport:
    """The report for these manifests, each source's latest record first."""
    manifests = {name: [record for record in records if record.source == name] for name in SOURCES}
    histories = {name: fetch_history(manifests[name], NOW - RECENT) for name in SOURCES}
    return sources_report(NOW, histories, rate_limiters)


def provider(shown: SourcesReport, host: str) -> ProviderView:
    (view,) = (provider for provider in shown.providers if provider.host == host)
    return view


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.floats(0, 60)), max_size=12))
def test_a_manifest_is_read_back_a_day_and_to_the_latest_usable_response_and_no_further(
    polls: list[tuple[Outcome, float]],
) -> None:
    records = [a_record(outcome, hours_ago=ago) for outcome, ago in sorted(polls, key=lambda poll: poll[1])]
    read: list[FetchRecord] = []

    def reading() -> Iterator[FetchRecord]:
        for record in records:
            read.append(record)
            yield record

    history = fetch_history(reading(), NOW - RECENT)
    usable = [record for record in records if OUTCOME_POLICIES[record.outcome].usable]
    assert history.latest_usable == (usable[0] if usable else None)
    assert history.latest == (records[0] if records else None)
    assert list(history.recent) == [record for record in records if record.fetched_at >= NOW - RECENT]
    needed = max(len(history.recent), records.index(usable[0]) + 1) if usable else len(records)
    assert len(read) <= needed + 1


def test_a_source_keeps_its_last_success_and_age_after_later_failures() -> None:
    shown = report(a_record(Outcome.BLOCKED), a_record(Outcome.PARTIAL, hours_ago=50, game_date=date(2024, 3, 27)))
    rosters = next(source for source in shown.sources if source.name == "espn_team_rosters")
    assert rosters.last_success == NOW - timedelta(hours=50)
    assert (rosters.last_success_date, rosters.age_seconds) == (date(2024, 3, 27), 50 * 3600)
    assert rosters.last_outcome is Outcome.BLOCKED


def test_all_sources_are_listed_with_role_and_primary_source() -> None:
    views = {source.name: source for source in report().sources}
    assert list(views) == list(SOURCES)
    assert views["bdl_injuries"].fallback_for == ("nbac_injury_report",)
    assert (views["nbac_scoreboard"].role, views["nbac_scoreboard"].last_success) == ("live", None)


def test_not_yet_is_neither_success_nor_failure_and_day_old_responses_do_not_count() -> None:
    outcomes = (Outcome.OK, Outcome.NOT_PUBLISHED_YET, Outcome.BLOCKED, Outcome.PROVIDER_ERROR)
    shown = report(*(a_record(outcome) for outcome in outcomes), a_record(Outcome.BLOCKED, hours_ago=24.1))
    espn = provider(shown, "site.api.espn.com")
    assert (espn.responses, espn.usable, espn.not_yet, espn.success_rate) == (4, 1, 1, 1 / 3)
    assert provider(shown, "stats.nba.com").success_rate is None
    unpublished = provider(report(a_record(Outcome.NOT_PUBLISHED_YET)), "site.api.espn.com")
    assert (unpublished.responses, unpublished.success_rate) == (1, None)


def test_responses_count_for_the_host_that_sent_them() -> None:
    """The schedule comes from the statistics host if the public file is out of reach."""
    refused = a_record(Outcome.BLOCKED, source="nbac_schedule")
    shown = report(refused, a_record(Outcome.OK, source="nbac_schedule", url="https://stats.nba.com/b"))
    assert provider(shown, "cdn.nba.com").success_rate == 0
    assert provider(shown, "stats.nba.com").success_rate == 1


def test_a_provider_shows_its_rate_limiter() -> None:
    odds = RateLimiterView(host="api.the-odds-api.com", summary="12 requests", spend="40 of 500 are used", refuses=True)
    shown = report(rate_limiters={odds.host: odds})
    known = provider(shown, odds.host)
    assert (known.rate_limiter, known.spend, known.in_cooldown, shown.server) == (odds.summary, odds.spend, True, "")
    assert provider(report(), odds.host).rate_limiter == "no server"


def test_a_provider_shows_its_last_block_and_the_route_in_use() -> None:
    through_proxy = RateLimiterView(host="site.api.espn.com", summary="blocked", route=Route.PROXY)
    blocks = (a_record(Outcome.BLOCKED, hours_ago=hours) for hours in (2, 5))
    shown = report(a_record(Outcome.OK), *blocks, rate_limiters={through_proxy.host: through_proxy})
    espn = provider(shown, "site.api.espn.com")
    assert (espn.last_block, espn.route, espn.success_rate) == (NOW - timedelta(hours=2), Route.PROXY, 1 / 3)
    other = provider(shown, "stats.nba.com")
    assert (other.last_block, other.route) == (None, None)


# ── as typed ─────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_server_the_manifests_are_shown(tmp_path: Path) -> None:
    fresh = datetime.now(UTC) - timedelta(hours=3, minutes=20)
    Landing(FolderStore(tmp_path / "var/landing")).record(a_record(Outcome.OK).model_copy(update={"fetched_at": fresh}))
    starter = Starter(tmp_path)
    page = starter("sources")
    assert page.code == 0
    assert "3 h 20 min ok" in page.text
    assert "site.api.espn.com 1: 1 usable, 0 not yet 100% no server" in page.text
    assert f"no Temporal server answers at {NOWHERE}" in page.text
    other = starter("sources --date 2024-03-30 --json").json
    assert {source["last_success"] for source in other["sources"]} == {None}


def test_the_last_block_is_shown_with_its_date(tmp_path: Path) -> None:
    fresh = datetime.now(UTC) - timedelta(hours=3, minutes=20)
    blocked = a_record(Outcome.BLOCKED).model_copy(update={"fetched_at": fresh})
    Landing(FolderStore(tmp_path / "var/landing")).record(blocked)
    page = Starter(tmp_path)("sources")
    assert f"site.api.espn.com 1: 0 usable, 0 not yet 0% {date_and_time(fresh)} no server" in page.text


def test_in_a_replay_ages_are_in_virtual_time(tmp_path: Path) -> None:
    landing = Landing(FolderStore(tmp_path / "demo/landing"))
    landing.record(a_record(Outcome.OK, hours_ago=5))
    landing.record(a_record(Outcome.OK, hours_ago=2, source="nbac_schedule"))
    session = ReplaySession(
        address=NOWHERE,
        namespace="replay",
        ui="http://127.0.0.1:8080",
        exports=f"file://{tmp_path}/demo/exports",
        archive=tmp_path / "archive",
        pid=4711,
        environment={"TIPOFF_LANDING": f"file://{tmp_path}/demo/landing"},
    )
    write_session(tmp_path / "demo", session)
    shown = Starter(tmp_path)("sources --replay demo --json").json
    ages = {source["name"]: source["age_seconds"] for source in shown["sources"] if source["age_seconds"] is not None}
    assert ages == {"espn_team_rosters": 3 * 3600, "nbac_schedule": 0}


def test_a_missing_replay_does_not_fall_back_to_the_configured_landing(tmp_path: Path) -> None:
    ended = Starter(tmp_path)("sources --replay demo")
    assert ended.code == 6
    assert "no replay runs in demo" in ended.err


def test_each_host_is_listed_once() -> None:
    assert len(set(hosts())) == len(hosts()) < len(SOURCES)
