"""One test class a door: every implementation of the door passes it.

Import one into a test module of yours, subclass it, say how yours is made, and run
pytest. ``docs/write-a-store.md`` shows it.

* MessageStoreContract: what an IMessageStore does while it runs.
* StoreLifeContract: restarts, crashes, full disks, slow threads.
* ReplicableLogContract: IReplicableLog, beside IMessageStore.
* QueueKindsContract: IQueueKinds, beside IMessageStore.
* IndexStrategyContract: IIndexStrategy.
* QueueIndexContract: IQueueIndex, for who writes a file store.
"""

from twistedmq.testing.contracts.case import StoreCase, records_of, value_of
from twistedmq.testing.contracts.index_strategy import IndexStrategyContract
from twistedmq.testing.contracts.message_store import MessageStoreContract
from twistedmq.testing.contracts.queue_index import QueueIndexContract
from twistedmq.testing.contracts.queue_kinds import QueueKindsContract
from twistedmq.testing.contracts.replicable_log import ReplicableLogContract
from twistedmq.testing.contracts.store_life import StoreLifeContract

__all__ = [
    "IndexStrategyContract",
    "MessageStoreContract",
    "QueueIndexContract",
    "QueueKindsContract",
    "ReplicableLogContract",
    "StoreCase",
    "StoreLifeContract",
    "records_of",
    "value_of",
]
