"""The door through which a store is told what to delete."""

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from zope.interface import Interface


class IRetention(Interface):
    """What a store deletes by itself, and on request. Implemented beside IMessageStore
    by stores that do not keep everything.

    Messages expire by age, by how full the disk is, and by the settings that say so
    (``fileReservedTime`` and its neighbours). What expired is gone from the beginning
    of a queue: its minimum rises, its maximum stays. Called in the reactor thread;
    ``reserve`` at any time, the others once the store is ready.
    """

    def expire_now() -> None:
        """Begin to delete what has expired by age, at whatever hour; goes on in the
        background until there is no more of it.
        """

    def forget_expired_queues(
        keeps: Callable[[str, int], bool],
    ) -> Deferred[int]:
        """Forget the queues that no longer have any message, but those of which *keeps*
        (topic, queue id) says that they are in use: a forgotten one begins anew at 0.

        Fires with how many were forgotten.
        """

    def reserve(hours: Callable[[], Mapping[str, int]]) -> None:
        """Have messages of some topics expire earlier than all others.

        *hours*, called from time to time, gives after how many hours, by topic. Only
        the beginning of their queues moves; a store may free the space much later.
        """
