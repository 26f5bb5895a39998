"""A page about every source of the registry: `python -m devtools.sources_page > docs/sources.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from types import CodeType, FunctionType
from urllib.parse import unquote

from devtools.handmade_responses import MADE
from devtools.recorded_responses import CASES
from tipoff.errors import BadInputError
from tipoff.plan import is_critical
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.upstream.endpoints import find_endpoint
from tipoff.settings import load_settings
from tipoff.sources.base import Request, Response, Slate, Source
from tipoff.sources.feed import Feed
from tipoff.sources.outcomes import classify
from tipoff.sources.providers import provider_of
from tipoff.sources.rate_limits import rate_limit_of
from tipoff.sources.registry import SOURCES, sources
from tipoff.vocabulary import Outcome, RateLimit, Role, SlateGame, eastern

NUMBERED = (
    *("nbac_schedule", "nbac_player_list_current", "espn_team_rosters", "nbac_injury_report"),
    *("nbac_referee_assignments", "odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"),
    *("bettingpros_player_points_props", "espn_scoreboard", "nbac_scoreboard", "nbac_player_boxscores"),
    *("nbac_team_boxscore", "nbac_live_boxscore", "nbac_play_by_play", "nbac_gamebook_player_stats"),
    *("bdl_player_boxscores", "bdl_injuries", "espn_boxscores", "bigdataball_play_by_play"),
    *("nbac_player_movement", "nbac_standings"),
)
"""The numbered sources; the others are auxiliary to one of these."""

_DAY = date(2024, 3, 29)
EXAMPLE = Slate(
    game_date=_DAY,
    games=(SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=eastern(_DAY, 19)),),
)
_IDS = {"0022301062": "EVENT"}


def by_number() -> list[tuple[str, Source]]:
    """Pairs of number and source, auxiliary sources last."""
    numbered = [(str(number), SOURCES[name]) for number, name in enumerate(NUMBERED, start=1)]
    return [*numbered, *(("", source) for name, source in SOURCES.items() if name not in NUMBERED)]


def first_request(source: Source) -> Request:
    """The first request for the game of the example, shortly before it or the morning after."""
    as_of = eastern(_DAY, 18) if source.role is Role.PRE else eastern(_DAY + timedelta(days=1), 9)
    return source.requests(EXAMPLE, as_of, _IDS)[0]


def endpoint_of(source: Source) -> Endpoint:
    """The endpoint of the replay that serves a source. Raises BadInputError when there is none."""
    request = first_request(source)
    params = {name: value if isinstance(value, str) else ",".join(value) for name, value in request.params.items()}
    match = find_endpoint(request.host, unquote(request.path).lstrip("/"), params)
    if match is None:
        raise BadInputError(
            f"{source.name}: the replay has no endpoint for {request.url}; "
            "add one in tipoff/replay/upstream/endpoints.py"
        )
    return match[0]


def is_replayed(source: Source) -> bool:
    """Whether the replay serves the source: the archive has its data."""
    return not sources(replayed=True)[source.name].idle_reason


def recorded_responses(source: Source) -> list[str]:
    """Files of recorded responses, without handmade ones."""
    cases = [case for case in CASES if case.source_name == source.name]
    return sorted({case.file for case in cases if case.file not in MADE and not case.turned})


def outcomes_of(source: Source) -> list[Outcome]:
    """The outcomes other than OK of a well-formed response: every outcome that `judge_body` names."""
    names = {name for function in _functions_of(source) for name in _names_in(function.__code__)}
    named = {outcome for outcome in Outcome if outcome.name in names} - {Outcome.OK}
    refusals = {Outcome.NOT_PUBLISHED_YET} if isinstance(source, Feed) and source.not_published_statuses else set()
    return [outcome for outcome in Outcome if outcome in named | refusals]


def _functions_of(source: Source) -> Iterator[FunctionType]:
    """`judge_body` and all functions of this project that it calls."""
    to_read: list[object] = [vars(type(source)).get("judge_body") or getattr(type(source), "judge_body", None)]
    read = set[object]()
    while to_read:
        function = to_read.pop()
        if (
            isinstance(function, FunctionType)
            and function not in read
            and function.__module__.startswith(_SOURCE_PACKAGE)
        ):
            read.add(function)
            yield function
            known = {**function.__globals__, **{name: getattr(type(source), name) for name in dir(type(source))}}
            to_read += [known.get(name) for name in _names_in(function.__code__)]


_SOURCE_PACKAGE = "tipoff.sources"


def _names_in(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*map(_names_in, inner))


def page() -> str:
    """All sources as one Markdown page."""
    return "\n\n".join([_HEAD, *_sections()]) + "\n"


_HEAD = "# Sources\n\nGenerated by `python -m devtools.sources_page` from `tipoff/sources/registry.py`; do not edit."


def _sections() -> Iterator[str]:
    yield "## Requests and tables"
    yield f"The request is the first one for {EXAMPLE.games[0].label} of {_DAY}, with the names of its parameters."
    yield _table(_REQUEST_COLUMNS, map(_request_row, by_number()))
    yield "## Outcomes of well-formed responses"
    yield "Besides `ok`. The refusals below are the same for all providers."
    yield _table(_OUTCOME_COLUMNS, (_outcome_row(source) for _, source in by_number()))
    yield "## Outcomes of refusals"
    yield _table(("refusal", "outcome"), _refusal_rows())
    yield "## Rate limits of providers"
    yield (
        "One request per spacing; after an idle time a burst. A block that names no end starts a cooldown. The values "
        "are for free accounts. `bigdataball` is not a host: the setting of that name contains the location of its "
        "files ([operations](operations.md#files-of-bigdataball))."
    )
    yield _table(_RATE_LIMIT_COLUMNS, _host_rows())


_REQUEST_COLUMNS = ("#", "source", "title", "role", "need", "request", "table", "fallback source for")
_OUTCOME_COLUMNS = ("source", "outcomes", "not published yet by status", "replayed", "recorded responses")
_RATE_LIMIT_COLUMNS = ("host", "spacing", "burst", "cooldown", "monthly credits", "conditional requests", "sources")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _request_row(numbered: tuple[str, Source]) -> Sequence[str]:
    number, source = numbered
    request = first_request(source)
    params = f"?{'&'.join(request.params)}" if request.params else ""
    return (
        number,
        f"`{source.name}`",
        source.title,
        source.role,
        "**critical**" if is_critical(source.name) else "optional",
        f"`{request.host}{unquote(request.path)}{params}`",
        f"`{source.table}`",
        ", ".join(f"`{name}`" for name in source.fallback_for),
    )


def _outcome_row(source: Source) -> Sequence[str]:
    statuses = source.not_published_statuses if isinstance(source, Feed) else ()
    return (
        f"`{source.name}`",
        ", ".join(f"`{outcome}`" for outcome in outcomes_of(source)),
        ", ".join(str(int(status)) for status in sorted(statuses)),
        "yes" if is_replayed(source) else "no: no archived data",
        ", ".join(f"`{file}`" for file in recorded_responses(source)) or "none",
    )


def _refusal_rows() -> Iterator[Sequence[str]]:
    for text, status, headers, body in ERROR_RESPONSES:
        response = Response(status=status, headers=headers, body=body, url="", fetched_at=EXAMPLE.games[0].tip_off)
        judgement = classify(response, "json")
        yield text, f"`{judgement.outcome}`" if judgement else "none"


ERROR_RESPONSES: Sequence[tuple[str, int, Mapping[str, str], bytes]] = (
    ("401", 401, {}, b""),
    ("401, no credits left", 401, {"x-requests-remaining": "0"}, b""),
    ("403, 451", 403, {}, b""),
    ("404, 410", 404, {}, b""),
    ("429; 503 with Retry-After", 429, {}, b""),
    ("any other 4xx", 422, {}, b""),
    ("408, 425, 5xx, timeout", 500, {}, b""),
    ("200 with an unusable body: a web page, truncated, or above the size limit", 200, {}, b"<html>"),
)


def _host_rows() -> Iterator[Sequence[str]]:
    settings = load_settings(environ={})
    sources_of: dict[str, list[str]] = {}
    for _, source in by_number():
        for provider in (source.provider, *source.other_providers):
            sources_of.setdefault(provider.host, []).append(f"`{source.name}`")
    for host, names in sources_of.items():
        rate_limit = rate_limit_of(host, settings)
        yield (
            f"`{host}`",
            *_rate_limit_cells(rate_limit),
            "yes" if provider_of(host).conditional else "no",
            ", ".join(names),
        )


def _rate_limit_cells(rate_limit: RateLimit) -> Sequence[str]:
    return (
        f"{rate_limit.spacing.total_seconds():g} s",
        str(rate_limit.burst),
        f"{rate_limit.cooldown.total_seconds() / 60:g} min",
        "no charge" if rate_limit.monthly_credits is None else str(rate_limit.monthly_credits),
    )


if __name__ == "__main__":
    sys.stdout.write(page())
