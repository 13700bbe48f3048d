import asyncio

import pytest
from client_kit import FakeCluster

from twistedmq.aio import LitePullConsumer, StartFrom


def polling(cluster: FakeCluster) -> LitePullConsumer:
    return LitePullConsumer(
        "audit",
        {"orders": "*"},
        start_from=StartFrom.FIRST,
        settings=cluster.settings(),
    )


def test_messages_are_polled_and_committed(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a", "b")

    async def main() -> None:
        async with polling(cluster) as consumer:
            assert consumer.client_id
            [queue] = [each for each in consumer.assignment if each.topic == "orders"]
            assert [each.body for each in await consumer.poll()] == [b"a", b"b"]
            consumer.pause(queue)
            assert queue in consumer.paused
            consumer.resume(queue)
            await consumer.commit()

    asyncio.run(main())
    assert 2 in cluster.committed.values()


def test_a_poll_that_is_cancelled_when_something_comes_loses_nothing(
    cluster: FakeCluster,
) -> None:
    cluster.create("orders", queues=1)

    async def main() -> list[bytes]:
        async with polling(cluster) as consumer:
            waiting = asyncio.ensure_future(consumer.poll())
            await asyncio.sleep(0)
            cluster.put("orders", "a", "b")
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return [each.body for each in await consumer.poll()]

    assert asyncio.run(main()) == [b"a", b"b"]


def test_a_loop(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a")

    async def main() -> bytes:
        async with polling(cluster) as consumer:
            async for message in consumer:
                return message.body
        raise AssertionError

    assert asyncio.run(main()) == b"a"
