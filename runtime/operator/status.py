"""`status`: where a day stands, and why."""

from __future__ import annotations

import json
from argparse import Namespace

from runtime.operator.exits import Exit
from runtime.operator.paper import console, day_page
from runtime.operator.place import Place
from runtime.operator.view import view_day


async def run(options: Namespace) -> Exit:
    """Answers from the worker, else from the server, else from the last export."""
    view = await view_day(Place(options.replay), options.date)
    if options.json:
        print(json.dumps(view.as_json(), ensure_ascii=False))
    else:
        console().print(day_page(view))
    return Exit.DONE
