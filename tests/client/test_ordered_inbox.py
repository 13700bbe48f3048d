from collections.abc import Callable

import pytest
from client_kit import held, received
from twisted.internet.task import Clock

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.ordered_inbox import OrderedInbox
from twistedmq.protocol.bodies.queues import MessageQueue

ONE = MessageQueue("T", "broker-0", 0)


class Locked:
    """Says which queues may begin."""

    def __init__(self) -> None:
        self.out: set[MessageQueue] = set()

    def __call__(self, queue: MessageQueue) -> bool:
        return queue not in self.out


@pytest.fixture
def locked() -> Locked:
    return Locked()


@pytest.fixture
def inbox(clock: Clock, locked: Callable[[MessageQueue], bool]) -> OrderedInbox:
    return OrderedInbox(clock, locked)


def put(inbox: OrderedInbox, bodies: str, queue_id: int = 0) -> None:
    inbox.put([received(body, queue_id=queue_id) for body in bodies])


def taken(inbox: OrderedInbox, size: int = 1) -> str:
    return "".join(message.body.decode() for message in inbox.take_lot(size))


def take(inbox: OrderedInbox, body: str) -> ReceivedMessage:
    message = inbox.take()
    assert message is not None
    assert message.body == body.encode()
    return message


def test_of_a_queue_one_is_in_work_at_a_time(inbox: OrderedInbox) -> None:
    put(inbox, "abc")
    put(inbox, "x", queue_id=1)
    first = take(inbox, "a")
    assert (taken(inbox), taken(inbox)) == ("x", "")
    assert not inbox.has_ready
    inbox.release(first)
    assert taken(inbox) == "b"


def test_queues_take_turns(inbox: OrderedInbox) -> None:
    put(inbox, "ab")
    put(inbox, "xy", queue_id=1)
    order = ""
    for _ in range(4):
        message = inbox.take()
        assert message
        order += message.body.decode()
        inbox.release(message)
    assert order == "axby"


def test_a_lot_is_what_a_queue_has(inbox: OrderedInbox) -> None:
    put(inbox, "abc")
    put(inbox, "x", queue_id=1)
    assert (taken(inbox, 2), taken(inbox, 2)) == ("ab", "x")


def test_who_waits_gets_the_next_when_the_one_before_is_out(
    inbox: OrderedInbox,
) -> None:
    put(inbox, "ab")
    first = take(inbox, "a")
    waiting = held(inbox.get())
    assert waiting == []
    inbox.release(first)
    assert [message.body for message in waiting] == [b"b"]


def test_what_failed_comes_first_after_a_rest(
    inbox: OrderedInbox, clock: Clock
) -> None:
    told: list[None] = []
    put(inbox, "abc")
    lot = inbox.take_lot(2)
    inbox.on_arrival = lambda: told.append(None)
    inbox.again(lot, 1.0)
    put(inbox, "d")
    assert taken(inbox) == ""
    assert not inbox.is_in_work(ONE)
    clock.advance(1)
    assert told
    assert taken(inbox, 4) == "abcd"


def test_what_may_not_begin_waits_until_it_may(
    inbox: OrderedInbox, locked: Locked
) -> None:
    locked.out.add(ONE)
    put(inbox, "ab")
    put(inbox, "x", queue_id=1)
    assert (taken(inbox), taken(inbox)) == ("x", "")
    put(inbox, "c")
    assert taken(inbox) == ""
    locked.out.clear()
    assert taken(inbox) == ""
    inbox.wake()
    assert taken(inbox) == "a"


def test_idle_fires_when_nothing_is_in_work(inbox: OrderedInbox) -> None:
    assert held(inbox.idle(ONE)) == [None]
    put(inbox, "ab")
    first = take(inbox, "a")
    idle = held(inbox.idle(ONE))
    inbox.discard(ONE)
    assert idle == []
    assert inbox.is_in_work(ONE)
    inbox.release(first)
    assert idle == [None]
    assert taken(inbox) == ""


def test_what_is_taken_up_again_waits_for_what_is_in_work(inbox: OrderedInbox) -> None:
    put(inbox, "ab")
    first = take(inbox, "a")
    inbox.discard(ONE)
    put(inbox, "cd")
    assert taken(inbox) == ""
    inbox.release(first)
    assert taken(inbox) == "c"


def test_what_is_out_of_work_releases_nothing_else(inbox: OrderedInbox) -> None:
    put(inbox, "abc")
    first = take(inbox, "a")
    inbox.release(first)
    second = take(inbox, "b")
    inbox.release(first)
    inbox.put_back(first)
    assert inbox.is_in_work(ONE)
    assert taken(inbox) == ""
    inbox.release(second)
    assert taken(inbox) == "c"


def test_discarding_ends_a_rest(inbox: OrderedInbox, clock: Clock) -> None:
    put(inbox, "ab")
    inbox.again(inbox.take_lot(1), 30)
    inbox.discard(ONE)
    assert not clock.getDelayedCalls()
    put(inbox, "c")
    assert taken(inbox) == "c"


def test_closing_forgets_and_tells(inbox: OrderedInbox, clock: Clock) -> None:
    put(inbox, "ab")
    put(inbox, "x", queue_id=1)
    lot: list[ReceivedMessage] = inbox.take_lot(1)
    inbox.again(inbox.take_lot(1), 5)
    waiting = held(inbox.get())
    inbox.close()
    inbox.again(lot, 5)
    assert waiting == [None]
    assert not clock.getDelayedCalls()
    inbox.wake()
    inbox.release(lot[0])
    assert not inbox.has_ready


def test_what_was_taken_in_vain_comes_next_in_its_queue(inbox: OrderedInbox) -> None:
    put(inbox, "ab")
    message = inbox.take()
    assert message is not None
    waiting = held(inbox.get())
    inbox.put_back(message)
    assert waiting == [message]
    inbox.release(message)
    inbox.put_back(message)  # it is out of work already
    assert taken(inbox) == "b"


def test_what_comes_back_after_the_end_is_forgotten(inbox: OrderedInbox) -> None:
    put(inbox, "ab")
    message = inbox.take()
    assert message is not None
    inbox.close()
    inbox.put_back(message)
    assert not len(inbox)
    assert held(inbox.idle(ONE)) == [None]
