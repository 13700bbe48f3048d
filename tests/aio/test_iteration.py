import asyncio

import pytest
from client_kit import received

from twistedmq.aio.errors import WrongLoopError
from twistedmq.aio.iteration import AT_A_TIME, Iteration
from twistedmq.client.inbox import Inbox
from twistedmq.client.iteration import Iteration as CoreIteration
from twistedmq.client.message import ReceivedMessage


class Loop:
    """One iteration, what is put into it, and what is acked."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.acked: list[bytes] = []
        self.iteration = Iteration(CoreIteration(self.inbox, self._ack))

    def _ack(self, message: ReceivedMessage) -> None:
        self.acked.append(message.body)

    async def next(self) -> bytes:
        return (await self.iteration.__anext__()).body


def test_asking_for_the_next_acks_the_one_before() -> None:
    async def main() -> None:
        loop = Loop()
        loop.inbox.put([received("a")])
        asyncio.get_running_loop().call_later(0.01, loop.inbox.put, [received("b")])
        seen = []
        async for message in loop.iteration:
            seen.append(message.body)
            assert loop.acked == seen[:-1]
            if message.body == b"b":
                loop.inbox.close()
        assert seen == [b"a", b"b"]

    asyncio.run(main())


def test_giving_up_waiting_loses_nothing() -> None:
    async def main() -> None:
        loop = Loop()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await loop.next()
        loop.inbox.put([received("a")])
        assert await loop.next() == b"a"

    asyncio.run(main())


def test_a_cancel_in_the_moment_of_arrival_loses_nothing() -> None:
    async def main() -> None:
        loop = Loop()
        task = asyncio.ensure_future(loop.next())
        await asyncio.sleep(0)
        loop.inbox.put([received("a")])  # the task is woken up, but has not run yet
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert loop.acked == []
        assert await loop.next() == b"a"
        assert loop.acked == []

    asyncio.run(main())


def test_others_get_their_turn_although_there_is_always_a_next_message() -> None:
    async def main() -> int:
        loop = Loop()
        loop.inbox.put([received("x") for _ in range(AT_A_TIME * 3)])
        seen = 0
        asyncio.get_running_loop().call_soon(loop.inbox.close)
        async for _ in loop.iteration:
            seen += 1
        return seen

    assert asyncio.run(main()) < AT_A_TIME * 2


def test_another_loop_is_told() -> None:
    async def make() -> Loop:
        return Loop()

    loop = asyncio.run(make())
    with pytest.raises(WrongLoopError):
        asyncio.run(loop.next())
