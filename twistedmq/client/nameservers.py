"""Asking the name servers: one answer from whichever is alive."""

from collections.abc import Sequence
from random import Random

from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.deferreds import unwrapped
from twistedmq.client.errors import NoNameServerError
from twistedmq.client.interfaces import INameServerSource, Pool
from twistedmq.client.reactor import Clock
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.errors import ForkedError
from twistedmq.remoting.periodic import PeriodicCall

_log = Logger()


class NameServers:
    """The name servers of one cluster, which all know the same, so any will do.

    One is chosen at random and kept until it fails, then the next one is asked.

    Args:
        source: where their addresses come from.
        pool: the connections.
        clock: for polling the source.
        random: chooses the first one.
        timeout_s: how long one of them may take to answer.
    """

    def __init__(
        self,
        source: INameServerSource,
        pool: Pool,
        clock: Clock,
        random: Random,
        timeout_s: float = 3.0,
    ) -> None:
        self.addresses: Sequence[str] = ()
        self._source = source
        self._pool = pool
        self._random = random
        self._timeout_s = timeout_s
        self._current: str | None = None
        self._poll = PeriodicCall(self._reload, clock)

    def start(self) -> Deferred[None]:
        """Fires when the first list is there; fails with NoNameServerError."""
        return self._source.addresses().addCallback(self._started)

    def stop(self) -> None:
        """Stop polling."""
        if self._poll.running:
            self._poll.stop()

    def ask(
        self, code: int, header: Header | None = None, body: bytes = b""
    ) -> Deferred[Command]:
        """Fires with the first answer, whatever its code.

        Fails with NoNameServerError when none of them answers, with ForkedError, and
        with MessageIllegalError where a topic is too long with its namespace.
        """
        return Deferred.fromCoroutine(self._ask(code, header, body))

    def ask_all(
        self, code: int, header: Header | None = None, body: bytes = b""
    ) -> Deferred[list[Command]]:
        """Ask every one of them; fires with all answers.

        Fails with an error of the remoting room where one does not answer.
        """
        asked = self.ask_each(code, header, body).values()
        return unwrapped(gatherResults([*asked], consumeErrors=True))

    def ask_each(
        self, code: int, header: Header | None = None, body: bytes = b""
    ) -> dict[str, Deferred[Command]]:
        """Ask every one of them; gives what fires with its answer, by address."""
        return {
            address: self._pool.request(address, code, header, body, self._timeout_s)
            for address in self.addresses
        }

    async def _ask(self, code: int, header: Header | None, body: bytes) -> Command:
        problems: list[str] = []
        for address in self._in_turn():
            try:
                answer = await self._pool.request(
                    address, code, header, body, self._timeout_s
                )
            except (ForkedError, CancelledError, MessageIllegalError):
                raise
            except Exception as error:
                problems.append(f"{address}: {error}")
            else:
                self._current = address
                return answer
        raise NoNameServerError(f"no name server answers ({'; '.join(problems)})")

    def _in_turn(self) -> list[str]:
        """Give all addresses, the one that answered last in front."""
        everyone = list(self.addresses)
        if not everyone:
            return []
        if self._current not in everyone:
            self._current = self._random.choice(everyone)
        start = everyone.index(self._current)
        return everyone[start:] + everyone[:start]

    def _started(self, addresses: Sequence[str]) -> None:
        self.addresses = addresses
        if self._source.poll_s is not None:
            self._poll.start(self._source.poll_s, now=False)

    def _reload(self) -> Deferred[None]:
        return self._source.addresses().addCallbacks(self._changed, self._kept)

    def _changed(self, addresses: Sequence[str]) -> None:
        if set(addresses) != set(self.addresses):
            _log.info("name servers are now {addresses}", addresses=addresses)
        self.addresses = addresses

    def _kept(self, failure: Failure) -> None:
        _log.warn(
            "the list of name servers could not be read again: {reason}",
            reason=failure.getErrorMessage(),
        )
