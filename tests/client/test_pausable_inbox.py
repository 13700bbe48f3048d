import pytest
from client_kit import held, received

from twistedmq.client.pausable_inbox import PausableInbox
from twistedmq.protocol.bodies.queues import MessageQueue

ZERO, ONE = (MessageQueue("T", "broker-0", n) for n in range(2))


@pytest.fixture
def discarded() -> list[MessageQueue]:
    return []


@pytest.fixture
def inbox(discarded: list[MessageQueue]) -> PausableInbox:
    made = PausableInbox(discarded.append)
    made.put([received("a"), received("b", queue_id=1), received("c", offset=1)])
    return made


def bodies(inbox: PausableInbox) -> str:
    return "".join(m.body.decode() for m in inbox.take_some(100))


def test_some_are_taken_in_their_order(inbox: PausableInbox) -> None:
    assert [m.body for m in inbox.take_some(2)] == [b"a", b"b"]
    assert bodies(inbox) == "c"
    assert inbox.take_some(5) == []


def test_a_paused_queue_is_held_back(inbox: PausableInbox) -> None:
    inbox.pause(ZERO)
    inbox.put([received("d", offset=2), received("e", queue_id=1)])
    inbox.pause(ZERO)
    assert inbox.paused == {ZERO}
    assert inbox.first_offset(ZERO) == 0
    assert bodies(inbox) == "be"
    waiting = held(inbox.get())
    inbox.resume(ZERO)
    assert [m.body for m in waiting] == [b"a"]
    assert bodies(inbox) == "cd"
    assert inbox.paused == frozenset()
    assert inbox.first_offset(ZERO) is None
    inbox.resume(ONE)


def test_what_is_discarded_is_told(
    inbox: PausableInbox, discarded: list[MessageQueue]
) -> None:
    inbox.pause(ZERO)
    inbox.discard(ZERO)
    inbox.discard(ONE)
    assert discarded == [ZERO, ONE]
    assert inbox.paused == {ZERO}
    inbox.resume(ZERO)
    assert bodies(inbox) == ""


def test_closing_forgets_what_is_held_back(inbox: PausableInbox) -> None:
    inbox.pause(ZERO)
    inbox.close()
    inbox.resume(ZERO)
    assert bodies(inbox) == ""


def test_what_was_taken_in_vain_comes_next_unless_its_queue_is_paused(
    inbox: PausableInbox,
) -> None:
    first = inbox.take()
    assert first is not None
    inbox.put_back(first)
    assert inbox.take() is first
    inbox.pause(ZERO)
    inbox.put_back(first)
    assert bodies(inbox) == "b"
    inbox.resume(ZERO)
    assert bodies(inbox) == "ac"
