"""Resolving names: only when exactly one player of the rosters matches."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tipoff.errors import ConfigurationError
from tipoff.sources.base import KnownPlayer
from tipoff.sources.player_names import Resolver, last_name, load_aliases, normalise


def players(*names: str) -> tuple[KnownPlayer, ...]:
    return tuple(
        KnownPlayer(player_id=str(number), player_name=name, team="BOS") for number, name in enumerate(names, 1)
    )


def resolved(name: str, *roster: str) -> str | None:
    player = Resolver(players(*roster), load_aliases()).resolve(name)
    return player.player_name if player else None


@pytest.mark.parametrize(
    ("spelling", "plain"),
    [
        ("Luka Dončić", "luka doncic"),
        ("Dončić, Luka", "luka doncic"),
        ("Payton II, Gary", "gary payton"),
        ("Jaren Jackson Jr.", "jaren jackson"),
        ("Jackson Jr., Jaren", "jaren jackson"),
        ("Jaren Jackson, Jr.", "jaren jackson"),
        ("P. J. Washington", "pj washington"),
        ("PJ Washington", "pj washington"),
        ("D’Angelo  Russell", "dangelo russell"),
        ("Shai Gilgeous-Alexander", "shai gilgeous alexander"),
        ("KRISTAPS PORZIŅĢIS", "kristaps porzingis"),
        ("Dāvis Bertāns", "davis bertans"),
        ("Alperen Şengün", "alperen sengun"),
        ("Nenê", "nene"),
        ("", ""),
    ],
)
def test_spellings_of_a_name_normalise_to_the_same_text(spelling: str, plain: str) -> None:
    assert normalise(spelling) == plain


@given(st.text(max_size=40))
def test_normalising_is_idempotent(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)


BUILT_IN = {normalise(name) for pair in load_aliases().items() for name in pair}
NAMES = st.lists(st.text("abcdefgh", min_size=2, max_size=8), min_size=2, max_size=2).map(" ".join)


@given(st.lists(NAMES, min_size=1, max_size=12, unique_by=lambda name: tuple(sorted(name.split()))), st.data())
def test_every_player_of_a_roster_resolves_in_any_spelling(roster: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(roster))
    first, last = name.split()
    has_namesakes = sum(other.split()[1] == last for other in roster) > 1
    with_suffix = [] if has_namesakes else [f"{name} Jr."]
    dress = data.draw(st.sampled_from([name.upper(), f"{last}, {first}", f"{last} {first}", *with_suffix]))
    assert resolved(dress, *roster) == name


@given(st.lists(NAMES, max_size=8), NAMES)
def test_a_resolved_name_shares_its_words_or_the_only_last_name_with_the_player(roster: list[str], name: str) -> None:
    assume(not {normalise(name), *map(normalise, roster)} & BUILT_IN)
    player = resolved(name, *roster)
    if player is None or sorted(player.split()) == sorted(name.split()):
        return
    (first, last), (quoted_first, quoted_last) = player.split(), name.split()
    assert [other for other in roster if other.split()[1] == last] == [player]
    assert last == quoted_last
    assert first.startswith(quoted_first) or quoted_first.startswith(first)


@given(NAMES, st.permutations(["1", "2", "3"]))
def test_a_name_of_two_players_is_unresolved(name: str, ids: list[str]) -> None:
    roster = [
        KnownPlayer(player_id=ids[0], player_name=name, team="BOS"),
        KnownPlayer(player_id=ids[1], player_name=name.title(), team="NYK"),
        KnownPlayer(player_id=ids[2], player_name="Somebody Else", team="NYK"),
    ]
    assert Resolver(roster).resolve(name) is None


def test_a_player_listed_twice_counts_once() -> None:
    once = KnownPlayer(player_id="7", player_name="Jaylen Brown", team="BOS")
    again = once.model_copy(update={"team": "NYK"})
    assert Resolver([once, again]).resolve("Jaylen Brown") is not None


@pytest.mark.parametrize(
    ("quoted", "roster", "expected"),
    [
        ("Wembanyama Victor", ["Victor Wembanyama", "Devin Vassell"], "Victor Wembanyama"),
        ("G. Antetokounmpo", ["Giannis Antetokounmpo", "Damian Lillard"], "Giannis Antetokounmpo"),
        ("G. Antetokounmpo", ["Giannis Antetokounmpo", "Thanasis Antetokounmpo"], "Giannis Antetokounmpo"),
        ("J. Williams", ["Jalen Williams", "Jaylin Williams"], None),
        ("Jalen Williams", ["Jaylin Williams", "Kenrich Williams"], None),
        ("Keegan Murray", ["Kris Murray"], None),
        ("Gary Payton", ["Gary Payton II"], "Gary Payton II"),
        ("Gary Payton", ["Gary Payton", "Gary Payton II"], "Gary Payton"),
        ("Payton II, Gary", ["Gary Payton", "Gary Payton II"], "Gary Payton II"),
        ("Nicolas Claxton", ["Nic Claxton", "Cam Thomas"], "Nic Claxton"),
        ("Nicolas Claxton", ["Nicolas Claxton"], "Nicolas Claxton"),
        ("Mohamed Bamba", ["Mo Bamba"], "Mo Bamba"),
        ("Herb Jones", ["Herbert Jones", "Derrick Jones Jr."], "Herbert Jones"),
        ("Moe Wagner", ["Moritz Wagner", "Franz Wagner"], "Moritz Wagner"),
        ("Carlton Carrington", ["Bub Carrington"], "Bub Carrington"),
        ("Bub Carrington", ["Carlton Carrington"], "Carlton Carrington"),
        ("Derrick Jones", ["Derrick Jones Jr.", "Herbert Jones"], "Derrick Jones Jr."),
        ("Bruce Brown Jr.", ["Bruce Brown", "Jaylen Brown"], "Bruce Brown"),
        ("Nah'Shon Hyland", ["Bones Hyland"], "Bones Hyland"),
        ("Somebody Unknown", ["Jaylen Brown"], None),
        ("", ["Jaylen Brown"], None),
    ],
)
def test_real_spellings_of_feeds(quoted: str, roster: list[str], expected: str | None) -> None:
    assert resolved(quoted, *roster) == expected


@pytest.mark.parametrize(
    ("quoted", "roster", "meant"),
    [
        ("Alexander Vale", ["Alex Vale", "Orin Reed"], "Alex Vale"),
        ("Alex Vale", ["Alexander Vale"], "Alexander Vale"),
        ("Vale, Alexander", ["Alex Vale"], "Alex Vale"),
        ("ALEXANDER VALE JR.", ["Alex Vale"], "Alex Vale"),
        ("Karl Anthony Vale", ["Karl Vale"], "Karl Vale"),
        ("Al Vale", ["Alex Vale"], "Alex Vale"),
        ("A Vale", ["Alex Vale"], "Alex Vale"),
        ("Alexander Vale", ["A Vale"], None),  # one letter of the player's name is no first name
        ("Alexander Vale", ["Alexis Vale"], None),
        ("Bob Vale", ["Alex Vale"], None),
        ("Alexander Vale-Dorn", ["Alex Vale"], None),
        ("Jal Vale", ["Jalen Vale", "Jalon Vale"], None),
        ("Alexander Vale", ["Alex Vale", "Orin Vale"], None),
        ("Alex", ["Alexander"], None),
    ],
)
def test_a_first_name_may_be_the_beginning_of_the_other_for_the_only_player_of_a_last_name(
    quoted: str, roster: list[str], meant: str | None
) -> None:
    assert resolved(quoted, *roster) == meant


@pytest.mark.parametrize(
    ("quoted", "roster", "meant"),
    [
        ("Orin Vale Jr.", ["Orin Vale"], "Orin Vale"),
        ("Orin Vale", ["Orin Vale III"], "Orin Vale III"),
        ("Orin Vale II", ["Orin Vale III"], "Orin Vale III"),
        ("Orin Vale Jr.", ["Orin Vale", "Orinson Vale"], None),
        ("Orin Vale Jr.", ["Orin Vale", "Elmo Vale"], None),
        ("Orin Vale", ["Orin Vale Jr.", "Elmo Vale"], None),
        ("Vale Jr., Orin", ["Orin Vale", "Elmo Vale"], None),
        ("Vale Orin Jr.", ["Orin Vale", "Elmo Vale"], None),
        ("O. Vale Jr.", ["Orin Vale", "Elmo Vale"], None),
        ("O. Vale Jr.", ["Orin Vale Jr.", "Elmo Vale"], "Orin Vale Jr."),
        ("Orin Vale III", ["Orin Vale", "Orin Vale Jr."], None),
        ("Orin Vale", ["Orin Vale", "Orin Vale Jr."], "Orin Vale"),
        ("Orin Vale Jr", ["Orin Vale", "Orin Vale Jr."], "Orin Vale Jr."),
    ],
)
def test_another_suffix_resolves_only_for_the_only_player_of_a_last_name(
    quoted: str, roster: list[str], meant: str | None
) -> None:
    assert resolved(quoted, *roster) == meant


def test_an_alias_keeps_the_suffix_of_a_name() -> None:
    aliases = {"Oz Vale": "Orin Vale"}
    roster = players("Orin Vale", "Elmo Vale")
    father = Resolver(roster, aliases).resolve("Oz Vale")
    assert father is not None
    assert father.player_name == "Orin Vale"
    assert Resolver(roster, aliases).resolve("Oz Vale Jr.") is None


def test_a_player_of_exactly_the_name_comes_before_an_alias() -> None:
    player = Resolver(players("Orin Vale", "Oz Vale"), {"Oz Vale": "Orin Vale"}).resolve("Oz Vale")
    assert player is not None
    assert player.player_name == "Oz Vale"


def test_only_a_full_name_resolves_in_a_whole_league() -> None:
    league = Resolver(players("Victor Wembanyama", "Giannis Antetokounmpo"))
    assert league.namesake("Giannis Antetokounmpo") is not None
    assert league.namesake("G. Antetokounmpo") is None
    assert league.namesake("Wembanyama Victor") is None


def test_the_nearest_names_come_first() -> None:
    resolver = Resolver(players("Jaylen Brown", "Bruce Brown", "Al Horford", "Moses Brown"))
    assert [player.player_name for player in resolver.candidates("Jalen Brown", 2)] == ["Jaylen Brown", "Bruce Brown"]


def test_the_players_of_the_last_name_come_before_nearer_names() -> None:
    resolver = Resolver(players("Jay Vales", "Jalen Vale", "Orinson Vale"))
    names = [player.player_name for player in resolver.candidates("Jay Vale")]
    assert names == ["Jalen Vale", "Orinson Vale", "Jay Vales"]


def test_every_built_in_alias_is_needed() -> None:
    aliases = load_aliases()
    assert len(aliases) <= 150
    for pair in aliases.items():
        for spelling, name in (pair, pair[::-1]):
            roster = players(name, f"Somebody {last_name(name)}")
            assert Resolver(roster).resolve(spelling) is None
            player = Resolver(roster, aliases).resolve(spelling)
            assert player is not None
            assert player.player_name == name


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("spelling,player_name\nBones,\n", "line 2"),
        ("spelling,player_name\nBones,Bones Hyland\nBones Hyland\n", "line 3"),
        ("nick,name\nBones,Bones Hyland\n", "spelling and player_name"),
    ],
)
def test_an_invalid_alias_file_is_refused_with_its_line(tmp_path: Path, content: str, error: str) -> None:
    file = tmp_path / "aliases.csv"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=error):
        load_aliases(file)


def test_a_missing_alias_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.csv cannot be read"):
        load_aliases(tmp_path / "nowhere.csv")
