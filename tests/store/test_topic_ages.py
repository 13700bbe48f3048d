from pathlib import Path

from twisted.internet.defer import Deferred

from twistedmq.store.memory import MemoryStore
from twistedmq.store.retention import HOUR_MS
from twistedmq.store.topic_ages import expired_by_topic
from twistedmq.testing import Told, batch_of, store_context
from twistedmq.testing.contracts.case import value_of


def test_only_queues_that_begin_with_expired_messages_are_given() -> None:
    now_ms = 1_700_000_000_000
    store = MemoryStore(store_context(Path("/nowhere"), wall_ms=lambda: now_ms))
    store.start()
    store.append(batch_of([Told("Short"), Told("Short"), Told("Long")]))
    now_ms += HOUR_MS
    store.append(batch_of([Told("Short"), Told("Short", queue_id=1)]))
    now_ms += HOUR_MS
    queues = [*store.queues(), ("Short", 9)]
    found = Deferred.fromCoroutine(
        expired_by_topic(store, queues, {"Short": 1, "Other": 1}, now_ms + 1)
    )
    assert value_of(found) == {("Short", 0): 3, ("Short", 1): 1}
    found = Deferred.fromCoroutine(
        expired_by_topic(store, queues, {"Short": 1}, now_ms)
    )
    assert value_of(found) == {("Short", 0): 2}
