"""What consumers that ask by themselves have in common: their place in a group."""

from collections.abc import Mapping
from typing import ClassVar

from twisted.logger import Logger

from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.session import Session
from twistedmq.client.startable import Startable
from twistedmq.client.subscription import Subscription, check_subscriptions
from twistedmq.protocol.bodies.clients import (
    ConsumeFromWhere,
    ConsumerData,
    ConsumeType,
    HeartbeatData,
    MessageModel,
)
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader

_log = Logger()


class GroupClient(Startable):
    """Is known to the brokers as one of a group, while it runs.

    Args:
        group: which one.
        session: what it stands on.
        patience_s: as for ``Startable``.
    """

    _consume_type: ClassVar[ConsumeType] = ConsumeType.CONSUME_ACTIVELY

    def __init__(self, group: str, session: Session, patience_s: float = 0.0) -> None:
        session.check_group(group)
        super().__init__(session, patience_s)
        self.group = group
        self._subscriptions: dict[str, Subscription] = {}
        self._start_position = ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET
        self._heartbeats = session.heartbeats(self._heartbeat, masters_only=False)

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._session.client_id

    def _subscribe(self, expressions: Mapping[str, str]) -> None:
        """Want these topics from now on."""
        check_subscriptions(expressions)
        version = self._session.wall_ms()
        for topic, expression in expressions.items():
            self._subscriptions[topic] = Subscription.of(topic, expression, version)

    async def _join(self) -> None:
        """Find the brokers of the topics and tell them."""
        await self._session.start()
        for topic in list(self._subscriptions):
            await self._look_for(topic)
        self._running = True
        await self._heartbeats.start(self._session.settings.heartbeat_s)

    async def _look_for(self, topic: str) -> None:
        try:
            await self._session.routes.get(topic)
        except RouteNotFoundError:
            _log.info("topic {topic} is not there yet", topic=topic)

    async def _part(self) -> None:
        """Take leave of the brokers, and disconnect."""
        farewell = UnregisterClientRequestHeader(
            client_id=self.client_id, consumer_group=self.group
        )
        await self._session.close(farewell)

    def _heartbeat(self) -> HeartbeatData:
        consumer = ConsumerData(
            group_name=self.group,
            consume_type=self._consume_type,
            message_model=MessageModel.CLUSTERING,
            consume_from_where=self._start_position,
            subscription_data_set=[
                each.data() for each in self._subscriptions.values()
            ],
        )
        return HeartbeatData(client_id=self.client_id, consumer_data_set=[consumer])
