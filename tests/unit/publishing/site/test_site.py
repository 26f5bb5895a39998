"""The site is rendered from the exports alone: whole, by date, and whatever is missing or damaged."""

from __future__ import annotations

from tests.support.evening import DAY
from tipoff.publishing.site.site import PAGES, publish_site
from tipoff.publishing.store import ExportStore

HOME = "site/index.html"


def html(store: ExportStore, path: str) -> str:
    content = store.read(path)
    assert content is not None, path
    return content.decode()


def test_only_what_changed_is_written(evening_exports: ExportStore) -> None:
    written = publish_site(evening_exports)
    assert {"site/assets/style.css", HOME} <= set(written)
    assert publish_site(evening_exports) == publish_site(evening_exports, DAY) == ()


def test_what_a_page_leads_to_is_written_before_it(evening_exports: ExportStore) -> None:
    style, *written = publish_site(evening_exports)
    leading = {f"site/{page.path}" for page in PAGES if page.keys_of_date is None}
    assert style == "site/assets/style.css"
    assert set(written[-len(leading) :]) == leading
    assert any(path.startswith("site/players/2") for path in written[: -len(leading)])


def test_a_site_without_exports_has_every_page_of_the_navigation(store: ExportStore) -> None:
    written = publish_site(store)
    assert {f"site/{page.path}" for page in PAGES if page.menu} <= set(written)
    assert "No day has run yet" in html(store, HOME)


def test_a_damaged_export_is_named_on_the_page(evening_exports: ExportStore) -> None:
    evening_exports.write_if_changed("v1/status.json", b'{"game_date": "2024-03-')
    publish_site(evening_exports)
    assert "this page lacks them: v1/status.json" in html(evening_exports, HOME)
    assert "No day has run yet" not in html(evening_exports, HOME)


def test_an_export_that_does_not_fit_its_model_is_damaged(evening_exports: ExportStore) -> None:
    evening_exports.write_if_changed("v1/status.json", b'{"game_date": "2024-03-29", "steps": 7}')
    publish_site(evening_exports)
    assert "this page lacks them: v1/status.json" in html(evening_exports, HOME)
