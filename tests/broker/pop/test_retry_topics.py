import pytest
from pop_side import PopSide

from twistedmq.broker.pop.retry_topics import RetryTopics
from twistedmq.config.broker import BrokerLimits
from twistedmq.protocol.bodies import SubscriptionGroupConfig
from twistedmq.protocol.errors import ServiceUnavailableError


def topics_of(side: PopSide) -> RetryTopics:
    return RetryTopics(side.topics, side.groups, side.offsets, side.config)


@pytest.mark.parametrize(("v2", "name"), [(False, "%RETRY%G_T"), (True, "%RETRY%G+T")])
def test_retry_topics_are_made_when_needed(v2: bool, name: str) -> None:
    side = PopSide(retry_topic_v2=v2)
    topics = topics_of(side)
    assert topics.find("T", "G") == name
    made = side.topics.get(name)
    assert made is not None
    assert (made.read_queue_nums, made.write_queue_nums) == (1, 1)
    assert side.offsets.query("G", name, 0) == 0
    side.offsets.commit("G", name, 0, 7)
    assert topics.find(name, "G") == topics.find("T", "G") == name
    assert side.offsets.query("G", name, 0) == 7


def test_what_belongs_to_nobody_any_more() -> None:
    side = PopSide()
    topics = topics_of(side)
    side.groups.put(SubscriptionGroupConfig(group_name="G"))
    assert not topics.are_wanted("T", "G")
    side.topic("T")
    assert topics.are_wanted("T", "G")
    assert topics.are_wanted("%RETRY%G+T", "G")
    assert not topics.are_wanted("T", "other")
    assert side.groups.peek("other") is None


def test_there_may_be_too_many_topics() -> None:
    side = PopSide()
    side.limits.set(BrokerLimits(max_topics=1))
    with pytest.raises(ServiceUnavailableError, match="maxTopics"):
        topics_of(side).find("T", "G")


def queues_of(side: PopSide, topic: str) -> int:
    config = side.topics.get(topic)
    assert config is not None
    assert config.read_queue_nums == config.write_queue_nums
    return config.write_queue_nums


def test_retried_messages_may_keep_their_queues() -> None:
    side = PopSide(separate_retry_queues=True)
    side.topic("T", 3)
    topics = topics_of(side)
    retry = topics.find("T", "G")
    assert queues_of(side, retry) == 3
    assert [side.offsets.query("G", retry, n) for n in range(4)] == [0, 0, 0, -1]
    assert [topics.queue_of(retry, n) for n in range(4)] == [0, 1, 2, 0]
    side.offsets.commit("G", retry, 1, 7)
    side.topic("T", 5)
    assert topics.find(retry, "G") == retry
    assert queues_of(side, retry) == 5
    assert [side.offsets.query("G", retry, n) for n in (1, 4)] == [7, 0]


def test_usually_they_share_one() -> None:
    side = PopSide()
    side.topic("T", 3)
    topics = topics_of(side)
    retry = topics.find("T", "G")
    assert queues_of(side, retry) == 1
    assert topics.queue_of(retry, 2) == 0


def test_a_retry_topic_that_exists_is_widened() -> None:
    side = PopSide()
    side.topic("T", 3)
    retry = topics_of(side).find("T", "G")
    side.config.replace(separate_retry_queues=True)
    assert topics_of(side).find("T", "G") == retry
    assert queues_of(side, retry) == 3
