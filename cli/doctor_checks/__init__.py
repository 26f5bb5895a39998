"""The checks of `doctor`, one module each."""

from cli.doctor_checks import (
    configuration,
    disk,
    keys,
    providers,
    proxies,
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
    providers.CHECK,
    proxies.CHECK,
    warehouse.CHECK,
    stores.CHECK,
    disk.CHECK,
    keys.CHECK,
)
