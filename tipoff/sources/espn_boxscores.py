"""ESPN's box score of one game: site.api.espn.com summary?event=ID, with the event's ID from its scoreboard.

A player's statistics are texts in the order of the block's own keys. Minutes are whole minutes.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from tipoff.sources import espn
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.bdl_boxscores import BdlBoxscores
from tipoff.sources.box_players import Entry, PlayerReaders, judged_box_score, keep_players, read_players
from tipoff.sources.boxscore_rules import NO_FIGURE, ROWS_PER_GAME, games_to_request, not_final, parse_minutes
from tipoff.sources.boxscores import PlayerBoxscores
from tipoff.sources.espn_scoreboard import EspnScoreboard
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.game_boxscores import LiveBoxscores
from tipoff.sources.game_status import GameStatus
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.providers import ESPN
from tipoff.sources.rejections import NOT_ON_SLATE
from tipoff.vocabulary import Outcome, Role, SlateGame, counted, game_date_of

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "minutes": ("minutes",),
    "points": ("points",),
    "fieldGoalsMade-fieldGoalsAttempted": ("fgm", "fga"),
    "threePointFieldGoalsMade-threePointFieldGoalsAttempted": ("fg3m", "fg3a"),
    "freeThrowsMade-freeThrowsAttempted": ("ftm", "fta"),
    "rebounds": ("reb",),
    "assists": ("ast",),
    "turnovers": ("tov",),
    "steals": ("stl",),
    "blocks": ("blk",),
    "offensiveRebounds": ("oreb",),
    "defensiveRebounds": ("dreb",),
    "fouls": ("pf",),
    "plusMinus": ("plus_minus",),
}
"""The provider's key -> our columns."""


class EspnBoxscores(Feed):
    """Results from ESPN, one request per game; it knows players by name only."""

    name = "espn_boxscores"
    title = "ESPN box scores"
    number = 19
    provider = ESPN
    role = Role.POST
    fallback_for = (PlayerBoxscores.name, LiveBoxscores.name, BdlBoxscores.name)
    table = "raw_player_boxscores"
    natural_key = ("game_date", "game_id", "player_id")
    needs_players = True
    needs_ids_of = EspnScoreboard.name
    ignored_fields: ClassVar[frozenset[str]] = names(
        """
        againstTheSpread article broadcasts format gameInfo injuries lastFiveGames leaders links logos meta news notes
        odds pickcenter plays playoffs predictor season seasonseries series shop standings stickyMessage ticketsInfo
        timeValid videos wallclockAvailable watchListen winprobability teams displayOrder guid location name
        abbreviation shortName shortDisplayName slug color alternateColor logo isTournament uid id displayName
        homeAway league shortDetail names conferenceCompetition boxscoreAvailable commentaryAvailable liveAvailable
        shotChartAvailable timeoutsAvailable possessionArrowAvailable onWatchESPN recent boxscoreSource
        playByPlaySource boxscoreMinutes order winner linescores record possession neutralSite rank bonusState
        timeoutsUsed state completed description detail gamecastAvailable playByPlayAvailable lineupAvailable venue
        labels descriptions totals active starter reason ejected headshot jersey position
        """
    )

    def requests(self, slate: Slate, as_of: datetime, provider_ids: Mapping[str, str]) -> tuple[Request, ...]:
        return tuple(
            Request(
                host=ESPN.host,
                path="/apis/site/v2/sports/basketball/nba/summary",
                params={"event": provider_ids[game.game_id]},
                game_id=game.game_id,
                part=game.label,
            )
            for game in games_to_request(slate, as_of)
            if game.game_id in provider_ids
        )

    def judge_frame(self, request: Request, response: Response, slate: Slate) -> Judgement | None:
        top = JsonPayload(self.name, response).top()
        competition = _competition(top)
        game = _slate_game(competition, slate, request.game_id)
        if game is None or not _status(competition).is_final:
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part} is not final: {_status_text(competition)}")
        return None

    def judge_reading(self, request: Request, response: Response, slate: Slate, reading: Reading) -> Judgement:
        return judged_box_score(request.part, reading)

    def read(self, response: bytes | Response, context: ReadContext) -> Reading:
        payload, collector = JsonPayload(self.name, response), RowCollector(self.natural_key)
        top = payload.top()
        competition, listed = _competition(top), _listed_players(top)
        game, status = _slate_game(competition, context.slate, context.game_id), _status(competition)
        if game is None or not status.is_final:
            collector.reject(not_final(status) if game else NOT_ON_SLATE, len(listed))
        else:
            players = read_players(collector, listed)
            keep_players(collector, players, _score(competition), game, context, self.origin(context))
        return collector.reading((*payload.unknown(self.ignored_fields), *_unknown_keys(top)))

    def expected_rows(self, slate: Slate) -> int:
        return ROWS_PER_GAME * len(slate.games)


def _competition(top: Fields) -> Fields:
    """The game. Raises ContractError for a game of another league, whose responses have the same shape."""
    header = top.fields("header")
    if espn.LEAGUE_IN_UID not in header.text("uid"):
        raise header.problem("uid", "is of another league")
    competitions = header.each("competitions")
    if len(competitions) != 1:
        raise header.problem("competitions", f"are {len(competitions)}, expected 1")
    return competitions[0]


def _sides(competition: Fields) -> dict[str, Fields]:
    """The competitor object of each team, by tricode. Raises ContractError unless there are two NBA teams."""
    sides = {_tricode(side): side for side in competition.each("competitors")}
    if len(sides) != 2:
        raise competition.problem("competitors", f"are of {counted(len(sides), 'team')}, expected 2")
    return sides


def _tricode(side: Fields) -> str:
    team = side.fields("team")
    espn_id = team.identifier("id")
    if espn_id not in espn.TRICODES:
        raise team.problem("id", f"{espn_id!r} is not an NBA team")
    return espn.TRICODES[espn_id]


def _slate_game(competition: Fields, slate: Slate, requested: str | None) -> SlateGame | None:
    """The slate's game of the same teams and date. Raises ContractError when another game was requested."""
    teams, game_date = _sides(competition).keys(), game_date_of(competition.time("date"))
    games = [game for game in slate.games if game_date == slate.game_date and {game.home, game.away} == teams]
    if requested and [game.game_id for game in games] != [requested]:
        received = f"{' and '.join(sorted(teams))} on {game_date}"
        raise competition.problem("competitors", f"are {received}, requested game {requested} of {slate.game_date}")
    return games[0] if games else None


def _status(competition: Fields) -> GameStatus:
    return espn.status_of([competition.fields("status")], lambda: _score(competition).values())


def _status_text(competition: Fields) -> str:
    return competition.fields("status").fields("type").text("shortDetail")


def _score(competition: Fields) -> dict[str, int]:
    """Points by team. Raises ContractError."""
    return {team: _points(side) for team, side in _sides(competition).items()}


def _points(side: Fields) -> int:
    text = side.identifier("score")
    if not re.fullmatch("[0-9]{1,3}", text):
        raise side.problem("score", f"{text!r} is not a number of points")
    return int(text)


def _blocks(top: Fields) -> list[tuple[str, Fields]]:
    """Each team's tricode with its block of statistics; empty before the provider has any."""
    box = top.fields("boxscore")
    sides = box.each("players") if box.has("players") else []
    return [(_tricode(side), block) for side in sides for block in side.each("statistics")]


def _keys(block: Fields) -> list[str]:
    """The names of the statistics, in their order. Raises ContractError when a needed one is missing."""
    keys = [str(key) for key in block.values("keys")]
    missing = _COLUMNS.keys() - set(keys) - {"plusMinus"}
    if missing:
        raise block.problem("keys", f"have no {', '.join(sorted(missing))}")
    return keys


def _unknown_keys(top: Fields) -> tuple[str, ...]:
    """Paths of statistics that the provider added."""
    added = {key for _, block in _blocks(top) for key in _keys(block)} - _COLUMNS.keys()
    return tuple(f"$.boxscore.players[].statistics[].keys[].{key}" for key in sorted(added))


def _listed_players(top: Fields) -> list[Entry]:
    """Every listed player; those who did not play are among them."""
    return [
        Entry(team, player, readers)
        for team, block in _blocks(top)
        for readers in [PlayerReaders(_did_play, partial(_player_row, keys=_keys(block)), _player_name)]
        for player in block.each("athletes")
    ]


def _did_play(player: Fields) -> bool:
    """Whether there are figures and no flag says that the player did not play."""
    return not player.flag("didNotPlay") and any(map(_is_figure, _statistics(player)))


def _player_row(player: Fields, keys: list[str]) -> Row:
    statistics = _statistics(player)
    if len(statistics) != len(keys):
        raise player.problem("stats", f"are {len(statistics)}, expected {len(keys)}: one for each key")
    row: Row = {"player_name": _player_name(player), "plus_minus": None}
    for key, statistic in zip(keys, statistics, strict=True):
        row |= _columns_of(player, key, statistic) if key in _COLUMNS else {}
    return row


def _player_name(player: Fields) -> str:
    return player.fields("athlete").text("displayName")


def _statistics(player: Fields) -> list[Any]:
    return player.values("stats") if player.has("stats") else []


def _is_figure(statistic: Any) -> bool:
    return statistic is not None and str(statistic).strip() not in NO_FIGURE


def _columns_of(player: Fields, key: str, statistic: Any) -> Row:
    """The columns of one statistic. Raises ContractError when the text is invalid."""
    try:
        return dict(zip(_COLUMNS[key], _PARSERS.get(key, _parse_counts)(statistic), strict=True))
    except (TypeError, ValueError) as error:
        raise player.problem("stats", f"{str(statistic)[:20]!r} is invalid for {key}") from error


def _parse_counts(text: str) -> tuple[float, ...]:
    """One count, or made and attempted: "4-9". Raises ValueError."""
    if not re.fullmatch("[0-9]{1,3}(-[0-9]{1,3})?", text):
        raise ValueError(f"{text!r} is not a count")
    return tuple(map(int, text.split("-")))


def _parse_plus_minus(text: str) -> tuple[float | None]:
    if not _is_figure(text):
        return (None,)
    if not re.fullmatch("[+-]?[0-9]{1,2}", text):
        raise ValueError(f"{text!r} is not a plus-minus")
    return (float(text),)


_PARSERS: Mapping[str, Callable[[str], tuple[float | None, ...]]] = {
    "minutes": lambda text: (parse_minutes(text),),
    "plusMinus": _parse_plus_minus,
}
"""The parsers of statistics that are not counts, by key."""
