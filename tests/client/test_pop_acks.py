import base64
from typing import Any

import pytest
from client_kit import held, result_of
from pop_cluster import PopCluster
from twisted.internet.task import Clock

from twistedmq.client import pop_acks
from twistedmq.client.errors import RefusedError
from twistedmq.client.pop_acks import AckParts, PopAcks, batch_acks
from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.session import Session
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.pop_handles import Receipt, bit_offsets, parse_receipt
from twistedmq.remoting.errors import ConnectError

SINGLE, BATCH = RequestCode.ACK_MESSAGE, RequestCode.BATCH_ACK_MESSAGE


def receipt(offset: int, pop: str = "7 1000 60 3 0 broker-0 2") -> Receipt:
    return parse_receipt(f"{pop} {offset}")


@pytest.fixture
def cluster(clock: Clock) -> PopCluster:
    made = PopCluster(clock)
    made.create("T")
    return made


@pytest.fixture
def acks(cluster: PopCluster) -> PopAcks:
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))
    session.routes.stop()
    calls = PopCalls(session.pool)
    return PopAcks(AckParts("G", calls, session.routes, session.reactor))


def test_those_of_one_pop_are_one_bit_set() -> None:
    other = "0 1000 60 3 1 broker-0 0"
    batch = batch_acks(
        "G", [("T", receipt(7)), ("T", receipt(0, other)), ("T", receipt(99))]
    )
    [first, second] = batch
    assert (first.queue_id, first.start_offset, first.retry) == (2, 7, "0")
    assert (first.topic, first.group, first.popped_ms) == ("T", "G", 1000)
    assert bit_offsets(base64.b64decode(first.bits), 7) == [7, 99]
    assert (second.queue_id, second.retry) == (0, "1")


def test_one_goes_out_by_itself(cluster: PopCluster, acks: PopAcks) -> None:
    done = held(acks.ack("T", receipt(8, "7 1000 60 3 1 broker-0 0")))
    assert done == []
    cluster.clock.advance(0)
    assert done == [None]
    [header] = [header for _, code, header in cluster.requests if code == SINGLE]
    assert (header.topic, header.queue_id, header.offset) == ("%RETRY%G_T", 0, 8)


def test_there_is_a_limit_to_a_batch(
    cluster: PopCluster, acks: PopAcks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pop_acks, "MOST_IN_ONE", 4)
    done = [held(acks.ack("T", receipt(8 + n))) for n in range(10)]
    cluster.clock.advance(0)
    assert done == [[None]] * 10
    assert cluster.codes().count(BATCH) == 3


def test_a_broker_that_is_away_is_asked_again(
    cluster: PopCluster, acks: PopAcks, clock: Clock
) -> None:
    cluster.down.add(cluster.addresses["broker-0"])
    back, gone = held(acks.ack("T", receipt(8))), None
    clock.pump([0, 0.5])
    cluster.down.clear()
    clock.advance(1)
    assert back == [None]
    cluster.down.add(cluster.addresses["broker-0"])
    gone = held(acks.ack("T", receipt(8)))
    clock.pump([0, 0.5, 1, 2])
    assert gone[0].check(ConnectError)


def test_one_that_is_busy_too(cluster: PopCluster, acks: PopAcks, clock: Clock) -> None:
    cluster.refuse[SINGLE] = ResponseCode.SYSTEM_BUSY, "busy"
    done = held(acks.ack("T", receipt(8)))
    clock.advance(0)
    cluster.refuse.clear()
    clock.advance(1)
    assert done == [None]


def test_what_is_refused_is_not_asked_again(
    cluster: PopCluster, acks: PopAcks, clock: Clock, logged: Any
) -> None:
    cluster.refuse[BATCH] = ResponseCode.NO_PERMISSION, "no"
    done = held(acks.ack("T", receipt(8)))
    acks.ack_quietly("T", receipt(9))
    clock.advance(0)
    assert done[0].check(RefusedError)
    assert cluster.codes().count(BATCH) == 1
    assert logged("G: 1 messages could not be acked, they come again", "no")


def test_finishing_sends_what_waits(
    cluster: PopCluster, acks: PopAcks, clock: Clock
) -> None:
    assert result_of(acks.finish()) is None
    cluster.down.add(cluster.addresses["broker-0"])
    acks.ack_quietly("T", receipt(8))
    finished = held(acks.finish())
    assert finished == []
    cluster.down.clear()
    clock.advance(0.5)
    assert finished == [None]
    assert not clock.getDelayedCalls()
