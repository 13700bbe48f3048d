import os
from random import Random

import pytest
from remoting_kit import HOST, PEER, CountingTransport, commands, frame
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.config.remoting import RemotingConfig
from twistedmq.protocol.codec import encode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import RESPONSE_FLAG, Command, Reply
from twistedmq.remoting.client import ClientPool
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import (
    ConnectError,
    ConnectionLostError,
    ForkedError,
    RequestTimeoutError,
)

HEARTBEAT = RequestCode.HEART_BEAT


@implementer(IStreamClientEndpoint)
class Endpoint:
    """Connects to a string when the test says so."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self.asked = (host, port, timeout_s)
        self.transport = CountingTransport()
        self.connected: Deferred = Deferred()

    def connect(self, factory):
        self.factory = factory
        return self.connected

    def open(self):
        self.protocol = self.factory.buildProtocol(PEER)
        self.protocol.makeConnection(self.transport)
        self.connected.callback(self.protocol)

    def sent(self) -> list[Command]:
        data = self.transport.value()
        self.transport.clear()
        return commands(data)

    def answer(self, command: Command, code: int = 0) -> None:
        reply = Command(code=code, opaque=command.opaque, flag=RESPONSE_FLAG)
        self.protocol.dataReceived(encode_command(reply))


class Net:
    def __init__(self) -> None:
        self.clock = Clock()
        self.endpoints: list[Endpoint] = []
        self.pool = ClientPool(
            self.clock,
            RemotingConfig(connect_timeout_ms=2000),
            dispatcher=Dispatcher({HEARTBEAT: lambda _: Reply(body=b"pong")}),
            random=Random(1),
            endpoint=self.endpoint,
        )

    def endpoint(self, reactor, host, port, timeout_s):
        self.endpoints.append(Endpoint(host, port, timeout_s))
        return self.endpoints[-1]


@pytest.fixture
def net() -> Net:
    return Net()


def outcomes(*wanted: Deferred) -> list[object]:
    got: list[object] = []
    for one in wanted:
        one.addBoth(got.append)
    return got


def test_requests_share_a_connection_and_get_their_answers(net):
    got = outcomes(*(net.pool.request("b:1", HEARTBEAT) for _ in range(2)))
    (endpoint,) = net.endpoints
    assert endpoint.asked == ("b", 1, 2.0)
    endpoint.open()
    for command in endpoint.sent():
        endpoint.answer(command, 5)
    later = outcomes(net.pool.request("b:1", HEARTBEAT))
    endpoint.answer(*endpoint.sent(), 6)
    assert [c.code for c in got + later] == [5, 5, 6]
    assert len(net.endpoints) == 1


def test_who_wants_no_deferred_is_called_back(net):
    got: list[object] = []

    def ask(timeout_s: float = 3.0) -> None:
        net.pool.ask("b:1", HEARTBEAT, None, b"", timeout_s, got.append, got.append)

    ask()
    (endpoint,) = net.endpoints
    endpoint.open()
    endpoint.answer(*endpoint.sent(), 5)
    ask()
    endpoint.answer(*endpoint.sent(), 6)
    assert [each.code for each in got] == [5, 6]
    ask(1.0)
    net.clock.advance(1)
    assert got[2].check(RequestTimeoutError)
    ask()
    endpoint.protocol.connectionLost(Failure(Refused()))
    assert got[3].check(ConnectionLostError)


def test_each_address_has_its_own_connection(net):
    outcomes(net.pool.connection("b:1"), net.pool.connection("[::1]:2"))
    assert [e.asked[:2] for e in net.endpoints] == [("b", 1), ("::1", 2)]


def test_connecting_counts_towards_the_time_out(net):
    got = outcomes(net.pool.request("b:1", HEARTBEAT, timeout_s=3.0))
    net.clock.advance(2.0)
    net.endpoints[0].open()
    net.clock.advance(0.9)
    assert got == []
    net.clock.advance(0.2)
    assert got[0].check(RequestTimeoutError)


def test_an_address_that_does_not_answer_at_all(net):
    got = outcomes(net.pool.request("b:1", HEARTBEAT, timeout_s=1.0))
    net.clock.advance(1.0)
    assert got[0].check(RequestTimeoutError)
    assert "b:1" in got[0].getErrorMessage()


def test_a_refused_connection_fails_the_requests_and_the_next_ones_at_once(net):
    got = outcomes(net.pool.request("b:1", HEARTBEAT))
    net.endpoints[0].connected.errback(Refused())
    got += outcomes(net.pool.request("b:1", HEARTBEAT), net.pool.connection("b:1"))
    got += outcomes(net.pool.send_one_way("b:1", HEARTBEAT))
    assert all(f.check(ConnectError) and "b:1" in f.getErrorMessage() for f in got)
    assert len(got) == 4
    assert len(net.endpoints) == 1
    assert net.clock.getDelayedCalls() == []


@pytest.mark.parametrize("address", ["", "b", "b:x", ":1", "b:70000"])
def test_what_is_no_address_is_said_to_be_none(net, address):
    (failure,) = outcomes(net.pool.request(address, HEARTBEAT))
    assert failure.check(ConnectError)
    assert net.endpoints == []


def test_a_lost_connection_fails_its_requests_and_is_opened_again(net):
    got = outcomes(net.pool.request("b:1", HEARTBEAT))
    net.endpoints[0].open()
    net.endpoints[0].protocol.connectionLost()
    assert got[0].check(ConnectionLostError)
    outcomes(net.pool.request("b:1", HEARTBEAT))
    assert len(net.endpoints) == 2


def test_the_servers_requests_are_served(net):
    outcomes(net.pool.connection("b:1"))
    (endpoint,) = net.endpoints
    endpoint.open()
    endpoint.protocol.dataReceived(frame(HEARTBEAT, 8))
    (reply,) = endpoint.sent()
    assert (reply.opaque, reply.body) == (8, b"pong")


def test_one_way_fires_when_sent(net):
    got = outcomes(net.pool.send_one_way("b:1", HEARTBEAT, None, b"x"))
    net.endpoints[0].open()
    assert got == [None]
    (sent,) = net.endpoints[0].sent()
    assert sent.is_one_way


def test_an_idle_connection_is_closed(net):
    outcomes(net.pool.connection("b:1"))
    net.endpoints[0].open()
    net.clock.pump([1.0] * 151)
    assert net.endpoints[0].transport.disconnecting
    outcomes(net.pool.connection("b:1"))
    assert len(net.endpoints) == 2


def test_closing_closes_everything_and_leaves_nothing_scheduled(net):
    got = outcomes(net.pool.request("b:1", HEARTBEAT))
    net.endpoints[0].open()
    closed = outcomes(net.pool.close())
    assert net.endpoints[0].transport.disconnecting
    net.endpoints[0].protocol.connectionLost()
    assert closed == [None]
    assert got[0].check(ConnectionLostError)
    (late,) = outcomes(net.pool.request("c:1", HEARTBEAT))
    assert late.check(ConnectError)
    assert net.clock.getDelayedCalls() == []


def test_addresses_are_those_of_the_transport(net):
    got = outcomes(net.pool.connection("b:1"))
    net.endpoints[0].open()
    assert got[0].peer == f"{PEER.host}:{PEER.port}"
    assert got[0].local == f"{HOST.host}:{HOST.port}"


def test_a_forked_process_is_told_and_leaves_the_connections_alone(net, monkeypatch):
    net.pool.request("10.0.0.1:10911", HEARTBEAT).addErrback(lambda _: None)
    [endpoint] = net.endpoints
    endpoint.open()
    endpoint.sent()
    made_in = os.getpid()
    monkeypatch.setattr("twistedmq.remoting.client.os.getpid", lambda: made_in + 1)
    request = net.pool.request("10.0.0.1:10911", HEARTBEAT)
    one_way = net.pool.send_one_way("10.0.0.1:10911", HEARTBEAT)
    for failure in outcomes(request, one_way):
        assert failure.check(ForkedError)
        assert failure.value.made_in == made_in
    assert outcomes(net.pool.close()) == [None]
    assert not endpoint.sent()
    assert not endpoint.transport.disconnecting
