import pytest

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.system_flags import INNER_BATCH
from twistedmq.store.queue_state import ENTRY, QueueTable
from twistedmq.store.special_queues import SpecialQueues
from twistedmq.testing import Told, batch_of
from twistedmq.testing.stores import SMALL


def make(config: StoreConfig = SMALL) -> tuple[SpecialQueues, QueueTable]:
    queues = QueueTable()
    queues.batch_topics = {"B"}
    return SpecialQueues(queues, Live(config)), queues


LIGHT = Told(more={"INNER_MULTI_DISPATCH": "%LMQ%a,x,%LMQ%a"})
BUNDLE = Told("B", sys_flag=INNER_BATCH, more={"INNER_NUM": "3", "INNER_BASE": "99"})


def test_they_concern_few_batches() -> None:
    special, _ = make()
    assert not special.concern(batch_of([Told(), Told("U")]))
    assert special.concern(batch_of([Told(), Told("B")]))
    assert special.concern(batch_of([Told(), LIGHT]))
    off, queues = make(StoreConfig(multi_dispatch=True))
    assert not off.concern(batch_of([LIGHT]))
    queues.batch_topics = frozenset()
    assert not off.concern(batch_of([Told("B")]))


def test_offsets_are_told_by_the_records() -> None:
    special, queues = make()
    taken = special.take(batch_of([LIGHT, BUNDLE, Told("B")]))
    assert (taken.offsets, taken.counts) == ([0, 0, 3], [1, 3, 1])
    first, second, third = taken.batch.properties
    assert first.endswith(b"INNER_MULTI_QUEUE_OFFSET\x010,,1\x02")
    assert second == b"INNER_NUM\x013\x02INNER_BASE\x010\x02"
    assert third == b""
    assert special.add(taken, [10, 20, 30], 5, 0, 3, 100) == [100, 110, 130]
    light = queues["%LMQ%a", 0]
    assert list(ENTRY.iter_unpack(light.tail)) == [(100, 10, 0), (100, 10, 0)]
    states, tags_codes = taken.grown()
    assert [state.topic for state in states] == [
        "Orders",
        "%LMQ%a",
        "%LMQ%a",
        "B",
        "B",
    ]
    assert tags_codes == [0] * 5


def test_halves_of_transactions_are_in_no_light_queue() -> None:
    special, queues = make()
    half = Told("RMQ_SYS_TRANS_HALF_TOPIC", more=LIGHT.more)
    taken = special.take(batch_of([half]))
    assert taken.light == [[]]
    assert ("%LMQ%a", 0) not in queues
    assert b"QUEUE_OFFSET" not in taken.batch.properties[0]


def test_what_was_taken_is_given_back() -> None:
    special, queues = make()
    special.take(batch_of([BUNDLE]))
    taken = special.take(batch_of([LIGHT, BUNDLE, BUNDLE]))
    special.give_back(taken)
    assert {key: state.next_offset for key, state in queues.items()} == {("B", 0): 3}


def test_queues_that_are_gone_make_room() -> None:
    special, queues = make(
        StoreConfig(light_queues_enabled=True, multi_dispatch=True, max_light_queues=1)
    )
    other = Told(more={"INNER_MULTI_DISPATCH": "%LMQ%b"})
    special.take(batch_of([LIGHT]))
    with pytest.raises(TwistedMQError, match="the 1 that maxLmqConsumeQueueNum"):
        special.take(batch_of([other]))
    del queues["%LMQ%a", 0]
    special.recount()
    assert special.take(batch_of([other])).light[0][0].topic == "%LMQ%b"
