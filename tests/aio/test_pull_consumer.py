import asyncio

from client_kit import FakeCluster

from twistedmq.aio import PullConsumer


def test_a_queue_is_read_and_progress_kept(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a", "b")

    async def main() -> list[bytes]:
        async with PullConsumer("audit", settings=cluster.settings()) as consumer:
            assert consumer.client_id
            [queue] = await consumer.queues("orders")
            offset = await consumer.committed(queue) or 0
            batch = await consumer.pull(queue, offset)
            await consumer.commit(queue, batch.next_offset)
            return [each.body for each in batch.messages]

    assert asyncio.run(main()) == [b"a", b"b"]
    assert list(cluster.committed.values()) == [2]
