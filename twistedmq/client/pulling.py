"""Fetching one queue, pull after pull, as long as there is room for more."""

from collections.abc import Callable, Sequence

from msgspec import Struct, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from twistedmq.client.calls import BrokerCalls, PullAnswer
from twistedmq.client.errors import BrokerNotFoundError, RefusedError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pull_source import PullSource
from twistedmq.client.rates import Counts
from twistedmq.client.reactor import Clock
from twistedmq.client.received import read_messages
from twistedmq.client.routing import MASTER_ID, Routes
from twistedmq.client.subscription import Subscription
from twistedmq.client.window import QueueWindow
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.headers.pull import PullMessageRequestHeader
from twistedmq.protocol.system_flags import pull_sys_flag
from twistedmq.remoting.errors import ConnectError, ConnectionLostError

BATCH = 32
SUSPEND_S = 15.0
TIMEOUT_S = 30.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 3.0

_UNKNOWN_TO_BROKER = frozenset(
    {ResponseCode.SUBSCRIPTION_NOT_EXIST, ResponseCode.SUBSCRIPTION_NOT_LATEST}
)

_log = Logger()


class PullParts(Struct, frozen=True):
    """What pulling needs of its surroundings."""

    group: str
    calls: BrokerCalls
    routes: Routes
    clock: Clock
    deliver: Callable[[Sequence[ReceivedMessage]], None]
    """Takes in messages, in queue order."""
    moved: Callable[[MessageQueue], None]
    """Told when the broker moved the offset: what was fetched before is void."""
    unknown: Callable[[], object]
    """Told when a broker does not know this consumer (it was restarted, say)."""
    broke_off: Callable[[MessageQueue], object] = lambda queue: None
    """Told when the connection to a queue's broker was lost, or cannot be made."""
    subscribes: bool = False
    """Whether pulls carry the subscription: for readers that no heartbeat announces."""
    counts: Counts = field(default_factory=Counts)
    """Where is noted what pulls bring."""


class QueuePuller:
    """Pulls one queue, and keeps the book of what is not acked yet.

    Args:
        parts: see there.
        queue: what to pull.
        subscription: which messages of it.
        window: begins at the offset to start with.
    """

    def __init__(
        self,
        parts: PullParts,
        queue: MessageQueue,
        subscription: Subscription,
        window: QueueWindow,
    ) -> None:
        self.queue = queue
        self.window = window
        self.last_pull_s: float | None = None
        self.last_ack_s: float | None = None
        """Kept by the owner of the queue, and not to the second."""
        self.carries_commits = False
        """Whether pulls carry the offset to commit along. Only once the broker has an
        offset: the first ones of a group must not reach it at the same time.
        """
        self._parts = parts
        self._counts = parts.counts[queue.topic]
        self._subscription = subscription
        self._source = PullSource(parts.routes, queue.broker_name)
        self._stopped = False
        self._suspended = False
        self._pull: Deferred[PullAnswer] | None = None
        self._later: IDelayedCall | None = None
        self._pause_s = FIRST_PAUSE_S

    def start(self) -> None:
        """Begin to pull."""
        self._go_on()

    def stop(self) -> None:
        """Pull no more; an answer that is still to come is dropped."""
        self._stopped = True
        self._break_off()

    def suspend(self) -> None:
        """Begin no pull until ``resume``; what one brings that is under way is kept."""
        self._suspended = True

    def resume(self) -> None:
        """Go on pulling."""
        self._suspended = False
        if self._pull is None and self._later is None:
            self._go_on()

    def resubscribe(self, subscription: Subscription) -> None:
        """Pull by another subscription from here on."""
        self._subscription = subscription
        self._break_off()
        self._go_on()

    def ack(self, message: ReceivedMessage) -> bool:
        """Note that a message is done, which may make room for the next pull."""
        acked = self.window.ack(message)
        if acked and self._pull is None and self._later is None:
            self._go_on()
        return acked

    def restart(self, offset: int) -> None:
        """Go on at another offset; what was fetched before is void."""
        self._break_off()
        self.window.reset(offset)
        self._go_on()

    def _break_off(self) -> None:
        pull, self._pull = self._pull, None
        if pull is not None:
            pull.cancel()
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _go_on(self) -> None:
        """Pull if nothing speaks against it."""
        self._later = None
        if self._stopped or self._suspended or self._pull is not None:
            return
        if not self.window.has_room:
            return
        self.last_pull_s = self._parts.clock.seconds()
        try:
            address, is_master = self._source.where()
        except BrokerNotFoundError as error:
            self._failed(Failure(error))
            return
        header = self._header(is_master)
        pull = self._pull = self._parts.calls.pull(address, header, TIMEOUT_S)
        pull.addCallback(self._answered).addErrback(self._broke)

    def _header(self, is_master: bool) -> PullMessageRequestHeader:
        offset = self.window.committable
        commits = self.carries_commits and is_master and offset > 0
        subscription = self._subscription
        return PullMessageRequestHeader(
            consumer_group=self._parts.group,
            topic=self.queue.topic,
            queue_id=self.queue.queue_id,
            queue_offset=self.window.next_offset,
            max_msg_nums=BATCH,
            sys_flag=pull_sys_flag(
                commit_offset=commits,
                suspend=True,
                subscription=self._parts.subscribes,
            ),
            subscription=subscription.expression if self._parts.subscribes else None,
            commit_offset=offset if commits else 0,
            suspend_timeout_millis=int(SUSPEND_S * 1000),
            sub_version=subscription.version,
            expression_type=subscription.expression_type,
            target_broker=self.queue.broker_name,
        )

    def _answered(self, answer: PullAnswer) -> None:
        self._pull = None
        self._source.suggested = answer.header.suggest_which_broker_id
        next_offset = answer.header.next_begin_offset
        if answer.code == ResponseCode.PULL_OFFSET_MOVED:
            if next_offset == self.window.next_offset:
                remark = f"sends who asks for offset {next_offset} to that very one"
                raise RefusedError(answer.code, remark, str(self.queue))
            self._move(next_offset)
        elif answer.code == ResponseCode.SUCCESS:
            self._take_in(answer, next_offset)
        else:
            self.window.fetched((), next_offset)
        # an answer that cannot be read does not come here, and is asked for less often
        self._pause_s = FIRST_PAUSE_S
        self._go_on()

    def _take_in(self, answer: PullAnswer, next_offset: int) -> None:
        broker_name = self.queue.broker_name
        start = self.window.next_offset
        messages = list(
            read_messages(answer.records, broker_name, self._subscription, start)
        )
        self.window.fetched(messages, next_offset)
        counts = self._counts
        counts.pulls += 1
        counts.pulled += len(messages)
        if self.last_pull_s is not None:
            counts.pull_s += self._parts.clock.seconds() - self.last_pull_s
        if messages:
            self._parts.deliver(messages)

    def _move(self, offset: int) -> None:
        _log.warn(
            "{queue} has no offset {wrong}; going on at {offset}",
            queue=self.queue,
            wrong=self.window.next_offset,
            offset=offset,
        )
        self.window.reset(offset)
        self._parts.moved(self.queue)

    def _broke(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        self._pull = None
        self._failed(failure)

    def _failed(self, failure: Failure) -> None:
        """Say what is wrong, and try again after a pause that grows."""
        error = failure.value
        if isinstance(error, RefusedError) and error.code in _UNKNOWN_TO_BROKER:
            self._parts.unknown()
        else:
            first = self._pause_s == FIRST_PAUSE_S
            _log.emit(
                LogLevel.warn if first else LogLevel.debug,
                "pulling {queue} failed, next try in {pause_s:.1f} s: {reason}",
                queue=self.queue,
                pause_s=self._pause_s,
                reason=failure.getErrorMessage(),
            )
            if isinstance(error, ConnectError | ConnectionLostError):
                self._parts.broke_off(self.queue)
            self._source.suggested = MASTER_ID
            refreshed = self._parts.routes.refresh(self.queue.topic)
            refreshed.addErrback(lambda _: None)
        self._later = self._parts.clock.callLater(self._pause_s, self._go_on)
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
