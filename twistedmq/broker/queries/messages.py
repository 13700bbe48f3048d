"""Finding messages: by id, by key, by place. Source: QueryMessageProcessor."""

from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.settling import settle
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumeQueueData, QueryConsumeQueueResponseBody
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer, Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import (
    QueryConsumeQueueRequestHeader,
    QueryMessageRequestHeader,
    ViewMessageRequestHeader,
)
from twistedmq.protocol.properties import KEY_SEPARATOR, KEYS, TAGS, UNIQ_KEY, parse
from twistedmq.protocol.record import properties_of, topic_of
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore

UNIQUE_KEY_QUERY: Final = "_UNIQUE_KEY_QUERY"
"""Ext field of a query: the key is a unique one."""
UNIQUE_KEY_HITS: Final = 32
"""Candidates looked at for a unique key: resends, and keys of the same hash."""
TAG_INDEX: Final = "T"
MOST_ENTRIES: Final = 1024
"""Queue entries shown at once."""


class MessageNotFoundError(TwistedMQError):
    """No record begins at this physical offset."""

    def __init__(self, physical_offset: int) -> None:
        """Keep the *physical_offset*."""
        super().__init__(f"can not find message by the offset, {physical_offset}")
        self.physical_offset = physical_offset


class MessageQueries:
    """Serves requests for single messages.

    Args:
        store: where the messages are.
        clients: what groups subscribe to, for queue entries.
    """

    def __init__(self, store: IMessageStore, clients: ClientManager) -> None:
        self._store = store
        self._clients = clients

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.VIEW_MESSAGE_BY_ID: self.view,
            RequestCode.QUERY_MESSAGE: self.query,
            RequestCode.QUERY_CONSUME_QUEUE: self.queue_entries,
        }

    def view(self, request: Request) -> Reply | Deferred[Reply]:
        """Give the record at a physical offset, which message ids hold."""
        header: ViewMessageRequestHeader = request.header
        return Deferred.fromCoroutine(self._view(header.offset))

    async def _view(self, offset: int) -> Reply:
        record = await settle(self._store.record_at(offset)) if offset >= 0 else None
        if record is None:
            raise MessageNotFoundError(offset)
        return Reply(body=record)

    def query(self, request: Request) -> Deferred[Reply]:
        """Give the records that have a key (or, index type T, a tag)."""
        unique = request.command.fields.get(UNIQUE_KEY_QUERY) == "true"
        return Deferred.fromCoroutine(self._query(request.header, unique))

    async def _query(self, header: QueryMessageRequestHeader, unique: bool) -> Reply:
        index_type = TAG_INDEX if header.index_type == TAG_INDEX else ""
        hits = await settle(
            self._store.query(
                header.topic,
                header.key,
                UNIQUE_KEY_HITS if unique else header.max_num,
                header.begin_timestamp,
                header.end_timestamp,
                index_type,
            )
        )
        records: list[Buffer] = []
        for offset in sorted(hits.physical_offsets):
            record = await settle(self._store.record_at(offset))
            if record is not None and has_key(
                record, header.topic, header.key, index_type
            ):
                records.append(record)
        fields = {
            "indexLastUpdatePhyoffset": f"{hits.last_update_offset}",
            "indexLastUpdateTimestamp": f"{hits.last_update_ms}",
        }
        if records:
            return Reply(header=fields, body=records)
        return Reply(
            ResponseCode.QUERY_NOT_FOUND,
            fields,
            remark="can not find message, maybe time range not correct",
        )

    def queue_entries(self, request: Request) -> Reply:
        """Show raw queue entries, and which of them a group would get."""
        header: QueryConsumeQueueRequestHeader = request.header
        topic, queue_id = header.topic or "", header.queue_id
        least, end = self._store.queue_bounds(topic, queue_id)
        if (topic, queue_id) not in self._store.queues():
            raise TwistedMQError(f"{queue_id}@{topic} is not exist!")
        body = QueryConsumeQueueResponseBody(min_queue_index=least, max_queue_index=end)
        if header.consumer_group is not None:
            known = self._clients.subscription(header.consumer_group, topic)
            body.subscription_data = None if known is None else known.data
            body.filter_data = (
                "null" if known else f"{header.consumer_group}@{topic} is not online!"
            )
        if not least <= header.index < end:
            return Reply(
                remark=f"Index {header.index} of {queue_id}@{topic} is not exist!"
            )
        count = min(header.count, MOST_ENTRIES)
        body.queue_data = [
            ConsumeQueueData(
                physic_offset=entry.physical_offset,
                physic_size=entry.size,
                tags_code=entry.tags_code,
            )
            for entry in self._store.entries(topic, queue_id, header.index, count)
            if entry.queue_offset < header.index + count  # counted are messages
        ]
        return Reply(body=loose_json.encode(body))


def has_key(record: Buffer, topic: str, key: str, index_type: str) -> bool:
    """Whether a record that the index names really has *key*: hashes collide."""
    if topic_of(record) != topic:
        return False
    properties = parse(properties_of(record))
    if index_type == TAG_INDEX:
        return properties.get(TAGS) == key
    if properties.get(UNIQ_KEY) == key:
        return True
    return key in properties.get(KEYS, "").split(KEY_SEPARATOR)
