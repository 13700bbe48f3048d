"""Putting groups somewhere else, with their members or while nobody is there."""

from typing import Final

from msgspec import Struct

from twistedmq.admin.asking import Asking, addresses_of
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol.bodies.groups import ConsumeStats, OffsetWrapper
from twistedmq.protocol.bodies.offsets import ResetOffsetBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.topics import TopicOffset, TopicStatsTable
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers.groups import GetConsumeStatsRequestHeader
from twistedmq.protocol.headers.offsets import ResetOffsetRequestHeader
from twistedmq.protocol.headers.topics import GetTopicStatsInfoRequestHeader

TO_THE_END: Final = -1
"""A time that means the end of each queue."""

_NO_OFFSET: Final = -1
"""What brokers take for no offset: go by the time."""


class OffsetReset(Struct, frozen=True, kw_only=True):
    """What became of a group's offset in one queue."""

    queue: MessageQueue
    end: int
    """The offset of the message that will be stored next."""
    before: int
    found: int
    """Where the wanted time leads to."""
    after: int
    """The same as ``found``, or ``before`` where the group was not to go ahead."""


class Resets:
    """Moves the groups of one cluster.

    Calls fail with RouteNotFoundError, RefusedError, NoNameServerError or an error of
    the remoting room.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    @gives_deferred
    async def by_time(
        self,
        group: str,
        topic: str,
        time_ms: int,
        *,
        force: bool = True,
        route_of: str | None = None,
    ) -> dict[MessageQueue, int]:
        """Have the brokers move *group*, whose members go on from there at once.

        Fails with RefusedError where a broker does not know *topic* or *group*; its
        code is CONSUMER_NOT_ONLINE where a broker (one before 5.0, or told so by its
        settings) leaves it to members and there are none: see ``rewrite``.

        Args:
            group: who is moved.
            topic: in all queues of this.
            time_ms: to the first message stored then or later; TO_THE_END.
            force: whether it may also go ahead, past messages it has not consumed;
                only such brokers look at that.
            route_of: a topic by which brokers are found, for a light queue.
        """
        header = ResetOffsetRequestHeader(
            group=group,
            topic=topic,
            timestamp=time_ms,
            is_force=force,
            offset=_NO_OFFSET,
        )
        brokers = await self._asking.brokers_of(route_of or topic)
        moved: dict[MessageQueue, int] = {}
        for address in brokers.values():
            moved |= await self._reset(address, header)
        return moved

    @gives_deferred
    async def rewrite(
        self,
        group: str,
        topic: str,
        time_ms: int,
        *,
        force: bool = True,
        route_of: str | None = None,
    ) -> list[OffsetReset]:
        """Move *group* by writing its offsets down: for a group that is not online.

        Members that run would write over it. Arguments as for ``by_time``; without
        *force* a queue is left alone whose group would skip messages.
        """
        route = await self._asking.route(route_of or topic)
        resets: list[OffsetReset] = []
        for name, address in addresses_of(route).items():
            known = await self._known(address, group, topic)
            for queue, wrapper in known.items():
                found = await self._at(address, queue, time_ms)
                before = wrapper.consumer_offset
                goes = force or found <= before
                if goes:
                    await self._commit(address, group, queue, found)
                resets.append(
                    OffsetReset(
                        queue=MessageQueue(topic, name, queue.queue_id),
                        end=wrapper.broker_offset,
                        before=before,
                        found=found,
                        after=found if goes else before,
                    )
                )
        return resets

    @gives_deferred
    async def queue(
        self, group: str, queue: MessageQueue, offset: int, *, at: str | None = None
    ) -> None:
        """Put *group* to *offset* in one queue, members that run included.

        Fails with RefusedError where the queue does not reach there, or where the
        broker does not know the group; the offset is written down by then.

        Args:
            group: who is moved.
            queue: where.
            offset: of the message that it will consume next.
            at: the address of the broker, where it is known.
        """
        address = at or await self._asking.address_of(queue)
        header = ResetOffsetRequestHeader(
            group=group,
            topic=queue.topic,
            queue_id=queue.queue_id,
            offset=offset,
        )
        await self._commit(address, group, queue, offset)
        await self._reset(address, header)

    @gives_deferred
    async def found_at(self, address: str, queue: MessageQueue, time_ms: int) -> int:
        """Give the offset of the first message stored then or later; TO_THE_END."""
        return await self._at(address, queue, time_ms)

    # How it is asked

    async def _known(
        self, address: str, group: str, topic: str
    ) -> dict[MessageQueue, OffsetWrapper]:
        """Give how far *group* is at one broker; if it is new, the bounds of queues."""
        stats = await self._asking.body(
            address,
            RequestCode.GET_CONSUME_STATS,
            GetConsumeStatsRequestHeader(consumer_group=group),
            ConsumeStats,
        )
        known = {
            queue: wrapper
            for queue, wrapper in sorted(stats.offset_table.items())
            if queue.topic == topic
        }
        if known:
            return known
        table = await self._asking.body(
            address,
            RequestCode.GET_TOPIC_STATS_INFO,
            GetTopicStatsInfoRequestHeader(topic=topic),
            TopicStatsTable,
        )
        return {
            queue: _at_the_beginning(bounds)
            for queue, bounds in sorted(table.offset_table.items())
        }

    async def _at(self, address: str, queue: MessageQueue, time_ms: int) -> int:
        calls = self._asking.calls
        if time_ms == TO_THE_END:
            return await calls.max_offset(address, queue)
        return await calls.offset_at(address, queue, time_ms)

    async def _reset(
        self, address: str, header: ResetOffsetRequestHeader
    ) -> dict[MessageQueue, int]:
        code = RequestCode.INVOKE_BROKER_TO_RESET_OFFSET
        body = await self._asking.body(address, code, header, ResetOffsetBody)
        return body.offset_table

    async def _commit(
        self, address: str, group: str, queue: MessageQueue, offset: int
    ) -> None:
        await self._asking.calls.commit(address, group, queue, offset)


def _at_the_beginning(bounds: TopicOffset) -> OffsetWrapper:
    """Give the progress of a group that has consumed nothing yet."""
    return OffsetWrapper(
        broker_offset=bounds.max_offset, consumer_offset=bounds.min_offset
    )
