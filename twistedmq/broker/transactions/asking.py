"""CHECK_TRANSACTION_STATE: a producer is asked what became of a half.

Source: AbstractTransactionalMessageCheckListener, Broker2Client.
"""

from collections import Counter
from collections.abc import Callable

from msgspec.structs import replace
from twisted.logger import Logger

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.protocol import properties as props
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import CheckTransactionStateRequestHeader
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.names import HALF_TOPIC
from twistedmq.protocol.record import Record, encode_record


class ProducerAsker:
    """Asks one live producer of the group, another one each time.

    Args:
        next_producer: gives one of a group, None if none is connected.
        identity: this broker's name, which goes along.
        packed_host: this broker's address, for message ids.
    """

    _log = Logger()

    def __init__(
        self,
        next_producer: Callable[[str], Member | None],
        identity: Live[BrokerIdentity],
        packed_host: bytes,
    ) -> None:
        self._next_producer = next_producer
        self._identity = identity
        self._packed_host = packed_host
        self._nobody: Counter[str] = Counter()

    def ask(self, half: Record) -> None:
        """Ask about *half*, which is where its offsets say."""
        properties = props.parse(half.properties)
        group = properties.get(props.PRODUCER_GROUP, "")
        producer = self._next_producer(group)
        if producer is None:
            self._nobody[group] += 1
            return
        message_id = properties.get(props.UNIQ_KEY)
        header = CheckTransactionStateRequestHeader(
            topic=HALF_TOPIC,
            tran_state_table_offset=half.queue_offset,
            commit_log_offset=half.physical_offset,
            msg_id=message_id,
            transaction_id=message_id,
            offset_msg_id=offset_id(self._packed_host, half.physical_offset),
            target_broker=self._identity.value.broker_name,
        )
        producer.connection.send_one_way(
            RequestCode.CHECK_TRANSACTION_STATE, header, encode_record(as_sent(half))
        )

    def tell_of_nobody(self) -> None:
        """Log whose halves wait for a producer to come back: once a round."""
        nobody, self._nobody = self._nobody, Counter()
        for group, number in nobody.items():
            self._log.warn(
                "{number} half messages of producer group {group} wait for a decision, "
                "and no producer of that group is connected",
                number=number,
                group=group or "(none)",
            )


def as_sent(half: Record) -> Record:
    """Give a half with the topic and the queue that its producer sent it to."""
    properties = props.parse(half.properties)
    queue = properties.get(props.REAL_QUEUE_ID, "")
    return replace(
        half,
        topic=properties.get(props.REAL_TOPIC, ""),
        queue_id=int(queue) if queue.isascii() and queue.isdigit() else 0,
    )
