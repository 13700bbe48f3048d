"""Finding one message by its id."""

from msgspec import field

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.errors import MessageNotFoundError, RefusedError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.received import read_message, read_messages
from twistedmq.client.routing import MASTER_ID, Routes, TopicRoute
from twistedmq.client.subscription import Subscription
from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers.queries import (
    QueryMessageRequestHeader,
    ViewMessageRequestHeader,
)
from twistedmq.protocol.message_id import parse_offset_id
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.record import RecordError, decode_record

AT_MOST = 32
"""Copies of one message that a broker tells: those of retries have its id, too."""

_NOT_THERE = frozenset({ResponseCode.QUERY_NOT_FOUND, ResponseCode.SYSTEM_ERROR})
"""A broker has no code of its own for an offset without a message."""


class UniqueKeyHeader(QueryMessageRequestHeader, kw_only=True, rename="camel"):
    """A query for the id that a client gave."""

    is_unique: bool = field(default=True, name="_UNIQUE_KEY_QUERY")


class Lookups:
    """Asks the brokers of a topic for a message."""

    def __init__(self, calls: BrokerCalls, routes: Routes) -> None:
        self._calls = calls
        self._routes = routes

    async def find(self, topic: str, message_id: str) -> ReceivedMessage:
        """Give the message with that id, of either kind.

        Raises:
            MessageNotFoundError: no broker of the topic has it (any more).
        """
        route = await self._routes.get(topic)
        place = _place(route, message_id)
        found = None if place is None else await self._at(*place, topic)
        if found is None or found.offset_message_id != message_id.upper():
            found = await self._by_unique_id(route, message_id)
        if found is None:
            raise MessageNotFoundError(topic, message_id)
        return found

    async def _at(
        self, broker_name: str, address: str, offset: int, topic: str
    ) -> ReceivedMessage | None:
        header = ViewMessageRequestHeader(topic=topic, offset=offset)
        try:
            answer = await self._calls.ask(
                address, RequestCode.VIEW_MESSAGE_BY_ID, header
            )
        except RefusedError as refusal:
            if refusal.code in _NOT_THERE:
                return None
            raise
        try:
            return read_message(decode_record(answer.body), broker_name)
        except (
            RecordError,
            FieldError,
        ):  # a genuine broker answers with whatever is there
            return None

    async def _by_unique_id(
        self, route: TopicRoute, message_id: str
    ) -> ReceivedMessage | None:
        header = UniqueKeyHeader(
            topic=route.topic,
            key=message_id,
            max_num=AT_MOST,
            begin_timestamp=0,
            end_timestamp=INT64_MAX,
        )
        wanted = Subscription(route.topic)
        found: list[ReceivedMessage] = []
        for broker_name, members in route.brokers.items():
            address = members.get(MASTER_ID) or next(iter(members.values()), None)
            if address is None:
                continue  # its last member has just gone
            try:
                answer = await self._calls.ask(
                    address, RequestCode.QUERY_MESSAGE, header
                )
            except RefusedError as refusal:
                if refusal.code != ResponseCode.QUERY_NOT_FOUND:
                    raise
            else:
                found += read_messages(answer.body, broker_name, wanted)
        mine = [each for each in found if each.message_id == message_id]
        return max(mine, key=lambda each: each.stored_at_ms, default=None)


def _place(route: TopicRoute, message_id: str) -> tuple[str, str, int] | None:
    """Give broker, address and offset if the id names a broker of the topic.

    Ids that clients make have the same length; but where the port would be they have
    the number of a process, so the address in them is hardly ever a broker's.
    """
    try:
        packed, offset = parse_offset_id(message_id)
    except FieldError:
        return None
    address = format_address(*unpack(packed))
    for broker_name, members in route.brokers.items():
        if address in members.values():
            return broker_name, address, offset
    return None
