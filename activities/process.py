"""Phase 2: read what was landed into its table."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio import activity

from activities.errors import blocking, tried_before
from activities.resources import Resources
from tipoff.processing import process
from tipoff.sources.base import Slate
from tipoff.vocabulary import shortened
from workflows.contracts import Activity, ProcessRequest, StepReport


class Processing:
    """Reads landed batches."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PROCESS.value)
    @blocking
    def process(self, request: ProcessRequest) -> StepReport:
        """Read one batch."""
        return read(self._resources, request)


def read(resources: Resources, request: ProcessRequest) -> StepReport:
    """Read one batch; on a second try all it covers is news, since the first may have written it."""
    done = process(
        resources.sources[request.source],
        request.batch_key,
        Slate(game_date=request.game_date, games=request.games),
        request.as_of,
        landing=resources.landing,
        warehouse=resources.warehouse,
        aliases_path=resources.settings.aliases,
    )
    alerts = {
        "unknown_fields": _fields_told(done.unknown_fields),
        "unknown_games": _games_told(done.unknown_games),
    }
    return StepReport(
        rows=done.rows,
        outcome=done.outcome,
        reason=done.reason,
        changed=done.changed or tried_before(),
        changed_games=done.covered_games if tried_before() else done.changed_games,
        missing_games=done.missing_games,
        unresolved=done.unresolved,
        unresolved_names=done.unresolved_names,
        provider_ids=dict(done.provider_ids),
        games=done.games,
        postponed=done.postponed,
        alerts={kind: text for kind, text in alerts.items() if text},
        counts={f"rejected:{request.source}": sum(done.rejected.values())} if done.rejected else {},
    )


def _fields_told(unknown: Sequence[str]) -> str:
    named = shortened(", ".join(unknown), 300)
    told = f"the provider added fields that nobody reads: {named}; read them, or name them among the ignored ones"
    return told if unknown else ""


def _games_told(unknown: Sequence[str]) -> str:
    told = f"it tells of {', '.join(unknown)}, whose ids nobody knows: the day has to do without them"
    return told if unknown else ""
