"""Waiting for what may be there already."""

from typing import TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


async def settle(value: T | Deferred[T]) -> T:
    """Give *value*, waiting for it only if it is a Deferred.

    For requests of people and tools; sends and pulls do without coroutines.
    """
    return await value if isinstance(value, Deferred) else value
