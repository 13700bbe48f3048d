from collections.abc import Callable

import pytest
from send_side import Broker, Peers
from twisted.internet.defer import Deferred
from write_side import (
    HOST,
    WriteSide,
    answers_in,
    frame_of,
    genuine_pairs,
    send_frame,
)

from twistedmq.broker.inner.diversion import Diversions, Diverted
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.bodies import SubscriptionGroupConfig, TopicConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import ONE_WAY_FLAG
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.properties import parse
from twistedmq.protocol.record import decode_record
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.interfaces import Appended, StoreFullError
from twistedmq.testing.connections import FakeConnection

ADDED = {"MSG_REGION": "DefaultRegion", "TRACE_ON": "true", "CLUSTER": "c1"}


@pytest.fixture
def broker() -> Broker:
    return Broker()


def test_the_frames_of_one_read_become_one_append(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    appends: list[SendBatch] = []
    append = broker.store.append

    def counted(batch: SendBatch) -> Appended:
        appends.append(batch)
        return append(batch)

    monkeypatch.setattr(broker.store, "append", counted)
    frames = [send_frame("T", b"m%d" % n, opaque=n, queue_id=n % 2) for n in range(6)]
    answers = broker.send(*frames)
    assert len(appends) == 1
    assert sorted(answers) == list(range(6))
    assert broker.bodies("T", 0) == [b"m0", b"m2", b"m4"]
    assert [answers[n].fields["queueOffset"] for n in (0, 2, 4)] == ["0", "1", "2"]


def test_the_reads_of_one_turn_become_one_append(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers, appends = Peers(broker), list[int]()
    append = broker.store.append

    def counted(batch: SendBatch) -> Appended:
        appends.append(len(batch))
        return append(batch)

    monkeypatch.setattr(broker.store, "append", counted)
    peers.give(1, send_frame("T", b"a", opaque=1), send_frame("T", b"b", opaque=2))
    peers.give(2, send_frame("T", b"c", opaque=3))
    assert peers.answers == {}
    broker.side.clock.advance(0)
    assert appends == [3]
    assert peers.opaques() == {1: [1, 2], 2: [3]}
    assert answers_in(peers.answers[2])[3].fields["queueOffset"] == "4"
    assert broker.bodies("T") == [b"known", b"last", b"a", b"b", b"c"]
    [entry] = broker.store.entries("T", 0, 4, 1)
    record = broker.store.record_at(entry.physical_offset)
    assert isinstance(record, bytes)
    assert decode_record(record).born_host[-2:] == (2).to_bytes(2)


def test_what_the_store_refuses_of_a_turn_is_told_to_each(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers, append = Peers(broker), broker.store.append

    def picky(batch: SendBatch) -> Appended:
        if b"bad" in batch.bodies:
            raise StoreFullError("no room")
        return append(batch)

    monkeypatch.setattr(broker.store, "append", picky)
    peers.give(1, send_frame("T", b"bad", opaque=1))
    peers.give(2, send_frame("T", b"good", opaque=2))
    broker.side.clock.advance(0)
    codes = [answers_in(peers.answers[n])[n].code for n in (1, 2)]
    assert codes == [ResponseCode.SERVICE_NOT_AVAILABLE, ResponseCode.SUCCESS]
    assert broker.bodies("T") == [b"known", b"last", b"good"]


def test_what_waits_for_the_end_of_a_turn_is_stored_before_a_stop(
    broker: Broker,
) -> None:
    peers = Peers(broker)
    peers.give(1, send_frame("T", opaque=1))
    broker.handlers.close()
    assert answers_in(peers.answers[1])[1].code == ResponseCode.SUCCESS


def test_an_answer_says_where_the_message_is(broker: Broker) -> None:
    broker.send(send_frame("T"))
    [entry] = broker.store.entries("T", 0, 0, 1)
    answer = broker.send(send_frame("T", queue_id=3, opaque=9))[9]
    assert answer.fields == {
        "queueId": "3",
        "transactionId": "U1",
        "msgId": offset_id(HOST, entry.physical_offset + entry.size),
        "MSG_REGION": "DefaultRegion",
        "TRACE_ON": "true",
        "DURABILITY": broker.store.durability.value,
        "queueOffset": "0",
    }


def test_the_record_holds_what_was_sent_and_what_the_broker_adds(
    broker: Broker,
) -> None:
    properties = "TAGS\x01a\x02UNIQ_KEY\x01U1\x02"
    broker.send(
        send_frame("T", properties=properties, flag=0, sys_flag=1, reconsume_times=2)
    )
    found = broker.store.record_at(0)
    assert isinstance(found, bytes)
    record = decode_record(found)
    assert parse(record.properties) == {"TAGS": "a", "UNIQ_KEY": "U1"} | ADDED
    assert (record.sys_flag, record.reconsume_times, record.born_ms) == (1, 2, 17)
    assert record.born_host == FakeConnection().packed_peer
    assert record.store_host == HOST


def test_a_bad_message_leaves_its_neighbours_alone(broker: Broker) -> None:
    answers = broker.send(
        send_frame("T", b"good", opaque=1),
        send_frame("T", b"bad", opaque=2, queue_id=9),
        send_frame("T", b"also good", opaque=3),
        b"\0\0\0\x30" + b'{"code":310,"extFields":{"b":"T"},"opaque":4}   ',
    )
    assert {opaque: answer.code for opaque, answer in answers.items()} == {
        1: 0,
        2: ResponseCode.INVALID_PARAMETER,
        3: 0,
        4: ResponseCode.SYSTEM_ERROR,
    }
    assert answers[2].fields == {"MSG_REGION": "DefaultRegion", "TRACE_ON": "true"}
    assert broker.bodies("T") == [b"good", b"also good"]


def test_nobody_answers_what_wants_no_answer(broker: Broker) -> None:
    one_way = ONE_WAY_FLAG
    answers = broker.send(
        send_frame("T", flag=one_way, opaque=1),
        send_frame("T", flag=one_way, opaque=2, queue_id=9),
        send_frame("T", opaque=3),
    )
    assert list(answers) == [3]
    assert len(broker.bodies("T")) == 2
    assert broker.give(send_frame("T", flag=one_way)) == b""
    assert broker.give(send_frame("T", flag=one_way, queue_id=9)) == b""


def test_a_batch_has_one_answer(broker: Broker) -> None:
    items = [
        BatchItem(flag=n, body=b"b%d" % n, properties=b"UNIQ_KEY\x01U\x02")
        for n in range(3)
    ]
    frame = send_frame(
        "T", encode_batch(items), code=RequestCode.SEND_BATCH_MESSAGE, opaque=8
    )
    answers = broker.send(send_frame("T", b"single", opaque=7), frame)
    fields = answers[8].fields
    assert len(fields["msgId"].split(",")) == 3
    assert fields["queueOffset"] == "1"
    assert broker.bodies("T") == [b"single", b"b0", b"b1", b"b2"]


def test_genuine_sends_get_the_genuine_answers() -> None:
    differ = {"msgId", "queueOffset", "recallHandle", "transactionId", "DURABILITY"}
    for name in ("send_message", "send_message_v2", "send_batch_message"):
        for request, answer in genuine_pairs(name):
            broker = Broker()
            broker.side.store_config.replace(max_message_bytes=1 << 22)
            broker.side.topics.create_if_absent("T1", 4)
            ours = broker.send(frame_of(request))
            if answer is None:
                assert ours == {}
                continue
            [got] = ours.values()
            if request["path"] == "client -> slave broker" or (
                answer["response_code"] == ResponseCode.SYSTEM_BUSY
            ):
                continue  # a slave's refusal: this broker is a master
            assert got.code == answer["response_code"]
            theirs = answer["header"].get("extFields", {})
            if got.code == 0:
                assert set(got.fields) | differ == set(theirs) | differ
                sent = request["header"]["extFields"].get("i", "")
                if "UNIQ_KEY" in sent:
                    assert got.fields["transactionId"] == theirs["transactionId"]
            for field in set(theirs) & set(got.fields) - differ:
                assert got.fields[field] == theirs[field]


def test_what_is_too_much_for_the_store_is_told(broker: Broker) -> None:
    def full(_: SendBatch) -> Appended:
        raise StoreFullError("the disk of /data is full")

    broker.store.append = full  # type: ignore[method-assign]
    answers = broker.send(send_frame("T", opaque=1), send_frame("T", opaque=2))
    for answer in answers.values():
        assert answer.code == ResponseCode.SERVICE_NOT_AVAILABLE
        assert "the disk of /data is full" in (answer.remark or "")


def test_what_the_store_refuses_is_found_and_taken_out(broker: Broker) -> None:
    append = broker.store.append

    def picky(batch: SendBatch) -> Appended:
        if b"poison" in batch.bodies:
            raise MessageIllegalError("poison")
        return append(batch)

    broker.store.append = picky  # type: ignore[method-assign]
    bodies = (b"a", b"poison", b"b")
    frames = [send_frame("T", body, opaque=n) for n, body in enumerate(bodies)]
    data = broker.give(*frames, send_frame("T", queue_id=9, opaque=3))
    assert isinstance(data, Deferred)
    answers = answers_in(data.result)  # type: ignore[attr-defined]
    codes = [answers[opaque].code for opaque in range(4)]
    assert codes == [0, ResponseCode.MESSAGE_ILLEGAL, 0, 29]
    assert broker.bodies("T") == [b"a", b"b"]


def close(broker: Broker) -> None:
    broker.handlers.close()


def make_read_only(broker: Broker) -> None:
    broker.side.topics.update(TopicConfig(topic_name="T", perm=4))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (close, ResponseCode.SERVICE_NOT_AVAILABLE),
        (make_read_only, ResponseCode.NO_PERMISSION),
    ],
)
def test_changes_count_from_the_next_send_on(
    broker: Broker, change: Callable[[Broker], None], code: int
) -> None:
    assert broker.send(send_frame("T"))[5].code == 0
    change(broker)
    assert broker.send(send_frame("T"))[5].code == code
    assert broker.bodies("T") == [b"hello"]


def test_new_names_go_into_messages_and_answers(broker: Broker) -> None:
    broker.side.identity.replace(region="North", trace_on=False)
    answer = broker.send(send_frame("T"))[5]
    assert answer.fields["MSG_REGION"] == "North"
    assert answer.fields["TRACE_ON"] == "false"
    found = broker.store.record_at(0)
    assert isinstance(found, bytes)
    properties = parse(decode_record(found).properties)
    assert properties["MSG_REGION"] == "North"


def test_sends_are_counted_by_topic(broker: Broker) -> None:
    broker.send(send_frame("T"), send_frame("T"))
    broker.send(send_frame("T"), send_frame("U"))
    assert broker.side.counters.put.messages == 4
    assert broker.side.counters.put.bytes == broker.store.status()["max_offset"]
    assert broker.side.counters.put_per_second("T") == 3 / 10


def test_what_a_consumer_gives_up_is_counted(broker: Broker) -> None:
    group = SubscriptionGroupConfig(group_name="g", retry_max_times=1)
    broker.side.groups.put(group)
    for times in (1, 2):
        properties = "RETRY_TOPIC\x01T\x02"
        broker.send(
            send_frame("%RETRY%g", properties=properties, reconsume_times=times)
        )
    given_up = broker.side.counters.rates("DLQ_PUT_NUMS", "T@g")
    assert given_up is not None
    assert given_up[0].total == 1


def test_delayed_messages_are_told_apart(broker: Broker) -> None:
    broker.send(send_frame("T"), send_frame("T", properties="DELAY\x013\x02"))
    kinds = {name: topic.kinds for name, topic in broker.side.counters.topics()}
    assert kinds["T"] == {}
    assert kinds["SCHEDULE_TOPIC_XXXX"]["delay"][0] == 1
    by_queue = broker.side.counters.rates("QUEUE_PUT_NUMS", "SCHEDULE_TOPIC_XXXX@2")
    assert by_queue is not None
    assert by_queue[0].total == 1


def test_a_batch_for_a_batch_topic_is_one_message(broker: Broker) -> None:
    config = TopicConfig(topic_name="Bundles", attributes={"queue.type": "BatchCQ"})
    broker.side.topics.put(config)
    body = encode_batch([BatchItem(0, b"a"), BatchItem(0, b"b"), BatchItem(0, b"c")])
    code = RequestCode.SEND_BATCH_MESSAGE
    frame = send_frame("Bundles", body, code=code, batch=True, opaque=1)
    nameless = send_frame("Bundles", body, code=code, properties="", opaque=2)
    answers = broker.send(frame, send_frame("T", opaque=3), nameless)
    assert answers[1].fields["batchUniqId"] == "U1"
    assert "," not in answers[1].fields["msgId"]
    assert "batchUniqId" not in answers[3].fields
    assert len(answers[2].fields["msgId"].split(",")) == 3
    assert broker.bodies("Bundles") == [body, b"a", b"b", b"c"]
    first = broker.store.entries("Bundles", 0, 0, 1)[0].physical_offset
    record = broker.store.record_at(first)
    assert isinstance(record, bytes)
    held = decode_record(record)
    assert held.sys_flag == 0xC0
    assert parse(held.properties) == {**ADDED, "UNIQ_KEY": "U1", "INNER_NUM": "3"}


def test_a_message_that_has_to_wait_is_stored_elsewhere() -> None:
    def late_ones(message: InnerMessage) -> Diverted:
        message.properties["REAL_TOPIC"] = message.topic
        message.topic, message.queue_id = "TBW102", 1
        return Diverted(message, lambda: {"recallHandle": "häh"})

    side = WriteSide(diversions=Diversions([late_ones]))
    broker = Broker(side)
    delayed = send_frame(
        "T", b"later", opaque=1, queue_id=2, properties="DELAY\x013\x02"
    )
    answers = broker.send(delayed, send_frame("T", b"now", opaque=2))
    assert answers[1].code == ResponseCode.SUCCESS
    assert answers[1].fields["queueId"] == "2"
    assert answers[1].fields["recallHandle"] == "häh"
    assert "recallHandle" not in answers[2].fields
    assert broker.bodies("T") == [b"now"]
    assert broker.bodies("TBW102", 1) == [b"later"]
