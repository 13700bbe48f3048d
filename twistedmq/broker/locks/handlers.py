"""LOCK_BATCH_MQ and UNLOCK_BATCH_MQ."""

from twistedmq.broker.locks.table import QueueLocks
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    LockBatchRequestBody,
    LockBatchResponseBody,
    UnlockBatchRequestBody,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import HandlerTable, Request


class LockHandlers:
    """Serves consumers in order; the locks are this broker's alone."""

    def __init__(self, locks: QueueLocks) -> None:
        self._locks = locks

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.LOCK_BATCH_MQ: self.lock,
            RequestCode.UNLOCK_BATCH_MQ: self.unlock,
        }

    def lock(self, request: Request) -> Reply:
        """Lock queues for a client; the answer says which it has got."""
        wish = loose_json.decode(request.command.body, type=LockBatchRequestBody)
        locked = self._locks.lock(wish.consumer_group, wish.mq_set, wish.client_id)
        answer = LockBatchResponseBody(lock_ok_mq_set=locked)
        return Reply(body=loose_json.encode(answer))

    def unlock(self, request: Request) -> Reply:
        """Give up a client's locks."""
        wish = loose_json.decode(request.command.body, type=UnlockBatchRequestBody)
        self._locks.unlock(wish.consumer_group, wish.mq_set, wish.client_id)
        return Reply()
