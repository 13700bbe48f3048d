"""Tests of a program on asyncio; with pytest-asyncio they would be coroutines."""

import asyncio
from datetime import timedelta

from twistedmq import Message, aio
from twistedmq.testing import Cluster


def test_a_reminder_comes_after_an_hour(rmq_cluster: Cluster) -> None:
    """A task may move the clock: an hour takes a moment."""

    async def story() -> bytes:
        async with rmq_cluster.make(aio.Producer, "shop") as producer:
            await producer.send(Message("reminders", b"pay", delay_s=3600))
        rmq_cluster.advance(timedelta(hours=1, seconds=2))
        consumer = rmq_cluster.make(aio.SimpleConsumer, "app", {"reminders": "*"})
        async with consumer:
            async for message in consumer:
                return message.body
        return b""

    assert asyncio.run(story()) == b"pay"
