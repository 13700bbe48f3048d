"""What becomes of a message in a transaction. Pure.

A half waits in a topic of the system, with its real topic and queue among its
properties. A commit makes the message of it that consumers get; a check-back puts it
back behind the others; one that nobody decides on goes to a topic for such. The bytes
are those of the genuine broker. Source: TransactionalMessageBridge,
EndTransactionProcessor, DefaultTransactionalMessageCheckListener.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from twistedmq.broker.inner.diversion import Diversions, Diverted
from twistedmq.broker.inner.message import InnerMessage, of_record
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError, PermissionDeniedError
from twistedmq.protocol.half_marks import check_times
from twistedmq.protocol.names import HALF_TOPIC, TRANSACTION_GIVEN_UP_TOPIC
from twistedmq.protocol.numbers import whole_number
from twistedmq.protocol.record import Record
from twistedmq.protocol.system_flags import (
    TRANSACTION_COMMIT,
    TRANSACTION_NONE,
    TRANSACTION_PREPARED,
    TRANSACTION_ROLLBACK,
    transaction_type,
    with_transaction,
)

HALF_QUEUE: Final = 0
"""All halves, and the op messages about them, are in one queue."""

_GROWS_BYTES: Final = 96
"""More than what check-backs add to the properties of a half."""

_LATER: Final = frozenset(
    {
        props.DELAY,
        props.TIMER_DELAY_SEC,
        props.TIMER_DELAY_MS,
        props.TIMER_DELIVER_MS,
    }
)
"""Properties that have a message wait once it is committed."""

_NEVER_READ: Final = (TRANSACTION_PREPARED, TRANSACTION_ROLLBACK)


def says_half(properties: dict[str, str]) -> bool:
    """Whether the properties of a message make it the half of a transaction."""
    return properties.get(props.TRANSACTION_PREPARED, "").lower() == "true"


class HalfDiversion:
    """Puts the halves that producers send where halves wait.

    Args:
        config: whether transactions are taken at all.
        host: the address that clients are told; it is named in the refusal.
        properties_limit: most bytes of properties that a record has room for.
        stored: told the real topic of each half that is stored.
        later: says whether a message that is to wait once it is committed may do so:
            its producer must hear of it now, not its consumers never.
    """

    def __init__(
        self,
        config: Live[TransactionConfig],
        host: str,
        properties_limit: int,
        stored: Callable[[str], None],
        later: Diversions,
    ) -> None:
        self._config = config
        self._host = host
        self._properties_limit = properties_limit
        self._stored = stored
        self._later = later

    def __call__(self, message: InnerMessage) -> Diverted | None:
        """Take *message* if it is a half.

        Raises:
            PermissionDeniedError: transactions are refused here.
            TwistedMQError: it could not be kept, or be committed.
        """
        if transaction_type(message.sys_flag) == TRANSACTION_COMMIT:
            return None  # it was a half, and has kept the mark
        if says_half(message.properties) and not message.reconsume_times:
            if self._config.value.rejected:
                raise PermissionDeniedError(
                    f"the broker[{self._host}] sending transaction message is forbidden"
                )
            if not _LATER.isdisjoint(message.properties):
                self._later.divert(_as_committed(message))
            topic = message.topic
            self._check_room(prepare(message))
            return Diverted(message, when_stored=lambda: self._stored(topic))
        if transaction_type(message.sys_flag) in _NEVER_READ:
            self._mend(message)
        return None

    def _check_room(self, half: InnerMessage) -> None:
        held, limit = half.properties, self._properties_limit
        characters = sum(map(len, held)) + sum(map(len, held.values())) + 2 * len(held)
        if 4 * characters + _GROWS_BYTES <= limit:
            return  # whatever they are
        size = len(props.format(held))
        if size + _GROWS_BYTES > limit:
            raise MessageIllegalError(
                f"the half of a transaction needs {size} bytes of properties and "
                f"{_GROWS_BYTES} more for check-backs; msg properties length limit "
                f"{limit}B"
            )

    def _mend(self, message: InnerMessage) -> None:
        """Take the mark of a half off what is none: it would be in no queue."""
        if not message.reconsume_times:
            raise MessageIllegalError(
                f"the system flag {message.sys_flag} says that the message belongs to "
                f"a transaction; its property {props.TRANSACTION_PREPARED} does not"
            )
        # A consumer sends back what it got, and the oldest ones leave the marks on.
        message.sys_flag = with_transaction(message.sys_flag, TRANSACTION_NONE)
        message.properties.pop(props.TRANSACTION_PREPARED, None)


def _as_committed(message: InnerMessage) -> InnerMessage:
    flags = with_transaction(message.sys_flag, TRANSACTION_COMMIT)
    return replace(message, sys_flag=flags, properties=dict(message.properties))


def prepare(message: InnerMessage) -> InnerMessage:
    """Make a half of a message as it was sent."""
    properties = message.properties
    _unsee(properties)
    if message.unique_id:
        properties[props.TRANSACTION_ID] = message.unique_id
    properties[props.REAL_TOPIC] = message.topic
    properties[props.REAL_QUEUE_ID] = str(message.queue_id)
    message.sys_flag = with_transaction(message.sys_flag, TRANSACTION_NONE)
    message.topic, message.queue_id = HALF_TOPIC, HALF_QUEUE
    return message


def commit(half: Record, properties: dict[str, str]) -> InnerMessage:
    """Make the message that consumers get; *properties* are those of *half*, parsed.

    Raises:
        ValueError: *half* does not say where it belongs.
    """
    topic = properties.pop(props.REAL_TOPIC, "")
    queue_id = int(properties.pop(props.REAL_QUEUE_ID, ""))
    if not topic or queue_id < 0:
        raise ValueError(f"topic {topic!r}, queue {queue_id}")
    message = of_record(half, properties)
    message.topic, message.queue_id = topic, queue_id
    message.sys_flag = with_transaction(message.sys_flag, TRANSACTION_COMMIT)
    message.prepared_offset = half.physical_offset
    return message


def put_back(half: Record, *, asked: bool) -> InnerMessage:
    """Make the same half again, to go behind the others: *asked* about, or too young.

    One that is too young remembers where it was: its producer knows it by that.
    """
    message = of_record(half)
    properties = message.properties
    _unsee(properties)
    if asked:
        times = check_times(properties) or 0
        properties[props.TRANSACTION_CHECK_TIMES] = str(times + 1)
    else:
        name = props.TRANSACTION_PREPARED_QUEUE_OFFSET
        properties.setdefault(name, str(half.queue_offset))
    return message


def give_up(half: Record) -> InnerMessage:
    """Make the message for the topic of halves that nobody decided on."""
    message = of_record(half)
    _unsee(message.properties)
    message.topic, message.queue_id = TRANSACTION_GIVEN_UP_TOPIC, HALF_QUEUE
    return message


def resume(half: Record) -> InnerMessage:
    """Make a half again of one that was given up, as if nobody had been asked."""
    message = of_record(half)
    _unsee(message.properties)
    message.topic, message.queue_id = HALF_TOPIC, HALF_QUEUE
    message.properties[props.TRANSACTION_CHECK_TIMES] = "0"
    return message


def immunity_ms(properties: dict[str, str], timeout_ms: int) -> int | None:
    """How old its producer lets a half become before it is asked; None if it says
    nothing. *timeout_ms* holds where it says nothing sensible.
    """
    text = properties.get(props.CHECK_IMMUNITY_TIME)
    if text is None:
        return None
    seconds = whole_number(text)
    return timeout_ms if seconds is None else seconds * 1000


def _unsee(properties: dict[str, str]) -> None:
    """Take away what says where in light queues a half is: in none, until committed."""
    properties.pop(props.INNER_MULTI_QUEUE_OFFSET, None)
