from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from twistedmq.client.errors import BrokerNotFoundError, RefusedError
from twistedmq.client.interfaces import IQueueSelection, ISendFeedback
from twistedmq.client.latency import LatencyAvoiding
from twistedmq.client.message import Message
from twistedmq.client.producer import Producer
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.remoting.errors import ConnectError

QUEUES = [MessageQueue("T", broker, n) for broker in "abc" for n in range(2)]
MESSAGE = Message("T", b"x")
DOWN = ConnectError("192.0.2.1:1", "it is down")
BUSY = RefusedError(2, "busy", "192.0.2.1:1")


def no_probe(broker_name: str, timeout_s: float) -> Deferred[None]:
    raise AssertionError


def begun(clock: Clock, probe: Any = no_probe, **options: Any) -> LatencyAvoiding:
    selection = LatencyAvoiding(**options)
    selection.begin(clock, probe)
    return selection


def chosen(selection: LatencyAvoiding, avoid: str | None = None) -> set[str]:
    some = [selection.select(MESSAGE, QUEUES, avoid) for _ in range(12)]
    return {queue.broker_name for queue in some}


def test_it_provides_what_it_says() -> None:
    assert verifyObject(IQueueSelection, LatencyAvoiding())
    assert verifyObject(ISendFeedback, LatencyAvoiding())


def test_all_queues_have_their_turn_as_long_as_all_is_well(clock: Clock) -> None:
    selection = begun(clock, start=2)
    got = [selection.select(MESSAGE, QUEUES, None) for _ in QUEUES]
    assert got == QUEUES[2:] + QUEUES[:2]
    assert chosen(selection, avoid="a") == {"b", "c"}


def test_slow_brokers_are_left_alone_until_their_time_is_over(clock: Clock) -> None:
    selection = begun(clock)
    selection.told("a", 0.6, None)
    selection.told("b", 0.01, None)
    assert chosen(selection) == {"b", "c"}
    assert chosen(selection, avoid="c") == {"b"}
    clock.advance(2)
    assert chosen(selection) == {"a", "b", "c"}


def test_so_are_brokers_that_fail(clock: Clock) -> None:
    selection = begun(clock)
    selection.told("a", 0.0, DOWN)
    selection.told("b", 0.0, BUSY)
    assert chosen(selection) == {"c"}
    assert chosen(selection, avoid="c") == {"a"}  # b said no, a may be back
    selection.told("a", 0.0, BUSY)
    assert chosen(selection, avoid="c") == {"a", "b", "c"}  # any is better than none
    selection.told("c", 0.1, BrokerNotFoundError("c"))
    assert chosen(selection) == {"c"}
    clock.advance(10)
    assert chosen(selection) == {"a", "b", "c"}


def test_with_probes_a_broker_is_used_again_once_it_answers(clock: Clock) -> None:
    asked: list[tuple[str, float]] = []
    answers: dict[str, Any] = {"a": lambda: fail(DOWN), "b": lambda: succeed(None)}

    def probe(broker_name: str, timeout_s: float) -> Deferred[None]:
        asked.append((broker_name, timeout_s))
        return answers[broker_name]()

    selection = begun(clock, probe, detect=True)
    selection.told("a", 0.0, DOWN)
    selection.told("b", 0.0, DOWN)
    clock.advance(3)
    assert asked == [("a", 0.2), ("b", 0.2)]
    clock.pump([3.0] * 3)
    assert chosen(selection) == {"b", "c"}  # a's ten seconds are over all the same
    answers["a"] = lambda: succeed(None)
    clock.advance(3)
    assert chosen(selection) == {"a", "b", "c"}


def test_a_broker_that_is_gone_is_forgotten(clock: Clock) -> None:
    def probe(broker_name: str, timeout_s: float) -> Deferred[None]:
        raise BrokerNotFoundError(broker_name)

    selection = begun(clock, probe, detect=True)
    selection.told("a", 0.0, DOWN)
    clock.advance(3)
    assert not len(selection.faults)


@pytest.mark.parametrize("detect", [True, False])
def test_a_producer_stays_away_from_a_broker_that_is_down(
    clock: Clock, detect: bool
) -> None:
    cluster = FakeCluster(clock, brokers=2)
    cluster.create("T")
    selection = LatencyAvoiding(detect=detect)
    producer = result_of(
        Producer("P", settings=cluster.settings(), selection=selection).start()
    )
    down = cluster.addresses["broker-0"]
    cluster.down.add(down)

    def attempts() -> int:
        sends = [held(producer.send(MESSAGE)) for _ in range(8)]
        clock.advance(0)
        assert all(each[0].queue.broker_name for each in sends)
        wanted = RequestCode.SEND_MESSAGE_V2
        return sum(a == down and c == wanted for a, c, _ in cluster.requests)

    assert attempts() == attempts() == 1
    cluster.down.clear()
    clock.pump([1.0] * 13)
    assert attempts() > 1
    result_of(producer.close())
    assert not clock.getDelayedCalls()
