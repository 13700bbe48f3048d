import asyncio

import pytest
from client_kit import FakeCluster
from twisted.internet.task import Clock

from twistedmq.aio import Consumer, ReceivedMessage, StartFrom


def billing(cluster: FakeCluster, **more: int) -> Consumer:
    return Consumer(
        "billing",
        {"orders": "*"},
        start_from=StartFrom.FIRST,
        settings=cluster.settings(),
        **more,
    )


async def pumped(clock: Clock, turns: int = 10) -> None:
    """Let tasks and the clock have their turns."""
    for _ in range(turns):
        await asyncio.sleep(0)
        clock.advance(0.0)


def committed(cluster: FakeCluster) -> int:
    return sum(
        offset
        for (_, queue), offset in cluster.committed.items()
        if queue.topic == "orders"
    )


def test_a_loop_reads_and_the_clean_exit_acks_the_last(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a", "b", "c")

    async def main() -> list[bytes]:
        bodies = []
        async with billing(cluster) as consumer:
            assert [each.topic for each in consumer.queues if each.topic == "orders"]
            async for message in consumer:
                bodies.append(message.body)
                if len(bodies) == 2:
                    break
        return bodies

    assert asyncio.run(main()) == [b"a", b"b"]
    assert committed(cluster) == 2


def test_an_error_in_the_loop_does_not_ack(cluster: FakeCluster) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a", "b")

    async def main() -> None:
        async with billing(cluster) as consumer:
            async for message in consumer:
                if message.body == b"b":
                    raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(main())
    assert committed(cluster) == 1


def test_run_has_tasks_work_side_by_side(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", *"abcdef")
    in_work: list[int] = []
    most = 0
    go_on: asyncio.Event

    async def consume(message: ReceivedMessage) -> None:
        nonlocal most
        in_work.append(message.queue_offset)
        most = max(most, len(in_work))
        await go_on.wait()
        in_work.remove(message.queue_offset)

    async def main() -> None:
        nonlocal go_on
        go_on = asyncio.Event()
        consumer = billing(cluster, concurrency=3)
        running = asyncio.ensure_future(consumer.run(consume))
        await pumped(clock)
        assert most == 3
        go_on.set()
        while committed(cluster) < 6:
            await asyncio.sleep(0)
            clock.advance(1)
        await consumer.close()
        await running

    asyncio.run(main())
    assert most == 3


def test_a_task_that_fails_has_its_message_come_again(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a")
    times: list[int] = []

    async def consume(message: ReceivedMessage) -> None:
        await asyncio.sleep(0)
        times.append(message.reconsume_times)
        if not message.reconsume_times:
            raise LookupError("not yet")

    async def main() -> None:
        consumer = billing(cluster)
        running = asyncio.ensure_future(consumer.run(consume))
        while len(times) < 2:
            await asyncio.sleep(0)
            clock.advance(1)
        await consumer.close()
        await running

    asyncio.run(main())
    assert times == [0, 1]


def test_who_cancels_a_run_finds_all_finished_and_committed(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a")
    go_on = asyncio.Event()

    async def consume(message: ReceivedMessage) -> None:
        await go_on.wait()

    async def main() -> None:
        running = asyncio.ensure_future(billing(cluster).run(consume))
        await pumped(clock)
        running.cancel()
        await pumped(clock)
        assert not running.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert committed(cluster) == 1
    assert not cluster.members["billing"]


def test_by_hand(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a", "b")

    async def main() -> None:
        consumer = await billing(cluster).start()
        messages = aiter(consumer)
        first = await anext(messages)
        assert consumer.ack(first)
        second = await anext(messages)
        assert await consumer.retry_later(second, 3)
        await consumer.close()
        with pytest.raises(StopAsyncIteration):
            await anext(messages)

    asyncio.run(main())
    assert [each.delay_level for each in cluster.given_back] == [3]
    assert committed(cluster) == 2


def test_batches(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", *"abcde")
    lots: list[list[bytes]] = []

    async def consume(messages: list[ReceivedMessage]) -> None:
        await asyncio.sleep(0)
        lots.append([each.body for each in messages])

    async def main() -> None:
        consumer = billing(cluster, concurrency=1)
        running = asyncio.ensure_future(consumer.run_batches(consume, size=3))
        while sum(map(len, lots)) < 5:
            await pumped(clock)
        await consumer.close()
        await running

    asyncio.run(main())
    assert [len(each) for each in lots] == [3, 2]


def test_where_a_task_waits_can_be_seen(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("orders", queues=1)
    cluster.put("orders", "a")

    async def charge(paid: asyncio.Event) -> None:
        await paid.wait()

    async def main() -> str:
        paid = asyncio.Event()

        async def consume(message: ReceivedMessage) -> None:
            await charge(paid)

        consumer = billing(cluster)
        run = asyncio.create_task(consumer.run(consume))
        await pumped(clock)
        clock.advance(3)
        told = consumer._core._stacks()
        paid.set()
        await consumer.close()
        await run
        return told

    [told] = [part for part in asyncio.run(main()).split("\n\n") if "orders" in part]
    lines = told.splitlines()
    assert lines[0].endswith("in work for 3.0 s")
    places = [line.rpartition(" in ")[2] for line in lines if ", line " in line]
    assert places == ["consume", "charge", "wait"]
