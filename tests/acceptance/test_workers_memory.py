"""What real worker processes do with what they have loaded."""

import pytest

from fix_apps import eventually

pytestmark = pytest.mark.timeout(60)


async def test_collections_of_garbage_spare_what_a_worker_loaded(database, ledger, start_worker):
    worker = start_worker(database)
    await eventually(lambda: "is running" in worker.told(), 20)
    await ledger.give("spared")
    await eventually(lambda: ledger.is_over(1), 20)
    assert (await ledger.notes("spared"), await ledger.notes("walked")) == (1, 0)
