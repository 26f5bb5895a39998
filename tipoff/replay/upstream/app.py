"""Takes a request in, lets faults strike, and hands the answer out."""

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
from tipoff.replay.faults import SOURCES_OF_KIND, Fault, FaultKind, FaultPlan, ReplaySource
from tipoff.replay.shapes import refusals
from tipoff.replay.shapes.prop_quotes import BENDS
from tipoff.replay.shapes.view import Params, Past, UpstreamResponse, View
from tipoff.replay.upstream.delivery import BROKEN, Delivery, whole
from tipoff.replay.upstream.endpoints import WANT_NBA_REFERER, Endpoint, find
from tipoff.vocabulary import Frozen

AS_OF_HEADER = "X-Tipoff-As-Of"
NBA_REFERER = "https://www.nba.com/"

_TELL_OF_POSTPONED = frozenset({ReplaySource.SCHEDULE, ReplaySource.SCOREBOARD, ReplaySource.ESPN_SCOREBOARD})
"""Where a postponed game still stands; at the others it is gone."""

_ODDS_API = SOURCES_OF_KIND[FaultKind.QUOTA_SPENT]

_SECRETS = frozenset({"apikey", "api_key", "key", "token"})

_A_DAY = timedelta(days=1)
_DATES = frozenset({"date", "dates", "stamp"})
"""Parameters that say which date is asked about."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")

_REFUSALS: Mapping[FaultKind, Callable[[Fault], UpstreamResponse]] = {
    FaultKind.FORBIDDEN_NOT_YET: lambda fault: refusals.forbidden_not_yet(),
    FaultKind.ACCESS_DENIED: lambda fault: refusals.access_denied(),
    FaultKind.HTML_PAGE: lambda fault: refusals.html_page(),
    FaultKind.TOO_MANY_REQUESTS: lambda fault: refusals.too_many_requests(fault.retry_after_seconds or 0),
    FaultKind.SERVER_ERROR: lambda fault: refusals.server_error(),
    FaultKind.QUOTA_SPENT: lambda fault: refusals.quota_spent(),
    FaultKind.BAD_KEY: lambda fault: refusals.bad_key() if fault.source in _ODDS_API else refusals.unauthorized(),
    FaultKind.BAD_REQUEST: lambda fault: refusals.not_understood(),
    FaultKind.GONE: lambda fault: refusals.not_found(),
}


class LoggedRequest(Frozen):
    """One request: keys in its query are redacted; status 0 means that it got no answer."""

    source: ReplaySource | None
    host: str
    path: str
    as_of: datetime
    at: datetime
    """When it came, by the real clock; answers know nothing of it."""
    status: int
    fault: str | None
    bytes: int


@dataclass(frozen=True)
class Asked:
    """A request with what it means."""

    request: Request
    as_of: datetime
    endpoint: Endpoint
    params: Params


def build_app(
    archive: Archive, faults: tuple[Fault, ...] = (), log: Callable[[LoggedRequest], None] | None = None
) -> Starlette:
    """The upstream over an archive; `log` hears of every request that carries a moment."""
    desk = _Desk(Past(archive), FaultPlan(faults), log or (lambda line: None))
    return Starlette(routes=[Route("/health", _healthy), Route("/{host}/{path:path}", desk.serve)])


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok")


@dataclass(frozen=True)
class _Desk:
    past: Past
    plan: FaultPlan
    log: Callable[[LoggedRequest], None]

    async def serve(self, request: Request) -> Response:
        request.state.came_at = datetime.now(UTC)
        as_of = _as_of(request)
        if as_of is None:
            return _no_moment(request)
        found = find(request.path_params["host"], request.path_params["path"], _query(request))
        if found is None:
            missing = UpstreamResponse(404, f"the replay has no {request.url.path}".encode(), "text/plain")
            return self._logged(whole(missing), request, as_of)
        asked = Asked(request, as_of, *found)
        faults = self._faults(asked)
        broken = next((BROKEN[fault.kind] for fault in faults if fault.kind in BROKEN), whole)
        return self._logged(broken(self._answer(asked, faults)), request, as_of, asked.endpoint.source, faults)

    def _faults(self, asked: Asked) -> tuple[Fault, ...]:
        about = None
        if asked.endpoint.about:
            games = asked.endpoint.about(View(self.past, asked.as_of), asked.params)
            about = frozenset(game.game_id for game in games)
        return self.plan.in_force(asked.endpoint.source, asked.as_of, about, self.past.ids_of)

    def _answer(self, asked: Asked, faults: tuple[Fault, ...]) -> UpstreamResponse:
        refused = next((_REFUSALS[fault.kind](fault) for fault in faults if fault.kind in _REFUSALS), None)
        if refused:
            return refused
        if asked.endpoint.host in WANT_NBA_REFERER and asked.request.headers.get("Referer") != NBA_REFERER:
            return refusals.access_denied()
        view, params = View(self.past, asked.as_of), asked.params
        for fault in faults:
            view = _changed(view, fault, asked.endpoint.source)
            params = _a_day_before(params) if fault.kind is FaultKind.YESTERDAYS else params
        return asked.endpoint.answer(view, params)

    def _logged(
        self,
        delivery: Delivery,
        request: Request,
        as_of: datetime,
        source: ReplaySource | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> Response:
        self.log(
            LoggedRequest(
                source=source,
                host=request.path_params["host"],
                path=_redacted(request),
                as_of=as_of,
                at=request.state.came_at,
                status=delivery.status,
                fault="+".join(fault.kind for fault in faults) or None,
                bytes=delivery.sent,
            )
        )
        return delivery.response


def _query(request: Request) -> dict[str, str]:
    """What the query says; the values of a name that is said several times stand together, with commas."""
    return {name: ",".join(request.query_params.getlist(name)) for name in request.query_params}


def _as_of(request: Request) -> datetime | None:
    try:
        moment = datetime.fromisoformat(request.headers.get(AS_OF_HEADER, ""))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _no_moment(request: Request) -> Response:
    text = (
        f"the header {AS_OF_HEADER} must say as of when, with the offset from UTC, such as "
        f"2024-03-29T17:15:00+00:00 (given: {request.headers.get(AS_OF_HEADER)!r})"
    )
    return PlainTextResponse(text, status_code=400)


def _changed(view: View, fault: Fault, source: ReplaySource) -> View:
    """What is left to see after a fault that changes content; the others leave the view as it is."""
    if fault.kind is FaultKind.EMPTY:
        return replace(view, empty=True)
    if fault.kind is FaultKind.STALE:
        return replace(view, as_of=view.as_of - _A_DAY)
    if fault.kind is FaultKind.YESTERDAYS:
        return replace(view, quotes_older=_A_DAY)
    if fault.kind is FaultKind.LATE:
        return replace(view, as_of=view.as_of - timedelta(minutes=fault.delay_minutes or 0))
    if fault.kind in BENDS:
        return replace(view, bends=(*view.bends, fault))
    named = view.past.ids_of(fault.games, view.as_of)
    if fault.kind is FaultKind.POSTPONED and source in _TELL_OF_POSTPONED:
        return replace(view, postponed=view.postponed | named)
    if fault.kind in (FaultKind.PARTIAL_SLATE, FaultKind.NEVER, FaultKind.POSTPONED):
        return replace(view, left_out=view.left_out | named)
    return view


def _a_day_before(params: Params) -> Params:
    """The same question about the date before; one that names no date stays as it is."""
    return {name: _DATE.sub(_date_before, value) if name in _DATES else value for name, value in params.items()}


def _date_before(found: re.Match[str]) -> str:
    before = date.fromisoformat(found[0]) - _A_DAY
    return before.isoformat() if "-" in found[0] else f"{before:%Y%m%d}"


def _redacted(request: Request) -> str:
    query = [
        (name, "REDACTED" if name.lower() in _SECRETS else value) for name, value in request.query_params.multi_items()
    ]
    path = str(request.path_params["path"])
    return f"{path}?{urlencode(query, safe='/,:')}" if query else path
