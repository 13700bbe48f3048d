"""Sending stored messages once more, as they are."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from twistedmq.admin.asking import Asking
from twistedmq.admin.messages import StoredMessage
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.send import (
    SendMessageRequestHeaderV2,
    SendMessageResponseHeader,
)
from twistedmq.protocol.system_flags import (
    BORN_HOST_V6,
    STORE_HOST_V6,
    TRANSACTION_MASK,
)

GROUP: Final = "ReSendMsgById"
"""The producer group in whose name messages are sent again."""

OF_RETRIES: Final = frozenset(
    {
        properties.RETRY_TOPIC,
        properties.ORIGIN_MESSAGE_ID,
        properties.RECONSUME_TIME,
        properties.MAX_RECONSUME_TIMES,
        properties.DELAY,
        properties.DLQ_ORIGIN_TOPIC,
        properties.DLQ_ORIGIN_MESSAGE_ID,
        properties.REAL_TOPIC,
        properties.REAL_QUEUE_ID,
        properties.CONSUME_START_TIME,
        properties.POP_CK,
        properties.FIRST_POP_TIME,
    }
)
"""What a message carries since it failed; a fresh one has none of it."""

_OF_THE_STORED: Final = BORN_HOST_V6 | STORE_HOST_V6 | TRANSACTION_MASK


class Resent(Struct, frozen=True):
    """A message that was sent once more."""

    message_id: str
    """The id that its client gave to it: the same as before."""
    offset_message_id: str
    """Where it is stored now."""
    queue: MessageQueue
    queue_offset: int
    recall_handle: str | None = None


class Resending:
    """Sends stored messages again: body, properties and the client's id as they are.

    Calls fail with RouteNotFoundError, RefusedError or an error of the remoting room.
    """

    def __init__(self, asking: Asking, random: Random) -> None:
        self._asking = asking
        self._random = random

    @gives_deferred
    async def send(
        self,
        stored: StoredMessage,
        *,
        topic: str | None = None,
        without: Iterable[str] = (),
    ) -> Resent:
        """Send a message to a queue that is chosen by chance.

        Args:
            stored: what to send.
            topic: where to; None: the topic that it is stored in.
            without: names of properties that are left out.

        Raises:
            MessageIllegalError: clients may not send to that topic.
        """
        topic = topic or stored.record.topic
        names.check_topic(topic)
        if not names.may_send_to(topic):
            raise MessageIllegalError(f"nobody may send to topic {topic!r}")
        queue = self._random.choice(await self._queues(topic))
        address = self._asking.routes.address(queue.broker_name)
        record = stored.record
        kept = properties.parse(record.properties)
        for name in without:
            kept.pop(name, None)
        header = SendMessageRequestHeaderV2(
            producer_group=GROUP,
            topic=topic,
            default_topic=names.AUTO_CREATE_TOPIC,
            default_topic_queue_nums=4,
            queue_id=queue.queue_id,
            sys_flag=record.sys_flag & ~_OF_THE_STORED,
            born_timestamp=record.born_ms,
            flag=record.flag,
            properties=properties.format_text(kept),
            reconsume_times=0,
            unit_mode=False,
            batch=False,
            broker_name=queue.broker_name,
        )
        code = RequestCode.SEND_MESSAGE_V2
        answer = await self._asking.calls.ask(address, code, header, record.body)
        said = decode_fields(SendMessageResponseHeader, answer.fields)
        return Resent(
            stored.message.message_id,
            said.msg_id,
            queue,
            said.queue_offset,
            said.recall_handle,
        )

    async def _queues(self, topic: str) -> Sequence[MessageQueue]:
        route = await self._asking.routes.get(topic)
        if not route.publishable:
            raise RouteNotFoundError(topic, " for writing")
        return route.publishable
