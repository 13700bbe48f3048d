"""One connection: carries frames between a transport and a dispatcher.

The same protocol serves both directions and both sides: either peer may send requests,
and whoever opened the connection does not matter to it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.protocol.addresses import format_address, pack
from twistedmq.protocol.codec import decode_command, encode_request
from twistedmq.protocol.command import ONE_WAY_FLAG, RESPONSE_FLAG, Buffer, Command
from twistedmq.protocol.errors import FrameError
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.framing import FrameDecoder, peek_code
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.addresses import UNKNOWN_HOST_PORT, host_port
from twistedmq.remoting.capabilities import Capabilities, detect
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import ConnectionLostError, in_words
from twistedmq.remoting.grouping import grouped
from twistedmq.remoting.interfaces import IConnection
from twistedmq.remoting.limits import Limits
from twistedmq.remoting.outbox import Outbox
from twistedmq.remoting.pending import Answered, Failed, PendingRequests
from twistedmq.remoting.timer_wheel import Timer, TimerWheel

Sendable = Header | Mapping[str, str] | None
"""Fields of a request: typed, as text already, or none."""

_IDLE_CHECKS: Final = 4
"""How often idleness is looked at within the time that is allowed."""

_CLOSING_S: Final = 2.0
"""How long a closed connection may take to send what is queued."""

_DEAF_S: Final = 2.5
"""A peer that was asked and says nothing at all for so long, until a request times out,
is gone: a router has forgotten the connection, say, and nobody will ever tell."""

# Why nothing is read from the peer at the moment; bits of one number.
_TOO_MUCH_IN_FLIGHT: Final = 1
_TOO_MUCH_UNSENT: Final = 2
_FINISHING: Final = 4


@implementer(IConnection)
class RemotingProtocol(Protocol):
    """Frames in, replies out; requests of our own the other way round."""

    _log = Logger()
    transport: Any  # an ITransport that is a consumer and a producer, too

    def __init__(
        self,
        dispatcher: Dispatcher,
        limits: Limits,
        wheel: TimerWheel,
        *,
        peer: tuple[str, int] | None = None,
        capabilities: Capabilities | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        """Serve the peer's requests by *dispatcher*.

        *peer* is its host and port, where the transport would name a proxy's. What is
        asked of the peer is signed with *credentials*.
        """
        self.peer = self.local = format_address(*UNKNOWN_HOST_PORT)
        self.packed_peer = pack(*UNKNOWN_HOST_PORT)
        self._dispatcher = dispatcher
        self._limits = limits
        self._wheel = wheel
        self._named_peer = peer
        self._credentials = credentials
        self._capabilities = capabilities or detect()
        self._decoder = FrameDecoder(limits.max_frame_bytes)
        self._pending = PendingRequests(
            wheel, limits.max_pending_requests, self._timed_out
        )
        self._heard = False
        """Whether anything came since ``_asked_s``."""
        self._asked_s = 0.0
        self.in_flight = 0
        """Requests that wait for their answer."""
        self.in_flight_bytes = 0
        self._paused_for = 0
        self._quiet_checks = 0
        self._timers: dict[str, Timer] = {}
        self._open = False
        self._lost = False
        self._reason = "closed by the peer"
        self._close_callbacks: list[Callable[[IConnection], None]] = []
        self._finished: list[Deferred[None]] = []

    # What the transport calls

    def connectionMade(self) -> None:
        """Learn the addresses; begin to watch for idleness."""
        transport, limits = self.transport, self._limits
        host, port = self._named_peer or host_port(transport.getPeer())
        self.peer = format_address(host, port)
        self.packed_peer = pack(host, port)
        self.local = format_address(*host_port(transport.getHost()))
        set_no_delay = getattr(transport, "setTcpNoDelay", None)
        if set_no_delay is not None:
            set_no_delay(True)
        self._outbox = Outbox(
            transport,
            self._capabilities,
            choke_at_bytes=limits.pause_at_unsent_bytes,
            overflow_at_bytes=limits.max_unsent_bytes,
            on_choked=self._choked,
            on_drained=self._drained,
            on_overflow=self._overflowed,
        )
        self._open = True
        self._watch_idleness()

    def dataReceived(self, data: bytes) -> None:
        """Serve all whole frames in *data*; their replies leave with one write."""
        if not self._open:
            return
        self._quiet_checks = 0
        self._heard = True
        try:
            frames = self._decoder.feed(data)
            if frames:
                self._serve(frames)
                if self._decoder.is_spoilt:
                    self._decoder.feed(b"")
        except FrameError as error:
            self.close(str(error))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Fail what waits for an answer and tell who wanted to know."""
        if self._open and not isinstance(reason.value, ConnectionDone):
            self._reason = in_words(reason)
        self._open = False
        self._lost = True
        for timer in self._timers.values():
            timer.cancel()
        self._pending.fail_all(self._lost_error)
        callbacks, self._close_callbacks = self._close_callbacks, []
        for callback in callbacks:
            self._tell_closed(callback)
        self._say_finished()

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._open

    @property
    def is_paused(self) -> bool:
        """Whether nothing is read from the peer at the moment."""
        return self._paused_for != 0

    # IConnection

    def request(
        self, code: int, header: Sendable, body: bytes, timeout_s: float
    ) -> Deferred[Command]:
        """Send a request; see IConnection."""
        answer: Deferred[Command] = Deferred(lambda _: self._pending.forget(opaque))
        opaque = self.ask(
            code, header, body, timeout_s, answer.callback, answer.errback
        )
        return answer

    def ask(
        self,
        code: int,
        header: Sendable,
        body: bytes,
        timeout_s: float,
        answered: Answered,
        failed: Failed,
    ) -> int:
        """Do as ``request`` without a Deferred, which costs; gives the number."""
        pending = self._pending
        opaque = pending.next_opaque()
        if not self._open:
            failed(Failure(self._lost_error()))
            return opaque
        if not pending.waiting:
            self._listen()
        if pending.expect(opaque, self.peer, code, timeout_s, answered, failed):
            self._send_request(code, opaque, header, body, 0)
        return opaque

    def send_one_way(self, code: int, header: Sendable, body: bytes) -> None:
        """Send a request that gets no answer."""
        opaque = self._pending.next_opaque()
        self._send_request(code, opaque, header, body, ONE_WAY_FLAG)

    def _send_request(
        self, code: int, opaque: int, header: Sendable, body: bytes, flag: int
    ) -> None:
        if self._credentials is not None:
            header = self._credentials.sign(encode_fields(header), body)
        self.write(encode_request(code, opaque, header, body, flag=flag))

    def write(self, data: bytes) -> None:
        """Send encoded frames; nothing happens once the connection is gone."""
        if self._open:
            self._quiet_checks = 0
            self._outbox.write(data)

    def cork(self) -> None:
        """Keep what is written; see IConnection."""
        self._outbox.cork()

    def uncork(self) -> None:
        """Send what was kept."""
        self._outbox.uncork()

    def on_close(self, callback: Callable[[IConnection], None]) -> None:
        """Have *callback* called once when the connection is gone."""
        if self._lost:
            self._tell_closed(callback)
        else:
            self._close_callbacks.append(callback)

    def close(self, reason: str) -> None:
        """Send what is queued, then drop the connection; *reason* is logged."""
        if self._say_closing(reason):
            self._send_rest()

    def abort(self, reason: str) -> None:
        """Drop the connection at once; *reason* is logged."""
        if self._say_closing(reason):
            self._outbox.abort()

    def end(self) -> None:
        """Send what is queued, then drop the connection, without a word."""
        if self._open:
            self._open = False
            self._reason = "closed by this side"
            self._send_rest()

    def finish(self) -> Deferred[None]:
        """Read no more; fires when the requests in flight are answered."""
        self._pause_for(_FINISHING)
        if not self.in_flight or not self._open:
            return succeed(None)
        finished: Deferred[None] = Deferred()
        self._finished.append(finished)
        return finished

    # Serving

    def _serve(self, frames: Sequence[bytes]) -> None:
        batches = self._dispatcher.batches
        if len(frames) == 1 and batches:
            code = peek_code(frames[0])
            self._serve_group(code if code in batches else -1, frames)
            return
        outbox = self._outbox
        outbox.cork()
        try:
            for code, group in grouped(frames, batches) if batches else [(-1, frames)]:
                self._serve_group(code, group)
        finally:
            outbox.uncork()

    def _serve_group(self, code: int, group: Sequence[bytes]) -> None:
        """Serve frames of one batch *code*, or of others where it is -1."""
        # A response may bear the number of a batch code: with own requests waiting,
        # each frame is looked at.
        if code < 0 or self._pending.waiting:
            for frame in group:
                self._serve_one(frame)
            return
        replies = self._dispatcher.answer_batch(code, group, self)
        if isinstance(replies, bytes):
            self._outbox.write(replies)
        else:
            self._wait_for(replies, len(group), sum(map(len, group)))

    def _serve_one(self, frame: bytes) -> None:
        command = decode_command(frame)
        if command.flag & RESPONSE_FLAG:
            self._pending.answer(command)
            return
        dispatcher = self._dispatcher
        replies: bytes | list[Buffer] | Deferred[Any]
        if command.code in dispatcher.batches:
            replies = dispatcher.answer_batch(command.code, [frame], self)
        else:
            replies = dispatcher.answer(command, self)
        # Deferred is an abstract class: asking for it would cost more than a pull does.
        if isinstance(replies, bytes | list):
            self._write_replies(replies)
        else:
            self._wait_for(replies, 1, len(frame))

    def _write_replies(self, replies: bytes | list[Buffer]) -> None:
        if not self._open:
            return
        self._quiet_checks = 0
        if isinstance(replies, bytes):
            self._outbox.write(replies)
        else:
            self._outbox.write_all(replies)

    def _wait_for(self, replies: Deferred[Any], count: int, size: int) -> None:
        """Take note of *count* requests of *size* bytes that *replies* will answer."""
        limits = self._limits
        self.in_flight += count
        self.in_flight_bytes += size
        if (
            self.in_flight > limits.max_in_flight_requests
            or self.in_flight_bytes > limits.max_in_flight_bytes
        ):
            self._pause_for(_TOO_MUCH_IN_FLIGHT)
        replies.addBoth(self._came_late, count, size)

    def _came_late(
        self, replies: bytes | list[Buffer] | Failure, count: int, size: int
    ) -> None:
        """Write *replies*; one callback for what could be three, as there are many."""
        try:
            if isinstance(replies, Failure):
                self._reply_failed(replies)
            else:
                self._write_replies(replies)
        except Exception:
            self._reply_failed(Failure())
        self._answered(count, size)

    def _reply_failed(self, failure: Failure) -> None:
        if isinstance(failure.value, FrameError):
            self.close(failure.getErrorMessage())
        else:
            self._log.failure("a reply to {peer} was lost", failure, peer=self.peer)

    def _answered(self, count: int, size: int) -> None:
        limits = self._limits
        self.in_flight -= count
        self.in_flight_bytes -= size
        if (
            self.in_flight <= limits.max_in_flight_requests // 2
            and self.in_flight_bytes <= limits.max_in_flight_bytes // 2
        ):
            self._resume_for(_TOO_MUCH_IN_FLIGHT)
        if not self.in_flight:
            self._say_finished()

    def _say_finished(self) -> None:
        waiting, self._finished = self._finished, []
        for finished in waiting:
            finished.callback(None)

    # Back-pressure

    def _pause_for(self, reason: int) -> None:
        if self._open and not self._paused_for:
            self.transport.pauseProducing()
        self._paused_for |= reason

    def _resume_for(self, reason: int) -> None:
        if self._paused_for:
            self._paused_for &= ~reason
            if self._open and not self._paused_for:
                self.transport.resumeProducing()

    def _choked(self) -> None:
        self._pause_for(_TOO_MUCH_UNSENT)
        self._watch_taking()

    def _drained(self) -> None:
        timer = self._timers.pop("taking", None)
        if timer is not None:
            timer.cancel()
        self._resume_for(_TOO_MUCH_UNSENT)

    def _overflowed(self) -> None:
        self.abort(f"more than {self._limits.max_unsent_bytes} bytes are not taken")

    def _watch_taking(self) -> None:
        self._timers["taking"] = self._wheel.schedule(
            self._limits.unsent_timeout_s, self._check_taking, self._outbox.taken_bytes
        )

    def _check_taking(self, taken_before: int) -> None:
        if self._outbox.taken_bytes > taken_before:
            self._watch_taking()
        else:
            self.abort(f"took nothing for {self._limits.unsent_timeout_s:g} s")

    def _watch_idleness(self) -> None:
        if self._limits.idle_s:
            self._timers["idle"] = self._wheel.schedule(
                self._limits.idle_s / _IDLE_CHECKS, self._check_idleness
            )

    def _check_idleness(self) -> None:
        self._quiet_checks += 1
        if self._quiet_checks > _IDLE_CHECKS:
            self.close(f"idle for {self._limits.idle_s:g} s")
        else:
            self._watch_idleness()

    # A peer that is gone

    def _listen(self) -> None:
        self._heard = False
        self._asked_s = self._wheel.now()

    def _timed_out(self) -> None:
        silent_s = self._wheel.now() - self._asked_s
        if self._heard:
            self._listen()
        elif silent_s >= _DEAF_S:
            self.abort(f"asked, and said nothing for {silent_s:.1f} s")

    # Closing

    def _say_closing(self, reason: str) -> bool:
        """Log why; gives False for a connection that is closing already."""
        if not self._open:
            return False
        self._open = False
        self._reason = reason
        self._log.info(
            "connection with {peer} closed: {reason}", peer=self.peer, reason=reason
        )
        return True

    def _send_rest(self) -> None:
        self._outbox.close()
        self._timers["close"] = self._wheel.schedule(_CLOSING_S, self._outbox.abort)

    def _lost_error(self) -> ConnectionLostError:
        return ConnectionLostError(self.peer, self._reason)

    def _tell_closed(self, callback: Callable[[IConnection], None]) -> None:
        try:
            callback(self)
        except Exception:
            self._log.failure("the end of {peer} was not taken note of", peer=self.peer)
