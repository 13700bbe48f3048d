"""Requests about committed offsets."""

from typing import Any

import pytest
from read_side import ReadSide, genuine_answers

from twistedmq.broker.offsets.handlers import NOWHERE, least_offsets
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import QueryCorrectionOffsetBody
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    CloneGroupOffsetRequestHeader,
    QueryConsumerOffsetRequestHeader,
    QueryCorrectionOffsetHeader,
    UpdateConsumerOffsetRequestHeader,
)
from twistedmq.testing.batches import Told


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T")
    made.groups.get("G")
    return made


def query(side: ReadSide, **fields: object) -> Reply:
    values = {"consumer_group": "G", "topic": "T", "queue_id": 0} | fields
    header = QueryConsumerOffsetRequestHeader(**values)  # type: ignore[arg-type]
    return side.ask(RequestCode.QUERY_CONSUMER_OFFSET, header)


def update(side: ReadSide, **fields: object) -> Reply:
    values = {"consumer_group": "G", "topic": "T", "queue_id": 0, "commit_offset": 5}
    header = UpdateConsumerOffsetRequestHeader(**values | fields)  # type: ignore[arg-type]
    return side.ask(RequestCode.UPDATE_CONSUMER_OFFSET, header)


class TestQuery:
    def test_what_was_committed(self, side: ReadSide) -> None:
        assert update(side).code == ResponseCode.SUCCESS
        assert query(side).header == {"offset": "5"}

    def test_a_young_queue_is_begun_at_its_start(self, side: ReadSide) -> None:
        side.append(Told(topic="T"))
        assert query(side).header == {"offset": "0"}

    def test_unless_the_client_does_not_want_that(self, side: ReadSide) -> None:
        side.append(Told(topic="T"))
        reply = query(side, set_zero_if_not_found=False)
        assert reply.code == ResponseCode.QUERY_NOT_FOUND
        assert reply.remark == (
            "Not found, do not set to zero, maybe this group boot first"
        )

    def test_of_an_empty_queue_nothing_is_known(self, side: ReadSide) -> None:
        reply = query(side)
        assert reply.code == ResponseCode.QUERY_NOT_FOUND
        assert reply.remark in {
            each["header"].get("remark")
            for each in genuine_answers("query_consumer_offset")
        }


class TestUpdate:
    def test_an_unknown_group(self, side: ReadSide) -> None:
        reply = update(side, consumer_group="GNope")
        assert reply.code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST
        assert reply.remark == "Group GNope not exist!"
        assert "GNope" not in side.groups

    def test_an_unknown_topic(self, side: ReadSide) -> None:
        reply = update(side, topic="TNope")
        assert reply.code == ResponseCode.TOPIC_NOT_EXIST
        assert reply.remark == "Topic TNope not exist!"

    def test_a_reset_is_not_overridden(self, side: ReadSide) -> None:
        side.offsets.reset("G", "T", 0, 1)
        reply = update(side)
        assert reply.code == ResponseCode.SUCCESS
        assert reply.remark == "Offset has been previously reset"
        assert query(side).header == {"offset": "1"}


def test_the_whole_table_has_the_genuine_members(side: ReadSide) -> None:
    update(side)
    side.offsets.commit("G", "%RETRY%G", 0, 1)
    [genuine, *_] = genuine_answers("get_all_consumer_offset")
    wanted = loose_json.decode_any(genuine["body_text"].encode())
    body = side.ask(RequestCode.GET_ALL_CONSUMER_OFFSET).body
    ours = loose_json.decode_any(body)
    assert ours.keys() == wanted.keys()
    assert ours["dataVersion"].keys() == wanted["dataVersion"].keys()
    assert ours["groupTopicMap"] == {"G": ["%RETRY%G", "T"]}
    assert b'"offsetTable":{"T@G":{0:5},"%RETRY%G@G":{0:1}}' in body


class TestCorrection:
    def ask(self, side: ReadSide, **fields: object) -> dict[int, int]:
        values = {"topic": "T", "compare_group": "G"} | fields
        header = QueryCorrectionOffsetHeader(**values)  # type: ignore[arg-type]
        body = side.ask(RequestCode.QUERY_CORRECTION_OFFSET, header).body
        assert isinstance(body, bytes)
        return loose_json.decode(
            body, type=QueryCorrectionOffsetBody
        ).correction_offsets

    def test_the_least_of_all_groups(self, side: ReadSide) -> None:
        for group, offset in (("G", 5), ("G2", 3), ("G3", 1)):
            side.offsets.commit(group, "T", 0, offset)
        assert self.ask(side) == {0: 1}
        assert self.ask(side, filter_groups="G3,G4") == {0: 3}
        assert side.offsets.query("G3", "T", 0) == 1

    def test_a_group_behind_the_others_is_nowhere(self, side: ReadSide) -> None:
        side.offsets.commit("G", "T", 0, 1)
        side.offsets.commit("G2", "T", 0, 3)
        assert self.ask(side, filter_groups="G") == {0: NOWHERE}


def test_offsets_before_the_start_of_a_queue_do_not_count() -> None:
    tables = [{0: 1, 1: 5}, {0: 4, 1: 6}]
    assert least_offsets(tables, lambda queue_id: 2) == {0: 4, 1: 5}


class TestClone:
    def ask(self, side: ReadSide, **fields: object) -> Reply:
        values = {"src_group": "G", "dest_group": "G2", "topic": "T"} | fields
        header = CloneGroupOffsetRequestHeader(**values)  # type: ignore[arg-type]
        return side.ask(RequestCode.CLONE_GROUP_OFFSET, header)

    def test_one_topic(self, side: ReadSide) -> None:
        side.offsets.commit("G", "T", 0, 5)
        assert self.ask(side).code == ResponseCode.SUCCESS
        assert side.offsets.query("G2", "T", 0) == 5

    def test_all_topics_that_exist(self, side: ReadSide) -> None:
        side.topic("T2")
        for topic in ("T", "T2", "TGone"):
            side.offsets.commit("G", topic, 0, 5)
        self.ask(side, topic=None)
        assert side.offsets.topics_of("G2") == {"T", "T2"}

    def test_only_what_an_online_group_subscribes_to(self, side: ReadSide) -> None:
        side.heartbeat("G", {"T2": "*"})
        side.offsets.commit("G", "T", 0, 5)
        self.ask(side)
        assert side.offsets.topics_of("G2") == set()
        self.ask(side, offline=True)
        assert side.offsets.topics_of("G2") == {"T"}


def test_light_groups_are_told_apart_where_there_are_light_queues(
    side: ReadSide,
) -> None:
    light = "%LMQ%mine"
    side.offsets.commit("G", "T", 1, 5)
    side.offsets.commit(light, light, 0, 7)

    def ask() -> Any:
        body = side.ask(RequestCode.GET_ALL_CONSUMER_OFFSET).body
        assert isinstance(body, bytes)
        return loose_json.decode_any(body)

    assert "lmqOffsetTable" not in ask()
    side.topics.has_light_queues = True
    found = ask()
    assert found["lmqOffsetTable"] == {f"{light}@{light}": 7}
    assert found["offsetTable"] == {"T@G": {"1": 5}}
    assert found["groupTopicMap"] == {"G": ["T"]}
