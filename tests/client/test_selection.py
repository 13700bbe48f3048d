from random import Random

import pytest
from zope.interface.verify import verifyObject

from twistedmq.client.interfaces import IQueueSelection
from twistedmq.client.message import Message
from twistedmq.client.selection import AtRandom, ByFunction, ByKey, RoundRobin
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.properties import java_hash

QUEUES = [MessageQueue("T", broker, n) for broker in "ab" for n in range(2)]
MESSAGE = Message("T", b"x", keys="order-7")


@pytest.mark.parametrize(
    "selection",
    [
        RoundRobin(),
        AtRandom(),
        ByKey(),
        ByFunction(lambda message, queues: queues[0]),
    ],
)
def test_all_provide_the_interface(selection: IQueueSelection) -> None:
    assert verifyObject(IQueueSelection, selection)


def test_round_robin_takes_one_after_the_other() -> None:
    selection = RoundRobin(start=2)
    got = [selection.select(MESSAGE, QUEUES, None) for _ in range(5)]
    assert got == [QUEUES[2], QUEUES[3], QUEUES[0], QUEUES[1], QUEUES[2]]


def test_round_robin_avoids_the_broker_that_failed() -> None:
    selection = RoundRobin()
    got = [selection.select(MESSAGE, QUEUES, "a") for _ in range(4)]
    assert {queue.broker_name for queue in got} == {"b"}
    assert {queue.queue_id for queue in got} == {0, 1}


def test_round_robin_stays_where_there_is_no_other_broker() -> None:
    only_a = QUEUES[:2]
    assert RoundRobin().select(MESSAGE, only_a, "a") in only_a


def test_the_same_key_goes_to_the_same_queue_even_after_a_failure() -> None:
    selection = ByKey()
    first = selection.select(MESSAGE, QUEUES, None)
    assert selection.select(MESSAGE, QUEUES, first.broker_name) == first
    others = {
        selection.select(Message("T", b"x", keys=f"o{n}"), QUEUES, None)
        for n in range(50)
    }
    assert others == set(QUEUES)


def test_the_sharding_key_counts_before_other_keys() -> None:
    keyed = Message("T", b"x", keys="k", sharding_key="order-7")
    chosen = ByKey().select(keyed, QUEUES, None)
    assert chosen == ByKey(lambda message: "order-7").select(keyed, QUEUES, None)
    assert chosen == QUEUES[abs(java_hash("order-7")) % 4]


def test_a_message_without_a_key_cannot_be_ordered_by_key() -> None:
    with pytest.raises(MessageIllegalError, match="key") as raised:
        ByKey().select(Message("T", b"x"), QUEUES, None)
    assert raised.value.field == "sharding_key"


def test_chance_takes_any_queue_but_those_of_the_broker_that_failed() -> None:
    selection = AtRandom(Random(1))
    some = {selection.select(MESSAGE, QUEUES, None) for _ in range(50)}
    assert some == set(QUEUES)
    others = {selection.select(MESSAGE, QUEUES, "a") for _ in range(50)}
    assert others == set(QUEUES[2:])
    assert selection.select(MESSAGE, QUEUES[:1], "a") == QUEUES[0]


def test_a_function_chooses() -> None:
    selection = ByFunction(lambda message, queues: queues[len(message.body)])
    assert selection.select(Message("T", b"xx"), QUEUES, None) == QUEUES[2]
