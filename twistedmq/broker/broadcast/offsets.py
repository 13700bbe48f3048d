"""How far each member of a broadcasting group has pulled.

Such a member keeps its offsets itself, on its own disk, and asks for what comes next.
Behind a proxy it cannot, and the proxy keeps nothing: it asks for -1 where it does not
know. What is remembered here tells where a member goes on that comes from a proxy, or
that comes back from one; what all members of a group have passed is committed for the
group ``GROUP@broadcast``, for members that nobody remembers.
Source: BroadcastOffsetManager, and what PullMessageProcessor does with it.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct, field

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.offsets.bounds import QueueBounds
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.config.broadcast import BroadcastConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import ConsumeType, MessageModel
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.remoting.interfaces import IConnection

FOR_BROADCAST: Final = 1
"""``requestSource`` of a pull by a proxy, for a member of a broadcasting group."""

_BROADCASTING: Final = MessageModel.BROADCASTING

Pair = tuple[str, str]
"""(topic, group)."""


class _Progress(Struct):
    """What is known of one member of one group on one topic."""

    by_proxy: bool
    seen_s: float
    offsets: dict[int, int] = field(default_factory=dict)


class BroadcastOffsets:
    """The progress of all members of broadcasting groups.

    Args:
        offsets: where is committed what all members of a group have passed.
        bounds: where a member begins of which nothing is known.
        clients: who is in a group, and whether that one broadcasts.
        seconds: the monotonic clock.
        config: whether anything is remembered, and how long.
    """

    def __init__(
        self,
        offsets: OffsetTable,
        bounds: QueueBounds,
        clients: ClientManager,
        seconds: Callable[[], float],
        config: Live[BroadcastConfig],
    ) -> None:
        self._offsets = offsets
        self._bounds = bounds
        self._clients = clients
        self._groups = clients.consumer_groups()
        self._seconds = seconds
        self._config = config
        self._members: dict[Pair, dict[str, _Progress]] = {}
        self._changed: set[Pair] = set()
        self._count = 0

    def __len__(self) -> int:
        """Count the members that are remembered, by topic and group."""
        return self._count

    def member_of(
        self, header: PullMessageRequestHeader, connection: IConnection
    ) -> str | None:
        """Give the member that a pull is of; None if its group does not broadcast."""
        if header.request_source == FOR_BROADCAST:
            member = header.proxy_froward_client_id
            return member if self._config.value.enabled else None
        group = self._groups.get(header.consumer_group)
        if (
            group is None
            or group.message_model is not _BROADCASTING
            or group.consume_type != ConsumeType.CONSUME_PASSIVELY
            or not self._config.value.enabled
        ):
            return None
        known = group.members.get(connection)
        return None if known is None else known.client_id

    def start(self, member: str, header: PullMessageRequestHeader) -> int | None:
        """Give where a pull begins instead of where it asks to; None: where it asks."""
        pair = (header.topic, header.consumer_group)
        by_proxy = header.request_source == FOR_BROADCAST
        unknown = by_proxy and header.queue_offset < 0
        members = self._members.get(pair)
        if members is None:
            return self._known(pair, header.queue_id, None) if unknown else None
        progress = members.get(member) or self._add(pair, member, by_proxy)
        if progress is None:
            return self._known(pair, header.queue_id, None) if unknown else None
        if progress.by_proxy != by_proxy or unknown:
            return self._known(pair, header.queue_id, progress)
        return None

    def pulled(
        self, member: str, header: PullMessageRequestHeader, offset: int
    ) -> None:
        """Note that *member* has everything before *offset*."""
        pair = (header.topic, header.consumer_group)
        by_proxy = header.request_source == FOR_BROADCAST
        progress = self._members.get(pair, {}).get(member)
        progress = progress or self._add(pair, member, by_proxy)
        if progress is None:
            return
        progress.by_proxy = by_proxy
        progress.seen_s = self._seconds()
        known = progress.offsets.get(header.queue_id)
        if known is None or offset > known:
            progress.offsets[header.queue_id] = offset
            self._changed.add(pair)

    def commit(self) -> None:
        """Commit what all members of a group have passed, where that has changed."""
        changed, self._changed = self._changed, set()
        for pair in changed:
            topic, group = pair
            least: dict[int, int] = {}
            for progress in self._members.get(pair, {}).values():
                for queue_id, offset in progress.offsets.items():
                    least[queue_id] = min(offset, least.get(queue_id, offset))
            for queue_id, offset in least.items():
                self._offsets.commit(all_members(group), topic, queue_id, offset)

    def expire(self) -> None:
        """Forget members that are gone, or have stopped to pull."""
        config, now_s = self._config.value, self._seconds()
        for pair, members in list(self._members.items()):
            for member, progress in list(members.items()):
                connected = self._clients.find_consumer(pair[1], member) is not None
                limit_s = config.expire_connected_s if connected else config.expire_s
                if now_s - progress.seen_s >= limit_s:
                    del members[member]
                    self._count -= 1
                    self._changed.add(pair)
            if not members:
                del self._members[pair]

    def _add(self, pair: Pair, member: str, by_proxy: bool) -> _Progress | None:
        """Begin to remember a member; None if there are too many."""
        if self._count >= self._config.value.max_members:
            return None
        self._count += 1
        progress = _Progress(by_proxy, self._seconds())
        self._members.setdefault(pair, {})[member] = progress
        return progress

    def _known(self, pair: Pair, queue_id: int, progress: _Progress | None) -> int:
        """Give the best that is known about where a member is."""
        topic, group = pair
        if progress is not None and queue_id in progress.offsets:
            offset = progress.offsets[queue_id]
            if offset >= 0:
                return offset
        committed = self._offsets.query(all_members(group), topic, queue_id)
        if committed >= 0:
            return committed
        if self._bounds.is_young(topic, queue_id):
            return 0
        return self._bounds.end(topic, queue_id)


def all_members(group: str) -> str:
    """Give the name under which is committed what all members of *group* have."""
    return f"{group}@broadcast"
