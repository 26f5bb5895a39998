"""The thirty teams and how each provider spells them."""

from pydantic import BaseModel, ConfigDict


class Team(BaseModel):
    """One franchise: its NBA tricode and id, and the keys other providers know it by."""

    model_config = ConfigDict(frozen=True)

    tricode: str
    city: str
    name: str
    nba_id: str
    espn_id: str
    bdl_id: str
    """balldontlie's id of the team."""
    espn_tricode: str
    bref_tricode: str

    @property
    def full_name(self) -> str:
        """The name odds feeds use, such as "Los Angeles Clippers"."""
        city = "Los Angeles" if self.tricode == "LAC" else self.city
        return f"{city} {self.name}"


_ROWS = """
ATL|Atlanta|Hawks|1610612737|1|1||
BKN|Brooklyn|Nets|1610612751|17|3||BRK
BOS|Boston|Celtics|1610612738|2|2||
CHA|Charlotte|Hornets|1610612766|30|4||CHO
CHI|Chicago|Bulls|1610612741|4|5||
CLE|Cleveland|Cavaliers|1610612739|5|6||
DAL|Dallas|Mavericks|1610612742|6|7||
DEN|Denver|Nuggets|1610612743|7|8||
DET|Detroit|Pistons|1610612765|8|9||
GSW|Golden State|Warriors|1610612744|9|10|GS|
HOU|Houston|Rockets|1610612745|10|11||
IND|Indiana|Pacers|1610612754|11|12||
LAC|LA|Clippers|1610612746|12|13||
LAL|Los Angeles|Lakers|1610612747|13|14||
MEM|Memphis|Grizzlies|1610612763|29|15||
MIA|Miami|Heat|1610612748|14|16||
MIL|Milwaukee|Bucks|1610612749|15|17||
MIN|Minnesota|Timberwolves|1610612750|16|18||
NOP|New Orleans|Pelicans|1610612740|3|19|NO|
NYK|New York|Knicks|1610612752|18|20|NY|
OKC|Oklahoma City|Thunder|1610612760|25|21||
ORL|Orlando|Magic|1610612753|19|22||
PHI|Philadelphia|76ers|1610612755|20|23||
PHX|Phoenix|Suns|1610612756|21|24||PHO
POR|Portland|Trail Blazers|1610612757|22|25||
SAC|Sacramento|Kings|1610612758|23|26||
SAS|San Antonio|Spurs|1610612759|24|27|SA|
TOR|Toronto|Raptors|1610612761|28|28||
UTA|Utah|Jazz|1610612762|26|29|UTAH|
WAS|Washington|Wizards|1610612764|27|30|WSH|
"""


def _team(row: str) -> Team:
    tricode, city, name, nba_id, espn_id, bdl_id, espn_tricode, bref_tricode = row.split("|")
    return Team(
        tricode=tricode,
        city=city,
        name=name,
        nba_id=nba_id,
        espn_id=espn_id,
        bdl_id=bdl_id,
        espn_tricode=espn_tricode or tricode,
        bref_tricode=bref_tricode or tricode,
    )


TEAMS: dict[str, Team] = {team.tricode: team for team in map(_team, _ROWS.strip().splitlines())}

_BY_NAME: dict[str, Team] = {
    spelling: team for team in TEAMS.values() for spelling in (team.full_name, f"{team.city} {team.name}", team.nba_id)
}


def find_team(name: str) -> Team | None:
    """The team with this full name (either spelling of the Clippers) or NBA id; None if there is none."""
    return _BY_NAME.get(name)
