"""From the answer to a pop to the messages that a consumer sees: pure.

Source: MQClientAPIImpl.processPopResponse.
"""

from msgspec import Struct
from msgspec.structs import replace

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pop_calls import PopAnswer
from twistedmq.client.pop_errors import NotPoppedError
from twistedmq.client.received import read_messages
from twistedmq.client.subscription import Subscription
from twistedmq.protocol.pop_handles import (
    Handle,
    Receipt,
    kind_of,
    parse_receipt,
    parse_table,
)
from twistedmq.protocol.properties import FIRST_POP_TIME, POP_CK


class Popped(Struct, frozen=True):
    """The messages of one pop."""

    wanted: list[ReceivedMessage]
    unwanted: list[ReceivedMessage]
    """Their tags have only the hash in common with one that is wanted."""


def read_popped(
    answer: PopAnswer, topic: str, broker_name: str, subscription: Subscription
) -> Popped:
    """Give each message its receipt handle, which is kept among its properties.

    Raises: TwistedMQError, where the answer cannot be read.
    """
    handles = _Handles(answer, broker_name)
    counts = parse_table(answer.header.order_count_info)
    everything = read_messages(answer.records, broker_name, Subscription(topic))
    messages = [
        _counted(_taken(message, handles, topic), counts) for message in everything
    ]
    tags = subscription.tags
    if not tags:
        return Popped(messages, [])
    wanted = [message for message in messages if message.tag in tags]
    unwanted = [message for message in messages if message.tag not in tags]
    return Popped(wanted, unwanted)


def receipt_of(message: ReceivedMessage) -> Receipt:
    """Give the receipt of a message that was popped.

    Raises:
        NotPoppedError: it has none.
        ReceiptHandleError: it is not what a broker gave out.
    """
    text = message.receipt_handle
    if text is None:
        raise NotPoppedError(message.message_id)
    return parse_receipt(text)


def with_handle(message: ReceivedMessage, handle: str) -> ReceivedMessage:
    """Give *message* with another receipt handle."""
    system = {**message.system_properties, POP_CK: handle}
    return replace(message, system_properties=system)


class _Handles:
    """Makes the handles of one answer."""

    def __init__(self, answer: PopAnswer, broker_name: str) -> None:
        self.popped_ms = str(answer.header.pop_time)
        self._header = answer.header
        self._broker_name = broker_name
        self._starts = parse_table(answer.header.start_offset_info)
        self._beginnings: dict[tuple[str, int], str] = {}
        """What the handles of one queue have in common."""

    def handle(self, message: ReceivedMessage) -> str:
        """Give the handle of one message."""
        queue, offset = message.queue, message.queue_offset
        place = queue.topic, queue.queue_id
        beginning = self._beginnings.get(place)
        if beginning is None:
            beginning = self._beginnings[place] = self._beginning(*place, offset)
        return f"{beginning}{offset}"

    def _beginning(self, topic: str, queue_id: int, first_offset: int) -> str:
        header, kind = self._header, kind_of(topic)
        handle = Handle(
            int(self._starts.get(f"{kind}@{queue_id}", first_offset)),
            header.pop_time,
            header.invisible_time,
            header.revive_qid,
            kind,
            self._broker_name,
        )
        return handle.text(queue_id, 0)[:-1]


def _taken(message: ReceivedMessage, handles: _Handles, topic: str) -> ReceivedMessage:
    """Note in the properties what was popped; its topic is the one asked for."""
    system = message.system_properties
    if POP_CK not in system:
        system[POP_CK] = handles.handle(message)
    system.setdefault(FIRST_POP_TIME, handles.popped_ms)
    return message if message.topic == topic else replace(message, topic=topic)


def _counted(message: ReceivedMessage, counts: dict[str, str]) -> ReceivedMessage:
    """Say how often an ordered message was popped before; only the answer knows."""
    if not counts:
        return message
    queue = message.queue
    kind = kind_of(queue.topic)
    own = f"{kind}@qo{queue.queue_id}%{message.queue_offset}"
    count = int(counts.get(own) or counts.get(f"{kind}@{queue.queue_id}") or 0)
    return replace(message, reconsume_times=count) if count > 0 else message
