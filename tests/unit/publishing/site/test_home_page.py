"""The first page: what the day waits for, then its best bets, then how they went."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

from tests.support.evening import DAY
from tests.unit.publishing.conftest import WALL_CLOCK
from tests.unit.publishing.site.test_site import HOME, html
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.publishing.tonight import ALL_PLAYERS
from tipoff.vocabulary import eastern

GAME = {"game_id": "0022301062", "away": "GSW", "home": "CHA", "tip_off": eastern(DAY, 19).isoformat()}


def test_before_the_predictions_the_page_says_until_when_they_come(store: ExportStore, status: dict[str, Any]) -> None:
    waiting = {"state": "WAITING", "phase": "lines", "sentence": "lines: waiting for lines", "games": [GAME]}
    due = {"now": eastern(DAY, 11).isoformat(), "predictions_due": eastern(DAY, 13, 30).isoformat()}
    publish_status(store, read_status({**status, **waiting, **due}), WALL_CLOCK)
    publish_site(store)
    page = html(store, HOME)
    assert "lines: waiting for lines" in page
    assert "1 game, not predicted yet: the predictions come by <b>13:30 ET</b>" in page
    assert "Best bets</h2>" not in page


def test_before_the_games_the_best_bets_come_first(evening_exports: ExportStore) -> None:
    publish_site(evening_exports)
    page = html(evening_exports, HOME)
    assert page.index("Best bets</h2>") < page.index("Games</h2>")
    assert "further bet" in page
    assert "The picks</h2>" not in page


def test_after_the_games_how_it_went_comes_first(morning_exports: ExportStore) -> None:
    publish_site(morning_exports)
    page = html(morning_exports, HOME)
    assert "How it went" in page
    assert page.index("The picks</h2>") < page.index("Best bets</h2>")
    assert "too few to read" in page
    for game in json.loads(morning_exports.read(f"v1/results/{DAY}.json") or b"")["games"]:
        assert f"<span>{game['home_points']}</span>" in page


def test_a_backfilled_date_shows_how_it_went_though_nothing_of_tonight_is_published(
    published_morning: Path, tmp_path: Path, status: dict[str, Any]
) -> None:
    copytree(published_morning, tmp_path / "backfilled")
    store = open_exports(f"file://{tmp_path}/backfilled")
    publish_status(store, read_status({**status, "backfilled": True}), WALL_CLOCK)
    publish_site(store)
    page = html(store, HOME)
    assert "How it went" in page
    assert "made after its games: there are no picks" in page
    assert "not predicted yet" not in page
    assert f'href="results/{DAY}.html#g0022301062"' in page


def test_players_of_an_earlier_date_are_not_shown_as_tonights(
    evening_exports: ExportStore, status: dict[str, Any]
) -> None:
    tomorrow = {"game_date": "2024-03-30", "now": eastern(DAY + timedelta(days=1), 6).isoformat(), "state": "WAITING"}
    publish_status(evening_exports, read_status({**status, **tomorrow, "degradations": []}), WALL_CLOCK)
    assert str(DAY) in (evening_exports.read(ALL_PLAYERS.path) or b"").decode()
    publish_site(evening_exports)
    page = html(evening_exports, HOME)
    assert "Saturday, March 30, 2024" in page
    assert "Best bets</h2>" not in page
    assert "Games</h2>" not in page
