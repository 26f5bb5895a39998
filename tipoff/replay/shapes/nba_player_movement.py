"""stats.nba.com player movement: always 404, because no archive has player moves."""

from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import not_found
from tipoff.replay.shapes.view import ArchiveView, Params, UpstreamResponse


def player_movement(view: ArchiveView, params: Params) -> UpstreamResponse:
    """404 for every request."""
    return not_found()


ENDPOINTS = (
    Endpoint(
        "nbac_player_movement",
        "stats.nba.com",
        r"js/data/playermovement/NBA_Player_Movement\.json",
        player_movement,
    ),
)
