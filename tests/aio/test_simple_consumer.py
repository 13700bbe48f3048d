import asyncio

from pop_cluster import PopCluster
from twisted.internet.task import Clock

from twistedmq.aio import SimpleConsumer, StartFrom


def test_messages_are_received_and_acknowledged() -> None:
    cluster = PopCluster(Clock())
    cluster.create("T", queues=1)
    cluster.put("T", "a", "b")

    async def main() -> list[bytes]:
        async with SimpleConsumer(
            "G", {"T": "*"}, start_from=StartFrom.FIRST, settings=cluster.settings()
        ) as consumer:
            assert consumer.client_id
            messages = await consumer.receive(await_s=0)
            acked = [consumer.ack(message) for message in messages]
            cluster.clock.advance(0)
            await asyncio.gather(*acked)
            return [message.body for message in messages]

    assert asyncio.run(main()) == [b"a", b"b"]


def test_a_loop() -> None:
    cluster = PopCluster(Clock())
    cluster.create("T", queues=1)
    cluster.put("T", "a")

    async def main() -> bytes:
        async with SimpleConsumer(
            "G", {"T": "*"}, start_from=StartFrom.FIRST, settings=cluster.settings()
        ) as consumer:
            body = await asyncio.wait_for(first_of(consumer), 5)
            asyncio.get_running_loop().call_soon(cluster.clock.advance, 0)
        return body

    async def first_of(consumer: SimpleConsumer) -> bytes:
        async for message in consumer:
            return message.body
        raise AssertionError

    assert asyncio.run(main()) == b"a"
