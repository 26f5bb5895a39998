"""Every source as the registry has it, as a page: `python -m devtools.sources_page > docs/sources.md`."""

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
from tipoff.replay.upstream.endpoints import Endpoint, find_endpoint
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
"""The sources a day wants, in the order people number them; the others help one of these."""

_DAY = date(2024, 3, 29)
EXAMPLE = Slate(
    game_date=_DAY,
    games=(SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=eastern(_DAY, 19)),),
)
_IDS = {"0022301062": "EVENT"}


def by_number() -> list[tuple[str, Source]]:
    """(number, source), those without a number last."""
    numbered = [(str(number), SOURCES[name]) for number, name in enumerate(NUMBERED, start=1)]
    return [*numbered, *(("", source) for name, source in SOURCES.items() if name not in NUMBERED)]


def first_request(source: Source) -> Request:
    """The first thing it asks about the example's game, shortly before it or the morning after."""
    as_of = eastern(_DAY, 18) if source.role is Role.PRE else eastern(_DAY + timedelta(days=1), 9)
    return source.requests(EXAMPLE, as_of, _IDS)[0]


def endpoint_of(source: Source) -> Endpoint:
    """Where the upstream of replays answers its questions. Raises BadInputError when nothing does."""
    asked = first_request(source)
    params = {name: value if isinstance(value, str) else ",".join(value) for name, value in asked.params.items()}
    found = find_endpoint(asked.host, unquote(asked.path).lstrip("/"), params)
    if found is None:
        raise BadInputError(
            f"{source.name}: the replay does not answer at {asked.url}; add it to the upstream's endpoints"
        )
    return found[0]


def is_replayed(source: Source) -> bool:
    """Whether a day that is played from an archive asks it: the archive has its facts."""
    return not sources(replayed=True)[source.name].idle_reason


def recorded_answers(source: Source) -> list[str]:
    """Files of answers that were really recorded of it."""
    cases = [case for case in CASES if case.source_name == source.name]
    return sorted({case.file for case in cases if case.file not in MADE and not case.turned})


def outcomes_of(source: Source) -> list[Outcome]:
    """What a proper answer of it may mean besides that all is there: every outcome its judging names."""
    names = {name for function in _functions_of(source) for name in _names_in(function.__code__)}
    told = {outcome for outcome in Outcome if outcome.name in names} - {Outcome.OK}
    refusals = {Outcome.NOT_PUBLISHED_YET} if isinstance(source, Feed) and source.not_published_statuses else set()
    return [outcome for outcome in Outcome if outcome in told | refusals]


def _functions_of(source: Source) -> Iterator[FunctionType]:
    """The judging of a proper answer, and all functions of ours that it leads to."""
    to_read: list[object] = [vars(type(source)).get("judge_body") or getattr(type(source), "judge_body", None)]
    read = set[object]()
    while to_read:
        function = to_read.pop()
        if isinstance(function, FunctionType) and function not in read and function.__module__.startswith(_OURS):
            read.add(function)
            yield function
            known = {**function.__globals__, **{name: getattr(type(source), name) for name in dir(type(source))}}
            to_read += [known.get(name) for name in _names_in(function.__code__)]


_OURS = "tipoff.sources"


def _names_in(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*map(_names_in, inner))


def page() -> str:
    """All sources as one Markdown page."""
    return "\n\n".join([_HEAD, *_sections()]) + "\n"


_HEAD = "# Sources\n\nWritten by `python -m devtools.sources_page` from `tipoff/sources/registry.py`, never by hand."


def _sections() -> Iterator[str]:
    yield "## What is asked, and where it goes"
    yield f"The question is the first one about {EXAMPLE.games[0].label} of {_DAY}, with the names of what it says."
    yield _table(_QUESTIONS, map(_asked, by_number()))
    yield "## What an answer may mean"
    yield "Besides `ok`, and besides the refusals below, by which all providers are told apart alike."
    yield _table(_MEANINGS, (_meant(source) for _, source in by_number()))
    yield "## What a refusal means"
    yield _table(("refusal", "outcome"), _refusals())
    yield "## How providers are asked"
    yield (
        "Evenly spaced, or after a rest so many at once; after a block that names no end they are left alone. "
        "Values of an account without a plan. `bigdataball` is no host: the setting of that name says where its files "
        "are ([operations](operations.md#files-of-bigdataball))."
    )
    yield _table(_RATE_LIMITS, _hosts())


_QUESTIONS = ("#", "source", "what", "role", "need", "question", "table", "stands in for")
_MEANINGS = ("source", "a proper answer may be", "not there yet by", "replayed", "recorded answers")
_RATE_LIMITS = (
    "host",
    "spacing",
    "at once",
    "left alone for",
    "credits a month",
    "asked whether it changed",
    "sources",
)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _asked(numbered: tuple[str, Source]) -> Sequence[str]:
    number, source = numbered
    asked = first_request(source)
    params = f"?{'&'.join(asked.params)}" if asked.params else ""
    return (
        number,
        f"`{source.name}`",
        source.title,
        source.role,
        "**critical**" if is_critical(source.name) else "optional",
        f"`{asked.host}{unquote(asked.path)}{params}`",
        f"`{source.table}`",
        ", ".join(f"`{name}`" for name in source.fallback_for),
    )


def _meant(source: Source) -> Sequence[str]:
    statuses = source.not_published_statuses if isinstance(source, Feed) else ()
    return (
        f"`{source.name}`",
        ", ".join(f"`{outcome}`" for outcome in outcomes_of(source)),
        ", ".join(str(int(status)) for status in sorted(statuses)),
        "yes" if is_replayed(source) else "no: no facts to replay it from",
        ", ".join(f"`{file}`" for file in recorded_answers(source)) or "none",
    )


def _refusals() -> Iterator[Sequence[str]]:
    for told, status, headers, body in ERROR_RESPONSES:
        response = Response(status=status, headers=headers, body=body, url="", fetched_at=EXAMPLE.games[0].tip_off)
        judgement = classify(response, "json")
        yield told, f"`{judgement.outcome}`" if judgement else "none"


ERROR_RESPONSES: Sequence[tuple[str, int, Mapping[str, str], bytes]] = (
    ("401", 401, {}, b""),
    ("401, no credits left", 401, {"x-requests-remaining": "0"}, b""),
    ("403, 451", 403, {}, b""),
    ("404, 410", 404, {}, b""),
    ("429; 503 with Retry-After", 429, {}, b""),
    ("any other 4xx", 422, {}, b""),
    ("408, 425, 5xx, no answer in time", 500, {}, b""),
    ("200 of another kind: a web page, cut short, larger than the cap", 200, {}, b"<html>"),
)


def _hosts() -> Iterator[Sequence[str]]:
    settings = load_settings(environ={})
    asking: dict[str, list[str]] = {}
    for _, source in by_number():
        for provider in (source.provider, *source.other_providers):
            asking.setdefault(provider.host, []).append(f"`{source.name}`")
    for host, names in asking.items():
        rate_limit = rate_limit_of(host, settings)
        yield (f"`{host}`", *_spacing(rate_limit), "yes" if provider_of(host).conditional else "no", ", ".join(names))


def _spacing(rate_limit: RateLimit) -> Sequence[str]:
    return (
        f"{rate_limit.spacing.total_seconds():g} s",
        str(rate_limit.burst),
        f"{rate_limit.cooldown.total_seconds() / 60:g} min",
        "free" if rate_limit.monthly_credits is None else str(rate_limit.monthly_credits),
    )


if __name__ == "__main__":
    sys.stdout.write(page())
