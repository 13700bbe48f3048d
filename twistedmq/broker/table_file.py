"""A table of named entries in one JSON file, written again as little as possible.

Each entry is kept encoded; a change encodes that entry alone. Changes that come
together are written together, and one write follows another, in a thread.
"""

from collections.abc import Callable
from typing import Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.protocol.errors import ServiceUnavailableError

RETRY_S: Final = 5.0
"""How long after a failed write the next one is tried."""


class JsonFile(Protocol):
    """What is used of ``twistedmq.store.json_file.AtomicJsonFile``."""

    def save(self, data: bytes) -> Deferred[None]:
        """Put *data* in the place of what the file holds."""


class TableFile:
    """Writes a table after it has changed.

    Args:
        clock: puts a write after all changes of the same turn.
        file: where the table goes.
        head: gives the members in front of the table, as JSON without braces; b"" if
            there are none.
        name: what the member with the table is called.
        entry: gives an entry as JSON, None for one that is no more.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        file: JsonFile,
        head: Callable[[], bytes],
        name: str,
        entry: Callable[[str], bytes | None],
    ) -> None:
        self._clock = clock
        self._file = file
        self._head = head
        self._name = name.encode()
        self._entry = entry
        self._fragments: dict[str, bytes] = {}
        self._dirty: set[str] = set()
        self._call: IDelayedCall | None = None
        self._writing = False
        self._waiting: list[Deferred[None]] = []
        self._in_flight: list[Deferred[None]] = []

    def prime(self, name: str) -> None:
        """Take in an entry that is in the file already."""
        self._put(name)

    def changed(self, name: str) -> None:
        """Be told that the entry *name* is other than before, or no more."""
        self._dirty.add(name)
        self._schedule(0)

    def saved(self) -> Deferred[None] | None:
        """None if every change is in the file; else fires once those so far are.

        Fails with ServiceUnavailableError where the file cannot be written; that is
        tried again all the same.
        """
        if self._dirty:
            waiting = self._waiting
        elif self._writing:
            waiting = self._in_flight
        else:
            return None
        fires: Deferred[None] = Deferred()
        waiting.append(fires)
        return fires

    def encoded(self) -> bytes:
        """Give the whole file."""
        for name in self._dirty:
            self._put(name)
        self._dirty.clear()
        entries = b",\n".join(self._fragments.values())
        head = self._head()
        front = head + b",\n" if head else b""
        return b"{%b%b:{\n%b\n}}\n" % (front, _key(self._name), entries)

    def _put(self, name: str) -> None:
        fragment = self._entry(name)
        if fragment is None:
            self._fragments.pop(name, None)
        else:
            self._fragments[name] = _key(name.encode()) + b":" + fragment

    def _schedule(self, delay_s: float) -> None:
        if self._call is None and not self._writing:
            self._call = self._clock.callLater(delay_s, self._write)

    def _write(self) -> None:
        self._call = None
        self._writing = True
        tried = set(self._dirty)
        self._in_flight, self._waiting = self._waiting, []
        written = self._file.save(self.encoded())
        written.addCallbacks(self._written, self._failed, errbackArgs=(tried,))

    def _written(self, _: None) -> None:
        self._writing = False
        waiting, self._in_flight = self._in_flight, []
        if self._dirty:
            self._schedule(0)
        for fires in waiting:
            fires.callback(None)

    def _failed(self, failure: Failure, tried: set[str]) -> None:
        self._writing = False
        waiting, self._in_flight = self._in_flight, []
        self._dirty |= tried
        self._schedule(RETRY_S)
        reason = f"{self._name.decode()} could not be saved: {failure.value}"
        self._log.error("{reason}", reason=reason)
        for fires in waiting:
            fires.errback(ServiceUnavailableError(reason))


def _key(name: bytes) -> bytes:
    return b'"%b"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
