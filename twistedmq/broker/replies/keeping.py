"""Replies in the log: for people who look for them. Nobody waits for that.

A reply that cannot be stored has been handed over all the same.
"""

from typing import Final

from twisted.logger import Logger

from twistedmq.broker.counters import BrokerCounters
from twistedmq.config.live import Live
from twistedmq.config.replies import RepliesConfig
from twistedmq.config.store import StoreConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError, TwistedMQError
from twistedmq.protocol.headers import (
    SendMessageRequestHeader,
    SendMessageRequestHeaderV2,
)
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.remoting.interfaces import Request
from twistedmq.store.interfaces import IMessageStore

MAX_PROPERTIES_BYTES: Final = 32_767

SendHeader = SendMessageRequestHeader | SendMessageRequestHeaderV2


class ReplyKeeper:
    """Stores replies.

    Args:
        store: where they go.
        config: whether they are to be stored.
        limits: how large they may be.
        packed_host: this broker's packed address.
        counters: what came in.
    """

    _log = Logger()

    def __init__(
        self,
        store: IMessageStore,
        config: Live[RepliesConfig],
        limits: Live[StoreConfig],
        packed_host: bytes,
        counters: BrokerCounters,
    ) -> None:
        self._store = store
        self._config = config
        self._limits = limits
        self._packed_host = packed_host
        self._counters = counters

    def keep(
        self, request: Request, queue_id: int, properties: dict[str, str]
    ) -> dict[str, str]:
        """Store a reply; gives the fields of the answer to who sent it."""
        fields = {"msgId": "0", "queueId": f"{queue_id}", "queueOffset": "0"}
        if not self._config.value.stored:
            return fields
        header: SendHeader = request.header
        try:
            self._check(request, header)
            appended = self._store.append(_batch(request, header, queue_id, properties))
        except TwistedMQError as error:
            self._log.warn("a reply was not stored: {error}", error=str(error))
            return fields
        first = appended.physical_offsets[0]
        self._counters.sent(header.topic, 1, appended.end - first)
        fields["msgId"] = offset_id(self._packed_host, first)
        fields["queueOffset"] = f"{appended.queue_offsets[0]}"
        return fields

    def _check(self, request: Request, header: SendHeader) -> None:
        """Raise MessageIllegalError for what no record can hold."""
        limit, size = self._limits.value.max_message_bytes, len(request.command.body)
        if size > limit:
            raise MessageIllegalError(
                f"its body has {size} bytes; msg body length limit {limit}B"
            )
        properties_size = len((header.properties or "").encode("utf-8", "replace"))
        if properties_size > MAX_PROPERTIES_BYTES:
            raise MessageIllegalError(
                f"its properties have {properties_size} bytes; msg properties length "
                f"limit {MAX_PROPERTIES_BYTES}B"
            )


def _batch(
    request: Request, header: SendHeader, queue_id: int, properties: dict[str, str]
) -> SendBatch:
    return SendBatch(
        topics=[header.topic],
        queue_ids=[queue_id],
        flags=[header.flag],
        sys_flags=[header.sys_flag],
        born_ms=[header.born_timestamp],
        born_hosts=[request.connection.packed_peer],
        reconsume_times=[header.reconsume_times or 0],
        prepared_offsets=[0],
        properties=[props.format(properties)],
        tags_codes=[props.tags_code(properties.get(props.TAGS))],
        bodies=[bytes(request.command.body)],
    )
