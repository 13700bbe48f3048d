"""Heartbeats and what comes of them."""

import pytest
from read_side import ReadSide, genuine_answers, heartbeat_body

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    CheckClientRequestBody,
    ConsumeType,
    SubscriptionData,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers import (
    GetConsumerListByGroupRequestHeader,
    UnregisterClientRequestHeader,
)
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def side() -> ReadSide:
    return ReadSide()


class TestHeartbeat:
    def test_the_answer_has_the_genuine_fields(self, side: ReadSide) -> None:
        reply = side.heartbeat()
        for genuine in genuine_answers("heart_beat"):
            assert reply.header == genuine["header"]["extFields"]
        assert reply.code == ResponseCode.SUCCESS

    def test_group_and_retry_topic_are_created(self, side: ReadSide) -> None:
        side.heartbeat("G")
        assert "G" in side.groups
        retry = side.topics.get("%RETRY%G")
        assert retry is not None
        assert (retry.read_queue_nums, retry.write_queue_nums, retry.perm) == (1, 1, 6)
        assert not retry.order

    def test_an_ordered_topic_makes_its_retry_topic_ordered(
        self, side: ReadSide
    ) -> None:
        side.topic("T", order=True)
        side.heartbeat("G", {"T": "*"})
        retry = side.topics.get("%RETRY%G")
        assert retry is not None
        assert retry.order

    def test_a_group_that_may_not_be_created_is_left_out(self, side: ReadSide) -> None:
        side.group_defaults.replace(auto_create=False)
        assert side.heartbeat("G").code == ResponseCode.SUCCESS
        assert side.clients.consumer_groups() == {}
        assert "%RETRY%G" not in side.topics

    def test_producers_are_noted(self, side: ReadSide) -> None:
        side.heartbeat(producers=("P1", "P2"))
        assert list(side.clients.producer_groups()) == ["P1", "P2"]

    def test_pull_consumers_can_be_refused(self, side: ReadSide) -> None:
        side.pull_config.replace(reject_pull_consumers=True)
        side.heartbeat("G", consume_type=ConsumeType.CONSUME_ACTIVELY)
        assert side.clients.consumer_groups() == {}

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{"])
    def test_a_body_that_is_none(self, side: ReadSide, body: bytes) -> None:
        reply = side.ask(RequestCode.HEART_BEAT, None, body)
        assert reply.code == FieldError.code


class TestVersionTwo:
    """A heartbeat with a fingerprint may leave its topics out."""

    def beat(
        self,
        side: ReadSide,
        fingerprint: int,
        *,
        full: bool,
        connection: FakeConnection | None = None,
    ) -> str:
        reply = side.heartbeat(
            "G",
            {"T": "*"} if full else {"": ""},
            connection,
            heartbeat_fingerprint=fingerprint,
            without_sub=not full,
        )
        assert isinstance(reply.header, dict)
        assert reply.header["IS_SUPPORT_HEART_BEAT_V2"] == "true"
        return reply.header["IS_SUB_CHANGE"]

    def test_topics_are_kept(self, side: ReadSide) -> None:
        connection = FakeConnection()
        assert self.beat(side, 7, full=True, connection=connection) == "false"
        assert self.beat(side, 7, full=False, connection=connection) == "false"
        assert side.clients.subscription("G", "T") is not None

    def test_another_fingerprint_is_a_change(self, side: ReadSide) -> None:
        self.beat(side, 7, full=True)
        assert self.beat(side, 8, full=True) == "true"
        assert self.beat(side, 8, full=True) == "false"

    def test_an_unknown_group_is_asked_for_its_topics(self, side: ReadSide) -> None:
        assert self.beat(side, 7, full=False) == "true"
        assert self.beat(side, 7, full=True) == "false"
        assert side.clients.subscription("G", "T") is not None


class TestUnregister:
    def test_the_named_groups_only(self, side: ReadSide) -> None:
        connection = FakeConnection()
        side.heartbeat("G", connection=connection, producers=("P",))
        header = UnregisterClientRequestHeader(client_id="c1", consumer_group="G")
        code = RequestCode.UNREGISTER_CLIENT
        assert side.ask(code, header, connection=connection).code == 0
        assert side.clients.consumer_group("G") is None
        assert side.clients.producers("P")
        header = UnregisterClientRequestHeader(client_id="c1", producer_group="P")
        side.ask(code, header, connection=connection)
        assert not side.clients.producers("P")


class TestConsumerList:
    def ask(self, side: ReadSide, group: str) -> Reply:
        header = GetConsumerListByGroupRequestHeader(consumer_group=group)
        return side.ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, header)

    def test_client_ids(self, side: ReadSide) -> None:
        side.heartbeat("G", client_id="192.0.2.2@c1")
        assert self.ask(side, "G").body == b'{"consumerIdList":["192.0.2.2@c1"]}'

    def test_nobody(self, side: ReadSide) -> None:
        reply = self.ask(side, "G1")
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert reply.remark == "no consumer for this group, G1"
        remarks = {
            each["header"].get("remark")
            for each in genuine_answers("get_consumer_list_by_group")
        }
        assert reply.remark in remarks


class TestCheckConfig:
    def ask(self, side: ReadSide, expression_type: str, text: str) -> Reply:
        data = SubscriptionData(
            topic="T", sub_string=text, expression_type=expression_type
        )
        body = CheckClientRequestBody(client_id="c", group="G", subscription_data=data)
        code = RequestCode.CHECK_CLIENT_CONFIG
        return side.ask(code, None, loose_json.encode(body))

    def test_tags_are_always_right(self, side: ReadSide) -> None:
        assert self.ask(side, "TAG", "a || b").code == ResponseCode.SUCCESS

    def test_properties_while_that_is_off(self, side: ReadSide) -> None:
        side.pull_config.replace(property_filter=False)
        reply = self.ask(side, "SQL92", "a > 1")
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert "does not support consumer to filter" in (reply.remark or "")

    def test_a_wrong_expression(self, side: ReadSide) -> None:
        reply = self.ask(side, "SQL92", "a >")
        assert reply.code == ResponseCode.SUBSCRIPTION_PARSE_FAILED
        assert "line 1, column 4: expected" in (reply.remark or "")
        assert self.ask(side, "SQL92", "a > 1").code == ResponseCode.SUCCESS


def test_what_a_heartbeat_says_travels_as_the_genuine_one() -> None:
    raw = loose_json.encode(heartbeat_body("G", {"T": "*"}))
    assert raw.startswith(b'{"clientID":"c1","consumerDataSet":[{"consumeFromWhere":')
