"""The queues of a topic on all brokers, as the name servers know them.

Source: TopicRouteInfoManager.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import MessageQueue, TopicRouteData
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import GetRouteInfoRequestHeader
from twistedmq.protocol.system_flags import is_readable
from twistedmq.remoting.client import ClientPool

ASK_TIMEOUT_S: Final = 3.0

Queues = tuple[MessageQueue, ...]


class _Known(Struct):
    queues: Queues | None
    """None: there is no such topic."""
    asked_s: float


class ReadableQueues:
    """Which queues may be read, remembered for a while.

    Args:
        name_servers: gives the addresses of the name servers.
        client: asks them.
        seconds: the monotonic clock.
        config: how long an answer holds.
        limit: how many topics are remembered.
    """

    _log = Logger()

    def __init__(
        self,
        name_servers: Callable[[], Awaitable[Sequence[str]]],
        client: ClientPool,
        seconds: Callable[[], float],
        config: Live[AssignmentConfig],
        limit: int = 10_000,
    ) -> None:
        self._name_servers = name_servers
        self._client = client
        self._seconds = seconds
        self._config = config
        self._limit = limit
        self._known: dict[str, _Known] = {}
        self._in_trouble = False
        self._asking: dict[str, list[Deferred[Queues | None]]] = {}

    def of(self, topic: str) -> Queues | Deferred[Queues | None] | None:
        """Give the queues of *topic*; None if nobody knows it.

        A Deferred where the name servers have to be asked; it does not fail: where
        none of them answers, what was known before is given.
        """
        known = self._known.get(topic)
        if known is not None and known.queues:
            age_s = self._seconds() - known.asked_s
            if age_s < self._config.value.route_poll_ms / 1000:
                return known.queues
        waits: Deferred[Queues | None] = Deferred()
        waiting = self._asking.get(topic)
        if waiting is not None:
            waiting.append(waits)
            return waits
        self._asking[topic] = [waits]
        asked = Deferred.fromCoroutine(self._ask(topic))
        asked.addErrback(self._failed, topic)
        asked.addCallback(self._answered, topic)
        return waits

    async def _ask(self, topic: str) -> Queues | None:
        header = GetRouteInfoRequestHeader(topic=topic, accept_standard_json_only=True)
        trouble: Exception | None = None
        for address in await self._name_servers():
            try:
                answer = await self._client.request(
                    address,
                    RequestCode.GET_ROUTEINFO_BY_TOPIC,
                    header,
                    timeout_s=ASK_TIMEOUT_S,
                )
                self._in_trouble = False
                if answer.code == ResponseCode.SUCCESS:
                    data = loose_json.decode(answer.body, type=TopicRouteData)
                    return _readable(topic, data)
            except TwistedMQError as error:
                trouble = error
                continue
            if answer.code == ResponseCode.TOPIC_NOT_EXIST:
                return None
            trouble = TwistedMQError(f"{address}: {answer.code} {answer.remark}")
        if trouble is not None:
            raise trouble
        return None

    def _failed(self, failure: Failure, topic: str) -> Queues | None:
        if not self._in_trouble:  # many clients ask, and each asks often
            self._in_trouble = True
            self._log.warn(
                "the queues of {topic} cannot be asked for: {reason}",
                topic=topic,
                reason=failure.getErrorMessage(),
            )
        known = self._known.get(topic)
        return None if known is None else known.queues

    def _answered(self, queues: Queues | None, topic: str) -> None:
        if queues is None:
            self._known.pop(topic, None)
        else:
            while len(self._known) >= self._limit and topic not in self._known:
                del self._known[next(iter(self._known))]
            self._known[topic] = _Known(queues, self._seconds())
        for waits in self._asking.pop(topic):
            waits.callback(queues)


def _readable(topic: str, data: TopicRouteData) -> Queues:
    return tuple(
        MessageQueue(topic, each.broker_name, number)
        for each in data.queue_datas
        if is_readable(each.perm)
        for number in range(each.read_queue_nums)
    )
