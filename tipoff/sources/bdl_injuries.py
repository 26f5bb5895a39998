"""balldontlie's injuries: api.balldontlie.io /v1/player_injuries, one request per game for its two teams.

The whole league has more entries than fit on a page; two teams' entries fit. The response does not name its league.
Entries of another league are kept out because names are resolved within the two rosters only, and because a team
whose listed players are all unresolved does not count as submitted. Neither does a team with a player of unknown
status, or with an unreadable entry.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar, NamedTuple

from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.injuries import NOT_SUBMITTED, SUBMITTED, Injury, InjuryReport, keep_injury, team_row
from tipoff.sources.injury_statuses import STATUSES, status_of, unknown_status
from tipoff.sources.json_payload import Fields, JsonPayload, names, readable
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, Resolver, resolver_of
from tipoff.sources.providers import BALLDONTLIE
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, Role, SlateGame, counted

ENTRIES_PER_PAGE = "100"
"""The most that the provider allows."""
TRICODES = {team.bdl_id: team.tricode for team in TEAMS.values()}


class BdlInjuries(Feed):
    """The status of injured players tonight, as balldontlie collects it from the news."""

    name = "bdl_injuries"
    title = "balldontlie injuries"
    number = 18
    provider = BALLDONTLIE
    role = Role.PRE
    answers_for_past = False
    fallback_for = (InjuryReport.name,)
    table = "raw_injuries"
    natural_key = ("game_date", "game_id", "player_id")
    fault_outcomes = {
        "stale": Outcome.SUSPICIOUSLY_EMPTY,
        "late": Outcome.SUSPICIOUSLY_EMPTY,
    }
    needs_players = True
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        id position height weight jersey_number college country draft_year draft_round draft_number return_date
        meta
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(
            Request(
                host=BALLDONTLIE.host,
                path="/v1/player_injuries",
                params={
                    "team_ids[]": (TEAMS[game.away].bdl_id, TEAMS[game.home].bdl_id),
                    "per_page": ENTRIES_PER_PAGE,
                },
                game_id=game.game_id,
                part=game.label,
            )
            for game in slate.upcoming(as_of)
        )

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement:
        top = JsonPayload(self.name, response).top()
        entries = top.each("data")
        if not entries:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part}: no player of either team is listed")
        if not _is_complete(top):
            return judged(Outcome.PARTIAL, f"{request.part}: more entries than the {len(entries)} of the first page")
        return judged(Outcome.OK, f"{request.part}: {counted(len(entries), 'player')}")

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        games = {
            team: game
            for game in context.slate.games
            if context.game_id in (None, game.game_id)
            for team in (game.away, game.home)
        }
        resolvers = {team: resolver_of(context, [team]) for team in games}
        top, origin = payload.top(), self.origin(context)
        entries = _entries(top.each("data"), games, collector)
        for team, status in _team_statuses(entries, resolvers) if _is_complete(top) else ():
            collector.keep({**team_row(team, status, games[team], context), **origin})
        for entry in entries:
            if isinstance(entry, _Unreadable):
                continue
            if reason := _rejection_reason(entry):
                collector.reject(reason)
            else:
                keep_injury(collector, entry, games[entry.team], resolvers[entry.team], context, origin)
        return collector.reading(payload.unknown(self.ignored_fields))


class _Unreadable(NamedTuple):
    """An unreadable entry."""

    team: str | None
    """None: unreadable too."""


def _entries(
    listed: Iterable[Fields], games: Mapping[str, SlateGame], collector: RowCollector
) -> list[Injury | _Unreadable]:
    """The entries of the teams of some games, and those whose team is unreadable."""
    teams = [(readable(_team, entry), entry) for entry in listed]
    of_games = [entry for team, entry in teams if team is None or team in games]
    collector.reject("player of a team that was not requested", len(teams) - len(of_games))
    return collector.read_each(of_games, _entry, lambda entry: _Unreadable(readable(_team, entry)))


def _entry(entry: Fields) -> Injury:
    """One player of the list."""
    player = entry.fields("player")
    player_name = f"{player.text('first_name')} {player.text('last_name')}".strip()
    if not player_name:
        raise player.problem("last_name", "is blank")
    return Injury(
        team=_team(entry),
        player_name=player_name,
        status=_status(entry),
        reason=(entry.prose("description") or None) if entry.has("description") else None,
    )


def _team(entry: Fields) -> str:
    """The tricode of a player's team; empty for a player outside the NBA."""
    return TRICODES.get(entry.fields("player").identifier("team_id"), "")


def _team_statuses(
    entries: Iterable[Injury | _Unreadable], resolvers: Mapping[str, Resolver]
) -> Iterator[tuple[str, str]]:
    """Each team of a complete list and whether it counts as submitted.

    A team whose listed players are all unresolved is one of another league and is left out. An entry that is left out
    makes its team unclear: the player is listed, hence not known to be healthy.
    """
    entries = tuple(entries)
    listed = [entry for entry in entries if isinstance(entry, Injury)]
    with_known_players = {entry.team for entry in listed if resolvers[entry.team].resolve(entry.player_name)}
    unknown_only = {entry.team for entry in listed} - with_known_players
    unclear = {entry.team for entry in entries if isinstance(entry, _Unreadable) or _rejection_reason(entry)}
    for team in resolvers if with_known_players else ():
        if team not in unknown_only:
            yield team, NOT_SUBMITTED if {team, None} & unclear else SUBMITTED


def _is_complete(top: Fields) -> bool:
    """Whether an unlisted player is healthy: an empty list, or one with further pages, may lack players."""
    return bool(top.each("data")) and not (top.has("meta") and top.fields("meta").has("next_cursor"))


def _status(entry: Fields) -> str:
    """The official report's word for a status; an unknown status stays as it is, a missing one is empty."""
    provider_status = entry.text("status") if entry.has("status") else ""
    return status_of(provider_status) or provider_status


def _rejection_reason(entry: Injury) -> str | None:
    """Why an entry is left out; None when it is kept."""
    if len(entry.player_name) > LONGEST_NAME:
        return TOO_LONG
    return None if entry.status in STATUSES else unknown_status(entry.status)
