"""What the tests of remoting share: a protocol over a string, and frames."""

from dataclasses import dataclass, field
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from twistedmq.protocol.codec import decode_command, encode_command
from twistedmq.protocol.command import Command
from twistedmq.protocol.framing import FrameDecoder
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.capabilities import PLAIN
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.limits import Limits
from twistedmq.remoting.protocol import RemotingProtocol
from twistedmq.remoting.timer_wheel import TimerWheel

PEER = IPv4Address("TCP", "192.0.2.1", 4711)
HOST = IPv4Address("TCP", "192.0.2.9", 10911)


class CountingTransport(StringTransport):
    """Counts writes as well as keeping them."""

    def __init__(self) -> None:
        super().__init__(HOST, PEER, lenient=True)
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        super().write(data)


def frame(code: int, opaque: int = 1, **settings: Any) -> bytes:
    """Encode a request as it goes over the wire."""
    return encode_command(Command(code=code, opaque=opaque, **settings))


def commands(data: bytes) -> list[Command]:
    """Decode everything in *data*."""
    return [decode_command(f) for f in FrameDecoder().feed(data)]


@dataclass
class Rig:
    """One protocol over a string, on a virtual clock."""

    dispatcher: Dispatcher
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=Clock)
    transport: CountingTransport = field(default_factory=CountingTransport)
    credentials: Credentials | None = None

    def __post_init__(self) -> None:
        self.wheel = TimerWheel(self.clock)
        self.protocol = RemotingProtocol(
            self.dispatcher,
            self.limits,
            self.wheel,
            capabilities=PLAIN,
            credentials=self.credentials,
        )
        self.protocol.makeConnection(self.transport)

    def receive(self, data: bytes) -> list[Command]:
        """Let *data* come in; gives what is answered."""
        self.protocol.dataReceived(data)
        return self.sent()

    def sent(self) -> list[Command]:
        """Give, and forget, what was sent."""
        data = self.transport.value()
        self.transport.clear()
        return commands(data)

    def lose(self) -> None:
        """Let the connection go away."""
        self.protocol.connectionLost()
