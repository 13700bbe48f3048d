"""The client's line to one address: at most one connection, opened when needed.

| state      | a connection is wanted | connected  | failed             | lost    |
| ---------- | ---------------------- | ---------- | ------------------ | ------- |
| idle       | connect: connecting    |            |                    |         |
| connecting | wait                   | give: open | fail them: resting |         |
| open       | give                   |            |                    | idle    |
| resting    | fail; over: as in idle |            |                    |         |
| closed     | fail                   | end it     |                    |         |
"""

from collections.abc import Callable
from enum import Enum, auto

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from twistedmq.remoting.backoff import Backoff
from twistedmq.remoting.errors import ConnectError
from twistedmq.remoting.interfaces import IConnection
from twistedmq.remoting.protocol import RemotingProtocol

Connector = Callable[[str], Deferred[RemotingProtocol]]
"""Opens a connection to an address."""


class State(Enum):
    """Where a line stands."""

    IDLE = auto()
    CONNECTING = auto()
    OPEN = auto()
    RESTING = auto()
    CLOSED = auto()


class ClientLine:
    """Shares one connection, and one attempt to open it, among all who want it."""

    def __init__(
        self,
        address: str,
        connect: Connector,
        backoff: Backoff,
        now: Callable[[], float],
    ) -> None:
        """Lead to *address*, by connections that *connect* opens."""
        self._address = address
        self._connect = connect
        self._backoff = backoff
        self._now = now
        self._state = State.IDLE
        self._current: RemotingProtocol | None = None
        self._waiting: list[Deferred[RemotingProtocol]] = []
        self._attempt: Deferred[RemotingProtocol] | None = None
        self._failures = 0
        self._rest_until = 0.0
        self._last_reason = ""

    @property
    def usable(self) -> RemotingProtocol | None:
        """The open connection, None if there is none."""
        current = self._current
        return current if current is not None and current.is_open else None

    def connection(self) -> Deferred[RemotingProtocol]:
        """Fire with the open connection.

        Fails with ConnectError. Cancelling gives up waiting, not the attempt.
        """
        usable = self.usable
        if usable is not None:
            return succeed(usable)
        if self._state is State.CLOSED:
            return fail(ConnectError(self._address, "this client is closed"))
        rest_s = self._rest_until - self._now()
        if self._state is State.RESTING and rest_s > 0:
            reason = f"{self._last_reason} (tried again in {rest_s:.1f} s)"
            return fail(ConnectError(self._address, reason))
        wanted: Deferred[RemotingProtocol] = Deferred(self._forget)
        self._waiting.append(wanted)
        if self._state is not State.CONNECTING:
            self._begin()
        return wanted

    def give_up(self, wanted: Deferred[RemotingProtocol], error: Exception) -> None:
        """Fail *wanted*, which ``connection`` gave, if it is not decided yet."""
        if wanted in self._waiting:
            self._waiting.remove(wanted)
            wanted.errback(error)

    def close(self) -> Deferred[None]:
        """Close the connection, or end the attempt; fires when there is neither."""
        self._state = State.CLOSED
        if self._attempt is not None:
            self._attempt.cancel()
        gone: Deferred[None] = Deferred()
        current = self._current
        if current is None:
            return succeed(None)
        current.on_close(lambda _: gone.callback(None))
        current.end()
        return gone

    def _begin(self) -> None:
        self._state = State.CONNECTING
        attempt = self._attempt = self._connect(self._address)
        attempt.addCallbacks(self._connected, self._failed)

    def _connected(self, connection: RemotingProtocol) -> None:
        self._attempt = None
        if self._state is State.CLOSED:
            connection.end()
            return
        self._state = State.OPEN
        self._failures = 0
        self._current = connection
        connection.on_close(self._lost)
        for wanted in self._take_waiting():
            if not wanted.called:
                wanted.callback(connection)

    def _failed(self, failure: Failure) -> None:
        self._attempt = None
        self._last_reason = failure.getErrorMessage() or type(failure.value).__name__
        if self._state is not State.CLOSED:
            self._state = State.RESTING
            self._failures += 1
            self._rest_until = self._now() + self._backoff.pause_s(self._failures)
        for wanted in self._take_waiting():
            if not wanted.called:
                wanted.errback(ConnectError(self._address, self._last_reason))

    def _lost(self, connection: IConnection) -> None:
        if connection is self._current:
            self._current = None
            if self._state is State.OPEN:
                self._state = State.IDLE

    def _forget(self, wanted: Deferred[RemotingProtocol]) -> None:
        if wanted in self._waiting:
            self._waiting.remove(wanted)

    def _take_waiting(self) -> list[Deferred[RemotingProtocol]]:
        """Give who waits; one that is told may have others given up."""
        waiting, self._waiting = self._waiting, []
        return waiting
