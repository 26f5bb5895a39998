"""Resolving names: only when exactly one player of the rosters matches."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tipoff.errors import ConfigurationError
from tipoff.sources.base import KnownPlayer
from tipoff.sources.player_names import Resolver, load_aliases, normalise


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


NAMES = st.lists(st.text("abcdefgh", min_size=2, max_size=8), min_size=2, max_size=2).map(" ".join)


@given(st.lists(NAMES, min_size=1, max_size=12, unique_by=lambda name: tuple(sorted(name.split()))), st.data())
def test_every_player_of_a_roster_resolves_in_any_spelling(roster: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(roster))
    first, last = name.split()
    dress = data.draw(st.sampled_from([name.upper(), f"{last}, {first}", f"{last} {first}", f"{name} Jr."]))
    assert resolved(dress, *roster) == name


@given(st.lists(NAMES, max_size=8), NAMES)
def test_a_resolved_name_shares_its_words_with_the_player(roster: list[str], name: str) -> None:
    assume(normalise(name) not in {normalise(spelling) for spelling in load_aliases()})
    player = resolved(name, *roster)
    assert player is None or sorted(player.split()) == sorted(name.split())


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
        ("Somebody Unknown", ["Jaylen Brown"], None),
        ("", ["Jaylen Brown"], None),
    ],
)
def test_real_spellings_of_feeds(quoted: str, roster: list[str], expected: str | None) -> None:
    assert resolved(quoted, *roster) == expected


def test_only_a_full_name_resolves_in_a_whole_league() -> None:
    league = Resolver(players("Victor Wembanyama", "Giannis Antetokounmpo"))
    assert league.namesake("Giannis Antetokounmpo") is not None
    assert league.namesake("G. Antetokounmpo") is None
    assert league.namesake("Wembanyama Victor") is None


def test_the_nearest_names_come_first() -> None:
    resolver = Resolver(players("Jaylen Brown", "Bruce Brown", "Al Horford", "Moses Brown"))
    assert [player.player_name for player in resolver.candidates("Jalen Brown", 2)] == ["Jaylen Brown", "Bruce Brown"]


def test_every_built_in_alias_is_needed() -> None:
    aliases = load_aliases()
    assert len(aliases) <= 60
    for spelling, name in aliases.items():
        assert Resolver(players(name)).resolve(spelling) is None
        assert Resolver(players(name), aliases).resolve(spelling) is not None


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
