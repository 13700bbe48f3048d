"""Popping as a client sees it; acks and what comes back have files of their own."""

from typing import Any

import pytest
from pop_side import PopSide, lent
from read_side import genuine_answers
from twisted.internet.defer import Deferred

from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.bodies import SubscriptionGroupConfig
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.record import RecordError


def side_with(*bodies: bytes, queues: int = 4, **config: Any) -> PopSide:
    side = PopSide(**config)
    side.topic("T", queues)
    if bodies:
        side.send(*bodies)
    return side


def fields_of(reply: Reply) -> dict[str, str]:
    assert isinstance(reply.header, dict)
    return reply.header


def test_a_pop_gives_messages_once() -> None:
    side = side_with(b"a", b"b")
    reply = side.pop_reply()
    assert [each.body for each in lent(reply)] == [b"a", b"b"]
    assert reply.remark == "FOUND"
    assert fields_of(reply) == {
        "popTime": str(side.now_ms),
        "invisibleTime": "10000",
        "reviveQid": "0",
        "restNum": "0",
        "startOffsetInfo": "0 0 0",
        "msgOffsetInfo": "0 0 0,1",
    }
    again = side.pop_reply()
    assert again.code == ResponseCode.POLLING_TIMEOUT
    assert again.remark == "NO_MESSAGE_IN_QUEUE"
    assert side.offsets.query("G", "T", 0) == 2


def test_the_answer_has_the_fields_of_the_genuine_one() -> None:
    side = side_with(b"a")
    genuine = genuine_answers("pop_message")[0]["header"]["extFields"]
    assert set(fields_of(side.pop_reply())) == set(genuine)


def test_nothing_is_answered_before_the_checkpoint_is_written() -> None:
    side = side_with(b"a")
    answers = side.begin_pop()
    assert answers == []
    assert side.kept() == []
    assert side.offsets.query("G", "T", 0) == 0
    side.turn()
    assert len(answers) == len(side.kept()) == 1


def test_two_pops_of_one_turn_share_the_messages_and_an_append() -> None:
    side = side_with(b"a", b"b", b"c")
    first = side.begin_pop(max_msg_nums=2)
    second = side.begin_pop()
    side.turn()
    assert [each.body for each in lent(first[0])] == [b"a", b"b"]
    assert [each.body for each in lent(second[0])] == [b"c"]
    assert fields_of(first[0])["restNum"] == "1"
    assert fields_of(second[0])["startOffsetInfo"] == "0 0 2"
    assert side.offsets.query("G", "T", 0) == 3


def test_all_queues_or_one() -> None:
    side = side_with()
    for queue_id in range(4):
        side.send(b"%d" % queue_id, queue_id=queue_id)
    assert [each.body for each in side.pop(queue_id=2)] == [b"2"]
    assert {each.body for each in side.pop()} == {b"0", b"1", b"3"}


def test_where_a_new_group_begins() -> None:
    side = side_with(b"a", b"b", init_by_young_queue=False)
    assert [each.body for each in side.pop(init_mode=1)] == [b"b"]
    young = side_with(b"a", b"b")
    assert [each.body for each in young.pop(init_mode=1)] == [b"a", b"b"]
    empty = side_with(init_by_young_queue=False)
    assert empty.pop_reply(init_mode=1).code == ResponseCode.POLLING_TIMEOUT
    empty.send(b"c")
    assert [each.body for each in empty.pop(init_mode=1)] == [b"c"]


def test_tags_choose_and_the_others_are_passed_over() -> None:
    side = side_with()
    for tag in ("red", "blue", "red"):
        side.send(tag.encode(), tag=tag)
    reply = side.pop_reply(exp="red", exp_type="TAG")
    assert fields_of(reply)["msgOffsetInfo"] == "0 0 0,2"
    assert [each.body for each in lent(reply)] == [b"red", b"red"]
    side.send(b"x", tag="blue")
    assert side.pop_reply(exp="red").code == ResponseCode.POLLING_TIMEOUT
    side.turn()
    assert side.offsets.query("G", "T", 0) == 4
    assert side.clients.subscription("G", "T") is not None


def test_a_held_pop_is_answered_by_an_arrival() -> None:
    side = side_with()
    answers = side.begin_pop(poll_time=5_000)
    side.turn()
    assert answers == []
    assert len(side.held_pops) == 1
    side.send(b"a", queue_id=3)
    side.turn()
    side.turn()
    assert [each.body for each in lent(answers[0])] == [b"a"]
    assert len(side.held_pops) == 0


def test_a_pop_that_leaves_some_wakes_the_next() -> None:
    side = side_with()
    first = side.begin_pop(poll_time=5_000, max_msg_nums=1)
    second = side.begin_pop(poll_time=5_000)
    side.send(b"a", b"b", b"c")
    for _ in range(3):
        side.turn()
    assert [each.body for each in lent(first[0])] == [b"a"]
    assert [each.body for each in lent(second[0])] == [b"b", b"c"]


def test_a_held_pop_ends_a_little_before_its_client_gives_up() -> None:
    side = side_with()
    answers = side.begin_pop(poll_time=5_000)
    side.pass_time(4.5)
    assert answers == []
    side.pass_time(0.5)
    (reply,) = answers
    assert reply.code == ResponseCode.POLLING_TIMEOUT
    assert fields_of(reply)["restNum"] == "0"


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 3_600_000])
def test_a_wall_clock_that_jumps_does_not_stretch_or_cut_a_hold(ahead_ms: int) -> None:
    side = side_with()
    answers = side.begin_pop(poll_time=5_000)
    side.now_ms += ahead_ms
    side.pass_time(4.5)
    assert answers == []
    side.pass_time(0.5)
    assert answers[0].code == ResponseCode.POLLING_TIMEOUT


def test_a_client_whose_clock_is_ahead_waits_no_longer_than_it_says() -> None:
    side = side_with()
    answers = side.begin_pop(poll_time=5_000, born_time=side.now_ms + 3_600_000)
    side.pass_time(5.5)
    assert answers[0].code == ResponseCode.POLLING_TIMEOUT


def test_a_pop_without_a_time_begins_now() -> None:
    side = side_with()
    assert side.begin_pop(poll_time=5_000, born_time=0) == []


def test_filtered_pops_look_on_until_they_find() -> None:
    side = side_with()
    for _ in range(3):
        side.send(*[b"x"] * 500, tag="blue")
    side.send(b"a", tag="red")
    answers = side.begin_pop(exp="red", poll_time=5_000)
    for _ in range(8):
        side.turn()
    assert [each.body for each in lent(answers[0])] == [b"a"]


def test_too_many_wait_and_the_end_of_the_broker() -> None:
    side = side_with(max_held=1)
    waiting = side.begin_pop(poll_time=5_000)
    assert side.pop_reply(poll_time=5_000).code == ResponseCode.POLLING_FULL
    side.held_pops.close()
    assert waiting[0].code == ResponseCode.POLLING_FULL


def test_a_topic_that_goes_away_while_a_pop_waits() -> None:
    side = side_with()
    answers = side.begin_pop(poll_time=5_000)
    side.topics.delete("T")
    side.held_pops.notify("T", "G", -1)
    assert answers[0].code == ResponseCode.TOPIC_NOT_EXIST


@pytest.mark.parametrize(
    ("fields", "code", "remark"),
    [
        ({"max_msg_nums": 33}, ResponseCode.INVALID_PARAMETER, "greater than 32"),
        ({"topic": "none"}, ResponseCode.TOPIC_NOT_EXIST, "topic[none] not exist"),
        ({"queue_id": 4}, ResponseCode.INVALID_PARAMETER, "queueId[4] is illegal"),
        ({"invisible_time": -1}, ResponseCode.INVALID_PARAMETER, "invisibleTime -1"),
        ({"invisible_time": 2**63 - 1}, ResponseCode.INVALID_PARAMETER, "invisibleTi"),
        ({"exp_type": "NONE", "exp": "x"}, 23, "parse the consumer's subscription"),
        ({"born_time": 1, "poll_time": 5}, ResponseCode.POLLING_TIMEOUT, "too much"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: int, remark: str) -> None:
    side = side_with(b"a")
    reply = side.pop_reply(**fields)
    assert (reply.code, remark in (reply.remark or "")) == (code, True), reply
    assert side.kept() == []


def test_closed_topics_groups_and_brokers() -> None:
    side = side_with(b"a")
    side.topic("closed", perm=2)
    assert side.pop_reply(topic="closed").code == ResponseCode.NO_PERMISSION
    side.groups.put(SubscriptionGroupConfig(group_name="off", consume_enable=False))
    assert side.pop_reply(consumer_group="off").code == ResponseCode.NO_PERMISSION
    side.group_defaults.set(type(side.group_defaults.value)(auto_create=False))
    unknown = side.pop_reply(consumer_group="new")
    assert unknown.code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST
    side.timers.set(TimerConfig(enabled=False))
    without = side.pop_reply(order=True)
    assert without.code == ResponseCode.SYSTEM_ERROR
    assert "because timerWheelEnable is false" in (without.remark or "")
    side.identity.set(BrokerIdentity(cluster_name="C", permission=2))
    assert side.pop_reply().code == ResponseCode.NO_PERMISSION


def test_no_more_than_the_limit_is_out() -> None:
    side = side_with(*[b"x"] * 5, limit_in_flight=True, max_in_flight=2)
    popped = side.pop(max_msg_nums=3)
    reply = side.pop_reply()
    assert reply.code == ResponseCode.POLLING_TIMEOUT
    assert fields_of(reply)["restNum"] == "2"
    side.ack(popped[0])
    assert len(side.pop()) == 2


def test_an_operator_moves_a_group() -> None:
    side = side_with(b"a", b"b")
    side.pop()
    side.offsets.reset("G", "T", 0, 1)
    assert [each.body for each in side.pop()] == [b"b"]
    assert side.offsets.query("G", "T", 0) == 2


def test_a_lost_connection_takes_its_held_pop_along() -> None:
    side = side_with()
    side.begin_pop(poll_time=5_000)
    side.connection.close("gone")
    assert len(side.held_pops) == 0


def test_damage_that_a_held_pop_meets_is_its_answer(monkeypatch: Any) -> None:
    side = side_with()
    answers = side.begin_pop(poll_time=5_000)
    read: Deferred[Any] = Deferred()
    monkeypatch.setattr(side.store, "read_queue", lambda *_: read)
    side.send(b"a")
    side.turn()
    read.errback(RecordError("torn"))
    assert (answers[0].code, answers[0].remark) == (ResponseCode.SYSTEM_ERROR, "torn")
