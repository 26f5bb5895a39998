"""Errors, grouped by what the reader must do.

TipoffError
├── ConfigurationError      a person mends the configuration
├── BadInputError           a person mends what was typed or passed
│   └── ArchiveError        the archive folder is missing, foreign or damaged
├── ContractError           a provider's answer lacks what we need; look at the landed file
├── StorageError            the disk or the store refused; nothing was half-written
│   └── WarehouseLockedError  another process has the warehouse open
├── TransportFault          the network failed; trying again in seconds can help
├── BodyTooLargeError       a provider sent more than the cap; look at what it serves
└── NotEnoughDataError      a computation has too little to stand on; wait or degrade
"""

from tipoff.vocabulary import shortened


class TipoffError(Exception):
    """Root of all errors that tipoff raises on purpose; its text says what to do next."""


class ConfigurationError(TipoffError):
    """The configuration names something impossible."""


class BadInputError(TipoffError):
    """Something typed or passed in is not usable; nothing was changed."""


class ArchiveError(BadInputError):
    """The archive folder is missing, foreign or damaged."""


class ContractError(TipoffError):
    """A provider's answer lacks a needed field or has it in another type."""

    def __init__(self, source: str, path: str, problem: str, landed: str = "") -> None:
        where = f" (landed: {landed})" if landed else ""
        super().__init__(shortened(f"{source}: {path}: {problem}", 300 - len(where)) + where)
        self.source = source
        self.path = path
        self.problem = problem

    def of(self, landed: str) -> "ContractError":
        """The same error with the key of the landed answer."""
        return ContractError(self.source, self.path, self.problem, landed)


class StorageError(TipoffError):
    """The disk or the store refused; what stood before still stands."""


class WarehouseLockedError(StorageError):
    """Another process has the warehouse open."""


class NotEnoughDataError(TipoffError):
    """A computation has too little to stand on."""


class TransportFault(TipoffError):  # noqa: N818 - domain word: a fault passes in seconds, an error stays
    """The network failed or the provider stumbled; trying again in seconds can help."""


class BodyTooLargeError(TipoffError):
    """A provider sent more than the cap."""
