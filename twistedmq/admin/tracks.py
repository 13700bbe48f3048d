"""What became of one message in each group that reads its topic."""

from enum import StrEnum

from msgspec import Struct

from twistedmq.admin.asking import Asking
from twistedmq.admin.clients import Clients
from twistedmq.admin.errors import NotOnlineError
from twistedmq.admin.messages import StoredMessage
from twistedmq.admin.offsets import GroupProgress, Offsets
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.routing import MASTER_ID
from twistedmq.client.subscription import Subscription
from twistedmq.protocol.bodies.clients import (
    ConsumerConnection,
    ConsumeType,
    MessageModel,
)
from twistedmq.protocol.bodies.groups import GroupList
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers.topics import QueryTopicConsumeByWhoRequestHeader


class TrackType(StrEnum):
    """What is known of a message and a group."""

    CONSUMED = "CONSUMED"
    CONSUMED_BUT_FILTERED = "CONSUMED_BUT_FILTERED"
    """The group is past it, but does not want its tag."""
    PULL = "PULL"
    """The group pulls; what it has consumed, only it knows."""
    NOT_CONSUME_YET = "NOT_CONSUME_YET"
    NOT_ONLINE = "NOT_ONLINE"
    CONSUME_BROADCASTING = "CONSUME_BROADCASTING"
    """Each member consumes it for itself."""
    UNKNOWN = "UNKNOWN"


class Track(Struct, frozen=True):
    """What became of a message in one group."""

    group: str
    type: TrackType
    error: TwistedMQError | None = None
    """Why not more is known."""


class Tracks:
    """Follows messages into groups.

    Args:
        asking: whom to ask.
        clients: who consumes how.
        offsets: how far groups are.
    """

    def __init__(self, asking: Asking, clients: Clients, offsets: Offsets) -> None:
        self._asking = asking
        self._clients = clients
        self._offsets = offsets

    @gives_deferred
    async def groups(self, topic: str) -> list[str]:
        """Give the groups that subscribe to *topic*, or have committed on it."""
        brokers = await self._asking.brokers_of(topic)
        header = QueryTopicConsumeByWhoRequestHeader(topic=topic)
        code = RequestCode.QUERY_TOPIC_CONSUME_BY_WHO
        address = next(iter(brokers.values()))
        found = await self._asking.body(address, code, header, GroupList)
        return list(found.group_list)

    @gives_deferred
    async def of(self, stored: StoredMessage) -> list[Track]:
        """Give what became of a message in each group, in the broker's order."""
        groups = await self.groups(stored.record.topic)
        return [await self._track(stored, group) for group in groups]

    async def _track(self, stored: StoredMessage, group: str) -> Track:
        try:
            members = await self._clients.consumers(group)
            if members.consume_type == ConsumeType.CONSUME_ACTIVELY:
                return Track(group, TrackType.PULL)
            if members.consume_type == ConsumeType.CONSUME_PASSIVELY:
                return Track(group, await self._of_pushed(stored, group, members))
        except NotOnlineError as error:
            return Track(group, TrackType.NOT_ONLINE, error)
        except TwistedMQError as error:
            return Track(group, TrackType.UNKNOWN, error)
        return Track(group, TrackType.UNKNOWN)

    async def _of_pushed(
        self, stored: StoredMessage, group: str, members: ConsumerConnection
    ) -> TrackType:
        progress = await self._offsets.progress(group)
        if not progress.queues and members.message_model == MessageModel.BROADCASTING:
            return TrackType.CONSUME_BROADCASTING
        if not await self._is_past(progress, stored):
            return TrackType.NOT_CONSUME_YET
        if _is_filtered(members, stored):
            return TrackType.CONSUMED_BUT_FILTERED
        return TrackType.CONSUMED

    async def _is_past(self, progress: GroupProgress, stored: StoredMessage) -> bool:
        """Whether the group is behind the message, at the broker that has it."""
        record = stored.record
        brokers = (await self._asking.cluster.info()).broker_addr_table
        for queue, each in progress.queues.items():
            if (queue.topic, queue.queue_id) != (record.topic, record.queue_id):
                continue
            known = brokers.get(queue.broker_name)
            master = known.broker_addrs.get(MASTER_ID) if known else None
            if master == stored.message.store_host:
                return each.committed > record.queue_offset
        return False


def _is_filtered(members: ConsumerConnection, stored: StoredMessage) -> bool:
    """Whether the group does not want the message's tag."""
    topic = stored.record.topic
    wanted = members.subscription_table.get(topic)
    if wanted is None:
        return False
    tags = Subscription(
        topic, wanted.sub_string, expression_type=wanted.expression_type
    ).tags
    return bool(tags) and stored.message.tag not in tags
