import asyncio

from client_kit import FakeCluster

from twistedmq.aio import StartFrom, TopicReader


def test_a_topic_is_read_and_nothing_committed(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a", "b")

    async def main() -> list[bytes]:
        bodies = []
        async with TopicReader(
            "orders", start_from=StartFrom.FIRST, settings=cluster.settings()
        ) as reader:
            async for message in reader:
                bodies.append(message.body)
                if len(bodies) == 2:
                    break
        return bodies

    assert asyncio.run(main()) == [b"a", b"b"]
    assert not cluster.committed
