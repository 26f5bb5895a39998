"""ESPN's box score of one game: site.api.espn.com summary?event=ID, where the ID is an event of its scoreboard.

Figures are texts in the order of the block's own keys. Minutes are whole ones.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Row, Slate
from tipoff.sources.espn_scoreboard import EspnScoreboard
from tipoff.sources.feed import Feed, RowCollector, judged
from tipoff.sources.json_payload import Fields, JsonPayload, names
from tipoff.sources.played import (
    DID_NOT_PLAY,
    NOT_FINAL,
    NOT_TONIGHT,
    NOT_WHOLE,
    ROWS_A_GAME,
    due_games,
    is_whole,
    keep_named,
    minutes_played,
)
from tipoff.sources.rosters import HOST
from tipoff.teams import TEAMS
from tipoff.vocabulary import Outcome, Role, SlateGame, game_date_of, step_names

_NBA = "~l:46~"
"""The league's part of ESPN's ids."""
_OF_ESPN_ID = {team.espn_id: team.tricode for team in TEAMS.values()}
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
"""The provider's keys -> our columns."""


class EspnBoxscores(Feed):
    """Results as ESPN has them: one question a game, names only."""

    name = "espn_boxscores"
    title = "ESPN box scores"
    provider = HOST
    role = Role.POST
    fallback_for = (step_names.PLAYER_BOX_SCORES, "nbac_live_boxscore", "bdl_player_boxscores")
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
                host=HOST,
                path="/apis/site/v2/sports/basketball/nba/summary",
                params={"event": provider_ids[game.game_id]},
                game_id=game.game_id,
                part=game.label,
            )
            for game in due_games(slate, as_of)
            if game.game_id in provider_ids
        )

    def judge_body(self, request: Request, response: Response, slate: Slate) -> Judgement:
        top = JsonPayload(self.name, response.body).top()
        competition = _competition(top)
        game = _game_of(competition, slate, request.game_id)
        if game is None or not _is_final(competition):
            return judged(Outcome.NOT_PUBLISHED_YET, f"{request.part} is not final: {_status(competition)}")
        lines = _lines(top)
        if not is_whole(lines, _score(competition)):
            return judged(Outcome.SUSPICIOUSLY_EMPTY, f"{request.part}: the players do not make up the score")
        return judged(Outcome.OK, f"{request.part}: {len(lines)} players")

    def read(self, body: bytes, context: ReadContext) -> Reading:
        answer, collector = JsonPayload(self.name, body), RowCollector(self.natural_key)
        top = answer.top()
        competition, listed, lines = _competition(top), len(_listed(top)), _lines(top)
        game, final = _game_of(competition, context.slate, context.game_id), _is_final(competition)
        if game is None or not final:
            collector.reject(NOT_FINAL if game else NOT_TONIGHT, listed)
        elif not is_whole(lines, _score(competition)):
            collector.reject(NOT_WHOLE, listed)
        else:
            collector.reject(DID_NOT_PLAY, listed - len(lines))
            keep_named(collector, lines, game, context, self.origin(context))
        return collector.reading((*answer.unknown(self.ignored_fields), *_unknown_keys(top)))

    def expected_rows(self, slate: Slate) -> int:
        return ROWS_A_GAME * len(slate.games)


def _competition(top: Fields) -> Fields:
    """The game. Raises ContractError for a sister league's, whose shape is the same."""
    header = top.fields("header")
    if _NBA not in header.text("uid"):
        raise header.problem("uid", "is of another league than the NBA")
    competitions = header.each("competitions")
    if len(competitions) != 1:
        raise header.problem("competitions", f"are {len(competitions)}, wanted 1")
    return competitions[0]


def _sides(competition: Fields) -> dict[str, Fields]:
    """What is said of each team, by tricode. Raises ContractError for anything but two teams of the NBA."""
    sides = {_tricode(side): side for side in competition.each("competitors")}
    if len(sides) != 2:
        raise competition.problem("competitors", f"are of {len(sides)} teams, wanted 2")
    return sides


def _tricode(side: Fields) -> str:
    team = side.fields("team")
    espn_id = team.identifier("id")
    if espn_id not in _OF_ESPN_ID:
        raise team.problem("id", f"{espn_id!r} is no NBA team")
    return _OF_ESPN_ID[espn_id]


def _game_of(competition: Fields, slate: Slate, asked: str | None) -> SlateGame | None:
    """The slate's game of the same teams and date. Raises ContractError when another one was asked for."""
    teams, game_date = _sides(competition).keys(), game_date_of(competition.moment("date"))
    tonight = [game for game in slate.games if game_date == slate.game_date and {game.home, game.away} == teams]
    if asked and [game.game_id for game in tonight] != [asked]:
        told = f"{' and '.join(sorted(teams))} on {game_date}"
        raise competition.problem("competitors", f"are {told}, asked for game {asked} of {slate.game_date}")
    return tonight[0] if tonight else None


def _status(competition: Fields) -> str:
    return competition.fields("status").fields("type").text("shortDetail")


def _is_final(competition: Fields) -> bool:
    return competition.fields("status").fields("type").text("name") == "STATUS_FINAL"


def _score(competition: Fields) -> dict[str, int]:
    """Points by team. Raises ContractError."""
    return {team: _points(side) for team, side in _sides(competition).items()}


def _points(side: Fields) -> int:
    text = side.identifier("score")
    if not re.fullmatch("[0-9]{1,3}", text):
        raise side.problem("score", f"{text!r} is no number of points")
    return int(text)


def _blocks(top: Fields) -> list[tuple[str, Fields]]:
    """Each team's block of figures; none before there are any."""
    box = top.fields("boxscore")
    sides = box.each("players") if box.has("players") else []
    return [(_tricode(side), block) for side in sides for block in side.each("statistics")]


def _keys(block: Fields) -> list[str]:
    """What the figures are. Raises ContractError when one that we need is not there."""
    keys = [str(key) for key in block.values("keys")]
    missing = _COLUMNS.keys() - set(keys) - {"plusMinus"}
    if missing:
        raise block.problem("keys", f"have no {', '.join(sorted(missing))}")
    return keys


def _unknown_keys(top: Fields) -> tuple[str, ...]:
    """Figures that the provider added, as paths."""
    added = {key for _, block in _blocks(top) for key in _keys(block)} - _COLUMNS.keys()
    return tuple(f"$.boxscore.players[].statistics[].keys[].{key}" for key in sorted(added))


def _listed(top: Fields) -> list[Fields]:
    return [player for _, block in _blocks(top) for player in block.each("athletes")]


def _lines(top: Fields) -> list[Row]:
    """The players who played."""
    return [
        {"team": team, **line}
        for team, block in _blocks(top)
        for keys in [_keys(block)]
        for player in block.each("athletes")
        if (line := _line(player, keys))
    ]


def _line(player: Fields, keys: list[str]) -> Row | None:
    """A player's figures; None for one who did not play."""
    name, figures = player.fields("athlete").text("displayName"), player.values("stats")
    if player.boolean("didNotPlay") or not figures:
        return None
    if len(figures) != len(keys):
        raise player.problem("stats", f"are {len(figures)}, wanted {len(keys)}: one for each key")
    row: Row = {"player_name": name, "plus_minus": None}
    for key, figure in zip(keys, figures, strict=True):
        row |= _numbers(player, key, figure) if key in _COLUMNS else {}
    return row


def _numbers(player: Fields, key: str, figure: Any) -> Row:
    """The columns of one figure. Raises ContractError for what is no such figure."""
    try:
        return dict(zip(_COLUMNS[key], _PARSERS.get(key, _counts)(figure), strict=True))
    except (TypeError, ValueError) as error:
        raise player.problem("stats", f"{str(figure)[:20]!r} can not be used as {key}") from error


def _counts(text: str) -> tuple[float, ...]:
    """One count, or made and tried: "4-9". Raises ValueError."""
    if not re.fullmatch("[0-9]{1,3}(-[0-9]{1,3})?", text):
        raise ValueError(f"{text!r} is no count")
    return tuple(map(int, text.split("-")))


def _plus_minus(text: str) -> tuple[float, ...]:
    if not re.fullmatch("[+-]?[0-9]{1,2}", text):
        raise ValueError(f"{text!r} is no plus or minus")
    return (float(text),)


_PARSERS: Mapping[str, Callable[[str], tuple[float, ...]]] = {
    "minutes": lambda text: (minutes_played(text),),
    "plusMinus": _plus_minus,
}
"""What is no count -> how it is read."""
