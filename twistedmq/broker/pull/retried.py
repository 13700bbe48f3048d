"""What a group asks of its retried messages: the same as where they come from.

Source: ExpressionForRetryMessageFilter.
"""

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.filter.interfaces import Filter
from twistedmq.protocol import properties
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record import properties_of

_RETRY_TOPIC = properties.RETRY_TOPIC.encode()


def retried_filter(clients: ClientManager, group: str) -> Filter:
    """Give the filter of the retry topics of *group*.

    It asks each message what the group asks of the topic in the message's RETRY_TOPIC;
    where that asks nothing of properties, the message is wanted.
    """

    def matches(record: Buffer) -> bool:
        topic = properties.get(bytes(properties_of(record)), _RETRY_TOPIC)
        if topic is None:
            return True
        known = clients.subscription(group, str(topic, "utf-8", "replace"))
        if known is None or known.filter is None or known.filter.matches is None:
            return True
        return known.filter.matches(record)

    return Filter(matches=matches)
