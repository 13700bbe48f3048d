import errno
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport

from twistedmq.remoting.capabilities import PLAIN, Capabilities
from twistedmq.remoting.outbox import Outbox

FAST = Capabilities(direct_send=True, gather=True)
NO_GATHER = Capabilities(direct_send=True, gather=False)


class FakeSocket:
    """Takes as many bytes as it has room for; counts the calls."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""
        self.calls: list[str] = []
        self.error: OSError | None = None

    def setblocking(self, _: bool) -> None: ...

    def fileno(self) -> int:
        return 9

    def send(self, data: Any) -> int:
        self.calls.append("send")
        return self._take(bytes(data))

    def sendmsg(self, buffers: Any) -> int:
        self.calls.append("sendmsg")
        return self._take(b"".join(buffers))

    def _take(self, data: bytes) -> int:
        if self.error is not None:
            raise self.error
        if not self.room:
            raise BlockingIOError(errno.EWOULDBLOCK, "full")
        taken = data[: self.room]
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


class FakeReactor(Clock):
    """Knows who wants to write."""

    def __init__(self) -> None:
        super().__init__()
        self.writers: set[object] = set()

    def addWriter(self, writer: object) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: object) -> None:
        self.writers.discard(writer)

    def removeReader(self, reader: object) -> None: ...


class Line:
    """Twisted's own TCP connection on a fake socket, with an outbox."""

    def __init__(
        self, room: int = 1 << 30, capabilities: Capabilities = FAST, **limits: int
    ) -> None:
        self.events: list[str] = []
        self.reactor = FakeReactor()
        self.socket = FakeSocket(room)
        self.transport = Connection(self.socket, None, self.reactor)
        self.transport.connected = 1
        self.outbox = Outbox(
            self.transport,
            capabilities,
            choke_at_bytes=limits.get("choke_at_bytes", 65_536),
            overflow_at_bytes=limits.get("overflow_at_bytes", 1 << 30),
            on_choked=lambda: self.events.append("choked"),
            on_drained=lambda: self.events.append("drained"),
            on_overflow=lambda: self.events.append("overflow"),
        )

    def drain(self, room: int = 1 << 30) -> None:
        """Let the reactor write what it can."""
        self.socket.room = room
        for _ in range(100):
            if self.reactor.writers and self.socket.room:
                self.transport.doWrite()


def test_a_small_reply_goes_to_the_socket_at_once():
    line = Line()
    line.outbox.write(b"reply")
    assert line.socket.taken == b"reply"
    assert not line.reactor.writers


def test_without_direct_send_the_transport_writes():
    line = Line(capabilities=PLAIN)
    line.outbox.write(b"reply")
    assert line.socket.taken == b""
    line.drain()
    assert line.socket.taken == b"reply"


def test_what_the_socket_does_not_take_follows_in_order():
    line = Line(room=3)
    line.outbox.write(b"abcdef")
    line.outbox.write(b"ghi")  # must not overtake, though the socket has room again
    line.socket.room = 100
    line.outbox.write(b"jkl")
    assert line.socket.taken == b"abc"
    line.drain()
    line.outbox.write(b"mno")
    assert line.socket.taken == b"abcdefghijklmno"


def test_corked_writes_leave_with_one_call():
    line = Line()
    line.outbox.cork()
    line.outbox.write(b"a")
    line.outbox.write_all([b"b", memoryview(b"c")])
    assert line.socket.calls == []
    line.outbox.uncork()
    assert line.socket.taken == b"abc"
    assert line.socket.calls == ["send"]


def test_a_cork_in_a_cork_keeps_all_until_the_last_is_out():
    line = Line()
    line.outbox.cork()
    line.outbox.write(b"a")
    line.outbox.cork()
    line.outbox.write(b"b")
    line.outbox.uncork()
    line.outbox.write(b"c")
    assert line.socket.calls == []
    line.outbox.uncork()
    assert line.socket.taken == b"abc"
    assert line.socket.calls == ["send"]


@pytest.mark.parametrize(
    ("capabilities", "call"), [(FAST, "sendmsg"), (NO_GATHER, "send")]
)
def test_long_pieces_are_not_joined_where_the_system_gathers(capabilities, call):
    line = Line(capabilities=capabilities)
    line.outbox.write_all([b"head", memoryview(bytes(100_000))])
    assert line.socket.taken == b"head" + bytes(100_000)
    assert line.socket.calls == [call]


def test_very_many_pieces_go_in_several_calls():
    line = Line()
    line.outbox.write_all([b"0123456789" * 500] * 1200)
    assert line.socket.taken == b"0123456789" * 600_000
    assert len(line.socket.calls) == 3


def test_short_pieces_are_joined_however_many():
    line = Line()
    line.outbox.write_all([b"0123456789" * 100] * 200)
    assert line.socket.taken == b"0123456789" * 20_000
    assert line.socket.calls == ["send"]


@pytest.mark.parametrize("data", [[b"x"], [b"x", bytes(100_000)]])
def test_a_connection_that_is_lost_meanwhile_is_aborted(data):
    line = Line()
    line.socket.error = ConnectionResetError(errno.ECONNRESET, "gone")
    line.outbox.write_all(data)
    line.outbox.write(b"more")
    assert line.transport._aborting
    assert line.socket.calls in (["send"], ["sendmsg"])


def test_it_tells_once_when_too_much_waits_and_when_all_is_gone():
    line = Line(room=0, choke_at_bytes=200_000)
    line.outbox.write(bytes(100_000))
    assert line.events == []
    line.outbox.write(bytes(100_000))
    line.outbox.write(bytes(100_000))
    assert line.events == ["choked"]
    assert line.outbox.unsent_bytes == 300_000
    assert line.outbox.taken_bytes == 0
    line.drain(150_000)
    assert line.outbox.unsent_bytes == 150_000
    assert line.outbox.taken_bytes == 150_000
    line.drain()
    assert line.events == ["choked", "drained"]
    line.outbox.write(b"on")
    assert line.socket.taken.endswith(b"on")


def test_it_tells_when_far_too_much_waits():
    line = Line(room=0, overflow_at_bytes=150_000)
    line.outbox.write(bytes(100_000))
    line.outbox.write(bytes(100_000))
    assert line.events == ["choked", "overflow"]


def test_closing_sends_what_waits_first():
    line = Line(room=1)
    line.outbox.cork()
    line.outbox.write(b"abc")
    line.outbox.close()
    line.outbox.uncork()
    line.outbox.write(b"never")
    line.drain()
    assert line.socket.taken == b"abc"
    assert line.transport.disconnecting


def test_nothing_is_written_once_the_transport_is_gone():
    line = Line()
    line.outbox.stopProducing()
    line.outbox.write(b"x")
    line.outbox.write_all([b"x", b"y"])
    assert line.socket.calls == []


def test_any_other_transport_is_written_to_as_usual():
    transport = StringTransport()
    outbox = Outbox(
        transport,
        FAST,
        choke_at_bytes=10,
        overflow_at_bytes=100,
        on_choked=lambda: None,
        on_drained=lambda: None,
        on_overflow=lambda: None,
    )
    outbox.write_all([b"ab", memoryview(b"cd")])
    outbox.write(memoryview(b"ef"))
    assert transport.value() == b"abcdef"
    assert transport.producer is outbox


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "all", "cork", "uncork", "drain"]),
            st.integers(0, 90_000),
            st.integers(0, 120_000),
        ),
        max_size=25,
    ),
    st.sampled_from([FAST, NO_GATHER, PLAIN]),
)
def test_whatever_the_socket_takes_nothing_is_lost_or_overtaken(steps, capabilities):
    line = Line(room=0, capabilities=capabilities)
    wanted, number, corked = b"", 0, False
    for step, size, room in steps:
        line.socket.room = room
        if step in ("write", "all"):
            number += 1
            data = number.to_bytes(2) * (size // 2)
            wanted += data
            if step == "write":
                line.outbox.write(data)
            else:
                half = memoryview(data)[: size // 3]
                line.outbox.write_all([half, memoryview(data)[size // 3 :]])
        elif step == "cork" and not corked:
            line.outbox.cork()
            corked = True
        elif step == "uncork" and corked:
            line.outbox.uncork()
            corked = False
        elif step == "drain":
            line.drain(room)
    if corked:
        line.outbox.uncork()
    line.drain()
    assert line.socket.taken == wanted
