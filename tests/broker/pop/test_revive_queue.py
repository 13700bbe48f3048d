import pytest
from write_side import HOST

from twistedmq.broker.pop.checkpoints import ReviveMessages, key_of, make_checkpoint
from twistedmq.broker.pop.revive_queue import (
    EARLY_ACK_MS,
    GRACE_MS,
    Pending,
    ReviveQueue,
)
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import PopCheckPoint
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.record import Record

MESSAGES = ReviveMessages("R", HOST, lambda: 0, lambda deliver_ms, now_ms: None)


class Read:
    def __init__(self) -> None:
        self.queue = ReviveQueue(0, 0)

    def add(self, message: object) -> None:
        record = Record(
            topic="R",
            queue_offset=self.queue.next_offset,
            body=message.body,  # type: ignore[attr-defined]
            properties=message.encoded,  # type: ignore[attr-defined]
        )
        self.queue.next_offset += 1
        self.queue.take_in(record)

    def lend(self, start: int = 0, count: int = 2, popped_ms: int = 0) -> PopCheckPoint:
        offsets = range(start, start + count)
        made = make_checkpoint("T", "G", 0, start, offsets, popped_ms, 1_000, "b")
        self.add(MESSAGES.checkpoint(made, 0))
        return made

    def due(self, now_ms: int, count: int) -> list[Pending]:
        return self.queue.take_due(now_ms, count, now_ms, lambda _: False)

    def ack(self, made: PopCheckPoint, *offsets: int, broker: str = "b") -> None:
        self.add(MESSAGES.acks(key_of(made), broker, offsets, 1_000, 0))


def test_acks_take_messages_off_until_a_little_after_the_time() -> None:
    read = Read()
    made = read.lend(5, 3)
    read.ack(made, 6)
    read.ack(made, 5, 99)
    read.ack(made, 7, broker="other")
    assert read.due(1_000 + GRACE_MS - 1, 9) == []
    (due,) = read.due(1_000 + GRACE_MS, 9)
    assert due.checkpoint == made
    assert due.mask == 0b11
    assert read.due(9_999, 9) == []
    read.queue.put_back(due)
    assert read.due(9_999, 9) == [due]


def test_the_oldest_come_first_and_not_too_many() -> None:
    read = Read()
    late, early, middle = (
        read.lend(0, 1, 300),
        read.lend(1, 1, 100),
        read.lend(2, 1, 200),
    )
    first = read.due(9_999, 2)
    assert [due.checkpoint for due in first] == [early, middle]
    assert [due.checkpoint for due in read.due(9_999, 2)] == [late]


def test_only_what_is_over_is_committed() -> None:
    read = Read()
    assert read.queue.finished_offset == -1
    first = read.lend(0)
    read.ack(first, 0)
    read.lend(2)
    assert read.queue.finished_offset == -1
    one, two = read.due(9_999, 9)
    read.queue.done(two)
    assert read.queue.finished_offset == -1
    read.queue.done(one)
    assert read.queue.finished_offset == 2
    assert len(read.queue) == 0


def test_the_same_again_takes_the_place_of_the_first() -> None:
    read = Read()
    read.lend(0)
    read.lend(7)
    read.lend(0)
    assert len(read.queue) == 2
    assert read.queue.finished_offset == 0
    due = read.due(9_999, 9)
    assert [each.revive_offset for each in due] == [1, 2]
    for each in due:
        read.queue.done(each)
    assert len(read.queue) == 0


def test_acks_of_nothing_and_messages_of_others_are_passed_over() -> None:
    read = Read()
    read.ack(make_checkpoint("T", "G", 0, 0, [0], 0, 5, "b"), 0)
    read.queue.take_in(Record(topic="R", body=b"{}", properties=b""))
    assert len(read.queue) == 0
    assert read.queue.finished_offset == 0


@pytest.mark.parametrize("body", [b"{}", b"nonsense", b'{"t":"T","so":"x"}'])
def test_what_is_no_checkpoint(body: bytes) -> None:
    record = Record(topic="R", body=body, properties=props.format({props.TAGS: "ck"}))
    with pytest.raises(FieldError):
        Read().queue.take_in(record)


def test_acks_that_may_still_come_are_waited_for() -> None:
    read = Read()
    first, second = read.lend(0), read.lend(7)
    late = 1_000 + GRACE_MS
    assert read.queue.take_due(9_999, 9, late - 1, lambda _: False) == []
    known = key_of(second)
    (due,) = read.queue.take_due(9_999, 9, late - 1, lambda key: key == known)
    assert due.checkpoint == second
    (due,) = read.queue.take_due(9_999, 9, late, lambda _: False)
    assert due.checkpoint == first


def test_acks_that_come_before_their_checkpoint_count() -> None:
    read = Read()
    made = make_checkpoint("T", "G", 0, 0, [0, 1, 2], 0, 1_000, "b")
    read.ack(made, 0)
    read.due(EARLY_ACK_MS, 9)
    read.ack(made, 2)
    read.ack(made, 1, broker="other")
    read.add(MESSAGES.checkpoint(made, 0))
    (due,) = read.due(EARLY_ACK_MS + 1, 9)
    assert due.mask == 0b101


def test_such_acks_are_forgotten_after_a_while() -> None:
    read = Read()
    made = make_checkpoint("T", "G", 0, 0, [0], 0, 1_000, "b")
    read.ack(made, 0)
    for times in range(1, 3):
        read.due(times * EARLY_ACK_MS, 9)
    read.add(MESSAGES.checkpoint(made, 0))
    (due,) = read.due(3 * EARLY_ACK_MS, 9)
    assert due.mask == 0
