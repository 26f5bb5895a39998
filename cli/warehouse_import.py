"""`warehouse import ARCHIVE`: brings the seasons of an archive into a warehouse."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from tipoff.vocabulary import counted, did_you_mean

if TYPE_CHECKING:
    from tipoff.replay.warehouse_import import SeasonImport


async def import_seasons(options: Namespace) -> ExitCode:
    """Import the seasons, and print of each what the warehouse holds and what was left out.

    Raises CommandError USAGE for a season that the archive lacks, ArchiveError for a folder that is no archive.
    """
    from tipoff.replay.archive import Archive  # slow libraries
    from tipoff.replay.warehouse_import import ArchiveImport
    from tipoff.warehouse.open import open_warehouse

    settings, archive = Target(options.replay).settings, Archive(options.archive)
    seasons = options.season or archive.seasons
    for season in seasons:
        if season not in archive.seasons:
            known = f"it has {', '.join(archive.seasons)}{did_you_mean(season, archive.seasons)}"
            raise CommandError(ExitCode.USAGE, f"{options.archive} has no season {season!r}: {known}")
    warehouse = open_warehouse(options.to or settings.warehouse, settings)
    try:
        importing = ArchiveImport(archive, warehouse, _print_progress)
        imported = []
        for season in seasons:
            imported.append(await importing.import_season(season))
            if not options.json:
                _print(imported[-1])
    finally:
        warehouse.close()
    if options.json:
        print(json.dumps([each.model_dump() for each in imported]))
    else:
        others = tuple(season for season in archive.seasons if season not in seasons)
        for text in archive.missing:
            if not text.startswith(others):
                print(f"the archive lacks {text}")
    return ExitCode.DONE


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print(imported: SeasonImport) -> None:
    from tipoff.replay.warehouse_import import IMPORTED

    print(f"{imported.season}: {counted(imported.dates, 'date')} with results, {imported.new_dates:,} of them new")
    for table, count in imported.rows.items():
        print(f"  {IMPORTED[table]:<16} {count:>10,}")
    for what, count in sorted(imported.left_out.items()):
        print(f"  left out: {what} ({count:,})")
