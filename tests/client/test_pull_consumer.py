from datetime import UTC, datetime
from typing import Any

import pytest
from client_kit import WALL_MS, FakeCluster, held, result_of
from twisted.internet.task import Clock

from twistedmq import PullConsumer, PullStatus, Sql
from twistedmq.client.errors import (
    ArgumentError,
    BrokerNotFoundError,
    NotRunningError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.filter.interfaces import ExpressionError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.remoting.errors import ConnectError

Q = MessageQueue("T", "broker-0", 0)


@pytest.fixture
def consumer(cluster: FakeCluster) -> PullConsumer:
    cluster.create("T", queues=2)
    made: PullConsumer = result_of(
        PullConsumer("G", settings=cluster.settings()).start()
    )
    return made


def bodies(batch: Any) -> list[bytes]:
    return [message.body for message in batch.messages]


def test_the_queues_of_a_topic(consumer: PullConsumer) -> None:
    queues = result_of(consumer.queues("T"))
    assert queues == [MessageQueue("T", "broker-0", n) for n in (0, 1)]
    with pytest.raises(RouteNotFoundError):
        result_of(consumer.queues("unknown"))


def test_a_listener_hears_of_new_queues(
    cluster: FakeCluster, consumer: PullConsumer, clock: Clock
) -> None:
    heard: list[int] = []
    off = consumer.on_queues_changed("T", lambda _, queues: heard.append(len(queues)))
    cluster.create("T", queues=5)
    clock.advance(30)
    off()
    cluster.create("T", queues=6)
    clock.advance(30)
    assert heard == [5]


def test_pulling_from_an_offset(cluster: FakeCluster, consumer: PullConsumer) -> None:
    cluster.put("T", *"abcdef")
    batch = result_of(consumer.pull(Q, 1, 3))
    assert batch.status is PullStatus.FOUND
    assert bodies(batch) == [b"b", b"c", b"d"]
    assert (batch.next_offset, batch.min_offset, batch.max_offset) == (4, 0, 6)
    assert not cluster.committed


def test_at_the_end_and_past_it(cluster: FakeCluster, consumer: PullConsumer) -> None:
    cluster.put("T", "a")
    assert result_of(consumer.pull(Q, 1)).status is PullStatus.NO_NEW
    illegal = result_of(consumer.pull(Q, 50))
    assert illegal.status is PullStatus.OFFSET_ILLEGAL
    assert bodies(illegal) == []


def test_waiting_for_a_message(
    cluster: FakeCluster, consumer: PullConsumer, clock: Clock
) -> None:
    pulled = held(consumer.pull(Q, 0, wait_s=20))
    clock.advance(5)
    assert pulled == []
    cluster.put("T", "a")
    assert bodies(pulled[0]) == [b"a"]
    waited = held(consumer.pull(Q, 1, wait_s=20))
    clock.advance(20)
    assert waited[0].status is PullStatus.NO_NEW


def test_pulling_by_tag(cluster: FakeCluster, consumer: PullConsumer) -> None:
    cluster.put("T", "a", tag="x")
    cluster.put("T", "b", tag="y")
    assert bodies(result_of(consumer.pull(Q, 0, expression="y || z"))) == [b"b"]
    nothing = result_of(consumer.pull(Q, 0, expression="z"))
    assert nothing.status is PullStatus.NO_MATCH
    assert nothing.next_offset == 2


def test_pulling_by_condition(cluster: FakeCluster, consumer: PullConsumer) -> None:
    cluster.put("T", "a")
    result_of(consumer.pull(Q, 0, expression=Sql("price > 3")))
    header = cluster.requests[-1][2]
    assert (header.expression_type, header.subscription) == ("SQL92", "price > 3")
    with pytest.raises(ExpressionError):
        Sql("price >")


def test_offsets(cluster: FakeCluster, consumer: PullConsumer, clock: Clock) -> None:
    cluster.put("T", "a", "b")
    clock.advance(60)
    cluster.put("T", "c")
    cluster.min_offsets[Q] = 1
    assert result_of(consumer.min_offset(Q)) == 1
    assert result_of(consumer.max_offset(Q)) == 3
    later = datetime.fromtimestamp(WALL_MS / 1000 + 30, UTC)
    assert result_of(consumer.offset_at(Q, later)) == 2


def test_progress_is_kept_when_told(
    cluster: FakeCluster, consumer: PullConsumer
) -> None:
    assert result_of(consumer.committed(Q)) is None
    result_of(consumer.commit(Q, 17))
    assert result_of(consumer.committed(Q)) == 17
    assert cluster.committed == {("G", Q): 17}


def test_viewing_a_message(cluster: FakeCluster, consumer: PullConsumer) -> None:
    cluster.put("T", "a", UNIQ_KEY="ID")
    assert result_of(consumer.view("T", "ID")).body == b"a"


def test_sending_back(cluster: FakeCluster, consumer: PullConsumer) -> None:
    cluster.put("T", "a", UNIQ_KEY="ID")
    [message] = result_of(consumer.pull(Q, 0)).messages
    result_of(consumer.send_back(message, 3))
    [header] = cluster.given_back
    assert (header.group, header.origin_msg_id, header.delay_level) == ("G", "ID", 3)


def test_wrong_arguments_are_refused_before_anything_is_sent(
    cluster: FakeCluster, consumer: PullConsumer
) -> None:
    before = len(cluster.requests)
    calls = {
        "offset": lambda: consumer.pull(Q, -1),
        "count": lambda: consumer.pull(Q, 0, 0),
        "wait_s": lambda: consumer.pull(Q, 0, wait_s=-1),
    }
    for name, call in calls.items():
        with pytest.raises(ArgumentError) as caught:
            result_of(call())
        assert caught.value.field == name
    with pytest.raises(ArgumentError, match="offset is -3, not 0 to"):
        result_of(consumer.commit(Q, -3))
    with pytest.raises(MessageIllegalError):
        result_of(consumer.queues("no topic"))
    with pytest.raises(MessageIllegalError):
        PullConsumer("no group", settings=cluster.settings())
    assert len(cluster.requests) == before


def test_only_a_running_one_can_be_asked(cluster: FakeCluster) -> None:
    consumer = PullConsumer("G", settings=cluster.settings())
    for call in (consumer.min_offset, consumer.committed):
        with pytest.raises(NotRunningError):
            result_of(call(Q))
    with pytest.raises(NotRunningError):
        result_of(consumer.pull(Q, 0))


def test_what_a_broker_says_no_to(cluster: FakeCluster, consumer: PullConsumer) -> None:
    cluster.refuse[RequestCode.PULL_MESSAGE] = ResponseCode.NO_PERMISSION, "no"
    with pytest.raises(RefusedError) as caught:
        result_of(consumer.pull(Q, 0))
    assert caught.value.code == ResponseCode.NO_PERMISSION
    with pytest.raises(BrokerNotFoundError):
        result_of(consumer.pull(MessageQueue("T", "elsewhere", 0), 0))


def test_a_broker_that_was_away_is_found_again_where_it_is_now(
    cluster: FakeCluster, consumer: PullConsumer
) -> None:
    cluster.put("T", "a")
    result_of(consumer.pull(Q, 0))
    cluster.down.add(cluster.addresses["broker-0"])
    with pytest.raises(ConnectError):
        result_of(consumer.pull(Q, 0))
    cluster.addresses["broker-0"] = "192.0.2.77:10911"
    with pytest.raises(ConnectError):
        result_of(consumer.pull(Q, 0))
    assert bodies(result_of(consumer.pull(Q, 0))) == [b"a"]


def test_the_group_is_there_as_long_as_it_runs(
    cluster: FakeCluster, consumer: PullConsumer, clock: Clock
) -> None:
    result_of(consumer.queues("T"))
    [beat] = cluster.members["G"].values()
    assert beat.consumer_data_set[0].consume_type == "CONSUME_ACTIVELY"
    result_of(consumer.close())
    assert cluster.members["G"] == {}
    assert not clock.getDelayedCalls()
