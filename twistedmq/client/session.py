"""What one client stands on: name servers, routes, connections, heartbeats."""

import os
from collections.abc import Callable
from random import Random
from time import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import Deferred, DeferredList

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.heartbeats import PERIOD_S, Heartbeats
from twistedmq.client.identity import client_id, local_address
from twistedmq.client.interfaces import IQueueAllocation, Pool
from twistedmq.client.nameserver_sources import Nameservers, open_source
from twistedmq.client.nameservers import NameServers
from twistedmq.client.reactor import Clock, pick_reactor
from twistedmq.client.routing import POLL_S, Routes
from twistedmq.protocol import names
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.bodies.clients import HeartbeatData
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import UnsupportedCodeError
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader
from twistedmq.protocol.message_id import UniqueIdFactory
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.interfaces import HandlerTable, ITransportSecurity, Request

if TYPE_CHECKING:
    from twistedmq.client.namespace import Namespace
    from twistedmq.client.namespaced import Wire

ASKED_BY_BROKERS = (
    RequestCode.CHECK_TRANSACTION_STATE,
    RequestCode.NOTIFY_CONSUMER_IDS_CHANGED,
    RequestCode.RESET_CONSUMER_CLIENT_OFFSET,
    RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT,
    RequestCode.GET_CONSUMER_RUNNING_INFO,
    RequestCode.CONSUME_MESSAGE_DIRECTLY,
    RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT,
)
"""All that a broker may ask a client."""


def wall_clock_ms() -> int:
    """Give the time of day in ms since the epoch."""
    return int(time() * 1000)


class ClientSettings(Struct, frozen=True, kw_only=True):
    """What producers, consumers and admin clients may all be told.

    ``pool``, ``random`` and ``wall_ms`` are for tests.
    """

    nameservers: Nameservers = None
    reactor: Any = None
    """Anything with the reactor's interfaces; None: the global one."""
    instance_name: str | None = None
    """The part of the client id behind the ``@``; None: process id and time."""
    unit_name: str | None = None
    """The unit that this client belongs to: part of its id, and of the URL where name
    servers are found by HTTP."""
    namespace: str | None = None
    """What topics and groups belong to, where brokers are shared (upstream: namespace):
    T is N%T to them. Names are given and shown without it. Not for ``Admin``."""
    announced_namespace: str | None = None
    """What all requests say that they are for, if a gateway in front of the brokers
    wants to know (upstream: namespaceV2); names stay as they are."""
    security: ITransportSecurity | None = None
    credentials: Credentials | None = None
    """Signs all requests, for servers that have access control."""
    route_poll_s: float = POLL_S
    heartbeat_s: float = PERIOD_S
    pool: Pool | None = None
    random: Random | None = None
    wall_ms: Callable[[], int] = wall_clock_ms


def merged_settings(
    settings: ClientSettings | None, nameservers: Nameservers, reactor: Any
) -> ClientSettings:
    """Put what was given by itself over *settings*."""
    settings = settings or ClientSettings()
    if nameservers is not None:
        settings = replace(settings, nameservers=nameservers)
    if reactor is not None:
        settings = replace(settings, reactor=reactor)
    return settings


class Session:
    """The connections and the knowledge of one producer or consumer.

    Args:
        settings: what the user said.

    Attributes:
        handlers: serve what brokers ask this client.
        namespace: that of its topics and groups, None where they have none.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self.handlers: HandlerTable = {}
        self.reactor: Clock = pick_reactor(settings.reactor)
        self.wall_ms = settings.wall_ms
        self.random = settings.random or Random()
        self.client_id = client_id(settings.instance_name, settings.unit_name)
        self.namespace: Namespace | None = None
        self._wire: Wire | None = None
        self.pool = settings.pool or self._open_pool()
        if settings.namespace is not None or settings.announced_namespace is not None:
            self._open_wire(settings.namespace, settings.announced_namespace)
        self.calls = BrokerCalls(self.pool)
        source = open_source(
            settings.nameservers, self.reactor, unit=settings.unit_name or ""
        )
        self.names = NameServers(source, self.pool, self.reactor, self.random)
        self.routes = Routes(self.names, self.reactor, settings.route_poll_s)
        self._heartbeats: Heartbeats | None = None

    def start(self) -> Deferred[None]:
        """Fires when the name servers are known; fails with NoNameServerError."""
        return self.names.start().addCallback(lambda _: self.routes.start())

    def heartbeats(
        self, data: Callable[[], HeartbeatData], *, masters_only: bool
    ) -> Heartbeats:
        """Give the heartbeats of this session; they are stopped by ``close``."""
        self._heartbeats = Heartbeats(
            self.routes, self.calls, self.reactor, data, masters_only=masters_only
        )
        return self._heartbeats

    def check_group(self, group: str) -> None:
        """Refuse what cannot be the name of a group. Raises: MessageIllegalError."""
        whole = group if self.namespace is None else self.namespace.group(group)
        names.check_group(whole)

    def allocation(self, allocation: IQueueAllocation) -> IQueueAllocation:
        """Give *allocation* such that members in Java come to the same answer."""
        if self.namespace is None:
            return allocation
        from twistedmq.client.allocation import (  # noqa: PLC0415
            ConsistentHashAllocation,
        )
        from twistedmq.client.namespaced import WholeNamesAllocation  # noqa: PLC0415

        if not isinstance(allocation, ConsistentHashAllocation):
            return allocation
        return WholeNamesAllocation(allocation, self.namespace)

    def unique_ids(self) -> Callable[[], str]:
        """Give what makes the ids of new messages."""
        host = pack(local_address(), 0)
        return UniqueIdFactory(host, os.getpid(), self.random, self.wall_ms).next

    async def close(self, farewell: UnregisterClientRequestHeader | None) -> None:
        """Tell the brokers that this client goes, and close all connections."""
        self.names.stop()
        self.routes.stop()
        if self._heartbeats is not None:
            self._heartbeats.stop()
            if farewell is not None:
                goodbyes = [
                    self.calls.unregister(address, farewell).addErrback(lambda _: None)
                    for address in self._heartbeats.addresses()
                ]
                await DeferredList(goodbyes)
        await self.pool.close()

    def _open_wire(self, namespace: str | None, announced: str | None) -> None:
        """Have names change on all connections."""
        # few have a namespace, and commands wait for each import
        from twistedmq.client.namespace import Namespace  # noqa: PLC0415
        from twistedmq.client.namespaced import Wire, WiredPool  # noqa: PLC0415

        if namespace is not None:
            self.namespace = Namespace(namespace)
        self._wire = Wire(self.namespace, announced)
        self.pool = WiredPool(self.pool, self._wire)

    def _open_pool(self) -> Pool:
        # tests bring a pool of their own, and then need no sockets
        from twistedmq.remoting.client import ClientPool  # noqa: PLC0415
        from twistedmq.remoting.dispatch import Dispatcher  # noqa: PLC0415

        return ClientPool(
            self.reactor,
            security=self.settings.security,
            credentials=self.settings.credentials,
            dispatcher=Dispatcher(dict.fromkeys(ASKED_BY_BROKERS, self._serve)),
            random=self.random,
        )

    def _serve(self, request: Request) -> Reply | Deferred[Reply]:
        """Pass on what a broker asks; the handlers are younger than the pool."""
        handler = self.handlers.get(request.command.code)
        if handler is None:
            raise UnsupportedCodeError(request.command.code)
        return self._wire.serve(handler, request) if self._wire else handler(request)
