"""Several who wait for one Deferred."""

from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def follow(source: Deferred[T]) -> Deferred[T]:
    """Give a new Deferred that fires as *source* does; *source* can be followed again.

    A failure goes to the first follower only, those after it get None.
    """
    follower: Deferred[T] = Deferred()

    def pass_on(result: T | Failure) -> T | None:
        follower.callback(result)
        return None if isinstance(result, Failure) else result

    source.addBoth(pass_on)
    return follower
