"""No secret survives in a text, wherever it stands and however it is spelled."""

from __future__ import annotations

import string
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.redaction import redact, redact_bytes

KEYS = st.text(alphabet=string.ascii_letters + string.digits + "-_.~!$*+/=", min_size=8, max_size=64)
WORDS = st.text(alphabet=string.ascii_letters + " :/", max_size=20)


@given(KEYS, WORDS, WORDS)
def test_a_given_secret_is_gone_however_queries_spell_it(secret: str, before: str, after: str) -> None:
    for spelled in (secret, quote(secret, safe=""), urlencode({"x": secret})):
        assert secret not in redact(f"{before}{spelled}{after}", [secret])
        assert quote(secret, safe="") not in redact(f"{before}{spelled}{after}", [secret])


@given(
    st.text(alphabet=string.ascii_letters + string.digits, min_size=8), st.sampled_from(["apiKey", "api_key", "token"])
)
def test_a_key_in_a_query_is_gone_though_nobody_named_it(key: str, name: str) -> None:
    url = f"https://api.the-odds-api.com/v4/odds?regions=us&{name}={key}&markets=h2h"
    assert redact(url) == f"https://api.the-odds-api.com/v4/odds?regions=us&{name}=***&markets=h2h"


@given(st.text(alphabet=string.ascii_letters + string.digits, min_size=8))
def test_a_password_in_an_address_is_gone(password: str) -> None:
    assert redact(f"proxy http://me:{password}@proxy:3128 refused") == "proxy http://***@proxy:3128 refused"


@given(KEYS, st.binary(max_size=50))
def test_a_provider_that_repeats_the_key_does_not_land_it(secret: str, around: bytes) -> None:
    assert secret.encode() not in redact_bytes(around + secret.encode() + around, [secret])


@given(st.text(), st.lists(KEYS, max_size=3))
def test_doing_it_twice_changes_nothing(text: str, secrets: list[str]) -> None:
    once = redact(text, secrets)
    assert redact(once, secrets) == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'authorization': 'abcdef'}", "{'authorization': '***'}"),
        ('{"apiKey": "abcdef", "n": 1}', '{"apiKey": "***", "n": 1}'),
        ("{'api_key': \"it's\", 'n': 1}", "{'api_key': \"***\", 'n': 1}"),
        ("apiKey=abcdef&n=1", "apiKey=***&n=1"),
        ("asked with (apiKey=abcdef&n=1)", "asked with (apiKey=***&n=1)"),
        ("asked with 'token=abcdef'", "asked with 'token=***'"),
        ("TIPOFF_ODDS_API_KEY=abcdef", "TIPOFF_ODDS_API_KEY=***"),
        ("broken=1&monkey=2", "broken=1&monkey=2"),
        ("no key here, 12 games at https://cdn.nba.com/a?x=1", "no key here, 12 games at https://cdn.nba.com/a?x=1"),
    ],
)
def test_headers_and_json_lose_the_secret_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown
