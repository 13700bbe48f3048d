"""Waiting for what may be there already."""

from typing import TypeVar

from twisted.internet.defer import Deferred

from twistedmq.protocol.command import Reply

T = TypeVar("T")


async def settle(value: T | Deferred[T]) -> T:
    """Give *value*, waiting for it only if it is a Deferred.

    For requests of people and tools; sends and pulls do without coroutines.
    """
    return await value if isinstance(value, Deferred) else value


def done_once(saved: Deferred[None] | None) -> Reply | Deferred[Reply]:
    """Answer that all went well: at once, or once *saved* has fired."""
    return Reply() if saved is None else saved.addCallback(lambda _: Reply())
