"""The one place of the client that imports the global reactor, and only when asked."""

import sys
from typing import cast

from twisted.internet.interfaces import IReactorTime

from twistedmq.client.errors import AsyncioRunsError

Clock = IReactorTime
"""What the client needs of a reactor for its timers; ``task.Clock`` is one too."""


def pick_reactor(reactor: Clock | None = None) -> Clock:
    """Give *reactor*, or the global one where it is None.

    Raises:
        AsyncioRunsError: it would be the global one, but a loop of asyncio runs in this
            thread, on which that one does not stand.
    """
    if reactor is not None:
        return reactor
    _check_loop()
    from twisted.internet import reactor as installed  # noqa: PLC0415

    return cast("Clock", installed)


def _check_loop() -> None:
    """Raise where a loop runs and the global reactor is none, or another's."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    installed = sys.modules.get("twisted.internet.reactor")
    if getattr(installed, "_asyncioEventloop", None) is not loop:
        raise AsyncioRunsError
