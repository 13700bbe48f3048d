"""Messages for ``async for``: popped a few at a time, when they are asked for."""

from collections.abc import Awaitable, Callable

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger, LogLevel

from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.reactor import Clock

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0

_log = Logger()


class FeedParts(Struct, frozen=True):
    """What feeding needs of its surroundings."""

    receive: Callable[[], Awaitable[list[ReceivedMessage]]]
    """Pops some messages; none if there were none for a while."""
    is_over: Callable[[ReceivedMessage], bool]
    """Whether the time of a message has run out, so that it comes again."""
    clock: Clock


class PopFeed(Inbox):
    """An inbox that fetches when somebody wants something and little is left.

    What waits here has been popped, and its time runs: so not much does, and what has
    no time left is forgotten.
    """

    def __init__(self, parts: FeedParts, low: int) -> None:
        """Fetch when fewer than *low* are left."""
        super().__init__()
        self._parts = parts
        self._low = low
        self._fetching: Deferred[None] | None = None

    def get(self) -> Deferred[ReceivedMessage | None]:
        """Fires with the next message; with None when it is closed."""
        messages = self._messages
        while messages and self._parts.is_over(messages[0]):
            messages.popleft()
        next_one = super().get()
        self._begin()
        return next_one

    def leftover(self) -> list[ReceivedMessage]:
        """Close, and give what nobody had asked for yet."""
        left = list(self._messages)
        self.close()
        return left

    def close(self) -> None:
        """Fetch no more; see ``leftover``."""
        super().close()
        if self._fetching is not None:
            self._fetching.cancel()

    def _begin(self) -> None:
        """Fetch if little is left."""
        if len(self._messages) < self._low and not (self._fetching or self._closed):
            self._fetching = fetching = Deferred.fromCoroutine(self._fetch())
            fetching.addBoth(self._fetched)

    def _fetched(self, result: object) -> None:
        self._fetching = None
        if self._waiting:
            self._begin()

    async def _fetch(self) -> None:
        """Fetch until something came, whatever is in the way."""
        pause_s = FIRST_PAUSE_S
        while not self._closed:
            try:
                found = await self._parts.receive()
            except CancelledError:
                return
            except Exception as error:
                first = pause_s == FIRST_PAUSE_S
                _log.emit(
                    LogLevel.warn if first else LogLevel.debug,
                    "popping failed, next try in {pause_s:g} s: {error}",
                    pause_s=pause_s,
                    error=str(error),
                )
                await deferLater(self._parts.clock, pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            if found:
                self.put(found)
                return
