"""Which messages a pull wants: by its own fields, or by its group's heartbeats."""

from functools import lru_cache
from typing import Final

from twistedmq.broker.clients.consumer_group import ConsumerGroup, Subscription
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
from twistedmq.filter.expressions import TAG, Expressions, is_tag_type
from twistedmq.filter.interfaces import (
    ExpressionError,
    Filter,
    PropertyFilterOffError,
)
from twistedmq.filter.tag import EVERYTHING, split_tags
from twistedmq.protocol.bodies import (
    ConsumeType,
    SubscriptionData,
    SubscriptionGroupConfig,
)
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.protocol.names import is_retry_topic, is_system_group
from twistedmq.protocol.properties import tags_code
from twistedmq.protocol.system_flags import PULL_SUBSCRIPTION
from twistedmq.remoting.interfaces import IConnection

_CACHED: Final = 10_000


class Subscriptions:
    """Finds the filter of a pull.

    Args:
        clients: what heartbeats said; told of what pulls say.
        groups: which group may read which topic.
        expressions: the languages.
        config: which kinds of consumers are served.
    """

    def __init__(
        self,
        clients: ClientManager,
        groups: GroupTable,
        expressions: Expressions,
        config: Live[PullConfig],
    ) -> None:
        self._clients = clients
        self._groups = groups
        self._expressions = expressions
        self._config = config
        self._compiled = lru_cache(_CACHED)(self._compile)

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
            wanted = self._of_request(header)
        else:
            wanted = self._of_heartbeat(header, group)
        if self._config.value.reject_pull_consumers:
            self._refuse_pull_consumer(header.consumer_group, connection)
        assert wanted.filter is not None
        if (
            wanted.filter.matches is not None
            and self._config.value.retry_filter
            and is_retry_topic(header.topic)
        ):
            return retried_filter(self._clients, header.consumer_group)
        return wanted.filter

    def _of_request(self, header: PullMessageRequestHeader) -> Subscription:
        expression_type = header.expression_type or TAG
        self._refuse_properties(expression_type)
        try:
            wanted = self._compiled(
                header.topic, expression_type, header.subscription or ""
            )
        except ExpressionError as error:
            raise ExpressionError(
                error.expression_type,
                error.text,
                f"parse the consumer's subscription failed: {error.problem}",
            ) from error
        self._clients.note_pulled(header.consumer_group, header.topic, wanted)
        return wanted

    def _compile(self, topic: str, expression_type: str, text: str) -> Subscription:
        return Subscription(
            subscription_data(topic, expression_type, text),
            self._expressions.compile(expression_type, text),
        )

    def _of_heartbeat(
        self, header: PullMessageRequestHeader, group: SubscriptionGroupConfig
    ) -> Subscription:
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

    def _latest(
        self, known: ConsumerGroup, header: PullMessageRequestHeader
    ) -> Subscription:
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
        return wanted

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


def subscription_data(
    topic: str, expression_type: str, text: str, version: int = 0
) -> SubscriptionData:
    """Give what a heartbeat would have said of a subscription."""
    tags = split_tags(text) if is_tag_type(expression_type) else []
    return SubscriptionData(
        topic=topic,
        sub_string=text or EVERYTHING,
        expression_type=expression_type,
        sub_version=version,
        tags_set=tags,
        code_set=[tags_code(tag) for tag in tags],
    )
