"""Opens the landing of a URL."""

from tipoff.errors import ConfigurationError
from tipoff.landing.base import Landing
from tipoff.landing.local import LocalLanding
from tipoff.settings import folder_of


def open_landing(url: str) -> Landing:
    """Open the landing at `file://PATH`. Raises ConfigurationError for any other URL."""
    if url.startswith("gs://"):
        raise ConfigurationError(f"landing = {url!r}: Google Cloud Storage is not supported yet; use file://PATH")
    return LocalLanding(folder_of(url))
