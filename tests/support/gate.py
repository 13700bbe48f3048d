"""Where a thread waits until the test has seen what it does meanwhile."""

from threading import Event

PATIENCE_S = 20


class Gate:
    """Closed at first; once open it stays so."""

    def __init__(self) -> None:
        self._reached, self._opened = Event(), Event()

    @property
    def is_reached(self) -> bool:
        """Whether somebody waits, or has waited."""
        return self._reached.is_set()

    def go_through(self) -> None:
        """Wait until it is open, or the test has forgotten."""
        self._reached.set()
        self._opened.wait(PATIENCE_S)

    def wait_reached(self) -> None:
        """Return once somebody waits."""
        assert self._reached.wait(PATIENCE_S)

    def open(self) -> None:
        """Let through who waits, and everybody from now on."""
        self._opened.set()
