"""Which queues a topic has, on which brokers, at which addresses."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred, DeferredList, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.client.nameservers import NameServers
from twistedmq.client.reactor import Clock
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.routes import TopicRouteData
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.namesrv import GetRouteInfoRequestHeader
from twistedmq.protocol.names import AUTO_CREATE_TOPIC
from twistedmq.protocol.system_flags import PERM_READ, PERM_WRITE
from twistedmq.remoting.periodic import PeriodicCall

MASTER_ID = 0
POLL_S = 30.0
MISSING_POLL_S = 5.0

_log = Logger()


class TopicRoute(Struct, frozen=True):
    """The route of one topic. Queues are sorted by broker and number."""

    topic: str
    brokers: Mapping[str, Mapping[int, str]]
    """Broker name to broker id (0: the master) to address."""
    publishable: tuple[MessageQueue, ...]
    """Queues that may be sent to: writable, and their broker has a master."""
    subscribable: tuple[MessageQueue, ...]
    provisional: bool = False
    """The topic does not exist yet; the first message will create it."""


def read_route(topic: str, data: TopicRouteData) -> TopicRoute:
    """Work out the queues from what a name server says."""
    brokers = {each.broker_name: dict(each.broker_addrs) for each in data.broker_datas}
    queues = sorted(data.queue_datas, key=lambda each: each.broker_name)
    publishable = [
        (each.broker_name, each.write_queue_nums)
        for each in queues
        if each.perm & PERM_WRITE and MASTER_ID in brokers.get(each.broker_name, {})
    ]
    if data.order_topic_conf:
        publishable = _ordered_queues(data.order_topic_conf)
    subscribable = [
        (each.broker_name, each.read_queue_nums)
        for each in queues
        if each.perm & PERM_READ
    ]
    return TopicRoute(
        topic=topic,
        brokers=brokers,
        publishable=_queues(topic, publishable),
        subscribable=_queues(topic, subscribable),
    )


def provisional_route(topic: str, default: TopicRouteData, queues: int) -> TopicRoute:
    """Give the route that *topic* will have once the first message creates it.

    Brokers that create topics on the fly are those with the default topic; the number
    of queues is the smaller of what the producer wants and the default topic has.
    """
    for each in default.queue_datas:
        count = min(queues, each.read_queue_nums)
        each.read_queue_nums = each.write_queue_nums = count
    route = read_route(topic, default)
    return TopicRoute(
        topic, route.brokers, route.publishable, route.subscribable, provisional=True
    )


class Routes:
    """The routes of all topics that were asked for, kept up to date.

    Args:
        names: whom to ask.
        clock: for polling every ``poll_s`` seconds (topics without a route more often).
        poll_s: how often routes are asked for again.
    """

    def __init__(
        self, names: NameServers, clock: Clock, poll_s: float = POLL_S
    ) -> None:
        self._names = names
        self._routes: dict[str, TopicRoute] = {}
        self._brokers: dict[str, Mapping[int, str]] = {}
        """By name, as the newest answer has them: some routes may be out of date."""
        self._missing: set[str] = set()
        self._waiting: dict[str, list[Deferred[TopicRoute]]] = {}
        self._listeners: list[Callable[[str], object]] = []
        self._poll_s = poll_s
        self._poll = PeriodicCall(self.refresh_all, clock)
        self._poll_missing = PeriodicCall(self._refresh_missing, clock)

    def start(self) -> None:
        """Begin polling."""
        self._poll.start(self._poll_s, now=False)
        self._poll_missing.start(min(MISSING_POLL_S, self._poll_s), now=False)

    def stop(self) -> None:
        """Stop polling."""
        for loop in (self._poll, self._poll_missing):
            if loop.running:
                loop.stop()

    def on_change(self, listener: Callable[[str], object]) -> None:
        """Have *listener* called with a topic whose route is new or has changed."""
        self._listeners.append(listener)

    def cached(self, topic: str) -> TopicRoute | None:
        """Give the route if it is known already."""
        return self._routes.get(topic)

    def get(self, topic: str) -> Deferred[TopicRoute]:
        """Give the route; fails with RouteNotFoundError or NoNameServerError.

        From now on the topic is followed, also when there is no route for it yet.
        """
        route = self._routes.get(topic)
        return succeed(route) if route is not None else self.refresh(topic)

    def for_sending(self, topic: str, queues: int) -> Deferred[TopicRoute]:
        """Give a route to send by, a provisional one where the topic may be created.

        Fails with RouteNotFoundError where it may not; then it is not followed.
        """
        route = self._routes.get(topic)
        if route is not None:
            return succeed(route)
        follows = topic in self._missing
        found = self.refresh(topic)
        return found.addErrback(self._from_default, topic, queues, follows)

    def refresh(self, topic: str) -> Deferred[TopicRoute]:
        """Ask the name servers now; questions about one topic at one time are one."""
        answer: Deferred[TopicRoute] = Deferred()
        waiting = self._waiting.setdefault(topic, [])
        waiting.append(answer)
        if len(waiting) == 1:
            self._ask(topic).addBoth(self._answer, topic)
        return answer

    def refresh_all(self) -> Deferred[None]:
        """Ask for all followed topics again; what cannot be had stays as it was."""
        return self._refresh_each([*self._routes, *self._missing])

    def address(self, broker_name: str, broker_id: int = MASTER_ID) -> str:
        """Give where a broker is.

        Raises:
            BrokerNotFoundError: no route names it.
        """
        address = self.addresses(broker_name).get(broker_id)
        if address is None:
            raise BrokerNotFoundError(broker_name)
        return address

    def addresses(self, broker_name: str) -> Mapping[int, str]:
        """Give the addresses of a broker set by broker id; empty if it is not known."""
        return self._brokers.get(broker_name, {})

    def all_addresses(self) -> dict[str, int]:
        """Give the address of every known broker, with its broker id."""
        return {
            address: broker_id
            for members in self._brokers.values()
            for broker_id, address in members.items()
        }

    def _refresh_missing(self) -> Deferred[None]:
        return self._refresh_each(list(self._missing))

    def _refresh_each(self, topics: Iterable[str]) -> Deferred[None]:
        asked = [
            self.refresh(topic).addErrback(self._forgive, topic) for topic in topics
        ]
        return DeferredList(asked).addCallback(lambda _: None)

    def _ask(self, topic: str) -> Deferred[TopicRoute]:
        answer = self._route_data(topic)
        return answer.addCallback(lambda data: read_route(topic, data))

    def _route_data(self, topic: str) -> Deferred[TopicRouteData]:
        header = GetRouteInfoRequestHeader(topic=topic)
        answer = self._names.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, header)
        return answer.addCallback(_read_answer, topic)

    def _answer(self, result: TopicRoute | Failure, topic: str) -> None:
        waiting = self._waiting.pop(topic)
        if isinstance(result, TopicRoute):
            self._keep(result)
        elif topic not in self._routes:
            self._missing.add(topic)
        for each in waiting:
            each.callback(result)

    def _keep(self, route: TopicRoute) -> None:
        self._missing.discard(route.topic)
        moved = any(self._brokers.get(n) != a for n, a in route.brokers.items())
        self._brokers.update(route.brokers)
        if self._routes.get(route.topic) == route and not moved:
            return
        self._routes[route.topic] = route
        self._forget_brokers()
        for listener in self._listeners:
            try:
                listener(route.topic)
            except Exception:
                _log.failure(
                    "a listener for routes failed over {topic}", topic=route.topic
                )

    def _forget_brokers(self) -> None:
        """Forget those that no route names any more."""
        named = {name for route in self._routes.values() for name in route.brokers}
        for name in self._brokers.keys() - named:
            del self._brokers[name]

    def _from_default(
        self, failure: Failure, topic: str, queues: int, follows: bool
    ) -> Deferred[TopicRoute]:
        failure.trap(RouteNotFoundError)
        if not follows:
            # or what a program is told to send to would be asked for for ever
            self._missing.discard(topic)

        def keep(data: TopicRouteData) -> TopicRoute:
            route = provisional_route(topic, data, queues)
            if not route.publishable:
                failure.raiseException()
            self._keep(route)
            return route

        def refused(why: Failure) -> Failure:
            return why if why.check(CancelledError) else failure

        return self._route_data(AUTO_CREATE_TOPIC).addCallbacks(keep, refused)

    def _forgive(self, failure: Failure, topic: str) -> None:
        if not failure.check(RouteNotFoundError):
            _log.warn(
                "the route of {topic} could not be asked for: {reason}",
                topic=topic,
                reason=failure.getErrorMessage(),
            )


def _read_answer(answer: Command, topic: str) -> TopicRouteData:
    if answer.code == ResponseCode.TOPIC_NOT_EXIST:
        raise RouteNotFoundError(topic)
    if answer.code != ResponseCode.SUCCESS:
        raise RefusedError(answer.code, answer.remark, "the name server")
    return loose_json.decode(answer.body, type=TopicRouteData)


def _ordered_queues(order_conf: str) -> list[tuple[str, int]]:
    """Read "broker-a:4;broker-b:4"; what an operator has mistyped is left out."""
    pairs = (part.rpartition(":") for part in order_conf.split(";"))
    return [
        (broker.strip(), int(count))
        for broker, _, count in pairs
        if broker and count.strip().isdecimal()
    ]


def _queues(topic: str, counts: Iterable[tuple[str, int]]) -> tuple[MessageQueue, ...]:
    return tuple(
        MessageQueue(topic, broker, queue_id)
        for broker, count in counts
        for queue_id in range(count)
    )
