"""An operator moves a group."""

from typing import Any

import pytest
from read_side import ReadSide, genuine_answers, pull_header

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    MessageQueue,
    ResetOffsetBody,
    ResetOffsetBodyForC,
)
from twistedmq.protocol.codes import LanguageCode, RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import ResetOffsetRequestHeader
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T", queues=2)
    made.groups.get("G")
    for _ in range(3):
        made.append(Told(topic="T"), Told(topic="T", queue_id=1))
        made.now_ms += 1000
    return made


def reset(side: ReadSide, language: int = LanguageCode.JAVA, **fields: Any) -> Reply:
    header = ResetOffsetRequestHeader(**{"topic": "T", "group": "G"} | fields)
    code = RequestCode.INVOKE_BROKER_TO_RESET_OFFSET
    return side.ask(code, header, language=language)


def table_of(reply: Reply) -> dict[int, int]:
    assert isinstance(reply.body, bytes)
    body = loose_json.decode(reply.body, type=ResetOffsetBody)
    return {queue.queue_id: offset for queue, offset in body.offset_table.items()}


class TestOnTheBroker:
    def test_one_queue_to_an_offset(self, side: ReadSide) -> None:
        reply = reset(side, queue_id=0, offset=1)
        assert table_of(reply) == {0: 1}
        assert side.offsets.query("G", "T", 0) == 1
        genuine = genuine_answers("invoke_broker_to_reset_offset")[0]["body_text"]
        assert reply.body == genuine.replace("T1", "T").encode()

    def test_all_queues_to_a_time(self, side: ReadSide) -> None:
        assert table_of(reset(side, timestamp=1_700_000_001_000)) == {0: 1, 1: 1}

    def test_all_queues_to_their_end(self, side: ReadSide) -> None:
        assert table_of(reset(side, timestamp=-1)) == {0: 3, 1: 3}

    def test_one_queue_to_a_time(self, side: ReadSide) -> None:
        assert table_of(reset(side, queue_id=1, timestamp=0)) == {1: 0}

    def test_an_offset_outside_the_queue(self, side: ReadSide) -> None:
        reply = reset(side, queue_id=0, offset=5)
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert reply.remark == "Target offset 5 not in consume queue range [0-3]"

    def test_an_unknown_topic(self, side: ReadSide) -> None:
        reply = reset(side, topic="TNope")
        assert reply.code == ResponseCode.TOPIC_NOT_EXIST

    def test_an_unknown_group(self, side: ReadSide) -> None:
        reply = reset(side, group="GNope")
        assert reply.code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST

    def test_waiting_pulls_are_told_at_once(self, side: ReadSide) -> None:
        header = pull_header(queue_offset=3, sys_flag=6)
        answers = side.begin(RequestCode.PULL_MESSAGE, header)
        reset(side, queue_id=0, offset=1)
        assert answers[0].code == ResponseCode.PULL_OFFSET_MOVED
        assert answers[0].remark == "OFFSET_RESET"


class TestInClients:
    @pytest.fixture(autouse=True)
    def _clients_reset(self, side: ReadSide) -> None:
        side.offset_config.replace(server_side_reset=False)
        for queue_id in (0, 1):
            side.offsets.commit("G", "T", queue_id, 2)

    def test_members_are_told(self, side: ReadSide) -> None:
        connection = FakeConnection()
        side.heartbeat("G", connection=connection)
        reply = reset(side, timestamp=1_700_000_001_000)
        assert table_of(reply) == {0: 1, 1: 1}
        [sent] = connection.one_ways
        assert sent.code == RequestCode.RESET_CONSUMER_CLIENT_OFFSET
        assert sent.body == reply.body

    def test_nobody_is_moved_forward_without_force(self, side: ReadSide) -> None:
        side.heartbeat("G")
        assert table_of(reset(side, timestamp=-1)) == {0: 2, 1: 2}
        assert table_of(reset(side, timestamp=-1, is_force=True)) == {0: 3, 1: 3}

    def test_clients_in_c_are_told_in_their_own_form(self, side: ReadSide) -> None:
        connection = FakeConnection()
        side.heartbeat("G", connection=connection)
        reset(side, LanguageCode.CPP, timestamp=0)
        body = connection.one_ways[0].body
        queues = loose_json.decode(body, type=ResetOffsetBodyForC).offset_table
        assert [(q.topic, q.queue_id, q.offset) for q in queues] == [
            ("T", 0, 0),
            ("T", 1, 0),
        ]

    def test_nobody_is_there(self, side: ReadSide) -> None:
        reply = reset(side, timestamp=0)
        assert reply.code == ResponseCode.CONSUMER_NOT_ONLINE

    def test_a_group_that_never_committed(self, side: ReadSide) -> None:
        assert reset(side, group="G2").code == ResponseCode.SYSTEM_ERROR

    def test_an_unknown_topic(self, side: ReadSide) -> None:
        assert reset(side, topic="TNope").code == ResponseCode.TOPIC_NOT_EXIST


def test_queues_are_named_with_their_broker(side: ReadSide) -> None:
    reply = reset(side, queue_id=0, offset=1)
    assert isinstance(reply.body, bytes)
    body = loose_json.decode(reply.body, type=ResetOffsetBody)
    assert list(body.offset_table) == [MessageQueue("T", "broker-a", 0)]
