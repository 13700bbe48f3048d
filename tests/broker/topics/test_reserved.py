from read_side import ReadSide

from twistedmq.broker.topics.reserved import reserved_hours
from twistedmq.protocol.bodies import TopicConfig


def test_only_topics_with_a_time_of_their_own_are_given() -> None:
    topics = ReadSide().topics
    for topic, attributes in {
        "TPlain": {},
        "TDay": {"+reserve.time": "24"},
        "TDefault": {"+reserve.time": "-1"},
        "TZero": {"+reserve.time": "0"},
    }.items():
        topics.update(TopicConfig(topic_name=topic, attributes=attributes))
    assert reserved_hours(topics) == {"TDay": 24}
