"""Which messages a pull wants: by its own fields, or by its group's heartbeats."""

from twistedmq.broker.clients.asked import AskedSubscriptions
from twistedmq.broker.clients.consumer_group import ConsumerGroup
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.pull.errors import (
    FAQ,
    FORBIDDEN_BY_SUBSCRIPTION,
    FORBIDDEN_TO_BROADCAST,
    FilterMissingError,
    PullForbiddenError,
    SubscriptionNotFoundError,
    SubscriptionNotLatestError,
)
from twistedmq.broker.pull.retried import retried_filter
from twistedmq.config.broker import PullConfig
from twistedmq.config.live import Live
from twistedmq.filter.expressions import is_tag_type
from twistedmq.filter.interfaces import (
    Filter,
    PropertyFilterOffError,
)
from twistedmq.protocol.bodies import (
    ConsumeType,
    SubscriptionGroupConfig,
)
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.protocol.names import is_retry_topic, is_system_group
from twistedmq.protocol.system_flags import PULL_SUBSCRIPTION
from twistedmq.remoting.interfaces import IConnection


class Subscriptions:
    """Finds the filter of a pull.

    Args:
        clients: what heartbeats said.
        groups: which group may read which topic.
        asked: compiles what pulls say.
        config: which kinds of consumers are served.
    """

    def __init__(
        self,
        clients: ClientManager,
        groups: GroupTable,
        asked: AskedSubscriptions,
        config: Live[PullConfig],
    ) -> None:
        self._clients = clients
        self._groups = groups
        self._asked = asked
        self._config = config

    def filter_of(
        self,
        header: PullMessageRequestHeader,
        group: SubscriptionGroupConfig,
        connection: IConnection,
    ) -> Filter:
        """Give what *header* asks for.

        Raises:
            TwistedMQError: with the code that tells the client what to do.
        """
        if header.sys_flag & PULL_SUBSCRIPTION:
            self._refuse_properties(header.expression_type)
            wanted = self._asked.filter_of(
                header.consumer_group,
                header.topic,
                header.expression_type,
                header.subscription,
            )
        else:
            wanted = self._of_heartbeat(header, group)
        if self._config.value.reject_pull_consumers:
            self._refuse_pull_consumer(header.consumer_group, connection)
        if (
            wanted.matches is not None
            and self._config.value.retry_filter
            and is_retry_topic(header.topic)
        ):
            return retried_filter(self._clients, header.consumer_group)
        return wanted

    def _of_heartbeat(
        self, header: PullMessageRequestHeader, group: SubscriptionGroupConfig
    ) -> Filter:
        name, topic = header.consumer_group, header.topic
        known = self._clients.consumer_group(name)
        if known is None:
            raise SubscriptionNotFoundError(f"the consumer's group info not exist{FAQ}")
        if known.is_broadcast and not group.consume_broadcast_enable:
            raise PullForbiddenError(
                FORBIDDEN_TO_BROADCAST,
                f"the consumer group[{name}] can not consume by broadcast way",
            )
        if not self._groups.may_read(name, topic):
            raise PullForbiddenError(
                FORBIDDEN_BY_SUBSCRIPTION,
                f"the consumer group[{name}] is forbidden for topic[{topic}]",
            )
        return self._latest(known, header)

    def _latest(self, known: ConsumerGroup, header: PullMessageRequestHeader) -> Filter:
        wanted = known.subscriptions.get(header.topic)
        if wanted is None:
            raise SubscriptionNotFoundError(
                f"the consumer's subscription not exist{FAQ}"
            )
        if wanted.data.sub_version < header.sub_version:
            raise SubscriptionNotLatestError("the consumer's subscription not latest")
        self._refuse_properties(wanted.data.expression_type)
        if wanted.filter is None:
            raise FilterMissingError(
                "The broker's consumer filter data is not exist!"
                "Your expression may be wrong!"
            )
        return wanted.filter

    def _refuse_properties(self, expression_type: str | None) -> None:
        if not is_tag_type(expression_type) and not self._config.value.property_filter:
            raise PropertyFilterOffError(expression_type)

    def _refuse_pull_consumer(self, group: str, connection: IConnection) -> None:
        known = self._clients.consumer_group(group)
        if known is not None and (
            known.consume_type != ConsumeType.CONSUME_ACTIVELY
            or connection in known.members
        ):
            return
        if not is_system_group(group):
            raise SubscriptionNotFoundError(
                "the consumer's group info not exist, or the pull consumer is rejected "
                f"by server.{FAQ}"
            )
