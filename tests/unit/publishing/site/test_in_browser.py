"""The pages in Chromium: no serious finding of axe, no overflow, no request, usable by keyboard and without scripts.

`make test-site` runs them; they are skipped where no Chromium is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.evening import DAY, NEXT_MORNING
from tipoff.publishing.page import publish_page
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.store import ExportStore
from tipoff.warehouse.base import Warehouse

pytestmark = pytest.mark.browser

PHONE, DESKTOP = 390, 1200
ZOOMED = {"390 px wide": PHONE, "1200 px at 200 %": 600, "1280 px at 400 %": 320}
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


def kinds_of_pages(folder: Path) -> list[Path]:
    """Return every page of the first level and one of each folder, the largest, of site and report pages."""
    folders = {file.parent for file in folder.rglob("*.html")}
    deeper = [max(each.glob("*.html"), key=lambda file: file.stat().st_size) for each in folders - {folder / "site"}]
    return sorted([*(folder / "site").glob("*.html"), *deeper])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_axe_finds_nothing_serious(browser: Browser, site: Path, scheme: Literal["light", "dark"], width: int) -> None:
    with browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme) as page:
        for file in kinds_of_pages(site):
            page.goto(file.as_uri())
            page.eval_on_selector_all("details", "all => all.forEach((each) => each.open = true)")
            findings = Axe().run(page).response["violations"]
            problems = [(each["id"], each["nodes"][0]["html"]) for each in findings if each["impact"] in SERIOUS]
            assert not problems, f"{file.relative_to(site)}: {problems}"


@pytest.mark.parametrize("width", ZOOMED.values(), ids=ZOOMED)
def test_no_page_scrolls_sideways(browser: Browser, site: Path, width: int) -> None:
    with browser.new_page(viewport={"width": width, "height": 844}) as page:
        for file in kinds_of_pages(site):
            page.goto(file.as_uri())
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, f"{file.relative_to(site)} is {over} px too wide"


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
