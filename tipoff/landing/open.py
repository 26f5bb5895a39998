"""The landing that a URL names."""

from tipoff.errors import ConfigurationError
from tipoff.landing.base import Landing
from tipoff.landing.local import LocalLanding
from tipoff.settings import folder_of


def open_landing(url: str) -> Landing:
    """The landing at `file://PATH`. Raises ConfigurationError for other stores."""
    if url.startswith("gs://"):
        raise ConfigurationError(f"landing = {url!r}: Google Cloud Storage is not supported yet; use file://PATH")
    return LocalLanding(folder_of(url))
