"""The announcement of a day: before its predictions, nobody reads those of the evening before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from activities.publish import write_export
from activities.resources import Resources
from tests.support.ledgers import DAY
from tests.support.rows import rows_of
from tipoff.settings import Settings
from tipoff.vocabulary import Span, eastern
from workflows.contracts import ComputeRequest


def announce(resources: Resources, day: date) -> str:
    """Announce a date with one game; the page of tonight."""
    game_id = f"00223{day:%d}"
    game = {"game_id": game_id, "game_date": day, "tip_off": eastern(day, 19), "status": "scheduled"}
    rows = rows_of("raw_schedule", [game], season_type="regular")
    resources.warehouse.replace("raw_schedule", rows, {"game_date": day})
    step = {"step": "announce_day", "subject": "announcement", "span": Span.SLATE}
    write_export(resources, ComputeRequest(**step, game_date=day, game_ids=(game_id,), as_of=eastern(day, 5)))
    return (resources.exports.read("site/tonight.html") or b"").decode()


def test_from_the_morning_on_the_site_shows_the_games_of_the_date(tmp_path: Path) -> None:
    folders = {name: f"file://{tmp_path}/{name}" for name in ("landing", "exports")}
    settings = Settings.model_validate({"warehouse": f"duckdb:///{tmp_path}/tipoff.duckdb"} | folders)
    resources = Resources(settings, now=lambda: eastern(DAY, 5))
    for day in (DAY, DAY + timedelta(days=1)):
        page = announce(resources, day)
        assert f'datetime="{day}"' in page
        assert "1 game, not predicted yet" in page
    resources.warehouse.close()
