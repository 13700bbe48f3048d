from typing import Any

import pytest
from send_side import Broker, Peers, SlowDisk
from twisted.internet.defer import Deferred
from write_side import HOST, answers_in, send_frame

from twistedmq.broker.send.answering import SendAnswers
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import ONE_WAY_FLAG, Command
from twistedmq.protocol.message_id import offset_id
from twistedmq.store.interfaces import Durability, StoreFullError

NO_WAIT = "WAIT\x01false\x02"


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def peers(broker: Broker) -> Peers:
    """Give them before the disk becomes slow."""
    return Peers(broker)


@pytest.fixture
def disk(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    monkeypatch.setattr(type(broker.store), "durability", Durability.DISK)
    return SlowDisk(broker)


def answered(data: bytes | Deferred[bytes]) -> dict[int, Command]:
    assert isinstance(data, Deferred)
    return answers_in(data.result)  # type: ignore[attr-defined]


def test_a_read_waits_once_until_all_is_safe(broker: Broker, disk: SlowDisk) -> None:
    data = broker.give(*[send_frame("T", opaque=n) for n in range(5)])
    assert isinstance(data, Deferred)
    assert not data.called
    assert len(disk.flushes) == 1
    disk.flushes[0].callback(Durability.DISK)
    answers = answered(data)
    assert len(answers) == 5
    assert answers[0].fields["DURABILITY"] == "disk"
    assert broker.side.clock.getDelayedCalls() == []


def test_a_better_promise_than_expected_is_told(broker: Broker, disk: SlowDisk) -> None:
    data = broker.give(send_frame("T", opaque=1))
    disk.flushes[0].callback(Durability.REPLICATED)
    assert answered(data)[1].fields["DURABILITY"] == "replicated"


def test_who_does_not_want_to_wait_need_not(broker: Broker, disk: SlowDisk) -> None:
    answers = broker.send(send_frame("T", properties="WAIT\x01false\x02"))
    assert answers[5].fields["DURABILITY"] == "page-cache"
    disk.flushes[0].errback(StoreFullError("gone"))
    mixed = broker.give(
        send_frame("T"), send_frame("T", properties="WAIT\x01false\x02")
    )
    assert isinstance(mixed, Deferred)
    disk.flushes[1].callback(Durability.DISK)


def test_what_is_not_safe_in_time_is_answered_as_such(
    broker: Broker, disk: SlowDisk
) -> None:
    data = broker.give(
        send_frame("T", opaque=1),
        send_frame("T", opaque=2, flag=ONE_WAY_FLAG),
        send_frame("T", opaque=3, queue_id=9),
    )
    broker.side.clock.advance(5)
    answers = answered(data)
    assert sorted(answers) == [1, 3]
    assert answers[1].code == ResponseCode.FLUSH_DISK_TIMEOUT
    assert answers[1].fields["msgId"] == offset_id(HOST, 0)
    assert answers[1].fields["queueOffset"] == "0"
    disk.flushes[0].callback(Durability.DISK)


def test_what_was_not_flushed_is_not_acknowledged(
    broker: Broker, disk: SlowDisk
) -> None:
    data = broker.give(send_frame("T"))
    disk.flushes[0].errback(StoreFullError("I/O error on /data"))
    answer = answered(data)[5]
    assert answer.code == ResponseCode.SERVICE_NOT_AVAILABLE
    assert "I/O error on /data" in (answer.remark or "")


def test_the_send_that_made_a_topic_waits_until_it_is_known() -> None:
    pending: list[Deferred[None]] = []

    def settled() -> Deferred[None] | None:
        return pending[-1] if pending else None

    broker = Broker(settled=settled)
    pending.append(Deferred())
    data = broker.give(send_frame("New"))
    assert isinstance(data, Deferred)
    answers: list[bytes] = []
    data.addCallback(answers.append)
    assert answers == []
    pending.pop().errback(StoreFullError("topics.json"))
    assert answers_in(answers[0])[5].code == 0
    assert isinstance(broker.give(send_frame("New")), bytes)


# Reads of several connections that are stored together.


def test_the_reads_of_one_turn_wait_until_all_are_safe(
    broker: Broker, peers: Peers, disk: SlowDisk
) -> None:
    peers.give(1, send_frame("T", opaque=1))
    peers.give(2, send_frame("T", opaque=2))
    broker.side.clock.advance(0)
    assert peers.answers == {}
    [flush] = disk.flushes
    flush.callback(Durability.DISK)
    assert peers.opaques() == {1: [1], 2: [2]}
    answer = answers_in(peers.answers[2])[2]
    assert (answer.fields["DURABILITY"], answer.fields["queueOffset"]) == ("disk", "3")
    assert broker.side.clock.getDelayedCalls() == []


def test_of_several_who_does_not_want_to_wait_need_not(
    broker: Broker, peers: Peers, disk: SlowDisk
) -> None:
    peers.give(1, send_frame("T", opaque=1, properties=NO_WAIT))
    peers.give(2, send_frame("T", opaque=2))
    broker.side.clock.advance(0)
    assert peers.opaques() == {1: [1]}
    [flush] = disk.flushes
    flush.callback(Durability.REPLICATED)
    promised = [answers_in(peers.answers[n])[n].fields["DURABILITY"] for n in (1, 2)]
    assert promised == ["page-cache", "replicated"]


def test_of_several_each_is_told_that_it_is_not_safe(
    broker: Broker, peers: Peers, disk: SlowDisk
) -> None:
    peers.give(1, send_frame("T", opaque=1), send_frame("T", opaque=2))
    peers.give(2, send_frame("T", opaque=3))
    broker.side.clock.advance(0)
    [flush] = disk.flushes
    flush.errback(StoreFullError("I/O error on /data"))
    assert peers.opaques() == {1: [1, 2], 2: [3]}
    refusals = [answers_in(peers.answers[n])[o] for n, o in ((1, 1), (2, 3))]
    assert {r.code for r in refusals} == {ResponseCode.SERVICE_NOT_AVAILABLE}


def test_of_several_each_is_told_that_it_is_late(
    broker: Broker, peers: Peers, disk: SlowDisk
) -> None:
    peers.give(1, send_frame("T", opaque=1))
    peers.give(2, send_frame("T", opaque=2))
    broker.side.clock.advance(0)
    broker.side.clock.advance(5)
    codes = {answers_in(peers.answers[n])[n].code for n in (1, 2)}
    assert codes == {ResponseCode.FLUSH_DISK_TIMEOUT}


def test_an_answer_that_cannot_be_made_harms_no_other_read(
    broker: Broker, peers: Peers, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = SendAnswers._encode

    def picky(self: SendAnswers, durability: Any, sends: Any, appended: Any) -> bytes:
        if 1 in sends.opaques:
            raise ValueError("no")
        return encode(self, durability, sends, appended)

    monkeypatch.setattr(SendAnswers, "_encode", picky)
    peers.give(1, send_frame("T", opaque=1))
    peers.give(2, send_frame("T", opaque=2))
    broker.side.clock.advance(0)
    [flush] = disk.flushes
    flush.callback(Durability.DISK)
    assert peers.opaques() == {2: [2]}
    assert peers.failures[0].check(ValueError)


# What is counted: all that is stored, whether it becomes safe or not.


def test_all_that_is_stored_is_counted_when_it_is_answered(
    broker: Broker, disk: SlowDisk
) -> None:
    before = broker.side.counters.put.messages
    broker.give(send_frame("T"))
    broker.give(send_frame("T"))
    broker.give(send_frame("T", properties=NO_WAIT))
    assert broker.side.counters.put.messages == before + 1
    disk.flushes[0].callback(Durability.DISK)
    disk.flushes[1].errback(StoreFullError("gone"))
    assert broker.side.counters.put.messages == before + 3


@pytest.mark.parametrize("properties", ["", NO_WAIT])
def test_what_several_brought_is_counted_likewise(
    broker: Broker, peers: Peers, disk: SlowDisk, properties: str
) -> None:
    before = broker.side.counters.put.messages
    for _ in range(2):
        peers.give(1, send_frame("T", opaque=1, properties=properties))
        peers.give(2, send_frame("T", opaque=2, properties=properties))
        broker.side.clock.advance(0)
    disk.flushes[0].callback(Durability.DISK)
    disk.flushes[1].errback(StoreFullError("gone"))
    assert broker.side.counters.put.messages == before + 4
