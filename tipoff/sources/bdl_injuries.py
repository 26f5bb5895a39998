"""balldontlie's injuries: api.balldontlie.io /v1/player_injuries, one question a game about its two teams.

The whole league's list has more entries than a page; two teams' fit into one. There is no mark of the league in the
answer: what keeps others out is that names are looked for on the two rosters alone, and that a team of strangers has
submitted nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar, NamedTuple

from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.injuries import STATUSES, SUBMITTED, injury_row
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.player_names import LONGEST_NAME, TOO_LONG, Resolver, resolver_of, unresolved_row
from tipoff.sources.providers import BALLDONTLIE
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, Role, SlateGame, step_names

LONGEST_PAGE = "100"
TEAM_OF_ID = {team.bdl_id: team.tricode for team in TEAMS.values()}

_DAY_TO_DAY = "Day-To-Day"


class BdlInjuries(Feed):
    """Who is out or doubtful tonight, as balldontlie gathers it from the news."""

    name = "bdl_injuries"
    title = "balldontlie injuries"
    provider = BALLDONTLIE
    role = Role.PRE
    fallback_for = (step_names.INJURY_REPORT,)
    table = "raw_injuries"
    natural_key = ("game_date", "game_id", "player_id")
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
                    "per_page": LONGEST_PAGE,
                },
                game_id=game.game_id,
                part=game.label,
            )
            for game in slate.upcoming(as_of)
        )

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        top = JsonPayload(self.name, response.body).top()
        entries = top.each("data")
        if not entries:
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part}: nobody on either team is listed")
        if not _is_whole(top):
            return judged(Outcome.PARTIAL, f"{request.part}: more than the {len(entries)} entries of a page")
        return judged(Outcome.OK, f"{request.part}: {len(entries)} players")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        games = {
            team: game
            for game in context.slate.games
            if context.game_id in (None, game.game_id)
            for team in (game.away, game.home)
        }
        resolvers = {team: resolver_of(context, [team]) for team in games}
        top, origin = answer.top(), self.origin(context)
        entries = tuple(map(_entry, top.each("data")))
        for team in _submitted(entries, resolvers) if _is_whole(top) else ():
            row = injury_row(context, games[team], team, team, team, SUBMITTED)
            collector.keep({**row, "reason": None, **origin})
        for entry in entries:
            reason = _left_out(entry, games)
            if reason:
                collector.reject(reason)
                continue
            game, resolver = games[entry.team], resolvers[entry.team]
            player = resolver.resolve(entry.player)
            if player is None:
                row = unresolved_row(entry.player, resolver, context, game.game_id, entry.team)
                collector.unresolved({**row, **origin})
                continue
            row = injury_row(context, game, entry.team, player.player_id, entry.player, entry.status)
            collector.keep({**row, "reason": entry.reason, **origin})
        return collector.reading(answer.unknown(self.ignored_fields))


class _Entry(NamedTuple):
    """One player of the list, in our words."""

    player: str
    team: str
    """Tricode; empty for none of the NBA's."""
    status: str
    reason: str | None


def _entry(entry: Fields) -> _Entry:
    player = entry.fields("player")
    return _Entry(
        player=f"{player.text('first_name')} {player.text('last_name')}".strip(),
        team=TEAM_OF_ID.get(player.identifier("team_id"), "") if player.has("team_id") else "",
        status=_status(entry.text("status")),
        reason=(entry.prose("description") or None) if entry.has("description") else None,
    )


def _submitted(entries: Iterable[_Entry], resolvers: Mapping[str, Resolver]) -> list[str]:
    """The teams a whole list tells of: none that is listed with strangers alone, who are another league's."""
    listed = [entry for entry in entries if entry.team in resolvers]
    known = {entry.team for entry in listed if resolvers[entry.team].resolve(entry.player)}
    strange = {entry.team for entry in listed} - known
    return [team for team in resolvers if known and team not in strange]


def _is_whole(top: Fields) -> bool:
    """Whether the list tells who is healthy too: one that was cut, or has nobody, may lack players of either team."""
    return bool(top.each("data")) and not (top.has("meta") and top.fields("meta").has("next_cursor"))


def _status(said: str) -> str:
    """In the words of the official report, as far as we know them."""
    if said.startswith("Out"):
        return "Out"
    return "Questionable" if said == _DAY_TO_DAY else said


def _left_out(entry: _Entry, games: Mapping[str, SlateGame]) -> str | None:
    """Why an entry makes no row; None when it does."""
    if entry.team not in games:
        return "player of no team that was asked about"
    if len(entry.player) > LONGEST_NAME:
        return TOO_LONG
    return None if entry.status in STATUSES else f"unknown status {entry.status!r}"
