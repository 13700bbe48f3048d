import pytest
from client_kit import held, received, result_of
from twisted.internet.defer import Deferred

from twistedmq.client.inbox import Inbox
from twistedmq.client.iteration import Iteration, Iterations
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


def test_winding_up_waits_for_what_is_in_work() -> None:
    inbox, acked = Inbox(), list[ReceivedMessage]()
    iterations = Iterations(inbox, acked.append)
    first, second = received("a"), received("b")
    charged: Deferred[None] = Deferred()
    inbox.put([first, second])

    async def read() -> None:
        async for _ in iterations.begin():
            await charged

    reading, waiting = (held(Deferred.fromCoroutine(read())) for _ in range(2))
    idle = held(iterations.wind_up())
    assert (reading, idle) == ([], [])
    charged.callback(None)
    assert reading == waiting == idle == [None]
    assert acked == [first, second]


@pytest.mark.parametrize("cleanly", [True, False])
def test_loops_that_were_left_have_nothing_in_work(cleanly: bool) -> None:
    inbox, acked = Inbox(), list[ReceivedMessage]()
    iterations = Iterations(inbox, acked.append)
    message = received("a")
    inbox.put([message])
    assert held(Deferred.fromCoroutine(anext(iterations.begin()))) == [message]
    idle = held(iterations.wind_up())
    assert idle == []
    iterations.leave(cleanly=cleanly)
    assert idle == [None]
    assert acked == [message] * cleanly


def test_a_message_that_reached_nobody_is_not_acked_and_comes_next() -> None:
    inbox, acked = Inbox(), list[ReceivedMessage]()
    iteration = Iteration(inbox, acked.append)
    inbox.put([received("a"), received("b")])

    async def read() -> bytes:
        return (await iteration.__anext__()).body

    assert held(Deferred.fromCoroutine(read())) == [b"a"]
    iteration.take_back()
    iteration.take_back()
    assert held(Deferred.fromCoroutine(read())) == [b"a"]
    assert acked == []


def test_loops_that_are_over_are_not_kept() -> None:
    inbox, acked = Inbox(), []
    iterations = Iterations(inbox, acked.append)
    messages = [received(str(number)) for number in range(100)]
    inbox.put(messages)
    for _ in messages[:-1]:
        loop = iterations.begin()
        result_of(Deferred.fromCoroutine(loop.__anext__()))
        loop.ack_last()
    last = iterations.begin()
    result_of(Deferred.fromCoroutine(last.__anext__()))
    assert list(iterations._holding) == [last]
    iterations.leave(cleanly=True)
    assert acked == messages
    assert not iterations._holding
