from transaction_kit import TransactionSide

from twistedmq.broker.transactions.progress import HalfProgress
from twistedmq.protocol.names import HALF_TOPIC, TRANSACTION_GROUP


def test_it_begins_where_the_queue_does() -> None:
    side = TransactionSide()
    progress = HalfProgress(side.store, side.offsets)
    assert progress.of(HALF_TOPIC) == (0, 0)
    side.begin()
    assert progress.of(HALF_TOPIC) == (0, 1)
    assert progress.end_of(HALF_TOPIC) == 1
    assert not side.offsets.has_changes
    progress.keep(HALF_TOPIC, 1)
    assert progress.of(HALF_TOPIC) == (1, 1)
    side.offsets.take_changes()
    progress.keep(HALF_TOPIC, 1)
    assert not side.offsets.has_changes


def test_an_offset_outside_of_the_queue_is_put_right() -> None:
    side = TransactionSide()
    side.begin()
    side.offsets.commit(TRANSACTION_GROUP, HALF_TOPIC, 0, 700)
    progress = HalfProgress(side.store, side.offsets)
    assert progress.of(HALF_TOPIC) == (1, 1)
    assert side.progress()[0] == 1
