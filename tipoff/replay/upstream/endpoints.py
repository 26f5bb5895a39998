"""The endpoints of the upstream, collected from all shape modules, and the fault kinds that apply to them."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from tipoff.replay import shapes
from tipoff.replay.faults import ANY_SOURCE, SPECIAL_KINDS, FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.view import Params

REQUIRE_NBA_REFERER = frozenset({"cdn.nba.com", "stats.nba.com"})
"""Hosts that deny requests without the Referer of nba.com."""


def _endpoints() -> Iterator[Endpoint]:
    for module in iter_modules(shapes.__path__):
        yield from getattr(import_module(f"{shapes.__name__}.{module.name}"), "ENDPOINTS", ())


ENDPOINTS = tuple(_endpoints())

SERVED_SOURCES = frozenset(endpoint.source for endpoint in ENDPOINTS)

REQUESTED_PER_GAME = frozenset(endpoint.source for endpoint in ENDPOINTS if endpoint.requested_games)
"""Sources whose requests are about one game or one team, so that a fault can select some of them."""


def kinds_of_source(source: str) -> frozenset[FaultKind]:
    """The fault kinds that apply to a source; for ANY_SOURCE all general kinds and those about games."""
    if source == ANY_SOURCE:
        special = {FaultKind.POSTPONED, FaultKind.TIP_OFF_TBD}
    else:
        special = {kind for endpoint in ENDPOINTS if endpoint.source == source for kind in endpoint.special_faults}
    return frozenset(FaultKind) - SPECIAL_KINDS | special


def sources_of_kind(kind: FaultKind) -> frozenset[str]:
    """The served sources that a fault kind applies to."""
    return frozenset(source for source in SERVED_SOURCES if kind in kinds_of_source(source))


def find_endpoint(host: str, path: str, query: Mapping[str, str]) -> tuple[Endpoint, Params] | None:
    """The endpoint that matches a request, with the parameters; None when none matches."""
    for endpoint in ENDPOINTS:
        match = re.fullmatch(endpoint.path, path) if endpoint.host == host else None
        if match and endpoint.query.items() <= query.items():
            return endpoint, {**query, **match.groupdict()}
    return None
