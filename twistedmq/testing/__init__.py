"""Fakes, simulated machines and contract tests, for us and for plugin authors.

* Told, batch_of: messages as a store is given them.
* store_context: what a store is opened with, on a virtual clock.
* InlineWorkers, HeldWorkers: threads that run at once, or when a test says so.
* FakeFiles: a disk in memory that fills up, fails and loses power.

The contracts of the doors are in ``twistedmq.testing.contracts``; those need pytest.
"""

from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import store_context
from twistedmq.testing.workers import HeldWorkers, InlineWorkers

__all__ = [
    "FakeFiles",
    "HeldWorkers",
    "InlineWorkers",
    "Told",
    "batch_of",
    "store_context",
]
