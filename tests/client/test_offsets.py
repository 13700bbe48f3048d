from pathlib import Path

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.task import Clock
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twistedmq.client.interfaces import IOffsetStore
from twistedmq.client.offsets import BrokerOffsets, open_file_offsets, workers_of
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command

ONE, TWO = MessageQueue("T", "broker-0", 0), MessageQueue("T", "broker-0", 1)


@pytest.fixture
def at_broker(cluster: FakeCluster) -> BrokerOffsets:
    cluster.create("T")
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))
    return BrokerOffsets("G", session.calls, session.routes)


def test_both_provide_the_interface(at_broker: BrokerOffsets, tmp_path: Path) -> None:
    assert verifyObject(IOffsetStore, at_broker)
    assert verifyObject(IOffsetStore, open_file_offsets(tmp_path, "i", "G"))


def test_brokers_keep_offsets(at_broker: BrokerOffsets) -> None:
    assert result_of(at_broker.read(ONE)) is None
    assert result_of(at_broker.write({ONE: 5, TWO: 6})) == {ONE, TWO}
    assert result_of(at_broker.read(TWO)) == 6


def test_what_could_not_be_written_is_told(
    cluster: FakeCluster, at_broker: BrokerOffsets
) -> None:
    elsewhere = MessageQueue("T", "nobody", 0)
    assert result_of(at_broker.write({ONE: 5, elsewhere: 6})) == {ONE}
    cluster.refuse[RequestCode.UPDATE_CONSUMER_OFFSET] = ResponseCode.SYSTEM_BUSY, "no"
    assert result_of(at_broker.write({ONE: 5})) == frozenset()


def test_a_broker_hears_of_one_queue_after_the_other(
    cluster: FakeCluster, at_broker: BrokerOffsets, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow: Deferred[Command] = Deferred()
    answers = [slow, succeed(Command(code=0))]
    code = RequestCode.UPDATE_CONSUMER_OFFSET
    table = {**cluster._SERVED, code: lambda *_: answers.pop(0)}
    monkeypatch.setattr(cluster, "_SERVED", table)
    written = held(at_broker.write({ONE: 5, TWO: 6}))
    assert cluster.codes().count(code) == 1
    slow.callback(Command(code=0))
    assert written == [{ONE, TWO}]


def test_a_file_keeps_offsets_as_genuine_clients_do(tmp_path: Path) -> None:
    offsets = open_file_offsets(tmp_path, "host@DEFAULT", "G")
    assert result_of(offsets.read(ONE)) is None
    assert result_of(offsets.write({ONE: 5})) == {ONE}
    assert result_of(offsets.write({TWO: 7})) == {TWO}
    path = tmp_path / "host@DEFAULT" / "G" / "offsets.json"
    assert path.read_bytes().startswith(b'{"offsetTable":{{"brokerName":"broker-0"')
    again = open_file_offsets(tmp_path, "host@DEFAULT", "G")
    assert (result_of(again.read(ONE)), result_of(again.read(TWO))) == (5, 7)


def test_a_torn_file_is_replaced_by_its_backup(tmp_path: Path) -> None:
    offsets = open_file_offsets(tmp_path, "i", "G")
    result_of(offsets.write({ONE: 5}))
    result_of(offsets.write({ONE: 6}))
    (tmp_path / "i" / "G" / "offsets.json").write_bytes(b'{"offs')
    assert result_of(open_file_offsets(tmp_path, "i", "G").read(ONE)) == 5


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "i").write_bytes(b"in the way")
    offsets = open_file_offsets(tmp_path, "i", "G")
    assert result_of(offsets.write({ONE: 5})) == frozenset()


def test_the_home_directory_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    result_of(open_file_offsets(None, "i", "G").write({ONE: 5}))
    assert (tmp_path / ".rocketmq_offsets" / "i" / "G" / "offsets.json").exists()


@implementer(IReactorThreads)
class ThreadedReactor:
    """A reactor whose threads are this one."""

    def getThreadPool(self) -> ThreadPool:
        class Pool:
            def callInThreadWithCallback(self, told, function, *args):  # type: ignore[no-untyped-def]
                told(True, function(*args))

        return Pool()  # type: ignore[return-value]

    def callFromThread(self, function, *args):  # type: ignore[no-untyped-def]
        function(*args)

    def callInThread(self) -> None: ...

    def suggestThreadPoolSize(self) -> None: ...


def test_files_are_written_in_the_threads_of_the_reactor(tmp_path: Path) -> None:
    assert workers_of(Clock()) is None
    workers = workers_of(ThreadedReactor())
    assert workers is not None
    offsets = open_file_offsets(tmp_path, "i", "G", workers)
    assert result_of(offsets.write({ONE: 5})) == {ONE}
    workers.stop()
