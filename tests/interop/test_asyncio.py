"""Our clients for asyncio, against the genuine broker and ours."""

import asyncio
from collections import Counter

from client_scenarios import Cluster, unique

from twistedmq.aio import (
    Admin,
    ClientSettings,
    Consumer,
    Message,
    Outcome,
    Producer,
    Receipt,
    ReceivedMessage,
    RetryLater,
    StartFrom,
)

NUMBER = 40
LIMIT_S = 40.0


class Shop:
    """A topic, a group, and what came out of them."""

    def __init__(self, namesrv: str) -> None:
        self.settings = ClientSettings(nameservers=namesrv, route_poll_s=1.0)
        self.topic, self.group = unique("T"), unique("C")
        self.seen: Counter[bytes] = Counter()
        self.failed: set[bytes] = set()
        self.done = asyncio.Event()

    async def open(self) -> None:
        async with Admin(settings=self.settings) as admin:
            await admin.topics.create(self.topic, queues=4)
            while self.topic not in await admin.topics.names():
                await asyncio.sleep(0.05)

    async def send(self) -> None:
        async with Producer(
            unique("P"), check=self.was_it_done, settings=self.settings, timeout_s=10
        ) as producer:
            await asyncio.gather(
                *[
                    producer.send(Message(self.topic, b"%d" % n, tag=f"T{n % 2}"))
                    for n in range(NUMBER)
                ]
            )
            half = Message(self.topic, b"half", tag="T0")
            receipt = await producer.send_in_transaction(half, self.work)
            assert receipt.outcome is Outcome.COMMIT

    async def work(self, half: Receipt) -> Outcome:
        await asyncio.sleep(0.01)
        return Outcome.COMMIT

    async def was_it_done(self, half: ReceivedMessage) -> Outcome:
        return Outcome.COMMIT

    async def consume(self, message: ReceivedMessage) -> None:
        await asyncio.sleep(0.01)
        if message.body == b"4" and message.body not in self.failed:
            self.failed.add(message.body)
            raise RetryLater(1)
        self.seen[message.body] += 1
        if len(self.seen) == NUMBER // 2 + 1:
            self.done.set()


async def scenario(namesrv: str) -> None:
    shop = Shop(namesrv)
    await shop.open()
    await shop.send()
    consumer = Consumer(
        shop.group,
        {shop.topic: "T0"},
        start_from=StartFrom.FIRST,
        settings=shop.settings,
    )
    running = asyncio.create_task(consumer.run(shop.consume))
    await asyncio.wait_for(shop.done.wait(), LIMIT_S)
    await consumer.close()
    await running
    even = {b"%d" % n for n in range(0, NUMBER, 2)}
    assert set(shop.seen) == even | {b"half"}
    assert shop.failed == {b"4"}
    # all of it was committed: nothing of it comes again
    async with Consumer(
        shop.group, {shop.topic: "T0"}, settings=shop.settings
    ) as again:
        messages = aiter(again)
        try:
            late = await asyncio.wait_for(anext(messages), 2)
        except TimeoutError:
            return
        raise AssertionError(late)


def test_sending_and_consuming_in_tasks(cluster: Cluster) -> None:
    asyncio.run(scenario(cluster.namesrv))
