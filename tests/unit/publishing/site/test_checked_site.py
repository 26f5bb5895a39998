"""Every page of the site, and the report page: links, sizes and well-formed HTML, before and after the games."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.checked_pages import checked_pages
from tests.support.evening import DAY, NEXT_MORNING, WITH_LINES
from tipoff.publishing.page import publish_page
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.store import ExportStore
from tipoff.warehouse.base import Warehouse


def names(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in checked_pages(folder)}


def test_the_pages_of_an_evening_before_its_games(
    evening_exports: ExportStore, before_tip: Warehouse, status: dict[str, Any], tmp_path: Path
) -> None:
    publish_page(before_tip, evening_exports, DAY, WITH_LINES, {**status, "state": "RUNNING"})
    publish_site(evening_exports)
    assert {"site/tonight.html", "site/best-bets.html", "pages/2024-03-29.html"} <= names(tmp_path / "exports")


def test_the_pages_of_the_morning_after(
    morning_exports: ExportStore, morning_after: Warehouse, status: dict[str, Any], tmp_path: Path
) -> None:
    publish_page(morning_after, morning_exports, DAY, NEXT_MORNING, status)
    publish_site(morning_exports)
    shown = names(tmp_path / "exports")
    assert {"site/results/2024-03-29.html", "site/days/2024-03.html", "site/season.html"} <= shown
    assert "pages/2024-03-29/0022301062.html" in shown


def test_a_site_without_any_export_has_no_dead_link(store: ExportStore, tmp_path: Path) -> None:
    publish_site(store)
    assert "site/index.html" in names(tmp_path / "exports")
