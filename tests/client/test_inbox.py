from client_kit import held, received

from twistedmq.client.inbox import Inbox
from twistedmq.protocol.bodies.queues import MessageQueue


def test_messages_come_out_in_the_order_they_came_in() -> None:
    inbox = Inbox()
    first, second = received("a"), received("b")
    inbox.put([first, second])
    assert (len(inbox), inbox.take(), inbox.take(), inbox.take()) == (
        2,
        first,
        second,
        None,
    )


def test_who_waits_gets_the_next_message() -> None:
    inbox = Inbox()
    one, two = held(inbox.get()), held(inbox.get())
    first = received("a")
    inbox.put([first])
    assert one == [first]
    assert two == []


def test_who_gave_up_waiting_gets_nothing(logged_failures: object) -> None:
    inbox = Inbox()
    waiting = inbox.get()
    gone = held(waiting)
    waiting.cancel()
    inbox.put([received("a")])
    assert len(inbox) == 1
    assert gone[0].type.__name__ == "CancelledError"


def test_arrivals_are_told_to_who_does_not_wait() -> None:
    inbox = Inbox()
    told: list[int] = []
    inbox.on_arrival = lambda: told.append(len(inbox))
    inbox.put([])
    inbox.put([received("a")])
    assert told == [1]


def test_the_messages_of_a_lost_queue_are_forgotten() -> None:
    inbox = Inbox()
    stays, goes = received("a", queue_id=0), received("b", queue_id=1)
    inbox.put([goes, stays])
    inbox.discard(MessageQueue("T", "broker-0", 1))
    assert [inbox.take(), inbox.take()] == [stays, None]


def test_closing_tells_those_who_wait_and_those_who_come_later() -> None:
    inbox = Inbox()
    waiting = held(inbox.get())
    inbox.close()
    assert waiting == held(inbox.get()) == [None]


def test_what_was_taken_in_vain_comes_next() -> None:
    inbox, arrived = Inbox(), list[int]()
    inbox.put([received("a"), received("b")])
    first = inbox.take()
    assert first is not None
    inbox.on_arrival = lambda: arrived.append(len(inbox))
    inbox.put_back(first)
    assert arrived == [2]
    assert inbox.take() is first


def test_who_waits_gets_what_another_took_in_vain() -> None:
    inbox = Inbox()
    waiting = held(inbox.get())
    inbox.put_back(received("a"))
    assert [each.body for each in waiting] == [b"a"]
    inbox.close()
    inbox.put_back(received("b"))
    assert inbox.take() is None
