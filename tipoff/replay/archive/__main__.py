"""Creates archives: `python -m tipoff.replay.archive import FOLDER --to ARCHIVE`, and `… sample`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from tipoff.errors import TipoffError
from tipoff.replay.archive.importing import Imported, import_folder
from tipoff.replay.archive.layout import Manifest
from tipoff.replay.archive.sampling import cut_sample
from tipoff.replay.archive.writer import write_archive
from tipoff.vocabulary import counted


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when the archive was written, 2 when the input cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except TipoffError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tipoff.replay.archive", description="Create archives of past seasons for replays."
    )
    commands = parser.add_subparsers(required=True, metavar="import | sample")
    importing = commands.add_parser("import", help="create an archive from a folder of past seasons")
    importing.add_argument("folder", type=Path, help="folder with player_games/, game_lines/, player_props/ …")
    importing.add_argument("--to", type=Path, required=True, metavar="ARCHIVE")
    importing.set_defaults(run=_import)
    sampling = commands.add_parser("sample", help="cut a sample of one date and its season up to it")
    sampling.add_argument("--from", dest="origin", type=Path, default=Path("../shared/data"), metavar="ARCHIVE|FOLDER")
    sampling.add_argument("--date", type=date.fromisoformat, default=date(2024, 3, 29), metavar="YYYY-MM-DD")
    sampling.add_argument("--to", type=Path, default=Path("sample"), metavar="ARCHIVE")
    sampling.set_defaults(run=_sample)
    return parser


def _import(options: argparse.Namespace) -> None:
    imported = import_folder(options.folder)
    manifest = write_archive(options.to, imported.frames, source="import", missing=imported.missing)
    print("\n".join(_report(imported)))
    print(_summary(options.to, manifest))


def _sample(options: argparse.Namespace) -> None:
    sample = cut_sample(options.origin, options.date)
    manifest = write_archive(options.to, sample.frames, source="sample", missing=sample.missing)
    print(_summary(options.to, manifest))


def _report(imported: Imported) -> Iterator[str]:
    yield f"{'table':<14} {'rows in':>10} {'rows out':>10} {'rejected':>10}"
    for name, frame in imported.frames.items():
        rejected = imported.rejected[name]
        yield f"{name:<14} {imported.rows_in[name]:>10,} {frame.height:>10,} {rejected.total():>10,}"
        yield from (f"{count:>47,}  {reason}" for reason, count in rejected.most_common())
    yield from (f"missing: {text}" for text in imported.missing)
    yield from (f"not read: {file}" for file in imported.unread)


def _summary(folder: Path, manifest: Manifest) -> str:
    size = sum(file.stat().st_size for file in folder.iterdir())
    rows = sum(entry.rows for entry in manifest.tables.values())
    seasons = ", ".join(manifest.seasons)
    return f"{folder}: {counted(rows, 'row')} of {seasons} in {size / 1e6:.2f} MB"


if __name__ == "__main__":
    sys.exit(main())
