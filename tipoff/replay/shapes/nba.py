"""Parts that several NBA responses share."""

from collections.abc import Mapping, Sequence

from tipoff.replay.shapes.view import UpstreamResponse, json_response
from tipoff.teams import Team

_SLUGS = {"PHI": "sixers", "POR": "blazers"}


def team_slug(team: Team) -> str:
    """The team's name in the NBA's addresses, such as "sixers"."""
    return _SLUGS.get(team.tricode, team.name.lower())


def first_and_last(name: str) -> tuple[str, str]:
    """Split a full name as the NBA does: "Gary Payton II" into Gary and Payton II; a single name is a last name."""
    first, _, last = name.partition(" ")
    return (first, last) if last else ("", first)


def result_sets(
    resource: str,
    parameters: Mapping[str, object],
    name: str,
    headers: Sequence[str],
    rows: Sequence[Sequence[object]],
) -> UpstreamResponse:
    """A stats.nba.com response with one result set."""
    result_set = {"name": name, "headers": headers, "rowSet": rows}
    return json_response({"resource": resource, "parameters": parameters, "resultSets": [result_set]})
