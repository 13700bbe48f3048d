"""What came of a send, as the genuine tool writes it."""

from typing import Any, Final

from twistedmq.admin.resending import Resent
from twistedmq.app.mqadmin.java_text import queue_text
from twistedmq.app.mqadmin.output import java
from twistedmq.client.message import Receipt, SendStatus

STATUS: Final = {
    SendStatus.OK: "SEND_OK",
    SendStatus.FLUSH_DISK_TIMEOUT: "FLUSH_DISK_TIMEOUT",
    SendStatus.FLUSH_SLAVE_TIMEOUT: "FLUSH_SLAVE_TIMEOUT",
    SendStatus.SLAVE_NOT_AVAILABLE: "SLAVE_NOT_AVAILABLE",
}


def sent_text(receipt: Receipt) -> str:
    """Write what came of a send."""
    return _text(receipt, receipt.status)


def resent_text(resent: Resent) -> str:
    """Write what came of sending a stored message once more."""
    return _text(resent, SendStatus.OK)


def sent_value(sent: Receipt | Resent) -> dict[str, Any]:
    """Give what came of a send for programs."""
    status = sent.status if isinstance(sent, Receipt) else SendStatus.OK
    return {
        "status": STATUS[status],
        "message_id": sent.message_id,
        "offset_message_id": sent.offset_message_id,
        "topic": sent.queue.topic,
        "broker": sent.queue.broker_name,
        "queue_id": sent.queue.queue_id,
        "queue_offset": sent.queue_offset,
    }


def _text(sent: Receipt | Resent, status: SendStatus) -> str:
    return (
        f"SendResult [sendStatus={STATUS[status]}, msgId={sent.message_id}, "
        f"offsetMsgId={sent.offset_message_id}, "
        f"messageQueue={queue_text(sent.queue)}, queueOffset={sent.queue_offset}, "
        f"recallHandle={java(sent.recall_handle)}]"
    )
