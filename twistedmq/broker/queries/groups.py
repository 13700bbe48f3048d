"""Which group consumes which topic, and how. Source: AdminBrokerProcessor."""

from collections.abc import Callable

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    GroupList,
    QuerySubscriptionResponseBody,
    TopicList,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    QuerySubscriptionByConsumerRequestHeader,
    QueryTopicConsumeByWhoRequestHeader,
    QueryTopicsByConsumerRequestHeader,
)
from twistedmq.remoting.interfaces import HandlerTable, Request


class GroupQueries:
    """Serves requests about groups and their topics.

    Args:
        clients: what groups subscribe to.
        offsets: where groups have committed.
        address: gives this broker's address.
    """

    def __init__(
        self, clients: ClientManager, offsets: OffsetTable, address: Callable[[], str]
    ) -> None:
        self._clients = clients
        self._offsets = offsets
        self._address = address

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.QUERY_TOPIC_CONSUME_BY_WHO: self.groups_of_topic,
            RequestCode.QUERY_TOPICS_BY_CONSUMER: self.topics_of_group,
            RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER: self.subscription,
        }

    def groups_of_topic(self, request: Request) -> Reply:
        """Give the groups that subscribe to a topic, or have committed on it."""
        header: QueryTopicConsumeByWhoRequestHeader = request.header
        groups = self._clients.groups_of_topic(header.topic)
        groups |= self._offsets.groups_of(header.topic)
        return Reply(body=loose_json.encode(GroupList(group_list=sorted(groups))))

    def topics_of_group(self, request: Request) -> Reply:
        """Give the topics on which a group has committed."""
        header: QueryTopicsByConsumerRequestHeader = request.header
        topics = sorted(self._offsets.topics_of(header.group))
        body = TopicList(topic_list=topics, broker_addr=self._address())
        return Reply(body=loose_json.encode(body))

    def subscription(self, request: Request) -> Reply:
        """Give what a group wants of a topic."""
        header: QuerySubscriptionByConsumerRequestHeader = request.header
        topic = header.topic or ""
        known = self._clients.subscription(header.group, topic)
        body = QuerySubscriptionResponseBody(
            group=header.group,
            topic=topic,
            subscription_data=None if known is None else known.data,
        )
        return Reply(body=loose_json.encode(body))
