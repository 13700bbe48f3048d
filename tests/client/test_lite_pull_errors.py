from twistedmq.client.lite_pull_errors import (
    CommitFailedError,
    NotAssignedError,
    PollUnderWayError,
    SubscribedError,
)
from twistedmq.protocol.bodies.queues import MessageQueue

QUEUE = MessageQueue("T", "broker-0", 3)


def test_errors_name_what_they_are_about() -> None:
    assert NotAssignedError(QUEUE).queue == QUEUE
    assert "broker-0" in str(NotAssignedError(QUEUE))
    assert SubscribedError(["T", "U"]).topics == ["T", "U"]
    assert "T, U" in str(SubscribedError(["T", "U"]))
    assert CommitFailedError([QUEUE]).queues == [QUEUE]
    assert "another poll" in str(PollUnderWayError())
