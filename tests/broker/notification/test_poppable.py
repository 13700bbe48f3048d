import pytest
from notification_side import NotificationSide

from twistedmq.broker.notification.poppable import Poppable
from twistedmq.protocol.headers import NotificationRequestHeader


def asked(queue_id: int = -1, **more: object) -> NotificationRequestHeader:
    return NotificationRequestHeader(
        consumer_group="G",
        topic="T",
        queue_id=queue_id,
        poll_time=1,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def side() -> NotificationSide:
    side = NotificationSide()
    side.topic("T", 3)
    return side


@pytest.fixture
def poppable(side: NotificationSide) -> Poppable:
    return Poppable(side.store, side.topics, side.positions, side.orders, side.config)


def test_all_queues_count_until_there_is_enough(
    side: NotificationSide, poppable: Poppable
) -> None:
    assert poppable.count(asked(), 9) == 0
    side.put(b"1", b"2", queue_id=0)
    side.put(b"3", queue_id=2)
    assert poppable.count(asked(), 9) == 3
    assert poppable.count(asked(), 2) == 2
    assert poppable.count(asked(2), 9) == 1
    assert poppable.count(asked(1), 9) == 0


def test_looking_changes_nothing(side: NotificationSide, poppable: Poppable) -> None:
    side.put(b"1", b"2")
    poppable.count(asked(), 9)
    assert side.offsets.query("G", "T", 0) == -1
    side.offsets.commit("G", "T", 0, 1)
    assert poppable.count(asked(), 9) == 1


def test_an_offset_behind_the_end_is_nothing(
    side: NotificationSide, poppable: Poppable
) -> None:
    side.put()
    side.offsets.commit("G", "T", 0, 7)
    side.put(queue_id=1)
    assert poppable.count(asked(), 9) == 1


def test_a_topic_that_is_gone_has_nothing(
    side: NotificationSide, poppable: Poppable
) -> None:
    side.put()
    side.topics.delete("T")
    assert poppable.count(asked(), 9) == 0
