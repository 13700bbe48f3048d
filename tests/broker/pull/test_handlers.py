"""Pulls: refused, answered at once, held and woken."""

from collections.abc import Iterator
from typing import Any

import pytest
from read_side import ReadSide, genuine_answers, pull_header
from twisted.internet.defer import Deferred

from twistedmq.protocol.bodies import MessageModel, SubscriptionGroupConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.record import decode_records
from twistedmq.store.interfaces import QueueRead, ReadStatus
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection

PULL = RequestCode.PULL_MESSAGE
COMMIT, SUSPEND, SUBSCRIPTION = 1, 2, 4
HOLD = SUSPEND | SUBSCRIPTION


@pytest.fixture
def side() -> Iterator[ReadSide]:
    made = ReadSide()
    made.topic("T")
    yield made
    assert made.clock.getDelayedCalls() == [] or len(made.held) == 0


def bodies(reply: Reply) -> list[bytes]:
    buffers = reply.body if isinstance(reply.body, list) else [reply.body]
    return [bytes(r.body) for b in buffers for r in decode_records(b)]


def told(*texts: str, tag: str | None = None, **more: Any) -> list[Told]:
    return [Told(topic="T", body=t.encode(), tag=tag, **more) for t in texts]


class TestRefusals:
    def refused(self, side: ReadSide, code: int = PULL, **fields: Any) -> Reply:
        return side.ask(code, pull_header(**fields))

    def test_a_broker_that_may_not_be_read(self, side: ReadSide) -> None:
        side.identity.replace(permission=2)
        reply = self.refused(side)
        assert reply.code == ResponseCode.NO_PERMISSION
        assert reply.header == {"forbiddenType": "1"}

    def test_lite_pulls_can_be_switched_off(self, side: ReadSide) -> None:
        side.pull_config.replace(lite_pull=False)
        reply = self.refused(side, RequestCode.LITE_PULL_MESSAGE)
        assert reply.code == ResponseCode.NO_PERMISSION
        assert "lite pull" in (reply.remark or "")

    def test_a_group_that_may_not_be_created(self, side: ReadSide) -> None:
        reply = self.refused(side, consumer_group="G/nope")
        assert reply.code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST
        assert reply.remark == (
            "subscription group [G/nope] does not exist, \nSee https://rocketmq.apache"
            ".org/docs/bestPractice/06FAQ for further details."
        )

    def test_a_group_that_may_not_consume(self, side: ReadSide) -> None:
        side.groups.put(SubscriptionGroupConfig(group_name="G", consume_enable=False))
        reply = self.refused(side)
        assert reply.code == ResponseCode.NO_PERMISSION
        assert reply.header == {"forbiddenType": "2"}
        assert reply.remark == "subscription group no permission, G"

    def test_a_topic_that_does_not_exist(self, side: ReadSide) -> None:
        reply = self.refused(side, topic="TNope")
        assert reply.code == ResponseCode.TOPIC_NOT_EXIST
        assert reply.remark == (
            "topic[TNope] not exist, apply first please! \nSee https://rocketmq.apache"
            ".org/docs/bestPractice/06FAQ for further details."
        )

    def test_a_topic_that_may_not_be_read(self, side: ReadSide) -> None:
        side.topic("T", perm=2)
        assert self.refused(side).header == {"forbiddenType": "3"}

    @pytest.mark.parametrize("queue_id", [-1, 4, 77])
    def test_a_queue_that_does_not_exist(self, side: ReadSide, queue_id: int) -> None:
        reply = self.refused(side, queue_id=queue_id)
        assert reply.code == ResponseCode.INVALID_PARAMETER
        assert f"queueId[{queue_id}] is illegal, topic:[T]" in (reply.remark or "")

    def test_a_group_without_heartbeat(self, side: ReadSide) -> None:
        reply = self.refused(side, sys_flag=0)
        assert reply.code == ResponseCode.SUBSCRIPTION_NOT_EXIST
        assert (reply.remark or "").startswith("the consumer's group info not exist\n")

    def test_a_topic_the_group_does_not_subscribe_to(self, side: ReadSide) -> None:
        side.heartbeat("G", {"T2": "*"})
        reply = self.refused(side, sys_flag=0)
        assert reply.code == ResponseCode.SUBSCRIPTION_NOT_EXIST
        assert (reply.remark or "").startswith("the consumer's subscription not exist")

    def test_a_subscription_newer_than_the_heartbeat(self, side: ReadSide) -> None:
        side.heartbeat("G", {"T": "*"}, version=5)
        reply = self.refused(side, sys_flag=0, sub_version=6)
        assert reply.code == ResponseCode.SUBSCRIPTION_NOT_LATEST
        assert reply.remark == "the consumer's subscription not latest"
        assert self.refused(side, sys_flag=0, sub_version=5).code != reply.code

    def test_properties_while_that_is_off(self, side: ReadSide) -> None:
        side.pull_config.replace(property_filter=False)
        reply = self.refused(side, expression_type="SQL92", subscription="a > 1")
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert reply.remark == (
            "The broker does not support consumer to filter message by SQL92"
        )
        side.heartbeat("G", {"T": "a > 1"}, expression_type="SQL92")
        assert self.refused(side, sys_flag=0) == reply

    def test_a_wrong_expression(self, side: ReadSide) -> None:
        reply = self.refused(side, expression_type="SQL92", subscription="a >")
        assert reply.code == ResponseCode.SUBSCRIPTION_PARSE_FAILED
        assert (reply.remark or "").endswith(
            "parse the consumer's subscription failed: line 1, column 4: expected a "
            "property or a value, not the end"
        )
        side.heartbeat("G", {"T": "a >"}, expression_type="SQL92")
        reply = self.refused(side, sys_flag=0)
        assert reply.code == ResponseCode.FILTER_DATA_NOT_EXIST

    def test_broadcasting_can_be_forbidden(self, side: ReadSide) -> None:
        side.groups.put(
            SubscriptionGroupConfig(group_name="G", consume_broadcast_enable=False)
        )
        side.heartbeat("G", model=MessageModel.BROADCASTING)
        assert self.refused(side, sys_flag=0).header == {"forbiddenType": "4"}

    def test_a_group_can_be_kept_from_one_topic(self, side: ReadSide) -> None:
        side.heartbeat("G")
        side.groups.set_may_read("G", "T", False)
        assert self.refused(side, sys_flag=0).header == {"forbiddenType": "5"}

    def test_consumers_that_call_themselves_can_be_refused(
        self, side: ReadSide
    ) -> None:
        side.pull_config.replace(reject_pull_consumers=True)
        reply = self.refused(side)
        assert reply.code == ResponseCode.SUBSCRIPTION_NOT_EXIST
        assert "rejected" in (reply.remark or "")
        side.heartbeat("G")
        assert self.refused(side).code == ResponseCode.PULL_NOT_FOUND


class TestAnswers:
    def test_found(self, side: ReadSide) -> None:
        side.append(*told("a", "b", "c"))
        reply = side.ask(PULL, pull_header(queue_offset=1))
        assert reply.code == ResponseCode.SUCCESS
        assert reply.remark == "FOUND"
        assert bodies(reply) == [b"b", b"c"]
        assert reply.header == {
            "suggestWhichBrokerId": "0",
            "groupSysFlag": "0",
            "nextBeginOffset": "3",
            "maxOffset": "3",
            "minOffset": "0",
            "topicSysFlag": "0",
        }
        assert side.counters.got.messages == 2
        assert side.offsets.query_pull("G", "T", 0) == 3

    def test_neighbours_leave_as_one_slice_of_the_log(self, side: ReadSide) -> None:
        side.append(*told("a", "b", "c"))
        reply = side.ask(PULL, pull_header())
        assert isinstance(reply.body, list)
        assert len(reply.body) == 1

    def test_tags_are_compared_by_their_hash(self, side: ReadSide) -> None:
        side.append(*told("a", tag="x"), *told("b", tag="y"), *told("c", tag="z"))
        reply = side.ask(PULL, pull_header(subscription="x || z"))
        assert bodies(reply) == [b"a", b"c"]

    def test_the_heartbeat_says_what_is_wanted(self, side: ReadSide) -> None:
        side.append(*told("a", tag="x"), *told("b", tag="y"))
        side.heartbeat("G", {"T": "y"})
        assert bodies(side.ask(PULL, pull_header(sys_flag=0))) == [b"b"]

    def test_nothing_matches(self, side: ReadSide) -> None:
        side.append(*told("a", tag="x"))
        reply = side.ask(PULL, pull_header(subscription="y", sys_flag=HOLD))
        assert reply.code == ResponseCode.PULL_RETRY_IMMEDIATELY
        assert reply.remark == "NO_MATCHED_MESSAGE"
        assert isinstance(reply.header, dict)
        assert reply.header["nextBeginOffset"] == "1"

    def test_a_wish_for_fewer_is_kept(self, side: ReadSide) -> None:
        side.append(*told("a", "b", "c"))
        assert bodies(side.ask(PULL, pull_header(max_msg_nums=1))) == [b"a"]
        assert bodies(side.ask(PULL, pull_header(max_msg_bytes=1))) == [b"a"]

    def test_behind_the_end_the_offset_moves(self, side: ReadSide) -> None:
        side.append(*told("a"))
        reply = side.ask(PULL, pull_header(queue_offset=10, sys_flag=HOLD))
        assert reply.code == ResponseCode.PULL_OFFSET_MOVED
        assert reply.remark == "OFFSET_OVERFLOW_BADLY"

    def test_offsets_are_committed_along_the_way(self, side: ReadSide) -> None:
        header = pull_header(sys_flag=SUBSCRIPTION | COMMIT, commit_offset=7)
        side.ask(PULL, header)
        assert side.offsets.query("G", "T", 0) == 7

    def test_without_the_flag_they_are_not(self, side: ReadSide) -> None:
        side.ask(PULL, pull_header(commit_offset=7))
        assert side.offsets.query("G", "T", 0) == -1

    def test_lite_pulls_are_pulls(self, side: ReadSide) -> None:
        side.append(*told("a"))
        header = pull_header(sys_flag=HOLD | 16)
        assert bodies(side.ask(RequestCode.LITE_PULL_MESSAGE, header)) == [b"a"]

    def test_a_reset_is_told_once(self, side: ReadSide) -> None:
        side.append(*told("a", "b", "c"))
        side.offsets.reset("G", "T", 0, 1)
        reply = side.ask(PULL, pull_header(queue_offset=3, sys_flag=HOLD))
        assert reply.code == ResponseCode.PULL_OFFSET_MOVED
        assert reply.remark == "OFFSET_RESET"
        assert isinstance(reply.header, dict)
        assert reply.header["nextBeginOffset"] == "1"
        assert reply.header["maxOffset"] == "3"
        assert bodies(side.ask(PULL, pull_header(queue_offset=1))) == [b"b", b"c"]

    def test_a_group_may_be_sent_to_another_broker(self, side: ReadSide) -> None:
        side.pull_config.replace(slave_read=True)
        side.groups.put(SubscriptionGroupConfig(group_name="G", broker_id=2))
        reply = side.ask(PULL, pull_header())
        assert isinstance(reply.header, dict)
        assert reply.header["suggestWhichBrokerId"] == "2"

    def test_what_was_asked_in_pulls_is_known_of_the_group(
        self, side: ReadSide
    ) -> None:
        side.ask(PULL, pull_header(subscription="x"))
        known = side.clients.subscription("G", "T")
        assert known is not None
        assert known.data.sub_string == "x"
        assert known.data.tags_set == ["x"]

    def test_a_cold_read_answers_later(
        self, side: ReadSide, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cold: Deferred[QueueRead] = Deferred()
        monkeypatch.setattr(side.store, "read_queue", lambda *_: cold)
        answers = side.begin(PULL, pull_header())
        assert answers == []
        cold.callback(QueueRead(ReadStatus.FOUND, 1, 0, 1, 1, [b"record"], 6))
        assert answers[0].body == [b"record"]


class TestHolding:
    def held(self, side: ReadSide, **fields: Any) -> list[Reply]:
        answers = side.begin(PULL, pull_header(**{"sys_flag": HOLD} | fields))
        assert answers == []
        assert len(side.held) == 1
        return answers

    def test_a_message_wakes_it(self, side: ReadSide) -> None:
        answers = self.held(side)
        side.append(*told("a"))
        assert answers == []  # the send is answered first
        side.clock.advance(0)
        assert bodies(answers[0]) == [b"a"]
        assert len(side.held) == 0

    def test_a_message_in_another_queue_does_not(self, side: ReadSide) -> None:
        answers = self.held(side)
        side.append(Told(topic="T", queue_id=1), Told(topic="T2"))
        side.clock.advance(0)
        assert answers == []
        side.held.wake_all()
        assert answers

    def test_an_unwanted_message_does_not_answer(self, side: ReadSide) -> None:
        answers = self.held(side, subscription="x")
        side.append(*told("a", tag="y"))
        side.clock.advance(0)
        assert answers == []
        side.append(*told("b", tag="x"))
        side.clock.advance(0)
        assert bodies(answers[0]) == [b"b"]

    def test_a_wanted_message_in_the_midst_of_a_batch_does(
        self, side: ReadSide
    ) -> None:
        answers = self.held(side, subscription="x")
        side.append(*told("a", tag="y"), *told("b", tag="x"), *told("c", tag="y"))
        side.clock.advance(0)
        assert bodies(answers[0]) == [b"b"]

    def test_time_runs_out(self, side: ReadSide) -> None:
        answers = self.held(side, suspend_timeout_millis=5_000)
        side.clock.advance(4)
        assert answers == []
        side.clock.advance(2)
        assert answers[0].code == ResponseCode.PULL_NOT_FOUND
        assert len(side.held) == 0

    def test_short_polling(self, side: ReadSide) -> None:
        side.pull_config.replace(long_polling=False, short_polling_ms=1_000)
        answers = self.held(side)
        side.clock.advance(2)
        assert answers[0].code == ResponseCode.PULL_NOT_FOUND

    def test_the_offset_is_committed_once(self, side: ReadSide) -> None:
        answers = self.held(side, sys_flag=HOLD | COMMIT, commit_offset=3)
        assert side.offsets.query("G", "T", 0) == 3
        side.offsets.commit("G", "T", 0, 9)
        side.append(*told("a"))
        side.clock.advance(0)
        assert answers
        assert side.offsets.query("G", "T", 0) == 9

    def test_too_many_are_answered_at_once(self, side: ReadSide) -> None:
        side.limits.replace(max_held_pulls=0)
        reply = side.ask(PULL, pull_header(sys_flag=HOLD))
        assert reply.code == ResponseCode.PULL_NOT_FOUND

    def test_a_closed_connection_takes_its_pulls_along(self, side: ReadSide) -> None:
        connection = FakeConnection()
        answers = side.begin(PULL, pull_header(sys_flag=HOLD), connection=connection)
        connection.close("gone")
        assert len(side.held) == 0
        side.append(*told("a"))
        side.clock.advance(20)
        assert answers == []

    def test_a_failing_read_is_an_answer_too(
        self, side: ReadSide, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = self.held(side)

        def broken(*_: object) -> QueueRead:
            raise PermissionError("disk")

        monkeypatch.setattr(side.store, "read_queue", broken)
        failures: list[Exception] = []
        monkeypatch.setattr("read_side.refusal", failures.append)
        side.append(*told("a"))
        side.clock.advance(0)
        assert isinstance(failures[0], PermissionError)
        assert answers == [None]


def test_answers_have_the_fields_of_the_genuine_broker(side: ReadSide) -> None:
    side.append(*told("a"))
    ours = side.ask(PULL, pull_header()).header
    assert isinstance(ours, dict)
    compared = 0
    for name in ("pull_message", "lite_pull_message"):
        for genuine in genuine_answers(name):
            if genuine["header"].get("remark") == "FOUND":
                assert genuine["header"]["extFields"].keys() == ours.keys()
                compared += 1
    assert compared
