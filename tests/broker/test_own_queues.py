from typing import Any

import pytest
from any_store import any_store
from twisted.internet.defer import Deferred

from twistedmq.broker.own_queues import read_on
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.errors import DamagedRecordError
from twistedmq.testing.batches import Told, batch_of


class Walk:
    """Reads a queue of ten messages to its end, of which some are damaged."""

    def __init__(self, damaged: set[int]) -> None:
        self.store: Any = any_store(lambda: 5, Live(StoreConfig()))
        self.store.start()
        ten = [Told("T", body=b"%d" % n) for n in range(10)]
        self.store.append(batch_of(ten))
        self.damaged = damaged
        self.bodies: list[bytes] = []
        self.passed_over: list[int] = []
        self.reads = 0

    def read_queue(
        self, topic: str, queue_id: int, offset: int, count: int, *more: Any
    ):
        self.reads += 1
        if self.damaged & set(range(offset, offset + count)):
            raise DamagedRecordError(4711)
        return self.store.read_queue(topic, queue_id, offset, count, *more)

    def note(self, offset: int, _: Exception) -> None:
        self.passed_over.append(offset)

    async def go(self) -> None:
        store: Any = self
        offset = 0
        while offset < 10:
            records, offset = await read_on(
                store, ("T", 0), offset, (4, 1 << 20), self.note
            )
            self.bodies += [record.body for record in records]


@pytest.mark.parametrize("damaged", [set(), {0}, {3, 4}, {9}, set(range(10))])
def test_all_but_the_damaged_are_given_in_order(damaged: set[int]) -> None:
    walk = Walk(damaged)
    done = Deferred.fromCoroutine(walk.go())
    assert done.called
    assert walk.bodies == [b"%d" % n for n in range(10) if n not in damaged]
    assert walk.passed_over == sorted(damaged)


def test_whole_ones_are_read_many_at_once() -> None:
    walk = Walk(set())
    Deferred.fromCoroutine(walk.go())
    assert walk.reads == 3
