"""Consumer offsets: ask, commit, copy. Source: ConsumerManageProcessor."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.offsets.bounds import QueueBounds
from twistedmq.broker.offsets.fragments import OffsetFragments
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.topics.table import TopicTable
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import QueryCorrectionOffsetBody
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    CloneGroupOffsetRequestHeader,
    QueryConsumerOffsetRequestHeader,
    QueryCorrectionOffsetHeader,
    UpdateConsumerOffsetRequestHeader,
)
from twistedmq.protocol.names import is_lmq
from twistedmq.remoting.interfaces import HandlerTable, Request

NOWHERE: Final = 2**63 - 1
"""What a correction says of a queue where the group is behind the others."""


class OffsetHandlers:
    """Serves requests about committed offsets.

    Args:
        offsets: the table.
        bounds: where queues begin, and whether they still begin in memory.
        topics: which topics exist.
        groups: which groups exist.
        clients: what groups subscribe to.
    """

    def __init__(
        self,
        *,
        offsets: OffsetTable,
        bounds: QueueBounds,
        topics: TopicTable,
        groups: GroupTable,
        clients: ClientManager,
    ) -> None:
        self._offsets = offsets
        self._bounds = bounds
        self._topics = topics
        self._groups = groups
        self._clients = clients

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.QUERY_CONSUMER_OFFSET: self.query,
            RequestCode.UPDATE_CONSUMER_OFFSET: self.update,
            RequestCode.GET_ALL_CONSUMER_OFFSET: self.get_all,
            RequestCode.QUERY_CORRECTION_OFFSET: self.correction,
            RequestCode.CLONE_GROUP_OFFSET: self.clone,
        }

    def query(self, request: Request) -> Reply:
        """Say where a group goes on; where that is not known, the client decides.

        A queue that still has its first message, in memory, is young: a group that
        comes to it for the first time starts at 0 whatever its settings say, lest it
        miss what was sent while it started.
        """
        header: QueryConsumerOffsetRequestHeader = request.header
        topic, queue_id = header.topic, header.queue_id
        offset = self._offsets.query(header.consumer_group, topic, queue_id)
        if offset >= 0:
            return _offset(offset)
        if header.set_zero_if_not_found is False:
            return _not_found("do not set to zero, maybe this group boot first")
        if self._bounds.is_young(topic, queue_id):
            return _offset(0)
        return _not_found("V3_0_6_SNAPSHOT maybe this group consumer boot first")

    def update(self, request: Request) -> Reply:
        """Commit an offset, unless an operator has just moved the group."""
        header: UpdateConsumerOffsetRequestHeader = request.header
        group, topic, queue_id = header.consumer_group, header.topic, header.queue_id
        if group not in self._groups:
            return Reply(
                ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
                remark=f"Group {group} not exist!",
            )
        if topic not in self._topics:
            return Reply(
                ResponseCode.TOPIC_NOT_EXIST, remark=f"Topic {topic} not exist!"
            )
        if self._offsets.is_reset(group, topic, queue_id):
            return Reply(remark="Offset has been previously reset")
        self._offsets.commit(group, topic, queue_id, header.commit_offset)
        return Reply()

    def get_all(self, _request: Request) -> Reply:
        """Give the whole table, for slaves and tools.

        With light queues it is what is in their file: groups that are named as light
        queues are apart.
        """
        offsets = self._offsets
        are_light = self._topics.has_light_queues
        fragments = OffsetFragments(are_light)
        fragments.update(dict(offsets.items()))
        groups = {
            group: sorted(topics)
            for group, topics in offsets.groups().items()
            if not (are_light and is_lmq(group))
        }
        return Reply(body=fragments.join(offsets.data_version, groups))

    def correction(self, request: Request) -> Reply:
        """Give the least offset of all groups on a topic, by queue.

        Upstream forgets the offsets of the filtered groups on the way; we do not.
        """
        header: QueryCorrectionOffsetHeader = request.header
        topic = header.topic
        without = {name for name in (header.filter_groups or "").split(",") if name}
        groups = self._offsets.groups_of(topic) - without
        least = least_offsets(
            (self._offsets.queues_of(group, topic) for group in groups),
            lambda queue_id: self._bounds.least(topic, queue_id),
        )
        compared = self._offsets.queues_of(header.compare_group, topic)
        for queue_id, offset in compared.items():
            if least.get(queue_id, NOWHERE) > offset:
                least[queue_id] = NOWHERE
        return Reply(
            body=loose_json.encode(QueryCorrectionOffsetBody(correction_offsets=least))
        )

    def clone(self, request: Request) -> Reply:
        """Put one group where another one is."""
        header: CloneGroupOffsetRequestHeader = request.header
        source = header.src_group
        topic = (header.topic or "").strip()
        for name in [topic] if topic else self._offsets.topics_of(source):
            if name not in self._topics:
                continue
            if header.offline or self._consumes(source, name):
                self._offsets.clone(source, header.dest_group, name)
        return Reply()

    def _consumes(self, group: str, topic: str) -> bool:
        """Whether nothing speaks against *group* consuming *topic*."""
        if self._clients.subscription(group, topic) is not None:
            return True
        return not self._clients.subscription_count(group)


def least_offsets(
    tables: Iterable[Mapping[int, int]], first: Callable[[int], int]
) -> dict[int, int]:
    """Give the least offset by queue id, of those not before the queue's *first*."""
    least: dict[int, int] = {}
    for queues in tables:
        for queue_id, offset in queues.items():
            if offset >= first(queue_id):
                least[queue_id] = min(offset, least.get(queue_id, offset))
    return least


def _offset(offset: int) -> Reply:
    return Reply(header={"offset": f"{offset}"})


def _not_found(why: str) -> Reply:
    return Reply(ResponseCode.QUERY_NOT_FOUND, remark=f"Not found, {why}")
