from collections.abc import Callable
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import fail
from twisted.internet.task import Clock

from twistedmq.client.errors import (
    RefusedError,
    RouteNotFoundError,
    SendFailedError,
    SendTimeoutError,
)
from twistedmq.client.interfaces import IQueueSelection
from twistedmq.client.message import Message
from twistedmq.client.packing import Packer, PackingRules
from twistedmq.client.producer_rules import RETRY_CODES, SendRules
from twistedmq.client.selection import ByFunction, RoundRobin
from twistedmq.client.sending import Sending, SendParts
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.remoting.errors import ConnectError, ForkedError

SEND = RequestCode.SEND_MESSAGE_V2
CAREFUL = SendRules("G", retry_unless_ok=True)
Make = Callable[..., Sending]


@pytest.fixture
def cluster(clock: Clock) -> FakeCluster:
    cluster = FakeCluster(clock, brokers=2)
    cluster.create("T", queues=1)
    return cluster


@pytest.fixture
def sending(cluster: FakeCluster) -> Make:
    session = Session(cluster.settings())
    result_of(session.start())
    packer = Packer(PackingRules(), session.unique_ids())

    def make(
        topic: str = "T",
        queue: MessageQueue | None = None,
        selection: IQueueSelection | None = None,
        rules: SendRules | None = None,
    ) -> Sending:
        parts = SendParts(
            rules or SendRules("G"),
            session.routes,
            session.pool,
            session.reactor,
            lambda: 0,
        )
        parcel = packer.pack(Message(topic, b"x"))
        return Sending(parts, parcel, selection or RoundRobin(), queue)

    return make


def brokers_asked(cluster: FakeCluster) -> list[str]:
    return [address for address, code, _ in cluster.requests if code == SEND]


def test_a_message_is_stored(cluster: FakeCluster, sending: Make) -> None:
    stored = result_of(sending().start())
    assert stored.queue == MessageQueue("T", "broker-0", 0)
    assert stored.header.queue_offset == 0
    assert cluster.bodies("T") == [b"x"]


def test_after_a_failure_another_broker_is_tried_at_once(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    one, two = cluster.addresses.values()
    cluster.down.add(one)
    sent = held(sending().start())
    clock.advance(0)
    assert sent[0].queue.broker_name == "broker-1"
    assert brokers_asked(cluster) == [one, two]


def test_a_selection_that_stays_gives_the_broker_time(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    one, _ = cluster.addresses.values()
    cluster.down.add(one)
    stays = ByFunction(lambda message, queues: queues[0])
    sent = held(sending(selection=stays).start())
    clock.advance(0.1)
    assert brokers_asked(cluster) == [one]
    cluster.down.clear()
    clock.advance(0.2)
    assert sent[0].queue.broker_name == "broker-0"


@pytest.mark.parametrize(
    "code",
    [
        ResponseCode.SYSTEM_ERROR,
        ResponseCode.SYSTEM_BUSY,
        ResponseCode.SERVICE_NOT_AVAILABLE,
        ResponseCode.NO_PERMISSION,
        ResponseCode.TOPIC_NOT_EXIST,
        ResponseCode.GO_AWAY,
    ],
)
def test_some_refusals_may_pass(
    cluster: FakeCluster, sending: Make, clock: Clock, code: int
) -> None:
    cluster.refuse[SEND] = code, "later"
    sent = held(sending().start())
    assert not sent
    del cluster.refuse[SEND]
    clock.advance(0)
    assert sent[0].header.queue_offset == 0


def test_other_refusals_are_final(cluster: FakeCluster, sending: Make) -> None:
    cluster.refuse[SEND] = ResponseCode.MESSAGE_ILLEGAL, "too large"
    with pytest.raises(RefusedError, match="too large"):
        result_of(sending().start())
    assert len(brokers_asked(cluster)) == 1


def test_more_refusals_can_be_said_to_pass(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.refuse[SEND] = ResponseCode.MESSAGE_ILLEGAL, "not here"
    rules = SendRules("G", retry_codes=RETRY_CODES | {ResponseCode.MESSAGE_ILLEGAL})
    sent = held(sending(rules=rules).start())
    assert not sent
    del cluster.refuse[SEND]
    clock.advance(0)
    assert sent[0].header.queue_offset == 0


def answer(cluster: FakeCluster, *codes: int) -> None:
    """Have sends stored and answered with *codes*, one after the other."""
    left = list(codes)

    def serve(address: str, header: Any, body: bytes) -> Command:
        stored = cluster._send(address, header, body)
        return Command(code=left.pop(0), remark="so so", fields=stored.fields)

    cluster.serve[SEND] = serve


def test_what_is_stored_is_not_tried_again_by_itself(
    cluster: FakeCluster, sending: Make
) -> None:
    answer(cluster, ResponseCode.SLAVE_NOT_AVAILABLE)
    stored = result_of(sending().start())
    assert stored.answer.code == ResponseCode.SLAVE_NOT_AVAILABLE


def test_another_broker_may_store_it_more_safely(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    answer(cluster, ResponseCode.SLAVE_NOT_AVAILABLE, ResponseCode.SUCCESS)
    sent = held(sending(rules=CAREFUL).start())
    clock.advance(0)
    assert sent[0].answer.code == ResponseCode.SUCCESS
    assert sent[0].queue.broker_name == "broker-1"
    assert brokers_asked(cluster) == list(cluster.addresses.values())


def test_where_none_does_better_the_last_one_counts(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    answer(cluster, *[ResponseCode.FLUSH_DISK_TIMEOUT] * 3)
    sent = held(sending(rules=CAREFUL).start())
    clock.pump([0, 0])
    assert sent[0].answer.code == ResponseCode.FLUSH_DISK_TIMEOUT
    assert sent[0].queue.broker_name == "broker-0"
    assert len(brokers_asked(cluster)) == 3


@pytest.mark.parametrize(
    "refusal", [ResponseCode.SYSTEM_BUSY, ResponseCode.MESSAGE_ILLEGAL]
)
def test_what_is_stored_does_not_fail_any_more(
    cluster: FakeCluster, sending: Make, clock: Clock, refusal: int
) -> None:
    answer(cluster, ResponseCode.FLUSH_SLAVE_TIMEOUT, refusal, refusal)
    sent = held(sending(rules=CAREFUL).start())
    clock.pump([0, 0])
    assert sent[0].answer.code == ResponseCode.FLUSH_SLAVE_TIMEOUT
    assert sent[0].queue.broker_name == "broker-0"


def test_nor_does_it_when_there_is_no_time_left(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.topics["T"].pop("broker-1")
    answer(cluster, ResponseCode.FLUSH_SLAVE_TIMEOUT)
    rules = SendRules("G", timeout_s=0.2, retry_unless_ok=True)
    sent = held(sending(rules=rules).start())
    assert not sent  # the same broker gets a pause
    clock.advance(0.3)
    assert sent[0].answer.code == ResponseCode.FLUSH_SLAVE_TIMEOUT


def test_in_a_given_queue_the_first_answer_counts(
    cluster: FakeCluster, sending: Make
) -> None:
    answer(cluster, ResponseCode.FLUSH_SLAVE_TIMEOUT)
    queue = MessageQueue("T", "broker-1", 0)
    stored = result_of(sending(queue=queue, rules=CAREFUL).start())
    assert stored.answer.code == ResponseCode.FLUSH_SLAVE_TIMEOUT


def test_three_failures_are_enough(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.down.update(cluster.addresses.values())
    sent = held(sending().start())
    clock.pump([0, 0, 0])
    error = sent[0].value
    assert isinstance(error, SendFailedError)
    assert error.brokers == ["broker-0", "broker-1", "broker-0"]
    assert all(isinstance(cause, ConnectError) for cause in error.causes)


def test_to_a_given_queue_there_is_one_attempt(
    cluster: FakeCluster, sending: Make
) -> None:
    cluster.refuse[SEND] = ResponseCode.SYSTEM_BUSY, "busy"
    with pytest.raises(RefusedError):
        result_of(sending(queue=MessageQueue("T", "broker-1", 0)).start())
    assert brokers_asked(cluster) == [cluster.addresses["broker-1"]]


def test_time_runs_out_over_all_attempts(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.topics["T"].pop("broker-1")
    cluster.refuse[SEND] = ResponseCode.SYSTEM_BUSY, "busy"
    sent = held(sending().start())
    assert not sent  # the same broker gets a pause
    clock.advance(5)
    assert isinstance(sent[0].value, SendTimeoutError)
    assert sent[0].value.attempts == 1


def test_an_unknown_broker_may_come_back(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    sent = held(sending(queue=MessageQueue("T", "nobody", 0)).start())
    assert isinstance(sent[0].value, SendFailedError)


def test_without_a_route_there_is_no_attempt(
    cluster: FakeCluster, sending: Make
) -> None:
    del cluster.topics["TBW102"]
    with pytest.raises(RouteNotFoundError):
        result_of(sending("NEW").start())
    cluster.create("READONLY", perm=4)
    with pytest.raises(RouteNotFoundError, match="for writing"):
        result_of(sending("READONLY").start())


def test_the_first_message_creates_its_topic(
    cluster: FakeCluster, sending: Make
) -> None:
    result_of(sending("NEW").start())
    assert cluster.bodies("NEW") == [b"x"]


def test_a_send_can_be_cancelled(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.refuse[SEND] = ResponseCode.SYSTEM_BUSY, "busy"
    started = sending().start()
    sent = held(started)
    started.cancel()
    assert sent[0].type.__name__ == "CancelledError"
    clock.pump([1, 1])
    assert len(brokers_asked(cluster)) == 1


def test_name_servers_that_do_not_answer_do_not_prolong_a_send(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.wait_for(RequestCode.GET_ROUTEINFO_BY_TOPIC)
    sent = held(sending("NEW").start())
    clock.advance(2.9)
    assert not sent
    clock.advance(0.1)
    assert str(sent[0].value) == "a send to 'NEW' took over 3 s (0 failures)"


def test_no_pause_is_longer_than_the_time_that_is_left(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    queue_of_one = ByFunction(lambda message, queues: queues[0])
    cluster.down = set(cluster.addresses.values())
    rules = SendRules("G", timeout_s=0.5, retries=5)
    sent = held(sending(selection=queue_of_one, rules=rules).start())
    clock.pump([0.1] * 6)
    assert isinstance(sent[0].value, SendTimeoutError)
    assert "2 failures, the last: " in str(sent[0].value)


def test_a_send_that_is_cancelled_in_a_pause_leaves_no_timer(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.down = set(cluster.addresses.values())
    queue_of_one = ByFunction(lambda message, queues: queues[0])
    sent = sending(selection=queue_of_one).start()
    held(sent)
    before = len(clock.getDelayedCalls())
    sent.cancel()
    assert len(clock.getDelayedCalls()) == before - 1


def test_in_a_forked_process_nothing_is_tried_again(
    cluster: FakeCluster, sending: Make
) -> None:
    cluster.serve[SEND] = lambda *_: fail(ForkedError(1))
    with pytest.raises(ForkedError):
        result_of(sending().start())
