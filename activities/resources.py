"""The settings and stores that activities use, opened once per process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tipoff.alerting.sender import AlertSender
from tipoff.landing.landing import Landing, open_landing
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.settings import Settings, folder_of
from tipoff.sources.base import Source
from tipoff.sources.registry import sources
from tipoff.systems.model_store import ModelStore, open_models
from tipoff.systems.predict_process import PredictProcess
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

if TYPE_CHECKING:
    from tipoff.sources.fetcher import Fetcher


@dataclass(frozen=True)
class Resources:
    """The stores of one process; the warehouse is opened on first use, since one process at a time may hold it."""

    settings: Settings
    now: Callable[[], datetime]
    """Wall-clock time for `generated_at` and slots; a parameter, so that no library code reads a clock."""

    @cached_property
    def warehouse(self) -> Warehouse:
        return open_warehouse(self.settings.warehouse, self.settings)

    @cached_property
    def landing(self) -> Landing:
        return open_landing(self.settings.landing)

    @cached_property
    def fetcher(self) -> Fetcher:
        from tipoff.sources.fetcher import Fetcher  # httpx is loaded by the first poll, not at the worker's start

        return Fetcher(self.settings)

    @cached_property
    def exports(self) -> ExportStore:
        return open_exports(self.settings.exports)

    @cached_property
    def alert_sender(self) -> AlertSender:
        return AlertSender(self.exports, self.settings, self.now)

    @cached_property
    def models(self) -> ModelStore:
        return open_models(self.settings.models)

    @cached_property
    def predictor(self) -> PredictProcess:
        return PredictProcess(self.settings.models)

    @cached_property
    def sources(self) -> dict[str, Source]:
        settings, replayed = self.settings, self.settings.upstream is not None
        configured = replayed or settings.bigdataball is not None
        return dict(sources(settings.history_seasons, bigdataball=configured, replayed=replayed))

    async def close(self) -> None:
        """Close connections and the warehouse, and deliver no more alerts."""
        if "fetcher" in self.__dict__:
            await self.fetcher.aclose()
        if "alert_sender" in self.__dict__:
            self.alert_sender.close()
        if "predictor" in self.__dict__:
            self.predictor.close()
        if "warehouse" in self.__dict__:
            self.warehouse.close()

    def work_file(self, game_date: date, name: str) -> Path:
        """A Parquet file that one activity writes and another reads."""
        folder = folder_of(self.settings.work) / game_date.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name
