"""What requests are for, in words: which ones a fault is about."""

from collections.abc import Iterable
from typing import Final

from twistedmq.protocol.codes import RequestCode

Operation = str | int
"""A word of ``OPERATIONS``, or a request code."""

OPERATIONS: Final[dict[str, frozenset[int]]] = {
    "send": frozenset(
        {
            RequestCode.SEND_MESSAGE,
            RequestCode.SEND_MESSAGE_V2,
            RequestCode.SEND_BATCH_MESSAGE,
        }
    ),
    "reply": frozenset(
        {
            RequestCode.SEND_REPLY_MESSAGE,
            RequestCode.SEND_REPLY_MESSAGE_V2,
            RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT,
        }
    ),
    "recall": frozenset({RequestCode.RECALL_MESSAGE}),
    "end_transaction": frozenset({RequestCode.END_TRANSACTION}),
    "check_transaction": frozenset({RequestCode.CHECK_TRANSACTION_STATE}),
    "pull": frozenset({RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE}),
    "pop": frozenset({RequestCode.POP_MESSAGE}),
    "ack": frozenset({RequestCode.ACK_MESSAGE, RequestCode.BATCH_ACK_MESSAGE}),
    "change_invisible_time": frozenset({RequestCode.CHANGE_MESSAGE_INVISIBLETIME}),
    "send_back": frozenset({RequestCode.CONSUMER_SEND_MSG_BACK}),
    "commit": frozenset({RequestCode.UPDATE_CONSUMER_OFFSET}),
    "committed": frozenset({RequestCode.QUERY_CONSUMER_OFFSET}),
    "heartbeat": frozenset({RequestCode.HEART_BEAT}),
    "unregister": frozenset({RequestCode.UNREGISTER_CLIENT}),
    "members": frozenset({RequestCode.GET_CONSUMER_LIST_BY_GROUP}),
    "members_changed": frozenset({RequestCode.NOTIFY_CONSUMER_IDS_CHANGED}),
    "lock": frozenset({RequestCode.LOCK_BATCH_MQ}),
    "unlock": frozenset({RequestCode.UNLOCK_BATCH_MQ}),
    "route": frozenset({RequestCode.GET_ROUTEINFO_BY_TOPIC}),
    "register": frozenset({RequestCode.REGISTER_BROKER}),
}
"""What is done, to the codes of the requests for it."""


class UnknownOperationError(ValueError):
    """A word that stands for no request."""

    def __init__(self, word: str) -> None:
        """Name those that there are."""
        super().__init__(
            f"no request is for {word!r}; known are {', '.join(OPERATIONS)}"
        )
        self.word = word


def codes_of(what: Operation | Iterable[Operation] | None) -> frozenset[int] | None:
    """Give the request codes of one operation or several; None stands for all.

    Raises: UnknownOperationError.
    """
    if what is None:
        return None
    if isinstance(what, int):
        return frozenset({what})
    if not isinstance(what, str):
        return frozenset().union(*(codes_of(each) or () for each in what))
    try:
        return OPERATIONS[what]
    except KeyError:
        raise UnknownOperationError(what) from None
