import pytest
from remoting_kit import HOST, PEER, CountingTransport, commands, frame
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from zope.interface import implementer

from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.interfaces import ITransportSecurity
from twistedmq.remoting.limits import Limits
from twistedmq.remoting.protocol import RemotingProtocol
from twistedmq.remoting.sniffer import Sniffer
from twistedmq.remoting.timer_wheel import TimerWheel

HEARTBEAT = RequestCode.HEART_BEAT
PROXY = b"PROXY TCP4 203.0.113.7 192.0.2.9 4711 10911\r\n"
CLIENT_HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"


@implementer(ITransportSecurity)
class Security:
    def __init__(self, mode: str) -> None:
        self.mode = mode

    def server_context(self):
        raise SecurityError("no certificate today")

    def client_context(self, hostname): ...


class Port:
    def __init__(self, security=None, **settings) -> None:
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)
        self.made: list[RemotingProtocol] = []
        self.lost: list[Sniffer] = []
        self.transport = CountingTransport()
        self.sniffer = Sniffer(
            self.make, security, self.clock, on_lost=self.lost.append, **settings
        )
        self.sniffer.makeConnection(self.transport)

    def make(self, peer):
        dispatcher = Dispatcher({HEARTBEAT: lambda _: Reply()})
        self.made.append(RemotingProtocol(dispatcher, Limits(), self.wheel, peer=peer))
        return self.made[-1]

    def receive(self, data: bytes):
        self.sniffer.dataReceived(data)
        sent = self.transport.value()
        self.transport.clear()
        return commands(sent)


@pytest.fixture
def reasons():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [(e["peer"], e["reason"]) for e in events if "reason" in e]
    globalLogPublisher.removeObserver(events.append)


@pytest.mark.parametrize(
    "security", [None, Security("disabled"), Security("permissive")]
)
def test_plain_frames_are_passed_on(security):
    port = Port(security)
    assert len(port.receive(frame(HEARTBEAT))) == 1
    assert len(port.receive(frame(HEARTBEAT) * 2)) == 2
    assert port.made[0].peer == f"{PEER.host}:{PEER.port}"
    assert port.made[0].local == f"{HOST.host}:{HOST.port}"


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_proxy_header_names_the_peer_however_it_is_cut(step):
    port = Port()
    data = PROXY + frame(HEARTBEAT)
    replies = []
    for start in range(0, len(data), step):
        replies += port.receive(data[start : start + step])
    assert len(replies) == 1
    assert port.made[0].peer == "203.0.113.7:4711"
    assert port.made[0].packed_peer == bytes([203, 0, 113, 7, 0, 0, 0x12, 0x67])


def test_a_proxy_that_speaks_for_itself_keeps_its_address():
    port = Port()
    port.receive(b"PROXY UNKNOWN\r\n" + frame(HEARTBEAT))
    assert port.made[0].peer == f"{PEER.host}:{PEER.port}"


def test_a_second_proxy_header_is_no_frame(reasons):
    port = Port()
    port.receive(PROXY + PROXY)
    assert port.transport.disconnecting
    assert "over the limit" in reasons()[0][1]


def test_a_proxy_header_can_be_forbidden(reasons):
    port = Port(accept_proxy_header=False)
    port.receive(PROXY + frame(HEARTBEAT))
    assert port.transport.disconnecting
    assert len(reasons()) == 1


def test_a_broken_proxy_header_closes_with_one_line(reasons):
    port = Port()
    port.receive(b"PROXY TCP4 a b c d\r\n" + frame(HEARTBEAT))
    assert port.transport.disconnected
    assert port.receive(frame(HEARTBEAT)) == []
    assert len(reasons()) == 1
    assert port.made == []


@pytest.mark.parametrize(
    ("security", "data", "words"),
    [
        (None, CLIENT_HELLO, "disabled"),
        (Security("disabled"), CLIENT_HELLO, "disabled"),
        (Security("enforcing"), frame(HEARTBEAT), "enforced"),
        (Security("permissive"), CLIENT_HELLO, "no certificate today"),
    ],
)
def test_what_the_policy_forbids_closes_with_one_line(security, data, words, reasons):
    port = Port(security)
    assert port.receive(data) == []
    assert port.transport.disconnected
    ((peer, reason),) = reasons()
    assert peer == f"{PEER.host}:{PEER.port}"
    assert words in reason


def test_a_client_that_says_nothing_is_closed(reasons):
    port = Port()
    port.sniffer.expire_in(120, port.wheel)
    port.receive(PROXY[:10])
    port.clock.advance(120)
    assert port.transport.disconnected
    assert "said nothing for 120 s" in reasons()[0][1]


def test_the_end_is_passed_on():
    port = Port()
    port.sniffer.expire_in(120, port.wheel)
    gone = []
    port.receive(frame(HEARTBEAT))
    port.made[0].on_close(gone.append)
    port.sniffer.connectionLost()
    assert gone == port.made
    assert port.lost == [port.sniffer]
    assert port.clock.getDelayedCalls() == []
