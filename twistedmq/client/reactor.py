"""The one place of the client that imports the global reactor, and only when asked."""

from typing import cast

from twisted.internet.interfaces import IReactorTime

Clock = IReactorTime
"""What the client needs of a reactor for its timers; ``task.Clock`` is one too."""


def pick_reactor(reactor: Clock | None = None) -> Clock:
    """Give *reactor*, or the global one where it is None."""
    if reactor is not None:
        return reactor
    from twisted.internet import reactor as installed  # noqa: PLC0415

    return cast("Clock", installed)
