"""The upstream as an ASGI application: matches a request to an endpoint, applies faults, responds and logs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tipoff.replay.archive import Archive
from tipoff.replay.faults import Fault, FaultKind, FaultPlan
from tipoff.replay.shapes import error_responses
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.odds_api import HOST as ODDS_API_HOST
from tipoff.replay.shapes.prop_quotes import QUOTE_FAULTS
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView, Params, UpstreamResponse
from tipoff.replay.upstream.delivery import DELIVERY_FAULTS, Delivery, deliver_whole
from tipoff.replay.upstream.endpoints import REQUIRE_NBA_REFERER, find_endpoint
from tipoff.vocabulary import Frozen

AS_OF_HEADER = "X-Tipoff-As-Of"
NBA_REFERER = "https://www.nba.com/"

_SECRETS = frozenset({"apikey", "api_key", "key", "token"})
"""Query parameters whose values are not logged, in lower case."""

_ONE_DAY = timedelta(days=1)
_DATE_PARAMETERS = frozenset({"date", "dates", "stamp"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")

ERROR_RESPONSES: Mapping[FaultKind, Callable[[Fault, Endpoint], UpstreamResponse]] = {
    FaultKind.FORBIDDEN_NOT_YET: lambda fault, endpoint: error_responses.forbidden_not_yet(),
    FaultKind.ACCESS_DENIED: lambda fault, endpoint: error_responses.access_denied(),
    FaultKind.HTML_PAGE: lambda fault, endpoint: error_responses.html_page(),
    FaultKind.TOO_MANY_REQUESTS: lambda fault, endpoint: error_responses.too_many_requests(
        fault.retry_after_seconds or 0
    ),
    FaultKind.SERVER_ERROR: lambda fault, endpoint: error_responses.server_error(),
    FaultKind.QUOTA_SPENT: lambda fault, endpoint: error_responses.quota_spent(),
    FaultKind.BAD_KEY: lambda fault, endpoint: (
        error_responses.bad_key() if endpoint.host == ODDS_API_HOST else error_responses.unauthorized()
    ),
    FaultKind.BAD_REQUEST: lambda fault, endpoint: error_responses.unprocessable(),
    FaultKind.GONE: lambda fault, endpoint: error_responses.not_found(),
}
"""Kinds that replace the response."""


class LoggedRequest(Frozen):
    """One request; keys in its query are redacted, and status 0 means that it got no response."""

    source: str | None
    host: str
    path: str
    as_of: datetime
    at: datetime
    """Arrival by the real clock; responses do not depend on it."""
    status: int
    fault: str | None
    bytes: int


@dataclass(frozen=True)
class MatchedRequest:
    """A request with its as-of time, endpoint and parameters."""

    request: Request
    as_of: datetime
    endpoint: Endpoint
    params: Params


def build_app(
    archive: Archive, faults: tuple[Fault, ...] = (), log: Callable[[LoggedRequest], None] | None = None
) -> Starlette:
    """The upstream over an archive; `log` gets every request that has an as-of time."""
    upstream = _UpstreamApp(ArchiveIndex(archive), FaultPlan(faults), log or (lambda request: None))
    return Starlette(routes=[Route("/health", _health), Route("/{host}/{path:path}", upstream.serve)])


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok")


@dataclass(frozen=True)
class _UpstreamApp:
    index: ArchiveIndex
    fault_plan: FaultPlan
    log: Callable[[LoggedRequest], None]

    async def serve(self, request: Request) -> Response:
        request.state.arrived_at = datetime.now(UTC)
        as_of = _as_of(request)
        if as_of is None:
            return _missing_as_of(request)
        match = find_endpoint(request.path_params["host"], request.path_params["path"], _query(request))
        if match is None:
            missing = UpstreamResponse(404, f"the replay has no {request.url.path}".encode(), "text/plain")
            return self._send(deliver_whole(missing), request, as_of)
        matched = MatchedRequest(request, as_of, *match)
        faults = self._active_faults(matched)
        delivery_faults = (DELIVERY_FAULTS[fault.kind] for fault in faults if fault.kind in DELIVERY_FAULTS)
        deliver = next(delivery_faults, deliver_whole)
        return self._send(deliver(self._response(matched, faults)), request, as_of, matched.endpoint.source, faults)

    def _active_faults(self, matched: MatchedRequest) -> tuple[Fault, ...]:
        requested = None
        if matched.endpoint.requested_games:
            games = matched.endpoint.requested_games(ArchiveView(self.index, matched.as_of), matched.params)
            requested = frozenset(game.game_id for game in games)
        return self.fault_plan.active_faults(
            matched.endpoint.source, matched.as_of, requested, self.index.resolve_game_ids
        )

    def _response(self, matched: MatchedRequest, faults: tuple[Fault, ...]) -> UpstreamResponse:
        error = next(
            (ERROR_RESPONSES[fault.kind](fault, matched.endpoint) for fault in faults if fault.kind in ERROR_RESPONSES),
            None,
        )
        if error:
            return error
        if matched.endpoint.host in REQUIRE_NBA_REFERER and matched.request.headers.get("Referer") != NBA_REFERER:
            return error_responses.access_denied()
        view, params = ArchiveView(self.index, matched.as_of), matched.params
        for fault in faults:
            view = _with_fault(view, fault, matched.endpoint)
            params = _shift_dates_back(params) if fault.kind is FaultKind.YESTERDAYS else params
        return matched.endpoint.respond(view, params)

    def _send(
        self,
        delivery: Delivery,
        request: Request,
        as_of: datetime,
        source: str | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> Response:
        """Log the request and return the response to send."""
        self.log(
            LoggedRequest(
                source=source,
                host=request.path_params["host"],
                path=_redacted(request),
                as_of=as_of,
                at=request.state.arrived_at,
                status=delivery.status,
                fault="+".join(fault.kind for fault in faults) or None,
                bytes=delivery.bytes_sent,
            )
        )
        return delivery.response


def _query(request: Request) -> dict[str, str]:
    """The query parameters; the values of a repeated name are joined with commas."""
    return {name: ",".join(request.query_params.getlist(name)) for name in request.query_params}


def _as_of(request: Request) -> datetime | None:
    try:
        as_of = datetime.fromisoformat(request.headers.get(AS_OF_HEADER, ""))
    except ValueError:
        return None
    return as_of.astimezone(UTC) if as_of.tzinfo else None


def _missing_as_of(request: Request) -> Response:
    text = (
        f"the header {AS_OF_HEADER} must hold a time with its offset from UTC, such as "
        f"2024-03-29T17:15:00+00:00 (given: {request.headers.get(AS_OF_HEADER)!r})"
    )
    return PlainTextResponse(text, status_code=400)


def _with_fault(view: ArchiveView, fault: Fault, endpoint: Endpoint) -> ArchiveView:
    """The view changed by a content fault; other faults leave it as it is."""
    if fault.kind is FaultKind.EMPTY:
        return replace(view, empty=True)
    if fault.kind is FaultKind.STALE:
        return replace(view, as_of=view.as_of - _ONE_DAY)
    if fault.kind is FaultKind.YESTERDAYS:
        return replace(view, quotes_backdated_by=_ONE_DAY)
    if fault.kind is FaultKind.LATE:
        return replace(view, as_of=view.as_of - timedelta(minutes=fault.delay_minutes or 0))
    if fault.kind in QUOTE_FAULTS:
        return replace(view, quote_faults=(*view.quote_faults, fault))
    game_ids = view.index.resolve_game_ids(fault.games, view.as_of)
    if fault.kind is FaultKind.POSTPONED and fault.kind in endpoint.special_faults:  # others omit postponed games
        return replace(view, postponed_games=view.postponed_games | game_ids)
    if fault.kind is FaultKind.TIP_OFF_TBD:
        return replace(view, unscheduled_games=view.unscheduled_games | game_ids)
    if fault.kind is FaultKind.PARTIAL_TOTALS:
        return replace(view, games_with_partial_totals=view.games_with_partial_totals | game_ids)
    if fault.kind is FaultKind.DAMAGED_ENTRY:
        return replace(view, damaged_games=view.damaged_games | game_ids)
    if fault.kind in (FaultKind.PARTIAL_SLATE, FaultKind.NEVER, FaultKind.POSTPONED):
        return replace(view, hidden_games=view.hidden_games | game_ids)
    return view


def _shift_dates_back(params: Params) -> Params:
    """The parameters with every date replaced by the date before."""
    return {
        name: _DATE.sub(_date_before, value) if name in _DATE_PARAMETERS else value for name, value in params.items()
    }


def _date_before(match: re.Match[str]) -> str:
    before = date.fromisoformat(match[0]) - _ONE_DAY
    return before.isoformat() if "-" in match[0] else f"{before:%Y%m%d}"


def _redacted(request: Request) -> str:
    """Path and query with the values of secrets redacted."""
    query = [
        (name, "REDACTED" if name.lower() in _SECRETS else value) for name, value in request.query_params.multi_items()
    ]
    path = str(request.path_params["path"])
    return f"{path}?{urlencode(query, safe='/,:')}" if query else path
