"""Halves of transactions that nobody ended."""

from twistedmq.admin.asking import Asking
from twistedmq.admin.messages import Messages
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers.admin import ResumeCheckHalfMessageRequestHeader


class Transactions:
    """What operators can do for the transactions of one cluster."""

    def __init__(self, asking: Asking, messages: Messages) -> None:
        self._asking = asking
        self._messages = messages

    @gives_deferred
    async def resume(self, topic: str, message_id: str) -> None:
        """Have the producers of a half asked again, after it was given up.

        Args:
            topic: where the half is: ``TRANS_CHECK_MAX_TIME_TOPIC`` when it was given
                up.
            message_id: its id, the broker's or the client's.

        Fails with MessageNotFoundError, RefusedError, or an error of the remoting room.
        """
        stored = await self._messages.by_id(topic, message_id)
        header = ResumeCheckHalfMessageRequestHeader(
            topic=topic, msg_id=stored.message.offset_message_id
        )
        code = RequestCode.RESUME_CHECK_HALF_MESSAGE
        await self._asking.calls.ask(stored.message.store_host, code, header)
