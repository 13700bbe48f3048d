"""A listening port: accepts connections and gives each its protocol."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, succeed
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    ILoggingContext,
    IProtocol,
)
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from zope.interface import implementer

from twistedmq.config.remoting import RemotingConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.remoting.capabilities import Capabilities, detect
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.interfaces import IConnection, ITransportSecurity
from twistedmq.remoting.limits import Limits
from twistedmq.remoting.listening import Listen, ListeningSocket, listen
from twistedmq.remoting.protocol import RemotingProtocol
from twistedmq.remoting.sniffer import Sniffer
from twistedmq.remoting.timer_wheel import TimerWheel

FAST_PORT_DISTANCE: Final = 2
"""The fast port is so far below the main port."""

NOT_ON_FAST_PORT: Final = frozenset(
    {
        RequestCode.PULL_MESSAGE,
        RequestCode.LITE_PULL_MESSAGE,
        RequestCode.PEEK_MESSAGE,
        RequestCode.POP_MESSAGE,
        RequestCode.NOTIFICATION,
        RequestCode.POLLING_INFO,
    }
)
"""What a broker's fast port refuses, so that readers do not hold up the rest."""


class RemotingServer(Service):
    """Listens on one port, of IPv4 and IPv6, and serves what comes by a dispatcher.

    Stopping is gentle: no new connections, then no new requests, then the replies that
    are due, up to the limit, then the end.

    Attributes:
        port: the port, known once bound.
        ready: fires when connections are accepted.
        limits: of the connections that are accepted from now on.
        connections: those that are open.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        dispatcher: Dispatcher,
        config: RemotingConfig,
        *,
        port: int | None = None,
        security: ITransportSecurity | None = None,
        wheel: TimerWheel | None = None,
        capabilities: Capabilities | None = None,
        listen: Listen = listen,
    ) -> None:
        """Serve by *dispatcher* what comes to *port*, or to that of *config*.

        Port 0 is any that is free. *listen* opens the sockets that *reactor* adopts.
        """
        self.port = config.listen_port if port is None else port
        self.limits = Limits.of(config)
        self.ready: Deferred[None] = Deferred()
        self.connections: set[RemotingProtocol] = set()
        self._reactor = reactor
        self._dispatcher = dispatcher
        self._config = config
        self._security = security
        self._wheel = wheel or TimerWheel(reactor)
        self._capabilities = capabilities or detect()
        self._listen = listen
        self._sockets: Sequence[ListeningSocket] = []
        self._ports: list[IListeningPort] = []
        self._accepted: set[Sniffer] = set()
        self._is_full = False
        self._empty: Deferred[None] | None = None
        self._stop_callbacks: list[Callable[[], object]] = []

    def bind(self) -> int:
        """Take the port, before the reactor runs; gives its number.

        Raises: PortInUseError.
        """
        config = self._config
        if not self._sockets:
            self._sockets = self._listen(config.listen_host, self.port, config.backlog)
            self.port = self._sockets[0].getsockname()[1]
        return self.port

    def unbind(self) -> None:
        """Give the port back, if the service is not started after all."""
        for one in self._sockets:
            one.close()
        self._sockets = []

    def on_stop(self, callback: Callable[[], object]) -> None:
        """Have *callback* called when stopping begins, to release what is held."""
        self._stop_callbacks.append(callback)

    def startService(self) -> None:
        """Accept connections.

        Raises: PortInUseError, if it was not bound before.
        """
        super().startService()
        self.bind()
        factory = _Accepting(self._accept)
        for one in self._sockets:
            self._ports.append(
                self._reactor.adoptStreamPort(one.fileno(), one.family, factory)
            )
        self.unbind()  # the reactor has descriptors of its own
        self.ready.callback(None)

    @inlineCallbacks
    def stopService(self) -> Generator[Deferred[Any], Any, None]:
        """Accept nothing, finish what was begun, close everything."""
        super().stopService()
        self.unbind()
        ports, self._ports = self._ports, []
        for port in ports:
            yield port.stopListening() or succeed(None)
        finished = DeferredList([c.finish() for c in self.connections])
        for callback in self._stop_callbacks:
            self._release(callback)
        yield self._within(self._config.drain_ms / 1000, finished)
        yield self._close_all()

    def _release(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception:
            self._log.failure("what is held could not be released")

    def _within(self, limit_s: float, wanted: Deferred[Any]) -> Deferred[None]:
        """Give what fires with *wanted*, or without it when the time is over."""
        done: Deferred[None] = Deferred()
        timer = self._wheel.schedule(limit_s, done.callback, None)

        def fired(_: object) -> None:
            if not done.called:
                timer.cancel()
                done.callback(None)

        wanted.addBoth(fired)
        return done

    def _close_all(self) -> Deferred[None]:
        """Close all connections; fires when they are gone."""
        if not self._accepted:
            return succeed(None)
        self._empty = Deferred()
        for connection in list(self.connections):
            connection.end()
        for sniffer in list(self._accepted):
            sniffer.close("the server stops")
        return self._empty

    def _accept(self, _address: IAddress | None) -> IProtocol | None:
        """Give the protocol of a new connection, None over the limit."""
        if len(self._accepted) >= self.limits.max_connections:
            if not self._is_full:
                self._log.warn(
                    "port {port} has {count} connections, more are refused",
                    port=self.port,
                    count=len(self._accepted),
                )
            self._is_full = True
            return None
        self._is_full = False
        sniffer = Sniffer(
            self._make_protocol,
            self._security,
            self._reactor,
            accept_proxy_header=self._config.accept_proxy_header,
            on_lost=self._forget,
        )
        self._accepted.add(sniffer)
        if self.limits.idle_s:
            sniffer.expire_in(self.limits.idle_s, self._wheel)
        return sniffer

    def _forget(self, sniffer: Sniffer) -> None:
        self._accepted.discard(sniffer)
        if self._empty is not None and not self._accepted:
            empty, self._empty = self._empty, None
            empty.callback(None)

    def _make_protocol(self, peer: tuple[str, int] | None) -> RemotingProtocol:
        protocol = RemotingProtocol(
            self._dispatcher,
            self.limits,
            self._wheel,
            peer=peer,
            capabilities=self._capabilities,
        )
        self.connections.add(protocol)
        protocol.on_close(self._lost)
        return protocol

    def _lost(self, connection: IConnection) -> None:
        self.connections.discard(cast(RemotingProtocol, connection))


@implementer(ILoggingContext)
class _Accepting(Factory):
    """Calls a callable for each connection."""

    noisy = False

    def __init__(self, accept: Callable[[IAddress | None], IProtocol | None]) -> None:
        self._accept = accept

    def logPrefix(self) -> str:  # noqa: N802 -- Twisted's name
        """Be named so in the reactor's own log lines."""
        return "remoting"

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Give its protocol."""
        return self._accept(addr)
