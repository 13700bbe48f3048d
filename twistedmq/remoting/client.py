"""Connections to other programs: opened when needed, shared, closed when idle."""

import os
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, cast

from twisted.internet.defer import Deferred, DeferredList, fail, succeed
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory

from twistedmq.config.remoting import RemotingConfig
from twistedmq.protocol.addresses import parse_address
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.backoff import Backoff
from twistedmq.remoting.capabilities import Capabilities, detect
from twistedmq.remoting.client_endpoints import MakeEndpoint, make_endpoint
from twistedmq.remoting.client_line import ClientLine
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import ConnectError, ForkedError, RequestTimeoutError
from twistedmq.remoting.interfaces import IConnection, ITransportSecurity
from twistedmq.remoting.limits import Limits
from twistedmq.remoting.pending import Answered, Failed
from twistedmq.remoting.protocol import RemotingProtocol
from twistedmq.remoting.security import client_tls
from twistedmq.remoting.timer_wheel import TimerWheel


class ClientPool:
    """One connection an address, shared by all requests that go there.

    An address is text: "10.0.0.1:10911", "broker-a:10911", "[::1]:10911". One that
    cannot be reached is left alone for a moment, longer each time; requests to it fail
    at once meanwhile.
    """

    def __init__(
        self,
        reactor: Any,
        config: RemotingConfig | None = None,
        *,
        dispatcher: Dispatcher | None = None,
        security: ITransportSecurity | None = None,
        credentials: Credentials | None = None,
        wheel: TimerWheel | None = None,
        random: Random | None = None,
        capabilities: Capabilities | None = None,
        endpoint: MakeEndpoint = make_endpoint,
    ) -> None:
        """Connect through *reactor*.

        What the peers ask is served by *dispatcher*. With *security*, all connections
        are TLS; with *credentials*, all requests are signed.
        """
        config = config or RemotingConfig()
        self._reactor = reactor
        self._limits = Limits.of_client(config)
        self._connect_timeout_s = config.connect_timeout_ms / 1000
        self._dispatcher = dispatcher or Dispatcher({})
        self._security = security
        self._credentials = credentials
        self._wheel = wheel or TimerWheel(reactor)
        self._backoff = Backoff(
            config.reconnect_min_ms / 1000,
            config.reconnect_max_ms / 1000,
            random or Random(),
        )
        self._capabilities = capabilities or detect()
        self._endpoint = endpoint
        self._lines: dict[str, ClientLine] = {}
        self._closed = False
        self._pid = os.getpid()

    def request(
        self,
        address: str,
        code: int,
        header: Header | None = None,
        body: bytes = b"",
        timeout_s: float = 3.0,
    ) -> Deferred[Command]:
        """Ask *address*; fires with the response, whatever its code.

        Connecting counts towards the time-out. Fails with ConnectError,
        RequestTimeoutError, ConnectionLostError or TooManyRequestsError, or with
        ForkedError in a process that was forked since.
        """
        if os.getpid() != self._pid:
            return fail(ForkedError(self._pid))
        line = self._line(address)
        usable = line.usable
        if usable is not None:
            return usable.request(code, header, body, timeout_s)
        started_s = self._wheel.now()
        wanted = line.connection()
        error = RequestTimeoutError(address, code, timeout_s)
        timer = self._wheel.schedule(timeout_s, line.give_up, wanted, error)

        def connected(connection: RemotingProtocol) -> Deferred[Command]:
            left_s = timeout_s - (self._wheel.now() - started_s)
            return connection.request(code, header, body, max(0.0, left_s))

        def decided(result: Any) -> Any:
            timer.cancel()
            return result

        return wanted.addBoth(decided).addCallback(connected)

    def ask(
        self,
        address: str,
        code: int,
        header: Header | None,
        body: bytes,
        timeout_s: float,
        answered: Answered,
        failed: Failed,
    ) -> None:
        """Do as ``request``, and call one of both: a Deferred would cost more."""
        line = self._lines.get(address)
        usable = line.usable if line is not None else None
        if usable is None or os.getpid() != self._pid:
            answer = self.request(address, code, header, body, timeout_s)
            answer.addCallbacks(answered, failed)
        else:
            usable.ask(code, header, body, timeout_s, answered, failed)

    def send_one_way(
        self, address: str, code: int, header: Header | None = None, body: bytes = b""
    ) -> Deferred[None]:
        """Send to *address* what gets no answer; fires when it is on its way.

        Fails with ConnectError or ForkedError.
        """
        if os.getpid() != self._pid:
            return fail(ForkedError(self._pid))
        return (
            self._line(address)
            .connection()
            .addCallback(lambda connection: connection.send_one_way(code, header, body))
        )

    def connection(self, address: str) -> Deferred[IConnection]:
        """Fire with the open connection to *address*.

        Fails with ConnectError. Cancelling gives up waiting.
        """
        # A RemotingProtocol provides IConnection; Deferred's type is invariant.
        return cast("Deferred[IConnection]", self._line(address).connection())

    def close(self) -> Deferred[None]:
        """Close all connections; fires when they are gone. Later requests fail."""
        self._closed = True
        if os.getpid() != self._pid:
            # closing here would cut off the process that opened them
            return succeed(None)
        closing = DeferredList([line.close() for line in self._lines.values()])
        return closing.addCallback(lambda _: None)

    def _line(self, address: str) -> ClientLine:
        line = self._lines.get(address)
        if line is None:
            now = self._wheel.now
            line = ClientLine(address, self._connect, self._backoff, now)
            self._lines[address] = line
            if self._closed:
                line.close()
        return line

    def _connect(self, address: str) -> Deferred[RemotingProtocol]:
        try:
            host, port = parse_address(address)
        except FieldError as error:
            return fail(ConnectError(address, error.problem))
        factory = _Connecting(partial(self._make_protocol, host))
        endpoint = self._endpoint(self._reactor, host, port, self._connect_timeout_s)
        return endpoint.connect(factory).addCallback(_remoting_of)

    def _make_protocol(self, host: str) -> IProtocol:
        protocol = RemotingProtocol(
            self._dispatcher,
            self._limits,
            self._wheel,
            capabilities=self._capabilities,
            credentials=self._credentials,
        )
        if self._security is None:
            return protocol
        return client_tls(self._security, host, protocol, self._reactor)


def _remoting_of(protocol: IProtocol) -> RemotingProtocol:
    """Take off the TLS layer, if there is one."""
    inner = getattr(protocol, "wrappedProtocol", protocol)
    assert isinstance(inner, RemotingProtocol)
    return inner


class _Connecting(Factory):
    """Calls a callable for each connection."""

    noisy = False

    def __init__(self, make: Callable[[], IProtocol]) -> None:
        self._make = make

    def buildProtocol(self, addr: Any) -> Any:
        """Give its protocol."""
        return self._make()
