import asyncio

import pytest
from client_kit import FakeCluster

from twistedmq.aio import (
    Message,
    MessageQueue,
    Outcome,
    Producer,
    Receipt,
    ReceivedMessage,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command


def test_a_send_gives_the_receipt(cluster: FakeCluster) -> None:
    async def main() -> Receipt:
        async with Producer("shop", settings=cluster.settings()) as producer:
            assert producer.client_id
            return await producer.send(Message("orders", b"hello", tag="new"))

    receipt = asyncio.run(main())
    assert receipt.queue.topic == "orders"
    assert cluster.bodies("orders") == [b"hello"]


def test_many_sends_are_under_way_together(cluster: FakeCluster) -> None:
    async def main() -> None:
        async with Producer(settings=cluster.settings()) as producer:
            sends = [producer.send(Message("T", b"%d" % n)) for n in range(10)]
            receipts = await asyncio.gather(*sends)
            assert len({each.message_id for each in receipts}) == 10
            await producer.send_batch([Message("T", b"a"), Message("T", b"b")])
            await producer.send_one_way(Message("T", b"c"))
            assert len(await producer.queues("T")) == 4

    asyncio.run(main())
    assert len(cluster.bodies("T")) == 13


def test_cancelling_gives_the_send_up(cluster: FakeCluster) -> None:
    cluster.create("T")
    queue = MessageQueue("T", "broker-0", 0)

    async def main() -> None:
        async with Producer(settings=cluster.settings()) as producer:
            await producer.queues("T")
            cluster.refuse[310] = (2, "busy")
            cluster.down.update(cluster.addresses.values())
            sending = asyncio.ensure_future(wait(producer))
            await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            cluster.down.clear()
            cluster.refuse.clear()
        # closing did not wait for it

    async def wait(producer: Producer) -> None:
        await producer.send(Message("T", b"x"))

    asyncio.run(main())
    assert not cluster.records[queue]


def test_the_work_of_a_transaction_runs_as_a_task(cluster: FakeCluster) -> None:
    cluster.serve[RequestCode.END_TRANSACTION] = lambda *_: Command(code=0)
    worked: list[str] = []

    async def work(half: Receipt) -> Outcome:
        await asyncio.sleep(0)
        worked.append(half.message_id)
        return Outcome.COMMIT

    async def check(message: ReceivedMessage) -> Outcome:
        return Outcome.UNKNOWN

    async def main() -> None:
        async with Producer(check=check, settings=cluster.settings()) as producer:
            receipt = await producer.send_in_transaction(Message("T", b"x"), work)
            assert receipt.outcome is Outcome.COMMIT
            assert worked == [receipt.message_id]

    asyncio.run(main())
