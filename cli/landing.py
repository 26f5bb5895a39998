"""`landing apply`: sets the rules by which a bucket removes old responses."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping

from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from tipoff.landing.expiry import EXPIRY_DAYS
from tipoff.vocabulary import counted


async def run(options: Namespace) -> ExitCode:
    """Print the rules and, without `--dry-run`, set those that differ. Raises CommandError USAGE for a folder."""
    from tipoff.storage.bucket import BucketStore  # the client takes two seconds to import

    url = Target(options.replay).settings.landing
    if not url.startswith("gs://"):
        text = f"{url} is a folder, from which the schedule retention removes old files: starter.py schedules list"
        raise CommandError(ExitCode.USAGE, text)
    store = BucketStore(url)
    stored = store.expiry_days(EXPIRY_DAYS)
    differs = stored != EXPIRY_DAYS
    if differs and not options.dry_run:
        store.expire(EXPIRY_DAYS)
    if options.json:
        print(json.dumps({"url": url, "days": dict(EXPIRY_DAYS), "days_before": dict(stored)}))
    else:
        _print(url, stored)
        done = "to set" if options.dry_run else "set"
        print(f"{url}: rules {done}" if differs else f"{url} has these rules")
    return ExitCode.DONE


def _print(url: str, stored: Mapping[str, int]) -> None:
    for prefix, days in EXPIRY_DAYS.items():
        before = f"after {counted(stored[prefix], 'day')}" if prefix in stored else "never"
        now = "" if stored.get(prefix) == days else f", until now {before}"
        print(f"{url}/{prefix} is removed after {counted(days, 'day')}{now}")
