"""Reads from the exports what the morning summary reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tipoff.alerting.morning_summary import MorningFacts, PickFigures, Today, Yesterday
from tipoff.errors import BadInputError
from tipoff.publishing.ended_days import read_ended_day
from tipoff.publishing.envelope import decode
from tipoff.publishing.status import exported_status
from tipoff.publishing.store import ExportStore
from tipoff.publishing.summary import SUMMARY


def morning_facts(store: ExportStore, today: date, spend: Sequence[str]) -> MorningFacts:
    """Read the facts of a morning; what is not exported, or not readable, is empty. Raises StorageError."""
    return MorningFacts(
        yesterday=_yesterday(store, today - timedelta(days=1)), today=_today(store, today), spend=tuple(spend)
    )


def _yesterday(store: ExportStore, game_date: date) -> Yesterday:
    status = exported_status(store, game_date)
    try:
        ended = read_ended_day(store, game_date)
    except BadInputError:
        ended = None
    if ended is None:
        return Yesterday(game_date=game_date, sentence=status.sentence if status else "")
    return Yesterday(
        game_date=game_date,
        ended=f"{ended.status} ({ended.data_quality.lower()})",
        sentence=ended.sentence,
        predictions=ended.predictions,
        graded=ended.graded,
        picks=_picks(_export(store, SUMMARY.path.format(game_date=game_date))),
    )


def _picks(summary: Mapping[str, Any]) -> PickFigures | None:
    """The figures of the headline; None without any."""
    headline = summary.get("headline")
    if not isinstance(headline, dict):
        return None
    system_id, view = headline.get("system_id", ""), headline.get("view", "")
    figures = summary.get("systems", {}).get(system_id, {}).get(view)
    if not isinstance(figures, dict):
        return None
    return PickFigures(
        system_id=system_id,
        view=view,
        decided=figures.get("n") or 0,
        hit_rate=figures.get("hit_rate"),
        profit=figures.get("profit"),
        mae=figures.get("mae"),
        line_mae=figures.get("line_mae"),
    )


def _today(store: ExportStore, game_date: date) -> Today:
    status = exported_status(store, game_date)
    if status is None:
        return Today(game_date=game_date, sentence="its day has not started")
    tips = [game.tip_off for game in status.games if game.tip_off is not None]
    return Today(
        game_date=game_date,
        games=len(status.games),
        first_tip_off=min(tips, default=None),
        sentence=status.sentence,
        degraded=tuple(
            f"{status.label_of(item.step)} ({item.reason})" for item in status.degradations if item.resolved_at is None
        ),
    )


def _export(store: ExportStore, path: str) -> Mapping[str, Any]:
    content = store.read(path)
    try:
        return decode(content) if content else {}
    except ValueError:
        return {}
