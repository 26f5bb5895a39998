"""Every provider as data: its host, rate limit, headers, and where its API key goes.

A source names its provider (`Source.provider`); the fetcher and the rate limiter look a request's host up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tipoff.vocabulary import Frozen, RateLimit

_MINUTE = timedelta(minutes=1)
_ADDRESS_BLOCK = timedelta(hours=2)
"""The NBA's networks block an address for hours; requests during the block prolong it."""
_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
_NBA_HEADERS = {"User-Agent": _BROWSER, "Referer": "https://www.nba.com/", "Origin": "https://www.nba.com"}


def per_minute(requests: int, cooldown: timedelta = timedelta(minutes=30)) -> RateLimit:
    """Evenly spaced requests, never two at once."""
    return RateLimit(gap=_MINUTE / requests, spacing=_MINUTE / requests, cooldown=cooldown)


class ApiKey(Frozen):
    """The setting that holds a provider's API key, and where a request carries it: a header or a query parameter."""

    setting: str
    header: str = ""
    parameter: str = ""


class Provider(Frozen):
    """One host that sources poll."""

    host: str
    rate_limit: RateLimit = per_minute(20)
    per_minute_setting: str = ""
    """The setting with the requests a minute of the purchased plan; it replaces `rate_limit`."""
    credits_setting: str = ""
    """The setting with the credits a month of the purchased plan. Empty: requests cost nothing."""
    headers: Mapping[str, str] = {}
    api_key: ApiKey | None = None
    conditional: bool = False
    """Whether it returns 304 "Not Modified" to a request that carries a known ETag."""


NBA_CDN = Provider(
    host="cdn.nba.com",
    # It blocks an address after a longer burst; 15 seconds between requests are known to be safe.
    rate_limit=RateLimit(gap=timedelta(seconds=1), spacing=timedelta(seconds=15), burst=2, cooldown=_ADDRESS_BLOCK),
    headers=_NBA_HEADERS,
    conditional=True,
)
NBA_STATS = Provider(host="stats.nba.com", rate_limit=per_minute(30, _ADDRESS_BLOCK), headers=_NBA_HEADERS)
NBA_INJURY_REPORTS = Provider(host="ak-static.cms.nba.com", rate_limit=per_minute(20, _ADDRESS_BLOCK))
NBA_OFFICIALS = Provider(host="official.nba.com")
NBA_GAMEBOOKS = Provider(host="statsdmz.nba.com")
ESPN = Provider(host="site.api.espn.com", rate_limit=per_minute(60))
THE_ODDS_API = Provider(
    host="api.the-odds-api.com",
    rate_limit=per_minute(30),
    credits_setting="odds_monthly_credits",
    api_key=ApiKey(setting="odds_api_key", parameter="apiKey"),
)
BETTINGPROS = Provider(host="api.bettingpros.com", api_key=ApiKey(setting="bettingpros_key", header="x-api-key"))
BALLDONTLIE = Provider(
    host="api.balldontlie.io",
    per_minute_setting="balldontlie_per_minute",
    api_key=ApiKey(setting="balldontlie_key", header="Authorization"),
)
BIGDATABALL = Provider(host="bigdataball")
"""Not a real host: the setting `bigdataball` names the folder, bucket or website that holds the files."""
GOOGLE_STORAGE = Provider(host="storage.googleapis.com", api_key=ApiKey(setting="google_key", header="x-goog-api-key"))
GOOGLE_DRIVE = Provider(host="www.googleapis.com", api_key=ApiKey(setting="google_key", header="x-goog-api-key"))

PROVIDERS: Mapping[str, Provider] = {
    provider.host: provider
    for provider in (
        *(NBA_CDN, NBA_STATS, NBA_INJURY_REPORTS, NBA_OFFICIALS, NBA_GAMEBOOKS, ESPN),
        *(THE_ODDS_API, BETTINGPROS, BALLDONTLIE, BIGDATABALL, GOOGLE_STORAGE, GOOGLE_DRIVE),
    )
}
"""By host."""


def provider_of(host: str) -> Provider:
    """The provider of a host; one without any special facts where the host is not declared."""
    return PROVIDERS.get(host) or Provider(host=host)
