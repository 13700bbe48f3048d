"""What tests need, ours and yours: a cluster in one process, fakes, contracts.

* Cluster: name server, brokers and clients in memory, on a virtual clock.
* VirtualClock: its time.
* Faults, Fault: what goes wrong between clients and servers.
* ClusterBroker, ClusterNameServer: its servers, to be stopped, killed, started again.
* Told, batch_of: messages as a store is given them.
* store_context: what a store is opened with, on a virtual clock.
* InlineWorkers, HeldWorkers: threads that run at once, or when a test says so.
* FakeFiles: a disk in memory that fills up, fails and loses power.

``twistedmq.testing.pytest_plugin`` has the fixtures for pytest.
The contracts of the doors are in ``twistedmq.testing.contracts``; those need pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twistedmq.testing.batches import Told, batch_of
    from twistedmq.testing.cluster import Cluster, NotDoneError
    from twistedmq.testing.cluster_servers import (
        ClusterBroker,
        ClusterNameServer,
        NoSuchServerError,
    )
    from twistedmq.testing.fake_files import FakeFiles
    from twistedmq.testing.faults import Fault, Faults, NoSuchHostError
    from twistedmq.testing.operations import UnknownOperationError
    from twistedmq.testing.stores import store_context
    from twistedmq.testing.virtual_clock import VirtualClock
    from twistedmq.testing.workers import HeldWorkers, InlineWorkers

__all__ = [
    "Cluster",
    "ClusterBroker",
    "ClusterNameServer",
    "FakeFiles",
    "Fault",
    "Faults",
    "HeldWorkers",
    "InlineWorkers",
    "NoSuchHostError",
    "NoSuchServerError",
    "NotDoneError",
    "Told",
    "UnknownOperationError",
    "VirtualClock",
    "batch_of",
    "store_context",
]

_HOMES = {
    "Cluster": "cluster",
    "ClusterBroker": "cluster_servers",
    "ClusterNameServer": "cluster_servers",
    "FakeFiles": "fake_files",
    "Fault": "faults",
    "Faults": "faults",
    "HeldWorkers": "workers",
    "InlineWorkers": "workers",
    "NoSuchHostError": "faults",
    "NoSuchServerError": "cluster_servers",
    "NotDoneError": "cluster",
    "Told": "batches",
    "UnknownOperationError": "operations",
    "VirtualClock": "virtual_clock",
    "batch_of": "batches",
    "store_context": "stores",
}


def __getattr__(name: str) -> object:
    """Import a part when it is asked for: a test of a store needs no client."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """List what can be asked for."""
    return sorted({*globals(), *__all__})
