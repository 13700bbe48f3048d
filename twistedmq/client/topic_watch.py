"""Telling listeners when the queues of a topic have changed."""

from collections.abc import Callable

from twisted.logger import Logger

from twistedmq.client.interfaces import Unsubscribe
from twistedmq.client.routing import Routes
from twistedmq.protocol.bodies.queues import MessageQueue

QueuesListener = Callable[[str, frozenset[MessageQueue]], object]
"""Is told of a topic, and of all queues that it has now."""

_log = Logger()


class TopicWatch:
    """Compares the queues of watched topics whenever a route has changed."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._listeners: dict[str, list[QueuesListener]] = {}
        self._known: dict[str, frozenset[MessageQueue] | None] = {}
        """None while the first look-up is under way, which is no change."""
        routes.on_change(self._changed)

    def add(self, topic: str, listener: QueuesListener) -> Unsubscribe:
        """Have *listener* called; gives what calls that off."""
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)
        if topic not in self._known:
            self._known[topic] = None
            found = self._routes.get(topic)
            found.addBoth(lambda _: self._known.update({topic: self._queues(topic)}))

        def call_off() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return call_off

    def _queues(self, topic: str) -> frozenset[MessageQueue]:
        route = self._routes.cached(topic)
        return frozenset(route.subscribable if route is not None else ())

    def _changed(self, topic: str) -> None:
        known = self._known.get(topic)
        queues = self._queues(topic)
        if known is None or queues == known:
            return
        self._known[topic] = queues
        for listener in list(self._listeners[topic]):
            try:
                listener(topic, queues)
            except Exception:
                _log.failure("a listener for the queues of {topic} failed", topic=topic)
