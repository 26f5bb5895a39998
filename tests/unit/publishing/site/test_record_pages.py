"""Results, systems, season and days: what they say of a real evening, and what they must not say too early."""

from __future__ import annotations

import json
from datetime import date, timedelta
from html import escape
from typing import Any

import pytest

from tests.support.evening import DAY, NEXT_MORNING
from tests.unit.publishing.conftest import WALL_CLOCK
from tipoff.publishing.day_flow import example_plan
from tipoff.publishing.envelope import Edition, decode
from tipoff.publishing.glossary import terms
from tipoff.publishing.page import publish_page
from tipoff.publishing.performance import PERFORMANCE
from tipoff.publishing.registry import EXPORTS
from tipoff.publishing.results import publish_results
from tipoff.publishing.site.exports import Exports
from tipoff.publishing.site.results import profit_of, skill_of, surprises
from tipoff.publishing.site.season import SEASON
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.site.systems import verdict
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import StepKind
from tipoff.warehouse.base import Warehouse

RESULTS = f"v1/results/{DAY}.json"


@pytest.fixture
def graded_exports(evening_exports: ExportStore, morning_after: Warehouse, status: dict[str, Any]) -> ExportStore:
    """What readers find on the next morning."""
    publish_results(morning_after, evening_exports, Edition(DAY, NEXT_MORNING, WALL_CLOCK))
    publish_status(evening_exports, read_status(status), WALL_CLOCK)
    publish_page(morning_after, evening_exports, DAY, NEXT_MORNING, status)
    return evening_exports


def html(store: ExportStore, path: str) -> str:
    content = store.read(f"site/{path}")
    assert content is not None, path
    return content.decode()


def with_export(store: ExportStore, path: str, **changes: Any) -> None:
    export = decode(store.read(path) or b"{}")
    store.write_if_changed(path, json.dumps({**export, **changes}).encode())


def test_results_show_picks_with_their_profit_and_where_the_market_was_better(graded_exports: ExportStore) -> None:
    publish_site(graded_exports)
    page = html(graded_exports, f"results/{DAY}.html")
    headline = next(
        each for each in decode(graded_exports.read(RESULTS) or b"")["systems"] if each["system_id"] == "ensemble_v1"
    )
    assert f"<b>{headline['picked']} picks:</b> {headline['picks']['wins']} won" in page
    assert f"{headline['picks']['profit']:+.2f} units" in page
    assert "Too few to read" in page
    assert "Brier" in page
    assert f'href="../../pages/{DAY}.html"' in page
    assert html(graded_exports, "results.html").count("<tr") == page.count("<tr")


def test_the_profit_has_an_interval_that_games_decide() -> None:
    one_game = [
        {"profit_units": 1.0, "grade": "win", "game_id": "1"},
        {"profit_units": -1.0, "grade": "loss", "game_id": "1"},
    ]
    assert profit_of(one_game)[:3] == (2, 0.0, None)
    profit = profit_of([*one_game, {"profit_units": 0.9, "grade": "win", "game_id": "2"}])
    assert profit.low is not None
    assert profit.high is not None
    assert profit.units == pytest.approx(0.9) == pytest.approx((profit.low + profit.high) / 2)
    assert profit_of([{"profit_units": None, "grade": "void", "game_id": "1"}]).n == 0


def test_the_skill_compares_both_probabilities_of_over_on_the_same_rows() -> None:
    def row(over: float, market: float | None, grade: str, lean: str, *, backfilled: bool = False) -> dict[str, Any]:
        return {
            "game_id": "1",
            "over_probability": over,
            "market_over_probability": market,
            "grade": grade,
            "lean": lean,
            "backfilled": backfilled,
        }

    skill = skill_of(
        [
            row(0.8, 0.5, "win", "OVER"),
            row(0.4, 0.5, "loss", "UNDER"),
            row(0.9, None, "win", "OVER"),
            row(0.9, 0.5, "void", "OVER"),
            row(0.9, 0.5, "win", "OVER", backfilled=True),
        ]
    )
    assert (skill.n, skill.market_brier) == (2, 0.25)
    assert skill.brier == pytest.approx((0.2**2 + 0.6**2) / 2)
    assert skill.share == pytest.approx(1 - 0.2 / 0.25)
    assert skill_of([]).share is None


def test_the_largest_errors_are_the_surprises(graded_exports: ExportStore) -> None:
    players = decode(graded_exports.read(RESULTS) or b"")["players"]
    rows = [{**player, **each} for player in players for each in player["systems"]]
    shown = surprises(rows)
    errors = sorted((abs(row["signed_error"]) for row in rows if row["signed_error"] is not None), reverse=True)
    assert [abs(row["signed_error"]) for row in shown] == errors[:10]
    assert all(row["bar"].count("<circle") == 2 for row in shown)


def test_backfilled_predictions_have_no_figures(graded_exports: ExportStore) -> None:
    with_export(graded_exports, RESULTS, backfilled=True)
    publish_site(graded_exports)
    page = html(graded_exports, f"results/{DAY}.html")
    assert "made after its games" in page
    assert "Hit rate" not in page


def test_the_dates_beside_a_date_link_to_it(graded_exports: ExportStore) -> None:
    next_day = DAY + timedelta(days=1)
    graded_exports.write_if_changed(f"v1/results/{next_day}.json", (graded_exports.read(RESULTS) or b""))
    with_export(graded_exports, f"v1/results/{next_day}.json", game_date=str(next_day))
    publish_site(graded_exports, next_day)
    assert f'rel="next" href="../results/{next_day}.html"' in html(graded_exports, f"results/{DAY}.html")
    assert f'rel="prev" href="../results/{DAY}.html"' in html(graded_exports, f"results/{next_day}.html")


@pytest.mark.parametrize(
    ("picks", "tone"),
    [
        ({"n": 499, "low": 0.6, "high": 0.7, "break_even": 0.52}, "plain"),
        ({"n": 500, "low": 0.53, "high": 0.6, "break_even": 0.52}, "good"),
        ({"n": 500, "low": 0.51, "high": 0.6, "break_even": 0.52}, "plain"),
        ({"n": 500, "low": 0.4, "high": 0.51, "break_even": 0.52}, "bad"),
        ({"n": 500, "low": 0.4, "high": 0.51, "break_even": None}, "plain"),
    ],
)
def test_a_hit_rate_is_good_only_with_enough_picks_and_an_interval_above_break_even(
    picks: dict[str, Any], tone: str
) -> None:
    assert verdict(picks)[0] == tone


def test_systems_have_every_view_with_its_numbers_of_rows(graded_exports: ExportStore) -> None:
    publish_site(graded_exports)
    page = html(graded_exports, "systems.html")
    assert f"1 graded date of the season, from {DAY} to {DAY}" in page
    assert "Ensemble <small>market</small>" in page
    assert "too few to read" in page
    assert 'class="chip good"' not in page


def test_systems_without_a_prediction_that_counts_say_so(graded_exports: ExportStore) -> None:
    windows = decode(graded_exports.read(PERFORMANCE.pointer) or b"")["windows"]
    none = [{**window, "systems": [{**each, "played": 0} for each in window["systems"]]} for window in windows]
    with_export(graded_exports, PERFORMANCE.pointer, windows=none)
    publish_site(graded_exports)
    page = html(graded_exports, "systems.html")
    assert "No prediction counts yet" in page
    assert "<table" not in page


def test_the_season_adds_the_profit_up_and_links_the_dates_with_results(graded_exports: ExportStore) -> None:
    [one] = decode(graded_exports.read(PERFORMANCE.pointer) or b"")["course"]
    before = {**one, "game_date": str(DAY - timedelta(days=40))}
    with_export(graded_exports, PERFORMANCE.pointer, course=[before, one])
    publish_site(graded_exports)
    page = html(graded_exports, "season.html")
    profit = one["picks"]["profit"]
    assert f"last {2 * profit:+.3g}" in page
    assert "February 2024" in page
    assert f'href="results/{DAY}.html"' in page
    assert 'href="results/2024-03-28.html"' not in page


def test_a_season_without_calendar_or_grades_says_so(store: ExportStore) -> None:
    content = SEASON.content(Exports(store), {})
    assert content.values["months"] == content.values["figures"] == ()


def test_each_phase_of_a_day_links_to_its_part_of_the_report(graded_exports: ExportStore) -> None:
    publish_site(graded_exports)
    page = html(graded_exports, f"days/{DAY:%Y-%m}.html")
    assert f'href="../../pages/{DAY}.html#phase-collect" aria-label="collect: degraded"' in page
    assert 'id="phase-collect"' in (graded_exports.read(f"pages/{DAY}.html") or b"").decode()
    assert page.count("cell fair") == 3, "the phase, and two in the legend"
    assert html(graded_exports, "days.html").count("<tr") == page.count("<tr")


def test_a_day_without_report_page_has_no_links(graded_exports: ExportStore, status: dict[str, Any]) -> None:
    earlier = date(2024, 2, 1)
    publish_status(graded_exports, read_status({**status, "game_date": str(earlier)}), WALL_CLOCK)
    publish_site(graded_exports, earlier)
    page = html(graded_exports, "days/2024-02.html")
    assert "../pages" not in page
    assert 'aria-label="collect: degraded"' in page
    assert 'href="../days/2024-03.html"' in page


def test_a_damaged_export_costs_its_own_page_only(graded_exports: ExportStore) -> None:
    players = decode(graded_exports.read(RESULTS) or b"")["players"]
    del players[0]["systems"][0]["lean"]
    with_export(graded_exports, RESULTS, players=players)
    windows = decode(graded_exports.read(PERFORMANCE.pointer) or b"")["windows"]
    with_export(graded_exports, PERFORMANCE.pointer, windows=windows[:-1])
    publish_site(graded_exports)
    for path, damaged in ((f"results/{DAY}.html", RESULTS), ("systems.html", PERFORMANCE.pointer)):
        page = html(graded_exports, path)
        assert "cannot be read" in page
        assert f"this page lacks them: {damaged}" in page
    assert "Hit rate of picks" in html(graded_exports, "results.html"), "latest.json is whole"
    assert "March 2024" in html(graded_exports, "season.html")


@pytest.mark.parametrize("name", ["2024-02-30", "20240330", "2024-W13-5"])
def test_a_file_whose_name_is_no_date_is_no_date(graded_exports: ExportStore, name: str) -> None:
    for folder in ("status", "results", "best-bets"):
        graded_exports.write_if_changed(f"v1/{folder}/{name}.json", b"{}")
    graded_exports.write_if_changed(f"pages/{name}.html", b"")
    assert not any(name in path for path in publish_site(graded_exports))
    assert Exports(graded_exports).report_dates() == {str(DAY)}


def test_a_final_game_that_lacks_a_score_is_shown_without_one(graded_exports: ExportStore) -> None:
    games = decode(graded_exports.read(RESULTS) or b"")["games"]
    with_export(graded_exports, RESULTS, games=[{**game, "away_points": None} for game in games])
    publish_site(graded_exports)
    for path in ("index.html", f"results/{DAY}.html"):
        page = html(graded_exports, path)
        assert f"<span>{games[0]['home']}</span><span></span>" in page
        assert 'class="lost"' not in page


def test_a_damaged_status_leaves_the_other_days_of_its_month(graded_exports: ExportStore) -> None:
    next_day = DAY + timedelta(days=1)
    graded_exports.write_if_changed(f"v1/status/{next_day}.json", b"{")
    publish_site(graded_exports)
    page = html(graded_exports, "days.html")
    assert f'href="../pages/{DAY}.html"' in page
    assert f"this page lacks them: v1/status/{next_day}.json" in page


def test_results_and_figures_of_an_earlier_version_are_shown(graded_exports: ExportStore) -> None:
    players = decode(graded_exports.read(RESULTS) or b"")["players"]
    for each in (each for player in players for each in player["systems"]):
        del each["market_over_probability"]
    with_export(graded_exports, RESULTS, players=players)
    performance = decode(graded_exports.read(PERFORMANCE.pointer) or b"")
    del performance["course"]
    graded_exports.write_if_changed(PERFORMANCE.pointer, json.dumps(performance).encode())
    publish_site(graded_exports)
    assert "Hit rate of picks" in html(graded_exports, f"results/{DAY}.html")
    assert f"Dates of the season up to {DAY}" in html(graded_exports, "systems.html")


def test_the_method_has_every_system_input_and_term(store: ExportStore) -> None:
    publish_site(store)
    page = html(store, "method.html")
    for shown in (*SYSTEMS.values(), *(each.word for each in terms()), *(export.summary for export in EXPORTS)):
        assert escape(shown).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    inputs = [step for step in example_plan().steps if step.kind is StepKind.SOURCE]
    assert all(f'<th scope="row">{step.title}</th>' in page for step in inputs)
    assert "<code>ensemble_v1</code>" in page
    assert "`" not in page
