"""What traces and spans are told of a client.

A client without watchers does nothing of this.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from enum import IntEnum
from inspect import iscoroutine
from typing import Any, TypeVar

from msgspec import Struct
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.python.failure import Failure
from zope.interface import Interface

from twistedmq.client.consuming import LotHandler, Outcome, RetryLater
from twistedmq.client.message import Message, Receipt, ReceivedMessage
from twistedmq.client.packing import Parcel
from twistedmq.client.producer_rules import SendRules
from twistedmq.client.sending import SendParts, Stored
from twistedmq.client.session import Session
from twistedmq.protocol.command import Command

T = TypeVar("T")


class Returned(IntEnum):
    """What came of consuming messages; traces have these numbers."""

    SUCCESS = 0
    ERROR = 2
    """The user's function raised."""
    FAILED = 4
    """It asked to have them again."""


class WatchParts(Struct, frozen=True):
    """What a watcher is given of the client that it watches."""

    group: str
    is_producer: bool
    sending: SendParts
    """Routes, connections and clocks, by which it may send what it saw."""
    next_id: Callable[[], str]
    """Makes unique ids."""


class Watch:
    """Sees what one client does. What it does not want to see, it leaves as it is.

    Nothing in here may raise, nor wait.
    """

    def packing(self, message: Message, unique_id: str) -> Mapping[str, str]:
        """A message is about to be sent; gives properties to store with it."""
        return {}

    def sent(
        self, parcel: Parcel, result: Stored | Failure | None, took_s: float
    ) -> None:
        """A parcel was stored, or failed; None: it was handed over one-way."""

    def dropped(self, unique_ids: Iterable[str], failure: Failure) -> None:
        """Messages that were packed are not sent after all."""

    def ended(
        self,
        half: Receipt,
        message: Message | ReceivedMessage,
        outcome: int,
        *,
        asked: bool,
    ) -> None:
        """A transaction was ended: an ``Outcome``; *asked*: because a broker asked."""

    def recalled(self, topic: str, message_id: str, answer: Command) -> None:
        """A message was called back."""

    def consuming(self, messages: Sequence[ReceivedMessage]) -> Any:
        """The user's function is about to get *messages*; gives a token."""

    def inside(self, token: Any) -> AbstractContextManager[object]:
        """Give what is entered while the user's function is called."""
        return nullcontext()

    def consumed(self, token: Any, returned: Returned, error: object = None) -> None:
        """The user's function is done with what *token* stands for."""

    def close(self) -> Deferred[None]:
        """The client closes its connections when this fires."""
        return succeed(None)


class IWatcher(Interface):
    """Sees what clients send and consume: traces, spans, figures of your own."""

    def open(parts: WatchParts) -> Watch:
        """Give what watches one client; *parts* are what it may use of that."""


class Watches(Watch):
    """Several as one."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches

    def packing(self, message: Message, unique_id: str) -> Mapping[str, str]:
        """See Watch."""
        found: dict[str, str] = {}
        for watch in self._watches:
            found.update(watch.packing(message, unique_id))
        return found

    def sent(
        self, parcel: Parcel, result: Stored | Failure | None, took_s: float
    ) -> None:
        """See Watch."""
        for watch in self._watches:
            watch.sent(parcel, result, took_s)

    def dropped(self, unique_ids: Iterable[str], failure: Failure) -> None:
        """See Watch."""
        for watch in self._watches:
            watch.dropped(unique_ids, failure)

    def ended(
        self,
        half: Receipt,
        message: Message | ReceivedMessage,
        outcome: int,
        *,
        asked: bool,
    ) -> None:
        """See Watch."""
        for watch in self._watches:
            watch.ended(half, message, outcome, asked=asked)

    def recalled(self, topic: str, message_id: str, answer: Command) -> None:
        """See Watch."""
        for watch in self._watches:
            watch.recalled(topic, message_id, answer)

    def consuming(self, messages: Sequence[ReceivedMessage]) -> list[Any]:
        """See Watch."""
        return [watch.consuming(messages) for watch in self._watches]

    def inside(self, token: Any) -> AbstractContextManager[object]:
        """See Watch."""
        stack = ExitStack()
        for watch, each in zip(self._watches, token, strict=True):
            stack.enter_context(watch.inside(each))
        return stack

    def consumed(self, token: Any, returned: Returned, error: object = None) -> None:
        """See Watch."""
        for watch, each in zip(self._watches, token, strict=True):
            watch.consumed(each, returned, error)

    def close(self) -> Deferred[None]:
        """See Watch."""
        closing = DeferredList([watch.close() for watch in self._watches])
        return closing.addCallback(lambda _: None)


def open_watches(
    watchers: Sequence[IWatcher], group: str, session: Session, *, is_producer: bool
) -> Watch | None:
    """Have *watchers* look at a client; None where there are none."""
    sending = SendParts(
        SendRules(group),
        session.routes,
        session.pool,
        session.reactor,
        session.wall_ms,
    )
    parts = WatchParts(group, is_producer, sending, session.unique_ids())
    watches: list[Watch] = [watcher.open(parts) for watcher in watchers]
    if len(watches) > 1:
        return Watches(watches)
    return watches[0] if watches else None


def watched(handler: LotHandler, watch: Watch) -> LotHandler:
    """Have *watch* see what *handler* does with messages; gives what it gives."""

    def over(result: T, token: Any) -> T:
        error = result.value if isinstance(result, Failure) else None
        watch.consumed(token, _returned(error), error)
        return result

    async def awaited(work: Any, token: Any) -> object:
        # a coroutine round a coroutine, so that one sees from outside where it is
        try:
            with watch.inside(token):
                result: object = await work
        except BaseException as error:
            watch.consumed(token, _returned(error), error)
            raise
        watch.consumed(token, Returned.SUCCESS)
        return result

    def handle(lot: list[ReceivedMessage]) -> Outcome:
        token = watch.consuming(lot)
        try:
            with watch.inside(token):
                result = handler(lot)
        except Exception as error:
            watch.consumed(token, _returned(error), error)
            raise
        if iscoroutine(result):
            return awaited(result, token)
        if isinstance(result, Deferred):
            return result.addBoth(over, token)
        watch.consumed(token, Returned.SUCCESS)
        return result

    return handle


def _returned(error: object) -> Returned:
    if error is None:
        return Returned.SUCCESS
    return Returned.FAILED if isinstance(error, RetryLater) else Returned.ERROR
