"""Which group consumes which topic."""

from typing import Any

import pytest
from read_side import ReadSide, genuine_answers

from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import (
    QuerySubscriptionByConsumerRequestHeader,
    QueryTopicConsumeByWhoRequestHeader,
    QueryTopicsByConsumerRequestHeader,
)
from twistedmq.protocol.headers.base import Header


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.heartbeat("G1", {"T1": "TagA || TagB"})
    made.offsets.commit("G1", "T1", 0, 1)
    made.offsets.commit("G1", "%RETRY%G1", 0, 1)
    made.offsets.commit("GPull", "T1", 0, 1)
    return made


def ask(side: ReadSide, code: int, header: Header) -> Any:
    return loose_json.decode_any(side.ask(code, header).body)


def genuine(name: str) -> Any:
    return genuine_answers(name)[0]["body_json"]


def test_groups_of_a_topic(side: ReadSide) -> None:
    header = QueryTopicConsumeByWhoRequestHeader(topic="T1")
    ours = ask(side, RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, header)
    assert ours == {"groupList": ["G1", "GPull"]}
    assert ours.keys() == genuine("query_topic_consume_by_who").keys()


def test_topics_of_a_group(side: ReadSide) -> None:
    header = QueryTopicsByConsumerRequestHeader(group="G1")
    ours = ask(side, RequestCode.QUERY_TOPICS_BY_CONSUMER, header)
    assert ours == genuine("query_topics_by_consumer")


def test_the_subscription_of_a_group(side: ReadSide) -> None:
    code = RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER
    header = QuerySubscriptionByConsumerRequestHeader(group="G1", topic="T1")
    ours, wanted = ask(side, code, header), genuine("query_subscription_by_consumer")
    assert ours.keys() == wanted.keys()
    assert ours["subscriptionData"].keys() == wanted["subscriptionData"].keys()
    header.topic = "TNope"
    assert ask(side, code, header) == {"group": "G1", "topic": "TNope"}
