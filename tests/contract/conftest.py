import gc
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an emulator of BigQuery."""
    from devtools.emulators.bigquery import bigquery_emulator

    with bigquery_emulator(tmp_path_factory.mktemp("bigquery")) as url:
        yield url


@pytest.fixture(scope="session")
def bigquery(emulator: str) -> Iterator["BigQueryWarehouse"]:
    """A warehouse in the emulator, with all tables; each test leaves it empty."""
    from tests.support.bigquery import new_dataset, open_in_emulator  # Google's client takes two seconds to import

    with open_in_emulator(emulator, new_dataset(emulator)) as warehouse:
        yield warehouse
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # Google's client leaves its connections to the garbage collector
