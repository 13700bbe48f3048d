import pytest
from remoting_kit import CountingTransport, commands, frame
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from twistedmq.config.remoting import RemotingConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import PortInUseError
from twistedmq.remoting.limits import Limits
from twistedmq.remoting.server import NOT_ON_FAST_PORT, RemotingServer

HEARTBEAT = RequestCode.HEART_BEAT
LOCAL = RemotingConfig(listen_host="127.0.0.1", listen_port=0)


class Reactor(Clock):
    """Adopts sockets by keeping the factory; the test makes the connections."""

    def __init__(self) -> None:
        super().__init__()
        self.factories = []
        self.listening = 0

    def adoptStreamPort(self, descriptor, family, factory):
        self.factories.append(factory)
        self.listening += 1
        return self

    def stopListening(self):
        self.listening -= 1
        return succeed(None)

    def connect(self):
        protocol = self.factories[0].buildProtocol(IPv4Address("TCP", "192.0.2.1", 9))
        transport = CountingTransport()
        if protocol is not None:
            protocol.makeConnection(transport)
        return protocol, transport


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


def start(reactor, table=None, config=LOCAL) -> RemotingServer:
    server = RemotingServer(reactor, Dispatcher(table or {}), config)
    server.startService()
    return server


def test_the_port_is_known_and_taken_before_the_start(reactor):
    server = RemotingServer(reactor, Dispatcher({}), LOCAL)
    port = server.bind()
    assert server.port == port > 0
    with pytest.raises(PortInUseError):
        RemotingServer(reactor, Dispatcher({}), LOCAL, port=port).bind()
    assert not server.ready.called
    server.startService()
    assert server.ready.called
    assert reactor.listening == 1
    server.stopService()
    assert reactor.listening == 0


def test_a_port_can_be_given_back(reactor):
    server = RemotingServer(reactor, Dispatcher({}), LOCAL)
    port = server.bind()
    server.unbind()
    other = RemotingServer(reactor, Dispatcher({}), LOCAL, port=port)
    other.bind()
    other.unbind()


def test_connections_are_served_and_known(reactor):
    server = start(reactor, {HEARTBEAT: lambda _: Reply()})
    protocol, transport = reactor.connect()
    protocol.dataReceived(frame(HEARTBEAT))
    assert len(commands(transport.value())) == 1
    assert len(server.connections) == 1
    protocol.connectionLost()
    assert server.connections == set()


def test_connections_over_the_limit_are_refused_with_one_line(reactor):
    lines = []
    globalLogPublisher.addObserver(lines.append)
    config = RemotingConfig("127.0.0.1", 0, max_connections=1)
    start(reactor, config=config)
    first, _ = reactor.connect()
    assert first is not None
    assert [reactor.connect()[0] for _ in range(3)] == [None] * 3
    globalLogPublisher.removeObserver(lines.append)
    assert len([e for e in lines if "count" in e]) == 1
    first.connectionLost()
    assert reactor.connect()[0] is not None


def test_limits_can_change_for_connections_to_come(reactor):
    server = start(reactor)
    server.limits = Limits(max_connections=0)
    assert reactor.connect()[0] is None


def test_stopping_waits_for_replies_that_are_due(reactor):
    waiting = Deferred()
    server = start(reactor, {HEARTBEAT: lambda _: waiting})
    protocol, transport = reactor.connect()
    protocol.dataReceived(frame(HEARTBEAT))
    stopped = []
    server.stopService().addCallback(stopped.append)
    assert reactor.listening == 0
    assert not transport.disconnecting
    waiting.callback(Reply())
    assert len(commands(transport.value())) == 1
    assert transport.disconnecting
    assert stopped == []
    protocol.connectionLost()
    assert stopped == [None]
    assert reactor.getDelayedCalls() == []


def test_stopping_waits_no_longer_than_its_limit(reactor):
    server = start(reactor, {HEARTBEAT: lambda _: Deferred()})
    protocol, transport = reactor.connect()
    protocol.dataReceived(frame(HEARTBEAT))
    reactor.connect()  # one that never says anything
    server.stopService()
    reactor.advance(2.9)
    assert not transport.disconnecting
    reactor.advance(0.2)
    assert transport.disconnecting


def test_what_is_held_is_released_when_stopping_begins(reactor, logged_failures):
    waiting = Deferred()
    server = start(reactor, {HEARTBEAT: lambda _: waiting})
    server.on_stop(lambda: 1 // 0)
    server.on_stop(lambda: waiting.callback(Reply()))
    protocol, transport = reactor.connect()
    protocol.dataReceived(frame(HEARTBEAT))
    server.stopService()
    assert transport.disconnecting
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_the_fast_port_refuses_pulls():
    assert RequestCode.PULL_MESSAGE in NOT_ON_FAST_PORT
    assert RequestCode.SEND_MESSAGE_V2 not in NOT_ON_FAST_PORT
