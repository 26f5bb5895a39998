"""Polls sources without a day: requests over HTTP, landing, and reading into a warehouse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from tipoff.collecting import collect
from tipoff.landing.landing import Landing
from tipoff.processing import process
from tipoff.replay.archive import Archive
from tipoff.settings import load_settings
from tipoff.sources.base import Slate, Source
from tipoff.sources.fetcher import Fetcher, Timeouts
from tipoff.sources.rate_limits import Unlimited
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import CollectReport, ProcessReport, Role, SlateGame, eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse


def slate_of(archive: Archive, game_date: date) -> Slate:
    """The games of a date by tip-off. Raises BadInputError for a date outside the archive."""
    archive.require_date(game_date)
    rows = archive.slate(game_date).select("game_id", "away", "home", "tip_off").sort("tip_off", "game_id")
    return Slate(game_date=game_date, games=tuple(SlateGame(**row) for row in rows.iter_rows(named=True)))


def poll_time_of(source: Source, slate: Slate) -> datetime:
    """A time when a source has all its data: shortly before the first tip-off, or the morning after."""
    before = min(game.tip_off for game in slate.games if game.tip_off) - timedelta(minutes=25)
    return before if source.role is Role.PRE else eastern(slate.game_date + timedelta(days=1), 9)


@dataclass
class SourceHarness:
    """Polls sources for a slate, without rate limits."""

    fetcher: Fetcher
    landing: Landing
    warehouse: Warehouse
    slate: Slate
    ids: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Provider ids of games, by source."""

    async def collect(self, source: Source, as_of: datetime) -> CollectReport:
        """Request and land. Raises TransportFault when there is no complete response."""
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
        """Read a landed batch into the warehouse."""
        report = process(source, batch_key, self.slate, as_of, landing=self.landing, warehouse=self.warehouse)
        self.ids[source.name] = report.provider_ids
        return report


def new_warehouse(file: Path) -> Warehouse:
    """A new DuckDB file with empty tables."""
    warehouse = DuckDbWarehouse(file)
    warehouse.migrate()
    return warehouse


@asynccontextmanager
async def source_harness(
    url: str, slate: Slate, root: Path, timeouts: Timeouts | None = None
) -> AsyncIterator[SourceHarness]:
    """Poll the upstream at `url`; landing and warehouse are created in `root`."""
    warehouse = new_warehouse(root / "tipoff.duckdb")
    try:
        async with Fetcher(load_settings(environ={"TIPOFF_UPSTREAM": url}), timeouts=timeouts) as fetcher:
            yield SourceHarness(fetcher, Landing(FolderStore(root / "landing")), warehouse, slate)
    finally:
        warehouse.close()
