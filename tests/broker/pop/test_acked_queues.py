import pytest
from pop_side import PopSide

from twistedmq.broker.pop.acked_queues import AckedQueues
from twistedmq.protocol.errors import MessageIllegalError, TopicNotFoundError


def test_queues_that_an_ack_may_name() -> None:
    side = PopSide()
    side.topic("T", 2)
    side.send(b"a")
    queues = AckedQueues(side.topics, side.store)
    assert queues.checked_bounds("T", 0, side.connection) == (0, 1)
    assert queues.bounds("none", 0) == (0, 0)
    with pytest.raises(TopicNotFoundError):
        queues.checked_bounds("none", 0, side.connection)
    for queue_id in (-1, 2):
        with pytest.raises(MessageIllegalError, match="is illegal"):
            queues.checked_bounds("T", queue_id, side.connection)
