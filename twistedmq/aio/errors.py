"""What can go wrong between a loop of asyncio and a client."""

from twistedmq.client.errors import ClientError


class LoopError(ClientError):
    """The base of the errors about event loops."""


class NoLoopError(LoopError):
    """No event loop runs in this thread."""

    def __init__(self, what: str) -> None:
        """Say *what* needs one."""
        super().__init__(
            f"{what} needs a running event loop: use it in a coroutine "
            "(in a web application, where it starts up)"
        )


class WrongLoopError(LoopError):
    """A client is used in another event loop than the one it was made in."""

    def __init__(self, what: str, *, closed: bool) -> None:
        """Say *what* it is; *closed*: its own loop has ended."""
        ended = ", which has ended" if closed else ""
        super().__init__(
            f"this {what} belongs to another event loop{ended}: "
            "make one in each loop (each asyncio.run, each thread)"
        )
        self.closed = closed


class ReactorInstalledError(LoopError):
    """Another global reactor is there; a process has one, and keeps it."""

    def __init__(self, reactor: str) -> None:
        """Keep the name of the class of that *reactor*."""
        super().__init__(
            f"a {reactor} is installed as the global reactor of this process, and not "
            "on the running loop: call attach(install=True) before anything imports "
            "twisted.internet.reactor, and in one loop only; attach() alone needs no "
            "global reactor"
        )
        self.reactor = reactor
