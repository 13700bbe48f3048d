"""A selection that leaves brokers alone which are slow or do not answer."""

from collections.abc import Callable, Sequence
from itertools import count
from time import monotonic

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.client.errors import BrokerNotFoundError, RefusedError
from twistedmq.client.faults import BackOff, Faults
from twistedmq.client.interfaces import IQueueSelection, ISendFeedback
from twistedmq.client.message import Message
from twistedmq.client.reactor import Clock
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers.offsets import GetMaxOffsetRequestHeader
from twistedmq.protocol.names import AUTO_CREATE_TOPIC
from twistedmq.remoting.errors import RemotingError
from twistedmq.remoting.periodic import PeriodicCall

ROUND_S = 3.0
"""Pause between two rounds of probing."""

Probe = Callable[[str, float], Deferred[None]]


@implementer(IQueueSelection, ISendFeedback)
class LatencyAvoiding:
    """One queue after the other, of brokers that answered quickly enough of late.

    The longer a broker took, the longer it is left alone; one that failed counts as
    slow. Where that leaves no queue, those of brokers that can be reached are taken,
    then any.

    Args:
        start: where to begin.
        back_off: how long slow brokers are left alone.
        detect: ask brokers that could not be reached whether they answer again; they
            are not used until they do, or until no others are left.
        detect_interval_s: no broker is asked more often.
        detect_timeout_s: how long it may take to answer.
    """

    def __init__(
        self,
        start: int = 0,
        *,
        back_off: BackOff | None = None,
        detect: bool = False,
        detect_interval_s: float = 2.0,
        detect_timeout_s: float = 0.2,
    ) -> None:
        self.faults = Faults(back_off)
        self._turns = count(start)
        self._detect = detect
        self._interval_s = detect_interval_s
        self._timeout_s = detect_timeout_s
        self._seconds: Callable[[], float] = monotonic

    def select(
        self, message: Message, queues: Sequence[MessageQueue], avoid: str | None
    ) -> MessageQueue:
        """Give the next queue; see ``IQueueSelection``."""
        turn = next(self._turns)
        faults = self.faults
        if not len(faults) and avoid is None:
            return queues[turn % len(queues)]
        now_s = self._seconds()
        others = [queue for queue in queues if queue.broker_name != avoid]
        available = [q for q in others if faults.is_available(q.broker_name, now_s)]
        usable = [q for q in available if self._may_use(q.broker_name)] or [
            queue for queue in others if faults.is_reachable(queue.broker_name)
        ]
        chosen = usable or available or queues
        return chosen[turn % len(chosen)]

    def begin(self, clock: Clock, probe: Probe) -> Callable[[], None]:
        """Start with a producer; see ``ISendFeedback``."""
        self._seconds = clock.seconds
        if not self._detect:
            return lambda: None
        rounds = PeriodicCall(lambda: self.probe_all(probe), clock)
        rounds.start(ROUND_S, now=False)
        return rounds.stop

    def told(self, broker_name: str, latency_s: float, error: Exception | None) -> None:
        """Learn of one attempt; see ``ISendFeedback``."""
        now_s = self._seconds()
        if isinstance(error, RefusedError):
            self.faults.failed(broker_name, now_s, reachable=False)
        elif isinstance(error, RemotingError):
            # without probes nobody would find out that it is back
            self.faults.failed(broker_name, now_s, reachable=not self._detect)
        else:
            self.faults.took(broker_name, now_s, latency_s)

    def probe_all(self, probe: Probe) -> None:
        """Ask the brokers that had faults whether they answer."""
        for broker_name in self.faults.to_probe(self._seconds(), self._interval_s):
            try:
                answered = probe(broker_name, self._timeout_s)
            except BrokerNotFoundError:
                self.faults.forget(broker_name)
            else:
                answered.addCallback(self._answered, broker_name)
                answered.addErrback(_unanswered)

    def _answered(self, _: None, broker_name: str) -> None:
        self.faults.answers(broker_name)

    def _may_use(self, broker_name: str) -> bool:
        return not self._detect or self.faults.is_reachable(broker_name)


def _unanswered(failure: Failure) -> None:
    failure.trap(RemotingError)


def prober(session: Session) -> Probe:
    """Give what asks a broker something that costs it nothing; any answer will do."""

    def probe(broker_name: str, timeout_s: float) -> Deferred[None]:
        address = session.routes.address(broker_name)
        header = GetMaxOffsetRequestHeader(topic=AUTO_CREATE_TOPIC, queue_id=0)
        code = RequestCode.GET_MAX_OFFSET
        answer = session.pool.request(address, code, header, b"", timeout_s)
        return answer.addCallback(lambda _: None)

    return probe
