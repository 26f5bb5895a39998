"""Counts the changes of stored data, in the transaction that writes them.

What changed is what these counts say against those that a day consumed last. An attempt cannot know: a killed one may
have written the rows before, without reporting them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from tipoff.vocabulary import ALL_DATA, DataVersions
from tipoff.warehouse.base import SqlValue, Warehouse
from tipoff.warehouse.sql_files import sql_text


def count_change(
    warehouse: Warehouse, game_date: date, subject: str, games: Iterable[str], *, changed: bool
) -> DataVersions:
    """Count one change of a subject's data of these games, if there was one; return all counts of the date so far.

    Call it in the transaction of the write.
    """
    date_and_subject: dict[str, SqlValue] = {"game_date": game_date, "subject": subject}
    versions: dict[str, int] = dict(warehouse.query(sql_text("data_versions_of_subject"), date_and_subject).iter_rows())
    if changed:
        versions |= {game: versions.get(game, 0) + 1 for game in {ALL_DATA, *games}}
        rows = [{**date_and_subject, "game_id": game, "version": versions[game]} for game in sorted(versions)]
        warehouse.replace("data_versions", pl.DataFrame(rows), date_and_subject)
    return {subject: versions}
