from pathlib import Path
from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from twistedmq.admin.client import Admin
from twistedmq.client.allocation import ConsistentHashAllocation
from twistedmq.client.consumer import Consumer
from twistedmq.client.errors import ArgumentError
from twistedmq.client.lite_pull_consumer import LitePullConsumer
from twistedmq.client.message import Message, ReceivedMessage
from twistedmq.client.namespace import Namespace
from twistedmq.client.namespaced import WholeNamesAllocation, Wire, WiredPool
from twistedmq.client.producer import Producer
from twistedmq.client.pull_consumer import PullConsumer
from twistedmq.client.starting import StartFrom
from twistedmq.client.transactions import Outcome
from twistedmq.protocol import loose_json, properties
from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.bodies.offsets import GetConsumerStatusBody, ResetOffsetBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import ConsumerRunningInfo
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.headers.clients import GetConsumerRunningInfoRequestHeader
from twistedmq.protocol.headers.namesrv import GetRouteInfoRequestHeader
from twistedmq.protocol.headers.offsets import (
    GetConsumerStatusRequestHeader,
    ResetOffsetRequestHeader,
)
from twistedmq.protocol.headers.send import CheckTransactionStateRequestHeader
from twistedmq.protocol.record import encode_record
from twistedmq.remoting.interfaces import Request
from twistedmq.testing.connections import FakeConnection

WHOLE = MessageQueue("shop%T", "broker-0", 0)
BARE = MessageQueue("T", "broker-0", 0)


@pytest.fixture
def cluster(clock: Clock) -> FakeCluster:
    cluster = FakeCluster(clock)
    cluster.create("shop%T", queues=1)
    cluster.create("T", queues=1)
    return cluster


def settings(cluster: FakeCluster, **changes: Any) -> Any:
    return cluster.settings(namespace="shop", **changes)


def consumer(cluster: FakeCluster, **changes: Any) -> Consumer:
    told = {"settings": settings(cluster), "start_from": StartFrom.FIRST}
    return Consumer("G", {"T": "*"}, **told | changes)


def test_what_is_sent_goes_into_the_topic_of_the_namespace(
    cluster: FakeCluster,
) -> None:
    producer = result_of(Producer("P", settings=settings(cluster)).start())
    receipt = result_of(producer.send(Message("T", b"one")))
    assert receipt.queue == BARE
    assert result_of(producer.queues("T")) == (BARE,)
    result_of(producer.send(Message("T", b"two"), queue=BARE))
    assert cluster.bodies("shop%T") == [b"one", b"two"]
    assert cluster.bodies("T") == []


def test_what_is_consumed_has_bare_names(cluster: FakeCluster) -> None:
    cluster.put("shop%T", "one", "two", **{properties.INSTANCE_ID: "shop"})
    cluster.put("T", "of nobody")
    got: list[ReceivedMessage] = []
    member = consumer(cluster)
    member.run(got.append)
    assert [each.body for each in got] == [b"one", b"two"]
    assert {each.topic for each in got} == {"T"}
    assert {each.queue for each in got} == {BARE}
    assert BARE in member.queues
    result_of(member.close())
    assert cluster.committed["shop%G", WHOLE] == 2


def test_what_fails_comes_back_by_the_retry_topic_of_the_namespace(
    cluster: FakeCluster, clock: Clock
) -> None:
    got: list[ReceivedMessage] = []

    def handle(message: ReceivedMessage) -> None:
        got.append(message)
        if len(got) == 1:
            raise ValueError("not now")

    cluster.put("shop%T", "one")
    member = consumer(cluster)
    member.run(handle)
    clock.pump([0] * 3)
    [back] = cluster.given_back
    assert (back.group, back.origin_topic) == ("shop%G", "shop%T")
    clock.pump([5] * 6)
    assert [(each.topic, each.body) for each in got] == [("T", b"one")] * 2
    assert got[1].queue.topic == "%RETRY%G"
    assert MessageQueue("%RETRY%shop%G", "broker-0", 0) in cluster.records


def test_queues_are_locked_by_their_whole_names(cluster: FakeCluster) -> None:
    got: list[bytes] = []
    cluster.put("shop%T", "one", "two")
    member = consumer(cluster, orderly=True)
    member.run(lambda message: got.append(message.body))
    cluster.clock.pump([0] * 3)
    assert got == [b"one", b"two"]
    assert ("shop%G", WHOLE) in cluster.locks


def test_consumers_that_ask_use_bare_names(cluster: FakeCluster) -> None:
    cluster.put("shop%T", "one", "two")
    puller = result_of(PullConsumer("G", settings=settings(cluster)).start())
    assert result_of(puller.queues("T")) == [BARE]
    batch = result_of(puller.pull(BARE, 0))
    assert [(each.topic, each.body) for each in batch.messages] == [
        ("T", b"one"),
        ("T", b"two"),
    ]
    result_of(puller.commit(BARE, 2))
    assert cluster.committed["shop%G", WHOLE] == 2
    assert result_of(puller.committed(BARE)) == 2
    lite = LitePullConsumer("L", settings=settings(cluster), start_from=StartFrom.FIRST)
    result_of(lite.start())
    result_of(lite.assign([BARE]))
    [first, second] = result_of(lite.poll())
    assert (first.queue, second.topic) == (BARE, "T")


def test_progress_of_broadcasting_is_kept_as_java_clients_do(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.put("shop%T", "one")
    for _ in range(2):  # the second one goes on where the first one ended
        got: list[bytes] = []
        member = consumer(
            cluster,
            model=MessageModel.BROADCASTING,
            offsets_directory=tmp_path,
            settings=settings(cluster, instance_name="me"),
        )
        member.run(lambda message, got=got: got.append(message.body))
        result_of(member.close())
        cluster.put("shop%T", "two")
    assert got == [b"two"]
    [file] = tmp_path.glob("*@me/shop%G/offsets.json")
    assert "shop%T" in file.read_text()


class Asking:
    """A broker that asks a running member."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.got: list[bytes] = []
        self.member = consumer(cluster)
        self.member.run(lambda message: self.got.append(message.body))

    def __call__(self, code: int, header: Any, body: bytes = b"") -> Reply:
        request = Request(Command(code=code, body=body), header, FakeConnection())
        reply = self.member._session._serve(request)
        return result_of(reply) if isinstance(reply, Deferred) else reply


def test_brokers_are_answered_with_whole_names(cluster: FakeCluster) -> None:
    cluster.put("shop%T", "one", "two")
    ask = Asking(cluster)
    reset = ResetOffsetBody(offset_table={WHOLE: 1})
    ask(
        RequestCode.RESET_CONSUMER_CLIENT_OFFSET,
        ResetOffsetRequestHeader(group="shop%G", topic="shop%T"),
        loose_json.encode(reset),
    )
    assert ask.got == [b"one", b"two", b"two"]
    status = ask(
        RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT,
        GetConsumerStatusRequestHeader(group="shop%G", topic="shop%T"),
    )
    offsets = loose_json.decode(status.body, type=GetConsumerStatusBody)  # type: ignore[arg-type]
    assert offsets.message_queue_table == {WHOLE: 2}
    running = ask(
        RequestCode.GET_CONSUMER_RUNNING_INFO,
        GetConsumerRunningInfoRequestHeader(consumer_group="shop%G", client_id="x"),
    )
    info = loose_json.decode(running.body, type=ConsumerRunningInfo)  # type: ignore[arg-type]
    assert WHOLE in info.mq_table
    assert {each.topic for each in info.subscription_set} == {
        "shop%T",
        "%RETRY%shop%G",
    }
    assert info.properties["consumerGroup"] == "shop%G"


def test_a_producer_is_asked_about_its_halves_with_whole_names(
    cluster: FakeCluster,
) -> None:
    asked: list[ReceivedMessage] = []
    sent: list[Any] = []

    class Connection(FakeConnection):
        def send_one_way(self, *request: Any) -> None:
            sent.append(request)

    def check(half: ReceivedMessage) -> Outcome:
        asked.append(half)
        return Outcome.COMMIT

    producer = Producer("P", check=check, settings=settings(cluster))
    result_of(producer.start())
    stored = {properties.PRODUCER_GROUP: "shop%P", properties.UNIQ_KEY: "ID"}
    [half] = cluster.put("shop%T", "half", **stored)
    header = CheckTransactionStateRequestHeader(
        topic="shop%T", tran_state_table_offset=0, commit_log_offset=0
    )
    command = Command(code=RequestCode.CHECK_TRANSACTION_STATE)
    command.body = encode_record(half)
    request = Request(command, header, Connection())  # type: ignore[arg-type]
    assert producer._session._serve(request).code == 0  # type: ignore[union-attr]
    assert [(each.topic, each.body) for each in asked] == [("T", b"half")]
    [(code, ended, _)] = sent
    assert code == RequestCode.END_TRANSACTION
    assert (ended.topic, ended.producer_group) == ("shop%T", "shop%P")


def test_names_that_get_too_long_are_refused_before_anything_is_sent(
    cluster: FakeCluster,
) -> None:
    with pytest.raises(MessageIllegalError) as caught:
        Producer("P" * 116, settings=settings(cluster))
    assert (caught.value.field, caught.value.limit) == ("group", 120)
    producer = result_of(Producer("P", settings=settings(cluster)).start())
    before = len(cluster.requests)
    with pytest.raises(MessageIllegalError) as caught:
        result_of(producer.send(Message("T" * 123, b"x")))
    assert (caught.value.field, caught.value.limit) == ("topic", 127)
    assert len(cluster.requests) == before
    with pytest.raises(ArgumentError, match="namespace"):
        Producer("P", settings=cluster.settings(namespace="a%b"))


def test_operators_use_the_names_of_the_brokers(cluster: FakeCluster) -> None:
    admin = result_of(Admin(settings=settings(cluster)).start())
    assert set(result_of(admin.topics.names())) >= {"T", "shop%T"}


class Spy:
    """A pool that keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def request(self, *asked: Any) -> Deferred[Command]:
        self.asked.append(asked)
        return succeed(Command(code=0))

    def send_one_way(self, *asked: Any) -> Deferred[None]:
        self.asked.append(asked)
        return succeed(None)

    def close(self) -> Deferred[None]:
        return succeed(None)


def test_a_gateway_is_told_with_each_request_what_it_is_for() -> None:
    spy = Spy()
    pool = WiredPool(spy, Wire(None, "tenant"))
    stamp = {"nsd": "true", "ns": "tenant"}
    header = GetRouteInfoRequestHeader(topic="T")
    pool.request("a:1", RequestCode.GET_ROUTEINFO_BY_TOPIC, header, b"", 3.0)
    pool.request("a:1", RequestCode.HEART_BEAT, None, b"{}", 3.0)
    pool.send_one_way("a:1", RequestCode.END_TRANSACTION, None, b"")
    told = [encode_fields(asked[2]) for asked in spy.asked]
    assert told == [{"topic": "T", **stamp}, stamp, stamp]
    assert spy.asked[1][3] == b"{}"


def test_what_is_sent_on_the_connection_of_a_broker_is_told_so_too() -> None:
    sent: list[Any] = []

    class Connection(FakeConnection):
        def send_one_way(self, *asked: Any) -> None:
            sent.append(asked)

    def handler(request: Request) -> Reply:
        assert request.connection.peer == Connection().peer
        request.connection.send_one_way(RequestCode.END_TRANSACTION, None, b"")
        return Reply()

    wire = Wire(Namespace("shop"), "tenant")
    command = Command(code=RequestCode.NOTIFY_CONSUMER_IDS_CHANGED)
    wire.serve(handler, Request(command, None, Connection()))
    assert sent[0][1] == {"nsd": "true", "ns": "tenant"}


def test_what_hashes_names_hashes_those_that_java_clients_do() -> None:
    queues = [MessageQueue("T", "broker-0", n) for n in range(16)]
    whole = [MessageQueue("shop%T", "broker-0", n) for n in range(16)]
    members = ["10.0.0.1@a", "10.0.0.2@b", "10.0.0.3@c"]
    hashing = ConsistentHashAllocation()
    mine = WholeNamesAllocation(hashing, Namespace("shop"))
    assert mine.name == hashing.name
    for member in members:
        share = mine.allocate(member, members, queues)
        java = hashing.allocate(member, members, whole)
        assert [each.queue_id for each in share] == [each.queue_id for each in java]
        assert {each.topic for each in share} <= {"T"}
