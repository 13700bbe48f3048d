"""Figures about topics and groups."""

from typing import Any

import pytest
from read_side import ReadSide, genuine_answers

from twistedmq.broker.queries.stats import time_text
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    ConsumeStats,
    MessageQueue,
    QueryConsumeTimeSpanBody,
    TopicStatsTable,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    GetConsumeStatsInBrokerHeader,
    GetConsumeStatsRequestHeader,
    GetTopicStatsInfoRequestHeader,
    QueryConsumeTimeSpanRequestHeader,
)
from twistedmq.protocol.headers.base import Header
from twistedmq.testing.batches import Told

START_MS = 1_700_000_000_000
QUEUE = MessageQueue("T", "broker-a", 0)


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T", queues=2)
    for _ in range(3):
        made.append(Told(topic="T"))
        made.now_ms += 1000
    return made


def raw(reply: Reply) -> bytes:
    assert reply.code == ResponseCode.SUCCESS
    assert isinstance(reply.body, bytes)
    return reply.body


def genuine_body(name: str) -> Any:
    for each in genuine_answers(name):
        if "body_text" in each:
            return loose_json.decode_any(each["body_text"].encode())
        if each.get("body_json"):
            return each["body_json"]
    raise LookupError(name)


def first_value(table: Any) -> Any:
    return next(iter(table.values()))


class TestTopic:
    def ask(self, side: ReadSide, topic: str = "T") -> Reply:
        header = GetTopicStatsInfoRequestHeader(topic=topic)
        return side.ask(RequestCode.GET_TOPIC_STATS_INFO, header)

    def test_ends_of_all_queues(self, side: ReadSide) -> None:
        side.counters.sent("T", 6, 60)
        table = loose_json.decode(raw(self.ask(side)), type=TopicStatsTable)
        first = table.offset_table[QUEUE]
        assert (first.min_offset, first.max_offset) == (0, 3)
        assert first.last_update_timestamp == START_MS + 2000
        second = table.offset_table[MessageQueue("T", "broker-a", 1)]
        assert (second.max_offset, second.last_update_timestamp) == (0, 0)
        assert table.topic_put_tps == 0.6

    def test_the_body_has_the_genuine_members(self, side: ReadSide) -> None:
        ours = loose_json.decode_any(raw(self.ask(side)))
        wanted = genuine_body("get_topic_stats_info")
        assert ours.keys() == wanted.keys()
        assert (
            first_value(ours["offsetTable"]).keys()
            == first_value(wanted["offsetTable"]).keys()
        )

    def test_an_unknown_topic(self, side: ReadSide) -> None:
        reply = self.ask(side, "TNope")
        assert reply.code == ResponseCode.TOPIC_NOT_EXIST
        assert reply.remark == "topic[TNope] not exist"


class TestGroup:
    def ask(self, side: ReadSide, **fields: Any) -> ConsumeStats:
        header = GetConsumeStatsRequestHeader(**{"consumer_group": "G"} | fields)
        reply = side.ask(RequestCode.GET_CONSUME_STATS, header)
        return loose_json.decode(raw(reply), type=ConsumeStats)

    def test_how_far_a_group_is(self, side: ReadSide) -> None:
        side.offsets.commit("G", "T", 0, 2)
        side.offsets.commit_pull("G", "T", 0, 3)
        side.counters.pulled("T", "G", 6, 60)
        stats = self.ask(side)
        wrapper = stats.offset_table[QUEUE]
        assert (wrapper.broker_offset, wrapper.consumer_offset) == (3, 2)
        assert wrapper.pull_offset == 3
        assert wrapper.last_timestamp == START_MS + 1000
        assert len(stats.offset_table) == 2
        assert stats.consume_tps == 0.6

    def test_only_what_an_online_group_subscribes_to(self, side: ReadSide) -> None:
        side.offsets.commit("G", "T", 0, 2)
        side.heartbeat("G", {"T2": "*"})
        assert self.ask(side).offset_table == {}
        assert self.ask(side, topic="T").offset_table == {}
        assert self.ask(side, topic_list="T;T2").offset_table != {}

    def test_a_group_that_never_committed(self, side: ReadSide) -> None:
        assert self.ask(side).offset_table == {}
        wrapper = self.ask(side, topic="T").offset_table[QUEUE]
        assert (wrapper.consumer_offset, wrapper.last_timestamp) == (0, 0)

    def test_all_groups_of_the_broker(self, side: ReadSide) -> None:
        side.groups.get("G")
        side.offsets.commit("G", "T", 0, 2)
        side.offsets.commit("G", "TGone", 0, 2)
        header = GetConsumeStatsInBrokerHeader(is_order=False)
        code = RequestCode.GET_BROKER_CONSUME_STATS
        ours = loose_json.decode_any(raw(side.ask(code, header)))
        wanted = genuine_body("get_broker_consume_stats")
        assert ours.keys() == wanted.keys()
        assert ours["totalDiff"] == 1
        [of_group] = [e["G"] for e in ours["consumeStatsList"] if "G" in e]
        assert len(of_group) == 1
        header.is_order = True
        ours = loose_json.decode_any(raw(side.ask(code, header)))
        assert {"G": []} in ours["consumeStatsList"]


class TestTimeSpan:
    def ask(self, side: ReadSide, topic: str = "T") -> Reply:
        header: Header = QueryConsumeTimeSpanRequestHeader(topic=topic, group="G")
        return side.ask(RequestCode.QUERY_CONSUME_TIME_SPAN, header)

    def test_which_times_are_stored_and_reached(self, side: ReadSide) -> None:
        side.offsets.commit("G", "T", 0, 2)
        body = loose_json.decode(raw(self.ask(side)), type=QueryConsumeTimeSpanBody)
        first, second = body.consume_time_span_set
        assert first.min_time_stamp == START_MS
        assert first.max_time_stamp == START_MS + 2000
        assert first.consume_time_stamp == START_MS + 1000
        assert first.delay_time == side.now_ms - (START_MS + 2000)
        assert first.consume_time_stamp_str == time_text(START_MS + 1000)
        assert (second.min_time_stamp, second.delay_time) == (-1, 0)

    def test_a_group_that_has_not_begun(self, side: ReadSide) -> None:
        body = loose_json.decode(raw(self.ask(side)), type=QueryConsumeTimeSpanBody)
        first = body.consume_time_span_set[0]
        assert first.consume_time_stamp == START_MS
        assert first.delay_time == 3000

    def test_the_body_has_the_genuine_members(self, side: ReadSide) -> None:
        [ours, _] = loose_json.decode_any(raw(self.ask(side)))["consumeTimeSpanSet"]
        wanted = genuine_body("query_consume_time_span")["consumeTimeSpanSet"][0]
        assert ours.keys() == wanted.keys()

    def test_an_unknown_topic(self, side: ReadSide) -> None:
        assert self.ask(side, "TNope").code == ResponseCode.TOPIC_NOT_EXIST


def test_times_are_written_as_the_tools_show_them() -> None:
    text = time_text(START_MS + 7)
    assert text.endswith(":007")
    assert len(text) == len("2026-11-22#22:11:11:953")
