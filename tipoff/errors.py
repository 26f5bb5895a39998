"""Errors, grouped by what to do about them.

TipoffError
├── ConfigurationError      fix the configuration
├── BadInputError           fix the command or argument
│   └── ArchiveError        the archive folder is missing, foreign or damaged
├── ChecksFailedError       rows violate a check of their table; correct the input
├── ContractError           a payload lacks a needed field; read the landed file
├── StorageError            the disk or the store failed; nothing is half-written
│   ├── WarehouseLockedError   another process has the warehouse open
│   ├── ConcurrentUpdateError  another process is writing; retry the step
│   └── DamagedModelError      a stored model is damaged; train again
├── TransportFault          the network failed; a retry in seconds can help
├── DeliveryError           a channel did not take an alert; it is delivered again later
├── InvalidRequestError     a request cannot be sent as it is built; nothing was sent
├── BodyTooLargeError       a response is above the size cap; check what the provider serves
├── ProcessEndedError       a process that trains or predicts ended without a result; a retry can help
└── NotEnoughDataError      a computation lacks data; wait or degrade
"""

from tipoff.vocabulary import shortened


class TipoffError(Exception):
    """Base of all errors that tipoff raises on purpose; the text says what to do next."""


class ConfigurationError(TipoffError):
    """The configuration is invalid."""


class BadInputError(TipoffError):
    """A command or argument is invalid; nothing was changed."""


class ChecksFailedError(TipoffError):
    """Rows violate a check of their table, or what a step reads is not there; nothing was written."""


class ArchiveError(BadInputError):
    """The archive folder is missing, foreign or damaged."""


class ContractError(TipoffError):
    """A payload lacks a needed field or has it in another type."""

    def __init__(self, source: str, path: str, problem: str, landed: str = "") -> None:
        where = f" (landed: {landed})" if landed else ""
        super().__init__(shortened(f"{source}: {path}: {problem}", 300 - len(where)) + where)
        self.source = source
        self.path = path
        self.problem = problem

    def of(self, landed: str) -> "ContractError":
        """The same error with the key of the landed payload."""
        return ContractError(self.source, self.path, self.problem, landed)


class StorageError(TipoffError):
    """The disk or the store failed; the earlier content is unchanged."""


class WarehouseLockedError(StorageError):
    """Another process has the warehouse open."""


class ConcurrentUpdateError(StorageError):
    """Another process is writing at the same time; nothing was written."""


class DamagedModelError(StorageError):
    """A stored model is missing or differs from its checksum; an earlier one may be used."""


class ProcessEndedError(TipoffError):
    """A process that trains or predicts ended without a result."""


class NotEnoughDataError(TipoffError):
    """A computation lacks data."""


class TransportFault(TipoffError):  # noqa: N818 - a fault passes in seconds, an error stays
    """The network or the provider failed; a retry in seconds can help."""


class DeliveryError(TipoffError):
    """A channel of alerts did not take a notice."""


class InvalidRequestError(TipoffError):
    """A request cannot be sent as it is built; nothing was sent."""


class BodyTooLargeError(TipoffError):
    """A response is larger than the size cap."""
