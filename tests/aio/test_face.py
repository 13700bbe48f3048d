import asyncio
import inspect
import os

import pytest
from client_kit import FakeCluster

from twistedmq.aio import Message, NoLoopError, Producer, WrongLoopError
from twistedmq.client.errors import NoNameServerError, NotRunningError
from twistedmq.client.producer import Producer as Core
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.remoting.errors import ForkedError


async def started(cluster: FakeCluster) -> Producer:
    return await Producer(settings=cluster.settings()).start()


def test_a_client_is_started_and_closed_by_hand(cluster: FakeCluster) -> None:
    async def main() -> None:
        producer = await started(cluster)
        await producer.send(Message("T", b"x"))
        await producer.close()
        await producer.close()
        with pytest.raises(NotRunningError):
            await producer.send(Message("T", b"x"))

    asyncio.run(main())
    assert cluster.closed == 1


def test_leaving_the_block_closes_also_by_an_error(cluster: FakeCluster) -> None:
    async def main() -> None:
        async with Producer(settings=cluster.settings()):
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(main())
    assert cluster.closed == 1


def test_leaving_the_block_by_a_cancel_closes_all_the_same(
    cluster: FakeCluster,
) -> None:
    async def main(entered: asyncio.Event) -> None:
        async with Producer(settings=cluster.settings()):
            entered.set()
            await asyncio.Event().wait()  # for ever

    async def cancelled() -> None:
        entered = asyncio.Event()
        task = asyncio.ensure_future(main(entered))
        await entered.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert cluster.closed == 1


def test_it_takes_what_the_core_takes_and_says_what_the_core_says() -> None:
    assert inspect.signature(Producer) == inspect.signature(Core)
    assert inspect.signature(Producer.send) == inspect.signature(Core.send)
    assert Producer.send.__doc__ == Core.send.__doc__


def test_errors_of_making_are_those_of_the_core(cluster: FakeCluster) -> None:
    async def main() -> None:
        with pytest.raises(MessageIllegalError):
            Producer("no good", settings=cluster.settings())
        with pytest.raises(NoNameServerError):
            Producer(nameservers="::::")

    asyncio.run(main())


def test_without_a_loop_it_is_said_what_to_do(cluster: FakeCluster) -> None:
    with pytest.raises(NoLoopError, match="Producer needs a running event loop"):
        Producer(settings=cluster.settings())


def test_another_loop_is_told(cluster: FakeCluster) -> None:
    producer = asyncio.run(started(cluster))

    async def main() -> None:
        with pytest.raises(WrongLoopError, match="which has ended") as told:
            await producer.send(Message("T", b"x"))
        assert told.value.closed

    asyncio.run(main())
    with pytest.raises(NoLoopError):
        producer.send(Message("T", b"x"))


def test_a_forked_process_is_told(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = asyncio.run(started(cluster))
    pid = os.getpid()
    monkeypatch.setattr("twistedmq.aio.face.os.getpid", lambda: pid + 1)
    with pytest.raises(ForkedError):
        asyncio.run(producer.close())
