"""Endpoint: one provider address that a shape serves. Each shape module lists its own in `ENDPOINTS`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse


@dataclass(frozen=True)
class Endpoint:
    """One provider address with its source and the function that responds."""

    source: str
    """The name of the source that requests the address."""
    host: str
    path: str
    """A regular expression; its named groups become parameters."""
    respond: Callable[[ArchiveView, Params], UpstreamResponse]
    requested_games: Callable[[ArchiveView, Params], Iterable[Game]] | None = None
    """The games that a request is about; None where every request is about a whole slate."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters that a request must have to match."""
    special_faults: frozenset[FaultKind] = frozenset()
    """Kinds from SPECIAL_KINDS that apply here; all other kinds apply everywhere."""
