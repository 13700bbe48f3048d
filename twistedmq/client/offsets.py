"""Where a group's progress is kept: at the broker, or in a file of this machine."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import BrokerNotFoundError, RefusedError
from twistedmq.client.interfaces import IOffsetStore
from twistedmq.client.routing import Routes
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.offsets import OffsetSerializeWrapper
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import FieldError
from twistedmq.remoting.errors import RemotingError
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.store.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")

Queues = frozenset[MessageQueue]

_log = Logger()


@implementer(IOffsetStore)
class BrokerOffsets:
    """Offsets of a group at the brokers, shared by all its members (clustering).

    Each broker is told of one queue after the other: a genuine broker that hears of a
    group's first offsets at the same time keeps only some of them.
    """

    def __init__(self, group: str, calls: BrokerCalls, routes: Routes) -> None:
        self._group = group
        self._calls = calls
        self._routes = routes

    def read(self, queue: MessageQueue) -> Deferred[int | None]:
        """Ask the queue's broker; fails if it cannot be asked."""
        return Deferred.fromCoroutine(self._read(queue))

    def write(self, offsets: Mapping[MessageQueue, int]) -> Deferred[Queues]:
        """Tell each queue's broker."""
        by_broker: dict[str, dict[MessageQueue, int]] = {}
        for queue, offset in offsets.items():
            by_broker.setdefault(queue.broker_name, {})[queue] = offset
        written = [self._write(name, mine) for name, mine in by_broker.items()]
        return gatherResults(written).addCallback(lambda all_: Queues().union(*all_))

    async def _read(self, queue: MessageQueue) -> int | None:
        address = self._routes.address(queue.broker_name)
        return await self._calls.committed(address, self._group, queue)

    @gives_deferred
    async def _write(
        self, broker_name: str, offsets: Mapping[MessageQueue, int]
    ) -> Queues:
        """Tell one broker, until it fails."""
        written = set()
        try:
            address = self._routes.address(broker_name)
            for queue, offset in offsets.items():
                await self._calls.commit(address, self._group, queue, offset)
                written.add(queue)
        except (RemotingError, RefusedError, BrokerNotFoundError) as error:
            _log.warn(
                "{group}: {count} offsets could not be committed at {broker}: {error}",
                group=self._group,
                count=len(offsets) - len(written),
                broker=broker_name,
                error=str(error),
            )
        return frozenset(written)


@implementer(IOffsetStore)
class FileOffsets:
    """Offsets in one JSON file of this machine, as genuine clients keep them
    (broadcasting).
    """

    def __init__(self, file: AtomicJsonFile) -> None:
        self._file = file
        raw = file.load(_read_table)
        self._offsets = _read_table(raw) if raw else {}

    def read(self, queue: MessageQueue) -> Deferred[int | None]:
        """Give what the file said at the start, or was written since."""
        return succeed(self._offsets.get(queue))

    def write(self, offsets: Mapping[MessageQueue, int]) -> Deferred[Queues]:
        """Replace the file."""
        self._offsets.update(offsets)
        data = loose_json.encode(OffsetSerializeWrapper(offset_table=self._offsets))
        written = frozenset(offsets)
        return self._file.save(data).addCallbacks(lambda _: written, _not_saved)


class ReactorThreads:
    """Workers in the reactor's own threads: a client has none of its own."""

    def __init__(self, reactor: IReactorThreads) -> None:
        self._reactor = reactor

    def run(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]:
        """Call *function* in a thread."""
        pool = self._reactor.getThreadPool()
        return deferToThreadPool(self._reactor, pool, function, *args, **kwargs)

    def stop(self) -> None:
        """Do nothing: the threads are the reactor's."""


def workers_of(reactor: object) -> Workers | None:
    """Give workers where *reactor* has threads, None where it is a clock of a test."""
    return ReactorThreads(reactor) if IReactorThreads.providedBy(reactor) else None


def open_file_offsets(
    directory: Path | None, instance: str, group: str, workers: Workers | None = None
) -> FileOffsets:
    """Open the file of a group under *directory*, laid out as genuine clients do."""
    folder = directory or Path.home() / ".rocketmq_offsets"
    path = folder / instance / group / "offsets.json"
    return FileOffsets(AtomicJsonFile(RealFiles(), path, workers))


def _read_table(raw: bytes) -> dict[MessageQueue, int]:
    try:
        return loose_json.decode(raw, type=OffsetSerializeWrapper).offset_table
    except FieldError as error:
        raise ValueError(str(error)) from error


def _not_saved(failure: Failure) -> Queues:
    failure.trap(OSError)
    _log.warn("the offsets cannot be saved: {why}", why=failure.getErrorMessage())
    return frozenset()
