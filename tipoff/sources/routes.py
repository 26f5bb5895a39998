"""The routes of requests to a provider: from this machine's address, or through the proxy that the settings name."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from tipoff.settings import ANY_HOST, Settings
from tipoff.sources.providers import BIGDATABALL, GOOGLE_DRIVE, GOOGLE_STORAGE
from tipoff.vocabulary import Route

_GOOGLE_HOSTS = {"gs": GOOGLE_STORAGE.host, "drive": GOOGLE_DRIVE.host}


def routes_of(host: str, settings: Settings) -> tuple[Route, ...]:
    """The routes to a provider, in order; in a replay the direct one only."""
    if settings.upstream or proxy_of(server_of(host, settings), settings) is None:
        return (Route.DIRECT,)
    return (Route.PROXY,) if settings.proxy_mode == "always" else (Route.DIRECT, Route.PROXY)


def proxy_of(server: str, settings: Settings) -> str | None:
    """The URL of the proxy for a server; None: there is none. Without a server, None."""
    proxy = settings.proxies.get(server) or settings.proxies.get(ANY_HOST)
    return proxy.get_secret_value() if proxy and server else None


def server_of(host: str, settings: Settings) -> str:
    """The server that requests to a host go to; for BigDataBall where its files are, empty for a local folder."""
    if host != BIGDATABALL.host:
        return host
    folder = urlsplit(settings.bigdataball or "")
    return (folder.hostname or "") if folder.scheme == "https" else _GOOGLE_HOSTS.get(folder.scheme, "")


def proxy_address(proxy: str) -> str:
    """What may be shown of a proxy's URL: its host and port."""
    return urlsplit(proxy).netloc.rpartition("@")[2]


def proxy_authorization(proxy: str) -> str:
    """The credentials in a proxy's URL as the header `Proxy-Authorization` carries them; empty: there are none."""
    user, _, password = _credentials(proxy).partition(":")
    pair = f"{unquote(user)}:{unquote(password)}"
    return "" if pair == ":" else base64.b64encode(pair.encode()).decode()


def proxy_secrets(settings: Settings) -> Iterator[str]:
    """The proxies' URLs with credentials, and the credentials in every form in which they are sent."""
    for proxy in (value.get_secret_value() for value in settings.proxies.values()):
        if credentials := _credentials(proxy):
            yield from (proxy, credentials, proxy_authorization(proxy))


def proxy_passwords(settings: Settings) -> Iterator[str]:
    """The passwords alone. They may be short words: for texts of errors, not for bodies."""
    for proxy in (value.get_secret_value() for value in settings.proxies.values()):
        user, _, password = _credentials(proxy).partition(":")
        if secret := password or user:
            yield from {secret, unquote(secret)}


def _credentials(proxy: str) -> str:
    """`user:password`, percent-encoded as in the URL."""
    return urlsplit(proxy).netloc.rpartition("@")[0]
