import pytest

from twistedmq.broker.pull.outcomes import pull_fields, response_code
from twistedmq.protocol.codes import ResponseCode
from twistedmq.store.interfaces import QueueRead, ReadStatus

MOVED = ResponseCode.PULL_OFFSET_MOVED
NOT_FOUND = ResponseCode.PULL_NOT_FOUND
RETRY = ResponseCode.PULL_RETRY_IMMEDIATELY


@pytest.mark.parametrize(
    ("status", "offset", "code"),
    [
        (ReadStatus.FOUND, 3, ResponseCode.SUCCESS),
        (ReadStatus.NO_MATCHED_MESSAGE, 3, RETRY),
        (ReadStatus.MESSAGE_WAS_REMOVING, 3, RETRY),
        (ReadStatus.OFFSET_FOUND_NULL, 3, NOT_FOUND),
        (ReadStatus.OFFSET_OVERFLOW_ONE, 3, NOT_FOUND),
        (ReadStatus.OFFSET_OVERFLOW_BADLY, 3, MOVED),
        (ReadStatus.OFFSET_TOO_SMALL, 3, MOVED),
        (ReadStatus.NO_MESSAGE_IN_QUEUE, 0, NOT_FOUND),
        (ReadStatus.NO_MESSAGE_IN_QUEUE, 3, MOVED),
        (ReadStatus.NO_MATCHED_LOGIC_QUEUE, 0, NOT_FOUND),
        (ReadStatus.NO_MATCHED_LOGIC_QUEUE, 3, MOVED),
    ],
)
def test_codes_follow_the_genuine_broker(
    status: ReadStatus, offset: int, code: int
) -> None:
    assert response_code(status, offset) == code


def test_every_status_has_a_code() -> None:
    assert all(response_code(status, 1) >= 0 for status in ReadStatus)


def test_fields_are_text() -> None:
    fields = pull_fields(QueueRead(ReadStatus.FOUND, 4, 1, 9), 0, 2, 0)
    assert fields == {
        "suggestWhichBrokerId": "0",
        "groupSysFlag": "2",
        "nextBeginOffset": "4",
        "maxOffset": "9",
        "minOffset": "1",
        "topicSysFlag": "0",
    }
