"""The picture of a day's flow in the documents: `python -m devtools.day_flow > docs/day-flow.svg`."""

from __future__ import annotations

import sys

from tipoff.publishing.day_flow import day_flow, example_plan

if __name__ == "__main__":
    sys.stdout.write(day_flow(example_plan()))
