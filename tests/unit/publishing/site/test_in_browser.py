"""The pages in Chromium: no serious finding of axe, no overflow, no request, usable by keyboard and without scripts.

`make test-site` runs them; they are skipped where no Chromium is.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.support.evening import DAY, NEXT_MORNING, WITH_LINES
from tests.support.live_evening import announce, at, the_evening
from tests.unit.publishing.conftest import WALL_CLOCK
from tests.unit.publishing.site.test_home_page import GAME
from tipoff.publishing.page import publish_page
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse

pytestmark = pytest.mark.browser

PHONE, DESKTOP = 390, 1200
ZOOMED = {"390 px wide": PHONE, "1200 px at 200 %": 600, "1280 px at 400 %": 320, "390 px at 200 %": 195}
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium on the PATH; on Debian: apt install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path)
        yield chromium
        chromium.close()


@pytest.fixture
def site(morning_exports: ExportStore, morning_after: Warehouse, status: dict[str, Any], tmp_path: Path) -> Path:
    """The folder of exports with the site of the morning after."""
    publish_page(morning_after, morning_exports, DAY, NEXT_MORNING, status)
    publish_site(morning_exports)
    return tmp_path / "exports"


@pytest.fixture
def evening_site(evening_exports: ExportStore, before_tip: Warehouse, status: dict[str, Any], tmp_path: Path) -> Path:
    """The folder of exports with the site before the first tip-off."""
    running = {**status, "state": "RUNNING", "sentence": "results: waiting for 12 games", "now": WITH_LINES.isoformat()}
    publish_page(before_tip, evening_exports, DAY, WITH_LINES, running)
    publish_status(evening_exports, read_status(running), WALL_CLOCK)
    publish_site(evening_exports)
    return tmp_path / "exports"


@pytest.fixture(scope="module")
def live_site(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of exports with the site while games run: some are over, and some have not begun."""

    root = tmp_path_factory.mktemp("live")

    async def follow() -> None:
        async with the_evening(sample, root) as night:
            announce(night)
            await night.follow(at(21, 18), at(21, 21))

    with ThreadPoolExecutor(1) as thread:  # the browser's own loop runs in this one
        thread.submit(asyncio.run, follow()).result()
    return root / "exports"


every_state = pytest.mark.parametrize("state", ["evening_site", "live_site", "site"])


def kinds_of_pages(folder: Path) -> list[Path]:
    """Return every page of the first level and one of each folder, the largest, of site and report pages."""
    folders = {file.parent for file in folder.rglob("*.html")}
    deeper = [max(each.glob("*.html"), key=lambda file: file.stat().st_size) for each in folders - {folder / "site"}]
    return sorted([*(folder / "site").glob("*.html"), *deeper])


def unfold(page: Page) -> None:
    page.eval_on_selector_all("details", "all => all.forEach((each) => each.open = true)")


@every_state
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_axe_finds_nothing_serious(
    browser: Browser, request: pytest.FixtureRequest, state: str, scheme: Literal["light", "dark"], width: int
) -> None:
    site: Path = request.getfixturevalue(state)
    with browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme) as page:
        for file in kinds_of_pages(site):
            page.goto(file.as_uri())
            unfold(page)
            findings = Axe().run(page).response["violations"]
            problems = [(each["id"], each["nodes"][0]["html"]) for each in findings if each["impact"] in SERIOUS]
            assert not problems, f"{file.relative_to(site)}: {problems}"


@every_state
@pytest.mark.parametrize("width", ZOOMED.values(), ids=ZOOMED)
def test_no_page_scrolls_sideways(browser: Browser, request: pytest.FixtureRequest, state: str, width: int) -> None:
    site: Path = request.getfixturevalue(state)
    with browser.new_page(viewport={"width": width, "height": 844}) as page:
        for file in kinds_of_pages(site):
            page.goto(file.as_uri())
            for folded in (True, False):
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert over <= 0, f"{file.relative_to(site)} is {over} px too wide{'' if folded else ', unfolded'}"
                unfold(page)


CUT_LABELS = """() => [...document.querySelectorAll("svg[viewBox] text")].filter((text) => {
  const {x, y, width, height} = text.getBBox(), box = text.ownerSVGElement.viewBox.baseVal;
  return x < box.x || y < box.y || x + width > box.x + box.width || y + height > box.y + box.height;
}).map((text) => text.textContent)"""


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_no_label_of_a_figure_is_cut(browser: Browser, site: Path, width: int) -> None:
    labels = 0
    with browser.new_page(viewport={"width": width, "height": 844}) as page:
        for file in kinds_of_pages(site):
            page.goto(file.as_uri())
            unfold(page)
            labels += page.locator("svg[viewBox] text").count()
            cut = page.evaluate(CUT_LABELS)
            assert not cut, f"{file.relative_to(site)}: {cut}"
    assert labels > 100


def test_before_the_predictions_the_phone_shows_what_the_day_waits_for_and_until_when(
    browser: Browser, store: ExportStore, status: dict[str, Any], tmp_path: Path
) -> None:
    waiting = {"state": "WAITING", "phase": "lines", "sentence": "lines: waiting for lines", "games": [GAME]}
    due = {"now": eastern(DAY, 11).isoformat(), "predictions_due": eastern(DAY, 13, 30).isoformat()}
    publish_status(store, read_status({**status, **waiting, **due, "degradations": []}), WALL_CLOCK)
    publish_site(store)
    with on_phone(browser, eastern(DAY, 11)) as page:
        page.goto((tmp_path / "exports" / "site" / "index.html").as_uri())
        for words in ("lines: waiting for lines", "the predictions come by 13:30 ET"):
            assert is_on_first_screen(page, page.get_by_text(words).first), words
        assert page.get_by_text("These games are over").is_hidden()


def test_before_tip_off_the_picks_come_first_and_nothing_is_green(browser: Browser, evening_site: Path) -> None:
    with on_phone(browser, WITH_LINES) as page:
        page.goto((evening_site / "site" / "index.html").as_uri())
        assert page.locator("main h2").all_inner_texts() == ["Best bets", "Games"]
        assert is_on_first_screen(page, page.locator("main tbody tr").first)
        page.goto((evening_site / "site" / "tonight.html").as_uri())
        assert is_on_first_screen(page, page.locator("[data-item]").first)
        assert not page.get_by_text("Scored").count()
        for name in ("index", "tonight", "best-bets", "trends"):
            page.goto((evening_site / "site" / f"{name}.html").as_uri())
            assert not page.locator("main .good").count(), name


def test_in_play_the_first_page_begins_with_how_it_stands(browser: Browser, live_site: Path) -> None:
    with on_phone(browser, at(21, 21)) as page:
        page.goto((live_site / "site" / "index.html").as_uri())
        assert page.locator("main h2").all_inner_texts() == ["How it stands", "Best bets", "Games"]
        for words in ("Graded", "Trending", "Pending", "Void"):
            assert is_on_first_screen(page, page.locator("dt", has_text=words)), words


@contextmanager
def on_phone(browser: Browser, now: datetime) -> Iterator[Page]:
    with browser.new_page(viewport={"width": PHONE, "height": 844}) as page:
        page.clock.set_fixed_time(now)
        yield page


def is_on_first_screen(page: Page, element: Locator) -> bool:
    """Whether a reader sees all of it without scrolling."""
    box, screen = element.bounding_box(), page.viewport_size
    return box is not None and screen is not None and box["y"] + box["height"] <= screen["height"]


def test_no_page_requests_another_host(browser: Browser, site: Path) -> None:
    requested: list[str] = []
    with browser.new_page() as page:
        page.on("request", lambda request: requested.append(request.url))
        for file in kinds_of_pages(site):
            page.goto(file.as_uri())
    assert len(requested) > len(kinds_of_pages(site)), "the style sheet, too"
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []


def test_without_scripts_every_player_is_readable_and_no_control_is_shown(browser: Browser, site: Path) -> None:
    with browser.new_page(java_script_enabled=False) as page:
        page.goto((site / "site" / "tonight.html").as_uri())
        items = page.locator("[data-item]")
        assert items.count() > 100
        assert items.last.is_visible()
        assert not page.locator("input, select").first.is_visible()


def first_cells(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#results-picks [data-item] th").all_inner_texts()]


def test_a_table_is_sorted_by_keyboard(browser: Browser, site: Path) -> None:
    with browser.new_page() as page:
        page.goto((site / "site" / "results.html").as_uri())
        shown = first_cells(page)
        page.get_by_role("button", name="Player").focus()
        page.keyboard.press("Enter")
        heading = page.locator("#results-picks th", has_text="Player").first
        assert heading.get_attribute("aria-sort") == "ascending"
        assert first_cells(page) == sorted(shown)
        page.keyboard.press("Enter")
        assert first_cells(page) == sorted(shown, reverse=True)


def test_players_are_searched_and_filtered_by_keyboard(browser: Browser, site: Path) -> None:
    with browser.new_page(viewport={"width": DESKTOP, "height": 844}) as page:
        page.goto((site / "site" / "tonight.html").as_uri())
        page.get_by_role("searchbox").first.focus()
        page.keyboard.type("curry")
        shown = page.locator("[data-item]:visible")
        assert "Stephen Curry" in shown.first.inner_text()
        assert shown.count() < 5
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        team = page.get_by_label("Team")
        team.focus()
        page.keyboard.type("GSW")
        assert 0 < shown.count() < 15
        assert all("GSW" in text for text in shown.all_inner_texts())


def test_the_focus_is_visible_and_the_first_link_skips_to_the_content(browser: Browser, site: Path) -> None:
    with browser.new_page() as page:
        page.goto((site / "site" / "index.html").as_uri())
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.get_attribute("href") == "#content"
        assert focused.bounding_box()["x"] >= 0  # type: ignore[index]
        page.keyboard.press("Tab")
        assert page.locator(":focus").evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
