"""`site`: renders the site from the exports and prints where it is."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import ExitCode
from cli.target import Target
from tipoff.vocabulary import counted


async def run(options: Namespace) -> ExitCode:
    """Write every page that changed, and print the path of the first one."""
    from tipoff.publishing.site.site import publish_site  # slow libraries

    store = Target(options.replay).exports
    written = publish_site(store)
    index = store.location("site/index.html")
    if options.json:
        print(json.dumps({"site": index, "written": list(written)}))
    else:
        print(f"{index} ({counted(len(written), 'file')} written)")
    return ExitCode.DONE
