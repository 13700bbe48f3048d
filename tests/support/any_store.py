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
from twistedmq.protocol.system_flags import INNER_BATCH, NEED_UNWRAP
from twistedmq.store.context import LOOPBACK_HOST, StoreContext
from twistedmq.testing import InlineWorkers
from twistedmq.testing.batches import Told


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


def batch_store(wall_ms: Any, *topics: str) -> Any:
    """Give a store in memory in which *topics* have batch queues."""
    context = StoreContext(
        Clock(),
        wall_ms,
        Live(StoreConfig()),
        AsyncMaster(),
        LOOPBACK_HOST,
        workers=InlineWorkers(),
    )
    context.batch_topics.update(topics)
    return make_store("memory", context)


def bundle(topic: str, count: int) -> Told:
    """Give a message that holds *count* of them, for a batch topic."""
    flags = INNER_BATCH | NEED_UNWRAP
    more = {"INNER_NUM": str(count)}
    return Told(topic, 0, b"many", sys_flag=flags, more=more)
