"""From what the store found to what a pull is answered. Pure.

Source: PullMessageProcessor.composeResponseHeader.
"""

from typing import Final

from twistedmq.protocol.codes import ResponseCode
from twistedmq.store.interfaces import QueueRead, ReadStatus

OFFSET_RESET: Final = "OFFSET_RESET"
"""The remark where an operator has moved the group."""

REMARKS: Final = {status: status.value for status in ReadStatus}
"""How an answer words the status of a read; ``value`` itself takes half a us."""

_CODES: Final = {
    ReadStatus.FOUND: ResponseCode.SUCCESS,
    ReadStatus.NO_MATCHED_MESSAGE: ResponseCode.PULL_RETRY_IMMEDIATELY,
    ReadStatus.MESSAGE_WAS_REMOVING: ResponseCode.PULL_RETRY_IMMEDIATELY,
    ReadStatus.OFFSET_FOUND_NULL: ResponseCode.PULL_NOT_FOUND,
    ReadStatus.OFFSET_OVERFLOW_ONE: ResponseCode.PULL_NOT_FOUND,
    ReadStatus.OFFSET_OVERFLOW_BADLY: ResponseCode.PULL_OFFSET_MOVED,
    ReadStatus.OFFSET_TOO_SMALL: ResponseCode.PULL_OFFSET_MOVED,
}

_EMPTY_QUEUE: Final = frozenset(
    {ReadStatus.NO_MATCHED_LOGIC_QUEUE, ReadStatus.NO_MESSAGE_IN_QUEUE}
)


def response_code(status: ReadStatus, asked_offset: int) -> int:
    """Give the code for a read from *asked_offset* on.

    In a queue without messages only offset 0 can be waited at.
    """
    if status in _EMPTY_QUEUE:
        moved = ResponseCode.PULL_OFFSET_MOVED
        return moved if asked_offset else ResponseCode.PULL_NOT_FOUND
    return _CODES[status]


def pull_fields(
    read: QueueRead, topic_flag: int, group_flag: int, broker_id: int
) -> dict[str, str]:
    """Give the header fields of an answer; plain text, as this is built most often."""
    return {
        "suggestWhichBrokerId": f"{broker_id}",
        "groupSysFlag": f"{group_flag}",
        "nextBeginOffset": f"{read.next_offset}",
        "maxOffset": f"{read.max_offset}",
        "minOffset": f"{read.min_offset}",
        "topicSysFlag": f"{topic_flag}",
    }
