"""Phase 2: read what was landed into its table."""

from __future__ import annotations

from temporalio import activity

from activities.errors import blocking, tried_before
from activities.resources import Resources
from tipoff.processing import process
from tipoff.sources.base import Slate
from tipoff.vocabulary import ProcessReport
from workflows.contracts import Activity, ProcessRequest


class Processing:
    """Reads landed batches."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PROCESS.value)
    @blocking
    def process(self, request: ProcessRequest) -> ProcessReport:
        """Read one batch."""
        return read(self._resources, request)


def read(resources: Resources, request: ProcessRequest) -> ProcessReport:
    """Process one batch; on a second attempt all games it covers count as changed: the first may have written them."""
    report = process(
        resources.sources[request.source],
        request.batch_key,
        Slate(game_date=request.game_date, games=request.games),
        request.as_of,
        landing=resources.landing,
        warehouse=resources.warehouse,
        aliases_path=resources.settings.aliases,
    )
    if not tried_before():
        return report
    covered = tuple(game.game_id for game in request.games if game.game_id not in report.missing_games)
    return report.model_copy(update={"changed": True, "changed_games": covered})
