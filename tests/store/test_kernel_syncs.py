import ctypes
import errno
import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client_kit import held
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.store import kernel_syncs
from twistedmq.store.files_layer import OpenFile, RealFiles
from twistedmq.store.kernel_syncs import KernelSyncs
from twistedmq.store.platform import Capabilities


@implementer(IReactorFDSet)
class Reactor:
    """Knows who reads."""

    def __init__(self) -> None:
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.remove(reader)


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


def made(reactor: Reactor) -> KernelSyncs:
    try:
        return KernelSyncs(reactor)
    except OSError as error:
        pytest.skip(f"this system does not let us: {error}")


@pytest.fixture
def syncs(reactor: Reactor) -> Iterator[KernelSyncs]:
    syncs = made(reactor)
    yield syncs
    syncs.stop()


@pytest.fixture
def file(tmp_path: Path) -> OpenFile:
    return RealFiles().open(tmp_path / "log", create=True)


def wait(syncs: KernelSyncs) -> None:
    """Do what a reactor does."""
    readable, _, _ = select.select([syncs.fileno()], [], [], 30)
    assert readable
    syncs.doRead()


def test_a_file_is_synced_again_and_again(syncs: KernelSyncs, file: OpenFile) -> None:
    for number in range(3):
        file.write(b"record", number * 6)
        done = held(syncs.sync(file))
        wait(syncs)
        assert done == [None]


def test_the_reactor_waits_until_it_is_stopped(reactor: Reactor) -> None:
    syncs = made(reactor)
    assert reactor.readers == [syncs]
    event = syncs.fileno()
    syncs.stop()
    assert reactor.readers == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(event)


def test_an_end_of_what_runs_is_told_nobody_after_the_stop(
    reactor: Reactor, file: OpenFile
) -> None:
    syncs = made(reactor)
    done = held(syncs.sync(file))
    syncs.stop()
    assert done == []


def test_one_sync_runs_at_a_time(syncs: KernelSyncs, file: OpenFile) -> None:
    syncs.sync(file)
    with pytest.raises(RuntimeError, match="a sync is running"):
        syncs.sync(file)


def test_being_woken_for_nothing_does_no_harm(
    syncs: KernelSyncs, file: OpenFile
) -> None:
    syncs.doRead()
    done = held(syncs.sync(file))
    wait(syncs)
    syncs.doRead()
    assert done == [None]


def test_what_cannot_be_synced_is_said_at_once(syncs: KernelSyncs) -> None:
    class Pipe:
        path = Path("pipe")

        def __init__(self) -> None:
            self.ends = os.pipe()

        def fileno(self) -> int:
            return self.ends[1]

    pipe = Pipe()
    with pytest.raises(OSError, match="Invalid argument"):
        syncs.sync(pipe)
    for end in pipe.ends:
        os.close(end)


def give_result(result: int) -> Callable[..., int]:
    def get_events(_context: Any, _least: Any, _most: Any, event: Any, _t: Any) -> int:
        packed = kernel_syncs._IO_EVENT.pack(0, 0, result, 0)
        ctypes.memmove(event, packed, len(packed))
        return 1

    return get_events


@pytest.mark.skipif(not hasattr(os, "eventfd"), reason="Linux has it")
def test_what_the_disk_refused_is_told_with_the_file(
    monkeypatch: pytest.MonkeyPatch, reactor: Reactor, file: OpenFile
) -> None:
    def submit(*_args: Any) -> int:
        os.eventfd_write(syncs.fileno(), 1)
        return 1

    calls = kernel_syncs._Calls(
        lambda *_: 0, lambda *_: 0, give_result(-errno.EIO), submit
    )
    monkeypatch.setattr(kernel_syncs, "_calls", lambda: calls)
    syncs = KernelSyncs(reactor)
    failures: list[Any] = []
    done: Deferred[None] = syncs.sync(file)
    done.addErrback(failures.append)
    wait(syncs)
    assert failures[0].check(OSError)
    assert failures[0].value.errno == errno.EIO
    assert failures[0].value.filename.endswith("log")
    syncs.stop()


@pytest.mark.skipif(not hasattr(os, "eventfd"), reason="Linux has it")
def test_where_it_is_forbidden_nothing_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, reactor: Reactor
) -> None:
    def forbidden(*_args: Any) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    events: list[int] = []
    eventfd = os.eventfd
    calls = kernel_syncs._Calls(forbidden, forbidden, forbidden, forbidden)
    monkeypatch.setattr(kernel_syncs, "_calls", lambda: calls)
    monkeypatch.setattr(
        os, "eventfd", lambda *a: events.append(eventfd(*a)) or events[-1]
    )
    assert RealFiles(Capabilities.detect()).kernel_syncs(reactor) is None
    with pytest.raises(PermissionError):
        KernelSyncs(reactor)
    assert reactor.readers == []
    for number in events:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(number)


def test_without_the_reactor_nothing_is_synced(
    syncs: KernelSyncs, file: OpenFile
) -> None:
    failures: list[Any] = []
    done: Deferred[None] = syncs.sync(file)
    done.addErrback(failures.append)
    syncs.connectionLost(Failure(ConnectionDone()))
    assert failures[0].check(OSError)
    with pytest.raises(OSError, match="does not wait"):
        syncs.sync(file)


def test_without_the_calls_it_is_said(
    monkeypatch: pytest.MonkeyPatch, reactor: Reactor
) -> None:
    monkeypatch.setattr(kernel_syncs, "_calls", lambda: None)
    assert not kernel_syncs.is_available()
    with pytest.raises(OSError, match="not implemented"):
        KernelSyncs(reactor)
    assert RealFiles().kernel_syncs(reactor) is None


def test_a_reactor_that_waits_for_no_file_has_none() -> None:
    assert RealFiles().kernel_syncs(Clock()) is None


def test_the_ordinary_path_has_none(reactor: Reactor) -> None:
    assert RealFiles(Capabilities.ordinary()).kernel_syncs(reactor) is None


def test_files_give_one_for_a_reactor(syncs: KernelSyncs) -> None:
    reactor = Reactor()
    if not Capabilities.detect().kernel_syncs:
        pytest.skip("switched off")
    given = RealFiles().kernel_syncs(reactor)
    assert reactor.readers == [given]
    assert given is not None
    given.stop()
