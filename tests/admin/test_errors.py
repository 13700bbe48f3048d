from twistedmq.admin.errors import (
    MessageNotFoundError,
    NotOnlineError,
    NotThereError,
    OffsetOutOfRangeError,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode


def test_what_there_is_instead_is_told() -> None:
    error = NotThereError("cluster", "c", ["a", "b"])
    assert str(error) == "there is no cluster 'c', only a, b"
    assert str(NotThereError("cluster", "c")) == "there is no cluster 'c'"


def test_they_keep_what_they_are_about() -> None:
    offline = NotOnlineError("billing", "192.0.2.1:10911")
    assert (offline.group, offline.code) == (
        "billing",
        ResponseCode.CONSUMER_NOT_ONLINE,
    )
    assert "192.0.2.1:10911 knows no client of group 'billing'" in str(offline)
    missing = MessageNotFoundError("T", "ABC")
    assert (missing.topic, missing.wanted) == ("T", "ABC")
    queue = MessageQueue("T", "b", 3)
    beyond = OffsetOutOfRangeError(queue, 9, 2, 5)
    assert str(beyond) == "offset 9 of T@b:3 is not within 2 to 5"
    assert (beyond.queue, beyond.offset, beyond.least, beyond.end) == (queue, 9, 2, 5)
