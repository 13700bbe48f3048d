"""Giving back messages that were not consumed, so that they come again later."""

from collections.abc import Callable

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import BrokerNotFoundError, RefusedError
from twistedmq.client.interfaces import Pool
from twistedmq.client.message import Message, ReceivedMessage
from twistedmq.client.packing import Packer, PackingRules
from twistedmq.client.producer_rules import SendRules
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import Routes
from twistedmq.client.selection import RoundRobin
from twistedmq.client.sending import Sending, SendParts, Stored
from twistedmq.client.session import Session
from twistedmq.protocol import properties
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.send import ConsumerSendMsgBackRequestHeader
from twistedmq.protocol.names import CLIENT_INNER_PRODUCER_GROUP, retry_topic
from twistedmq.remoting.errors import RemotingError

AGAIN_AFTER_S = 5.0
FIRST_RETRY_LEVEL = 3

_log = Logger()


class RetryParts(Struct, frozen=True):
    """What giving back needs of its surroundings."""

    group: str
    max_reconsume_times: int
    calls: BrokerCalls
    routes: Routes
    pool: Pool
    clock: Clock
    wall_ms: Callable[[], int]
    next_id: Callable[[], str]


def open_retries(session: Session, group: str, most: int) -> "Retries":
    """Give what gives messages of *group* back; after *most* times they are dead."""
    parts = RetryParts(
        group=group,
        max_reconsume_times=most,
        calls=session.calls,
        routes=session.routes,
        pool=session.pool,
        clock=session.reactor,
        wall_ms=session.wall_ms,
        next_id=session.unique_ids(),
    )
    return Retries(parts)


class Retries:
    """Gives messages back to the broker they came from.

    Where that fails, the message is sent to the group's retry topic on any broker;
    where that fails too, the same is tried again every 5 s, until ``stop``.
    """

    def __init__(self, parts: RetryParts) -> None:
        self._parts = parts
        self._packer = Packer(PackingRules(), parts.next_id)
        rules = SendRules(CLIENT_INNER_PRODUCER_GROUP)
        self._sending = SendParts(
            rules, parts.routes, parts.pool, parts.clock, parts.wall_ms
        )
        self._selection = RoundRobin()
        self._pauses: set[Deferred[None]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Try no more: what no broker took comes again since nobody has acked it."""
        self._stopped = True
        for pause in list(self._pauses):
            pause.cancel()

    async def give_back(self, message: ReceivedMessage, delay_level: int) -> None:
        """Return when the broker has it, so that it may be acked here.

        Fails with CancelledError where it was not taken before ``stop``.
        """
        while True:
            try:
                await self._send_back(message, delay_level)
            except (RemotingError, RefusedError, BrokerNotFoundError) as error:
                problem: Exception = error
            else:
                return
            try:
                await self._send_anew(message, self._parts.max_reconsume_times)
            except CancelledError:
                raise
            except Exception as error:
                _log.warn(
                    "{message} could not be given back ({problem}; {error}), "
                    "trying again in {pause_s:g} s",
                    message=repr(message),
                    problem=str(problem),
                    error=str(error),
                    pause_s=AGAIN_AFTER_S,
                )
            else:
                return
            await self._pause()

    @gives_deferred
    async def bury(self, message: ReceivedMessage) -> None:
        """Send *message* to the dead letters; fails if it cannot be sent now.

        By way of the retry topic: brokers look at the count of failures there.
        """
        await self._send_anew(message, limit=message.reconsume_times)

    async def _pause(self) -> None:
        if self._stopped:
            raise CancelledError
        pause: Deferred[None] = deferLater(self._parts.clock, AGAIN_AFTER_S)
        self._pauses.add(pause)
        try:
            await pause
        finally:
            self._pauses.discard(pause)

    def _send_back(
        self, message: ReceivedMessage, delay_level: int
    ) -> Deferred[Command]:
        parts = self._parts
        broker_name = message.queue.broker_name
        header = ConsumerSendMsgBackRequestHeader(
            offset=message.physical_offset,
            group=parts.group,
            delay_level=delay_level,
            origin_msg_id=message.message_id,
            origin_topic=message.topic,
            max_reconsume_times=parts.max_reconsume_times,
            target_broker=broker_name,
        )
        return parts.calls.send_back(parts.routes.address(broker_name), header)

    def _send_anew(self, message: ReceivedMessage, limit: int) -> Deferred[Stored]:
        system = message.system_properties
        copy = Message(
            retry_topic(self._parts.group),
            message.body,
            tag=message.tag,
            keys=message.keys,
            properties=message.properties,
            delay_level=FIRST_RETRY_LEVEL + message.reconsume_times,
            flag=message.flag,
        )
        origin = system.get(properties.ORIGIN_MESSAGE_ID) or message.message_id
        more = {
            properties.ORIGIN_MESSAGE_ID: origin,
            properties.RETRY_TOPIC: message.topic,
            properties.UNIQ_KEY: message.message_id,
        }
        times = message.reconsume_times + 1
        parcel = self._packer.pack_retry(copy, more, times, limit)
        return Sending(self._sending, parcel, self._selection).start()
