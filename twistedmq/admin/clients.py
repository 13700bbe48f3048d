"""The clients that are connected: who they are, and what they say of themselves."""

from twistedmq.admin.asking import Asking
from twistedmq.admin.errors import NotOnlineError
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RefusedError
from twistedmq.client.message import ReceivedMessage
from twistedmq.protocol import names
from twistedmq.protocol.bodies.clients import (
    ConsumerConnection,
    ProducerConnection,
    ProducerInfo,
    ProducerTableInfo,
)
from twistedmq.protocol.bodies.groups import QuerySubscriptionResponseBody
from twistedmq.protocol.bodies.offsets import GetConsumerStatusBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import (
    ConsumeMessageDirectlyResult,
    ConsumerRunningInfo,
)
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.bodies.topics import TopicList
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.headers.clients import (
    ConsumeMessageDirectlyResultRequestHeader,
    GetAllProducerInfoRequestHeader,
    GetConsumerConnectionListRequestHeader,
    GetConsumerRunningInfoRequestHeader,
    GetProducerConnectionListRequestHeader,
)
from twistedmq.protocol.headers.groups import QuerySubscriptionByConsumerRequestHeader
from twistedmq.protocol.headers.offsets import GetConsumerStatusRequestHeader
from twistedmq.protocol.headers.topics import QueryTopicsByConsumerRequestHeader

PUSHES = "CONSUME_PASSIVELY"
"""What a consumer that is handed its messages has as PROP_CONSUME_TYPE."""


class Clients:
    """The connected clients of one cluster.

    A consumer tells all brokers of itself, a producer those that it sends to, so one
    broker that has the right topic is asked. Calls fail with RouteNotFoundError where
    none has, NotOnlineError, RefusedError or an error of the remoting room.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    # Who is there

    @gives_deferred
    async def consumers(
        self, group: str, *, at: str | None = None
    ) -> ConsumerConnection:
        """Give the members of *group* and their subscriptions, as a broker knows them.

        Args:
            group: whose.
            at: the address of the broker to ask; None: one with its retry topic.
        """
        address = at or await self._one_of(names.retry_topic(group))
        header = GetConsumerConnectionListRequestHeader(consumer_group=group)
        code = RequestCode.GET_CONSUMER_CONNECTION_LIST
        try:
            return await self._asking.body(address, code, header, ConsumerConnection)
        except RefusedError as error:
            if error.code != ResponseCode.CONSUMER_NOT_ONLINE:
                raise
            raise NotOnlineError(group, address, error.remark) from error

    @gives_deferred
    async def subscription(self, group: str, topic: str) -> SubscriptionData | None:
        """Give what *group* takes of *topic*; None: nothing, or it is not there."""
        address = await self._one_of(topic)
        header = QuerySubscriptionByConsumerRequestHeader(group=group, topic=topic)
        code = RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER
        found = await self._asking.body(
            address, code, header, QuerySubscriptionResponseBody
        )
        return found.subscription_data

    @gives_deferred
    async def topics(self, group: str) -> list[str]:
        """Give the topics in which *group* has offsets on any broker, sorted."""
        header = QueryTopicsByConsumerRequestHeader(group=group)
        bodies = await self._asking.bodies(
            await self._asking.brokers_of(names.retry_topic(group)),
            RequestCode.QUERY_TOPICS_BY_CONSUMER,
            header,
            TopicList,
        )
        return sorted({topic for each in bodies.values() for topic in each.topic_list})

    @gives_deferred
    async def producers(self, group: str, topic: str) -> ProducerConnection:
        """Give the members of the producer group *group* that send to *topic*."""
        address = await self._one_of(topic)
        header = GetProducerConnectionListRequestHeader(producer_group=group)
        code = RequestCode.GET_PRODUCER_CONNECTION_LIST
        found = await self._asking.body(address, code, header, ProducerConnection)
        if not found.connection_set:
            raise NotOnlineError(group, address)
        return found

    @gives_deferred
    async def all_producers(self, address: str) -> dict[str, list[ProducerInfo]]:
        """Give all producers that one broker knows, by group.

        ``last_update_timestamp`` is when it heard of them last, in ms.
        """
        header = GetAllProducerInfoRequestHeader()
        code = RequestCode.GET_ALL_PRODUCER_INFO
        found = await self._asking.body(address, code, header, ProducerTableInfo)
        return found.data

    # What they say

    @gives_deferred
    async def running_info(
        self, group: str, client_id: str, *, stacks: bool = False
    ) -> ConsumerRunningInfo:
        """Ask one consumer for its inner state, with what it is doing if *stacks*."""
        address = await self._one_of(names.retry_topic(group))
        header = GetConsumerRunningInfoRequestHeader(
            consumer_group=group, client_id=client_id, jstack_enable=stacks
        )
        code = RequestCode.GET_CONSUMER_RUNNING_INFO
        return await self._asking.body(address, code, header, ConsumerRunningInfo)

    @gives_deferred
    async def offsets(
        self, group: str, topic: str, *, client_id: str | None = None
    ) -> dict[str, dict[MessageQueue, int]]:
        """Ask the consumers of *group* how far they are in *topic*; by client id.

        Those that do not answer in time are left out.
        """
        address = await self._one_of(topic)
        header = GetConsumerStatusRequestHeader(
            topic=topic, group=group, client_addr=client_id or ""
        )
        code = RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS
        found = await self._asking.body(address, code, header, GetConsumerStatusBody)
        return found.consumer_table

    @gives_deferred
    async def consume(
        self, group: str, client_id: str, message: ReceivedMessage
    ) -> ConsumeMessageDirectlyResult:
        """Have one consumer consume a stored message now, whatever its offsets.

        ``spent_time_mills`` of what it gives is in ms.
        """
        header = ConsumeMessageDirectlyResultRequestHeader(
            consumer_group=group,
            client_id=client_id,
            msg_id=message.offset_message_id,
            topic=message.topic,
        )
        code = RequestCode.CONSUME_MESSAGE_DIRECTLY
        return await self._asking.body(
            message.store_host, code, header, ConsumeMessageDirectlyResult
        )

    async def _one_of(self, topic: str) -> str:
        brokers = await self._asking.brokers_of(topic)
        return next(iter(brokers.values()))


def is_pushed(info: ConsumerRunningInfo) -> bool:
    """Whether a consumer is handed its messages, so that it can be handed one more."""
    return info.properties.get("PROP_CONSUME_TYPE") == PUSHES
