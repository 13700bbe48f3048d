"""Stored messages: found by id, by key, by place."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct, field
from twisted.internet.defer import Deferred, DeferredList

from twistedmq.admin.asking import Asking
from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.client.calls import PullAnswer
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RefusedError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.received import read_message
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import names, properties
from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers.pull import PullMessageRequestHeader
from twistedmq.protocol.headers.queries import (
    QueryMessageRequestHeader,
    ViewMessageRequestHeader,
)
from twistedmq.protocol.message_id import parse_offset_id
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.record import Record, RecordError, decode_record, decode_records
from twistedmq.protocol.system_flags import pull_sys_flag
from twistedmq.remoting.errors import RemotingError

AT_ONCE: Final = 32
"""Messages that are read in one pull, and that a unique key is looked for in."""
PULL_TIMEOUT_S: Final = 10.0
LAST_PORT: Final = 0xFFFF
_NONE: Final = (ResponseCode.QUERY_NOT_FOUND, ResponseCode.TOPIC_NOT_EXIST)
OF_TAGS: Final = "T"
"""The index type of tags."""


class UniqueKeyQueryHeader(QueryMessageRequestHeader, kw_only=True, rename="camel"):
    """A query whose key is the id that a client gave to a message."""

    is_unique: bool = field(default=True, name="_UNIQUE_KEY_QUERY")


class StoredMessage(Struct, frozen=True):
    """A message as consumers see it, and as it is stored."""

    message: ReceivedMessage
    record: Record


class Slice(Struct, frozen=True):
    """What one look into a queue brought."""

    code: int
    """SUCCESS; PULL_NOT_FOUND at the end; PULL_RETRY_IMMEDIATELY where no message was
    wanted; PULL_OFFSET_MOVED where there is no such offset."""
    found: tuple[StoredMessage, ...]
    next_offset: int
    least: int
    """The first offset that the queue still has."""
    end: int
    """The offset of the message that will be stored next."""

    @property
    def bounds(self) -> dict[str, str]:
        """Give the properties by which genuine clients tell the bounds of a queue."""
        return {
            properties.MIN_OFFSET: str(self.least),
            properties.MAX_OFFSET: str(self.end),
        }


class Messages:
    """The messages of one cluster. Nothing is consumed or committed by looking.

    Calls fail with MessageNotFoundError, RouteNotFoundError, RefusedError,
    NoNameServerError or an error of the remoting room.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    # By id

    @gives_deferred
    async def by_id(
        self, topic: str, message_id: str, *, cluster: str | None = None
    ) -> StoredMessage:
        """Give one message by either of its ids.

        The one that a broker made says where it is stored. The one that a client made
        is looked for; of several messages with it (resent ones) the oldest is given.
        Both have the same length: what leads to no message with this id is looked for.
        """
        place = _place(message_id)
        if place is None:
            return await self._oldest(topic, message_id, cluster)
        nowhere: Exception = MessageNotFoundError(topic, message_id)
        try:
            stored = await self.at_offset(place[0], topic, place[1])
            if stored.message.offset_message_id == message_id.upper():
                return stored
        except (RecordError, FieldError):
            pass  # a genuine broker answers with whatever is there
        except (RefusedError, RemotingError) as error:
            nowhere = error
        try:
            return await self._oldest(topic, message_id, cluster)
        except MessageNotFoundError:
            raise nowhere from None

    async def _oldest(
        self, topic: str, message_id: str, cluster: str | None
    ) -> StoredMessage:
        found = await self.by_unique_id(topic, message_id, cluster=cluster)
        return found[0]

    @gives_deferred
    async def at_offset(self, address: str, topic: str, offset: int) -> StoredMessage:
        """Give the message at a physical *offset* (bytes) of one broker's log."""
        header = ViewMessageRequestHeader(topic=topic, offset=offset)
        code = RequestCode.VIEW_MESSAGE_BY_ID
        answer = await self._asking.calls.ask(address, code, header)
        return _stored(decode_record(answer.body))

    @gives_deferred
    async def by_unique_id(
        self,
        topic: str,
        message_id: str,
        *,
        limit: int = AT_ONCE,
        since_ms: int = 0,
        until_ms: int = INT64_MAX,
        cluster: str | None = None,
    ) -> list[StoredMessage]:
        """Give the messages of *topic* to which a client gave that id, oldest first.

        Arguments as for ``by_key``.
        """
        header = UniqueKeyQueryHeader(
            topic=_asked_topic(topic, cluster),
            key=message_id,
            max_num=limit,
            begin_timestamp=since_ms,
            end_timestamp=until_ms,
        )
        found = await self._query(topic, header, cluster)
        matching = [each for each in found if each.message.message_id == message_id]
        if not matching:
            raise MessageNotFoundError(topic, message_id)
        return sorted(matching, key=lambda each: each.record.store_ms)

    # By key

    @gives_deferred
    async def by_key(
        self,
        topic: str,
        key: str,
        *,
        limit: int = 64,
        since_ms: int = 0,
        until_ms: int = INT64_MAX,
        cluster: str | None = None,
        index_type: str | None = None,
        last_key: str | None = None,
    ) -> list[StoredMessage]:
        """Give the messages of *topic* that have *key* among their keys.

        Brokers that fail are passed over where others have found something; else
        nobody can say that there is none, and the first error is raised.

        Args:
            topic: where to look.
            key: one of the words that a message was sent with.
            limit: as many from each broker.
            since_ms: stored then or later, in ms since the epoch.
            until_ms: and not later.
            cluster: only in this one; for a light queue the topic that it hangs on.
            index_type: OF_TAGS: *key* is a tag, where brokers have an index of tags.
            last_key: where a look before ended, for brokers that give pages.
        """
        header = QueryMessageRequestHeader(
            topic=_asked_topic(topic, cluster),
            key=key,
            max_num=limit,
            begin_timestamp=since_ms,
            end_timestamp=until_ms,
            index_type=index_type,
            last_key=last_key,
        )
        found = await self._query(topic, header, cluster)
        of_light_queue = names.is_lmq(topic)
        matching = [
            each
            for each in found
            if (of_light_queue or each.record.topic == topic)
            and (
                each.message.tag == key
                if index_type == OF_TAGS
                else key in each.message.keys
            )
        ]
        if not matching:
            raise MessageNotFoundError(topic, f"with the key {key!r}")
        return matching

    # By place

    @gives_deferred
    async def at(self, queue: MessageQueue, offset: int) -> StoredMessage:
        """Give the message at *offset* of a queue."""
        found = (await self.read(queue, offset, limit=1)).found
        if not found:
            raise MessageNotFoundError(queue.topic, f"at {offset} of {queue}")
        return found[0]

    @gives_deferred
    async def read(
        self,
        queue: MessageQueue,
        offset: int,
        *,
        expression: str = "*",
        limit: int = AT_ONCE,
        route_of: str | None = None,
        group: str = names.TOOLS_CONSUMER_GROUP,
    ) -> Slice:
        """Look into a queue at *offset*; waits for nothing.

        Args:
            queue: where.
            offset: of the first message wanted.
            expression: ``*`` or tags joined by ``||``.
            limit: as many at most.
            route_of: a topic by which the broker is found, for a light queue.
            group: in whose name; it must be one that may read.
        """
        address = await self._asking.address_of(queue, route_of)
        subscription = Subscription(queue.topic, expression)
        header = PullMessageRequestHeader(
            consumer_group=group,
            topic=queue.topic,
            queue_id=queue.queue_id,
            queue_offset=offset,
            max_msg_nums=limit,
            sys_flag=pull_sys_flag(
                commit_offset=False, suspend=False, subscription=True
            ),
            commit_offset=0,
            suspend_timeout_millis=0,
            subscription=expression,
            sub_version=0,
            expression_type=subscription.expression_type,
            target_broker=queue.broker_name,
        )
        answer = await self._asking.calls.pull(address, header, PULL_TIMEOUT_S)
        return _slice(answer, queue, subscription)

    @gives_deferred
    async def queues(self, topic: str) -> Sequence[MessageQueue]:
        """Give the queues of *topic* that can be read, sorted."""
        return (await self._asking.route(topic)).subscribable

    @gives_deferred
    async def bounds(
        self, queue: MessageQueue, *, route_of: str | None = None
    ) -> tuple[int, int]:
        """Give the first offset that a queue still has, and the next to be given."""
        address = await self._asking.address_of(queue, route_of)
        calls = self._asking.calls
        least = await calls.min_offset(address, queue)
        return least, await calls.max_offset(address, queue)

    @gives_deferred
    async def at_time(
        self, queue: MessageQueue, time_ms: int, *, route_of: str | None = None
    ) -> int:
        """Give the offset of the first message stored then or later."""
        address = await self._asking.address_of(queue, route_of)
        return await self._asking.calls.offset_at(address, queue, time_ms)

    async def _query(
        self, topic: str, header: QueryMessageRequestHeader, cluster: str | None
    ) -> list[StoredMessage]:
        brokers = await self._brokers(topic, cluster)
        asked = [
            self._asking.calls.ask(address, RequestCode.QUERY_MESSAGE, header)
            for address in brokers.values()
        ]
        found: list[StoredMessage] = []
        problems: list[Exception] = []
        answers: Deferred[list[tuple[bool, Any]]] = DeferredList(
            asked, consumeErrors=True
        )
        for name, (is_good, answer) in zip(brokers, await answers, strict=True):
            if is_good:
                found += _all_stored(answer.body, name)
            elif not _says_none(answer.value):
                problems.append(answer.value)
        if problems and not found:
            raise problems[0]
        return found

    async def _brokers(self, topic: str, cluster: str | None) -> dict[str, str]:
        """Give the brokers that have *topic*, and belong to *cluster*."""
        if cluster is None:
            return await self._asking.brokers_of(topic)
        if has_no_route(topic):
            return await self._asking.brokers_of(cluster)
        info = await self._asking.cluster.info()
        mine = set(info.cluster_addr_table.get(cluster, ()))
        brokers = await self._asking.brokers_of(topic)
        return {name: at for name, at in brokers.items() if name in mine}


def _says_none(error: Exception) -> bool:
    """Whether a broker says that it has found nothing."""
    return isinstance(error, RefusedError) and error.code in _NONE


def _place(message_id: str) -> tuple[str, int] | None:
    """Give the address and the physical offset that an id says; None: it says none.

    The id of a client has the number of its process where the port would be.
    """
    try:
        packed, offset = parse_offset_id(message_id)
    except FieldError:
        return None
    host, port = unpack(packed)
    if not 0 < port <= LAST_PORT:
        return None
    return format_address(host, port), offset


def has_no_route(topic: str) -> bool:
    """Whether the queues of *topic* are found by the route of another topic."""
    return names.is_lmq(topic) or topic == names.TIMER_TOPIC


def _asked_topic(topic: str, cluster: str | None) -> str:
    """Give what a query names: the keys of a light queue are those of its topic."""
    return cluster if cluster is not None and names.is_lmq(topic) else topic


def _stored(record: Record, broker_name: str = "") -> StoredMessage:
    return StoredMessage(read_message(record, broker_name), record)


def _all_stored(records: Buffer, broker_name: str) -> list[StoredMessage]:
    return [_stored(record, broker_name) for record in decode_records(records)]


def _slice(
    answer: PullAnswer, queue: MessageQueue, subscription: Subscription
) -> Slice:
    header = answer.header
    found: list[StoredMessage] = []
    if answer.code == ResponseCode.SUCCESS:
        tags = subscription.tags
        found = [
            each
            for each in _all_stored(answer.records, queue.broker_name)
            if not tags or each.message.tag in tags
        ]
    return Slice(
        answer.code,
        tuple(found),
        header.next_begin_offset,
        header.min_offset,
        header.max_offset,
    )
