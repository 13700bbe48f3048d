from typing import Any

import pytest
from delay_kit import DelaySide
from twisted.internet.defer import Deferred, fail

from twistedmq.broker.delay.slices import SLICE_MESSAGES, Slice, SliceReader
from twistedmq.broker.delay.waiting import NEVER, WaitingQueue
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import QueueRead


@pytest.fixture
def side() -> DelaySide:
    side = DelaySide()
    side.service.stopService()
    return side


def take(side: DelaySide, queue: WaitingQueue) -> tuple[Slice, Deferred[None]]:
    reader = SliceReader(side.store, side.wall_ms, side.clock.seconds)
    taken = Slice()
    return taken, Deferred.fromCoroutine(reader.take(queue, taken))


def bodies(taken: Slice) -> list[bytes]:
    return [message.body for message in taken.restored.messages]


def test_what_is_due_is_taken_and_no_more(side: DelaySide) -> None:
    side.delay(1, 40)
    side.clock.advance(0.5)
    side.delay(1, 1)
    side.clock.advance(0.5)
    queue = WaitingQueue(0, 1000, 0)
    taken, _ = take(side, queue)
    assert bodies(taken) == [b"%d" % n for n in range(40)]
    assert taken.offsets == {queue: 40}
    assert queue.look_s == pytest.approx(1.5)
    assert queue.offset == 0  # until it is safe


def test_a_slice_has_an_end(side: DelaySide) -> None:
    side.delay(1, SLICE_MESSAGES + 5)
    side.clock.advance(1.0)
    queue = WaitingQueue(0, 1000, 0)
    taken, _ = take(side, queue)
    assert taken.offsets == {queue: SLICE_MESSAGES}
    assert queue.look_s == 1.0
    queue.offset = SLICE_MESSAGES
    taken, _ = take(side, queue)
    assert taken.offsets == {queue: SLICE_MESSAGES + 5}
    assert queue.look_s == NEVER


def test_cold_messages_are_waited_for(side: DelaySide) -> None:
    side.delay(1, 2)
    side.clock.advance(1.0)
    read_queue, slow = side.store.read_queue, Deferred[Any]()
    side.store.read_queue = lambda *args: slow
    taken, done = take(side, WaitingQueue(0, 1000, 0))
    assert not done.called
    slow.callback(read_queue("SCHEDULE_TOPIC_XXXX", 0, 0, 9, 1 << 20, None, None))
    assert done.called
    assert bodies(taken) == [b"0", b"1"]


@pytest.mark.parametrize("later", [False, True])
def test_a_damaged_message_is_passed_over_alone(
    side: DelaySide, later: bool, logged: Any
) -> None:
    side.delay(1, 5)
    side.clock.advance(1.0)
    read_queue = side.store.read_queue

    def damaged(
        topic: str, queue_id: int, offset: int, count: int, *more: Any
    ) -> QueueRead | Deferred[QueueRead]:
        if offset <= 2 < offset + count:
            error = DamagedRecordError(777)
            if later:
                return fail(error)
            raise error
        found: QueueRead = read_queue(topic, queue_id, offset, count, *more)
        return found

    side.store.read_queue = damaged
    queue = WaitingQueue(0, 1000, 0)
    taken, _ = take(side, queue)
    assert bodies(taken) == [b"0", b"1", b"3", b"4"]
    assert taken.offsets == {queue: 5}
    assert logged("at offset 2 of queue 0 cannot be delivered", "777 is damaged")


def test_messages_that_were_deleted_meanwhile_are_passed_over(side: DelaySide) -> None:
    side.delay(1, 3)
    side.clock.advance(1.0)
    state = side.store
    bounds = state.queue_bounds
    state.queue_bounds = lambda topic, queue: (2, bounds(topic, queue)[1])
    queue = WaitingQueue(0, 1000, 0)
    taken, _ = take(side, queue)
    assert bodies(taken) == [b"2"]
