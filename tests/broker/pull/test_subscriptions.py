"""Which filter a pull gets; refusals are tested with the handlers."""

from read_side import ReadSide, pull_header

from twistedmq.broker.pull.subscriptions import Subscriptions
from twistedmq.filter.interfaces import Filter
from twistedmq.protocol.bodies import SubscriptionGroupConfig
from twistedmq.testing.connections import FakeConnection


def test_the_same_expression_is_compiled_once() -> None:
    side = ReadSide()
    subscriptions = Subscriptions(
        side.clients, side.groups, side.asked, side.pull_config
    )
    group = SubscriptionGroupConfig(group_name="G")
    header = pull_header(subscription="a || b")
    first = subscriptions.filter_of(header, group, FakeConnection())
    assert subscriptions.filter_of(header, group, FakeConnection()) is first


def test_a_retry_topic_is_asked_what_its_topics_are_where_that_is_wanted() -> None:
    side = ReadSide()
    subscriptions = Subscriptions(
        side.clients, side.groups, side.asked, side.pull_config
    )
    group = SubscriptionGroupConfig(group_name="G")

    def asked(topic: str, expression_type: str = "SQL92") -> Filter:
        text = "TRUE" if expression_type == "SQL92" else "*"
        header = pull_header(
            topic=topic, subscription=text, expression_type=expression_type
        )
        return subscriptions.filter_of(header, group, FakeConnection())

    its_own = asked("%RETRY%G")
    assert asked("T") is its_own
    side.pull_config.replace(retry_filter=True)
    assert asked("%RETRY%G") is not its_own
    assert asked("T") is its_own
    assert asked("%RETRY%G", "TAG").matches is None
