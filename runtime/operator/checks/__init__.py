"""What `doctor` looks at, one module a check."""

from runtime.operator.checks import (
    configuration,
    disk,
    domains,
    keys,
    search_attributes,
    server,
    stores,
    versions,
    warehouse,
    workers,
)

ALL = (
    configuration.CHECK,
    versions.CHECK,
    server.CHECK,
    search_attributes.CHECK,
    workers.CHECK,
    domains.CHECK,
    warehouse.CHECK,
    stores.CHECK,
    disk.CHECK,
    keys.CHECK,
)
