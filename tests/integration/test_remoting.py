"""Remoting over real sockets."""

import os
import random
import socket
import struct
from dataclasses import replace

import pytest
import pytest_twisted
from remoting_kit import commands, frame
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol

from twistedmq.config.remoting import RemotingConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.client import ClientPool
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import ConnectError
from twistedmq.remoting.security import open_security
from twistedmq.remoting.server import RemotingServer

HEARTBEAT = RequestCode.HEART_BEAT
CONFIG = RemotingConfig(
    listen_host="127.0.0.1", listen_port=0, drain_ms=1000, max_frame_bytes=1 << 24
)


def echo(request):
    return Reply(body=[b"<", request.command.body, b">"])


class House:
    """A server, and what connects to it; all closed at the end."""

    def __init__(self, table=None, config=CONFIG, security=None) -> None:
        self.table = {HEARTBEAT: echo} if table is None else table
        self.server = RemotingServer(
            reactor, Dispatcher(self.table), config, security=security
        )
        self.server.startService()
        self.pools: list[ClientPool] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def pool(self, security=None, **settings) -> ClientPool:
        config = RemotingConfig(**settings)
        self.pools.append(ClientPool(reactor, config, security=security))
        return self.pools[-1]

    @pytest_twisted.inlineCallbacks
    def close(self):
        for pool in self.pools:
            yield pool.close()
        yield self.server.stopService()


@pytest.fixture
def house():
    made = []

    def make(*args, **settings):
        made.append(House(*args, **settings))
        return made[-1]

    yield make
    for one in made:
        pytest_twisted.blockon(one.close())


class Raw(Protocol):
    """Collects bytes; fires when the other side closes."""

    def __init__(self) -> None:
        self.data = b""
        self.closed: Deferred[None] = Deferred()
        self.wanted: tuple[int, Deferred[bytes]] | None = None

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        self.check()

    def check(self) -> None:
        if self.wanted and len(commands(self.data)) >= self.wanted[0]:
            _, wanted = self.wanted
            self.wanted = None
            wanted.callback(self.data)

    def replies(self, count: int) -> "Deferred[bytes]":
        self.wanted = count, Deferred()
        wanted = self.wanted[1]
        self.check()
        return wanted

    def connectionLost(self, reason) -> None:
        self.closed.callback(None)


def dial(house: House) -> "Deferred[Raw]":
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", house.server.port)
    return endpoint.connect(Factory.forProtocol(Raw))


@pytest_twisted.inlineCallbacks
def test_requests_and_replies_of_all_sizes(house):
    one = house()
    pool = one.pool()
    bodies = [os.urandom(n) for n in (0, 1, 1000, 70_000, 3_000_000, 10)]
    answers = yield gatherResults(
        [pool.request(one.address, HEARTBEAT, None, body, 20.0) for body in bodies]
    )
    assert [bytes(a.body) for a in answers] == [b"<" + body + b">" for body in bodies]


@pytest_twisted.inlineCallbacks
def test_a_server_asks_its_client(house):
    asked = []

    def ask_back(request):
        answer = request.connection.request(HEARTBEAT, None, b"you?", 5.0)
        return answer.addCallback(lambda c: Reply(body=c.body))

    one = house({HEARTBEAT: ask_back})
    served = Dispatcher({HEARTBEAT: lambda r: asked.append(r) or Reply(body=b"me")})
    pool = ClientPool(reactor, dispatcher=served)
    one.pools.append(pool)
    answer = yield pool.request(one.address, HEARTBEAT, timeout_s=10.0)
    assert answer.body == b"me"
    assert bytes(asked[0].command.body) == b"you?"


@pytest_twisted.inlineCallbacks
def test_both_families_on_one_port(house):
    one = house(config=replace(CONFIG, listen_host="0.0.0.0"))
    port = one.server.port
    pool = one.pool()
    addresses = [f"127.0.0.1:{port}", f"localhost:{port}"]
    if len(one.server._ports) > 1:
        addresses.append(f"[::1]:{port}")
    for address in addresses:
        answer = yield pool.request(address, HEARTBEAT, None, b"x", 10.0)
        assert answer.body == b"<x>"


@pytest_twisted.inlineCallbacks
def test_tls_and_plain_on_one_port(house):
    security = open_security(CONFIG)
    one = house(security=security)
    big = os.urandom(1_000_000)
    for pool in (one.pool(), one.pool(security=security)):
        answer = yield pool.request(one.address, HEARTBEAT, None, big, 20.0)
        assert bytes(answer.body) == b"<" + big + b">"


@pytest_twisted.inlineCallbacks
def test_an_enforcing_port_closes_plain_connections(house):
    security = open_security(replace(CONFIG, tls_mode="enforcing"))
    one = house(security=security)
    raw = yield dial(one)
    raw.transport.write(frame(HEARTBEAT))
    yield raw.closed
    assert raw.data == b""
    answer = yield one.pool(security=security).request(one.address, HEARTBEAT)
    assert answer.code == 0


@pytest_twisted.inlineCallbacks
def test_a_proxy_header_names_the_peer(house):
    one = house({HEARTBEAT: lambda r: Reply(body=r.connection.peer.encode())})
    raw = yield dial(one)
    raw.transport.write(b"PROXY TCP4 203.0.113.7 127.0.0.1 4711 1\r\n")
    raw.transport.write(frame(HEARTBEAT))
    data = yield raw.replies(1)
    assert commands(data)[0].body == b"203.0.113.7:4711"
    raw.transport.loseConnection()
    yield raw.closed


@pytest_twisted.inlineCallbacks
def test_nobody_there_is_said_with_the_address(house):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        pool = house().pool()
        with pytest.raises(ConnectError, match=address):
            yield pool.request(address, HEARTBEAT)


@pytest_twisted.inlineCallbacks
def test_a_reader_that_stops_gets_everything_later_and_in_order(house):
    one = house()
    raw = yield dial(one)
    raw.transport.pauseProducing()
    sizes = [200_000] * 40
    for number, size in enumerate(sizes):
        body = struct.pack(">I", number) * (size // 4)
        raw.transport.write(frame(HEARTBEAT, number, body=body))
    answer = yield one.pool().request(one.address, HEARTBEAT, None, b"me?", 10.0)
    assert answer.body == b"<me?>"  # others are served meanwhile
    raw.transport.resumeProducing()
    data = yield raw.replies(len(sizes))
    replies = commands(data)
    assert [r.opaque for r in replies] == list(range(len(sizes)))
    assert all(
        bytes(r.body[1:-1]) == struct.pack(">I", r.opaque) * (200_000 // 4)
        for r in replies
    )
    raw.transport.loseConnection()
    yield raw.closed


@pytest_twisted.inlineCallbacks
def test_a_live_port_survives_whatever_is_thrown_at_it(house):
    one = house(config=replace(CONFIG, max_frame_bytes=1 << 16))
    seeded = random.Random(20_260_101)
    pool = one.pool()
    for number in range(60):
        raw = yield dial(one)
        good = bytearray(frame(HEARTBEAT, number, body=seeded.randbytes(50)) * 3)
        for _ in range(seeded.randint(0, 3)):
            good[seeded.randrange(len(good))] = seeded.randrange(256)
        junk = seeded.randbytes(seeded.randint(1, 300))
        raw.transport.write(bytes(good) if number % 2 else junk)
        raw.transport.loseConnection()
        if number % 10 == 0:
            answer = yield pool.request(one.address, HEARTBEAT, None, b"?", 10.0)
            assert answer.body == b"<?>"
        yield raw.closed
    answer = yield pool.request(one.address, HEARTBEAT, None, b"still", 10.0)
    assert answer.body == b"<still>"
