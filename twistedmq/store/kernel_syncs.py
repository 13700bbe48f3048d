"""Syncs files without a thread of ours: Linux does it, and says when it is done.

A thread waits for the interpreter before it can ask the disk, and again before it can
say that the disk has answered. Where the disk is quick that takes as long as the sync.
This is ``io_submit`` with ``IOCB_CMD_FDSYNC`` (Linux 4.18), and an eventfd that the
reactor waits for like for any connection.
"""

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from struct import Struct
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

_NUMBERS: Final = {"x86_64": (206, 207, 208, 209), "aarch64": (0, 1, 4, 2)}
"""Of io_setup, io_destroy, io_getevents, io_submit; the C library has none of them."""

_IOCB: Final = Struct("<QIIHhIQQqQII")
"""struct iocb: data, key, flags, opcode, priority, descriptor, buffer, count, offset,
one that is reserved, more flags, descriptor of the event."""
_IO_EVENT: Final = Struct("<QQqq")
"""struct io_event: data, control block, result, a second result."""
_FDSYNC: Final = 3
_TELLS_EVENT: Final = 1
_ONE: Final = ctypes.c_long(1)
_NONE: Final = ctypes.c_long(0)


class _Calls(NamedTuple):
    setup: Callable[..., int]
    destroy: Callable[..., int]
    get_events: Callable[..., int]
    submit: Callable[..., int]


class SystemFile(Protocol):
    """A file that the system knows by a number."""

    @property
    def path(self) -> Path:
        """Where it is."""

    def fileno(self) -> int:
        """Give that number."""


@cache
def _calls() -> _Calls | None:
    """Find the system calls; None where there are none."""
    numbers = _NUMBERS.get(platform.machine())
    if not (sys.platform.startswith("linux") and numbers and sys.maxsize > 1 << 32):
        return None
    if not hasattr(os, "eventfd"):
        return None
    # Only the second waits, and then the interpreter may do something else.
    quick: Any = ctypes.PyDLL(None, use_errno=True).syscall
    slow: Any = ctypes.CDLL(None, use_errno=True).syscall
    quick.restype = slow.restype = ctypes.c_long

    def call(function: Any, number: int) -> Callable[..., int]:
        given = ctypes.c_long(number)

        def checked(*args: Any) -> int:
            result: int = function(given, *args)
            if result < 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code))
            return result

        return checked

    setup, destroy, get_events, submit = numbers
    return _Calls(
        call(quick, setup),
        call(slow, destroy),
        call(quick, get_events),
        call(quick, submit),
    )


def is_available() -> bool:
    """Say whether this platform may have it; a sandbox can still forbid it."""
    return _calls() is not None


@implementer(IReadDescriptor)
class KernelSyncs:
    """Syncs one file at a time."""

    def __init__(self, reactor: Any) -> None:
        """Have *reactor* (IReactorFDSet) wait for the event.

        Raises:
            OSError: the system does not have it, does not let us, or has given all
                there are (``fs.aio-max-nr``) to others.
        """
        calls = _calls()
        if calls is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        self._calls = calls
        self._reactor = reactor
        self._context = ctypes.c_ulong(0)
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        try:
            calls.setup(_ONE, ctypes.byref(self._context))
        except OSError:
            os.close(self._event)
            raise
        self._block = ctypes.create_string_buffer(_IOCB.size)
        self._blocks = (ctypes.c_void_p * 1)(ctypes.addressof(self._block))
        self._result = ctypes.create_string_buffer(_IO_EVENT.size)
        self._running: tuple[Deferred[None], Path] | None = None
        self._is_deaf = False
        reactor.addReader(self)

    def sync(self, file: SystemFile) -> Deferred[None]:
        """Fires when everything written to *file* is on the disk; else fails: OSError.

        Raises:
            OSError: it could not even begin.
        """
        if self._running is not None:
            raise RuntimeError("a sync is running")
        if self._is_deaf:
            raise OSError(errno.ECANCELED, "the reactor does not wait for syncs")
        number, event = file.fileno(), self._event
        block = 0, 0, 0, _FDSYNC, 0, number, 0, 0, 0, 0, _TELLS_EVENT, event
        _IOCB.pack_into(self._block, 0, *block)
        self._calls.submit(self._context, _ONE, self._blocks)
        os.sched_yield()  # a thread of the kernel, on this processor, goes to the disk
        done: Deferred[None] = Deferred()
        self._running = done, file.path
        return done

    def stop(self) -> None:
        """Wait for what runs, of which nobody is told any more."""
        self._reactor.removeReader(self)
        self._running = None
        self._calls.destroy(self._context)
        os.close(self._event)

    # IReadDescriptor

    def fileno(self) -> int:
        """Give what the reactor waits for."""
        return self._event

    def doRead(self) -> None:
        """Tell who waits for the sync."""
        try:
            os.eventfd_read(self._event)
            count = self._calls.get_events(
                self._context, _NONE, _ONE, self._result, None
            )
        except BlockingIOError:
            return
        if count:
            self._tell(-_IO_EVENT.unpack(self._result)[2])

    def _tell(self, code: int) -> None:
        """Say how the sync ended: 0, or the number of an error."""
        if self._running is None:
            return
        (done, path), self._running = self._running, None
        if code:
            done.errback(Failure(OSError(code, os.strerror(code), str(path))))
        else:
            done.callback(None)

    def connectionLost(self, reason: Failure) -> None:
        """Fail what runs: the reactor ends, or could not ask how a sync ended."""
        self._is_deaf = True
        self._tell(errno.ECANCELED)

    def logPrefix(self) -> str:
        """Name it in logs."""
        return "syncs"
