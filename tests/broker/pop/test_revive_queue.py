import pytest
from write_side import HOST

from twistedmq.broker.pop.checkpoints import ReviveMessages, key_of, make_checkpoint
from twistedmq.broker.pop.revive_queue import GRACE_MS, ReviveQueue
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import PopCheckPoint
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.record import Record

MESSAGES = ReviveMessages("R", HOST, lambda: 0)


class Read:
    def __init__(self) -> None:
        self.queue = ReviveQueue(0, 0)

    def add(self, message: object) -> None:
        record = Record(
            topic="R",
            queue_offset=self.queue.next_offset,
            body=message.body,  # type: ignore[attr-defined]
            properties=props.format(message.properties),  # type: ignore[attr-defined]
        )
        self.queue.next_offset += 1
        self.queue.take_in(record)

    def lend(self, start: int = 0, count: int = 2, popped_ms: int = 0) -> PopCheckPoint:
        offsets = range(start, start + count)
        made = make_checkpoint("T", "G", 0, start, offsets, popped_ms, 1_000, "b")
        self.add(MESSAGES.checkpoint(made, 0))
        return made

    def ack(self, made: PopCheckPoint, *offsets: int, broker: str = "b") -> None:
        self.add(MESSAGES.acks(key_of(made), broker, offsets, 1_000, 0))


def test_acks_take_messages_off_until_a_little_after_the_time() -> None:
    read = Read()
    made = read.lend(5, 3)
    read.ack(made, 6)
    read.ack(made, 5, 99)
    read.ack(made, 7, broker="other")
    assert read.queue.take_due(1_000 + GRACE_MS - 1, 9) == []
    (due,) = read.queue.take_due(1_000 + GRACE_MS, 9)
    assert due.checkpoint == made
    assert due.mask == 0b11
    assert read.queue.take_due(9_999, 9) == []
    read.queue.put_back(due)
    assert read.queue.take_due(9_999, 9) == [due]


def test_the_oldest_come_first_and_not_too_many() -> None:
    read = Read()
    late, early, middle = (
        read.lend(0, 1, 300),
        read.lend(1, 1, 100),
        read.lend(2, 1, 200),
    )
    first = read.queue.take_due(9_999, 2)
    assert [due.checkpoint for due in first] == [early, middle]
    assert [due.checkpoint for due in read.queue.take_due(9_999, 2)] == [late]


def test_only_what_is_over_is_committed() -> None:
    read = Read()
    assert read.queue.finished_offset == -1
    first = read.lend(0)
    read.ack(first, 0)
    read.lend(2)
    assert read.queue.finished_offset == -1
    one, two = read.queue.take_due(9_999, 9)
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
    due = read.queue.take_due(9_999, 9)
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
