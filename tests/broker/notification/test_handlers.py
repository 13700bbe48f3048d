"""Being told that there is something to pop."""

from typing import Any

import pytest
from notification_side import NotificationSide
from read_side import genuine_answers

from twistedmq.protocol.bodies import SubscriptionGroupConfig
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.testing.connections import FakeConnection

YES = {"hasMsg": "true", "pollingFull": "false"}
NO = {"hasMsg": "false", "pollingFull": "false"}
FULL = {"hasMsg": "false", "pollingFull": "true"}


@pytest.fixture
def side() -> NotificationSide:
    side = NotificationSide()
    side.topic("T", 2)
    side.groups.get("G")
    return side


def fields(answers: list[Reply]) -> list[Any]:
    return [reply.header for reply in answers]


def test_what_there_is_is_told_at_once(side: NotificationSide) -> None:
    side.put(queue_id=1)
    [reply] = side.ask_for()
    genuine = genuine_answers("notification")[0]
    assert reply.header == genuine["header"]["extFields"] == YES
    assert reply.remark == genuine["header"]["remark"]
    assert fields(side.ask_for(queue_id=1)) == [YES]
    assert side.ask_for(queue_id=0) == []


def test_without_a_message_it_is_told_in_the_end(side: NotificationSide) -> None:
    answers = side.ask_for(poll_time=1000)
    side.clock.advance(0.9)
    assert answers == []
    side.clock.advance(0.1)
    genuine = genuine_answers("notification")[1]
    assert fields(answers) == [genuine["header"]["extFields"]] == [NO]


def test_who_does_not_want_to_wait_is_told_at_once(side: NotificationSide) -> None:
    assert fields(side.ask_for(poll_time=0)) == [NO]
    assert fields(side.ask_for(poll_time=-1)) == [NO]
    assert fields(side.ask_for(poll_time=40)) == [NO]


def test_a_message_is_told_when_it_comes(side: NotificationSide) -> None:
    anywhere, there, elsewhere = (
        side.ask_for(),
        side.ask_for(queue_id=1),
        side.ask_for(queue_id=0),
    )
    side.put(queue_id=1)
    side.clock.advance(0)
    assert fields(anywhere) == fields(there) == [YES]
    assert elsewhere == []


def test_one_message_is_told_to_one_who_waits(side: NotificationSide) -> None:
    first, second = side.ask_for(), side.ask_for()
    other_group = side.ask_for(consumer_group="H")
    side.put()
    side.clock.advance(0)
    assert (fields(first), second) == ([YES], [])
    assert fields(other_group) == [YES]


def test_messages_that_come_together_are_told_to_all(side: NotificationSide) -> None:
    all_of_them = [side.ask_for() for _ in range(3)]
    side.put(b"1", b"2")
    side.clock.pump([0, 0, 0, 0])
    assert [fields(each) for each in all_of_them] == [[YES]] * 3


def test_a_popped_message_is_there_no_more(side: NotificationSide) -> None:
    side.put()
    assert fields(side.ask_for()) == [YES]
    side.offsets.commit("G", "T", 0, 1)
    assert side.ask_for() == []


@pytest.mark.parametrize(
    ("config", "topics"),
    [
        ({}, {"%RETRY%G_T"}),
        ({"retry_topic_v2": True}, {"%RETRY%G_T", "%RETRY%G+T"}),
        ({"retry_topic_v2": True, "read_retry_topic_v1": False}, {"%RETRY%G+T"}),
    ],
)
def test_what_comes_back_counts_where_it_is_popped(
    config: dict[str, Any], topics: set[str]
) -> None:
    told = set()
    for topic in ("%RETRY%G_T", "%RETRY%G+T", "%RETRY%H_T"):
        side = NotificationSide(**config)
        side.topic("T", 2)
        side.topic(topic, 1)
        side.put(topic=topic)
        if side.ask_for():
            told.add(topic)
        assert fields(side.ask_for(order=True)) == []
    assert told == topics


def test_what_comes_back_wakes_who_waits(side: NotificationSide) -> None:
    side.topic("%RETRY%G_T", 1)
    answers = side.ask_for(queue_id=1)
    side.put(topic="%RETRY%G_T")
    side.clock.advance(0)
    assert fields(answers) == [YES]


def test_a_queue_that_is_blocked_has_nothing(side: NotificationSide) -> None:
    side.put(b"1", b"2")
    place = ("T", "G", 0)
    side.orders.given(place, [0], side.wall_ms(), 10_000, "first")
    side.offsets.commit("G", "T", 0, 1)
    assert fields(side.ask_for(order=True, poll_time=0)) == [NO]
    again = side.ask_for(order=True, poll_time=0, attempt_id="first")
    assert fields(again) == [YES]
    waiting = side.ask_for(order=True, poll_time=20_000)
    side.now_ms += 10_000
    side.notices.freed("T", "G", 0)
    side.clock.advance(0)
    assert fields(waiting) == [YES]


@pytest.mark.parametrize("skew_ms", [-3_600_000, 3_600_000])
def test_a_clock_that_is_wrong_does_not_matter(
    side: NotificationSide, skew_ms: int
) -> None:
    answers = side.ask_for(poll_time=1000, born_time=side.now_ms + skew_ms)
    side.clock.advance(0.9)
    assert answers == []
    side.clock.advance(0.1)
    assert fields(answers) == [NO]


def test_time_on_the_way_is_time_waited(side: NotificationSide) -> None:
    answers = side.ask_for(poll_time=1000, born_time=side.now_ms - 600)
    side.clock.advance(0.4)
    assert fields(answers) == [NO]


def test_nobody_waits_for_longer_than_a_day(side: NotificationSide) -> None:
    answers = side.ask_for(poll_time=2**63 - 1)
    side.clock.advance(86_400)
    assert fields(answers) == [NO]


def test_so_many_may_wait() -> None:
    side = NotificationSide(max_held_of_queue=1)
    side.topic("T", 2)
    assert side.ask_for() == []
    assert fields(side.ask_for()) == [FULL]
    assert side.ask_for(queue_id=0) == []


def test_who_is_gone_is_not_told(side: NotificationSide) -> None:
    connection = FakeConnection()
    answers = side.ask_for(connection=connection)
    connection.close("gone")
    assert len(side.notices) == 0
    side.put()
    side.clock.advance(0)
    assert answers == []


def test_all_are_told_when_the_broker_stops(side: NotificationSide) -> None:
    answers = side.ask_for()
    side.notices.close()
    assert fields(answers) == [NO]
    assert fields(side.ask_for()) == [FULL]


@pytest.mark.parametrize("polling", [False, True])
@pytest.mark.parametrize(
    ("wrong", "code", "named"),
    [
        ({"topic": "X"}, ResponseCode.TOPIC_NOT_EXIST, "topic[X] not exist"),
        ({"topic": "Closed"}, ResponseCode.NO_PERMISSION, "topic[Closed] peeking"),
        ({"queue_id": 2}, ResponseCode.INVALID_PARAMETER, "queueId[2] is illegal"),
        ({"consumer_group": "off"}, ResponseCode.NO_PERMISSION, "no permission, off"),
        (
            {"consumer_group": "not/a/group"},
            ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
            "subscription group [not/a/group]",
        ),
    ],
)
def test_what_is_refused(
    side: NotificationSide, polling: bool, wrong: dict[str, Any], code: int, named: str
) -> None:
    side.topic("Closed", 2, perm=2)
    side.groups.put(SubscriptionGroupConfig(group_name="off", consume_enable=False))
    ask = side.polling_info if polling else side.ask_for
    [reply] = ask(**wrong)
    assert reply.code == code
    assert named in (reply.remark or "")


def test_a_broker_that_may_not_be_read(side: NotificationSide) -> None:
    side.identity.replace(permission=2)
    for [reply] in (side.ask_for(), side.polling_info()):
        assert reply.code == ResponseCode.NO_PERMISSION
        assert "peeking message is forbidden" in (reply.remark or "")


def test_pops_that_wait_are_counted(side: NotificationSide) -> None:
    genuine = genuine_answers("polling_info")[0]
    [reply] = side.polling_info(queue_id=0)
    assert reply.header == genuine["header"]["extFields"] == {"pollingNum": "0"}
    assert reply.remark == genuine["header"]["remark"]
    side.hold_pop(queue_id=-1)
    side.hold_pop(queue_id=-1)
    side.hold_pop(queue_id=0)
    side.ask_for()  # is no pop
    found = [side.polling_info(queue_id=queue_id) for queue_id in (-1, -5, 0, 1)]
    assert fields([reply for [reply] in found]) == [
        {"pollingNum": number} for number in ("2", "2", "1", "0")
    ]
