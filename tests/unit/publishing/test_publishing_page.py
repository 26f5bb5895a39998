import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.support import evening
from tests.support.evening import DAY, FIRST, NEXT_MORNING, WITH_LINES
from tests.support.rows import rows_of
from tipoff.publishing.page import PICKS_SHOWN, _misses, publish_page
from tipoff.publishing.predictions import predictions_content
from tipoff.publishing.results import results_content
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse

PAGE = "pages/2024-03-29.html"
VOID = {"meta", "link", "br", "hr", "img", "input", "rect", "line", "circle"}


class Reader(HTMLParser):
    """Collects text, tags and ids of a page and asserts that all tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids.extend(value for name, value in attrs if name == "id" and value)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", " ".join(read(html).text))


def publish(warehouse: Warehouse, store: ExportStore, as_of: datetime, status: dict[str, Any]) -> str:
    publish_page(warehouse, store, DAY, as_of, status)
    return (store.read(PAGE) or b"").decode()


@pytest.fixture
def page(morning_after: Warehouse, store: ExportStore, status: dict[str, Any]) -> str:
    return publish(morning_after, store, NEXT_MORNING, status)


def test_the_headline_says_whether_the_day_completed(page: str) -> None:
    text = text_of(page)
    assert "The day is complete, with gaps" in text
    assert "All 12 games are graded; the injury report was never read." in text
    assert "First published 13:30 ET" in text


def test_degradations_are_listed_with_start_and_end(page: str) -> None:
    text = text_of(page)
    assert re.search(r"no lines by 13:30 ET .*GSW@CHA 13:30 ET 15:05 ET", text)
    assert re.search(r"no injury report .*DAL@SAC 13:00 ET not resolved", text)


def test_the_headline_names_the_inputs_that_are_still_missing(page: str) -> None:
    headline = text_of(page).split("Results")[0]
    assert "△ without NBA injury report (nbac_injury_report) (DAL@SAC): no injury report" in headline
    assert "no lines by 13:30 ET" not in headline


def test_a_game_whose_input_arrived_early_stays_named(
    morning_after: Warehouse, store: ExportStore, status: dict[str, Any]
) -> None:
    reports, arrived = dict(status["degradations"][1]), eastern(DAY, 15).isoformat()
    reports |= {"games": ["0022301062", "0022301073"], "resolved_games": {"0022301062": arrived}}
    text = text_of(publish(morning_after, store, NEXT_MORNING, {**status, "degradations": [reports]}))
    assert "△ without NBA injury report (nbac_injury_report) (DAL@SAC)" in text
    assert "GSW@CHA, DAL@SAC 13:00 ET not resolved 15:00 ET: GSW@CHA" in text


def sections(html: str) -> list[str]:
    """Return the titles of the page's sections in order."""
    return [re.sub(" against the lines", "", title) for title in re.findall(r"<h2>(.*?)</h2>", html)]


def test_before_tip_off_the_picks_come_first_and_missing_inputs_below_them(
    before_tip: Warehouse, store: ExportStore, status: dict[str, Any]
) -> None:
    html = publish(before_tip, store, WITH_LINES, {**status, "state": "RUNNING"})
    record = ["Steps of the day", "Operator commands"]
    assert sections(html) == ["Picks by expected value", "The slate", "Predictions", "Missing inputs", *record]


def test_after_the_games_the_results_come_first(page: str) -> None:
    order = ["Results", "Performance", "Picks by expected value", "The slate", "Predictions", "Calibration and errors"]
    assert sections(page)[:6] == order


def predictions_of(warehouse: Warehouse, as_of: datetime) -> list[dict[str, Any]]:
    return [
        each
        for player in predictions_content(warehouse, DAY, as_of).payload.model_dump()["players"]
        for each in player["systems"]
    ]


def test_picks_are_ranked_by_expected_value(before_tip: Warehouse, store: ExportStore, status: dict[str, Any]) -> None:
    html = publish(before_tip, store, WITH_LINES, status)
    values = [
        each["expected_value"]
        for each in predictions_of(before_tip, WITH_LINES)
        if each["recommendation"] in ("OVER", "UNDER") and each["system_id"] == "ensemble_v1"
    ]
    shown = re.findall(r'data-label="expected"><b>(.*?)</b>', html)
    assert len(values) > PICKS_SHOWN, "the rest is folded away"
    assert shown == [f"{value:+.1%}".replace("%", " %") for value in sorted(values, reverse=True)]


def test_prices_have_a_sign(before_tip: Warehouse, store: ExportStore, status: dict[str, Any]) -> None:
    """A price below 0 has a minus sign, not a hyphen."""
    html = publish(before_tip, store, WITH_LINES, status)
    prices = {each["price_american"] for each in predictions_of(before_tip, WITH_LINES) if each["price_american"]}
    shown = set(re.findall(r"<td>(\S+) <small>", html))
    assert shown <= {f"+{price:.0f}" if price > 0 else f"−{-price:.0f}" for price in prices}
    assert any(price.startswith("−") for price in shown)


def test_a_pick_whose_game_left_the_schedule_is_shown_with_the_id_of_the_game(
    warehouse: Warehouse, store: ExportStore, status: dict[str, Any], sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    evening.load_predictions(warehouse, sample)
    query = "SELECT MIN(game_id) AS game_id FROM predictions WHERE recommendation IN ('OVER', 'UNDER')"
    (gone,) = warehouse.query(query)["game_id"]
    warehouse.replace("raw_schedule", rows_of("raw_schedule", []), {"game_date": DAY, "game_id": [gone]})
    assert f"· {gone}" in text_of(publish(warehouse, store, WITH_LINES, status))


def test_only_a_pick_wins_or_loses(morning_after: Warehouse, page: str) -> None:
    graded = results_content(morning_after, DAY, NEXT_MORNING).payload.model_dump()["players"]
    every = [each for player in graded for each in player["systems"] if each["system_id"] == "ensemble_v1"]
    losses = {each["prediction_id"] for each in every if each["grade"] == "loss"}
    picks = {each["prediction_id"] for each in every if each["recommendation"] in ("OVER", "UNDER")}
    assert losses - picks, "some passes would have lost"
    assert page.count("✕ loss") == 2 * len(losses & picks), "each in the picks and in its game"


def test_the_slate_shows_final_scores(page: str) -> None:
    assert "GSW 115 CHA 97 19:00 ET · final" in text_of(page)


def test_a_final_game_with_an_unknown_score_is_shown_without_one(
    warehouse: Warehouse, store: ExportStore, status: dict[str, Any], sample: Path
) -> None:
    evening.load_slate(warehouse, sample, "final")
    warehouse.replace("raw_scoreboard", rows_of("raw_scoreboard", []), {"game_date": DAY})
    assert "GSW CHA 19:00 ET · final" in text_of(publish(warehouse, store, NEXT_MORNING, status))


def test_a_page_shows_no_results_after_its_as_of_time(
    morning_after: Warehouse, store: ExportStore, status: dict[str, Any]
) -> None:
    text = text_of(publish(morning_after, store, WITH_LINES, status))
    assert "GSW CHA 19:00 ET · scheduled" in text
    assert "Calibration and errors" not in text


def test_a_player_is_shown_with_line_probability_pick_price_and_grade(page: str) -> None:
    text = text_of(page)
    assert re.search(r"Stephen Curry GSW 24.5 23 23.7 15.7–32.8 45 % ▼ under \+110 betonlineag ✓ win", text)


def test_a_late_scratch_is_listed_as_void(page: str) -> None:
    text = text_of(page)
    assert "Jonathan Kuminga GSW · Out" in text
    assert re.search(r"late scratch: Injury/Illness .*Jonathan Kuminga", text)


def test_the_errors_of_line_and_last_10_are_shown_for_each_system(page: str) -> None:
    text = text_of(page)
    assert "Line’s error" in text
    assert re.search(r"52.7 % 44 % to 61 %, n 131", text)


def test_both_figures_of_the_headline_are_shown(page: str) -> None:
    reader = read(page)
    pictures = [each for each in reader.ids if each.endswith("-t")]
    assert pictures == ["reliability-ensemble_v1-market-t", "residuals-ensemble_v1-market-t"]
    assert len(reader.ids) == len(set(reader.ids))


def test_a_game_has_a_page_with_every_system(page: str, store: ExportStore) -> None:
    assert 'href="2024-03-29/0022301062.html"' in page
    game = (store.read("pages/2024-03-29/0022301062.html") or b"").decode()
    text = text_of(game)
    assert "Stephen Curry GSW · line 24.5 · scored 23" in text
    assert "ensemble v1 market 23.7 15.7–32.8, 45 % moving average model 22.0 14.2–30.8, 39 %" in text
    assert 'href="../2024-03-29.html#g0022301062"' in game
    assert not {"script", "link", "img", "iframe"} & set(read(game).tags)


def test_operator_commands_are_shown_with_operator_reason_and_result(page: str) -> None:
    assert re.search(r"14:00 ET force continue lines ana the book is down accepted lines goes on", text_of(page))


def test_the_page_is_self_contained_and_small(page: str) -> None:
    reader = read(page)
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert "http" not in page.replace("http-equiv", "")
    assert len(page.encode()) < 200_000


def test_rendering_twice_gives_the_same_page(
    morning_after: Warehouse, store: ExportStore, status: dict[str, Any], page: str
) -> None:
    assert publish(morning_after, store, NEXT_MORNING, status) == page


def test_before_the_lines_all_players_are_shown_without_a_line(
    before_tip: Warehouse, store: ExportStore, status: dict[str, Any]
) -> None:
    text = text_of(publish(before_tip, store, FIRST, {**status, "state": "WAITING"}))
    assert "The day is in progress" in text
    assert "16 players without a line" in text
    assert "Calibration and errors" not in text


def test_before_tip_off_no_results_are_shown(before_tip: Warehouse, store: ExportStore, status: dict[str, Any]) -> None:
    html = publish(before_tip, store, WITH_LINES, {**status, "state": "RUNNING"})
    assert "Predictions against the lines" in text_of(html)
    assert not re.search(r'class="ring"|✓ win|✕ loss', html)


def test_in_the_morning_the_slate_is_shown_without_predictions(
    warehouse: Warehouse, store: ExportStore, status: dict[str, Any], sample: Path
) -> None:
    evening.load_slate(warehouse, sample)
    text = text_of(publish(warehouse, store, eastern(DAY, 6), {**status, "state": "WAITING"}))
    assert "No predictions for this game yet." in text


def test_a_date_without_games_is_shown_as_good(
    warehouse: Warehouse, store: ExportStore, status: dict[str, Any]
) -> None:
    quiet = {"data_quality": "EMPTY", "sentence": "No games today.", "degradations": [], "audit": []}
    text = text_of(publish(warehouse, store, FIRST, {**status, **quiet}))
    assert "No games on this date" in text
    assert "No operator commands." in text


def test_a_parked_step_is_shown_with_the_available_commands(
    warehouse: Warehouse, store: ExportStore, status: dict[str, Any]
) -> None:
    since = eastern(DAY, 9).isoformat()
    parked = {"step": "ensemble_v1", "reason": "no model", "since": since, "options": ["retry_step", "skip_step"]}
    text = text_of(publish(warehouse, store, FIRST, {**status, "state": "NEEDS_ATTENTION", "attention": [parked]}))
    assert "The day needs attention" in text
    assert "ensemble_v1 since 09:00 ET: no model Available commands: retry_step; skip_step" in text


def test_hostile_texts_are_escaped(
    warehouse: Warehouse, store: ExportStore, status: dict[str, Any], sample: Path
) -> None:
    hostile = '"><script>alert(1)</script>'
    evening.load_slate(warehouse, sample)
    evening.predict_at(warehouse, sample, WITH_LINES, rename={"Stephen Curry": hostile})
    audit = [{**status["audit"][0], "who": hostile, "why": hostile}]
    html = publish(warehouse, store, WITH_LINES, {**status, "sentence": hostile, "audit": audit})
    reader = read(html)
    assert "script" not in reader.tags
    assert text_of(html).count("<script>alert(1)</script>") == 5


def test_the_eight_largest_misses_of_players_who_played_are_shown_worst_first() -> None:
    def player(name: int, error: float, points: int | None = 20) -> dict[str, Any]:
        headline = {"system_id": "ensemble_v1", "view": "market", "actual_points": points, "signed_error": error}
        other = {**headline, "view": "model", "signed_error": -90.0}
        return {"player_name": str(name), "systems": [other, headline]}

    players = [*(player(number, -number) for number in range(10)), player(99, 50.0, points=None)]
    shown = _misses(players)
    assert [each["player_name"] for each in shown] == ["9", "8", "7", "6", "5", "4", "3", "2"]
    assert shown[0]["first"]["signed_error"] == -9
