"""Looks at sources as a day has them, without a day: asked over HTTP, landed, and read into a warehouse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from tipoff.collecting import collect
from tipoff.landing.local import LocalLanding
from tipoff.processing import process
from tipoff.replay.archive import Archive
from tipoff.settings import load_settings
from tipoff.sources.base import Slate, Source
from tipoff.sources.fetcher import Fetcher, Timeouts
from tipoff.sources.rate_limits import Unlimited
from tipoff.vocabulary import CollectReport, ProcessReport, Role, SlateGame, eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse


def slate_of(archive: Archive, game_date: date) -> Slate:
    """The games of a date by tip-off."""
    rows = archive.slate(game_date).select("game_id", "away", "home", "tip_off").sort("tip_off", "game_id")
    return Slate(game_date=game_date, games=tuple(SlateGame(**row) for row in rows.iter_rows(named=True)))


def poll_time_of(source: Source, slate: Slate) -> datetime:
    """When a source has all it will have: shortly before the first tip, or the morning after."""
    before = min(game.tip_off for game in slate.games) - timedelta(minutes=25)
    return before if source.role is Role.PRE else eastern(slate.game_date + timedelta(days=1), 9)


@dataclass
class SourceHarness:
    """The means to look at sources for a slate, whose providers bear anything."""

    fetcher: Fetcher
    landing: LocalLanding
    warehouse: Warehouse
    slate: Slate
    ids: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Source -> the ids it has told of our games."""

    async def collect(self, source: Source, as_of: datetime) -> CollectReport:
        """Ask and land. Raises TransportFault when no proper answer came."""
        ids = self.ids.get(source.needs_ids_of, {}) if source.needs_ids_of else {}
        return await collect(
            source,
            self.slate,
            as_of,
            ids,
            fetcher=self.fetcher,
            landing=self.landing,
            rate_limiter=Unlimited(),
            progress=lambda done, of: None,
        )

    def read(self, source: Source, batch_key: str, as_of: datetime) -> ProcessReport:
        """Read what was landed."""
        done = process(source, batch_key, self.slate, as_of, landing=self.landing, warehouse=self.warehouse)
        self.ids[source.name] = done.provider_ids
        return done


def new_warehouse(file: Path) -> Warehouse:
    """A DuckDB file with all tables, empty."""
    warehouse = DuckDbWarehouse(file)
    warehouse.migrate()
    return warehouse


@asynccontextmanager
async def source_harness(
    url: str, slate: Slate, root: Path, timeouts: Timeouts | None = None
) -> AsyncIterator[SourceHarness]:
    """Looks at the upstream at `url`; landing and warehouse are made in `root`."""
    warehouse = new_warehouse(root / "tipoff.duckdb")
    try:
        async with Fetcher(load_settings(environ={"TIPOFF_UPSTREAM": url}), timeouts=timeouts) as fetcher:
            yield SourceHarness(fetcher, LocalLanding(root / "landing"), warehouse, slate)
    finally:
        warehouse.close()
