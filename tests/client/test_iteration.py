from client_kit import held, received
from twisted.internet.defer import Deferred

from twistedmq.client.inbox import Inbox
from twistedmq.client.iteration import Iteration
from twistedmq.client.message import ReceivedMessage


def test_asking_for_the_next_acks_the_one_before() -> None:
    inbox, acked = Inbox(), list[ReceivedMessage]()
    iteration = Iteration(inbox, acked.append)
    first, second = received("a"), received("b")
    inbox.put([first, second])

    async def read() -> list[ReceivedMessage]:
        return [message async for message in iteration]

    reading = held(Deferred.fromCoroutine(read()))
    assert acked == [first, second]
    inbox.close()
    assert reading == [[first, second]]


def test_a_break_does_not_ack_but_the_exit_may() -> None:
    inbox, acked = Inbox(), list[ReceivedMessage]()
    iteration = Iteration(inbox, acked.append)
    first = received("a")
    inbox.put([first])

    async def read() -> None:
        async for _ in iteration:
            break

    assert held(Deferred.fromCoroutine(read())) == [None]
    assert acked == []
    iteration.ack_last()
    iteration.ack_last()
    assert acked == [first]
