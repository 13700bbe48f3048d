"""The store under the handlers: in memory, or in the file of a scheme that
``TWISTEDMQ_TEST_STORE`` names."""

import os
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from twisted.internet.task import Clock

from twistedmq.app.stores import make_store
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.store.context import LOOPBACK_HOST, StoreContext
from twistedmq.testing import InlineWorkers


def any_store(
    wall_ms: Any, config: Live[StoreConfig], host: bytes = LOOPBACK_HOST
) -> Any:
    """Give an empty store, not started yet; its directory goes with it.

    It has a clock of its own, as it plans something by itself: that of the test is
    looked at.
    """
    scheme = os.environ.get("TWISTEDMQ_TEST_STORE", "memory")
    context = StoreContext(
        Clock(), wall_ms, config, AsyncMaster(), host, workers=InlineWorkers()
    )
    if scheme == "memory":
        return make_store(scheme, context)
    directory = mkdtemp(prefix="store-")
    store = make_store(f"{scheme}:path={directory}/m.db", context)
    finalize(store, rmtree, directory, ignore_errors=True)
    return store
